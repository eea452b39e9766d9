//! DeleteObjects: up to 1,000 keys in one request. COS has it from the S3 API; its documentation
//! is "DELETE Multiple Objects".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use quick_xml::escape::escape;
use serde::Deserialize;
use ureq::http::Method;

use super::CosStore;
use super::client::Call;
use super::request::Request;
use crate::store::{Body, Cancel, ErrorKind, Operation, Result};

/// Keys of one request: what COS and S3 take at most.
pub(super) const DELETE_KEYS: usize = 1000;

impl CosStore {
    /// Deletes at most [`DELETE_KEYS`] objects; what is not there is no error. Answers how many are
    /// gone, which with a failure may be some of them.
    pub(super) fn delete_many(&self, keys: &[String]) -> (usize, Result<()>) {
        let (listed, single): (Vec<&str>, Vec<&str>) =
            keys.iter().map(String::as_str).partition(|key| can_be_listed(key));
        let refused = match self.delete_listed(&listed) {
            Ok(refused) => refused,
            Err(error) => {
                listed.iter().for_each(|key| self.note_doubt(key));
                return (0, Err(error));
            }
        };
        // Single requests know which refusal is worth another try, and tell it in full.
        let single = single.into_iter().chain(refused.iter().map(String::as_str));
        let mut gone = listed.len() - refused.len();
        for key in single {
            if let Err(error) = self.delete(key) {
                return (gone, Err(error));
            }
            gone += 1;
        }
        (gone, Ok(()))
    }

    /// One request. Answers the keys that the store did not delete.
    fn delete_listed(&self, keys: &[&str]) -> Result<Vec<String>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let text = body(keys);
        let (pieces, never) = ([text.as_bytes()], Cancel::new());
        let request = Request::on_bucket(Method::POST)
            .query("delete", "")
            .header("content-type", "application/xml")
            .header("content-md5", STANDARD.encode(md5::compute(&text).0));
        let call = Call::new(Operation::DeleteObjects, request)
            .with_body(Body::new(&pieces, &never))
            .patiently();
        let answer = self.client.exchange(&call)?;
        let refused: Vec<String> = refused(&answer.text)
            .map_err(|error| call.error(ErrorKind::Other).with_source(error))?;
        for key in keys.iter().filter(|key| !refused.iter().any(|other| other == *key)) {
            self.note_deleted(key);
        }
        Ok(refused)
    }
}

/// Whether the key can stand in the request: XML 1.0 cannot spell most control characters, and
/// COS reports success for a key with a leading slash and deletes nothing.
fn can_be_listed(key: &str) -> bool {
    let is_text = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    !key.starts_with('/') && key.chars().all(is_text)
}

/// Quiet: only failures are answered.
fn body(keys: &[&str]) -> String {
    let mut text = "<Delete><Quiet>true</Quiet>".to_owned();
    for key in keys {
        text.push_str("<Object><Key>");
        text.push_str(&escape(*key));
        text.push_str("</Key></Object>");
    }
    text.push_str("</Delete>");
    text
}

/// The keys that an answer says were not deleted.
fn refused(text: &str) -> std::result::Result<Vec<String>, quick_xml::DeError> {
    #[derive(Deserialize)]
    struct DeleteResult {
        #[serde(rename = "Error", default)]
        errors: Vec<KeyError>,
    }
    #[derive(Deserialize)]
    struct KeyError {
        #[serde(rename = "Key")]
        key: String,
        #[serde(rename = "Code", default)]
        code: String,
    }
    let result: DeleteResult = quick_xml::de::from_str(text)?;
    let is_left = |error: &KeyError| error.code != "NoSuchKey";
    Ok(result.errors.into_iter().filter(is_left).map(|error| error.key).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_escaped() {
        assert_eq!(
            body(&["a&b", "<中>"]),
            "<Delete><Quiet>true</Quiet><Object><Key>a&amp;b</Key></Object>\
             <Object><Key>&lt;中&gt;</Key></Object></Delete>"
        );
    }

    #[test]
    fn what_xml_or_cos_would_get_wrong_is_not_listed() {
        for (key, expected) in [
            ("a b/c", true),
            ("a//b", true),
            ("a/../b", true),
            ("/a", false),
            ("a\u{1}", false),
            ("a\r", false),
            ("a\u{7f}", false),
            ("a\u{ffff}", false),
        ] {
            assert_eq!(can_be_listed(key), expected, "{key:?}");
        }
    }

    #[test]
    fn refusals_are_read_key_by_key() {
        let answer = "<?xml version=\"1.0\"?><DeleteResult xmlns=\"urn:x\">\
            <Error><Key>a&amp;b</Key><Code>AccessDenied</Code><Message>no</Message></Error>\
            <Error><Key>gone</Key><Code>NoSuchKey</Code></Error>\
            <Error><Key>c</Key><Code>InternalError</Code></Error></DeleteResult>";
        assert_eq!(refused(answer).unwrap(), ["a&b", "c"]);
        assert!(refused("<DeleteResult/>").unwrap().is_empty());
        assert!(refused("").is_err());
    }
}
