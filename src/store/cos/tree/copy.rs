//! Server-side copies of single objects: the bytes never come through here.
//!
//! A copy keeps an object's metadata and tags but falls back to the bucket's default storage class,
//! encryption and ACL, so they are restated.
//!
//! Some stores (Ceph) refuse to copy what is encrypted in one request and copy parts of it: there,
//! and beyond 5 GB everywhere, a copy is an upload whose parts are copies.

use parking_lot::Mutex;

use super::attributes::{CONTENT_TYPE, copied_headers, is_unreadable, metadata, of_likeness};
use super::condition::{stat_of, write_expecting};
use super::publish::complete_upload;
use super::room::{UploadKind, check_room_in_turn};
use super::tags::{self, Tags, tags_of};
use super::turn::turn_to_publish;
use super::versions::is_same_version;
use super::{BucketTree, content_type, listed_times};
use crate::limits;
use crate::store::cos::objects::{Head, Moment, NewCopy, Original, PartCopy, Precondition, Put};
use crate::store::key_locks::KeyLock;
use crate::store::{
    Body, Cancel, CopySource, ErrorKind, Expected, Operation, PartReceipt, Result, Stat, StoreError,
};

/// Bytes that one UploadPartCopy moves as a rule. The store takes 5 GB, but smaller ranges run
/// side by side.
const COPY_PART_BYTES: u64 = 1024 * 1024 * 1024;

/// Ranges of one object that are copied at once.
const PART_COPIERS: usize = 4;

/// Versions of one object that a copy runs after.
const VERSIONS: u32 = 3;

/// The key that something is copied to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CopyTarget<'a> {
    /// The key.
    pub(crate) key: &'a str,
    /// What the copy believes to replace there.
    pub(crate) replaces: Replaces<'a>,
}

/// What a copy may replace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Replaces<'a> {
    /// Whatever stands there.
    Anything,
    /// Nothing, whoever stored it and when: the store itself is to refuse to.
    Nothing,
    /// What was seen there, or nothing.
    Seen(&'a Stat),
    /// Nothing that came after this moment, as far as this process changed it.
    NothingSince(Moment),
    /// This version, or nothing.
    Version(&'a Head),
    /// What is copied: this version of it and no other.
    Itself(&'a Head),
}

impl Replaces<'_> {
    /// What is compared when a copy is published that is an upload.
    fn expected(self, tree: BucketTree<'_>) -> Expected {
        match self {
            Self::Itself(head) => Expected::Seen(Some(stat_of(tree, head))),
            Self::Nothing => Expected::Nothing,
            Self::Seen(seen) => Expected::Seen(Some(seen.clone())),
            _ => Expected::Anything,
        }
    }
}

/// Copies the version `head` of an object, or one that took its place meanwhile. Answers which.
///
/// # Errors
/// [`ErrorKind::NotFound`] when the object is gone; [`ErrorKind::Unsupported`] when the store says
/// so of an object that stands there; [`ErrorKind::BadName`] when the new key is too long;
/// [`ErrorKind::AlreadyExists`] when something came to stand there that is not to be replaced;
/// [`ErrorKind::PreconditionFailed`] when the object changes again and again.
pub(crate) fn copy_version(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    mut head: Head,
) -> Result<Head> {
    check_length(tree, target.key)?;
    for version in 1.. {
        match copy_one_way_or_other(tree, from, target, &head) {
            Err(error) if error.kind == ErrorKind::PreconditionFailed && version < VERSIONS => {
                head = present(tree, from)?;
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                present(tree, from)?;
                let cannot = ErrorKind::Unsupported;
                return Err(StoreError { kind: cannot, ..error });
            }
            copied => {
                copied?;
                break;
            }
        }
    }
    Ok(head)
}

fn copy_one_way_or_other(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
) -> Result<()> {
    let new_type = content_type::of_renamed(tree, head, (from, target.key));
    if head.size <= tree.account.copy_limit && takes_one_copy(tree, head) {
        match copy_whole(tree, from, target, head, new_type) {
            Err(error) if is_refused_encryption(tree, &error, head) => {}
            copied => return copied,
        }
    }
    let headers = with_type(of_likeness(tree, from, head)?, new_type);
    copy_in_parts(tree, from, target, head, &headers)
}

/// Copies in one request, with another type if there is one.
fn copy_whole(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
    new_type: Option<&str>,
) -> Result<()> {
    let headers = copied_headers(tree, from, head)?;
    if new_type.is_some() {
        match metadata(tree, from, head) {
            Ok(metadata) => {
                let described = [headers.as_slice(), &with_type(metadata, new_type)].concat();
                match copy_replacing(tree, from, target, head, &described) {
                    Err(error) if is_replacing_refused(&error, head) => {
                        log::info!("{error}: {:?} keeps the type {from:?} has", target.key);
                    }
                    copied => return copied,
                }
            }
            Err(error) if is_unreadable(&error) => {}
            Err(error) => return Err(error),
        }
        // What cannot be said again a plain copy keeps, with the type.
    }
    copy_at_once(tree, from, target, head, &headers).map(drop)
}

/// Whether a copy with other metadata failed where a plain one may do: the store does not make such
/// copies, or nobody tells the tags that it forgets in one.
fn is_replacing_refused(error: &StoreError, head: &Head) -> bool {
    match error.kind {
        ErrorKind::AttributesRefused => true,
        ErrorKind::Unsupported => !is_encrypted(head),
        ErrorKind::AccessDenied => error.operation == Operation::GetObjectTagging,
        _ => false,
    }
}

/// The headers with this type in place of the one among them.
fn with_type(mut headers: Vec<(String, String)>, new_type: Option<&str>) -> Vec<(String, String)> {
    if let Some(new_type) = new_type {
        headers.retain(|(name, _)| name != CONTENT_TYPE);
        headers.push((CONTENT_TYPE.to_owned(), new_type.to_owned()));
    }
    headers
}

/// Copies the version `head` of the object `from` in one request, with these headers, which are all
/// that it is to have but its tags: those it keeps.
pub(super) fn copy_replacing(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
    headers: &[(String, String)],
) -> Result<()> {
    let habit = &tree.bucket.tags_in_copies;
    let replacing = ("x-amz-metadata-directive".to_owned(), "REPLACE".to_owned());
    let headers = [headers, &[replacing]].concat();
    // Where copies keep them they need not be known.
    let tags = if habit.keeps() { Tags::new() } else { tags_of(tree, from, head)? };
    let turn = copy_at_once(tree, from, target, head, &headers)?;
    tags::settle(tree, &turn, target.key, &tags, habit);
    Ok(())
}

/// Whether the store is believed to copy this object in one request, but for its size.
pub(super) fn takes_one_copy(tree: BucketTree<'_>, head: &Head) -> bool {
    !is_encrypted(head) || tree.bucket.encrypted_copies.is_given()
}

/// Whether a copy in one request was refused because the object is encrypted: that is remembered.
pub(super) fn is_refused_encryption(tree: BucketTree<'_>, error: &StoreError, head: &Head) -> bool {
    let is_refused = error.kind == ErrorKind::Unsupported && is_encrypted(head);
    if is_refused {
        log::info!("{error}: what is encrypted is copied in parts for an hour");
        tree.bucket.encrypted_copies.end();
    }
    is_refused
}

fn is_encrypted(head: &Head) -> bool {
    head.headers.vendor("server-side-encryption").is_some()
}

/// Whether a copy may be called so.
///
/// # Errors
/// [`ErrorKind::BadName`] when the store takes no key as long.
pub(crate) fn check_length(tree: BucketTree<'_>, key: &str) -> Result<()> {
    match tree.account.keys.have_room_for(key) {
        true => Ok(()),
        false => Err(StoreError::new(ErrorKind::BadName, Operation::CopyObject, key)),
    }
}

/// The object that is to be copied.
///
/// # Errors
/// [`ErrorKind::NotFound`].
pub(crate) fn present(tree: BucketTree<'_>, key: &str) -> Result<Head> {
    let missing = || StoreError::new(ErrorKind::NotFound, Operation::CopyObject, key);
    tree.objects.head(key)?.ok_or_else(missing)
}

/// Looks whether the target is as the copy believes, for somebody who has the turn to change it.
/// What this process may have changed is asked of the store.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`].
pub(crate) fn check_target(tree: BucketTree<'_>, target: CopyTarget<'_>) -> Result<()> {
    let is_seen = |there: &Head| match target.replaces {
        Replaces::Version(seen) => is_same_version(seen, there),
        Replaces::Seen(seen) => seen.is_same_version(&stat_of(tree, there)),
        _ => false,
    };
    match target.replaces {
        // The store compares the version that is copied.
        Replaces::Anything | Replaces::Itself(_) => return Ok(()),
        Replaces::NothingSince(moment) => {
            if !tree.cache.own_changes.changed_since(target.key, moment) {
                return Ok(());
            }
        }
        Replaces::Nothing | Replaces::Seen(_) | Replaces::Version(_) => {}
    }
    if tree.objects.head(target.key)?.as_ref().is_none_or(is_seen) {
        return Ok(());
    }
    Err(StoreError::new(ErrorKind::AlreadyExists, Operation::CopyObject, target.key))
}

/// Copies the version `head` of the object `from` in one request, with these headers. Answers the
/// turn on the copy.
pub(super) fn copy_at_once(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
    headers: &[(String, String)],
) -> Result<KeyLock> {
    let turn = turn_to_publish(tree, Operation::CopyObject, target.key)?;
    check_room_in_turn(tree, &turn, target.key, UploadKind::Brief)?;
    check_target(tree, target)?;
    let original = Original { key: from, version: Some(head) };
    let copy = |only: &Precondition| {
        tree.objects.copy(&turn, original, NewCopy { key: target.key, headers, only })
    };
    let only = condition(tree, target);
    let copied = match copy(&only) {
        Err(error) if error.kind == ErrorKind::Unsupported && only != Precondition::None => {
            let copied = copy(&Precondition::None)?;
            log::info!("{error}: copies are made without a condition for an hour");
            tree.bucket.exclusive_copies.end();
            copied
        }
        copied => copied?,
    };
    listed_times::learn_copied(tree, target.key, &copied, head, headers);
    Ok(turn)
}

/// By what the store itself leaves what stands under the target.
fn condition(tree: BucketTree<'_>, target: CopyTarget<'_>) -> Precondition {
    match target.replaces {
        Replaces::Nothing if tree.bucket.exclusive_copies.is_given() => {
            tree.account.absence.clone()
        }
        _ => Precondition::None,
    }
}

/// A copy that is an upload whose parts are all copies, with all the headers of its object.
pub(super) fn copy_in_parts(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
    headers: &[(String, String)],
) -> Result<()> {
    let to = target.key;
    if head.size == 0 {
        return store_nothing(tree, target, headers);
    }
    let upload_id = tree.objects.create_upload(to, headers)?;
    let upload = PartwiseCopy { id: &upload_id, headers };
    let copied = copy_parts(tree, from, target, upload, head);
    if copied.is_err()
        && let Err(error) = tree.objects.abort_upload(to, &upload_id)
    {
        log::warn!("an unfinished copy is left behind: {error}");
    }
    copied
}

/// The same of an empty object, which has no part to copy.
fn store_nothing(
    tree: BucketTree<'_>,
    target: CopyTarget<'_>,
    headers: &[(String, String)],
) -> Result<()> {
    let (key, never) = (target.key, Cancel::new());
    let turn = turn_to_publish(tree, Operation::PutObject, key)?;
    check_room_in_turn(tree, &turn, key, UploadKind::Brief)?;
    check_target(tree, target)?;
    let (body, expected) = (Body::new(&[], &never), target.replaces.expected(tree));
    write_expecting(tree, &turn, (Operation::PutObject, key), &expected, |only| {
        tree.objects.put(&turn, Put { key, body: &body, headers, only })
    })?;
    Ok(())
}

/// An upload that was begun.
#[derive(Clone, Copy)]
struct PartwiseCopy<'a> {
    id: &'a str,
    /// Those that it began with.
    headers: &'a [(String, String)],
}

fn copy_parts(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    upload: PartwiseCopy<'_>,
    head: &Head,
) -> Result<()> {
    let (to, upload_id) = (target.key, upload.id);
    let mut ranges =
        (1..).zip(equal_ranges(head.size, part_bytes(head.size, tree.account.copy_limit)));
    let parts: Mutex<Vec<PartReceipt>> = Mutex::default();
    let copy = |(number, (first, end))| {
        let source = CopySource { first, end, etag: head.etag() };
        let part = tree.objects.copy_part(PartCopy {
            key: to,
            upload_id,
            number,
            from,
            source: &source,
        })?;
        parts.lock().push(part);
        Ok(())
    };
    tree.account.pool.share(PART_COPIERS, || Ok(ranges.next()), copy)?;
    let mut parts = parts.into_inner();
    parts.sort_by_key(|part| part.number);
    check_target(tree, target)?;
    let expected = target.replaces.expected(tree);
    complete_upload(tree, to, upload_id, &parts, &expected, upload.headers)?;
    Ok(())
}

/// The largest range of an object of `size` bytes that is copied at once, where the store copies
/// at most `limit`: never so small that there would be too many.
fn part_bytes(size: u64, limit: u64) -> u64 {
    limit.min(COPY_PART_BYTES.max(size.div_ceil(u64::from(limits::PARTS_PER_UPLOAD))))
}

/// `0..size` in as few ranges of at most `limit` bytes as possible, of nearly equal length, so
/// that the last is no crumb.
fn equal_ranges(size: u64, limit: u64) -> Vec<(u64, u64)> {
    let count = size.div_ceil(limit).max(1);
    let bound = |at: u64| (u128::from(size) * u128::from(at) / u128::from(count)) as u64;
    (0..count).map(|at| (bound(at), bound(at + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_the_object_without_a_crumb() {
        assert_eq!(equal_ranges(10, 10), [(0, 10)]);
        assert_eq!(equal_ranges(11, 10), [(0, 5), (5, 11)]);
        assert_eq!(equal_ranges(0, 10), [(0, 0)]);
        for (size, limit) in [((200 << 30) + 1, limits::MAX_PART_BYTES), (u64::MAX, 1 << 60)] {
            let ranges = equal_ranges(size, limit);
            assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, size));
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
            assert!(
                ranges.iter().all(|(first, end)| end - first <= limit && end - first > limit / 2)
            );
        }
    }

    #[test]
    fn no_object_has_too_many_ranges_or_too_large_ones() {
        const TIB: u64 = 1 << 40;
        let most = limits::MAX_PART_BYTES;
        for size in [most + 1, 200 << 30, 40 * TIB, u64::from(limits::PARTS_PER_UPLOAD) * most] {
            let ranges = equal_ranges(size, part_bytes(size, most));
            assert!(ranges.len() <= limits::PARTS_PER_UPLOAD as usize, "{size}");
            assert!(ranges.iter().all(|(first, end)| end - first <= most), "{size}");
        }
        assert_eq!(part_bytes(100, 12), 12);
    }
}
