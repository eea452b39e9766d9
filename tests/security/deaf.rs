use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::support::ftp::Ftp;
use crate::support::server::Setup;

/// Sends commands and reads nothing, until the server does not read any more either: it waits for its
/// reply to be taken.
fn deafen(mut socket: &TcpStream) {
    socket.set_write_timeout(Some(Duration::from_secs(1))).unwrap();
    let commands = b"HELP\r\n".repeat(1000);
    loop {
        // In the end the server takes nothing, or has given up already on a loaded machine.
        if let Err(error) = socket.write_all(&commands) {
            let ends = [ErrorKind::WouldBlock, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
            assert!(ends.contains(&error.kind()), "{error}");
            return;
        }
    }
}

#[test]
fn replies_before_the_login_are_taken_in_its_time() {
    let server = Setup::local().option("login_timeout", "3").option("log_level", "DEBUG").start();
    let deaf = Ftp::connect(&server);
    let began = Instant::now();
    deafen(deaf.socket());
    server.wait_for_log("the reply was not taken");
    server.wait_for_log("disconnected seconds=");
    // In one minute each of the commands would have had its own half.
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

#[test]
fn who_takes_no_reply_is_given_up_once_and_not_for_each_command() {
    let server = Setup::local().option("log_level", "DEBUG").start();
    let deaf = Ftp::login(&server);
    let mut socket = deaf.socket();
    deafen(socket);
    // Dozens of commands wait behind the one whose reply is not taken; each of them had 30 s.
    socket.set_write_timeout(Some(Duration::from_secs(50))).unwrap();
    let end = socket.write_all(&b"HELP\r\n".repeat(1 << 20)).unwrap_err();
    assert_ne!(end.kind(), ErrorKind::WouldBlock, "the server still waits");
    server.wait_for_log("logout user=alice");
    assert_eq!(server.log().matches("the reply was not taken").count(), 1);
}

#[test]
fn a_client_that_takes_no_reply_does_not_hold_a_stop_back() {
    let mut server = Setup::local().option("shutdown_grace", "1").start();
    let all: Vec<_> = (0..3).map(|_| Ftp::login(&server)).collect();
    all.iter().for_each(|deaf| deafen(deaf.socket()));
    let began = Instant::now();
    assert!(server.stop().success(), "{}", server.log());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
