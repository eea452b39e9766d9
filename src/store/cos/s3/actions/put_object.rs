//! PutObject: a whole object in one request.

use ureq::http::Method;

use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::call::{Call, RequestFailure};
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::guard::Guard;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::verified::send_verified;
use crate::store::{Body, Operation};

/// What is stored.
#[derive(Clone, Copy)]
pub(crate) struct Put<'a> {
    /// Under which key.
    pub(crate) key: &'a str,
    /// The bytes.
    pub(crate) body: &'a Body<'a>,
    /// What becomes part of the object.
    pub(crate) headers: &'a [(String, String)],
    /// What the store compares before.
    pub(crate) only: &'a Precondition,
}

/// PutObject.
pub(crate) fn put_object(client: &S3Client, put: Put<'_>) -> Result<Headers, RequestFailure> {
    let mut call =
        Call::new(Operation::PutObject, request(put)).with_body(*put.body).describing(put.headers);
    // A part that was damaged is sent again before anybody sees it. An object replaces the earlier
    // one at once: the store itself must refuse what was damaged on its way.
    call = call.guarded(if put.body.is_empty() { Guard::Md5 } else { client.guard() });
    let told = send_verified(client, call, put.body)?.headers;
    client.watch_encryption(put.key, put.headers, &told);
    Ok(told)
}

fn request(put: Put<'_>) -> S3Request {
    put.only.of(S3Request::on_object(Method::PUT, put.key).headers(put.headers.iter().cloned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;
    use crate::store::{Cancel, ETag};

    #[test]
    fn an_object_goes_with_its_headers_and_its_condition() {
        let cancel = Cancel::new();
        let body = Body::new(&[], &cancel);
        let headers = [("x-amz-meta-mtime".to_owned(), "17".to_owned())];
        let put = Put { key: "d/", body: &body, headers: &headers, only: &Precondition::Absent };
        let expected = ["PUT /d/", "if-none-match: *", "x-amz-meta-mtime: 17"];
        assert_eq!(sent(&request(put)), expected);
        let only = Precondition::Version(ETag("\"a\"".to_owned()));
        let put = Put { key: "k", body: &body, headers: &[], only: &only };
        assert_eq!(sent(&request(put)), ["PUT /k", "if-match: \"a\""]);
    }
}
