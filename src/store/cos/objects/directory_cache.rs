//! In which directories files may be stored, and which names in them are directories already: known
//! from a page of the store's, kept right by our own changes, believed for `metadata_cache_time`.
//! So a camera that stores one picture after the other asks once and not each time.
//!
//! Only what is known to be free is answered from here. That a name is taken is asked of the store
//! before anybody is refused.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::span::is_before;

/// Names known at once, of directories and of what lies in them: with keys of 60 bytes 2 MiB, with
/// the longest 15 MiB. When there are more, all are forgotten and asked for anew.
const NAMES: usize = 16_384;

/// The memory of one bucket.
#[derive(Debug)]
pub(crate) struct DirectoryCache {
    lifetime: Duration,
    known: Mutex<HashMap<String, CachedDirectory>>,
}

/// What is known of one directory.
#[derive(Debug)]
struct CachedDirectory {
    since: Instant,
    admits: Option<Room>,
    /// Where in the order of keys the directories in it are known.
    range: Option<Range>,
    /// The prefixes of directories in it.
    directories: BTreeSet<String>,
}

/// Whether files may be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// They may.
    Free,
    /// Something of that name stands in the way, or did a moment ago.
    Taken,
}

/// Keys behind `after`, up to and with `last`; without them from the first and to the last one. In
/// whichever of the [two orders](super::span) the store lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) after: Option<String>,
    pub(crate) last: Option<String>,
}

impl Range {
    /// Whether `key` lies in it.
    pub(crate) fn covers(&self, key: &str) -> bool {
        self.after.as_deref().is_none_or(|after| is_before(after, key))
            && self.last.as_deref().is_none_or(|last| key == last || is_before(key, last))
    }

    /// Both, where they meet; else `other` alone.
    fn joined(self, other: Self) -> Self {
        let meets = |end: &Option<String>, begin: &Option<String>| match (end, begin) {
            (Some(end), Some(begin)) => begin == end || is_before(begin, end),
            _ => true,
        };
        if !meets(&self.last, &other.after) || !meets(&other.last, &self.after) {
            return other;
        }
        let last = match (self.last, other.last) {
            (Some(one), Some(other)) => Some(one.max(other)),
            _ => None,
        };
        Self { after: self.after.min(other.after), last }
    }
}

impl DirectoryCache {
    /// Remembers for `lifetime`; nothing at all if that is zero.
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, known: Mutex::default() }
    }

    /// Whether anything is remembered.
    pub(crate) fn remembers(&self) -> bool {
        !self.lifetime.is_zero()
    }

    /// Whether files may be stored in `directory`, as far as that is known.
    pub(crate) fn room_in(&self, directory: &str) -> Option<Room> {
        self.known.lock().get(directory).filter(|place| self.is_fresh(place))?.admits
    }

    /// Whether the name of the file `key` in `directory` is free of directories, as far as that is
    /// known.
    pub(crate) fn room_for(&self, directory: &str, key: &str) -> Option<Room> {
        let known = self.known.lock();
        let place = known.get(directory).filter(|place| self.is_fresh(place))?;
        let prefix = format!("{key}/");
        if place.directories.contains(&prefix) {
            return Some(Room::Taken);
        }
        place.range.as_ref().filter(|range| range.covers(&prefix)).map(|_| Room::Free)
    }

    /// Whether something was known of `directory`, too long ago to be believed now.
    pub(crate) fn is_stale(&self, directory: &str) -> bool {
        self.known.lock().get(directory).is_some_and(|place| !self.is_fresh(place))
    }

    /// Whether a part of the directories in `directory` is known.
    pub(crate) fn knows_some_of(&self, directory: &str) -> bool {
        self.known
            .lock()
            .get(directory)
            .is_some_and(|place| self.is_fresh(place) && place.range.is_some())
    }

    /// The store is about to be asked about `directory`: from now on its changes are noted.
    pub(crate) fn begin(&self, directory: &str) {
        if !self.remembers() {
            return;
        }
        let mut known = self.known.lock();
        if known.get(directory).is_some_and(|place| self.is_fresh(place)) {
            return;
        }
        let place = CachedDirectory {
            since: Instant::now(),
            admits: None,
            range: None,
            directories: BTreeSet::new(),
        };
        shed(&mut known);
        known.insert(directory.to_owned(), place);
    }

    /// The store told that `directory` is none that a file hides, and which directories lie in a
    /// range of it.
    pub(crate) fn learn(
        &self,
        directory: &str,
        range: Option<Range>,
        directories: impl IntoIterator<Item = String>,
    ) {
        let mut known = self.known.lock();
        // What was begun for is noted since; what was forgotten meanwhile may have changed.
        let Some(place) = known.get_mut(directory) else { return };
        place.admits.get_or_insert(Room::Free);
        if let Some(range) = range {
            place.directories.extend(directories);
            place.range = Some(match place.range.take() {
                Some(before) => before.joined(range),
                None => range,
            });
        }
        shed(&mut known);
    }

    /// The directory `prefix` is no more.
    pub(crate) fn forget_directory(&self, directory: &str, prefix: &str) {
        if let Some(place) = self.known.lock().get_mut(directory) {
            place.directories.remove(prefix);
        }
    }

    /// Nothing is known of `directory` any more.
    pub(crate) fn forget(&self, directory: &str) {
        self.known.lock().remove(directory);
    }

    /// The same of `directory` and all below it.
    pub(crate) fn forget_below(&self, directory: &str) {
        self.known.lock().retain(|known, _| !known.starts_with(directory));
    }

    /// We stored `key`: the directories it lies in are there, and a file of its name hides one.
    pub(crate) fn note_written(&self, key: &str) {
        if !self.remembers() {
            return;
        }
        let mut known = self.known.lock();
        if known.is_empty() {
            return;
        }
        if !key.ends_with('/')
            && let Some(place) = known.get_mut(&format!("{key}/"))
        {
            place.admits = Some(Room::Taken);
        }
        let mut parent = 0;
        for (at, _) in key.match_indices('/') {
            if let Some(place) = known.get_mut(&key[..parent]) {
                place.directories.insert(key[..=at].to_owned());
            }
            parent = at + 1;
        }
    }

    fn is_fresh(&self, place: &CachedDirectory) -> bool {
        place.since.elapsed() < self.lifetime
    }
}

/// Forgets everything when it is too much.
fn shed(known: &mut HashMap<String, CachedDirectory>) {
    if known.values().map(|place| 1 + place.directories.len()).sum::<usize>() >= NAMES {
        known.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> DirectoryCache {
        DirectoryCache::new(Duration::from_secs(600))
    }

    fn range(after: Option<&str>, last: Option<&str>) -> Range {
        Range { after: after.map(str::to_owned), last: last.map(str::to_owned) }
    }

    #[test]
    fn what_was_told_is_known_where_it_was_told() {
        let places = places();
        assert_eq!(places.room_in("d/"), None);
        places.begin("d/");
        assert_eq!(places.room_in("d/"), None, "nothing was told yet");
        places.learn("d/", Some(range(Some("d/m"), Some("d/p/"))), ["d/n/".to_owned()]);
        assert_eq!(places.room_in("d/"), Some(Room::Free));
        for (key, expected) in [
            ("d/a", None),
            ("d/n", Some(Room::Taken)),
            ("d/o", Some(Room::Free)),
            ("d/p", Some(Room::Free)),
            ("d/q", None),
        ] {
            assert_eq!(places.room_for("d/", key), expected, "{key}");
        }
        places.forget_directory("d/", "d/n/");
        assert_eq!(places.room_for("d/", "d/n"), Some(Room::Free));
    }

    #[test]
    fn our_own_changes_are_known_also_those_made_while_the_store_was_asked() {
        let places = places();
        places.begin("d/");
        places.note_written("d/late/x");
        places.learn("d/", Some(range(None, None)), []);
        places.note_written("d/new/sub/");
        places.note_written("d/file");
        for (key, expected) in
            [("d/late", Room::Taken), ("d/new", Room::Taken), ("d/file", Room::Free)]
        {
            assert_eq!(places.room_for("d/", key), Some(expected), "{key}");
        }
        places.note_written("d");
        assert_eq!(places.room_in("d/"), Some(Room::Taken), "a file hides it");
    }

    #[test]
    fn ranges_that_meet_are_one() {
        for (one, other, expected) in [
            ((Some("b"), Some("d")), (Some("c"), Some("f")), (Some("b"), Some("f"))),
            ((Some("c"), Some("f")), (None, Some("c")), (None, Some("f"))),
            ((Some("c"), None), (Some("a"), Some("c")), (Some("a"), None)),
            ((Some("a"), Some("b")), (Some("c"), Some("d")), (Some("c"), Some("d"))),
            ((Some("c"), Some("d")), (Some("a"), Some("b")), (Some("a"), Some("b"))),
            ((None, None), (Some("a"), Some("b")), (None, None)),
        ] {
            let joined = range(one.0, one.1).joined(range(other.0, other.1));
            assert_eq!(joined, range(expected.0, expected.1), "{one:?} {other:?}");
        }
    }

    #[test]
    fn nothing_is_remembered_without_a_lifetime_and_not_more_than_there_is_room_for() {
        let off = DirectoryCache::new(Duration::ZERO);
        off.begin("d/");
        off.learn("d/", Some(range(None, None)), []);
        assert_eq!(off.room_in("d/"), None);
        let places = places();
        for at in 0..NAMES + 10 {
            places.begin(&format!("{at:06}/"));
        }
        assert!(places.known.lock().len() <= NAMES);
        places.begin("d/");
        let many = (0..NAMES).map(|at| format!("d/{at:06}/"));
        places.learn("d/", Some(range(None, None)), many);
        assert!(places.known.lock().is_empty());
    }
}
