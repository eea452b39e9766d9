//! What a bucket makes of tags.

use std::sync::atomic::{AtomicU8, Ordering};

/// Whether a bucket keeps the tags that come with a request: not known at first.
#[derive(Debug, Default)]
pub(crate) struct TagHabit(AtomicU8);

const UNKNOWN: u8 = 0;
const KEEPS: u8 = 1;
const FORGETS: u8 = 2;

impl TagHabit {
    /// Whether nothing needs to be done for tags.
    pub(crate) fn keeps(&self) -> bool {
        self.0.load(Ordering::Relaxed) == KEEPS
    }

    /// Whether no object has shown it yet.
    pub(crate) fn is_unknown(&self) -> bool {
        self.0.load(Ordering::Relaxed) == UNKNOWN
    }

    /// An object that was stored with `sent` tags has `kept` of them.
    pub(crate) fn note(&self, sent: usize, kept: usize) {
        self.0.store(if kept == sent { KEEPS } else { FORGETS }, Ordering::Relaxed);
    }
}
