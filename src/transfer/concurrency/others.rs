//! What the other transfers of the process move meanwhile: where the processor or the network is
//! the limit, more requests for one of them only take from the others.

use std::time::Duration;

/// What all others have moved so far, and how many of them run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::transfer) struct Others {
    pub(in crate::transfer) moved: u64,
    pub(in crate::transfer) running: usize,
}

impl Others {
    /// Bytes a second that each of them has moved since `before`, `time` ago; as many as run now
    /// and did then have shared it on average.
    pub(in crate::transfer) fn each_since(self, before: Self, time: Duration) -> f64 {
        let running = (self.running + before.running) as f64 / 2.0;
        let moved = self.moved.saturating_sub(before.moved) as f64;
        moved / time.as_secs_f64().max(f64::EPSILON) / running.max(1.0)
    }
}
