//! What the store answers when it agrees.

use std::io::{self, Read};

use time::OffsetDateTime;
use ureq::http::Response;
use ureq::http::header::{self, AsHeaderName, HeaderMap, HeaderName};

use super::xml;
use crate::store::ETag;

/// Longest XML answer: 1,000 keys of 1,024 bytes, each byte as `%XX`, and what surrounds them.
const TEXT_BYTES: u64 = 8 * 1024 * 1024;

/// How much of an answer's text is waited for at a time.
const TEXT_STEP_BYTES: u64 = 8 * 1024;

/// A successful answer whose body was read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its headers.
    pub(crate) headers: Headers,
    /// Its body.
    pub(crate) text: String,
}

/// A successful answer whose body is still to be read.
#[derive(Debug)]
pub(crate) struct OpenAnswer {
    /// Its headers.
    pub(crate) headers: Headers,
    /// Its body. Read to the end it gives its connection back.
    pub(crate) body: ureq::Body,
}

impl Answer {
    /// Reads all of `response`; `watch` sees what has come of its text whenever there is more.
    pub(super) fn read(
        response: Response<ureq::Body>,
        watch: &mut dyn FnMut(&[u8]),
    ) -> io::Result<Self> {
        let (parts, body) = response.into_parts();
        let mut body = body.into_with_config().limit(TEXT_BYTES).reader();
        let mut text = Vec::new();
        while body.by_ref().take(TEXT_STEP_BYTES).read_to_end(&mut text)? > 0 {
            watch(&text);
        }
        let text = match String::from_utf8(text) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        };
        Ok(Self { headers: Headers(parts.headers), text })
    }
}

// Looked for in nearly every answer: a name that is known is not read again.
const CRC64: [HeaderName; 2] = [
    HeaderName::from_static("x-cos-hash-crc64ecma"),
    HeaderName::from_static("x-amz-hash-crc64ecma"),
];
const REQUEST_ID: [HeaderName; 2] =
    [HeaderName::from_static("x-cos-request-id"), HeaderName::from_static("x-amz-request-id")];

/// The headers of an answer, in either of COS's dialects.
#[derive(Clone, Debug)]
pub(crate) struct Headers(pub(crate) HeaderMap);

impl Headers {
    /// The header `name`.
    pub(crate) fn get(&self, name: impl AsHeaderName) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    /// The vendor's header `x-cos-<tail>` or `x-amz-<tail>`.
    pub(crate) fn vendor(&self, tail: &str) -> Option<&str> {
        ["x-cos-", "x-amz-"].iter().find_map(|prefix| self.get(format!("{prefix}{tail}")))
    }

    fn either(&self, names: &[HeaderName; 2]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The version of the object.
    pub(crate) fn etag(&self) -> Option<ETag> {
        self.get(header::ETAG).map(|etag| ETag(etag.to_owned()))
    }

    /// The same, unless the store encrypted the bytes by a key of KMS or of a client: then it tells
    /// nothing of them, although it may look like an MD5.
    pub(crate) fn etag_of_bytes(&self) -> Option<ETag> {
        const METHOD: &str = "server-side-encryption";
        let is_kms = self.vendor(METHOD).is_some_and(|method| method.contains("kms"));
        let is_clients = self.vendor("server-side-encryption-customer-algorithm").is_some();
        self.etag().filter(|_| !is_kms && !is_clients)
    }

    /// CRC-64/XZ of the object or part, where the store tells it.
    pub(crate) fn crc64(&self) -> Option<u64> {
        self.either(&CRC64)?.parse().ok()
    }

    /// The store's name for the request.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.either(&REQUEST_ID).map(str::to_owned)
    }

    /// Time of the last change, UTC.
    pub(crate) fn last_modified(&self) -> Option<OffsetDateTime> {
        self.get(header::LAST_MODIFIED).and_then(xml::http_date)
    }

    /// When the answer was given, by the other side's clock.
    pub(crate) fn date(&self) -> Option<OffsetDateTime> {
        date(&self.0)
    }

    /// Names and values of all headers; no value where it is not text (UTF-8).
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.0.iter().map(|(name, value)| (name.as_str(), str::from_utf8(value.as_bytes()).ok()))
    }
}

/// When an answer with these headers was given, by the other side's clock, UTC.
pub(crate) fn date(headers: &HeaderMap) -> Option<OffsetDateTime> {
    headers.get(header::DATE)?.to_str().ok().and_then(xml::http_date)
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn an_etag_tells_of_the_bytes_unless_a_key_was_used() {
        for (name, value, expected) in [
            ("x-amz-server-side-encryption", "AES256", true),
            ("x-amz-server-side-encryption", "aws:kms", false),
            ("x-cos-server-side-encryption", "cos/kms", false),
            ("x-amz-server-side-encryption-customer-algorithm", "AES256", false),
            ("x-amz-request-id", "kms", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("etag", HeaderValue::from_static("\"a\""));
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            let headers = Headers(headers);
            assert_eq!(headers.etag_of_bytes().is_some(), expected, "{name}: {value}");
            assert!(headers.etag().is_some());
        }
    }
}
