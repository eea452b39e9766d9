//! Which uploads in parts stood in a bucket when this process began, begun by another one: by that
//! which it follows, if it was killed. Whose they are nobody knows.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use time::OffsetDateTime;

/// So many are remembered: their keys, at most 1 KiB each.
const UPLOADS: usize = 10_000;

/// For so long after the beginning they are told of: longer than clients wait before they repeat by
/// themselves what has failed.
const TOLD_FOR: Duration = Duration::from_secs(600);

/// The newest of each key.
#[derive(Debug)]
pub(crate) struct FoundUploads {
    since: Instant,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    begun: HashMap<String, OffsetDateTime>,
    /// Prefixes of which all uploads were noted: accounts share a bucket.
    looked_through: HashSet<String>,
    /// There were more than are remembered.
    is_full: bool,
}

impl FoundUploads {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), known: Mutex::default() }
    }

    /// All that there were below `prefix` have been noted.
    pub(crate) fn complete(&self, prefix: &str) {
        self.with(|known| known.looked_through.insert(prefix.to_owned()));
    }

    /// Whether one of `key` would be known, had there been any.
    pub(crate) fn would_know(&self, key: &str) -> bool {
        let is_below = |known: &mut Known| {
            known.looked_through.iter().any(|prefix| key.starts_with(prefix.as_str()))
        };
        self.with(|known| !known.is_full && is_below(known))
    }

    /// An upload of `key` was found, which was `begun` then.
    pub(crate) fn note(&self, key: &str, begun: OffsetDateTime) {
        if self.since.elapsed() >= TOLD_FOR {
            return;
        }
        self.with(|known| {
            if known.begun.len() >= UPLOADS && !known.begun.contains_key(key) {
                known.is_full = true;
                return;
            }
            let newest = known.begun.entry(key.to_owned()).or_insert(begun);
            *newest = begun.max(*newest);
        });
    }

    /// When the one of `key` was begun.
    pub(crate) fn of(&self, key: &str) -> Option<OffsetDateTime> {
        self.with(|known| known.begun.get(key).copied())
    }

    /// It is told no more.
    pub(crate) fn forget(&self, key: &str) {
        self.with(|known| known.begun.remove(key));
    }

    /// Later nothing is told, and takes no memory.
    fn with<T>(&self, use_it: impl FnOnce(&mut Known) -> T) -> T {
        let mut known = self.known.lock();
        if self.since.elapsed() >= TOLD_FOR {
            known.begun = HashMap::new();
        }
        use_it(&mut known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn the_newest_of_a_key_is_told_until_it_is_forgotten() {
        let found = FoundUploads::new();
        for seconds in [2, 3, 1] {
            found.note("a", at(seconds));
        }
        assert_eq!((found.of("a"), found.of("b")), (Some(at(3)), None));
        found.forget("a");
        assert_eq!(found.of("a"), None);
    }

    #[test]
    fn only_what_was_looked_through_would_be_known() {
        let found = FoundUploads::new();
        assert!(!found.would_know("a/x"));
        found.complete("a/");
        assert!(found.would_know("a/x") && !found.would_know("b/x"));
        found.complete("");
        assert!(found.would_know("b/x"));
    }

    #[test]
    fn where_there_are_too_many_none_would_be_known() {
        let found = FoundUploads::new();
        found.complete("");
        for number in 0..UPLOADS {
            found.note(&number.to_string(), at(1));
        }
        found.note("0", at(2));
        assert_eq!((found.of("0"), found.would_know("x")), (Some(at(2)), true));
        found.note("x", at(1));
        assert_eq!((found.of("x"), found.would_know("x")), (None, false));
    }

    #[test]
    fn later_nothing_is_told() {
        let before = Instant::now().checked_sub(TOLD_FOR).unwrap();
        let found = FoundUploads { since: before, ..FoundUploads::new() };
        found.note("a", OffsetDateTime::UNIX_EPOCH);
        assert_eq!(found.of("a"), None);
    }
}
