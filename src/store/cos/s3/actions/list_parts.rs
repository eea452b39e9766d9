//! ListParts: what an upload has received.

use serde::Deserialize;
use time::OffsetDateTime;
use ureq::http::Method;

use super::PAGE_ENTRIES;
use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml::{self, XmlResult, is_true, moment};
use crate::store::{Cancel, ETag, Operation, Result};

/// A page of parts.
pub(crate) struct PartsPage {
    /// The parts.
    pub(crate) entries: Vec<PartEntry>,
    /// The number behind which the next page begins.
    pub(crate) next: Option<u32>,
    /// When the store listed them, by its own clock.
    pub(crate) now: OffsetDateTime,
}

/// One page of an upload's parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PartPage {
    /// Sorted by number.
    parts: Vec<PartEntry>,
    /// Whether another page follows.
    is_truncated: bool,
}

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartEntry {
    /// Its number.
    pub(crate) number: u32,
    /// Its bytes.
    pub(crate) size: u64,
    /// What Complete must name.
    pub(crate) etag: ETag,
    /// When it was stored, UTC, if that could be read.
    pub(crate) modified: Option<OffsetDateTime>,
}

/// ListParts of an upload, behind the part `after`; `None` when the upload is gone.
pub(crate) fn list_parts(
    client: &S3Client,
    key: &str,
    upload_id: &str,
    after: Option<u32>,
    cancel: &Cancel,
) -> Result<Option<PartsPage>> {
    let call = Call::new(Operation::ListParts, request(key, upload_id, after)).unless(cancel);
    let answer = match client.exchange(&call) {
        Err(failure) if failure.error.status == Some(404) => return Ok(None),
        other => other?,
    };
    let page = part_page(&answer.text).map_err(|error| call.unreadable(&answer.headers, error))?;
    let last = page.parts.iter().map(|part| part.number).max();
    if page.is_truncated && last <= after {
        return Err(call.unreadable(&answer.headers, "a page of parts that does not lead on"));
    }
    let next = last.filter(|_| page.is_truncated);
    Ok(Some(PartsPage { entries: page.parts, next, now: client.answered_at(&answer.headers) }))
}

fn request(key: &str, upload_id: &str, after: Option<u32>) -> S3Request {
    let request = S3Request::on_object(Method::GET, key)
        .query("uploadId", upload_id)
        .query("max-parts", PAGE_ENTRIES);
    match after {
        Some(after) => request.query("part-number-marker", after.to_string()),
        None => request,
    }
}

/// Reads an answer to ListParts.
fn part_page(text: &str) -> XmlResult<PartPage> {
    if xml::root(text).as_deref() != Some("ListPartsResult") {
        return Err("not a ListPartsResult".into());
    }
    let raw: ListPartsResult = quick_xml::de::from_str(text)?;
    let read = |part: ListedPart| PartEntry {
        number: part.number,
        size: part.size,
        etag: ETag(part.etag),
        modified: moment(&part.last_modified),
    };
    let parts = raw.parts.into_iter().map(read).collect();
    Ok(PartPage { parts, is_truncated: is_true(&raw.is_truncated) })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListPartsResult {
    #[serde(rename = "IsTruncated")]
    is_truncated: String,
    #[serde(rename = "Part")]
    parts: Vec<ListedPart>,
}

#[derive(Debug, Deserialize)]
struct ListedPart {
    #[serde(rename = "PartNumber")]
    number: u32,
    #[serde(rename = "Size", default)]
    size: u64,
    #[serde(rename = "ETag", default)]
    etag: String,
    #[serde(rename = "LastModified", default)]
    last_modified: String,
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn pages_go_on_behind_a_number() {
        assert_eq!(sent(&request("k", "u", None)), ["GET /k?uploadId=u&max-parts=1000"]);
        let next = ["GET /k?uploadId=u&max-parts=1000&part-number-marker=1000"];
        assert_eq!(sent(&request("k", "u", Some(1000))), next);
    }

    #[test]
    fn parts_and_their_times() {
        let text = "<ListPartsResult><UploadId>1</UploadId><IsTruncated>false</IsTruncated>\
            <Part><PartNumber>1</PartNumber><LastModified>2020-12-10T03:37:30.000Z</LastModified>\
            <ETag>&quot;39270a&quot;</ETag><Size>5</Size></Part>\
            <Part><PartNumber>3</PartNumber><LastModified>soon</LastModified></Part></ListPartsResult>";
        let page = part_page(text).unwrap();
        assert_eq!(
            page.parts,
            [
                PartEntry {
                    number: 1,
                    size: 5,
                    etag: ETag("\"39270a\"".to_owned()),
                    modified: Some(datetime!(2020-12-10 03:37:30 UTC)),
                },
                PartEntry { number: 3, size: 0, etag: ETag(String::new()), modified: None },
            ]
        );
        assert_eq!(part_page("<ListPartsResult/>").unwrap(), PartPage::default());
    }

    #[test]
    fn what_is_something_else_is_no_empty_page() {
        for text in ["", "<html/>", "<ListBucketResult/>"] {
            assert!(part_page(text).is_err(), "{text}");
        }
    }
}
