//! Somebody else writes at the worst moment of a rename: whatever was confirmed to somebody stands
//! afterwards under one of the two names.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use cos_ftp_server::store::cos::CosStore;
use cos_ftp_server::store::{ErrorKind, FileTree, Freshness};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Act, Scripted, answer, error};
use crate::store_cos::{MIB, at, in_front, kind, names, noise, put, store};
use crate::support::polling::wait_until;

fn is_delete_of(head: &str, key: &str) -> bool {
    head.starts_with("delete ") && head.contains(&format!("/{key} "))
}

fn is_copy_to(head: &str, key: &str) -> bool {
    head.starts_with("put ") && head.contains("x-amz-copy-source") && head.contains(key)
}

/// How many of the requests `is` fits.
fn count(script: &Scripted, is: impl Fn(&str) -> bool) -> usize {
    script.seen().iter().filter(|seen| is(&seen.head)).count()
}

/// A store that takes `If-Match` with a DELETE, as Amazon S3 does and the gateway does not: another
/// client stores `new` under `key` between the look and the delete, which is refused therefore.
fn overtaken(bucket: &str, key: &'static str) -> (Scripted, CosStore) {
    let (is_stored, other) = (AtomicBool::new(false), bucket.to_owned());
    in_front(bucket, move |head| {
        let strikes = is_delete_of(head, key) && !is_stored.swap(true, Ordering::SeqCst);
        strikes.then(|| {
            assert!(head.contains("\nif-match: "), "{head}");
            Rgw::shared().s3_put(&other, key, b"new");
            answer("412 Precondition Failed", "", &error("PreconditionFailed"))
        })
    })
}

#[test]
fn a_file_that_is_stored_anew_right_before_its_delete_stays_where_the_store_looks_too() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "old", b"first");
    let (script, store) = overtaken(&bucket, "old");
    store.rename(&at("old"), &at("moved")).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "moved"), b"first");
    assert_eq!(rgw.s3_get(&bucket, "old"), b"new");
    assert_eq!(count(&script, |head| is_delete_of(head, "old")), 1);
}

#[test]
fn what_is_stored_anew_right_before_its_delete_moves_with_its_directory() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "old/f", b"first");
    rgw.s3_put(&bucket, "old/g", b"first");
    let (script, store) = overtaken(&bucket, "old/f");
    store.rename(&at("old"), &at("moved")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), ["moved/", "moved/f", "moved/g"]);
    assert_eq!(rgw.s3_get(&bucket, "moved/f"), b"new");
    assert_eq!(count(&script, |head| is_copy_to(head, "/moved/f ")), 2);
}

/// The markers of RMD, likewise.
#[test]
fn a_marker_that_gets_bytes_right_before_its_delete_stays() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "d/", b"");
    let (_script, store) = overtaken(&bucket, "d/");
    assert_eq!(kind(store.remove_directory(&at("d"))), ErrorKind::DirectoryNotEmpty);
    assert_eq!(rgw.s3_get(&bucket, "d/"), b"new");
}

/// A store may refuse the condition, or find that one is not met which is: it is asked without, and
/// not again with it.
#[test]
fn a_store_that_knows_no_conditions_is_asked_without() {
    for (status, code) in [
        ("501 Not Implemented", "NotImplemented"),
        ("400 Bad Request", "InvalidArgument"),
        ("412 Precondition Failed", "PreconditionFailed"),
    ] {
        let rgw = Rgw::shared();
        let bucket = rgw.new_bucket();
        for key in ["a", "d/f", "d/g"] {
            rgw.s3_put(&bucket, key, b"x");
        }
        let (script, store) = in_front(&bucket, move |head| {
            let is_refused = head.starts_with("delete ") && head.contains("\nif-match: ");
            is_refused.then(|| answer(status, "", &error(code)))
        });
        store.rename(&at("a"), &at("b")).unwrap();
        store.rename(&at("d"), &at("e")).unwrap();
        assert_eq!(rgw.s3_list(&bucket, ""), ["b", "e/", "e/f", "e/g"], "{code}");
        let conditional = |head: &str| head.starts_with("delete ") && head.contains("\nif-match: ");
        assert_eq!(count(&script, conditional), 1, "{code}");
    }
}

/// A refusal that has another cause is no reason to ask without the condition for ever.
#[test]
fn a_refused_delete_does_not_give_the_condition_up() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["a", "b"] {
        rgw.s3_put(&bucket, key, b"x");
    }
    let (script, store) = in_front(&bucket, |head| {
        is_delete_of(head, "a").then(|| answer("400 Bad Request", "", &error("InvalidRequest")))
    });
    store.rename(&at("a"), &at("c")).unwrap_err();
    store.rename(&at("b"), &at("d")).unwrap();
    assert_eq!(count(&script, |head| is_delete_of(head, "b") && head.contains("\nif-match: ")), 1);
}

/// Some stores answer CopyObject with 404 although the object is there.
#[test]
fn what_the_store_says_is_not_there_and_is_stays() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["d/a", "d/lost", "d/z"] {
        rgw.s3_put(&bucket, key, b"precious");
    }
    let before = rgw.s3_list(&bucket, "");
    let (_script, store) = in_front(&bucket, |head| {
        let is_denied = head.contains("x-amz-copy-source: bucket-") && head.contains("/d/lost\r");
        let is_denied = is_denied || (is_copy_to(head, "/lost ") || is_copy_to(head, "/moved "));
        is_denied.then(|| answer("404 Not Found", "", &error("NoSuchKey")))
    });
    assert_eq!(kind(store.rename(&at("d"), &at("e"))), ErrorKind::BrokenOffForGood);
    assert_eq!(rgw.s3_list(&bucket, ""), before, "undone");
    assert_eq!(kind(store.rename(&at("d/a"), &at("d/moved"))), ErrorKind::Unsupported);
    assert_eq!(rgw.s3_list(&bucket, ""), before);
}

/// What is really gone is no hindrance.
#[test]
fn what_somebody_deletes_before_it_is_copied_is_gone() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["d/a", "d/b"] {
        rgw.s3_put(&bucket, key, b"x");
    }
    let other = bucket.clone();
    let (_script, store) = in_front(&bucket, move |head| {
        if is_copy_to(head, "/e/a ") {
            Rgw::shared().s3_delete(&other, "d/a");
        }
        None
    });
    store.rename(&at("d"), &at("e")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), ["e/", "e/b"]);
}

/// Stores over a file system do not copy markers.
#[test]
fn markers_are_never_copied_and_keep_what_belongs_to_them() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let with = |mode: &str| format!("x-amz-meta-mode: {mode}");
    for (key, mode) in [("d/", "1"), ("d/sub/", "2"), ("d/sub/deep/", "3")] {
        let of_tool = ["Content-Type: application/x-directory", &with(mode)];
        rgw.s3_put_with(&bucket, key, b"", &of_tool);
    }
    rgw.s3_put(&bucket, "d/sub/f", b"x");
    let (script, store) = in_front(&bucket, |head| {
        let is_marker = head.contains("x-amz-copy-source") && head.contains("/ http/1.1");
        is_marker.then(|| answer("404 Not Found", "", &error("NoSuchKey")))
    });
    store.rename(&at("d"), &at("e")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), ["e/", "e/sub/", "e/sub/deep/", "e/sub/f"]);
    for (key, mode) in [("e/", "1"), ("e/sub/", "2"), ("e/sub/deep/", "3")] {
        let head = rgw.s3_head(&bucket, key).unwrap();
        assert_eq!(head["x-amz-meta-mode"], mode, "{key}");
        assert_eq!(head["content-type"], "application/x-directory", "{key}");
    }
    // Stores over a file system keep a directory that is not empty: the deepest goes first.
    let deleted: Vec<String> = script
        .seen()
        .iter()
        .filter(|seen| seen.head.starts_with("delete "))
        .map(|seen| seen.head.split(' ').nth(1).unwrap().rsplit_once("/d/").unwrap().1.to_owned())
        .collect();
    assert_eq!(deleted, ["sub/f", "sub/deep/", "sub/", ""]);
}

/// Somebody stores a file under the new name, and then the renaming fails.
#[test]
fn undoing_leaves_what_others_stored_meanwhile() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["d/a", "d/b", "d/z"] {
        rgw.s3_put(&bucket, key, b"x");
    }
    let (copied, other) = (AtomicUsize::new(0), bucket.clone());
    let (_script, store) = in_front(&bucket, move |head| {
        if is_copy_to(head, "/e/z ") {
            return Some(Act::Answer(crate::store_cos::scripted::text(
                "403 Forbidden",
                "",
                &error("AccessDenied"),
            )));
        }
        // The first request of the undoing that looks at the copy.
        if head.starts_with("head ") && head.contains("/e/a ") {
            copied.fetch_add(1, Ordering::SeqCst);
            Rgw::shared().s3_put(&other, "e/a", b"theirs");
        }
        None
    });
    assert_eq!(kind(store.rename(&at("d"), &at("e"))), ErrorKind::BrokenOffForGood);
    assert_eq!(rgw.s3_list(&bucket, ""), ["d/a", "d/b", "d/z", "e/a"]);
    assert_eq!(rgw.s3_get(&bucket, "e/a"), b"theirs");
}

/// Another session stores a file in the new directory, which appears before it is filled.
#[test]
fn nothing_of_ours_is_replaced_under_the_new_name() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["d/a", "d/b"] {
        rgw.s3_put(&bucket, key, b"old");
    }
    let store: Arc<std::sync::OnceLock<CosStore>> = Arc::default();
    let (shared, is_begun) = (Arc::clone(&store), AtomicBool::new(false));
    let (_script, before) = in_front(&bucket, move |head| {
        // The look at what is to be copied; the marker of the new directory stands.
        let begins = head.starts_with("head ") && head.contains("/d/b ");
        if begins && !is_begun.swap(true, Ordering::SeqCst) {
            let shared = Arc::clone(&shared);
            let upload = move || put(shared.get().unwrap(), "e/b", b"theirs");
            return Some(Act::Behind(std::thread::spawn(upload), Rgw::shared().endpoint().into()));
        }
        None
    });
    let store = store.get_or_init(|| before);
    assert_eq!(kind(store.rename(&at("d"), &at("e"))), ErrorKind::BrokenOffForGood);
    assert_eq!(rgw.s3_list(&bucket, ""), ["d/a", "d/b", "e/b"], "undone, but for theirs");
    assert_eq!(rgw.s3_get(&bucket, "e/b"), b"theirs");
    assert_eq!(names(store, "e"), ["b"]);
}

#[test]
fn a_marker_that_holds_bytes_is_carried_and_not_removed() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    rgw.s3_put_with(&bucket, "report/", b"fourteen bytes", &["x-amz-meta-mode: 7"]);
    rgw.s3_put(&bucket, "all/report/", b"fourteen bytes");
    assert_eq!(kind(store.remove_directory(&at("report"))), ErrorKind::DirectoryNotEmpty);
    store.rename(&at("report"), &at("moved")).unwrap();
    store.rename(&at("all"), &at("every")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), ["every/", "every/report/", "moved/"]);
    assert_eq!(rgw.s3_get(&bucket, "moved/"), b"fourteen bytes");
    assert_eq!(rgw.s3_head(&bucket, "moved/").unwrap()["x-amz-meta-mode"], "7");
    assert_eq!(rgw.s3_get(&bucket, "every/report/"), b"fourteen bytes");
}

/// Those of older tools that hold bytes are files.
#[test]
fn legacy_names_that_hold_bytes_are_no_markers() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    for (key, bytes) in [("a/", ""), ("a_$folder$", "file"), ("b_$folder$", ""), ("c/", "")] {
        rgw.s3_put(&bucket, key, bytes.as_bytes());
    }
    rgw.s3_put_with(&bucket, "c", b"file", &["Content-Type: application/x-directory"]);
    store.remove_directory(&at("a")).unwrap();
    store.remove_directory(&at("b")).unwrap();
    assert_eq!(kind(store.remove_directory(&at("c"))), ErrorKind::NotADirectory);
    assert_eq!(rgw.s3_list(&bucket, ""), ["a_$folder$", "c", "c/"]);
}

#[test]
fn nothing_is_made_below_a_file_and_a_known_directory_is_not_asked_for() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["d/e", "file", "x/f"] {
        rgw.s3_put(&bucket, key, b"file");
    }
    let before = rgw.s3_list(&bucket, "");
    let (script, store) = in_front(&bucket, |_| None);
    for made in ["file/a", "d/e/f", "d/e/f/g"] {
        let outcome = store.create_directory(&at(made));
        assert_eq!(kind(outcome), ErrorKind::NotADirectory, "MKD {made}");
        for moved in ["x", "x/f", "file"] {
            let outcome = store.rename(&at(moved), &at(made));
            assert_eq!(kind(outcome), ErrorKind::NotADirectory, "RNTO {moved} {made}");
        }
    }
    assert_eq!(rgw.s3_list(&bucket, ""), before);
    let asks_for = |name: &str| {
        let asked = format!("head /{bucket}/{name} ");
        count(&script, |head| head.starts_with(&asked))
    };
    assert!(
        store.stat(&at("x"), Freshness::Listed).map(|stat| stat.metadata.is_directory()).unwrap()
    );
    let known = asks_for("x");
    store.create_directory(&at("x/made")).unwrap();
    assert_eq!(asks_for("x"), known);
}

/// A copy in parts ends while somebody's file of the new name is on its way to the store.
#[test]
fn what_is_being_stored_when_a_copy_in_parts_ends_is_not_replaced() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let bytes = noise(16 * MIB);
    rgw.s3_put(&bucket, "d/f", &bytes);
    let (tell, told) = mpsc::channel();
    let is_storing = Arc::new(AtomicBool::new(false));
    let (_script, store) = in_front(&bucket, move |head| {
        let is_part = head.starts_with("put ") && head.contains("/e/f?partnumber");
        let is_file = head.starts_with("put ") && head.contains("/e/f ");
        if !is_part && !is_file {
            return None;
        }
        is_storing.fetch_or(is_file, Ordering::SeqCst);
        let _ = tell.send(());
        let is_storing = Arc::clone(&is_storing);
        let until = thread::spawn(move || match is_part {
            true => wait_until("nothing is stored", || is_storing.load(Ordering::SeqCst)),
            false => thread::sleep(Duration::from_millis(500)),
        });
        Some(Act::Behind(until, Rgw::shared().endpoint().to_owned()))
    });
    let store = store.copying_at_most(8 * MIB as u64);
    let other = store.clone();
    let storing = thread::spawn(move || {
        told.recv().unwrap();
        put(&other, "e/f", b"new");
    });
    assert_eq!(kind(store.rename(&at("d"), &at("e"))), ErrorKind::BrokenOffForGood);
    storing.join().unwrap();
    assert_eq!(rgw.s3_get(&bucket, "e/f"), b"new");
    assert!(rgw.s3_get(&bucket, "d/f") == bytes);
    assert_eq!(rgw.s3_list_uploads(&bucket), [""; 0]);
}

/// Another version, as large, of what is being copied, which takes longer than to store that; the
/// copy's ETag is of another kind, and its time is later.
#[test]
fn a_version_of_the_same_size_that_comes_during_a_copy_in_parts_moves_too() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let (first, second) = (noise(16 * MIB), noise(16 * MIB + 1)[1..].to_vec());
    rgw.s3_put(&bucket, "d/f", &first);
    let (other, anew) = (bucket.clone(), second.clone());
    let is_stored = AtomicBool::new(false);
    let (_script, store) = in_front(&bucket, move |head| {
        let is_end = head.starts_with("post ") && head.contains("/e/f?uploadid");
        let strikes = is_end && !is_stored.swap(true, Ordering::SeqCst);
        let (other, anew) = (other.clone(), anew.clone());
        strikes.then(|| {
            let until = thread::spawn(move || {
                Rgw::shared().s3_put(&other, "d/f", &anew);
                thread::sleep(Duration::from_millis(1100));
            });
            Act::Behind(until, Rgw::shared().endpoint().to_owned())
        })
    });
    let store = store.copying_at_most(8 * MIB as u64);
    store.rename(&at("d"), &at("e")).unwrap();
    assert!(rgw.s3_get(&bucket, "e/f") == second);
    assert_eq!(rgw.s3_list(&bucket, ""), ["e/", "e/f"]);
}
