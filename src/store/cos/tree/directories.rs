//! Directories, which a bucket does not have: the 0-byte marker `path/`, or any key below it.

use super::BucketTree;
use super::condition::dated_stat;
use super::markers::{
    Standing, delete_markers, file_head, legacy_marker, put_new_marker, refuse_marker_name,
    standing,
};
use super::real_directories;
use super::room::refuse_below_file;
use super::turn::turn_in_time;
use crate::store::cos::objects::below::holds_anything;
use crate::store::cos::objects::{Depth, Window};
use crate::store::{ErrorKind, Operation, Result, Stat, StoreError};
use crate::vfs::{FtpPath, Metadata};

/// The facts about one name, as the store told them a moment ago or tells them now.
pub(crate) fn known_stat(tree: BucketTree<'_>, path: &FtpPath) -> Result<Stat> {
    let operation = Operation::HeadObject;
    if path.is_root() {
        return stat_path(tree, operation, path);
    }
    let file = tree.account.keys.file(operation, path)?;
    // The longest names leave no room for the slash of a directory: these are files or nothing.
    let directory = tree.account.keys.directory(operation, path).ok();
    let known = |key: &String| tree.cache.about(key);
    if let Some(stat) = known(&file).or_else(|| directory.as_ref().and_then(known)) {
        return Ok(stat);
    }
    let asked = tree.cache.own_changes.moment();
    let stat = stat_path(tree, operation, path)?;
    let key = if stat.metadata.is_directory() { directory } else { Some(file) };
    let told = key.map(|key| (key, stat.metadata.clone(), stat.etag.clone()));
    tree.cache.learn(asked, told);
    Ok(stat)
}

/// The same for somebody who only wants to go there.
pub(crate) fn listed_stat(tree: BucketTree<'_>, path: &FtpPath) -> Result<Stat> {
    if is_listed_directory(tree, path)? {
        return Ok(Stat::new(Metadata::directory(None), None));
    }
    known_stat(tree, path)
}

/// Whether a list of two keys shows that `path` is a directory: where nothing is known of it
/// already, and nothing of ours makes a listing that lags a wrong one. `false` says nothing.
///
/// The file of the name, which would hide the directory, is the first of all keys that begin so.
fn is_listed_directory(tree: BucketTree<'_>, path: &FtpPath) -> Result<bool> {
    let operation = Operation::ListObjects;
    let (file, directory) = match (
        tree.account.keys.file(operation, path),
        tree.account.keys.directory(operation, path),
    ) {
        (Ok(file), Ok(directory)) if !path.is_root() => (file, directory),
        _ => return Ok(false),
    };
    let is_known = [&file, &directory].iter().any(|key| tree.cache.about(key).is_some());
    if is_known
        || !tree.cache.own_changes.remembers_all()
        || tree.cache.own_changes.doubts(&file, &directory)
        // A bucket that keeps real directories takes no prefix but that of one.
        || tree.objects.keeps_directories()?
    {
        return Ok(false);
    }
    let asked = tree.cache.own_changes.moment();
    let page = tree.objects.list(Window { prefix: &file, after: None }, Depth::Directory, 2)?;
    let is_hidden = page.objects.iter().any(|object| object.key == file);
    let is_listed = !is_hidden && page.prefixes.contains(&directory);
    if is_listed {
        let told = (directory, Metadata::directory(None), None);
        tree.cache.learn(asked, [told]);
    }
    Ok(is_listed)
}

/// The facts about one name, never from a listing alone: HEAD of the file's key, HEAD of the
/// marker, then, for directories that deeper keys imply, a list of two keys, and at last HEAD
/// of the marker that Hadoop would have made.
pub(crate) fn stat_path(
    tree: BucketTree<'_>,
    operation: Operation,
    path: &FtpPath,
) -> Result<Stat> {
    if path.is_root() {
        return Ok(Stat::new(Metadata::directory(None), None));
    }
    let key = tree.account.keys.file(operation, path)?;
    match standing(tree, &key)? {
        Standing::File(head) => Ok(dated_stat(tree, &key, &head)),
        Standing::Directory(head) => Ok(Stat::new(Metadata::directory(head.modified()), None)),
        Standing::Nothing => stat_directory(tree, operation, path),
    }
}

/// The facts about a directory that is known to be no file.
///
/// # Errors
/// [`ErrorKind::NotFound`].
pub(crate) fn stat_directory(
    tree: BucketTree<'_>,
    operation: Operation,
    path: &FtpPath,
) -> Result<Stat> {
    let missing = || StoreError::new(ErrorKind::NotFound, operation, path.as_str());
    // The longest names leave no room for the slash of a directory.
    let marker = tree.account.keys.directory(operation, path).map_err(|_| missing())?;
    let modified = match tree.objects.head(&marker)? {
        Some(head) => head.modified(),
        None if holds_anything(tree.objects, &marker)? => None,
        None => match legacy_marker(tree, &marker)? {
            Some(head) => head.modified(),
            None => return Err(missing()),
        },
    };
    Ok(Stat::new(Metadata::directory(modified), None))
}

/// Whether a file or directory of this name exists.
pub(crate) fn stat_if_any(
    tree: BucketTree<'_>,
    operation: Operation,
    path: &FtpPath,
) -> Result<Option<Stat>> {
    match stat_path(tree, operation, path) {
        Ok(stat) => Ok(Some(stat)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a directory.
pub(crate) fn make_directory(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    let operation = Operation::PutObject;
    let marker = tree.account.keys.directory(operation, path)?;
    if path.is_root() {
        return Err(StoreError::new(ErrorKind::AlreadyExists, operation, marker));
    }
    let file = tree.account.keys.file(operation, path)?;
    refuse_marker_name(operation, &file)?;
    // Of the file, too: none of this name comes between the look and the marker.
    let turn = turn_in_time(tree, operation, &[&file, &marker])?;
    if stat_if_any(tree, operation, path)?.is_some() {
        return Err(StoreError::new(ErrorKind::AlreadyExists, operation, marker));
    }
    refuse_below_file(tree, operation, path)?;
    put_new_marker(tree, &turn, &marker)
}

/// Removes an empty directory.
pub(crate) fn remove_empty_directory(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    let operation = Operation::DeleteObject;
    let failed = |kind| StoreError::new(kind, operation, path.as_str());
    let marker = tree.account.keys.directory(operation, path)?;
    if path.is_root() {
        return Err(failed(ErrorKind::Unsupported));
    }
    if tree.objects.keeps_directories()? {
        return real_directories::remove_directory(tree, path);
    }
    if holds_anything(tree.objects, &marker)? {
        let is_file = file_head(tree, &tree.account.keys.file(operation, path)?)?.is_some();
        let kind = if is_file { ErrorKind::NotADirectory } else { ErrorKind::DirectoryNotEmpty };
        return Err(failed(kind));
    }
    delete_markers(tree, &marker)?;
    keep_parent(tree, path);
    Ok(())
}

/// Deletes a file.
pub(crate) fn delete_file(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    let operation = Operation::DeleteObject;
    let key = tree.account.keys.file(operation, path)?;
    let turn = turn_in_time(tree, operation, &[&key])?;
    if file_head(tree, &key)?.is_none() {
        stat_path(tree, operation, path)?;
        return Err(StoreError::new(ErrorKind::IsADirectory, operation, key));
    }
    tree.objects.delete(&turn, &key, None)?;
    drop(turn);
    keep_parent(tree, path);
    Ok(())
}

/// A directory that only deeper keys imply vanishes with the last of them, and a client that
/// empties a directory before it removes it would find nothing to remove: so it gets its
/// marker. What `path` was is gone already; a failure here is only logged.
pub(crate) fn keep_parent(tree: BucketTree<'_>, path: &FtpPath) {
    let parent = path.parent();
    if parent.is_root() {
        return;
    }
    // A real directory stays.
    if tree.objects.keeps_directories().unwrap_or(false) {
        return;
    }
    let kept = tree.account.keys.directory(Operation::PutObject, &parent).and_then(|marker| {
        let turn = turn_in_time(tree, Operation::PutObject, &[&marker])?;
        match holds_anything(tree.objects, &marker)? || tree.objects.head(&marker)?.is_some() {
            true => Ok(()),
            false => put_new_marker(tree, &turn, &marker),
        }
    });
    if let Err(error) = kept {
        log::warn!("the emptied directory {parent:?} could not be kept: {error}");
    }
}
