//! Files that get another name under which nothing may stand, as what is deleted gets in a trash.

use super::BucketTree;
use super::copy::copy_version;
use super::copy_target::{CopyTarget, Replaces};
use super::copyless::{CopyingDeed, refuse_copies};
use super::directories::{keep_parent, stat_path};
use super::markers::file_head;
use super::native;
use super::rename::delete_copied;
use super::room::{ask_for_room, known_room};
use crate::store::cos::objects::Head;
use crate::store::{Admission, ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// Moves the file to `aside`: the copy, then the delete of what was copied.
pub(crate) fn set_aside(tree: BucketTree<'_>, file: &FtpPath, aside: &FtpPath) -> Result<()> {
    if tree.objects.keeps_directories()? {
        return native::set_aside(tree, file, aside);
    }
    let (key, copied) = copy_aside(tree, file, aside)?;
    delete_copied(tree, &key, &copied)?;
    keep_parent(tree, file);
    Ok(())
}

/// Copies the file to `aside`. Answers its key, and the version that was copied.
pub(crate) fn copy_aside(
    tree: BucketTree<'_>,
    file: &FtpPath,
    aside: &FtpPath,
) -> Result<(String, Head)> {
    let operation = Operation::CopyObject;
    let key = tree.account.keys.file(operation, file)?;
    let Some(head) = file_head(tree, &key)? else {
        stat_path(tree, operation, file)?;
        return Err(StoreError::new(ErrorKind::IsADirectory, operation, key));
    };
    refuse_copies(tree, CopyingDeed::KeepReplaced, file.as_str())?;
    let target = tree.account.keys.file(operation, aside)?;
    let copied = check_room(tree, aside).and_then(|()| {
        let free = CopyTarget { key: &target, replaces: Replaces::Nothing };
        copy_version(tree, &key, free, head)
    });
    let copied = copied.map_err(|error| match error.kind {
        // It is the other name that is a directory's.
        ErrorKind::IsADirectory => StoreError { kind: ErrorKind::AlreadyExists, ..error },
        _ => error,
    })?;
    Ok((key, copied.original))
}

/// As before an upload: a request only where nothing is known of the directory.
fn check_room(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    match known_room(tree, path)? {
        Admission::Granted => Ok(()),
        Admission::Unknown => ask_for_room(tree, path),
    }
}
