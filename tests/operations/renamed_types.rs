//! Clients upload under a name that says that the file is not whole yet, and rename it: the type is
//! that of the name which it gets.

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer};

const MIB: usize = 1024 * 1024;

const UNTYPED: &str = "binary/octet-stream";

/// What Ceph's gateway calls a file without a type, and what other stores do.
const UNTYPED_ELSEWHERE: &str = "application/octet-stream";

struct Stage {
    server: TestServer,
    injector: Injector,
    bucket: String,
}

impl Stage {
    fn new(change: impl FnOnce(Setup) -> Setup) -> Self {
        let (bucket, injector) =
            (Rgw::shared().new_bucket(), Injector::before(Rgw::shared().endpoint()));
        let setup = Setup::bucket_named(&bucket, &injector.endpoint());
        let setup = setup.operations("abort_unfinished_after", "0");
        Self { server: change(setup).start(), injector, bucket }
    }

    fn type_of(&self, key: &str) -> String {
        Rgw::shared().s3_head(&self.bucket, key).unwrap()["content-type"].clone()
    }

    /// The requests of a rename.
    fn rename(&self, ftp: &mut Ftp, from: &str, to: &str) -> Vec<Request> {
        let before = self.injector.requests();
        ftp.play(&[(&format!("RNFR {from}"), "350"), (&format!("RNTO {to}"), "250")]);
        let seen = self.injector.seen().split_off(before);
        seen.into_iter().map(|(request, _)| request).collect()
    }
}

#[test]
fn a_file_gets_the_type_of_its_last_name_for_no_request_more() {
    let stage = Stage::new(|setup| setup.option("keep_acl", "off"));
    let mut ftp = Ftp::login(&stage.server);
    ftp.store("STOR plain.jpg", b"x");
    let plain = stage.rename(&mut ftp, "plain.jpg", "renamed.jpg");
    for (temporary, name, expected) in [
        ("a.jpg.part", "a.jpg", "image/jpeg"),
        ("b.JPG.filepart", "b.JPG", "image/jpeg"),
        ("c.tmp", "c.png", "image/png"),
        ("record.MTS.tmp", "record.MTS", "video/mp2t"),
        ("nothing", "e.html", "text/html"),
        ("f.part", "f.nobodyknows", UNTYPED),
    ] {
        ftp.store(&format!("STOR {temporary}"), b"content");
        assert_eq!(stage.type_of(temporary), UNTYPED, "{temporary}");
        let sent = stage.rename(&mut ftp, temporary, name);
        assert_eq!(stage.type_of(name), expected, "{name}");
        assert_eq!(sent, plain, "{name}");
        assert_eq!(Rgw::shared().s3_get(&stage.bucket, name), b"content", "{name}");
    }
    ftp.store("STOR large.mp4.part", &vec![b'x'; 11 * MIB]);
    stage.rename(&mut ftp, "large.mp4.part", "large.mp4");
    assert_eq!(stage.type_of("large.mp4"), "video/mp4");
}

#[test]
fn a_type_that_was_given_is_kept() {
    let stage = Stage::new(|setup| setup);
    let mut ftp = Ftp::login(&stage.server);
    for (given, from, to, expected) in [
        // By somebody.
        ("text/x-own", "a.part", "a.jpg", "text/x-own"),
        // On purpose: the name alone would have made it another.
        (UNTYPED_ELSEWHERE, "save-as.jpg", "saved.jpg", UNTYPED_ELSEWHERE),
        ("text/plain", "b.txt", "b.jpg", "text/plain"),
        // By a store.
        (UNTYPED_ELSEWHERE, "c.part", "c.jpg", "image/jpeg"),
    ] {
        let header = format!("content-type: {given}");
        Rgw::shared().s3_put_with(&stage.bucket, from, b"x", &[&header]);
        stage.rename(&mut ftp, from, to);
        assert_eq!(stage.type_of(to), expected, "{from}");
    }
}

#[test]
fn the_type_stays_with_the_store_where_it_is_left_to_it() {
    let stage = Stage::new(|setup| setup.option("content_type", "off"));
    let mut ftp = Ftp::login(&stage.server);
    ftp.store("STOR a.jpg.part", b"x");
    stage.rename(&mut ftp, "a.jpg.part", "a.jpg");
    assert_eq!(stage.type_of("a.jpg"), UNTYPED);
}

/// Of what cannot be said again nothing is lost, be it that it is no text or that nobody tells.
#[test]
fn nothing_is_given_up_for_a_type() {
    let stage = Stage::new(|setup| setup.account_key("object_tags", "site=gz"));
    let mut ftp = Ftp::login(&stage.server);
    let rgw = Rgw::shared();
    let given = ["content-type: binary/octet-stream", "x-amz-tagging: k=v", "x-amz-meta-owner: me"];
    rgw.s3_put_with(&stage.bucket, "a.part", b"x", &given);
    stage.rename(&mut ftp, "a.part", "a.jpg");
    assert_eq!(stage.type_of("a.jpg"), "image/jpeg");
    assert_eq!(rgw.s3_head(&stage.bucket, "a.jpg").unwrap()["x-amz-meta-owner"], "me");
    assert_eq!(rgw.s3_tags(&stage.bucket, "a.jpg"), "k=v");

    rgw.s3_put_with(&stage.bucket, "b.part", b"x", &given[..2]);
    let denied = Fault::Refuse(403, "AccessDenied");
    stage.injector.inject(Rule::new(Request::GetObjectTagging, denied));
    stage.rename(&mut ftp, "b.part", "b.jpg");
    assert_eq!(stage.type_of("b.jpg"), UNTYPED);
    assert_eq!(rgw.s3_tags(&stage.bucket, "b.jpg"), "k=v");
    stage.injector.heal();

    // A store that makes plain copies alone.
    for (name, status) in [("c", 400), ("d", 501)] {
        let (from, to) = (format!("{name}.part"), format!("{name}.jpg"));
        rgw.s3_put_with(&stage.bucket, &from, b"x", &given);
        let refused = Fault::Refuse(status, "NotImplemented");
        stage.injector.inject(Rule::new(Request::CopyObject, refused).times(1));
        stage.rename(&mut ftp, &from, &to);
        assert_eq!(stage.type_of(&to), UNTYPED);
        assert_eq!(rgw.s3_head(&stage.bucket, &to).unwrap()["x-amz-meta-owner"], "me");
    }
}

/// A copy whose bytes are put together, of what the store does not copy at once.
#[test]
fn what_is_encrypted_or_copied_in_parts_gets_its_type_too() {
    let stage = Stage::new(|setup| setup.account_key("server_side_encryption", "aws:kms:key-1"));
    let mut ftp = Ftp::login(&stage.server);
    ftp.store("STOR a.jpg.part", b"content");
    stage.rename(&mut ftp, "a.jpg.part", "a.jpg");
    assert_eq!(stage.type_of("a.jpg"), "image/jpeg");
    assert_eq!(Rgw::shared().s3_get(&stage.bucket, "a.jpg"), b"content");
    let head = Rgw::shared().s3_head(&stage.bucket, "a.jpg").unwrap();
    assert_eq!(head["x-amz-server-side-encryption-aws-kms-key-id"], "key-1");
}
