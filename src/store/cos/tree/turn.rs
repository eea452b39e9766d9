//! Whose turn it is to change a key: whoever looks at an object and then changes it must not be
//! overtaken between the two.

use std::time::Duration;

use super::BucketTree;
use crate::store::key_locks::KeyLock;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// How long a change is waited for where no client waits: longer than any request is tried.
const LONGEST_TURN: Duration = Duration::from_secs(24 * 60 * 60);

/// The exclusive turn to change `keys`, waited for no longer than a client waits for its reply.
///
/// # Errors
/// [`ErrorKind::Unavailable`] when another session's change of a key takes too long.
pub(super) fn turn_in_time(
    tree: BucketTree<'_>,
    operation: Operation,
    keys: &[&str],
) -> Result<KeyLock> {
    take(tree, operation, keys, &[])
}

/// The turn to publish a file under `key`, for which nothing above it may become a file meanwhile.
///
/// # Errors
/// As [`turn_in_time`].
pub(super) fn turn_to_publish(
    tree: BucketTree<'_>,
    operation: Operation,
    key: &str,
) -> Result<KeyLock> {
    let root = tree.account.keys.prefix().len();
    let above = key.match_indices('/').map(|(at, _)| &key[..at]);
    let above: Vec<&str> = above.filter(|above| above.len() > root).collect();
    take(tree, operation, &[key], &above)
}

fn take(
    tree: BucketTree<'_>,
    operation: Operation,
    keys: &[&str],
    above: &[&str],
) -> Result<KeyLock> {
    let patience = tree.objects.plain().client.reply_left().unwrap_or(LONGEST_TURN);
    tree.bucket.writes.take_within(keys, above, patience).ok_or_else(|| {
        StoreError::new(ErrorKind::Unavailable, operation, keys.first().copied().unwrap_or(""))
            .with_source("another session's change of this name takes too long")
    })
}

/// The turn to add to the file `path`, if it comes within `patience`.
pub(crate) fn turn_to_append(
    tree: BucketTree<'_>,
    path: &FtpPath,
    patience: Duration,
) -> Option<KeyLock> {
    // A name that is no key is refused by whoever looks at it.
    let key = tree.account.keys.file(Operation::PutObject, path).ok()?;
    // Some of the client's own patience is left for what comes then.
    let left = tree.objects.plain().client.reply_left();
    let patience = left.map_or(patience, |left| patience.min(left / 2));
    tree.bucket.appends.take_within(&[&key], &[], patience)
}
