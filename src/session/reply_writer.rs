//! Writing a reply within its time: to a client that does not take it, and to one that takes it
//! byte by byte.

use std::cell::OnceCell;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::net::{SendFlags, send};

use super::{StopSignal, StopStage};
use crate::limits;
use crate::net::tls::TlsConnection;
use crate::net::{Interest, wait};

/// Writes to one socket until a deadline.
#[derive(Clone, Debug)]
pub(super) struct ReplyWriter<'a> {
    socket: &'a TcpStream,
    /// When the client is to have taken everything at the latest, whenever it was first waited for.
    latest: Option<Instant>,
    /// Set when it is waited for: nearly every client has room.
    deadline: OnceCell<Instant>,
    stop: StopSignal,
}

impl<'a> ReplyWriter<'a> {
    /// All that it writes is to be taken within [`limits::REPLY_TIMEOUT`], at the `latest` then,
    /// and before `stop` interrupts.
    pub(super) fn new(socket: &'a TcpStream, latest: Option<Instant>, stop: &StopSignal) -> Self {
        Self { socket, latest, deadline: OnceCell::new(), stop: stop.clone() }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when the client has not taken it in time.
    pub(super) fn write(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
            let sent = self.once_taken(|| Ok(send(self.socket, bytes, flags)?))?;
            bytes = &bytes[sent..];
        }
        Ok(())
    }

    /// The same, encrypted.
    pub(super) fn write_encrypted(
        &self,
        tls: &mut TlsConnection,
        mut bytes: &[u8],
    ) -> io::Result<()> {
        while !bytes.is_empty() {
            let sent = self.once_taken(|| tls.write(self.socket, bytes))?;
            bytes = &bytes[sent..];
        }
        self.once_taken(|| tls.flush(self.socket))
    }

    /// Ends the encryption.
    pub(super) fn close(&self, tls: &mut TlsConnection) -> io::Result<()> {
        self.once_taken(|| tls.close(self.socket))
    }

    /// Does `act`, as soon as the socket has room for it.
    fn once_taken<T>(&self, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match act() {
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait_for_room()?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// In steps: nothing wakes a thread that waits for room when the server stops.
    fn wait_for_room(&self) -> io::Result<()> {
        let now = Instant::now();
        let left = self.deadline_from(now).saturating_duration_since(now);
        if left == Duration::ZERO || self.stop.stage() == StopStage::Interrupting {
            return Err(ErrorKind::TimedOut.into());
        }
        let step = left.min(limits::REPLY_WAIT_STEP);
        wait([(self.socket.as_fd(), Interest::Write)], Some(step)).map(drop)
    }

    /// Until when is waited, if that begins `now`.
    fn deadline_from(&self, now: Instant) -> Instant {
        *self.deadline.get_or_init(|| {
            let deadline = now + limits::REPLY_TIMEOUT;
            self.latest.map_or(deadline, |latest| latest.min(deadline))
        })
    }
}
