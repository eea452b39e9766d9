//! AbortMultipartUpload.

use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::{Operation, Result, StoreError};

/// AbortMultipartUpload. An upload that no longer exists is no error.
pub(crate) fn abort_multipart_upload(client: &S3Client, key: &str, upload_id: &str) -> Result<()> {
    match client.exchange(&Call::new(Operation::AbortMultipartUpload, request(key, upload_id))) {
        Err(failure) if is_no_such_upload(&failure.error) => Ok(()),
        answer => Ok(answer.map(drop)?),
    }
}

/// Whether the store says that there is no such upload (any more).
pub(crate) fn is_no_such_upload(error: &StoreError) -> bool {
    error.status == Some(404) && matches!(error.code.as_deref(), Some("NoSuchUpload") | None)
}

fn request(key: &str, upload_id: &str) -> S3Request {
    S3Request::on_object(Method::DELETE, key).query("uploadId", upload_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_upload_goes_not_the_object() {
        assert_eq!(sent(&request("d/k", "2~x")), ["DELETE /d/k?uploadId=2~x"]);
    }
}
