//! Exclusive turns on names: whoever looks at an object and then changes it must not be overtaken
//! between the two.
//!
//! A name is kept only while somebody has or awaits its turn, so there are never more of them than
//! threads that write.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Who writes to which name at present. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    given_back: Condvar,
}

#[derive(Debug, Default)]
struct State {
    taken: HashSet<String>,
    /// Names that must not be taken, each with how many threads rely on it.
    relied_on: HashMap<String, usize>,
    /// Threads that wait: without any nobody need be woken, which is a system call.
    waiting: usize,
}

impl State {
    fn is_free(&self, names: &[&str], above: &[&str]) -> bool {
        let is_taken = |name: &&str| self.taken.contains(*name);
        !names.iter().any(|name| is_taken(name) || self.relied_on.contains_key(*name))
            && !above.iter().any(is_taken)
    }
}

/// The exclusive turn on some names; dropped, it is given back.
#[derive(Debug)]
pub struct Turn {
    turns: Turns,
    names: Vec<String>,
    above: Vec<String>,
}

impl Turns {
    /// Waits until nobody else has a turn on any of `names`, and takes all of them at once: two that
    /// want the same names in another order do not wait for each other.
    pub(super) fn take(&self, names: &[&str]) -> Turn {
        let mut state = self.lock();
        while !state.is_free(names, &[]) {
            state.waiting += 1;
            let waited = self.0.given_back.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
        self.taken(state, names, &[])
    }

    /// The same, but waits `patience` at most, and as long as somebody has a turn on a name `above`:
    /// as long as this turn lasts nobody gets one. Several turns may rely on the same name.
    pub(super) fn take_within(
        &self,
        names: &[&str],
        above: &[&str],
        patience: Duration,
    ) -> Option<Turn> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        while !state.is_free(names, above) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            state.waiting += 1;
            let waited = self.0.given_back.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
            state.waiting -= 1;
        }
        Some(self.taken(state, names, above))
    }

    fn taken(&self, mut state: MutexGuard<'_, State>, names: &[&str], above: &[&str]) -> Turn {
        let owned =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        let (names, above) = (owned(names), owned(above));
        state.taken.extend(names.iter().cloned());
        for name in &above {
            *state.relied_on.entry(name.clone()).or_default() += 1;
        }
        Turn { turns: self.clone(), names, above }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the lock is let go, so a panicked holder left no harm.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Whether it is a turn on `name`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.names.iter().any(|taken| taken == name)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        for name in &self.names {
            state.taken.remove(name);
        }
        for name in &self.above {
            if let Some(count) = state.relied_on.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    state.relied_on.remove(name);
                }
            }
        }
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.turns.0.given_back.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    const SHORT: Duration = Duration::from_millis(10);

    #[test]
    fn a_name_is_one_persons_at_a_time() {
        let turns = Turns::default();
        let first = turns.take(&["a", "b"]);
        assert!(first.is_on("a") && first.is_on("b") && !first.is_on("c"));
        assert!(turns.take_within(&["a"], &[], SHORT).is_none());
        assert!(turns.take_within(&["c", "b"], &[], SHORT).is_none());
        assert!(
            turns.take_within(&["c"], &[], SHORT).is_some(),
            "nothing was kept by who got nothing"
        );
        drop(first);
        assert!(turns.take_within(&["a"], &[], SHORT).is_some());
        assert!(turns.lock().taken.is_empty());
    }

    #[test]
    fn what_is_relied_on_is_not_taken() {
        let turns = Turns::default();
        let one = turns.take_within(&["a/x"], &["a"], SHORT);
        let other = turns.take_within(&["a/y"], &["a"], SHORT);
        assert!(one.is_some() && other.is_some());
        assert!(turns.take_within(&["a"], &[], SHORT).is_none());
        drop(one);
        assert!(turns.take_within(&["a"], &[], SHORT).is_none());
        drop(other);
        let taken = turns.take_within(&["a"], &[], SHORT);
        assert!(taken.is_some() && turns.take_within(&["a/x"], &["a"], SHORT).is_none());
        drop(taken);
        let state = turns.lock();
        assert!(state.taken.is_empty() && state.relied_on.is_empty());
    }

    #[test]
    fn opposite_orders_do_not_wait_for_each_other() {
        let (turns, inside) = (Turns::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for names in [["a", "b"], ["b", "a"], ["a", "b"], ["b", "a"]] {
                let (turns, inside) = (&turns, &inside);
                scope.spawn(move || {
                    for _ in 0..500 {
                        let _turn = turns.take(&names);
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(turns.lock().taken.is_empty());
    }
}
