//! Trials with uploads in parts.

use std::time::Duration;

use ureq::http::Method;

use super::Examination;
use super::objects::{NEEDS_PROBE, PROBE};
use super::trial::Trial;
use crate::store::cos::CosStore;
use crate::store::cos::s3::client::Call;
use crate::store::cos::s3::request::Request;
use crate::store::{
    Body, Cancel, CopySource, Expected, Operation, PartReceipt, Result, SilentUploads,
};

/// How many unfinished uploads are shown by name.
const SHOWN_UPLOADS: usize = 10;

impl Examination<'_> {
    /// Puts an object together from a part, and begins another upload that it aborts. `stands`:
    /// whether the probe can be copied from. Answers what could not be removed.
    pub(super) fn try_uploads(&mut self, stands: bool) -> Vec<String> {
        let key = self.joined();
        let begun = self.attempt(
            Trial::CreateMultipartUpload,
            |store| store.create_upload(&key, Vec::new()),
            |_| String::new(),
        );
        let Some(id) = begun else {
            let trials = [Trial::UploadPart, Trial::ListParts];
            self.skip(&trials, NEEDS_UPLOAD);
            self.list_uploads(false);
            let trials = [
                Trial::CompleteMultipartUpload,
                Trial::UploadPartCopy,
                Trial::AbortMultipartUpload,
            ];
            self.skip(&trials, NEEDS_UPLOAD);
            return Vec::new();
        };
        let is_complete = self.put_together(&key, &id);
        let mut open = Vec::from_iter(self.copy_and_abort(&key, stands));
        if !is_complete {
            open.extend(self.store.abort_upload(&key, &id).is_err().then_some(id));
        }
        open.iter().map(|id| unfinished(&key, id)).collect()
    }

    /// Sends a part of an upload that is aborted again. Answers what could not be removed.
    pub(super) fn try_unfinished_upload(&mut self) -> Vec<String> {
        let key = self.joined();
        let begun = self.attempt(
            Trial::CreateMultipartUpload,
            |store| store.create_upload(&key, Vec::new()),
            |_| String::new(),
        );
        let Some(id) = begun else {
            self.skip(&[Trial::UploadPart, Trial::ListParts], NEEDS_UPLOAD);
            self.list_uploads(false);
            self.skip(&[Trial::AbortMultipartUpload], NEEDS_UPLOAD);
            return Vec::new();
        };
        self.attempt(Trial::UploadPart, |store| send_probe(store, &key, &id), |_| String::new());
        let list = |store: &CosStore| list_parts(store, &key, &id);
        let listed = self.attempt(Trial::ListParts, list, |()| String::new());
        self.list_uploads(listed.is_some());
        let abort = |store: &CosStore| store.abort_upload(&key, &id);
        let aborted = self.attempt(Trial::AbortMultipartUpload, abort, |()| String::new());
        Vec::from_iter(aborted.is_none().then(|| unfinished(&key, &id)))
    }

    /// Whether the object was put together.
    fn put_together(&mut self, key: &str, id: &str) -> bool {
        let part =
            self.attempt(Trial::UploadPart, |store| send_probe(store, key, id), |_| String::new());
        let listed =
            self.attempt(Trial::ListParts, |store| list_parts(store, key, id), |()| String::new());
        self.list_uploads(listed.is_some());
        let Some(part) = part else {
            self.skip(&[Trial::CompleteMultipartUpload], "not tried: needs what UploadPart stores");
            return false;
        };
        let complete =
            |store: &CosStore| store.complete_upload(key, id, &[part], &Expected::Anything);
        self.attempt(Trial::CompleteMultipartUpload, complete, |_| String::new()).is_some()
    }

    /// Answers the uploads that could not be aborted.
    fn copy_and_abort(&mut self, key: &str, stands: bool) -> Option<String> {
        let Ok(id) = self.store.create_upload(key, Vec::new()) else {
            self.skip(&[Trial::UploadPartCopy, Trial::AbortMultipartUpload], NEEDS_UPLOAD);
            return None;
        };
        let probe = self.probe.clone();
        if stands {
            self.attempt(
                Trial::UploadPartCopy,
                |store| copy_part(store, key, &id, &probe),
                |_| String::new(),
            );
        } else {
            self.skip(&[Trial::UploadPartCopy], NEEDS_PROBE);
        }
        let abort = |store: &CosStore| store.abort_upload(key, &id);
        let aborted = self.attempt(Trial::AbortMultipartUpload, abort, |()| String::new());
        aborted.is_none().then_some(id)
    }

    /// Looks for uploads that nobody finished. `with_ages`: whether their parts may be looked at.
    fn list_uploads(&mut self, with_ages: bool) {
        let after = self.needs.abort_unfinished_after.filter(|_| with_ages);
        let look = |store: &CosStore| {
            store.find_silent(after.unwrap_or(Duration::MAX), None, &Cancel::new())
        };
        self.attempt(Trial::ListMultipartUploads, look, |found| match after {
            Some(after) => shown(found, after),
            None => format!("{} unfinished uploads", found.others),
        });
    }
}

/// Why a trial is not made when no upload could be begun.
const NEEDS_UPLOAD: &str = "not tried: needs what CreateMultipartUpload begins";

/// One page of unfinished uploads, for people.
fn shown(found: &SilentUploads, after: Duration) -> String {
    let more = if found.next.is_some() { "at least " } else { "" };
    let silent = found.uploads.len();
    let mut text = format!(
        "{more}{} unfinished uploads, {silent} of them silent for {} or longer",
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
pub(super) fn send_probe(store: &CosStore, key: &str, id: &str) -> Result<PartReceipt> {
    store.send_part(key, id, 1, &Body::new(&[PROBE], &Cancel::new()))
}

fn list_parts(store: &CosStore, key: &str, id: &str) -> Result<()> {
    let request = Request::on_object(Method::GET, key).query("uploadId", id);
    store.client.exchange(&Call::new(Operation::ListParts, request))?;
    Ok(())
}

fn copy_part(store: &CosStore, key: &str, id: &str, from: &str) -> Result<PartReceipt> {
    let source = CopySource { first: 0, end: PROBE.len() as u64, etag: None };
    store.copy_part(key, id, 1, from, &source)
}
