//! Exclusive turns on names: whoever looks at an object and then changes it must not be overtaken
//! between the two.
//!
//! A name is kept only while somebody has or awaits its turn, so there are never more of them than
//! threads that write.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

/// Who writes to which name at present. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct KeyLocks(Arc<Shared>);

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
    /// Threads that wait, in the order of their coming. Without any nobody need be woken, which is
    /// a system call.
    waiting: BTreeMap<u64, WaitingKey>,
    /// The place of the next one.
    next_place: u64,
}

/// What a turn is on, and what it relies on.
#[derive(Clone, Debug)]
struct WaitingKey {
    names: Vec<String>,
    above: Vec<String>,
}

impl WaitingKey {
    fn new(names: &[&str], above: &[&str]) -> Self {
        let owned =
            |names: &[&str]| -> Vec<String> { names.iter().map(|&name| name.to_owned()).collect() };
        Self { names: owned(names), above: owned(above) }
    }

    /// Whether one of both turns excludes the other.
    fn collides_with(&self, names: &[&str], above: &[&str]) -> bool {
        let has = |list: &[&str], name: &String| list.contains(&name.as_str());
        self.names.iter().any(|name| has(names, name) || has(above, name))
            || self.above.iter().any(|name| has(names, name))
    }
}

impl State {
    /// Whether a turn can be had by who waits at `place`, or comes now: also those who came before
    /// are not overtaken.
    fn is_free(&self, names: &[&str], above: &[&str], place: Option<u64>) -> bool {
        let is_taken = |name: &&str| self.taken.contains(*name);
        let mut before = self.waiting.range(..place.unwrap_or(u64::MAX));
        !names.iter().any(|name| is_taken(name) || self.relied_on.contains_key(*name))
            && !above.iter().any(is_taken)
            && !before.any(|(_, wanted)| wanted.collides_with(names, above))
    }

    fn line_up(&mut self, names: &[&str], above: &[&str]) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        self.waiting.insert(place, WaitingKey::new(names, above));
        place
    }
}

/// The exclusive turn on some names; dropped, it is given back.
#[derive(Debug)]
pub struct KeyLock {
    turns: KeyLocks,
    taken: WaitingKey,
}

impl KeyLocks {
    /// Waits until nobody else has a turn on any of `names`, nor on a name `above`, and takes all
    /// of `names` at once: two that want the same names in another order do not wait for each
    /// other. As long as this turn lasts nobody gets one on a name `above`; several may rely on the
    /// same. Who comes first is served first; `None` when that takes longer than `patience`.
    pub fn take_within(
        &self,
        names: &[&str],
        above: &[&str],
        patience: Duration,
    ) -> Option<KeyLock> {
        let deadline = Instant::now() + patience;
        let mut state = self.0.state.lock();
        let mut place = None;
        while !state.is_free(names, above, place) {
            let at = *place.get_or_insert_with(|| state.line_up(names, above));
            if Instant::now() >= deadline {
                state.waiting.remove(&at);
                // Who waits behind this one may be free now.
                self.0.given_back.notify_all();
                return None;
            }
            self.0.given_back.wait_until(&mut state, deadline);
        }
        if let Some(at) = place {
            state.waiting.remove(&at);
        }
        Some(self.taken(state, WaitingKey::new(names, above)))
    }

    fn taken(&self, mut state: MutexGuard<'_, State>, taken: WaitingKey) -> KeyLock {
        state.taken.extend(taken.names.iter().cloned());
        for name in &taken.above {
            *state.relied_on.entry(name.clone()).or_default() += 1;
        }
        KeyLock { turns: self.clone(), taken }
    }
}

impl KeyLock {
    /// Whether it is a turn on `name`.
    pub(super) fn is_on(&self, name: &str) -> bool {
        self.taken.names.iter().any(|taken| taken == name)
    }
}

impl Drop for KeyLock {
    fn drop(&mut self) {
        let mut state = self.turns.0.state.lock();
        for name in &self.taken.names {
            state.taken.remove(name);
        }
        for name in &self.taken.above {
            if let Some(count) = state.relied_on.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    state.relied_on.remove(name);
                }
            }
        }
        let is_awaited = !state.waiting.is_empty();
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
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_name_is_one_persons_at_a_time() {
        let turns = KeyLocks::default();
        let first = turns.take_within(&["a", "b"], &[], SHORT).unwrap();
        assert!(first.is_on("a") && first.is_on("b") && !first.is_on("c"));
        assert!(turns.take_within(&["a"], &[], SHORT).is_none());
        assert!(turns.take_within(&["c", "b"], &[], SHORT).is_none());
        assert!(
            turns.take_within(&["c"], &[], SHORT).is_some(),
            "nothing was kept by who got nothing"
        );
        drop(first);
        assert!(turns.take_within(&["a"], &[], SHORT).is_some());
        assert!(turns.0.state.lock().taken.is_empty());
    }

    #[test]
    fn what_is_relied_on_is_not_taken() {
        let turns = KeyLocks::default();
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
        let state = turns.0.state.lock();
        assert!(state.taken.is_empty() && state.relied_on.is_empty());
    }

    #[test]
    fn who_waits_is_not_overtaken() {
        let turns = KeyLocks::default();
        let relying = turns.take_within(&["a/x"], &["a"], SHORT).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| turns.take_within(&["a"], &[], LONG).is_some());
            while turns.0.state.lock().waiting.is_empty() {
                thread::yield_now();
            }
            assert!(turns.take_within(&["a/y"], &["a"], SHORT).is_none());
            assert!(turns.take_within(&["b/y"], &["b"], SHORT).is_some(), "it is in nobody's way");
            drop(relying);
            assert!(waiter.join().unwrap());
        });
        let state = turns.0.state.lock();
        assert!(state.waiting.is_empty() && state.taken.is_empty() && state.relied_on.is_empty());
    }

    #[test]
    fn who_gives_up_is_in_nobodys_way() {
        let turns = KeyLocks::default();
        let first = turns.take_within(&["a"], &[], SHORT).unwrap();
        thread::scope(|scope| {
            let impatient = scope.spawn(|| turns.take_within(&["a", "b"], &[], SHORT).is_none());
            let patient = scope.spawn(|| turns.take_within(&["b"], &[], LONG).is_some());
            assert!(impatient.join().unwrap() && patient.join().unwrap());
        });
        drop(first);
        assert!(turns.0.state.lock().waiting.is_empty());
    }

    #[test]
    fn opposite_orders_do_not_wait_for_each_other() {
        let (turns, inside) = (KeyLocks::default(), AtomicUsize::new(0));
        thread::scope(|scope| {
            for names in [["a", "b"], ["b", "a"], ["a", "b"], ["b", "a"]] {
                let (turns, inside) = (&turns, &inside);
                scope.spawn(move || {
                    for _ in 0..500 {
                        let _turn = turns.take_within(&names, &[], LONG).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(turns.0.state.lock().taken.is_empty());
    }
}
