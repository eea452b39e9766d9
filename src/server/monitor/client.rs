//! One client of the monitor, from its first byte to the last of its answer, without ever waiting
//! for it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Instant;

use super::http::{Asked, HttpAnswer, understand};
use crate::limits;
use crate::net::Interest;

/// A connection.
#[derive(Debug)]
pub(super) struct MonitorClient {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// When it is given up.
    pub(super) deadline: Instant,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Its request is not whole.
    Asking(Vec<u8>),
    /// What it has asked is not known yet.
    Waiting(Asked),
    /// Its answer is on its way.
    Hearing { answer: Vec<u8>, sent: usize },
}

/// What becomes of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is attended to again when its socket is ready, or when what it asked is known.
    Stays,
    /// It has its answer.
    Leaves,
}

impl MonitorClient {
    /// A client that has asked nothing yet.
    ///
    /// # Errors
    /// When the connection cannot be set up.
    pub(super) fn new(stream: TcpStream, peer: SocketAddr) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let deadline = Instant::now() + limits::MONITOR_TIMEOUT;
        Ok(Self { stream, peer, deadline, stage: Stage::Asking(Vec::new()) })
    }

    /// Whether it has asked nothing yet.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.stage, Stage::Asking(_))
    }

    /// Whether its answer is on its way.
    pub(super) fn is_answered(&self) -> bool {
        matches!(self.stage, Stage::Hearing { .. })
    }

    /// What to wait for on its socket.
    pub(super) fn interest(&self) -> Interest {
        match self.stage {
            Stage::Asking(_) => Interest::Read,
            // One that has left is found when it is answered.
            Stage::Waiting(_) => Interest::Nothing,
            Stage::Hearing { .. } => Interest::Write,
        }
    }

    /// Goes on as far as the socket lets it. `answer` may not know yet.
    ///
    /// # Errors
    /// When the client is gone.
    pub(super) fn advance(
        &mut self,
        mut answer: impl FnMut(&str) -> Option<HttpAnswer>,
    ) -> io::Result<Next> {
        loop {
            match &mut self.stage {
                Stage::Asking(request) => {
                    let Some(asked) = read(&mut self.stream, request)? else {
                        return Ok(Next::Stays);
                    };
                    self.deadline = Instant::now() + limits::READINESS_WAIT;
                    self.stage = Stage::Waiting(asked);
                }
                Stage::Waiting(asked) => {
                    let Some(answer) = asked.answer(&mut answer) else { return Ok(Next::Stays) };
                    self.deadline = Instant::now() + limits::MONITOR_TIMEOUT;
                    self.stage = Stage::Hearing { answer, sent: 0 };
                }
                Stage::Hearing { answer, sent } => match self.stream.write(&answer[*sent..]) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(bytes) if *sent + bytes == answer.len() => {
                        self.stream.shutdown(Shutdown::Write)?;
                        return Ok(Next::Leaves);
                    }
                    Ok(bytes) => *sent += bytes,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Next::Stays),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }
}

/// Reads what has come of a request. `None` while it is not whole.
fn read(stream: &mut TcpStream, request: &mut Vec<u8>) -> io::Result<Option<Asked>> {
    let mut piece = [0; 1024];
    loop {
        let room = piece.len().min(limits::MONITOR_REQUEST_BYTES - request.len());
        match stream.read(&mut piece[..room]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => request.extend_from_slice(&piece[..bytes]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if let Some(asked) = understand(request) {
            return Ok(Some(asked));
        }
        if request.len() == limits::MONITOR_REQUEST_BYTES {
            return Ok(Some(Asked::too_long()));
        }
    }
}
