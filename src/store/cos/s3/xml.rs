//! The XML bodies of the S3 API, read leniently: four namespaces are in use, names differ in
//! spelling from store to store, elements are missing or unknown. What cannot be read at all is
//! an error; what is missing is the default.

use percent_encoding::percent_decode_str;
use quick_xml::events::Event;
use s3::serde_types::{CompleteMultipartUploadData, Part};
use serde::Deserialize;
use serde::de::IgnoredAny;
use time::OffsetDateTime;
use time::format_description::well_known::{Rfc2822, Rfc3339};

use super::object_lock::ObjectLock;
use crate::store::PartReceipt;
use crate::store::cos::tree::keys::Dialect;

/// An XML body that cannot be read.
pub(crate) type XmlError = Box<dyn std::error::Error + Send + Sync>;

/// What an error body says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(crate) struct ErrorBody {
    /// `NoSuchKey`.
    pub(crate) code: Option<String>,
    /// For people.
    pub(crate) message: Option<String>,
    /// Where the bucket is, if it is elsewhere.
    pub(crate) endpoint: Option<String>,
    /// The request's name, if the headers do not tell it.
    pub(crate) request_id: Option<String>,
}

/// The error that `text` describes, if it is one: also a 200 may carry it.
pub(crate) fn error(text: &str) -> Option<ErrorBody> {
    if root(text)? != "Error" {
        return None;
    }
    Some(quick_xml::de::from_str(text).unwrap_or_default())
}

/// The upload id in the answer to CreateMultipartUpload.
pub(crate) fn upload_id(text: &str) -> Result<String, XmlError> {
    #[derive(Deserialize)]
    struct Answer {
        #[serde(rename = "UploadId", alias = "UploadID")]
        upload_id: String,
    }
    let answer: Answer = quick_xml::de::from_str(text)?;
    if answer.upload_id.is_empty() {
        return Err("an empty upload id".into());
    }
    Ok(answer.upload_id)
}

/// What Complete, CopyObject and UploadPartCopy answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct StoredBody {
    /// Its presence is the proof of success: a 200 alone is none.
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
    /// CRC-64/XZ, unsigned decimal (COS).
    #[serde(rename = "CRC64", default)]
    crc64: Option<String>,
}

impl StoredBody {
    /// CRC-64/XZ of what was stored, if it was told.
    pub(crate) fn crc64(&self) -> Option<u64> {
        self.crc64.as_deref()?.trim().parse().ok()
    }
}

/// Reads what Complete, CopyObject and UploadPartCopy answer.
pub(crate) fn stored(text: &str) -> Result<StoredBody, XmlError> {
    let body: StoredBody = quick_xml::de::from_str(text)?;
    if body.etag.is_empty() {
        return Err("an empty ETag".into());
    }
    Ok(body)
}

/// The body of CompleteMultipartUpload.
pub(crate) fn complete_multipart_upload(parts: &[PartReceipt]) -> String {
    let parts =
        parts.iter().map(|part| Part { part_number: part.number, etag: part.etag.0.clone() });
    CompleteMultipartUploadData { parts: parts.collect() }.to_string()
}

/// Reads what GetObjectLockConfiguration answers. What is something else, as stores answer that do not
/// know the question, tells of no lock.
pub(crate) fn object_lock(text: &str) -> ObjectLock {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Configuration {
        object_lock_enabled: Option<String>,
        rule: Option<Rule>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "PascalCase")]
    struct Rule {
        default_retention: Option<IgnoredAny>,
    }
    let configuration: Configuration = quick_xml::de::from_str(text).unwrap_or_default();
    let is_on = configuration.object_lock_enabled.is_some_and(|text| text.trim() == "Enabled");
    match configuration.rule.and_then(|rule| rule.default_retention) {
        _ if !is_on => ObjectLock::Off,
        None => ObjectLock::On,
        Some(_) => ObjectLock::Retains,
    }
}

/// One page of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeyPage {
    /// The objects, in the store's order.
    pub(crate) objects: Vec<KeyEntry>,
    /// What the delimiter folded together, each ending in it.
    pub(crate) prefixes: Vec<String>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// One object of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyEntry {
    /// Its key.
    pub(crate) key: String,
    /// Its bytes.
    pub(crate) size: u64,
    /// Its last change, UTC, if it could be read.
    pub(crate) modified: Option<OffsetDateTime>,
    /// Its version, if it was told.
    pub(crate) etag: Option<String>,
}

/// Reads an answer to ListObjects (version 1). COS writes a plus as itself or `%2B`, Amazon writes
/// a space as a plus.
pub(crate) fn key_page(text: &str, dialect: Dialect) -> Result<KeyPage, XmlError> {
    if root(text).as_deref() != Some("ListBucketResult") {
        return Err("not a ListBucketResult".into());
    }
    let raw: ListBucketResult = quick_xml::de::from_str(text)?;
    let encoded = raw.encoding_type.as_deref().map(str::trim) == Some("url");
    let decode = |text: &str| -> Result<String, XmlError> {
        if encoded { decoded(text, dialect) } else { Ok(text.to_owned()) }
    };

    let mut page = KeyPage::default();
    for object in &raw.contents {
        page.objects.push(KeyEntry {
            key: decode(&object.key)?,
            size: object.size.trim().parse().map_err(|_| "a size that is no number")?,
            modified: OffsetDateTime::parse(object.last_modified.trim(), &Rfc3339).ok(),
            etag: object.etag.clone(),
        });
    }
    for prefix in raw.common_prefixes.iter().flat_map(|group| &group.prefix) {
        page.prefixes.push(decode(prefix)?);
    }
    if raw.is_truncated.trim().eq_ignore_ascii_case("true") {
        let named = raw.next_marker.as_deref().filter(|marker| !marker.is_empty());
        page.next = match named {
            Some(marker) => Some(decode(marker)?),
            None => last_name(&page),
        };
        if page.next.is_none() {
            return Err("a truncated page without entries".into());
        }
    }
    Ok(page)
}

/// A name as `encoding-type=url` spells it.
pub(crate) fn decoded(text: &str, dialect: Dialect) -> Result<String, XmlError> {
    let spaced = if dialect == Dialect::S3 { text.replace('+', " ") } else { text.to_owned() };
    Ok(percent_decode_str(&spaced).decode_utf8()?.into_owned())
}

/// A time as HTTP headers spell it.
pub(crate) fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &Rfc2822).ok()
}

/// Stores that name no next marker mean the last entry of the page.
fn last_name(page: &KeyPage) -> Option<String> {
    let object = page.objects.last().map(|object| &object.key);
    object.max(page.prefixes.last()).cloned()
}

/// The local name of the root element.
pub(crate) fn root(text: &str) -> Option<String> {
    let mut reader = quick_xml::Reader::from_str(text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) | Event::Empty(element) => {
                return Some(String::from_utf8_lossy(element.local_name().as_ref()).into_owned());
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListBucketResult {
    #[serde(rename = "IsTruncated")]
    is_truncated: String,
    #[serde(rename = "NextMarker")]
    next_marker: Option<String>,
    #[serde(rename = "EncodingType", alias = "Encoding-Type", alias = "Encoding-type")]
    encoding_type: Option<String>,
    #[serde(rename = "Contents")]
    contents: Vec<Contents>,
    #[serde(rename = "CommonPrefixes", alias = "CommonPrefixs")]
    common_prefixes: Vec<CommonPrefixes>,
}

#[derive(Debug, Deserialize)]
struct Contents {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Size")]
    size: String,
    #[serde(rename = "LastModified", default)]
    last_modified: String,
    #[serde(rename = "ETag")]
    etag: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CommonPrefixes {
    #[serde(rename = "Prefix", default)]
    prefix: Vec<String>,
}

#[cfg(test)]
mod tests {
    use arbtest::arbtest;
    use time::macros::datetime;

    use super::*;
    use crate::store::ETag;

    #[test]
    fn object_lock_is_read_from_its_configuration_alone() {
        let told = |inner: &str| {
            object_lock(&format!("<ObjectLockConfiguration>{inner}</ObjectLockConfiguration>"))
        };
        let on = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
        let rule = "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule>";
        assert_eq!(told(&format!("{on}{rule}")), ObjectLock::Retains);
        assert_eq!(told(on), ObjectLock::On);
        assert_eq!(told(&format!("{on}<Rule/>")), ObjectLock::On);
        for other in ["", "<ObjectLockEnabled>Disabled</ObjectLockEnabled>", rule] {
            assert_eq!(told(other), ObjectLock::Off, "{other}");
        }
        for other in ["", "no XML", "<ListBucketResult><Name>b</Name></ListBucketResult>"] {
            assert_eq!(object_lock(other), ObjectLock::Off, "{other}");
        }
    }

    #[test]
    fn errors_are_read_whatever_surrounds_them() {
        let cos = "<?xml version='1.0' encoding='utf-8' ?>\n<Error>\n\t<Code>NoSuchKey</Code>\n\
            <Message>gone &amp; away</Message><Resource>b/k</Resource>\
            <RequestId>abc</RequestId><TraceId>x</TraceId></Error>\n";
        let body = error(cos).unwrap();
        assert_eq!(body.code.as_deref(), Some("NoSuchKey"));
        assert_eq!(body.message.as_deref(), Some("gone & away"));
        assert_eq!(body.request_id.as_deref(), Some("abc"));
        let spaced = error("   \n\n<Error xmlns=\"urn:x\"><Code>SlowDown</Code></Error>").unwrap();
        assert_eq!(spaced.code.as_deref(), Some("SlowDown"));
        assert_eq!(error("<Error/>"), Some(ErrorBody::default()));
        for none in ["", "<html><Code>x</Code></html>", "{\"code\":\"x\"}", "<CopyObjectResult/>"] {
            assert_eq!(error(none), None, "{none}");
        }
    }

    #[test]
    fn upload_ids_in_both_spellings() {
        for name in ["UploadId", "UploadID"] {
            let text = format!(
                "<InitiateMultipartUploadResult xmlns=\"http://www.qcloud.com/document/product/436/7751\">\
                 <Bucket>b</Bucket><Key>k</Key><{name}>2~a+/=</{name}></InitiateMultipartUploadResult>"
            );
            assert_eq!(upload_id(&text).unwrap(), "2~a+/=");
        }
        assert!(upload_id("<InitiateMultipartUploadResult/>").is_err());
        assert!(upload_id("<X><UploadId></UploadId></X>").is_err());
    }

    #[test]
    fn success_is_an_etag() {
        let text = "\n\n<CopyObjectResult><ETag>&quot;ab-2&quot;</ETag><CRC64>12</CRC64></CopyObjectResult>";
        let body = stored(text).unwrap();
        assert_eq!((body.etag.as_str(), body.crc64()), ("\"ab-2\"", Some(12)));
        assert_eq!(stored("<X><ETag>\"a\"</ETag></X>").unwrap().crc64(), None);
        for bad in ["", "<Error><Code>x</Code></Error>", "<X><ETag/></X>", "<X><ETag>a"] {
            assert!(stored(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn complete_names_the_parts() {
        let part = |number, etag: &str| PartReceipt {
            number,
            size: 1,
            etag: ETag(etag.into()),
            crc64: None,
        };
        assert_eq!(
            complete_multipart_upload(&[part(1, "\"a\""), part(2, "\"b\"")]),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a\"</ETag></Part>\
             <Part><PartNumber>2</PartNumber><ETag>\"b\"</ETag></Part></CompleteMultipartUpload>"
        );
    }

    #[test]
    fn a_page_of_keys() {
        let text = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
            <Name>b</Name><Prefix>d%2F</Prefix><Marker/><Unknown>1</Unknown><Encoding-Type>url</Encoding-Type>\
            <Contents><Key>d%2Fa+b%2Bc%20</Key><LastModified>2020-12-10T03:37:30.000Z</LastModified>\
            <ETag>\"x\"</ETag><Size>7</Size><Owner><ID>1</ID></Owner></Contents>\
            <CommonPrefixes><Prefix>d%2Fsub%2F</Prefix></CommonPrefixes>\
            <Contents><Key>d%2F%01</Key><LastModified>soon</LastModified><Size> 0 </Size></Contents>\
            <IsTruncated>True</IsTruncated></ListBucketResult>";
        let page = key_page(text, Dialect::S3).unwrap();
        assert_eq!(page.objects[0].key, "d/a b+c ");
        assert_eq!(page.objects[0].size, 7);
        assert_eq!(page.objects[0].modified, Some(datetime!(2020-12-10 03:37:30 UTC)));
        assert_eq!(page.objects[1].key, "d/\u{1}");
        assert_eq!(page.objects[1].modified, None);
        assert_eq!(page.prefixes, ["d/sub/"]);
        assert_eq!(page.next.as_deref(), Some("d/sub/"), "no NextMarker: the last entry");
        assert_eq!(key_page(text, Dialect::Cos).unwrap().objects[0].key, "d/a+b+c ");
    }

    #[test]
    fn pages_end() {
        let page = |inner: &str| {
            key_page(&format!("<ListBucketResult>{inner}</ListBucketResult>"), Dialect::Cos)
        };
        assert_eq!(page("<IsTruncated>false</IsTruncated>").unwrap(), KeyPage::default());
        let next = "<IsTruncated>true</IsTruncated><NextMarker>a%20b</NextMarker>";
        assert_eq!(page(next).unwrap().next.as_deref(), Some("a%20b"), "not encoded: as it is");
        assert!(page("<IsTruncated>true</IsTruncated>").is_err(), "would be asked for ever");
        assert!(key_page("<html/>", Dialect::Cos).is_err());
        assert!(key_page("", Dialect::Cos).is_err());
    }

    #[test]
    fn dates_of_headers() {
        assert_eq!(
            http_date("Fri, 10 Apr 2020 09:35:05 GMT"),
            Some(datetime!(2020-04-10 09:35:05 UTC))
        );
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn no_body_is_too_strange() {
        let pieces = [
            "<Error>",
            "</Error>",
            "<Code>",
            "</Code>",
            "<ListBucketResult>",
            "<Contents>",
            "<Key>",
            "</Key>",
            "</Contents>",
            "<Size>",
            "1",
            "</Size>",
            "<CommonPrefixes>",
            "<Prefix>",
            "&lt;",
            "&#0;",
            "&x;",
            "<![CDATA[",
            "]]>",
            "<!--",
            "-->",
            "<?xml?>",
            "<!DOCTYPE a [",
            "%",
            "%2",
            "%00",
            "<EncodingType>url</EncodingType>",
            "<IsTruncated>true</IsTruncated>",
            "<NextMarker>",
            "<ETag>",
            "<UploadId>",
            "/>",
            " xmlns='",
            "<LastModified>2026-01-02T03:04:05.000Z",
            "\u{0}",
        ];
        let mut executions: u64 = 0;
        arbtest(|source| {
            executions += 1;
            let mut text = String::new();
            for _ in 0..source.int_in_range(0..=60)? {
                text.push_str(source.choose(&pieces)?);
                if source.ratio(1, 8)? {
                    text.push(source.arbitrary()?);
                }
            }
            // Neither panics nor repeats anything without an end.
            let size = |body: ErrorBody| format!("{body:?}").len();
            assert!(error(&text).map_or(0, size) <= 200 + 10 * text.len());
            let _ = (upload_id(&text), stored(&text));
            for dialect in [Dialect::Cos, Dialect::S3] {
                if let Ok(page) = key_page(&text, dialect) {
                    assert!(page.objects.len() + page.prefixes.len() <= text.len());
                    assert!(page.next.is_none_or(|next| !next.is_empty()));
                }
            }
            Ok(())
        })
        .size_max(1024)
        .run();
        println!("XML: {executions} executions");
    }
}
