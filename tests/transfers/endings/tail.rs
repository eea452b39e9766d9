//! Between the end of the data and the store's confirmation.

use cos_ftp_server::store::Operation;
use cos_ftp_server::transfer::{Interruption, PartialUpload, TransferOptions, Verdict};

use super::{SIZES, assert_interrupted, bench, bench_with};
use crate::transfers::bench::{Departure, Order, STOR, content};

#[test]
fn a_client_that_leaves_during_the_tail_changes_nothing_after_complete_was_asked() {
    let bench = bench(PartialUpload::Discard);
    let bytes = content(6, SIZES[1]);
    bench.store().close(Operation::CompleteMultipartUpload);
    let mut client = bench.upload(STOR);
    client.send(&bytes);
    client.end_data();
    bench.store().await_calls(Operation::CompleteMultipartUpload, 1);
    client.end_control();
    bench.store().open(Operation::CompleteMultipartUpload);
    assert!(matches!(client.report().verdict, Verdict::Complete));
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}

#[test]
fn a_client_that_leaves_before_complete_is_asked_is_noticed() {
    let bench = bench(PartialUpload::Discard);
    bench.store().close(Operation::UploadPart);
    let mut client = bench.upload(STOR);
    client.send(&content(7, SIZES[1]));
    client.end_data();
    bench.store().await_calls(Operation::UploadPart, 1);
    client.end_control();
    assert_interrupted(&client.report(), Interruption::Left, false);
    bench.store().open(Operation::UploadPart);
    bench.assert_clean();
    assert_eq!(bench.store().calls(Operation::CompleteMultipartUpload), 0);
    bench.assert_stored(STOR.path, b"earlier");
}

/// At the end of data it was still there: one that sends parts is looked at then, too.
#[test]
fn a_client_that_is_gone_right_before_its_file_is_published_is_noticed() {
    // One part at a time, so that their number is known.
    let options = TransferOptions {
        partial: PartialUpload::Discard,
        upload_threads: 1,
        part_buffer: Some(5 << 20),
        ..TransferOptions::default()
    };
    for (size, parts, look) in [(SIZES[0], 0, 1), (3_000_000, 0, 1), (SIZES[1], 3, 2)] {
        let bench = bench_with(options.clone());
        let departure = Some(Departure { bytes: size as u64, parts, look });
        let mut client = bench.upload(Order { departure, ..STOR });
        client.send(&content(9, size));
        client.end_data();
        assert_interrupted(&client.report(), Interruption::Left, false);
        bench.assert_clean();
        for publishing in [Operation::PutObject, Operation::CompleteMultipartUpload] {
            assert_eq!(bench.store().calls(publishing), 0, "{size}: {publishing}");
        }
        bench.assert_stored(STOR.path, b"earlier");
    }
}

#[test]
fn nothing_is_reported_before_the_store_has_confirmed() {
    for (size, operation) in [
        (SIZES[0], Operation::PutObject),
        (3_000_000, Operation::PutObject),
        (SIZES[1], Operation::CompleteMultipartUpload),
    ] {
        let bench = bench(PartialUpload::Keep);
        bench.store().close(operation);
        let mut client = bench.upload(STOR);
        client.send(&content(8, size));
        client.end_data();
        bench.store().await_calls(operation, 1);
        assert!(client.has_no_report_yet(), "{operation}");
        bench.store().open(operation);
        assert!(matches!(client.report().verdict, Verdict::Complete));
        bench.assert_clean();
    }
}

/// Its client leaves when the store has been asked for the whole: what it sent is in that request
/// alone, and could not be parked any more. Which of the two is heard first is chance.
#[test]
fn who_leaves_while_the_store_takes_the_file_loses_nothing() {
    let bytes = content(11, 3 << 20);
    for _ in 0..30 {
        let bench = bench(PartialUpload::Park);
        bench.store().close(Operation::PutObject);
        let mut client = bench.upload(STOR);
        client.send(&bytes);
        client.end_data();
        bench.store().await_calls(Operation::PutObject, 1);
        client.end_control();
        bench.store().open(Operation::PutObject);
        let report = client.report();
        assert!(report.stored.is_some(), "{report:?}");
        bench.assert_stored(STOR.path, &bytes);
        bench.assert_clean();
    }
}
