//! Rename, which only COS' buckets with real directories know: a file, or a directory with all that
//! is in it, gets another name at once. Nothing may stand under that.
//!
//! COS documents it with its SDK for Java (436/73685) alone.

use ureq::http::Method;

use crate::store::Operation;
use crate::store::cos::s3::call::{Call, RequestFailure};
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;

/// Renames what stands under the key `from`, which has no slash at its end, to `to`. It is not sent
/// again where it may have been carried out: something else may stand under `from` by then.
pub(crate) fn rename_object(client: &S3Client, from: &str, to: &str) -> Result<(), RequestFailure> {
    let call = Call::new(Operation::RenameObject, request(from, to)).patiently().but_once();
    client.exchange(&call).map(drop)
}

fn request(from: &str, to: &str) -> S3Request {
    S3Request::on_object(Method::PUT, to).query("rename", "").renaming(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_old_name_begins_with_a_slash_and_is_encoded() {
        assert_eq!(
            sent(&request("old/数 +", "new/k")),
            ["PUT /new/k?rename", "x-cos-rename-source: /old/%E6%95%B0%20%2B"]
        );
    }
}
