//! One change of ours, and what of a listing agrees with it.

use std::time::Duration;

use time::OffsetDateTime;

use super::KeyEntry;
use crate::store::ETag;

/// How far a time of a listing and one of our own may be apart and mean the same moment: whole
/// seconds, and clocks that differ a little.
const TIME_SLACK: Duration = Duration::from_secs(2);

/// What we did to a key. Times are by the store's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// An object was stored.
    Written {
        /// Its bytes.
        size: u64,
        /// When it was confirmed, UTC.
        modified: OffsetDateTime,
        /// Its version, if the store told it.
        etag: Option<ETag>,
    },
    /// The object was deleted.
    Deleted {
        /// When that was confirmed, UTC.
        at: OffsetDateTime,
    },
}

/// A change that no listing has shown yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// What it was.
    pub(crate) change: Change,
    /// Its place in the order of our changes.
    pub(crate) number: u64,
    /// Whether no listing has shown what was written before it was deleted: a listing without the
    /// key may be older than both.
    pub(crate) may_come_yet: bool,
}

impl Note {
    /// The object as we left it.
    pub(crate) fn entry(&self, key: &str) -> Option<KeyEntry> {
        let Change::Written { size, modified, etag } = &self.change else { return None };
        let etag = etag.as_ref().map(|etag| format!("\"{}\"", bare(&etag.0)));
        Some(KeyEntry { key: key.to_owned(), size: *size, modified: Some(*modified), etag })
    }

    /// Whether this is the object as we left it, or there is none as we left none.
    pub(crate) fn describes(&self, object: Option<&KeyEntry>) -> bool {
        let (Change::Written { size, modified, etag }, Some(object)) = (&self.change, object)
        else {
            return object.is_none() && self.is_deletion();
        };
        match (etag, &object.etag) {
            (Some(ours), Some(its)) => bare(&ours.0) == bare(its),
            _ => {
                object.size == *size
                    && object.modified.is_none_or(|at| at + TIME_SLACK >= *modified)
            }
        }
    }

    /// Whether this object is certain to have been stored after our change.
    pub(crate) fn is_outdated_by(&self, object: &KeyEntry) -> bool {
        let (Change::Written { modified: ours, .. } | Change::Deleted { at: ours }) = &self.change;
        object.modified.is_some_and(|at| at >= *ours + TIME_SLACK)
    }

    /// Whether a listing that agrees with it shows that listings have come to know of it.
    pub(crate) fn is_shown_by_agreement(&self) -> bool {
        !self.may_come_yet
    }

    /// Whether the object was deleted.
    pub(crate) fn is_deletion(&self) -> bool {
        matches!(self.change, Change::Deleted { .. })
    }
}

/// An ETag without its quotes, which some stores leave out in some answers.
pub(crate) fn bare(etag: &str) -> &str {
    etag.trim_start_matches("W/").trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_known_by_its_etag_or_else_by_size_and_time() {
        let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let note = |etag: Option<&str>| {
            let etag = etag.map(|etag| ETag(etag.to_owned()));
            let change = Change::Written { size: 5, modified: at(100), etag };
            Note { change, number: 1, may_come_yet: false }
        };
        let object = |size, seconds, etag: Option<&str>| {
            let etag = etag.map(str::to_owned);
            KeyEntry { key: "a".into(), size, modified: Some(at(seconds)), etag }
        };
        for (ours, size, seconds, its, is_it) in [
            (Some("\"x\""), 5, 50, Some("x"), true),
            (Some("x"), 5, 100, Some("\"y\""), false),
            (Some("x"), 5, 99, None, true),
            (None, 5, 99, Some("x"), true),
            (None, 5, 97, None, false),
            (None, 6, 100, None, false),
        ] {
            let is_described = note(ours).describes(Some(&object(size, seconds, its)));
            assert_eq!(is_described, is_it, "{ours:?} {size} {seconds} {its:?}");
        }
        assert!(!note(None).describes(None));
        for (seconds, is_later) in [(101, false), (102, true)] {
            assert_eq!(note(None).is_outdated_by(&object(5, seconds, None)), is_later);
        }
        let entry = note(Some("x")).entry("a").unwrap();
        assert_eq!((entry.size, entry.etag.as_deref()), (5, Some("\"x\"")));
    }
}
