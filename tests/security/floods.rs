use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::{expect_welcome, socket_from};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// `max_connection_num`
const CONNECTIONS: usize = 64;

/// Connections of the flood, all held open.
const FLOOD: usize = 400;

#[test]
fn a_flood_from_one_address_takes_nothing_from_those_inside() {
    let server = server();
    let (upload, data) = begin_upload(&server);
    let flood: Vec<TcpStream> = (0..FLOOD).map(|_| socket_from(9, server.address())).collect();
    let welcome = flood.iter().filter(|socket| first_line(socket).starts_with("220 ")).count();
    assert!((1..=CONNECTIONS / 4).contains(&welcome), "{welcome} of the flood were let in");
    assert!(threads(&server) <= CONNECTIONS, "{} threads", threads(&server));
    assert!(descriptors(&server) <= 2 * CONNECTIONS, "{} descriptors", descriptors(&server));

    // Those inside go on, begin transfers, and others come in.
    let mut newcomer = expect_welcome(2, &server);
    newcomer.log_in();
    newcomer.expect("PWD", "257 ");
    work_goes_on(&server, Ftp::login(&server), upload, data);
    drop(flood);
}

#[test]
fn a_flood_from_many_addresses_takes_half_of_the_places() {
    let server = server();
    let inside = Ftp::login(&server);
    let (upload, data) = begin_upload(&server);
    let flood: Vec<TcpStream> =
        (0..FLOOD).map(|n| socket_from(10 + (n % 200) as u8, server.address())).collect();
    let welcome = flood.iter().filter(|socket| first_line(socket).starts_with("220 ")).count();
    // More only by taking the places of others, who have been silent for a while.
    assert!(welcome >= CONNECTIONS / 2, "{welcome} of the flood were let in");
    assert!(threads(&server) <= CONNECTIONS, "{} threads", threads(&server));
    // Nobody comes in now, but whoever is inside works on.
    work_goes_on(&server, inside, upload, data);
    drop(flood);
}

/// Small files are stored, and the upload of [`begin_upload`] is completed.
fn work_goes_on(server: &TestServer, mut inside: Ftp, mut upload: Ftp, mut data: TcpStream) {
    for n in 0..20 {
        inside.store(&format!("STOR small-{n}"), b"small");
    }
    data.write_all(b" and the end").unwrap();
    drop(data);
    upload.expect_reply("226 ");
    server.stored().expect("large", b"the beginning and the end");
}

#[test]
fn clients_that_are_banned_cost_no_thread() {
    let server = Setup::local()
        .security("login_failure_delay", "0")
        .security("ban_failures", "1")
        .security("max_connections_per_minute", "0")
        .start();
    let mut guesser = expect_welcome(9, &server);
    guesser.play(&[("USER alice", "331 "), ("PASS wrong", "421 ")]);
    let mut inside = Ftp::login(&server);
    inside.expect("NOOP", "200 ");
    server.wait_for_log("banned address=127.0.0.9");
    let (before, own_threads) = (server.log(), threads(&server));
    let flood: Vec<TcpStream> = (0..FLOOD).map(|_| socket_from(9, server.address())).collect();
    assert!(flood.iter().all(|socket| first_line(socket).starts_with("421 ")));
    assert!(threads(&server) <= own_threads, "{} threads", threads(&server));
    inside.store("STOR file", b"x");
    // Nor did any of them have one that has ended meanwhile: sessions are numbered.
    expect_welcome(2, &server).log_in();
    server.wait_for_log("(session-3) login user=alice peer=127.0.0.2:");
    server.wait_for_log("refused address=127.0.0.9");
    let log = server.log();
    let told = log.strip_prefix(&before).unwrap().matches("127.0.0.9").count();
    assert_eq!(told, 1, "a flood of connections is no flood of log lines: {log}");
    assert!(!log.contains("no thread"), "{log}");
}

fn server() -> TestServer {
    Setup::local().option("max_connection_num", &CONNECTIONS.to_string()).start()
}

/// An upload of which the beginning has arrived.
fn begin_upload(server: &TestServer) -> (Ftp, TcpStream) {
    let mut upload = Ftp::login(server);
    let data = upload.passive();
    upload.expect("STOR large", "150 ");
    let mut data = data.open();
    data.write_all(b"the beginning").unwrap();
    (upload, data)
}

/// What a connection of the flood hears first; it stays open on our side.
fn first_line(mut socket: &TcpStream) -> String {
    let mut line = [0; 128];
    let bytes = socket.read(&mut line).unwrap_or_default();
    String::from_utf8_lossy(&line[..bytes]).into_owned()
}

fn threads(server: &TestServer) -> usize {
    fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().count()
}

fn descriptors(server: &TestServer) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count()
}
