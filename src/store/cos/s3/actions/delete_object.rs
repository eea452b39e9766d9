//! DeleteObject.

use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::{ETag, ErrorKind, Operation, Result};

/// DeleteObject, of the version `if_match` alone, where the store takes that condition. No error
/// when there is none.
pub(crate) fn delete_object(client: &S3Client, key: &str, if_match: Option<&ETag>) -> Result<()> {
    match client.exchange(&Call::new(Operation::DeleteObject, request(key, if_match))) {
        Err(failure) if failure.error.kind == ErrorKind::NotFound => Ok(()),
        answer => Ok(answer.map(drop)?),
    }
}

fn request(key: &str, if_match: Option<&ETag>) -> S3Request {
    S3Request::on_object(Method::DELETE, key).if_match(if_match)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn one_version_or_any() {
        let etag = ETag("\"a\"".to_owned());
        assert_eq!(sent(&request("d/k", None)), ["DELETE /d/k"]);
        assert_eq!(sent(&request("d/k", Some(&etag))), ["DELETE /d/k", "if-match: \"a\""]);
    }
}
