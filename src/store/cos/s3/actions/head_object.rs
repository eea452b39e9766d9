//! HeadObject: the facts about one object.

use time::OffsetDateTime;
use ureq::http::Method;

use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::integrity::{self, StoredChecksums};
use crate::store::cos::s3::request::S3Request;
use crate::store::{Body, ETag, ErrorKind, Operation, Result};

/// The facts about an object.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Its bytes.
    pub(crate) size: u64,
    /// All its headers.
    pub(crate) headers: Headers,
}

impl Head {
    fn of(headers: Headers) -> Option<Self> {
        Self::size_in(&headers).map(|size| Self { size, headers })
    }

    fn size_in(headers: &Headers) -> Option<u64> {
        headers.get("content-length")?.parse().ok()
    }

    /// Its version.
    pub(crate) fn etag(&self) -> Option<ETag> {
        self.headers.etag()
    }

    /// Whether it is known to hold just these bytes, by their checksum or their MD5.
    pub(crate) fn holds(&self, body: &Body<'_>) -> bool {
        let etag = self.headers.etag_of_bytes();
        let receipt = StoredChecksums { crc64: self.headers.crc64(), etag: etag.as_ref() };
        self.size == body.len() && integrity::proves(body, receipt)
    }

    /// Whether both are known to hold the same bytes, by their checksums or ETags.
    pub(crate) fn has_bytes_of(&self, other: &Self) -> bool {
        let sums = self.headers.crc64().zip(other.headers.crc64());
        let etags = self.headers.etag_of_bytes().zip(other.headers.etag_of_bytes());
        let is_same = |(one, another): (u64, u64)| one == another;
        self.size == other.size
            && sums.map(is_same).or(etags.map(|(one, another)| one == another)).unwrap_or(false)
    }

    /// How many tags it has, where the store tells.
    pub(crate) fn tag_count(&self) -> Option<usize> {
        self.headers.vendor("tagging-count")?.parse().ok()
    }

    /// Its last change, UTC.
    pub(crate) fn modified(&self) -> Option<OffsetDateTime> {
        self.headers.last_modified()
    }
}

/// HeadObject; `None` when there is no such object.
pub(crate) fn head_object(client: &S3Client, key: &str) -> Result<Option<Head>> {
    ask(client, &call(key))
}

/// The same for somebody who is about to go.
pub(crate) fn head_object_hastily(client: &S3Client, key: &str) -> Result<Option<Head>> {
    ask(client, &call(key).hastily())
}

fn call(key: &str) -> Call<'static> {
    Call::new(Operation::HeadObject, S3Request::on_object(Method::HEAD, key))
}

fn ask(client: &S3Client, call: &Call<'_>) -> Result<Option<Head>> {
    match client.exchange(call) {
        Err(failure) if failure.error.kind == ErrorKind::NotFound => Ok(None),
        answer => {
            let headers = answer?.headers;
            if Head::size_in(&headers).is_none() {
                return Err(call.unreadable(&headers, "an answer without Content-Length"));
            }
            Ok(Head::of(headers))
        }
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use ureq::http::{HeaderMap, HeaderValue};

    use super::*;

    #[test]
    fn facts_are_headers_in_either_dialect() {
        let mut headers = HeaderMap::new();
        assert!(Head::of(Headers(headers.clone())).is_none(), "no size");
        for (name, value) in [
            ("content-length", "16"),
            ("etag", "\"ee8de918d05640145b18f70f4c3aa602\""),
            ("last-modified", "Fri, 10 Apr 2020 09:35:05 GMT"),
            ("x-cos-hash-crc64ecma", "16749565679157681890"),
            ("x-amz-meta-mtime", "1700000000"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let head = Head::of(Headers(headers)).unwrap();
        assert_eq!((head.size, head.modified()), (16, Some(datetime!(2020-04-10 09:35:05 UTC))));
        assert_eq!(head.headers.vendor("meta-mtime"), Some("1700000000"));
        let cancel = crate::store::Cancel::new();
        assert!(head.holds(&Body::new(&[b"[Object Content]"], &cancel)));
        assert!(!head.holds(&Body::new(&[b"[object Content]"], &cancel)));
    }
}
