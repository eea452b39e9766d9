//! The pages of a listing, fetched by two workers in turn.

use cos_ftp_server::limits;
use cos_ftp_server::store::{ErrorKind, Operation};
use cos_ftp_server::transfer::{Incomplete, TransferError, TransferOptions};

use crate::transfers::bench::Bench;
use crate::transfers::store::{Event, S3_LIMITS, ScriptedStore};

fn bench(pages: usize) -> Bench {
    let store = ScriptedStore::new(S3_LIMITS);
    store.hold_pages(pages);
    Bench::new(store, TransferOptions::default())
}

#[test]
fn pages_come_in_order_and_are_asked_for_once() {
    for pages in [1, 2, 3, 10] {
        let bench = bench(pages);
        let names: Vec<_> = (0..pages).map(|page| page.to_string()).collect();
        assert_eq!(bench.list().unwrap(), names);
        assert_eq!(bench.store().calls(Operation::ListObjects), pages);
        bench.assert_clean();
    }
}

#[test]
fn the_second_connection_is_opened_when_there_is_a_second_page() {
    for pages in [1, 2, 10] {
        let bench = bench(pages);
        bench.list().unwrap();
        bench.assert_clean();
        assert_eq!(bench.store().connected_ahead(), usize::from(pages > 1), "{pages}");
    }
}

#[test]
fn a_page_that_fails_ends_the_listing() {
    for failing in 2..=4 {
        let bench = bench(4);
        let failure = Event::Fail(ErrorKind::Unavailable);
        bench.store().script(Operation::ListObjects, failing, failure);
        let why = bench.list().unwrap_err();
        let Incomplete::Failed(TransferError::Store(error)) = &why else { panic!("{why:?}") };
        assert_eq!(error.kind, ErrorKind::Unavailable);
        bench.assert_clean();
    }
}

#[test]
fn pages_that_nobody_reads_lease_what_they_hold() {
    let bench = bench(10);
    bench
        .list_slowly(|come| {
            if come == 1 {
                // All that is fetched ahead.
                bench.store().await_calls(Operation::ListObjects, 5);
                assert_eq!(bench.budget().in_use(), 5 * limits::LISTING_PAGE_BYTES as u64);
            }
        })
        .unwrap();
    bench.assert_clean();
}

#[test]
fn where_the_memory_is_used_up_pages_come_one_at_a_time() {
    let bench = bench(10);
    let others = bench.budget().total() - limits::LISTING_PAGE_BYTES as u64;
    let held = bench.budget().try_borrow(others).unwrap();
    let listed = bench.list_slowly(|come| {
        assert_eq!(bench.store().calls(Operation::ListObjects), come, "none is fetched ahead");
    });
    assert_eq!(bench.store().connected_ahead(), 0, "nor is there a second worker");
    assert_eq!(listed.unwrap().len(), 10);
    drop(held);
    bench.assert_clean();
}
