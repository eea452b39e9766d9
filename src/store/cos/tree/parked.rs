//! Uploads in parts that were left in the middle and can be gone on with. The bucket itself keeps
//! them: which they are, and how far each has come, any process can ask.

use std::collections::HashSet;

use time::OffsetDateTime;

use super::BucketTree;
use super::markers::file_head;
use crate::store::multipart::began_after;
use crate::store::own_parked::ParkedNote;
use crate::store::{
    Cancel, Expected, Freshness, MultipartUpload, OwnUploadState, ParkedUpload, PartReceipt, Result,
};
use crate::vfs::FtpPath;

/// So many parked uploads of a name are dropped at most while the client of a newer one waits for
/// the reply. The others are left to whoever looks for silent uploads.
const DROPPED_AT_ONCE: usize = 4;

/// The upload of `key`, which is called `path`, that was begun last; one that nobody can go on with
/// where there is no other.
pub(crate) fn find(
    tree: BucketTree<'_>,
    path: &FtpPath,
    key: &str,
) -> Result<Option<ParkedUpload>> {
    let (cancel, mut after, mut found) = (Cancel::new(), None, None::<ParkedUpload>);
    let (own, mut listed) = (tree.cache.parked.all_of(key), HashSet::new());
    loop {
        let page = tree.objects.list_uploads(key, after.as_ref(), &cancel)?;
        for entry in page.entries.iter().filter(|entry| entry.key == key) {
            listed.insert(entry.upload_id.clone());
            if tree.cache.parked.is_shelved(key, &entry.upload_id) {
                continue;
            }
            // Of those of this process the order is that of their commands, as where nothing is
            // asked. What the store sends no time of that can be read is not understood.
            let own_time = own.iter().find(|(id, _)| *id == entry.upload_id);
            let begun = own_time.map(|(_, begun)| *begun).or(entry.initiated);
            let Some(begun) = begun else { continue };
            let is_better = |found: &ParkedUpload| begun > found.begun || found.parts.is_empty();
            if found.as_ref().is_none_or(is_better) {
                let next = parked(tree, path, key, (&entry.upload_id, begun))?;
                found = match next {
                    Some(next) if found.is_none() || !next.parts.is_empty() => Some(next),
                    _ => found,
                };
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    // One without a part is left to whoever stores the file.
    if found.is_none() {
        let gone = own.iter().filter(|(id, _)| !listed.contains(id));
        gone.for_each(|(id, _)| tree.cache.parked.forget(key, id));
    }
    // None is offered in the place of a newer one that somebody goes on with.
    Ok(found.filter(|found| !tree.cache.parked.has_newer_taken(key, found.begun)))
}

/// The same, if this process has parked it: nothing is asked otherwise.
pub(crate) fn find_own(
    tree: BucketTree<'_>,
    path: &FtpPath,
    key: &str,
) -> Result<Option<ParkedUpload>> {
    while let Some((id, begun)) = tree.cache.parked.of(key) {
        let found = parked(tree, path, key, (&id, begun))?.filter(|found| !found.parts.is_empty());
        if found.is_some() {
            return Ok(found);
        }
        tree.cache.parked.forget(key, &id);
    }
    Ok(None)
}

/// What became of the upload `id` of `key` that this process had parked.
pub(crate) fn own_state(
    tree: BucketTree<'_>,
    upload: &MultipartUpload,
    key: &str,
) -> Result<OwnUploadState> {
    let id = &*upload.upload_id;
    let begun = match tree.cache.parked.state(key, id) {
        ParkedNote::Taken => return Ok(OwnUploadState::Taken),
        ParkedNote::GivesWay => return Ok(OwnUploadState::GivesWay),
        ParkedNote::Dropped => return Ok(OwnUploadState::Dropped),
        ParkedNote::Unknown if tree.cache.has_under_way(id) => return Ok(OwnUploadState::Taken),
        ParkedNote::Waits(begun) => Some(begun),
        ParkedNote::Unknown => None,
    };
    let Some((parts, lost)) = parts_of(tree, key, id)? else {
        tree.cache.parked.forget(key, id);
        return Ok(OwnUploadState::Gone);
    };
    let begun = match begun {
        Some(begun) => begun,
        None => {
            let Some(begun) = begun_as_listed(tree, key, id)? else {
                return Ok(OwnUploadState::Gone);
            };
            tree.cache.parked.note(key, id, &parts, begun);
            begun
        }
    };
    let parked = ParkedUpload { upload: upload.clone(), parts, lost, begun };
    Ok(match tree.cache.parked.newer_than(key, id, begun) {
        Some(newer) => OwnUploadState::Waits(parked, newer),
        None => OwnUploadState::GivesWay,
    })
}

/// When the upload `id` of `key` was begun, as the store says.
fn begun_as_listed(tree: BucketTree<'_>, key: &str, id: &str) -> Result<Option<OffsetDateTime>> {
    let (cancel, mut after) = (Cancel::new(), None);
    loop {
        let page = tree.objects.list_uploads(key, after.as_ref(), &cancel)?;
        let found = page.entries.iter().find(|entry| entry.key == key && entry.upload_id == id);
        after = page.next;
        if found.is_some() || after.is_none() {
            return Ok(found.and_then(|entry| entry.initiated));
        }
    }
}

/// When the upload of `key` was begun that another process had left when this one began, if nothing
/// was stored since. It is told once. Where it is not known whether there was one, the store tells
/// with [`Freshness::Now`].
pub(crate) fn take_left(
    tree: BucketTree<'_>,
    key: &str,
    freshness: Freshness,
) -> Result<Option<OffsetDateTime>> {
    let begun = match tree.cache.found(key) {
        None if freshness == Freshness::Now && !tree.cache.would_have_found(key) => {
            left_of_others(tree, key)?
        }
        found => found,
    };
    let Some(begun) = begun else { return Ok(None) };
    let stored = file_head(tree, key)?.and_then(|head| head.modified());
    // Not before: who asks again after a failure is to be told.
    tree.cache.forget_found(key);
    Ok(Some(begun).filter(|begun| began_after(*begun, stored)))
}

/// When the newest upload of `key` was begun that is not this process' own.
fn left_of_others(tree: BucketTree<'_>, key: &str) -> Result<Option<OffsetDateTime>> {
    let (cancel, mut after, mut newest) = (Cancel::new(), None, None);
    let own = tree.cache.parked.all_of(key);
    let is_own = |id: &str| own.iter().any(|(own, _)| own == id) || tree.cache.has_under_way(id);
    loop {
        let page = tree.objects.list_uploads(key, after.as_ref(), &cancel)?;
        let of_key = page.entries.iter().filter(|entry| entry.key == key);
        let left = of_key.filter(|entry| !is_own(&entry.upload_id));
        newest = newest.max(left.filter_map(|entry| entry.initiated).max());
        after = page.next;
        if after.is_none() {
            return Ok(newest);
        }
    }
}

/// Drops what this process has parked of `key`, where a whole object stands now that was to replace
/// what was `expected`. What cannot be dropped is older than the object: nobody goes on with it.
pub(crate) fn drop_own(tree: BucketTree<'_>, key: &str, expected: &Expected) {
    // What began after an upload that is published late is newer than that.
    let until = expected.moment();
    for upload_id in tree.cache.parked.take(key, until, DROPPED_AT_ONCE) {
        match tree.objects.abort_upload(key, &upload_id) {
            Ok(()) => log::info!("dropped what was parked of {key}: its file was stored since"),
            Err(error) => log::warn!("what had been parked of {key} stays behind: {error}"),
        }
    }
}

/// Drops what this process has parked of `key`, but what is to be kept. Tells how many.
pub(crate) fn drop_others(
    tree: BucketTree<'_>,
    key: &str,
    is_kept: &dyn Fn(&str) -> bool,
) -> Result<usize> {
    let dropped = tree.cache.parked.shelve(key, is_kept);
    let aborted = dropped.iter().map(|upload_id| tree.objects.abort_upload(key, upload_id));
    // All of them are tried.
    let aborted: Vec<_> = aborted.collect();
    aborted.into_iter().collect::<Result<Vec<()>>>().map(|all| all.len())
}

/// The upload with this id, begun then, unless somebody in this process goes on with it, or it has
/// no part.
fn parked(
    tree: BucketTree<'_>,
    path: &FtpPath,
    key: &str,
    (upload_id, begun): (&str, OffsetDateTime),
) -> Result<Option<ParkedUpload>> {
    if tree.cache.has_under_way(upload_id) {
        return Ok(None);
    }
    let parts = parts_of(tree, key, upload_id)?;
    let parts = parts.filter(|(parts, lost)| !parts.is_empty() || *lost > 0);
    // Parts whose answers were lost are there, too: listings are to tell the same.
    if let Some((parts, 0)) = &parts {
        tree.cache.parked.learn(key, upload_id, parts);
    }
    Ok(parts.map(|(parts, lost)| {
        let upload = MultipartUpload { path: path.clone(), upload_id: upload_id.to_owned() };
        ParkedUpload { upload, parts, lost, begun }
    }))
}

/// The parts of an upload, none where there is a gap in front of one: who went on there, and was
/// cut again, would leave what stands behind it at another place; then, how many bytes they are.
/// `None` when it is gone.
fn parts_of(
    tree: BucketTree<'_>,
    key: &str,
    upload_id: &str,
) -> Result<Option<(Vec<PartReceipt>, u64)>> {
    let (cancel, mut parts, mut after) = (Cancel::new(), Vec::new(), None);
    loop {
        let page = tree.objects.list_parts(key, upload_id, after, &cancel)?;
        let Some(page) = page else { return Ok(None) };
        for part in page.entries {
            let (number, size, etag) = (part.number, part.size, part.etag);
            parts.push(PartReceipt { number, size, etag, crc64: None });
        }
        after = page.next;
        if after.is_none() {
            let has_gap = parts.iter().zip(1..).any(|(part, number)| part.number != number);
            let lost = parts.iter().filter(|_| has_gap).map(|part| part.size).sum();
            return Ok(Some((if has_gap { Vec::new() } else { parts }, lost)));
        }
    }
}
