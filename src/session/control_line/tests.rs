//! The control connection over a real one.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use super::*;
use crate::net::socket::prepare_listener;
use crate::protocol::Code;
use crate::threads;

const LONG: Option<Duration> = Some(Duration::from_secs(60));

struct Nothing;

impl Beside for Nothing {
    fn is_idle(&self) -> bool {
        true
    }

    fn wait(&mut self, control: BorrowedFd<'_>, left: Duration) -> io::Result<bool> {
        wait([(control, Interest::Read)], Some(left)).map(|[read]| read)
    }
}

/// What is read in a row at most.
const IN_A_ROW: usize = limits::CONTROL_READS * limits::COMMAND_LINE_BYTES;

#[test]
fn whoever_sends_without_end_keeps_nobody_from_looking_at_the_time() {
    let (ours, _theirs) = flooded();
    let mut control = ControlLine::new(&ours, None, StopSignal::default());
    control.read_available();
    assert!(holds_more(&ours), "all was read in one go");
    // Once more, and then the deadline counts.
    assert_eq!(control.next_line(Instant::now(), &mut Nothing), Ok(Line::TooLong));
    assert_eq!(control.next_line(Instant::now(), &mut Nothing), Err(NoLine::TimedOut));
    assert!(holds_more(&ours), "reading went on after the deadline");
}

#[test]
fn a_line_that_has_come_counts_at_its_deadline() {
    let (ours, mut theirs) = connected_pair();
    theirs.write_all(b"NOOP\r\n").unwrap();
    assert_eq!(wait([(ours.as_fd(), Interest::Read)], LONG).unwrap(), [true]);
    let mut control = ControlLine::new(&ours, None, StopSignal::default());
    let line = control.next_line(Instant::now(), &mut Nothing);
    assert_eq!(line, Ok(Line::Text("NOOP".to_owned())));
    assert_eq!(control.next_line(Instant::now(), &mut Nothing), Err(NoLine::TimedOut));
}

#[test]
fn a_client_may_be_silent_for_longer_than_a_read_waits() {
    let (ours, mut theirs) = connected_pair();
    ours.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut control = ControlLine::new(&ours, None, StopSignal::default());
    let mut beside = UntilAsked(false);
    let client = threads::spawn("client", move || {
        // Long past the time that a read waits.
        thread::sleep(Duration::from_millis(50));
        theirs.write_all(b"NOOP\r\n").map(|()| theirs)
    });
    let line = control.next_line(Instant::now() + LONG.unwrap(), &mut beside);
    assert_eq!((line, beside.0), (Ok(noop()), true));
    client.unwrap().join().unwrap().unwrap();
}

/// Remembers whether it was asked to wait.
struct UntilAsked(bool);

impl Beside for UntilAsked {
    fn is_idle(&self) -> bool {
        true
    }

    fn wait(&mut self, control: BorrowedFd<'_>, left: Duration) -> io::Result<bool> {
        self.0 = true;
        Nothing.wait(control, left)
    }
}

#[test]
fn only_so_many_commands_are_read_ahead() {
    let (ours, mut theirs) = connected_pair();
    let longest = format!("{}\n", "x".repeat(limits::COMMAND_LINE_BYTES - 2));
    theirs.write_all(longest.repeat(limits::PIPELINED_COMMANDS + 1).as_bytes()).unwrap();
    let mut control = ControlLine::new(&ours, None, StopSignal::default());
    while control.descriptor().is_some() {
        assert_eq!(wait([(ours.as_fd(), Interest::Read)], LONG).unwrap(), [true]);
        control.read_available();
    }
    control.read_available();
    assert_eq!(control.queue().len(), limits::PIPELINED_COMMANDS);
    assert!(holds_more(&ours));
}

#[test]
fn whoever_takes_no_reply_is_gone_with_all_it_has_sent() {
    let (ours, mut theirs) = connected_pair();
    let mut control = ControlLine::new(&ours, None, StopSignal::default());
    theirs.write_all(b"NOOP\r\nNOOP\r\n").unwrap();
    assert_eq!(control.next_line(Instant::now() + LONG.unwrap(), &mut Nothing), Ok(noop()));
    control.limit_replies(Some(Instant::now()));
    let reply = Reply::new(Code::OK, "x".repeat(1 << 20));
    // More than the kernel holds.
    for _ in 0..100 {
        control.send(&reply);
    }
    assert!(control.has_ended() && control.queue().is_empty());
    assert_eq!(control.next_line(Instant::now() + LONG.unwrap(), &mut Nothing), Err(NoLine::Ended));
    let mut bytes = vec![0; 64 * 1024];
    while theirs.set_nonblocking(true).is_ok() && theirs.read(&mut bytes).is_ok() {}
    control.send(&Reply::new(Code::OK, "too late"));
    assert!(theirs.read(&mut bytes).is_err(), "a piece of a reply was followed by another");
}

fn noop() -> Line {
    Line::Text("NOOP".to_owned())
}

fn holds_more(socket: &TcpStream) -> bool {
    recv(socket, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT).is_ok()
}

/// A connection that holds far more than is read in a row, and no end of a line.
fn flooded() -> (TcpStream, TcpStream) {
    let (ours, mut theirs) = connected_pair();
    theirs.set_nonblocking(true).unwrap();
    let mut sent = 0;
    let full = loop {
        match theirs.write(&[b'x'; 64 * 1024]) {
            Ok(bytes) => sent += bytes,
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    assert!(sent > 3 * IN_A_ROW, "the kernel holds only {sent} bytes");
    (ours, theirs)
}

fn connected_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    prepare_listener(&listener).unwrap();
    let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    theirs.set_write_timeout(LONG).unwrap();
    (listener.accept().unwrap().0, theirs)
}
