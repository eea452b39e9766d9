//! Writes whose answer may be lost: then the object itself tells what happened.

use std::time::Duration;

use time::OffsetDateTime;

use crate::store::cos::s3::actions::abort_multipart_upload::is_no_such_upload;
use crate::store::cos::s3::actions::complete_multipart_upload::{
    Complete, Completed, complete_multipart_upload,
};
use crate::store::cos::s3::actions::copy_object::{CopyReceipt, NewCopy, Original, copy_object};
use crate::store::cos::s3::actions::head_object::{Head, head_object, head_object_hastily};
use crate::store::cos::s3::actions::put_object::{Put, put_object};
use crate::store::cos::s3::call::RequestFailure;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::etag_form::parts_of;
use crate::store::cos::s3::integrity;
use crate::store::{ETag, ErrorKind, Operation, PartReceipt, Result, StoreError, Stored};

/// How far the store's clock may be behind ours when times are compared; `Last-Modified` has whole
/// seconds.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

/// What is said where a write was given up after it was sent, and nothing tells of it.
const NOT_KNOWN: &str = "whether the file has come to stand under its name is not known";

/// The outcome of a write, with what is known about its tries.
pub(crate) type Written = std::result::Result<Stored, RequestFailure>;

/// Stores an object.
pub(super) fn put(client: &S3Client, put: Put<'_>) -> Written {
    let mut failure = match put_object(client, put) {
        Ok(headers) => {
            return Ok(Stored {
                etag: headers.etag(),
                crc64: headers.crc64(),
                request_id: headers.request_id(),
            });
        }
        Err(failure) => failure,
    };
    let is_given_up = failure.error.kind == ErrorKind::Cancelled;
    let look = if is_given_up { head_object_hastily } else { head_object };
    let found = match is_unknown(&failure).then(|| look(client, put.key)) {
        Some(Err(_)) if is_given_up => {
            failure.error.source = Some(NOT_KNOWN.into());
            None
        }
        Some(looked) => looked.ok().flatten(),
        None => None,
    };
    // The one under its key, if it is known to hold those bytes: size and time alone could be
    // another client's.
    match found.filter(|head| head.holds(put.body)) {
        Some(head) => Ok(stands(&failure, &head)),
        None => Err(failure),
    }
}

/// Puts an object together. The answer may be lost, and a repeated Complete may find the upload
/// gone: then the object itself tells what happened.
pub(crate) fn complete(client: &S3Client, complete: Complete<'_>) -> Written {
    let whole = Whole::of(complete.parts, client.site().clock.now());
    match complete_multipart_upload(client, complete) {
        Ok(told) if integrity::differs(client.verify(), told.crc64, whole.crc64) => {
            let operation = Operation::CompleteMultipartUpload;
            let error = StoreError::new(ErrorKind::ChecksumMismatch, operation, complete.key);
            Err(RequestFailure { error, tries: 1, in_doubt: false })
        }
        Ok(told) => {
            let Completed { etag, crc64, request_id } = told;
            Ok(Stored { etag: Some(etag), crc64, request_id })
        }
        Err(failure) if may_have_happened(&failure) => {
            let head = head_object(client, complete.key).ok().flatten();
            // Who was refused, or never heard, may have been overtaken by an object of that size.
            let is_doubtful = complete.only.is_of_absence() && is_unknown(&failure);
            match head.filter(|head| whole.is(head, is_doubtful)) {
                Some(head) => Ok(stands(&failure, &head)),
                None => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// Copies an object. Where nothing may stand under the new key, and an answer was lost, what stands
/// there may be the copy.
pub(super) fn copy(
    client: &S3Client,
    original: Original<'_>,
    copy: NewCopy<'_>,
) -> Result<CopyReceipt> {
    let failure = match copy_object(client, original, copy) {
        Ok(copied) => return Ok(copied),
        Err(failure) => failure,
    };
    // Elsewhere such bytes may have stood before.
    let may_be_ours = copy.only.is_of_absence() && is_unknown(&failure);
    let Some(version) = original.version.filter(|_| may_be_ours) else {
        return Err(failure.into());
    };
    let head = head_object(client, copy.key).ok().flatten();
    match head.filter(|head| head.has_bytes_of(version)) {
        Some(head) => {
            let etag = stands(&failure, &head).etag;
            let etag = etag.unwrap_or_else(|| ETag(String::new()));
            Ok(CopyReceipt { etag, modified: head.modified() })
        }
        None => Err(failure.into()),
    }
}

/// Whether a write may have been carried out although this was answered at last.
fn is_unknown(failure: &RequestFailure) -> bool {
    use ErrorKind::{AlreadyExists, Cancelled, PreconditionFailed, Unavailable};
    let is_told = matches!(
        failure.error.kind,
        // Somebody gave it up before the next try.
        Cancelled | Unavailable | PreconditionFailed | AlreadyExists
    );
    failure.in_doubt && is_told
}

/// What was stored although no answer said so.
fn stands(failure: &RequestFailure, head: &Head) -> Stored {
    // Some stores (RGW) answer every Complete with what cannot be read, and mean that all is well.
    let level = match failure.error.kind {
        ErrorKind::Other => log::Level::Debug,
        _ => log::Level::Info,
    };
    log::log!(level, "{}: the object stands complete", failure.error);
    Stored { etag: head.etag(), crc64: head.headers.crc64(), request_id: head.headers.request_id() }
}

/// Whether a failed Complete may have been carried out all the same.
fn may_have_happened(failure: &RequestFailure) -> bool {
    match failure.error.kind {
        ErrorKind::Unavailable => failure.tries > 0,
        ErrorKind::Other if failure.in_doubt => true,
        _ if is_unknown(failure) => true,
        _ => failure.tries > 1 && is_no_such_upload(&failure.error),
    }
}

/// What is known of the object that is being completed.
#[derive(Debug)]
struct Whole {
    parts: usize,
    size: u64,
    crc64: Option<u64>,
    etag: Option<ETag>,
    /// When Complete was first sent, by the store's clock.
    since: OffsetDateTime,
}

impl Whole {
    fn of(parts: &[PartReceipt], now: OffsetDateTime) -> Self {
        Self {
            parts: parts.len(),
            size: parts.iter().map(|part| part.size).sum(),
            crc64: integrity::combined(parts.iter().map(|part| (part.crc64, part.size))),
            etag: integrity::etag_of_parts(parts),
            since: now,
        }
    }

    /// Whether the object that stands under the key is the one that was being completed, and not
    /// an older one that happens to be as large. `for_certain`: another one may have come
    /// meanwhile, and its time says nothing.
    fn is(&self, head: &Head, for_certain: bool) -> bool {
        let etag = head.etag();
        let same_count =
            etag.as_ref().is_none_or(|etag| parts_of(etag).is_none_or(|n| n == self.parts));
        if head.size != self.size || !same_count {
            return false;
        }
        match head.headers.crc64().zip(self.crc64) {
            Some((told, ours)) => told == ours,
            None => {
                let is_newer = || {
                    let modified = head.headers.last_modified();
                    modified.is_some_and(|modified| modified + CLOCK_SLACK >= self.since)
                };
                (etag.is_some() && etag == self.etag) || (!for_certain && is_newer())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_uncertain_complete_is_looked_after() {
        let failed = |kind, status, code: Option<&str>, tries| {
            let mut error = StoreError::new(kind, Operation::CompleteMultipartUpload, "k");
            error.status = status;
            error.code = code.map(str::to_owned);
            may_have_happened(&RequestFailure { error, tries, in_doubt: false })
        };
        assert!(!failed(ErrorKind::Unavailable, None, None, 0), "it was never sent");
        assert!(failed(ErrorKind::Unavailable, None, None, 1));
        assert!(failed(ErrorKind::Unavailable, Some(500), None, 6));
        assert!(failed(ErrorKind::Other, Some(404), Some("NoSuchUpload"), 2));
        assert!(!failed(ErrorKind::Other, Some(404), Some("NoSuchUpload"), 1));
        assert!(!failed(ErrorKind::NotFound, Some(404), Some("NoSuchBucket"), 2));
        assert!(!failed(ErrorKind::AccessDenied, Some(403), None, 2));
    }
}
