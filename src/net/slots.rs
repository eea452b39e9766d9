//! Counting connections against `max_connection_num`.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// All connections, control and data, that are open or about to be.
#[derive(Clone, Debug)]
pub struct ConnectionSlots {
    taken: Arc<AtomicUsize>,
    limit: Option<usize>,
}

/// One connection's place, given back when it is dropped.
#[derive(Debug)]
pub struct ConnectionSlot {
    taken: Arc<AtomicUsize>,
}

impl ConnectionSlots {
    /// At most `limit` connections at once; `None` for any number.
    pub fn new(limit: Option<usize>) -> Self {
        Self { taken: Arc::default(), limit }
    }

    /// A place, unless all are taken.
    pub fn try_take(&self) -> Option<ConnectionSlot> {
        self.try_take_leaving(0)
    }

    /// A place, if `left` are left afterwards.
    pub fn try_take_leaving(&self, left: usize) -> Option<ConnectionSlot> {
        let limit = self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(left));
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < limit).then_some(taken + 1)
            })
            .ok()
            .map(|_| ConnectionSlot { taken: Arc::clone(&self.taken) })
    }

    /// How many are not taken; `None` for any number.
    pub fn free(&self) -> Option<usize> {
        self.limit.map(|limit| limit.saturating_sub(self.taken()))
    }

    /// How many there are; `None` for any number.
    pub fn limit(&self) -> Option<usize> {
        self.limit
    }

    /// Places taken now.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Acquire)
    }
}

impl Drop for ConnectionSlot {
    fn drop(&mut self) {
        self.taken.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_may_be_left_to_others() {
        let slots = ConnectionSlots::new(Some(3));
        let _first = slots.try_take_leaving(2);
        assert_eq!(slots.free(), Some(2));
        assert!(slots.try_take_leaving(2).is_none());
        assert!(slots.try_take_leaving(1).is_some());
        assert!(ConnectionSlots::new(None).try_take_leaving(5).is_some());
    }

    #[test]
    fn a_dropped_slot_is_free_again() {
        let slots = ConnectionSlots::new(Some(1));
        let first = slots.try_take();
        assert!(first.is_some());
        assert!(slots.try_take().is_none());
        drop(first);
        assert!(slots.try_take().is_some());
        assert_eq!(slots.taken(), 0);
    }
}
