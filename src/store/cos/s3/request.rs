//! One S3 request as a value. Pure: the time is given, nothing is sent.

use std::collections::BTreeMap;

use s3::signing;
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;
use ureq::http;

use super::identity::KeyPair;
use super::signature::{CONTENT_SHA256, RequestError, Signed, Signer, UNSIGNED_PAYLOAD};
use crate::store::ETag;
use crate::store::cos::options::{AddressingStyle, CosOptions, DownloadDomain, Scheme};

/// The token of temporary keys.
const SECURITY_TOKEN: &str = "x-amz-security-token";

const AMZ_DATE: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// One request to a bucket, before it knows time, address and key pair.
#[derive(Clone, Debug)]
pub(crate) struct S3Request {
    /// The HTTP method.
    pub(crate) method: http::Method,
    /// The object's key, not encoded; empty for the bucket itself.
    pub(crate) key: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(String, String)>,
}

impl S3Request {
    /// A request on an object.
    pub(crate) fn on_object(method: http::Method, key: &str) -> Self {
        Self { method, key: key.to_owned(), query: Vec::new(), headers: Vec::new() }
    }

    /// A request on the bucket.
    pub(crate) fn on_bucket(method: http::Method) -> Self {
        Self::on_object(method, "")
    }

    /// With one more query parameter; an empty value is sent as the bare name. COS routes by the
    /// first one.
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With one more header, which is signed. The name is lower case and ASCII.
    pub(crate) fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With these headers, too.
    pub(crate) fn headers(mut self, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// About this version alone, if one is given.
    pub(crate) fn if_match(self, etag: Option<&ETag>) -> Self {
        match etag {
            Some(etag) => self.header("if-match", &etag.0),
            None => self,
        }
    }

    /// A copy of the object `key` in `bucket`.
    pub(crate) fn copying(self, bucket: &str, key: &str) -> Self {
        self.header("x-amz-copy-source", format!("{bucket}/{}", encode_key(key)))
    }

    /// A renaming of what stands under `key`.
    pub(crate) fn renaming(self, key: &str) -> Self {
        self.header("x-cos-rename-source", format!("/{}", encode_key(key)))
    }

    /// Whether it has this header.
    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(have, _)| have == name)
    }

    /// What it is about, for errors: the key, or the prefix that is listed.
    pub(crate) fn subject(&self) -> &str {
        let prefix = self.query.iter().find(|(name, _)| *name == "prefix");
        prefix.map_or(&self.key, |(_, value)| value)
    }

    /// The request as it goes out at `at` (UTC).
    ///
    /// # Errors
    /// When the key has a `.` or `..` segment (URL libraries collapse it, and a request on an
    /// object would become one on the bucket), or a header has control characters.
    pub(crate) fn sign(
        &self,
        address: &Address,
        signer: &Signer,
        keys: &KeyPair,
        at: OffsetDateTime,
    ) -> Result<http::Request<()>, RequestError> {
        let path = self.path(address)?;
        let query = self.encoded_query();
        let mut headers: BTreeMap<&str, &str> = BTreeMap::new();
        let date = at.format(AMZ_DATE)?;
        headers.insert("host", &address.host);
        headers.insert("x-amz-date", &date);
        headers.insert(CONTENT_SHA256, UNSIGNED_PAYLOAD);
        if let Some(token) = &keys.token {
            headers.insert(SECURITY_TOKEN, token.expose());
        }
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if let Some((name, _)) = headers.iter().find(|(_, value)| !is_plain(value)) {
            return Err(format!("the header {name} has control characters").into());
        }

        let signed =
            Signed { method: self.method.as_str(), path: &path, query: &query, headers: &headers };
        let authorization = signer.authorization(&signed, keys, at)?;
        let mut request =
            http::Request::builder().method(self.method.clone()).uri(url(address, &path, &query));
        for (name, value) in &headers {
            if *name != "host" {
                request = request.header(*name, header_value(name, value)?);
            }
        }
        let authorization = header_value("authorization", &authorization)?;
        Ok(request.header("authorization", authorization).body(())?)
    }

    /// The path, encoded.
    fn path(&self, address: &Address) -> Result<String, RequestError> {
        if self.key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err("a key with a dot segment cannot be addressed".into());
        }
        Ok(format!("{}/{}", address.root, encode_key(&self.key)))
    }

    /// Names and values of the query, encoded. Ours are letters and hyphens and stay as they are.
    fn encoded_query(&self) -> Vec<(&'static str, String)> {
        self.query.iter().map(|(name, value)| (*name, signing::uri_encode(value, true))).collect()
    }
}

fn url(address: &Address, path: &str, query: &[(&str, String)]) -> String {
    let mut url = format!("{}{path}", address.origin);
    for (at, (name, value)) in query.iter().enumerate() {
        url.push(if at == 0 { '?' } else { '&' });
        url.push_str(name);
        if !value.is_empty() {
            url.push('=');
            url.push_str(value);
        }
    }
    url
}

/// Where a bucket answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Scheme and host.
    origin: String,
    /// Value of the `Host` header.
    host: String,
    /// What stands before the key: empty, or `/<bucket>` with path style.
    root: String,
}

impl Address {
    /// The address that `options` describe.
    pub(crate) fn new(options: &CosOptions) -> Self {
        let (scheme, endpoint) = as_sent(options.scheme, &options.endpoint);
        let (host, root) = match options.addressing {
            AddressingStyle::Virtual => (format!("{}.{endpoint}", options.bucket), String::new()),
            AddressingStyle::Path => (endpoint.to_owned(), format!("/{}", options.bucket)),
        };
        Self { origin: format!("{scheme}://{host}"), host, root }
    }

    /// Where objects are read that `domain` has.
    pub(crate) fn of_downloads(domain: &DownloadDomain) -> Self {
        let (scheme, host) = as_sent(domain.scheme, &domain.authority);
        Self { origin: format!("{scheme}://{host}"), host: host.to_owned(), root: String::new() }
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &str {
        &self.host
    }

    /// Where `key` is, for people: nothing in it is encoded.
    pub(crate) fn url_of(&self, key: &str) -> String {
        format!("{}{}/{key}", self.origin, self.root)
    }
}

/// The scheme and host of a URL. The HTTP client does not send a usual port in `Host`, which is
/// signed.
fn as_sent(scheme: Scheme, authority: &str) -> (&'static str, &str) {
    let (scheme, usual_port) = match scheme {
        Scheme::Http => ("http", ":80"),
        Scheme::Https => ("https", ":443"),
    };
    (scheme, authority.strip_suffix(usual_port).unwrap_or(authority))
}

/// A key as it stands in a path: each byte that is not unreserved as `%XX`, slashes kept.
fn encode_key(key: &str) -> String {
    signing::uri_encode(key, false)
}

/// A header's value; one that is secret says so, and is left out of debug prints.
fn header_value(name: &str, value: &str) -> Result<http::HeaderValue, RequestError> {
    let mut header = http::HeaderValue::from_bytes(value.as_bytes())?;
    header.set_sensitive(matches!(name, "authorization" | SECURITY_TOKEN));
    Ok(header)
}

/// Whether it can be sent: metadata that others gave an object may be any text.
fn is_plain(value: &str) -> bool {
    !value.bytes().any(|byte| byte.is_ascii_control())
}

#[cfg(test)]
pub(super) mod tests {
    use arbtest::arbtest;
    use time::macros::datetime;
    use url::Url;

    use super::*;
    use crate::secret::Secret;

    fn keys(token: Option<&str>) -> KeyPair {
        let secret = |text: &str| Secret::new(text.to_owned());
        KeyPair { id: secret("id"), secret: secret("hunter2"), token: token.map(secret) }
    }

    /// Method, address and headers of the request as it goes out, but for those that all have.
    pub(in crate::store::cos::s3) fn sent(request: &S3Request) -> Vec<String> {
        const OF_ALL: [&str; 3] = ["authorization", "x-amz-content-sha256", "x-amz-date"];
        let signed = sign(request, AddressingStyle::Virtual).unwrap();
        let uri = signed.uri().to_string();
        let place = uri.strip_prefix("https://b-125.cos.ap-x.myqcloud.com").unwrap();
        let headers = signed.headers().iter().filter(|(name, _)| !OF_ALL.contains(&name.as_str()));
        let mut headers: Vec<_> =
            headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        headers.sort_unstable();
        headers.insert(0, format!("{} {place}", signed.method()));
        headers
    }

    fn sign(
        request: &S3Request,
        addressing: AddressingStyle,
    ) -> Result<http::Request<()>, RequestError> {
        sign_with(request, addressing, &keys(None))
    }

    fn sign_with(
        request: &S3Request,
        addressing: AddressingStyle,
        keys: &KeyPair,
    ) -> Result<http::Request<()>, RequestError> {
        let address = Address::new(&crate::store::cos::options::tests::options(addressing));
        request.sign(&address, &Signer::new("ap-x"), keys, datetime!(2026-01-02 03:04:05 UTC))
    }

    #[test]
    fn urls_keep_keys_as_they_are() {
        for (key, path) in [
            ("a b", "/a%20b"),
            ("a+b%20?x#y&z", "/a%2Bb%2520%3Fx%23y%26z"),
            ("数据/文件", "/%E6%95%B0%E6%8D%AE/%E6%96%87%E4%BB%B6"),
            ("a//b/", "/a//b/"),
            ("back\\slash", "/back%5Cslash"),
            ("...", "/..."),
            ("", "/"),
        ] {
            let request = S3Request::on_object(http::Method::GET, key);
            let signed = sign(&request, AddressingStyle::Virtual).unwrap();
            let url = format!("https://b-125.cos.ap-x.myqcloud.com{path}");
            assert_eq!(signed.uri().to_string(), url, "{key}");
            assert_eq!(signed.uri().path(), path, "left alone by the parser: {key}");
        }
        for key in ["..", ".", "a/../b", "a/./b", "a/.."] {
            let request = S3Request::on_object(http::Method::DELETE, key);
            assert!(sign(&request, AddressingStyle::Path).is_err(), "{key}");
        }
    }

    #[test]
    fn the_port_of_the_scheme_is_neither_sent_nor_signed() {
        let sign = |scheme, endpoint: &str| {
            let mut options = crate::store::cos::options::tests::options(AddressingStyle::Path);
            (options.scheme, options.endpoint) = (scheme, endpoint.to_owned());
            let address = Address::new(&options);
            let request = S3Request::on_object(http::Method::GET, "k");
            let at = datetime!(2026-01-02 03:04:05 UTC);
            let signed = request.sign(&address, &Signer::new("ap-x"), &keys(None), at).unwrap();
            (signed.uri().to_string(), signed.headers()["authorization"].clone())
        };
        for (scheme, bare, named) in [
            (Scheme::Http, "s3.example.com", "s3.example.com:80"),
            (Scheme::Https, "s3.example.com", "s3.example.com:443"),
            (Scheme::Https, "[::1]", "[::1]:443"),
        ] {
            assert_eq!(sign(scheme, bare), sign(scheme, named), "{named}");
        }
        for other in ["s3.example.com:443", "s3.example.com:8080", "[::80]"] {
            assert_ne!(sign(Scheme::Http, "s3.example.com"), sign(Scheme::Http, other), "{other}");
            let (uri, _) = sign(Scheme::Http, other);
            assert_eq!(uri, format!("http://{other}/b-125/k"));
        }
    }

    #[test]
    fn queries_are_spelled_with_percent_only() {
        let request =
            S3Request::on_bucket(http::Method::GET).query("uploads", "").query("prefix", "a +/é");
        let signed = sign(&request, AddressingStyle::Path).unwrap();
        assert_eq!(
            signed.uri(),
            "https://cos.ap-x.myqcloud.com/b-125/?uploads&prefix=a%20%2B%2F%C3%A9"
        );
    }

    #[test]
    fn the_token_of_temporary_keys_is_sent_and_signed() {
        let sign = |token| {
            let request = S3Request::on_object(http::Method::GET, "k");
            sign_with(&request, AddressingStyle::Virtual, &keys(token)).unwrap()
        };
        let signed = sign(Some("the-token"));
        assert_eq!(signed.headers()["x-amz-security-token"], "the-token");
        let authorization = signed.headers()["authorization"].to_str().unwrap();
        assert!(authorization.contains(";x-amz-date;x-amz-security-token,"), "{authorization}");
        assert!(!sign(None).headers().contains_key("x-amz-security-token"));
        let shown = format!("{:?}", signed.headers());
        assert!(!shown.contains("the-token") && !shown.contains("Signature"), "{shown}");
    }

    #[test]
    fn headers_that_would_break_the_request_are_refused() {
        for value in ["a\r\nx: y", "a\0", "\u{7f}", "a\tb"] {
            let request = S3Request::on_object(http::Method::GET, "k").header("if-match", value);
            assert!(sign(&request, AddressingStyle::Virtual).is_err(), "{value:?}");
        }
    }

    #[test]
    fn no_key_leaves_its_bucket() {
        let pieces = [
            "a", "/", "//", "..", ".", "%", "%2e", "%2F", "?", "#", "\\", "&", "=", "@", ":", " ",
            "\t", "\r\n", "\u{feff}", "数", "http://",
        ];
        let mut executions: u64 = 0;
        arbtest(|source| {
            executions += 1;
            let mut key = String::new();
            for _ in 0..source.int_in_range(0..=20)? {
                key.push_str(source.choose(&pieces)?);
            }
            key.push_str(source.arbitrary()?);
            let request = S3Request::on_object(http::Method::DELETE, &key);
            let Ok(signed) = sign(&request, AddressingStyle::Path) else {
                assert!(key.split('/').any(|name| matches!(name, "." | "..")), "{key:?}");
                return Ok(());
            };
            let url = signed.uri().to_string();
            let parsed = Url::parse(&url).unwrap();
            assert_eq!(parsed.host_str(), Some("cos.ap-x.myqcloud.com"), "{url}");
            assert_eq!((parsed.query(), parsed.fragment()), (None, None), "{url}");
            let sent = parsed.path().strip_prefix("/b-125/").unwrap();
            let decoded = percent_encoding::percent_decode_str(sent).decode_utf8().unwrap();
            assert_eq!(decoded, key, "{url}");
            Ok(())
        })
        .size_max(256)
        .run();
        println!("addresses of keys: {executions} executions");
    }
}
