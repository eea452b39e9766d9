//! Whether a store encrypts what it is asked to encrypt. Some take the header and pass it over; all
//! that heed it say so in their answers to PutObject and CreateMultipartUpload (COS, Amazon, Ceph).
//! What is stored by then may have taken an older file's place, so nothing is undone: the operator
//! is told.

use std::sync::atomic::{AtomicBool, Ordering};

use super::answer::Headers;

/// The vendor's header, without its prefix.
const METHOD: &str = "server-side-encryption";

/// What one account's requests have shown.
#[derive(Debug, Default)]
pub(super) struct EncryptionWatch {
    is_told: AtomicBool,
}

impl EncryptionWatch {
    /// Looks at what the store `told` of the object at `url`, which was to have the encryption
    /// `asked`. The log is told once.
    pub(super) fn look(&self, asked: &str, told: &Headers, url: &str) {
        let method = told.vendor(METHOD);
        if method == Some(asked) || self.is_told.swap(true, Ordering::Relaxed) {
            return;
        }
        let what = match method {
            None => "tells of no encryption".to_owned(),
            Some(other) => format!("tells of {other}"),
        };
        log::error!(
            "server_side_encryption does not work here: the store took {url} with {asked} and \
             {what}. cos-ftp-server check tells what to do; the log is told once for each account"
        );
    }
}

/// The encryption that a request with these headers asks for, if it does.
pub(crate) fn asked_by(headers: &[(String, String)]) -> Option<&str> {
    let is_method = |name: &str| {
        let tail = name.strip_prefix("x-amz-").or_else(|| name.strip_prefix("x-cos-"));
        tail == Some(METHOD)
    };
    headers.iter().find(|(name, _)| is_method(name)).map(|(_, value)| value.as_str())
}

#[cfg(test)]
mod tests {
    use ureq::http::{HeaderMap, HeaderName, HeaderValue};

    use super::*;

    fn answer(method: Option<(&'static str, &'static str)>) -> Headers {
        let header =
            |(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value));
        Headers(method.into_iter().map(header).collect::<HeaderMap>())
    }

    #[test]
    fn only_what_is_done_goes_without_saying() {
        for (asked, told, expected) in [
            ("AES256", None, true),
            ("AES256", Some(("x-amz-server-side-encryption", "AES256")), false),
            ("AES256", Some(("x-cos-server-side-encryption", "AES256")), false),
            ("cos/kms", Some(("x-cos-server-side-encryption", "cos/kms")), false),
            ("aws:kms", Some(("x-amz-server-side-encryption", "AES256")), true),
        ] {
            let watch = EncryptionWatch::default();
            watch.look(asked, &answer(told), "http://h/b/f");
            assert_eq!(watch.is_told.load(Ordering::Relaxed), expected, "{asked}: {told:?}");
        }
    }

    #[test]
    fn a_request_asks_for_it_in_either_dialect() {
        let headers =
            |name: &str| vec![("a".to_owned(), "b".to_owned()), (name.into(), "v".into())];
        for (name, expected) in [
            ("x-amz-server-side-encryption", Some("v")),
            ("x-cos-server-side-encryption", Some("v")),
            ("x-amz-server-side-encryption-aws-kms-key-id", None),
            ("x-amz-meta-server-side-encryption", None),
        ] {
            assert_eq!(asked_by(&headers(name)), expected, "{name}");
        }
    }
}
