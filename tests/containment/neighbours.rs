use std::io::Read;

use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer};

/// Two accounts of one bucket; the prefix of one is the beginning of the other's.
fn two_accounts() -> TestServer {
    let prefix = |name: &str, prefix: &str| {
        let home = format!("home_dir = /home/{name}");
        (home.clone(), format!("cos_prefix = {prefix}\n{home}"))
    };
    let (alice, bob) = (prefix("alice", "a"), prefix("bob", "ab"));
    let server = Setup::bucket()
        .account("bob", "RW", "true")
        .replace(&alice.0, &alice.1)
        .replace(&bob.0, &bob.1)
        .start();
    for (key, bytes) in [
        ("a/mine", &b"of alice"[..]),
        ("a/d/x", b"of alice"),
        ("a/d2/x", b"of alice"),
        ("ab/his", b"of bob"),
        ("ab/d/x", b"of bob"),
        ("b", b"nobody's"),
        ("a-b", b"nobody's"),
        ("a", b"a file named like the prefix"),
    ] {
        server.stored().put(key, bytes);
    }
    server
}

#[test]
fn a_listing_ends_at_the_prefix() {
    let server = two_accounts();
    let mut ftp = Ftp::login(&server);
    for line in ["NLST", "NLST /", "NLST *", "NLST ..", "NLST ../*", "NLST -a ./"] {
        let mut names = ftp.list(line);
        names.iter_mut().for_each(|name| *name = name.trim_start_matches(['.', '/']).to_owned());
        assert_eq!(names, ["d", "d2", "mine"], "{line}");
    }
    for line in ["NLST b*", "NLST ?b", "NLST -x b*", "NLST ab*", "MLSD b"] {
        let data = ftp.passive();
        let reply = ftp.ask(line);
        if reply.starts_with("150 ") {
            let mut listed = String::new();
            data.open().read_to_string(&mut listed).unwrap();
            ftp.expect_reply("226 ");
            assert_eq!(listed, "", "{line}");
        } else {
            assert!(reply.starts_with("550 "), "{line}: {reply}");
        }
    }
    let lines = ftp.list("LIST -R ..").join("\n") + &ftp.list("MLSD").join("\n");
    assert!(!lines.contains("his") && !lines.contains("a-b"), "{lines}");
    // What both have by the same name is known of each by itself.
    ftp.expect("SIZE mine", "213 8");
    let mut bob = Ftp::login_as(&server, "bob");
    bob.expect("SIZE mine", "550 ");
    bob.expect("SIZE his", "213 6");
    ftp.expect("SIZE his", "550 ");
}

#[test]
fn renaming_and_removing_stay_at_home() {
    let server = two_accounts();
    let mut ftp = Ftp::login(&server);
    for (from, to) in [("d", "../ab/stolen"), ("mine", "/../b")] {
        ftp.expect(&format!("RNFR {from}"), "350 ");
        ftp.ask(&format!("RNTO {to}"));
    }
    for root in ["/", "..", "../..", "d/.."] {
        ftp.expect(&format!("RMD {root}"), "550 ");
        ftp.expect(&format!("DELE {root}"), "550 ");
        if ftp.ask(&format!("RNFR {root}")).starts_with("350 ") {
            ftp.expect("RNTO elsewhere", "55");
        }
    }
    ftp.expect("RNFR ab/his", "550 ");
    let files = server.stored().files();
    for key in ["ab/his", "ab/d/x", "b", "a-b", "a", "a/d2/x"] {
        assert!(files.contains(&key.to_owned()), "{key} in {files:?}");
    }
    assert!(files.iter().all(|key| key.starts_with("a/") || !key.contains("stolen")), "{files:?}");
    server.stored().expect("b", b"nobody's");
}

#[test]
fn replies_do_not_tell_where_the_account_lives() {
    let server = two_accounts();
    let mut ftp = Ftp::login(&server);
    let mut told = String::new();
    for line in ["PWD", "CWD d", "CWD nowhere", "RNFR d", "RNTO ", "SIZE d", "DELE gone", "RMD d2"]
    {
        told += &ftp.ask(line);
    }
    for line in ["MKD d/x", "STAT", "STAT mine", "MLST mine", "MDTM gone", "SYST", "SITE HELP"] {
        told += &ftp.ask(line);
    }
    let long = "x".repeat(850);
    told += &ftp.ask(&format!("MKD {long}"));
    for place in ["ab/", "/a/", "a/d", "a/mine", "us-east-1", "127.0.0.1:", "http"] {
        let told = told.replace(&long, "").replace("127.0.0.1:21", "");
        assert!(!told.contains(place), "{place} in {told}");
    }
}

#[test]
fn nothing_is_moved_into_itself_or_over_the_root() {
    let server = two_accounts();
    let before = server.stored().files();
    let mut ftp = Ftp::login(&server);
    for (from, to) in [("d", "d/inner"), ("d", "d/x/../inner/deep"), ("d", "/"), ("mine", "d/..")] {
        ftp.expect(&format!("RNFR {from}"), "350 ");
        ftp.expect(&format!("RNTO {to}"), "55");
        assert_eq!(server.stored().files(), before, "{from} to {to}");
    }
    // A name that begins like its own is another.
    ftp.play(&[("RNFR d", "350 "), ("RNTO d-new", "250 ")]);
}
