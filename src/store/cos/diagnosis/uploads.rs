//! Trials with uploads in parts.

use std::time::Duration;

use super::arch::COPIES_NOTHING;
use super::examination::Examination;
use super::probe::{NEEDS_PROBE, PROBE, store};
use super::trial::Trial;
use crate::store::cos::objects::Complete;
use crate::store::cos::objects::written;
use crate::store::cos::s3::actions::abort_multipart_upload::abort_multipart_upload;
use crate::store::cos::s3::actions::create_multipart_upload::create_multipart_upload;
use crate::store::cos::s3::actions::list_parts;
use crate::store::cos::s3::actions::upload_part::upload_part;
use crate::store::cos::s3::actions::upload_part_copy::{PartCopy, upload_part_copy};
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::{
    Body, Cancel, CopySource, ErrorKind, Multipart, Operation, PartReceipt, Result, SilentUploads,
    StoreError,
};

/// How many unfinished uploads are shown by name.
const SHOWN_UPLOADS: usize = 10;

/// What S3 wants of an object of which a range is to be copied: more than 5 MiB.
const LARGE_BYTES: usize = 6 * 1024 * 1024;

/// Puts an object together from a part, and begins another upload that it aborts. `stands`:
/// whether the probe can be copied from. Answers what could not be removed.
pub(super) fn try_uploads(run: &mut Examination<'_>, stands: bool) -> Vec<String> {
    let key = run.joined();
    let Some(id) = begin_upload(run, &key) else {
        let trials = [Trial::Of(Operation::UploadPart), Trial::Of(Operation::ListParts)];
        run.skip(&trials, NEEDS_UPLOAD);
        list_uploads(run, false);
        let trials = [
            Trial::Of(Operation::CompleteMultipartUpload),
            Trial::Of(Operation::UploadPartCopy),
            Trial::Of(Operation::AbortMultipartUpload),
        ];
        run.skip(&trials, NEEDS_UPLOAD);
        return Vec::new();
    };
    let is_complete = put_together(run, &key, &id);
    let mut open = Vec::from_iter(copy_and_abort(run, &key, stands));
    if !is_complete {
        open.extend(abort_multipart_upload(run.client, &key, &id).is_err().then_some(id));
    }
    open.iter().map(|id| unfinished(&key, id)).collect()
}

fn begin_upload(run: &mut Examination<'_>, key: &str) -> Option<String> {
    run.attempt(
        Trial::Of(Operation::CreateMultipartUpload),
        |client| create_multipart_upload(client, key, &[]),
        |_| String::new(),
    )
}

/// Sends a part of an upload that is aborted again. Answers what could not be removed.
pub(super) fn try_unfinished_upload(run: &mut Examination<'_>) -> Vec<String> {
    let key = run.joined();
    let Some(id) = begin_upload(run, &key) else {
        run.skip(
            &[Trial::Of(Operation::UploadPart), Trial::Of(Operation::ListParts)],
            NEEDS_UPLOAD,
        );
        list_uploads(run, false);
        run.skip(&[Trial::Of(Operation::AbortMultipartUpload)], NEEDS_UPLOAD);
        return Vec::new();
    };
    run.attempt(
        Trial::Of(Operation::UploadPart),
        |client| send_probe(client, &key, &id),
        |_| String::new(),
    );
    let list = |client: &S3Client| list_parts(client, &key, &id);
    let listed = run.attempt(Trial::Of(Operation::ListParts), list, |()| String::new());
    list_uploads(run, listed.is_some());
    let abort = |client: &S3Client| abort_multipart_upload(client, &key, &id);
    let aborted =
        run.attempt(Trial::Of(Operation::AbortMultipartUpload), abort, |()| String::new());
    Vec::from_iter(aborted.is_none().then(|| unfinished(&key, &id)))
}

/// Whether the object was put together.
fn put_together(run: &mut Examination<'_>, key: &str, id: &str) -> bool {
    let part = run.attempt(
        Trial::Of(Operation::UploadPart),
        |client| send_probe(client, key, id),
        |_| String::new(),
    );
    let listed = run.attempt(
        Trial::Of(Operation::ListParts),
        |client| list_parts(client, key, id),
        |()| String::new(),
    );
    list_uploads(run, listed.is_some());
    let Some(part) = part else {
        run.skip(
            &[Trial::Of(Operation::CompleteMultipartUpload)],
            "not tried: needs what UploadPart stores",
        );
        return false;
    };
    // As uploads do it: where the answer is unclear, the object itself tells what happened.
    let complete = |client: &S3Client| {
        let only = &Precondition::None;
        Ok(written::complete(client, Complete { key, upload_id: id, parts: &[part], only })?)
    };
    run.attempt(Trial::Of(Operation::CompleteMultipartUpload), complete, |_| String::new())
        .is_some()
}

/// Answers the uploads that could not be aborted.
fn copy_and_abort(run: &mut Examination<'_>, key: &str, stands: bool) -> Option<String> {
    let Ok(id) = create_multipart_upload(run.client, key, &[]) else {
        run.skip(
            &[Trial::Of(Operation::UploadPartCopy), Trial::Of(Operation::AbortMultipartUpload)],
            NEEDS_UPLOAD,
        );
        return None;
    };
    let (probe, large) = (run.probe.clone(), run.large());
    if run.keeps_directories {
        run.skip(&[Trial::Of(Operation::UploadPartCopy)], COPIES_NOTHING);
    } else if stands {
        run.attempt(
            Trial::Of(Operation::UploadPartCopy),
            |client| match copy_part(client, key, &id, &probe, PROBE.len() as u64) {
                // Stores may refuse the range of an object that is smaller than a part.
                Err(error) if error.status == Some(400) => {
                    copy_large_part(client, key, &id, &large)
                }
                copied => copied,
            },
            |_| String::new(),
        );
    } else {
        run.skip(&[Trial::Of(Operation::UploadPartCopy)], NEEDS_PROBE);
    }
    let abort = |client: &S3Client| abort_multipart_upload(client, key, &id);
    let aborted =
        run.attempt(Trial::Of(Operation::AbortMultipartUpload), abort, |()| String::new());
    aborted.is_none().then_some(id)
}

/// Looks for uploads that nobody finished. `with_ages`: whether their parts may be looked at.
fn list_uploads(run: &mut Examination<'_>, with_ages: bool) {
    let after = run.needs.abort_unfinished_after.filter(|_| with_ages);
    let store = run.store;
    let look =
        |_: &S3Client| store.silent_uploads(after.unwrap_or(Duration::MAX), None, &Cancel::new());
    run.attempt(Trial::Of(Operation::ListMultipartUploads), look, |found| match after {
        Some(after) => shown(found, after),
        None => format!("{} unfinished uploads", found.others),
    });
}

/// Why a trial is not made when no upload could be begun.
const NEEDS_UPLOAD: &str = "not tried: needs what CreateMultipartUpload begins";

/// One page of unfinished uploads, for people.
fn shown(found: &SilentUploads, after: Duration) -> String {
    let more = if found.next.is_some() { "at least " } else { "" };
    let silent = found.uploads.len();
    let mut text = format!(
        "{more}{} unfinished uploads, {silent} of them without new parts for {} or longer",
        // The one that this run has begun.
        (silent + found.others).saturating_sub(1),
        in_words(after),
    );
    let named = found.uploads.iter().take(SHOWN_UPLOADS).map(|silent| {
        format!("{:?} for {}", silent.upload.path.as_str(), in_words(silent.silent_for))
    });
    let named: Vec<_> = named.collect();
    if silent > 0 {
        text +=
            &format!(": {}{}", named.join(", "), if silent > SHOWN_UPLOADS { ", …" } else { "" });
    }
    text
}

fn in_words(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..7200 => format!("{seconds} s"),
        seconds => format!("{} h", seconds / 3600),
    }
}

/// How an upload that is left is called.
pub(super) fn unfinished(key: &str, id: &str) -> String {
    format!("the unfinished upload {id} of {key}")
}

/// Sends the probe as the first part.
pub(super) fn send_probe(client: &S3Client, key: &str, id: &str) -> Result<PartReceipt> {
    upload_part(client, key, id, 1, &Body::new(&[PROBE], &Cancel::new()))
}

fn list_parts(client: &S3Client, key: &str, id: &str) -> Result<()> {
    let parts = list_parts::list_parts(client, key, id, None, &Cancel::new())?;
    let gone = || StoreError::new(ErrorKind::NotFound, Operation::ListParts, key);
    parts.map(drop).ok_or_else(gone)
}

/// The same of an object that is larger than a part must be.
fn copy_large_part(client: &S3Client, key: &str, id: &str, from: &str) -> Result<PartReceipt> {
    static BLOCK: [u8; 64 * 1024] = [0; 64 * 1024];
    let blocks = vec![&BLOCK[..]; LARGE_BYTES.div_ceil(BLOCK.len())];
    store(client, from, &blocks)?;
    copy_part(client, key, id, from, LARGE_BYTES as u64)
}

fn copy_part(client: &S3Client, key: &str, id: &str, from: &str, end: u64) -> Result<PartReceipt> {
    let source = CopySource { first: 0, end, etag: None };
    upload_part_copy(client, PartCopy { key, upload_id: id, number: 1, from, source: &source })
}
