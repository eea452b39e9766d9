use std::io::Write;

use super::{both, files, with};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::Setup;
use crate::support::stored::noise;

const MARKERS: &[(&str, &str)] = &[("done_marker", ".ok")];

#[test]
fn a_file_that_is_stored_has_its_marker() {
    for server in both(MARKERS) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR d/a.csv", b"content");
        ftp.store("APPE d/a.csv", b" and more");
        ftp.store("STOR large", &noise(1, 12 << 20));
        ftp.store("STOR empty", b"");
        let stored = ftp.store("STOU u.csv", b"unique");
        // What is a marker itself has none.
        ftp.store("STOR d/b.csv.ok", b"by the client");
        let unique = stored.rsplit(' ').next().expect("a name");
        let mut expected: Vec<_> =
            ["d/a.csv", "large", "empty", unique].iter().flat_map(|name| pair(name)).collect();
        expected.push("d/b.csv.ok".to_owned());
        expected.sort();
        assert_eq!(files(&server), expected);
        assert_eq!(server.stored().bytes("d/a.csv.ok"), b"");
        assert_eq!(server.stored().bytes("d/b.csv.ok"), b"by the client");
        // The file goes, its marker stays: whoever takes a file away has seen it.
        ftp.expect("DELE d/a.csv", "250");
        ftp.expect("SIZE d/a.csv.ok", "213 0");
    }
}

fn pair(name: &str) -> [String; 2] {
    [name.to_owned(), format!("{name}.ok")]
}

#[test]
fn what_was_interrupted_has_none() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, MARKERS).option("partial_upload", "keep").start();
        let mut ftp = Ftp::login(&server);
        // Nor does one of an earlier file stay.
        server.stored().put_early(["part".to_owned(), "part.ok".to_owned()], b"");
        let data = ftp.passive();
        ftp.expect("STOR part", "150");
        let mut stream = data.open();
        stream.write_all(b"the first half").expect("sent");
        ftp.wait_for_bytes(14);
        ftp.expect("ABOR", "426");
        ftp.expect_reply("226");
        assert_eq!(files(&server), ["part"]);
    }
}

/// What holds something is nobody's marker, whatever it is called.
#[test]
fn no_marker_replaces_a_file() {
    for server in both(MARKERS) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a.ok", b"my data");
        let data = ftp.passive();
        ftp.expect("STOR a", "150");
        data.open().write_all(b"content").expect("sent");
        let reply = ftp.expect_reply("451");
        assert!(reply.contains("a.ok"), "{reply}");
        server.stored().expect("a", b"content");
        ftp.store("STOR b.part", b"more");
        ftp.store("STOR c.ok", b"my data");
        ftp.play(&[("RNFR b.part", "350"), ("RNTO c", "451")]);
        for name in ["a.ok", "c.ok"] {
            server.stored().expect(name, b"my data");
        }
    }
}

/// Nobody knows whether what a client left is whole.
#[test]
fn what_was_left_and_published_has_none() {
    for setup in [Setup::local(), Setup::bucket()] {
        let server = with(setup, MARKERS).option("publish_parked_after", "1").start();
        server.stored().put_early(["left".to_owned(), "left.ok".to_owned()], b"");
        let mut ftp = Ftp::login(&server);
        let data = ftp.passive();
        ftp.expect("STOR left", "150");
        let mut stream = data.open();
        stream.write_all(b"perhaps the first half").expect("sent");
        ftp.wait_for_bytes(22);
        ftp.leave(&stream);
        server.wait_for_log("published path=\"/left\"");
        assert_eq!(files(&server), ["left"]);
        server.stored().expect("left", b"perhaps the first half");
    }
}

#[test]
fn the_marker_goes_with_the_new_name() {
    let keys = [("done_marker", ".ok"), ("on_delete", "trash")];
    for server in both(&keys) {
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR a.part", b"content");
        ftp.play(&[("RNFR a.part", "350"), ("RNTO a.csv", "250")]);
        assert_eq!(files(&server), ["a.csv", "a.csv.ok"]);
        // One that holds something is nobody's marker.
        ftp.store("STOR b", b"content");
        server.stored().put("b.ok", b"words");
        ftp.play(&[("RNFR b", "350"), ("RNTO c", "250")]);
        // Directories have none, and what is in them keeps its own.
        ftp.store("STOR d/e", b"content");
        ftp.play(&[("RNFR d", "350"), ("RNTO f", "250")]);
        let left = ["a.csv", "a.csv.ok", "b.ok", "c", "c.ok", "f/e", "f/e.ok"];
        assert_eq!(files(&server), left);
        // To a name of its own kind.
        ftp.play(&[("RNFR c", "350"), ("RNTO c.ok.ok", "250")]);
        let left = ["a.csv", "a.csv.ok", "b.ok", "c.ok.ok", "f/e", "f/e.ok"];
        assert_eq!(files(&server), left);
    }
}

/// The reply says what is stored and what is not, and whoever tries again gets both.
#[test]
fn a_marker_that_cannot_be_stored_is_told() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).option("reply_timeout", "3");
    let server = with(setup, MARKERS).start();
    let mut ftp = Ftp::login(&server);
    let told = "451 The file is stored, but its marker x.csv.ok could not be; please try again. \
                [req injected-1]";
    let marker =
        || Rule::new(Request::PutObject, Fault::Refuse(403, "AccessDenied")).key("x.csv.ok");
    injector.inject(marker());
    let data = ftp.passive();
    ftp.expect("STOR x.csv", "150");
    let mut stream = data.open();
    stream.write_all(b"content").expect("sent");
    drop(stream);
    assert_eq!(ftp.reply(), told);
    assert_eq!(files(&server), ["x.csv"]);
    injector.heal();
    ftp.store("STOR x.csv", b"content");
    assert_eq!(files(&server), ["x.csv", "x.csv.ok"]);
    ftp.store("STOR y.part", b"content");
    injector.inject(marker());
    ftp.play(&[("RNFR y.part", "350"), ("RNTO x.csv", "451")]);
    assert_eq!(files(&server), ["x.csv", "x.csv.ok", "y.part.ok"]);
}

/// Told before the client sends anything.
#[test]
fn a_name_without_room_for_a_marker_is_refused() {
    let server = with(Setup::local(), MARKERS).start();
    let mut ftp = Ftp::login(&server);
    let fits = "x".repeat(252);
    ftp.store(&format!("STOR {fits}"), b"content");
    ftp.store_refused(&format!("STOR {fits}y"), "553");
    ftp.expect("MKD a.ok", "257");
    ftp.store_refused("STOR a", "550");
}
