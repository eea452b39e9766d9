//! Renaming, which a bucket cannot: a server-side copy, then the delete of what was copied. A
//! directory moves key by key ([`super::moving`]).

use super::BucketTree;
use super::condition::stat_of;
use super::copy::copy_version;
use super::copy_target::{CopyTarget, Replaces};
use super::copyless::{CopyingDeed, refuse_copies};
use super::directories::{keep_parent, stat_directory, stat_if_any};
use super::markers::{Standing, file_head, refuse_marker_name, standing};
use super::moving::Move;
use super::native;
use super::room::{refuse_below_file, watch_room};
use super::turn::turn_in_time;
use super::versions::{delete_version, is_same_version};
use crate::store::cos::objects::Head;
use crate::store::{ErrorKind, IsUseless, KeepReplaced, Operation, Result, Stat, StoreError};
use crate::vfs::FtpPath;

/// What a rename may replace.
pub(crate) enum RenameOver<'a> {
    /// Whatever file stands there.
    Anything,
    /// Nothing.
    Nothing,
    /// What is shown here first, and only that.
    Kept(KeepReplaced<'a>),
}

/// Gives a file or directory another name.
pub(crate) fn rename_path(
    tree: BucketTree<'_>,
    from: &FtpPath,
    to: &FtpPath,
    over: RenameOver<'_>,
) -> Result<()> {
    let operation = Operation::CopyObject;
    let failed = |kind, path: &FtpPath| StoreError::new(kind, operation, path.as_str());
    if from.is_root() || to.is_root() {
        return Err(failed(ErrorKind::BadName, from));
    }
    let source = tree.account.keys.file(operation, from)?;
    let file = match standing(tree, &source)? {
        Standing::File(head) => Some(head),
        Standing::Directory(_) => None,
        Standing::Nothing => stat_directory(tree, operation, from).map(|_| None)?,
    };
    let is_directory = file.is_none();
    if is_directory && to != from && to.is_within(from) {
        return Err(failed(ErrorKind::BadName, to));
    }
    if from == to {
        return Ok(());
    }
    refuse_marker_name(operation, &tree.account.keys.file(operation, to)?)?;
    let begun = tree.cache.own_changes.moment();
    watch_room(tree, to);
    let there = stat_if_any(tree, operation, to)?;
    match &there {
        Some(_) if is_directory => return Err(failed(ErrorKind::AlreadyExists, to)),
        Some(there) if there.metadata.is_directory() => {
            return Err(failed(ErrorKind::IsADirectory, to));
        }
        Some(_) if matches!(over, RenameOver::Nothing) => {
            return Err(failed(ErrorKind::AlreadyExists, to));
        }
        Some(_) => {}
        None => refuse_below_file(tree, operation, to)?,
    }
    if tree.objects.keeps_directories()? {
        if there.is_some() && matches!(over, RenameOver::Kept(_)) {
            refuse_copies(tree, CopyingDeed::KeepReplaced, to.as_str())?;
        }
        return native::rename(tree, from, to, there.is_some());
    }
    if let Some(head) = file {
        let key = tree.account.keys.file(operation, to)?;
        let is_kept = matches!(over, RenameOver::Kept(_));
        let replaces = match (over, &there) {
            (RenameOver::Anything, _) => Replaces::Anything,
            (RenameOver::Nothing, _) | (RenameOver::Kept(_), None) => Replaces::Nothing,
            (RenameOver::Kept(keep), Some(there)) => {
                keep(there)?;
                Replaces::Seen(there)
            }
        };
        let copied = copy_version(tree, &source, CopyTarget { key: &key, replaces }, head);
        let copied = copied.map_err(|error| match error.kind {
            // What came since was not shown.
            ErrorKind::AlreadyExists if is_kept => {
                StoreError { kind: ErrorKind::PreconditionFailed, ..error }
            }
            _ => error,
        })?;
        delete_copied(tree, &source, &copied.original)?;
    } else {
        let source = tree.account.keys.directory(operation, from)?;
        let target = tree.account.keys.directory(operation, to)?;
        Move::new(tree, &source, &target, begun).run()?;
    }
    keep_parent(tree, from);
    Ok(())
}

/// Deletes the file `path` if the version `seen` still stands there and `is_useless`. Whether it is
/// gone.
pub(crate) fn delete_seen(
    tree: BucketTree<'_>,
    path: &FtpPath,
    seen: &Stat,
    is_useless: IsUseless<'_>,
) -> Result<bool> {
    let key = tree.account.keys.file(Operation::DeleteObject, path)?;
    let turn = turn_in_time(tree, Operation::DeleteObject, &[&key])?;
    let is_gone = match file_head(tree, &key)? {
        Some(now) if stat_of(tree, &now).is_same_version(seen) => {
            is_useless()? && delete_version(tree, &turn, &key, &now)?
        }
        Some(_) => false,
        None => true,
    };
    drop(turn);
    if is_gone {
        keep_parent(tree, path);
    }
    Ok(is_gone)
}

/// Deletes what was copied, not what somebody stored in its place since: that stays.
pub(super) fn delete_copied(tree: BucketTree<'_>, key: &str, copied: &Head) -> Result<()> {
    let turn = turn_in_time(tree, Operation::DeleteObject, &[key])?;
    let is_other = match tree.objects.head(key)? {
        Some(now) if is_same_version(&now, copied) => !delete_version(tree, &turn, key, &now)?,
        Some(_) => true,
        None => {
            tree.objects.note_gone(key);
            false
        }
    };
    if is_other {
        log::info!("{key:?} was stored anew while it was renamed; what is new stays");
    }
    Ok(())
}
