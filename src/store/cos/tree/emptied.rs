//! Directories that nobody made, and that stay when all in them is gone. A bucket has none, but a
//! store that keeps its objects in real directories makes them with what is stored there, tells of
//! them like of a marker, and goes on showing them until they are deleted by their names. What it
//! does not do is to list them among the keys.

use super::BucketTree;
use super::turn::turn_in_time;
use crate::store::cos::objects::{Depth, Window};
use crate::store::{Operation, Result};

/// Directories of one level that are held at once: with keys of 1,024 bytes, 512 levels deep, 12
/// MiB at worst.
const PAGE_DIRECTORIES: usize = 24;

/// Deletes the empty directories below `prefix`, the deepest first, where the store still lists
/// some: one request where it does not. Whatever holds something stays.
pub(crate) fn delete_emptied_below(tree: BucketTree<'_>, prefix: &str) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let window = Window { prefix, after: after.as_deref() };
        let page = tree.objects.list(window, Depth::Directory, PAGE_DIRECTORIES)?;
        for directory in page.prefixes.iter().filter(|directory| *directory != prefix) {
            delete_emptied_below(tree, directory)?;
            delete_emptied(tree, directory)?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Deletes the directory with this prefix by its name, if no key is listed for it: neither its
/// marker nor anything in it.
pub(crate) fn delete_emptied(tree: BucketTree<'_>, prefix: &str) -> Result<()> {
    let turn = turn_in_time(tree, Operation::DeleteObject, &[prefix])?;
    if first_key(tree, prefix)?.is_none() {
        tree.objects.delete(&turn, prefix, None)?;
    }
    Ok(())
}

/// Whether what stands under a marker's key is no marker, but a directory that the store made for
/// what lies in it.
pub(crate) fn is_made_by_store(tree: BucketTree<'_>, marker: &str) -> Result<bool> {
    Ok(first_key(tree, marker)?.is_some_and(|key| key != marker))
}

/// The first key below the prefix, that of its marker included.
fn first_key(tree: BucketTree<'_>, prefix: &str) -> Result<Option<String>> {
    let page = tree.objects.list(Window { prefix, after: None }, Depth::Everything, 1)?;
    Ok(page.objects.into_iter().next().map(|object| object.key))
}
