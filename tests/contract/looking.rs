//! `stat` and `list`.

use std::collections::BTreeSet;
use std::thread;

use cos_ftp_server::store::{ErrorKind, Freshness, ListRequest};
use cos_ftp_server::vfs::{EntryKind, FtpPath};

use super::{Case, Subject, kind, odd_names};

pub(super) const CASES: &[Case] = &[
    ("the root always exists", the_root_always_exists),
    ("a name is a file only if exactly that object exists", exact_names_only),
    ("a deeper key makes directories", a_deeper_key_makes_directories),
    ("a directory made may stay empty", a_directory_may_stay_empty),
    ("stat tells size, time and version", stat_tells_size_time_and_version),
    ("nothing stands below a file", nothing_stands_below_a_file),
    ("listing what is no directory fails", listing_what_is_no_directory_fails),
    ("a listing shows direct children only", a_listing_shows_direct_children_only),
    ("a large directory comes in pages", a_large_directory_comes_in_pages),
    ("a prefix narrows a listing", a_prefix_narrows_a_listing),
    ("odd names are names", odd_names_are_names),
];

fn the_root_always_exists(subject: &Subject<'_>) {
    let root = FtpPath::root();
    assert!(subject.store.stat(&root, Freshness::Recent).unwrap().metadata.is_directory());
    let request = ListRequest { directory: &root, name_prefix: "", after: None, with_times: false };
    subject.store.list(&request, None).unwrap();
    assert!(!subject.store.describe().is_empty());
}

fn exact_names_only(subject: &Subject<'_>) {
    subject.put("foobar", b"1");
    subject.put("dir-below/file", b"2");
    subject.assert_absent("foo");
    subject.assert_absent("dir");
    subject.assert_absent("foobar2");
    subject.put("dir", b"3");
    subject.assert_holds("dir", b"3");
    subject.assert_holds("foobar", b"1");
}

fn a_deeper_key_makes_directories(subject: &Subject<'_>) {
    subject.put("a/b/c", b"x");
    subject.assert_directory("a");
    subject.assert_directory("a/b");
    subject.assert_absent("a/c");
    let entries = subject.list("a");
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].name, "b");
    assert!(entries[0].metadata.is_directory());
}

fn a_directory_may_stay_empty(subject: &Subject<'_>) {
    subject.store.create_directory(&subject.at("empty")).unwrap();
    subject.assert_directory("empty");
    assert_eq!(subject.list("empty"), []);
    assert_eq!(subject.names("."), BTreeSet::from(["empty".to_owned()]));
}

fn stat_tells_size_time_and_version(subject: &Subject<'_>) {
    subject.put("file", b"12345");
    let first = subject.store.stat(&subject.at("file"), Freshness::Recent).unwrap();
    assert_eq!(first.metadata.kind, EntryKind::File);
    assert_eq!(first.metadata.size, 5);
    assert!(first.metadata.modified.is_some());
    assert!(first.etag.is_some());
    assert_eq!(subject.store.stat(&subject.at("file"), Freshness::Recent).unwrap(), first);
    subject.put("file", b"67890");
    assert_ne!(
        subject.store.stat(&subject.at("file"), Freshness::Recent).unwrap().etag,
        first.etag
    );
}

fn nothing_stands_below_a_file(subject: &Subject<'_>) {
    subject.put("file", b"x");
    subject.assert_absent("file/below");
    subject.assert_absent("file/far/below");
}

fn listing_what_is_no_directory_fails(subject: &Subject<'_>) {
    subject.put("file", b"x");
    for (name, expected) in [
        ("missing", ErrorKind::NotFound),
        ("file", ErrorKind::NotADirectory),
        ("fil", ErrorKind::NotFound),
    ] {
        let directory = &subject.at(name);
        let request = ListRequest { directory, name_prefix: "", after: None, with_times: false };
        assert_eq!(kind(subject.store.list(&request, None)), expected, "{name}");
    }
}

fn a_listing_shows_direct_children_only(subject: &Subject<'_>) {
    subject.put("d/file", b"123");
    subject.put("d/sub/deep/er", b"x");
    subject.put("d/sub/other", b"x");
    subject.put("d2/sibling", b"x");
    subject.store.create_directory(&subject.at("d/made")).unwrap();
    let mut entries = subject.list("d");
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let seen: Vec<_> = entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.metadata.kind, entry.metadata.size))
        .collect();
    assert_eq!(
        seen,
        [
            ("file", EntryKind::File, 3),
            ("made", EntryKind::Directory, 0),
            ("sub", EntryKind::Directory, 0),
        ]
    );
    assert!(entries[0].metadata.modified.is_some());
}

fn a_large_directory_comes_in_pages(subject: &Subject<'_>) {
    const FILES: usize = 2500;
    const THREADS: usize = 4;
    thread::scope(|scope| {
        for first in 0..THREADS {
            scope.spawn(move || {
                for number in (first..FILES).step_by(THREADS) {
                    subject.put(&format!("large/{number:05}"), b"");
                }
            });
        }
    });
    let pages = subject.pages("large", "");
    assert!(pages.len() >= 3, "{} pages", pages.len());
    let names: Vec<String> = pages.concat().into_iter().map(|entry| entry.name).collect();
    let expected: Vec<String> = (0..FILES).map(|number| format!("{number:05}")).collect();
    assert!(names == expected, "gaps, duplicates or disorder");
}

fn a_prefix_narrows_a_listing(subject: &Subject<'_>) {
    for name in ["alpha", "alps", "al/low", "beta", "al%20", "Al"] {
        subject.put(name, b"");
    }
    for (prefix, expected) in [
        ("al", vec!["al", "al%20", "alpha", "alps"]),
        ("al%", vec!["al%20"]),
        ("alpha", vec!["alpha"]),
        ("alphabet", vec![]),
        ("lp", vec![]),
        ("", vec!["Al", "al", "al%20", "alpha", "alps", "beta"]),
    ] {
        let mut names: Vec<_> =
            subject.pages(".", prefix).concat().into_iter().map(|entry| entry.name).collect();
        names.sort();
        assert_eq!(names, expected, "names that begin with {prefix:?}");
    }
}

fn odd_names_are_names(subject: &Subject<'_>) {
    let names = odd_names();
    for name in &names {
        subject.put(name, name.as_bytes());
    }
    for name in &names {
        subject.assert_holds(name, name.as_bytes());
    }
    assert_eq!(subject.names("."), names.iter().cloned().collect());
    for name in &names {
        let narrowed = subject.pages(".", name).concat();
        assert!(narrowed.iter().any(|entry| entry.name == *name), "{name:?} by its own prefix");
        subject.store.delete_object(&subject.at(name)).unwrap();
        subject.assert_absent(name);
        subject.put(&format!("{name}/in it"), b"x");
        subject.assert_directory(name);
        assert_eq!(subject.names(name), BTreeSet::from(["in it".to_owned()]), "{name:?}");
    }
}
