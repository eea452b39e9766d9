//! Our own recent writes and deletes, to be laid over listings.
//!
//! COS listings are eventually consistent: an object that was stored a moment ago may be missing
//! from GET Bucket, and one that was deleted may still stand there. What this process changed in
//! the last minute is known better here. Bounded in entries and in time, oldest first.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

/// How long a change is remembered. Listings lag by seconds at most.
const MEMORY: Duration = Duration::from_secs(60);

/// Changes remembered at once: 8,192 keys of 1,024 bytes are 8 MiB at worst, 1 MiB as a rule.
const ENTRIES: usize = 8192;

/// What we did to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// An object of this many bytes was stored.
    Written {
        /// Its size.
        size: u64,
        /// When, UTC.
        modified: OffsetDateTime,
    },
    /// The object was deleted.
    Deleted,
}

/// The recent changes of one bucket, shared by everybody who writes to it.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Changes>);

#[derive(Debug, Default)]
struct Changes {
    by_key: BTreeMap<String, (u64, Change)>,
    /// Number, time and key of each change, oldest first. A key that changed again is found
    /// under its last number only.
    order: VecDeque<(u64, Instant, String)>,
    next: u64,
    /// Changes up to this number are forgotten.
    forgotten: u64,
    /// When a change was last forgotten for want of room.
    overflow: Option<Instant>,
}

/// A point in the order of our changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(u64);

impl Recent {
    /// The present moment.
    pub(super) fn moment(&self) -> Moment {
        Moment(self.lock().next)
    }

    /// Whether `key`, or, for a directory's, the file of its name or anything below it, was changed
    /// after `moment`, as far as that is still known; what is not known may have been.
    pub(super) fn changed_since(&self, key: &str, moment: Moment) -> bool {
        self.lock().changed_since(key, moment)
    }

    /// Remembers a change.
    pub(super) fn note(&self, key: &str, change: Change) {
        self.lock().note(key, change, Instant::now());
    }

    /// A change of `key` failed and may have happened all the same, or may happen yet: nothing is
    /// known of the key any more, and no answer to an earlier question is to be believed.
    pub(super) fn doubt(&self, key: &str) {
        self.lock().doubt(key);
    }

    /// Whether all changes of the last minute are remembered. If not, a listing that lags could be
    /// taken for the truth.
    pub(super) fn remembers_all(&self) -> bool {
        self.lock().overflow.is_none_or(|at| at.elapsed() >= MEMORY)
    }

    /// Whether a change makes it doubtful that a directory stands where a listing shows it: of the
    /// file of its name, or something in it was deleted.
    pub(super) fn doubts(&self, file: &str, directory: &str) -> bool {
        let is_deletion = |(_, change): (_, &Change)| *change == Change::Deleted;
        let changes = self.below(file);
        changes.contains_key(file)
            || changes.iter().filter(|(key, _)| key.starts_with(directory)).any(is_deletion)
    }

    /// The changes of keys that begin with `prefix`, in the order of keys.
    pub(super) fn below(&self, prefix: &str) -> BTreeMap<String, Change> {
        self.lock().below(prefix, Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Changes> {
        // Every change is complete before the lock is let go, so a panicked holder left no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Changes {
    fn note(&mut self, key: &str, change: Change, now: Instant) {
        self.next += 1;
        self.by_key.insert(key.to_owned(), (self.next, change));
        self.order.push_back((self.next, now, key.to_owned()));
        self.forget(now);
    }

    fn below(&mut self, prefix: &str, now: Instant) -> BTreeMap<String, Change> {
        self.forget(now);
        self.by_key
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .map(|(key, (_, change))| (key.clone(), change.clone()))
            .collect()
    }

    fn changed_since(&self, key: &str, Moment(moment): Moment) -> bool {
        if self.next == moment {
            return false;
        }
        let is_later = |(number, _): &(u64, Change)| *number > moment;
        let of_key = |key: &str| self.by_key.get(key).is_some_and(is_later);
        let of_directory = |name: &str| {
            let keys = self.by_key.range::<str, _>((Bound::Included(key), Bound::Unbounded));
            let mut below = keys.take_while(|(other, _)| other.starts_with(key));
            // A file of the name hides the directory.
            of_key(name) || below.any(|(_, change)| is_later(change))
        };
        self.forgotten > moment || of_key(key) || key.strip_suffix('/').is_some_and(of_directory)
    }

    fn doubt(&mut self, key: &str) {
        self.by_key.remove(key);
        // A question that is under way may be answered with what stood there before.
        self.next += 1;
        self.forgotten = self.next;
    }

    fn forget(&mut self, now: Instant) {
        while let Some((number, at, key)) = self.order.front() {
            if self.order.len() <= ENTRIES && now.duration_since(*at) < MEMORY {
                break;
            }
            if now.duration_since(*at) < MEMORY {
                self.overflow = Some(now);
            }
            self.forgotten = self.forgotten.max(*number);
            if self.by_key.get(key).is_some_and(|(last, _)| last == number) {
                self.by_key.remove(key);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(size: u64) -> Change {
        Change::Written { size, modified: OffsetDateTime::UNIX_EPOCH }
    }

    fn keys(changes: &mut Changes, prefix: &str, now: Instant) -> Vec<String> {
        changes.below(prefix, now).into_keys().collect()
    }

    #[test]
    fn changes_are_found_by_prefix_and_the_last_one_counts() {
        let now = Instant::now();
        let mut changes = Changes::default();
        for key in ["d/b", "d/a", "d", "e/a", "d-x"] {
            changes.note(key, written(1), now);
        }
        changes.note("d/a", Change::Deleted, now);
        assert_eq!(keys(&mut changes, "d/", now), ["d/a", "d/b"]);
        assert_eq!(changes.below("d/", now)["d/a"], Change::Deleted);
        assert_eq!(keys(&mut changes, "", now).len(), 5);
    }

    #[test]
    fn a_minute_later_a_change_is_forgotten_unless_it_was_repeated() {
        let start = Instant::now();
        let mut changes = Changes::default();
        changes.note("a", written(1), start);
        changes.note("b", written(1), start);
        changes.note("a", written(2), start + MEMORY / 2);
        assert_eq!(keys(&mut changes, "", start + MEMORY), ["a"]);
        assert!(keys(&mut changes, "", start + MEMORY * 2).is_empty());
        assert!(changes.order.is_empty() && changes.overflow.is_none());
    }

    #[test]
    fn a_directory_is_changed_by_its_file_and_by_what_lies_below() {
        let now = Instant::now();
        for (key, changed, unchanged) in [
            ("d/a", ["d/a", "d/a/", "d/"], ["d/ab", "d/ab/", "e/"]),
            ("d/a/", ["d/a/", "d/", "d/"], ["d/a", "d/ab", "d/a/b"]),
            ("d", ["d", "d/", "d/"], ["d/a", "dd", "dd/"]),
        ] {
            let mut changes = Changes::default();
            let asked = Moment(changes.next);
            changes.note(key, written(1), now);
            assert!(changed.iter().all(|other| changes.changed_since(other, asked)), "{key}");
            assert!(!unchanged.iter().any(|other| changes.changed_since(other, asked)), "{key}");
            let asked = Moment(changes.next);
            assert!(!changed.iter().any(|other| changes.changed_since(other, asked)), "{key}");
        }
    }

    #[test]
    fn what_is_in_doubt_is_not_known() {
        let now = Instant::now();
        let mut changes = Changes::default();
        changes.note("a", Change::Deleted, now);
        let asked = Moment(changes.next);
        changes.doubt("a");
        assert!(changes.below("", now).is_empty());
        assert!(changes.changed_since("a", asked));
        assert!(!changes.changed_since("a", Moment(changes.next)));
        changes.note("a", written(1), now);
        changes.forget(now + MEMORY);
        assert!(changes.changed_since("a", asked), "doubts are not forgotten with older changes");
    }

    #[test]
    fn the_oldest_give_way() {
        let now = Instant::now();
        let mut changes = Changes::default();
        for at in 0..ENTRIES + 10 {
            changes.note(&format!("{at:06}"), Change::Deleted, now);
        }
        let kept = keys(&mut changes, "", now);
        assert_eq!(kept.len(), ENTRIES);
        assert_eq!(kept[0], "000010");
        for _ in 0..ENTRIES * 2 {
            changes.note("same", Change::Deleted, now);
        }
        assert_eq!(changes.overflow, Some(now));
        assert!(changes.order.len() <= ENTRIES, "also when one key changes all the time");
    }
}
