//! CompleteMultipartUpload: an object from its parts. COS may take minutes, and may say 200 and
//! fail.

use s3::serde_types::{CompleteMultipartUploadData, Part};
use ureq::http::Method;

use crate::store::cos::s3::call::{Call, RequestFailure};
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml;
use crate::store::{Body, Cancel, ETag, Operation, PartReceipt};

/// What is put together.
#[derive(Clone, Copy)]
pub(crate) struct Complete<'a> {
    /// Under which key.
    pub(crate) key: &'a str,
    /// Of which upload.
    pub(crate) upload_id: &'a str,
    /// Of which parts.
    pub(crate) parts: &'a [PartReceipt],
    /// What the store compares before.
    pub(crate) only: &'a Precondition,
}

/// What the store says of the whole.
#[derive(Clone, Debug)]
pub(crate) struct Completed {
    /// Its version.
    pub(crate) etag: ETag,
    /// CRC-64/XZ of its bytes, if that was told.
    pub(crate) crc64: Option<u64>,
    /// The store's name for the request.
    pub(crate) request_id: Option<String>,
}

/// CompleteMultipartUpload. An answer that cannot be read leaves in doubt what happened.
pub(crate) fn complete_multipart_upload(
    client: &S3Client,
    complete: Complete<'_>,
) -> Result<Completed, RequestFailure> {
    let (text, never) = (body(complete.parts), Cancel::new());
    let pieces = [text.as_bytes()];
    let call = Call::new(Operation::CompleteMultipartUpload, request(complete));
    let call = call.with_body(Body::new(&pieces, &never)).patiently();
    let answer = client.exchange(&call)?;
    let stored = xml::stored(&answer.text).map_err(|error| RequestFailure {
        error: call.unreadable(&answer.headers, error),
        tries: 1,
        in_doubt: true,
    })?;
    Ok(Completed {
        crc64: answer.headers.crc64().or(stored.crc64()),
        etag: ETag(stored.etag),
        request_id: answer.headers.request_id(),
    })
}

fn request(complete: Complete<'_>) -> S3Request {
    let request = S3Request::on_object(Method::POST, complete.key)
        .query("uploadId", complete.upload_id)
        .header("content-type", "application/xml");
    complete.only.of(request)
}

/// The body of CompleteMultipartUpload.
fn body(parts: &[PartReceipt]) -> String {
    let parts =
        parts.iter().map(|part| Part { part_number: part.number, etag: part.etag.0.clone() });
    CompleteMultipartUploadData { parts: parts.collect() }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_upload_is_named_and_the_condition() {
        let complete =
            Complete { key: "k", upload_id: "u/1", parts: &[], only: &Precondition::Absent };
        assert_eq!(
            sent(&request(complete)),
            ["POST /k?uploadId=u%2F1", "content-type: application/xml", "if-none-match: *"]
        );
    }

    #[test]
    fn complete_names_the_parts() {
        let part = |number, etag: &str| PartReceipt {
            number,
            size: 1,
            etag: ETag(etag.into()),
            crc64: None,
        };
        assert_eq!(
            body(&[part(1, "\"a\""), part(2, "\"b\"")]),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>\
             <Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part></CompleteMultipartUpload>"
        );
    }
}
