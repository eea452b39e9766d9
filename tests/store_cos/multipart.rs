//! Uploads in parts.

use cos_ftp_server::store::cos::CosStore;
use cos_ftp_server::store::{
    Body, Cancel, CopySource, ETag, ErrorKind, Expected, FileTree, Freshness, Multipart,
    MultipartUpload, PartPlace, PartReceipt,
};

use crate::store_cos::rgw::Rgw;
use crate::store_cos::{MIB, at, kind, noise, put, store};

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

    let stored = store.complete_multipart_upload(&upload, &parts, &Expected::Anything).unwrap();
    assert!(rgw.s3_get(&bucket, "d/大 file+.bin") == bytes);
    assert_eq!(store.stat(&at("d/大 file+.bin"), Freshness::Recent).unwrap().etag, stored.etag);
    assert!(rgw.s3_list_uploads(&bucket).is_empty());
}

#[test]
fn an_aborted_upload_leaves_nothing_behind() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    put(&store, "f", b"earlier");
    let upload = store.create_multipart_upload(&at("f")).unwrap();
    part(&store, &upload, 1, &noise(100));
    store.abort_multipart_upload(&upload).unwrap();
    assert!(rgw.s3_list_uploads(&bucket).is_empty());
    assert_eq!(rgw.s3_get(&bucket, "f"), b"earlier");
    store.abort_multipart_upload(&upload).unwrap();
    assert_eq!(rgw.s3_get(&bucket, "f"), b"earlier");
}

#[test]
fn an_object_is_continued_from_a_copied_range() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let store = store(&bucket);
    let old = noise(6 * MIB + 5);
    put(&store, "a+b 中", &old);
    let etag = store.stat(&at("a+b 中"), Freshness::Recent).unwrap().etag;
    let upload = store.create_multipart_upload(&at("a+b 中")).unwrap();
    let copy = |etag: Option<ETag>| {
        let source = CopySource { first: 1, end: 5 * MIB as u64 + 4, etag };
        store.upload_part_copy(&upload, PartPlace { number: 1, offset: 0 }, &source)
    };
    assert_eq!(kind(copy(Some(ETag("\"other\"".into())))), ErrorKind::PreconditionFailed);
    let parts = [copy(etag).unwrap(), part(&store, &upload, 2, b"the new end")];
    assert_eq!(parts[0].size, 5 * MIB as u64 + 3);
    store.complete_multipart_upload(&upload, &parts, &Expected::Anything).unwrap();
    let expected = [&old[1..5 * MIB + 4], b"the new end"].concat();
    assert!(rgw.s3_get(&bucket, "a+b 中") == expected);
}
