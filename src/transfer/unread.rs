//! How long a client that takes next to nothing keeps others waiting for the memory of what it was
//! to take.

use std::time::Instant;

use crate::limits;
use crate::net::Stream;
use crate::transfer::Budget;

/// Since when a client takes next to nothing.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// How much it had taken when it was last seen to get on, and when that was.
    seen: Option<(u64, Instant)>,
}

impl Unread {
    /// Whether the client of `data` has long taken next to nothing of what it is given, while
    /// others wait for what its user holds of `budget`.
    pub(super) fn keeps_others_waiting(&mut self, data: &Stream, budget: &Budget) -> bool {
        match data.acknowledged() {
            Some(bytes) => self.is_over(bytes, budget, Instant::now()),
            None => {
                // It is not to blame for what it is not given.
                self.seen = None;
                false
            }
        }
    }

    /// Looks at a client that is waited for `now` and has taken `bytes` in all. Whether it has long
    /// taken next to nothing while others wait for what its user holds of `budget`.
    fn is_over(&mut self, bytes: u64, budget: &Budget, now: Instant) -> bool {
        let (had_taken, since) = *self.seen.get_or_insert((bytes, now));
        if bytes - had_taken >= limits::STANDSTILL_BYTES {
            self.seen = Some((bytes, now));
            return false;
        }
        let is_over = now.duration_since(since) >= limits::UNREAD && budget.is_wanted();
        if is_over {
            log::warn!("a client takes nothing while others wait for memory: {bytes} bytes so far");
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::net::Wake;

    #[test]
    fn who_takes_nothing_is_given_up_for_others_only() {
        let budget = Budget::new(1 << 20);
        let (wake, now) = (Wake::new().unwrap(), Instant::now());
        let late = now + limits::UNREAD;
        let mut unread = Unread::default();
        assert!(!unread.is_over(7, &budget, now) && !unread.is_over(7, &budget, late));
        let _held = budget.try_borrow(1 << 20).unwrap();
        let _waits = budget.request(1, &wake);
        assert!(!unread.is_over(7, &budget, late - Duration::from_millis(1)), "not yet");
        assert!(unread.is_over(6 + limits::STANDSTILL_BYTES, &budget, late));
        assert!(!unread.is_over(7 + limits::STANDSTILL_BYTES, &budget, late), "it gets on");
        assert!(!unread.is_over(7 + limits::STANDSTILL_BYTES, &budget, late));
    }
}
