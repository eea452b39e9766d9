//! Which uploads in parts stood in a bucket when this process began, begun by another one: by that
//! which it follows, if it was killed. Whose they are nobody knows.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
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
    begun: Mutex<HashMap<String, OffsetDateTime>>,
    is_complete: AtomicBool,
}

impl FoundUploads {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), begun: Mutex::default(), is_complete: AtomicBool::new(false) }
    }

    /// All that there were have been noted.
    pub(crate) fn complete(&self) {
        self.is_complete.store(true, Ordering::Release);
    }

    /// Whether that is so.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete.load(Ordering::Acquire)
    }

    /// An upload of `key` was found, which was `begun` then.
    pub(crate) fn note(&self, key: &str, begun: OffsetDateTime) {
        let mut found = self.begun.lock();
        if self.since.elapsed() >= TOLD_FOR {
            *found = HashMap::new();
        } else if found.len() < UPLOADS || found.contains_key(key) {
            let newest = found.entry(key.to_owned()).or_insert(begun);
            *newest = begun.max(*newest);
        }
    }

    /// When the one of `key` was begun. It is told once.
    pub(crate) fn take(&self, key: &str) -> Option<OffsetDateTime> {
        let mut found = self.begun.lock();
        if self.since.elapsed() >= TOLD_FOR {
            *found = HashMap::new();
        }
        found.remove(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_a_key_is_told_once() {
        let found = FoundUploads::new();
        let at = |seconds| OffsetDateTime::UNIX_EPOCH + Duration::from_secs(seconds);
        for seconds in [2, 3, 1] {
            found.note("a", at(seconds));
        }
        assert_eq!((found.take("a"), found.take("a"), found.take("b")), (Some(at(3)), None, None));
        for number in 0..=UPLOADS {
            found.note(&number.to_string(), at(1));
        }
        found.note("0", at(2));
        assert_eq!((found.take("0"), found.take(&UPLOADS.to_string())), (Some(at(2)), None));
    }

    #[test]
    fn later_nothing_is_told() {
        let before = Instant::now().checked_sub(TOLD_FOR).unwrap();
        let found = FoundUploads { since: before, ..FoundUploads::new() };
        found.note("a", OffsetDateTime::UNIX_EPOCH);
        assert_eq!(found.take("a"), None);
    }
}
