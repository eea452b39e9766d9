//! The contract of a store, held by every store.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

mod contract;

use cos_ftp_server::store::local::{LocalOptions, LocalStore};

use contract::{Capabilities, Support};

#[test]
fn the_local_store_keeps_the_contract() {
    let root = tempfile::tempdir().unwrap();
    let options = LocalOptions { root: root.path().to_owned() };
    let store = LocalStore::open(&options).unwrap();
    contract::run(&store, &Capabilities { copy_source_match: Support::Yes });
}
