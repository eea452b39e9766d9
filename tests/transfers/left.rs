//! What clients left in order, while its store does not answer, and where there is too much of it.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cos_ftp_server::store::{
    Body, Cancel, ErrorKind, Expected, FileTree, Multipart, MultipartUpload, NewerUpload,
    ObjectStore, Operation, ParkedUpload, PartPlace,
};
use cos_ftp_server::transfer::{LeftUpload, LeftUploads};
use cos_ftp_server::vfs::FtpPath;

use super::bench::PATIENCE;
use super::left_logs::LeftLogs;
use super::store::{Event, S3_LIMITS, ScriptedStore};

/// So many wait at most.
const MOST: usize = 10_000;

const HOUR: Duration = Duration::from_secs(3600);

fn left_in(store: &ScriptedStore, upload: MultipartUpload) -> LeftUpload {
    let store: Arc<dyn ObjectStore> = Arc::new(store.clone());
    let (seen, marker, witness) = (None, None, None);
    LeftUpload { store, upload, bytes: 4, seen, keeps_old: false, marker, witness }
}

/// One that is parked.
fn leave(store: &ScriptedStore, name: &str) -> LeftUpload {
    let upload = store.create_multipart_upload(&FtpPath::root().child(name).unwrap()).unwrap();
    let (place, cancel) = (PartPlace { number: 1, offset: 0 }, Cancel::new());
    let part = store.upload_part(&upload, place, &Body::new(&[b"left"], &cancel)).unwrap();
    let begun = store.now();
    let parked = ParkedUpload { upload, parts: vec![part], lost: 0, begun };
    left_in(store, store.park_multipart_upload(&parked).unwrap())
}

/// One that was ended otherwise.
fn ended(store: &ScriptedStore, number: usize) -> LeftUpload {
    let path = FtpPath::root().child("ended").unwrap();
    left_in(store, MultipartUpload { path, upload_id: format!("ended-{number}") })
}

fn is_published(store: &ScriptedStore, name: &str) -> bool {
    store.read(&format!("/{name}")).is_some()
}

#[test]
fn of_too_many_the_next_is_published_early_and_held_until_then() {
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
    let first = leave(&store, "first");
    let id = first.upload.upload_id.clone();
    assert!(left.add(first, HOUR).is_none());
    for number in 1..MOST {
        assert!(left.add(ended(&store, number), 2 * HOUR).is_none(), "{number}");
    }
    let (next, another) = (left.add(ended(&store, 0), 2 * HOUR), leave(&store, "another"));
    // Nobody drops what is tried just now, by whomever.
    let other_id = another.upload.upload_id.clone();
    let other = left.add(another, HOUR);
    assert!(left.holds(&id) && left.holds(&other_id));
    // While its store is away it waits longer than others may.
    store.script(Operation::ListParts, 1, Event::Fail(ErrorKind::Unavailable));
    left.publish_early(next.expect("one too many"));
    assert!(left.holds(&id) && !is_published(&store, "first"));
    left.publish_early(other.expect("one too many"));
    assert_eq!((left.holds(&other_id), store.calls(Operation::ListParts)), (true, 1));
    // Whoever ends asks each store once more.
    left.close();
    for _ in 0..2 {
        assert!(left.publish_last(left.take().expect("one that waits")));
    }
    assert!(is_published(&store, "first") && is_published(&store, "another"));
    assert!(!left.holds(&id) && !left.holds(&other_id));
}

#[test]
fn whoever_waits_for_the_next_hears_of_what_waits_for_its_store() {
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(Some(PAUSE)));
    assert!(left.add(leave(&store, "file"), HOUR).is_none());
    let due = left.take().expect("one that waits");
    store.script(Operation::ListParts, 1, Event::Fail(ErrorKind::Unavailable));
    let (telling, told) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            telling.send(()).unwrap();
            let due = left.wait_for_due();
            due.into_iter().for_each(|due| left.publish(due));
            telling.send(()).unwrap();
        });
        told.recv().unwrap();
        left.publish_early(due);
        let outcome = told.recv_timeout(PATIENCE);
        left.close();
        outcome.expect("it is tried again");
    });
    assert!(is_published(&store, "file"));
}

#[test]
fn what_is_given_up_is_dropped_once_the_store_takes_that() {
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(Some(PAUSE)));
    assert!(left.add(leave(&store, "file"), Duration::ZERO).is_none());
    let path = FtpPath::root().child("file").unwrap();
    let cancel = Cancel::new();
    store.put_object(&path, &Body::new(&[b"newer"], &cancel), &Expected::Anything).unwrap();
    store.script(Operation::AbortMultipartUpload, 1, Event::Fail(ErrorKind::Unavailable));
    for left_over in [1, 0] {
        left.publish(left.wait_for_due().expect("one that is due"));
        assert_eq!(store.unfinished(), left_over);
    }
    assert_eq!(store.read("/file").as_deref(), Some(&b"newer"[..]));
}

#[test]
fn what_is_given_up_does_not_come_back_when_the_newer_file_is_renamed() {
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
    assert!(left.add(leave(&store, "file"), HOUR).is_none());
    let path = FtpPath::root().child("file").unwrap();
    let cancel = Cancel::new();
    store.put_object(&path, &Body::new(&[b"newer"], &cancel), &Expected::Anything).unwrap();
    store.script(Operation::AbortMultipartUpload, 1, Event::Fail(ErrorKind::Unavailable));
    left.publish(left.take().expect("one that waits"));
    assert_eq!(store.unfinished(), 1);
    store.remove("/file");
    left.close();
    assert!(left.publish_last(left.take().expect("one that is to be dropped")));
    assert_eq!((store.unfinished(), is_published(&store, "file")), (0, false));
}

#[test]
fn a_newer_one_that_broke_off_between_two_looks_is_waited_for() {
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
    store.change_look(2, |_, newer| {
        newer.push(NewerUpload { upload_id: "newer".to_owned(), bytes: 9 });
    });
    assert!(left.add(leave(&store, "file"), HOUR).is_none());
    left.publish(left.take().expect("one that waits"));
    assert!(!is_published(&store, "file"));
    left.publish(left.take().expect("it waits on"));
    assert!(is_published(&store, "file"));
}

#[test]
fn other_parts_are_those_of_somebody_who_goes_on() {
    let logs = LeftLogs::of("other-parts");
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
    store.change_look(2, |parked, _| parked.parts[0].etag.0.push_str("other"));
    assert!(left.add(leave(&store, "other-parts"), HOUR).is_none());
    assert!(left.publish_last(left.take().expect("one that waits")));
    assert!(!is_published(&store, "other-parts"));
    let told = logs.told();
    assert!(told.contains("as somebody goes on with them") && !told.contains("newer"), "{told}");
}

/// One is left in `store` as `name`, with a marker.
fn leave_marked(store: &ScriptedStore, left: &LeftUploads, name: &str) {
    let marker = FtpPath::root().child(&format!("{name}.ok")).unwrap();
    store.write(marker.as_str(), b"");
    let upload = LeftUpload { marker: Some(marker), ..leave(store, name) };
    assert!(left.add(upload, HOUR).is_none());
}

#[test]
fn a_marker_that_may_lie_is_named_whoever_asks_first_what_became_of_the_file() {
    // The store puts it together without a word; then this happens before, or at, the next look.
    let forgotten: fn(&ScriptedStore) = ScriptedStore::forget_parked;
    let away: fn(&ScriptedStore) =
        |store| store.script(Operation::HeadObject, 1, Event::Fail(ErrorKind::Unavailable));
    let replaced: fn(&ScriptedStore) = |store| {
        store.forget_parked();
        store.write("/doubt-replaced", b"whole");
    };
    for (name, happens, is_named) in [
        ("doubt-forgotten", forgotten, true),
        ("doubt-away", away, true),
        // What has another size is not what was left.
        ("doubt-replaced", replaced, false),
    ] {
        let logs = LeftLogs::of(name);
        let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
        leave_marked(&store, &left, name);
        store.script(Operation::CompleteMultipartUpload, 1, Event::LoseAnswer);
        left.publish(left.take().expect("one that waits"));
        happens(&store);
        left.close();
        assert!(left.publish_last(left.take().expect("one in doubt")), "{name}");
        let told = logs.told();
        assert!(is_published(&store, name), "{told}");
        assert_eq!(told.contains(&format!("{name}.ok stays")), is_named, "{told}");
    }
}

#[test]
fn a_marker_that_may_lie_is_named_where_nothing_looks_again() {
    let lost = Event::LoseAnswer;
    // What was not sent is not in doubt.
    let unsent = Event::FailBefore(Operation::HeadObject);
    for (name, event, is_named) in [("last-lost", lost, true), ("last-unsent", unsent, false)] {
        let logs = LeftLogs::of(name);
        let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
        leave_marked(&store, &left, name);
        store.script(Operation::CompleteMultipartUpload, 1, event);
        left.close();
        assert!(!left.publish_last(left.take().expect("one that waits")), "{name}");
        let told = logs.told();
        assert_eq!(told.contains(&format!("{name}.ok may stay")), is_named, "{told}");
    }
}

#[test]
fn what_is_gone_is_told_though_the_store_does_not_say_what_stands_there() {
    let logs = LeftLogs::of("gone-away");
    let (store, left) = (ScriptedStore::new(S3_LIMITS), LeftUploads::new(None));
    let upload = leave(&store, "gone-away");
    store.drop_upload(&upload.upload);
    assert!(left.add(upload, HOUR).is_none());
    store.script(Operation::HeadObject, 1, Event::Fail(ErrorKind::Unavailable));
    left.publish(left.take().expect("one that waits"));
    let told = logs.told();
    assert!(told.contains("4 bytes that were left are gone"), "{told}");
}

#[test]
fn at_the_end_stores_that_do_not_answer_come_last() {
    let [away, there] = ["away", "there"].map(|name| ScriptedStore::called(name, S3_LIMITS));
    let left = LeftUploads::new(None);
    for (store, name) in [(&away, "first"), (&away, "second"), (&there, "third")] {
        assert!(left.add(leave(store, name), HOUR).is_none());
    }
    away.script(Operation::ListParts, 1, Event::Fail(ErrorKind::Unavailable));
    left.publish(left.take().expect("one that waits"));
    left.close();
    let order: Vec<_> = std::iter::from_fn(|| left.take()).collect();
    let last: Vec<_> = order
        .into_iter()
        .map(|due| {
            assert!(left.publish_last(due));
            (is_published(&there, "third"), is_published(&away, "second"))
        })
        .collect();
    assert_eq!(last, [(true, false), (true, false), (true, true)]);
}

/// Half of it is how long a store is not asked again.
const PAUSE: Duration = Duration::from_secs(3);

#[test]
fn a_store_that_is_away_keeps_nobody_elses_uploads() {
    let [away, there] = ["away", "there"].map(|name| ScriptedStore::called(name, S3_LIMITS));
    for closes in [false, true] {
        let left = LeftUploads::new(Some(PAUSE));
        for (store, name) in [(&away, "first"), (&away, "second"), (&there, "third")] {
            assert!(left.add(leave(store, &format!("{name}-{closes}")), Duration::ZERO).is_none());
        }
        let asked = away.calls(Operation::ListParts);
        away.script(Operation::ListParts, asked + 1, Event::Fail(ErrorKind::Unavailable));
        if closes {
            left.close();
            let told: Vec<_> =
                std::iter::from_fn(|| left.take()).map(|due| left.publish_last(due)).collect();
            assert_eq!(told, [false, false, true]);
        } else {
            (0..3).for_each(|_| left.publish(left.wait_for_due().expect("one that is due")));
        }
        assert_eq!(away.calls(Operation::ListParts), asked + 1);
        assert!(is_published(&there, &format!("third-{closes}")));
        if !closes {
            // The one that failed comes last: it may be the only one that does.
            left.publish(left.wait_for_due().expect("one that is due"));
            assert!(is_published(&away, "second-false") && !is_published(&away, "first-false"));
            left.publish(left.wait_for_due().expect("one that is due"));
            assert!(is_published(&away, "first-false"));
        }
    }
}
