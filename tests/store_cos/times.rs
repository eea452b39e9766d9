//! Times that clients set: the object's metadata `mtime`, and everything else of it unchanged.

use cos_ftp_server::store::cos::{ArchivePolicy, CosStore, RestoreTerms, RestoreTier};
use cos_ftp_server::store::{ByteRange, ErrorKind, FileTree, Freshness, ListRequest, Restoration};
use cos_ftp_server::vfs::FtpPath;
use time::OffsetDateTime;
use time::macros::datetime;

use crate::store_cos::rgw::Rgw;
use crate::store_cos::scripted::{Scripted, answer};
use crate::store_cos::{at, kind, options, put, read, store};

const THEN: OffsetDateTime = datetime!(2023-11-14 22:13:20 UTC);

fn modified(store: &CosStore, path: &str) -> Option<OffsetDateTime> {
    store.stat(&at(path), Freshness::Now).unwrap().metadata.modified
}

#[test]
fn a_time_is_metadata_and_leaves_the_rest_alone() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let headers = [
        "content-type: text/x-odd",
        "cache-control: no-cache",
        "x-amz-meta-owner: somebody",
        "x-amz-meta-title: two  spaces",
    ];
    rgw.s3_put_with(&bucket, "数据 #1", b"content", &headers);
    let before = rgw.s3_head(&bucket, "数据 #1").unwrap();
    store.set_modified(&at("数据 #1"), THEN).unwrap();
    store.set_modified(&at("数据 #1"), THEN + time::Duration::SECOND).unwrap();
    let after = rgw.s3_head(&bucket, "数据 #1").unwrap();
    assert_eq!(after["x-amz-meta-mtime"], "1700000001");
    let kept = ["content-type", "cache-control", "x-amz-meta-owner", "x-amz-meta-title"];
    for kept in kept.into_iter().chain(["content-length", "etag"]) {
        assert_eq!(after[kept], before[kept], "{kept}");
    }
    assert_eq!(read(&store, "数据 #1", ByteRange::from(0)).unwrap(), b"content");
    assert_eq!(modified(&store, "数据 #1"), Some(THEN + time::Duration::SECOND));
}

#[test]
fn times_of_others_are_understood() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    for (name, mtime, expected) in [
        ("of-rclone", "1700000000.250000000", THEN + time::Duration::milliseconds(250)),
        ("of-cosfs", "1700000000", THEN),
    ] {
        rgw.s3_put_with(&bucket, name, b"x", &[&format!("x-amz-meta-mtime: {mtime}")]);
        assert_eq!(modified(&store, name), Some(expected), "{name}");
    }
    rgw.s3_put_with(&bucket, "of-nobody", b"x", &["x-amz-meta-mtime: once upon a time"]);
    assert!(modified(&store, "of-nobody").unwrap() > datetime!(2024-01-01 00:00 UTC));

    let mut switched_off = options(&bucket);
    switched_off.preserve_mtime = false;
    let switched_off = CosStore::connect(switched_off).unwrap();
    assert!(modified(&switched_off, "of-rclone").unwrap() > datetime!(2024-01-01 00:00 UTC));
}

#[test]
fn a_time_that_is_kept_already_costs_no_copy() {
    let bucket = Rgw::shared().new_bucket();
    let store = store(&bucket);
    put(&store, "file", b"x");
    store.set_modified(&at("file"), THEN).unwrap();
    let head = answer("200 OK", "x-cos-meta-mtime: 1700000000\r\nETag: \"a\"\r\n", "");
    let script = Scripted::new(vec![head]);
    let mut options = options(&bucket);
    options.endpoint = script.endpoint.clone();
    CosStore::connect(options).unwrap().set_modified(&at("file"), THEN).unwrap();
    assert_eq!(script.seen().len(), 1);
}

#[test]
fn a_file_that_would_be_copied_in_parts_keeps_the_stores_time() {
    let large = "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nContent-Length: 5368709121\r\n\r\n";
    let script = Scripted::new(vec![crate::store_cos::scripted::Act::Answer(large.to_owned())]);
    let mut options = options("bucket");
    options.endpoint = script.endpoint.clone();
    let store = CosStore::connect(options).unwrap();
    assert_eq!(kind(store.set_modified(&at("large"), THEN)), ErrorKind::TooLarge);
    assert_eq!(script.seen().len(), 1);
}

/// Where a store dates in whole seconds, a copy of an object onto itself may have its ETag and its
/// time: what was heard before the second was over is not remembered.
#[test]
fn a_time_is_remembered_when_its_second_is_over() {
    for (dated, heads) in [("22:13:20", 2), ("22:13:21", 2), ("22:13:23", 1)] {
        let script = Scripted::acting(move |head| {
            let head_of = format!(
                "Date: Tue, 14 Nov 2023 {dated} GMT\r\nLast-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n\
                 ETag: \"a\"\r\nx-cos-meta-mtime: 1600000000\r\n"
            );
            let page = "<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>f</Key>\
                <LastModified>2023-11-14T22:13:20.000Z</LastModified><ETag>\"a\"</ETag>\
                <Size>1</Size></Contents></ListBucketResult>";
            Some(match head.starts_with("head") {
                true => answer("200 OK", &head_of, "x"),
                false => answer("200 OK", "", page),
            })
        });
        let mut options = options("bucket");
        options.endpoint = script.endpoint.clone();
        let store = CosStore::connect(options).unwrap();
        for _ in 0..2 {
            let root = FtpPath::root();
            let request =
                ListRequest { directory: &root, name_prefix: "", after: None, with_times: true };
            let page = store.list(&request, None).unwrap();
            let time = page.entries[0].metadata.modified;
            assert_eq!(time, Some(datetime!(2020-09-13 12:26:40 UTC)), "{dated}");
        }
        let asked = script.seen().iter().filter(|seen| seen.head.starts_with("head")).count();
        assert_eq!(asked, heads, "{dated}");
    }
}

#[test]
fn a_restore_is_asked_for_on_the_terms_of_the_operator() {
    let script = Scripted::new(vec![answer("202 Accepted", "", ""), answer("200 OK", "", "")]);
    let mut options = options("bucket");
    options.endpoint = script.endpoint.clone();
    let terms = RestoreTerms { days: 7, tier: RestoreTier::Bulk };
    options.archive = ArchivePolicy::Restore(terms);
    let store = CosStore::connect(options.clone()).unwrap();
    // Longer, where it is there already.
    for _ in 0..2 {
        let told = store.restore_archived(&at("a b")).unwrap();
        assert!(matches!(told, Some(Restoration::Requested { .. })), "{told:?}");
    }
    let [asked, _] = &script.seen()[..] else { panic!("one request each") };
    assert!(asked.head.starts_with("post /bucket/a%20b?restore"), "{}", asked.head);
    for header in ["content-md5: ", "authorization: aws4-hmac-sha256 "] {
        assert!(asked.head.contains(header), "{}", asked.head);
    }
    assert_eq!(
        String::from_utf8_lossy(&asked.body),
        "<RestoreRequest><Days>7</Days><GlacierJobParameters><Tier>Bulk</Tier>\
         </GlacierJobParameters></RestoreRequest>"
    );
    options.archive = ArchivePolicy::Refuse;
    let store = CosStore::connect(options).unwrap();
    assert_eq!(store.restore_archived(&at("a b")).unwrap(), None);
    assert_eq!(script.seen().len(), 2);
}
