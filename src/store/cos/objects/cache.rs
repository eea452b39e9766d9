//! What is remembered of a bucket, so that it need not be asked for, or because listings may lag.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::time::Duration;

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::client_times::ClientTimes;
use super::directory_cache::DirectoryCache;
use super::note::Change;
use super::own_changes::{Moment, OwnChanges};
use super::stat_cache::StatCache;
use crate::store::found_uploads::FoundUploads;
use crate::store::late_versions::LateVersions;
use crate::store::own_parked::OwnParked;
use crate::store::{ETag, Stat};
use crate::vfs::Metadata;

/// The memory of those who have none.
pub(super) static NOTHING: LazyLock<BucketCache> =
    LazyLock::new(|| BucketCache { is_kept: false, ..BucketCache::new(Duration::ZERO, 0) });

/// The memory of one bucket, shared by all who change it.
#[derive(Debug)]
pub(crate) struct BucketCache {
    /// Whether our changes are noted.
    is_kept: bool,
    /// What we changed a moment ago.
    pub(crate) own_changes: OwnChanges,
    /// What the store told a moment ago.
    stats: StatCache,
    /// In which directories files may be stored, and under which names not.
    pub(crate) directories: DirectoryCache,
    /// The times of objects that clients may have given one.
    pub(crate) times: ClientTimes,
    /// Uploads in parts that this process has begun and neither completed nor aborted.
    pub(super) under_way: UnderWay,
    /// Uploads that this process has parked.
    pub(crate) parked: OwnParked,
    /// Versions that were published long after their uploads had ended.
    pub(crate) late_versions: LateVersions,
    /// Uploads that others had begun before this process was there.
    found: FoundUploads,
}

impl BucketCache {
    /// What the store tells is believed for `lifetime`; so many times of objects are remembered.
    pub(super) fn new(lifetime: Duration, times: usize) -> Self {
        Self {
            is_kept: true,
            own_changes: OwnChanges::default(),
            stats: StatCache::new(lifetime),
            directories: DirectoryCache::new(lifetime),
            times: ClientTimes::new(times),
            under_way: UnderWay::default(),
            parked: OwnParked::default(),
            late_versions: LateVersions::default(),
            found: FoundUploads::new(),
        }
    }

    /// `key` was stored, in the version `etag`, if that is known.
    pub(super) fn note_written(
        &self,
        key: &str,
        size: u64,
        modified: OffsetDateTime,
        etag: Option<ETag>,
    ) {
        // In this order: see `StatCache::learn`.
        self.directories.note_written(key);
        self.own_changes.note(key, Change::Written { size, modified, etag });
        self.stats.forget(key);
        self.found.forget(key);
    }

    /// `key` was deleted.
    pub(super) fn note_deleted(&self, key: &str, at: OffsetDateTime) {
        self.own_changes.note(key, Change::Deleted { at });
        self.stats.forget(key);
        self.found.forget(key);
    }

    /// A change of `key` failed and may have happened all the same: what was known of it is
    /// forgotten.
    pub(super) fn doubt(&self, key: &str) {
        // It may have been a write: the store is asked before a name counts as taken.
        self.directories.note_written(key);
        self.own_changes.doubt(key);
        self.stats.forget(key);
    }

    /// The same of `key` as a file and as a directory, and of all that lies below it.
    pub(super) fn doubt_all(&self, key: &str) {
        let directory = format!("{key}/");
        self.own_changes.forget_below(&directory);
        self.doubt(key);
        self.doubt(&directory);
        self.directories.forget_below(&directory);
        self.stats.forget_below(&directory);
    }

    /// Whether anything is noted at all.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether `key` may have been changed by us after `moment`.
    pub(crate) fn changed_since(&self, key: &str, moment: Moment) -> bool {
        !self.is_kept || self.own_changes.changed_since(key, moment)
    }

    /// What the store told about `key` a moment ago; directories end in `/`.
    pub(crate) fn about(&self, key: &str) -> Option<Stat> {
        self.stats.about(key).map(|stat| self.late_versions.dated(key, stat))
    }

    /// Remembers what the store answered to a question asked at `asked`.
    pub(crate) fn learn(
        &self,
        asked: Moment,
        told: impl IntoIterator<Item = (String, Metadata, Option<ETag>)>,
    ) {
        self.stats.learn(&self.own_changes, asked, told);
    }

    /// An upload of `key` was found that another process had `begun`.
    pub(crate) fn note_found(&self, key: &str, begun: OffsetDateTime) {
        if self.is_kept {
            self.found.note(key, begun);
        }
    }

    /// All uploads below `prefix` that others had begun were found.
    pub(crate) fn complete_found(&self, prefix: &str) {
        if self.is_kept {
            self.found.complete(prefix);
        }
    }

    /// Whether one of `key` would have been found.
    pub(crate) fn would_have_found(&self, key: &str) -> bool {
        self.found.would_know(key)
    }

    /// When the upload of `key` was begun that another process had left when this one began, unless
    /// the key was written since.
    pub(crate) fn found(&self, key: &str) -> Option<OffsetDateTime> {
        self.found.of(key)
    }

    /// That is told no more.
    pub(crate) fn forget_found(&self, key: &str) {
        self.found.forget(key);
    }

    /// Whether this process has begun the upload and goes on with it.
    pub(crate) fn has_under_way(&self, upload_id: &str) -> bool {
        self.under_way.0.lock().contains(upload_id)
    }

    /// This process does not go on with the upload any more.
    pub(crate) fn end_under_way(&self, upload_id: &str) {
        self.under_way.end(upload_id);
        self.parked.release(upload_id);
    }
}

/// The ids of uploads under way: at most as many as there are transfers and copies.
#[derive(Debug, Default)]
pub(super) struct UnderWay(Mutex<HashSet<String>>);

impl UnderWay {
    /// An upload has begun, or is gone on with; false when that is so already.
    pub(super) fn begin(&self, upload_id: &str) -> bool {
        self.0.lock().insert(upload_id.to_owned())
    }

    /// It was completed, or is being given up.
    pub(super) fn end(&self, upload_id: &str) {
        self.0.lock().remove(upload_id);
    }
}
