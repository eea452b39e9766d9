//! HeadBucket: what the bucket is made of.

use std::time::Duration;

use ureq::http::Method;

use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// How long a bucket is taken for an ordinary one that this account may not ask.
const REFUSED: Duration = Duration::from_secs(600);

/// The same after another answer that tells nothing.
const UNTOLD: Duration = Duration::from_secs(60);

/// HeadBucket: whether the bucket keeps real directories. What it says is remembered for all who
/// use the bucket.
pub(crate) fn head_bucket(client: &S3Client) -> Result<bool> {
    let asked = client.exchange(&Call::new(Operation::HeadBucket, request()));
    let answer = asked.map_err(|failure| match StoreError::from(failure) {
        // It is the bucket that is missing.
        error if error.kind == ErrorKind::NotFound => {
            StoreError { kind: ErrorKind::NoSuchBucket, ..error }
        }
        error => error,
    })?;
    let keeps_directories = is_ofs(&answer.headers);
    client.site().arch.note(keeps_directories);
    Ok(keeps_directories)
}

/// The same, without a request where it is known. Where the bucket does not say, nothing is
/// guessed: for a time it is taken for an ordinary one.
///
/// # Errors
/// [`ErrorKind::Unavailable`] when there is no answer, or one that asks to come again: what is an
/// ordinary bucket's would be done to one that keeps directories.
pub(crate) fn keeps_directories(client: &S3Client) -> Result<bool> {
    if let Some(known) = client.arch().told().or_else(|| client.site().arch.known()) {
        return Ok(known);
    }
    if client.arch().is_taken_for_ordinary() {
        return Ok(false);
    }
    match head_bucket(client) {
        Err(error) if error.status.is_some() && error.kind != ErrorKind::Unavailable => {
            take_for_ordinary(client, &error);
            Ok(false)
        }
        told => told,
    }
}

/// An answer that does not tell must not end what goes without it.
fn take_for_ordinary(client: &S3Client, why: &StoreError) {
    let time = if why.kind == ErrorKind::AccessDenied { REFUSED } else { UNTOLD };
    let level = match client.arch().take_for_ordinary(time) {
        true => log::Level::Info,
        false => log::Level::Debug,
    };
    log::log!(
        level,
        "whether {} keeps real directories (metadata acceleration) is not known and taken for no; \
         cos_bucket_arch says it: {why}",
        client.bucket()
    );
}

fn request() -> S3Request {
    S3Request::on_bucket(Method::HEAD)
}

fn is_ofs(headers: &Headers) -> bool {
    headers.vendor("bucket-arch").is_some_and(|arch| arch.eq_ignore_ascii_case("OFS"))
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_bucket_is_asked() {
        assert_eq!(sent(&request()), ["HEAD /"]);
    }

    #[test]
    fn real_directories_are_told_by_a_header() {
        for (name, value, expected) in [
            ("x-cos-bucket-arch", "OFS", true),
            ("x-cos-bucket-arch", "ofs", true),
            ("x-cos-bucket-arch", "", false),
            ("x-cos-bucket-az-type", "OFS", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            assert_eq!(is_ofs(&Headers(headers)), expected, "{name}: {value}");
        }
        assert!(!is_ofs(&Headers(HeaderMap::new())));
    }
}
