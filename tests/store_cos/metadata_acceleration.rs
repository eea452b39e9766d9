//! Buckets with metadata acceleration (OFS), which keep real directories, rename by themselves and
//! copy nothing. A script plays one in front of the gateway, by what COS documents.

use std::sync::Arc;
use std::time::Duration;

use cos_ftp_server::store::cos::{
    BucketArch, Buckets, CosOptions, CosStore, HeaderNames, Trial, TrialVerdict,
};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, ErrorKind, Expected, FileTree, Freshness, ListRequest, ObjectStore,
    Operation, StoreError, TrashStore, TrashTerms,
};
use time::OffsetDateTime;

use crate::store_cos::{at, found_fit, in_front, kind, list, names, noise, options, put, read};
use crate::support::ftp::Ftp;
use crate::support::ofs::Ofs;
use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted, answer, error};
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

/// The same, where `script` comes first.
fn played_but(
    mut script: impl FnMut(&Ofs, &str) -> Option<Act> + Send + 'static,
) -> (Scripted, CosStore, String) {
    let bucket = Rgw::shared().new_bucket();
    let ofs = Ofs::of(&bucket);
    let (front, _) = in_front(&bucket, move |head| script(&ofs, head).or_else(|| ofs.act(head)));
    let endpoint = front.endpoint.clone();
    let options = CosOptions { endpoint, arch: BucketArch::Directories, ..options(&bucket) };
    (front, CosStore::connect(options).unwrap(), bucket)
}

/// The lines of the requests that have this in their heads.
fn seen(script: &Scripted, text: &str) -> Vec<String> {
    let seen = script.seen().into_iter().filter(|seen| seen.head.contains(text));
    seen.map(|seen| seen.head.lines().next().unwrap().to_owned()).collect()
}

#[test]
fn files_and_directories_are_renamed_at_once() {
    let (script, store, bucket) = played();
    put(&store, "d/a b+数", b"content");
    store.rename(&at("d/a b+数"), &at("d/b")).unwrap();
    assert_eq!(read(&store, "d/b", ByteRange::from(0)).unwrap(), b"content");
    assert_eq!(kind(store.stat(&at("d/a b+数"), Freshness::Recent)), ErrorKind::NotFound);
    // A directory with all that is in it, to where no directory is yet.
    store.create_directory(&at("d/empty")).unwrap();
    put(&store, "d/s/deep", b"deep");
    assert_eq!(store.stat(&at("d/s/deep"), Freshness::Recent).unwrap().metadata.size, 4);
    store.rename(&at("d"), &at("new/e")).unwrap();
    assert_eq!(seen(&script, "?rename").len(), 2);
    assert_eq!(names(&store, "new/e"), ["b", "empty/", "s/"]);
    for gone in ["d", "d/s", "d/s/deep"] {
        let found = store.stat(&at(gone), Freshness::Recent);
        assert_eq!(kind(found), ErrorKind::NotFound, "{gone}");
    }
    assert_eq!(store.stat(&at("new/e/s/deep"), Freshness::Recent).unwrap().metadata.size, 4);
    // Nothing replaces a directory.
    put(&store, "file", b"file");
    assert_eq!(kind(store.rename(&at("file"), &at("new"))), ErrorKind::IsADirectory);
    assert_eq!(kind(store.rename(&at("new"), &at("new/e/in"))), ErrorKind::BadName);
    assert_eq!(kind(store.rename(&at("new"), &at("file/in"))), ErrorKind::NotADirectory);
    assert_eq!(kind(store.rename(&at("none"), &at("some"))), ErrorKind::NotFound);
    assert_eq!(Rgw::shared().s3_get(&bucket, "file"), b"file");
    assert_eq!(seen(&script, "x-amz-copy-source"), [""; 0]);
}

#[test]
fn a_file_that_is_replaced_is_gone_only_when_the_other_has_its_name() {
    let (script, store, bucket) = played();
    put(&store, "d/old", b"old");
    put(&store, "d/new", b"new");
    assert_eq!(kind(store.rename_to_free(&at("d/new"), &at("d/old"))), ErrorKind::AlreadyExists);
    assert_eq!(seen(&script, "?rename"), [""; 0]);
    store.rename(&at("d/new"), &at("d/old")).unwrap();
    assert_eq!(read(&store, "d/old", ByteRange::from(0)).unwrap(), b"new");
    assert_eq!(Rgw::shared().s3_list(&bucket, "d/"), ["d/", "d/old"]);

    // It gets its name back where the store refuses.
    let ofs = Ofs::of(&bucket);
    let (front, _) = in_front(&bucket, move |head| {
        let is_refused = head.contains("x-cos-rename-source: /d/next\r\n");
        match is_refused {
            true => Some(answer("403 Forbidden", "", &error("AccessDenied"))),
            false => ofs.act(head),
        }
    });
    let endpoint = front.endpoint.clone();
    let options = CosOptions { endpoint, arch: BucketArch::Directories, ..options(&bucket) };
    let refused = CosStore::connect(options).unwrap();
    put(&refused, "d/next", b"next");
    assert_eq!(kind(refused.rename(&at("d/next"), &at("d/old"))), ErrorKind::AccessDenied);
    assert_eq!(Rgw::shared().s3_list(&bucket, "d/"), ["d/", "d/next", "d/old"]);
    assert_eq!(Rgw::shared().s3_get(&bucket, "d/old"), b"new");
}

#[test]
fn a_renaming_of_which_the_answer_is_lost_is_known_by_its_names() {
    // Sent once more only where it was not carried out.
    for (is_carried_out, expected) in [(true, 1), (false, 2)] {
        let mut losses = 0..1;
        let (script, store, _) = played_but(move |ofs, head| {
            let is_lost = head.contains("?rename") && losses.next().is_some();
            if is_lost && is_carried_out {
                ofs.act(head);
            }
            is_lost.then_some(Act::Hang)
        });
        put(&store, "a", b"content");
        store.rename(&at("a"), &at("b")).unwrap();
        assert_eq!(names(&store, "/"), ["b"]);
        assert_eq!(seen(&script, "?rename").len(), expected, "{is_carried_out}");
    }
}

#[test]
fn a_renaming_in_doubt_moves_no_file_that_came_meanwhile() {
    let mut losses = 0..1;
    let (script, store, bucket) = played_but(move |ofs, head| {
        let is_lost = head.contains("?rename") && losses.next().is_some();
        is_lost.then(|| {
            // The file goes elsewhere, and somebody stores another one.
            Rgw::shared().s3_put(&ofs.bucket, "a", b"of somebody else");
            Act::Hang
        })
    });
    put(&store, "a", b"content");
    let failed = store.rename(&at("a"), &at("b")).unwrap_err();
    assert_eq!(failed.kind, ErrorKind::Unavailable);
    assert_eq!(Rgw::shared().s3_get(&bucket, "a"), b"of somebody else");
    assert_eq!(names(&store, "/"), ["a"]);
    assert_eq!(seen(&script, "?rename").len(), 1);
}

/// The first step of a renaming over a file is carried out, and nothing tells of it.
#[test]
fn what_was_to_be_replaced_gets_its_name_back_or_is_told() {
    for comes_back in [true, false] {
        let (mut was_lost, mut looks) = (false, 0);
        let (_, store, bucket) = played_but(move |ofs, head| {
            let refused = || Some(answer("403 Forbidden", "", &error("AccessDenied")));
            if head.contains("x-cos-rename-source: /d/old\r\n") {
                ofs.act(head);
                was_lost = true;
                return Some(Act::Hang);
            }
            if was_lost && head.contains("?rename") && !comes_back {
                return refused();
            }
            let looks_for_it = was_lost && head.starts_with("head ") && head.contains("/d/old ");
            looks += usize::from(looks_for_it);
            match looks_for_it && looks == 1 {
                true => refused(),
                false => None,
            }
        });
        put(&store, "d/old", b"old");
        put(&store, "d/new", b"new");
        let failed = store.rename(&at("d/new"), &at("d/old")).unwrap_err();
        let keys = Rgw::shared().s3_list(&bucket, "d/");
        if comes_back {
            assert_eq!(failed.kind, ErrorKind::Unavailable);
            assert_eq!(keys, ["d/", "d/new", "d/old"]);
            assert_eq!(Rgw::shared().s3_get(&bucket, "d/old"), b"old");
        } else {
            assert_eq!(failed.kind, ErrorKind::BrokenOff);
            let told = failed.source.unwrap().to_string();
            let name = keys[1].strip_prefix("d/").unwrap();
            assert!(name.starts_with(".cos-ftp-server-replaced-") && told.contains(name), "{told}");
            assert_eq!(Rgw::shared().s3_get(&bucket, &keys[1]), b"old");
        }
    }
}

/// What was a file when it was looked at may be a directory in the turn.
#[test]
fn no_directory_is_set_aside_as_a_file() {
    for over in [false, true] {
        let mut looks = 0;
        let (script, store, bucket) = played_but(move |_, head| {
            let is_look = head.starts_with("head ") && head.contains("/file ");
            looks += usize::from(is_look);
            let directory = "x-cos-file-mode-dir: true\r\nETag: \"dir\"\r\n";
            (is_look && looks > 1).then(|| answer("200 OK", directory, ""))
        });
        put(&store, "new", b"new");
        Rgw::shared().s3_put(&bucket, "file", b"content");
        let failed = match over {
            true => store.rename(&at("new"), &at("file")),
            false => store.set_aside(&at("file"), &at("aside")),
        };
        assert_eq!(kind(failed), ErrorKind::IsADirectory);
        assert_eq!(seen(&script, "?rename"), [""; 0]);
    }
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
