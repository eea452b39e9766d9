//! Writes that replace only what they are meant to, and names under which no file may come to stand.

use std::time::Duration;

use cos_ftp_server::store::{
    Admission, Body, Cancel, ErrorKind, Expected, Freshness, PartPlace, Result, Stat, Stored,
};
use time::OffsetDateTime;

use super::{Case, Subject, kind};

pub(super) const CASES: &[Case] = &[
    ("what was seen is replaced and nothing else", what_was_seen_is_replaced_and_nothing_else),
    ("what must stay is not replaced", what_must_stay_is_not_replaced),
    ("what came since is not replaced", what_came_since_is_not_replaced),
    ("a directory is never replaced by a file", a_directory_is_never_replaced_by_a_file),
    ("nothing is stored below a file", nothing_is_stored_below_a_file),
    ("what is free is granted", what_is_free_is_granted),
    ("one session adds to a file at a time", one_session_adds_to_a_file_at_a_time),
];

/// Stores `bytes` in one of the two ways there are.
type Write = fn(&Subject<'_>, &str, &[u8], &Expected) -> Result<Stored>;

const WRITES: [Write; 2] = [in_one_request, in_parts];

fn in_one_request(
    subject: &Subject<'_>,
    name: &str,
    bytes: &[u8],
    expected: &Expected,
) -> Result<Stored> {
    let (pieces, cancel) = ([bytes], Cancel::new());
    subject.store.put_object(&subject.at(name), &Body::new(&pieces, &cancel), expected)
}

fn in_parts(
    subject: &Subject<'_>,
    name: &str,
    bytes: &[u8],
    expected: &Expected,
) -> Result<Stored> {
    let (pieces, cancel) = ([bytes], Cancel::new());
    let upload = subject.store.create_multipart_upload(&subject.at(name))?;
    let place = PartPlace { number: 1, offset: 0 };
    let part = subject.store.upload_part(&upload, place, &Body::new(&pieces, &cancel))?;
    let stored = subject.store.complete_multipart_upload(&upload, &[part], expected);
    if stored.is_err() {
        subject.store.abort_multipart_upload(&upload).unwrap();
    }
    stored
}

fn seen(subject: &Subject<'_>, name: &str) -> Option<Stat> {
    subject.store.find_file(&subject.at(name)).unwrap()
}

fn what_was_seen_is_replaced_and_nothing_else(subject: &Subject<'_>) {
    for (at, write) in WRITES.iter().enumerate() {
        let name = &format!("file {at}");
        let nothing = Expected::Seen(seen(subject, name));
        assert_eq!(nothing, Expected::Seen(None));
        write(subject, name, b"first", &nothing).unwrap();
        assert_eq!(kind(write(subject, name, b"late", &nothing)), ErrorKind::PreconditionFailed);
        subject.assert_holds(name, b"first");
        let first = Expected::Seen(seen(subject, name));
        write(subject, name, b"second", &first).unwrap();
        subject.assert_holds(name, b"second");
        assert_eq!(kind(write(subject, name, b"late", &first)), ErrorKind::PreconditionFailed);
        subject.assert_holds(name, b"second");
        let second = Expected::Seen(seen(subject, name));
        subject.store.delete_object(&subject.at(name)).unwrap();
        assert_eq!(kind(write(subject, name, b"late", &second)), ErrorKind::PreconditionFailed);
        assert_eq!(seen(subject, name), None, "what was deleted stays so");
    }
}

fn what_must_stay_is_not_replaced(subject: &Subject<'_>) {
    for (at, write) in WRITES.iter().enumerate() {
        let name = &format!("file {at}");
        write(subject, name, b"first", &Expected::Nothing).unwrap();
        let late = write(subject, name, b"late", &Expected::Nothing);
        assert_eq!(kind(late), ErrorKind::AlreadyExists);
        subject.assert_holds(name, b"first");
        write(subject, "other", b"other", &Expected::Anything).unwrap();
        let rename = |to: &str| subject.store.rename_to_free(&subject.at("other"), &subject.at(to));
        assert_eq!(kind(rename(name)), ErrorKind::AlreadyExists);
        subject.assert_holds(name, b"first");
        subject.assert_holds("other", b"other");
        rename("other").unwrap();
        rename(&format!("free {at}")).unwrap();
        subject.assert_holds(&format!("free {at}"), b"other");
        assert_eq!(seen(subject, "other"), None);
    }
}

fn what_came_since_is_not_replaced(subject: &Subject<'_>) {
    for (at, write) in WRITES.iter().enumerate() {
        let name = &format!("file {at}");
        let since = Expected::NothingSince(subject.store.now());
        write(subject, name, b"into nothing", &since).unwrap();
        let late = write(subject, name, b"late", &since);
        assert_eq!(kind(late), ErrorKind::PreconditionFailed);
        subject.assert_holds(name, b"into nothing");
        let later = Expected::NothingSince(OffsetDateTime::now_utc() + Duration::from_secs(600));
        write(subject, name, b"in place of what is older", &later).unwrap();
        subject.assert_holds(name, b"in place of what is older");
    }
}

/// Told when it is asked for, and at the latest by the write itself if it was so before.
fn refused(subject: &Subject<'_>, name: &str) -> ErrorKind {
    let path = subject.at(name);
    let told = subject.store.admits_file(&path, Freshness::Now);
    if let Ok(admission) = subject.store.admits_file(&path, Freshness::Recent) {
        assert_ne!(admission, Admission::Granted, "{name}");
    }
    kind(told)
}

fn a_directory_is_never_replaced_by_a_file(subject: &Subject<'_>) {
    subject.put("full/precious", b"precious");
    subject.store.create_directory(&subject.at("empty")).unwrap();
    // Names that come before and behind it in the order of keys.
    for sibling in ["full-1", "full.txt", "full0", "empty!", "emptyx"] {
        subject.put(sibling, b"x");
    }
    for name in ["full", "empty", "full/", "empty/"] {
        assert_eq!(refused(subject, name), ErrorKind::IsADirectory, "{name}");
    }
    subject.assert_holds("full/precious", b"precious");
    for sibling in ["full-1", "full0", "empty!", "new", "a", "z"] {
        subject.store.admits_file(&subject.at(sibling), Freshness::Now).unwrap();
        assert_admitted(subject, sibling);
    }
    // One that came into being since.
    subject.store.create_directory(&subject.at("new")).unwrap();
    subject.put("implied/x", b"x");
    for name in ["new", "implied"] {
        assert_eq!(refused(subject, name), ErrorKind::IsADirectory, "{name}");
        for write in WRITES {
            let late = write(subject, name, b"late", &Expected::Anything);
            assert_eq!(kind(late), ErrorKind::IsADirectory, "{name}");
        }
        subject.assert_directory(name);
    }
    subject.store.remove_directory(&subject.at("new")).unwrap();
    subject.store.admits_file(&subject.at("new"), Freshness::Now).unwrap();
    subject.put("new", b"no directory any more");
}

fn nothing_is_stored_below_a_file(subject: &Subject<'_>) {
    subject.put("file", b"I am a file");
    for name in ["file/x", "file/d/x", "file/d/e/x"] {
        assert_eq!(refused(subject, name), ErrorKind::NotADirectory, "{name}");
    }
    subject.store.delete_object(&subject.at("file")).unwrap();
    subject.store.admits_file(&subject.at("file/d/x"), Freshness::Now).unwrap();
    subject.put("file/d/x", b"now it may");
}

fn what_is_free_is_granted(subject: &Subject<'_>) {
    for name in ["x", "deep/er/x", "y"] {
        subject.store.admits_file(&subject.at(name), Freshness::Now).unwrap();
        assert_admitted(subject, name);
        subject.put(name, b"x");
        assert_admitted(subject, name);
    }
}

/// Who remembers nothing has to ask once more.
fn assert_admitted(subject: &Subject<'_>, name: &str) {
    let path = subject.at(name);
    let admission = subject.store.admits_file(&path, Freshness::Recent).unwrap();
    if subject.remembers {
        assert_eq!(admission, Admission::Granted, "{name}");
    } else {
        subject.store.admits_file(&path, Freshness::Now).unwrap();
    }
}

fn one_session_adds_to_a_file_at_a_time(subject: &Subject<'_>) {
    const SHORT: Duration = Duration::from_millis(10);
    let take = |name: &str| subject.store.take_turn_to_append(&subject.at(name), SHORT);
    let first = take("log");
    assert!(first.is_some() && take("log").is_none());
    assert!(take("other").is_some());
    drop(first);
    assert!(take("log").is_some());
}
