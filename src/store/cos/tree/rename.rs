//! Renaming, which a bucket cannot: a server-side copy, then the delete of what was copied. A
//! directory moves key by key ([`super::moving`]).

use super::BucketTree;
use super::copy::{CopyTarget, Replaces, copy_version};
use super::directories::{keep_parent, stat_directory, stat_if_any};
use super::markers::{Standing, refuse_marker_name, standing};
use super::moving::Move;
use super::room::{refuse_below_file, watch_room};
use super::turn::turn_in_time;
use super::versions::{delete_version, is_same_version};
use crate::store::cos::objects::Head;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// Gives a file or directory another name, where a file replaces that.
pub(crate) fn rename_path(
    tree: BucketTree<'_>,
    from: &FtpPath,
    to: &FtpPath,
    replaces: Replaces<'_>,
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
    match stat_if_any(tree, operation, to)? {
        Some(_) if is_directory => return Err(failed(ErrorKind::AlreadyExists, to)),
        Some(there) if there.metadata.is_directory() => {
            return Err(failed(ErrorKind::IsADirectory, to));
        }
        Some(_) if matches!(replaces, Replaces::Nothing) => {
            return Err(failed(ErrorKind::AlreadyExists, to));
        }
        Some(_) => {}
        None => refuse_below_file(tree, operation, to)?,
    }
    if let Some(head) = file {
        let key = tree.account.keys.file(operation, to)?;
        let target = CopyTarget { key: &key, replaces };
        let copied = copy_version(tree, &source, target, head)?;
        delete_copied(tree, &source, &copied)?;
    } else {
        let source = tree.account.keys.directory(operation, from)?;
        let target = tree.account.keys.directory(operation, to)?;
        Move::new(tree, &source, &target, begun).run()?;
    }
    keep_parent(tree, from);
    Ok(())
}

/// Deletes what was copied, not what somebody stored in its place since: that stays.
fn delete_copied(tree: BucketTree<'_>, key: &str, copied: &Head) -> Result<()> {
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
