//! How long an upload waits for its first memory, and how long it keeps others waiting for theirs.

use std::time::{Duration, Instant};

use crate::limits;
use crate::transfer::pool::BlockPool;

/// Since when an upload stands still.
#[derive(Debug)]
pub(super) struct Standstill {
    /// Since when it has nothing of the budget and waits for it.
    waits_since: Option<Instant>,
    /// When its client was last seen to get on, and how much had come then.
    seen: Instant,
    bytes: u64,
}

impl Standstill {
    pub(super) fn new(now: Instant) -> Self {
        Self { waits_since: None, seen: now, bytes: 0 }
    }

    /// Notes whether `pool` has room for more at present; how much longer it may be without, if it has
    /// nothing at all.
    pub(super) fn note_room(&mut self, has_room: bool, pool: &BlockPool) -> Option<Duration> {
        if has_room || !pool.waits_to_begin() {
            self.waits_since = None;
            return None;
        }
        let now = Instant::now();
        let waited = now.duration_since(*self.waits_since.get_or_insert(now));
        Some(limits::BUFFER_WAIT.saturating_sub(waited))
    }

    /// The client is not to blame for what we cannot or may not take.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.seen = now;
    }

    /// Whether the client, which has sent `bytes`, has long brought next to nothing while others wait
    /// for what `pool` holds for it.
    pub(super) fn is_over(&mut self, bytes: u64, pool: &BlockPool, now: Instant) -> bool {
        if bytes - self.bytes >= limits::BEGINNING_BYTES as u64 || !pool.has_turn() {
            self.bytes = bytes;
            self.seen = now;
        }
        now.duration_since(self.seen) >= limits::STANDSTILL && pool.keeps_others_waiting()
    }
}
