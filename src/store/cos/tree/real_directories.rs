//! Buckets that keep real directories (COS' metadata acceleration, `OFS`), and rename by
//! themselves, a directory as fast as a file.
//!
//! Nothing may stand under the new name: COS answers 500 then, which says nothing. That is looked
//! for in the turn to change it.

use super::BucketTree;
use super::markers::{Standing, put_new_marker, standing};
use super::turn::turn_in_time;
use crate::store::cos::objects::below::holds_anything;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// Removes a directory that holds nothing. The store is not asked to remove what is in it: what
/// comes between the look and the request makes that fail.
pub(super) fn remove_directory(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    let operation = Operation::DeleteObject;
    let name = tree.account.keys.file(operation, path)?;
    let directory = tree.account.keys.directory(operation, path)?;
    let turn = turn_in_time(tree, operation, &[&name, &directory])?;
    let failed = |kind| Err(StoreError::new(kind, operation, path.as_str()));
    match standing(tree, &name)? {
        Standing::File(_) => return failed(ErrorKind::NotADirectory),
        Standing::Directory(_) => {}
        Standing::Nothing if tree.objects.head(&directory)?.is_some() => {}
        Standing::Nothing => return failed(ErrorKind::NotFound),
    }
    if holds_anything(tree.objects, &directory)? {
        return failed(ErrorKind::DirectoryNotEmpty);
    }
    match tree.objects.delete(&turn, &directory, None) {
        Err(_) if holds_anything(tree.objects, &directory)? => failed(ErrorKind::DirectoryNotEmpty),
        deleted => deleted,
    }
}

/// What may be renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Renamed {
    /// A file alone.
    File,
    /// Whatever has the name.
    Anything,
}

/// Renames. Where no answer came, the two names tell what happened.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] when something stands under the new name,
/// [`ErrorKind::IsADirectory`] when under the old one no file does that is to be one.
pub(super) fn move_key(tree: BucketTree<'_>, from: &str, to: &str, what: Renamed) -> Result<()> {
    let operation = Operation::RenameObject;
    let turn = turn_in_time(tree, operation, &[from, to])?;
    let seen = match (standing(tree, from)?, what) {
        (Standing::File(head), _) | (Standing::Directory(head), Renamed::Anything) => Some(head),
        // A directory may be seen by what is in it alone.
        (Standing::Nothing, Renamed::Anything) => None,
        (Standing::Directory(_), Renamed::File) => {
            return Err(StoreError::new(ErrorKind::IsADirectory, operation, from));
        }
        (Standing::Nothing, Renamed::File) => {
            return Err(StoreError::new(ErrorKind::NotFound, operation, from));
        }
    };
    if tree.objects.head(to)?.is_some() {
        return Err(StoreError::new(ErrorKind::AlreadyExists, operation, to));
    }
    tree.objects.rename(&turn, from, to, seen.as_ref())
}

/// Makes the directory in which `path` is to stand. The store makes those above it.
pub(super) fn make_parent(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    let (operation, parent) = (Operation::PutObject, path.parent());
    if parent.is_root() {
        return Ok(());
    }
    let name = tree.account.keys.file(operation, &parent)?;
    let marker = tree.account.keys.directory(operation, &parent)?;
    let turn = turn_in_time(tree, operation, &[&name, &marker])?;
    match standing(tree, &name)? {
        Standing::File(_) => Err(StoreError::new(ErrorKind::NotADirectory, operation, name)),
        Standing::Directory(_) => Ok(()),
        Standing::Nothing if tree.objects.head(&marker)?.is_some() => Ok(()),
        Standing::Nothing => put_new_marker(tree, &turn, &marker),
    }
}
