use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use crate::support::stored::sha256;

/// Names that every session stores, fetches and deletes as it likes. Each holds one of the files
/// that somebody sent, as a whole, or nothing.
#[derive(Default)]
pub(crate) struct Shared {
    sent: Mutex<HashSet<String>>,
}

impl Shared {
    /// The shared name that `number` means.
    pub(crate) fn name(number: u64) -> String {
        format!("common/x{}", number % 3)
    }

    /// Whether a key of the bucket is shared.
    pub(crate) fn is_one(key: &str) -> bool {
        key.starts_with("common/")
    }

    /// Somebody is about to send these bytes.
    pub(crate) fn will_be_sent(&self, bytes: &[u8]) {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256(bytes));
    }

    /// What was found under `name` is what somebody sent.
    pub(crate) fn expect_known(&self, name: &str, sum: &str) {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(sent.contains(sum), "{name} holds what nobody sent");
    }
}
