//! The objects of a bucket, with a memory of what this process does to them.

use time::OffsetDateTime;

use super::{
    BucketCache, Complete, CopyReceipt, Head, NewCopy, Objects, Original, Plain, Put, Written,
};
use crate::store::key_locks::KeyLock;
use crate::store::{ETag, ErrorKind, ParkedUpload, Result};

/// Notes each change in the memory that all who use the bucket share. Clones are cheap.
#[derive(Clone, Debug)]
pub(crate) struct CachedObjects(pub(crate) Plain);

impl CachedObjects {
    fn note_written(&self, key: &str, size: u64, etag: Option<ETag>) {
        let now = self.0.client.site().clock.now();
        self.cache().note_written(key, size, now, etag);
    }
}

impl Objects for CachedObjects {
    fn plain(&self) -> &Plain {
        &self.0
    }

    fn cache(&self) -> &BucketCache {
        &self.0.bucket.memory
    }

    fn put(&self, turn: &KeyLock, put: Put<'_>) -> Written {
        match Objects::put(&self.0, turn, put) {
            Ok(stored) => {
                self.note_written(put.key, put.body.len(), stored.etag.clone());
                Ok(stored)
            }
            Err(failure) => {
                self.cache().doubt(put.key);
                Err(failure)
            }
        }
    }

    fn copy(
        &self,
        turn: &KeyLock,
        original: Original<'_>,
        copy: NewCopy<'_>,
    ) -> Result<CopyReceipt> {
        let copied = self.0.copy(turn, original, copy);
        match (&copied, original.version) {
            (Ok(told), Some(head)) => {
                self.note_written(copy.key, head.size, Some(told.etag.clone()));
            }
            _ => self.cache().doubt(copy.key),
        }
        copied
    }

    fn rename(&self, turn: &KeyLock, from: &str, to: &str, seen: Option<&Head>) -> Result<()> {
        let renamed = self.0.rename(turn, from, to, seen);
        // What is below came and went with it.
        [from, to].iter().for_each(|key| self.cache().doubt_all(key));
        renamed
    }

    fn delete(&self, turn: &KeyLock, key: &str, if_match: Option<&ETag>) -> Result<()> {
        let deleted = self.0.delete(turn, key, if_match);
        match &deleted {
            Ok(()) => self.note_gone(key),
            Err(error) if error.kind == ErrorKind::PreconditionFailed => {}
            Err(_) => self.cache().doubt(key),
        }
        deleted
    }

    fn note_gone(&self, key: &str) {
        self.cache().note_deleted(key, self.0.client.site().clock.now());
    }

    fn create_upload(&self, key: &str, headers: &[(String, String)]) -> Result<String> {
        let upload_id = self.0.create_upload(key, headers)?;
        self.cache().under_way.begin(&upload_id);
        Ok(upload_id)
    }

    fn complete_upload(&self, turn: &KeyLock, complete: Complete<'_>) -> Written {
        match self.0.complete_upload(turn, complete) {
            Ok(stored) => {
                let size = complete.parts.iter().map(|part| part.size).sum();
                self.note_written(complete.key, size, stored.etag.clone());
                self.cache().under_way.end(complete.upload_id);
                self.cache().parked.forget(complete.key, complete.upload_id);
                Ok(stored)
            }
            Err(failure) => {
                self.cache().doubt(complete.key);
                Err(failure)
            }
        }
    }

    fn park_upload(&self, key: &str, parked: &ParkedUpload) {
        let ParkedUpload { upload, parts, begun, .. } = parked;
        self.cache().under_way.end(&upload.upload_id);
        self.cache().parked.note(key, &upload.upload_id, parts, *begun);
    }

    fn hold_upload(&self, key: &str, upload_id: &str) -> bool {
        let is_first = self.cache().under_way.begin(upload_id);
        if is_first {
            self.cache().parked.resume(key, upload_id, upload_id);
        }
        is_first
    }

    fn resume_found_upload(&self, key: &str, upload_id: &str, begun: OffsetDateTime) -> bool {
        let is_first = self.cache().under_way.begin(upload_id);
        if is_first {
            self.cache().parked.resume_found(key, upload_id, upload_id, begun);
        }
        is_first
    }

    fn resume_own_upload(&self, key: &str, upload_id: &str) -> bool {
        // In this order: who drops it leaves alone what somebody goes on with.
        self.cache().parked.resume(key, upload_id, upload_id)
            && self.cache().under_way.begin(upload_id)
    }

    fn abort_upload(&self, key: &str, upload_id: &str) -> Result<()> {
        self.cache().parked.forget(key, upload_id);
        // Until the store has answered, nobody finds it.
        let aborted = self.0.abort_upload(key, upload_id);
        self.cache().under_way.end(upload_id);
        aborted
    }

    fn give_up_upload(&self, key: &str, upload_id: &str, begun: OffsetDateTime) -> Result<()> {
        // Before anybody finds it in the bucket.
        self.cache().parked.give_up(key, upload_id, begun);
        let aborted = self.0.abort_upload(key, upload_id);
        self.cache().under_way.end(upload_id);
        aborted.inspect(|()| self.cache().parked.forget(key, upload_id))
    }
}
