//! `put_object`.

use cos_ftp_server::store::{Body, Cancel, ErrorKind, Expected, Freshness};

use super::{Case, Subject, kind, pattern};

pub(super) const CASES: &[Case] = &[
    ("a file of any size is stored whole", a_file_of_any_size_is_stored_whole),
    ("pieces are joined in order", pieces_are_joined_in_order),
    ("a file replaces an earlier one", a_file_replaces_an_earlier_one),
    ("the answer names the new version", the_answer_names_the_new_version),
    ("a cancelled put changes nothing", a_cancelled_put_changes_nothing),
];

fn a_file_of_any_size_is_stored_whole(subject: &Subject<'_>) {
    for size in [0, 1, 4096, 65_536, 1_000_003] {
        let bytes = pattern(size, size);
        subject.put(&format!("file of {size}"), &bytes);
        subject.assert_holds(&format!("file of {size}"), &bytes);
    }
}

fn pieces_are_joined_in_order(subject: &Subject<'_>) {
    let bytes = pattern(2, 1_000_000);
    let (head, tail) = bytes.split_at(262_144);
    let pieces: Vec<&[u8]> = [head, &[]].into_iter().chain(tail.chunks(100_001)).collect();
    let cancel = Cancel::new();
    subject
        .store
        .put_object(&subject.at("file"), &Body::new(&pieces, &cancel), &Expected::Anything)
        .unwrap();
    subject.assert_holds("file", &bytes);
    subject
        .store
        .put_object(&subject.at("none"), &Body::new(&[], &cancel), &Expected::Anything)
        .unwrap();
    subject.assert_holds("none", b"");
}

fn a_file_replaces_an_earlier_one(subject: &Subject<'_>) {
    for text in ["a longer first version", "short", ""] {
        subject.put("file", text.as_bytes());
        subject.assert_holds("file", text.as_bytes());
    }
    assert_eq!(subject.list(".").len(), 1);
}

fn the_answer_names_the_new_version(subject: &Subject<'_>) {
    let stored = subject.put("file", b"text");
    assert!(stored.etag.is_some());
    assert_eq!(
        subject.store.stat(&subject.at("file"), Freshness::Recent).unwrap().etag,
        stored.etag
    );
}

fn a_cancelled_put_changes_nothing(subject: &Subject<'_>) {
    let cancel = Cancel::new();
    cancel.raise();
    subject.put("old", b"as it was");
    let bytes = pattern(3, 500_000);
    for (name, pieces) in [("old", &[&bytes[..]][..]), ("new", &[&bytes[..], &bytes[..]][..])] {
        let answer = subject.store.put_object(
            &subject.at(name),
            &Body::new(pieces, &cancel),
            &Expected::Anything,
        );
        assert_eq!(kind(answer), ErrorKind::Cancelled, "{name}");
    }
    subject.assert_holds("old", b"as it was");
    subject.assert_absent("new");
}
