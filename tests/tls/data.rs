use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::certificate::Certificate;
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};
use crate::support::stored::noise;
use crate::tls::client::{Ftps, TLS_1_2, TLS_1_3, cut, encrypt, finish, trusting};

/// Larger than all buffers between the two: a transfer of it stands still while one side waits.
const LARGE: usize = 24 * 1024 * 1024;

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] = [TLS_1_2, TLS_1_3];

#[test]
fn uploads_and_downloads_of_any_size_are_whole() {
    let certificate = Certificate::new("sizes");
    let server = certificate.serve(Setup::bucket(), "required").start();
    for version in VERSIONS {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), version));
        // A record and its neighbours, a block and its neighbours, several parts.
        for size in [0, 1, 16_383, 16_384, 16_385, 262_144, 262_145, 700_001, LARGE] {
            let bytes = noise(size as u64, size);
            ftps.store("STOR file", &bytes);
            server.stored().expect("file", &bytes);
            assert!(ftps.fetch("RETR file") == bytes, "{size} bytes came back changed");
        }
        ftps.store("APPE file", b"more");
        let mut grown = noise(LARGE as u64, LARGE);
        grown.extend_from_slice(b"more");
        server.stored().expect("file", &grown);
        ftps.expect("REST 24000000", "350 ");
        assert!(ftps.fetch("RETR file") == grown[24_000_000..]);
        let listing = String::from_utf8(ftps.fetch("LIST")).expect("UTF-8");
        assert!(listing.ends_with(" file\r\n") && listing.contains("25165828"), "{listing}");
    }
}

#[test]
fn small_records_make_a_whole_file() {
    let certificate = Certificate::new("records");
    let server = certificate.serve(Setup::local(), "required").start();
    for version in VERSIONS {
        let mut config = (*trusting(&certificate.cert(), version)).clone();
        config.max_fragment_size = Some(512);
        let mut ftps = Ftps::login(&server, &config.into());
        let bytes = noise(7, 3_000_000);
        ftps.store("STOR file", &bytes);
        server.stored().expect("file", &bytes);
    }
}

#[test]
fn active_connections_are_encrypted_by_the_server_too() {
    let certificate = Certificate::new("active");
    let server = certificate.serve(Setup::local(), "required").start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    let mut ftps = Ftps::login(&server, &config);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    ftps.expect(&format!("EPRT |1|127.0.0.1|{port}|"), "200 ");
    ftps.expect("STOR file", "150 ");
    let mut data = encrypt(listener.accept().expect("the server connects").0, &config);
    data.write_all(b"active").expect("taken");
    finish(data);
    ftps.expect_reply("226 ");
    server.stored().expect("file", b"active");
}

#[test]
fn the_data_connection_of_a_refused_transfer_is_not_reset() {
    let certificate = Certificate::new("refused");
    let server = certificate.serve(Setup::local(), "required").start();
    for version in VERSIONS {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), version));
        // Some clients begin the handshake as soon as they are connected, others after the 150.
        for hello in [&[][..], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"] {
            for line in ["RETR nowhere", "STOR", "LIST nowhere"] {
                let mut data = ftps.passive();
                data.write_all(hello).expect("taken");
                ftps.expect(line, "5");
                assert_eq!(data.read(&mut [0]).expect("an end in order"), 0, "{line}");
            }
        }
    }
}

#[test]
fn a_plain_data_connection_is_not_taken_for_an_encrypted_one() {
    let certificate = Certificate::new("plain");
    let server = certificate.serve(Setup::local(), "required").start();
    let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
    let mut data = ftps.passive();
    ftps.expect("STOR file", "150 ");
    data.write_all(b"these bytes are no TLS record at all").expect("taken");
    ftps.expect_reply("522 ");
    assert!(server.stored().files().is_empty());
    // The session goes on.
    ftps.store("STOR file", b"x");
}

#[test]
fn a_silent_data_handshake_ends_in_time_and_the_session_hears_meanwhile() {
    let certificate = Certificate::new("deaf");
    let server =
        certificate.serve(Setup::local(), "required").option("data_connect_timeout", "2").start();
    let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
    let silent = ftps.passive();
    ftps.expect("STOR file", "150 ");
    // Answered during the handshake, not after it.
    ftps.expect("NOOP", "200 ");
    ftps.expect_reply("522 ");
    drop(silent);
    let _silent = ftps.passive();
    ftps.expect("LIST", "150 ");
    ftps.expect("ABOR", "426 ");
    ftps.expect_reply("226 ");
}

#[test]
fn data_connections_resume_the_control_session() {
    let certificate = Certificate::new("resume");
    let server = certificate.serve(Setup::local(), "required").option("log_level", "DEBUG").start();
    for version in VERSIONS {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), version));
        for _ in 0..2 {
            let mut data = ftps.begin("STOR file");
            assert_eq!(data.conn.handshake_kind(), Some(rustls::HandshakeKind::Resumed));
            data.write_all(b"x").expect("taken");
            finish(data);
            ftps.expect_reply("226 ");
        }
    }
}

fn upload_without_close_notify(server: &TestServer, certificate: &Certificate, expected: &str) {
    for version in VERSIONS {
        let mut ftps = Ftps::login(server, &trusting(&certificate.cert(), version));
        let mut data = ftps.begin("STOR file");
        data.write_all(b"as far as it came").expect("taken");
        cut(&mut data);
        ftps.expect_reply(expected);
    }
}

#[test]
fn an_end_without_close_notify_is_an_end() {
    let certificate = Certificate::new("cut");
    let server = certificate.serve(Setup::local(), "required").start();
    upload_without_close_notify(&server, &certificate, "226 ");
    server.stored().expect("file", b"as far as it came");
}

#[test]
fn an_end_without_close_notify_can_be_an_interruption() {
    let certificate = Certificate::new("cut");
    let server = certificate
        .serve(Setup::local(), "required")
        .tls("tls_require_close_notify", "true")
        .option("partial_upload", "discard")
        .start();
    upload_without_close_notify(&server, &certificate, "426 ");
    server.wait_for_log("data connection ended without TLS close_notify, nothing kept");
    assert!(server.stored().files().is_empty());
    // An empty file, too: its end is all there is of it.
    let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
    let mut data = ftps.begin("STOR empty");
    cut(&mut data);
    ftps.expect_reply("426 ");
    ftps.store("STOR file", b"all of it");
    assert_eq!(server.stored().files(), ["file"]);
}

#[test]
fn abor_ends_transfers_in_either_direction() {
    let certificate = Certificate::new("abor");
    let server =
        certificate.serve(Setup::bucket(), "required").option("partial_upload", "discard").start();
    server.stored().put("large", &noise(1, LARGE));
    for version in VERSIONS {
        let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), version));
        let mut data = ftps.begin("RETR large");
        data.read_exact(&mut [0; 100_000]).expect("it has begun");
        ftps.expect("ABOR", "426 ");
        ftps.expect_reply("226 ");
        // What is missing is not passed off as an end.
        assert!(data.read_to_end(&mut Vec::new()).is_err(), "an end by close_notify");
        let mut data = ftps.begin("STOR half");
        data.write_all(&noise(2, 7_000_000)).expect("taken");
        ftps.expect("ABOR", "426 ");
        ftps.expect_reply("226 ");
        assert_eq!(server.stored().files(), ["large"]);
        assert_eq!(ftps.fetch("RETR large").len(), LARGE);
    }
}

#[test]
fn a_lost_control_connection_interrupts_an_upload() {
    let certificate = Certificate::new("lost");
    let server =
        certificate.serve(Setup::local(), "required").option("partial_upload", "discard").start();
    let config = trusting(&certificate.cert(), TLS_1_3);
    let mut ftps = Ftps::login(&server, &config);
    ftps.store("STOR file", b"earlier");
    let mut data = ftps.begin("STOR file");
    data.write_all(&noise(3, 1_000_000)).expect("taken");
    ftps.socket().shutdown(std::net::Shutdown::Both).expect("connected");
    data.conn.send_close_notify();
    let _ = data.flush();
    server.wait_for_log("left without waiting, nothing kept");
    server.stored().expect("file", b"earlier");
}

#[test]
fn commands_sent_ahead_are_answered_in_their_order() {
    let certificate = Certificate::new("ahead");
    let server = certificate.serve(Setup::local(), "optional").start();
    let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_3));
    // More than are read ahead, in one record: those that stay decrypted must wake the session too.
    let many: String = (0..150).map(|i| format!("REST {i:0>100}\r\n")).collect();
    ftps.send(many.trim_end());
    for i in 0..150 {
        let reply = ftps.expect_reply("350 ");
        assert!(reply.contains(&format!(" {i}")), "{i}: {reply}");
    }
    ftps.expect("NOOP", "200 ");
}

#[test]
fn protection_is_chosen_for_each_transfer() {
    let certificate = Certificate::new("choice");
    let server = certificate.serve(Setup::local(), "optional").start();
    let mut ftps = Ftps::login(&server, &trusting(&certificate.cert(), TLS_1_2));
    ftps.store("STOR file", b"encrypted");
    ftps.expect("PROT C", "200 ");
    let mut data: TcpStream = ftps.passive();
    ftps.expect("RETR file", "150 ");
    let mut bytes = Vec::new();
    data.read_to_end(&mut bytes).expect("plain data");
    ftps.expect_reply("226 ");
    assert_eq!(bytes, b"encrypted");
    ftps.expect("PROT P", "200 ");
    assert_eq!(ftps.fetch("RETR file"), b"encrypted");
    // Clients that never heard of it are served beside.
    assert_eq!(Ftp::login(&server).fetch("RETR file"), b"encrypted");
}
