//! What a file is in the bucket beside its bytes, after each command that writes it. The second
//! opinion is curl's, which asks the gateway itself.

use std::collections::HashMap;

use crate::support::ftp::Ftp;
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

const MIB: usize = 1024 * 1024;

/// Headers that an object is given behind the server's back.
const GIVEN: [(&str, &str); 5] = [
    ("content-type", "text/x-own"),
    ("cache-control", "no-cache"),
    ("content-disposition", "attachment"),
    ("content-language", "zh"),
    ("x-amz-meta-owner", "me"),
];

struct Stage {
    server: TestServer,
    bucket: String,
}

impl Stage {
    fn new(change: impl FnOnce(Setup) -> Setup) -> Self {
        let rgw = Rgw::shared();
        let bucket = rgw.new_bucket();
        let setup = Setup::bucket_named(&bucket, rgw.endpoint());
        Self { server: change(setup).start(), bucket }
    }

    fn head(&self, key: &str) -> HashMap<String, String> {
        Rgw::shared().s3_head(&self.bucket, key).unwrap()
    }

    fn give(&self, key: &str, bytes: usize) {
        let headers = GIVEN.map(|(name, value)| format!("{name}: {value}"));
        let mut headers: Vec<_> = headers.iter().map(String::as_str).collect();
        headers.push("x-amz-meta-mtime: 1700000000");
        Rgw::shared().s3_put_with(&self.bucket, key, &vec![b'm'; bytes], &headers);
    }

    fn expect_kept(&self, key: &str, bytes: usize) {
        let head = self.head(key);
        for (name, value) in GIVEN {
            assert_eq!(head.get(name).map(String::as_str), Some(value), "{key}: {name}");
        }
        assert_eq!(head["content-length"], bytes.to_string(), "{key}");
    }
}

#[test]
fn a_new_file_has_the_type_of_its_name_in_one_request_and_in_parts() {
    let stage = Stage::new(|setup| setup);
    let mut ftp = Ftp::login(&stage.server);
    for (name, bytes, expected) in [
        ("small.jpg", 4096, "image/jpeg"),
        ("large.JPG", 11 * MIB, "image/jpeg"),
        ("empty.html", 0, "text/html"),
        ("record.ts", 10, "video/mp2t"),
        ("unknown.nobodyknows", 10, "binary/octet-stream"),
    ] {
        ftp.store(&format!("STOR {name}"), &vec![b'x'; bytes]);
        let head = stage.head(name);
        assert_eq!(head["content-type"], expected, "{name}");
        assert_eq!(head.get("content-disposition"), None, "{name} is shown, not saved");
    }
}

#[test]
fn the_type_can_be_left_to_the_store() {
    let stage = Stage::new(|setup| setup.option("content_type", "off"));
    Ftp::login(&stage.server).store("STOR a.jpg", b"x");
    assert_eq!(stage.head("a.jpg")["content-type"], "binary/octet-stream");
}

#[test]
fn what_adds_to_a_file_keeps_what_it_is() {
    let stage = Stage::new(|setup| setup);
    let mut ftp = Ftp::login(&stage.server);
    for (name, bytes) in [("empty", 0), ("small", 100), ("large", 6 * MIB)] {
        let (appended, resumed) = (format!("{name}.jpg"), format!("{name}-resumed.jpg"));
        stage.give(&appended, bytes);
        ftp.store(&format!("APPE {appended}"), b"appended");
        stage.expect_kept(&appended, bytes + 8);
        // It has changed since.
        assert_eq!(stage.head(&appended).get("x-amz-meta-mtime"), None, "{appended}");
        if bytes > 0 {
            stage.give(&resumed, bytes);
            ftp.expect(&format!("REST {}", bytes - 1), "350");
            ftp.store(&format!("STOR {resumed}"), b"resumed");
            stage.expect_kept(&resumed, bytes + 6);
        }
    }
    // More than one part of new bytes behind a head that is too small to be a part.
    stage.give("grown.jpg", 100);
    ftp.store("APPE grown.jpg", &vec![b'n'; 11 * MIB]);
    stage.expect_kept("grown.jpg", 100 + 11 * MIB);
}

#[test]
fn a_file_that_is_replaced_leaves_nothing_of_itself() {
    let stage = Stage::new(|setup| setup);
    let mut ftp = Ftp::login(&stage.server);
    for (name, bytes) in [("small.png", 10), ("large.png", 11 * MIB)] {
        stage.give(name, 100);
        ftp.store(&format!("STOR {name}"), &vec![b'n'; bytes]);
        let head = stage.head(name);
        assert_eq!(head["content-type"], "image/png");
        assert!(!head.contains_key("x-amz-meta-owner") && !head.contains_key("cache-control"));
    }
}

#[test]
fn another_name_and_another_time_change_nothing_else() {
    let stage = Stage::new(|setup| setup.option("preserve_mtime", "on"));
    let mut ftp = Ftp::login(&stage.server);
    stage.give("old.jpg", 100);
    stage.give("d/in.jpg", 100);
    ftp.play(&[
        ("MFMT 20260102030405 old.jpg", "213"),
        ("RNFR old.jpg", "350"),
        ("RNTO new.png", "250"),
        ("RNFR d", "350"),
        ("RNTO e", "250"),
    ]);
    stage.expect_kept("new.png", 100);
    stage.expect_kept("e/in.jpg", 100);
}
