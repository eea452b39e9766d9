//! The objects that stand for directories: ours, and those of older tools.

use cos_ftp_server::store::{ErrorKind, FileTree, Freshness, ListRequest};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::{at, kind, names, put, read, store};

fn is_directory(store: &impl FileTree, path: &str) -> bool {
    store.stat(&at(path), Freshness::Now).unwrap().metadata.is_directory()
}

#[test]
fn hadoops_marker_is_a_directory_and_no_file() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    for key in ["p/empty_$folder$", "p/full_$folder$", "p/both_$folder$", "p/both/", "p/a_$folder$"]
    {
        rgw.s3_put(&bucket, key, b"");
    }
    rgw.s3_put(&bucket, "p/full/file", b"x");
    rgw.s3_put(&bucket, "p/a", b"a file hides a directory");
    rgw.s3_put(&bucket, "p/big_$folder$", b"a file of its own");
    let store = store(&bucket);
    assert_eq!(names(&store, "p"), ["a", "big_$folder$", "both/", "empty/", "full/"]);
    for name in ["empty", "full", "both"] {
        assert!(is_directory(&store, &format!("p/{name}")), "{name}");
        let marker = at(&format!("p/{name}_$folder$"));
        assert_eq!(kind(store.stat(&marker, Freshness::Now)), ErrorKind::NotFound, "{name}");
        assert_eq!(kind(store.delete_object(&marker)), ErrorKind::NotFound, "{name}");
        let made = store.create_directory(&at(&format!("p/{name}")));
        assert_eq!(kind(made), ErrorKind::AlreadyExists, "{name}");
    }
    assert!(!is_directory(&store, "p/a") && !is_directory(&store, "p/big_$folder$"));
    assert!(names(&store, "p/empty").is_empty());

    let directory = at("p");
    for (name_prefix, expected) in
        [("em", vec!["empty"]), ("empty_", vec![]), ("both", vec!["both"])]
    {
        let request =
            ListRequest { directory: &directory, name_prefix, after: None, with_times: false };
        let page = store.list(&request, None).unwrap();
        let shown: Vec<String> = page.entries.into_iter().map(|entry| entry.name).collect();
        assert_eq!(shown, expected, "{name_prefix}");
    }

    assert_eq!(kind(store.remove_directory(&at("p/full"))), ErrorKind::DirectoryNotEmpty);
    store.rename(&at("p/full"), &at("p/moved")).unwrap();
    for name in ["empty", "both"] {
        store.remove_directory(&at(&format!("p/{name}"))).unwrap();
        assert_eq!(
            kind(store.stat(&at(&format!("p/{name}")), Freshness::Recent)),
            ErrorKind::NotFound,
            "{name}"
        );
    }
    let left = ["p/a", "p/a_$folder$", "p/big_$folder$", "p/moved/", "p/moved/file"];
    assert_eq!(rgw.s3_list(&bucket, "p"), left);
}

#[test]
fn a_directory_with_hadoops_marker_is_listed_once_on_whichever_page() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    rgw.s3_put(&bucket, "dir/x", b"");
    rgw.s3_put(&bucket, "dir_$folder$", b"");
    rgw.s3_put(&bucket, "dirA_$folder$", b"");
    let filler = store(&bucket);
    // Between `dir/` and `dir_$folder$`.
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let filler = &filler;
            scope.spawn(move || {
                for number in (worker..1100).step_by(8) {
                    put(filler, &format!("dirA{number:04}"), b"x");
                }
            });
        }
    });
    let shown = names(&store(&bucket), "/");
    assert_eq!(shown.len(), 1102);
    assert_eq!(shown.iter().filter(|name| *name == "dir/").count(), 1);
    assert_eq!(shown.iter().filter(|name| *name == "dirA/").count(), 1);
}

#[test]
fn an_object_that_says_it_is_a_directory_is_one() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let kind_of = ["Content-Type: application/x-directory"];
    for key in ["d/empty", "d/full", "d/not_empty_itself"] {
        let bytes: &[u8] = if key.ends_with("itself") { b"x" } else { b"" };
        rgw.s3_put_with(&bucket, key, bytes, &kind_of);
    }
    rgw.s3_put(&bucket, "d/full/file", b"x");
    rgw.s3_put(&bucket, "d/plain", b"");
    let store = store(&bucket);
    // What a listing cannot tell is a file of 0 bytes, unless something lies below it.
    assert_eq!(names(&store, "d"), ["empty", "full/", "not_empty_itself", "plain"]);
    for (name, expected) in
        [("empty", true), ("full", true), ("not_empty_itself", false), ("plain", false)]
    {
        let stat = store.stat(&at(&format!("d/{name}")), Freshness::Recent).unwrap();
        assert_eq!(stat.metadata.is_directory(), expected, "{name}, although just listed");
    }
    assert_eq!(names(&store, "d/full"), ["file"]);
    assert!(names(&store, "d/empty").is_empty());
    assert_eq!(kind(store.delete_object(&at("d/empty"))), ErrorKind::IsADirectory);
    store.rename(&at("d/full"), &at("moved")).unwrap();
    store.remove_directory(&at("d/empty")).unwrap();
    let left = ["d/not_empty_itself", "d/plain", "moved/", "moved/file"];
    assert_eq!(rgw.s3_list(&bucket, ""), left);
}

#[test]
fn an_implied_directory_stays_when_it_is_emptied_through_us() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    for (path, empty) in [
        (
            "a/deleted/f",
            (|store, path| store.delete_object(path).unwrap())
                as fn(&crate::store_cos::CosStore, &_),
        ),
        ("b/renamed/f", |store, path| store.rename(path, &at("elsewhere")).unwrap()),
        ("c/inner/d/f", |store, path| store.rename(&path.parent(), &at("dir elsewhere")).unwrap()),
        ("e/removed/d/", |store, path| store.remove_directory(path).unwrap()),
    ] {
        rgw.s3_put(&bucket, path, b"");
        let emptied = path.split('/').take(2).collect::<Vec<_>>().join("/");
        assert_eq!(names(&store, &emptied).len(), 1);
        empty(&store, &at(path));
        assert_eq!(rgw.s3_list(&bucket, &emptied), [format!("{emptied}/")]);
        assert!(is_directory(&store, &emptied) && names(&store, &emptied).is_empty());
        let parent = emptied.split('/').next().unwrap();
        assert_eq!(names(&store, parent).len(), 1);
    }
}

#[test]
fn what_has_no_ftp_name_cannot_be_reached() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let keys = ["a//b", "a/../b", "a/./c", "a/bad\u{1}name", "a//"];
    for key in keys {
        rgw.s3_put(&bucket, key, b"hidden");
    }
    rgw.s3_put(&bucket, "a/good", b"good");
    for path in
        ["a//b", "/a//b", "a/./c", "a/%2e%2e/b", "a/../b", "a/%2F/b", "a//good//b", "b", "c"]
    {
        assert_eq!(kind(store.stat(&at(path), Freshness::Recent)), ErrorKind::NotFound, "{path}");
        assert_eq!(kind(store.delete_object(&at(path))), ErrorKind::NotFound, "{path}");
    }
    assert_eq!(read(&store, "a//./good", crate::store_cos::ByteRange::from(0)).unwrap(), b"good");
    assert_eq!(names(&store, "a"), ["good"]);
    assert_eq!(rgw.s3_list(&bucket, "").len(), keys.len() + 1);
}
