//! A store that keeps real directories (SeaweedFS): it lists path by path and not byte by byte,
//! shows a directory that nobody made, keeps it when all in it is gone, and copies no marker.

use std::thread;

use cos_ftp_server::store::cos::{CosOptions, CosStore, Trial, TrialVerdict};
use cos_ftp_server::store::{ErrorKind, FileTree, Freshness};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Act, Scripted, answer, error};
use crate::store_cos::{at, found_fit, kind, names, options, put};

fn store(bucket: &str) -> CosStore {
    at_endpoint(bucket, Rgw::seaweed().endpoint())
}

/// A store with a memory of its own.
fn at_endpoint(bucket: &str, endpoint: &str) -> CosStore {
    CosStore::connect(CosOptions { endpoint: endpoint.to_owned(), ..options(bucket) }).unwrap()
}

fn put_all(store: &CosStore, names: &[String]) {
    let names = &names;
    thread::scope(|scope| {
        for worker in 0..8 {
            scope.spawn(move || {
                names.iter().skip(worker).step_by(8).for_each(|name| put(store, name, b"x"));
            });
        }
    });
}

/// Files, directories and what lies in them: `before-0000` ..., `m/x`, `m-0000` ... The directory
/// `m` ends the first page, and byte by byte all of the second stands before it.
fn crossing_names(directory: &str) -> Vec<String> {
    let files = |name: &'static str, count| (0..count).map(move |n| format!("{name}-{n:04}"));
    let all = files("before", 999).chain(["m/x".to_owned()]).chain(files("m", 1010));
    all.map(|name| format!("{directory}/{name}")).collect()
}

fn shown(names: &[String], directory: &str) -> Vec<String> {
    let mut shown: Vec<String> = names
        .iter()
        .map(|name| {
            let rest = name.strip_prefix(directory).unwrap().trim_start_matches('/');
            rest.split_inclusive('/').next().unwrap().to_owned()
        })
        .collect();
    shown.sort();
    shown
}

#[test]
fn pages_in_another_order_than_that_of_bytes_are_listed_and_renamed() {
    let seaweed = Rgw::seaweed();
    let bucket = seaweed.new_bucket();
    let (writer, reader) = (store(&bucket), store(&bucket));
    let files = crossing_names("d");
    put_all(&writer, &files);
    let expected = shown(&files, "d");
    for store in [&writer, &reader] {
        let mut listed = names(store, "d");
        listed.sort();
        assert!(listed == expected, "{} of {} names", listed.len(), expected.len());
    }
    for taken in ["d/m", "d/m-0001/x"] {
        let admitted = reader.admits_file(&at(taken), Freshness::Now);
        assert!(admitted.is_err(), "{taken}");
    }
    writer.rename(&at("d"), &at("e")).unwrap();
    let reader = store(&bucket);
    let mut listed = names(&reader, "e");
    listed.sort();
    assert!(listed == expected, "{} of {} names", listed.len(), expected.len());
    assert_eq!(names(&reader, "/"), ["e/"]);
}

#[test]
fn a_renamed_directory_is_gone_under_its_old_name_and_whole_under_the_new() {
    let seaweed = Rgw::seaweed();
    let bucket = seaweed.new_bucket();
    let writer = store(&bucket);
    // By another client, who makes no markers; and by this one.
    for key in ["old/s/u/x", "old/s/y", "old/z"] {
        seaweed.s3_put(&bucket, key, b"x");
    }
    for directory in ["old/empty", "old/made", "old/made/deep"] {
        writer.create_directory(&at(directory)).unwrap();
    }
    put(&writer, "old/made/file", b"x");
    writer.rename(&at("old"), &at("new")).unwrap();
    let reader = store(&bucket);
    assert_eq!(names(&reader, "/"), ["new/"]);
    assert_eq!(kind(reader.stat(&at("old"), Freshness::Now)), ErrorKind::NotFound);
    for (directory, expected) in [
        ("new", vec!["empty/", "made/", "s/", "z"]),
        ("new/empty", vec![]),
        ("new/made", vec!["deep/", "file"]),
        ("new/s", vec!["u/", "y"]),
    ] {
        assert_eq!(names(&reader, directory), expected, "{directory}");
    }
}

#[test]
fn a_renaming_that_fails_leaves_nothing_under_the_new_name() {
    let seaweed = Rgw::seaweed();
    let bucket = seaweed.new_bucket();
    for key in ["old/a/b/x", "old/a/y", "old/z"] {
        seaweed.s3_put(&bucket, key, b"x");
    }
    let endpoint = seaweed.endpoint().to_owned();
    let front = Scripted::acting(move |head| {
        let is_refused = head.contains("x-amz-copy-source") && head.contains("/new/z ");
        Some(match is_refused {
            true => answer("403 Forbidden", "", &error("AccessDenied")),
            false => Act::Forward(endpoint.clone()),
        })
    });
    let failure = at_endpoint(&bucket, &front.endpoint).rename(&at("old"), &at("new"));
    assert_eq!(kind(failure), ErrorKind::BrokenOffForGood);
    let reader = store(&bucket);
    assert_eq!(names(&reader, "/"), ["old/"]);
    assert_eq!(names(&reader, "old"), ["a/", "z"]);
    assert_eq!(names(&reader, "old/a/b"), ["x"]);
}

#[test]
fn check_finds_it_fit_tells_its_order_and_leaves_nothing() {
    let bucket = Rgw::seaweed().new_bucket();
    let steps = found_fit(&store(&bucket));
    let order = steps.iter().find(|step| step.trial == Trial::Order).unwrap();
    assert_eq!(order.verdict, TrialVerdict::Passed("path by path".to_owned()));
    assert_eq!(names(&store(&bucket), "/"), [""; 0]);
}

#[test]
fn empty_directories_are_made_seen_and_removed() {
    let bucket = Rgw::seaweed().new_bucket();
    let writer = store(&bucket);
    for directory in ["a", "a/b"] {
        writer.create_directory(&at(directory)).unwrap();
    }
    let reader = store(&bucket);
    assert_eq!((names(&reader, "/"), names(&reader, "a")), (vec!["a/".into()], vec!["b/".into()]));
    assert_eq!(kind(writer.remove_directory(&at("a"))), ErrorKind::DirectoryNotEmpty);
    put(&writer, "a/b/file", b"x");
    writer.delete_object(&at("a/b/file")).unwrap();
    assert_eq!(names(&store(&bucket), "a/b"), [""; 0], "an emptied directory stays");
    for directory in ["a/b", "a"] {
        writer.remove_directory(&at(directory)).unwrap();
    }
    assert_eq!(names(&store(&bucket), "/"), [""; 0]);
}
