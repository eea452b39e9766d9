//! How an upload ends: what was seen, what the verdict is, what becomes of the object.

/// When all has come, and is not yet confirmed.
mod tail;

use std::time::Duration;

use cos_ftp_server::limits;
use cos_ftp_server::store::Operation;
use cos_ftp_server::transfer::{
    Interruption, Kept, PartialUpload, TransferOptions, TransferReport, Verdict, WriteMode,
};

use crate::transfers::bench::{Bench, Client, Order, STOR, Word, content};
use crate::transfers::store::{S3_LIMITS, ScriptedStore};

/// Small enough for one request, and large enough for several parts.
const SIZES: [usize; 2] = [100_000, 12_000_000];

fn bench(partial: PartialUpload) -> Bench {
    bench_with(TransferOptions { partial, ..TransferOptions::default() })
}

fn bench_with(options: TransferOptions) -> Bench {
    let store = ScriptedStore::new(S3_LIMITS);
    store.write(STOR.path, b"earlier");
    Bench::new(store, options)
}

fn announcing(bytes: usize) -> Order {
    Order { announced: Some(bytes as u64), ..STOR }
}

/// Runs an upload of `SIZES` that `end` ends after all of its bytes have been received, and
/// expects the file to be complete.
fn completes(order: impl Fn(usize) -> Order, end: impl Fn(&mut Client)) {
    for size in SIZES {
        let bench = bench(PartialUpload::Discard);
        let bytes = content(1, size);
        let mut client = bench.upload(order(size));
        client.send(&bytes);
        client.await_bytes(size as u64);
        end(&mut client);
        let report = client.report();
        assert!(matches!(report.verdict, Verdict::Complete), "{size}: {report:?}");
        assert_eq!(report.bytes, size as u64);
        assert!(report.stored.is_some(), "confirmed");
        bench.assert_stored(STOR.path, &bytes);
        bench.assert_clean();
    }
}

/// Runs uploads that `end` interrupts after some bytes: what came is kept or dropped as the
/// operator wants it, and of nothing at all nothing is kept.
fn is_interrupted(by: Interruption, end: impl Fn(&mut Client)) {
    interrupted_with(by, &TransferOptions::default(), end);
}

fn interrupted_with(by: Interruption, options: &TransferOptions, end: impl Fn(&mut Client)) {
    for partial in [PartialUpload::Keep, PartialUpload::Discard] {
        for size in [0, SIZES[0], SIZES[1]] {
            let bench = bench_with(TransferOptions { partial, ..options.clone() });
            let bytes = content(2, size);
            let mut client = bench.upload(announcing(size + 1));
            client.send(&bytes);
            client.await_bytes(size as u64);
            end(&mut client);
            let report = client.report();
            let kept = partial == PartialUpload::Keep && size > 0;
            assert_interrupted(&report, by, kept);
            let expected = if kept { &bytes[..] } else { b"earlier" };
            bench.assert_stored(STOR.path, expected);
            bench.assert_clean();
        }
    }
}

fn assert_interrupted(report: &TransferReport, by: Interruption, kept: bool) {
    let Verdict::Interrupted { by: seen, kept: seen_kept } = &report.verdict else {
        panic!("{report:?}");
    };
    assert_eq!((*seen, *seen_kept == Kept::Partial), (by, kept), "{report:?}");
    assert_eq!(report.stored.is_some(), kept);
}

#[test]
fn end_of_data_with_the_control_connection_open_is_complete() {
    completes(|_| STOR, Client::end_data);
}

#[test]
fn end_of_data_after_quit_and_the_end_of_control_is_complete() {
    completes(
        |_| STOR,
        |client| {
            client.say(Word::Quit);
            client.end_control();
            client.end_data();
        },
    );
}

#[test]
fn all_announced_bytes_are_complete_though_the_control_connection_is_lost() {
    completes(announcing, |client| {
        client.end_control();
        client.end_data();
    });
}

#[test]
fn all_announced_bytes_are_complete_however_the_data_connection_ends() {
    completes(announcing, Client::reset_data);
    // Without an end of the data: nobody is left to send one.
    completes(announcing, Client::end_control);
}

#[test]
fn all_announced_bytes_are_complete_though_the_data_connection_stays_open() {
    let data_idle = Duration::from_millis(500);
    let bench = bench_with(TransferOptions { data_idle, ..TransferOptions::default() });
    let bytes = content(3, SIZES[0]);
    let mut client = bench.upload(announcing(SIZES[0]));
    client.send(&bytes);
    assert!(matches!(client.report().verdict, Verdict::Complete));
    bench.assert_clean();
}

#[test]
fn an_empty_file_is_a_file() {
    let bench = bench(PartialUpload::Discard);
    let mut client = bench.upload(STOR);
    client.end_data();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
    assert!(bench.store().read(STOR.path).unwrap().is_empty());
    bench.assert_clean();
}

#[test]
fn a_lost_control_connection_interrupts() {
    is_interrupted(Interruption::ControlLost, Client::end_control);
}

#[test]
fn a_killed_client_closes_both_connections_and_interrupts() {
    is_interrupted(Interruption::ControlLost, |client| {
        client.end_control();
        client.end_data();
    });
}

#[test]
fn what_a_lost_client_had_sent_before_is_read_to_its_end() {
    let bench = bench(PartialUpload::Keep);
    let bytes = content(4, SIZES[1]);
    let (before, on_its_way) = bytes.split_at(SIZES[0]);
    let mut client = bench.upload(STOR);
    client.send(before);
    client.await_bytes(before.len() as u64);
    // The end of the control connection overtakes what was sent before it.
    client.end_control();
    client.send_what_is_taken(on_its_way);
    client.end_data();
    assert_interrupted(&client.report(), Interruption::Left, true);
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}

#[test]
fn what_a_lost_client_had_sent_before_is_read_though_the_store_is_slow() {
    let bench = bench(PartialUpload::Keep);
    let bytes = content(4, SIZES[1]);
    bench.store().close(Operation::UploadPart);
    let mut client = bench.upload(STOR);
    client.send(&bytes);
    client.end_control();
    client.end_data();
    bench.store().await_calls(Operation::UploadPart, 1);
    bench.store().open(Operation::UploadPart);
    assert_interrupted(&client.report(), Interruption::Left, true);
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}

#[test]
fn a_lost_client_that_goes_on_sending_is_cut_off() {
    let bench = bench(PartialUpload::Keep);
    let mut client = bench.upload(STOR);
    client.end_control();
    let piece = content(4, 1 << 20);
    // All of it would be more than is ever on its way.
    for _ in 0..2 * limits::LAST_BYTES / piece.len() as u64 {
        client.send_what_is_taken(&piece);
    }
    let report = client.report();
    assert_interrupted(&report, Interruption::ControlLost, report.bytes > 0);
    let most = limits::LAST_BYTES as usize + limits::BLOCKS_PER_READ * limits::BLOCK_BYTES;
    assert!(report.bytes <= most as u64, "{} bytes", report.bytes);
    bench.assert_clean();
}

#[test]
fn a_reset_data_connection_interrupts() {
    is_interrupted(Interruption::DataLost, Client::reset_data);
}

#[test]
fn a_silent_data_connection_interrupts() {
    let data_idle = Duration::from_millis(500);
    let options = TransferOptions { data_idle, ..TransferOptions::default() };
    interrupted_with(Interruption::DataIdle, &options, |_| {});
}

#[test]
fn questions_on_the_control_connection_do_not_keep_a_silent_data_connection_alive() {
    let data_idle = Duration::from_millis(500);
    let bench = bench_with(TransferOptions { data_idle, ..TransferOptions::default() });
    let mut client = bench.upload(STOR);
    // Until the server is gone: the upload ends although it is asked again and again.
    while client.ask().is_some() {}
    let report = client.report();
    assert_interrupted(&report, Interruption::DataIdle, false);
    bench.assert_clean();
}

#[test]
fn a_stopping_server_interrupts() {
    is_interrupted(Interruption::Stopping, |client| client.say(Word::Stop));
}

/// RFC 959 4.1.3: room that was asked for need not be used.
#[test]
fn an_orderly_end_before_the_announced_size_is_complete() {
    completes(|size| announcing(size + 1), Client::end_data);
}

#[test]
fn a_resume_is_complete_whether_the_whole_or_the_rest_was_announced() {
    let earlier = b"earlier".len();
    for mode in [WriteMode::Append, WriteMode::ResumeAt(earlier as u64)] {
        for announced in [SIZES[0], SIZES[0] + earlier] {
            let bench = bench(PartialUpload::Discard);
            let mut client = bench.upload(Order { mode, ..announcing(announced) });
            let rest = content(3, SIZES[0]);
            client.send(&rest);
            client.await_bytes(SIZES[0] as u64);
            // All has come: what breaks then breaks nothing.
            client.reset_data();
            let report = client.report();
            assert!(matches!(report.verdict, Verdict::Complete), "{announced}: {report:?}");
            bench.assert_stored(STOR.path, &[b"earlier", &rest[..]].concat());
            bench.assert_clean();
        }
    }
}

/// The ends of its two connections come one after the other.
#[test]
fn a_client_that_is_killed_before_the_announced_size_interrupts() {
    let bench = bench(PartialUpload::Discard);
    let mut client = bench.upload(announcing(SIZES[0] + 1));
    client.send(&content(3, SIZES[0]));
    client.await_bytes(SIZES[0] as u64);
    client.end_data();
    client.end_control();
    assert_interrupted(&client.report(), Interruption::ControlLost, false);
    bench.assert_stored(STOR.path, b"earlier");
    bench.assert_clean();
}

#[test]
fn abor_interrupts() {
    is_interrupted(Interruption::Aborted, |client| client.say(Word::Abort));
}

/// It overtakes the data, which some clients count on (ffmpeg, when it goes to another place).
#[test]
fn what_was_sent_before_abor_is_kept() {
    for size in [4, SIZES[0], SIZES[1]] {
        let bench = bench(PartialUpload::Keep);
        let mut client = bench.upload(STOR);
        client.send(&content(8, size));
        client.say(Word::Abort);
        client.end_data();
        assert_interrupted(&client.report(), Interruption::Aborted, true);
        bench.assert_stored(STOR.path, &content(8, size));
        bench.assert_clean();
    }
}

/// Whatever the client then does to its data connection.
#[test]
fn abor_is_what_interrupted_though_the_data_connection_is_reset() {
    let bench = bench(PartialUpload::Keep);
    let mut client = bench.upload(STOR);
    client.send(b"some");
    client.await_bytes(4);
    client.say(Word::Abort);
    client.reset_data();
    assert_interrupted(&client.report(), Interruption::Aborted, true);
    bench.assert_stored(STOR.path, b"some");
    bench.assert_clean();
}

#[test]
fn abor_interrupts_though_the_data_goes_on() {
    let bench = bench(PartialUpload::Discard);
    let mut client = bench.upload(STOR);
    client.say(Word::Abort);
    client.send_what_is_taken(&content(5, 64 << 20));
    assert_interrupted(&client.report(), Interruption::Aborted, false);
    bench.assert_clean();
}

/// Some stores date an object by the beginning of its upload: then its time does not tell that it
/// came after ours had begun.
#[test]
fn a_fragment_gives_way_to_a_file_that_looks_older() {
    for (holds_before, stays) in [(false, true), (true, true), (true, false)] {
        let bench = bench(PartialUpload::Keep);
        if holds_before {
            bench.store().write(STOR.path, b"earlier");
        }
        let mut client = bench.upload(STOR);
        client.send(&content(1, 6 << 20));
        // The look follows right behind.
        bench.store().await_calls(Operation::HeadObject, 1);
        bench.store().await_calls(Operation::UploadPart, 1);
        if stays {
            // Dated an hour ago.
            bench.store().write(STOR.path, b"whole");
        }
        client.reset_data();
        let report = client.report();
        let Verdict::Interrupted { kept, .. } = report.verdict else { panic!("{report:?}") };
        assert_eq!(kept == Kept::Partial, !stays);
        let stored = bench.store().read(STOR.path).unwrap();
        assert_eq!(*stored == *b"whole", stays);
        bench.assert_clean();
    }
}
