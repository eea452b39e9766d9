//! What is told of which change, and in which order.

use std::fs;
use std::io::Write;

use serde_json::Value;

use crate::events::service::{Mood, Service, Told};
use crate::support::ftp::Ftp;
use crate::support::injector::{Injector, Request};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer, USER};
use crate::support::stored::noise;

pub(super) const ALL: &str = "upload, upload_partial, parked, rename, delete, download";

/// A server that tells `service` everything.
pub(super) fn telling(setup: Setup, service: &Service) -> Setup {
    setup.events("url", &service.url()).events("queue_dir", "@DIR@/events").events("on", ALL)
}

fn kinds(told: &[Told]) -> Vec<(&str, &str)> {
    told.iter().map(|told| (told.text("type"), told.text("path"))).collect()
}

#[test]
fn each_kind_is_told_with_its_fields() {
    let service = Service::start(Mood::Good);
    let server = telling(Setup::bucket(), &service).start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /a", b"abc");
    ftp.store("APPE /a", b"de");
    assert_eq!(ftp.fetch("RETR /a"), b"abcde");
    ftp.play(&[("RNFR /a", "350 "), ("RNTO /b", "250 "), ("DELE /b", "250 ")]);
    let told = service.wait_for(5);
    let expected = [
        ("upload", "/a"),
        ("upload", "/a"),
        ("download", "/a"),
        ("rename", "/b"),
        ("delete", "/b"),
    ];
    assert_eq!(kinds(&told), expected);
    for (told, size, kept) in [(&told[0], 3, 0), (&told[1], 5, 3), (&told[2], 5, 0)] {
        assert_eq!((&told.event["size"], &told.event["kept"]), (&size.into(), &kept.into()));
    }
    let first = &told[0];
    assert_eq!(first.event["version"], 1);
    for (field, value) in [
        ("user", USER),
        ("peer", "127.0.0.1"),
        ("bucket", server.stored().bucket()),
        ("key", "a"),
        // By coreutils: printf abc | md5sum
        ("etag", "900150983cd24fb0d6963f7d28e17f72"),
    ] {
        assert_eq!(first.text(field), value, "{field}");
    }
    assert!(!first.text("request_id").is_empty() && first.event["crc64"].is_null());
    assert!(first.event["duration"].as_f64().unwrap() > 0.0);
    assert_eq!(first.text("time").len(), "2026-01-02T03:04:05.678Z".len());
    let session = format!("session-{}", first.event["session"]);
    assert!(server.log().contains(&session), "{session}");
    let rename = &told[3];
    assert_eq!((rename.text("from_path"), rename.text("from_key")), ("/a", "a"));
    assert_eq!((rename.text("key"), &rename.event["size"]), ("b", &Value::from(5)));
    let sequence = |told: &Told| told.event["sequence"].as_u64().unwrap();
    assert!(told.windows(2).all(|two| sequence(&two[0]) < sequence(&two[1])));
    for (at, told) in told.iter().enumerate() {
        assert_eq!(told.headers["x-event-id"], told.text("id"));
        assert!(
            service.told().iter().skip(at + 1).all(|other| other.text("id") != told.text("id"))
        );
    }
}

#[test]
fn the_bucket_is_told_by_its_name_also_behind_a_trash() {
    let service = Service::start(Mood::Good);
    let server = telling(Setup::bucket().option("on_delete", "trash"), &service).start();
    Ftp::login(&server).store("STOR /a", b"abc");
    let told = service.wait_for(1);
    assert_eq!((told[0].text("bucket"), told[0].text("key")), (server.stored().bucket(), "a"));
}

#[test]
fn a_checksum_that_the_store_tells_is_told() {
    let service = Service::start(Mood::Good);
    let injector = Injector::before(Rgw::shared().endpoint());
    injector.tell_checksums(crate::support::injector::Spelling::Cos);
    let setup = telling(Setup::bucket_behind(&injector.endpoint()), &service);
    let server = setup.events("workers", "1").start();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /one", b"123456789");
    ftp.store("STOR /parts", &noise(1, 12 << 20));
    let told = service.wait_for(2);
    // The one of the manual of COS.
    assert_eq!(told[0].text("crc64"), "11051210869376104954");
    assert!(!told[1].text("crc64").is_empty());
    assert_eq!(told[1].event["size"], 12 << 20);
}

#[test]
fn a_partial_file_and_a_parked_one_are_called_so() {
    for (partial, kind) in [("keep", "upload_partial"), ("park", "parked")] {
        let service = Service::start(Mood::Good);
        let setup = Setup::bucket().option("partial_upload", partial);
        let server = telling(setup, &service).start();
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect("STOR /a", "150 ");
        let mut stream = data.open();
        stream.write_all(&noise(1, 11 << 20)).unwrap();
        ftp.wait_for_bytes(11 << 20);
        ftp.send("ABOR");
        ftp.expect_reply("426 ");
        let told = service.wait_for(1);
        assert_eq!(kinds(&told), [(kind, "/a")]);
        assert_eq!(told[0].event["size"], 11 << 20, "{partial}");
    }
}

#[test]
fn what_a_client_left_is_told_when_it_is_published() {
    let service = Service::start(Mood::Good);
    let setup =
        Setup::bucket().option("partial_upload", "park").option("publish_parked_after", "1");
    let server = telling(setup, &service).start();
    let mut ftp = Ftp::login(&server);
    let data = ftp.passive();
    ftp.expect("STOR /a", "150 ");
    let mut stream = data.open();
    stream.write_all(b"whole").unwrap();
    ftp.leave(&stream);
    let told = service.wait_for(2);
    assert_eq!(kinds(&told), [("parked", "/a"), ("upload_partial", "/a")]);
    assert_eq!((told[1].text("user"), &told[1].event["size"]), (USER, &Value::from(5)));
    server.stored().expect("a", b"whole");
}

#[test]
fn a_part_file_that_gets_its_name_is_told_by_that_name_alone() {
    let service = Service::start(Mood::Good);
    // Of two files the order is kept by a single worker alone.
    let setup = telling(Setup::local(), &service).events("workers", "1");
    let server = setup.events("names", "*, !*.part").start();
    let mut ftp = Ftp::login(&server);
    ftp.play(&[("MKD /in", "257 ")]);
    ftp.store("STOR /in/a.jpg.part", b"picture");
    ftp.play(&[("RNFR /in/a.jpg.part", "350 "), ("RNTO /in/a.jpg", "250 ")]);
    ftp.store("STOR /in/end", b"");
    let told = service.wait_for(2);
    assert_eq!(kinds(&told), [("rename", "/in/a.jpg"), ("upload", "/in/end")]);
    assert_eq!(told[0].text("from_path"), "/in/a.jpg.part");
    let root = server.beside("data").display().to_string();
    assert_eq!(
        (told[0].text("bucket"), told[0].text("key")),
        (&*format!("file://{root}"), "in/a.jpg")
    );
}

#[test]
fn nothing_is_told_that_did_not_come_to_stand() {
    let service = Service::start(Mood::Good);
    let server = telling(Setup::bucket(), &service).start();
    let mut ftp = Ftp::login(&server);
    ftp.expect("MKD /directory", "257 ");
    ftp.store_refused("STOR /directory", "550 ");
    ftp.play(&[("DELE /nothing", "550 "), ("RNFR /nothing", "550 ")]);
    ftp.expect("EPSV", "229 ");
    ftp.expect("RETR /nothing", "550 ");
    ftp.store("STOR /end", b"");
    assert_eq!(kinds(&service.wait_for(1)), [("upload", "/end")]);
}

/// The order of one file, whatever becomes of others.
#[test]
fn changes_of_one_file_are_told_in_their_order() {
    let service = Service::start(Mood::Fails(30));
    let server = telling(Setup::local(), &service).events("workers", "8").start();
    let mut ftp = Ftp::login(&server);
    for round in 1..=5_u64 {
        for name in ["a", "b", "c"] {
            ftp.store(&format!("STOR /{name}.part"), &noise(round, round as usize));
            let (from, to) = (format!("RNFR /{name}.part"), format!("RNTO /{name}"));
            ftp.play(&[(&from, "350 "), (&to, "250 ")]);
        }
    }
    let taken =
        |told: &[Told]| told.iter().filter(|told| told.is_taken).cloned().collect::<Vec<_>>();
    let told = taken(&service.wait(|told| taken(told).len() == 30));
    for name in ["a", "b", "c"] {
        let (part, whole) = (format!("/{name}.part"), format!("/{name}"));
        let of_it = told.iter().filter(|told| [&*part, &*whole].contains(&told.text("path")));
        let seen: Vec<_> = of_it.map(|told| (told.text("type"), &told.event["size"])).collect();
        let sizes: Vec<_> = (1..=5).map(Value::from).collect();
        let expected: Vec<_> =
            sizes.iter().flat_map(|size| [("upload", size), ("rename", size)]).collect();
        assert_eq!(seen, expected, "{name}");
    }
}

#[test]
fn a_directory_that_is_renamed_stands_between_what_lies_in_it() {
    let service = Service::start(Mood::Gone);
    let server = telling(Setup::bucket(), &service).events("workers", "8").start();
    let mut ftp = Ftp::login(&server);
    for name in ["x", "y"] {
        ftp.store(&format!("STOR /old/{name}"), b"1");
    }
    ftp.play(&[("RNFR /old", "350 "), ("RNTO /new", "250 ")]);
    ftp.store("STOR /new/x", b"2");
    service.set(Mood::Good);
    let told = service.wait_for(4);
    let mut before = kinds(&told[..2]);
    before.sort_unstable();
    assert_eq!(before, [("upload", "/old/x"), ("upload", "/old/y")]);
    assert_eq!(kinds(&told[2..]), [("rename", "/new"), ("upload", "/new/x")]);
}

/// The requests of one of each.
fn requests(setup: impl FnOnce(Setup) -> Setup) -> (TestServer, Vec<Request>) {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = setup(Setup::bucket_behind(&injector.endpoint())).start();
    let before = injector.requests();
    let mut ftp = Ftp::login(&server);
    ftp.store("STOR /a", b"abc");
    ftp.store("STOR /b", &noise(1, 12 << 20));
    ftp.fetch("RETR /a");
    ftp.play(&[("RNFR /a", "350 "), ("RNTO /c", "250 "), ("DELE /c", "250 ")]);
    // What a start asks, beside sessions, has other keys.
    let is_ours = |key: &str| ["a", "b", "c"].contains(&key);
    let seen = injector.seen().into_iter().skip(before).filter(|(_, key)| is_ours(key));
    let mut seen: Vec<_> = seen.map(|(request, _)| request).collect();
    // How many parts there are hangs on how fast they go.
    seen.dedup();
    seen.sort_by_key(|request| format!("{request:?}"));
    seen.dedup();
    (server, seen)
}

#[test]
fn events_cost_no_request_and_nothing_is_written_without_them() {
    let service = Service::start(Mood::Good);
    let (_with, told) = requests(|setup| telling(setup, &service));
    let (without, untold) = requests(|setup| setup);
    assert_eq!(told, untold);
    assert!(!without.beside("events").exists());
    let threads = fs::read_dir(format!("/proc/{}/task", without.pid())).unwrap();
    let names = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("comm")));
    let names: Vec<_> = names.map_while(Result::ok).collect();
    assert!(!names.iter().any(|name| name.starts_with("events")), "{names:?}");
}
