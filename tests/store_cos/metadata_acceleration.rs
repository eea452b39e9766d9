//! Buckets with metadata acceleration (OFS), which keep real directories, rename by themselves and
//! copy nothing. A script plays one in front of the gateway, by what COS documents.

/// What it renames by itself.
mod renaming;

use std::sync::Arc;
use std::time::Duration;

use cos_ftp_server::store::cos::{
    BucketArch, Buckets, CosOptions, CosStore, HeaderNames, Trial, TrialVerdict,
};
use cos_ftp_server::store::{
    Body, Cancel, ErrorKind, Expected, FileTree, Freshness, ListRequest, ObjectStore, Operation,
    StoreError, TrashStore, TrashTerms,
};
use time::OffsetDateTime;

use crate::store_cos::{at, found_fit, in_front, kind, list, names, noise, options, put};
use crate::support::ftp::Ftp;
use crate::support::ofs::Ofs;
use crate::support::rgw::Rgw;
use crate::support::scripted::{Scripted, answer};
use crate::support::server::Setup;

/// Bytes of a file that is as large as a part.
const LARGE: usize = 5 << 20;

/// A bucket that is played, and a store on it that is told what it is.
fn played() -> (Scripted, CosStore, String) {
    let bucket = Rgw::shared().new_bucket();
    let ofs = Ofs::of(&bucket);
    let (script, _) = in_front(&bucket, move |head| ofs.act(head));
    let endpoint = script.endpoint.clone();
    let options = CosOptions { endpoint, arch: BucketArch::Directories, ..options(&bucket) };
    (script, CosStore::connect(options).unwrap(), bucket)
}

/// The lines of the requests that have this in their heads.
fn seen(script: &Scripted, text: &str) -> Vec<String> {
    let seen = script.seen().into_iter().filter(|seen| seen.head.contains(text));
    seen.map(|seen| seen.head.lines().next().unwrap().to_owned()).collect()
}

#[test]
fn what_needs_copies_is_refused_before_anything_is_begun() {
    let (script, store, bucket) = played();
    put(&store, "d/file", b"content");
    let said = |error: StoreError| {
        assert_eq!(error.kind, ErrorKind::Refused);
        error.source.unwrap().to_string()
    };
    let told = said(store.admits_adding(&at("d/file")).unwrap_err());
    assert!(told.contains("send the whole file"), "{told}");
    let told = said(store.set_modified(&at("d/file"), OffsetDateTime::UNIX_EPOCH).unwrap_err());
    assert!(told.contains("time"), "{told}");
    said(store.copy_aside(&at("d/file"), &at("d/aside")).unwrap_err());

    // The trash gets what is deleted by its renaming, and what is replaced not at all.
    let terms = TrashTerms { directory: ".trash".to_owned(), is_visible: false };
    let trash = TrashStore::over(Arc::new(store), &terms).unwrap();
    let (pieces, never) = ([&b"other"[..]], Cancel::new());
    let body = Body::new(&pieces, &never);
    trash.put_object(&at("d/other"), &body, &Expected::Anything).unwrap();
    said(trash.rename(&at("d/other"), &at("d/file")).unwrap_err());
    trash.delete_object(&at("d/other")).unwrap();
    let kept = Rgw::shared().s3_list(&bucket, ".trash/");
    assert!(kept.iter().any(|key| key.ends_with("/d/other")), "{kept:?}");
    assert_eq!(Rgw::shared().s3_get(&bucket, "d/file"), b"content");
    assert_eq!(seen(&script, "x-amz-copy-source"), [""; 0]);
}

#[test]
fn directories_are_real() {
    let (script, store, _) = played();
    store.create_directory(&at("a")).unwrap();
    assert_eq!(kind(store.create_directory(&at("a"))), ErrorKind::AlreadyExists);
    store.create_directory(&at("a/b")).unwrap();
    for freshness in [Freshness::Now, Freshness::Recent, Freshness::Listed] {
        assert!(store.stat(&at("a/b"), freshness).unwrap().metadata.is_directory());
    }
    // It holds no file, and is not empty.
    assert_eq!(kind(store.remove_directory(&at("a"))), ErrorKind::DirectoryNotEmpty);
    assert_eq!(kind(store.remove_directory(&at("none"))), ErrorKind::NotFound);
    put(&store, "a/b/x1", b"x");
    put(&store, "a/b/y1", b"y");
    assert_eq!(kind(store.remove_directory(&at("a/b/x1"))), ErrorKind::NotADirectory);
    assert_eq!(kind(store.admits_file(&at("a/b"), Freshness::Now)), ErrorKind::IsADirectory);
    assert_eq!(kind(store.admits_file(&at("a/b/x1/z"), Freshness::Now)), ErrorKind::NotADirectory);
    // What is asked for are whole directories.
    let directory = at("a/b");
    let request =
        ListRequest { directory: &directory, name_prefix: "x", after: None, with_times: true };
    let page = store.list(&request, None).unwrap();
    assert_eq!(page.entries.iter().map(|entry| &entry.name).collect::<Vec<_>>(), ["x1"]);
    for file in ["a/b/x1", "a/b/y1"] {
        store.delete_object(&at(file)).unwrap();
    }
    assert_eq!(list(&store, "a/b").0.len(), 0);
    store.remove_directory(&at("a/b")).unwrap();
    store.remove_directory(&at("a")).unwrap();
    assert_eq!(names(&store, "/"), [""; 0]);
    assert_eq!(seen(&script, "?recursive"), [""; 0]);
}

#[test]
fn only_a_bucket_that_says_so_is_one_and_it_is_asked_once() {
    let bucket = Rgw::shared().new_bucket();
    for (asked, arch, told, native) in [
        (true, BucketArch::Ask, "x-cos-bucket-arch: OFS\r\n", true),
        (true, BucketArch::Ask, "", false),
        (false, BucketArch::Objects, "x-cos-bucket-arch: OFS\r\n", false),
        (false, BucketArch::Directories, "", true),
    ] {
        let ofs = Ofs::of(&bucket);
        let (script, _) = in_front(&bucket, move |head| match Ofs::is_of_bucket(head) {
            true => Some(answer("200 OK", told, "")),
            false if native => ofs.act(head),
            false => None,
        });
        let mut options =
            CosOptions { endpoint: script.endpoint.clone(), arch, ..options(&bucket) };
        options.objects.names = HeaderNames::Cos;
        let store = CosStore::connect(options).unwrap();
        put(&store, "a", b"content");
        for (from, to) in [("a", "b"), ("b", "a")] {
            store.rename(&at(from), &at(to)).unwrap();
        }
        store.delete_object(&at("a")).unwrap();
        let heads = script.seen().iter().filter(|seen| Ofs::is_of_bucket(&seen.head)).count();
        assert_eq!(heads, usize::from(asked), "{arch:?} {told}");
        assert_eq!(seen(&script, "?rename").len(), if native { 2 } else { 0 }, "{arch:?} {told}");
    }
}

#[test]
fn where_the_bucket_may_not_be_asked_nothing_is_guessed() {
    let bucket = Rgw::shared().new_bucket();
    let (script, _) =
        in_front(&bucket, |head| Ofs::is_of_bucket(head).then(|| answer("403 Forbidden", "", "")));
    let mut told = CosOptions { endpoint: script.endpoint.clone(), ..options(&bucket) };
    told.objects.names = HeaderNames::Cos;
    let store = CosStore::connect(told).unwrap();
    put(&store, "a", b"content");
    store.rename(&at("a"), &at("b")).unwrap();
    store.rename(&at("b"), &at("c")).unwrap();
    assert!(!store.copies_nothing().unwrap());
    assert_eq!(script.seen().iter().filter(|seen| Ofs::is_of_bucket(&seen.head)).count(), 1);
    assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["c"]);
    // Another store is not asked at all.
    let (other, other_store) = in_front(&bucket, |_| None);
    other_store.rename(&at("c"), &at("d")).unwrap();
    assert!(!other.seen().iter().any(|seen| Ofs::is_of_bucket(&seen.head)));
}

/// What one account may not ask another may; and an answer that tells nothing ends no command.
#[test]
fn what_one_account_is_not_told_is_its_own_affair() {
    let bucket = Rgw::shared().new_bucket();
    for status in ["403 Forbidden", "404 Not Found", "301 Moved Permanently"] {
        let mut heads = 0;
        let (script, _) = in_front(&bucket, move |head| {
            let is_asked = Ofs::is_of_bucket(head);
            heads += usize::from(is_asked);
            is_asked.then(|| match heads {
                1 => answer(status, "", ""),
                _ => answer("200 OK", "x-cos-bucket-arch: OFS\r\n", ""),
            })
        });
        let mut told = CosOptions { endpoint: script.endpoint.clone(), ..options(&bucket) };
        told.objects.names = HeaderNames::Cos;
        let buckets = Buckets::default();
        let (first, second) = (buckets.open(told.clone()).unwrap(), buckets.open(told).unwrap());
        put(&first, "a", b"content");
        first.rename(&at("a"), &at("b")).unwrap();
        assert!(!first.copies_nothing().unwrap(), "{status}");
        assert!(second.copies_nothing().unwrap(), "{status}");
        // What the bucket says itself counts for all.
        assert!(first.copies_nothing().unwrap(), "{status}");
        let heads = script.seen().iter().filter(|seen| Ofs::is_of_bucket(&seen.head)).count();
        assert_eq!(heads, 2, "{status}");
    }
}

/// What is done to an ordinary bucket is not done to one that cannot tell now.
#[test]
fn a_bucket_that_does_not_answer_now_is_not_taken_for_an_ordinary_one() {
    let bucket = Rgw::shared().new_bucket();
    let (script, _) =
        in_front(&bucket, |head| Ofs::is_of_bucket(head).then(|| answer("503 Slow Down", "", "")));
    let mut told = CosOptions { endpoint: script.endpoint.clone(), ..options(&bucket) };
    told.objects.names = HeaderNames::Cos;
    told.timeouts.retry_total = Duration::from_millis(1);
    let store = CosStore::connect(told).unwrap();
    put(&store, "a", b"content");
    assert_eq!(kind(store.rename(&at("a"), &at("b"))), ErrorKind::Unavailable);
    assert_eq!(Rgw::shared().s3_list(&bucket, ""), ["a"]);
}

#[test]
fn check_tells_it_tries_its_renaming_and_no_copies() {
    let (script, store, bucket) = played();
    let steps = found_fit(&store);
    let verdict = |operation| {
        let found = steps.iter().find(|step| step.trial == Trial::Of(operation));
        found.map(|step| step.verdict.clone())
    };
    let told = verdict(Operation::HeadBucket);
    let is_told = matches!(&told, Some(TrialVerdict::Passed(text)) if text.contains("OFS"));
    assert!(is_told, "{told:?}");
    assert_eq!(verdict(Operation::RenameObject), Some(TrialVerdict::Passed(String::new())));
    assert!(matches!(verdict(Operation::CopyObject), Some(TrialVerdict::Skipped(_))));
    assert_eq!(seen(&script, "x-amz-copy-source"), [""; 0]);
    assert_eq!(Rgw::shared().s3_list(&bucket, ""), [""; 0]);
}

#[test]
fn a_client_is_told_what_the_bucket_does_not_do() {
    let bucket = Rgw::shared().new_bucket();
    let ofs = Ofs::of(&bucket);
    let (script, _) = in_front(&bucket, move |head| ofs.act(head));
    let setup =
        Setup::bucket_named(&bucket, &script.endpoint).account_key("cos_bucket_arch", "ofs");
    let server = setup.option("preserve_mtime", "true").start();
    server.wait_for_log("has metadata acceleration");
    let mut ftp = Ftp::login(&server);
    ftp.expect("MKD d", "257");
    ftp.store("STOR d/part", &noise(LARGE));
    ftp.play(&[("RNFR d/part", "350"), ("RNTO d/file", "250"), ("SIZE d/file", "213 5242880")]);
    let _data = ftp.passive();
    let told = ftp.expect("APPE d/file", "550 ");
    assert!(told.contains("metadata acceleration: send the whole file"), "{told}");
    for rest in [3, LARGE - 1] {
        ftp.expect(&format!("REST {rest}"), "350");
        let _data = ftp.passive();
        ftp.expect("STOR d/file", "550 ");
    }
    ftp.expect("MFMT 20200101000000 d/file", "550 ");
    // What is too small for a part is read and sent anew.
    ftp.store("STOR d/small", b"content");
    ftp.store("APPE d/small", b" and more");
    ftp.expect("REST 3", "350");
    ftp.store("STOR d/small", b"...");
    assert_eq!(ftp.fetch("RETR d/small"), b"con...t and more");
    ftp.expect("DELE d/small", "250");
    // A file that is not there begins with what is added to it.
    ftp.store("APPE d/fresh", b"fresh");
    ftp.store("STOR d/file", b"anew");
    assert_eq!(ftp.list("NLST d"), ["d/file", "d/fresh"]);
    ftp.play(&[("RNFR d", "350"), ("RNTO e/f", "250"), ("CWD e/f", "250"), ("RMD /e/f", "550")]);
    assert_eq!(ftp.fetch("RETR file"), b"anew");
}
