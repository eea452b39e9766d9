//! Deleting, renaming, making and removing directories.

use std::collections::BTreeSet;

use cos_ftp_server::store::{ErrorKind, Freshness};
use cos_ftp_server::vfs::FtpPath;
use time::macros::datetime;

use super::{Case, Subject, kind, odd_names};

pub(super) const CASES: &[Case] = &[
    ("only files are deleted", only_files_are_deleted),
    ("a directory is made once", a_directory_is_made_once),
    ("nothing is made below a file", nothing_is_made_below_a_file),
    ("only empty directories are removed", only_empty_directories_are_removed),
    ("a made directory outlives its files", a_made_directory_outlives_its_files),
    ("an implied directory outlives its files", an_implied_directory_outlives_its_files),
    ("a change is seen at once by whoever looked before", a_change_is_seen_at_once),
    ("a file takes another name", a_file_takes_another_name),
    ("a file replaces a file only", a_file_replaces_a_file_only),
    ("a file renamed to itself survives", a_file_renamed_to_itself_survives),
    ("a directory moves with all below it", a_directory_moves_with_all_below_it),
    ("a directory replaces nothing", a_directory_replaces_nothing),
    ("a directory never moves into itself", a_directory_never_moves_into_itself),
    ("what is missing is not renamed", what_is_missing_is_not_renamed),
    ("odd names are renamed", odd_names_are_renamed),
    ("a file keeps the time it is given", a_file_keeps_the_time_it_is_given),
    ("names that are too long are told", names_that_are_too_long_are_told),
];

fn a_file_keeps_the_time_it_is_given(subject: &Subject<'_>) {
    subject.put("a/file", b"content");
    let path = subject.at("a/file");
    let modified =
        |name| subject.store.stat(&subject.at(name), Freshness::Now).unwrap().metadata.modified;
    for time in [
        datetime!(2020-01-02 03:04:05 UTC),
        datetime!(2020-01-02 03:04:05.25 UTC),
        datetime!(1969-12-31 23:59:58 UTC),
    ] {
        subject.store.set_modified(&path, time).unwrap();
        assert_eq!(modified("a/file"), Some(time));
    }
    subject.assert_holds("a/file", b"content");
    assert_eq!(subject.names("a").into_iter().collect::<Vec<_>>(), ["file"]);
    rename(subject, "a/file", "a/other");
    assert_eq!(modified("a/other"), Some(datetime!(1969-12-31 23:59:58 UTC)));
    subject.put("a/other", b"new");
    assert_ne!(modified("a/other"), Some(datetime!(1969-12-31 23:59:58 UTC)));
    let refused = |name| {
        kind(subject.store.set_modified(&subject.at(name), datetime!(2020-01-02 03:04:05 UTC)))
    };
    assert_eq!(refused("a/missing"), ErrorKind::NotFound);
    assert_eq!(refused("a"), ErrorKind::IsADirectory);
    assert_eq!(refused("/"), ErrorKind::IsADirectory);
}

fn names_that_are_too_long_are_told(subject: &Subject<'_>) {
    let long = "x".repeat(1000);
    assert_eq!(
        kind(subject.store.admits_file(&subject.at(&long), Freshness::Recent)),
        ErrorKind::BadName
    );
    for name in odd_names() {
        subject.store.admits_file(&subject.at(&name), Freshness::Recent).unwrap();
    }
}

fn make(subject: &Subject<'_>, name: &str) {
    subject.store.create_directory(&subject.at(name)).unwrap();
}

fn rename(subject: &Subject<'_>, from: &str, to: &str) {
    subject.store.rename(&subject.at(from), &subject.at(to)).unwrap();
}

fn refused_rename(subject: &Subject<'_>, from: &str, to: &str) -> ErrorKind {
    kind(subject.store.rename(&subject.at(from), &subject.at(to)))
}

fn only_files_are_deleted(subject: &Subject<'_>) {
    subject.put("file", b"x");
    subject.put("file2", b"x");
    subject.put("implied/file", b"x");
    make(subject, "made");
    subject.store.delete_object(&subject.at("file")).unwrap();
    subject.assert_absent("file");
    subject.assert_holds("file2", b"x");
    for (name, expected) in [
        ("file", ErrorKind::NotFound),
        ("implied", ErrorKind::IsADirectory),
        ("made", ErrorKind::IsADirectory),
    ] {
        assert_eq!(kind(subject.store.delete_object(&subject.at(name))), expected, "{name}");
    }
    subject.assert_holds("implied/file", b"x");
    subject.assert_directory("made");
}

fn a_directory_is_made_once(subject: &Subject<'_>) {
    subject.put("file", b"x");
    subject.put("implied/file", b"x");
    make(subject, "made");
    make(subject, "made/below");
    subject.assert_directory("made/below");
    for name in ["file", "implied", "made", "/"] {
        let answer = subject.store.create_directory(&subject.at(name));
        assert_eq!(kind(answer), ErrorKind::AlreadyExists, "{name}");
    }
    subject.assert_holds("file", b"x");
}

fn nothing_is_made_below_a_file(subject: &Subject<'_>) {
    subject.put("dir/file", b"x");
    subject.put("other/file", b"y");
    for name in ["dir/file/new", "dir/file/deep/new"] {
        let answer = subject.store.create_directory(&subject.at(name));
        assert_eq!(kind(answer), ErrorKind::NotADirectory, "{name}");
        assert_eq!(refused_rename(subject, "other/file", name), ErrorKind::NotADirectory, "{name}");
        assert_eq!(refused_rename(subject, "other", name), ErrorKind::NotADirectory, "{name}");
    }
    subject.assert_holds("dir/file", b"x");
    subject.assert_holds("other/file", b"y");
}

fn only_empty_directories_are_removed(subject: &Subject<'_>) {
    subject.put("file", b"x");
    subject.put("implied/file", b"x");
    make(subject, "with-file");
    subject.put("with-file/file", b"x");
    make(subject, "with-directory");
    make(subject, "with-directory/below");
    for (name, expected) in [
        ("missing", ErrorKind::NotFound),
        ("file", ErrorKind::NotADirectory),
        ("implied", ErrorKind::DirectoryNotEmpty),
        ("with-file", ErrorKind::DirectoryNotEmpty),
        ("with-directory", ErrorKind::DirectoryNotEmpty),
    ] {
        assert_eq!(kind(subject.store.remove_directory(&subject.at(name))), expected, "{name}");
    }
    subject.assert_holds("with-file/file", b"x");
    for name in ["with-directory/below", "with-directory"] {
        subject.store.remove_directory(&subject.at(name)).unwrap();
        subject.assert_absent(name);
    }
}

fn a_made_directory_outlives_its_files(subject: &Subject<'_>) {
    make(subject, "made");
    subject.put("made/file", b"x");
    subject.store.delete_object(&subject.at("made/file")).unwrap();
    subject.assert_directory("made");
    subject.store.remove_directory(&subject.at("made")).unwrap();
    subject.assert_absent("made");
}

fn an_implied_directory_outlives_its_files(subject: &Subject<'_>) {
    subject.put("deleted/in/file", b"x");
    subject.store.delete_object(&subject.at("deleted/in/file")).unwrap();
    subject.assert_directory("deleted/in");
    assert_eq!(subject.names("deleted"), BTreeSet::from(["in".to_owned()]));
    subject.store.remove_directory(&subject.at("deleted/in")).unwrap();
    subject.assert_directory("deleted");

    subject.put("renamed/file", b"x");
    rename(subject, "renamed/file", "file");
    subject.assert_directory("renamed");
    subject.put("moved/in/file", b"x");
    rename(subject, "moved/in", "in");
    subject.assert_directory("moved");
    assert_eq!(subject.list("moved"), []);
}

fn a_change_is_seen_at_once(subject: &Subject<'_>) {
    let look = || {
        for name in ["d", "d/file", "e", "e/file"] {
            let _ = subject.store.stat(&subject.at(name), Freshness::Recent);
        }
        subject.list(".");
        subject.list("d");
    };
    make(subject, "d");
    look();
    for bytes in [&b"1"[..], b"four", b"", b"22"] {
        subject.put("d/file", bytes);
        subject.assert_holds("d/file", bytes);
        look();
        assert_eq!(subject.list("d")[0].metadata.size, bytes.len() as u64);
    }
    subject.store.delete_object(&subject.at("d/file")).unwrap();
    subject.assert_absent("d/file");
    assert_eq!(subject.list("d"), []);
    subject.put("d/file", b"again");
    look();
    rename(subject, "d", "e");
    for name in ["d", "d/file"] {
        subject.assert_absent(name);
    }
    subject.assert_holds("e/file", b"again");
    assert_eq!(subject.names("."), BTreeSet::from(["e".to_owned()]));
    make(subject, "d");
    subject.assert_directory("d");
    assert_eq!(subject.list("d"), []);
    subject.store.remove_directory(&subject.at("d")).unwrap();
    subject.assert_absent("d");
}

fn a_file_takes_another_name(subject: &Subject<'_>) {
    make(subject, "d");
    subject.put("one", b"bytes");
    subject.put("one-more", b"stays");
    rename(subject, "one", "two");
    subject.assert_holds("two", b"bytes");
    rename(subject, "two", "d/three");
    subject.assert_holds("d/three", b"bytes");
    subject.put("empty", b"");
    rename(subject, "empty", "still empty");
    subject.assert_holds("still empty", b"");
    for name in ["one", "two", "empty"] {
        subject.assert_absent(name);
    }
    subject.assert_holds("one-more", b"stays");
}

fn a_file_replaces_a_file_only(subject: &Subject<'_>) {
    subject.put("new", b"new");
    subject.put("old", b"older and longer");
    rename(subject, "new", "old");
    subject.assert_holds("old", b"new");
    subject.assert_absent("new");
    make(subject, "made");
    subject.put("implied/file", b"x");
    for directory in ["made", "implied"] {
        assert_eq!(refused_rename(subject, "old", directory), ErrorKind::IsADirectory);
        subject.assert_directory(directory);
        subject.assert_holds("old", b"new");
    }
}

fn a_file_renamed_to_itself_survives(subject: &Subject<'_>) {
    subject.put("file", b"bytes");
    rename(subject, "file", "file");
    subject.assert_holds("file", b"bytes");
}

fn a_directory_moves_with_all_below_it(subject: &Subject<'_>) {
    make(subject, "from");
    make(subject, "from/empty");
    for number in 0..30 {
        subject.put(&format!("from/file {number}"), format!("{number}").as_bytes());
    }
    subject.put("from/sub/deep", b"deep");
    subject.put("from2/sibling", b"stays");
    subject.put("from-file", b"stays");
    rename(subject, "from", "to");
    subject.assert_absent("from");
    subject.assert_directory("to/empty");
    subject.assert_holds("to/sub/deep", b"deep");
    for number in 0..30 {
        subject.assert_holds(&format!("to/file {number}"), format!("{number}").as_bytes());
    }
    assert_eq!(subject.list("to").len(), 32);
    subject.assert_holds("from2/sibling", b"stays");
    subject.assert_holds("from-file", b"stays");
    rename(subject, "from2", "to/implied");
    subject.assert_holds("to/implied/sibling", b"stays");
    subject.assert_absent("from2");
    make(subject, "made");
    rename(subject, "made", "made again");
    subject.assert_directory("made again");
    subject.assert_absent("made");
}

fn a_directory_replaces_nothing(subject: &Subject<'_>) {
    subject.put("d/file", b"x");
    subject.put("file", b"y");
    subject.put("implied/file", b"z");
    make(subject, "made");
    for name in ["file", "implied", "made"] {
        assert_eq!(refused_rename(subject, "d", name), ErrorKind::AlreadyExists, "{name}");
    }
    subject.assert_holds("d/file", b"x");
    subject.assert_holds("file", b"y");
    assert_eq!(subject.names("implied"), BTreeSet::from(["file".to_owned()]));
    assert_eq!(subject.list("made"), []);
}

fn a_directory_never_moves_into_itself(subject: &Subject<'_>) {
    subject.put("d/sub/file", b"x");
    for name in ["d/below", "d/sub/below"] {
        assert_eq!(refused_rename(subject, "d", name), ErrorKind::BadName, "{name}");
    }
    let answer = subject.store.rename(&FtpPath::root(), &subject.at("below"));
    assert_eq!(kind(answer), ErrorKind::BadName);
    subject.assert_holds("d/sub/file", b"x");
    rename(subject, "d", "d-sibling");
    subject.assert_holds("d-sibling/sub/file", b"x");
}

fn what_is_missing_is_not_renamed(subject: &Subject<'_>) {
    subject.put("target", b"as it was");
    subject.put("miss", b"x");
    for name in ["missing", "missing/below", "target/below", "mis"] {
        assert_eq!(refused_rename(subject, name, "target"), ErrorKind::NotFound, "{name}");
    }
    subject.assert_holds("target", b"as it was");
}

fn odd_names_are_renamed(subject: &Subject<'_>) {
    subject.put("plain", b"bytes");
    let mut last = "plain".to_owned();
    for name in odd_names() {
        rename(subject, &last, &name);
        subject.assert_holds(&name, b"bytes");
        last = name;
    }
    assert_eq!(subject.list(".").len(), 1);
}
