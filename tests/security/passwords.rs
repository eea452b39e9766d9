use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup, USER};

/// [`PASSWORD`], by crypt(3) and by Argon2.
const HASHES: [&str; 2] = [
    "$6$rounds=10000$saltsalt$7.WKRTjJY3BSzdYpVfCXF0ZCOE2moSxrSm8Ui8cuY9haYdxbHeCWDhuzUcOf/\
     wM6eo4kd.y33JMIoduClw5jz0",
    "$argon2id$v=19$m=8192,t=2,p=1$c2FsdHNhbHRzYWx0$DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY",
];

#[test]
fn a_hash_stands_for_its_password_and_not_for_itself() {
    for hash in HASHES {
        let server = Setup::local()
            .replace(&format!("password = {PASSWORD}"), &format!("password = {hash}"))
            .security("login_failure_delay", "0")
            .start();
        for wrong in ["wrong", hash, ""] {
            let mut ftp = Ftp::connect(&server);
            ftp.expect(&format!("USER {USER}"), "331 ");
            let reply = ftp.ask(&format!("PASS {wrong}"));
            assert!(reply.starts_with("530 ") || reply.starts_with("501 "), "{reply}");
        }
        // The second is recognised without computing.
        for _ in 0..2 {
            Ftp::login(&server).store("STOR file", b"x");
        }
        assert!(!server.log().contains("saltsalt"), "{}", server.log());
    }
}

#[test]
fn whoever_leaves_while_waiting_for_a_turn_is_gone_at_once() {
    // Takes some seconds to compute.
    let hash = "$argon2id$v=19$m=131072,t=24,p=1$c2FsdHNhbHRzYWx0$\
                DVQ1OgIQaV5nNtRAEhbIQQ6SW6FSoVemddTWXYIYWnY";
    let server = Setup::local()
        .replace(&format!("password = {PASSWORD}"), &format!("password = {hash}"))
        .security("password_checks", "1")
        .option("log_level", "DEBUG")
        .start();
    for n in 1..=3 {
        let mut ftp = Ftp::connect(&server);
        ftp.expect(&format!("USER {USER}"), "331 ");
        ftp.send(&format!("PASS guess-{n}"));
    }
    // One of the three has its turn.
    let left = server.wait_for_line(|line| line.contains("left before its turn"));
    let session = &left[left.find("(session-").unwrap()..left.find(") ").unwrap()];
    server.wait_for_line(|line| line.contains("left before its turn") && !line.contains(session));
    assert!(!server.log().contains("login failed"), "{}", server.log());
}
