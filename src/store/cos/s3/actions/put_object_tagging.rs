//! PutObjectTagging: other tags for an object that stands.

use quick_xml::escape::escape;
use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::{Body, Cancel, Operation, Result};

/// PutObjectTagging, of these names and values.
pub(crate) fn put_object_tagging(
    client: &S3Client,
    key: &str,
    tags: &[(String, String)],
) -> Result<()> {
    let (text, never) = (body(tags), Cancel::new());
    let pieces = [text.as_bytes()];
    let call = Call::new(Operation::PutObjectTagging, request(key));
    // COS and S3 ask for the MD5.
    let call = call.with_body(Body::new(&pieces, &never)).with_md5();
    client.exchange(&call)?;
    Ok(())
}

fn request(key: &str) -> S3Request {
    S3Request::on_object(Method::PUT, key)
        .query("tagging", "")
        .header("content-type", "application/xml")
}

/// The body of PutObjectTagging.
fn body(tags: &[(String, String)]) -> String {
    let tag = |(name, value): &(String, String)| {
        format!("<Tag><Key>{}</Key><Value>{}</Value></Tag>", escape(name), escape(value))
    };
    let tags: String = tags.iter().map(tag).collect();
    format!("<Tagging><TagSet>{tags}</TagSet></Tagging>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn tags_are_the_body() {
        let expected = ["PUT /a/b?tagging", "content-type: application/xml"];
        assert_eq!(sent(&request("a/b")), expected);
        let tags = [("a".to_owned(), "x & y".to_owned()), ("站".to_owned(), String::new())];
        assert_eq!(
            body(&tags),
            "<Tagging><TagSet><Tag><Key>a</Key><Value>x &amp; y</Value></Tag>\
             <Tag><Key>站</Key><Value></Value></Tag></TagSet></Tagging>"
        );
    }
}
