use std::io::{Read, Write};
use std::time::Duration;

use super::{expect_refusal, expect_welcome, socket_from};
use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup};

#[test]
fn lists_say_who_may_come_in() {
    let server = Setup::local()
        .security("allow_addresses", "127.0.0.1, 127.0.0.4/30")
        .security("deny_addresses", "127.0.0.6")
        .start();
    for (n, is_welcome) in [(1, true), (2, false), (4, true), (6, false), (7, true), (8, false)] {
        if is_welcome {
            expect_welcome(n, &server).log_in();
        } else {
            expect_refusal(n, &server, "No service for your address");
        }
    }
}

#[test]
fn an_account_may_be_for_some_addresses_only() {
    let server = Setup::local()
        .account_key("allow_addresses", "127.0.0.0/30")
        .account_key("deny_addresses", "127.0.0.2")
        .account("bob", "R", "true")
        .security("login_failure_delay", "0")
        .start();
    for (n, expected) in [(1, "230 "), (2, "530 "), (3, "230 "), (9, "530 ")] {
        let mut ftp = expect_welcome(n, &server);
        ftp.play(&[("USER alice", "331 "), (&format!("PASS {PASSWORD}"), expected)]);
    }
    let mut other = expect_welcome(9, &server);
    let refused = other.expect("USER alice", "331 ");
    assert_eq!(other.expect("USER bob", "331 "), refused);
    other.expect(&format!("PASS {PASSWORD}"), "230 ");
}

#[test]
fn a_stranger_gets_no_data_connection() {
    let server = Setup::local().start();
    server.stored().put("file", b"of the client");
    let mut ftp = Ftp::login(&server);
    let port = ftp.pasv();
    let mut stranger = socket_from(2, port);
    ftp.send("RETR file");
    ftp.expect_reply("150 ");
    assert!(matches!(stranger.read(&mut [0]), Ok(0) | Err(_)), "nothing for the stranger");
    let mut data = String::new();
    socket_from(1, port).read_to_string(&mut data).unwrap();
    assert_eq!(data, "of the client");
    ftp.expect_reply("226 ");
}

#[test]
fn strangers_do_not_lock_a_client_out_of_its_port() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let port = ftp.pasv();
    // More than the kernel's queue of the port holds.
    for _ in 0..60 {
        let mut stranger = socket_from(2, port);
        stranger.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(stranger.read(&mut [0]).unwrap(), 0, "closed at once, and in order");
    }
    let mut data = socket_from(1, port);
    ftp.expect("STOR file", "150 ");
    data.write_all(b"of the client").unwrap();
    drop(data);
    ftp.expect_reply("226 ");
    server.stored().expect("file", b"of the client");
}

/// A neighbour behind the same NAT is not told from the client.
#[test]
fn of_several_from_the_clients_address_nobody_is_served() {
    let server = Setup::local().start();
    server.stored().put("file", b"of the client");
    let mut ftp = Ftp::login(&server);
    for line in ["RETR file", "STOR stolen", "LIST"] {
        let port = ftp.pasv();
        let mut both = [socket_from(1, port), socket_from(1, port)];
        ftp.expect(line, "150 ");
        ftp.expect_reply("425 ");
        for data in &mut both {
            assert_eq!(data.read(&mut [0]).expect("an end"), 0, "{line}");
        }
    }
    server.wait_for_log("more than one connection from the client's address 127.0.0.1");
    assert_eq!(server.stored().files(), ["file"]);
    // Who tries again alone is served, also when its first try has ended.
    let port = ftp.pasv();
    drop(socket_from(1, port));
    let mut data = socket_from(1, port);
    ftp.expect("RETR file", "150 ");
    let mut text = String::new();
    data.read_to_string(&mut text).unwrap();
    assert_eq!(text, "of the client");
    ftp.expect_reply("226 ");
}

#[test]
fn behind_nat_with_several_addresses_the_check_may_be_off() {
    let server = Setup::local().security("data_peer_check", "off").start();
    let mut ftp = Ftp::login(&server);
    let port = ftp.pasv();
    let mut data = socket_from(2, port);
    ftp.expect("STOR file", "150 ");
    data.write_all(b"from elsewhere").unwrap();
    drop(data);
    ftp.expect_reply("226 ");
    server.stored().expect("file", b"from elsewhere");
    // The other direction would make the server a tool.
    ftp.expect("PORT 127,0,0,2,200,1", "5");
}

#[test]
fn the_server_connects_to_its_client_only() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for line in [
        "PORT 127,0,0,2,200,1",
        "PORT 192,0,2,1,200,1",
        "EPRT |1|192.0.2.1|51201|",
        "PORT 127,0,0,1,0,22",
        "EPRT |1|127.0.0.1|1023|",
    ] {
        ftp.expect(line, "50");
        ftp.expect("NLST", "425 ");
    }
}

#[test]
fn other_protocols_are_dropped_at_once_and_told_once() {
    let server = Setup::local().start();
    let hello = [0x16, 0x03, 0x01, 0x00, 0xa5, 0x01, 0x00, 0x00, 0xa1, 0x03, 0x03];
    for first in [
        &hello[..],
        b"SSH-2.0-OpenSSH_9.2p1\r\n",
        b"\x03\x00\x00\x13\x0e\xe0",
        b"GET / HTTP/1.1\r\n",
    ] {
        for _ in 0..2 {
            let mut ftp = Ftp::connect(&server);
            ftp.send_bytes(first);
            ftp.expect_reply("421 This is an FTP server.");
            ftp.expect_end();
        }
    }
    server.wait_for_log("not an FTP client");
    assert_eq!(server.log().matches("not an FTP client").count(), 1, "{}", server.log());
}
