//! Files and directories, made of objects: names become [`keys`]; a directory is one of its
//! [`markers`] or any key below it; a rename copies. What has to be looked at before a change is
//! looked at by somebody who has the [turn] to make it.

mod acl;
pub(crate) mod aside;
pub(crate) mod attributes;
pub(crate) mod condition;
mod content_type;
mod copied;
pub(crate) mod copy;
mod copy_target;
pub(crate) mod copyless;
pub(crate) mod directories;
mod emptied;
pub(crate) mod keys;
pub(crate) mod leftovers;
mod listed_times;
pub(crate) mod listing;
mod marker_copy;
mod markers;
mod moving;
pub(crate) mod mtime;
mod native;
pub(crate) mod parked;
mod partwise_copy;
pub(crate) mod pool;
pub(crate) mod publish;
mod real_directories;
pub(crate) mod rename;
pub(crate) mod room;
mod tags;
mod times;
pub(crate) mod turn;
mod versions;

use std::sync::Arc;

use self::keys::Keys;
use self::pool::WorkerPool;
use super::object_terms::ObjectTerms;
use super::objects::bucket::{Bucket, Trust};
use super::objects::{BucketCache, Objects, Precondition};
use super::options::{ArchivePolicy, ContentType};
use crate::vfs::Entry;

/// One account's part of a bucket, as all that happens in it needs it.
#[derive(Clone, Copy)]
pub(crate) struct BucketTree<'a> {
    objects: &'a dyn Objects,
    cache: &'a BucketCache,
    bucket: &'a Bucket,
    account: &'a BucketAccount,
    /// What the account says of a new object.
    new_headers: &'a [(String, String)],
}

/// What is an account's own.
#[derive(Clone, Debug)]
pub(crate) struct BucketAccount {
    /// Names and their keys.
    pub(crate) keys: Keys,
    /// Bytes of an object that are copied in one request.
    pub(crate) copy_limit: u64,
    /// Whether a time that a client gave an object is told as the object's time.
    pub(crate) preserve_mtime: bool,
    /// The type of a new object.
    pub(crate) content_type: ContentType,
    /// What else a new object is.
    pub(crate) terms: ObjectTerms,
    /// By what the store is told that nothing may stand under a key.
    pub(crate) absence: Precondition,
    /// Whether the store tells this account's key the ACLs of objects.
    pub(crate) acl_access: Arc<Trust>,
    /// What the download of an archived object does.
    pub(crate) archive: ArchivePolicy,
    /// Smallest part but the last, bytes.
    pub(crate) min_part: u64,
    /// Who helps with what mostly waits.
    pub(crate) pool: WorkerPool,
}

impl<'a> BucketTree<'a> {
    /// The account's part of these objects; `new_headers` is what it says of a new one.
    pub(crate) fn new(
        objects: &'a dyn Objects,
        account: &'a BucketAccount,
        new_headers: &'a [(String, String)],
    ) -> Self {
        let (cache, bucket) = (objects.cache(), &*objects.plain().bucket);
        Self { objects, cache, bucket, account, new_headers }
    }

    /// The uploads below the key of a directory that this process has parked.
    pub(crate) fn own_parked_in(self, directory: &str) -> Vec<Entry> {
        self.cache.parked.in_directory(directory)
    }

    /// What stands behind the key of a directory in those of all uploads below it.
    pub(crate) fn own_parked_below(self, directory: &str) -> Vec<String> {
        self.cache.parked.below(directory)
    }

    /// The objects that it is made of.
    pub(crate) fn objects(self) -> &'a dyn Objects {
        self.objects
    }
}
