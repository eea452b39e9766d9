//! The objects that stand for directories. Ours is the 0-byte object `dir/`; two older kinds are
//! understood and never made:
//!
//! - `dir_$folder$`, 0 bytes (Hadoop). It is the directory `dir`, and no file of its own name.
//! - `dir`, 0 bytes, of the content type `application/x-directory` (file system adapters). HEAD
//!   tells the type, a listing does not. So `stat` always sees the directory, while a listing asks
//!   only where it matters, which is where keys below `dir/` would be hidden behind the name; an
//!   empty directory of this kind is listed as a file of 0 bytes.

use super::BucketTree;
use super::turn::turn_in_time;
use super::versions::delete_version;
use crate::store::cos::objects::directory_cache::Room;
use crate::store::cos::objects::{Head, Precondition, Put};
use crate::store::key_locks::KeyLock;
use crate::store::{Body, Cancel, ErrorKind, Operation, Result, StoreError};

/// What Hadoop appends to a directory's name.
const LEGACY_SUFFIX: &str = "_$folder$";

/// The content type of the third kind.
const DIRECTORY_TYPE: &str = "application/x-directory";

/// The key of the directory `dir/` that the key `dir_$folder$` stands for, if it is one by its
/// name.
pub(crate) fn legacy_directory(key: &str) -> Option<String> {
    let name = key.strip_suffix(LEGACY_SUFFIX)?;
    (!name.is_empty() && !name.ends_with('/')).then(|| format!("{name}/"))
}

/// Fails for the name of a Hadoop marker: empty, what is stored so would be a directory, and
/// whoever stores it learns nothing of that.
///
/// # Errors
/// [`ErrorKind::BadName`].
pub(crate) fn refuse_marker_name(operation: Operation, key: &str) -> Result<()> {
    match legacy_directory(key) {
        Some(_) => Err(StoreError::new(ErrorKind::BadName, operation, key)),
        None => Ok(()),
    }
}

/// What stands under the key of a file.
#[derive(Debug)]
pub(crate) enum Standing {
    /// Nothing that a client may see.
    Nothing,
    /// A file.
    File(Head),
    /// The marker of the directory of this very name.
    Directory(Head),
}

impl Standing {
    /// What the object `head` under `key` is.
    pub(crate) fn of(key: &str, head: Head) -> Self {
        match head {
            head if is_real_directory(&head) => Self::Directory(head),
            head if head.size > 0 => Self::File(head),
            head if is_directory_type(&head) => Self::Directory(head),
            _ if legacy_directory(key).is_some() => Self::Nothing,
            head => Self::File(head),
        }
    }
}

/// Looks at the key of a file.
pub(crate) fn standing(tree: BucketTree<'_>, key: &str) -> Result<Standing> {
    Ok(tree.objects.head(key)?.map_or(Standing::Nothing, |head| Standing::of(key, head)))
}

/// The file under this key.
pub(crate) fn file_head(tree: BucketTree<'_>, key: &str) -> Result<Option<Head>> {
    match standing(tree, key)? {
        Standing::File(head) => Ok(Some(head)),
        Standing::Nothing | Standing::Directory(_) => Ok(None),
    }
}

/// Hadoop's marker of the directory `dir/`.
pub(crate) fn legacy_marker(tree: BucketTree<'_>, directory: &str) -> Result<Option<Head>> {
    let key = legacy_key(directory);
    if !tree.account.keys.have_room_for(&key) {
        return Ok(None);
    }
    Ok(tree.objects.head(&key)?.filter(|head| head.size == 0))
}

/// Deletes the markers of the directory `dir/`, of all kinds.
///
/// # Errors
/// Nothing is deleted when there is none ([`ErrorKind::NotFound`]), when the name is a file's
/// ([`ErrorKind::NotADirectory`]) and when `dir/` holds bytes
/// ([`ErrorKind::DirectoryNotEmpty`]).
pub(crate) fn delete_markers(tree: BucketTree<'_>, directory: &str) -> Result<()> {
    let failed = |kind| Err(StoreError::new(kind, Operation::DeleteObject, directory));
    let (name, hadoops) = (name_of(directory), legacy_key(directory));
    let turn = turn_in_time(tree, Operation::DeleteObject, &[directory, name, &hadoops])?;
    let typed = match standing(tree, name)? {
        Standing::File(_) => return failed(ErrorKind::NotADirectory),
        Standing::Directory(head) => Some(head),
        Standing::Nothing => None,
    };
    let own = tree.objects.head(directory)?;
    if own.as_ref().is_some_and(|head| head.size > 0) {
        return failed(ErrorKind::DirectoryNotEmpty);
    }
    let legacy = legacy_marker(tree, directory)?;
    if own.is_none() && typed.is_none() && legacy.is_none() {
        return failed(ErrorKind::NotFound);
    }
    delete_seen(tree, &turn, &hadoops, legacy)?;
    delete_seen(tree, &turn, name, typed)?;
    if own.is_none() {
        // Ours is what the memory of recent changes knows the directory by.
        tree.objects.note_gone(directory);
    } else if !delete_seen(tree, &turn, directory, own)? {
        return failed(ErrorKind::DirectoryNotEmpty);
    }
    Ok(())
}

/// Deletes the markers of the two older kinds, if there are any.
pub(crate) fn delete_legacy_markers(tree: BucketTree<'_>, directory: &str) -> Result<()> {
    let (name, hadoops) = (name_of(directory), legacy_key(directory));
    let turn = turn_in_time(tree, Operation::DeleteObject, &[name, &hadoops])?;
    let legacy = legacy_marker(tree, directory)?;
    delete_seen(tree, &turn, &hadoops, legacy)?;
    if let Standing::Directory(head) = standing(tree, name)? {
        delete_seen(tree, &turn, name, Some(head))?;
    }
    Ok(())
}

/// Whether what was seen is gone.
fn delete_seen(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    key: &str,
    seen: Option<Head>,
) -> Result<bool> {
    seen.map_or(Ok(true), |head| delete_version(tree, turn, key, &head))
}

/// Stores our marker of a directory, for somebody who has the turn to change it. It is encrypted as
/// files are, as buckets may refuse what is not; the rest is said of files alone.
pub(crate) fn put_new_marker(tree: BucketTree<'_>, turn: &KeyLock, marker: &str) -> Result<()> {
    put_marker(tree, turn, marker, &tree.account.terms.encryption_headers())
}

/// Stores our marker of a directory, for somebody who has the turn to change it, with these
/// headers of the marker that it is to be like.
pub(crate) fn put_marker(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    marker: &str,
    headers: &[(String, String)],
) -> Result<()> {
    let never = Cancel::new();
    let (body, only) = (Body::new(&[], &never), &Precondition::None);
    tree.objects.put(turn, Put { key: marker, body: &body, headers, only })?;
    Ok(())
}

/// The turn to store a marker, while no file of its directory's name comes or has come since
/// [`watch_room`](super::room::watch_room).
///
/// # Errors
/// [`ErrorKind::NotADirectory`] when one has; as [`turn_in_time`].
pub(crate) fn turn_for_marker(tree: BucketTree<'_>, marker: &str) -> Result<KeyLock> {
    let turn = turn_in_time(tree, Operation::PutObject, &[name_of(marker), marker])?;
    let is_taken = tree.cache.directories.room_in(marker) == Some(Room::Taken);
    if is_taken && file_head(tree, name_of(marker))?.is_some() {
        return Err(StoreError::new(ErrorKind::NotADirectory, Operation::PutObject, marker));
    }
    Ok(turn)
}

/// Whether the object `key` is our kind of marker.
pub(crate) fn is_marker(key: &str, size: u64) -> bool {
    size == 0 && key.ends_with('/')
}

fn legacy_key(directory: &str) -> String {
    format!("{}{LEGACY_SUFFIX}", name_of(directory))
}

/// The key of the file that would have the directory's name.
fn name_of(directory: &str) -> &str {
    directory.strip_suffix('/').unwrap_or(directory)
}

/// Whether a bucket that keeps real directories tells so of one, which it does under either name.
fn is_real_directory(head: &Head) -> bool {
    head.headers.vendor("file-mode-dir").is_some_and(|told| !told.eq_ignore_ascii_case("false"))
}

fn is_directory_type(head: &Head) -> bool {
    let kind = head.headers.get("content-type").unwrap_or_default();
    kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(DIRECTORY_TYPE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legacy_names() {
        for (key, expected) in [
            ("a/b_$folder$", Some("a/b/")),
            ("a/_$folder$", None),
            ("_$folder$", None),
            ("a/b_$folder$/", None),
            ("a/b", None),
        ] {
            assert_eq!(legacy_directory(key).as_deref(), expected, "{key}");
        }
        assert_eq!(legacy_key("a/b/"), "a/b_$folder$");
    }
}
