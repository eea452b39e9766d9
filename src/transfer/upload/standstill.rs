//! How long an upload waits for its first memory, and how long it keeps others waiting for theirs.

use std::time::{Duration, Instant};

use crate::limits;
use crate::transfer::TransferError;
use crate::transfer::pool::BlockPool;

/// Since when an upload stands still.
#[derive(Debug)]
pub(super) struct Standstill {
    /// Since when it has nothing of the budget and waits for it.
    waits_since: Option<Instant>,
    /// Since when it has all that a part needs.
    turn_since: Option<Instant>,
    /// When its client was last seen to get on, and how much had come then.
    seen: Instant,
    bytes: u64,
}

impl Standstill {
    pub(super) fn new(now: Instant) -> Self {
        Self { waits_since: None, turn_since: None, seen: now, bytes: 0 }
    }

    /// Notes whether `pool` has room for more at present; how much longer it may be without, if it
    /// has nothing at all.
    ///
    /// # Errors
    /// [`TransferError::NoBuffer`] when it has been so for [`limits::BUFFER_WAIT`].
    pub(super) fn note_room(
        &mut self,
        has_room: bool,
        pool: &BlockPool,
    ) -> Result<Option<Duration>, TransferError> {
        if has_room || !pool.waits_to_begin() {
            self.waits_since = None;
            return Ok(None);
        }
        let now = Instant::now();
        let waited = now.duration_since(*self.waits_since.get_or_insert(now));
        let left = limits::BUFFER_WAIT.checked_sub(waited).filter(|left| !left.is_zero());
        left.map(Some).ok_or(TransferError::NoBuffer)
    }

    /// Whether others wait for the memory of a part that has not become whole for long: as soon as
    /// enough of it has arrived for the store, it goes there, and the memory goes round.
    pub(super) fn is_slow(&mut self, pool: &BlockPool) -> bool {
        if !pool.has_turn() {
            self.turn_since = None;
            return false;
        }
        let now = Instant::now();
        let since = *self.turn_since.get_or_insert(now);
        now.duration_since(since) >= limits::STANDSTILL && pool.keeps_others_waiting()
    }

    /// The client is not to blame for what we cannot or may not take.
    pub(super) fn excuse(&mut self, now: Instant) {
        self.seen = now;
    }

    /// Whether the client, which has sent `bytes`, has long brought next to nothing while others
    /// wait for what `pool` holds for it.
    pub(super) fn is_over(&mut self, bytes: u64, pool: &BlockPool) -> bool {
        let now = Instant::now();
        if bytes - self.bytes >= limits::STANDSTILL_BYTES || !pool.has_turn() {
            self.bytes = bytes;
            self.seen = now;
        }
        let is_over =
            now.duration_since(self.seen) >= limits::STANDSTILL && pool.keeps_others_waiting();
        if is_over {
            log::warn!("{bytes} bytes stand still while others wait for memory");
        }
        is_over
    }
}
