//! Uploads that fail: the earlier object is untouched, nothing is left behind, and nobody waits
//! for a store that hangs.

use cos_ftp_server::store::{ErrorKind, Operation};
use cos_ftp_server::transfer::{
    Interruption, Kept, PartialUpload, TransferError, TransferOptions, TransferReport, Verdict,
    WriteMode,
};

use crate::transfers::bench::{Bench, Client, Order, STOR, Word, content};
use crate::transfers::store::{Event, S3_LIMITS, ScriptedStore};

fn bench(options: TransferOptions) -> Bench {
    let store = ScriptedStore::new(S3_LIMITS);
    store.write(STOR.path, b"earlier");
    Bench::new(store, options)
}

fn run(bench: &Bench, size: usize) -> TransferReport {
    let mut client = bench.upload(STOR);
    client.send_what_is_taken(&content(1, size));
    client.end_data();
    client.report()
}

fn assert_untouched(bench: &Bench) {
    bench.assert_clean();
    bench.assert_stored(STOR.path, b"earlier");
}

#[test]
fn a_failure_of_the_store_fails_the_upload() {
    for partial in [PartialUpload::Keep, PartialUpload::Discard] {
        for (operation, nth, size) in [
            (Operation::PutObject, 1, 0),
            (Operation::PutObject, 1, 100_000),
            (Operation::PutObject, 1, 4_000_000),
            (Operation::CreateMultipartUpload, 1, 30_000_000),
            (Operation::UploadPart, 1, 30_000_000),
            (Operation::UploadPart, 3, 30_000_000),
            (Operation::CompleteMultipartUpload, 1, 30_000_000),
        ] {
            let bench = bench(TransferOptions { partial, ..TransferOptions::default() });
            bench.store().script(operation, nth, Event::Fail(ErrorKind::Unavailable));
            let report = run(&bench, size);
            let Verdict::Failed(TransferError::Store(error)) = &report.verdict else {
                panic!("{operation} {nth} {size}: {report:?}");
            };
            assert_eq!((error.kind, error.operation), (ErrorKind::Unavailable, operation));
            assert!(report.stored.is_none());
            assert_untouched(&bench);
        }
    }
}

#[test]
fn a_store_that_cancels_by_itself_has_confirmed_nothing() {
    for size in [100_000, 4_000_000, 30_000_000] {
        let bench = bench(TransferOptions::default());
        for operation in [Operation::PutObject, Operation::UploadPart] {
            bench.store().script(operation, 1, Event::Fail(ErrorKind::Cancelled));
        }
        let report = run(&bench, size);
        assert!(matches!(report.verdict, Verdict::Failed(_)), "{size}: {report:?}");
        assert_untouched(&bench);
    }
}

#[test]
fn a_panic_in_a_worker_fails_the_upload() {
    for (operation, size) in [
        (Operation::PutObject, 4_000_000),
        (Operation::CreateMultipartUpload, 30_000_000),
        (Operation::UploadPart, 30_000_000),
        (Operation::CompleteMultipartUpload, 30_000_000),
    ] {
        let bench = bench(TransferOptions::default());
        bench.store().script(operation, 1, Event::Panic);
        let report = run(&bench, size);
        assert!(matches!(report.verdict, Verdict::Failed(TransferError::Store(_))), "{report:?}");
        assert_untouched(&bench);
    }
}

#[test]
fn beyond_the_size_limit_nothing_is_left_behind() {
    for (limit, size) in [(0, 1), (99_999, 100_000), (20_000_000, 20_000_001)] {
        let bench = bench(TransferOptions { max_file: limit, ..TransferOptions::default() });
        let report = run(&bench, size);
        let Verdict::Failed(TransferError::TooLarge { limit: told }) = report.verdict else {
            panic!("{report:?}");
        };
        assert_eq!(told, limit);
        assert_untouched(&bench);
    }
}

#[test]
fn a_file_of_exactly_the_size_limit_is_stored() {
    for limit in [0, 100_000, 20_000_000] {
        let bench = bench(TransferOptions { max_file: limit, ..TransferOptions::default() });
        assert!(matches!(run(&bench, limit as usize).verdict, Verdict::Complete), "{limit}");
        bench.assert_clean();
    }
}

#[test]
fn the_size_limit_counts_what_is_kept() {
    let bench = bench(TransferOptions { max_file: 10, ..TransferOptions::default() });
    let mut client = bench.upload(Order { mode: WriteMode::Append, ..STOR });
    client.send(b"four");
    client.end_data();
    assert!(matches!(client.report().verdict, Verdict::Failed(TransferError::TooLarge { .. })));
    assert_untouched(&bench);
}

/// Parts enough to be sure that a worker hangs in `operation`.
fn hang(bench: &Bench, operation: Operation) -> Client {
    bench.store().close(operation);
    let mut client = bench.upload(STOR);
    client.send(&content(2, 8_000_000));
    bench.store().await_calls(operation, 1);
    client
}

#[test]
fn abor_is_answered_while_the_store_hangs() {
    for operation in [Operation::CreateMultipartUpload, Operation::UploadPart] {
        let partial = PartialUpload::Discard;
        let bench = bench(TransferOptions { partial, ..TransferOptions::default() });
        let mut client = hang(&bench, operation);
        client.say(Word::Abort);
        // The gate is still closed.
        let report = client.report();
        let aborted = Verdict::Interrupted { by: Interruption::Aborted, kept: Kept::Nothing };
        assert_eq!(format!("{:?}", report.verdict), format!("{aborted:?}"));
        bench.store().open(operation);
        assert_untouched(&bench);
        assert_eq!(bench.store().calls(Operation::AbortMultipartUpload), 1);
    }
}

#[test]
fn a_failure_is_told_while_another_worker_hangs() {
    let bench = bench(TransferOptions { max_file: 8_000_000, ..TransferOptions::default() });
    let mut client = hang(&bench, Operation::UploadPart);
    client.send(b"one byte more");
    assert!(matches!(client.report().verdict, Verdict::Failed(TransferError::TooLarge { .. })));
    bench.store().open(Operation::UploadPart);
    assert_untouched(&bench);
}

#[test]
fn an_upload_that_cannot_have_its_memory_is_refused() {
    let buffer_memory = 5 << 20;
    let bench = bench(TransferOptions { buffer_memory, ..TransferOptions::default() });
    let report = run(&bench, 1 << 20);
    assert!(matches!(report.verdict, Verdict::Failed(TransferError::NoBuffer)), "{report:?}");
    assert_untouched(&bench);
}
