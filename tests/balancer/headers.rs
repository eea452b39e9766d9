use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

use cos_ftp_server::net::Balancers;
use cos_ftp_server::server::{Server, ServerOptions, Stopped};
use cos_ftp_server::session::SessionOptions;
use cos_ftp_server::users::Users;
use socket2::SockRef;

use crate::support::ftp::{Data, Ftp, connect_from};
use crate::support::server::{Setup, TestServer};

/// Addresses of one machine, each of which plays somebody.
const BALANCER: &str = "127.0.0.3";
const STRANGER: &str = "127.0.0.4";

/// `192.0.2.9:51234` connected to `203.0.113.7:21`.
const V1: &[u8] = b"PROXY TCP4 192.0.2.9 203.0.113.7 51234 21\r\n";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x09\xcb\0\x71\x07\xc8\x22\0\x15";
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0";

fn behind_balancer() -> Setup {
    Setup::local().operations("proxy_protocol_from", BALANCER).option("log_level", "DEBUG")
}

#[test]
fn a_header_tells_log_and_session_who_the_client_is() {
    for header in [V1, V2] {
        let server = behind_balancer().start();
        let mut ftp = relayed(&server, header);
        ftp.log_in();
        assert!(ftp.ask("STAT").contains("Connected from 192.0.2.9"));
        server.wait_for_log("login user=alice peer=192.0.2.9:51234");
        // Active data connections go to the client and not to the balancer.
        ftp.play(&[("PORT 127,0,0,3,200,1", "501 "), ("PORT 192,0,2,9,200,1", "200 ")]);
        // What the client knows us by.
        let named = ftp.pasv();
        assert_eq!(named.ip(), Ipv4Addr::new(203, 0, 113, 7));
    }
}

#[test]
fn a_failed_login_is_the_clients() {
    let server = behind_balancer().start();
    let mut ftp = relayed(&server, V2);
    ftp.play(&[("USER alice", "331 "), ("PASS wrong", "530 ")]);
    server.wait_for_log("login failed user=\"alice\" peer=192.0.2.9:51234");
}

/// What a balancer says of a client at 192.0.2.`n`.
fn announcing(n: u8) -> Vec<u8> {
    format!("PROXY TCP4 192.0.2.{n} 203.0.113.7 51234 21\r\n").into_bytes()
}

/// The balancer's next connection for a client at 192.0.2.`n` is refused.
fn expect_refusal(server: &TestServer, n: u8, reason: &str) {
    let mut ftp = Ftp::over(connect(BALANCER, server.address()));
    ftp.send_bytes(&announcing(n));
    let reply = ftp.expect_reply("421 ");
    assert!(reply.contains(reason), "{reply}");
    ftp.expect_end();
}

#[test]
fn bans_and_limits_are_for_the_client_and_not_for_the_balancer() {
    let server = behind_balancer()
        .security("login_failure_delay", "0")
        .security("ban_failures", "2")
        .security("max_sessions_per_address", "2")
        .start();
    let mut guesser = relayed(&server, &announcing(1));
    guesser.play(&[("USER alice", "331 "), ("PASS guess-1", "530 ")]);
    guesser.play(&[("USER alice", "331 "), ("PASS guess-2", "421 ")]);
    server.wait_for_log("banned address=192.0.2.1 ");
    expect_refusal(&server, 1, "Too many failed logins");
    let (mut first, _second) = (relayed(&server, &announcing(2)), relayed(&server, &announcing(2)));
    first.log_in();
    expect_refusal(&server, 2, "Too many sessions from your address");
    relayed(&server, &announcing(3)).log_in();
}

#[test]
fn the_balancers_own_address_needs_leave_for_its_health_checks_alone() {
    for (allowed, greeting) in [("192.0.2.2", "421 "), ("192.0.2.2, 127.0.0.3", "220 ")] {
        let server = behind_balancer().security("allow_addresses", allowed).start();
        relayed(&server, &announcing(2)).log_in();
        expect_refusal(&server, 1, "No service for your address");
        let mut check = Ftp::over(connect(BALANCER, server.address()));
        check.send_bytes(LOCAL);
        check.expect_reply(greeting);
    }
}

#[test]
fn anybody_elses_header_is_a_garbled_command() {
    let server = behind_balancer().start();
    let mut ftp = Ftp::over(connect(STRANGER, server.address()));
    ftp.expect_reply("220 ");
    ftp.send_bytes(V1);
    let reply = ftp.reply();
    assert!(reply.starts_with('5') || reply.starts_with("421 "), "{reply}");
    assert!(!server.log().contains("192.0.2.9:51234"), "{}", server.log());
}

#[test]
fn without_the_key_nobodys_header_is_believed() {
    let server = Setup::local().option("log_level", "DEBUG").start();
    let mut ftp = Ftp::over(connect(BALANCER, server.address()));
    ftp.expect_reply("220 ");
    ftp.send_bytes(V1);
    let reply = ftp.reply();
    assert!(reply.starts_with('5') || reply.starts_with("421 "), "{reply}");
    assert!(!server.log().contains("192.0.2.9:51234"), "{}", server.log());
}

#[test]
fn a_balancer_that_sends_something_else_is_dropped_with_a_line_in_the_log() {
    let server = behind_balancer().start();
    let mut balancer = connect(BALANCER, server.address());
    balancer.write_all(b"USER alice\r\n").expect("sent");
    assert_eq!(all_of(balancer), "");
    let line = server.wait_for_log("no PROXY header");
    assert!(line.contains("[WARN]") && line.contains("proxy_protocol_from 127.0.0.3"), "{line}");
}

#[test]
fn health_checks_are_answered_and_leave_no_trace() {
    let server = behind_balancer().start();
    // By connecting, with an end and with a reset; by a header that names nobody.
    drop(connect(BALANCER, server.address()));
    let reset = connect(BALANCER, server.address());
    SockRef::from(&reset).set_linger(Some(Duration::ZERO)).expect("an option");
    drop(reset);
    for header in [LOCAL, b"PROXY UNKNOWN\r\n"] {
        let mut balancer = connect(BALANCER, server.address());
        balancer.write_all(header).expect("sent");
        let mut greeting = [0; 4];
        balancer.read_exact(&mut greeting).expect("a greeting");
        assert_eq!(&greeting, b"220 ");
    }
    // The log is in order: after this line, what was before has been told.
    let mut ftp = relayed(&server, V1);
    ftp.log_in();
    server.wait_for_log("login user=alice");
    let log = server.log();
    let loud = |line: &&str| line.contains(" (session-") && !line.contains("[DEBUG]");
    let told: Vec<_> = log.lines().filter(loud).collect();
    assert_eq!(told.len(), 1, "{log}");
}

#[test]
fn files_pass_through_the_balancer_with_and_without_headers_on_data_connections() {
    for (headers, header) in [("true", V2), ("false", b"")] {
        let server = behind_balancer().operations("proxy_protocol_data", headers).start();
        let mut ftp = relayed(&server, V2);
        ftp.log_in();
        ftp.expect("TYPE I", "200 ");
        let data = passive(&mut ftp, header);
        ftp.store_over(data, "STOR file", b"by way of the balancer");
        server.stored().expect("file", b"by way of the balancer");
        let data = passive(&mut ftp, header);
        assert_eq!(ftp.fetch_over(data, "RETR file"), b"by way of the balancer");
    }
}

#[test]
fn the_balancers_other_clients_cannot_take_a_passive_port() {
    let server = behind_balancer().option("data_connect_timeout", "1").start();
    let mut ftp = relayed(&server, V2);
    ftp.log_in();
    let data = passive(&mut ftp, b"PROXY TCP4 192.0.2.66 203.0.113.7 51234 40000\r\n");
    ftp.send("STOR file");
    ftp.expect_reply("150 ");
    ftp.expect_reply("425 ");
    drop(data);
    server.wait_for_log("connection from 192.0.2.66:51234 refused");
    assert!(server.stored().files().is_empty());
}

#[test]
fn a_balancer_that_stays_silent_is_dropped_in_time() {
    let server = in_process(Duration::from_millis(10));
    let client = TcpStream::connect(server.local_addrs()[0]).expect("it accepts");
    let stopper = server.stopper();
    let running = thread::spawn(move || server.run());
    assert_eq!(all_of(client), "");
    stopper.stop();
    assert_eq!(running.join().expect("no panic").expect("it ran"), Stopped::Gracefully);
}

#[test]
fn a_stop_waits_for_no_header() {
    let server = in_process(Duration::from_secs(600));
    let client = TcpStream::connect(server.local_addrs()[0]).expect("it accepts");
    let stopper = server.stopper();
    let running = thread::spawn(move || server.run());
    stopper.stop();
    assert_eq!(running.join().expect("no panic").expect("it ran"), Stopped::Gracefully);
    drop(client);
}

/// A server in this process for which every address of this machine is a balancer.
fn in_process(timeout: Duration) -> Server {
    let from = "127.0.0.0/8".parse().expect("a network");
    let balancers = Balancers { from, timeout, ..Balancers::default() };
    let options = ServerOptions {
        listen_addresses: vec![Ipv4Addr::LOCALHOST.into()],
        listen_port: 0,
        session: SessionOptions { balancers, ..SessionOptions::default() },
        ..ServerOptions::default()
    };
    Server::bind(options, Users::default()).expect("a port")
}

/// A control connection from the balancer, with the greeting taken.
fn relayed(server: &TestServer, header: &[u8]) -> Ftp {
    let mut ftp = Ftp::over(connect(BALANCER, server.address()));
    ftp.send_bytes(header);
    ftp.expect_reply("220 ");
    ftp
}

/// A data connection from the balancer.
fn passive(ftp: &mut Ftp, header: &[u8]) -> Data {
    let reply = ftp.expect("EPSV", "229 ");
    let port = reply.split('|').nth(3).and_then(|text| text.parse().ok()).expect("a port");
    let mut stream = connect(BALANCER, (ftp.server().ip(), port).into());
    stream.write_all(header).expect("sent");
    Data::Passive(stream)
}

fn connect(from: &str, to: SocketAddr) -> TcpStream {
    connect_from(from.parse().expect("an address"), to)
}

/// What the server says until it closes.
fn all_of(mut connection: TcpStream) -> String {
    connection.set_read_timeout(Some(Duration::from_secs(30))).expect("a time limit");
    let mut said = String::new();
    match connection.read_to_string(&mut said) {
        Err(error) if error.kind() != std::io::ErrorKind::ConnectionReset => panic!("{error}"),
        _ => said,
    }
}
