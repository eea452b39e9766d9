//! CopyObject: a copy within the store, up to 5 GB. The bytes never come through here.

use time::OffsetDateTime;
use ureq::http::Method;

use super::head_object::Head;
use crate::store::cos::s3::call::{Call, RequestFailure};
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::integrity;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml;
use crate::store::{ETag, ErrorKind, Operation};

/// What is copied.
#[derive(Clone, Copy)]
pub(crate) struct Original<'a> {
    /// Its key.
    pub(crate) key: &'a str,
    /// The one version that it must be.
    pub(crate) version: Option<&'a Head>,
}

/// What a copy becomes.
#[derive(Clone, Copy)]
pub(crate) struct NewCopy<'a> {
    /// Its key.
    pub(crate) key: &'a str,
    /// What it is told beside what it keeps.
    pub(crate) headers: &'a [(String, String)],
    /// What the store compares before.
    pub(crate) only: &'a Precondition,
}

/// What the store says of a copy.
#[derive(Clone, Debug)]
pub(crate) struct CopyReceipt {
    /// Its version.
    pub(crate) etag: ETag,
    /// When it was stored, UTC, if that was told.
    pub(crate) modified: Option<OffsetDateTime>,
}

/// CopyObject; a copy that is another object is none.
pub(crate) fn copy_object(
    client: &S3Client,
    original: Original<'_>,
    copy: NewCopy<'_>,
) -> Result<CopyReceipt, RequestFailure> {
    let request = request(client.bucket(), original, copy);
    let call = Call::new(Operation::CopyObject, request).patiently().describing(copy.headers);
    // Something was stored, whatever it is.
    let answered = |error| RequestFailure { error, tries: 1, in_doubt: true };
    let answer = client.exchange(&call)?;
    let copied = xml::stored(&answer.text)
        .map_err(|error| answered(call.unreadable(&answer.headers, error)))?;
    let crc64 = original.version.and_then(|head| head.headers.crc64());
    if integrity::differs(client.verify(), copied.crc64(), crc64) {
        return Err(answered(call.error(ErrorKind::ChecksumMismatch)));
    }
    Ok(CopyReceipt { modified: copied.modified(), etag: ETag(copied.etag) })
}

fn request(bucket: &str, from: Original<'_>, to: NewCopy<'_>) -> S3Request {
    let mut request = S3Request::on_object(Method::PUT, to.key)
        .copying(bucket, from.key)
        .headers(to.headers.to_vec());
    if let Some(etag) = from.version.and_then(Head::etag) {
        request = request.header("x-amz-copy-source-if-match", etag.0);
    }
    to.only.of(request)
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::store::cos::s3::answer::Headers;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_source_is_named_with_its_bucket_and_its_version() {
        let mut headers = HeaderMap::new();
        headers.insert("etag", HeaderValue::from_static("\"a\""));
        let head = Head { size: 5, headers: Headers(headers) };
        let kept = [("x-amz-storage-class".to_owned(), "STANDARD_IA".to_owned())];
        let original = Original { key: "old/数 +", version: Some(&head) };
        let only = &Precondition::Absent;
        let copy = NewCopy { key: "new/k", headers: &kept, only };
        assert_eq!(
            sent(&request("b-125", original, copy)),
            [
                "PUT /new/k",
                "if-none-match: *",
                "x-amz-copy-source-if-match: \"a\"",
                "x-amz-copy-source: b-125/old/%E6%95%B0%20%2B",
                "x-amz-storage-class: STANDARD_IA",
            ]
        );
        let original = Original { key: "k", version: None };
        let expected = ["PUT /l", "x-amz-copy-source: b-125/k"];
        let copy = NewCopy { key: "l", headers: &[], only: &Precondition::None };
        assert_eq!(sent(&request("b-125", original, copy)), expected);
    }
}
