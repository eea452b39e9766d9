//! What is published after its time, beside a newer upload of its name.

use cos_ftp_server::store::cos::{CosOptions, CosStore};
use cos_ftp_server::store::{
    Body, Cancel, Expected, FileTree, Freshness, Multipart, MultipartUpload, ObjectStore,
    OwnUploadState, ParkedUpload, PartPlace,
};
use time::{Duration, OffsetDateTime};

use crate::store_cos::{at, options, store};
use crate::support::injector::{Fault, Injector, Request, Rule};
use crate::support::rgw::Rgw;

/// So many are remembered.
const NOTES: usize = 10_000;

/// An upload that was `begun` then, and is parked.
fn park(store: &CosStore, begun: OffsetDateTime) -> ParkedUpload {
    let upload = store.create_multipart_upload(&at("file")).unwrap();
    let (place, cancel) = (PartPlace { number: 1, offset: 0 }, Cancel::new());
    let bytes = begun.unix_timestamp().to_string();
    let part = store.upload_part(&upload, place, &Body::new(&[bytes.as_bytes()], &cancel)).unwrap();
    let parked = ParkedUpload { upload, parts: vec![part], lost: 0, begun };
    assert_eq!(store.park_multipart_upload(&parked), Some(parked.upload.clone()));
    parked
}

/// One that is gone on with.
fn resume(store: &CosStore, begun: OffsetDateTime) -> (MultipartUpload, ParkedUpload) {
    let parked = park(store, begun);
    (store.resume_own_parked(&parked.upload).unwrap(), parked)
}

/// Its client was told of no file, and what is older was published before it went on.
#[test]
fn what_was_published_late_does_not_keep_a_newer_upload_from_the_name() {
    let rgw = Rgw::shared();
    let bucket = rgw.new_bucket();
    let (store, seen) = (store(&bucket), Expected::Seen(None));
    for (by_others, admitted) in [(None, true), (Some(b"by somebody else"), false)] {
        let now = store.now();
        let (left, older) = resume(&store, now - Duration::seconds(2));
        let (resumed, newer) = resume(&store, now - Duration::seconds(1));
        let since = Expected::NothingSince(older.begun);
        store.complete_multipart_upload(&left, &older.parts, &since).unwrap();
        if let Some(bytes) = by_others {
            rgw.s3_put(&bucket, "file", bytes);
        }
        let stored = store.complete_multipart_upload(&resumed, &newer.parts, &seen);
        assert_eq!(stored.is_ok(), admitted, "{stored:?}");
        let ours = newer.begun.unix_timestamp().to_string().into_bytes();
        assert_eq!(rgw.s3_get(&bucket, "file"), by_others.map_or(ours, |bytes| bytes.to_vec()));
        store.delete_object(&at("file")).unwrap();
    }
    assert_eq!(rgw.s3_list_uploads(&bucket), ["file"]);
}

/// What was left and refused its name, whoever has asked for it before.
#[test]
fn what_the_bucket_does_not_drop_is_offered_to_nobody() {
    let rgw = Rgw::shared();
    let (bucket, injector) = (rgw.new_bucket(), Injector::before(rgw.endpoint()));
    let mut through = CosOptions { endpoint: injector.endpoint(), ..options(&bucket) };
    through.timeouts.retry_total = std::time::Duration::from_millis(100);
    let store = CosStore::connect(through).unwrap();
    let (left, parked) = resume(&store, store.now());
    injector.inject(Rule::new(Request::AbortMultipartUpload, Fault::Refuse(503, "SlowDown")));
    store.give_up_multipart_upload(&left, parked.begun).unwrap_err();
    for freshness in [Freshness::Recent, Freshness::Now] {
        assert!(store.find_parked_upload(&at("file"), freshness).unwrap().is_none());
    }
    assert!(matches!(store.own_parked_upload(&left), Ok(OwnUploadState::Dropped)));
    assert!(store.resume_own_parked(&left).is_none());
    assert_eq!(rgw.s3_list_uploads(&bucket), ["file"]);
    injector.heal();
    store.give_up_multipart_upload(&left, parked.begun).unwrap();
    assert_eq!(rgw.s3_list_uploads(&bucket), [""; 0]);
}

#[test]
fn the_bucket_tells_of_what_is_remembered_no_more() {
    let bucket = Rgw::shared().new_bucket();
    let store = store(&bucket);
    let parked = park(&store, store.now());
    for number in 0..NOTES {
        let upload = MultipartUpload { path: at(&number.to_string()), ..parked.upload.clone() };
        store.park_multipart_upload(&ParkedUpload { upload, ..parked.clone() }).unwrap();
    }
    let state = store.own_parked_upload(&parked.upload).unwrap();
    let OwnUploadState::Waits(found, newer) = state else { panic!("{state:?}") };
    assert_eq!((&found.upload, found.bytes(), newer), (&parked.upload, parked.bytes(), Vec::new()));
    // And it is remembered once more.
    assert!(store.resume_own_parked(&parked.upload).is_some());
    Rgw::shared().s3_abort_upload(&bucket, "file");
    assert_eq!(store.own_parked_upload(&parked.upload).unwrap(), OwnUploadState::Taken);
}
