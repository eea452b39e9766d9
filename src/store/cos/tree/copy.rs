//! Server-side copies of single objects: the bytes never come through here.
//!
//! A copy keeps an object's metadata and tags but falls back to the bucket's default storage class,
//! encryption and ACL, so they are restated.
//!
//! Some stores (Ceph) refuse to copy what is encrypted in one request and copy parts of it: there,
//! and beyond 5 GB everywhere, a copy is an upload whose parts are copies.

use super::attributes::{CONTENT_TYPE, copied_headers, is_unreadable, metadata, of_likeness};
use super::copy_target::{CopyTarget, check_length, check_target, condition};
use super::partwise_copy::copy_in_parts;
use super::room::{UploadKind, check_room_in_turn};
use super::tags::{self, Tags, tags_of};
use super::turn::turn_to_publish;
use super::{BucketTree, content_type, listed_times};
use crate::store::cos::objects::{Head, NewCopy, Original, Precondition};
use crate::store::key_locks::KeyLock;
use crate::store::{ETag, ErrorKind, Operation, Result, StoreError};

/// Versions of one object that a copy runs after.
const VERSIONS: u32 = 3;

/// What was copied.
#[derive(Debug)]
pub(crate) struct CopiedVersion {
    /// The version of the original.
    pub(crate) original: Head,
    /// The ETag of the copy, which is another one if it was made in parts.
    pub(crate) etag: Option<ETag>,
}

/// Copies the version `head` of an object, or one that took its place meanwhile.
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
) -> Result<CopiedVersion> {
    check_length(tree, target.key)?;
    let mut further_versions = VERSIONS - 1;
    loop {
        match copy_one_way_or_other(tree, from, target, &head) {
            Err(error) if error.kind == ErrorKind::PreconditionFailed && further_versions > 0 => {
                further_versions -= 1;
                head = present(tree, from)?;
            }
            Err(error) if error.kind == ErrorKind::NotFound => {
                present(tree, from)?;
                let cannot = ErrorKind::Unsupported;
                return Err(StoreError { kind: cannot, ..error });
            }
            copied => return copied.map(|etag| CopiedVersion { original: head, etag }),
        }
    }
}

/// Answers the ETag of the copy, as do those below.
fn copy_one_way_or_other(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
) -> Result<Option<ETag>> {
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
) -> Result<Option<ETag>> {
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
    copy_at_once(tree, from, target, head, &headers).map(|(_, etag)| Some(etag))
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
) -> Result<Option<ETag>> {
    let habit = &tree.bucket.tags_in_copies;
    let replacing = ("x-amz-metadata-directive".to_owned(), "REPLACE".to_owned());
    let headers = [headers, &[replacing]].concat();
    // Where copies keep them they need not be known.
    let tags = if habit.keeps() { Tags::new() } else { tags_of(tree, from, head)? };
    let (turn, etag) = copy_at_once(tree, from, target, head, &headers)?;
    tags::settle(tree, &turn, target.key, &tags, habit);
    Ok(Some(etag))
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

/// The object that is to be copied.
///
/// # Errors
/// [`ErrorKind::NotFound`].
pub(crate) fn present(tree: BucketTree<'_>, key: &str) -> Result<Head> {
    let missing = || StoreError::new(ErrorKind::NotFound, Operation::CopyObject, key);
    tree.objects.head(key)?.ok_or_else(missing)
}

/// Copies the version `head` of the object `from` in one request, with these headers. Answers the
/// turn on the copy.
pub(super) fn copy_at_once(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
    headers: &[(String, String)],
) -> Result<(KeyLock, ETag)> {
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
    Ok((turn, copied.etag))
}
