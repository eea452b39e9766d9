//! The control connection: lines in, replies out. The only place that writes to it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use crate::access::{Pace, Paced};
use crate::limits;
use crate::net::{Interest, wait};
use crate::protocol::{FirstBytes, Line, LineDecoder, NameEncoding, Reply};

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
    first_bytes: FirstBytes,
    /// The protocol that this is instead of FTP.
    foreign: Option<&'static str>,
    pace: Option<Pace>,
    commands: Paced,
}

/// Why there is no next line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoLine {
    /// The client closed or lost the connection, or the server shut its input.
    Ended,
    /// Nothing came until the deadline.
    TimedOut,
    /// The client speaks this protocol and not FTP.
    NotFtp(&'static str),
}

impl<'a> ControlLine<'a> {
    /// Commands are taken at `pace` at most.
    pub(super) fn new(socket: &'a TcpStream, pace: Option<Pace>) -> Self {
        Self {
            socket,
            decoder: LineDecoder::new(),
            encoding: NameEncoding::default(),
            queue: VecDeque::new(),
            ended: false,
            first_bytes: FirstBytes::default(),
            foreign: None,
            pace,
            commands: Paced::default(),
        }
    }

    /// The next line; waits for it until `deadline`, and for its turn when the client is faster
    /// than its pace.
    pub(super) fn next_line(&mut self, deadline: Instant) -> Result<Line, NoLine> {
        loop {
            if let Some(protocol) = self.foreign {
                return Err(NoLine::NotFtp(protocol));
            }
            if !self.queue.is_empty() {
                self.keep_pace();
            }
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

    /// Whether one more command may be answered now; then it counts.
    pub(super) fn is_in_pace(&mut self) -> Result<(), Duration> {
        self.pace.map_or(Ok(()), |pace| self.commands.take(pace, Instant::now()))
    }

    fn keep_pace(&mut self) {
        while let Err(wait) = self.is_in_pace()
            && !self.ended
        {
            self.pause(Instant::now() + wait);
        }
    }

    /// Waits until `deadline`, or until the client is gone.
    pub(super) fn pause(&mut self, deadline: Instant) {
        while !self.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return;
            }
            let waited = match self.descriptor() {
                Some(control) => wait([(control, Interest::Read)], Some(left)).map(|[read]| read),
                // Enough has come to be read later.
                None => wait([], Some(left)).map(|[]| false),
            };
            match waited {
                Ok(true) => self.read_available(),
                Ok(false) => {}
                Err(error) => {
                    log::warn!("cannot wait: {error}");
                    return;
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
                    self.foreign = self.foreign.or(self.first_bytes.feed(&buffer[..bytes]));
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
