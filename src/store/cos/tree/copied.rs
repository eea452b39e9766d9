//! Which versions a renaming has copied: under the new name nothing but such a copy is replaced by
//! what was stored anew under the old one.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

use crate::store::cos::objects::Head;

/// Versions that are remembered of one renaming, in about 2 MiB. What was copied after them and is
/// stored anew meanwhile stays under the old name.
const VERSIONS: usize = 100_000;

/// The versions by their hashes: a directory's names are never held.
#[derive(Debug, Default)]
pub(super) struct CopiedVersions {
    hashes: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

impl CopiedVersions {
    /// `version` of the object `key` was copied.
    pub(super) fn note(&self, key: &str, version: &Head) {
        let mut hashes = self.hashes.lock();
        if hashes.len() < VERSIONS {
            hashes.insert(self.hash(key, version));
        }
    }

    /// Whether `copy` is one of a version of `key` that was copied, for certain: a store may give
    /// the copy of an object of many parts another ETag.
    pub(super) fn holds(&self, key: &str, copy: &Head) -> bool {
        copy.etag().is_some() && self.hashes.lock().contains(&self.hash(key, copy))
    }

    fn hash(&self, key: &str, version: &Head) -> u64 {
        let etag = version.etag().map(|etag| etag.0);
        self.hasher.hash_one((
            key,
            version.size,
            etag.as_deref().map(|etag| etag.trim_matches('"')),
        ))
    }
}
