//! Many uploads that share `buffer_memory`.

use std::thread;
use std::time::{Duration, Instant};

use cos_ftp_server::limits;
use cos_ftp_server::net::Wake;
use cos_ftp_server::store::{Operation, PartLimits};
use cos_ftp_server::transfer::{
    Conversion, Interruption, Kept, Lease, PartialUpload, TransferOptions, Verdict,
};

use crate::transfers::bench::{Bench, Client, Order, PATIENCE, STOR, Word, content};
use crate::transfers::store::{S3_LIMITS, ScriptedStore};

const MIB: usize = 1 << 20;
const BLOCK: u64 = 256 * 1024;

/// What an upload is admitted with: a part of 5 MiB and one block.
const RESERVE: u64 = 21 * BLOCK;

/// A store of few parts, so that they grow fast: from 5 MiB to 15 MiB for a file of 80 MiB.
const FEW_PARTS: PartLimits = PartLimits { min_part: 1 << 20, max_part: 5 << 30, max_parts: 8 };

fn growing(buffer_memory: u64, partial: PartialUpload) -> Bench {
    let max_file = 80 << 20;
    let options = TransferOptions { buffer_memory, max_file, partial, ..Default::default() };
    Bench::new(ScriptedStore::new(FEW_PARTS), options)
}

#[test]
fn fifty_slow_uploads_share_the_memory_of_twelve_parts() {
    let buffer_memory = 12 * 5 * MIB as u64;
    // No more than a part and a block: the first to come would borrow what the others have not asked
    // for yet. A third of the memory is for what has arrived of the others, the rest for seven such.
    let part_buffer = Some((5 * MIB + limits::BLOCK_BYTES) as u64);
    let options = TransferOptions { buffer_memory, part_buffer, ..TransferOptions::default() };
    let bench = Bench::new(ScriptedStore::new(S3_LIMITS), options);
    let bytes = content(1, 11 * MIB);
    // Nobody gets on before all have come; then one part at a time.
    bench.store().close(Operation::UploadPart);
    let begun = Instant::now();
    thread::scope(|scope| {
        let uploads: Vec<_> = (0..50)
            .map(|_| {
                let (mut client, bytes) = (bench.upload(STOR), &bytes);
                scope.spawn(move || {
                    client.send(bytes);
                    client.end_data();
                    client.report()
                })
            })
            .collect();
        bench.store().await_calls(Operation::UploadPart, 7);
        assert!(bench.budget().is_wanted(), "the others wait");
        bench.store().open(Operation::UploadPart);
        for upload in uploads {
            let report = upload.join().unwrap();
            assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
            assert_eq!(report.bytes, bytes.len() as u64);
        }
    });
    assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
    assert_eq!(bench.store().calls(Operation::CompleteMultipartUpload), 50);
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}

#[test]
fn uploads_whose_parts_outgrow_the_memory_take_turns() {
    let bench = growing(24 * MIB as u64, PartialUpload::Keep);
    let bytes = content(2, 60 * MIB);
    thread::scope(|scope| {
        let uploads: Vec<_> = ["/a", "/b", "/c"]
            .map(|path| {
                let (bench, bytes) = (&bench, &bytes);
                scope.spawn(move || {
                    let mut client = bench.upload(Order { path, ..STOR });
                    client.send(bytes);
                    client.end_data();
                    (path, client.report())
                })
            })
            .into_iter()
            .collect();
        for upload in uploads {
            let (path, report) = upload.join().unwrap();
            assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
            bench.assert_stored(path, &bytes);
        }
    });
    bench.assert_clean();
}

/// An upload that has sent its first part and cannot have the memory for the next: somebody else
/// holds the rest of the budget. What has gathered is on its way to the store.
fn outgrown(bench: &Bench) -> (Client, Lease) {
    let held = bench.budget().try_borrow(bench.budget().total() - RESERVE).unwrap();
    let mut client = bench.upload(STOR);
    client.send(&content(3, 5 * MIB));
    bench.store().await_calls(Operation::UploadPart, 1);
    (client, held)
}

#[test]
fn an_upload_that_has_outgrown_its_memory_goes_on_when_there_is_more() {
    let bench = growing(16 * MIB as u64, PartialUpload::Keep);
    let (mut client, held) = outgrown(&bench);
    client.send(&content(4, 5 * MIB));
    await_line(&bench);
    drop(held);
    client.send(&content(5, 20 * MIB));
    client.end_data();
    assert!(matches!(client.report().verdict, Verdict::Complete));
    let expected = [content(3, 5 * MIB), content(4, 5 * MIB), content(5, 20 * MIB)].concat();
    bench.assert_stored(STOR.path, &expected);
    bench.assert_clean();
}

#[test]
fn a_turn_that_is_too_small_when_it_comes_goes_round() {
    let bench = growing(24 * MIB as u64, PartialUpload::Keep);
    bench.store().close(Operation::CreateMultipartUpload);
    let part = 5 * MIB as u64;
    let mut held = bench.budget().try_borrow(bench.budget().total() - part).unwrap();
    let mut client = bench.upload(STOR);
    // A whole part, and no block to read on: it stands in line for one.
    client.send(&content(5, 5 * MIB));
    await_line(&bench);
    // The part goes meanwhile, and the next is to be larger.
    bench.store().open(Operation::CreateMultipartUpload);
    bench.store().await_calls(Operation::UploadPart, 1);
    client.send(&content(6, 5 * MIB));
    client.await_bytes(2 * part);
    let wake = Wake::new().unwrap();
    let mut other = bench.budget().request(2 * part, &wake);
    // Enough for the first in line, and nearly enough for the next.
    held.shrink(held.bytes() - BLOCK);
    held.shrink(held.bytes() + BLOCK - 2 * part);
    let deadline = Instant::now() + PATIENCE;
    while let Err(waits) = other.take() {
        assert!(Instant::now() < deadline, "what it holds goes to whoever waits behind it");
        other = waits;
        thread::park_timeout(Duration::from_millis(1));
    }
    drop(held);
    client.end_data();
    assert!(matches!(client.report().verdict, Verdict::Complete));
    bench.assert_stored(STOR.path, &[content(5, 5 * MIB), content(6, 5 * MIB)].concat());
    bench.assert_clean();
}

#[test]
fn a_client_lost_while_its_upload_waits_for_memory_does_not_hang_it() {
    let bench = growing(16 * MIB as u64, PartialUpload::Keep);
    let held = bench.budget().try_borrow(bench.budget().total() - 4 * BLOCK).unwrap();
    let mut client = bench.upload(STOR);
    client.send(&content(4, 4 * BLOCK as usize + 1));
    await_line(&bench);
    client.end_control();
    let report = client.report();
    let Verdict::Interrupted { by: Interruption::ControlLost, kept: Kept::Partial } =
        report.verdict
    else {
        panic!("{report:?}");
    };
    bench.assert_stored(STOR.path, &content(4, 4 * BLOCK as usize + 1)[..4 * BLOCK as usize]);
    drop(held);
    bench.assert_clean();
}

#[test]
fn abor_is_answered_while_an_outgrown_upload_waits_for_the_store() {
    let bench = growing(16 * MIB as u64, PartialUpload::Discard);
    bench.store().close(Operation::UploadPart);
    let (mut client, held) = outgrown(&bench);
    client.send(&content(4, BLOCK as usize));
    client.await_bytes(5 * MIB as u64 + BLOCK);
    client.say(Word::Abort);
    // The gate is still closed.
    let report = client.report();
    let Verdict::Interrupted { by: Interruption::Aborted, kept: Kept::Nothing } = report.verdict
    else {
        panic!("{report:?}");
    };
    bench.store().open(Operation::UploadPart);
    drop(held);
    bench.assert_clean();
}

#[test]
fn memory_that_an_idle_upload_does_not_need_goes_to_those_who_wait() {
    // Enough for two parts and a little: the first upload borrows more than its share.
    let (buffer_memory, max_file) = (2 * RESERVE + BLOCK, 1 << 30);
    let options = TransferOptions { buffer_memory, max_file, ..TransferOptions::default() };
    let bench = Bench::new(ScriptedStore::new(S3_LIMITS), options);
    bench.store().close(Operation::UploadPart);
    let mut idle = bench.upload(STOR);
    idle.send(&content(6, 10 * MIB));
    idle.await_bytes(10 * MIB as u64);
    assert!(bench.budget().in_use() > RESERVE);
    bench.store().open(Operation::UploadPart);
    until("it gives back what it does not need", || bench.budget().in_use() <= RESERVE);
    let mut other = bench.upload(Order { path: "/other", ..STOR });
    other.send(b"some");
    other.end_data();
    assert!(matches!(other.report().verdict, Verdict::Complete));
    idle.end_data();
    assert!(matches!(idle.report().verdict, Verdict::Complete));
    bench.assert_clean();
}

#[test]
fn the_beginning_of_a_part_that_does_not_become_whole_goes_to_the_store_when_others_wait() {
    let options = TransferOptions { buffer_memory: 16 << 20, ..TransferOptions::default() };
    let small_parts = PartLimits { min_part: 1 << 20, ..S3_LIMITS };
    let bench = Bench::new(ScriptedStore::new(small_parts), options);
    let bytes = content(9, 4 * MIB);
    let (begun, rest) = bytes.split_at(3 * MIB + 1);
    // A third of the memory is for what needs no turn: here ten blocks of another upload and eleven
    // of this one, which gets the ten of its turn then. Nothing is left.
    let mut idle = bench.upload(Order { path: "/idle", ..STOR });
    idle.send(&content(10, 9 * BLOCK as usize + 1));
    idle.await_bytes(9 * BLOCK + 1);
    let held = bench.budget().try_borrow(bench.budget().total() - 10 * BLOCK - RESERVE).unwrap();
    let mut slow = bench.upload(STOR);
    slow.send(begun);
    slow.await_bytes(begun.len() as u64);
    let mut other = bench.budget().request(8 * BLOCK, &Wake::new().unwrap());
    let deadline = Instant::now() + PATIENCE;
    let pieces: Vec<_> = rest.chunks(8 * 1024).collect();
    let mut sent = 0;
    while let Err(waits) = other.take() {
        assert!(Instant::now() < deadline, "the slow one keeps all");
        other = waits;
        if let Some(piece) = pieces.get(sent) {
            slow.send(piece);
            sent += 1;
        }
        thread::sleep(Duration::from_millis(250));
    }
    assert!(bench.store().calls(Operation::UploadPart) > 0);
    drop(held);
    idle.end_data();
    for piece in &pieces[sent..] {
        slow.send(piece);
    }
    slow.end_data();
    assert!(matches!(slow.report().verdict, Verdict::Complete));
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}

#[test]
fn what_nobody_reads_ends_for_those_who_wait_for_memory() {
    const MORE_THAN_SOCKETS_HOLD: usize = 32 * MIB;
    let give_up = |is_file: bool| {
        let options = TransferOptions { buffer_memory: 8 << 20, ..TransferOptions::default() };
        let bench = Bench::new(ScriptedStore::new(S3_LIMITS), options);
        let unread = if is_file {
            let mut client = bench.upload(STOR);
            client.send(&content(1, MORE_THAN_SOCKETS_HOLD));
            client.end_data();
            client.report();
            bench.download(STOR, 0)
        } else {
            bench.send(content(1, MORE_THAN_SOCKETS_HOLD))
        };
        until("it is given memory", || !is_file || bench.budget().in_use() > 0);
        let free = bench.budget().total() - bench.budget().in_use();
        let held = bench.budget().try_borrow(free).unwrap();
        let other = bench.budget().request(1, &Wake::new().unwrap());
        let Verdict::Interrupted { by: Interruption::DataIdle, .. } = unread.report().verdict
        else {
            panic!("it did not end as idle");
        };
        drop(held);
        assert!(other.take().is_ok());
        bench.assert_clean();
    };
    thread::scope(|scope| {
        let both = [true, false].map(|is_file| scope.spawn(move || give_up(is_file)));
        both.into_iter().for_each(|one| one.join().unwrap());
    });
}

/// Waits until somebody waits in line for memory.
fn await_line(bench: &Bench) {
    until("somebody waits for memory", || bench.budget().is_wanted());
}

/// Waits for what nobody tells of.
fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "not yet: {what}");
        thread::park_timeout(Duration::from_millis(1));
    }
}

#[test]
fn uploads_of_which_little_has_arrived_leave_the_memory_to_the_others() {
    let options = TransferOptions { buffer_memory: 64 << 20, ..TransferOptions::default() };
    let bench = Bench::new(ScriptedStore::new(S3_LIMITS), options);
    let idle: Vec<_> = (0..60)
        .map(|number| {
            let mut client = bench.upload(Order { path: "/idle", ..STOR });
            client.send(&content(number, 1));
            client.await_bytes(1);
            client
        })
        .collect();
    let mut other = bench.upload(Order { path: "/other", ..STOR });
    let bytes = content(7, 30 * MIB);
    other.send(&bytes);
    other.end_data();
    assert!(matches!(other.report().verdict, Verdict::Complete));
    bench.assert_stored("/other", &bytes);
    for mut client in idle {
        client.end_data();
        assert!(matches!(client.report().verdict, Verdict::Complete));
    }
    bench.assert_clean();
}

#[test]
fn what_stands_still_holds_memory_only_for_what_has_arrived() {
    for conversion in [Conversion::None, Conversion::Ascii] {
        let bench = Bench::new(ScriptedStore::new(S3_LIMITS), TransferOptions::default());
        let mut client = bench.upload(Order { conversion, ..STOR });
        let sent = vec![b'x'; 5 * MIB + 1000];
        let mut begin = 0;
        // The last of these is little again: a whole part was sent before.
        for (end, held) in [(1, 0), (limits::BEGINNING_BYTES + 1, BLOCK), (sent.len(), 0)] {
            client.send(&sent[begin..end]);
            client.await_bytes(end as u64);
            until("memory stands for what has arrived", || bench.budget().in_use() == held);
            begin = end;
        }
        client.end_data();
        assert!(matches!(client.report().verdict, Verdict::Complete));
        bench.assert_stored(STOR.path, &sent);
        bench.assert_clean();
    }
}

#[test]
fn slow_uploads_that_fill_the_memory_all_end() {
    let options = TransferOptions { buffer_memory: 16 << 20, ..TransferOptions::default() };
    let bench = Bench::new(ScriptedStore::new(S3_LIMITS), options);
    let bytes = content(8, 6 * MIB);
    thread::scope(|scope| {
        let uploads: Vec<_> = (0..24)
            .map(|_| {
                let (mut client, bytes) = (bench.upload(STOR), &bytes);
                scope.spawn(move || {
                    // In pieces that let each of them grow beside the others.
                    for piece in bytes.chunks(BLOCK as usize / 2) {
                        client.send(piece);
                        thread::yield_now();
                    }
                    client.end_data();
                    client.report()
                })
            })
            .collect();
        for upload in uploads {
            let report = upload.join().unwrap();
            assert!(matches!(report.verdict, Verdict::Complete), "{report:?}");
        }
    });
    bench.assert_stored(STOR.path, &bytes);
    bench.assert_clean();
}
