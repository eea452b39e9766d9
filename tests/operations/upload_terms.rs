//! What an account says of the files that it stores: what is sent, what it costs, and what a client
//! is told where the store does not take it.

use std::io::Write;

use crate::support::ftp::Ftp;
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;
use crate::support::server::{Setup, TestServer, USER};

const MIB: usize = 1024 * 1024;

/// Everything that can be said.
const ALL: [(&str, &str); 6] = [
    ("storage_class", "STANDARD_IA"),
    ("server_side_encryption", "aws:kms:key-1"),
    ("object_acl", "public-read"),
    ("object_tags", "site=gz&user=%u"),
    ("stamp_uploads", "on"),
    ("upload_headers", "Cache-Control: max-age=60 & Content-Language: zh"),
];

fn behind(injector: &Injector, keys: &[(&str, &str)]) -> TestServer {
    let setup = Setup::bucket_behind(&injector.endpoint());
    let told = keys.iter().fold(setup, |setup, (key, value)| setup.account_key(key, value));
    told.operations("abort_unfinished_after", "0").start()
}

/// The requests that are sent while `act` runs.
fn requests(injector: &Injector, act: impl FnOnce()) -> Vec<Request> {
    let before = injector.requests();
    act();
    injector.seen().split_off(before).into_iter().map(|(request, _)| request).collect()
}

#[test]
fn it_costs_no_request() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector, &ALL);
    let mut ftp = Ftp::login(&server);
    // What is known of the directory from here on is asked once.
    ftp.store("STOR first", b"x");
    let sent = requests(&injector, || drop(ftp.store("STOR small.jpg", &vec![b'x'; 4096])));
    assert_eq!(sent, [Request::PutObject]);
    let sent = requests(&injector, || drop(ftp.store("STOR small.jpg", &vec![b'y'; 4096])));
    assert_eq!(sent, [Request::PutObject], "over the file");
}

#[test]
fn only_what_has_tags_is_asked_for_them() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector, &[("object_tags", "a=b")]);
    let bucket = server.stored().bucket();
    let mut ftp = Ftp::login(&server);
    Rgw::shared().s3_put(bucket, "plain", b"x");
    ftp.store("STOR tagged", b"x");
    for (name, expected) in [("plain", 0), ("tagged", 1)] {
        let sent = requests(&injector, || drop(ftp.store(&format!("APPE {name}"), b"y")));
        let asked = sent.iter().filter(|request| **request == Request::GetObjectTagging).count();
        assert_eq!(asked, expected, "{name}: {sent:?}");
    }
    assert_eq!(Rgw::shared().s3_tags(bucket, "plain"), "", "kept as it was");
    // A file that is replaced leaves nothing, and is not asked.
    for bytes in [1, 11 * MIB] {
        let sent = requests(&injector, || drop(ftp.store("STOR tagged", &vec![b'z'; bytes])));
        assert!(!sent.contains(&Request::GetObjectTagging), "{sent:?}");
    }
}

#[test]
fn the_metadata_tell_who_stored_it() {
    let bucket = Rgw::shared().new_bucket();
    let setup = Setup::bucket_named(&bucket, Rgw::shared().endpoint());
    let server = setup.account("用户 %", "RW", "true").option("stamp_uploads", "on").start();
    for (user, expected) in [(USER, USER), ("用户 %", "%E7%94%A8%E6%88%B7%20%25")] {
        let mut ftp = Ftp::login_as(&server, user);
        for bytes in [10, 6 * MIB] {
            ftp.store("STOR f", &vec![b'x'; bytes]);
            let head = Rgw::shared().s3_head(&bucket, "f").unwrap();
            assert_eq!(head["x-amz-meta-ftp-user"], expected);
            assert_eq!(head["x-amz-meta-ftp-peer"], "127.0.0.1");
            let session: u64 = head["x-amz-meta-ftp-session"].parse().unwrap();
            assert!(session > 0);
        }
    }
}

/// A bucket may take nothing that is not encrypted; nobody pays twice for a directory, and no rule
/// deletes one.
#[test]
fn a_directory_is_encrypted_and_nothing_else() {
    let bucket = Rgw::shared().new_bucket();
    let setup = Setup::bucket_named(&bucket, Rgw::shared().endpoint());
    let setup = ALL.iter().fold(setup, |setup, (key, value)| setup.option(key, value));
    let server = setup.start();
    Ftp::login(&server).expect("MKD d", "257");
    let head = Rgw::shared().s3_head(&bucket, "d/").unwrap();
    assert_eq!(head["x-amz-server-side-encryption-aws-kms-key-id"], "key-1");
    assert!(!head.contains_key("x-amz-storage-class") && !head.contains_key("x-amz-tagging-count"));
}

/// By the gateway itself.
#[test]
fn what_the_store_does_not_take_is_a_550_with_its_code() {
    for (key, value, code) in [
        ("storage_class", "NOSUCHCLASS", "InvalidArgument"),
        ("server_side_encryption", "aws:kms", "InvalidArgument"),
        // The gateway's word for a key that it does not know.
        ("server_side_encryption", "aws:kms:none", "InvalidAccessKeyId"),
    ] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let server = behind(&injector, &[(key, value)]);
        let mut ftp = Ftp::login(&server);
        for (bytes, request) in
            [(10, Request::PutObject), (11 * MIB, Request::CreateMultipartUpload)]
        {
            let sent = requests(&injector, || {
                let reply = refusal(&mut ftp, "STOR f", &vec![b'x'; bytes]);
                assert!(reply.contains(&format!(" ({code}). [req ")), "{key} = {value}: {reply}");
            });
            assert_eq!(sent.iter().filter(|sent| **sent == request).count(), 1, "{sent:?}");
        }
        assert_eq!(Rgw::shared().s3_list(server.stored().bucket(), ""), [""; 0], "{key}");
        // The session goes on.
        ftp.expect("NOOP", "200");
    }
}

/// What other stores say.
#[test]
fn codes_of_other_stores_are_told_and_nothing_is_sent_without_the_header() {
    for (status, code) in [
        (400, "InvalidStorageClass"),
        (400, "NotSupportedStorageClass"),
        (400, "InvalidTag"),
        (400, "KMS.DisabledException"),
        (403, "AccessDenied"),
        (501, "NotImplemented"),
    ] {
        let injector = Injector::before(Rgw::shared().endpoint());
        let server = behind(&injector, &[("storage_class", "STANDARD_IA")]);
        let mut ftp = Ftp::login(&server);
        for (bytes, request) in
            [(10, Request::PutObject), (11 * MIB, Request::CreateMultipartUpload)]
        {
            injector.inject(Rule::new(request, Fault::Refuse(status, code)));
            let sent = requests(&injector, || {
                let reply = refusal(&mut ftp, "STOR f", &vec![b'x'; bytes]);
                assert!(reply.contains(&format!(" ({code}). [req ")), "{reply}");
            });
            assert_eq!(sent.iter().filter(|sent| **sent == request).count(), 1, "{sent:?}");
        }
        assert_eq!(Rgw::shared().s3_list(server.stored().bucket(), ""), [""; 0], "{code}");
    }
}

/// Where nothing is said of files, a code that nobody knows is the store's bad moment.
#[test]
fn an_unknown_code_blames_no_setting_that_is_not_there() {
    let injector = Injector::before(Rgw::shared().endpoint());
    let server = behind(&injector, &[]);
    injector.inject(Rule::new(Request::PutObject, Fault::Refuse(400, "InvalidOddity")));
    let mut ftp = Ftp::login(&server);
    ftp.store_refused("STOR f", "451");
}

/// The final reply to an upload that is refused.
fn refusal(ftp: &mut Ftp, line: &str, bytes: &[u8]) -> String {
    let data = ftp.passive();
    ftp.expect(line, "150 ");
    let mut stream = data.open();
    // It may be refused in the middle.
    let _ = stream.write_all(bytes);
    drop(stream);
    let reply = ftp.reply();
    assert!(reply.starts_with("550 "), "{reply}");
    reply
}
