//! Clients that encrypt the data connection before they send the command that it is for, and wait
//! for the server's side of the handshake (aioftp, Go's jlaffaye/ftp).

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;

use crate::support::certificate::Certificate;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;
use crate::tls::client::{
    Encrypted, Ftps, TLS_1_2, TLS_1_3, encrypt, encrypt_with, finish, trusting,
};
use crate::tls::reuse::strict;

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [TLS_1_2, TLS_1_3];

/// The end of a download, by close_notify, and its reply.
fn fetched(ftps: &mut Ftps, mut data: Encrypted) -> Vec<u8> {
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).expect("an end by close_notify");
    ftps.expect_reply("226 ");
    bytes
}

/// By PASV.
fn passive_by_address(ftps: &mut Ftps) -> TcpStream {
    let reply = ftps.expect("PASV", "227 ");
    let (_, numbers) = reply.split_once('(').expect("an address");
    let numbers: Vec<u16> = numbers
        .trim_end_matches(|character: char| !character.is_ascii_digit())
        .split(',')
        .map(|number| number.parse().expect("a number"))
        .collect();
    TcpStream::connect(("127.0.0.1", numbers[4] * 256 + numbers[5])).expect("the port listens")
}

#[test]
fn a_handshake_before_the_command_is_answered() {
    let certificate = Certificate::new("early");
    for setup in [certificate.serve(Setup::local(), "required"), strict(&certificate)] {
        let server = setup.start();
        for version in VERSIONS {
            let config = trusting(&certificate.cert(), version);
            let mut ftps = Ftps::login(&server, &config);
            for open in [Ftps::passive, passive_by_address] {
                let bytes = noise(71, 700_001);
                let mut data = encrypt(open(&mut ftps), &config);
                ftps.expect("STOR file", "150 ");
                data.write_all(&bytes).expect("taken");
                finish(data);
                ftps.expect_reply("226 ");
                server.stored().expect("file", &bytes);

                let data = encrypt(open(&mut ftps), &config);
                ftps.expect("RETR file", "150 ");
                assert!(fetched(&mut ftps, data) == bytes, "it came back changed");

                let data = encrypt(open(&mut ftps), &config);
                ftps.expect("LIST", "150 ");
                let listing = fetched(&mut ftps, data);
                assert!(listing.ends_with(b" file\r\n"), "{}", listing.escape_ascii());
            }
            // Those that wait for the 150, in the same session.
            ftps.store("STOR file", b"x");
            assert_eq!(ftps.fetch("RETR file"), b"x");
        }
    }
}

/// A session of a client that has done so once looks for the handshake at once.
#[test]
fn only_the_first_of_them_is_waited_for() {
    let certificate = Certificate::new("early");
    let server = certificate.serve(Setup::local(), "required").start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    let mut ftps = Ftps::login(&server, &config);
    let begun = std::time::Instant::now();
    for _ in 0..20 {
        let mut data = encrypt(ftps.passive(), &config);
        ftps.expect("STOR file", "150 ");
        data.write_all(b"x").expect("taken");
        finish(data);
        ftps.expect_reply("226 ");
    }
    // Were each let in only when its port has been left alone for a while, 10 s.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn commands_are_heard_in_its_midst_and_a_refusal_is_no_reset() {
    let certificate = Certificate::new("early");
    let server = certificate.serve(Setup::local(), "required").start();
    for version in VERSIONS {
        let config = trusting(&certificate.cert(), version);
        let mut ftps = Ftps::login(&server, &config);
        // The beginning of one, whose end never comes.
        let mut half = ftps.passive();
        half.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").expect("taken");
        ftps.expect("NOOP", "200 ");
        ftps.expect("ABOR", "225 ");
        assert_eq!(half.read(&mut [0]).expect("an end in order"), 0);

        let mut data = encrypt(ftps.passive(), &config);
        ftps.expect("RETR nowhere", "550 ");
        // By close_notify or without, but not by a reset.
        let mut rest = Vec::new();
        let ended = data.read_to_end(&mut rest).map_err(|error| error.kind());
        assert!(matches!(ended, Ok(0) | Err(std::io::ErrorKind::UnexpectedEof)), "{ended:?}");

        ftps.store("STOR file", b"x");
    }
}

#[test]
fn what_is_no_handshake_is_refused_when_the_command_comes() {
    let certificate = Certificate::new("early");
    let server = certificate.serve(Setup::local(), "optional").start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    let mut ftps = Ftps::login(&server, &config);
    let mut plain = ftps.passive();
    plain.write_all(b"these bytes are no TLS record at all").expect("taken");
    // The alert tells that they were looked at.
    plain.read_exact(&mut [0]).expect("an alert");
    ftps.expect("STOR file", "150 ");
    ftps.expect_reply("522 ");
    let data = encrypt(ftps.passive(), &config);
    ftps.expect("PROT C", "200 ");
    ftps.expect("STOR file", "150 ");
    ftps.expect_reply("522 ");
    drop(data);
    assert!(server.stored().files().is_empty());
    ftps.expect("PROT P", "200 ");
    ftps.store("STOR file", b"x");
}

/// Where the session must be resumed, whoever has shaken hands early is none the better for it.
#[test]
fn a_stranger_that_is_early_is_refused() {
    let certificate = Certificate::new("early");
    let server = strict(&certificate).tls("tls_max_version", "1.3").start();
    for version in VERSIONS {
        let own = trusting(&certificate.cert(), version);
        let mut ftps = Ftps::login(&server, &own);
        let fresh = trusting(&certificate.cert(), version);
        let stranger = encrypt(ftps.passive(), &fresh);
        ftps.expect("STOR stolen", "150 ");
        assert!(ftps.expect_reply("522 ").contains("resume"));
        drop(stranger);
        // Of two the client is served, also where the stranger was first.
        let tcp = ftps.passive();
        let port = tcp.peer_addr().expect("connected");
        let stranger = encrypt(tcp, &fresh);
        stores_its_file(&server, &mut ftps, TcpStream::connect(port), &own);
        drop(stranger);
        assert_eq!(server.stored().files(), ["file"]);
    }
}

/// As a client whose first try broke off.
#[test]
fn an_early_connection_that_was_given_up_makes_room() {
    let certificate = Certificate::new("early");
    for setup in [certificate.serve(Setup::local(), "required"), strict(&certificate)] {
        let server = setup.start();
        let own = trusting(&certificate.cert(), TLS_1_3);
        let mut ftps = Ftps::login(&server, &own);
        let tcp = ftps.passive();
        let port = tcp.peer_addr().expect("connected");
        let mut given_up = encrypt(tcp, &own);
        given_up.conn.send_close_notify();
        given_up.flush().expect("sent");
        drop(given_up);
        ftps.expect("NOOP", "200 ");
        stores_its_file(&server, &mut ftps, TcpStream::connect(port), &own);
    }
}

/// Its bytes came with the last word of its handshake: the socket does not tell of them any more.
#[test]
fn who_has_sent_all_early_and_is_gone_keeps_its_place() {
    let certificate = Certificate::new("early");
    for (setup, resumes) in
        [(certificate.serve(Setup::local(), "required"), false), (strict(&certificate), true)]
    {
        let server = setup.start();
        let own = trusting(&certificate.cert(), TLS_1_3);
        let mut ftps = Ftps::login(&server, &own);
        let tcp = ftps.passive();
        let port = tcp.peer_addr().expect("connected");
        encrypt_with(b"of the client", tcp, &own).flush().expect("sent");
        ftps.expect("NOOP", "200 ");
        // Somebody at the client's address, who guessed the port.
        let mut neighbour = TcpStream::connect(port).expect("it still listens");
        neighbour.write_all(b"\x16\x03\x01").expect("taken");
        ftps.expect("STOR file", "150 ");
        match resumes {
            true => {
                ftps.expect_reply("226 ");
                server.stored().expect("file", b"of the client");
            }
            false => {
                ftps.expect_reply("425 ");
                assert!(server.stored().files().is_empty());
            }
        }
        drop(neighbour);
    }
}

/// The client connects once more, and that is the connection it stores its file by.
fn stores_its_file(
    server: &TestServer,
    ftps: &mut Ftps,
    again: io::Result<TcpStream>,
    own: &Arc<ClientConfig>,
) {
    let mut data = encrypt(again.expect("it still listens"), own);
    ftps.expect("STOR file", "150 ");
    data.write_all(b"of the client").expect("taken");
    finish(data);
    ftps.expect_reply("226 ");
    server.stored().expect("file", b"of the client");
}
