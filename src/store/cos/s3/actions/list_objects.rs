//! ListObjects (version 1, the only one COS documents): one page of keys. Most stores name the next
//! page before the keys of this one, so it can be asked for while this one comes. Stores list in
//! orders of their own, and what names the next page need not be the name of anything: it is told
//! back as it is, and never compared but with itself.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use ureq::http::Method;

use crate::store::cos::s3::call::Call;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::dialect::Dialect;
use crate::store::cos::s3::request::S3Request;
use crate::store::cos::s3::xml::{self, XmlResult, decoded};
use crate::store::{Cancel, ErrorKind, Operation, PageToken, Result};

/// Keys of one page: what COS and S3 answer at most.
pub(crate) const PAGE_KEYS: usize = 1000;

/// Where a page names the next one, if it does so before its keys: three names of the greatest
/// length, each byte as `%XX`, and what surrounds them.
const HEAD_BYTES: usize = 16 * 1024;

/// How deep a page of keys looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// One directory: deeper keys are folded into prefixes.
    Directory,
    /// All keys below the prefix.
    Everything,
}

/// The keys that a page stands for: those that begin with `prefix` and that the store lists behind
/// `after`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// The beginning of all keys.
    pub(crate) prefix: &'a str,
    /// What the page before named for the next, with most stores its last key or folded prefix; or
    /// a name to begin behind.
    pub(crate) after: Option<&'a str>,
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

/// ListObjects.
pub(crate) fn list_objects(
    client: &S3Client,
    window: Window<'_>,
    depth: Depth,
    max_keys: usize,
) -> Result<KeyPage> {
    read_page(client, window, depth, max_keys, &mut |_| {})
}

/// The same of a whole page of a directory, and whether `tell` was told where the next one begins.
pub(crate) fn list_objects_ahead(
    client: &S3Client,
    window: Window<'_>,
    tell: &mut dyn FnMut(&PageToken),
) -> Result<(KeyPage, bool)> {
    let mut told = None;
    let page = read_page(client, window, Depth::Directory, PAGE_KEYS, &mut |text| {
        if told.is_none() && text.len() <= HEAD_BYTES {
            told = next_marker(text, client.dialect()).map(PageToken);
            told.iter().for_each(&mut *tell);
        }
    })?;
    let told = told.map(|PageToken(key)| key);
    if told.is_some() && told != page.next {
        // The answer broke off and was asked for again, and between the two somebody stored
        // something. What lies between the two markers would be shown twice or not at all.
        let call = Call::new(Operation::ListObjects, request(window, Depth::Directory, PAGE_KEYS));
        let error = call.error(ErrorKind::Unavailable);
        return Err(error.with_source("the directory changed while a page of it was read"));
    }
    Ok((page, told.is_some()))
}

/// Asks for one key below `prefix`, whatever the answer says.
pub(crate) fn list_one(client: &S3Client, prefix: &str, cancel: &Cancel) -> Result<()> {
    let request = S3Request::on_bucket(Method::GET).query("prefix", prefix).query("max-keys", "1");
    client.exchange(&Call::new(Operation::ListObjects, request).unless(cancel))?;
    Ok(())
}

fn read_page(
    client: &S3Client,
    window: Window<'_>,
    depth: Depth,
    max_keys: usize,
    watch: &mut dyn FnMut(&[u8]),
) -> Result<KeyPage> {
    let call = Call::new(Operation::ListObjects, request(window, depth, max_keys));
    let answer = client.exchange_watched(&call, watch)?;
    let mut page = key_page(&answer.text, client.dialect())
        .map_err(|error| call.unreadable(&answer.headers, error))?;
    if page.next.is_some() && page.next.as_deref() == window.after {
        // It would be asked for ever.
        return Err(call.unreadable(&answer.headers, "a page that does not lead on"));
    }
    if let Some(after) = window.after {
        // Some stores show a directory at the end of a page and once more on the next.
        page.objects.retain(|object| object.key != after);
        page.prefixes.retain(|prefix| prefix != after);
    }
    let keys = page.objects.iter().map(|object| &object.key).chain(&page.prefixes);
    if let Some(key) = keys.into_iter().find(|key| !key.starts_with(window.prefix)) {
        return Err(call
            .unreadable(&answer.headers, format!("a page with a key of another place: {key:?}")));
    }
    Ok(page)
}

fn request(window: Window<'_>, depth: Depth, max_keys: usize) -> S3Request {
    let mut request = S3Request::on_bucket(Method::GET);
    if !window.prefix.is_empty() {
        request = request.query("prefix", window.prefix);
    }
    if let Some(after) = window.after {
        request = request.query("marker", after);
    }
    if depth == Depth::Directory {
        request = request.query("delimiter", "/");
    }
    request.query("encoding-type", "url").query("max-keys", max_keys.to_string())
}

/// Reads an answer to ListObjects (version 1). COS writes a plus as itself or `%2B`, Amazon writes
/// a space as a plus.
pub(crate) fn key_page(text: &str, dialect: Dialect) -> XmlResult<KeyPage> {
    if xml::root(text).as_deref() != Some("ListBucketResult") {
        return Err("not a ListBucketResult".into());
    }
    let raw: ListBucketResult = quick_xml::de::from_str(text)?;
    let encoded = raw.encoding_type.as_deref().map(str::trim) == Some("url");
    let decode = |text: &str| -> XmlResult<String> {
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

/// Stores that name no next marker mean the last entry of the page.
fn last_name(page: &KeyPage) -> Option<String> {
    let object = page.objects.last().map(|object| &object.key);
    object.max(page.prefixes.last()).cloned()
}

/// The marker of the next page, as far as the beginning of this one tells it. If the encoding is
/// not named before it, only a marker that reads the same either way is believed.
fn next_marker(beginning: &[u8], dialect: Dialect) -> Option<String> {
    let mut reader = Reader::from_reader(beginning);
    let (mut element, mut text) = (Vec::new(), String::new());
    let (mut is_encoded, mut marker) = (None, None);
    while marker.is_none() || is_encoded.is_none() {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                element = start.local_name().as_ref().to_vec();
                text.clear();
                if matches!(element.as_slice(), b"Contents" | b"CommonPrefixes") {
                    break;
                }
            }
            Event::Text(part) => text.push_str(std::str::from_utf8(&part).ok()?),
            Event::End(_) => match element.as_slice() {
                b"NextMarker" if !text.is_empty() => marker = Some(std::mem::take(&mut text)),
                b"EncodingType" | b"Encoding-Type" | b"Encoding-type" => {
                    is_encoded = Some(text.trim() == "url");
                }
                _ => {}
            },
            // A name with `&amp;` in it is left to who reads the whole page.
            Event::GeneralRef(_) | Event::Eof => return None,
            _ => {}
        }
    }
    let marker = marker?;
    match is_encoded {
        Some(true) => decoded(&marker, dialect).ok(),
        Some(false) => Some(marker),
        None => (!marker.contains(['%', '+'])).then_some(marker),
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
    use time::macros::datetime;

    use super::*;
    use crate::store::cos::s3::request::tests::sent;

    #[test]
    fn a_directory_or_all_below_a_prefix() {
        let window = Window { prefix: "d/", after: Some("d/a b") };
        assert_eq!(
            sent(&request(window, Depth::Directory, 1000)),
            ["GET /?prefix=d%2F&marker=d%2Fa%20b&delimiter=%2F&encoding-type=url&max-keys=1000"]
        );
        let all = Window { prefix: "", after: None };
        let expected = ["GET /?encoding-type=url&max-keys=2"];
        assert_eq!(sent(&request(all, Depth::Everything, 2)), expected);
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
    fn the_next_page_is_known_once_its_marker_has_come_whole() {
        let text = "<?xml version=\"1.0\"?>\n<ListBucketResult xmlns=\"urn:x\"><Name>b</Name>\
            <EncodingType>url</EncodingType><Prefix>d%2F</Prefix><IsTruncated>true</IsTruncated>\
            <NextMarker>d%2Fa%20b</NextMarker><Contents><Key>d%2Fa</Key></Contents>";
        let complete = text.find("</NextMarker>").unwrap() + "</NextMarker>".len();
        for end in 0..=text.len() {
            let told = next_marker(&text.as_bytes()[..end], Dialect::Cos);
            assert_eq!(told.as_deref(), (end >= complete).then_some("d/a b"), "{end}");
        }
    }

    #[test]
    fn what_is_not_certain_is_not_told() {
        let list = |inner: &str| format!("<ListBucketResult>{inner}<Contents>");
        for (inner, told) in [
            ("<NextMarker>plain</NextMarker>", Some("plain")),
            ("<NextMarker>a%20b</NextMarker>", None),
            ("<NextMarker>a%20b</NextMarker><EncodingType>url</EncodingType>", Some("a b")),
            ("<EncodingType/><NextMarker>a</NextMarker>", Some("a")),
            ("<NextMarker>a&amp;b</NextMarker>", None),
            ("<NextMarker></NextMarker>", None),
            ("<NextMarker/>", None),
            ("<IsTruncated>true</IsTruncated>", None),
            ("", None),
        ] {
            let text = list(inner);
            assert_eq!(next_marker(text.as_bytes(), Dialect::Cos).as_deref(), told, "{inner}");
        }
        assert_eq!(next_marker(b"<a></b>", Dialect::Cos), None);
        assert_eq!(next_marker(b"\xff<NextMarker>\xff</NextMarker><Contents>", Dialect::Cos), None);
    }
}
