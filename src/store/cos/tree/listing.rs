//! Pages of keys, and directories made of them.
//!
//! A page is what ListObjects (version 1, the only one COS documents) answers, corrected by our
//! own recent changes. Where both a file `a` and keys below `a/` exist, the file is shown and the
//! directory is not: that is how the store's `stat` sees the name.
//!
//! Names are in order on a page; from page to page they are in the store's order, whichever that
//! is ([`span`](crate::store::cos::objects::span)). What is held of a listing is one page of the
//! store's, and our own changes of the last minute that belong on it.

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
use crate::store::cos::objects::span::Span;
use crate::store::cos::objects::{Depth, KeyEntry, Moment, PAGE_KEYS, Window};
use crate::store::{
    ErrorKind, ListPage, ListRequest, NextPage, Operation, PageToken, Result, StoreError,
};
use crate::vfs::{Entry, FtpPath, Metadata};

/// A page of a directory: keys of files, and prefixes ending in `/`.
#[derive(Debug, PartialEq, Eq)]
struct DirectoryPage {
    items: BTreeMap<String, Metadata>,
    /// Where the store's next page begins.
    next: Option<String>,
    /// The part of the directory that the store's page is.
    span: Span,
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
    let prefix = prefix_of(tree, &directory, request.name_prefix)?;
    let place = request.after.map_or(PagePlace::default(), PagePlace::read);
    let window = Window { prefix: &prefix, after: place.after };
    let asked = tree.cache.own_changes.moment();
    tree.cache.directories.begin(&directory);
    let (page, told) = match tell {
        Some(tell) => tree.objects.list_ahead(window, tell)?,
        None => (tree.objects.list(window, Depth::Directory, PAGE_KEYS)?, false),
    };
    // What some stores tell of is more than was asked for.
    let most = PAGE_KEYS.max(page.objects.len() + page.prefixes.len());
    // Nothing may be the name of a file, below which nothing is stored.
    let is_there = !page.objects.is_empty() || !page.prefixes.is_empty();
    if prefix == directory && (is_there || request.directory.is_root()) {
        learn_room(tree, &directory, window.after, &page);
    }
    let notes = tree.cache.own_changes.open_below(&prefix);
    let overlay = Overlay::new(window, Some(&directory), page, notes, asked);
    let mut page = resolved(tree.objects, overlay)?;
    let told_by_head = match request.with_times && keeps_times(tree)? {
        true => listed_times::as_head_tells(tree, &mut page)?,
        false => Vec::new(),
    };
    let listing = DirectoryPage::of(&directory, page);
    if listing.items.is_empty() && !listing.has_marker && request.after.is_none() {
        check_directory(tree, request.directory)?;
    }
    let mut shown = shown(tree, &listing)?;
    learn(tree, asked, &shown, &listing.notes);
    for (key, metadata) in told_by_head {
        if let Some(file) = shown.get_mut(&key) {
            *file = metadata;
        }
    }
    let mut next = listing.next.map(PageToken);
    if !told && let Some(rest) = place.cut(&mut shown, most) {
        next = Some(rest);
    }
    Ok(name_entries(&directory, request.name_prefix, shown, next))
}

/// The prefix that is asked for: real directories are listed as a whole.
fn prefix_of(tree: BucketTree<'_>, directory: &str, name_prefix: &str) -> Result<String> {
    let is_whole = name_prefix.is_empty() || tree.objects.keeps_directories()?;
    Ok(format!("{directory}{}", if is_whole { "" } else { name_prefix }))
}

/// Whether a file may have a time that only HEAD tells.
fn keeps_times(tree: BucketTree<'_>) -> Result<bool> {
    Ok(tree.account.preserve_mtime && !tree.objects.keeps_directories()?)
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
fn shown(tree: BucketTree<'_>, listing: &DirectoryPage) -> Result<BTreeMap<String, Metadata>> {
    let mut shown = listing.items.clone();
    for (key, metadata) in &listing.items {
        if let Some(file) = key.strip_suffix('/') {
            if is_hidden(tree, listing, file)? {
                shown.remove(key);
            } else {
                // A marker of the same name that looks like a file.
                shown.remove(file);
            }
        } else if metadata.size == 0
            && let Some(directory) = legacy_directory(key)
        {
            shown.remove(key);
            if !is_shown_elsewhere(tree, listing, &directory)? {
                shown.insert(directory, Metadata::directory(metadata.modified));
            }
        }
    }
    Ok(shown)
}

/// Whether the directory `dir/`, or a file of its name, is shown beside Hadoop's marker of it, on
/// this page or on another.
fn is_shown_elsewhere(
    tree: BucketTree<'_>,
    listing: &DirectoryPage,
    directory: &str,
) -> Result<bool> {
    let file = directory.strip_suffix('/').unwrap_or(directory);
    if listing.items.contains_key(directory) || listing.items.contains_key(file) {
        return Ok(true);
    }
    let may_be_elsewhere = |key: &str| !listing.span.covers(key);
    Ok((may_be_elsewhere(directory)
        && (tree.objects.head(directory)?.is_some() || holds_anything(tree.objects, directory)?))
        || (may_be_elsewhere(file) && tree.objects.head(file)?.is_some()))
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

/// Whether the file `key` exists beside the prefix `key/`. It stands on this page, unless the store
/// lists it on another.
fn is_hidden(tree: BucketTree<'_>, listing: &DirectoryPage, key: &str) -> Result<bool> {
    if key.ends_with('/') {
        return Ok(false);
    }
    match listing.items.get(key) {
        Some(metadata) if metadata.size > 0 => Ok(true),
        // It may be a marker that looks like a file.
        Some(_) => Ok(file_head(tree, key)?.is_some()),
        None => Ok(!listing.span.covers(key) && file_head(tree, key)?.is_some()),
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
        Self { items, next: page.next, span: page.span, has_marker, notes: page.open }
    }
}

/// What begins the token of the rest of a page. No key begins so that has a name.
const REST: char = '\0';

/// Where in a listing a page begins: where the store said, or in the midst of what it tells there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PagePlace<'a> {
    /// What the store named for the next page.
    after: Option<&'a str>,
    /// The names up to this one were shown already.
    shown: Option<&'a str>,
}

impl<'a> PagePlace<'a> {
    fn read(token: &'a PageToken) -> Self {
        let rest = token.0.strip_prefix(REST).and_then(|rest| {
            let (length, rest) = rest.split_once(REST)?;
            let (shown, after) = rest.split_at_checked(length.parse().ok()?)?;
            Some(Self { after: after.strip_prefix(REST), shown: Some(shown) })
        });
        rest.unwrap_or(Self { after: Some(&token.0), shown: None })
    }

    /// Leaves what is to be shown of the names that the store tells here, `most` of them. What we
    /// know may have made them too many: where the rest begins.
    fn cut(self, names: &mut BTreeMap<String, Metadata>, most: usize) -> Option<PageToken> {
        if let Some(shown) = self.shown {
            names.retain(|name, _| name.as_str() > shown);
        }
        let first_left = names.keys().nth(most).cloned()?;
        names.split_off(&first_left);
        let shown = names.keys().next_back()?;
        let after = self.after.map(|after| format!("{REST}{after}")).unwrap_or_default();
        Some(PageToken(format!("{REST}{}{REST}{shown}{after}", shown.len())))
    }
}

/// The items of a page by their names, which begin with `name_prefix`.
fn name_entries(
    directory: &str,
    name_prefix: &str,
    items: BTreeMap<String, Metadata>,
    next: Option<PageToken>,
) -> ListPage {
    let mut page = ListPage { next, ..ListPage::default() };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> BTreeMap<String, Metadata> {
        (0..count).map(|at| (format!("d/{at:05}"), Metadata::file(1, None))).collect()
    }

    #[test]
    fn what_makes_a_page_too_long_is_shown_next_from_the_same_page() {
        for after in [None, Some("d/marker"), Some("a\0b")] {
            let mut token = after.map(|after| PageToken(after.to_owned()));
            let mut told = Vec::new();
            for _ in 0..3 {
                let place = token.as_ref().map_or(PagePlace::default(), PagePlace::read);
                assert_eq!(place.after, after);
                let mut page = names(PAGE_KEYS * 2 + 5);
                token = place.cut(&mut page, PAGE_KEYS);
                assert!(page.len() <= PAGE_KEYS);
                told.extend(page.into_keys());
            }
            assert_eq!(token, None);
            assert!(told.iter().eq(names(PAGE_KEYS * 2 + 5).keys()), "each once, in order");
        }
    }
}
