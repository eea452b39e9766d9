//! Pages of keys, and directories made of them.
//!
//! A page is what ListObjects (version 1, the only one COS documents) answers, corrected by our
//! own recent changes. Where both a file `a` and keys below `a/` exist, the file is shown and the
//! directory is not: that is how the store's `stat` sees the name.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::BucketTree;
use super::directories::stat_path;
use super::listed_times;
use super::markers::{file_head, legacy_directory};
use super::room::learn_room;
use crate::store::cos::objects::below::{holds_anything, resolved};
use crate::store::cos::objects::corrected::Corrected;
use crate::store::cos::objects::note::Note;
use crate::store::cos::objects::overlay::Overlay;
use crate::store::cos::objects::{Depth, KeyEntry, Moment, PAGE_KEYS, Window};
use crate::store::{
    ErrorKind, ListPage, ListRequest, NextPage, Operation, PageToken, Result, StoreError,
};
use crate::vfs::{Entry, FtpPath, Metadata};

/// A page of a directory: keys of files, and prefixes ending in `/`.
#[derive(Debug, PartialEq, Eq)]
struct DirectoryPage {
    items: BTreeMap<String, Metadata>,
    next: Option<String>,
    /// The directory's own marker was among the keys.
    has_marker: bool,
    /// Our changes that it does not show to be known to listings.
    notes: BTreeMap<String, Note>,
}

/// One page of a directory. `tell`, if there is one, is told where the next page begins before
/// this one has come, if the store names that first.
pub(crate) fn list_directory(
    tree: BucketTree<'_>,
    request: &ListRequest<'_>,
    tell: Option<NextPage<'_>>,
) -> Result<ListPage> {
    let directory = match tree.account.keys.directory(Operation::ListObjects, request.directory) {
        Ok(directory) => directory,
        // It may be the name of a file that is as long as a key may be.
        Err(error) => return check_directory(tree, request.directory).and(Err(error)),
    };
    let prefix = format!("{directory}{}", request.name_prefix);
    let window = Window { prefix: &prefix, after: request.after.map(|token| token.0.as_str()) };
    let asked = tree.cache.own_changes.moment();
    tree.cache.directories.begin(&directory);
    let (page, told) = match tell {
        Some(tell) => tree.objects.list_ahead(window, tell)?,
        None => (tree.objects.list(window, Depth::Directory, PAGE_KEYS)?, false),
    };
    // Nothing may be the name of a file, below which nothing is stored.
    let is_there = !page.objects.is_empty() || !page.prefixes.is_empty();
    if request.name_prefix.is_empty() && (is_there || request.directory.is_root()) {
        learn_room(tree, &directory, window.after, &page);
    }
    let notes = tree.cache.own_changes.open_below(&prefix);
    let overlay = Overlay::new(window, Some(&directory), page, notes, asked);
    let mut page = resolved(tree.objects, overlay)?;
    let told_by_head = match request.with_times && tree.account.preserve_mtime {
        true => listed_times::as_head_tells(tree, &mut page)?,
        false => Vec::new(),
    };
    let mut listing = DirectoryPage::of(&directory, page);
    if !told {
        listing = listing.cut();
    }
    if listing.items.is_empty() && !listing.has_marker && request.after.is_none() {
        check_directory(tree, request.directory)?;
    }
    let DirectoryPage { items, next, notes, .. } = listing;
    let mut shown = shown(tree, window, &items)?;
    learn(tree, asked, &shown, &notes);
    for (key, metadata) in told_by_head {
        if let Some(file) = shown.get_mut(&key) {
            *file = metadata;
        }
    }
    Ok(name_entries(&directory, request.name_prefix, shown, next))
}

/// An empty listing is that of an empty directory, of a file, or of nothing.
fn check_directory(tree: BucketTree<'_>, path: &FtpPath) -> Result<()> {
    match stat_path(tree, Operation::ListObjects, path)? {
        stat if stat.metadata.is_directory() => Ok(()),
        _ => Err(StoreError::new(ErrorKind::NotADirectory, Operation::ListObjects, path.as_str())),
    }
}

/// What a client is to see of the items of a page: no directory that a file hides, and each
/// directory once, whatever kinds of marker it has.
fn shown(
    tree: BucketTree<'_>,
    window: Window<'_>,
    items: &BTreeMap<String, Metadata>,
) -> Result<BTreeMap<String, Metadata>> {
    let mut shown = items.clone();
    for (key, metadata) in items {
        if let Some(file) = key.strip_suffix('/') {
            if is_hidden(tree, items, window, file)? {
                shown.remove(key);
            } else {
                // A marker of the same name that looks like a file.
                shown.remove(file);
            }
        } else if metadata.size == 0
            && let Some(directory) = legacy_directory(key)
        {
            shown.remove(key);
            if !is_shown_before(tree, items, window, &directory)? {
                shown.insert(directory, Metadata::directory(metadata.modified));
            }
        }
    }
    Ok(shown)
}

/// Whether the directory `dir/`, or a file of its name, was shown before Hadoop's marker of it,
/// which is the last of the three in the order of keys.
fn is_shown_before(
    tree: BucketTree<'_>,
    items: &BTreeMap<String, Metadata>,
    window: Window<'_>,
    directory: &str,
) -> Result<bool> {
    let file = directory.strip_suffix('/').unwrap_or(directory);
    if items.contains_key(directory) || items.contains_key(file) {
        return Ok(true);
    }
    let was_earlier = |key: &str| window.after.is_some_and(|after| key <= after);
    Ok((was_earlier(directory)
        && (tree.objects.head(directory)?.is_some() || holds_anything(tree.objects, directory)?))
        || (was_earlier(file) && tree.objects.head(file)?.is_some()))
}

/// Remembers what a page told of the names on it, but for what it may be behind in, and for
/// empty files, which may be markers.
fn learn(
    tree: BucketTree<'_>,
    asked: Moment,
    shown: &BTreeMap<String, Metadata>,
    notes: &BTreeMap<String, Note>,
) {
    if !tree.cache.own_changes.remembers_all() {
        return;
    }
    let is_told = |key: &str, metadata: &Metadata| {
        let from = (Bound::Included(key), Bound::Unbounded);
        let note = notes.range::<str, _>(from).next();
        let is_ours = note.is_some_and(|(other, _)| other.starts_with(key));
        !is_ours && (metadata.is_directory() || metadata.size > 0)
    };
    let told = shown.iter().filter(|(key, metadata)| is_told(key, metadata));
    let told = told.map(|(key, metadata)| (key.clone(), metadata.clone(), None));
    tree.cache.learn(asked, told);
}

/// Whether the file `key` exists beside the prefix `key/`. It stands on this page, or, since
/// keys with a byte below `/` come between the two, it would have been on an earlier one.
fn is_hidden(
    tree: BucketTree<'_>,
    items: &BTreeMap<String, Metadata>,
    window: Window<'_>,
    key: &str,
) -> Result<bool> {
    if key.ends_with('/') {
        return Ok(false);
    }
    match items.get(key) {
        Some(metadata) if metadata.size > 0 => Ok(true),
        // It may be a marker that looks like a file.
        Some(_) => Ok(file_head(tree, key)?.is_some()),
        None => {
            let was_earlier = window.after.is_some_and(|after| key <= after);
            Ok(was_earlier && file_head(tree, key)?.is_some())
        }
    }
}

impl DirectoryPage {
    fn of(directory: &str, page: Corrected) -> Self {
        let directories = page.prefixes.into_iter().map(|key| (key, Metadata::directory(None)));
        let file =
            |(key, object): (String, KeyEntry)| (key, Metadata::file(object.size, object.modified));
        let files = page.objects.into_iter().map(file);
        let mut items: BTreeMap<String, Metadata> = directories.chain(files).collect();
        let has_marker = !directory.is_empty() && items.remove(directory).is_some();
        Self { items, next: page.next, has_marker, notes: page.open }
    }

    /// What we know may have made the page too long: the rest is for the next one, unless that is
    /// being asked for already.
    fn cut(mut self) -> Self {
        if let Some(first_left) = self.items.keys().nth(PAGE_KEYS).cloned() {
            self.items.split_off(&first_left);
            self.next = self.items.keys().next_back().cloned();
        }
        self
    }
}

/// The items of a page by their names, which begin with `name_prefix`.
fn name_entries(
    directory: &str,
    name_prefix: &str,
    items: BTreeMap<String, Metadata>,
    next: Option<String>,
) -> ListPage {
    let mut page = ListPage { next: next.map(PageToken), ..ListPage::default() };
    for (key, metadata) in items {
        let rest = &key[directory.len()..];
        let name = rest.strip_suffix('/').unwrap_or(rest);
        if !name.starts_with(name_prefix) {
            // A marker's key was longer than its directory's name.
            continue;
        }
        if FtpPath::root().child(name).is_none() {
            page.unnameable += 1;
            continue;
        }
        page.entries.push(Entry { name: name.to_owned(), metadata });
    }
    page
}
