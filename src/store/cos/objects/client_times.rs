//! The times of objects, where a client may have given them another one than the store's. A HEAD
//! tells such a time and no listing does: so each is remembered for the version it belongs to, as a
//! listing names that, by key, ETag and last change. It is right as long as listings show that
//! version; another has another name, and is not known.
//!
//! Bounded in entries, each as large as any other: of a version only a fingerprint is kept.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use time::{Duration, OffsetDateTime};

use super::KeyEntry;
use super::note::bare;

/// How far the clocks of a store's machines may be apart.
const CLOCK_SLACK: Duration = Duration::seconds(2);

/// The memory of one bucket.
#[derive(Debug)]
pub(crate) struct ClientTimes {
    /// Entries of a generation.
    most: usize,
    /// Nobody outside knows which versions have one fingerprint.
    hashers: [RandomState; 2],
    /// Whether the store was seen to date in fractions of a second.
    dates_finely: AtomicBool,
    known: Mutex<Generations>,
}

/// What is known. What is asked for goes on to the younger one; the other is forgotten as a whole.
#[derive(Debug, Default)]
struct Generations {
    young: HashMap<Fingerprint, OffsetDateTime>,
    old: HashMap<Fingerprint, OffsetDateTime>,
}

/// One version of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Fingerprint(u64, u64);

impl ClientTimes {
    /// Remembers at most so many.
    pub(super) fn new(entries: usize) -> Self {
        let hashers = [RandomState::new(), RandomState::new()];
        let dates_finely = AtomicBool::new(false);
        Self { most: entries / 2, hashers, dates_finely, known: Mutex::default() }
    }

    /// The time of the version that a listing shows so, if it is known.
    pub(crate) fn of(&self, shown: &KeyEntry) -> Option<OffsetDateTime> {
        let version = self.fingerprint(shown)?;
        let mut known = self.known.lock();
        if let Some(time) = known.young.get(&version) {
            return Some(*time);
        }
        let time = *known.old.get(&version)?;
        known.insert(version, time, self.most);
        Some(time)
    }

    /// Remembers the time of the version that a listing shows so.
    pub(crate) fn learn(&self, shown: &KeyEntry, time: OffsetDateTime) {
        if let Some(version) = self.fingerprint(shown).filter(|_| self.most > 0) {
            self.known.lock().insert(version, time, self.most);
        }
    }

    /// The store has dated an object so.
    pub(crate) fn see_date(&self, modified: OffsetDateTime) {
        if modified.nanosecond() != 0 {
            self.dates_finely.store(true, Ordering::Relaxed);
        }
    }

    /// Whether no later version of an object can have the name of the one that the store has dated
    /// so: a copy of it onto itself keeps its ETag, and where dates are whole seconds, it may also
    /// have the date. `known_at`: when, by the store's clock, this version was certain to stand
    /// there.
    pub(crate) fn is_unmistakable(
        &self,
        modified: OffsetDateTime,
        known_at: Option<OffsetDateTime>,
    ) -> bool {
        self.dates_finely.load(Ordering::Relaxed)
            || known_at.is_some_and(|at| at >= modified + CLOCK_SLACK)
    }

    fn fingerprint(&self, shown: &KeyEntry) -> Option<Fingerprint> {
        let version = (&shown.key, bare(shown.etag.as_deref()?), shown.modified?);
        let [first, second] = self.hashers.each_ref().map(|hasher| hasher.hash_one(version));
        Some(Fingerprint(first, second))
    }
}

impl Generations {
    fn insert(&mut self, version: Fingerprint, time: OffsetDateTime, most: usize) {
        if self.young.len() >= most {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(version, time);
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const GIVEN: OffsetDateTime = datetime!(2001-02-03 04:05:06 UTC);

    fn row(key: &str, etag: &str, second: i64) -> KeyEntry {
        let modified = OffsetDateTime::from_unix_timestamp(second).ok();
        KeyEntry { key: key.into(), size: 1, modified, etag: Some(etag.into()) }
    }

    #[test]
    fn a_time_belongs_to_one_version() {
        let times = ClientTimes::new(100);
        times.learn(&row("a", "\"x\"", 7), GIVEN);
        assert_eq!(times.of(&row("a", "\"x\"", 7)), Some(GIVEN));
        // Not every answer of a store has the quotes.
        assert_eq!(times.of(&row("a", "x", 7)), Some(GIVEN));
        for other in [row("b", "x", 7), row("a", "y", 7), row("a", "x", 8)] {
            assert_eq!(times.of(&other), None, "{other:?}");
        }
        let mut later = row("a", "x", 7);
        later.modified = later.modified.map(|at| at + Duration::milliseconds(1));
        assert_eq!(times.of(&later), None);
    }

    #[test]
    fn what_has_no_version_is_not_known() {
        let times = ClientTimes::new(100);
        let without_etag = KeyEntry { etag: None, ..row("a", "", 7) };
        let without_time = KeyEntry { modified: None, ..row("a", "x", 7) };
        for unnamed in [without_etag, without_time] {
            times.learn(&unnamed, GIVEN);
            assert_eq!(times.of(&unnamed), None);
        }
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_makes_room() {
        const MOST: usize = 100;
        let times = ClientTimes::new(MOST);
        for second in 0..1000 {
            times.learn(&row("a", "x", second), GIVEN);
            assert_eq!(times.of(&row("a", "x", 0)), Some(GIVEN), "{second}");
            let known = times.known.lock();
            assert!(known.young.len() + known.old.len() <= MOST);
        }
        assert_eq!(times.of(&row("a", "x", 999)), Some(GIVEN));
        assert_eq!(times.of(&row("a", "x", 500)), None);
        let none = ClientTimes::new(0);
        none.learn(&row("a", "x", 0), GIVEN);
        assert_eq!(none.of(&row("a", "x", 0)), None);
    }

    #[test]
    fn whole_seconds_are_believed_when_they_are_over() {
        let times = ClientTimes::new(100);
        let second = datetime!(2024-01-02 03:04:05 UTC);
        times.see_date(second);
        for (after, expected) in [(0, false), (1, false), (2, true)] {
            let known_at = Some(second + Duration::seconds(after));
            assert_eq!(times.is_unmistakable(second, known_at), expected, "{after}");
        }
        assert!(!times.is_unmistakable(second, None));
        // A store that dates to the millisecond does so at the full second, too.
        times.see_date(second + Duration::milliseconds(1));
        assert!(times.is_unmistakable(second, None));
    }
}
