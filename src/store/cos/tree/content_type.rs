//! The types of files by the endings of their names, without a charset: nobody knows that one.

use super::BucketTree;
use crate::store::cos::objects::Head;
use crate::store::cos::options::ContentType;

/// Where the table of mime_guess 2.0.5 surprises, or does not know what has a registered name.
const OWN: [(&str, Option<&str>); 9] = [
    // Transport streams of cameras, by DLNA's name there, which browsers do not know.
    ("ts", Some("video/mp2t")),
    ("mts", Some("video/mp2t")),
    ("m2ts", Some("video/mp2t")),
    ("m2t", Some("video/mp2t")),
    // RFC 8216; the table has a name for lists of music.
    ("m3u8", Some("application/vnd.apple.mpegurl")),
    // RFC 3240: medical scanners.
    ("dcm", Some("application/dicom")),
    // A shape, not a list of certificates.
    ("stl", Some("model/stl")),
    // A package, not a plug-in for audio.
    ("rpm", Some("application/x-rpm")),
    // Of any device, not of Panasonic's cameras alone.
    ("raw", None),
];

/// What stores call a file that nobody gave a type (Amazon and Ceph, COS and others).
const UNTYPED: [&str; 3] = ["", "binary/octet-stream", "application/octet-stream"];

/// The type of a new object under `key`.
pub(super) fn of_new(content_type: ContentType, key: &str) -> Option<&'static str> {
    match content_type {
        ContentType::ByName => of_name(key),
        ContentType::Off => None,
    }
}

/// The type that the object `head` gets when it is renamed from `from` to `to`, because neither its
/// old name nor anybody else gave it one: clients upload under `x.jpg.part` and rename.
pub(super) fn of_renamed(
    tree: BucketTree<'_>,
    head: &Head,
    (from, to): (&str, &str),
) -> Option<&'static str> {
    let told = head.headers.get("content-type").unwrap_or_default();
    let is_untyped = UNTYPED.iter().any(|name| name.eq_ignore_ascii_case(told));
    let is_named = of_name(from).is_some();
    if is_untyped && !is_named { of_new(tree.account.content_type, to) } else { None }
}

fn of_name(key: &str) -> Option<&'static str> {
    let (stem, ending) = key.rsplit('/').next()?.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    if let Some((_, own)) = OWN.iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)) {
        return *own;
    }
    let guessed = mime_guess::from_ext(ending).first_raw()?;
    // As good as nothing: the store has a word of its own for that.
    (guessed != "application/octet-stream").then_some(guessed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_by_the_ending_alone() {
        for (key, expected) in [
            ("a/b.JPG", Some("image/jpeg")),
            ("b.jpeg", Some("image/jpeg")),
            ("b.png", Some("image/png")),
            ("v.mp4", Some("video/mp4")),
            ("d.json", Some("application/json")),
            ("d.csv", Some("text/csv")),
            ("d.txt", Some("text/plain")),
            ("d.log", Some("text/plain")),
            ("数据.pdf", Some("application/pdf")),
            ("a.webp", Some("image/webp")),
            ("a.avif", Some("image/avif")),
            ("a.HEIC", Some("image/heic")),
            ("t.xlsx", Some("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")),
            ("t.parquet", Some("application/vnd.apache.parquet")),
            ("jpg", None),
            (".jpg", None),
            ("a.jpg/b", None),
            ("x.bin", None),
            ("x.nobodyknows", None),
            ("x.", None),
        ] {
            assert_eq!(of_name(key), expected, "{key}");
            assert_eq!(of_new(ContentType::ByName, key), expected);
            assert_eq!(of_new(ContentType::Off, key), None);
        }
    }

    #[test]
    fn what_the_table_surprises_with_is_ours() {
        for (key, expected) in [
            ("record.ts", Some("video/mp2t")),
            ("record.TS", Some("video/mp2t")),
            ("00001.MTS", Some("video/mp2t")),
            ("00001.m2ts", Some("video/mp2t")),
            ("tape.m2t", Some("video/mp2t")),
            ("live.m3u8", Some("application/vnd.apple.mpegurl")),
            ("music.m3u", Some("audio/x-mpegurl")),
            ("CT.DCM", Some("application/dicom")),
            ("part.STL", Some("model/stl")),
            ("a.rpm", Some("application/x-rpm")),
            ("sensor.raw", None),
        ] {
            assert_eq!(of_name(key), expected, "{key}");
        }
    }

    /// What devices write that no browser shows, and what clients call a file that is not whole.
    #[test]
    fn what_has_no_name_of_its_own_is_left_to_the_store() {
        for ending in [
            "dat",
            "dav",
            "264",
            "265",
            "h265",
            "hevc",
            "mjpg",
            "jsonl",
            "ndjson",
            "db",
            "jpg_",
            "part",
            "partial",
            "filepart",
            "tmp",
            "temp",
            "crdownload",
            "upload",
            "uploading",
            "writing",
            "bak",
            "new",
            "lock",
            "lck",
            "swp",
            "$$$",
            "~",
        ] {
            assert_eq!(of_name(&format!("a.jpg.{ending}")), None, "{ending}");
        }
    }
}
