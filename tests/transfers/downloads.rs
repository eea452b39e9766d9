//! From the store to the client.

use std::time::Duration;

use cos_ftp_server::store::{ErrorKind, Operation};
use cos_ftp_server::transfer::{
    Conversion, Interruption, Kept, TransferError, TransferOptions, TransferReport, Verdict,
};

use crate::transfers::answers::{AnswerScript, Breaks};
use crate::transfers::bench::{Bench, Client, Order, STOR, Word, content};
use crate::transfers::store::{Event, S3_LIMITS, ScriptedStore};

/// Nothing, what the session's own thread sends, and what a worker sends.
const SIZES: [usize; 7] = [0, 1, 100_000, 262_144, 262_145, 524_289, 3_000_001];

const LARGE: usize = 20_000_000;

fn bench_holding(bytes: &[u8]) -> Bench {
    bench_with(bytes, TransferOptions::default())
}

fn bench_with(bytes: &[u8], options: TransferOptions) -> Bench {
    let store = ScriptedStore::new(S3_LIMITS);
    store.write(STOR.path, bytes);
    Bench::new(store, options)
}

fn is_complete(report: &TransferReport, bytes: usize) -> bool {
    matches!(report.verdict, Verdict::Complete) && report.bytes == bytes as u64
}

#[test]
fn a_file_arrives_whole_or_from_any_byte_on() {
    for size in SIZES {
        for first in [0, size / 2, size] {
            let bytes = content(1, size);
            let bench = bench_holding(&bytes);
            let mut client = bench.download(STOR, first as u64);
            assert!(client.receive() == bytes[first..], "{size} from {first}");
            let report = client.report();
            assert!(is_complete(&report, size - first), "{size} from {first}: {report:?}");
            bench.assert_clean();
        }
    }
}

#[test]
fn a_body_that_ends_early_is_resumed_where_it_ended() {
    for breaks in [Breaks::Cleanly, Breaks::WithError] {
        for size in [100_000, 3_000_001] {
            let bytes = content(2, size);
            let bench = bench_holding(&bytes);
            let body_bytes = Some(size / 4);
            bench.store().answer(AnswerScript { body_bytes, breaks, ..Default::default() });
            let mut client = bench.download(STOR, 0);
            assert!(client.receive() == bytes, "{size}");
            assert!(is_complete(&client.report(), size), "{size}");
            assert_eq!(bench.store().calls(Operation::GetObject), size.div_ceil(size / 4));
            bench.assert_clean();
        }
    }
}

#[test]
fn a_body_that_never_goes_on_fails_in_the_end() {
    for size in [100_000, 3_000_001] {
        let bench = bench_holding(&content(3, size));
        let body_bytes = Some(0);
        bench.store().answer(AnswerScript { body_bytes, ..AnswerScript::default() });
        let mut client = bench.download(STOR, 0);
        assert!(client.receive().is_empty());
        let report = client.report();
        let Verdict::Failed(error) = report.verdict else { panic!("{report:?}") };
        assert_eq!(error.request_id(), Some("read-1"));
        let TransferError::Source { expected, got: 0, .. } = error else { panic!("{error:?}") };
        assert_eq!(expected, size as u64);
        bench.assert_clean();
    }
}

#[test]
fn a_body_that_comes_in_crumbs_fails_in_the_end() {
    let size = 100_000;
    let bench = bench_holding(&content(8, size));
    let body_bytes = Some(50);
    bench.store().answer(AnswerScript { body_bytes, ..AnswerScript::default() });
    let mut client = bench.download(STOR, 0);
    client.receive();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Failed(TransferError::Source { .. })), "{report:?}");
    assert!(bench.store().calls(Operation::GetObject) < 10, "not one request for each crumb");
    bench.assert_clean();
}

#[test]
fn a_file_that_changed_meanwhile_is_a_failure_never_a_mixture() {
    let bytes = content(4, LARGE);
    let bench = bench_holding(&bytes);
    let body_bytes = Some(LARGE - 1);
    bench.store().answer(AnswerScript { body_bytes, ..AnswerScript::default() });
    let mut client = bench.download(STOR, 0);
    let mut received = client.receive_some(1);
    bench.store().write(STOR.path, &content(5, LARGE));
    received.extend(client.receive());
    assert!(bytes.starts_with(&received) && received.len() < LARGE);
    let report = client.report();
    let Verdict::Failed(TransferError::Store(error)) = &report.verdict else {
        panic!("{report:?}");
    };
    assert_eq!(error.kind, ErrorKind::PreconditionFailed);
    bench.assert_clean();
}

/// What is opened again is looked at, too.
#[test]
fn a_store_that_ignores_if_match_mixes_no_versions_either() {
    // The other version is told by its ETag, although it is as large.
    for other in [LARGE, LARGE + 1] {
        let bytes = content(4, LARGE);
        let bench = bench_holding(&bytes);
        let body_bytes = Some(LARGE - 1);
        let answers = AnswerScript { body_bytes, ignores_if_match: true, ..Default::default() };
        bench.store().answer(answers);
        let mut client = bench.download(STOR, 0);
        let mut received = client.receive_some(1);
        bench.store().write(STOR.path, &content(5, other));
        received.extend(client.receive());
        assert!(bytes.starts_with(&received) && received.len() < LARGE);
        let verdict = client.report().verdict;
        let is_other = matches!(verdict, Verdict::Failed(TransferError::Source { .. }));
        assert!(is_other, "{verdict:?}");
        bench.assert_clean();
    }
}

#[test]
fn what_does_not_match_the_objects_checksum_is_not_called_complete() {
    for size in [0, 100_000, 3_000_001] {
        let bytes = content(6, size);
        let right = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &bytes);
        for (crc64, first, matches) in
            [(right, 0, true), (right ^ 1, 0, false), (right ^ 1, size / 2, true)]
        {
            // A part of the object has another checksum than the whole: it is not compared. Of
            // nothing there is no part.
            if matches && crc64 != right && size == 0 {
                continue;
            }
            let bench = bench_holding(&bytes);
            bench.store().answer(AnswerScript { crc64: Some(crc64), ..AnswerScript::default() });
            let mut client = bench.download(STOR, first as u64);
            client.receive();
            let report = client.report();
            match report.verdict {
                Verdict::Complete => assert!(matches, "{size} {first}"),
                Verdict::Failed(TransferError::Checksum) => assert!(!matches, "{size} {first}"),
                _ => panic!("{report:?}"),
            }
            bench.assert_clean();
        }
    }
}

#[test]
fn a_failure_of_the_store_is_told() {
    let bench = bench_holding(&content(7, LARGE));
    let body_bytes = Some(LARGE / 2);
    bench.store().answer(AnswerScript { body_bytes, ..AnswerScript::default() });
    bench.store().script(Operation::GetObject, 2, Event::Fail(ErrorKind::Unavailable));
    let mut client = bench.download(STOR, 0);
    client.receive();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Failed(TransferError::Store(_))), "{report:?}");
    bench.assert_clean();
}

#[test]
fn a_panic_in_the_worker_fails_the_download() {
    let bench = bench_holding(&content(8, LARGE));
    let (body_bytes, breaks) = (Some(LARGE / 2), Breaks::WithPanic);
    bench.store().answer(AnswerScript { body_bytes, breaks, ..Default::default() });
    let mut client = bench.download(STOR, 0);
    client.receive();
    let report = client.report();
    assert!(matches!(report.verdict, Verdict::Failed(_)), "{report:?}");
    bench.assert_clean();
}

#[test]
fn a_download_is_given_up_while_the_store_hangs() {
    type Leave = fn(&mut Client);
    let ways: [(Interruption, Leave); 3] = [
        (Interruption::ControlLost, Client::end_control),
        (Interruption::Aborted, |client| client.say(Word::Abort)),
        (Interruption::Stopping, |client| client.say(Word::Stop)),
    ];
    for (expected, leave) in ways {
        let bench = bench_holding(&content(9, LARGE));
        bench.store().close(Operation::GetObject);
        let mut client = bench.download(STOR, 0);
        bench.store().await_calls(Operation::GetObject, 1);
        leave(&mut client);
        // The gate is still closed.
        let report = client.report();
        let Verdict::Interrupted { by, kept: Kept::Nothing } = report.verdict else {
            panic!("{report:?}");
        };
        assert_eq!(by, expected);
        assert!(client.receive().is_empty(), "the data connection is closed at once");
        bench.store().open(Operation::GetObject);
        bench.assert_clean();
    }
}

#[test]
fn a_client_that_takes_nothing_is_given_up() {
    let data_idle = Duration::from_millis(200);
    let options = TransferOptions { data_idle, ..TransferOptions::default() };
    // The smaller ones are in this machine's buffers already.
    for size in [200_000, 1_000_000, LARGE] {
        let bench = bench_with(&content(10, size), options.clone());
        let client = bench.download(STOR, 0);
        let report = client.report();
        let Verdict::Interrupted { by: Interruption::DataIdle, kept: Kept::Nothing } =
            report.verdict
        else {
            panic!("{size}: {report:?}");
        };
        bench.assert_clean();
    }
}

#[test]
fn a_client_that_still_takes_bytes_is_not_given_up() {
    let data_idle = Duration::from_secs(2);
    let options = TransferOptions { data_idle, ..TransferOptions::default() };
    // All of it is in this machine's buffers, and more than the client's system takes for it.
    let bytes = content(12, 2_000_000);
    let bench = bench_with(&bytes, options);
    let mut client = bench.download(STOR, 0);
    let mut received = Vec::new();
    // In all longer than the time-out.
    for _ in 0..5 {
        std::thread::sleep(data_idle / 4);
        received.extend(client.receive_some(100_000));
        assert!(client.has_no_report_yet());
    }
    received.extend(client.receive());
    assert!(received == bytes);
    assert!(is_complete(&client.report(), bytes.len()));
}

#[test]
fn a_client_that_closes_its_data_connection_interrupts() {
    let bench = bench_holding(&content(11, LARGE));
    let mut client = bench.download(STOR, 0);
    client.receive_some(1);
    client.end_data();
    let report = client.report();
    let Verdict::Interrupted { by: Interruption::DataLost, kept: Kept::Nothing } = report.verdict
    else {
        panic!("{report:?}");
    };
    bench.assert_clean();
}

#[test]
fn line_ends_are_turned_round_also_across_reads() {
    for size in [1000, 3_000_001] {
        let stored: Vec<u8> = b"a\nbc\r\n\n\rd".iter().copied().cycle().take(size).collect();
        let text = String::from_utf8(stored.clone()).unwrap();
        let wire = text.replace("\r\n", "\n").replace('\n', "\r\n");
        let bench = bench_holding(&stored);
        let mut client = bench.download(Order { conversion: Conversion::Ascii, ..STOR }, 0);
        assert!(client.receive() == wire.as_bytes(), "{size}");
        assert!(is_complete(&client.report(), wire.len()), "{size}");
        bench.assert_clean();
    }
}
