//! One page of keys: what ListObjects (version 1, the only one COS documents) answers. Most stores
//! name the next page before the keys of this one, so it can be asked for while this one comes.

use quick_xml::Reader;
use quick_xml::events::Event;
use ureq::http::Method;

use super::client::Call;
use super::request::Request;
use super::xml::{self, KeyPage, decoded};
use crate::store::cos::CosStore;
use crate::store::cos::tree::keys::Dialect;
use crate::store::{ErrorKind, Operation, PageToken, Result, StoreError};

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

/// The keys that a page stands for: those that begin with `prefix` and come after `after`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    /// The beginning of all keys.
    pub(crate) prefix: &'a str,
    /// The last key or folded prefix of the page before.
    pub(crate) after: Option<&'a str>,
}

impl CosStore {
    /// One page of keys as the store tells it.
    pub(crate) fn key_page(
        &self,
        window: Window<'_>,
        depth: Depth,
        max_keys: usize,
    ) -> Result<KeyPage> {
        self.watched_key_page(window, depth, max_keys, &mut |_| {})
    }

    /// One page of a directory's keys, and whether `tell` was told where the next one begins.
    pub(crate) fn key_page_ahead(
        &self,
        window: Window<'_>,
        tell: &mut dyn FnMut(&PageToken),
    ) -> Result<(KeyPage, bool)> {
        let mut told = None;
        let page = self.watched_key_page(window, Depth::Directory, PAGE_KEYS, &mut |text| {
            if told.is_none() && text.len() <= HEAD_BYTES {
                told = next_marker(text, self.dialect).map(PageToken);
                told.iter().for_each(&mut *tell);
            }
        })?;
        let told = told.map(|PageToken(key)| key);
        if told.is_some() && told != page.next {
            // The answer broke off and was asked for again, and between the two somebody stored
            // something. What lies between the two markers would be shown twice or not at all.
            let error =
                StoreError::new(ErrorKind::Unavailable, Operation::ListObjects, window.prefix);
            return Err(error.with_source("the directory changed while a page of it was read"));
        }
        Ok((page, told.is_some()))
    }

    fn watched_key_page(
        &self,
        window: Window<'_>,
        depth: Depth,
        max_keys: usize,
        watch: &mut dyn FnMut(&[u8]),
    ) -> Result<KeyPage> {
        let mut request = Request::on_bucket(Method::GET);
        if !window.prefix.is_empty() {
            request = request.query("prefix", window.prefix);
        }
        if let Some(after) = window.after {
            request = request.query("marker", after);
        }
        if depth == Depth::Directory {
            request = request.query("delimiter", "/");
        }
        let request = request.query("encoding-type", "url").query("max-keys", max_keys.to_string());
        let call = Call::new(Operation::ListObjects, request);
        let answer = self.client.exchange_watched(&call, watch)?;
        let page = xml::key_page(&answer.text, self.dialect)
            .map_err(|error| call.error(ErrorKind::Other).with_source(error))?;
        if page.next.as_deref().is_some_and(|next| Some(next) <= window.after) {
            // It would be asked for ever.
            let error = call.error(ErrorKind::Other);
            return Err(error.with_source("a page that ends before it begins"));
        }
        let keys = page.objects.iter().map(|object| &object.key).chain(&page.prefixes);
        if let Some(key) = keys.into_iter().find(|key| !key.starts_with(window.prefix)) {
            let error = call.error(ErrorKind::Other);
            return Err(error.with_source(format!("a page with a key of another place: {key:?}")));
        }
        Ok(page)
    }
}

/// The marker of the next page, as far as the beginning of this one tells it. If the encoding is not
/// named before it, only a marker that reads the same either way is believed.
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

#[cfg(test)]
mod tests {
    use super::*;

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
