//! `cos_download_domain`: objects are read there, and everything else goes to the endpoint.

use cos_ftp_server::store::cos::{CosOptions, CosStore, DownloadDomain, Scheme};
use cos_ftp_server::store::{ByteRange, FileTree, Freshness};

use crate::store_cos::{at, in_front, names, noise, options, put, read};
use crate::support::rgw::Rgw;
use crate::support::scripted::{Scripted, answer};

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
