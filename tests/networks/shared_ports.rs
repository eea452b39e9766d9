use std::io::{Read, Write};
use std::net::TcpListener;

use crate::support::ftp::{Ftp, connect_from};
use crate::support::server::{Setup, TestServer};

/// A server with one passive port.
fn with_one_port(setup: Setup) -> TestServer {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    setup
        .network("passive_ports", &format!("{free},{free}"))
        .network("passive_ports_shared", "on")
        .start()
}

fn from(server: &TestServer, own: &str) -> Ftp {
    let mut ftp = Ftp::over(connect_from(own.parse().unwrap(), server.address()));
    ftp.expect_reply("220 ");
    ftp.log_in();
    ftp.expect("TYPE I", "200 ");
    ftp
}

#[test]
fn clients_of_different_addresses_transfer_over_one_port_at_the_same_time() {
    let server = with_one_port(Setup::local());
    let (one, other) = ("127.0.0.1", "127.0.0.2");
    let (mut first, mut second) = (from(&server, one), from(&server, other));
    let (at, same) = (first.pasv(), second.pasv());
    assert_eq!(at, same);
    // The second comes while the first has it, too, and each gets its own.
    let mut of_second = connect_from(other.parse().unwrap(), at);
    let mut of_first = connect_from(one.parse().unwrap(), at);
    first.expect("STOR first", "150 ");
    second.expect("STOR second", "150 ");
    of_second.write_all(b"of the second").unwrap();
    of_first.write_all(b"of the first").unwrap();
    drop((of_first, of_second));
    first.expect_reply("226 ");
    second.expect_reply("226 ");
    server.stored().expect("first", b"of the first");
    server.stored().expect("second", b"of the second");
    // A third with the address of one that has it must wait.
    first.pasv();
    let mut third = from(&server, one);
    third.expect("PASV", "425 ");
    first.expect("QUIT", "221 ");
    third.pasv();
}

#[test]
fn a_stranger_at_a_shared_port_gets_nothing() {
    let server = with_one_port(Setup::local());
    server.stored().put("file", b"for one alone");
    let (mut first, mut second) = (from(&server, "127.0.0.1"), from(&server, "127.0.0.2"));
    let at = first.pasv();
    second.pasv();
    let mut stranger = connect_from("127.0.0.9".parse().unwrap(), at);
    first.send("RETR file");
    let mut got = Vec::new();
    // Ended or reset: nothing in any case.
    let _ = stranger.read_to_end(&mut got);
    assert_eq!(got, b"");
    let mut data = connect_from("127.0.0.1".parse().unwrap(), at);
    data.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"for one alone");
    let reply = first.reply();
    if reply.starts_with("150 ") {
        first.expect_reply("226 ");
    }
    server.wait_for_log("connection from 127.0.0.9");
}

#[test]
fn ports_are_not_shared_where_an_address_tells_nothing() {
    let server = with_one_port(Setup::local().security("data_peer_check", "off"));
    let (mut first, mut second) = (from(&server, "127.0.0.1"), from(&server, "127.0.0.2"));
    first.pasv();
    second.expect("PASV", "425 ");
}
