//! Times that clients set. A bucket dates an object itself, when it is stored; another time is kept
//! as the object's metadata ([`super::times`]).
//!
//! Metadata cannot be changed, only replaced, by copying the object onto itself: within the store,
//! in one request up to 5 GiB, or in parts what is encrypted, where the store copies that no other
//! way. A larger object stays as it is. An MFMT right after the upload has no cheaper way: metadata
//! is given when an upload begins, and the client tells the time when it has ended. A time that is
//! kept already costs nothing.

use time::OffsetDateTime;

use super::BucketTree;
use super::attributes::{copied_headers, metadata};
use super::copy::{copy_replacing, is_refused_encryption, takes_one_copy};
use super::copy_target::{CopyTarget, Replaces};
use super::copyless::{CopyingDeed, refuse_copies};
use super::directories::stat_path;
use super::partwise_copy::copy_in_parts;
use super::tags::{tagging, tags_of};
use super::times::{KEY, kept, spell};
use crate::limits;
use crate::store::cos::objects::Head;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// Replaces an object's metadata by the same with another `mtime`.
pub(crate) fn keep_time(
    tree: BucketTree<'_>,
    path: &FtpPath,
    modified: OffsetDateTime,
) -> Result<()> {
    let operation = Operation::CopyObject;
    let key = tree.account.keys.file(operation, path)?;
    let Some(head) = tree.objects.head(&key)? else {
        stat_path(tree, operation, path)?;
        return Err(StoreError::new(ErrorKind::IsADirectory, operation, key));
    };
    if kept(&head) == Some(modified) {
        return Ok(());
    }
    refuse_copies(tree, CopyingDeed::SetTime, path.as_str())?;
    if head.size > limits::MAX_PART_BYTES {
        return Err(StoreError::new(ErrorKind::TooLarge, operation, key));
    }
    copy_onto_itself(tree, &key, &head, &spell(modified))
}

/// Not the version that somebody else may have stored meanwhile.
fn copy_onto_itself(tree: BucketTree<'_>, key: &str, head: &Head, mtime: &str) -> Result<()> {
    let own = tree.account.terms.names.of(KEY);
    let mut headers = copied_headers(tree, key, head)?;
    headers.extend(metadata(tree, key, head)?);
    headers.retain(|(name, _)| *name != own);
    headers.push((own, mtime.to_owned()));
    let target = CopyTarget { key, replaces: Replaces::Itself(head) };
    if takes_one_copy(tree, head) {
        match copy_replacing(tree, key, target, head, &headers) {
            Err(error) if is_refused_encryption(tree, &error, head) => {}
            replaced => return replaced.map(drop),
        }
    }
    headers.extend(tagging(tree, &tags_of(tree, key, head)?));
    copy_in_parts(tree, key, target, head, &headers).map(drop)
}
