//! Uploads in parts: CreateMultipartUpload, UploadPart, UploadPartCopy, CompleteMultipartUpload,
//! AbortMultipartUpload.
//!
//! Until an upload is completed or aborted its parts cost storage and appear in no listing.

use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::Method;

use super::client::{Call, Failure};
use super::integrity;
use super::objects::Head;
use super::request::{self, Request};
use super::xml;
use crate::store::cos::CosStore;
use crate::store::cos::tree::condition::Precondition;
use crate::store::{
    Body, Cancel, CopySource, ETag, ErrorKind, Expected, Operation, PartReceipt, Result,
    StoreError, Stored,
};

/// How far the store's clock may be behind ours when times are compared; `Last-Modified` has whole
/// seconds.
const CLOCK_SLACK: Duration = Duration::from_secs(2);

impl CosStore {
    /// CreateMultipartUpload, with `headers` that become the object's. Answers the upload id. A
    /// try whose answer was lost leaves an empty upload behind: a list of the key's uploads would not
    /// tell ours from one that another client began in the same moment. [`crate::store::cos::tree::leftovers`] finds
    /// it when it has been silent for long.
    pub(crate) fn create_upload(
        &self,
        key: &str,
        headers: Vec<(String, String)>,
    ) -> Result<String> {
        let mut request = Request::on_object(Method::POST, key).query("uploads", "");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let call = Call::new(Operation::CreateMultipartUpload, request);
        let answer = self.client.exchange(&call)?;
        let upload_id = xml::upload_id(&answer.text)
            .map_err(|error| call.error(ErrorKind::Other).with_source(error))?;
        self.client.bucket.under_way.begin(&upload_id);
        Ok(upload_id)
    }

    /// UploadPart.
    pub(crate) fn send_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u32,
        body: &Body<'_>,
    ) -> Result<PartReceipt> {
        let request = part_request(key, upload_id, number);
        let call = Call::new(Operation::UploadPart, request).with_body(*body);
        let answer = self.send_verified(call, body)?;
        let etag = answer.headers.etag().ok_or_else(|| {
            StoreError::new(ErrorKind::Other, Operation::UploadPart, key)
                .with_source("an answer without ETag")
        })?;
        Ok(PartReceipt { number, size: body.len(), etag, crc64: answer.headers.crc64() })
    }

    /// UploadPartCopy of bytes `source.first..source.end` of the object `from`.
    pub(crate) fn copy_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u32,
        from: &str,
        source: &CopySource,
    ) -> Result<PartReceipt> {
        if source.etag.is_some() {
            self.check_version(from, source.etag.as_ref())?;
        }
        let range = format!("bytes={}-{}", source.first, source.end.saturating_sub(1));
        let mut request = part_request(key, upload_id, number)
            .header("x-amz-copy-source", self.copy_source(from))
            .header("x-amz-copy-source-range", range);
        if let Some(etag) = &source.etag {
            request = request.header("x-amz-copy-source-if-match", &etag.0);
        }
        let call = Call::new(Operation::UploadPartCopy, request).patiently();
        let answer = self.client.exchange(&call)?;
        let copied = xml::stored(&answer.text)
            .map_err(|error| call.error(ErrorKind::Other).with_source(error))?;
        Ok(PartReceipt {
            number,
            size: source.end - source.first,
            crc64: copied.crc64().or(answer.headers.crc64()),
            etag: ETag(copied.etag),
        })
    }

    /// Some stores (Ceph) ignore `x-amz-copy-source-if-match`; a mixture of two versions would be
    /// worse than one request more.
    fn check_version(&self, key: &str, expected: Option<&ETag>) -> Result<()> {
        let failed = |kind| StoreError::new(kind, Operation::UploadPartCopy, key);
        let head = self.head(key)?.ok_or_else(|| failed(ErrorKind::NotFound))?;
        if head.etag().as_ref() != expected {
            return Err(failed(ErrorKind::PreconditionFailed));
        }
        Ok(())
    }

    /// CompleteMultipartUpload, in place of what is expected. COS may take minutes, and may say 200 and fail.
    pub(crate) fn complete_upload(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        let stored = self.put_together(key, upload_id, parts, expected)?;
        self.client.bucket.under_way.end(upload_id);
        Ok(stored)
    }

    fn put_together(
        &self,
        key: &str,
        upload_id: &str,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored> {
        let operation = Operation::CompleteMultipartUpload;
        let text = xml::complete_multipart_upload(parts);
        let pieces = [text.as_bytes()];
        let never = Cancel::new();
        let call = |only: &Precondition| {
            let request = Request::on_object(Method::POST, key)
                .query("uploadId", upload_id)
                .header("content-type", "application/xml");
            Call::new(operation, only.of(request)).with_body(Body::new(&pieces, &never)).patiently()
        };
        let turn = self.turn_to_publish(operation, key)?;
        self.check_room_in_turn(&turn, key)?;
        let whole = Whole::of(parts, self.client.bucket.now());
        let sent = self.write_expecting(&turn, (operation, key), expected, |only| {
            self.client.exchange(&call(only))
        });
        let answer = match sent {
            Ok(answer) => answer,
            Err(failure) if may_have_happened(&failure) => {
                return self.resolve(key, failure, &whole);
            }
            Err(failure) => return Err(failure.into()),
        };
        let call = call(&Precondition::None);
        let body = match xml::stored(&answer.text) {
            Ok(body) => body,
            Err(error) => {
                let error = call.error(ErrorKind::Other).with_source(error);
                let failure = Failure { error, tries: 1, in_doubt: true };
                return self.resolve(key, failure, &whole);
            }
        };
        let crc64 = answer.headers.crc64().or(body.crc64());
        let etag = Some(ETag(body.etag));
        self.note_written(key, whole.size, etag.clone());
        if self.differs(crc64, whole.crc64) {
            return Err(call.error(ErrorKind::ChecksumMismatch));
        }
        Ok(Stored { etag, request_id: answer.headers.request_id() })
    }

    /// The answer to Complete was lost, or a repeated Complete found the upload gone: the object
    /// itself tells what happened.
    fn resolve(&self, key: &str, failure: Failure, whole: &Whole) -> Result<Stored> {
        let head = self.head(key).ok().flatten();
        let Some(head) = head.filter(|head| whole.is(head)) else {
            self.note_doubt(key);
            return Err(failure.into());
        };
        log::info!("{}: the object stands complete", failure.error);
        self.note_written(key, whole.size, head.etag());
        Ok(Stored { etag: head.etag(), request_id: head.headers.request_id() })
    }

    /// AbortMultipartUpload. An upload that no longer exists is no error.
    pub(crate) fn abort_upload(&self, key: &str, upload_id: &str) -> Result<()> {
        let request = Request::on_object(Method::DELETE, key).query("uploadId", upload_id);
        let call = Call::new(Operation::AbortMultipartUpload, request);
        self.client.bucket.under_way.end(upload_id);
        match self.client.exchange(&call) {
            Ok(_) => Ok(()),
            Err(failure) if is_no_such_upload(&failure.error) => Ok(()),
            Err(failure) => Err(failure.into()),
        }
    }

    /// The value of `x-amz-copy-source`.
    pub(crate) fn copy_source(&self, key: &str) -> String {
        format!("{}/{}", self.bucket_name, request::encode_key(key))
    }
}

fn part_request(key: &str, upload_id: &str, number: u32) -> Request {
    Request::on_object(Method::PUT, key)
        .query("partNumber", number.to_string())
        .query("uploadId", upload_id)
}

/// Whether a failed Complete may have been carried out all the same.
fn may_have_happened(failure: &Failure) -> bool {
    match failure.error.kind {
        ErrorKind::Unavailable => failure.tries > 0,
        ErrorKind::PreconditionFailed => failure.in_doubt,
        _ => failure.tries > 1 && is_no_such_upload(&failure.error),
    }
}

fn is_no_such_upload(error: &StoreError) -> bool {
    error.status == Some(404) && matches!(error.code.as_deref(), Some("NoSuchUpload") | None)
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
    /// an older one that happens to be as large.
    fn is(&self, head: &Head) -> bool {
        let etag = head.etag();
        let same_count =
            etag.as_ref().is_none_or(|etag| count_of(etag).is_none_or(|n| n == self.parts));
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
                (etag.is_some() && etag == self.etag) || is_newer()
            }
        }
    }
}

/// Parts of the object, as the usual form of an ETag tells: `md5-N`, or the MD5 of a whole object,
/// which has none.
fn count_of(etag: &ETag) -> Option<usize> {
    let text = etag.0.trim_matches('"');
    let (hash, count) = text.split_once('-').unwrap_or((text, "0"));
    let is_hash = hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    count.parse().ok().filter(|_| is_hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_tell_the_number_of_parts() {
        for (etag, expected) in [
            ("\"0123456789abcdef0123456789ABCDEF-12\"", Some(12)),
            ("\"0123456789abcdef0123456789abcdef\"", Some(0)),
            ("\"0123456789abcdef0123456789abcdef-x\"", None),
            ("\"opaque-3\"", None),
            ("", None),
        ] {
            assert_eq!(count_of(&ETag(etag.into())), expected, "{etag}");
        }
    }

    #[test]
    fn only_an_uncertain_complete_is_looked_after() {
        let failed = |kind, status, code: Option<&str>, tries| {
            let mut error = StoreError::new(kind, Operation::CompleteMultipartUpload, "k");
            error.status = status;
            error.code = code.map(str::to_owned);
            may_have_happened(&Failure { error, tries, in_doubt: false })
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
