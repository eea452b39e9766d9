//! The heap of many sessions that are gone.
//!
//! What glibc is given back in small pieces it keeps as such, in each of its arenas, until somebody
//! asks that arena for more than a kilobyte: only then it joins neighbours, and gives what has
//! become whole to the system. After 10,000 sessions that is 30 MiB, which an idle server would
//! hold for ever. So somebody asks.

use std::hint::black_box;
use std::sync::Arc;
use std::thread::available_parallelism;

use parking_lot::Mutex;

use crate::limits;
use crate::threads;

/// glibc's arenas for each processor (mallopt(3), `M_ARENA_MAX`).
const ARENAS_EACH: usize = 8;

/// Of what size glibc looks whether an arena has become smaller.
const ASKED_BYTES: usize = 64 * 1024;

/// How often that is done: until the last thread that rests has ended.
const LOOKS: usize = 4;

/// Knows how many sessions there were whose heap was not given back.
#[derive(Debug, Default)]
pub(super) struct SpareHeap {
    most_sessions: usize,
    looks_left: usize,
}

impl SpareHeap {
    /// Looks at how many `sessions` live now, and how many were the `most` since the last look.
    /// Once many of them are gone, their heap is given back.
    pub(super) fn look(&mut self, sessions: usize, most: usize) {
        if self.is_worth_it(sessions, most) {
            give_back();
        }
    }

    /// More than once, as threads of sessions rest for a while.
    fn is_worth_it(&mut self, sessions: usize, most: usize) -> bool {
        self.most_sessions = self.most_sessions.max(most);
        if self.most_sessions - sessions >= limits::SESSIONS_WORTH_A_LOOK {
            (self.most_sessions, self.looks_left) = (sessions, LOOKS);
        }
        let is_worth_it = self.looks_left > 0;
        self.looks_left = self.looks_left.saturating_sub(1);
        is_worth_it
    }
}

/// Asks each arena for a large piece. A thread has the arena that is free or was given to another
/// thread longest ago, so threads that live at the same time come to all of them, and at last to
/// those of threads that were there before.
fn give_back() {
    let arenas = ARENAS_EACH * available_parallelism().map_or(1, usize::from);
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let ask = |gate: Arc<Mutex<()>>| {
        move || {
            drop(black_box(Vec::<u8>::with_capacity(ASKED_BYTES)));
            drop(gate.lock());
        }
    };
    let most = (2 * arenas).min(limits::HEAP_THREADS);
    let asking: Vec<_> =
        (0..most).map_while(|_| threads::spawn("heap", ask(Arc::clone(&gate))).ok()).collect();
    drop(closed);
    // They have done nothing that could panic.
    asking.into_iter().for_each(|thread| drop(thread.join()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heap_is_looked_at_when_many_sessions_are_gone_and_not_for_few() {
        let mut heap = SpareHeap::default();
        let many = limits::SESSIONS_WORTH_A_LOOK;
        let mut looks = |seen: &[(usize, usize)]| {
            seen.iter().filter(|&&(sessions, most)| heap.is_worth_it(sessions, most)).count()
        };
        assert_eq!(looks(&[(0, 0), (1, 1), (1, many), (many, many), (2, many)]), 0, "too few");
        assert_eq!(looks(&[(2 * many, 2 * many), (many + 3, 2 * many)]), 0, "not enough yet");
        assert_eq!(looks(&[(0, many + 3), (0, 0), (0, 0), (0, 0), (0, 0), (0, 0)]), LOOKS);
        assert_eq!(looks(&[(many - 1, many - 1), (0, many - 1), (0, 0)]), 0, "these count once");
        assert_eq!(looks(&[(0, many)]), 1, "between two looks");
    }
}
