//! Versions that were published long after their clients had ended them, as nobody went on with
//! them. An upload of the same name that began meanwhile is newer than they are, whatever the
//! store says of the time at which they came to stand there.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use time::{Duration, OffsetDateTime};

use super::expected::CLOCK_SLACK;
use super::{ETag, Stat};

/// So many are remembered: their keys, at most 1 KiB each, kept twice, and their versions. Where
/// one is forgotten, it counts as newer than what began before it stood there.
const VERSIONS: usize = 2_000;

/// Later than so long after it was published, the same bytes were stored by somebody else.
const PUBLISHED_WITHIN: Duration = Duration::seconds(5);

/// The last of each key that this process has published.
#[derive(Debug, Default)]
pub(crate) struct LateVersions(Mutex<LateNotes>);

#[derive(Debug, Default)]
struct LateNotes {
    versions: HashMap<String, LateVersion>,
    /// As they came.
    order: VecDeque<String>,
}

#[derive(Debug)]
struct LateVersion {
    etag: ETag,
    begun: OffsetDateTime,
    published: OffsetDateTime,
}

impl LateVersion {
    fn is(&self, stat: &Stat) -> bool {
        let is_in_time = |stored| stored <= self.published + PUBLISHED_WITHIN;
        stat.etag.as_ref() == Some(&self.etag) && stat.stored.is_some_and(is_in_time)
    }

    /// Older than whatever began after it, and not than what began with it.
    fn stands_since(&self) -> OffsetDateTime {
        self.begun - CLOCK_SLACK + Duration::NANOSECOND
    }
}

impl LateVersions {
    /// The version `etag` of `key` was published at `now`, whose upload was `begun` then; both by
    /// the store's clock.
    pub(crate) fn note(&self, key: &str, etag: ETag, begun: OffsetDateTime, now: OffsetDateTime) {
        let mut noted = self.0.lock();
        let version = LateVersion { etag, begun, published: now };
        if noted.versions.insert(key.to_owned(), version).is_some() {
            noted.order.retain(|other| other != key);
        }
        noted.order.push_back(key.to_owned());
        while noted.order.len() > VERSIONS {
            if let Some(oldest) = noted.order.pop_front() {
                noted.versions.remove(&oldest);
            }
        }
    }

    /// Whether one of `key` was published whose upload was begun before `begun`.
    pub(crate) fn has_older(&self, key: &str, begun: OffsetDateTime) -> bool {
        self.0.lock().versions.get(key).is_some_and(|version| version.begun < begun)
    }

    /// Whether what stands at `key` is just that version.
    pub(crate) fn is_older(&self, key: &str, stat: &Stat, begun: OffsetDateTime) -> bool {
        let noted = self.0.lock();
        let version = noted.versions.get(key).filter(|version| version.is(stat));
        version.is_some_and(|version| version.begun < begun)
    }

    /// What stands at `key`, as old as its upload is. That it is older than whatever began after it
    /// is known to this process, and needs no room for what clocks tell.
    pub(crate) fn dated(&self, key: &str, stat: Stat) -> Stat {
        let noted = self.0.lock();
        let version = noted.versions.get(key).filter(|version| version.is(&stat));
        match version.map(LateVersion::stands_since) {
            Some(begun) if stat.stored.is_some_and(|stored| begun < stored) => {
                stat.stored_at(Some(begun))
            }
            _ => stat,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vfs::Metadata;

    const NOON: OffsetDateTime = time::macros::datetime!(2026-01-02 12:00 UTC);

    #[test]
    fn only_the_very_version_is_as_old_as_its_upload() {
        let tag = |name: &str| ETag(name.to_owned());
        let versions = LateVersions::default();
        let hour = Duration::HOUR;
        versions.note("k", tag("a"), NOON, NOON + hour);
        let stored = |key: &str, etag: &str, at| {
            let stat = Stat::new(Metadata::file(1, Some(at)), Some(tag(etag)));
            versions.dated(key, stat).stored
        };
        let just_then = NOON + hour;
        assert_eq!(stored("k", "a", just_then), Some(NOON - CLOCK_SLACK + Duration::NANOSECOND));
        assert_eq!(stored("k", "b", just_then), Some(just_then));
        assert_eq!(stored("j", "a", just_then), Some(just_then));
        // The same bytes once more, by somebody else.
        assert_eq!(stored("k", "a", just_then + hour), Some(just_then + hour));
        let is_older = |etag: &str, stored, begun| {
            let stat = Stat::new(Metadata::file(1, Some(stored)), Some(tag(etag)));
            versions.is_older("k", &stat, begun)
        };
        assert!(versions.has_older("k", just_then) && !versions.has_older("k", NOON));
        assert!(is_older("a", just_then, just_then) && !is_older("a", just_then, NOON));
        assert!(
            !is_older("b", just_then, just_then) && !is_older("a", just_then + hour, just_then)
        );
        versions.note("k", tag("b"), just_then, just_then + hour);
        assert_eq!(stored("k", "a", just_then), Some(just_then));
    }

    #[test]
    fn the_oldest_are_forgotten() {
        let versions = LateVersions::default();
        let note = |key: &str| {
            versions.note(key, ETag("a".to_owned()), NOON, NOON + Duration::HOUR);
        };
        note("again");
        (0..VERSIONS - 1).for_each(|number| note(&number.to_string()));
        note("again");
        note("last");
        let stat =
            Stat::new(Metadata::file(1, Some(NOON + Duration::HOUR)), Some(ETag("a".to_owned())));
        assert_eq!(versions.dated("0", stat.clone()), stat);
        for key in ["1", "again", "last"] {
            assert_ne!(versions.dated(key, stat.clone()), stat);
        }
    }
}
