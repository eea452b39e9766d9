//! UploadPart.

use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::verified::send_verified;
use crate::store::{Body, Operation, PartReceipt, Result};

/// UploadPart.
pub(crate) fn upload_part(
    client: &S3Client,
    key: &str,
    upload_id: &str,
    number: u32,
    body: &Body<'_>,
) -> Result<PartReceipt> {
    let call = || Call::new(Operation::UploadPart, request(key, upload_id, number));
    let answer = send_verified(client, call().with_body(*body), body)?;
    let etag = answer.headers.etag();
    let etag = etag.ok_or_else(|| call().unreadable(&answer.headers, "an answer without ETag"))?;
    Ok(PartReceipt { number, size: body.len(), etag, crc64: answer.headers.crc64() })
}

/// A request that stores a part.
pub(super) fn request(key: &str, upload_id: &str, number: u32) -> S3Request {
    S3Request::on_object(Method::PUT, key)
        .query("partNumber", number.to_string())
        .query("uploadId", upload_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn a_part_has_a_number_and_an_upload() {
        let expected = ["PUT /d/k?partNumber=7&uploadId=2~a%2B"];
        assert_eq!(sent(&request("d/k", "2~a+", 7)), expected);
    }
}
