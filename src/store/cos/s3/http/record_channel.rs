//! One TLS connection to a store: what is read is decrypted where it was read, and a body is
//! encrypted from its pieces into one buffer of many records for each call of the kernel.

use std::fmt;
use std::io::{self, ErrorKind, IoSlice};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use rustix::net::{RecvFlags, SendFlags, send};
use rustls::ClientConfig;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;

use crate::records::{Buffer, Decrypted, End, Outgoing, Records, invalid};

/// What one read takes of records, at most.
const READ_BYTES: usize = 128 * 1024;

/// Room for the first read: a record of the largest size.
const FIRST_READ_BYTES: usize = 17 * 1024;

/// What is encrypted for one call of the kernel.
const WRITE_BYTES: usize = 256 * 1024;

/// What a look between two requests expects: session tickets.
const TICKETS_BYTES: usize = 4 * 1024;

const CUT_OFF: &str = "the store ended the connection without TLS close_notify";

/// The client's side of one connection. The socket is handed to each call, and waits as long as its
/// time-outs say.
pub(crate) struct RecordChannel {
    records: Records<UnbufferedClientConnection>,
    /// Room for the next read.
    wanted: usize,
}

impl RecordChannel {
    /// One before its handshake with who should be `name`.
    pub(crate) fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<Self, rustls::Error> {
        let side = UnbufferedClientConnection::new(config, name)?;
        Ok(Self { records: Records::new(side, Buffer::default), wanted: FIRST_READ_BYTES })
    }

    /// Goes on with the handshake by at most one write and one read; true when it is over.
    pub(crate) fn handshake(&mut self, socket: &TcpStream) -> io::Result<bool> {
        let outcome = self.negotiate();
        // An alert, too: it tells the store why. Nobody waits for it to be read.
        let sent = self.send(socket);
        let is_over = outcome?;
        sent?;
        if !is_over && self.receive(socket, RecvFlags::empty())? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(is_over)
    }

    /// Uses what has arrived; true when both sides agree.
    fn negotiate(&mut self) -> io::Result<bool> {
        while let Decrypted::Plaintext(_) = self.records.step(&mut []).map_err(invalid)? {}
        match self.records.end {
            Some(_) => Err(ErrorKind::UnexpectedEof.into()),
            None => Ok(!self.records.side.is_handshaking()),
        }
    }

    /// Decrypts what is at hand into `target`; when nothing is, after one read from the socket.
    /// `None` when that was no whole record; 0 is the end.
    ///
    /// # Errors
    /// [`ErrorKind::UnexpectedEof`] when the connection ends without close_notify.
    pub(crate) fn read(
        &mut self,
        socket: &TcpStream,
        target: &mut [u8],
    ) -> io::Result<Option<usize>> {
        let mut got = self.take(socket, target)?;
        if got == 0 && self.records.end.is_none() {
            if self.receive(socket, RecvFlags::empty())? == 0 {
                self.records.end = Some(End::Cut);
            }
            got = self.take(socket, target)?;
        }
        match self.records.end {
            _ if got > 0 => Ok(Some(got)),
            None => Ok(None),
            Some(End::Closed) => Ok(Some(0)),
            Some(End::Cut) => Err(io::Error::new(ErrorKind::UnexpectedEof, CUT_OFF)),
            Some(End::Broken(kind)) => Err(kind.into()),
        }
    }

    /// What of the plaintext at hand fits into `target`.
    fn take(&mut self, socket: &TcpStream, target: &mut [u8]) -> io::Result<usize> {
        let mut got = self.records.plaintext.take(target);
        while got < target.len() {
            match self.records.step(&mut target[got..]) {
                Ok(Decrypted::Plaintext(bytes)) => got += bytes,
                Ok(Decrypted::Exhausted) => break,
                // What came before it is good, and the next call finds the connection broken.
                Err(error) if got > 0 => log::debug!("TLS: {error}"),
                Err(error) => {
                    // An alert, which nobody waits for to be read.
                    let _ = self.send(socket);
                    return Err(invalid(error));
                }
            }
        }
        Ok(got)
    }

    /// One read from the socket; 0 is its end.
    fn receive(&mut self, socket: &TcpStream, flags: RecvFlags) -> io::Result<usize> {
        let incoming = &mut self.records.incoming;
        // Behind the record that is not whole yet.
        let room = self.wanted.saturating_sub(incoming.len());
        if room == 0 {
            return Err(ErrorKind::InvalidData.into());
        }
        incoming.make_room(room);
        let got = loop {
            match incoming.receive(socket, flags) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if incoming.room().is_empty() {
            self.wanted = (self.wanted * 2).min(READ_BYTES);
        }
        Ok(got)
    }

    /// Encrypts and sends the beginning of `pieces`; answers how many bytes that was, all of which
    /// the kernel has.
    ///
    /// # Errors
    /// What the socket says; [`ErrorKind::TimedOut`] when it does not take all of it within its
    /// time-out. The connection is of no use then.
    pub(crate) fn write(
        &mut self,
        socket: &TcpStream,
        pieces: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let mut taken = 0;
        for piece in pieces {
            let now = &piece[..piece.len().min(WRITE_BYTES - taken)];
            self.records.put(&Outgoing::Data(now))?;
            taken += now.len();
            if taken == WRITE_BYTES {
                break;
            }
        }
        self.send(socket)?;
        Ok(taken)
    }

    /// Sends what is encrypted.
    fn send(&mut self, socket: &TcpStream) -> io::Result<()> {
        let outgoing = &mut self.records.outgoing;
        let mut begun = None;
        while !outgoing.is_empty() {
            let now = *begun.get_or_insert_with(Instant::now);
            match send(socket, outgoing.filled(), SendFlags::NOSIGNAL).map_err(io::Error::from) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(sent) => {
                    outgoing.discard(sent);
                    // A call that waits takes all, unless its time is over or a signal has come.
                    let is_over = |most| now.elapsed() >= most;
                    if !outgoing.is_empty() && socket.write_timeout()?.is_some_and(is_over) {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Err(ErrorKind::TimedOut.into());
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Whether an idle connection can be used. Session tickets may have come; bytes of an answer
    /// that nobody asked for are as bad as an end.
    pub(crate) fn is_open(&mut self, socket: &TcpStream) -> bool {
        self.wanted = self.wanted.max(self.records.incoming.len() + TICKETS_BYTES);
        loop {
            let says_nothing = self.records.plaintext.is_empty();
            match self.records.step(&mut []) {
                Ok(Decrypted::Exhausted) if says_nothing && self.records.end.is_none() => {}
                _ => return false,
            }
            match self.receive(socket, RecvFlags::DONTWAIT) {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == ErrorKind::WouldBlock,
            }
        }
    }
}

impl fmt::Debug for RecordChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordChannel").field("end", &self.records.end).finish_non_exhaustive()
    }
}
