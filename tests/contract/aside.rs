//! Files that get another name under which nothing may stand, and renames that show what they
//! replace.

use cos_ftp_server::store::Operation;
use cos_ftp_server::store::{Body, Cancel, ErrorKind, Expected, StoreError};

use super::{Case, Subject, kind};

pub(super) const CASES: &[Case] = &[
    ("a file is set aside under a free name", a_file_is_set_aside),
    ("a file is copied aside", a_file_is_copied_aside),
    ("nothing is replaced by what is set aside", nothing_is_replaced),
    ("a rename shows what it replaces", a_rename_shows_what_it_replaces),
    ("a rename that may not replace changes nothing", a_refused_rename_changes_nothing),
    ("a rename replaces only what it has shown", only_what_was_shown_is_replaced),
    ("a rename to a free name shows nothing", a_free_name_shows_nothing),
];

fn a_file_is_set_aside(subject: &Subject<'_>) {
    subject.put("a/file", b"content");
    subject.store.set_aside(&subject.at("a/file"), &subject.at("b/c/file")).unwrap();
    subject.assert_absent("a/file");
    subject.assert_holds("b/c/file", b"content");
    // Nobody has removed the directory.
    subject.assert_directory("a");
}

fn a_file_is_copied_aside(subject: &Subject<'_>) {
    subject.put("a/file", b"content");
    subject.store.copy_aside(&subject.at("a/file"), &subject.at("b/file")).unwrap();
    subject.put("a/file", b"newer");
    subject.assert_holds("a/file", b"newer");
    subject.assert_holds("b/file", b"content");
}

fn nothing_is_replaced(subject: &Subject<'_>) {
    subject.put("file", b"content");
    subject.put("taken", b"precious");
    subject.put("implied/file", b"precious");
    subject.store.create_directory(&subject.at("made")).unwrap();
    for (from, to, expected) in [
        ("file", "taken", ErrorKind::AlreadyExists),
        ("file", "made", ErrorKind::AlreadyExists),
        ("file", "implied", ErrorKind::AlreadyExists),
        ("file", "taken/below", ErrorKind::NotADirectory),
        ("file", "taken/below/that", ErrorKind::NotADirectory),
        ("missing", "free", ErrorKind::NotFound),
        ("made", "free", ErrorKind::IsADirectory),
        ("implied", "free", ErrorKind::IsADirectory),
    ] {
        let (from, to) = (&subject.at(from), &subject.at(to));
        assert_eq!(kind(subject.store.set_aside(from, to)), expected, "{from} to {to}");
        assert_eq!(kind(subject.store.copy_aside(from, to)), expected, "{from} to {to}");
    }
    subject.assert_holds("file", b"content");
    subject.assert_holds("taken", b"precious");
    subject.assert_holds("implied/file", b"precious");
    subject.assert_absent("free");
}

fn a_rename_shows_what_it_replaces(subject: &Subject<'_>) {
    subject.put("new", b"newer");
    subject.put("file", b"content");
    let (from, to) = (&subject.at("new"), &subject.at("file"));
    let mut sizes = Vec::new();
    let renamed = subject.store.rename_keeping(from, to, &mut |stat| {
        sizes.push(stat.metadata.size);
        subject.store.copy_aside(to, &subject.at("kept/file"))
    });
    renamed.unwrap();
    assert_eq!(sizes, [7]);
    subject.assert_absent("new");
    subject.assert_holds("file", b"newer");
    subject.assert_holds("kept/file", b"content");
}

fn a_refused_rename_changes_nothing(subject: &Subject<'_>) {
    subject.put("new", b"newer");
    subject.put("file", b"content");
    let refused = StoreError::new(ErrorKind::TooLarge, Operation::CopyObject, "");
    let mut refused = Some(refused);
    let renamed =
        subject.store.rename_keeping(&subject.at("new"), &subject.at("file"), &mut |_| {
            refused.take().map_or(Ok(()), Err)
        });
    assert_eq!(kind(renamed), ErrorKind::TooLarge);
    subject.assert_holds("new", b"newer");
    subject.assert_holds("file", b"content");
}

fn only_what_was_shown_is_replaced(subject: &Subject<'_>) {
    subject.put("new", b"newer");
    subject.put("file", b"content");
    let (from, to) = (&subject.at("new"), &subject.at("file"));
    let renamed = subject.store.rename_keeping(from, to, &mut |_| {
        let cancel = Cancel::new();
        let body = Body::new(&[b"somebody else's"], &cancel);
        subject.store.put_object(to, &body, &Expected::Anything).map(drop)
    });
    assert_eq!(kind(renamed), ErrorKind::PreconditionFailed);
    subject.assert_holds("new", b"newer");
    subject.assert_holds("file", b"somebody else's");
}

fn a_free_name_shows_nothing(subject: &Subject<'_>) {
    subject.put("file", b"content");
    subject.put("dir/file", b"below");
    subject.put("taken/file", b"precious");
    for (from, to) in [("file", "free"), ("dir", "moved")] {
        let mut shown = 0;
        let renamed = subject.store.rename_keeping(&subject.at(from), &subject.at(to), &mut |_| {
            shown += 1;
            Ok(())
        });
        renamed.unwrap();
        assert_eq!(shown, 0, "{from} to {to}");
    }
    subject.assert_holds("free", b"content");
    subject.assert_holds("moved/file", b"below");
    let onto = |from, to| {
        let (from, to) = (subject.at(from), subject.at(to));
        kind(subject.store.rename_keeping(&from, &to, &mut |_| Ok(())))
    };
    assert_eq!(onto("moved", "taken"), ErrorKind::AlreadyExists);
    assert_eq!(onto("free", "taken"), ErrorKind::IsADirectory);
    assert_eq!(onto("missing", "other"), ErrorKind::NotFound);
    subject.assert_holds("taken/file", b"precious");
}
