//! REST and STOR in the middle of a file: what stands behind the new bytes stays, as a disk server
//! that writes in place leaves it.

use cos_ftp_server::store::{ErrorKind, Operation, PartLimits};
use cos_ftp_server::transfer::{
    Conversion, Interruption, Kept, PartialUpload, TransferError, TransferOptions, Verdict,
    WriteMode,
};

use crate::transfers::answers::{AnswerScript, Breaks, FAIR};
use crate::transfers::bench::{Bench, Order, STOR, Word, content};
use crate::transfers::kept::{begin, bench_holding, stores};
use crate::transfers::store::{Event, S3_LIMITS, ScriptedStore};

const MIB: usize = 1 << 20;

/// What a disk would hold.
fn written_in_place(old: &[u8], offset: usize, new: &[u8]) -> Vec<u8> {
    let behind = old.get(offset + new.len()..).unwrap_or_default();
    [&old[..offset], new, behind].concat()
}

#[test]
fn what_stands_behind_the_new_end_stays() {
    let (all_old, all_new) = (content(1, 16 * MIB + 7), content(2, 6 * MIB + 1));
    for old in [10, 5 * MIB, 5 * MIB + 1, 11 * MIB, all_old.len()] {
        for offset in [1, 36, 5 * MIB - 1, 5 * MIB, 6 * MIB + 3] {
            for new in [4, MIB, 5 * MIB, all_new.len()] {
                if offset >= old {
                    continue;
                }
                let (old, new) = (&all_old[..old], &all_new[..new]);
                let bench = bench_holding(old, S3_LIMITS);
                let expected = written_in_place(old, offset, new);
                stores(&bench, WriteMode::ResumeAt(offset as u64), new, &expected);
            }
        }
    }
}

/// Of the tail only what fills a part comes through the server.
#[test]
fn the_tail_is_copied_inside_the_store() {
    for (old, offset, new, puts, copies, reads) in [
        // Everything in one request.
        (10, 5, 4, 1, 0, 2),
        (5 * MIB, 36, 4, 1, 0, 2),
        // A first part of the head, the new bytes and what it lacks of the tail; the rest copied.
        (5 * MIB + 1, 36, 4, 0, 1, 2),
        (12 * MIB, 36, 4, 0, 1, 2),
        // The head copied, too.
        (16 * MIB, 6 * MIB, 4, 0, 2, 1),
        // All of the tail in the last part.
        (11 * MIB, 6 * MIB, 4, 0, 1, 1),
        // New bytes that are a part of their own.
        (16 * MIB, 5 * MIB, 5 * MIB, 0, 2, 0),
        // Ranges that a copy may have.
        (40 * MIB, 36, 4, 0, 5, 2),
    ] {
        let bench = bench_holding(&content(3, old), PartLimits { max_part: 8 << 20, ..S3_LIMITS });
        let expected = written_in_place(&content(3, old), offset, &content(4, new));
        stores(&bench, WriteMode::ResumeAt(offset as u64), &content(4, new), &expected);
        let told = format!("{old} {offset} {new}");
        assert_eq!(bench.store().calls(Operation::PutObject), puts, "{told}");
        assert_eq!(bench.store().calls(Operation::UploadPartCopy), copies, "{told}");
        assert_eq!(bench.store().calls(Operation::GetObject), reads, "{told}");
    }
}

/// With the least memory and one worker, while others use the rest.
#[test]
fn the_tail_takes_no_more_memory_than_a_part() {
    for part_buffer in [Some(5 << 20), Some(8 << 20), None] {
        let store = ScriptedStore::new(S3_LIMITS);
        let old = content(5, 30 * MIB);
        store.write(STOR.path, &old);
        let options = TransferOptions {
            buffer_memory: 8 << 20,
            upload_threads: 1,
            part_buffer,
            ..TransferOptions::default()
        };
        let bench = Bench::new(store, options);
        for new in [4, 7 * MIB + 1, 11 * MIB] {
            let new = content(6, new);
            bench.store().write(STOR.path, &old);
            let expected = written_in_place(&old, 36, &new);
            stores(&bench, WriteMode::ResumeAt(36), &new, &expected);
        }
    }
}

#[test]
fn converted_bytes_count_as_they_are_stored() {
    for old in [20, 12 * MIB] {
        let old = content(7, old);
        let bench = bench_holding(&old, S3_LIMITS);
        let mode = WriteMode::ResumeAt(3);
        let mut client = bench.upload(Order { mode, conversion: Conversion::Ascii, ..STOR });
        client.send(b"a\r\nb\r");
        client.end_data();
        let report = client.report();
        assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
        assert_eq!((report.bytes, report.kept), (5, old.len() as u64 - 4));
        bench.assert_stored(STOR.path, &written_in_place(&old, 3, b"a\nb\r"));
        bench.assert_clean();
    }
}

/// So ffmpeg seeks: ABOR, which overtakes the data, and the end of the data.
#[test]
fn abor_behind_the_data_keeps_them_and_the_tail() {
    for (old, offset, new) in [
        (20, 3, 4),
        (12 * MIB, 36, 4),
        (12 * MIB, 36, 6 * MIB + 1),
        (12 * MIB, 6 * MIB, 3 * MIB),
        (3 * MIB, 1, 4 * MIB),
    ] {
        let (old, new) = (content(12, old), content(13, new));
        let bench = bench_holding(&old, S3_LIMITS);
        let mut client = begin(&bench, WriteMode::ResumeAt(offset as u64));
        client.send(&new);
        client.say(Word::Abort);
        client.end_data();
        let report = client.report();
        let by = Interruption::Aborted;
        let Verdict::Interrupted { by: told, kept: Kept::Partial } = report.verdict else {
            panic!("{report:?}");
        };
        assert_eq!((told, report.bytes), (by, new.len() as u64));
        bench.assert_stored(STOR.path, &written_in_place(&old, offset, &new));
        bench.assert_clean();
    }
}

/// It ends where it was cut, so that it can be resumed there.
#[test]
fn what_the_network_cuts_off_keeps_no_tail() {
    for partial in [PartialUpload::Keep, PartialUpload::Discard] {
        for old in [20, 12 * MIB] {
            let old = content(8, old);
            let store = ScriptedStore::new(S3_LIMITS);
            store.write(STOR.path, &old);
            let bench =
                Bench::new(store, TransferOptions { partial, ..TransferOptions::default() });
            let mut client = begin(&bench, WriteMode::ResumeAt(3));
            client.send(b"new");
            client.await_bytes(3);
            client.reset_data();
            let verdict = client.report().verdict;
            assert!(matches!(verdict, Verdict::Interrupted { .. }), "{verdict:?}");
            bench.assert_clean();
            match partial {
                PartialUpload::Keep => {
                    bench.assert_stored(STOR.path, &[&old[..3], b"new"].concat());
                }
                PartialUpload::Discard | PartialUpload::Park => {
                    bench.assert_stored(STOR.path, &old);
                }
            }
        }
    }
}

#[test]
fn a_tail_of_a_file_that_changed_meanwhile_is_not_kept() {
    for old in [20, 12 * MIB] {
        let bench = bench_holding(&content(9, old), S3_LIMITS);
        let mut client = begin(&bench, WriteMode::ResumeAt(3));
        client.send(b"new");
        client.await_bytes(3);
        bench.store().write(STOR.path, b"a file of somebody else");
        client.end_data();
        let report = client.report();
        let Verdict::Failed(TransferError::Store(error)) = &report.verdict else {
            panic!("{report:?}");
        };
        assert_eq!(error.kind, ErrorKind::PreconditionFailed);
        bench.assert_clean();
        bench.assert_stored(STOR.path, b"a file of somebody else");
    }
}

#[test]
fn a_tail_is_whole_however_the_answers_end() {
    let old = content(10, 12 * MIB);
    let offset = 6 * MIB;
    for (answers, reads, is_stored) in [
        (AnswerScript { body_bytes: Some(2 * MIB), breaks: Breaks::WithError, ..FAIR }, 3, true),
        (AnswerScript { body_bytes: Some(2 * MIB), ..FAIR }, 3, true),
        // Never enough.
        (AnswerScript { body_bytes: Some(1000), ..FAIR }, 4, false),
    ] {
        let bench = bench_holding(&old, S3_LIMITS);
        bench.store().answer(answers);
        let mut client = begin(&bench, WriteMode::ResumeAt(offset as u64));
        client.send(b"new");
        client.end_data();
        let verdict = client.report().verdict;
        assert_eq!(matches!(verdict, Verdict::Complete), is_stored, "{answers:?}: {verdict:?}");
        assert_eq!(bench.store().calls(Operation::GetObject), reads, "{answers:?}");
        let expected = written_in_place(&old, offset, b"new");
        bench.assert_stored(STOR.path, if is_stored { &expected } else { &old });
        bench.assert_clean();
    }
}

#[test]
fn a_tail_that_cannot_be_had_fails_the_upload() {
    for (operation, nth) in [(Operation::GetObject, 2), (Operation::UploadPartCopy, 1)] {
        let old = content(11, 12 * MIB);
        let bench = bench_holding(&old, S3_LIMITS);
        bench.store().script(operation, nth, Event::Fail(ErrorKind::Unavailable));
        let mut client = begin(&bench, WriteMode::ResumeAt(36));
        client.send(b"new");
        client.end_data();
        let verdict = client.report().verdict;
        assert!(matches!(verdict, Verdict::Failed(TransferError::Store(_))), "{verdict:?}");
        bench.assert_stored(STOR.path, &old);
        bench.assert_clean();
    }
}
