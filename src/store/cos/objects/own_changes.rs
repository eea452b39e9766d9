//! Our own recent writes and deletes, to be held against listings.
//!
//! Listings may be eventually consistent (COS): an object that was stored a moment ago may be
//! missing from one, and one that was deleted may still stand there. What this process changed is
//! known better here, for a while: until a listing that was begun after a change has shown it, or
//! for a minute. Bounded in entries and in time, oldest first.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::note::{Change, Note};

/// How long a change is remembered. Listings lag by seconds at most.
const MEMORY: Duration = Duration::from_secs(60);

/// Changes remembered at once: 8,192 keys of 1,024 bytes, each kept twice, are 18 MiB at worst, 3
/// MiB as a rule.
const ENTRIES: usize = 8192;

/// The recent changes of one bucket, shared by everybody who writes to it.
#[derive(Debug, Default)]
pub(crate) struct OwnChanges(Mutex<Changes>);

#[derive(Debug, Default)]
struct Changes {
    by_key: BTreeMap<String, Known>,
    /// Number, time and key of each change, oldest first. A key that changed again is found
    /// under its last number only.
    order: VecDeque<(u64, Instant, String)>,
    next: u64,
    /// Changes up to this number are forgotten.
    forgotten: u64,
    /// When a change that no listing had shown was last forgotten for want of room.
    overflow: Option<Instant>,
}

/// The last change of a key.
#[derive(Debug)]
struct Known {
    note: Note,
    /// Whether a listing has shown it, so that later ones are believed without it.
    is_settled: bool,
}

/// A point in the order of our changes: the number of the last one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// Whether the change was made before.
    pub(crate) fn is_after(self, note: &Note) -> bool {
        note.number <= self.0
    }
}

impl OwnChanges {
    /// The present moment.
    pub(crate) fn moment(&self) -> Moment {
        Moment(self.0.lock().next)
    }

    /// Whether `key`, or, for a directory's, the file of its name or anything below it, was changed
    /// after `moment`, as far as that is still known; what is not known may have been.
    pub(crate) fn changed_since(&self, key: &str, moment: Moment) -> bool {
        self.0.lock().changed_since(key, moment)
    }

    /// Remembers a change.
    pub(crate) fn note(&self, key: &str, change: Change) {
        self.0.lock().note(key, change, Instant::now());
    }

    /// A listing, or the store itself, has shown this change or a later one of somebody else:
    /// listings are believed about the key.
    pub(crate) fn settle(&self, key: &str, note: &Note) {
        self.0.lock().settle(key, note);
    }

    /// A change of `key` failed and may have happened all the same, or may happen yet: nothing is
    /// known of the key any more, and no answer to an earlier question is to be believed.
    pub(crate) fn doubt(&self, key: &str) {
        self.0.lock().doubt(key);
    }

    /// Of what lies below `directory`, which ends in `/`, nothing is known any more: it has another
    /// name.
    pub(crate) fn forget_below(&self, directory: &str) {
        self.0.lock().by_key.retain(|key, _| !key.starts_with(directory));
    }

    /// Whether all changes of the last minute that no listing has shown are remembered. If not, a
    /// listing that lags could be taken for the truth.
    pub(crate) fn remembers_all(&self) -> bool {
        self.0.lock().overflow.is_none_or(|at| at.elapsed() >= MEMORY)
    }

    /// Whether a change makes it doubtful that a directory stands where a listing shows it: of the
    /// file of its name, or something in it was deleted, and no listing has shown that.
    pub(crate) fn doubts(&self, file: &str, directory: &str) -> bool {
        let notes = self.open_below(file);
        notes.contains_key(file)
            || notes.iter().any(|(key, note)| key.starts_with(directory) && note.is_deletion())
    }

    /// The changes of keys that begin with `prefix` and that no listing has shown, in the order of
    /// keys.
    pub(crate) fn open_below(&self, prefix: &str) -> BTreeMap<String, Note> {
        self.0.lock().open_below(prefix, Instant::now())
    }
}

impl Changes {
    fn note(&mut self, key: &str, change: Change, now: Instant) {
        self.next += 1;
        let is_unseen = |known: &Known| {
            !known.is_settled && (!known.note.is_deletion() || known.note.may_come_yet)
        };
        let may_come_yet =
            matches!(change, Change::Deleted { .. }) && self.by_key.get(key).is_some_and(is_unseen);
        let note = Note { change, number: self.next, may_come_yet };
        self.by_key.insert(key.to_owned(), Known { note, is_settled: false });
        self.order.push_back((self.next, now, key.to_owned()));
        self.forget(now);
    }

    fn settle(&mut self, key: &str, note: &Note) {
        if let Some(known) = self.by_key.get_mut(key)
            && known.note.number == note.number
        {
            known.is_settled = true;
        }
    }

    fn open_below(&mut self, prefix: &str, now: Instant) -> BTreeMap<String, Note> {
        self.forget(now);
        self.by_key
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter(|(_, known)| !known.is_settled)
            .map(|(key, known)| (key.clone(), known.note.clone()))
            .collect()
    }

    fn changed_since(&self, key: &str, Moment(moment): Moment) -> bool {
        if self.next == moment {
            return false;
        }
        let is_later = |known: &Known| known.note.number > moment;
        let of_key = |key: &str| self.by_key.get(key).is_some_and(is_later);
        let of_directory = |name: &str| {
            let keys = self.by_key.range::<str, _>((Bound::Included(key), Bound::Unbounded));
            let mut below = keys.take_while(|(other, _)| other.starts_with(key));
            // A file of the name hides the directory.
            of_key(name) || below.any(|(_, known)| is_later(known))
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
            let is_young = now.duration_since(*at) < MEMORY;
            if self.order.len() <= ENTRIES && is_young {
                break;
            }
            self.forgotten = self.forgotten.max(*number);
            if self.by_key.get(key).is_some_and(|known| known.note.number == *number) {
                let known = self.by_key.remove(key);
                if is_young && known.is_some_and(|known| !known.is_settled) {
                    self.overflow = Some(now);
                }
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn written(size: u64) -> Change {
        Change::Written { size, modified: OffsetDateTime::UNIX_EPOCH, etag: None }
    }

    fn deleted() -> Change {
        Change::Deleted { at: OffsetDateTime::UNIX_EPOCH }
    }

    fn keys(changes: &mut Changes, prefix: &str, now: Instant) -> Vec<String> {
        changes.open_below(prefix, now).into_keys().collect()
    }

    #[test]
    fn changes_are_found_by_prefix_and_the_last_one_counts() {
        let now = Instant::now();
        let mut changes = Changes::default();
        for key in ["d/b", "d/a", "d", "e/a", "d-x"] {
            changes.note(key, written(1), now);
        }
        changes.note("d/a", deleted(), now);
        assert_eq!(keys(&mut changes, "d/", now), ["d/a", "d/b"]);
        assert_eq!(changes.open_below("d/", now)["d/a"].change, deleted());
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
    fn what_is_settled_is_not_told_again_but_was_a_change() {
        let now = Instant::now();
        let mut changes = Changes::default();
        let asked = Moment(changes.next);
        changes.note("a", written(1), now);
        let first = changes.open_below("", now)["a"].clone();
        changes.settle("a", &first);
        assert!(keys(&mut changes, "", now).is_empty());
        assert!(changes.changed_since("a", asked));
        changes.note("a", written(2), now);
        changes.settle("a", &first);
        assert_eq!(keys(&mut changes, "", now), ["a"], "that was an earlier change");
    }

    #[test]
    fn a_listing_without_a_key_tells_nothing_of_its_deletion_if_none_ever_showed_it() {
        let now = Instant::now();
        let mut changes = Changes::default();
        let is_shown = |changes: &mut Changes| {
            changes.note("a", deleted(), now);
            changes.open_below("", now)["a"].is_shown_by_agreement()
        };
        assert!(is_shown(&mut changes), "nothing is known of what was there");
        assert!(is_shown(&mut changes));
        changes.note("a", written(1), now);
        assert!(!is_shown(&mut changes));
        assert!(!is_shown(&mut changes), "nor of a second one");
        changes.note("a", written(2), now);
        let shown = changes.open_below("", now)["a"].clone();
        changes.settle("a", &shown);
        assert!(is_shown(&mut changes));
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
        changes.note("a", deleted(), now);
        let asked = Moment(changes.next);
        changes.doubt("a");
        assert!(changes.open_below("", now).is_empty());
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
        for _ in 0..ENTRIES * 2 {
            changes.note("same", deleted(), now);
        }
        assert!(changes.order.len() <= ENTRIES, "also when one key changes all the time");
        assert_eq!(changes.overflow, None, "its last change is known");
        for at in 0..ENTRIES + 10 {
            changes.note(&format!("{at:06}"), deleted(), now);
        }
        let kept = keys(&mut changes, "", now);
        assert_eq!(kept.len(), ENTRIES);
        assert_eq!(kept[0], "000010");
        assert_eq!(changes.overflow, Some(now));
    }

    #[test]
    fn what_a_listing_has_shown_may_be_forgotten_without_harm() {
        let now = Instant::now();
        let mut changes = Changes::default();
        for at in 0..ENTRIES {
            changes.note(&format!("{at:06}"), written(1), now);
        }
        for (key, note) in changes.open_below("", now) {
            changes.settle(&key, &note);
        }
        changes.note("one more", written(1), now);
        assert_eq!(changes.overflow, None);
    }
}
