//! How many may compute a hash at once: each takes memory and a processor.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::limits;

/// Lets a few in at once; the others wait in line.
#[derive(Debug)]
pub(super) struct HashingPermits {
    line: Mutex<Queue>,
    moved: Condvar,
}

#[derive(Debug)]
struct Queue {
    free: usize,
    /// Tickets of those who wait, in the order in which they came: a guess that comes behind as
    /// many as bring about a ban is not verified before them.
    waiting: VecDeque<u64>,
    next_ticket: u64,
}

/// Leave to compute, given back when it is dropped.
#[derive(Debug)]
pub struct HashingPermit<'a>(&'a HashingPermits);

impl HashingPermits {
    /// Lets `places` in at once, at least one.
    pub(super) fn new(places: usize) -> Self {
        let line = Queue { free: places.max(1), waiting: VecDeque::new(), next_ticket: 0 };
        Self { line: Mutex::new(line), moved: Condvar::new() }
    }

    /// Waits for a place, at most for `patience`, and for as long as `is_wanted`, which is asked
    /// now and then, and once more with the place in hand.
    pub(super) fn enter(
        &self,
        patience: Duration,
        is_wanted: &mut dyn FnMut() -> bool,
    ) -> Option<HashingPermit<'_>> {
        let deadline = Instant::now() + patience;
        let ticket = self.line.lock().join();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Some(turn) = self.wait(ticket, left.min(limits::PASSWORD_CHECK_STEP)) {
                return is_wanted().then_some(turn);
            }
            if Instant::now() >= deadline || !is_wanted() {
                self.line.lock().waiting.retain(|waiting| *waiting != ticket);
                self.moved.notify_all();
                return None;
            }
        }
    }

    /// The place of whoever has the `ticket`, if its turn comes in that time.
    fn wait(&self, ticket: u64, time: Duration) -> Option<HashingPermit<'_>> {
        let mut line = self.line.lock();
        self.moved.wait_while_for(&mut line, |line| !line.is_turn_of(ticket), time);
        if !line.is_turn_of(ticket) {
            return None;
        }
        line.waiting.pop_front();
        line.free -= 1;
        let goes_on = line.free > 0;
        drop(line);
        if goes_on {
            self.moved.notify_all();
        }
        Some(HashingPermit(self))
    }
}

impl Queue {
    fn join(&mut self) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.push_back(ticket);
        ticket
    }

    fn is_turn_of(&self, ticket: u64) -> bool {
        self.free > 0 && self.waiting.front() == Some(&ticket)
    }
}

impl Drop for HashingPermit<'_> {
    fn drop(&mut self) {
        self.0.line.lock().free += 1;
        self.0.moved.notify_all();
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
        assert_eq!(gate.line.lock().free, 2);
    }

    #[test]
    fn who_came_first_is_first_however_long_it_has_waited() {
        let gate = HashingPermits::new(1);
        let came = || gate.line.lock().waiting.len();
        let order = Mutex::new(Vec::new());
        thread::scope(|scope| {
            let turn = gate.enter(LONG, &mut || true).unwrap();
            for number in 0..8 {
                let (gate, order) = (&gate, &order);
                scope.spawn(move || {
                    let _turn = gate.enter(LONG, &mut || true).unwrap();
                    order.lock().push(number);
                });
                while came() <= number {
                    thread::yield_now();
                }
                // Each of them has looked several times whether it is still wanted.
                thread::sleep(limits::PASSWORD_CHECK_STEP);
            }
            drop(turn);
        });
        assert_eq!(order.into_inner(), (0..8).collect::<Vec<_>>());
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
