//! Uploads in parts that were left in the middle and can be gone on with. The bucket itself keeps
//! them: which they are, and how far each has come, any process can ask.

use time::OffsetDateTime;

use super::BucketTree;
use crate::store::{Cancel, MultipartUpload, ParkedUpload, PartReceipt, Result};
use crate::vfs::FtpPath;

/// What was received of an upload.
struct Received {
    /// The parts up to the first gap.
    parts: Vec<PartReceipt>,
    /// When the newest of them came.
    newest: OffsetDateTime,
}

/// The upload of `key`, which is called `path`, with the newest part.
pub(crate) fn find(
    tree: BucketTree<'_>,
    path: &FtpPath,
    key: &str,
) -> Result<Option<ParkedUpload>> {
    let (cancel, mut after, mut found) = (Cancel::new(), None, None::<ParkedUpload>);
    loop {
        let page = tree.objects.list_uploads(key, after.as_ref(), &cancel)?;
        for entry in page.entries.iter().filter(|entry| entry.key == key) {
            let upload = parked(tree, path, key, &entry.upload_id)?;
            let is_newer = |upload: &ParkedUpload| {
                found.as_ref().is_none_or(|found| upload.newest > found.newest)
            };
            found = upload.filter(is_newer).or(found);
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// The same, if this process has parked it: nothing is asked otherwise.
pub(crate) fn find_own(
    tree: BucketTree<'_>,
    path: &FtpPath,
    key: &str,
) -> Result<Option<ParkedUpload>> {
    let Some(upload_id) = tree.cache.parked.of(key) else { return Ok(None) };
    let found = parked(tree, path, key, &upload_id)?;
    if found.is_none() {
        tree.cache.parked.take(key);
    }
    Ok(found)
}

/// Drops what this process has parked of `key`, where a whole object stands now. What cannot be
/// dropped is older than the object: nobody goes on with it.
pub(crate) fn drop_own(tree: BucketTree<'_>, key: &str) {
    let Some(upload_id) = tree.cache.parked.take(key) else { return };
    if let Err(error) = tree.objects.abort_upload(key, &upload_id) {
        log::warn!("what had been parked of {key} stays behind: {error}");
    }
}

/// The upload, unless somebody in this process goes on with it, or it has no part.
fn parked(
    tree: BucketTree<'_>,
    path: &FtpPath,
    key: &str,
    upload_id: &str,
) -> Result<Option<ParkedUpload>> {
    if tree.cache.has_under_way(upload_id) {
        return Ok(None);
    }
    let received = received(tree, key, upload_id)?;
    Ok(received.map(|Received { parts, newest }| {
        let upload = MultipartUpload { path: path.clone(), upload_id: upload_id.to_owned() };
        ParkedUpload { upload, parts, newest }
    }))
}

fn received(tree: BucketTree<'_>, key: &str, upload_id: &str) -> Result<Option<Received>> {
    let (cancel, mut parts, mut newest, mut after) = (Cancel::new(), Vec::new(), None, None);
    loop {
        let page = tree.objects.list_parts(key, upload_id, after, &cancel)?;
        let Some(page) = page else { return Ok(None) };
        for part in page.entries {
            if part.number as usize != parts.len() + 1 {
                return Ok(newest.map(|newest| Received { parts, newest }));
            }
            newest = newest.max(part.modified);
            let (number, size, etag) = (part.number, part.size, part.etag);
            parts.push(PartReceipt { number, size, etag, crc64: None });
        }
        after = page.next;
        if after.is_none() {
            return Ok(newest.map(|newest| Received { parts, newest }));
        }
    }
}
