//! What a directory keeps of parked uploads, seen past the server.

use std::fs;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;

use cos_ftp_server::store::local::{LocalOptions, LocalStore};
use cos_ftp_server::store::{
    Body, Cancel, Expected, FileTree, Freshness, Multipart, MultipartUpload, OwnUploadState,
    ParkedUpload, PartPlace,
};
use cos_ftp_server::vfs::FtpPath;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

/// Where what is not finished stands.
const WORK_DIRECTORY: &str = ".cos-ftp-server";

fn open(directory: &TempDir) -> LocalStore {
    LocalStore::open(&LocalOptions { root: directory.path().to_owned() }).unwrap()
}

fn file() -> FtpPath {
    FtpPath::root().join("file").unwrap()
}

fn place(directory: &TempDir, upload: &MultipartUpload) -> PathBuf {
    directory.path().join(WORK_DIRECTORY).join(&upload.upload_id)
}

/// Four bytes of an upload that was `begun` then.
fn begin(store: &LocalStore, begun: OffsetDateTime) -> ParkedUpload {
    let upload = store.create_multipart_upload(&file()).unwrap();
    let first = PartPlace { number: 1, offset: 0 };
    let part = store.upload_part(&upload, first, &Body::new(&[b"1234"], &Cancel::new())).unwrap();
    ParkedUpload { upload, parts: vec![part], lost: 0, begun }
}

fn park(store: &LocalStore, begun: OffsetDateTime) -> MultipartUpload {
    store.park_multipart_upload(&begin(store, begun)).unwrap()
}

/// Two processes serve the directory.
#[test]
fn who_goes_on_with_what_another_has_parked_is_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let (store, another) = (open(&directory), open(&directory));
    let now = OffsetDateTime::now_utc();
    let older = park(&store, now - Duration::seconds(2));
    let newer = park(&another, now);
    let found = store.find_parked_upload(&file(), Freshness::Now).unwrap().unwrap();
    assert_eq!(found.upload, newer);
    let resumed = store.resume_multipart_upload(&found.upload, found.begun).unwrap();
    // Nobody is offered the older one meanwhile.
    assert_eq!(store.find_parked_upload(&file(), Freshness::Now).unwrap(), None);
    assert_eq!(store.own_parked_upload(&older).unwrap(), OwnUploadState::GivesWay);
    // It is parked again under the name by which the other process knows it.
    let again = ParkedUpload { upload: resumed, ..found };
    assert_eq!(store.park_multipart_upload(&again), Some(newer.clone()));
    // What is gone was never gone on with.
    fs::remove_file(place(&directory, &newer)).unwrap();
    assert_eq!(store.resume_multipart_upload(&newer, now), None);
    store.abort_multipart_upload(&newer).unwrap();
    assert_eq!(store.resume_multipart_upload(&newer, now), None);
    assert!(store.find_parked_upload(&file(), Freshness::Now).unwrap().is_some());
}

/// Its client was told of no file, and what is older was published before it went on.
#[test]
fn what_was_published_late_does_not_keep_a_newer_upload_from_the_name() {
    let directory = tempfile::tempdir().unwrap();
    let (store, now) = (open(&directory), OffsetDateTime::now_utc());
    for (is_ours, admitted) in [(true, true), (false, false)] {
        let [older, newer] = [2, 1].map(|ago| begin(&store, now - Duration::seconds(ago)));
        let resume = |upload: &ParkedUpload| {
            let parked = store.park_multipart_upload(upload).unwrap();
            store.resume_own_parked(&parked).unwrap()
        };
        let [left, resumed] = [&older, &newer].map(resume);
        let since = Expected::NothingSince(older.begun);
        store.complete_multipart_upload(&left, &older.parts, &since).unwrap();
        if !is_ours {
            fs::write(directory.path().join("file"), "by somebody else").unwrap();
        }
        let seen = Expected::Seen(None);
        let stored = store.complete_multipart_upload(&resumed, &newer.parts, &seen);
        assert_eq!(stored.is_ok(), admitted, "{stored:?}");
        store.delete_object(&file()).unwrap();
    }
}

/// Of three that are parked, the place of the second is taken by something that cannot be removed.
/// What `drops` them all leaves that one alone.
fn expect_the_others_dropped(drops: impl FnOnce(&LocalStore)) {
    let directory = tempfile::tempdir().unwrap();
    let (store, now) = (open(&directory), OffsetDateTime::now_utc());
    let parked = [1, 2, 3].map(|second| park(&store, now - Duration::seconds(second)));
    fs::remove_file(place(&directory, &parked[1])).unwrap();
    fs::create_dir(place(&directory, &parked[1])).unwrap();
    drops(&store);
    let is_there = parked.map(|upload| place(&directory, &upload).exists());
    assert_eq!(is_there, [false, true, false]);
}

#[test]
fn a_file_is_stored_also_where_what_was_parked_cannot_be_removed() {
    expect_the_others_dropped(|store| {
        let cancel = Cancel::new();
        store.put_object(&file(), &Body::new(&[b"whole"], &cancel), &Expected::Anything).unwrap();
    });
}

#[test]
fn all_are_dropped_also_where_one_cannot_be() {
    expect_the_others_dropped(|store| {
        store.drop_own_parked(&file(), &|_| false).unwrap_err();
    });
}

/// DELE and the client that comes back.
#[test]
fn what_is_dropped_is_not_gone_on_with_at_that_moment() {
    let directory = tempfile::tempdir().unwrap();
    let (store, begun) = (open(&directory), OffsetDateTime::now_utc());
    for _ in 0..100 {
        let (parked, both) = (park(&store, begun), Barrier::new(2));
        let (dropped, resumed) = thread::scope(|scope| {
            let dropping = scope.spawn(|| {
                both.wait();
                store.drop_own_parked(&file(), &|_| false).unwrap()
            });
            both.wait();
            let resumed = store.resume_multipart_upload(&parked, begun);
            (dropping.join().unwrap(), resumed)
        });
        assert_eq!(dropped + usize::from(resumed.is_some()), 1, "{resumed:?}");
        resumed.into_iter().for_each(|upload| store.abort_multipart_upload(&upload).unwrap());
    }
}

#[test]
fn nothing_gives_way_to_what_could_not_be_parked_again() {
    let directory = tempfile::tempdir().unwrap();
    let (store, now) = (open(&directory), OffsetDateTime::now_utc());
    let older = park(&store, now - Duration::seconds(1));
    let newer = begin(&store, now);
    let parked = store.park_multipart_upload(&newer).unwrap();
    let upload = store.resume_own_parked(&parked).unwrap();
    assert_eq!(store.own_parked_upload(&older).unwrap(), OwnUploadState::GivesWay);
    fs::remove_file(place(&directory, &upload)).unwrap();
    assert_eq!(store.park_multipart_upload(&ParkedUpload { upload, ..newer }), None);
    match store.own_parked_upload(&older).unwrap() {
        OwnUploadState::Waits(found, newer) => {
            assert_eq!((found.upload, newer), (older, Vec::new()));
        }
        other => panic!("{other:?}"),
    }
}
