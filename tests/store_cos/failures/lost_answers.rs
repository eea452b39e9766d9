//! What the store has done and does not tell: it is looked up.

use std::time::Duration;

use cos_ftp_server::store::cos::CosStore;
use cos_ftp_server::store::{ETag, ErrorKind};

use super::{
    ETAG_OF_PARTS, complete, completing, crc_of, put_bytes, scripted_options, seen_in_turn,
};
use crate::store_cos::noise;
use crate::store_cos::scripted::{Act, Scripted, answer, error, text};

#[test]
fn a_lost_answer_to_complete_is_looked_up() {
    const HASH: &str = "0123456789abcdef0123456789abcdef";
    let gone = || answer("404 Not Found", "", &error("NoSuchUpload"));
    let stands = |size: u32, etag: &str, crc: u64| {
        let headers = format!("ETag: \"{etag}\"\r\nx-cos-hash-crc64ecma: {crc}\r\n");
        Act::Answer(format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {size}\r\n\r\n"))
    };
    let (ours, crc) = (format!("{HASH}-2"), crc_of(b"123456789x"));
    for (head, is_ours) in [
        (stands(10, &ours, crc), true),
        (stands(11, &ours, crc), false),
        (stands(10, &ours, crc ^ 1), false),
        (stands(10, &format!("{HASH}-3"), crc), false),
        (stands(10, HASH, crc), false),
        (answer("404 Not Found", "", ""), false),
    ] {
        let (script, store) = completing(vec![Act::Hang, gone(), head]);
        let expected = match is_ours {
            true => Ok(Some(ETag(format!("\"{ours}\"")))),
            false => Err(ErrorKind::Other),
        };
        assert_eq!(complete(&store).map(|stored| stored.etag), expected);
        assert!(seen_in_turn(&script)[2].head.starts_with("head "));
    }
    let (script, store) = completing(vec![gone()]);
    assert_eq!(complete(&store), Err(ErrorKind::Other), "it never was");
    assert_eq!(seen_in_turn(&script).len(), 1);
}

/// The store has the object, and no answer ever says so.
#[test]
fn a_put_whose_answers_are_lost_is_looked_up() {
    let bytes = noise(5);
    let md5 = format!("{:x}", md5::compute(&bytes));
    let other = "0123456789abcdef0123456789abcdef";
    let stands = |size: u32, etag: &str, crc: Option<u64>| {
        let crc = crc.map(|crc| format!("x-amz-hash-crc64ecma: {crc}\r\n")).unwrap_or_default();
        let headers = format!("ETag: \"{etag}\"\r\n{crc}");
        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {size}\r\n\r\n")
    };
    let crc = crc_of(&bytes);
    for (head, is_ours) in [
        (stands(5, &md5, None), true),
        (stands(5, other, Some(crc)), true),
        (stands(6, &md5, None), false),
        (stands(5, other, None), false),
        (stands(5, &md5, Some(crc ^ 1)), false),
        (stands(5, "opaque", None), false),
        (text("404 Not Found", "", ""), false),
    ] {
        let answer = head.clone();
        let script = Scripted::acting(move |request| {
            Some(if request.starts_with("head ") { Act::Answer(answer.clone()) } else { Act::Hang })
        });
        let mut options = scripted_options(&script);
        options.timeouts.retry_total = Duration::ZERO;
        let store = CosStore::connect(options).unwrap();
        let put = put_bytes(&store, &bytes);
        assert_eq!(put.is_ok(), is_ours, "{head}");
        assert!(is_ours || put == Err(ErrorKind::Unavailable), "{head}");
    }
}

/// What the store refused it did not do: nobody looks.
#[test]
fn a_put_that_was_refused_is_not_looked_up() {
    let script = Scripted::acting(|_| Some(answer("503 Slow Down", "", &error("SlowDown"))));
    let mut options = scripted_options(&script);
    options.timeouts.retry_total = Duration::ZERO;
    let store = CosStore::connect(options).unwrap();
    assert_eq!(put_bytes(&store, b"x"), Err(ErrorKind::Unavailable));
    assert!(script.seen().iter().all(|seen| seen.head.starts_with("put ")));
}

/// A camera that stores a picture of the same size under the same name: without a checksum, the
/// size and the number of parts do not tell the new object from the old one.
#[test]
fn an_older_object_of_the_same_size_is_not_taken_for_the_completed_one() {
    let head = |etag: &str, modified: &str| {
        let headers = format!("ETag: \"{etag}\"\r\nLast-Modified: {modified}\r\n");
        Act::Answer(format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 10\r\n\r\n"))
    };
    let (old, new) = ("Fri, 10 Apr 2020 09:35:05 GMT", "Fri, 10 Apr 2130 09:35:05 GMT");
    let other = "0123456789abcdef0123456789abcdef-2";
    for (head, is_ours) in
        [(head(other, old), false), (head(ETAG_OF_PARTS, old), true), (head(other, new), true)]
    {
        let gone = answer("404 Not Found", "", &error("NoSuchUpload"));
        let (_script, store) = completing(vec![Act::Hang, gone, head]);
        assert_eq!(complete(&store).is_ok(), is_ours);
    }
}
