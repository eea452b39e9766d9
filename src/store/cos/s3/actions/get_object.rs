//! GetObject: the bytes of an object, from anywhere in it.

use std::io;

use ureq::http::{Method, header};

use super::head_object::head_object;
use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::http::drained::Drained;
use crate::store::cos::s3::request::S3Request;
use crate::store::{ByteRange, ETag, ErrorKind, Object, Operation, Result, StoreError};

/// GetObject, with a range only where one is needed.
pub(crate) fn get_object(
    client: &S3Client,
    key: &str,
    range: ByteRange,
    if_match: Option<&ETag>,
) -> Result<Object> {
    if range.end.is_some_and(|end| end <= range.first) {
        return nothing_of(client, key, range.first, if_match);
    }
    let bytes = range_header(range);
    let is_ranged = bytes.is_some();
    let call = Call::new(Operation::GetObject, request(key, bytes, if_match));
    let opened = match client.open(&call) {
        Err(failure) if failure.error.kind == ErrorKind::InvalidRange => {
            return nothing_of(client, key, range.first, if_match);
        }
        other => other?,
    };
    let length = content_length(&opened.headers);
    let size = if is_ranged { whole_size(&opened.headers) } else { length };
    let size = size
        .ok_or_else(|| call.unreadable(&opened.headers, "an answer without the object's size"))?;
    Ok(Object {
        size,
        etag: opened.headers.etag(),
        crc64: opened.headers.crc64(),
        request_id: opened.headers.request_id(),
        body: match length {
            Some(length) => Box::new(Drained::new(opened.body.into_reader(), length)),
            None => Box::new(opened.body.into_reader()),
        },
    })
}

/// An empty range at `first`: no store answers one, so the object's size decides.
fn nothing_of(client: &S3Client, key: &str, first: u64, if_match: Option<&ETag>) -> Result<Object> {
    let failed = |kind| StoreError::new(kind, Operation::GetObject, key);
    let head = head_object(client, key)?.ok_or_else(|| failed(ErrorKind::NotFound))?;
    let etag = head.etag();
    if if_match.is_some() && etag.as_ref() != if_match {
        return Err(failed(ErrorKind::PreconditionFailed));
    }
    if first > head.size {
        return Err(failed(ErrorKind::InvalidRange));
    }
    let (crc64, request_id) = (head.headers.crc64(), head.headers.request_id());
    Ok(Object { size: head.size, etag, crc64, request_id, body: Box::new(io::empty()) })
}

fn request(key: &str, range: Option<String>, if_match: Option<&ETag>) -> S3Request {
    let mut request = S3Request::on_object(Method::GET, key);
    if let Some(range) = range {
        request = request.header("range", range);
    }
    request.if_match(if_match)
}

fn range_header(range: ByteRange) -> Option<String> {
    match range {
        ByteRange { first: 0, end: None } => None,
        ByteRange { first, end: None } => Some(format!("bytes={first}-")),
        ByteRange { first, end: Some(end) } => Some(format!("bytes={first}-{}", end - 1)),
    }
}

/// Bytes of the answer's body, where it says so.
fn content_length(headers: &Headers) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.trim().parse().ok()
}

/// Bytes of the whole object, of which the answer has a range: behind the slash of `Content-Range:
/// bytes 2-3/10`.
fn whole_size(headers: &Headers) -> Option<u64> {
    headers.get("content-range")?.rsplit_once('/')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn ranges_name_their_last_byte() {
        for (range, expected) in [
            (ByteRange::from(0), None),
            (ByteRange::from(7), Some("bytes=7-")),
            (ByteRange::between(0, 1), Some("bytes=0-0")),
            (ByteRange::between(7, 9), Some("bytes=7-8")),
        ] {
            assert_eq!(range_header(range).as_deref(), expected, "{range:?}");
        }
    }

    #[test]
    fn a_range_of_one_version() {
        let etag = ETag("\"a\"".to_owned());
        let asked = request("d/a b", range_header(ByteRange::between(2, 4)), Some(&etag));
        assert_eq!(sent(&asked), ["GET /d/a%20b", "if-match: \"a\"", "range: bytes=2-3"]);
        assert_eq!(sent(&request("k", None, None)), ["GET /k"]);
    }

    #[test]
    fn the_whole_size_stands_behind_the_slash() {
        let mut headers = HeaderMap::new();
        headers.insert("content-length", HeaderValue::from_static("2"));
        headers.insert("content-range", HeaderValue::from_static("bytes 2-3/10"));
        let headers = Headers(headers);
        assert_eq!((whole_size(&headers), content_length(&headers)), (Some(10), Some(2)));
    }
}
