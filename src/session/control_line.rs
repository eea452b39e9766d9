//! The control connection: lines in, replies out. The only place that writes to it.

use std::collections::VecDeque;
use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::net::{RecvFlags, recv};
use zeroize::Zeroize;

use super::StopSignal;
use super::open_reply::OpenReply;
use super::received_lines::ReceivedLines;
use super::reply_writer::ReplyWriter;
use super::trace::{Trace, in_one_line};
use crate::access::{Quota, RateLimiter};
use crate::limits;
use crate::net::socket::waits_are_limited;
use crate::net::tls::{Handshake, TlsConnection};
use crate::net::{Interest, wait};
use crate::protocol::{Line, NameEncoding, Reply, ReplyPart};

/// One client's control connection.
#[derive(Debug)]
pub(super) struct ControlLine<'a> {
    socket: &'a TcpStream,
    /// Over the socket, once the client has asked for it.
    tls: Option<Box<TlsConnection>>,
    /// How lines become text, and replies bytes.
    pub(super) encoding: NameEncoding,
    /// Lines that wait for their turn.
    received: ReceivedLines,
    ended: bool,
    /// Whether that was no end in order.
    was_reset: bool,
    /// The client did not take a reply: nothing more is said to it.
    is_deaf: bool,
    /// Until when all replies are to be taken, if they are not to be taken one by one.
    replies_until: Option<Instant>,
    stop: StopSignal,
    open_reply: OpenReply,
    /// That of an ABOR which ended the present command; it follows the command's.
    owed: Option<Reply>,
    quota: Option<Quota>,
    commands: RateLimiter,
    /// What was said, for the log if something fails.
    pub(super) trace: Trace,
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

/// How a thread waits that looks after more than the control connection.
pub(super) trait Beside {
    /// Whether it looks after nothing more at present.
    fn is_idle(&self) -> bool;

    /// Waits until `control` is readable, at most for `left`, and may return earlier. Tells whether
    /// it is.
    fn wait(&mut self, control: BorrowedFd<'_>, left: Duration) -> io::Result<bool>;
}

impl<'a> ControlLine<'a> {
    /// Commands are taken at `quota` at most. Whoever does not take a reply within
    /// [`limits::REPLY_TIMEOUT`], or until the server interrupts what goes on, counts as gone.
    ///
    /// `socket` is of a listener that was [prepared](crate::net::socket::prepare_listener).
    pub(super) fn new(socket: &'a TcpStream, quota: Option<Quota>, stop: StopSignal) -> Self {
        debug_assert!(waits_are_limited(socket), "a read could wait for ever");
        Self {
            socket,
            tls: None,
            encoding: NameEncoding::default(),
            received: ReceivedLines::new(),
            ended: false,
            was_reset: false,
            is_deaf: false,
            replies_until: None,
            stop,
            open_reply: OpenReply::default(),
            owed: None,
            quota,
            commands: RateLimiter::default(),
            trace: Trace::of(0),
        }
    }

    /// The next line; waits for it until `deadline`, and for its turn when the client is faster
    /// than its quota. What has come by then is looked at once more: a line that has an end counts.
    pub(super) fn next_line(
        &mut self,
        deadline: Instant,
        beside: &mut dyn Beside,
    ) -> Result<Line, NoLine> {
        let (mut is_late, mut reads_wait) = (false, true);
        loop {
            if let Some(protocol) = self.received.foreign() {
                return Err(NoLine::NotFtp(protocol));
            }
            if !self.received.lines.is_empty() {
                self.keep_pace();
            }
            if let Some(line) = self.received.lines.pop_front() {
                self.take_unread();
                return Ok(line);
            }
            if self.ended {
                return Err(NoLine::Ended);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if reads_wait && left >= limits::CONTROL_READ_WAIT && self.may_wait_alone(beside) {
                reads_wait = self.read_once(RecvFlags::empty());
                continue;
            }
            match self.wait_for_input(left, beside) {
                Ok(true) if !is_late => {
                    // What is left is read when it is waited for.
                    self.read_once(RecvFlags::DONTWAIT);
                }
                Ok(_) if left == Duration::ZERO => return Err(NoLine::TimedOut),
                Ok(_) => {}
                Err(error) => {
                    log::warn!("cannot wait for commands: {error}");
                    return Err(NoLine::Ended);
                }
            }
            is_late = left == Duration::ZERO;
        }
    }

    /// Whether one more command may be answered now; then it counts.
    pub(super) fn is_in_pace(&mut self) -> Result<(), Duration> {
        self.quota.map_or(Ok(()), |quota| self.commands.take(quota, Instant::now()))
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

    /// Encrypts the connection from now on. What has arrived before is dropped: it may have been
    /// put there by somebody between the client and us, to be obeyed as if it were the client's
    /// (CVE-2011-0411 and its kin). Tells whether there was any.
    ///
    /// # Errors
    /// When the handshake fails, or is not done by `deadline`.
    pub(super) fn secure(&mut self, mut tls: TlsConnection, deadline: Instant) -> io::Result<bool> {
        let injected = self.received.forget_all();
        while let Handshake::Needs(interest) = tls.handshake(self.socket)? {
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return Err(io::ErrorKind::TimedOut.into());
            }
            wait([(self.socket.as_fd(), interest)], Some(left))?;
        }
        self.tls = Some(Box::new(tls));
        self.take_unread();
        Ok(injected)
    }

    /// The encryption of the connection, if there is any.
    pub(super) fn tls(&self) -> Option<&TlsConnection> {
        self.tls.as_deref()
    }

    /// From now on replies have to be taken until `deadline`, however many they are.
    pub(super) fn limit_replies(&mut self, deadline: Option<Instant>) {
        self.replies_until = deadline;
    }

    /// Tells the client by TLS that nothing more comes.
    pub(super) fn close(&mut self) {
        let writer = self.writer();
        if let Some(tls) = &mut self.tls
            && !self.is_deaf
        {
            // Whoever has left need not be told.
            let _ = writer.close(tls);
        }
    }

    /// Waits until there is something to read, at most for `left`. Tells whether there is.
    fn wait_for_input(&self, left: Duration, beside: &mut dyn Beside) -> io::Result<bool> {
        if self.holds_unread() {
            return Ok(true);
        }
        beside.wait(self.socket.as_fd(), left)
    }

    /// What is decrypted already wakes nobody who waits for the socket.
    fn holds_unread(&self) -> bool {
        self.tls().is_some_and(TlsConnection::holds_unread)
    }

    fn take_unread(&mut self) {
        if self.holds_unread() {
            self.read_available();
        }
    }

    /// Takes what has arrived, without waiting. Read, not peeked: a client's QUIT and its end of
    /// file behind it must both be seen. Whoever sends faster than this reads is left for the next
    /// time: the session has deadlines to keep.
    pub(super) fn read_available(&mut self) {
        for _ in 0..limits::CONTROL_READS {
            if !self.read_once(RecvFlags::DONTWAIT) {
                return;
            }
        }
    }

    /// Whether the kernel may wait for the next line in a read: there is nothing else to look
    /// after, nor anything that has come already.
    fn may_wait_alone(&self, beside: &dyn Beside) -> bool {
        !self.holds_unread() && beside.is_idle()
    }

    /// Takes a piece of what has arrived, or, without `DONTWAIT`, of what arrives within
    /// [`limits::CONTROL_READ_WAIT`]. Tells whether there may be more that is to be read now.
    fn read_once(&mut self, flags: RecvFlags) -> bool {
        if self.ended || self.received.are_many() {
            return false;
        }
        let mut buffer = [0; limits::COMMAND_LINE_BYTES];
        match self.read(&mut buffer, flags) {
            Ok(0) => self.ended = true,
            Ok(bytes) => {
                self.received.feed(&buffer[..bytes]);
                // A password may have been in it.
                buffer[..bytes].zeroize();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => (self.ended, self.was_reset) = (true, true),
        }
        true
    }

    /// One read, which waits unless `flags` say otherwise.
    fn read(&mut self, buffer: &mut [u8], flags: RecvFlags) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) if flags.contains(RecvFlags::DONTWAIT) => tls.read(self.socket, buffer),
            Some(tls) => tls.wait_and_read(self.socket, buffer),
            None => Ok(recv(self.socket, buffer, flags)?.0),
        }
    }

    /// Sends a reply as one write: a 226 that waits behind a 150 costs 40 ms with Nagle's
    /// algorithm and delayed acknowledgements. A client that is gone is noticed by the next read.
    ///
    /// Behind [`Self::open_reply`] a reply with another code cannot be told: the connection ends
    /// instead, which clients take for a failure.
    pub(super) fn send(&mut self, reply: &Reply) {
        if self.open_reply.end_with(reply) == OpenReply::BrokenOff {
            let text = in_one_line(&reply.to_bytes());
            log::warn!("the connection ends, as success had been begun to be told: {text}");
            self.give_up();
            return;
        }
        self.send_bytes(&reply.to_bytes());
    }

    /// Sends the line that opens a reply, or one more of them. The next reply is its end.
    pub(super) fn open_reply(&mut self, reply: &Reply) {
        self.open_reply.begin(reply.code());
        self.send_bytes(&reply.to_opening_bytes());
    }

    /// Whether a reply is open, so that no other may be sent.
    pub(super) fn has_open_reply(&self) -> bool {
        self.open_reply != OpenReply::Nothing
    }

    /// A command was taken before its turn: `reply` is sent behind that of the present one.
    pub(super) fn owe(&mut self, reply: Reply) {
        self.owed = Some(reply);
    }

    /// Sends what is owed behind the reply that has just been sent.
    pub(super) fn send_owed(&mut self) {
        if let Some(reply) = self.owed.take() {
            self.send(&reply);
        }
    }

    /// Sends lines of a reply that a handler's reply will end. The log tells only how long they
    /// are.
    pub(super) fn send_part(&mut self, part: &ReplyPart) {
        let bytes = part.to_bytes();
        self.note_reply(format!("{} bytes of a long reply", bytes.len()).as_bytes());
        self.put(&bytes);
    }

    fn send_bytes(&mut self, bytes: &[u8]) {
        self.note_reply(bytes);
        self.put(bytes);
    }

    fn put(&mut self, bytes: &[u8]) {
        if self.is_deaf {
            return;
        }
        let writer = self.writer();
        let bytes = self.encoding.encode(bytes);
        let written = match &mut self.tls {
            Some(tls) => writer.write_encrypted(tls, &bytes),
            None => writer.write(&bytes),
        };
        if let Err(error) = written {
            log::debug!("the reply was not taken: {error}");
            self.give_up();
        }
    }

    /// What writes one reply, in the time that is left for it.
    fn writer(&self) -> ReplyWriter<'a> {
        ReplyWriter::new(self.socket, self.replies_until, &self.stop)
    }

    /// Nothing more is heard from this client, and nothing more is said to it. What it has sent
    /// ahead is not obeyed: nobody would hear of it.
    fn give_up(&mut self) {
        self.received.lines.clear();
        (self.ended, self.is_deaf) = (true, true);
    }

    /// What to wait on for more commands; `None` when no more are read.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        let reads = !self.ended && !self.received.are_many();
        reads.then(|| self.socket.as_fd())
    }

    /// Whether the client's input was cut off.
    pub(super) fn was_reset(&self) -> bool {
        self.was_reset
    }

    /// Whether the client's input has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    fn note_reply(&mut self, told: &[u8]) {
        if log::log_enabled!(log::Level::Debug) {
            log::debug!("> {}", in_one_line(told));
        }
        self.trace.note(b'>', told);
    }

    /// The client has said `line`, in which no secret is left.
    pub(super) fn note_line(&mut self, line: &str) {
        log::debug!("< {line}");
        self.trace.note(b'<', line.as_bytes());
    }

    /// Lines that have come and wait for their turn.
    pub(super) fn queue(&mut self) -> &mut VecDeque<Line> {
        &mut self.received.lines
    }
}

#[cfg(test)]
mod tests;
