//! What a file is in the bucket beside its bytes, after each command that writes it. The second
//! opinion is curl's, which asks the gateway itself.

use std::collections::HashMap;

use crate::support::clients::{self, DataMode};
use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
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

/// What clients and people in other languages have written is no less theirs.
#[test]
fn metadata_that_are_not_ascii_are_kept_or_the_command_is_refused() {
    let stage = Stage::new(|setup| setup.option("preserve_mtime", "on"));
    let mut ftp = Ftp::login(&stage.server);
    let expect = |key: &str| assert_eq!(stage.head(key)["x-amz-meta-owner"], "数据 é", "{key}");
    for bytes in [100, 6 * MIB] {
        let given = ["x-amz-meta-owner: 数据 é"];
        Rgw::shared().s3_put_with(&stage.bucket, "f.jpg", &vec![b'm'; bytes], &given);
        expect("f.jpg");
        ftp.store("APPE f.jpg", &vec![b'n'; bytes]);
        expect("f.jpg");
        ftp.expect("MFMT 20260102030405 f.jpg", "213");
        expect("f.jpg");
        ftp.play(&[("RNFR f.jpg", "350"), ("RNTO g.jpg", "250")]);
        expect("g.jpg");
    }
}

/// One line of what curl tells of an object's ACL.
fn grants(bucket: &str, key: &str) -> Vec<String> {
    let text = Rgw::shared().s3_get_of(bucket, key, "acl");
    let grant = |part: &str| {
        let part = part.split("</Grant>").next().unwrap();
        let of = |tag: &str| {
            let (_, rest) = part.split_once(&format!("<{tag}>"))?;
            Some(rest.split_once('<')?.0.rsplit('/').next()?.to_owned())
        };
        format!("{} {}", of("URI").or_else(|| of("ID")).unwrap(), of("Permission").unwrap())
    };
    let mut grants: Vec<_> = text.split("<Grant>").skip(1).map(grant).collect();
    grants.sort();
    grants
}

/// Whatever it is, and whatever the store would make of a copy.
#[test]
fn an_acl_is_kept_by_whatever_goes_on_with_a_file() {
    let stage = Stage::new(|setup| setup.option("preserve_mtime", "on"));
    let bucket = &stage.bucket;
    let mut ftp = Ftp::login(&stage.server);
    for (given, expected) in [
        (&["x-amz-acl: private"][..], vec!["test FULL_CONTROL"]),
        (&["x-amz-acl: public-read"], vec!["AllUsers READ", "test FULL_CONTROL"]),
        (
            &["x-amz-acl: public-read-write"],
            vec!["AllUsers READ", "AllUsers WRITE", "test FULL_CONTROL"],
        ),
        (&["x-amz-acl: authenticated-read"], vec!["AuthenticatedUsers READ", "test FULL_CONTROL"]),
        (
            &[
                "x-amz-grant-full-control: id=test",
                "x-amz-grant-read-acp: uri=http://acs.amazonaws.com/groups/global/AllUsers",
            ],
            vec!["AllUsers READ_ACP", "test FULL_CONTROL"],
        ),
    ] {
        for bytes in [0, 100, 6 * MIB] {
            let content = vec![b'm'; bytes];
            Rgw::shared().s3_put_with(bucket, "d/f", &content, given);
            assert_eq!(grants(bucket, "d/f"), expected, "as curl gave it");
            let expect = |key: &str, what: &str| {
                assert_eq!(grants(bucket, key), expected, "{given:?}, {bytes} bytes: {what}");
            };
            ftp.expect("MFMT 20260102030405 d/f", "213");
            expect("d/f", "MFMT");
            ftp.store("APPE d/f", b"more");
            expect("d/f", "APPE");
            ftp.expect(&format!("REST {}", bytes + 4), "350");
            ftp.store("STOR d/f", b"again");
            expect("d/f", "REST and STOR");
            ftp.play(&[("RNFR d/f", "350"), ("RNTO d/g", "250")]);
            expect("d/g", "RNTO");
            ftp.play(&[("RNFR d", "350"), ("RNTO e", "250")]);
            expect("e/g", "RNTO of a directory");
            ftp.store("STOR e/g", b"new");
            assert_eq!(grants(bucket, "e/g"), ["test FULL_CONTROL"], "a new file");
            ftp.play(&[("DELE e/g", "250"), ("RMD e", "250")]);
        }
    }
}

/// What it costs, and what it does not.
#[test]
fn an_acl_is_asked_for_once_where_it_would_be_lost() {
    for (key, value, most) in
        [("keep_acl", "on", 1), ("keep_acl", "off", 0), ("object_acl", "private", 0)]
    {
        let injector = Injector::before(Rgw::shared().endpoint());
        let server = Setup::bucket_behind(&injector.endpoint())
            .account_key(key, value)
            .option("preserve_mtime", "on")
            .operations("abort_unfinished_after", "0")
            .start();
        let mut ftp = Ftp::login(&server);
        ftp.store("STOR f", b"x");
        let mut asked = |act: &mut dyn FnMut(&mut Ftp)| {
            let before = injector.requests();
            act(&mut ftp);
            let sent = injector.seen().split_off(before);
            sent.into_iter().filter(|(request, _)| *request == Request::GetObjectAcl).count()
        };
        assert_eq!(asked(&mut |ftp| drop(ftp.store("STOR f", b"y"))), 0, "STOR over a file");
        assert_eq!(asked(&mut |ftp| drop(ftp.store("STOR g", b"y"))), 0, "STOR");
        assert_eq!(asked(&mut |ftp| drop(ftp.store("APPE f", b"y"))), most, "{key}: APPE");
        assert_eq!(asked(&mut |ftp| drop(ftp.store("APPE new", b"y"))), 0, "APPE to nothing");
        let set_time = |ftp: &mut Ftp| drop(ftp.expect("MFMT 20260102030405 f", "213"));
        assert_eq!(asked(&mut { set_time }), most, "{key}: MFMT");
        assert_eq!(asked(&mut { set_time }), 0, "{key}: MFMT that changes nothing");
        let rename = |ftp: &mut Ftp| ftp.play(&[("RNFR f", "350"), ("RNTO h", "250")]);
        assert_eq!(asked(&mut { rename }), most, "{key}: RNTO");
    }
}

/// A key that may not read ACLs works as before, and asks no more for a while.
#[test]
fn a_key_that_may_not_read_acls_goes_on_without() {
    for (status, code) in [
        (403, "AccessDenied"),
        (400, "InvalidRequest"),
        (405, "MethodNotAllowed"),
        (501, "NotImplemented"),
    ] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let server = Setup::bucket_behind(&injector.endpoint()).start();
        let mut ftp = Ftp::login(&server);
        let bucket = server.stored().bucket();
        Rgw::shared().s3_put_with(bucket, "f", b"x", &["x-amz-acl: public-read"]);
        injector.inject(Rule::new(Request::GetObjectAcl, Fault::Refuse(status, code)));
        let before = injector.requests();
        for (from, to) in [("f", "g"), ("g", "h")] {
            ftp.expect(&format!("RNFR {from}"), "350");
            ftp.expect(&format!("RNTO {to}"), "250");
        }
        ftp.store("APPE h", b"y");
        let sent = injector.seen().split_off(before);
        let asked = sent.iter().filter(|(request, _)| *request == Request::GetObjectAcl).count();
        assert_eq!(asked, 1, "{code}: {sent:?}");
        assert_eq!(grants(bucket, "h"), ["test FULL_CONTROL"], "the bucket's");
    }
}

/// Nothing is renamed that would lose its ACL because the store has a bad moment.
#[test]
fn an_acl_that_cannot_be_known_now_is_not_lost() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let setup = Setup::bucket_behind(&injector.endpoint()).option("retry_timeout", "1");
    let server = setup.start();
    let mut ftp = Ftp::login(&server);
    let bucket = server.stored().bucket();
    Rgw::shared().s3_put_with(bucket, "f", b"x", &["x-amz-acl: public-read"]);
    injector.inject(Rule::new(Request::GetObjectAcl, Fault::Refuse(500, "InternalError")));
    ftp.play(&[("RNFR f", "350"), ("RNTO g", "450")]);
    ftp.store_refused("APPE f", "451");
    assert_eq!(Rgw::shared().s3_list(bucket, ""), ["f"]);
    injector.heal();
    ftp.play(&[("RNFR f", "350"), ("RNTO g", "250")]);
    assert_eq!(grants(bucket, "g"), ["AllUsers READ", "test FULL_CONTROL"]);
}

/// What is encrypted is copied in parts by a gateway that refuses to copy it at once, empty or not;
/// the refusal is seen once.
#[test]
fn encrypted_files_are_renamed_and_dated() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .account_key("server_side_encryption", "aws:kms:key-1")
        .account_key("object_tags", "a=b")
        .option("preserve_mtime", "on")
        .start();
    let mut ftp = Ftp::login(&server);
    let bucket = server.stored().bucket();
    let before = injector.requests();
    for bytes in [0, 1, 100, 6 * MIB] {
        let content: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        ftp.store("STOR d/f", &content);
        ftp.play(&[
            ("MFMT 20260102030405 d/f", "213"),
            ("MDTM d/f", "213 20260102030405"),
            ("RNFR d/f", "350"),
            ("RNTO d/g", "250"),
            ("RNFR d", "350"),
            ("RNTO e", "250"),
            ("MDTM e/g", "213 20260102030405"),
        ]);
        assert_eq!(Rgw::shared().s3_list(bucket, ""), ["e/", "e/g"], "{bytes}");
        assert!(Rgw::shared().s3_get(bucket, "e/g") == content, "{bytes}");
        let head = Rgw::shared().s3_head(bucket, "e/g").unwrap();
        assert_eq!(head["x-amz-server-side-encryption-aws-kms-key-id"], "key-1", "{bytes}");
        assert_eq!(Rgw::shared().s3_tags(bucket, "e/g"), "a=b", "{bytes}");
        ftp.play(&[("DELE e/g", "250"), ("RMD e", "250")]);
    }
    let sent = injector.seen().split_off(before);
    let tried = sent.iter().filter(|(request, _)| *request == Request::CopyObject).count();
    assert_eq!(tried, 1, "{sent:?}");
    assert_eq!(Rgw::shared().s3_list_uploads(bucket), [""; 0]);
}

/// A file that was stored anew while it was given a time is not replaced by the older one.
#[test]
fn an_encrypted_file_is_dated_as_the_version_that_was_seen() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = Setup::bucket_behind(&injector.endpoint())
        .account_key("server_side_encryption", "aws:kms:key-1")
        .option("preserve_mtime", "on")
        .start();
    let mut ftp = Ftp::login(&server);
    let bucket = server.stored().bucket().to_owned();
    ftp.store("STOR f", b"old");
    let slow = Fault::Latency(std::time::Duration::from_secs(1));
    injector.inject(Rule::new(Request::UploadPartCopy, slow));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            injector.wait_for(Request::UploadPartCopy, "f");
            Rgw::shared().s3_put(&bucket, "f", b"newer");
        });
        let reply = ftp.ask("MFMT 20260102030405 f");
        assert!(!reply.starts_with("213"), "{reply}");
    });
    assert_eq!(Rgw::shared().s3_get(&bucket, "f"), b"newer");
    assert_eq!(Rgw::shared().s3_list_uploads(&bucket), [""; 0]);
}

/// Stored by curl, and asked of the bucket's own address by curl, as a browser does that nobody has
/// given a key. `tests/browser` opens them in one.
#[test]
fn a_picture_is_one_at_the_buckets_own_address() {
    let stage = Stage::new(|setup| setup.account_key("object_acl", "public-read"));
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in [("small.jpg", 4096), ("large.jpg", 11 * MIB)] {
        let file = dir.path().join(name);
        std::fs::write(&file, vec![b'j'; bytes]).unwrap();
        let to = clients::url(stage.server.address(), "");
        let put = ["-T", file.to_str().unwrap(), &to];
        clients::curl(DataMode::Passive, &put).expect_success();
        let url = format!("http://{}/{}/{name}", Rgw::shared().endpoint(), stage.bucket);
        let asked = ["--silent", "--fail", "--noproxy", "*", "--head", url.as_str()];
        let told = clients::run(clients::limited("curl").args(asked), "").expect_success();
        let told = told.to_ascii_lowercase();
        assert!(told.contains("content-type: image/jpeg\r\n"), "{name}: {told}");
        assert!(told.contains(&format!("content-length: {bytes}\r\n")), "{name}: {told}");
        assert!(!told.contains("content-disposition"), "{name}: {told}");
    }
}
