use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::ftp::{Data, Ftp};
use crate::support::server::Setup;

/// A connection to the port that `ftp` is told, and its place on our side.
fn connected(ftp: &mut Ftp) -> TcpStream {
    let Data::Passive(stream) = ftp.passive() else { unreachable!("EPSV") };
    stream
}

/// Checks that the other side has ended the connection in order, and not by a reset.
fn expect_end(mut data: TcpStream, line: &str) {
    data.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let mut rest = Vec::new();
    data.read_to_end(&mut rest).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert_eq!(rest, b"", "{line}");
}

/// What is refused, and with which code: by the verb alone, by the account, by the name, by the store.
const REFUSED: &[(&str, &str)] = &[
    ("STOR", "501 "),
    ("APPE", "501 "),
    ("RETR", "501 "),
    ("STOR /", "550 "),
    ("STOR a\u{7}b", "501 "),
    ("RETR /", "550 "),
    ("RETR nowhere", "550 "),
    ("RETR dir", "550 "),
    ("LIST nowhere", "550 "),
    ("NLST nowhere", "550 "),
    ("MLSD nowhere", "550 "),
    ("MLSD file", "501 "),
    ("APPE dir", "550 "),
    ("ABOR", "225 "),
];

#[test]
fn the_data_connection_of_a_refused_transfer_ends_in_order() {
    let server = Setup::local().start();
    server.stored().put("file", b"x");
    server.stored().put("dir/file", b"x");
    let mut ftp = Ftp::login(&server);
    for (line, expected) in REFUSED {
        let data = connected(&mut ftp);
        ftp.expect(line, expected);
        expect_end(data, line);
    }
    // What a client has sent already, be it a TLS hello, makes no difference.
    for (line, expected) in REFUSED {
        let mut data = connected(&mut ftp);
        data.write_all(&[22; 30_000]).expect("the kernel takes it");
        ftp.expect(line, expected);
        expect_end(data, line);
    }
    ftp.expect("RETR\u{ff}", "50");
    ftp.store("STOR file", b"still works");
}

#[test]
fn a_verb_that_the_account_may_not_use_ends_the_data_connection() {
    let server = Setup::local().authority("R").start();
    let mut ftp = Ftp::login(&server);
    let data = connected(&mut ftp);
    ftp.expect("STOR file", "550 ");
    expect_end(data, "STOR");
}

#[test]
fn the_reply_comes_before_the_end() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for _ in 0..20 {
        let mut data = connected(&mut ftp);
        data.set_nonblocking(true).expect("non-blocking");
        ftp.send("RETR nowhere");
        // The end is there: so is the reply.
        while matches!(data.read(&mut [0]), Err(error) if error.kind() == ErrorKind::WouldBlock) {}
        ftp.socket().set_nonblocking(true).expect("non-blocking");
        ftp.expect_reply("550 ");
        ftp.socket().set_nonblocking(false).expect("blocking");
    }
}

#[test]
fn a_port_that_another_replaces_ends_in_order() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for line in ["EPSV", "PORT 127,0,0,1,200,200", "REIN", "QUIT"] {
        let data = connected(&mut ftp);
        ftp.expect(line, "2");
        expect_end(data, line);
        if line == "REIN" {
            ftp.log_in();
        }
    }
}

#[test]
fn a_refused_line_uses_up_the_port() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let data = connected(&mut ftp);
    ftp.expect("STOR", "501 ");
    expect_end(data, "STOR");
    ftp.expect("STOR file", "425 ");
}

#[test]
fn an_active_client_is_not_connected_to() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let Data::Active(listener) = ftp.active() else { unreachable!("PORT") };
    listener.set_nonblocking(true).expect("non-blocking");
    ftp.expect("RETR nowhere", "550 ");
    // The address is used up as well.
    ftp.expect("RETR nowhere", "425 ");
    let error = listener.accept().expect_err("nobody connects");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}
