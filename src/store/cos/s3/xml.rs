//! The XML bodies of the S3 API, read leniently: four namespaces are in use, names differ in
//! spelling from store to store, elements are missing or unknown. What cannot be read at all is
//! an error; what is missing is the default.

use percent_encoding::percent_decode_str;
use quick_xml::events::Event;
use serde::Deserialize;
use time::format_description::FormatItem;
use time::format_description::well_known::{Rfc2822, Rfc3339};
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use super::dialect::Dialect;

/// The form in which the documentation of COS shows times of uploads and parts.
const ASCTIME: &[FormatItem<'_>] = format_description!(
    "[weekday repr:short] [month repr:short] [day padding:none] [hour]:[minute]:[second] [year]"
);

/// An XML body that cannot be read.
type XmlError = Box<dyn std::error::Error + Send + Sync>;

/// What was read, or why it cannot be.
pub(crate) type XmlResult<T> = Result<T, XmlError>;

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

/// What Complete, CopyObject and UploadPartCopy answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct StoredBody {
    /// Its presence is the proof of success: a 200 alone is none.
    #[serde(rename = "ETag")]
    pub(crate) etag: String,
    /// CRC-64/XZ, unsigned decimal (COS).
    #[serde(rename = "CRC64", default)]
    crc64: Option<String>,
    /// When it was stored.
    #[serde(rename = "LastModified", default)]
    last_modified: Option<String>,
}

impl StoredBody {
    /// CRC-64/XZ of what was stored, if it was told.
    pub(crate) fn crc64(&self) -> Option<u64> {
        self.crc64.as_deref()?.trim().parse().ok()
    }

    /// When it was stored, UTC, if that was told.
    pub(crate) fn modified(&self) -> Option<OffsetDateTime> {
        moment(self.last_modified.as_deref()?)
    }
}

/// Reads what Complete, CopyObject and UploadPartCopy answer.
pub(crate) fn stored(text: &str) -> XmlResult<StoredBody> {
    let body: StoredBody = quick_xml::de::from_str(text)?;
    if body.etag.is_empty() {
        return Err("an empty ETag".into());
    }
    Ok(body)
}

/// A name as `encoding-type=url` spells it.
pub(crate) fn decoded(text: &str, dialect: Dialect) -> XmlResult<String> {
    let spaced = if dialect == Dialect::S3 { text.replace('+', " ") } else { text.to_owned() };
    Ok(percent_decode_str(&spaced).decode_utf8()?.into_owned())
}

/// A time as HTTP headers spell it.
pub(crate) fn http_date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text.trim(), &Rfc2822).ok()
}

/// A time in any of the forms that are in use.
pub(crate) fn moment(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let asctime =
        || PrimitiveDateTime::parse(text, ASCTIME).ok().map(PrimitiveDateTime::assume_utc);
    OffsetDateTime::parse(text, &Rfc3339).ok().or_else(|| http_date(text)).or_else(asctime)
}

/// Whether the text of an element says so.
pub(crate) fn is_true(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("true")
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

#[cfg(test)]
mod tests {
    use arbtest::arbtest;
    use time::macros::datetime;

    use super::*;
    use crate::store::cos::s3::actions::create_multipart_upload::upload_id;
    use crate::store::cos::s3::actions::list_objects::key_page;

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
