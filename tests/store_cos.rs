//! What only a bucket does, on a real S3 store whose results another client reads.

#![allow(clippy::unwrap_used, reason = "this whole file is a test")]

#[path = "support/rgw.rs"]
mod rgw;

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::secret::Secret;
use cos_ftp_server::store::cos::{
    AddressingStyle, Buckets, CosOptions, CosStore, Scheme, Timeouts, VerifyUploads,
};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, CopySource, ETag, ErrorKind, ListRequest, MultipartUpload,
    ObjectStore, PartPlace, PartReceipt, StoreError,
};
use cos_ftp_server::vfs::{Entry, FtpPath};

use rgw::Rgw;

const MIB: usize = 1024 * 1024;

fn options(bucket: &str) -> CosOptions {
    CosOptions {
        bucket: bucket.to_owned(),
        region: "us-east-1".into(),
        endpoint: Rgw::shared().endpoint().to_owned(),
        scheme: Scheme::Http,
        addressing: AddressingStyle::Path,
        prefix: String::new(),
        secret_id: rgw::access_key(),
        secret_key: Secret::new(rgw::secret_key()),
        verify: VerifyUploads::Md5,
        min_part: 5 * MIB as u64,
        idle_connections: 16,
        timeouts: Timeouts::default(),
    }
}

fn store(bucket: &str) -> CosStore {
    CosStore::connect(options(bucket)).unwrap()
}

fn at(path: &str) -> FtpPath {
    FtpPath::root().join(path).unwrap()
}

fn put(store: &CosStore, path: &str, bytes: &[u8]) {
    store.put_object(&at(path), &Body::new(&[bytes], &Cancel::new())).unwrap();
}

fn read(store: &CosStore, path: &str, range: ByteRange) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.get_object(&at(path), range, None)?.body.read_to_end(&mut bytes).unwrap();
    Ok(bytes)
}

fn kind<T: std::fmt::Debug>(result: Result<T, StoreError>) -> ErrorKind {
    result.unwrap_err().kind
}

/// All entries of a directory, page by page, and how many pages that took.
fn list(store: &CosStore, path: &str) -> (Vec<Entry>, usize) {
    let directory = at(path);
    let (mut entries, mut pages, mut after) = (Vec::new(), 0, None);
    loop {
        let request = ListRequest { directory: &directory, name_prefix: "", after: after.as_ref() };
        let page = store.list(&request).unwrap();
        assert!(page.entries.len() <= 1000);
        entries.extend(page.entries);
        pages += 1;
        after = page.next;
        if after.is_none() {
            return (entries, pages);
        }
    }
}

fn names(store: &CosStore, path: &str) -> Vec<String> {
    let show = |entry: Entry| match entry.metadata.is_directory() {
        true => format!("{}/", entry.name),
        false => entry.name,
    };
    list(store, path).0.into_iter().map(show).collect()
}

fn noise(len: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(len as u64);
    std::iter::repeat_with(|| random.u8(..)).take(len).collect()
}

#[test]
fn names_that_break_urls_are_ordinary_names() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let long = "长".repeat(66) + "xx";
    for name in [
        " lead and trail ",
        "#hash",
        "100%25",
        "a+b",
        "what?x=y&z",
        "quote\"'`",
        "-dash",
        "中文文件.txt",
        "emoji 🎬.mp4",
        "semi;colon:at@comma,",
        "back\\slash",
        "tilde~star*",
        "[bracket]{brace}|^<>",
        "...",
        long.as_str(),
    ] {
        for path in [name.to_owned(), format!("dir {name}/{name}")] {
            let bytes = noise(100 + name.len());
            put(&store, &path, &bytes);
            let key = at(&path).key().to_owned();
            assert_eq!(rgw.s3_get(&bucket, &key), bytes, "{path}");
            assert_eq!(read(&store, &path, ByteRange::from(0)).unwrap(), bytes, "{path}");
            let stat = store.stat(&at(&path)).unwrap();
            assert_eq!(stat.metadata.size, bytes.len() as u64, "{path}");
            assert!(stat.metadata.modified.is_some() && stat.etag.is_some(), "{path}");
        }
        // A store of its own remembers no writes: what it lists, the bucket told.
        let fresh = self::store(&bucket);
        assert!(names(&fresh, "/").contains(&name.to_owned()), "{name}");
        assert_eq!(names(&fresh, &format!("dir {name}")), [name]);
        store.delete_object(&at(name)).unwrap();
        assert_eq!(rgw.s3_head(&bucket, name), None, "{name}");
        assert_eq!(kind(store.delete_object(&at(name))), ErrorKind::NotFound, "{name}");
    }
}

#[test]
fn empty_objects_and_bodies_in_pieces_arrive() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    put(&store, "empty", b"");
    assert_eq!(rgw.s3_head(&bucket, "empty").unwrap()["content-length"], "0");
    assert_eq!(read(&store, "empty", ByteRange::from(0)).unwrap(), b"");
    assert_eq!(kind(read(&store, "empty", ByteRange::from(1))), ErrorKind::InvalidRange);

    let bytes = noise(3 * MIB + 17);
    let pieces: Vec<&[u8]> = bytes.chunks(256 * 1024 + 1).collect();
    store.put_object(&at("pieces"), &Body::new(&pieces, &Cancel::new())).unwrap();
    assert!(rgw.s3_get(&bucket, "pieces") == bytes);
    assert!(read(&store, "pieces", ByteRange::from(0)).unwrap() == bytes);
}

#[test]
fn ranges_and_versions() {
    let bucket = Rgw::shared().new_bucket();
    let store = store(&bucket);
    put(&store, "f", b"0123456789");
    for (range, expected) in [
        (ByteRange::from(7), Ok("789")),
        (ByteRange::between(2, 5), Ok("234")),
        (ByteRange::between(8, 100), Ok("89")),
        (ByteRange::from(10), Ok("")),
        (ByteRange::between(4, 4), Ok("")),
        (ByteRange::from(11), Err(ErrorKind::InvalidRange)),
        (ByteRange::from(u64::MAX - 1), Err(ErrorKind::InvalidRange)),
    ] {
        let seen = read(&store, "f", range).map_err(|error| error.kind);
        assert_eq!(seen, expected.map(|text| text.as_bytes().to_vec()), "{range:?}");
    }
    let object = store.get_object(&at("f"), ByteRange::from(7), None).unwrap();
    assert_eq!(object.size, 10, "of the whole object");
    let etag = object.etag.unwrap();
    assert!(store.get_object(&at("f"), ByteRange::from(3), Some(&etag)).is_ok());

    put(&store, "f", b"another one");
    for first in [0, 3, 11] {
        let stale = store.get_object(&at("f"), ByteRange::from(first), Some(&etag));
        assert_eq!(kind(stale), ErrorKind::PreconditionFailed, "from {first}");
    }
    assert_eq!(kind(read(&store, "none", ByteRange::from(0))), ErrorKind::NotFound);
}

#[test]
fn a_directory_of_2500_files_is_listed_in_pages() {
    let bucket = Rgw::shared().new_bucket();
    let store = Arc::new(store(&bucket));
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
    let (entries, pages) = list(&self::store(&bucket), "d");
    assert_eq!(pages, 3);
    assert!(entries.iter().all(|entry| entry.metadata.size == 1));
    assert_eq!(entries.into_iter().map(|entry| entry.name).collect::<Vec<_>>(), expected);
    assert_eq!(names(&store, "d"), expected, "also with our own writes laid over");

    let directory = at("d");
    let request = ListRequest { directory: &directory, name_prefix: "f 0249", after: None };
    assert_eq!(store.list(&request).unwrap().entries.len(), 10);
    let request = ListRequest { directory: &directory, name_prefix: "g", after: None };
    assert!(store.list(&request).unwrap().entries.is_empty());
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
    let request = ListRequest { directory: &directory, name_prefix: "", after: None };
    let page = store.list(&request).unwrap();
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
    assert!(!store.stat(&at("d/a")).unwrap().metadata.is_directory());
    assert!(!store.stat(&at("d/a/below")).unwrap().metadata.is_directory());
    assert_eq!(kind(store.stat(&at("d/a-"))), ErrorKind::NotFound, "a prefix of a name is none");
}

#[test]
fn accounts_see_their_prefix_only() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let buckets = Buckets::default();
    let open = |prefix: &str| {
        buckets.open(CosOptions { prefix: prefix.into(), ..options(&bucket) }).unwrap()
    };
    let (whole, left, right) = (open(""), open("left/"), open("left side/"));
    put(&left, "f", b"left");
    put(&right, "d/g", b"right");
    assert_eq!(names(&left, "/"), ["f"]);
    assert_eq!(names(&right, "/"), ["d/"]);
    assert_eq!(names(&whole, "/"), ["left side/", "left/"]);
    assert_eq!(kind(right.stat(&at("f"))), ErrorKind::NotFound);
    assert_eq!(rgw.s3_list(&bucket, ""), ["left side/d/g", "left/f"]);
    left.delete_object(&at("f")).unwrap();
    assert!(names(&left, "/").is_empty());
    for bad in ["left", "/left/"] {
        let refused = buckets.open(CosOptions { prefix: bad.into(), ..options(&bucket) });
        assert_eq!(kind(refused), ErrorKind::BadName);
    }
}

fn part(store: &CosStore, upload: &MultipartUpload, number: u32, bytes: &[u8]) -> PartReceipt {
    let place = PartPlace { number, offset: 0 };
    store.upload_part(upload, place, &Body::new(&[bytes], &Cancel::new())).unwrap()
}

#[test]
fn an_upload_in_parts_appears_when_it_is_completed() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let bytes = noise(12 * MIB);
    let upload = store.create_multipart_upload(&at("d/大 file+.bin")).unwrap();
    let mut parts: Vec<PartReceipt> = [3, 1, 2]
        .map(|number| {
            let first = (number as usize - 1) * 5 * MIB;
            part(&store, &upload, number, &bytes[first..bytes.len().min(first + 5 * MIB)])
        })
        .into();
    parts.sort_by_key(|part| part.number);
    assert!(rgw.s3_list(&bucket, "").is_empty());
    assert_eq!(rgw.s3_list_uploads(&bucket).len(), 1);

    let stored = store.complete_multipart_upload(&upload, &parts).unwrap();
    assert!(rgw.s3_get(&bucket, "d/大 file+.bin") == bytes);
    assert_eq!(store.stat(&at("d/大 file+.bin")).unwrap().etag, stored.etag);
    assert!(rgw.s3_list_uploads(&bucket).is_empty());
}

#[test]
fn an_aborted_upload_leaves_nothing_behind() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let mut options = options(&bucket);
    // Ceph takes a while to say 500 where COS says NoSuchUpload.
    options.timeouts.retry_total = Duration::ZERO;
    let store = CosStore::connect(options).unwrap();
    put(&store, "f", b"earlier");
    let upload = store.create_multipart_upload(&at("f")).unwrap();
    let receipt = part(&store, &upload, 1, &noise(100));
    store.abort_multipart_upload(&upload).unwrap();
    assert!(rgw.s3_list_uploads(&bucket).is_empty());
    assert_eq!(rgw.s3_get(&bucket, "f"), b"earlier");
    store.abort_multipart_upload(&upload).unwrap();
    let completed = store.complete_multipart_upload(&upload, &[receipt]);
    assert!(completed.is_err(), "what stands under the name is not what was uploaded");
    assert_eq!(rgw.s3_get(&bucket, "f"), b"earlier");
}

#[test]
fn an_object_is_continued_from_a_copied_range() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let old = noise(6 * MIB + 5);
    put(&store, "a+b 中", &old);
    let etag = store.stat(&at("a+b 中")).unwrap().etag;
    let upload = store.create_multipart_upload(&at("a+b 中")).unwrap();
    let copy = |etag: Option<ETag>| {
        let source = CopySource { first: 1, end: 5 * MIB as u64 + 4, etag };
        store.upload_part_copy(&upload, PartPlace { number: 1, offset: 0 }, &source)
    };
    assert_eq!(kind(copy(Some(ETag("\"other\"".into())))), ErrorKind::PreconditionFailed);
    let parts = [copy(etag).unwrap(), part(&store, &upload, 2, b"the new end")];
    assert_eq!(parts[0].size, 5 * MIB as u64 + 3);
    store.complete_multipart_upload(&upload, &parts).unwrap();
    let expected = [&old[1..5 * MIB + 4], b"the new end"].concat();
    assert!(rgw.s3_get(&bucket, "a+b 中") == expected);
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
    assert!(store.stat(&at("made")).unwrap().metadata.modified.is_some());

    put(&store, "implied/deep/f", b"x");
    assert!(store.stat(&at("implied")).unwrap().metadata.is_directory());
    assert_eq!(kind(store.create_directory(&at("implied/deep"))), ErrorKind::AlreadyExists);
    assert_eq!(kind(store.remove_directory(&at("implied"))), ErrorKind::DirectoryNotEmpty);
    assert_eq!(kind(store.delete_object(&at("implied/deep"))), ErrorKind::IsADirectory);
    assert_eq!(kind(store.remove_directory(&at("implied/deep/f"))), ErrorKind::NotADirectory);

    store.delete_object(&at("implied/deep/f")).unwrap();
    assert!(store.stat(&at("implied/deep")).unwrap().metadata.is_directory(), "kept when emptied");
    store.remove_directory(&at("implied/deep")).unwrap();
    store.remove_directory(&at("implied")).unwrap();
    store.remove_directory(&at("made")).unwrap();
    assert!(rgw.s3_list(&bucket, "").is_empty());
    assert_eq!(kind(store.remove_directory(&at("made"))), ErrorKind::NotFound);

    let missing = at("missing");
    let request = ListRequest { directory: &missing, name_prefix: "", after: None };
    assert_eq!(kind(store.list(&request)), ErrorKind::NotFound);
    put(&store, "f", b"x");
    let file = at("f");
    let request = ListRequest { directory: &file, name_prefix: "", after: None };
    assert_eq!(kind(store.list(&request)), ErrorKind::NotADirectory);
    assert!(store.stat(&FtpPath::root()).unwrap().metadata.is_directory());
}

#[test]
fn a_renamed_file_keeps_its_bytes_and_replaces_a_file() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    put(&store, "d/old ?+中", b"bytes");
    put(&store, "new %", b"replaced");
    store.create_directory(&at("e")).unwrap();
    assert_eq!(kind(store.rename(&at("d/old ?+中"), &at("e"))), ErrorKind::IsADirectory);
    store.rename(&at("d/old ?+中"), &at("new %")).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "new %"), b"bytes");
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
    assert_eq!(kind(store.stat(&at("old"))), ErrorKind::NotFound);
}

#[test]
fn refusals_are_told_apart() {
    let bucket = Rgw::shared().new_bucket();
    let mut wrong = options(&bucket);
    wrong.secret_key = Secret::new("WRONG".into());
    let wrong = CosStore::connect(wrong).unwrap();
    let begun = Instant::now();
    let refused = wrong.probe().unwrap_err();
    assert_eq!(refused.kind, ErrorKind::AccessDenied);
    assert_eq!(
        (refused.status, refused.code.as_deref()),
        (Some(403), Some("SignatureDoesNotMatch"))
    );
    assert!(refused.request_id.is_some());
    assert!(begun.elapsed() < Duration::from_secs(5), "a refusal is final");
    let body = noise(MIB);
    let put = wrong.put_object(&at("f"), &Body::new(&[&body], &Cancel::new()));
    assert_eq!(kind(put), ErrorKind::AccessDenied, "also when it comes before the body was read");
    assert_eq!(kind(wrong.stat(&at("f"))), ErrorKind::AccessDenied);

    let nowhere = store("no-such-bucket-anywhere");
    let missing = nowhere.probe().unwrap_err();
    assert_eq!(
        (missing.kind, missing.code.as_deref()),
        (ErrorKind::NotFound, Some("NoSuchBucket"))
    );

    let store = store(&bucket);
    let long = at(&"x".repeat(851));
    assert_eq!(kind(store.stat(&long)), ErrorKind::BadName);
    assert_eq!(kind(store.delete_object(&FtpPath::root())), ErrorKind::IsADirectory);
    assert!(store.probe().is_ok());
}

#[test]
fn a_store_that_is_away_is_given_up_in_time() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut away = options("bucket");
    away.endpoint = closed.to_string();
    away.timeouts.retry_total = Duration::from_millis(700);
    let begun = Instant::now();
    let store = CosStore::connect(away).unwrap();
    let refused = store.stat(&at("f")).unwrap_err();
    assert_eq!((refused.kind, refused.status), (ErrorKind::Unavailable, None));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());

    let cancel = Cancel::new();
    cancel.raise();
    let put = store.put_object(&at("f"), &Body::new(&[b"x"], &cancel));
    assert_eq!(kind(put), ErrorKind::Cancelled);
}

#[test]
fn connections_are_used_again() {
    let bucket = Rgw::shared().new_bucket();
    let (endpoint, connections) = counting_forwarder(Rgw::shared().endpoint());
    let store = CosStore::connect(CosOptions { endpoint, ..options(&bucket) }).unwrap();
    put(&store, "d/f", &noise(MIB));
    put(&store, "empty", b"");
    read(&store, "d/f", ByteRange::from(5)).unwrap();
    assert_eq!(kind(store.stat(&at("none"))), ErrorKind::NotFound);
    assert_eq!(kind(read(&store, "none", ByteRange::from(0))), ErrorKind::NotFound);
    list(&store, "/");
    store.rename(&at("d/f"), &at("g")).unwrap();
    store.delete_object(&at("g")).unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// Forwards connections to `endpoint` and counts them. Its threads end with the process.
fn counting_forwarder(endpoint: &str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let endpoint = endpoint.to_owned();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    thread::spawn(move || {
        for near in listener.incoming().map(Result::unwrap) {
            counter.fetch_add(1, Ordering::SeqCst);
            let far = TcpStream::connect(&endpoint).unwrap();
            for (mut from, mut to) in
                [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)]
            {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    (address, count)
}
