//! The objects of one bucket, by their keys: a dozen calls that ask and change ([`Objects`]), in
//! two kinds. [`Plain`] has the store alone; [`CachedObjects`] also notes our own changes, which
//! are held against listings ([`overlay`]), and keeps what the store told ([`stat_cache`],
//! [`directory_cache`]).

pub(crate) mod below;
pub(crate) mod bucket;
pub(crate) mod cache;
mod cached;
pub(crate) mod client_times;
pub(crate) mod corrected;
pub(crate) mod directory_cache;
pub(crate) mod note;
pub(crate) mod overlay;
pub(crate) mod own_changes;
pub(crate) mod renamed;
pub(crate) mod span;
mod stat_cache;
pub(crate) mod tag_habit;
pub(crate) mod written;

pub(crate) use self::cache::BucketCache;
pub(crate) use self::cached::CachedObjects;
pub(crate) use self::own_changes::Moment;
pub(crate) use self::written::Written;
pub(crate) use crate::store::cos::s3::actions::complete_multipart_upload::Complete;
pub(crate) use crate::store::cos::s3::actions::copy_object::{CopyReceipt, NewCopy, Original};
pub(crate) use crate::store::cos::s3::actions::get_object_acl::{Acl, AclEntry, Grantee};
pub(crate) use crate::store::cos::s3::actions::head_object::Head;
pub(crate) use crate::store::cos::s3::actions::list_multipart_uploads::{UploadEntry, Uploads};
pub(crate) use crate::store::cos::s3::actions::list_objects::{
    Depth, KeyEntry, KeyPage, PAGE_KEYS, Window,
};
pub(crate) use crate::store::cos::s3::actions::list_parts::PartsPage;
pub(crate) use crate::store::cos::s3::actions::put_object::Put;
pub(crate) use crate::store::cos::s3::actions::upload_part_copy::PartCopy;
pub(crate) use crate::store::cos::s3::call::RequestFailure;
pub(crate) use crate::store::cos::s3::client::S3Client;
pub(crate) use crate::store::cos::s3::dialect::Dialect;
pub(crate) use crate::store::cos::s3::etag_form::md5_of;
pub(crate) use crate::store::cos::s3::precondition::Precondition;

use std::sync::Arc;

use time::OffsetDateTime;

use self::bucket::Bucket;
use crate::store::cos::options::RestoreTerms;
use crate::store::cos::s3::actions::abort_multipart_upload::abort_multipart_upload;
use crate::store::cos::s3::actions::create_multipart_upload::create_multipart_upload;
use crate::store::cos::s3::actions::delete_object::delete_object;
use crate::store::cos::s3::actions::get_object::get_object;
use crate::store::cos::s3::actions::get_object_acl::get_object_acl;
use crate::store::cos::s3::actions::get_object_tagging::get_object_tagging;
use crate::store::cos::s3::actions::head_bucket::keeps_directories;
use crate::store::cos::s3::actions::head_object::head_object;
use crate::store::cos::s3::actions::list_multipart_uploads::list_multipart_uploads;
use crate::store::cos::s3::actions::list_objects::{list_objects, list_objects_ahead};
use crate::store::cos::s3::actions::list_parts::list_parts;
use crate::store::cos::s3::actions::put_object_tagging::put_object_tagging;
use crate::store::cos::s3::actions::restore_object::restore_object;
use crate::store::cos::s3::actions::upload_part::upload_part;
use crate::store::cos::s3::actions::upload_part_copy::upload_part_copy;
use crate::store::key_locks::KeyLock;
use crate::store::{
    Body, ByteRange, Cancel, ETag, Object, PageToken, ParkedUpload, PartReceipt, Restoration,
    Result,
};

/// The objects of a bucket. What changes one is for somebody who has the turn on its key.
pub(crate) trait Objects: Sync {
    /// The way to them, without a memory.
    fn plain(&self) -> &Plain;

    /// What is remembered of them.
    fn cache(&self) -> &BucketCache {
        &cache::NOTHING
    }

    /// Whether the bucket keeps real directories: then it renames by itself, and copies nothing.
    fn keeps_directories(&self) -> Result<bool> {
        keeps_directories(&self.plain().client)
    }

    /// The facts about an object; `None` when there is none.
    fn head(&self, key: &str) -> Result<Option<Head>> {
        head_object(&self.plain().client, key)
    }

    /// An object, from anywhere in it.
    fn get(&self, key: &str, range: ByteRange, if_match: Option<&ETag>) -> Result<Object> {
        get_object(&self.plain().client, key, range, if_match)
    }

    /// Who may read an object, and its ACL.
    fn acl(&self, key: &str) -> Result<Acl> {
        get_object_acl(&self.plain().client, key)
    }

    /// Names and values of an object's tags.
    fn tags(&self, key: &str) -> Result<Vec<(String, String)>> {
        get_object_tagging(&self.plain().client, key)
    }

    /// Gives an object these tags in place of its own.
    fn put_tags(&self, turn: &KeyLock, key: &str, tags: &[(String, String)]) -> Result<()> {
        debug_assert!(turn.is_on(key));
        put_object_tagging(&self.plain().client, key, tags)
    }

    /// Asks for an archived object to be made readable.
    fn restore(&self, key: &str, terms: RestoreTerms) -> Result<Restoration> {
        restore_object(&self.plain().client, key, terms)
    }

    /// Stores an object. Where no answer came, the object itself tells what happened.
    fn put(&self, turn: &KeyLock, put: Put<'_>) -> Written {
        debug_assert!(turn.is_on(put.key));
        written::put(&self.plain().client, put)
    }

    /// Copies an object. Answers what the store says of the copy; where no answer came, the copy
    /// itself tells what happened.
    fn copy(
        &self,
        turn: &KeyLock,
        original: Original<'_>,
        copy: NewCopy<'_>,
    ) -> Result<CopyReceipt> {
        debug_assert!(turn.is_on(copy.key));
        written::copy(&self.plain().client, original, copy)
    }

    /// Gives the file, or the directory, `from` the name `to`, under which nothing stands, in a
    /// bucket that keeps real directories. Neither ends in a slash. Where no answer came, the two
    /// names tell what happened; it is sent once more only if `seen` is still what has the name.
    fn rename(&self, turn: &KeyLock, from: &str, to: &str, seen: Option<&Head>) -> Result<()> {
        debug_assert!(turn.is_on(from) && turn.is_on(to));
        renamed::rename(&self.plain().client, from, to, seen)
    }

    /// Deletes an object, the version `if_match` alone where the store takes that condition. No
    /// error when there is none.
    fn delete(&self, turn: &KeyLock, key: &str, if_match: Option<&ETag>) -> Result<()> {
        debug_assert!(turn.is_on(key));
        delete_object(&self.plain().client, key, if_match)
    }

    /// A page of keys as the store tells it.
    fn list(&self, window: Window<'_>, depth: Depth, max_keys: usize) -> Result<KeyPage> {
        list_objects(&self.plain().client, window, depth, max_keys)
    }

    /// The same of a directory, and whether `tell` was told where the next one begins.
    fn list_ahead(
        &self,
        window: Window<'_>,
        tell: &mut dyn FnMut(&PageToken),
    ) -> Result<(KeyPage, bool)> {
        list_objects_ahead(&self.plain().client, window, tell)
    }

    /// Begins an upload in parts, with `headers` that become the object's. Answers its id.
    fn create_upload(&self, key: &str, headers: &[(String, String)]) -> Result<String> {
        create_multipart_upload(&self.plain().client, key, headers)
    }

    /// Stores a part.
    fn upload_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u32,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        upload_part(&self.plain().client, key, upload_id, number, body)
    }

    /// Stores a range of an object as a part.
    fn copy_part(&self, copy: PartCopy<'_>) -> Result<PartReceipt> {
        upload_part_copy(&self.plain().client, copy)
    }

    /// Puts an object together from its parts. Where it is in doubt, the object itself tells what
    /// happened.
    fn complete_upload(&self, turn: &KeyLock, complete: Complete<'_>) -> Written {
        debug_assert!(turn.is_on(complete.key));
        written::complete(&self.plain().client, complete)
    }

    /// Drops an upload. One that no longer exists is no error.
    fn abort_upload(&self, key: &str, upload_id: &str) -> Result<()> {
        abort_multipart_upload(&self.plain().client, key, upload_id)
    }

    /// The same of one that was `begun` then, and of which nothing is to come any more.
    fn give_up_upload(&self, key: &str, upload_id: &str, begun: OffsetDateTime) -> Result<()> {
        let _ = begun;
        self.abort_upload(key, upload_id)
    }

    /// Leaves an upload of `key` to whoever goes on with it.
    fn park_upload(&self, key: &str, parked: &ParkedUpload) {
        let _ = (key, parked);
    }

    /// Holds a parked upload so that nobody in this process goes on with it; false when somebody
    /// does already.
    fn hold_upload(&self, key: &str, upload_id: &str) -> bool {
        let _ = (key, upload_id);
        true
    }

    /// Goes on with one that was found to have `begun` then, whoever parked it; false when somebody
    /// in this process does already.
    fn resume_found_upload(&self, key: &str, upload_id: &str, begun: OffsetDateTime) -> bool {
        let _ = begun;
        self.hold_upload(key, upload_id)
    }

    /// Goes on with one that this process has parked; false also when it has dropped it.
    fn resume_own_upload(&self, key: &str, upload_id: &str) -> bool {
        self.hold_upload(key, upload_id)
    }

    /// An object was found to be gone that somebody meant to delete.
    fn note_gone(&self, key: &str) {
        let _ = key;
    }

    /// A page of uploads below `prefix`.
    fn list_uploads(
        &self,
        prefix: &str,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<Uploads> {
        list_multipart_uploads(&self.plain().client, prefix, after, cancel)
    }

    /// A page of an upload's parts; `None` when it is gone.
    fn list_parts(
        &self,
        key: &str,
        upload_id: &str,
        after: Option<u32>,
        cancel: &Cancel,
    ) -> Result<Option<PartsPage>> {
        list_parts(&self.plain().client, key, upload_id, after, cancel)
    }
}

/// The objects of a bucket as the store has them, and nothing else. Clones are cheap.
#[derive(Clone, Debug)]
pub(crate) struct Plain {
    /// The way to the store.
    pub(crate) client: S3Client,
    /// What is shared with the other accounts on the bucket.
    pub(crate) bucket: Arc<Bucket>,
}

impl Objects for Plain {
    fn plain(&self) -> &Plain {
        self
    }
}
