//! Whether what is stored can be removed again: asked before anything is stored.

use std::time::Instant;

use super::examination::Examination;
use super::objects::{tell_of_what_is_left, try_reading};
use super::trial::{Fault, Trial, TrialVerdict, brief};
use super::uploads::{send_probe, try_unfinished_upload, unfinished};
use crate::store::cos::s3::actions::abort_multipart_upload::abort_multipart_upload;
use crate::store::cos::s3::actions::create_multipart_upload::create_multipart_upload;
use crate::store::cos::s3::actions::get_object_lock_configuration::{
    ObjectLock, get_object_lock_configuration,
};
use crate::store::{Operation, Result};

/// What is not tried where it would leave what nobody can remove.
const PUBLISHING: [Trial; 10] = [
    Trial::Of(Operation::PutObject),
    Trial::GetRange,
    Trial::Of(Operation::GetObjectTagging),
    Trial::Of(Operation::CopyObject),
    Trial::CopyOfVersion,
    Trial::Marker,
    Trial::Order,
    Trial::Of(Operation::CompleteMultipartUpload),
    Trial::Of(Operation::UploadPartCopy),
    Trial::Of(Operation::DeleteObject),
];

/// Whether what is stored would stay.
pub(super) fn finds_lock(run: &mut Examination<'_>) -> bool {
    let begun = Instant::now();
    let mut left = Vec::new();
    let (lock, shown) = match get_object_lock_configuration(run.client) {
        Ok(ObjectLock::Off) => (ObjectLock::Off, "off".to_owned()),
        Ok(ObjectLock::On) => (ObjectLock::On, "on, without a default retention".to_owned()),
        Ok(ObjectLock::Retains) => {
            (ObjectLock::Retains, "on: stored objects are kept for a time".to_owned())
        }
        Err(error) => {
            let lock = guess_lock(run, &mut left);
            let shown = match lock {
                ObjectLock::Retains => "on: a part without a checksum was refused",
                _ => "probably off: a part without a checksum was accepted",
            };
            (lock, format!("{shown}; its configuration cannot be read: {}", brief(&error)))
        }
    };
    let verdict = if lock == ObjectLock::Retains && run.needs.fragments {
        let why = format!(
            "{shown}; partial_upload = keep would leave files that nobody can \
            remove"
        );
        TrialVerdict::Failed(Fault::new(why, "set partial_upload = park or discard"))
    } else {
        TrialVerdict::Passed(shown)
    };
    run.tell(Trial::ObjectLock, verdict, begun);
    tell_of_what_is_left(run, &left);
    lock != ObjectLock::Off
}

/// What the store asks of a part that nobody will see. What could not be aborted is `left`.
fn guess_lock(run: &Examination<'_>, left: &mut Vec<String>) -> ObjectLock {
    let (client, key) = (run.client, run.joined());
    let tried: Result<()> = create_multipart_upload(client, &key, &[]).and_then(|id| {
        let sent = send_probe(client, &key, &id).map(drop);
        if abort_multipart_upload(client, &key, &id).is_err() {
            left.push(unfinished(&key, &id));
        }
        sent
    });
    // What else goes wrong shows in the trials that follow.
    drop(tried);
    if client.site().lock.retains() { ObjectLock::Retains } else { ObjectLock::Off }
}

/// All that leaves nothing behind.
pub(super) fn try_without_objects(run: &mut Examination<'_>) {
    try_reading(run);
    run.skip(&PUBLISHING, "not tried: objects stored here cannot be removed (Object Lock)");
    let left = try_unfinished_upload(run);
    tell_of_what_is_left(run, &left);
}
