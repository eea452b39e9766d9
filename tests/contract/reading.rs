//! `get_object`.

use std::io::Read;

use cos_ftp_server::store::{ByteRange, ETag, ErrorKind, Freshness};

use super::{Case, Subject, kind, pattern};

pub(super) const CASES: &[Case] = &[
    ("a range gives exactly its bytes", a_range_gives_exactly_its_bytes),
    ("a range beyond the end is refused", a_range_beyond_the_end_is_refused),
    ("an empty file is read as such", an_empty_file_is_read_as_such),
    ("only files are read", only_files_are_read),
    ("if-match reads one version only", if_match_reads_one_version_only),
];

fn a_range_gives_exactly_its_bytes(subject: &Subject<'_>) {
    let bytes = pattern(1, 300_000);
    subject.put("file", &bytes);
    for (range, expected) in [
        (ByteRange::from(0), 0..300_000),
        (ByteRange::from(1), 1..300_000),
        (ByteRange::from(299_999), 299_999..300_000),
        (ByteRange::from(300_000), 300_000..300_000),
        (ByteRange::between(0, 1), 0..1),
        (ByteRange::between(65_535, 65_537), 65_535..65_537),
        (ByteRange::between(1000, 300_000), 1000..300_000),
        (ByteRange::between(299_000, 400_000), 299_000..300_000),
    ] {
        let object = subject.store.get_object(&subject.at("file"), range, None).unwrap();
        assert_eq!(object.size, 300_000, "{range:?}: the size is the object's");
        drop(object);
        assert!(subject.read_range("file", range) == bytes[expected], "{range:?}");
    }
}

fn a_range_beyond_the_end_is_refused(subject: &Subject<'_>) {
    subject.put("file", b"12345");
    for first in [6, 1 << 40, i64::MAX as u64] {
        let range = ByteRange::from(first);
        let answer = subject.store.get_object(&subject.at("file"), range, None);
        assert_eq!(kind(answer), ErrorKind::InvalidRange, "from {first}");
    }
}

fn an_empty_file_is_read_as_such(subject: &Subject<'_>) {
    subject.put("empty", b"");
    subject.assert_holds("empty", b"");
    let answer = subject.store.get_object(&subject.at("empty"), ByteRange::from(1), None);
    assert_eq!(kind(answer), ErrorKind::InvalidRange);
}

fn only_files_are_read(subject: &Subject<'_>) {
    subject.put("implied/file", b"x");
    subject.store.create_directory(&subject.at("made")).unwrap();
    for name in ["missing", "implied", "made", "implied/file/below"] {
        let answer = subject.store.get_object(&subject.at(name), ByteRange::from(0), None);
        assert_eq!(kind(answer), ErrorKind::NotFound, "{name}");
    }
}

fn if_match_reads_one_version_only(subject: &Subject<'_>) {
    let path = &subject.at("file");
    subject.put("file", b"first");
    let first = subject.store.get_object(path, ByteRange::from(0), None).unwrap().etag.unwrap();
    assert_eq!(subject.store.stat(path, Freshness::Recent).unwrap().etag.as_ref(), Some(&first));
    let mut object = subject.store.get_object(path, ByteRange::from(2), Some(&first)).unwrap();
    let mut text = String::new();
    object.body.read_to_string(&mut text).unwrap();
    assert_eq!(text, "rst");

    subject.put("file", b"other");
    let answer = subject.store.get_object(path, ByteRange::from(2), Some(&first));
    assert_eq!(kind(answer), ErrorKind::PreconditionFailed, "the object was replaced");
    let never = ETag("\"0123456789abcdef0123456789abcdef\"".to_owned());
    let answer = subject.store.get_object(path, ByteRange::from(0), Some(&never));
    assert_eq!(kind(answer), ErrorKind::PreconditionFailed, "a version that never was");
}
