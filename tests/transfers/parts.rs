//! How an upload is cut into parts.

use cos_ftp_server::store::{Operation, PartLimits};
use cos_ftp_server::transfer::{Conversion, TransferOptions, Verdict};

use crate::transfers::bench::{Bench, Order, STOR, content};
use crate::transfers::store::{S3_LIMITS, ScriptedStore};

const MIB: usize = 1 << 20;

/// The first part's target.
const TARGET: usize = 5 * MIB;

/// Of files so small that parts of the first target are enough for the largest.
fn bench(mut options: TransferOptions) -> Bench {
    options.max_file = 1 << 30;
    Bench::new(ScriptedStore::new(S3_LIMITS), options)
}

/// Sends `bytes` at once and expects them to be stored.
fn stores(bench: &Bench, bytes: &[u8]) {
    let mut client = bench.upload(STOR);
    client.send(bytes);
    client.end_data();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
    assert_eq!(report.bytes, bytes.len() as u64);
    bench.assert_stored(STOR.path, bytes);
    bench.assert_clean();
}

#[test]
fn a_file_below_the_first_target_is_one_request() {
    for size in [0, 1, 4096, 256 * 1024, 256 * 1024 + 1, MIB, 2 * MIB + 7, TARGET - 1] {
        let bench = bench(TransferOptions::default());
        stores(&bench, &content(1, size));
        assert_eq!(bench.store().calls(Operation::PutObject), 1, "{size}");
        assert_eq!(bench.store().calls(Operation::CreateMultipartUpload), 0, "{size}");
    }
}

#[test]
fn a_file_around_a_multiple_of_the_target_is_stored_in_parts() {
    for size in [TARGET, TARGET + 1, 2 * TARGET - 1, 2 * TARGET, 2 * TARGET + 1, 5 * TARGET + 3] {
        let bench = bench(TransferOptions::default());
        stores(&bench, &content(2, size));
        assert_eq!(bench.store().calls(Operation::PutObject), 0, "{size}");
        assert_eq!(bench.store().calls(Operation::CreateMultipartUpload), 1, "{size}");
    }
}

#[test]
fn any_number_of_workers_and_any_part_buffer_will_do() {
    for upload_threads in [1, 2, 4] {
        for part_buffer in [None, Some(5_242_880), Some(6_000_000), Some(33_000_000)] {
            let options = TransferOptions { upload_threads, part_buffer, ..Default::default() };
            stores(&bench(options), &content(3, 23_456_789));
        }
    }
}

#[test]
fn with_a_part_buffer_of_one_part_nothing_overlaps() {
    let part_buffer = Some(5_242_880);
    let bench = bench(TransferOptions { part_buffer, ..TransferOptions::default() });
    bench.store().close(Operation::UploadPart);
    let mut client = bench.upload(STOR);
    let bytes = content(4, 3 * TARGET);
    client.send(&bytes[..TARGET]);
    bench.store().await_calls(Operation::UploadPart, 1);
    client.await_bytes(TARGET as u64);
    assert_eq!(bench.budget().in_use(), TARGET as u64);
    bench.store().open(Operation::UploadPart);
    client.send(&bytes[TARGET..]);
    client.end_data();
    assert!(matches!(client.report().verdict, Verdict::Complete));
    let sizes: Vec<_> = bench.store().published().iter().map(|part| part.bytes.len()).collect();
    assert_eq!(sizes, [TARGET; 3]);
    bench.assert_clean();
}

#[test]
fn while_the_store_is_slow_the_buffer_fills_and_no_more() {
    let bench = bench(TransferOptions::default());
    bench.store().close(Operation::UploadPart);
    let mut client = bench.upload(STOR);
    let bytes = content(5, 40 * MIB);
    client.send(&bytes[..20 * MIB]);
    // Four workers hang in a part each, and the buffer of 20 MiB is theirs.
    bench.store().await_calls(Operation::UploadPart, 4);
    client.await_bytes(20 * MIB as u64);
    assert_eq!(bench.budget().in_use(), 20 * MIB as u64);
    bench.store().open(Operation::UploadPart);
    client.send(&bytes[20 * MIB..]);
    client.end_data();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Complete));
    assert_eq!(report.parts as usize, bench.store().published().len());
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}

#[test]
fn while_the_client_is_slow_each_part_is_sent_as_soon_as_it_is_whole() {
    let bench = bench(TransferOptions::default());
    let mut client = bench.upload(STOR);
    for n in 1..=4 {
        client.send(&content(n as u64, TARGET));
        bench.store().await_calls(Operation::UploadPart, n);
    }
    client.end_data();
    assert!(matches!(client.report().verdict, Verdict::Complete));
    let sizes: Vec<_> = bench.store().published().iter().map(|part| part.bytes.len()).collect();
    assert_eq!(sizes, [TARGET; 4]);
    bench.assert_clean();
}

#[test]
fn no_part_but_the_last_is_smaller_than_the_operator_wants() {
    let limits = PartLimits { min_part: MIB as u64, ..S3_LIMITS };
    for min_part in [2, 7, 9] {
        let options = TransferOptions {
            min_part: min_part * MIB as u64,
            max_file: 1 << 30,
            ..Default::default()
        };
        let bench = Bench::new(ScriptedStore::new(limits), options);
        bench.store().close(Operation::UploadPart);
        let mut client = bench.upload(STOR);
        client.send(&content(6, 19 * MIB));
        client.end_data();
        bench.store().await_calls(Operation::UploadPart, 1);
        bench.store().open(Operation::UploadPart);
        assert!(matches!(client.report().verdict, Verdict::Complete));
        let mut parts = bench.store().published();
        parts.pop();
        let smallest = parts.iter().map(|part| part.bytes.len()).min().unwrap();
        assert!(smallest >= min_part as usize * MIB, "{min_part} MiB: {smallest}");
        bench.assert_clean();
    }
}

#[test]
fn the_largest_file_fits_into_the_parts_there_are() {
    // Parts of 5 MiB at first and of 15 MiB at last.
    let limits = PartLimits { min_part: MIB as u64, max_parts: 8, ..S3_LIMITS };
    for upload_threads in [1, 4] {
        let options =
            TransferOptions { upload_threads, max_file: 80 * MIB as u64, ..Default::default() };
        let bench = Bench::new(ScriptedStore::new(limits), options);
        let bytes = content(7, 80 * MIB);
        let mut client = bench.upload(STOR);
        // One part at a time, so that none is larger than it must be.
        let mut sent = 0;
        for (n, size) in part_sizes(8, 80 * MIB).into_iter().enumerate() {
            let size = size.min(bytes.len() - sent);
            client.send(&bytes[sent..sent + size]);
            sent += size;
            if sent < bytes.len() {
                bench.store().await_calls(Operation::UploadPart, n + 1);
            }
        }
        client.end_data();
        let report = client.report();
        assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
        bench.assert_stored(STOR.path, &bytes);
        bench.assert_clean();
    }
}

/// What the schedule asks of each of `parts` parts, in whole blocks of 256 KiB.
fn part_sizes(parts: usize, bytes: usize) -> Vec<usize> {
    let rise = (bytes - parts * TARGET) * 2 / parts;
    let block = 256 * 1024;
    (0..parts).map(|n| (TARGET + rise * n / (parts - 1)).div_ceil(block) * block).collect()
}

#[test]
fn line_ends_are_turned_round_whatever_the_memory() {
    let line = b"some text, a CR LF behind it\r\n\r \r\r\n";
    let wire: Vec<u8> = line.iter().copied().cycle().take(12 * MIB).collect();
    let stored = String::from_utf8(wire.clone()).unwrap().replace("\r\n", "\n");
    for part_buffer in [None, Some(5_242_880), Some(6_000_000)] {
        let bench = bench(TransferOptions { part_buffer, ..TransferOptions::default() });
        let mut client = bench.upload(Order { conversion: Conversion::Ascii, ..STOR });
        client.send(&wire);
        client.end_data();
        let report = client.report();
        assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
        assert_eq!(report.bytes, wire.len() as u64, "counted on the wire");
        bench.assert_stored(STOR.path, stored.as_bytes());
        bench.assert_clean();
    }
}
