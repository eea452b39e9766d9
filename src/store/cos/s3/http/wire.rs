//! The bytes of one connection, in the clear or as TLS records: shared by who reads and writes
//! heads, [`Connection`](super::connection), and who writes bodies, [`Outlet`](super::outlet).

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;

use parking_lot::Mutex;

use super::record_channel::RecordChannel;
use super::tcp;

/// A socket that waits as long as its time-outs say, and what is spoken over it.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) socket: TcpStream,
    /// One request at a time goes over a connection, so nobody waits for the lock.
    tls: Option<Mutex<RecordChannel>>,
}

impl Wire {
    /// In the clear.
    pub(crate) fn plain(socket: TcpStream) -> Self {
        Self { socket, tls: None }
    }

    /// By `channel`, whose handshake is over.
    pub(crate) fn encrypted(socket: TcpStream, channel: RecordChannel) -> Self {
        Self { socket, tls: Some(Mutex::new(channel)) }
    }

    pub(crate) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// What there is to read, after one wait at most. `None` when nothing was whole yet; 0 is the
    /// end.
    pub(crate) fn read(&self, target: &mut [u8]) -> io::Result<Option<usize>> {
        match &self.tls {
            Some(channel) => channel.lock().read(&self.socket, target),
            None => uninterrupted(|| (&self.socket).read(target)).map(Some),
        }
    }

    /// Writes the beginning of `pieces`, and tells how much that was.
    pub(crate) fn write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.tls {
            Some(channel) => channel.lock().write(&self.socket, pieces),
            None => uninterrupted(|| (&self.socket).write_vectored(pieces)),
        }
    }

    /// Writes all `bytes`.
    pub(crate) fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(&[IoSlice::new(bytes)])? {
                0 => return Err(ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    /// Whether an idle connection can be used.
    pub(crate) fn is_open(&self) -> bool {
        match &self.tls {
            Some(channel) => channel.lock().is_open(&self.socket),
            None => tcp::is_open(&self.socket),
        }
    }
}

fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}
