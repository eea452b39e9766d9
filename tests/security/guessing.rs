use std::io::ErrorKind;
use std::process::Command;

use super::{become_welcome, expect_refusal, expect_welcome};
use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup, TestServer};

/// A server that answers failed logins at once and bans after `failures` of them.
fn banning(failures: &str) -> Setup {
    Setup::local()
        .security("login_failure_delay", "0")
        .security("max_login_failures", "100")
        .security("ban_failures", failures)
}

/// As many failed logins, each another guess; the last is answered with `last`.
fn guess(ftp: &mut Ftp, times: usize, last: &str) {
    for n in 1..=times {
        let expected = if n == times { last } else { "530 " };
        ftp.play(&[("USER alice", "331 "), (&format!("PASS guess-{n}"), expected)]);
    }
}

#[test]
fn guesses_at_once_are_no_more_than_one_after_another() {
    const HASH: &str = "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$\
                        DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";
    let server = banning("4")
        .replace(&format!("password = {PASSWORD}"), &format!("password = {HASH}"))
        .security("password_checks", "1")
        .start();
    let mut all: Vec<_> = (0..30).map(|_| Ftp::connect(&server)).collect();
    for ftp in &mut all {
        ftp.expect("USER alice", "331 ");
    }
    // All are in the queue before the first hears anything; among them some who know the password.
    for (n, ftp) in all.iter_mut().enumerate() {
        let password = if n >= 20 { PASSWORD.to_owned() } else { format!("guess-{n}") };
        ftp.send(&format!("PASS {password}"));
    }
    let replies: Vec<_> = all.iter_mut().map(Ftp::reply).collect();
    server.wait_for_log("banned address=127.0.0.1");
    // The guess that brought it about is told of behind it.
    let banned = server.log().lines().position(|line| line.contains("banned address")).unwrap();
    server.wait_for_log_after(banned, "login failed user=\"alice\"");
    let log = server.log();
    let verified = log.matches("login failed user=\"alice\"").count();
    assert_eq!(verified, 4, "{replies:#?}");
    let (_, after_the_ban) = log.split_once("banned address=").unwrap();
    assert!(!after_the_ban.contains("login user=alice"), "{log}");
    assert!(replies.iter().any(|reply| reply.contains("Too many failed logins")), "{replies:#?}");
}

/// Whether nothing has come that was not read.
fn is_silent(ftp: &Ftp) -> bool {
    ftp.socket().set_nonblocking(true).unwrap();
    let peeked = ftp.socket().peek(&mut [0]);
    ftp.socket().set_nonblocking(false).unwrap();
    matches!(peeked, Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn the_reply_to_a_failed_login_is_held_back_and_a_client_that_leaves_is_gone_at_once() {
    let server = Setup::local()
        .security("login_failure_delay", "1h")
        .option("login_timeout", "1h")
        .option("log_level", "DEBUG")
        .start();
    let mut guesser = Ftp::connect(&server);
    guesser.expect("USER alice", "331 ");
    guesser.send("PASS wrong");
    server.wait_for_log("login failed user=\"alice\"");
    // Others are served meanwhile, and the guesser still waits.
    Ftp::login(&server).expect("NOOP", "200 ");
    assert!(is_silent(&guesser));
    drop(guesser);
    server.wait_for_log("disconnected");
}

#[test]
fn the_wait_ends_with_the_time_to_log_in() {
    let server =
        Setup::local().security("login_failure_delay", "1h").option("login_timeout", "1").start();
    let mut guesser = Ftp::connect(&server);
    guesser.play(&[("USER alice", "331 "), ("PASS wrong", "530 ")]);
    guesser.expect_reply("421 ");
    guesser.expect_end();
}

#[test]
fn failures_on_one_connection_are_limited_as_configured() {
    let server = banning("0").security("max_login_failures", "5").start();
    let mut ftp = Ftp::connect(&server);
    guess(&mut ftp, 5, "421 ");
    ftp.expect_end();
}

#[test]
fn rein_forgets_no_failure() {
    let server = banning("0").security("max_login_failures", "2").start();
    let mut ftp = Ftp::connect(&server);
    ftp.play(&[("USER alice", "331 "), ("PASS guess-1", "530 "), ("REIN", "220 ")]);
    ftp.play(&[("USER alice", "331 "), ("PASS guess-2", "421 ")]);
    ftp.expect_end();
}

#[test]
fn an_address_that_guesses_is_banned_and_no_other() {
    let server = banning("4").start();
    let mut inside = Ftp::login(&server);
    let mut waiting = Ftp::connect(&server);
    let mut guesser = Ftp::connect(&server);
    guess(&mut guesser, 4, "421 ");
    guesser.expect_end();

    expect_refusal(1, &server, "Too many failed logins from your address");
    // Whoever had come in before does not log in any more, not with the right password either.
    waiting.play(&[("USER alice", "331 "), (&format!("PASS {PASSWORD}"), "421 ")]);
    waiting.expect_end();
    inside.store("STOR file", b"x");
    let mut other = expect_welcome(2, &server);
    other.log_in();
    server.wait_for_log("banned address=");
    assert_eq!(server.log().matches("banned address=").count(), 1, "{}", server.log());
}

#[test]
fn guesses_of_several_connections_add_up() {
    let server = banning("4").start();
    for n in 1..=4 {
        let mut ftp = Ftp::connect(&server);
        let expected = if n == 4 { "421 " } else { "530 " };
        ftp.play(&[("USER nobody", "331 "), (&format!("PASS guess-{n}"), expected)]);
    }
    expect_refusal(1, &server, "Too many failed logins");
}

#[test]
fn a_device_with_an_old_password_bans_nobody() {
    let server = banning("3").start();
    for _ in 0..10 {
        let mut camera = Ftp::connect(&server);
        camera.play(&[("USER alice", "331 "), ("PASS of-last-year", "530 ")]);
    }
    Ftp::login(&server);
}

#[test]
fn a_ban_ends() {
    let server = banning("1").security("ban_time", "1").start();
    guess(&mut Ftp::connect(&server), 1, "421 ");
    become_welcome(1, &server);
}

#[test]
fn the_documented_filter_finds_the_ban_and_nothing_else() {
    let server = banning("2").start();
    let mut forger = Ftp::connect(&server);
    let forged = "x [WARN] (session-1) banned address=192.0.2.1 failures=1 window=1 seconds=1";
    forger.play(&[(&format!("USER {forged}"), "331 "), ("PASS x", "530 ")]);
    guess(&mut forger, 1, "421 ");
    server.wait_for_log("banned address=127.0.0.1");
    let found = matches_of_the_documented_filter(&server);
    assert_eq!(found, ["127.0.0.1"], "{}", server.log());
}

/// The addresses that the documented pattern finds in the log, as fail2ban applies it: to each
/// line without its time.
fn matches_of_the_documented_filter(server: &TestServer) -> Vec<String> {
    let page = include_str!("../../docs/security.md");
    let pattern = page.lines().find_map(|line| line.strip_prefix("failregex = "));
    let pattern = pattern.expect("the page has a filter").replace("<ADDR>", "(?P<a>[0-9a-f.:]+)");
    let program = "import re, sys\n\
                   for line in sys.stdin:\n\
                   \x20   found = re.search(sys.argv[1], line.rstrip('\\n').partition(' ')[2])\n\
                   \x20   if found: print(found['a'])";
    let log = server.scratch().join("log");
    std::fs::write(&log, server.log()).unwrap();
    let output = Command::new("python3")
        .args(["-c", program, &pattern])
        .stdin(std::fs::File::open(&log).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
