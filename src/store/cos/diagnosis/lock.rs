//! Whether what is stored can be removed again: asked before anything is stored.

use std::time::Instant;

use super::Examination;
use super::trial::{Fault, Trial, Verdict, brief};
use super::uploads::{send_probe, unfinished};
use crate::store::Result;
use crate::store::cos::CosStore;
use crate::store::cos::s3::object_lock::ObjectLock;

/// What is not tried where it would leave what nobody can remove.
const PUBLISHING: [Trial; 6] = [
    Trial::PutObject,
    Trial::GetRange,
    Trial::CopyObject,
    Trial::CompleteMultipartUpload,
    Trial::UploadPartCopy,
    Trial::DeleteObject,
];

impl Examination<'_> {
    /// Whether what is stored would stay.
    pub(super) fn finds_lock(&mut self) -> bool {
        let begun = Instant::now();
        let mut left = Vec::new();
        let (lock, shown) = match self.store.object_lock() {
            Ok(ObjectLock::Off) => (ObjectLock::Off, "off".to_owned()),
            Ok(ObjectLock::On) => (ObjectLock::On, "on, without a default retention".to_owned()),
            Ok(ObjectLock::Retains) => {
                (ObjectLock::Retains, "on: what is stored is kept for a time".to_owned())
            }
            Err(error) => {
                let lock = self.guess_lock(&mut left);
                let shown = match lock {
                    ObjectLock::Retains => "on: a part was refused without a checksum",
                    _ => "probably off: a part was taken without a checksum",
                };
                (lock, format!("{shown}; its configuration may not be read: {}", brief(&error)))
            }
        };
        let verdict = if lock == ObjectLock::Retains && self.needs.fragments {
            let why = format!("{shown}; partial_upload = keep would leave what nobody can remove");
            Verdict::Failed(Fault::new(why, "set partial_upload = discard"))
        } else {
            Verdict::Passed(shown)
        };
        self.tell(Trial::ObjectLock, verdict, begun);
        self.tell_of_what_is_left(&left);
        lock != ObjectLock::Off
    }

    /// What the store asks of a part that nobody will see. What could not be aborted is `left`.
    fn guess_lock(&self, left: &mut Vec<String>) -> ObjectLock {
        let (store, key) = (self.store, self.joined());
        let tried: Result<()> = store.create_upload(&key, Vec::new()).and_then(|id| {
            let sent = send_probe(store, &key, &id).map(drop);
            if store.abort_upload(&key, &id).is_err() {
                left.push(unfinished(&key, &id));
            }
            sent
        });
        // What else goes wrong shows in the trials that follow.
        drop(tried);
        if lock_is_known(store) { ObjectLock::Retains } else { ObjectLock::Off }
    }

    /// All that leaves nothing behind.
    pub(super) fn try_without_objects(&mut self) {
        self.try_reading();
        self.skip(&PUBLISHING, "not tried: what is stored here cannot be removed (Object Lock)");
        let left = self.try_unfinished_upload();
        self.tell_of_what_is_left(&left);
    }
}

fn lock_is_known(store: &CosStore) -> bool {
    store.client.bucket.lock.retains()
}
