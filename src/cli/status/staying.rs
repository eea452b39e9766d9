//! One who has been told the status and stays: to give orders, or to hear how the server ends.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use cos_ftp_server::net::{Interest, Wake, wait};

use crate::cli::orders::MAX_ORDER_BYTES;

/// How long one who asks may take to read the answer. Others wait meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection.
#[derive(Debug)]
pub(super) struct Staying {
    pub(super) stream: UnixStream,
    /// The beginning of a line.
    heard: Vec<u8>,
}

impl Staying {
    /// Who has connected.
    ///
    /// # Errors
    /// When the connection cannot be set up.
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, heard: Vec::new() })
    }

    /// A line that has come whole, as far as that can be read without waiting.
    ///
    /// # Errors
    /// When it has left, or says what is too long for an order.
    pub(super) fn hear(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut piece = [0; 512];
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.heard.drain(..=end).collect()));
            }
            if self.heard.len() > MAX_ORDER_BYTES {
                return Err(io::Error::new(ErrorKind::InvalidData, "a line that is too long"));
            }
            match self.stream.read(&mut piece) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(bytes) => self.heard.extend_from_slice(&piece[..bytes]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Says a line, its end included, unless that takes too long or `stop` is rung.
    ///
    /// # Errors
    /// When it is not taken.
    pub(super) fn say(&self, line: &[u8], stop: &Wake) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let mut rest = line;
        while !rest.is_empty() {
            match (&self.stream).write(rest) {
                Ok(written) => rest = &rest[written..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let wanted =
                        [(self.stream.as_fd(), Interest::Write), (stop.as_fd(), Interest::Read)];
                    if left == Duration::ZERO || wait(wanted, Some(left))?[1] {
                        return Err(ErrorKind::TimedOut.into());
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

impl AsFd for Staying {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
