//! Uploads in parts, part copies among them. Sizes follow the store's smallest part.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cos_ftp_server::store::{
    Body, ByteRange, Cancel, CopySource, ErrorKind, Expected, Freshness, MultipartUpload,
    PartPlace, PartReceipt, Result,
};

use super::{Case, Subject, kind, pattern};

pub(super) const CASES: &[Case] = &[
    ("parts may come at once and in any order", parts_may_come_in_any_order),
    ("a part sent again replaces the first", a_part_sent_again_replaces_the_first),
    ("one small part is an upload", one_small_part_is_an_upload),
    ("nothing is visible before complete", nothing_is_visible_before_complete),
    ("complete replaces at once", complete_replaces_at_once),
    ("uploads to one name do not mix", uploads_to_one_name_do_not_mix),
    ("abort leaves the earlier file", abort_leaves_the_earlier_file),
    ("an aborted upload is gone", an_aborted_upload_is_gone),
    ("a cancelled part may be sent again", a_cancelled_part_may_be_sent_again),
    ("a copied part and a new one append", a_copied_part_and_a_new_one_append),
    ("a copied range and a new part resume", a_copied_range_and_a_new_part_resume),
    ("a copy of another version is refused", a_copy_of_another_version_is_refused),
];

fn begin(subject: &Subject<'_>, name: &str) -> MultipartUpload {
    subject.store.create_multipart_upload(&subject.at(name)).unwrap()
}

fn send(
    subject: &Subject<'_>,
    upload: &MultipartUpload,
    number: u32,
    offset: u64,
    bytes: &[u8],
) -> PartReceipt {
    let receipt = try_send(subject, upload, PartPlace { number, offset }, bytes, &Cancel::new());
    let receipt = receipt.unwrap();
    assert_eq!((receipt.number, receipt.size), (number, bytes.len() as u64));
    receipt
}

fn try_send(
    subject: &Subject<'_>,
    upload: &MultipartUpload,
    part: PartPlace,
    bytes: &[u8],
    cancel: &Cancel,
) -> Result<PartReceipt> {
    let (first, second) = bytes.split_at(bytes.len() / 3);
    subject.store.upload_part(upload, part, &Body::new(&[first, second], cancel))
}

fn complete(subject: &Subject<'_>, upload: &MultipartUpload, parts: &[PartReceipt]) {
    let stored =
        subject.store.complete_multipart_upload(upload, parts, &Expected::Anything).unwrap();
    let stat = subject.store.stat(&upload.path, Freshness::Recent).unwrap();
    assert!(stored.etag.is_none() || stored.etag == stat.etag, "the version completed");
}

fn parts_may_come_in_any_order(subject: &Subject<'_>) {
    let part = subject.store.part_limits().min_part;
    let bytes = &pattern(10, 2 * part + 1234);
    let (head, last) = bytes.split_at(2 * part as usize);
    let (first, second) = head.split_at(part as usize);
    let upload = &begin(subject, "file");
    let third = send(subject, upload, 3, 2 * part, last);
    let (one, two) = thread::scope(|scope| {
        let two = scope.spawn(|| send(subject, upload, 2, part, second));
        let one = send(subject, upload, 1, 0, first);
        (one, two.join().unwrap())
    });
    complete(subject, upload, &[one, two, third]);
    subject.assert_holds("file", bytes);
}

fn a_part_sent_again_replaces_the_first(subject: &Subject<'_>) {
    let part = subject.store.part_limits().min_part;
    let (good, bad) = (pattern(11, part + 500), pattern(12, part + 9000));
    let upload = &begin(subject, "file");
    send(subject, upload, 1, 0, &bad);
    let one = send(subject, upload, 1, 0, &good[..part as usize]);
    send(subject, upload, 2, part, &bad[..9000]);
    let two = send(subject, upload, 2, part, &good[part as usize..]);
    complete(subject, upload, &[one, two]);
    subject.assert_holds("file", &good);
}

fn one_small_part_is_an_upload(subject: &Subject<'_>) {
    let upload = &begin(subject, "deep/down/file");
    let one = send(subject, upload, 1, 0, b"small");
    complete(subject, upload, &[one]);
    subject.assert_holds("deep/down/file", b"small");
}

fn nothing_is_visible_before_complete(subject: &Subject<'_>) {
    let upload = &begin(subject, "file");
    let one = send(subject, upload, 1, 0, b"bytes");
    subject.assert_absent("file");
    assert_eq!(subject.list("."), []);
    complete(subject, upload, &[one]);
    assert_eq!(subject.list(".").len(), 1);
}

fn complete_replaces_at_once(subject: &Subject<'_>) {
    let (old, new) = (pattern(13, 200_000), pattern(14, 300_000));
    subject.put("file", &old);
    let mut held =
        subject.store.get_object(&subject.at("file"), ByteRange::from(0), None).unwrap().body;
    let upload = &begin(subject, "file");
    let one = send(subject, upload, 1, 0, &new);
    subject.assert_holds("file", &old);
    let done = AtomicBool::new(false);
    let mixed = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut mixed = 0;
            while !done.load(Ordering::Acquire) {
                let seen = subject.read("file");
                mixed += usize::from(seen != old && seen != new);
            }
            mixed
        });
        complete(subject, upload, &[one]);
        done.store(true, Ordering::Release);
        reader.join().unwrap()
    });
    assert_eq!(mixed, 0, "readings that were neither the old file nor the new");
    subject.assert_holds("file", &new);
    let mut seen = Vec::new();
    // A store may end a reading of what is no more with an error, but not with other bytes.
    let _ = held.read_to_end(&mut seen);
    assert!(old.starts_with(&seen), "a reading begun on the old file went on in another");
}

fn uploads_to_one_name_do_not_mix(subject: &Subject<'_>) {
    let (one, two) = (&begin(subject, "file"), &begin(subject, "file"));
    assert_ne!(one.upload_id, two.upload_id);
    let first = send(subject, one, 1, 0, b"of the first");
    let second = send(subject, two, 1, 0, b"of the second");
    complete(subject, one, &[first]);
    subject.assert_holds("file", b"of the first");
    complete(subject, two, &[second]);
    subject.assert_holds("file", b"of the second");
}

fn abort_leaves_the_earlier_file(subject: &Subject<'_>) {
    subject.put("old", b"as it was");
    for name in ["old", "new"] {
        let upload = &begin(subject, name);
        send(subject, upload, 1, 0, b"never to be seen");
        subject.store.abort_multipart_upload(upload).unwrap();
    }
    subject.assert_holds("old", b"as it was");
    subject.assert_absent("new");
}

fn an_aborted_upload_is_gone(subject: &Subject<'_>) {
    let upload = &begin(subject, "file");
    let one = send(subject, upload, 1, 0, b"bytes");
    subject.store.abort_multipart_upload(upload).unwrap();
    subject.store.abort_multipart_upload(upload).unwrap();
    let part = PartPlace { number: 2, offset: 5 };
    // What the error is called is the store's affair.
    kind(try_send(subject, upload, part, b"more", &Cancel::new()));
    kind(subject.store.complete_multipart_upload(upload, &[one], &Expected::Anything));
    subject.assert_absent("file");
}

fn a_cancelled_part_may_be_sent_again(subject: &Subject<'_>) {
    let upload = &begin(subject, "file");
    let part = PartPlace { number: 1, offset: 0 };
    let cancel = Cancel::new();
    cancel.raise();
    let answer = try_send(subject, upload, part, b"nobody wants this", &cancel);
    assert_eq!(kind(answer), ErrorKind::Cancelled);
    let one = send(subject, upload, 1, 0, b"wanted");
    complete(subject, upload, &[one]);
    subject.assert_holds("file", b"wanted");
}

fn a_copied_part_and_a_new_one_append(subject: &Subject<'_>) {
    let part = subject.store.part_limits().min_part;
    copy_then_add(subject, part + 17, &[part + 17]);
}

fn a_copied_range_and_a_new_part_resume(subject: &Subject<'_>) {
    let part = subject.store.part_limits().min_part;
    copy_then_add(subject, 3 * part, &[part, part + 1]);
}

/// Keeps the beginning of a file of `size` bytes, cut into copies of `cuts` bytes, and puts new
/// bytes behind it.
fn copy_then_add(subject: &Subject<'_>, size: u64, cuts: &[u64]) {
    let old = pattern(15, size);
    subject.put("file", &old);
    let etag = subject.store.stat(&subject.at("file"), Freshness::Recent).unwrap().etag;
    let upload = &begin(subject, "file");
    let mut parts = Vec::new();
    let mut kept = 0;
    for (number, cut) in (1..).zip(cuts) {
        let source = CopySource { first: kept, end: kept + cut, etag: etag.clone() };
        let place = PartPlace { number, offset: kept };
        let part = subject.store.upload_part_copy(upload, place, &source).unwrap();
        assert_eq!((part.number, part.size), (number, *cut));
        parts.push(part);
        kept += cut;
    }
    parts.push(send(subject, upload, cuts.len() as u32 + 1, kept, b"the new end"));
    subject.assert_holds("file", &old);
    complete(subject, upload, &parts);
    let expected = [&old[..kept as usize], b"the new end"].concat();
    subject.assert_holds("file", &expected);
}

fn a_copy_of_another_version_is_refused(subject: &Subject<'_>) {
    let part = subject.store.part_limits().min_part;
    subject.put("file", &pattern(16, part));
    let etag = subject.store.stat(&subject.at("file"), Freshness::Recent).unwrap().etag;
    let upload = &begin(subject, "file");
    subject.put("file", &pattern(17, part));
    let source = CopySource { first: 0, end: part, etag };
    let place = PartPlace { number: 1, offset: 0 };
    let answer = subject.store.upload_part_copy(upload, place, &source);
    assert_eq!(kind(answer), ErrorKind::PreconditionFailed);
    subject.store.abort_multipart_upload(upload).unwrap();
    subject.assert_holds("file", &pattern(17, part));
}
