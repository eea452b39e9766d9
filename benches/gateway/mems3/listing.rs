//! ListObjects, versions 1 and 2.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;
use std::sync::Arc;

use crate::answer::{encoded, escaped};
use crate::dates;
use crate::request::Request;
use crate::store::{Object, Store};

/// Behind every key that begins with what stands before it.
const BEHIND_ALL: char = '\u{10FFFF}';

/// The page that is asked for; `None` where there is no such bucket.
pub fn list(store: &Store, bucket: &str, request: &Request) -> Option<String> {
    let objects = store.objects.read().unwrap();
    let keys = objects.get(bucket)?;
    let is_version_2 = request.parameter("list-type") == "2";
    let marker = match (is_version_2, request.parameter("continuation-token")) {
        (true, "") => request.parameter("start-after"),
        (true, token) => token,
        (false, _) => request.parameter("marker"),
    };
    let is_url = request.parameter("encoding-type") == "url";
    let most = request.parameter("max-keys").parse().unwrap_or(1000).min(1000);
    let mut page = Page {
        prefix: request.parameter("prefix"),
        delimiter: request.parameter("delimiter"),
        most,
        write: if is_url { encoded } else { escaped },
        objects: String::new(),
        prefixes: String::new(),
        count: 0,
        last: String::new(),
        is_truncated: false,
    };
    let mut from = Some(page.begin(marker));
    while let Some(bound) = from {
        from = page.fill(keys, bound);
    }
    let write = page.write;
    let Page { prefix, delimiter, count, last, is_truncated, .. } = &page;
    let mut xml = format!(
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name>\
         <Prefix>{}</Prefix><MaxKeys>{most}</MaxKeys><IsTruncated>{is_truncated}</IsTruncated>",
        write(prefix),
    );
    if !delimiter.is_empty() {
        let _ = write!(xml, "<Delimiter>{}</Delimiter>", write(delimiter));
    }
    if is_url {
        xml.push_str("<EncodingType>url</EncodingType>");
    }
    if is_version_2 {
        let _ = write!(xml, "<KeyCount>{count}</KeyCount>");
    } else {
        let _ = write!(xml, "<Marker>{}</Marker>", write(marker));
    }
    let _ = match (is_truncated, is_version_2) {
        (false, _) => Ok(()),
        // The client sends a token back as it came: it is never encoded as a URL.
        (true, true) => {
            write!(xml, "<NextContinuationToken>{}</NextContinuationToken>", escaped(last))
        }
        (true, false) => write!(xml, "<NextMarker>{}</NextMarker>", write(last)),
    };
    Some(xml + &page.objects + &page.prefixes + "</ListBucketResult>")
}

/// A page: what is asked for, and what of it has been found.
struct Page<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    most: usize,
    write: fn(&str) -> String,
    objects: String,
    prefixes: String,
    count: usize,
    last: String,
    is_truncated: bool,
}

impl Page<'_> {
    /// Where it begins: behind the marker, and if that is a common prefix, behind all below it.
    fn begin(&self, marker: &str) -> Bound<String> {
        if marker.is_empty() || marker < self.prefix {
            return Bound::Included(self.prefix.to_string());
        }
        let is_common_prefix = !self.delimiter.is_empty()
            && marker.ends_with(self.delimiter)
            && marker.strip_prefix(self.prefix).is_some_and(|rest| !rest.is_empty());
        Bound::Excluded(match is_common_prefix {
            true => format!("{marker}{BEHIND_ALL}"),
            false => marker.to_string(),
        })
    }

    /// Lists keys up to the next common prefix; where it goes on behind that, `None` at the end.
    fn fill(
        &mut self,
        keys: &BTreeMap<String, Arc<Object>>,
        from: Bound<String>,
    ) -> Option<Bound<String>> {
        for (key, object) in keys.range((from, Bound::Unbounded)) {
            let rest = key.strip_prefix(self.prefix)?;
            if self.count >= self.most {
                self.is_truncated = true;
                return None;
            }
            self.count += 1;
            if !self.delimiter.is_empty() && rest.contains(self.delimiter) {
                let at = rest.find(self.delimiter)? + self.delimiter.len();
                let common = &key[..self.prefix.len() + at];
                let shown = (self.write)(common);
                let _ = write!(
                    self.prefixes,
                    "<CommonPrefixes><Prefix>{shown}</Prefix></CommonPrefixes>"
                );
                self.last = common.to_string();
                return Some(Bound::Excluded(format!("{common}{BEHIND_ALL}")));
            }
            let _ = write!(
                self.objects,
                "<Contents><Key>{}</Key><LastModified>{}</LastModified>\
                 <ETag>&quot;{}&quot;</ETag><Size>{}</Size>\
                 <StorageClass>STANDARD</StorageClass></Contents>",
                (self.write)(key),
                dates::iso(object.modified),
                object.etag,
                object.size,
            );
            self.last.clone_from(key);
        }
        None
    }
}
