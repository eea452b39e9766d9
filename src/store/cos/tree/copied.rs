//! What a renaming has copied: under the new name nothing but such a copy is replaced, or removed
//! again.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::copy::CopiedVersion;
use crate::store::ETag;
use crate::store::cos::objects::Head;

/// Copies that are remembered of one renaming, in about 4 MiB. What is copied after them is known
/// by its likeness to the original alone.
const COPIES: usize = 100_000;

/// The copies by their hashes: a directory's names are never held.
#[derive(Debug, Default)]
pub(super) struct CopiedVersions {
    hashes: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

/// What is remembered.
#[derive(Hash)]
enum CopyNote<'a> {
    /// A copy with this ETag stood under the key.
    Copy { key: &'a str, etag: &'a str },
    /// It is one of the version of the original with this ETag, size and time.
    Version { key: &'a str, etag: &'a str, original: (Option<&'a str>, u64, Option<i64>) },
    /// What stands under the key may be a copy: no answer said so.
    Doubt { key: &'a str },
}

impl CopiedVersions {
    /// `key` is such a copy now.
    pub(super) fn note(&self, key: &str, copied: &CopiedVersion) {
        match &copied.etag {
            Some(etag) if !plain(etag).is_empty() => {
                self.remember(&CopyNote::Copy { key, etag: plain(etag) });
                let own = copied.original.etag();
                let original = version(&copied.original, own.as_ref());
                self.remember(&CopyNote::Version { key, etag: plain(etag), original });
            }
            _ => self.doubt(key),
        }
    }

    /// `key` may be a copy: its ETag, or whether it was made, is not known.
    pub(super) fn doubt(&self, key: &str) {
        self.remember(&CopyNote::Doubt { key });
    }

    /// Whether what stands `there` under `key` is a copy that was made, of whichever version.
    pub(super) fn holds(&self, key: &str, there: &Head) -> bool {
        let etag = there.etag();
        etag.is_some_and(|etag| self.remembers(&CopyNote::Copy { key, etag: plain(&etag) }))
    }

    /// Whether it is one of just the version `original`.
    pub(super) fn holds_copy_of(&self, key: &str, there: &Head, original: &Head) -> bool {
        let (etag, own) = (there.etag(), original.etag());
        let original = version(original, own.as_ref());
        etag.is_some_and(|etag| {
            self.remembers(&CopyNote::Version { key, etag: plain(&etag), original })
        })
    }

    /// Whether `key` may be a copy, of which nothing is known.
    pub(super) fn doubts(&self, key: &str) -> bool {
        self.remembers(&CopyNote::Doubt { key }) || self.hashes.lock().len() >= 2 * COPIES
    }

    fn remember(&self, what: &CopyNote<'_>) {
        let mut hashes = self.hashes.lock();
        if hashes.len() < 2 * COPIES {
            hashes.insert(self.hasher.hash_one(what));
        }
    }

    fn remembers(&self, what: &CopyNote<'_>) -> bool {
        self.hashes.lock().contains(&self.hasher.hash_one(what))
    }
}

/// Headers quote it, answers of some stores do not.
fn plain(etag: &ETag) -> &str {
    etag.0.trim_matches('"')
}

fn version<'a>(head: &Head, etag: Option<&'a ETag>) -> (Option<&'a str>, u64, Option<i64>) {
    (etag.map(plain), head.size, head.modified().map(OffsetDateTime::unix_timestamp))
}
