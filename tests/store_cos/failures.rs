//! What goes wrong, and what becomes of it.

/// What was done, and the answer lost.
mod lost_answers;

use std::io::Read;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::store::cos::{CosOptions, CosStore, CredentialSource};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, ETag, ErrorKind, Expected, FileTree, Freshness, Multipart,
    MultipartUpload, PartReceipt, StoreError, Stored,
};
use cos_ftp_server::vfs::FtpPath;

use crate::store_cos::rgw::{self, Rgw};
use crate::store_cos::scripted::{Act, Scripted, Seen, answer, error, text};
use crate::store_cos::{MIB, at, kind, noise, options, store};

#[test]
fn refusals_are_told_apart() {
    let bucket = Rgw::shared().new_bucket();
    let mut wrong = options(&bucket);
    wrong.credentials = CredentialSource::told(rgw::access_key(), "WRONG".to_owned());
    let wrong = CosStore::connect(wrong).unwrap();
    let begun = Instant::now();
    let refused = wrong.probe().unwrap_err();
    assert_eq!(refused.kind, ErrorKind::AccessDenied);
    assert_eq!(
        (refused.status, refused.code.as_deref()),
        (Some(403), Some("SignatureDoesNotMatch"))
    );
    assert!(refused.request_id.is_some());
    assert!(begun.elapsed() < Duration::from_secs(5), "a refusal is final");
    let body = noise(MIB);
    let put = wrong.put_object(&at("f"), &Body::new(&[&body], &Cancel::new()), &Expected::Anything);
    assert_eq!(kind(put), ErrorKind::AccessDenied, "also when it comes before the body was read");
    assert_eq!(kind(wrong.stat(&at("f"), Freshness::Recent)), ErrorKind::AccessDenied);

    let nowhere = store("no-such-bucket-anywhere");
    let missing = nowhere.probe().unwrap_err();
    assert_eq!(
        (missing.kind, missing.code.as_deref()),
        (ErrorKind::NoSuchBucket, Some("NoSuchBucket"))
    );

    let store = store(&bucket);
    let long = at(&"x".repeat(1025));
    assert_eq!(kind(store.stat(&long, Freshness::Recent)), ErrorKind::BadName);
    assert_eq!(kind(store.delete_object(&FtpPath::root())), ErrorKind::IsADirectory);
    assert!(store.probe().is_ok());
}

#[test]
fn a_store_that_is_away_is_given_up_in_time() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut away = options("bucket");
    away.endpoint = closed.to_string();
    away.timeouts.retry_total = Duration::from_millis(700);
    let begun = Instant::now();
    let store = CosStore::connect(away).unwrap();
    let refused = store.stat(&at("f"), Freshness::Recent).unwrap_err();
    assert_eq!((refused.kind, refused.status), (ErrorKind::Unavailable, None));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());

    let cancel = Cancel::new();
    cancel.raise();
    let put = store.put_object(&at("f"), &Body::new(&[b"x"], &cancel), &Expected::Anything);
    assert_eq!(kind(put), ErrorKind::Cancelled);
}

fn scripted(acts: Vec<Act>) -> (Scripted, CosStore) {
    let script = Scripted::new(acts);
    let store = CosStore::connect(scripted_options(&script)).unwrap();
    (script, store)
}

/// The same for [`complete`], which first looks for a directory of the file's name, and finds none.
fn completing(acts: Vec<Act>) -> (Scripted, CosStore) {
    const NOTHING: &str = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>";
    let looks = [answer("404 Not Found", "", ""), answer("200 OK", "", NOTHING)];
    scripted(looks.into_iter().chain(acts).collect())
}

/// The requests behind those looks.
fn seen_in_turn(script: &Scripted) -> Vec<Seen> {
    script.seen().split_off(2)
}

fn scripted_options(script: &Scripted) -> CosOptions {
    CosOptions { endpoint: script.endpoint.clone(), ..options("bucket") }
}

fn put_bytes(store: &CosStore, bytes: &[u8]) -> Result<Stored, ErrorKind> {
    let cancel = Cancel::new();
    store
        .put_object(&at("f"), &Body::new(&[bytes], &cancel), &Expected::Anything)
        .map_err(|error| error.kind)
}

/// Two parts with the MD5s of their bytes, and the ETag that they make together.
const PARTS: [(u32, &[u8], &str); 2] = [
    (1, b"12345", "827ccb0eea8a706c4c34a16891f84e7b"),
    (2, b"6789x", "abd7861bd727135a8243b693b3169af3"),
];
const ETAG_OF_PARTS: &str = "1df889fac9d81a7011f8ea8ee17eb76c-2";

/// Completes an upload of those parts.
fn complete(store: &CosStore) -> Result<Stored, ErrorKind> {
    try_complete(store).map_err(|error| error.kind)
}

/// The same, with all that is told of a failure.
fn try_complete(store: &CosStore) -> Result<Stored, StoreError> {
    let upload = MultipartUpload { path: at("f"), upload_id: "id".into() };
    let parts = PARTS.map(|(number, bytes, md5)| PartReceipt {
        number,
        size: 5,
        etag: ETag(format!("\"{md5}\"")),
        crc64: Some(crc_of(bytes)),
    });
    store.complete_multipart_upload(&upload, &parts, &Expected::Anything)
}

fn crc_of(bytes: &[u8]) -> u64 {
    crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, bytes)
}

#[test]
fn a_body_is_sent_again_until_the_store_takes_it() {
    let bytes = noise(300_000);
    for (status, code) in [
        ("503 Slow Down", "SlowDown"),
        ("400 Bad Request", "UserNetworkTooSlow"),
        ("400 Bad Request", "RequestTimeout"),
        ("409 Conflict", "PathConflict"),
        ("409 Conflict", "OperationAborted"),
        ("200 OK", "InternalError"),
    ] {
        let (script, store) = scripted(vec![
            answer(status, "", &error(code)),
            answer(status, "", &error(code)),
            answer("200 OK", "ETag: \"x\"\r\nx-cos-request-id: R7\r\n", ""),
        ]);
        let stored = put_bytes(&store, &bytes).unwrap();
        assert_eq!(stored.request_id.as_deref(), Some("R7"));
        let seen = script.seen();
        assert_eq!(seen.len(), 3, "{code}");
        assert!(seen.iter().all(|seen| seen.body == bytes && seen.connection == 0), "{code}");
    }
}

/// As Ceph does where several complete uploads of one name at once.
#[test]
fn an_answer_that_makes_no_sense_is_told_with_its_request() {
    let empty = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>";
    let (_script, store) = completing(vec![
        answer("200 OK", "x-amz-request-id: R9\r\n", empty),
        answer("404 Not Found", "", ""),
    ]);
    let failed = try_complete(&store).unwrap_err();
    assert_eq!((failed.kind, failed.request_id.as_deref()), (ErrorKind::Other, Some("R9")));
    assert!(failed.to_string().contains("request-id=R9 cause=\"an empty ETag\""), "{failed}");
}

#[test]
fn what_is_final_is_not_repeated() {
    for (status, body, expected) in [
        ("403 Forbidden", error("AccessDenied"), ErrorKind::AccessDenied),
        ("403 Forbidden", error("InvalidObjectState"), ErrorKind::Archived),
        ("400 Bad Request", error("EntityTooLarge"), ErrorKind::TooLarge),
        ("301 Moved", error("PermanentRedirect"), ErrorKind::WrongEndpoint),
        ("404 Not Found", String::new(), ErrorKind::NotFound),
    ] {
        let moved = "Location: http://127.0.0.1:9/\r\n";
        let (script, store) = scripted(vec![answer(status, moved, &body)]);
        assert_eq!(put_bytes(&store, b"x"), Err(expected), "{status}");
        assert_eq!(script.seen().len(), 1, "{status}");
    }
}

#[test]
fn a_proxy_that_answers_html_is_a_bad_moment() {
    let (script, store) =
        scripted(vec![answer("502 Bad Gateway", "", "<html><h1>oh"), answer("200 OK", "", "")]);
    assert!(put_bytes(&store, b"x").is_ok());
    assert_eq!(script.seen().len(), 2);
}

#[test]
fn a_stale_connection_is_replaced() {
    let (script, store) = scripted(vec![
        answer("200 OK", "", ""),
        Act::Hang,
        answer("200 OK", "Last-Modified: Fri, 10 Apr 2020 09:35:05 GMT\r\n", ""),
    ]);
    put_bytes(&store, b"x").unwrap();
    assert_eq!(store.stat(&at("f"), Freshness::Recent).unwrap().metadata.size, 0);
    let connections: Vec<usize> = script.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 1]);
}

#[test]
fn a_refusal_that_comes_before_the_body_was_read_is_heard() {
    let refusal = text("403 Forbidden", "Connection: close\r\n", &error("AccessDenied"));
    let refuse = || Act::Refuse(refusal.clone());
    let (script, store) = scripted(vec![refuse(), refuse(), refuse(), refuse()]);
    assert_eq!(put_bytes(&store, &noise(32 * MIB)), Err(ErrorKind::AccessDenied));
    assert!(script.seen().last().unwrap().head.contains("expect: 100-continue"));
}

#[test]
fn a_refusal_of_what_was_asked_first_is_heard_at_once() {
    let refusal = text("403 Forbidden", "", &error("AccessDenied"));
    let (script, store) = scripted(vec![Act::Hang, Act::Hang, Act::RefuseAndStay(refusal)]);
    let begun = Instant::now();
    assert_eq!(put_bytes(&store, &noise(MIB)), Err(ErrorKind::AccessDenied));
    assert!(script.seen().last().unwrap().head.contains("expect: 100-continue"));
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(10), "{waited:?}");
}

#[test]
fn a_body_that_was_asked_about_is_sent_when_it_is_wanted() {
    let (script, store) = scripted(vec![Act::Hang, Act::Hang, answer("200 OK", "", "")]);
    let bytes = noise(MIB);
    assert!(put_bytes(&store, &bytes).is_ok());
    let seen = script.seen();
    assert!(seen[2].head.contains("expect: 100-continue"));
    assert!(seen[2].body == bytes);
}

#[test]
fn a_wrong_clock_is_set_by_the_store() {
    let date = "Date: Fri, 24 May 2013 00:00:07 GMT\r\n";
    let skewed = || answer("403 Forbidden", date, &error("RequestTimeTooSkewed"));
    let said = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>";
    let expired = || answer("403 Forbidden", date, said);
    let stored = || answer("200 OK", "", "");
    let (script, store) =
        scripted(vec![skewed(), stored(), expired(), stored(), skewed(), expired()]);
    put_bytes(&store, b"x").unwrap();
    assert!(script.seen()[1].head.contains("x-amz-date: 20130524t0000"));
    put_bytes(&store, b"x").unwrap();
    assert_eq!(put_bytes(&store, b"x"), Err(ErrorKind::AccessDenied), "corrected once");
    assert_eq!(script.seen().len(), 6);
}

#[test]
fn a_damaged_body_is_sent_again_and_then_given_up() {
    let told = |crc: u64| answer("200 OK", &format!("x-amz-hash-crc64ecma: {crc}\r\n"), "");
    let good = crc_of(b"bytes");
    let (script, store) = scripted(vec![told(good ^ 1), told(good)]);
    assert!(put_bytes(&store, b"bytes").is_ok());
    assert_eq!(script.seen().len(), 2);
    let (script, store) = scripted(vec![told(1), told(2), told(3)]);
    assert_eq!(put_bytes(&store, b"bytes"), Err(ErrorKind::ChecksumMismatch));
    assert_eq!(script.seen().len(), 3);
}

#[test]
fn a_complete_succeeds_by_its_etag_only() {
    const DONE: &str = "<CompleteMultipartUploadResult><ETag>\"e-2\"</ETag>\
        </CompleteMultipartUploadResult>";
    let whole = crc_of(b"123456789x");
    let (script, store) = completing(vec![
        answer("200 OK", "", &format!("   \n{}", error("InternalError"))),
        answer("200 OK", &format!("x-cos-hash-crc64ecma: {whole}\r\n"), DONE),
    ]);
    assert_eq!(complete(&store).unwrap().etag, Some(ETag("\"e-2\"".into())));
    assert_eq!(seen_in_turn(&script).len(), 2);
    let wrong = format!("x-cos-hash-crc64ecma: {}\r\n", whole ^ 1);
    let (_script, store) = completing(vec![answer("200 OK", &wrong, DONE)]);
    assert_eq!(complete(&store), Err(ErrorKind::ChecksumMismatch));
}

#[test]
fn aborting_what_is_gone_is_no_error() {
    let upload = MultipartUpload { path: at("f"), upload_id: "a+b/=".into() };
    let (script, store) = scripted(vec![answer("404 Not Found", "", &error("NoSuchUpload"))]);
    store.abort_multipart_upload(&upload).unwrap();
    assert!(script.seen()[0].head.starts_with("delete /bucket/f?uploadid=a%2bb%2f%3d "));
}

#[test]
fn a_body_that_ends_short_is_an_error() {
    let short = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_owned();
    let (_script, store) = scripted(vec![Act::Refuse(short)]);
    let mut object = store.get_object(&at("f"), ByteRange::from(0), None).unwrap();
    assert_eq!(object.size, 10);
    assert!(std::io::copy(&mut object.body, &mut std::io::sink()).is_err());
}

#[test]
fn a_download_gives_its_connection_back() {
    let object = || answer("200 OK", "", "0123456789");
    let (script, store) = scripted(vec![object(), object(), object()]);
    for _ in 0..3 {
        let mut object = store.get_object(&at("f"), ByteRange::from(0), None).unwrap();
        // As a transfer does: exactly the announced bytes, and not one read more.
        object.body.read_exact(&mut [0; 10]).unwrap();
    }
    let connections: Vec<usize> = script.seen().iter().map(|seen| seen.connection).collect();
    assert_eq!(connections, [0, 0, 0]);
}

#[test]
fn silence_ends() {
    let script = Scripted::new(vec![Act::Silence]);
    let mut options = scripted_options(&script);
    options.timeouts.response = Duration::from_millis(200);
    options.timeouts.retry_total = Duration::ZERO;
    let begun = Instant::now();
    let stat = CosStore::connect(options).unwrap().stat(&at("f"), Freshness::Recent);
    assert_eq!(kind(stat), ErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_cancelled_upload_is_not_tried_again() {
    let busy = || answer("503 Slow Down", "", &error("SlowDown"));
    let (script, store) = scripted(std::iter::repeat_with(busy).take(20).collect());
    let cancel = Cancel::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            script.wait_for(1);
            cancel.raise();
        });
        let put = store.put_object(&at("f"), &Body::new(&[b"x"], &cancel), &Expected::Anything);
        assert_eq!(kind(put), ErrorKind::Cancelled);
    });
    assert!(script.seen().len() < 4, "{}", script.seen().len());
}
