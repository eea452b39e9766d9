use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::records::jq;
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Spelling};
use crate::support::polling::pause;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer, USER};
use crate::support::stored::noise;

fn keeping(setup: Setup) -> Setup {
    setup.option("ledger", "@DIR@/ledger")
}

/// Exit status and output of `verify-ledger`.
fn verify(arguments: &[&str]) -> (i32, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cos-ftp-server"));
    let output =
        command.arg("verify-ledger").args(arguments).stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

fn verify_file(path: &Path) -> (i32, String) {
    verify(&[path.to_str().unwrap()])
}

fn verify_with_stores(server: &TestServer) -> (i32, String) {
    verify(&["--config", server.config().to_str().unwrap()])
}

/// A session that does one of each.
fn one_of_each(server: &TestServer) {
    let mut ftp = Ftp::login(server);
    ftp.store("STOR /a", b"abc");
    ftp.store("STOR /parts", &noise(1, 12 << 20));
    assert_eq!(ftp.fetch("RETR /a"), b"abc");
    ftp.play(&[("RNFR /a", "350 "), ("RNTO /b", "250 ")]);
    ftp.store("STOR /d", b"");
    ftp.play(&[("DELE /d", "250 "), ("DELE /nothing", "550 ")]);
    ftp.store("STOR /dir/x", b"x");
    ftp.play(&[("RNFR /dir", "350 "), ("RNTO /moved", "250 ")]);
}

#[test]
fn each_deed_has_a_line_that_continues_the_one_before() {
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.tell_checksums(Spelling::Cos);
    let server = keeping(Setup::bucket_behind(&injector.endpoint())).start();
    one_of_each(&server);
    let ledger = server.beside("ledger");
    let lines = jq("[.number, .type, .path, .size, .user]", &ledger);
    let expected = [
        ("upload", "/a", json!(3)),
        ("upload", "/parts", json!(12 << 20)),
        ("download", "/a", json!(3)),
        ("rename", "/b", json!(3)),
        ("upload", "/d", json!(0)),
        ("delete", "/d", Value::Null),
        ("upload", "/dir/x", json!(1)),
        ("rename", "/moved", Value::Null),
    ];
    let expected = expected.into_iter().zip(1..);
    let expected: Vec<_> = expected
        .map(|((kind, path, size), number)| json!([number, kind, path, size, USER]))
        .collect();
    assert_eq!(lines, expected);
    // By another program: what each line has of the one before it.
    let sums = Command::new("sh")
        .args(["-c", "while read -r line; do printf %s \"$line\" | sha256sum | cut -c 1-64; done"])
        .stdin(fs::File::open(&ledger).unwrap())
        .output()
        .unwrap();
    let sums = String::from_utf8(sums.stdout).unwrap();
    let links = jq(".prev", &ledger);
    assert!(links[0].as_str().unwrap().bytes().all(|byte| byte == b'0'));
    let links: Vec<_> = links[1..].iter().map(|link| link.as_str().unwrap()).collect();
    assert_eq!(links, sums.lines().take(7).collect::<Vec<_>>());
    let told = jq("select(.type == \"upload\") | [.crc64, .etag, .request_id | type]", &ledger);
    assert!(told.iter().all(|types| *types == json!(["string", "string", "string"])), "{told:?}");
    let (status, text) = verify_with_stores(&server);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("the chain is whole, lines: 8"), "{text}");
    assert!(text.contains(sums.lines().last().unwrap()), "{text}");
    assert!(text.contains("as told 3, replaced 0, missing 0"), "{text}");
}

#[test]
fn a_changed_or_missing_line_is_found() {
    let server = keeping(Setup::local()).start();
    let mut ftp = Ftp::login(&server);
    for number in 1..=5 {
        ftp.store(&format!("STOR /f{number}"), b"content");
    }
    let ledger = server.beside("ledger");
    let whole = fs::read_to_string(&ledger).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let changed = server.beside("changed");
    let verified = |lines: &[&str]| {
        fs::write(&changed, lines.join("\n") + "\n").unwrap();
        verify_file(&changed)
    };
    assert_eq!(verified(&lines).0, 0);
    let other = lines[2].replace("\"size\":7", "\"size\":8");
    assert_ne!(other, lines[2]);
    for (lines, told) in [
        (vec![lines[0], lines[1], &other, lines[3], lines[4]], "line 4 does not continue line 3"),
        (vec![lines[0], lines[2], lines[3]], "line 2 does not continue line 1"),
        (vec![lines[1], lines[2]], "line 1: lines before it are gone"),
        (vec![lines[0], lines[2], lines[1]], "line 2 does not continue line 1"),
        (vec![lines[0], "nonsense", lines[1]], "line 2 is no line of a ledger"),
        (vec![lines[0], "nonsense"], "line 2 is no line of a ledger"),
    ] {
        let (status, text) = verified(&lines);
        assert_eq!(status, 1, "{text}");
        assert!(text.contains("BROKEN") && text.contains(told), "{told:?}: {text}");
    }
    // What is cut off at the end only its hash that was kept elsewhere shows.
    let (status, text) = verified(&lines[..4]);
    assert_eq!(status, 0, "{text}");
    assert_eq!(verify_file(Path::new("/nowhere/ledger")).0, 1);
}

#[test]
fn what_others_did_in_the_store_is_no_broken_chain() {
    let server = keeping(Setup::bucket()).start();
    let mut ftp = Ftp::login(&server);
    for name in ["same", "replaced", "longer", "missing"] {
        ftp.store(&format!("STOR /{name}"), b"content");
    }
    let bucket = server.stored().bucket();
    Rgw::shared().s3_put(bucket, "replaced", b"CONTENT");
    Rgw::shared().s3_put(bucket, "longer", b"content!");
    Rgw::shared().s3_delete(bucket, "missing");
    let (status, text) = verify_with_stores(&server);
    assert_eq!(status, 3, "{text}");
    for told in [
        "the chain is whole",
        "as told 1, replaced 2, missing 1",
        "replaced: \"/replaced\"",
        "replaced: \"/longer\"",
        "missing: \"/missing\"",
    ] {
        assert!(text.contains(told), "{told:?}: {text}");
    }
}

#[test]
fn it_goes_on_after_a_kill_and_closes_off_what_was_torn() {
    let bucket = Rgw::shared().new_bucket();
    let kept = tempfile::TempDir::new().unwrap();
    let path = kept.path().join("ledger");
    let start = || {
        let setup = Setup::bucket_named(&bucket, Rgw::shared().endpoint());
        setup.option("ledger", path.to_str().unwrap()).start()
    };
    for round in 0..3 {
        let server = start();
        let mut ftp = Ftp::login(&server);
        ftp.store(&format!("STOR /f{round}"), b"content");
        let is_torn = server.log().contains("was torn by the last end, and is closed off");
        assert_eq!(is_torn, round > 0, "{}", server.log());
        server.kill();
        // What a write that was under way leaves.
        let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"ledger\":1,\"number\":9").unwrap();
        let (status, text) = verify_file(&path);
        assert_eq!(status, 0, "{text}");
        assert!(text.contains("bytes behind the last line: 22"), "{text}");
    }
    let mut server = start();
    assert!(server.stop().success());
    let (status, text) = verify_file(&path);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("torn by a crash and closed off: 3"), "{text}");
    assert_eq!(
        jq("select(.type == \"upload\") | .path", &server_lines(&path)),
        ["/f0", "/f1", "/f2"]
    );
}

/// A copy without the torn lines, which jq does not read.
fn server_lines(path: &Path) -> std::path::PathBuf {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| line.ends_with('}'));
    let copy = path.with_extension("whole");
    fs::write(&copy, lines.map(|line| line.to_owned() + "\n").collect::<String>()).unwrap();
    copy
}

/// A kill at any moment: whatever a client was told to be stored has a line.
#[test]
fn whatever_was_confirmed_has_a_line_after_a_kill() {
    let server = keeping(Setup::local()).start();
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let mut ftp = Ftp::login(&server);
            std::thread::spawn(move || {
                let mut confirmed = Vec::new();
                for number in 0.. {
                    let path = format!("/c{client}-{number}");
                    let stored = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        ftp.store(&format!("STOR {path}"), b"content")
                    }));
                    match stored {
                        Ok(_) => confirmed.push(path),
                        Err(_) => return confirmed,
                    }
                }
                unreachable!()
            })
        })
        .collect();
    let lines = || fs::read_to_string(server.beside("ledger")).unwrap().lines().count();
    while lines() < 200 {
        pause();
    }
    server.kill();
    let confirmed: Vec<_> = clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let (status, text) = verify_file(&server.beside("ledger"));
    assert_eq!(status, 0, "{text}");
    let told = jq(".path", &server_lines(&server.beside("ledger")));
    let told: std::collections::HashSet<_> =
        told.iter().map(|path| path.as_str().unwrap().to_owned()).collect();
    let missing: Vec<_> = confirmed.iter().filter(|path| !told.contains(*path)).collect();
    assert!(confirmed.len() > 100 && missing.is_empty(), "{missing:?}");
}

#[test]
fn nothing_is_written_where_nothing_is_asked_for() {
    let server = Setup::local().start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /a", b"1");
    let beside = fs::read_dir(server.config().parent().unwrap()).unwrap();
    let mut names: Vec<_> = beside.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["data", "log", "vsftpd.conf"]);
    let (status, text) = verify_with_stores(&server);
    assert_eq!(status, 78, "{text}");
    assert!(text.contains("names no ledger"), "{text}");
}

#[test]
fn two_servers_do_not_share_one() {
    let first = keeping(Setup::local()).start();
    let second = Setup::local().option("ledger", first.beside("ledger").to_str().unwrap()).write();
    let output = second.command(&[]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("ledger = ") && text.contains("another server uses it"), "{text}");
}
