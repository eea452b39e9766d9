//! A bucket with metadata acceleration (OFS), played in front of the gateway by what COS documents of
//! one (436/73685) and by what its Hadoop adapter says: real directories, which PutObject makes;
//! `?rename`, over nothing that is there; no copies; listings of whole directories, one level deep;
//! neither metadata nor tags.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use percent_encoding::percent_decode_str;

use super::rgw::Rgw;
use super::scripted::{Act, answer, error};

/// Beginnings of headers for what files of such a bucket do not have.
const NOT_TAKEN: [&str; 4] =
    ["x-amz-meta-", "x-amz-tagging", "x-cos-meta-", "x-amz-metadata-directive"];

/// The bucket. Keys are lower case, as heads of requests are given so.
pub(crate) struct Ofs {
    pub(crate) bucket: String,
}

/// One request.
struct Asked {
    method: String,
    key: String,
    query: Vec<(String, String)>,
}

impl Asked {
    fn of(head: &str) -> Self {
        let mut line = head.split(' ');
        let (method, target) = (line.next().unwrap_or_default(), line.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let key = path.trim_start_matches('/').split_once('/').map_or("", |(_, key)| key);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (name.to_owned(), decoded(value))
        };
        let query = query.split('&').filter(|text| !text.is_empty()).map(pair).collect();
        Self { method: method.to_owned(), key: decoded(key), query }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl Ofs {
    /// Over this bucket of the gateway.
    pub(crate) fn of(bucket: &str) -> Self {
        Self { bucket: bucket.to_owned() }
    }

    /// Whether a request is HeadBucket, of somebody with a key pair.
    pub(crate) fn is_of_bucket(head: &str) -> bool {
        let asked = Asked::of(head);
        asked.method == "head" && asked.key.is_empty() && head.contains("\r\nauthorization:")
    }

    /// What it does; `None` for what the gateway does alike.
    pub(crate) fn act(&self, head: &str) -> Option<Act> {
        let asked = Asked::of(head);
        let name = asked.key.trim_end_matches('/');
        let has = |header: &&str| head.contains(&format!("\r\n{header}"));
        if asked.value("tagging").is_some() || NOT_TAKEN.iter().any(has) {
            return Some(answer("400 Bad Request", "", &error("InvalidArgument")));
        }
        match asked.method.as_str() {
            "head" if asked.key.is_empty() => {
                Some(answer("200 OK", "x-cos-bucket-arch: OFS\r\n", ""))
            }
            "head" => self
                .is_directory(name)
                .then(|| answer("200 OK", "x-cos-file-mode-dir: true\r\nETag: \"dir\"\r\n", "")),
            "put" if head.contains("\r\nx-amz-copy-source") => {
                Some(answer("405 Method Not Allowed", "", &error("MethodNotAllowed")))
            }
            "put" if asked.value("rename").is_some() => {
                let source = head.split("x-cos-rename-source: ").nth(1)?.lines().next()?;
                Some(self.rename(&decoded(source), name))
            }
            "put" if asked.key.ends_with('/') && self.is_directory(name) => Some(broken()),
            "put" | "post" => {
                self.make_parents(name);
                None
            }
            "delete" if self.is_directory(name) && asked.value("uploadid").is_none() => {
                let is_empty = self.children(name).is_empty();
                match is_empty {
                    true => Rgw::shared().s3_delete(&self.bucket, &format!("{name}/")),
                    false => return Some(answer("409 Conflict", "", &error("DirNotEmpty"))),
                }
                Some(answer("204 No Content", "", ""))
            }
            "get" if asked.key.is_empty() && asked.value("uploads").is_none() => self.list(&asked),
            _ => None,
        }
    }

    fn is_directory(&self, name: &str) -> bool {
        !name.is_empty() && !Rgw::shared().s3_list(&self.bucket, &format!("{name}/")).is_empty()
    }

    fn is_file(&self, name: &str) -> bool {
        Rgw::shared().s3_list(&self.bucket, name).iter().any(|key| key == name)
    }

    /// What is in a directory, without the slash of those in it; all in the bucket for the root.
    fn children(&self, name: &str) -> BTreeSet<String> {
        let prefix = if name.is_empty() { String::new() } else { format!("{name}/") };
        let keys = Rgw::shared().s3_list(&self.bucket, &prefix);
        let rests = keys.iter().filter_map(|key| key.strip_prefix(&prefix));
        let child = |rest: &str| rest.split_inclusive('/').next().map(str::to_owned);
        rests.filter_map(child).collect()
    }

    fn make_parents(&self, name: &str) {
        for (at, _) in name.match_indices('/') {
            if !self.is_directory(&name[..at]) {
                Rgw::shared().s3_put(&self.bucket, &name[..=at], b"");
            }
        }
    }

    fn rename(&self, source: &str, to: &str) -> Act {
        let missing = || answer("404 Not Found", "", &error("NoSuchKey"));
        let Some(from) = source.strip_prefix('/') else { return missing() };
        let parent = to.rsplit_once('/').map_or("", |(parent, _)| parent);
        if self.is_file(to) || self.is_directory(to) {
            return broken();
        }
        if !parent.is_empty() && !self.is_directory(parent) {
            return missing();
        }
        let below = format!("{from}/");
        let keys = Rgw::shared().s3_list(&self.bucket, from);
        let moved: Vec<_> =
            keys.into_iter().filter(|key| key == from || key.starts_with(&below)).collect();
        for key in &moved {
            let bytes = Rgw::shared().s3_get(&self.bucket, key);
            Rgw::shared().s3_put(&self.bucket, &format!("{to}{}", &key[from.len()..]), &bytes);
            Rgw::shared().s3_delete(&self.bucket, key);
        }
        if moved.is_empty() { missing() } else { answer("200 OK", "", "") }
    }

    /// One level of a directory, on one page. A prefix that is no directory is refused.
    fn list(&self, asked: &Asked) -> Option<Act> {
        if asked.query.iter().any(|(name, _)| matches!(&**name, "object-lock" | "uploadid")) {
            return None;
        }
        let prefix = asked.value("prefix").unwrap_or_default();
        let name = prefix.trim_end_matches('/');
        if !prefix.is_empty() && !prefix.ends_with('/') {
            return Some(answer("400 Bad Request", "", &error("InvalidArgument")));
        }
        if !name.is_empty() && !self.is_directory(name) {
            return Some(answer("404 Not Found", "", &error("NoSuchKey")));
        }
        let mut text = String::from(
            "<?xml version=\"1.0\"?><ListBucketResult><IsTruncated>false</IsTruncated>",
        );
        for child in self.children(name) {
            let key = format!("{prefix}{child}");
            // Writing to a String cannot fail.
            let _ = match child.ends_with('/') {
                true => write!(text, "<CommonPrefixes><Prefix>{key}</Prefix></CommonPrefixes>"),
                false => {
                    let head = Rgw::shared().s3_head(&self.bucket, &key)?;
                    let (size, etag) = (&head["content-length"], &head["etag"]);
                    write!(
                        text,
                        "<Contents><Key>{key}</Key><Size>{size}</Size><ETag>{etag}</ETag>\
                         <LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>"
                    )
                }
            };
        }
        text += "</ListBucketResult>";
        Some(answer("200 OK", "", &text))
    }
}

fn broken() -> Act {
    answer("500 Internal Server Error", "", &error("InternalError"))
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
