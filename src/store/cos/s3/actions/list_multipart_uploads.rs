//! ListMultipartUploads: what was begun and is neither completed nor aborted.

use serde::Deserialize;
use time::OffsetDateTime;
use ureq::http::Method;

use super::PAGE_ENTRIES;
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::dialect::Dialect;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml::{self, XmlResult, is_true, moment};
use crate::store::{Cancel, Operation, PageToken, Result};

/// A page of uploads.
pub(crate) struct Uploads {
    /// The uploads.
    pub(crate) entries: Vec<UploadEntry>,
    /// Where the next page begins.
    pub(crate) next: Option<PageToken>,
    /// When the store listed them, by its own clock.
    pub(crate) now: OffsetDateTime,
}

/// One page of uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct UploadPage {
    /// Sorted by key, as the store lists them.
    uploads: Vec<UploadEntry>,
    /// Whether another page follows.
    is_truncated: bool,
}

/// One upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UploadEntry {
    /// Where the object would stand.
    pub(crate) key: String,
    /// The store's name for it.
    pub(crate) upload_id: String,
    /// When it was begun, UTC, if that could be read.
    pub(crate) initiated: Option<OffsetDateTime>,
}

/// ListMultipartUploads of what stands below `prefix`, behind the page that told `after`.
pub(crate) fn list_multipart_uploads(
    client: &S3Client,
    prefix: &str,
    after: Option<&PageToken>,
    cancel: &Cancel,
) -> Result<Uploads> {
    let call = Call::new(Operation::ListMultipartUploads, request(prefix, after)).unless(cancel);
    let answer = client.exchange(&call)?;
    let page = upload_page(&answer.text, client.dialect());
    let page = page.map_err(|error| call.unreadable(&answer.headers, error))?;
    // Some stores encode the key of the next marker and some do not; the last entry is the same.
    let last = page.uploads.last().filter(|_| page.is_truncated);
    let next = last.map(|last| PageToken(format!("{}\n{}", last.upload_id, last.key)));
    if page.is_truncated && (next.is_none() || next.as_ref() == after) {
        return Err(call.unreadable(&answer.headers, "a page of uploads that does not lead on"));
    }
    Ok(Uploads { entries: page.uploads, next, now: client.answered_at(&answer.headers) })
}

fn request(prefix: &str, after: Option<&PageToken>) -> S3Request {
    let mut request = S3Request::on_bucket(Method::GET).query("uploads", "");
    if !prefix.is_empty() {
        request = request.query("prefix", prefix);
    }
    // An id holds no line end, a key may hold anything.
    if let Some((id, key)) = after.and_then(|token| token.0.split_once('\n')) {
        request = request.query("key-marker", key).query("upload-id-marker", id);
    }
    request.query("encoding-type", "url").query("max-uploads", PAGE_ENTRIES)
}

/// Reads an answer to ListMultipartUploads with `encoding-type=url`. Keys are decoded even where
/// the answer does not say that they are encoded: Ceph encodes them and keeps silent about it. A
/// store that ignores the parameter makes of `%41` another key, under which no such upload is
/// found.
fn upload_page(text: &str, dialect: Dialect) -> XmlResult<UploadPage> {
    if xml::root(text).as_deref() != Some("ListMultipartUploadsResult") {
        return Err("not a ListMultipartUploadsResult".into());
    }
    let raw: ListMultipartUploadsResult = quick_xml::de::from_str(text)?;
    let read = |upload: &ListedUpload| -> XmlResult<UploadEntry> {
        Ok(UploadEntry {
            key: xml::decoded(&upload.key, dialect)?,
            upload_id: upload.upload_id.clone(),
            initiated: moment(&upload.initiated),
        })
    };
    let uploads = raw.uploads.iter().map(read).collect::<XmlResult<_>>()?;
    Ok(UploadPage { uploads, is_truncated: is_true(&raw.is_truncated) })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListMultipartUploadsResult {
    #[serde(rename = "IsTruncated")]
    is_truncated: String,
    #[serde(rename = "Upload")]
    uploads: Vec<ListedUpload>,
}

#[derive(Debug, Deserialize)]
struct ListedUpload {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId", alias = "UploadID")]
    upload_id: String,
    #[serde(rename = "Initiated", default)]
    initiated: String,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn pages_go_on_behind_an_upload_of_a_key() {
        let first = ["GET /?uploads&encoding-type=url&max-uploads=1000"];
        assert_eq!(sent(&request("", None)), first);
        let next = PageToken("2~x\na/b".to_owned());
        assert_eq!(
            sent(&request("a/", Some(&next))),
            ["GET /?uploads&prefix=a%2F&key-marker=a%2Fb&upload-id-marker=2~x\
              &encoding-type=url&max-uploads=1000"]
        );
    }

    #[test]
    fn uploads_as_ceph_and_as_cos_tell_them() {
        let ceph = "<?xml version=\"1.0\"?><ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Bucket>b</Bucket><NextKeyMarker>a/c d+</NextKeyMarker><IsTruncated>true</IsTruncated>\
            <Upload><Key>a/c%20d%2B</Key><UploadId>2~x</UploadId><Initiator><ID>t</ID></Initiator>\
            <Initiated>2026-11-25T10:01:30.650Z</Initiated></Upload></ListMultipartUploadsResult>";
        let page = upload_page(ceph, Dialect::S3).unwrap();
        assert!(page.is_truncated);
        assert_eq!(page.uploads[0].key, "a/c d+");
        assert_eq!(page.uploads[0].upload_id, "2~x");
        assert_eq!(page.uploads[0].initiated, Some(datetime!(2026-11-25 10:01:30.650 UTC)));

        let cos = "<ListMultipartUploadsResult><Encoding-Type>url</Encoding-Type>\
            <IsTruncated>false</IsTruncated><Upload><Key>a+b%2Fc</Key><UploadID>1</UploadID>\
            <Initiated>Wed Jan 18 16:32:38 2017</Initiated></Upload>\
            <Upload><Key>d</Key><UploadId>2</UploadId></Upload></ListMultipartUploadsResult>";
        let page = upload_page(cos, Dialect::Cos).unwrap();
        assert!(!page.is_truncated);
        assert_eq!(page.uploads[0].key, "a+b/c");
        assert_eq!(page.uploads[0].initiated, Some(datetime!(2017-01-18 16:32:38 UTC)));
        assert_eq!(page.uploads[1].initiated, None);
    }

    #[test]
    fn what_is_something_else_is_no_empty_page() {
        for text in ["", "<html/>", "<ListBucketResult/>"] {
            assert!(upload_page(text, Dialect::S3).is_err(), "{text}");
        }
    }
}
