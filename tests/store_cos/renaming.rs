//! Renaming directories and large objects.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use cos_ftp_server::store::cos::{CosOptions, CosStore};
use cos_ftp_server::store::{ByteRange, ErrorKind, FileTree, Freshness};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Act, Scripted, answer, error};
use crate::store_cos::{MIB, at, in_front, kind, names, noise, options, put, read, store};

fn fill(store: &CosStore, directory: &str, count: usize) {
    thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                for number in (worker..count).step_by(8) {
                    put(store, &format!("{directory}/f{number:05}"), b"x");
                }
            });
        }
    });
}

fn is_copy(head: &str) -> bool {
    head.starts_with("put ") && head.contains("x-amz-copy-source")
}

fn is_delete(head: &str) -> bool {
    head.starts_with("delete ")
}

fn is_listing(head: &str) -> bool {
    head.starts_with("get ") && head.contains("max-keys=")
}

#[test]
fn a_directory_of_many_objects_is_renamed_without_waiting_for_each() {
    const COUNT: usize = 1100;
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    fill(&store(&bucket), "old", COUNT);
    let (script, store) = in_front(&bucket, |_| None);
    let begun = Instant::now();
    store.rename(&at("old"), &at("new")).unwrap();
    let elapsed = begun.elapsed();
    let seen = script.seen();
    let count = |is: fn(&str) -> bool| seen.iter().filter(|seen| is(&seen.head)).count();
    println!("{COUNT} objects in {elapsed:?} with {} requests", seen.len());
    assert_eq!(count(is_copy), COUNT);
    assert_eq!(count(is_delete), COUNT + 1, "each by itself, and the directory");
    // A look, the ACL and the copy, a look and the delete; and some forty others, whatever their
    // number.
    assert!(seen.len() < 5 * COUNT + 40, "{} requests", seen.len());
    assert!(seen.iter().map(|seen| seen.connection).max() > Some(100), "nothing was forwarded");
    let mut expected: Vec<String> = (0..COUNT).map(|number| format!("new/f{number:05}")).collect();
    expected.insert(0, "new/".into());
    assert_eq!(rgw.s3_list(&bucket, ""), expected);
    assert_eq!(names(&store, "/"), ["new/"]);
    assert_eq!(kind(store.stat(&at("old"), Freshness::Recent)), ErrorKind::NotFound);
}

#[test]
fn copies_run_side_by_side() {
    const TOGETHER: usize = 16;
    let bucket = Rgw::shared().new_bucket();
    fill(&store(&bucket), "old", 2 * TOGETHER);
    let barrier = Arc::new(Barrier::new(TOGETHER));
    let gateway = Rgw::shared().endpoint().to_owned();
    // None of sixteen copies is answered before all of them were asked for.
    let (_script, store) = in_front(&bucket, move |head| {
        let forward = || Box::new(Act::Forward(gateway.clone()));
        is_copy(head).then(|| Act::Meet(Arc::clone(&barrier), forward()))
    });
    store.rename(&at("old"), &at("new")).unwrap();
    assert_eq!(names(&store, "new").len(), 2 * TOGETHER);
}

#[test]
fn a_copy_that_fails_undoes_the_others_and_leaves_the_source() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    fill(&store(&bucket), "old", 60);
    rgw.s3_put(&bucket, "old/sub/\u{1}control", b"x");
    rgw.s3_put(&bucket, "old/s//hidden", b"x");
    let before = rgw.s3_list(&bucket, "");
    let (script, store) = in_front(&bucket, |head| {
        let is_broken = is_copy(head) && head.contains("/new/f00050 ");
        is_broken.then(|| answer("403 Forbidden", "", &error("AccessDenied")))
    });
    let failure = store.rename(&at("old"), &at("new")).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BrokenOffForGood, "it would be refused again");
    let text = failure.source.unwrap().to_string();
    let numbers: Vec<usize> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
    assert_eq!(text, format!("copied {0} objects, {0} removed again", numbers[0]));
    assert!((35..62).contains(&numbers[0]), "{text}");
    assert_eq!(rgw.s3_list(&bucket, ""), before);
    assert_eq!(kind(store.stat(&at("new"), Freshness::Recent)), ErrorKind::NotFound);
    assert_eq!(names(&store, "/"), ["old/"]);
    let deletes = script.seen().iter().filter(|seen| is_delete(&seen.head)).count();
    assert_eq!(deletes, numbers[0] + 1, "what was copied, and the marker");

    let (_script, store) = in_front(&bucket, |_| None);
    store.rename(&at("old"), &at("new")).unwrap();
    let renamed = |key: &String| format!("new{}", &key["old".len()..]);
    let mut expected: Vec<String> = before.iter().map(renamed).collect();
    expected.insert(0, "new/".into());
    assert_eq!(rgw.s3_list(&bucket, ""), expected, "also what has no FTP name");
}

#[test]
fn what_cannot_be_undone_is_told() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    fill(&store(&bucket), "old", 20);
    let (_script, store) = in_front(&bucket, |head| {
        let is_broken = (is_copy(head) && head.contains("/new/f00019 ")) || is_delete(head);
        is_broken.then(|| answer("403 Forbidden", "", &error("AccessDenied")))
    });
    let failure = store.rename(&at("old"), &at("new")).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BrokenOffForGood);
    assert_eq!(failure.source.unwrap().to_string(), "copied 19 objects, 0 removed again");
    assert_eq!(rgw.s3_list(&bucket, "old/").len(), 20);
    assert_eq!(rgw.s3_list(&bucket, "new/").len(), 20, "and the marker");
}

#[test]
fn what_the_store_refuses_to_delete_stands_under_both_names() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    fill(&store(&bucket), "old", 5);
    let (_script, store) = in_front(&bucket, |head| {
        let is_kept = is_delete(head) && head.contains("/old/f00003 ");
        is_kept.then(|| answer("403 Forbidden", "", &error("AccessDenied")))
    });
    let failure = store.rename(&at("old"), &at("new")).unwrap_err();
    assert_eq!(failure.kind, ErrorKind::BrokenOffForGood);
    assert!(rgw.s3_list(&bucket, "old/").contains(&"old/f00003".to_owned()));
    assert_eq!(rgw.s3_list(&bucket, "new/").len(), 6, "all copies, and the marker");
    let text = failure.source.unwrap().to_string();
    let deleted = 5 - rgw.s3_list(&bucket, "old/").len();
    assert_eq!(text, format!("copied 5 objects, {deleted} deleted under the old name"));
}

#[test]
fn what_arrives_meanwhile_is_not_lost() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    fill(&store(&bucket), "old", 40);
    let (is_copied, other) = (AtomicBool::new(false), bucket.clone());
    let (_script, store) = in_front(&bucket, move |head| {
        // Behind the last copy comes the listing of what is to be deleted.
        if is_listing(head) && is_copied.load(Ordering::SeqCst) {
            is_copied.store(false, Ordering::SeqCst);
            Rgw::shared().s3_put(&other, "old/f00005", b"replaced");
            Rgw::shared().s3_put(&other, "old/f00006", b"y");
            Rgw::shared().s3_put(&other, "old/late", b"late");
        }
        if is_copy(head) && head.contains("/new/f00000 ") {
            is_copied.store(true, Ordering::SeqCst);
        }
        None
    });
    store.rename(&at("old"), &at("new")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, "old"), Vec::<String>::new());
    assert_eq!(rgw.s3_list(&bucket, "new/").len(), 42);
    for (key, bytes) in
        [("f00005", &b"replaced"[..]), ("f00006", b"y"), ("late", b"late"), ("f00007", b"x")]
    {
        assert_eq!(rgw.s3_get(&bucket, &format!("new/{key}")), bytes, "{key}");
    }
}

/// Somebody stores a file of the same name between the copy and the delete.
#[test]
fn a_file_that_is_stored_anew_under_the_old_name_stays() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "old", b"first");
    let (is_copied, other) = (AtomicBool::new(false), bucket.clone());
    let (_script, store) = in_front(&bucket, move |head| {
        if is_copied.swap(is_copy(head), Ordering::SeqCst) {
            Rgw::shared().s3_put(&other, "old", b"second");
        }
        None
    });
    store.rename(&at("old"), &at("new")).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "new"), b"first");
    assert_eq!(rgw.s3_get(&bucket, "old"), b"second");
}

/// It changes again while its second version is copied, and another client replaces that copy.
#[test]
fn what_another_client_stores_in_place_of_a_second_copy_stays() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "d/f", b"first");
    let (mut copies, mut changes, other) = (0, 0, bucket.clone());
    let (_script, store) = in_front(&bucket, move |head| {
        copies += usize::from(is_copy(head));
        if is_listing(head) && (copies, changes) == (1, 0) {
            changes = 1;
            Rgw::shared().s3_put(&other, "d/f", b"second");
        }
        if head.starts_with("head ") && head.contains("/d/f ") && (copies, changes) == (2, 1) {
            changes = 2;
            Rgw::shared().s3_put(&other, "d/f", b"the third");
            Rgw::shared().s3_put(&other, "e/f", b"theirs");
        }
        None
    });
    store.rename(&at("d"), &at("e")).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "d/f"), b"the third");
    assert_eq!(rgw.s3_get(&bucket, "e/f"), b"theirs");
}

/// Somebody stores a file of the same name right before it is copied. The gateway ignores the
/// condition, COS does not.
#[test]
fn a_file_that_changes_before_it_is_copied_moves_as_it_is_then() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "old", b"first");
    let (has_changed, other) = (AtomicBool::new(false), bucket.clone());
    let (_script, store) = in_front(&bucket, move |head| {
        let is_refused = is_copy(head) && !has_changed.swap(true, Ordering::SeqCst);
        assert!(!is_copy(head) || head.contains("\nx-amz-copy-source-if-match: "), "{head}");
        is_refused.then(|| {
            Rgw::shared().s3_put(&other, "old", b"second");
            answer("412 Precondition Failed", "", &error("PreconditionFailed"))
        })
    });
    store.rename(&at("old"), &at("new")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), ["new"]);
    assert_eq!(rgw.s3_get(&bucket, "new"), b"second");
}

#[test]
fn keys_that_no_request_can_name_keep_their_directory_where_it_is() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    for key in ["d/a", "d/../b", "d/z"] {
        rgw.s3_put(&bucket, key, b"x");
    }
    let before = rgw.s3_list(&bucket, "");
    assert_eq!(kind(store.rename(&at("d"), &at("e"))), ErrorKind::BrokenOffForGood);
    assert_eq!(rgw.s3_list(&bucket, ""), before);

    let long = "x".repeat(1014);
    rgw.s3_delete(&bucket, "d/../b");
    put(&store, &format!("d/{long}"), b"x");
    let outcome = store.rename(&at("d"), &at("longer than it"));
    assert_eq!(kind(outcome), ErrorKind::BrokenOffForGood);
    assert_eq!(names(&store, "d").len(), 3);
    assert_eq!(kind(store.stat(&at("longer than it"), Freshness::Recent)), ErrorKind::NotFound);
}

#[test]
fn a_large_object_is_copied_in_equal_parts_with_all_that_belongs_to_it() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let bytes = noise(31 * MIB + 5);
    rgw.s3_put_with(
        &bucket,
        "d/large",
        &bytes,
        &[
            "Cache-Control: max-age=7",
            "Content-Type: video/mp4",
            "Content-Disposition: attachment",
            "Content-Language: zh",
            "x-amz-meta-mtime: 1500000000.25",
            "x-amz-meta-Who: me",
        ],
    );
    let limit = 12 * MIB as u64;
    let (script, store) = in_front(&bucket, |_| None);
    let store = store.copying_at_most(limit);
    store.rename(&at("d/large"), &at("moved")).unwrap();
    assert!(rgw.s3_get(&bucket, "moved") == bytes);
    let head = rgw.s3_head(&bucket, "moved").unwrap();
    for (name, value) in [
        ("cache-control", "max-age=7"),
        ("content-type", "video/mp4"),
        ("content-disposition", "attachment"),
        ("content-language", "zh"),
        ("x-amz-meta-mtime", "1500000000.25"),
        ("x-amz-meta-who", "me"),
    ] {
        assert_eq!(head.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(head["etag"].trim_matches('"').ends_with("-3"), "{}", head["etag"]);
    assert_eq!(rgw.s3_list(&bucket, ""), ["d/", "moved"]);
    assert_eq!(script.seen().iter().filter(|seen| is_copy(&seen.head)).count(), 3);

    put(&store, "tree/large", &bytes);
    put(&store, "tree/small", b"x");
    store.rename(&at("tree"), &at("grown")).unwrap();
    assert!(read(&store, "grown/large", ByteRange::from(0)).unwrap() == bytes);
    assert_eq!(names(&store, "/"), ["d/", "grown/", "moved"]);
}

#[test]
fn a_large_copy_that_fails_leaves_no_parts() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "d/large", &noise(16 * MIB));
    let (_script, store) = in_front(&bucket, |head| {
        let is_broken = head.contains("partnumber=2&");
        is_broken.then(|| answer("403 Forbidden", "", &error("AccessDenied")))
    });
    let store = store.copying_at_most(8 * MIB as u64);
    assert_eq!(kind(store.rename(&at("d/large"), &at("moved"))), ErrorKind::AccessDenied);
    assert_eq!(rgw.s3_list_uploads(&bucket), Vec::<String>::new());
    assert_eq!(rgw.s3_list(&bucket, ""), ["d/large"]);
}

#[test]
fn storage_class_and_encryption_are_said_again() {
    const HEADERS: &str = "ETag: \"e\"\r\nx-cos-storage-class: STANDARD_IA\r\n\
        x-cos-server-side-encryption: AES256\r\nx-cos-meta-mtime: 7\r\nContent-Type: a/b\r\n";
    for (limit, starts) in [(100, "put /bucket/g "), (5, "post /bucket/g?uploads ")] {
        let script = Scripted::acting(|head| {
            Some(match head.split(' ').next() {
                Some("head") if head.starts_with("head /bucket/f ") => {
                    Act::Answer(format!("HTTP/1.1 200 OK\r\n{HEADERS}Content-Length: 10\r\n\r\n"))
                }
                Some("put" | "post") => answer("403 Forbidden", "", &error("AccessDenied")),
                Some("get") => answer(
                    "200 OK",
                    "",
                    "<ListBucketResult>\
                    <IsTruncated>false</IsTruncated></ListBucketResult>",
                ),
                _ => answer("404 Not Found", "", ""),
            })
        });
        let endpoint = script.endpoint.clone();
        let options = CosOptions { endpoint, ..options("bucket") };
        let store = CosStore::connect(options).unwrap().copying_at_most(limit);
        assert_eq!(kind(store.rename(&at("f"), &at("g"))), ErrorKind::AccessDenied);
        let seen = script.seen();
        let head = &seen.iter().find(|seen| seen.head.starts_with(starts)).unwrap().head;
        assert!(head.contains("x-amz-storage-class: standard_ia"), "{head}");
        assert!(head.contains("x-amz-server-side-encryption: aes256"), "{head}");
        assert_eq!(head.contains("x-amz-meta-mtime: 7"), limit == 5, "a plain copy keeps it");
        assert_eq!(head.contains("content-type: a/b"), limit == 5);
    }
}
