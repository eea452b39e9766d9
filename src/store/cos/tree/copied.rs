//! What a renaming has copied: under the new name nothing but such a copy is replaced by what was
//! stored anew under the old one.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use parking_lot::Mutex;

use crate::store::ETag;
use crate::store::cos::objects::Head;

/// Copies that are remembered of one renaming, in about 2 MiB. What is copied after them and stored
/// anew meanwhile stays under the old name.
const COPIES: usize = 100_000;

/// The copies by their hashes: a directory's names are never held.
#[derive(Debug, Default)]
pub(super) struct CopiedVersions {
    hashes: Mutex<HashSet<u64>>,
    hasher: RandomState,
}

impl CopiedVersions {
    /// `key` is a copy with this ETag.
    pub(super) fn note(&self, key: &str, etag: Option<&ETag>) {
        let Some(etag) = etag else { return };
        let mut hashes = self.hashes.lock();
        if hashes.len() < COPIES {
            hashes.insert(self.hash(key, etag));
        }
    }

    /// Whether what stands there under `key` is such a copy.
    pub(super) fn holds(&self, key: &str, there: &Head) -> bool {
        there.etag().is_some_and(|etag| self.hashes.lock().contains(&self.hash(key, &etag)))
    }

    fn hash(&self, key: &str, etag: &ETag) -> u64 {
        // Headers quote it, answers of some stores do not.
        self.hasher.hash_one((key, etag.0.trim_matches('"')))
    }
}
