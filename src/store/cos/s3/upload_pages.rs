//! Reads the answers to ListMultipartUploads and ListParts, as leniently as [`super::xml`] reads
//! the others.

use serde::Deserialize;
use time::format_description::FormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::xml::{self, XmlError};
use crate::store::cos::tree::keys::Dialect;

/// The form in which the documentation of COS shows times of uploads and parts.
const ASCTIME: &[FormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:none] [hour]:[minute]:[second] [year]"
);

/// One page of uploads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UploadPage {
    /// Sorted by key, as the store lists them.
    pub(crate) uploads: Vec<UploadEntry>,
    /// Whether another page follows.
    pub(crate) is_truncated: bool,
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

/// One page of an upload's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartPage {
    /// Sorted by number.
    pub(crate) parts: Vec<PartEntry>,
    /// Whether another page follows.
    pub(crate) is_truncated: bool,
}

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartEntry {
    /// Its number.
    pub(crate) number: u32,
    /// When it was stored, UTC, if that could be read.
    pub(crate) modified: Option<OffsetDateTime>,
}

/// Reads an answer to ListMultipartUploads with `encoding-type=url`. Keys are decoded even where
/// the answer does not say that they are encoded: Ceph encodes them and keeps silent about it. A
/// store that ignores the parameter makes of `%41` another key, under which no such upload is
/// found.
pub(crate) fn upload_page(text: &str, dialect: Dialect) -> Result<UploadPage, XmlError> {
    if xml::root(text).as_deref() != Some("ListMultipartUploadsResult") {
        return Err("not a ListMultipartUploadsResult".into());
    }
    let raw: ListMultipartUploadsResult = quick_xml::de::from_str(text)?;
    let read = |upload: &Upload| -> Result<UploadEntry, XmlError> {
        Ok(UploadEntry {
            key: xml::decoded(&upload.key, dialect)?,
            upload_id: upload.upload_id.clone(),
            initiated: moment(&upload.initiated),
        })
    };
    let uploads = raw.uploads.iter().map(read).collect::<Result<_, _>>()?;
    Ok(UploadPage { uploads, is_truncated: is_true(&raw.is_truncated) })
}

/// Reads an answer to ListParts.
pub(crate) fn part_page(text: &str) -> Result<PartPage, XmlError> {
    if xml::root(text).as_deref() != Some("ListPartsResult") {
        return Err("not a ListPartsResult".into());
    }
    let raw: ListPartsResult = quick_xml::de::from_str(text)?;
    let read =
        |part: &Part| PartEntry { number: part.number, modified: moment(&part.last_modified) };
    let parts = raw.parts.iter().map(read).collect();
    Ok(PartPage { parts, is_truncated: is_true(&raw.is_truncated) })
}

/// A time in any of the forms that are in use.
fn moment(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let asctime =
        || PrimitiveDateTime::parse(text, ASCTIME).ok().map(PrimitiveDateTime::assume_utc);
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| xml::http_date(text)).or_else(asctime)
}

fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListMultipartUploadsResult {
    #[serde(rename = "IsTruncated")]
    is_truncated: String,
    #[serde(rename = "Upload")]
    uploads: Vec<Upload>,
}

#[derive(Debug, Deserialize)]
struct Upload {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "UploadId", alias = "UploadID")]
    upload_id: String,
    #[serde(rename = "Initiated", default)]
    initiated: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListPartsResult {
    #[serde(rename = "IsTruncated")]
    is_truncated: String,
    #[serde(rename = "Part")]
    parts: Vec<Part>,
}

#[derive(Debug, Deserialize)]
struct Part {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "LastModified", default)]
    last_modified: String,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

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
    fn parts_and_their_times() {
        let text = "<ListPartsResult><UploadId>1</UploadId><IsTruncated>false</IsTruncated>\
            <Part><PartNumber>1</PartNumber><LastModified>2020-12-10T03:37:30.000Z</LastModified><Size>5</Size></Part>\
            <Part><PartNumber>3</PartNumber><LastModified>soon</LastModified></Part></ListPartsResult>";
        let page = part_page(text).unwrap();
        assert_eq!(
            page.parts,
            [
                PartEntry { number: 1, modified: Some(datetime!(2020-12-10 03:37:30 UTC)) },
                PartEntry { number: 3, modified: None },
            ]
        );
        assert_eq!(part_page("<ListPartsResult/>").unwrap(), PartPage::default());
    }

    #[test]
    fn what_is_something_else_is_no_empty_page() {
        for text in ["", "<html/>", "<ListBucketResult/>"] {
            assert!(upload_page(text, Dialect::S3).is_err(), "{text}");
            assert!(part_page(text).is_err(), "{text}");
        }
    }
}
