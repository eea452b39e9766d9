//! Directories, listings and renaming.

use std::thread;

use cos_ftp_server::store::cos::CosStore;
use cos_ftp_server::store::{ErrorKind, FileTree, Freshness, ListRequest};
use cos_ftp_server::vfs::FtpPath;

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Scripted, answer};
use crate::store_cos::{at, in_front, kind, list, names, put, store};

#[test]
fn a_directory_of_2500_files_is_listed_in_pages() {
    let bucket = Rgw::shared().new_bucket();
    let store = store(&bucket);
    store.create_directory(&at("d")).unwrap();
    thread::scope(|scope| {
        for worker in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for number in (worker..2500).step_by(8) {
                    put(store, &format!("d/f {number:05}"), b"x");
                }
            });
        }
    });
    let expected: Vec<String> = (0..2500).map(|number| format!("f {number:05}")).collect();
    let (entries, pages) = list(&crate::store_cos::store(&bucket), "d");
    assert_eq!(pages, 3);
    assert!(entries.iter().all(|entry| entry.metadata.size == 1));
    assert_eq!(entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>(), expected);
    assert_eq!(names(&store, "d"), expected, "also with our own writes laid over");

    let directory = at("d");
    let request = ListRequest {
        directory: &directory,
        name_prefix: "f 0249",
        after: None,
        with_times: false,
    };
    assert_eq!(store.list(&request, None).unwrap().entries.len(), 10);
    let request =
        ListRequest { directory: &directory, name_prefix: "g", after: None, with_times: false };
    assert!(store.list(&request, None).unwrap().entries.is_empty());
}

#[test]
fn what_has_no_ftp_name_is_counted_and_left_alone() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    for key in ["a//b", "a/good", "a/bad\u{1}name", "a/./x", "a/../y"] {
        rgw.s3_put(&bucket, key, b"x");
    }
    let directory = at("a");
    let request =
        ListRequest { directory: &directory, name_prefix: "", after: None, with_times: false };
    let page = store.list(&request, None).unwrap();
    let shown: Vec<&str> = page.entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!((shown, page.unnameable), (vec!["good"], 4));
    assert_eq!(kind(store.remove_directory(&directory)), ErrorKind::DirectoryNotEmpty);
}

#[test]
fn a_name_that_is_file_and_prefix_is_the_file() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    rgw.s3_put(&bucket, "d/a", b"file");
    rgw.s3_put(&bucket, "d/a/below", b"deep");
    rgw.s3_put(&bucket, "d/a-between", b"x");
    assert_eq!(names(&store, "d"), ["a", "a-between"]);
    assert!(!store.stat(&at("d/a"), Freshness::Recent).unwrap().metadata.is_directory());
    assert!(!store.stat(&at("d/a/below"), Freshness::Recent).unwrap().metadata.is_directory());
    assert_eq!(
        kind(store.stat(&at("d/a-"), Freshness::Recent)),
        ErrorKind::NotFound,
        "a prefix of a name is none"
    );
}

#[test]
fn directories_come_and_go() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    store.create_directory(&at("made")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), ["made/"]);
    assert_eq!(kind(store.create_directory(&at("made"))), ErrorKind::AlreadyExists);
    assert!(names(&store, "made").is_empty());
    assert!(store.stat(&at("made"), Freshness::Recent).unwrap().metadata.modified.is_some());

    put(&store, "implied/deep/f", b"x");
    assert!(store.stat(&at("implied"), Freshness::Recent).unwrap().metadata.is_directory());
    assert_eq!(kind(store.create_directory(&at("implied/deep"))), ErrorKind::AlreadyExists);
    assert_eq!(kind(store.remove_directory(&at("implied"))), ErrorKind::DirectoryNotEmpty);
    assert_eq!(kind(store.delete_object(&at("implied/deep"))), ErrorKind::IsADirectory);
    assert_eq!(kind(store.remove_directory(&at("implied/deep/f"))), ErrorKind::NotADirectory);

    store.delete_object(&at("implied/deep/f")).unwrap();
    assert!(
        store.stat(&at("implied/deep"), Freshness::Recent).unwrap().metadata.is_directory(),
        "kept when emptied"
    );
    store.remove_directory(&at("implied/deep")).unwrap();
    store.remove_directory(&at("implied")).unwrap();
    store.remove_directory(&at("made")).unwrap();
    assert!(rgw.s3_list(&bucket, "").is_empty());
    assert_eq!(kind(store.remove_directory(&at("made"))), ErrorKind::NotFound);

    let missing = at("missing");
    let request =
        ListRequest { directory: &missing, name_prefix: "", after: None, with_times: false };
    assert_eq!(kind(store.list(&request, None)), ErrorKind::NotFound);
    put(&store, "f", b"x");
    let file = at("f");
    let request = ListRequest { directory: &file, name_prefix: "", after: None, with_times: false };
    assert_eq!(kind(store.list(&request, None)), ErrorKind::NotADirectory);
    assert!(store.stat(&FtpPath::root(), Freshness::Recent).unwrap().metadata.is_directory());
}

#[test]
fn a_renamed_file_keeps_bytes_and_metadata_and_replaces_a_file() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    rgw.s3_put(&bucket, "d/old ?+中%41", b"bytes");
    let content_type = rgw.s3_head(&bucket, "d/old ?+中%41").unwrap()["content-type"].clone();
    assert!(content_type.contains("form"), "curl's own, no default: {content_type}");
    put(&store, "new %", b"replaced");
    store.create_directory(&at("e")).unwrap();
    assert_eq!(kind(store.rename(&at("d/old ?+中%41"), &at("e"))), ErrorKind::IsADirectory);
    store.rename(&at("d/old ?+中%41"), &at("new %")).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "new %"), b"bytes");
    assert_eq!(rgw.s3_head(&bucket, "new %").unwrap()["content-type"], content_type);
    assert_eq!(rgw.s3_list(&bucket, ""), ["d/", "e/", "new %"], "the emptied directory is kept");
    store.rename(&at("new %"), &at("new %")).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "new %"), b"bytes");
    assert_eq!(kind(store.rename(&at("none"), &at("x"))), ErrorKind::NotFound);
}

#[test]
fn a_renamed_directory_takes_everything_along() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    store.create_directory(&at("old")).unwrap();
    let mut expected = vec!["new 名/".to_owned()];
    for number in 0..40 {
        put(&store, &format!("old/s{}/f{number:02}", number % 2), b"x");
    }
    for sub in 0..2 {
        let of_sub = (0..40).filter(|number| number % 2 == sub);
        expected.extend(of_sub.map(|number| format!("new 名/s{sub}/f{number:02}")));
    }
    put(&store, "older", b"not below");
    expected.push("older".into());

    assert_eq!(kind(store.rename(&at("old"), &at("old/in"))), ErrorKind::BadName);
    assert_eq!(kind(store.rename(&at("old"), &at("older"))), ErrorKind::AlreadyExists);
    store.rename(&at("old"), &at("new 名")).unwrap();
    assert_eq!(rgw.s3_list(&bucket, ""), expected);
    assert_eq!(names(&store, "/"), ["new 名/", "older"]);
    assert_eq!(kind(store.stat(&at("old"), Freshness::Recent)), ErrorKind::NotFound);
}

#[test]
fn a_directory_that_somebody_else_emptied_is_gone() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    put(&store, "d/f", b"x");
    rgw.s3_delete(&bucket, "d/f");
    assert_eq!(
        kind(store.stat(&at("d"), Freshness::Recent)),
        ErrorKind::NotFound,
        "our memory proves nothing"
    );
}

/// Whether a name is a directory, and by how many requests that was found out.
fn asked(script: &Scripted, store: &CosStore, name: &str) -> (Option<bool>, usize) {
    let before = script.seen().len();
    let answer =
        store.stat(&at(name), Freshness::Listed).map(|stat| stat.metadata.is_directory()).ok();
    (answer, script.seen().len() - before)
}

#[test]
fn one_request_tells_whether_one_can_go_there() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["made/", "deep/er/x", "file", "both", "both/x", "late/x", "late-1", "late-2"] {
        rgw.s3_put(&bucket, key, b"");
    }
    rgw.s3_put(&bucket, "both", b"a file hides what lies below its name");
    let (script, store) = in_front(&bucket, |_| None);
    for (name, is_directory, requests) in [
        ("made", Some(true), 1),
        ("deep", Some(true), 1),
        ("deep/er", Some(true), 1),
        ("file", Some(false), 2),
        ("both", Some(false), 2),
        // The list does not reach as far as the directory.
        ("late", Some(true), 4),
        ("none", None, 5),
    ] {
        assert_eq!(asked(&script, &store, name), (is_directory, requests), "{name}");
    }
    assert_eq!(asked(&script, &store, "made"), (Some(true), 0), "it was just told");
}

#[test]
fn a_listing_is_not_asked_for_what_was_just_removed() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["d/", "e/s/"] {
        rgw.s3_put(&bucket, key, b"");
    }
    // A listing that lags: whatever is asked for, `d/` and `e/` stand there.
    let (_, store) = in_front(&bucket, |head| {
        let page = |prefix: &str| {
            let page = format!(
                "<ListBucketResult><IsTruncated>false</IsTruncated>\
                 <CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes></ListBucketResult>"
            );
            answer("200 OK", "", &page)
        };
        match head {
            _ if head.contains("prefix=d&") || head.contains("prefix=d ") => Some(page("d/")),
            _ if head.contains("prefix=e&") || head.contains("prefix=e ") => Some(page("e/")),
            _ => None,
        }
    });
    assert!(
        store.stat(&at("d"), Freshness::Listed).map(|stat| stat.metadata.is_directory()).unwrap()
            && store
                .stat(&at("e"), Freshness::Listed)
                .map(|stat| stat.metadata.is_directory())
                .unwrap()
    );
    store.remove_directory(&at("d")).unwrap();
    assert_eq!(
        kind(store.stat(&at("d"), Freshness::Listed).map(|stat| stat.metadata.is_directory())),
        ErrorKind::NotFound
    );
    put(&store, "e", b"a file hides it");
    assert!(
        !store.stat(&at("e"), Freshness::Listed).map(|stat| stat.metadata.is_directory()).unwrap()
    );
}
