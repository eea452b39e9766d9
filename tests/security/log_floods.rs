use std::io::Read;

use cos_ftp_server::limits;

use super::socket_from;
use crate::support::ftp::Ftp;
use crate::support::server::Setup;

/// How often each refusal is brought about.
const TIMES: usize = 50;

#[test]
fn what_a_client_repeats_is_told_once_and_counted() {
    let mut server = Setup::local().security("login_failure_delay", "0").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR file", b"x");
    for _ in 0..TIMES {
        ftp.expect("PORT 192,0,2,1,156,64", "501 ");
        // Nobody listens there.
        ftp.play(&[("PORT 127,0,0,1,4,1", "200 "), ("NLST", "150 ")]);
        ftp.expect_reply("425 ");
        ftp.play(&[("EPSV", "229 "), ("REST 9", "350 "), ("STOR file", "554 ")]);
    }
    drop(ftp);
    // Each failed login is a line of its own: other programs count them.
    for n in 1..=3 {
        let mut guesser = Ftp::connect(&server);
        guesser.play(&[("USER alice", "331 "), (&format!("PASS guess-{n}"), "530 ")]);
    }
    server.wait_for_log("logout user=alice");
    assert!(server.stop().success());
    let log = server.log();
    for (line, reason) in [
        ("PORT to a foreign address 192.0.2.1:40000 refused", "PORT to a foreign address"),
        ("no data connection, peer=", "no data connection"),
        ("transfer failed: ", "a restart beyond the end of a file"),
    ] {
        assert_eq!(log.matches(line).count(), 1, "{line}:\n{log}");
        let left_out =
            format!("left out lines={} reason=\"{reason}\" address=127.0.0.1", TIMES - 1);
        assert!(log.contains(&left_out), "{left_out}:\n{log}");
    }
    assert_eq!(log.matches("login failed user=\"alice\"").count(), 3, "{log}");
}

/// A camera with an old password: it bans nobody behind its address, and fills no log.
#[test]
fn the_same_wrong_login_is_told_once_and_then_counted() {
    let setup = Setup::local().security("login_failure_delay", "0").security("ban_failures", "3");
    let mut server = setup.start();
    for _ in 0..TIMES {
        let mut camera = Ftp::connect(&server);
        camera.play(&[("USER alice", "331 "), ("PASS old", "530 ")]);
    }
    drop(Ftp::login(&server));
    server.wait_for_log("logout user=alice");
    assert!(server.stop().success());
    let log = server.log();
    // The first of all, and the first that is the same.
    assert_eq!(log.matches("login failed user=\"alice\"").count(), 2, "{log}");
    let left_out =
        format!("left out lines={} reason=\"wrong logins again\" address=127.0.0.1", TIMES - 2);
    assert!(log.contains(&left_out), "{left_out}:\n{log}");
}

/// Where nobody is banned, each of a hundred guesses has its line; then they are counted.
#[test]
fn guesses_without_end_fill_no_log() {
    let setup = Setup::local().security("login_failure_delay", "0").security("ban_failures", "0");
    let mut server = setup.security("max_login_failures", "1000").start();
    let mut guesser = Ftp::connect(&server);
    let told = limits::FAILURES_TOLD as usize;
    for n in 0..told + TIMES {
        guesser.play(&[("USER alice", "331 "), (&format!("PASS guess-{n}"), "530 ")]);
    }
    drop(guesser);
    drop(Ftp::login(&server));
    server.wait_for_log("logout user=alice");
    assert!(server.stop().success());
    let log = server.log();
    assert_eq!(log.matches("login failed user=\"alice\"").count(), told + 1, "{log}");
}

#[test]
fn strangers_at_passive_ports_fill_no_log() {
    let mut server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    for _ in 0..TIMES {
        let mut stranger = socket_from(2, ftp.pasv());
        assert_eq!(stranger.read(&mut [0]).unwrap(), 0);
        let port = ftp.pasv();
        let _both = [socket_from(1, port), socket_from(1, port)];
        ftp.expect("NLST", "150 ");
        ftp.expect_reply("425 ");
    }
    drop(ftp);
    server.wait_for_log("logout user=alice");
    assert!(server.stop().success());
    let log = server.log();
    for (line, reason) in [
        ("connection from 127.0.0.2:", "strangers at a passive port"),
        ("more than one connection", "several connections to a passive port"),
    ] {
        assert_eq!(log.matches(line).count(), 1, "{line}:\n{log}");
        let left_out =
            format!("left out lines={} reason=\"{reason}\" address=127.0.0.1", TIMES - 1);
        assert!(log.contains(&left_out), "{left_out}:\n{log}");
    }
}
