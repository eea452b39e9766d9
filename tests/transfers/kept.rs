//! Append and resume: the new object is the kept bytes of the old one, then what was sent.

use std::thread;

use cos_ftp_server::limits;
use cos_ftp_server::store::{ErrorKind, Operation, PartLimits};
use cos_ftp_server::transfer::{
    Conversion, Kept, PartialUpload, TransferError, TransferOptions, Verdict, WriteMode,
};

use crate::transfers::answers::{AnswerScript, Breaks, FAIR};
use crate::transfers::bench::{Bench, Client, Order, STOR, content};
use crate::transfers::store::{Event, S3_LIMITS, ScriptedStore};

const MIB: usize = 1 << 20;

pub(crate) fn bench_holding(bytes: &[u8], limits: PartLimits) -> Bench {
    let store = ScriptedStore::new(limits);
    store.write(STOR.path, bytes);
    let partial = PartialUpload::Keep;
    Bench::new(store, TransferOptions { partial, ..TransferOptions::default() })
}

pub(crate) fn begin(bench: &Bench, mode: WriteMode) -> Client {
    bench.upload(Order { mode, ..STOR })
}

pub(crate) fn stores(bench: &Bench, mode: WriteMode, new: &[u8], expected: &[u8]) {
    let mut client = begin(bench, mode);
    client.send(new);
    client.end_data();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Complete), "{mode:?}: {report:?}");
    assert_eq!(report.bytes, new.len() as u64);
    let stored = bench.store().read(STOR.path).unwrap();
    assert!(*stored == *expected, "{mode:?} of {} bytes", new.len());
    bench.assert_clean();
}

/// Sizes of old files: none, odd, around the smallest part and around blocks.
const OLD: [usize; 9] =
    [0, 1, 250_000, 262_144, 4_999_999, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 11 * MIB + 13];

/// Sizes of what is added: one byte, less than a part, several parts.
const NEW: [usize; 3] = [1, 3_333_333, 13_333_333];

#[test]
fn what_is_appended_stands_behind_what_was_there() {
    for old in OLD {
        for new in NEW {
            let (old, new) = (content(1, old), content(2, new));
            let bench = bench_holding(&old, S3_LIMITS);
            stores(&bench, WriteMode::Append, &new, &[&old[..], &new].concat());
            assert!(bench.store().calls(Operation::GetObject) <= 1, "a small head only");
        }
    }
}

#[test]
fn what_is_kept_is_copied_inside_the_store_when_it_can_be_a_part() {
    for (kept, copies, read) in [(5 * MIB - 1, 0, 1), (5 * MIB, 1, 0), (16 * MIB + 1, 3, 0)] {
        let limits = PartLimits { max_part: 8 * MIB as u64, ..S3_LIMITS };
        let bench = bench_holding(&content(1, kept), limits);
        stores(&bench, WriteMode::Append, b"x", &[&content(1, kept)[..], b"x"].concat());
        assert_eq!(bench.store().calls(Operation::UploadPartCopy), copies, "{kept}");
        assert_eq!(bench.store().calls(Operation::GetObject), read, "{kept}");
    }
}

#[test]
fn a_resumed_file_has_the_new_data_and_what_stood_behind_them() {
    let old = content(3, 11 * MIB + 5);
    for offset in [0, 1, 77, 262_145, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, old.len() - 1, old.len()] {
        let new = content(4, 6 * MIB + 1);
        let bench = bench_holding(&old, S3_LIMITS);
        // From its beginning it is replaced.
        let behind = old.get(offset + new.len()..).filter(|_| offset > 0).unwrap_or_default();
        let expected = [&old[..offset], &new, behind].concat();
        stores(&bench, WriteMode::ResumeAt(offset as u64), &new, &expected);
    }
}

#[test]
fn with_nothing_new_the_object_stays_as_it_is() {
    let old = content(5, 6 * MIB);
    for mode in [WriteMode::Append, WriteMode::ResumeAt(100), WriteMode::ResumeAt(old.len() as u64)]
    {
        let bench = bench_holding(&old, S3_LIMITS);
        stores(&bench, mode, b"", &old);
        assert_eq!(bench.store().calls(Operation::PutObject), 0, "{mode:?}");
        assert_eq!(bench.store().calls(Operation::CreateMultipartUpload), 0, "{mode:?}");
    }
}

#[test]
fn appending_to_nothing_makes_the_file() {
    for new in [0, 1, 6 * MIB] {
        let bench = Bench::new(ScriptedStore::new(S3_LIMITS), TransferOptions::default());
        stores(&bench, WriteMode::Append, &content(6, new), &content(6, new));
    }
}

#[test]
fn beyond_the_end_nothing_is_resumed() {
    let bench = bench_holding(b"seven b", S3_LIMITS);
    let refusal = begin(&bench, WriteMode::ResumeAt(8)).refusal();
    assert!(matches!(refusal, TransferError::BadRestart { size: 7 }), "{refusal:?}");
    let bench = Bench::new(ScriptedStore::new(S3_LIMITS), TransferOptions::default());
    let refusal = begin(&bench, WriteMode::ResumeAt(1)).refusal();
    assert!(matches!(refusal, TransferError::BadRestart { size: 0 }), "{refusal:?}");
}

#[test]
fn what_is_read_to_be_kept_waits_for_its_memory() {
    let store = ScriptedStore::new(S3_LIMITS);
    store.write(STOR.path, &content(10, 3 * MIB));
    // Room for one part, but for a byte.
    let options = TransferOptions { buffer_memory: 8 << 20, ..TransferOptions::default() };
    let bench = Bench::new(store, options);
    let held = bench.budget().try_borrow((8 << 20) - limits::UPLOAD_RESERVE_BYTES + 1).unwrap();
    let mut second = begin(&bench, WriteMode::Append);
    while !bench.budget().is_wanted() {
        thread::yield_now();
    }
    assert_eq!(bench.store().calls(Operation::GetObject), 0, "read before there was memory");
    drop(held);
    second.send(b"more");
    second.end_data();
    assert!(matches!(second.report().verdict, Verdict::Complete));
    let expected = [&content(10, 3 * MIB)[..], b"more"].concat();
    bench.assert_stored(STOR.path, &expected);
    bench.assert_clean();
}

#[test]
fn what_is_read_to_be_kept_is_whole_however_the_answers_end() {
    let old = content(11, 2 * MIB + 7);
    let right = Some(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &old));
    for (answers, expected) in [
        (AnswerScript { body_bytes: Some(MIB), breaks: Breaks::WithError, ..FAIR }, Ok(3)),
        (AnswerScript { body_bytes: Some(MIB), crc64: right, ..FAIR }, Ok(3)),
        (AnswerScript { crc64: right, ..FAIR }, Ok(1)),
        // Never enough, and never the same.
        (AnswerScript { body_bytes: Some(1000), ..FAIR }, Err(4)),
        (AnswerScript { crc64: Some(1), ..FAIR }, Err(4)),
    ] {
        let bench = bench_holding(&old, S3_LIMITS);
        bench.store().answer(answers);
        let mut client = begin(&bench, WriteMode::Append);
        let reads = match expected {
            Ok(reads) => {
                client.send(b"more");
                client.end_data();
                let report = client.report();
                assert!(matches!(report.verdict, Verdict::Complete), "{answers:?}: {report:?}");
                let stored = bench.store().read(STOR.path).unwrap();
                assert!(*stored == [&old[..], b"more"].concat()[..], "{answers:?}");
                reads
            }
            Err(reads) => {
                let verdict = client.report().verdict;
                assert!(matches!(verdict, Verdict::Failed(_)), "{answers:?}: {verdict:?}");
                bench.assert_stored(STOR.path, &old);
                reads
            }
        };
        assert_eq!(bench.store().calls(Operation::GetObject), reads, "{answers:?}");
        bench.assert_clean();
    }
}

#[test]
fn what_was_damaged_is_read_again_from_its_beginning() {
    let old = content(12, MIB);
    let right = Some(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &old));
    let bench = bench_holding(&old, S3_LIMITS);
    bench.store().close(Operation::GetObject);
    bench.store().answer(AnswerScript { crc64: Some(1), ..FAIR });
    let mut client = begin(&bench, WriteMode::Append);
    bench.store().await_calls(Operation::GetObject, 1);
    bench.store().answer(AnswerScript { crc64: right, ..FAIR });
    bench.store().open(Operation::GetObject);
    client.send(b"more");
    client.end_data();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
    assert_eq!(bench.store().calls(Operation::GetObject), 2);
    bench.assert_stored(STOR.path, &[&old[..], b"more"].concat());
    bench.assert_clean();
}

#[test]
fn a_failed_or_interrupted_append_leaves_the_old_file() {
    let old = content(7, 6 * MIB);
    let bench = bench_holding(&old, S3_LIMITS);
    bench.store().script(Operation::UploadPartCopy, 1, Event::Fail(ErrorKind::Unavailable));
    let mut client = begin(&bench, WriteMode::Append);
    client.send(b"more");
    client.end_data();
    assert!(matches!(client.report().verdict, Verdict::Failed(TransferError::Store(_))));
    bench.assert_clean();
    // Interrupted before anything new came.
    let mut client = begin(&bench, WriteMode::Append);
    client.end_control();
    assert!(matches!(client.report().verdict, Verdict::Interrupted { kept: Kept::Nothing, .. }));
    bench.assert_clean();
    bench.assert_stored(STOR.path, &old);
}

#[test]
fn a_file_that_changed_meanwhile_is_not_mixed_with_the_old_one() {
    let bench = bench_holding(&content(8, 6 * MIB), S3_LIMITS);
    let mut client = begin(&bench, WriteMode::Append);
    client.send(b"more");
    client.await_bytes(4);
    bench.store().write(STOR.path, b"another");
    client.end_data();
    let report = client.report();
    let Verdict::Failed(TransferError::Store(error)) = &report.verdict else {
        panic!("{report:?}");
    };
    assert_eq!(error.kind, ErrorKind::PreconditionFailed);
    bench.assert_clean();
    bench.assert_stored(STOR.path, b"another");
}

#[test]
fn line_ends_are_turned_round_behind_a_kept_head_of_any_size() {
    for old in OLD {
        let old = content(9, old);
        let bench = bench_holding(&old, S3_LIMITS);
        let order = Order { mode: WriteMode::Append, conversion: Conversion::Ascii, ..STOR };
        let mut client = bench.upload(order);
        client.send(b"a\r\nb\r");
        client.end_data();
        assert!(matches!(client.report().verdict, Verdict::Complete), "{}", old.len());
        let stored = bench.store().read(STOR.path).unwrap();
        assert!(*stored == [&old[..], b"a\nb\r"].concat()[..], "{}", old.len());
        bench.assert_clean();
    }
}
