//! UploadPartCopy: a range of an object as a part.

use super::head_object::head_object;
use super::upload_part;
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml;
use crate::store::{CopySource, ETag, ErrorKind, Operation, PartReceipt, Result, StoreError};

/// A part that is copied.
#[derive(Clone, Copy)]
pub(crate) struct PartCopy<'a> {
    /// The key of the upload.
    pub(crate) key: &'a str,
    /// The upload.
    pub(crate) upload_id: &'a str,
    /// The part's number.
    pub(crate) number: u32,
    /// The object whose bytes are copied.
    pub(crate) from: &'a str,
    /// Which of them.
    pub(crate) source: &'a CopySource,
}

/// UploadPartCopy.
pub(crate) fn upload_part_copy(client: &S3Client, copy: PartCopy<'_>) -> Result<PartReceipt> {
    let PartCopy { number, from, source, .. } = copy;
    if source.etag.is_some() {
        check_version(client, from, source.etag.as_ref())?;
    }
    let request = request(client.bucket(), copy);
    let call = Call::new(Operation::UploadPartCopy, request).patiently();
    let answer = client.exchange(&call)?;
    if answer.text.trim().is_empty() {
        // It took the request for an UploadPart.
        let error = StoreError { status: Some(200), ..call.error(ErrorKind::Unsupported) };
        return Err(
            error.with_source("the store stores an empty part where a range is to be copied")
        );
    }
    let copied =
        xml::stored(&answer.text).map_err(|error| call.unreadable(&answer.headers, error))?;
    Ok(PartReceipt {
        number,
        size: source.end - source.first,
        crc64: copied.crc64().or(answer.headers.crc64()),
        etag: ETag(copied.etag),
    })
}

/// Some stores (Ceph) ignore `x-amz-copy-source-if-match`; a mixture of two versions would be worse
/// than one request more.
fn check_version(client: &S3Client, key: &str, expected: Option<&ETag>) -> Result<()> {
    let failed = |kind| StoreError::new(kind, Operation::UploadPartCopy, key);
    let head = head_object(client, key)?.ok_or_else(|| failed(ErrorKind::NotFound))?;
    if head.etag().as_ref() != expected {
        return Err(failed(ErrorKind::PreconditionFailed));
    }
    Ok(())
}

fn request(bucket: &str, copy: PartCopy<'_>) -> S3Request {
    let PartCopy { key, upload_id, number, from, source } = copy;
    let range = format!("bytes={}-{}", source.first, source.end.saturating_sub(1));
    let mut request = upload_part::request(key, upload_id, number)
        .copying(bucket, from)
        .header("x-amz-copy-source-range", range);
    if let Some(etag) = &source.etag {
        request = request.header("x-amz-copy-source-if-match", &etag.0);
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn a_range_of_one_version_is_copied() {
        let source = CopySource { first: 0, end: 10, etag: Some(ETag("\"a\"".to_owned())) };
        let copy =
            PartCopy { key: "new", upload_id: "u", number: 1, from: "old/k", source: &source };
        assert_eq!(
            sent(&request("b-125", copy)),
            [
                "PUT /new?partNumber=1&uploadId=u",
                "x-amz-copy-source-if-match: \"a\"",
                "x-amz-copy-source-range: bytes=0-9",
                "x-amz-copy-source: b-125/old/k",
            ]
        );
    }
}
