//! Stores that did not answer a moment ago: what is left in others does not wait for them.

use std::collections::HashMap;
use std::time::Instant;

/// By their names, of which there are no more than the configuration has.
#[derive(Debug, Default)]
pub(super) struct AwayStores(HashMap<String, Instant>);

impl AwayStores {
    /// The store is not asked before then.
    pub(super) fn note(&mut self, store: String, until: Instant) {
        self.0.insert(store, until);
    }

    /// Until when it is not asked, if that is still to come.
    pub(super) fn until(&self, store: &str) -> Option<Instant> {
        self.0.get(store).copied().filter(|until| *until > Instant::now())
    }
}
