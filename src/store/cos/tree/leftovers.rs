//! Uploads in parts that nobody goes on with: ListMultipartUploads and ListParts.
//!
//! The S3 API keeps nothing with an upload that would tell who began it and why: its metadata is
//! invisible until it is completed, and the initiator is a key pair, which other tools may share
//! and which changes with every temporary one. So an upload counts as ours by where it is (below
//! the account's prefix, under a key that an FTP client could have named) and as given up by how
//! long it has been silent. Silence is measured by the store's own clock, from the `Date` of the
//! answer that tells of the parts.

use std::time::Duration;

use time::OffsetDateTime;
use ureq::http::Method;

use crate::store::cos::CosStore;
use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::client::Call;
use crate::store::cos::s3::request::Request;
use crate::store::cos::s3::upload_pages::{self, UploadEntry};
use crate::store::cos::s3::xml;
use crate::store::{
    Cancel, ErrorKind, MultipartUpload, Operation, PageToken, Result, SilentUpload, SilentUploads,
};
use crate::vfs::FtpPath;

/// Uploads, or parts, of one page: what COS and S3 answer at most.
const PAGE_ENTRIES: &str = "1000";

impl CosStore {
    /// A page of uploads that have been silent for `silence`.
    pub(crate) fn find_silent(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        let page = self.upload_page(after, cancel)?;
        let count = page.entries.len();
        let mut uploads = Vec::new();
        for entry in page.entries {
            let Some(upload) = self.named_upload(&entry) else { continue };
            // What the store tells no time of that can be read is not understood and left alone.
            let Some(begun) = entry.initiated else { continue };
            if silence_between(begun, page.now) < silence {
                continue;
            }
            if let Some(silent_for) = self.silence_of(&entry, begun, cancel)?
                && silent_for >= silence
            {
                uploads.push(SilentUpload { upload, silent_for });
            }
        }
        Ok(SilentUploads { others: count - uploads.len(), uploads, next: page.next })
    }

    /// ListMultipartUploads of what stands below the prefix.
    fn upload_page(&self, after: Option<&PageToken>, cancel: &Cancel) -> Result<Page> {
        let mut request = Request::on_bucket(Method::GET).query("uploads", "");
        if !self.keys.prefix().is_empty() {
            request = request.query("prefix", self.keys.prefix());
        }
        // An id holds no line end, a key may hold anything.
        if let Some((id, key)) = after.and_then(|token| token.0.split_once('\n')) {
            request = request.query("key-marker", key).query("upload-id-marker", id);
        }
        let request = request.query("encoding-type", "url").query("max-uploads", PAGE_ENTRIES);
        let call = Call::new(Operation::ListMultipartUploads, request).unless(cancel);
        let answer = self.client.exchange(&call)?;
        let broken = |error| call.error(ErrorKind::Other).with_source(error);
        let page = upload_pages::upload_page(&answer.text, self.dialect).map_err(broken)?;
        // Some stores encode the key of the next marker and some do not; the last entry is the same.
        let last = page.uploads.last().filter(|_| page.is_truncated);
        let next = last.map(|last| PageToken(format!("{}\n{}", last.upload_id, last.key)));
        if page.is_truncated && (next.is_none() || next.as_ref() == after) {
            return Err(broken("a page of uploads that does not lead on".into()));
        }
        Ok(Page { entries: page.uploads, next, now: self.answered_at(&answer.headers) })
    }

    /// The upload, if a client of this account could have begun it and this process has not.
    fn named_upload(&self, entry: &UploadEntry) -> Option<MultipartUpload> {
        let below = entry.key.strip_prefix(self.keys.prefix())?;
        let path = below.split('/').try_fold(FtpPath::root(), |path, name| path.child(name))?;
        let is_ours = !self.client.bucket.under_way.has(&entry.upload_id);
        is_ours.then(|| MultipartUpload { path, upload_id: entry.upload_id.clone() })
    }

    /// How long the upload has received nothing since it was `begun`; `None` when it is gone by
    /// now, or the time of a part cannot be read.
    fn silence_of(
        &self,
        entry: &UploadEntry,
        begun: OffsetDateTime,
        cancel: &Cancel,
    ) -> Result<Option<Duration>> {
        let mut newest = begun;
        let mut marker: Option<u32> = None;
        loop {
            let mut request = Request::on_object(Method::GET, &entry.key)
                .query("uploadId", &entry.upload_id)
                .query("max-parts", PAGE_ENTRIES);
            if let Some(marker) = marker {
                request = request.query("part-number-marker", marker.to_string());
            }
            let call = Call::new(Operation::ListParts, request).unless(cancel);
            let answer = match self.client.exchange(&call) {
                Err(failure) if failure.error.status == Some(404) => return Ok(None),
                other => other?,
            };
            let broken = |error| call.error(ErrorKind::Other).with_source(error);
            let page = upload_pages::part_page(&answer.text).map_err(broken)?;
            for part in &page.parts {
                let Some(modified) = part.modified else { return Ok(None) };
                newest = newest.max(modified);
            }
            let last = page.parts.iter().map(|part| part.number).max();
            if !page.is_truncated {
                return Ok(Some(silence_between(newest, self.answered_at(&answer.headers))));
            }
            if last <= marker {
                return Err(broken("a page of parts that does not lead on".into()));
            }
            marker = last;
        }
    }

    /// When the store answered, by its own clock.
    fn answered_at(&self, answered: &Headers) -> OffsetDateTime {
        let date = answered.get("date").and_then(xml::http_date);
        date.unwrap_or_else(|| self.client.bucket.now())
    }
}

/// A page of uploads.
struct Page {
    entries: Vec<UploadEntry>,
    next: Option<PageToken>,
    /// When the store listed them, by its own clock.
    now: OffsetDateTime,
}

fn silence_between(since: OffsetDateTime, now: OffsetDateTime) -> Duration {
    // What lies ahead is no silence at all.
    Duration::try_from(now - since).unwrap_or_default()
}
