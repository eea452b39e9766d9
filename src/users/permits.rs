//! How many may compute a hash at once: each takes memory and a processor.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::limits;

/// Lets a few in at once; the others wait.
#[derive(Debug)]
pub(super) struct HashingPermits {
    free: Mutex<usize>,
    left: Condvar,
}

/// Leave to compute, given back when it is dropped.
#[derive(Debug)]
pub struct HashingPermit<'a>(&'a HashingPermits);

impl HashingPermits {
    /// Lets `places` in at once, at least one.
    pub(super) fn new(places: usize) -> Self {
        Self { free: Mutex::new(places.max(1)), left: Condvar::new() }
    }

    /// Waits for a place, at most for `patience`, and for as long as `is_wanted`, which is asked
    /// now and then, and once more with the place in hand.
    pub(super) fn enter(
        &self,
        patience: Duration,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Option<HashingPermit<'_>> {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(turn) = self.wait(left.min(limits::PASSWORD_CHECK_STEP)) {
                return is_wanted().then_some(turn);
            }
            if Instant::now() >= deadline || !is_wanted() {
                return None;
            }
        }
    }

    fn wait(&self, time: Duration) -> Option<HashingPermit<'_>> {
        let mut free = self.free.lock();
        self.left.wait_while_for(&mut free, |free| *free == 0, time);
        *free = free.checked_sub(1)?;
        Some(HashingPermit(self))
    }
}

impl Drop for HashingPermit<'_> {
    fn drop(&mut self) {
        *self.0.free.lock() += 1;
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn no_more_than_the_places_are_inside() {
        let gate = HashingPermits::new(2);
        let inside = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let _turn = gate.enter(LONG, &mut || true).unwrap();
                        assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                        thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(*gate.free.lock(), 2);
    }

    #[test]
    fn the_wait_ends() {
        let gate = HashingPermits::new(0);
        let turn = gate.enter(Duration::ZERO, &mut || true);
        assert!(turn.is_some(), "one place there is always");
        assert!(gate.enter(Duration::ZERO, &mut || true).is_none());
        // Nor does anybody wait who is not waited for.
        assert!(gate.enter(LONG, &mut || false).is_none());
        drop(turn);
        // Nor does anybody have the turn who is not waited for when it comes.
        assert!(gate.enter(LONG, &mut || false).is_none());
        assert!(gate.enter(Duration::ZERO, &mut || true).is_some());
    }
}
