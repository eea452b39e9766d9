//! What listings and HEADs have told a moment ago: a client that lists a directory and then asks
//! for the size and time of every entry need not cost a request for each.
//!
//! Short-lived (`metadata_cache_time`), because others may write to the bucket too; bounded in
//! entries, oldest first; and kept right by our own changes: a change forgets what was known, and
//! an answer to a question asked before the change is not believed after it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::own_changes::{Moment, OwnChanges};
use crate::store::{ETag, Stat};
use crate::vfs::Metadata;

/// Names known at once: with keys of 60 bytes 4 MiB, with the longest 30 MiB.
const ENTRIES: usize = 16_384;

/// The memory of one bucket.
#[derive(Debug)]
pub(crate) struct StatCache {
    lifetime: Duration,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    by_key: HashMap<Arc<str>, CachedFact>,
    /// Oldest first. A key that was learnt again is found under its last time only.
    order: VecDeque<(Instant, Arc<str>)>,
}

#[derive(Debug)]
struct CachedFact {
    at: Instant,
    stat: Stat,
}

impl StatCache {
    /// Remembers for `lifetime`; nothing at all if that is zero.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, known: Mutex::default() }
    }

    /// What is known about `key`; directories end in `/`.
    pub(crate) fn about(&self, key: &str) -> Option<Stat> {
        let known = self.known.lock();
        let fact = known.by_key.get(key)?;
        (fact.at.elapsed() < self.lifetime).then(|| fact.stat.clone())
    }

    /// Remembers what the store answered to a question asked at `asked`, but for what was changed
    /// since.
    pub(crate) fn learn(
        &self,
        recent: &OwnChanges,
        asked: Moment,
        told: impl IntoIterator<Item = (String, Metadata, Option<ETag>)>,
    ) {
        if self.lifetime.is_zero() {
            return;
        }
        let at = Instant::now();
        // Held while the changes are asked for: a change that comes in between is noted first and
        // then waits here to forget what is learnt now.
        let mut known = self.known.lock();
        for (key, metadata, etag) in told {
            if recent.changed_since(&key, asked) {
                continue;
            }
            let key: Arc<str> = key.into();
            let stat = Stat::new(metadata, etag);
            known.by_key.insert(Arc::clone(&key), CachedFact { at, stat });
            known.order.push_back((at, key));
        }
        known.shed(at, self.lifetime);
    }

    /// Forgets `key` as a file and as a directory, and the directories it lies in: they may come
    /// and go with it.
    pub(crate) fn forget(&self, key: &str) {
        if self.lifetime.is_zero() {
            return;
        }
        let mut known = self.known.lock();
        let name = key.strip_suffix('/').unwrap_or(key);
        known.by_key.remove(name);
        known.by_key.remove(format!("{name}/").as_str());
        for (at, _) in name.match_indices('/') {
            known.by_key.remove(&name[..=at]);
        }
    }

    /// Forgets all that lies below `directory`, which ends in `/`.
    pub(crate) fn forget_below(&self, directory: &str) {
        self.known.lock().by_key.retain(|key, _| !key.starts_with(directory));
    }
}

impl Known {
    fn shed(&mut self, now: Instant, lifetime: Duration) {
        while let Some((at, key)) = self.order.front() {
            if self.order.len() <= ENTRIES && now.duration_since(*at) < lifetime {
                break;
            }
            if self.by_key.get(key).is_some_and(|fact| fact.at == *at) {
                self.by_key.remove(key);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::note::Change;
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn file(key: &str, size: u64) -> (String, Metadata, Option<ETag>) {
        (key.to_owned(), Metadata::file(size, None), None)
    }

    fn size_of(facts: &StatCache, key: &str) -> Option<u64> {
        facts.about(key).map(|stat| stat.metadata.size)
    }

    #[test]
    fn what_was_told_is_known_until_it_is_forgotten() {
        let (facts, recent) = (StatCache::new(LONG), OwnChanges::default());
        let directory = ("d/".to_owned(), Metadata::directory(None), None);
        facts.learn(&recent, recent.moment(), [file("d/a", 1), file("d/b", 2), directory]);
        assert_eq!(size_of(&facts, "d/a"), Some(1));
        assert!(facts.about("d/").is_some());
        facts.forget("d/a");
        assert_eq!(size_of(&facts, "d/a"), None);
        assert_eq!(size_of(&facts, "d/b"), Some(2));
        assert!(facts.about("d/").is_none(), "it may have gone with its last file");
    }

    #[test]
    fn an_answer_from_before_a_change_is_not_believed_after_it() {
        let (facts, recent) = (StatCache::new(LONG), OwnChanges::default());
        let asked = recent.moment();
        recent.note("d/s/a", Change::Deleted { at: time::OffsetDateTime::UNIX_EPOCH });
        let below = ("d/s/".to_owned(), Metadata::directory(None), None);
        facts.learn(&recent, asked, [file("d/s/a", 1), file("d/s/b", 2), below.clone()]);
        assert_eq!(size_of(&facts, "d/s/a"), None);
        assert_eq!(size_of(&facts, "d/s/b"), Some(2));
        assert!(facts.about("d/s/").is_none());
        facts.learn(&recent, recent.moment(), [file("d/s/a", 3), below]);
        assert_eq!(size_of(&facts, "d/s/a"), Some(3));
        assert!(facts.about("d/s/").is_some());
    }

    #[test]
    fn nothing_is_remembered_without_a_lifetime_and_not_more_than_there_is_room_for() {
        let recent = OwnChanges::default();
        let off = StatCache::new(Duration::ZERO);
        off.learn(&recent, recent.moment(), [file("a", 1)]);
        assert_eq!(size_of(&off, "a"), None);

        let facts = StatCache::new(LONG);
        let many = (0..ENTRIES + 10).map(|n| file(&format!("{n:06}"), 1));
        facts.learn(&recent, recent.moment(), many);
        assert_eq!(facts.known.lock().by_key.len(), ENTRIES);
        assert_eq!(size_of(&facts, "000009"), None);
        assert_eq!(size_of(&facts, "000010"), Some(1));
    }
}
