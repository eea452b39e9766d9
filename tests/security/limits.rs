use std::io::Write;
use std::net::TcpStream;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cos_ftp_server::limits;

use super::{become_welcome, connect_from, expect_refusal, expect_welcome};
use crate::support::ftp::Ftp;
use crate::support::polling::pause;
use crate::support::server::Setup;

#[test]
fn an_address_has_so_many_sessions() {
    let server = Setup::local()
        .security("max_sessions_per_address", "2")
        .option("log_level", "DEBUG")
        .start();
    let (first, _second) = (Ftp::login(&server), Ftp::connect(&server));
    expect_refusal(1, &server, "Too many sessions from your address");
    expect_welcome(2, &server).log_in();
    drop(first);
    server.wait_for_log("logout user=alice");
    // The session's place is free when its thread has ended.
    become_welcome(1, &server);
}

#[test]
fn a_user_has_so_many_sessions() {
    let server =
        Setup::local().account("bob", "R", "true").security("max_sessions_per_user", "1").start();
    let mut first = Ftp::login(&server);
    let mut second = Ftp::connect(&server);
    second.expect("USER alice", "331 ");
    let reply = second.expect("PASS secret-1", "421 ");
    assert!(reply.contains("this user"), "{reply}");
    second.expect_end();
    Ftp::login_as(&server, "bob");
    first.expect("REIN", "220 ");
    Ftp::login(&server);
}

#[test]
fn an_address_connects_so_often() {
    let server = Setup::local().security("max_connections_per_minute", "5").start();
    for _ in 0..5 {
        Ftp::connect(&server);
    }
    for _ in 0..3 {
        expect_refusal(1, &server, "connects too often");
    }
    expect_welcome(2, &server);
    server.wait_for_log("refused address=127.0.0.1");
    let told = server.log().matches("refused address=127.0.0.1").count();
    assert_eq!(told, 1, "a flood of connections is no flood of log lines: {}", server.log());
}

#[test]
fn who_is_not_logged_in_takes_a_part_of_the_places() {
    let server = Setup::local().security("max_sessions_before_login", "20").start();
    let mut from_one: Vec<_> = (0..10).map(|_| expect_welcome(1, &server)).collect();
    expect_refusal(1, &server, "logging in");
    // Whoever logs in makes room.
    from_one[0].log_in();
    expect_welcome(1, &server);
}

#[test]
fn two_silent_addresses_keep_nobody_out() {
    let server = Setup::local().security("max_sessions_before_login", "20").start();
    let mut silent: Vec<_> = (0..20).map(|n| expect_welcome(1 + n % 2, &server)).collect();
    // Those who have come a moment ago are left alone.
    let mut newcomer = loop {
        let mut newcomer = connect_from(3, &server);
        let reply = newcomer.reply();
        if reply.starts_with("220 ") {
            break newcomer;
        }
        assert!(reply.contains("logging in"), "{reply}");
        thread::sleep(Duration::from_millis(100));
    };
    newcomer.log_in();
    // The oldest of them had to go.
    let told = silent[0].expect_reply("421 ");
    assert!(told.contains("you sent nothing"), "{told}");
    silent[0].expect_end();
    silent[19].log_in();
    server.wait_for_log("ended address=127.0.0.1 reason=\"silent before the login");
}

#[test]
fn silent_sessions_do_not_take_what_one_user_leaves() {
    let server =
        Setup::local().account("bob", "RW", "true").option("max_connection_num", "16").start();
    let _of_alice: Vec<_> = (0..14).map(|_| Ftp::login(&server)).collect();
    let _silent = [1, 2].map(|n| expect_welcome(n, &server));
    become_welcome(3, &server);
    server.wait_for_log("reason=\"silent before the login");
}

#[test]
fn silent_sessions_stop_no_transfer() {
    let server = Setup::local().option("max_connection_num", "8").start();
    let mut ftp = Ftp::login(&server);
    let _silent: Vec<_> = (0..7).map(|n| expect_welcome(1 + n % 2, &server)).collect();
    thread::sleep(limits::SILENCE_BEFORE_LOGIN);
    // Its connection, and one that is kept for others.
    ftp.store("STOR file", b"x");
    assert_eq!(ftp.list("NLST"), ["file"]);
}

#[test]
fn one_user_leaves_places_to_the_others() {
    let server =
        Setup::local().account("bob", "RW", "true").option("max_connection_num", "32").start();
    let mut of_alice: Vec<_> = (0..28).map(|_| Ftp::login(&server)).collect();
    let mut one_more = Ftp::connect(&server);
    one_more.expect("USER alice", "331 ");
    let reply = one_more.expect("PASS secret-1", "421 ");
    assert!(reply.contains("users without a session"), "{reply}");
    one_more.expect_end();
    // What is kept is no more alice's for transfers than for sessions.
    let mut bob = Ftp::login_as(&server, "bob");
    of_alice[0].play(&[("EPSV", "229 "), ("NLST", "150 ")]);
    of_alice[0].expect_reply("425 ");
    bob.store("STOR file", b"x");
    // With another key nobody has to leave anything.
    let server = Setup::local()
        .option("max_connection_num", "8")
        .security("reserved_connections", "0")
        .start();
    let _all: Vec<_> = (0..8).map(|_| Ftp::login(&server)).collect();
    expect_refusal(1, &server, "");
}

#[test]
fn commands_keep_their_pace() {
    let server = Setup::local().security("max_commands_per_second", "1").start();
    let mut ftp = Ftp::connect(&server);
    let before = Instant::now();
    ftp.send_bytes(b"NOOP\r\nNOOP\r\nNOOP\r\n");
    (0..3).for_each(|_| drop(ftp.expect_reply("200 ")));
    // The first is taken at once.
    assert!(before.elapsed() >= Duration::from_secs(2));
    // A client that leaves is not waited for.
    ftp.send_bytes(&b"NOOP\r\n".repeat(60));
    ftp.send("QUIT");
}

#[test]
fn a_passive_port_that_is_not_used_is_given_back() {
    let server = Setup::local()
        .network("passive_ports", "39990,39999")
        .option("data_connect_timeout", "1")
        .option("log_level", "DEBUG")
        .start();
    let mut ftp = Ftp::login(&server);
    let port = ftp.pasv();
    server.wait_for_log("the passive port was not used");
    assert!(TcpStream::connect(port).is_err());
    ftp.expect("NLST", "425 ");
    assert_eq!(ftp.list("NLST"), Vec::<String>::new());
}

/// Sends `bytes` again and again, until the server has closed the connection.
fn flood(ftp: &Ftp, bytes: Vec<u8>) -> JoinHandle<()> {
    let mut socket = ftp.socket().try_clone().unwrap();
    thread::spawn(move || while socket.write_all(&bytes).is_ok() {})
}

#[test]
fn a_line_that_never_ends_is_silence() {
    let server = Setup::local().option("idle_timeout", "1").start();
    // Byte by byte, and so fast that there is always more.
    for bytes in [1, 1 << 20] {
        let mut ftp = Ftp::login(&server);
        let flood = flood(&ftp, vec![b'x'; bytes]);
        let reply = ftp.reply();
        // If it was fast enough, it is too long a line first.
        if !reply.starts_with("421 ") {
            assert!(reply.starts_with("500 "), "{reply}");
            ftp.expect_reply("421 ");
        }
        drop(ftp);
        flood.join().unwrap();
    }
}

#[test]
fn a_line_of_a_mebibyte_is_no_ftp() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    let flood = flood(&ftp, vec![b'x'; 1 << 20]);
    ftp.expect_reply("500 ");
    ftp.expect_reply("421 This is an FTP server.");
    server.wait_for_log("not an FTP client but a line without end, peer=127.0.0.1:");
    drop(ftp);
    flood.join().unwrap();
}

#[test]
fn nobody_gains_time_to_log_in_by_commands_sent_ahead() {
    let server = Setup::local().option("login_timeout", "1").start();
    let mut ftp = Ftp::connect(&server);
    let flood = flood(&ftp, b"NOOP\r\n".repeat(10_000));
    let patience = Instant::now() + Duration::from_secs(20);
    while ftp.reply().starts_with("200 ") {
        assert!(Instant::now() < patience, "it is served for ever");
    }
    drop(ftp);
    flood.join().unwrap();
}

#[test]
fn nobody_gains_time_to_log_in_by_rein() {
    let server = Setup::local().option("login_timeout", "1").start();
    let mut ftp = Ftp::connect(&server);
    let patience = Instant::now() + Duration::from_secs(20);
    loop {
        assert!(Instant::now() < patience, "it is served for ever");
        let reply = ftp.ask("REIN");
        if reply.starts_with("421 ") {
            break;
        }
        assert!(reply.starts_with("220 "), "{reply}");
        pause();
    }
    ftp.expect_end();
}
