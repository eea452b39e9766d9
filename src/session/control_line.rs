//! The control connection: lines in, replies out. The only place that writes to it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use crate::limits;
use crate::net::{Interest, wait};
use crate::protocol::{Line, LineDecoder, NameEncoding, Reply};

/// One client's control connection.
#[derive(Debug)]
pub(super) struct ControlLine<'a> {
    socket: &'a TcpStream,
    decoder: LineDecoder,
    /// How lines become text, and replies bytes.
    pub(super) encoding: NameEncoding,
    /// Lines that wait for their turn.
    queue: VecDeque<Line>,
    ended: bool,
}

/// Why there is no next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// The client closed or lost the connection, or the server shut its input.
    Ended,
    /// Nothing came until the deadline.
    TimedOut,
}

impl<'a> ControlLine<'a> {
    pub(super) fn new(socket: &'a TcpStream) -> Self {
        Self {
            socket,
            decoder: LineDecoder::new(),
            encoding: NameEncoding::default(),
            queue: VecDeque::new(),
            ended: false,
        }
    }

    /// The next line; waits for it until `deadline`.
    pub(super) fn next_line(&mut self, deadline: Instant) -> Result<Line, NoLine> {
        loop {
            if let Some(line) = self.queue.pop_front() {
                return Ok(line);
            }
            if self.ended {
                return Err(NoLine::Ended);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match wait([(self.socket.as_fd(), Interest::Read)], Some(left)) {
                Ok([true]) => self.read_available(),
                Ok([false]) if left == Duration::ZERO => return Err(NoLine::TimedOut),
                Ok([false]) => {}
                Err(error) => {
                    log::warn!("cannot wait for commands: {error}");
                    return Err(NoLine::Ended);
                }
            }
        }
    }

    /// Takes what has arrived, without waiting. Read, not peeked: a client's QUIT and its end of
    /// file behind it must both be seen.
    pub(super) fn read_available(&mut self) {
        let mut buffer = [0; limits::COMMAND_LINE_BYTES];
        while !self.ended && self.queue.len() < limits::PIPELINED_COMMANDS {
            match recv(self.socket, &mut buffer, RecvFlags::DONTWAIT) {
                Ok((0, _)) => self.ended = true,
                Ok((bytes, _)) => {
                    self.decoder.feed(&buffer[..bytes]);
                    while let Some(line) = self.decoder.next_line() {
                        self.queue.push_back(line);
                    }
                }
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                Err(_) => self.ended = true,
            }
        }
    }

    /// Sends a reply as one write: a 226 that waits behind a 150 costs 40 ms with Nagle's
    /// algorithm and delayed acknowledgements. A client that is gone is noticed by the next read.
    pub(super) fn send(&mut self, reply: &Reply) {
        let bytes = reply.to_bytes();
        log::debug!("> {}", String::from_utf8_lossy(&bytes).trim_end().replace("\r\n", " | "));
        if let Err(error) = write_all(self.socket, &self.encoding.encode(&bytes)) {
            log::debug!("the reply was not taken: {error}");
            self.ended = true;
        }
    }

    /// What to wait on for more commands; `None` when no more are read.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        let reads = !self.ended && self.queue.len() < limits::PIPELINED_COMMANDS;
        reads.then(|| self.socket.as_fd())
    }

    /// Whether the client's input has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// Lines that have come and wait for their turn.
    pub(super) fn queue(&mut self) -> &mut VecDeque<Line> {
        &mut self.queue
    }
}

fn write_all(mut socket: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    socket.write_all(bytes)
}
