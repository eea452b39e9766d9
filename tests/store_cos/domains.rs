//! Which requests go to a domain beside the endpoint's: `cos_download_domain`, `cos_accelerate` and
//! `cos_backup_endpoint`.

use cos_ftp_server::store::cos::{CosOptions, CosStore, DownloadDomain, Scheme};
use cos_ftp_server::store::{
    Body, ByteRange, Cancel, CopySource, Expected, FileTree, Freshness, Multipart, PartPlace,
};

use crate::store_cos::{MIB, at, in_front, names, noise, options, put, read};
use crate::support::rgw::Rgw;
use crate::support::scripted::{Act, Scripted, Seen, answer, error};

#[test]
fn objects_are_read_from_their_own_domain_and_nothing_else_is_sent_there() {
    let bucket = Rgw::shared().new_bucket();
    let (endpoint, _) = in_front(&bucket, |_| None);
    let domain = Scripted::acting(|_| Some(answer("200 OK", "ETag: \"x\"\r\n", "of the domain")));
    let download_domain =
        DownloadDomain { scheme: Scheme::Http, authority: domain.endpoint.clone() };
    let options = CosOptions {
        endpoint: endpoint.endpoint.clone(),
        download_domain: Some(download_domain),
        ..options(&bucket)
    };
    let store = CosStore::connect(options).unwrap();
    let bytes = noise(1000);
    put(&store, "d/a b", &bytes);
    assert_eq!(read(&store, "d/a b", ByteRange::from(0)).unwrap(), b"of the domain");
    assert_eq!(names(&store, "d"), ["a b"]);
    assert_eq!(store.stat(&at("d/a b"), Freshness::Now).unwrap().metadata.size, 1000);
    store.rename(&at("d/a b"), &at("d/c")).unwrap();
    store.delete_object(&at("d/c")).unwrap();

    let seen = domain.seen();
    assert_eq!(seen.len(), 1);
    let head = &seen[0].head;
    // The key alone, for this host, signed.
    assert!(head.starts_with("get /d/a%20b http/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("\r\nhost: {}\r\n", domain.endpoint)), "{head}");
    assert!(head.contains("signedheaders=host;"), "{head}");
    let of_objects = |seen: &&crate::support::scripted::Seen| seen.head.starts_with("get /");
    let elsewhere = endpoint.seen();
    let reads = elsewhere.iter().filter(of_objects);
    assert!(reads.into_iter().all(|seen| seen.head.contains('?')), "only listings");
}

#[test]
fn what_carries_bytes_goes_over_the_acceleration_and_nothing_else() {
    let bucket = Rgw::shared().new_bucket();
    let (endpoint, _) = in_front(&bucket, |_| None);
    let (acceleration, _) = in_front(&bucket, |_| None);
    let options = CosOptions {
        endpoint: endpoint.endpoint.clone(),
        acceleration: Some(acceleration.endpoint.clone()),
        ..options(&bucket)
    };
    let store = CosStore::connect(options).unwrap();
    let (small, large) = (noise(1000), noise(6 * MIB));
    put(&store, "d/small", &small);
    let upload = store.create_multipart_upload(&at("d/large")).unwrap();
    let (first, never) = (PartPlace { number: 1, offset: 0 }, Cancel::new());
    let part = store.upload_part(&upload, first, &Body::new(&[&large], &never)).unwrap();
    let stored = store.complete_multipart_upload(&upload, &[part], &Expected::Anything).unwrap();
    assert!(read(&store, "d/large", ByteRange::from(0)).unwrap() == large);
    let longer = store.create_multipart_upload(&at("d/large")).unwrap();
    let source = CopySource { etag: stored.etag, first: 0, end: 5 * MIB as u64 };
    store.upload_part_copy(&longer, first, &source).unwrap();
    store.abort_multipart_upload(&longer).unwrap();
    assert_eq!(names(&store, "d"), ["large", "small"]);
    store.rename(&at("d/small"), &at("d/moved")).unwrap();
    store.delete_object(&at("d/moved")).unwrap();

    let accelerated = acceleration.seen();
    let lines: Vec<&str> =
        accelerated.iter().map(|seen| seen.head.split(" http/").next().unwrap()).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("put /") && lines[0].ends_with("d/small"), "{lines:?}");
    assert!(lines[1].starts_with("put /") && lines[1].contains("partnumber=1"), "{lines:?}");
    assert!(lines[2].starts_with("get /") && lines[2].ends_with("d/large"), "{lines:?}");
    let carries = |seen: &&Seen| !seen.body.is_empty() && !seen.head.starts_with("post");
    assert_eq!(endpoint.seen().iter().filter(carries).count(), 0);
}

#[test]
fn who_does_not_answer_twice_is_asked_elsewhere() {
    let bucket = Rgw::shared().new_bucket();
    let endpoint = Scripted::acting(|_| Some(Act::Hang));
    let (backup, _) = in_front(&bucket, |_| None);
    let options = CosOptions {
        endpoint: endpoint.endpoint.clone(),
        backup_endpoint: Some(backup.endpoint.clone()),
        ..options(&bucket)
    };
    let store = CosStore::connect(options).unwrap();
    put(&store, "d/a", b"content");
    assert_eq!(Rgw::shared().s3_get(&bucket, "d/a"), b"content");
    assert_eq!(endpoint.seen().len(), 2 * backup.seen().len(), "the endpoint is asked first");
    assert_eq!(names(&store, "d"), ["a"]);
}

#[test]
fn a_store_that_answers_is_not_left() {
    let bucket = Rgw::shared().new_bucket();
    let mut refusals = 0..3;
    let (endpoint, _) = in_front(&bucket, move |_| {
        refusals.next()?;
        let headers = "x-cos-request-id: N2Y\r\n";
        Some(answer("503 Service Unavailable", headers, &error("ServiceUnavailable")))
    });
    let (backup, _) = in_front(&bucket, |_| None);
    let options = CosOptions {
        endpoint: endpoint.endpoint.clone(),
        backup_endpoint: Some(backup.endpoint.clone()),
        ..options(&bucket)
    };
    put(&CosStore::connect(options).unwrap(), "a", b"content");
    assert_eq!(backup.seen().len(), 0);
    assert_eq!(Rgw::shared().s3_get(&bucket, "a"), b"content");
}
