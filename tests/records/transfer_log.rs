use std::fs;
use std::io::Write;
use std::time::{Duration, SystemTime};

use rustix::process::Signal;
use serde_json::json;

use crate::records::{jq, wait_for_logout};
use crate::support::ftp::Ftp;
use crate::support::server::{Setup, TestServer, USER};
use crate::support::stored::noise;

/// A line as xferlog(5) has it, read strictly: by single blanks, each field by what it may be.
#[derive(Debug, PartialEq)]
struct XferLine {
    bytes: u64,
    name: String,
    kind: char,
    direction: char,
    user: String,
    service: String,
    completion: char,
}

impl XferLine {
    fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split(' ').collect();
        let [
            weekday,
            month,
            day,
            clock,
            year,
            seconds,
            host,
            bytes,
            name,
            kind,
            special,
            direction,
            access,
            user,
            service,
            method,
            authenticated,
            completion,
        ] = words[..]
        else {
            panic!("{} words: {line:?}", words.len())
        };
        assert!(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].contains(&weekday), "{line}");
        let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
        assert!(months.split(' ').any(|name| name == month), "{line}");
        assert!(day.len() == 2 && (1..=31).contains(&day.parse::<u32>().unwrap()), "{line}");
        let clock: Vec<u32> = clock.split(':').map(|part| part.parse().unwrap()).collect();
        assert!(clock.len() == 3 && clock[0] < 24 && clock[1] < 60 && clock[2] < 61, "{line}");
        assert!(year.len() == 4 && year.parse::<u32>().unwrap() > 2000, "{line}");
        seconds.parse::<u64>().unwrap();
        host.parse::<std::net::IpAddr>().unwrap();
        assert_eq!((special, access, method, authenticated), ("_", "r", "0", "*"), "{line}");
        let one = |word: &str, of: &str| {
            assert!(word.len() == 1 && of.contains(word), "{word:?}: {line}");
            word.chars().next().unwrap()
        };
        Self {
            bytes: bytes.parse().unwrap(),
            name: name.to_owned(),
            kind: one(kind, "ab"),
            direction: one(direction, "iod"),
            user: user.to_owned(),
            service: service.to_owned(),
            completion: one(completion, "ci"),
        }
    }

    fn of(bytes: u64, name: &str, direction: char, completion: char) -> Self {
        let (user, service) = (USER.to_owned(), "ftp".to_owned());
        Self { bytes, name: name.to_owned(), kind: 'b', direction, user, service, completion }
    }
}

fn logging(setup: Setup, format: &str) -> TestServer {
    setup
        .option("transfer_log", "@DIR@/made/transfers")
        .option("transfer_log_format", format)
        .option("partial_upload", "discard")
        .start()
}

fn transfers(server: &TestServer) {
    let mut ftp = Ftp::login(server);
    ftp.play(&[("TYPE I", "200 "), ("MKD /a b", "257 ")]);
    ftp.store("STOR /a b/c d.jpg", b"abc");
    assert_eq!(ftp.fetch("RETR /a b/c d.jpg"), b"abc");
    let data = ftp.passive();
    ftp.expect("STOR /cut", "150 ");
    let mut stream = data.open();
    stream.write_all(&noise(1, 1 << 20)).unwrap();
    ftp.wait_for_bytes(1 << 20);
    ftp.send("ABOR");
    ftp.expect_reply("426 ");
    ftp.expect_reply("226 ");
    ftp.play(&[("QUIT", "221 ")]);
    wait_for_logout(server);
}

#[test]
fn lines_of_xferlog_are_read_strictly() {
    let server = logging(Setup::bucket(), "xferlog");
    transfers(&server);
    let text = fs::read_to_string(server.beside("made/transfers")).unwrap();
    let lines: Vec<_> = text.lines().map(XferLine::parse).collect();
    assert_eq!(
        lines,
        [
            XferLine::of(3, "/a_b/c_d.jpg", 'i', 'c'),
            XferLine::of(3, "/a_b/c_d.jpg", 'o', 'c'),
            XferLine::of(1 << 20, "/cut", 'i', 'i'),
        ]
    );
}

#[test]
fn json_is_read_by_jq() {
    let server = logging(Setup::bucket(), "json");
    transfers(&server);
    let lines = jq(
        "[.type, .path, .user, .peer, .bytes, .is_complete, (.duration|type)]",
        &server.beside("made/transfers"),
    );
    let (name, peer) = ("/a b/c d.jpg", "127.0.0.1");
    assert_eq!(
        lines,
        [
            json!(["upload", name, USER, peer, 3, true, "number"]),
            json!(["download", name, USER, peer, 3, true, "number"]),
            json!(["upload", "/cut", USER, peer, 1 << 20, false, "number"]),
        ]
    );
}

#[test]
fn it_is_put_aside_by_the_keys_of_the_log() {
    let kept = tempfile::TempDir::new().unwrap();
    let path = kept.path().join("transfers");
    let names = || {
        let entries = fs::read_dir(kept.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    fs::write(&path, "old\n").unwrap();
    // 2020-09-13T12:26:40Z
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    fs::File::options().append(true).open(&path).unwrap().set_modified(old).unwrap();
    for aside in ["2020-09-11", "2020-09-12"] {
        fs::write(kept.path().join(format!("transfers.{aside}")), "older\n").unwrap();
    }
    let server = Setup::local()
        .option("transfer_log", path.to_str().unwrap())
        .option("log_rotate_enabled", "true")
        .option("log_backup_count", "2")
        .environment("TZ", "UTC")
        .start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /a", b"1");
    ftp.play(&[("QUIT", "221 ")]);
    wait_for_logout(&server);
    assert_eq!(names(), ["transfers", "transfers.2020-09-12", "transfers.2020-09-13"]);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(" /a ") && !text.contains("old"), "{text}");
}

#[test]
fn it_is_opened_again_with_the_log() {
    let server = logging(Setup::local(), "xferlog");
    let path = server.beside("made/transfers");
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /before", b"1");
    fs::rename(&path, server.beside("made/moved")).unwrap();
    server.signal(Signal::USR1);
    server.wait_for_log("SIGUSR1");
    ftp.store("STOR /after", b"2");
    ftp.play(&[("QUIT", "221 ")]);
    wait_for_logout(&server);
    let moved = fs::read_to_string(server.beside("made/moved")).unwrap();
    let present = fs::read_to_string(path).unwrap();
    assert!(moved.contains(" /before ") && !moved.contains(" /after "), "{moved}");
    assert!(present.contains(" /after "), "{present}");
}

#[test]
fn a_full_disk_is_told_once_and_transfers_go_on() {
    let server = Setup::local().option("transfer_log", "/dev/full").start();
    let mut ftp = Ftp::login(&server);
    for name in ["a", "b", "c"] {
        ftp.store(&format!("STOR /{name}"), b"1");
    }
    server.stored().expect("c", b"1");
    ftp.play(&[("QUIT", "221 ")]);
    wait_for_logout(&server);
    let log = server.log();
    assert_eq!(log.matches("cannot write the transfer log /dev/full").count(), 1, "{log}");
}
