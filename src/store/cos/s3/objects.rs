//! Single objects: HeadObject, GetObject, PutObject, DeleteObject.

use std::io;
use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::Method;

use super::answer::{Answer, Headers, Opened};
use super::client::{Call, Failure};
use super::integrity::{self, Receipt};
use super::object_lock::is_demand_for_checksum;
use super::request::Request;
use crate::store::cos::CosStore;
use crate::store::cos::VerifyUploads;
use crate::store::cos::objects::note::Change;
use crate::store::cos::s3::http::drained::Drained;
use crate::store::turns::Turn;
use crate::store::{
    Body, ByteRange, ETag, ErrorKind, Expected, Object, Operation, Result, StoreError, Stored,
};

/// How long a change is waited for where no client waits: longer than any request is tried.
const LONGEST_TURN: Duration = Duration::from_secs(24 * 60 * 60);

/// How often a body is sent whose checksum does not come back right.
const CHECKSUM_TRIES: u32 = 3;

/// The facts about an object.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Its bytes.
    pub(crate) size: u64,
    /// All its headers.
    pub(crate) headers: Headers,
}

impl Head {
    /// Its version.
    pub(crate) fn etag(&self) -> Option<ETag> {
        self.headers.etag()
    }

    /// Whether it is known to hold just these bytes, by their checksum or their MD5.
    fn holds(&self, body: &Body<'_>) -> bool {
        let etag = self.etag();
        let receipt = Receipt { crc64: self.headers.crc64(), etag: etag.as_ref() };
        self.size == body.len() && integrity::proves(body, receipt)
    }

    /// Its last change, UTC.
    pub(crate) fn modified(&self) -> Option<OffsetDateTime> {
        self.headers.last_modified()
    }
}

impl CosStore {
    /// HeadObject; `None` when there is no such object.
    pub(crate) fn head(&self, key: &str) -> Result<Option<Head>> {
        let call = Call::new(Operation::HeadObject, Request::on_object(Method::HEAD, key));
        let answer = match self.client.exchange(&call) {
            Err(failure) if failure.error.kind == ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let length = answer.headers.get("content-length").and_then(|text| text.parse().ok());
        let size = length.ok_or_else(|| {
            call.error(ErrorKind::Other).with_source("an answer without Content-Length")
        })?;
        Ok(Some(Head { size, headers: answer.headers }))
    }

    /// GetObject, with a range only where one is needed.
    pub(crate) fn get(
        &self,
        key: &str,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        if range.end.is_some_and(|end| end <= range.first) {
            return self.nothing_of(key, range.first, if_match);
        }
        let mut request = Request::on_object(Method::GET, key);
        let bytes = range_header(range);
        if let Some(bytes) = &bytes {
            request = request.header("range", bytes);
        }
        if let Some(etag) = if_match {
            request = request.header("if-match", &etag.0);
        }
        let call = Call::new(Operation::GetObject, request);
        let opened = match self.client.open(&call) {
            Err(failure) if failure.error.kind == ErrorKind::InvalidRange => {
                return self.nothing_of(key, range.first, if_match);
            }
            other => other?,
        };
        let size = whole_size(&opened, bytes.is_some()).ok_or_else(|| {
            call.error(ErrorKind::Other).with_source("an answer without the object's size")
        })?;
        Ok(Object {
            size,
            etag: opened.headers.etag(),
            crc64: opened.headers.crc64(),
            body: match content_length(&opened) {
                Some(length) => Box::new(Drained::new(opened.body.into_reader(), length)),
                None => Box::new(opened.body.into_reader()),
            },
        })
    }

    /// An empty range at `first`: no store answers one, so the object's size decides.
    fn nothing_of(&self, key: &str, first: u64, if_match: Option<&ETag>) -> Result<Object> {
        let failed = |kind| StoreError::new(kind, Operation::GetObject, key);
        let head = self.head(key)?.ok_or_else(|| failed(ErrorKind::NotFound))?;
        let etag = head.etag();
        if if_match.is_some() && etag.as_ref() != if_match {
            return Err(failed(ErrorKind::PreconditionFailed));
        }
        if first > head.size {
            return Err(failed(ErrorKind::InvalidRange));
        }
        Ok(Object {
            size: head.size,
            etag,
            crc64: head.headers.crc64(),
            body: Box::new(io::empty()),
        })
    }

    /// PutObject in place of what is expected. Where no answer came, the object itself tells what
    /// happened.
    pub(crate) fn put(&self, key: &str, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        let turn = self.turn_to_publish(Operation::PutObject, key)?;
        self.check_room_in_turn(&turn, key)?;
        let sent = self.write_expecting(&turn, (Operation::PutObject, key), expected, |only| {
            let request = only.of(Request::on_object(Method::PUT, key));
            let mut call = Call::new(Operation::PutObject, request).with_body(*body);
            if self.verify != VerifyUploads::Off {
                // A part that was damaged is sent again before anybody sees it. An object replaces
                // the earlier one at once: the store itself must refuse what was damaged on its way.
                call = call.with_md5();
            }
            self.send_verified(call, body)
        });
        let headers = match sent {
            Ok(answer) => answer.headers,
            Err(failure) => self.find_put(key, body, failure)?.headers,
        };
        self.note_written(key, body.len(), headers.etag());
        Ok(Stored { etag: headers.etag(), request_id: headers.request_id() })
    }

    /// The object that a PutObject without answer may have stored: the one under its key, if it
    /// is known to hold those bytes. Size and time alone could be another client's.
    pub(crate) fn find_put(&self, key: &str, body: &Body<'_>, failure: Failure) -> Result<Head> {
        let is_unknown =
            matches!(failure.error.kind, ErrorKind::Unavailable | ErrorKind::PreconditionFailed);
        let look = failure.in_doubt && is_unknown;
        let found = if look { self.head(key).ok().flatten() } else { None };
        let Some(head) = found.filter(|head| head.holds(body)) else {
            self.note_doubt(key);
            return Err(failure.into());
        };
        log::info!("{}: the object stands complete", failure.error);
        Ok(head)
    }

    /// The exclusive turn to change `key`.
    pub(crate) fn turn(&self, key: &str) -> Turn {
        self.client.bucket.writes.take(&[key])
    }

    /// The same, but no longer than a client waits for its reply.
    ///
    /// # Errors
    /// [`ErrorKind::Unavailable`] when another session's change of the key takes too long.
    pub(crate) fn turn_in_time(&self, operation: Operation, key: &str) -> Result<Turn> {
        self.turns_in_time(operation, &[key])
    }

    /// The turn to publish a file under `key`, for which nothing above it may become a file meanwhile.
    ///
    /// # Errors
    /// As [`Self::turn_in_time`].
    pub(crate) fn turn_to_publish(&self, operation: Operation, key: &str) -> Result<Turn> {
        let root = self.keys.prefix().len();
        let above: Vec<&str> = key
            .match_indices('/')
            .map(|(at, _)| &key[..at])
            .filter(|above| above.len() > root)
            .collect();
        let patience = self.client.reply_left().unwrap_or(LONGEST_TURN);
        self.client.bucket.writes.take_within(&[key], &above, patience).ok_or_else(|| {
            StoreError::new(ErrorKind::Unavailable, operation, key)
                .with_source("another session's change of this name takes too long")
        })
    }

    /// The same for several keys at once.
    ///
    /// # Errors
    /// As [`Self::turn_in_time`].
    pub(crate) fn turns_in_time(&self, operation: Operation, keys: &[&str]) -> Result<Turn> {
        let writes = &self.client.bucket.writes;
        let Some(patience) = self.client.reply_left() else { return Ok(writes.take(keys)) };
        writes.take_within(keys, &[], patience).ok_or_else(|| {
            StoreError::new(ErrorKind::Unavailable, operation, keys.first().copied().unwrap_or(""))
                .with_source("another session's change of this name takes too long")
        })
    }

    /// DeleteObject. No error when there is none.
    pub(crate) fn delete(&self, key: &str) -> Result<()> {
        self.delete_in_turn(&self.turn_in_time(Operation::DeleteObject, key)?, key)
    }

    /// The same, for somebody who has the turn to change `key`.
    pub(crate) fn delete_in_turn(&self, turn: &Turn, key: &str) -> Result<()> {
        self.delete_if(turn, key, None)
    }

    /// The same, of the version `if_match` alone, where the store takes that condition.
    pub(crate) fn delete_if(&self, turn: &Turn, key: &str, if_match: Option<&ETag>) -> Result<()> {
        debug_assert!(turn.is_on(key));
        let mut request = Request::on_object(Method::DELETE, key);
        if let Some(etag) = if_match {
            request = request.header("if-match", &etag.0);
        }
        let call = Call::new(Operation::DeleteObject, request);
        match self.client.exchange(&call) {
            Err(failure) if failure.error.kind == ErrorKind::NotFound => {}
            Err(failure) if failure.error.kind == ErrorKind::PreconditionFailed => {
                return Err(failure.into());
            }
            other => {
                other.inspect_err(|_| self.note_doubt(key))?;
            }
        }
        self.note_deleted(key);
        Ok(())
    }

    /// Sends bytes until the store has received those and no others.
    pub(crate) fn send_verified(
        &self,
        mut call: Call<'_>,
        body: &Body<'_>,
    ) -> std::result::Result<Answer, Failure> {
        let lock = &self.client.bucket.lock;
        if lock.retains() {
            call = call.with_md5();
        }
        for attempt in 1..=CHECKSUM_TRIES {
            let answer = match self.client.exchange(&call) {
                Err(failure) if !call.has_md5() && is_demand_for_checksum(&failure.error) => {
                    log::info!("{}: sent with its MD5 from now on, as all others", failure.error);
                    lock.note();
                    call = call.with_md5();
                    self.client.exchange(&call)?
                }
                answered => answered?,
            };
            let etag = answer.headers.etag();
            let receipt = Receipt { crc64: answer.headers.crc64(), etag: etag.as_ref() };
            if integrity::agrees(self.verify, body, receipt) {
                return Ok(answer);
            }
            log::warn!("{}: try {attempt}", call.error(ErrorKind::ChecksumMismatch));
        }
        let error = call.error(ErrorKind::ChecksumMismatch);
        Err(Failure { error, tries: CHECKSUM_TRIES, in_doubt: false })
    }

    /// Remembers that `key` was stored, in the version `etag`, if that is known.
    pub(crate) fn note_written(&self, key: &str, size: u64, etag: Option<ETag>) {
        let bucket = &self.client.bucket;
        bucket.note(key, Change::Written { size, modified: bucket.now(), etag });
    }

    /// A change of `key` failed, and may have happened all the same.
    pub(crate) fn note_doubt(&self, key: &str) {
        self.client.bucket.doubt(key);
    }

    /// Remembers that `key` was deleted.
    pub(crate) fn note_deleted(&self, key: &str) {
        let bucket = &self.client.bucket;
        bucket.note(key, Change::Deleted { at: bucket.now() });
    }

    /// Whether a whole object's CRC is to be compared, and differs.
    pub(crate) fn differs(&self, told: Option<u64>, expected: Option<u64>) -> bool {
        self.verify != VerifyUploads::Off
            && told.zip(expected).is_some_and(|(told, expected)| told != expected)
    }
}

fn range_header(range: ByteRange) -> Option<String> {
    match range {
        ByteRange { first: 0, end: None } => None,
        ByteRange { first, end: None } => Some(format!("bytes={first}-")),
        ByteRange { first, end: Some(end) } => Some(format!("bytes={first}-{}", end - 1)),
    }
}

/// Bytes of the answer's body, where it says so.
fn content_length(opened: &Opened) -> Option<u64> {
    opened.headers.get("content-length")?.trim().parse().ok()
}

/// Bytes of the whole object: behind the slash of `Content-Range: bytes 2-3/10`, or the length of
/// an answer to a request without range.
fn whole_size(opened: &Opened, ranged: bool) -> Option<u64> {
    if !ranged {
        return content_length(opened);
    }
    opened.headers.get("content-range")?.rsplit_once('/')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_name_their_last_byte() {
        for (range, expected) in [
            (ByteRange::from(0), None),
            (ByteRange::from(7), Some("bytes=7-")),
            (ByteRange::between(0, 1), Some("bytes=0-0")),
            (ByteRange::between(7, 9), Some("bytes=7-8")),
        ] {
            assert_eq!(range_header(range).as_deref(), expected, "{range:?}");
        }
    }
}
