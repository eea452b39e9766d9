//! Single objects: their names, ranges and versions.

use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cos_ftp_server::store::cos::{Buckets, CosOptions, CosStore};
use cos_ftp_server::store::{Body, ByteRange, Cancel, ErrorKind, Expected, FileTree, Freshness};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::{MIB, at, kind, list, names, noise, options, put, read, store};

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
            let stat = store.stat(&at(&path), Freshness::Recent).unwrap();
            assert_eq!(stat.metadata.size, bytes.len() as u64, "{path}");
            assert!(stat.metadata.modified.is_some() && stat.etag.is_some(), "{path}");
        }
        // A store of its own remembers no writes: what it lists, the bucket told.
        let fresh = crate::store_cos::store(&bucket);
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
    store
        .put_object(&at("pieces"), &Body::new(&pieces, &Cancel::new()), &Expected::Anything)
        .unwrap();
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
    assert_eq!(kind(right.stat(&at("f"), Freshness::Recent)), ErrorKind::NotFound);
    assert_eq!(rgw.s3_list(&bucket, ""), ["left side/d/g", "left/f"]);
    left.delete_object(&at("f")).unwrap();
    assert!(names(&left, "/").is_empty());
    for bad in ["left", "/left/"] {
        let refused = buckets.open(CosOptions { prefix: bad.into(), ..options(&bucket) });
        assert_eq!(kind(refused), ErrorKind::BadName);
    }
}

#[test]
fn connections_are_used_again() {
    let bucket = Rgw::shared().new_bucket();
    let (endpoint, connections) = counting_forwarder(Rgw::shared().endpoint());
    let store = CosStore::connect(CosOptions { endpoint, ..options(&bucket) }).unwrap();
    put(&store, "d/f", &noise(MIB));
    put(&store, "empty", b"");
    read(&store, "d/f", ByteRange::from(5)).unwrap();
    assert_eq!(kind(store.stat(&at("none"), Freshness::Recent)), ErrorKind::NotFound);
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
                    let _ = to.shutdown(Shutdown::Write);
                });
            }
        }
    });
    (address, count)
}
