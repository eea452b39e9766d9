//! A data connection that bytes flow over, however they are protected on the way.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use parking_lot::Mutex;

use super::socket;
use super::tcp_state::{self, Final, Outstanding};
use super::tls::{Goodbye, TlsConnection};

/// A data connection.
///
/// Like [`TcpStream`], it can be read and written through a shared reference, so that one thread
/// may shut it down while another moves bytes.
#[derive(Debug)]
pub enum Stream {
    /// As it comes.
    Plain(TcpStream),
    /// Encrypted.
    Tls(Box<TlsStream>),
}

/// A socket with the TLS connection over it. Reading never waits. The socket can be shut down while
/// another thread is writing.
#[derive(Debug)]
pub struct TlsStream {
    tcp: TcpStream,
    /// One thread at a time reads or writes; the lock is for the compiler, and free.
    connection: Mutex<TlsConnection>,
}

impl TlsStream {
    /// `connection`, whose handshake went over `tcp`.
    pub fn new(tcp: TcpStream, connection: TlsConnection) -> Self {
        Self { tcp, connection: Mutex::new(connection) }
    }
}

impl Stream {
    pub(super) fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.tcp,
        }
    }

    /// Sets what is needed for writing to it: see [`socket::prepare_data`].
    ///
    /// # Errors
    /// When the connection is gone already.
    pub fn prepare_for_writing(&self) -> io::Result<()> {
        socket::prepare_data(self.socket())
    }

    /// Has the system look whether the client is there: see [`socket::keep_alive`].
    ///
    /// # Errors
    /// When the connection is gone already.
    pub fn keep_alive(&self) -> io::Result<()> {
        socket::keep_alive(self.socket())
    }

    /// Whether bytes may be at hand that waiting for the socket would not tell of.
    pub fn holds_unread(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(tls) => tls.connection.lock().holds_unread(),
        }
    }

    /// What was written and lies here, not in the socket.
    pub(super) fn held_bytes(&self) -> usize {
        match self {
            Self::Plain(_) => 0,
            Self::Tls(tls) => tls.connection.lock().held_bytes(),
        }
    }

    /// What is known of it when it has ended; nothing on old kernels.
    pub(super) fn ended(&self) -> Option<Final> {
        Final::of(self.socket(), self.held_bytes(), self.goodbye())
    }

    fn has_all_data(&self) -> bool {
        self.ended().is_some_and(|last| last.has_all_data())
    }

    /// The last bytes written, if they only tell that nothing more comes.
    fn goodbye(&self) -> Option<Goodbye> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => tls.connection.lock().goodbye(),
        }
    }

    /// Ends what is written, by all that was meant: TLS tells the client that nothing was cut off.
    /// The caller must still close the connection. A client that had acknowledged everything before
    /// it ended the connection needs not to be told.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when the socket does not take all of it now: call it again.
    pub fn finish(&self) -> io::Result<()> {
        let Self::Tls(tls) = self else { return Ok(()) };
        let closed = tls.connection.lock().close(&tls.tcp);
        match &closed {
            Err(error) if is_end(error) && self.has_all_data() => Ok(()),
            _ => closed,
        }
    }

    /// Ends one or both directions; a thread that waits in a read or write of it returns.
    ///
    /// # Errors
    /// When the connection is gone already.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket().shutdown(how)
    }

    /// Whether reads and writes return [`io::ErrorKind::WouldBlock`] instead of waiting.
    ///
    /// # Errors
    /// None in practice.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.socket().set_nonblocking(nonblocking)
    }

    /// How many bytes the peer has acknowledged, while more are on their way to it or wait for
    /// room; `None` while none do, or where the kernel does not tell.
    pub fn acknowledged(&self) -> Option<u64> {
        let told = tcp_state::is_told().then(|| Outstanding::of(self.socket()).ok()).flatten();
        told.filter(|told| !told.is_nothing()).map(|told| told.acknowledged)
    }

    /// How long a blocking write waits for a peer that takes nothing before it fails with
    /// [`io::ErrorKind::WouldBlock`].
    ///
    /// # Errors
    /// When `timeout` is zero.
    pub fn set_write_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.socket().set_write_timeout(Some(timeout))
    }
}

impl From<TcpStream> for Stream {
    fn from(tcp: TcpStream) -> Self {
        Self::Plain(tcp)
    }
}

impl From<TlsStream> for Stream {
    fn from(tls: TlsStream) -> Self {
        Self::Tls(Box::new(tls))
    }
}

impl Read for &Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => (&mut &*tcp).read(buf),
            Stream::Tls(tls) => tls.connection.lock().read(&tls.tcp, buf),
        }
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => (&mut &*tcp).read_vectored(bufs),
            Stream::Tls(tls) => read_each(&mut tls.connection.lock(), &tls.tcp, bufs),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => (&mut &*tcp).write(buf),
            Stream::Tls(tls) => tls.connection.lock().write(&tls.tcp, buf),
        }
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Plain(tcp) => (&mut &*tcp).write_vectored(bufs),
            Stream::Tls(tls) => {
                let first = bufs.iter().find(|buf| !buf.is_empty());
                tls.connection.lock().write(&tls.tcp, first.map_or(&[], |buf| buf))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Stream::Plain(tcp) => (&mut &*tcp).flush(),
            Stream::Tls(tls) => tls.connection.lock().flush(&tls.tcp),
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&mut &*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&mut &*self).read_vectored(bufs)
    }
}

impl Write for Stream {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&mut &*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&mut &*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&mut &*self).flush()
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket().as_fd()
    }
}

/// Whether the socket takes nothing any more.
fn is_end(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)
}

/// Fills one buffer after the other. What ends it before the first byte is told; what ends it later
/// is told to the next read.
fn read_each(
    connection: &mut TlsConnection,
    tcp: &TcpStream,
    bufs: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let mut got = 0;
    for buf in bufs {
        match connection.read(tcp, buf) {
            Ok(bytes) => {
                got += bytes;
                if bytes < buf.len() {
                    break;
                }
            }
            Err(error) if got == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(got)
}
