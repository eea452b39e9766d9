//! GetObjectTagging: the tags of an object, of which HEAD tells the number alone.

use serde::Deserialize;
use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml::{self, XmlResult};
use crate::store::{Operation, Result};

/// GetObjectTagging: names and values.
pub(crate) fn get_object_tagging(client: &S3Client, key: &str) -> Result<Vec<(String, String)>> {
    let call = Call::new(Operation::GetObjectTagging, request(key));
    let answer = client.exchange(&call)?;
    tags(&answer.text).map_err(|error| call.unreadable(&answer.headers, error))
}

fn request(key: &str) -> S3Request {
    S3Request::on_object(Method::GET, key).query("tagging", "")
}

/// Reads an answer to GetObjectTagging.
fn tags(text: &str) -> XmlResult<Vec<(String, String)>> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Tagging {
        tag_set: TagSet,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct TagSet {
        tag: Vec<TagElement>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct TagElement {
        key: String,
        #[serde(default)]
        value: String,
    }
    if xml::root(text).as_deref() != Some("Tagging") {
        return Err("no tags".into());
    }
    let tagging: Tagging = quick_xml::de::from_str(text)?;
    Ok(tagging.tag_set.tag.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn the_tags_are_asked_of_the_object() {
        assert_eq!(sent(&request("a/b")), ["GET /a/b?tagging"]);
    }

    #[test]
    fn tags_are_read_with_and_without_values() {
        let of = |set: &str| format!("<?xml version=\"1.0\"?><Tagging xmlns=\"x\">{set}</Tagging>");
        let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        for (set, expected) in [
            ("", vec![]),
            ("<TagSet></TagSet>", vec![]),
            (
                "<TagSet><Tag><Key>a</Key><Value>x &amp; y</Value></Tag>\
                 <Tag><Key>b</Key><Value/></Tag></TagSet>",
                vec![tag("a", "x & y"), tag("b", "")],
            ),
        ] {
            assert_eq!(tags(&of(set)).unwrap(), expected, "{set}");
        }
        assert!(tags("").is_err() && tags("<Other/>").is_err());
    }
}
