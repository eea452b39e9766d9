//! Uploads in parts that nobody goes on with.
//!
//! The S3 API keeps nothing with an upload that would tell who began it and why: its metadata is
//! invisible until it is completed, and the initiator is a key pair, which other tools may share
//! and which changes with every temporary one. So an upload counts as ours by where it is (below
//! the account's prefix, under a key that an FTP client could have named) and as given up by how
//! long it has been silent. Silence is measured by the store's own clock, from the `Date` of the
//! answer that tells of the parts.

use std::time::Duration;

use time::OffsetDateTime;

use super::BucketTree;
use crate::store::cos::objects::UploadEntry;
use crate::store::{Cancel, MultipartUpload, PageToken, Result, SilentUpload, SilentUploads};
use crate::vfs::FtpPath;

/// A page of uploads that have been silent for `silence`. The others are remembered for a while:
/// their clients may come back.
pub(crate) fn find_silent(
    tree: BucketTree<'_>,
    silence: Duration,
    after: Option<&PageToken>,
    cancel: &Cancel,
) -> Result<SilentUploads> {
    let page = tree.objects.list_uploads(tree.account.keys.prefix(), after, cancel)?;
    let count = page.entries.len();
    let mut uploads = Vec::new();
    for entry in page.entries {
        let Some(upload) = named_upload(tree, &entry) else { continue };
        // What the store sends no time of that can be read is not understood and left alone.
        let Some(begun) = entry.initiated else { continue };
        if silence_between(begun, page.now) < silence {
            tree.cache.note_found(&entry.key, begun);
            continue;
        }
        let (key, id) = (&*entry.key, &*entry.upload_id);
        match silence_of(tree, (key, id), begun, cancel)? {
            Some(silent_for) if silent_for >= silence => {
                uploads.push(SilentUpload { upload, silent_for });
            }
            Some(_) => tree.cache.note_found(key, begun),
            None => {}
        }
    }
    if page.next.is_none() {
        tree.cache.complete_found(tree.account.keys.prefix());
    }
    Ok(SilentUploads { others: count - uploads.len(), uploads, next: page.next })
}

/// Drops an upload that has been silent for `silence`, unless somebody goes on with it: in this
/// process, or, as its newest part tells, elsewhere. Many are looked at before one is dropped.
pub(crate) fn abort_silent(
    tree: BucketTree<'_>,
    key: &str,
    upload_id: &str,
    silence: Duration,
) -> Result<bool> {
    if !tree.objects.hold_upload(key, upload_id) {
        return Ok(false);
    }
    let since = OffsetDateTime::UNIX_EPOCH;
    let silent_for = silence_of(tree, (key, upload_id), since, &Cancel::new());
    let is_silent = silent_for.as_ref().is_ok_and(|time| time.is_some_and(|time| time >= silence));
    if !is_silent {
        tree.cache.end_under_way(upload_id);
        return silent_for.map(|_| false);
    }
    tree.objects.abort_upload(key, upload_id)?;
    Ok(true)
}

/// The upload, if a client of this account could have begun it and this process has not.
fn named_upload(tree: BucketTree<'_>, entry: &UploadEntry) -> Option<MultipartUpload> {
    let below = entry.key.strip_prefix(tree.account.keys.prefix())?;
    let path = below.split('/').try_fold(FtpPath::root(), |path, name| path.child(name))?;
    let is_ours = !tree.cache.has_under_way(&entry.upload_id);
    is_ours.then(|| MultipartUpload { path, upload_id: entry.upload_id.clone() })
}

/// How long the upload `id` of `key` has received nothing since it was `begun`; `None` when it is
/// gone by now, or the time of a part cannot be read.
fn silence_of(
    tree: BucketTree<'_>,
    (key, id): (&str, &str),
    begun: OffsetDateTime,
    cancel: &Cancel,
) -> Result<Option<Duration>> {
    let (mut newest, mut after) = (begun, None);
    loop {
        let page = tree.objects.list_parts(key, id, after, cancel)?;
        let Some(page) = page else { return Ok(None) };
        for part in &page.entries {
            let Some(modified) = part.modified else { return Ok(None) };
            newest = newest.max(modified);
        }
        after = page.next;
        if after.is_none() {
            return Ok(Some(silence_between(newest, page.now)));
        }
    }
}

fn silence_between(since: OffsetDateTime, now: OffsetDateTime) -> Duration {
    // What lies ahead is no silence at all.
    Duration::try_from(now - since).unwrap_or_default()
}
