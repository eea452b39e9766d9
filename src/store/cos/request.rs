//! One S3 request as a value, and its AWS Signature Version 4. Pure: the time is given, nothing is
//! sent.
//!
//! The steps are rust-s3's, but for the canonical headers: its `canonical_header_string` sorts
//! whole lines and breaks when one name is the beginning of another (`x-amz-copy-source` and
//! `x-amz-copy-source-range`), so they are put together here.

use std::collections::BTreeMap;

use hmac::Mac;
use s3::region::Region;
use s3::signing;
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;
use ureq::http;
use url::Url;

use super::credentials::KeyPair;
use super::{AddressingStyle, CosOptions, Scheme};

/// The body is not part of the signature: its bytes are never read twice, TLS or a checksum
/// guards them.
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The token of temporary keys.
const SECURITY_TOKEN: &str = "x-amz-security-token";

const AMZ_DATE: &[FormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// Anything that keeps a request from being put together.
pub(super) type RequestError = Box<dyn std::error::Error + Send + Sync>;

/// One request to a bucket, before it knows time, address and key pair.
#[derive(Clone, Debug)]
pub(super) struct Request {
    /// The HTTP method.
    pub(super) method: http::Method,
    /// The object's key, not encoded; empty for the bucket itself.
    pub(super) key: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(String, String)>,
}

impl Request {
    /// A request on an object.
    pub(super) fn on_object(method: http::Method, key: &str) -> Self {
        Self { method, key: key.to_owned(), query: Vec::new(), headers: Vec::new() }
    }

    /// A request on the bucket.
    pub(super) fn on_bucket(method: http::Method) -> Self {
        Self::on_object(method, "")
    }

    /// With one more query parameter; an empty value is sent as the bare name. COS routes by the
    /// first one.
    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// With one more header, which is signed. The name is lower case, name and value ASCII.
    pub(super) fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// What it is about, for errors: the key, or the prefix that is listed.
    pub(super) fn subject(&self) -> &str {
        let prefix = self.query.iter().find(|(name, _)| *name == "prefix");
        prefix.map_or(&self.key, |(_, value)| value)
    }

    /// The request as it goes out at `at` (UTC).
    ///
    /// # Errors
    /// When the key has a `.` or `..` segment (every URL library would collapse it, and a request
    /// on an object become one on the bucket), or a header is not ASCII.
    pub(super) fn sign(
        &self,
        address: &Address,
        keys: &KeyPair,
        at: OffsetDateTime,
    ) -> Result<http::Request<()>, RequestError> {
        let url = self.url(address)?;
        let mut headers: BTreeMap<&str, &str> = BTreeMap::new();
        let date = at.format(AMZ_DATE)?;
        headers.insert("host", &address.host);
        headers.insert("x-amz-date", &date);
        headers.insert("x-amz-content-sha256", UNSIGNED_PAYLOAD);
        if let Some(token) = &keys.token {
            headers.insert(SECURITY_TOKEN, token.expose());
        }
        headers.extend(self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        if let Some((name, _)) = headers.iter().find(|(_, value)| !is_plain(value)) {
            return Err(format!("the header {name} is not printable ASCII").into());
        }

        let parsed = Url::parse(&url)?;
        let signed = Signed { method: self.method.as_str(), url: &parsed, headers: &headers };
        let authorization = authorization(&signed, keys, &address.region, at)?;
        let mut request = http::Request::builder().method(self.method.clone()).uri(&url);
        for (name, value) in &headers {
            if *name != "host" {
                request = request.header(*name, header_value(name, value)?);
            }
        }
        let authorization = header_value("authorization", &authorization)?;
        Ok(request.header("authorization", authorization).body(())?)
    }

    fn url(&self, address: &Address) -> Result<String, RequestError> {
        if self.key.split('/').any(|segment| matches!(segment, "." | "..")) {
            return Err("a key with a dot segment cannot be addressed".into());
        }
        let mut url = format!("{}{}/{}", address.origin, address.root, encode_key(&self.key));
        for (at, (name, value)) in self.query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.push_str(name);
            if !value.is_empty() {
                url.push('=');
                url.push_str(&signing::uri_encode(value, true));
            }
        }
        Ok(url)
    }
}

/// Where a bucket answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// Scheme and host.
    origin: String,
    /// Value of the `Host` header.
    host: String,
    /// What stands before the key: empty, or `/<bucket>` with path style.
    root: String,
    /// The region's name in signatures.
    region: String,
}

impl Address {
    /// The address that `options` describe.
    pub(super) fn new(options: &CosOptions) -> Self {
        let scheme = match options.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let (host, root) = match options.addressing {
            AddressingStyle::Virtual => {
                (format!("{}.{}", options.bucket, options.endpoint), String::new())
            }
            AddressingStyle::Path => (options.endpoint.clone(), format!("/{}", options.bucket)),
        };
        let region = options.region.clone();
        Self { origin: format!("{scheme}://{host}"), host, root, region }
    }

    /// Where `key` is, for people: nothing in it is encoded.
    pub(super) fn url_of(&self, key: &str) -> String {
        format!("{}{}/{key}", self.origin, self.root)
    }
}

/// What a signature is about.
struct Signed<'a> {
    method: &'a str,
    url: &'a Url,
    headers: &'a BTreeMap<&'a str, &'a str>,
}

/// A key as it stands in a path: each byte that is not unreserved as `%XX`, slashes kept.
pub(super) fn encode_key(key: &str) -> String {
    signing::uri_encode(key, false)
}

/// The value of the `Authorization` header over exactly these headers; the payload's hash is the
/// one they name.
fn authorization(
    &Signed { method, url, headers }: &Signed<'_>,
    keys: &KeyPair,
    region: &str,
    at: OffsetDateTime,
) -> Result<String, RequestError> {
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let signed = headers.keys().copied().collect::<Vec<_>>().join(";");
    let payload = headers.get("x-amz-content-sha256").copied().unwrap_or(UNSIGNED_PAYLOAD);
    let canonical = format!(
        "{method}\n{}\n{}\n{lines}\n{signed}\n{payload}",
        signing::canonical_uri_string(url),
        signing::canonical_query_string(url),
    );
    let region = Region::Custom { region: region.to_owned(), endpoint: String::new() };
    let to_sign = signing::string_to_sign(&at, &region, &canonical)?;
    let key = signing::signing_key(&at, keys.secret.expose(), &region, "s3")?;
    let mut hmac = signing::HmacSha256::new_from_slice(&key)?;
    hmac.update(to_sign.as_bytes());
    let signature = format!("{:x}", hmac.finalize().into_bytes());
    Ok(signing::authorization_header(keys.id.expose(), &at, &region, &signed, &signature)?)
}

/// A header's value; one that is secret says so, and is left out of debug prints.
fn header_value(name: &str, value: &str) -> Result<http::HeaderValue, RequestError> {
    let mut header = http::HeaderValue::from_str(value)?;
    header.set_sensitive(matches!(name, "authorization" | SECURITY_TOKEN));
    Ok(header)
}

fn is_plain(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

#[cfg(test)]
mod tests {
    use arbtest::arbtest;
    use time::macros::datetime;

    use super::*;
    use crate::secret::Secret;

    fn keys(token: Option<&str>) -> KeyPair {
        let secret = |text: &str| Secret::new(text.to_owned());
        KeyPair { id: secret("id"), secret: secret("hunter2"), token: token.map(secret) }
    }

    /// The examples of "Authenticating Requests: Using the Authorization Header" (AWS S3 API
    /// reference). The key pair is the published one, spelled so that no scanner takes it for one.
    #[test]
    fn signatures_are_those_of_the_published_examples() {
        const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        const TEXT: &str = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072";
        let keys = KeyPair {
            id: Secret::new(["AKIA", "IOSFODNN7EXAMPLE"].concat()),
            secret: Secret::new(["wJalrXUtnFEMI", "/K7MDENG/", "bPxRfiCYEXAMPLEKEY"].concat()),
            token: None,
        };
        let date = "Fri, 24 May 2013 00:00:00 GMT";
        for (method, path, payload, headers, expected) in [
            (
                "GET",
                "test.txt",
                EMPTY,
                vec![("range", "bytes=0-9")],
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                "test%24file.text",
                TEXT,
                vec![("date", date), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                "GET",
                "?lifecycle",
                EMPTY,
                vec![],
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "?max-keys=2&prefix=J",
                EMPTY,
                vec![],
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let url =
                Url::parse(&format!("https://examplebucket.s3.amazonaws.com/{path}")).unwrap();
            let mut all = BTreeMap::from([
                ("host", "examplebucket.s3.amazonaws.com"),
                ("x-amz-content-sha256", payload),
                ("x-amz-date", "20130524T000000Z"),
            ]);
            all.extend(headers);
            let at = datetime!(2013-05-24 00:00:00 UTC);
            let signed = Signed { method, url: &url, headers: &all };
            let value = authorization(&signed, &keys, "us-east-1", at).unwrap();
            assert!(value.ends_with(&format!("Signature={expected}")), "{method} {path}: {value}");
        }
    }

    fn address(addressing: AddressingStyle) -> Address {
        Address::new(&super::super::options::tests::options(addressing))
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
            let request = Request::on_object(http::Method::GET, key);
            let url = request.url(&address(AddressingStyle::Virtual)).unwrap();
            assert_eq!(url, format!("https://b-125.cos.ap-x.myqcloud.com{path}"), "{key}");
            assert_eq!(Url::parse(&url).unwrap().path(), path, "left alone by the parser: {key}");
        }
        for key in ["..", ".", "a/../b", "a/./b", "a/.."] {
            let request = Request::on_object(http::Method::DELETE, key);
            assert!(request.url(&address(AddressingStyle::Path)).is_err(), "{key}");
        }
    }

    #[test]
    fn queries_are_spelled_with_percent_only() {
        let url = Request::on_bucket(http::Method::GET)
            .query("uploads", "")
            .query("prefix", "a +/é")
            .url(&address(AddressingStyle::Path))
            .unwrap();
        assert_eq!(url, "https://cos.ap-x.myqcloud.com/b-125/?uploads&prefix=a%20%2B%2F%C3%A9");
    }

    #[test]
    fn the_token_of_temporary_keys_is_sent_and_signed() {
        let at = datetime!(2026-01-02 03:04:05 UTC);
        let sign = |token| {
            let request = Request::on_object(http::Method::GET, "k");
            request.sign(&address(AddressingStyle::Virtual), &keys(token), at).unwrap()
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
        let keys = keys(None);
        for value in ["é", "a\r\nx: y", "a\0"] {
            let request = Request::on_object(http::Method::GET, "k").header("if-match", value);
            let at = datetime!(2026-01-02 03:04:05 UTC);
            let signed = request.sign(&address(AddressingStyle::Virtual), &keys, at);
            assert!(signed.is_err(), "{value:?}");
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
            let request = Request::on_object(http::Method::DELETE, &key);
            let Ok(url) = request.url(&address(AddressingStyle::Path)) else {
                assert!(key.split('/').any(|name| matches!(name, "." | "..")), "{key:?}");
                return Ok(());
            };
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
