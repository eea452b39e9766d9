use std::time::{Duration, Instant};

use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::server::{PASSWORD, Setup};

/// How long what does not happen at once may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn pipelined_commands_are_answered_in_order() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    ftp.send_bytes(
        format!(
            "USER alice\r\nPASS {PASSWORD}\r\nMKD a\r\nCWD a\r\nPWD\r\nMKD b\r\nSIZE b\r\nCDUP\r\nRMD a/b\r\nQUIT\r\n"
        )
        .as_bytes(),
    );
    for expected in [
        "331 ",
        "230 ",
        "257 \"/a\"",
        "250 ",
        "257 \"/a\"",
        "257 \"/a/b\"",
        "550 ",
        "2",
        "250 ",
        "221 ",
    ] {
        ftp.expect_reply(expected);
    }
    ftp.expect_end();
}

/// Of an unknown device, the line that is refused is the one that is needed.
#[test]
fn the_debug_log_shows_what_is_refused() {
    let server = Setup::local().option("log_level", "DEBUG").start();
    let mut ftp = Ftp::connect(&server);
    for (line, code) in [
        ("AUTH GSSAPI", "5"),
        ("XDVR start 1", "500 "),
        ("REST here", "501 "),
        ("PWD mistyped", "501 "),
        ("OPTS HASH SHA-1", "501 "),
        ("nonsense of somebody", "500 "),
    ] {
        ftp.expect(line, code);
    }
    ftp.send_bytes(b"RETR \xff\xff\r\n");
    ftp.expect_reply("501 ");
    ftp.expect("USER alice", "331 ");
    ftp.expect(&format!("PASS {PASSWORD}"), "230 ");
    for shown in [
        "< AUTH GSSAPI",
        "< XDVR ***",
        "< REST here",
        "< PWD ***",
        "< OPTS HASH SHA-1",
        "< ***",
        "< RETR \u{fffd}",
        "< PASS ***",
    ] {
        server.wait_for_log(shown);
    }
    let log = server.log();
    assert!(!log.contains("mistyped") && !log.contains("somebody"), "{log}");
}

#[test]
fn commands_may_come_in_pieces_and_with_bare_line_feeds() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    for byte in b"NOOP\r\n" {
        ftp.send_bytes(&[*byte]);
    }
    ftp.expect_reply("200 ");
    ftp.send_bytes(b"NOOP\n");
    ftp.expect_reply("200 ");
    ftp.play(&[("noop", "200 "), ("nOoP", "200 "), ("NOOP  ", "200 ")]);
}

#[test]
fn telnet_bytes_are_stripped() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    for line in [&b"\xff\xf4\xff\xf2NOOP\r\n"[..], b"NO\xff\xfb\x01OP\r\n", b"\xff\xfd\x06NOOP\r\n"]
    {
        ftp.send_bytes(line);
        ftp.expect_reply("200 ");
    }
}

#[test]
fn a_line_that_is_too_long_is_refused_whole() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.expect(&format!("MKD {}", "a".repeat(10_000)), "500 ");
    // What stood behind the maximum was no command.
    ftp.expect(&format!("CWD {}QUIT", "a".repeat(4096)), "500 ");
    ftp.expect("PWD", "257 ");
    assert_eq!(ftp.list("NLST"), Vec::<String>::new());
}

#[test]
fn a_path_longer_than_a_key_is_refused() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.store_refused(&format!("STOR {}", "a".repeat(851)), "55");
    ftp.expect(&format!("MKD {}", "a".repeat(851)), "55");
    assert_eq!(server.stored().files(), Vec::<String>::new());
}

#[test]
fn an_http_request_ends_the_connection() {
    let server = Setup::local().start();
    for line in ["GET / HTTP/1.1", "POST /x HTTP/1.1", "HEAD / HTTP/1.0", "CONNECT a:443 HTTP/1.1"]
    {
        let mut ftp = Ftp::connect(&server);
        ftp.send(&format!("{line}\r\nHost: x\r\nUSER alice\r\nPASS {PASSWORD}\r\nDELE x\r\n"));
        ftp.expect_reply("421 ");
        ftp.expect_end();
    }
}

#[test]
fn unknown_and_empty_commands() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("XYZZY", "500 "), ("", "500 "), ("   ", "500 "), ("FOO BAR", "500 ")]);
    ftp.expect("NOOP", "200 ");
}

#[test]
fn silence_before_login_ends_the_connection() {
    let server = Setup::local().option("login_timeout", "1").start();
    let mut ftp = Ftp::connect(&server);
    ftp.expect_reply("421 ");
    ftp.expect_end();
}

#[test]
fn talk_without_login_ends_the_connection_too() {
    let server = Setup::local().option("login_timeout", "1").start();
    let mut ftp = Ftp::connect(&server);
    let patience = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < patience, "it is served for ever");
        let reply = ftp.ask("NOOP");
        if reply.starts_with("421 ") {
            break;
        }
        assert!(reply.starts_with("200 "), "{reply}");
        pause();
    }
    ftp.expect_end();
}

#[test]
fn silence_after_login_ends_the_connection() {
    let server = Setup::local().option("idle_timeout", "1").start();
    let mut ftp = Ftp::login(&server);
    ftp.expect_reply("421 ");
    ftp.expect_end();
}

#[test]
fn too_many_connections_are_told_so() {
    let server = Setup::local().option("max_connection_num", "2").start();
    let mut first = Ftp::login(&server);
    let second = Ftp::connect(&server);
    let mut third = Ftp::silent(server.address());
    third.expect_reply("421 ");
    third.expect_end();
    drop(second);
    // A place that was left is free again, here for a data connection.
    let patience = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < patience, "the place stays taken");
        let reply = first.ask("PASV");
        if reply.starts_with("227 ") {
            break;
        }
        assert!(reply.starts_with("425 "), "{reply}");
        pause();
    }
}
