//! AWS Signature Version 4. The steps are rust-s3's, but for what it takes from a parsed URL and
//! for the canonical headers: its `canonical_header_string` sorts whole lines and breaks when one
//! name is the beginning of another (`x-amz-copy-source` and `x-amz-copy-source-range`). They are
//! put together here.

use std::collections::BTreeMap;
use std::sync::Arc;

use hmac::Mac;
use parking_lot::Mutex;
use s3::region::Region;
use s3::signing;
use time::{Date, OffsetDateTime};
use zeroize::Zeroizing;

use super::identity::KeyPair;
use crate::secret::Secret;

/// Anything that keeps a request from being put together.
pub(crate) type RequestError = Box<dyn std::error::Error + Send + Sync>;

/// The header that names the hash of the body, which is part of the signature.
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";

/// The body is not part of the signature: TLS or a checksum guards it ([`super::guard`]).
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// What a signature is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// The HTTP method.
    pub(crate) method: &'a str,
    /// The path, encoded.
    pub(crate) path: &'a str,
    /// Names and values of the query, encoded.
    pub(crate) query: &'a [(&'static str, String)],
    /// All headers but `Authorization`, by their names in lower case.
    pub(crate) headers: &'a BTreeMap<&'a str, &'a str>,
}

/// Signs the requests to one bucket.
pub(crate) struct Signer {
    region: Region,
    last: Mutex<Option<Arc<DayKey>>>,
}

/// The key that signs all requests of a day: its derivation costs more than the rest of a
/// signature.
struct DayKey {
    date: Date,
    secret: Secret,
    key: Zeroizing<Vec<u8>>,
}

impl Signer {
    /// Signs for `region`.
    pub(crate) fn new(region: &str) -> Self {
        let region = Region::Custom { region: region.to_owned(), endpoint: String::new() };
        Self { region, last: Mutex::new(None) }
    }

    /// The value of the `Authorization` header; the payload's hash is the one the headers name.
    pub(crate) fn authorization(
        &self,
        signed: &Signed<'_>,
        keys: &KeyPair,
        at: OffsetDateTime,
    ) -> Result<String, RequestError> {
        let names = signed.headers.keys().copied().collect::<Vec<_>>().join(";");
        let to_sign = signing::string_to_sign(&at, &self.region, &canonical(signed, &names))?;
        let mut hmac = signing::HmacSha256::new_from_slice(&self.day_key(&keys.secret, at)?.key)?;
        hmac.update(to_sign.as_bytes());
        let signature = format!("{:x}", hmac.finalize().into_bytes());
        let id = keys.id.expose();
        Ok(signing::authorization_header(id, &at, &self.region, &names, &signature)?)
    }

    fn day_key(&self, secret: &Secret, at: OffsetDateTime) -> Result<Arc<DayKey>, RequestError> {
        // Nothing panics while it is held.
        let mut last = self.last.lock();
        if let Some(key) = last.as_ref().filter(|key| key.is_for(secret, at.date())) {
            return Ok(Arc::clone(key));
        }
        let key = self.derive_key(secret, at.date())?;
        let key = Arc::new(DayKey { date: at.date(), secret: secret.clone(), key });
        *last = Some(Arc::clone(&key));
        Ok(key)
    }
}

impl Signer {
    /// The four steps of the signing key, which leave no copy of the secret behind, as rust-s3's
    /// do.
    fn derive_key(&self, secret: &Secret, date: Date) -> Result<Zeroizing<Vec<u8>>, RequestError> {
        let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
        let date = format!("{year:04}{month:02}{day:02}");
        let mut key = Zeroizing::new(["AWS4", secret.expose()].concat().into_bytes());
        for step in [date.as_str(), &self.region.to_string(), "s3", "aws4_request"] {
            let mut hmac = signing::HmacSha256::new_from_slice(&key)?;
            hmac.update(step.as_bytes());
            key = Zeroizing::new(hmac.finalize().into_bytes().to_vec());
        }
        Ok(key)
    }
}

impl DayKey {
    fn is_for(&self, secret: &Secret, date: Date) -> bool {
        self.date == date && self.secret == *secret
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

/// The canonical request.
fn canonical(signed: &Signed<'_>, names: &str) -> String {
    let &Signed { method, path, query, headers } = signed;
    let mut query: Vec<_> = query.iter().collect();
    query.sort_unstable();
    let mut text = format!("{method}\n{path}\n");
    for (at, (name, value)) in query.into_iter().enumerate() {
        text.extend([if at == 0 { "" } else { "&" }, name, "=", value]);
    }
    text.push('\n');
    for (name, value) in headers {
        text.extend([name, ":"]);
        // Runs of spaces count as one.
        for (at, word) in value.split_ascii_whitespace().enumerate() {
            text.extend([if at == 0 { "" } else { " " }, word]);
        }
        text.push('\n');
    }
    let payload = headers.get(CONTENT_SHA256).copied().unwrap_or(UNSIGNED_PAYLOAD);
    text.extend(["\n", names, "\n", payload]);
    text
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

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
        for (method, path, query, payload, headers, expected) in [
            (
                "GET",
                "/test.txt",
                vec![],
                EMPTY,
                vec![("range", "bytes=0-9")],
                "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
            ),
            (
                "PUT",
                "/test%24file.text",
                vec![],
                TEXT,
                vec![("date", date), ("x-amz-storage-class", "REDUCED_REDUNDANCY")],
                "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
            ),
            (
                "GET",
                "/",
                vec![("lifecycle", String::new())],
                EMPTY,
                vec![],
                "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
            ),
            (
                "GET",
                "/",
                vec![("prefix", "J".to_owned()), ("max-keys", "2".to_owned())],
                EMPTY,
                vec![],
                "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
            ),
        ] {
            let mut all = BTreeMap::from([
                ("host", "examplebucket.s3.amazonaws.com"),
                ("x-amz-content-sha256", payload),
                ("x-amz-date", "20130524T000000Z"),
            ]);
            all.extend(headers);
            let at = datetime!(2013-05-24 00:00:00 UTC);
            let signed = Signed { method, path, query: &query, headers: &all };
            let value = Signer::new("us-east-1").authorization(&signed, &keys, at).unwrap();
            assert!(value.ends_with(&format!("Signature={expected}")), "{method} {path}: {value}");
        }
    }

    #[test]
    fn runs_of_spaces_in_a_header_count_as_one() {
        let keys = KeyPair {
            id: Secret::new("id".to_owned()),
            secret: Secret::new("secret".to_owned()),
            token: None,
        };
        let sign = |value| {
            let headers = BTreeMap::from([("host", "h"), ("x-amz-meta-note", value)]);
            let signed = Signed { method: "PUT", path: "/", query: &[], headers: &headers };
            let at = datetime!(2026-01-02 00:00:00 UTC);
            Signer::new("r").authorization(&signed, &keys, at).unwrap()
        };
        assert_eq!(sign("a   b c"), sign("a b c"));
        assert_eq!(sign("  a b c "), sign("a b c"));
        assert_ne!(sign("a b c"), sign("ab c"));
    }

    #[test]
    fn a_new_day_and_a_new_secret_have_keys_of_their_own() {
        let (signer, fresh) = (Signer::new("r"), || Signer::new("r"));
        let headers = BTreeMap::from([("host", "h")]);
        let signed = Signed { method: "GET", path: "/", query: &[], headers: &headers };
        let keys = |secret: &str| KeyPair {
            id: Secret::new("id".to_owned()),
            secret: Secret::new(secret.to_owned()),
            token: None,
        };
        let day = datetime!(2026-01-02 23:59:59 UTC);
        let next = datetime!(2026-01-03 00:00:01 UTC);
        for (secret, at) in [("a", day), ("a", day), ("a", next), ("b", next), ("a", next)] {
            let kept = signer.authorization(&signed, &keys(secret), at).unwrap();
            let derived = fresh().authorization(&signed, &keys(secret), at).unwrap();
            assert_eq!(kept, derived, "{secret} {at}");
        }
    }
}
