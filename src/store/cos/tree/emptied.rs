//! Directories that stay when all in them is gone. A bucket has none, but a store that keeps its
//! objects in real directories goes on showing them until they are deleted by their names.

use super::BucketTree;
use super::turn::turn_in_time;
use crate::store::cos::objects::below::holds_anything;
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

/// Deletes the directory with this prefix by its name, if nothing stands in it.
pub(crate) fn delete_emptied(tree: BucketTree<'_>, prefix: &str) -> Result<()> {
    let turn = turn_in_time(tree, Operation::DeleteObject, &[prefix])?;
    if tree.objects.head(prefix)?.is_none() && !holds_anything(tree.objects, prefix)? {
        tree.objects.delete(&turn, prefix, None)?;
    }
    Ok(())
}
