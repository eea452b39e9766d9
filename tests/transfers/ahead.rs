//! Downloads from a store that is far away: ranges are fetched ahead, and still the client gets
//! one file, in order, or is told that it did not.

use std::time::Duration;

use cos_ftp_server::store::{ErrorKind, Operation};
use cos_ftp_server::transfer::{Interruption, Kept, TransferError, TransferOptions, Verdict};

use crate::transfers::answers::{AnswerScript, FAIR};
use crate::transfers::bench::{Bench, Client, Order, STOR, content};
use crate::transfers::store::{Event, S3_LIMITS, ScriptedStore};

const FILE: usize = 16_777_213;

/// More than is fetched ahead and sockets hold: where the client stops reading, some of it is still
/// to be asked for, however late the test is.
const LARGE: usize = 64 << 20;

/// Each read takes much longer than the client takes for what it gives.
const FAR: AnswerScript = AnswerScript { latency: Duration::from_millis(20), ..FAIR };

fn bench_holding(bytes: &[u8], answers: AnswerScript) -> Bench {
    let store = ScriptedStore::new(S3_LIMITS);
    store.write(STOR.path, bytes);
    store.answer(answers);
    Bench::new(store, TransferOptions::default())
}

/// A download that has begun to fetch ahead, and what it has sent so far.
fn under_way(bench: &Bench) -> (Client, Vec<u8>) {
    let mut client = bench.download(STOR, 0);
    let begin = client.receive_some(1);
    let mut received = begin;
    while bench.store().calls(Operation::GetObject) < 2 {
        received.extend(client.receive_some(1));
    }
    (client, received)
}

#[test]
fn ranges_arrive_in_order() {
    let bytes = content(1, FILE);
    let crc64 = Some(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &bytes));
    let body_bytes = Some(1_000_003);
    for answers in [FAR, AnswerScript { crc64, ..FAR }, AnswerScript { body_bytes, crc64, ..FAR }] {
        let bench = bench_holding(&bytes, answers);
        let mut client = bench.download(STOR, 0);
        assert!(client.receive() == bytes, "{answers:?}");
        let report = client.report();
        assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
        assert_eq!(report.bytes, FILE as u64);
        assert!(bench.store().calls(Operation::GetObject) > 1, "nothing was fetched ahead");
        bench.assert_clean();
    }
}

#[test]
fn what_is_no_faster_for_it_is_not_fetched_ahead_for_long() {
    let bytes = content(7, 48 << 20);
    let crc64 = Some(crc_fast::checksum(crc_fast::CrcAlgorithm::Crc64Xz, &bytes));
    let bench = bench_holding(&bytes, AnswerScript { in_turn: true, crc64, ..FAR });
    let mut client = bench.download(STOR, 0);
    assert!(client.receive() == bytes);
    assert!(matches!(client.report().verdict, Verdict::Complete));
    // Of twelve ranges and the beginning: four were tried, some had begun by then, the rest is one.
    let requests = bench.store().calls(Operation::GetObject);
    assert!((2..12).contains(&requests), "{requests}");
    bench.assert_clean();
}

#[test]
fn a_file_that_changes_meanwhile_is_a_failure_never_a_mixture() {
    let bytes = content(2, LARGE);
    let bench = bench_holding(&bytes, AnswerScript { body_bytes: Some(3_000_000), ..FAR });
    let (mut client, mut received) = under_way(&bench);
    bench.store().write(STOR.path, &content(3, LARGE));
    received.extend(client.receive());
    assert!(bytes.starts_with(&received) && received.len() < LARGE);
    let report = client.report();
    let Verdict::Failed(TransferError::Store(error)) = &report.verdict else {
        panic!("{report:?}");
    };
    assert_eq!(error.kind, ErrorKind::PreconditionFailed);
    bench.assert_clean();
}

#[test]
fn a_failure_or_panic_of_any_range_fails_the_download() {
    for event in [Event::Fail(ErrorKind::Unavailable), Event::Panic] {
        let bytes = content(4, FILE);
        let bench = bench_holding(&bytes, FAR);
        bench.store().script(Operation::GetObject, 3, event);
        let mut client = bench.download(STOR, 0);
        let received = client.receive();
        assert!(bytes.starts_with(&received) && received.len() < FILE);
        let report = client.report();
        assert!(matches!(report.verdict, Verdict::Failed(_)), "{event:?}: {report:?}");
        bench.assert_clean();
    }
}

/// What was fetched ahead stays in memory for as long as a slow client takes: others must not wait
/// for it.
#[test]
fn clients_that_fall_asleep_leave_room_for_others() {
    let store = ScriptedStore::new(S3_LIMITS);
    store.write(STOR.path, &content(6, FILE));
    store.answer(FAR);
    let bench =
        Bench::new(store, TransferOptions { buffer_memory: 32 << 20, ..Default::default() });
    let mut asleep = [(); 4].map(|()| {
        let before = bench.budget().in_use();
        let mut client = bench.download(STOR, 0);
        let mut received = Vec::new();
        // Until it fetches ahead, or could have.
        while bench.budget().in_use() < before + (2 << 20) && received.len() < FILE / 2 {
            received.extend(client.receive_some(64 << 10));
        }
        (client, received)
    });
    let mut uploading = bench.upload(Order { path: "/new", ..STOR });
    uploading.send(b"bytes");
    uploading.end_data();
    assert!(matches!(uploading.report().verdict, Verdict::Complete));
    for (client, received) in &mut asleep {
        received.extend(client.receive());
        assert_eq!(received.len(), FILE);
        assert!(matches!(client.report().verdict, Verdict::Complete));
    }
    bench.assert_clean();
}

#[test]
fn a_client_that_leaves_is_not_waited_for_by_the_store() {
    let bench = bench_holding(&content(5, FILE), FAR);
    let (mut client, _) = under_way(&bench);
    bench.store().close(Operation::GetObject);
    client.end_control();
    // The gate is still closed.
    let report = client.report();
    let Verdict::Interrupted { by: Interruption::ControlLost, kept: Kept::Nothing } =
        report.verdict
    else {
        panic!("{report:?}");
    };
    bench.store().open(Operation::GetObject);
    bench.assert_clean();
}
