use crate::support::ftp::Ftp;
use crate::support::server::{PASSWORD, Setup};

#[test]
fn what_works_before_login() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    ftp.play(&[
        ("NOOP", "200 "),
        ("SYST", "215 UNIX Type: L8"),
        ("FEAT", "211-"),
        ("HELP", "214"),
        ("HELP STOR", "214 "),
        ("HELP NONSENSE", "502 "),
        ("OPTS UTF8 ON", "200 "),
        ("OPTS UTF8 OFF", "200 "),
        ("OPTS utf8 on", "200 "),
        ("OPTS NONSENSE", "501 "),
        ("CLNT a client", "200 "),
        ("REIN", "220 "),
        ("ACCT x", "202 "),
        ("NONSENSE", "500 "),
        ("QUIT", "221 "),
    ]);
    ftp.expect_end();
}

#[test]
fn what_needs_a_login() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    for line in [
        "PWD",
        "XPWD",
        "CWD /",
        "XCWD /",
        "CDUP",
        "XCUP",
        "MKD a",
        "XMKD a",
        "RMD a",
        "XRMD a",
        "DELE a",
        "RNFR a",
        "RNTO a",
        "LIST",
        "NLST",
        "MLSD",
        "MLST",
        "SIZE a",
        "MDTM a",
        "TYPE I",
        "MODE S",
        "STRU F",
        "PASV",
        "EPSV",
        "PORT 127,0,0,1,200,1",
        "EPRT |1|127.0.0.1|51201|",
        "RETR a",
        "STOR a",
        "STOU",
        "APPE a",
        "REST 1",
        "ALLO 1",
        "SITE HELP",
        "SMNT a",
    ] {
        ftp.expect(line, "530 ");
    }
    assert_eq!(server.stored().files(), Vec::<String>::new());
}

#[test]
fn logging_in_and_out() {
    let server = Setup::local().account("bob", "R", "true").start();
    let mut ftp = Ftp::connect(&server);
    let right = &format!("PASS {PASSWORD}");
    ftp.play(&[
        (right, "503 "),
        ("USER", "501 "),
        ("USER alice", "331 "),
        // A second USER starts again.
        ("USER bob", "331 "),
        (right, "230 "),
        ("PWD", "257 \"/\""),
        (right, "503 "),
        ("REIN", "220 "),
        ("PWD", "530 "),
        ("user alice", "331 "),
        (&right.replace("PASS", "pass"), "230 "),
        ("FEAT", "211-"),
        ("OPTS UTF8 ON", "200 "),
        ("OPTS MLST type;size;", "200 MLST OPTS type;size;"),
        ("ACCT x", "202 "),
        ("SMNT /", "502 "),
        ("QUIT", "221 "),
    ]);
    ftp.expect_end();
}

/// RFC 959 4.1.1: USER begins anew at any time, and leaves the transfer parameters as they are.
#[test]
fn user_after_the_login_is_a_new_login() {
    let server = Setup::local().account("reader", "R", "false").start();
    server.stored().put("dir/file", b"12345");
    let right = &format!("PASS {PASSWORD}");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("TYPE I", "200 "),
        ("OPTS MLST size;", "200 "),
        ("CWD dir", "250 "),
        ("RNFR file", "350 "),
        ("USER reader", "331 "),
        // Nobody is logged in now.
        ("PWD", "530 "),
        ("DELE /dir/file", "530 "),
        ("STAT", "530 "),
        (right, "230 "),
        ("PWD", "257 \"/\""),
        ("RNTO other", "550 "),
        ("DELE dir/file", "550 "),
        ("STOU", "550 "),
    ]);
    assert!(ftp.expect("STAT", "211-").contains("Logged in as reader"));
    assert!(ftp.expect("STAT", "211-").contains("TYPE I"));
    assert!(ftp.expect("MLST dir/file", "250-").contains("\r\n size=5; /dir/file"));
    // A login that fails leaves nobody logged in.
    ftp.play(&[("USER alice", "331 "), ("PASS wrong", "530 "), ("PWD", "530 "), (right, "503 ")]);
    ftp.play(&[("USER alice", "331 "), (right, "230 "), ("DELE dir/file", "250 ")]);
    let log = server.log();
    assert_eq!(log.matches("logout user=").count(), 2, "{log}");
}

#[test]
fn a_data_port_outlives_a_new_login_and_a_limit_of_sessions_does_not() {
    let server = Setup::local().security("max_sessions_per_user", "1").start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.log_in();
    ftp.store_over(data, "STOR file", b"x");
    // Whoever leaves makes room for others.
    ftp.expect("USER nobody", "331 ");
    let mut other = Ftp::login(&server);
    other.expect("PWD", "257 ");
    ftp.play(&[("USER alice", "331 "), (&format!("PASS {PASSWORD}"), "421 ")]);
}

#[test]
fn whoever_logs_out_by_user_has_login_timeout_to_come_back() {
    let server = Setup::local().option("login_timeout", "1").option("idle_timeout", "60").start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("USER alice", "331 ");
    ftp.expect_reply("421 ");
    ftp.expect_end();
}

#[test]
fn unknown_users_and_wrong_passwords_look_the_same() {
    let server = Setup::local().start();
    let mut replies = Vec::new();
    for user in ["alice", "nobody"] {
        let mut ftp = Ftp::connect(&server);
        replies.push([ftp.ask(&format!("USER {user}")), ftp.expect("PASS wrong", "530 ")]);
    }
    assert_eq!(replies[0], replies[1]);
}

#[test]
fn the_third_wrong_password_ends_the_connection() {
    let server = Setup::local().start();
    let mut ftp = Ftp::connect(&server);
    for expected in ["530 ", "530 ", "421 "] {
        ftp.play(&[("USER alice", "331 "), ("PASS wrong", expected)]);
    }
    ftp.expect_end();
    let log = server.log();
    assert!(!log.contains("wrong"), "{log}");
}

#[test]
fn feat_is_one_line_each_with_a_leading_space() {
    let server = Setup::local().start();
    let reply = Ftp::connect(&server).ask("FEAT");
    let lines: Vec<&str> = reply.split("\r\n").collect();
    let [first, features @ .., last] = &lines[..] else { panic!("{reply}") };
    assert!(first.starts_with("211-"));
    assert!(last.starts_with("211 "));
    for feature in ["EPRT", "EPSV", "MDTM", "REST STREAM", "SIZE", "TVFS", "UTF8"] {
        assert!(features.contains(&format!(" {feature}").as_str()), "{feature}: {reply}");
    }
    let mlst = features.iter().find(|line| line.starts_with(" MLST ")).expect("MLST");
    for fact in ["type*;", "size*;", "modify*;"] {
        assert!(mlst.contains(fact), "{mlst}");
    }
}

#[test]
fn site_and_stat() {
    let server = Setup::local().start();
    server.stored().put("file", b"x");
    let mut ftp = Ftp::login(&server);
    ftp.play(&[
        ("SITE HELP", "214"),
        ("SITE CHMOD 644 file", "200 "),
        ("SITE", "501 "),
        ("SITE NONSENSE", "50"),
        ("STAT", "211"),
        ("STAT nowhere", "550 "),
    ]);
    let listing = ftp.expect("STAT file", "21");
    assert!(listing.contains(" file\r\n"), "{listing}");
    let listing = ftp.expect("STAT /", "21");
    assert!(listing.contains(" file\r\n"), "{listing}");
}
