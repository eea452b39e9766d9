//! The pages of a listing, fetched by two workers in turn.

use cos_ftp_server::store::{ErrorKind, Operation};
use cos_ftp_server::transfer::{TransferError, TransferOptions, Verdict};

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
        let verdict = bench.list().unwrap_err();
        let Verdict::Failed(TransferError::Store(error)) = &verdict else { panic!("{verdict:?}") };
        assert_eq!(error.kind, ErrorKind::Unavailable);
        bench.assert_clean();
    }
}
