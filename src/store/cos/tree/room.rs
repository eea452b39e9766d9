//! Whether a file may come to stand under a name. A bucket takes every key: an object `a` beside
//! keys below `a/` would hide the directory and all in it, and one below a file could not be seen.
//! So it is looked for before a file is stored, which costs a request only where nothing is known
//! yet ([`crate::store::cos::objects::directory_cache`]).

use std::collections::BTreeSet;

use super::BucketTree;
use super::markers::{
    Standing, file_head, legacy_directory, legacy_marker, refuse_marker_name, standing,
};
use crate::store::cos::objects::below::holds_anything;
use crate::store::cos::objects::directory_cache::{Range, Room};
use crate::store::cos::objects::span::Span;
use crate::store::cos::objects::{Depth, KeyEntry, KeyPage, PAGE_KEYS, Window};
use crate::store::key_locks::KeyLock;
use crate::store::{Admission, ErrorKind, Operation, Result, StoreError};
use crate::vfs::{EntryKind, FtpPath};

/// How long ago the store may have been asked for room when a file is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UploadKind {
    /// A moment.
    Brief,
    /// Hours: the file went in parts.
    Long,
}

/// Keys of a page where nothing of it is remembered: the file of the name, and one key below it.
const FEW_KEYS: usize = 2;

/// Whether the file `path` may be stored, as far as that is known.
pub(crate) fn known_room(tree: BucketTree<'_>, path: &FtpPath) -> Result<Admission> {
    let operation = Operation::PutObject;
    let key = tree.account.keys.file(operation, path)?;
    refuse_marker_name(operation, &key)?;
    let directory = tree.account.keys.directory(operation, &path.parent())?;
    let kind = |key: &str| tree.cache.about(key).map(|stat| stat.metadata.kind);
    if kind(&key) == Some(EntryKind::File) {
        return Ok(Admission::Granted);
    }
    let is_open = is_root(tree, &directory)
        || tree.cache.directories.room_in(&directory) == Some(Room::Free)
        || kind(&directory) == Some(EntryKind::Directory);
    match tree.cache.directories.room_for(&directory, &key) {
        Some(Room::Free) if is_open => Ok(Admission::Granted),
        Some(Room::Taken) => {
            refuse_directory(tree, &directory, &key)?;
            Ok(if is_open { Admission::Granted } else { Admission::Unknown })
        }
        _ => Ok(Admission::Unknown),
    }
}

/// From now on what this process stores as `path`, in its directory and below it is noted, for
/// [`check_room_in_turn`] to see.
pub(crate) fn watch_room(tree: BucketTree<'_>, path: &FtpPath) {
    for path in [path, &path.parent()] {
        // The longest names leave no room for the slash of a directory.
        if let Ok(directory) = tree.account.keys.directory(Operation::CopyObject, path) {
            tree.cache.directories.begin(&directory);
        }
    }
}

/// Whether the file `path` may be stored, asked of the store.
pub(crate) fn ask_for_room(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    if tree.objects.keeps_directories()? {
        return ask_for_name(tree, path);
    }
    let operation = Operation::PutObject;
    let key = tree.account.keys.file(operation, path)?;
    let directory = tree.account.keys.directory(operation, &path.parent())?;
    if tree.cache.directories.room_in(&directory) == Some(Room::Taken) {
        tree.cache.directories.forget(&directory);
    }
    tree.cache.directories.begin(&directory);
    let is_known = is_root(tree, &directory)
        || tree.cache.directories.room_in(&directory) == Some(Room::Free)
        || tree.cache.about(&directory).is_some_and(|stat| stat.metadata.is_directory());
    let page = if is_known { None } else { Some(look_at_directory(tree, path, &directory)?) };
    match page.filter(|page| page.covers(&key)) {
        Some(page) => page.refuse_directory(&key),
        None => look_at_name(tree, &directory, &key),
    }
}

/// The same of a bucket that keeps real directories, and makes those above the file. It lists
/// nothing but whole ones.
fn ask_for_name(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    let operation = Operation::PutObject;
    let key = tree.account.keys.file(operation, path)?;
    match standing(tree, &key)? {
        Standing::Directory(_) => Err(refused(ErrorKind::IsADirectory, &key)),
        Standing::File(_) => Ok(()),
        Standing::Nothing => refuse_below_file(tree, operation, path),
    }
}

/// Once more, by somebody who has the turn to store `key`: another session may have made a
/// directory of that name since, or stored a file of its directory's. What is not known any
/// more is asked again where it was known, and behind a [`UploadKind::Long`] one in any case.
pub(super) fn check_room_in_turn(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    key: &str,
    upload: UploadKind,
) -> Result<()> {
    debug_assert!(turn.is_on(key));
    let directory = &key[..key.rfind('/').map_or(0, |at| at + 1)];
    let places = &tree.cache.directories;
    if key.ends_with('/') {
        return Ok(());
    }
    let is_unsure =
        upload == UploadKind::Long || !tree.cache.is_kept() || places.is_stale(directory);
    match places.room_for(directory, key) {
        Some(Room::Taken) => refuse_directory(tree, directory, key)?,
        None if is_unsure => refuse_directory(tree, directory, key)?,
        _ => {}
    }
    let room = places.room_in(directory);
    if !is_root(tree, directory) && (room == Some(Room::Taken) || (room.is_none() && is_unsure)) {
        if file_head(tree, directory.trim_end_matches('/'))?.is_some() {
            return Err(refused(ErrorKind::NotADirectory, directory));
        }
        places.forget(directory);
    }
    Ok(())
}

/// Remembers the directories on a page of a listing of `directory` that was asked for since
/// [`crate::store::cos::objects::directory_cache::DirectoryCache::begin`].
pub(crate) fn learn_room(
    tree: BucketTree<'_>,
    directory: &str,
    after: Option<&str>,
    page: &KeyPage,
) {
    remember(tree, directory, &Seen::of(page, directory, after));
}

fn is_root(tree: BucketTree<'_>, directory: &str) -> bool {
    directory == tree.account.keys.prefix()
}

/// Fails if the name of the file `key` is a directory's.
fn refuse_directory(tree: BucketTree<'_>, directory: &str, key: &str) -> Result<()> {
    let prefix = format!("{key}/");
    let places = &tree.cache.directories;
    if tree.objects.keeps_directories()? {
        return match standing(tree, key)? {
            Standing::Directory(_) => Err(refused(ErrorKind::IsADirectory, key)),
            _ => Ok(()),
        };
    }
    // What is known to be one may be so by Hadoop's marker alone.
    let is_known = places.room_for(directory, key) == Some(Room::Taken);
    if tree.objects.head(&prefix)?.is_some()
        || holds_anything(tree.objects, &prefix)?
        || (is_known && legacy_marker(tree, &prefix)?.is_some())
    {
        return Err(refused(ErrorKind::IsADirectory, key));
    }
    places.forget_directory(directory, &prefix);
    Ok(())
}

/// Looks whether `directory`, in which `path` is to be stored, is none that a file hides, and at
/// its first keys. Where it does not exist, nothing above it may be a file either; where it
/// does, somebody has stored something in it already.
fn look_at_directory(tree: BucketTree<'_>, path: &FtpPath, directory: &str) -> Result<Seen> {
    let name = directory.strip_suffix('/').unwrap_or(directory);
    let window = Window { prefix: name, after: None };
    let page = tree.objects.list(window, Depth::Everything, page_keys(tree))?;
    let file = page.objects.iter().find(|object| object.key == name);
    if file.is_some_and(|file| file.size > 0)
        || (file.is_some() && file_head(tree, name)?.is_some())
    {
        return Err(refused(ErrorKind::NotADirectory, directory));
    }
    let is_there = page.objects.iter().any(|object| object.key.starts_with(directory));
    if !is_there {
        refuse_below_file(tree, Operation::PutObject, &path.parent())?;
    }
    let seen = Seen::of(&page, directory, None);
    remember(tree, directory, &seen);
    Ok(seen)
}

/// Fails if something above `path` is a file: nothing below one can be seen. What is known to be
/// a directory, or to hold files, was looked at before.
///
/// # Errors
/// [`ErrorKind::NotADirectory`].
pub(crate) fn refuse_below_file(
    tree: BucketTree<'_>,
    operation: Operation,
    path: &FtpPath,
) -> Result<()> {
    let mut above = path.parent();
    while !above.is_root() {
        let directory = tree.account.keys.directory(operation, &above)?;
        let is_known = tree.cache.about(&directory).is_some()
            || tree.cache.directories.room_in(&directory) == Some(Room::Free);
        if is_known {
            break;
        }
        if file_head(tree, &tree.account.keys.file(operation, &above)?)?.is_some() {
            return Err(StoreError::new(ErrorKind::NotADirectory, operation, above.as_str()));
        }
        above = above.parent();
    }
    Ok(())
}

/// Looks whether the name of the file `key` in `directory` is a directory's, and which names
/// behind it are. Where that was done before, clients store in no order: then from the first.
fn look_at_name(tree: BucketTree<'_>, directory: &str, key: &str) -> Result<()> {
    // Before the name and the directory of that name in every order: what both begin with.
    let before = key.char_indices().next_back().map(|(at, _)| &key[..at]);
    let before = before.filter(|before| *before != directory);
    let begins: &[_] = match tree.cache.directories.knows_some_of(directory) {
        true if before.is_some() => &[None, before],
        _ => &[before],
    };
    for &after in begins {
        let window = Window { prefix: directory, after };
        let page = tree.objects.list(window, Depth::Directory, page_keys(tree))?;
        let seen = Seen::of(&page, directory, after);
        remember(tree, directory, &seen);
        if seen.covers(key) {
            return seen.refuse_directory(key);
        }
    }
    // Names that begin with this one and go on with a byte below the slash fill the page.
    refuse_directory(tree, directory, key)
}

fn remember(tree: BucketTree<'_>, directory: &str, seen: &Seen) {
    let places = &tree.cache.directories;
    places.learn(directory, seen.range.clone(), seen.directories.iter().cloned());
}

fn page_keys(tree: BucketTree<'_>) -> usize {
    if tree.cache.directories.remembers() { PAGE_KEYS } else { FEW_KEYS }
}

/// The directories that a page shows in another one.
struct Seen {
    /// Where in it; `None` if the page ended before it.
    range: Option<Range>,
    directories: BTreeSet<String>,
}

impl Seen {
    /// What `page`, of keys behind `after`, shows in `directory`.
    fn of(page: &KeyPage, directory: &str, after: Option<&str>) -> Self {
        let folded = page.objects.iter().filter_map(|object| directory_of(object, directory));
        let directories = folded.chain(page.prefixes.iter().cloned()).collect();
        let span = Span::of(Window { prefix: directory, after }, page);
        let owned = |name: Option<&str>| name.map(str::to_owned);
        let range =
            span.bounds().map(|(after, last)| Range { after: owned(after), last: owned(last) });
        // A page of names that begin as the directory's does may end before it.
        let is_reached = |range: &Range| range.last.as_deref().is_none_or(|last| last >= directory);
        Self { range: range.filter(is_reached), directories }
    }

    /// Whether it shows all of the directory that a file `key` would hide.
    fn covers(&self, key: &str) -> bool {
        self.range.as_ref().is_some_and(|range| range.covers(&format!("{key}/")))
    }

    fn refuse_directory(&self, key: &str) -> Result<()> {
        match self.directories.contains(&format!("{key}/")) {
            true => Err(refused(ErrorKind::IsADirectory, key)),
            false => Ok(()),
        }
    }
}

/// The directory in `directory` that the object lies in or stands for.
fn directory_of(object: &KeyEntry, directory: &str) -> Option<String> {
    let rest = object.key.strip_prefix(directory)?;
    match rest.find('/') {
        Some(at) => Some(object.key[..=directory.len() + at].to_owned()),
        None if object.size == 0 => legacy_directory(&object.key),
        None => None,
    }
}

fn refused(kind: ErrorKind, key: &str) -> StoreError {
    StoreError::new(kind, Operation::PutObject, key)
}
