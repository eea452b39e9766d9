//! Pages of keys, and directories made of them.
//!
//! A page is what ListObjects (version 1, the only one COS documents) answers, corrected by our
//! own recent changes. Where both a file `a` and keys below `a/` exist, the file is shown and the
//! directory is not: that is how the store's `stat` sees the name.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use super::CosStore;
use super::key_page::{Depth, PAGE_KEYS, Window};
use super::markers::legacy_directory;
use super::recent::{Change, Moment};
use super::xml::{KeyEntry, KeyPage};
use crate::store::{ErrorKind, ListPage, ListRequest, Operation, PageToken, Result, StoreError};
use crate::vfs::{Entry, FtpPath, Metadata};

/// Objects that we stored a moment ago and no listing shows are looked for by HEAD: it lags, or
/// somebody else deleted them. So many missing ones are believed to speak for the rest.
const UNLISTED_LOOKS: usize = 8;

/// Directories whose markers we deleted a moment ago and which are listed are looked into: that, or
/// the listing lags. More of them on one page are believed to be gone, so that a tree that is being
/// removed costs no more requests than it must.
const DIRECTORY_LOOKS: usize = 64;

/// How much older than our own note of it an object's time may be in a listing: whole seconds, and
/// a clock that differs a little.
const TIME_SLACK: Duration = Duration::from_secs(2);

impl CosStore {
    /// One page of a directory. `tell`, if there is one, is told where the next page begins before
    /// this one has come, if the store names that first.
    pub(super) fn list_directory(
        &self,
        request: &ListRequest<'_>,
        tell: Option<&mut dyn FnMut(&PageToken)>,
    ) -> Result<ListPage> {
        let directory = self.keys.directory(Operation::ListObjects, request.directory)?;
        let prefix = format!("{directory}{}", request.name_prefix);
        let window = Window { prefix: &prefix, after: request.after.map(|token| token.0.as_str()) };
        let bucket = &self.client.bucket;
        let asked = bucket.recent.moment();
        let (page, told) = match tell {
            Some(tell) => self.key_page_ahead(window, tell)?,
            None => (self.key_page(window, Depth::Directory, PAGE_KEYS)?, false),
        };
        let recent = bucket.recent.below(&prefix);
        let mut listing = lay_over(&directory, window, page, &recent);
        self.restore(&mut listing)?;
        if !told {
            listing = cut(listing);
        }
        if listing.items.is_empty() && !listing.has_marker && request.after.is_none() {
            self.check_directory(request.directory)?;
        }
        let Listing { items, next, .. } = listing;
        let shown = self.shown(window, &items)?;
        self.learn(asked, &shown, &recent);
        Ok(name_entries(&directory, request.name_prefix, shown, next))
    }

    /// Whether any object but its own marker lies in the directory with this prefix.
    pub(super) fn holds_anything(&self, prefix: &str) -> Result<bool> {
        let recent = self.client.bucket.recent.below(prefix);
        let mut after: Option<String> = None;
        // Two keys suffice: the marker and one more. Only what we have just deleted may make it
        // necessary to look further.
        let mut max_keys = 2;
        loop {
            let window = Window { prefix, after: after.as_deref() };
            let page = self.key_page(window, Depth::Everything, max_keys)?;
            let is_alive = |object: &KeyEntry| {
                object.key != prefix && recent.get(&object.key) != Some(&Change::Deleted)
            };
            if page.objects.iter().any(is_alive) {
                return Ok(true);
            }
            if page.next.is_none() {
                break;
            }
            after = page.next;
            max_keys = PAGE_KEYS;
        }
        let written = recent.iter().filter(|(_, change)| **change != Change::Deleted);
        for (key, _) in written.filter(|(key, _)| *key != prefix).take(UNLISTED_LOOKS) {
            if self.head(key)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Shows the directories whose markers we deleted and in which there is something all the same:
    /// somebody else's, or what we stored without hearing of it.
    fn restore(&self, listing: &mut Listing) -> Result<()> {
        for prefix in listing.unmarked.drain(..).take(DIRECTORY_LOOKS) {
            if self.holds_anything(&prefix)? {
                listing.items.insert(prefix, Metadata::directory(None));
            }
        }
        Ok(())
    }

    /// An empty listing is that of an empty directory, of a file, or of nothing.
    fn check_directory(&self, path: &FtpPath) -> Result<()> {
        match self.stat_path(Operation::ListObjects, path)? {
            stat if stat.metadata.is_directory() => Ok(()),
            _ => Err(StoreError::new(
                ErrorKind::NotADirectory,
                Operation::ListObjects,
                path.as_str(),
            )),
        }
    }

    /// What a client is to see of the items of a page: no directory that a file hides, and each
    /// directory once, whatever kinds of marker it has.
    fn shown(
        &self,
        window: Window<'_>,
        items: &BTreeMap<String, Metadata>,
    ) -> Result<BTreeMap<String, Metadata>> {
        let mut shown = items.clone();
        for (key, metadata) in items {
            if let Some(file) = key.strip_suffix('/') {
                if self.is_hidden(items, window, file)? {
                    shown.remove(key);
                } else {
                    // A marker of the same name that looks like a file.
                    shown.remove(file);
                }
            } else if metadata.size == 0
                && let Some(directory) = legacy_directory(key)
            {
                shown.remove(key);
                if !self.is_shown_before(items, window, &directory)? {
                    shown.insert(directory, Metadata::directory(metadata.modified));
                }
            }
        }
        Ok(shown)
    }

    /// Whether the directory `dir/`, or a file of its name, was shown before Hadoop's marker of it,
    /// which is the last of the three in the order of keys.
    fn is_shown_before(
        &self,
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
            && (self.head(directory)?.is_some() || self.holds_anything(directory)?))
            || (was_earlier(file) && self.head(file)?.is_some()))
    }

    /// Remembers what a page told of the names on it, but for what we laid over it, which the store
    /// has not told, and for empty files, which may be markers.
    fn learn(
        &self,
        asked: Moment,
        shown: &BTreeMap<String, Metadata>,
        recent: &BTreeMap<String, Change>,
    ) {
        let bucket = &self.client.bucket;
        if !bucket.recent.remembers_all() {
            return;
        }
        let is_told = |key: &str, metadata: &Metadata| {
            let from = (Bound::Included(key), Bound::Unbounded);
            let is_ours = recent
                .range::<str, _>(from)
                .next()
                .is_some_and(|(other, _)| other.starts_with(key));
            !is_ours && (metadata.is_directory() || metadata.size > 0)
        };
        let told = shown.iter().filter(|(key, metadata)| is_told(key, metadata));
        let told = told.map(|(key, metadata)| (key.clone(), metadata.clone(), None));
        bucket.facts.learn(&bucket.recent, asked, told);
    }

    /// Whether the file `key` exists beside the prefix `key/`. It stands on this page, or, since
    /// keys with a byte below `/` come between the two, it would have been on an earlier one.
    fn is_hidden(
        &self,
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
            Some(_) => Ok(self.file_head(key)?.is_some()),
            None => {
                let was_earlier = window.after.is_some_and(|after| key <= after);
                Ok(was_earlier && self.file_head(key)?.is_some())
            }
        }
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

/// A page of a directory: keys of files, and prefixes ending in `/`.
#[derive(Debug, PartialEq, Eq)]
struct Listing {
    items: BTreeMap<String, Metadata>,
    next: Option<String>,
    /// The directory's own marker was among the keys.
    has_marker: bool,
    /// Directories of the page that are not among the items because we deleted their markers.
    unmarked: Vec<String>,
}

/// Corrects a page of `directory` by what we changed in it recently.
fn lay_over(
    directory: &str,
    window: Window<'_>,
    page: KeyPage,
    recent: &BTreeMap<String, Change>,
) -> Listing {
    let mut items = BTreeMap::new();
    for prefix in page.prefixes {
        items.insert(prefix, Metadata::directory(None));
    }
    for object in page.objects {
        items.insert(object.key, Metadata::file(object.size, object.modified));
    }
    let covers = |item: &str| {
        window.after.is_none_or(|after| item > after)
            && page.next.as_deref().is_none_or(|next| item <= next)
    };
    // Deletions first: something written below a deleted marker brings its directory back.
    let mut unmarked = Vec::new();
    for key in recent.iter().filter(|(_, change)| **change == Change::Deleted).map(|(key, _)| key) {
        if items.remove(key).is_some_and(|item| item.is_directory()) {
            unmarked.push(key.clone());
        }
    }
    for (key, change) in recent {
        let Change::Written { size, modified } = change else { continue };
        let item = fold(directory, key);
        if !covers(item) {
            continue;
        }
        let metadata = if item.ends_with('/') && item != directory {
            Metadata::directory(None)
        } else {
            Metadata::file(*size, Some(*modified))
        };
        items.insert(item.to_owned(), metadata);
    }
    let has_marker = !directory.is_empty() && items.remove(directory).is_some();
    unmarked.retain(|key| !items.contains_key(key));
    Listing { items, next: page.next, has_marker, unmarked }
}

/// What was laid over may have made the page too long: the rest is for the next one, unless that
/// is being asked for already.
fn cut(mut listing: Listing) -> Listing {
    if let Some(first_left) = listing.items.keys().nth(PAGE_KEYS).cloned() {
        listing.items.split_off(&first_left);
        listing.next = listing.items.keys().next_back().cloned();
    }
    listing
}

/// `key` as a listing of `directory` shows it: itself, or the prefix up to the next slash.
fn fold<'a>(directory: &str, key: &'a str) -> &'a str {
    match key[directory.len()..].find('/') {
        Some(at) => &key[..=directory.len() + at],
        None => key,
    }
}

/// The objects of a page of everything below a prefix, corrected by what we changed there recently.
pub(super) fn live_objects(
    window: Window<'_>,
    page: &KeyPage,
    recent: &BTreeMap<String, Change>,
) -> BTreeMap<String, KeyEntry> {
    let told = page.objects.iter().map(|object| (object.key.clone(), object.clone()));
    let mut objects: BTreeMap<String, KeyEntry> = told.collect();
    let first = window.after.map_or(Bound::Unbounded, Bound::Excluded);
    let last = page.next.as_deref().map_or(Bound::Unbounded, Bound::Included);
    for (key, change) in recent.range::<str, _>((first, last)) {
        match change {
            Change::Deleted => {
                objects.remove(key);
            }
            Change::Written { size, modified } => {
                let is_ours = |object: &KeyEntry| {
                    let at = object.modified;
                    object.size == *size && at.is_some_and(|at| at + TIME_SLACK >= *modified)
                };
                if !objects.get(key).is_some_and(is_ours) {
                    let (key, modified) = (key.clone(), Some(*modified));
                    let object = KeyEntry { key, size: *size, modified, etag: None };
                    objects.insert(object.key.clone(), object);
                }
            }
        }
    }
    objects
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;

    fn page(keys: &[&str], prefixes: &[&str], next: Option<&str>) -> KeyPage {
        let entry =
            |key: &&str| KeyEntry { key: (*key).into(), size: 1, modified: None, etag: None };
        KeyPage {
            objects: keys.iter().map(entry).collect(),
            prefixes: prefixes.iter().map(|&prefix| prefix.into()).collect(),
            next: next.map(str::to_owned),
        }
    }

    fn recent(written: &[&str], deleted: &[&str]) -> BTreeMap<String, Change> {
        let now = Change::Written { size: 9, modified: OffsetDateTime::UNIX_EPOCH };
        let written = written.iter().map(|&key| (key.to_owned(), now.clone()));
        let deleted = deleted.iter().map(|&key| (key.to_owned(), Change::Deleted));
        written.chain(deleted).collect()
    }

    /// The items of a page of `d/`, files with their sizes.
    fn shown(after: Option<&str>, page: KeyPage, recent: &BTreeMap<String, Change>) -> Vec<String> {
        let listing = lay_over("d/", Window { prefix: "d/", after }, page, recent);
        let show = |(key, metadata): (&String, &Metadata)| match metadata.is_directory() {
            true => key.clone(),
            false => format!("{key}={}", metadata.size),
        };
        listing.items.iter().map(show).collect()
    }

    #[test]
    fn files_and_directories_stand_in_the_order_of_keys_without_the_marker() {
        let listed = page(&["d/", "d/b", "d/a"], &["d/s/", "d/a/"], None);
        assert_eq!(shown(None, listed, &recent(&[], &[])), ["d/a=1", "d/a/", "d/b=1", "d/s/"]);
    }

    #[test]
    fn recent_changes_are_laid_over() {
        for (keys, prefixes, written, deleted, expected) in [
            (vec!["d/a"], vec![], vec!["d/b"], vec![], vec!["d/a=1", "d/b=9"]),
            (vec!["d/a"], vec![], vec!["d/a"], vec![], vec!["d/a=9"]),
            (vec!["d/a", "d/b"], vec![], vec![], vec!["d/a"], vec!["d/b=1"]),
            (vec![], vec![], vec!["d/s/x"], vec![], vec!["d/s/"]),
            (vec![], vec![], vec!["d/s/", "d/"], vec![], vec!["d/s/"]),
            (vec![], vec!["d/s/"], vec![], vec!["d/s/"], vec![]),
            (vec![], vec!["d/s/"], vec!["d/s/x"], vec!["d/s/"], vec!["d/s/"]),
            (vec![], vec!["d/s/"], vec![], vec!["d/s/x"], vec!["d/s/"]),
        ] {
            let over = recent(&written, &deleted);
            assert_eq!(shown(None, page(&keys, &prefixes, None), &over), expected, "{over:?}");
        }
    }

    #[test]
    fn directories_without_their_markers_are_in_doubt() {
        let window = Window { prefix: "d/", after: None };
        let over = recent(&["d/s/x"], &["d/", "d/s/", "d/t/", "d/u/x", "d/v/"]);
        let listed = page(&["d/"], &["d/s/", "d/t/", "d/u/"], None);
        assert_eq!(lay_over("d/", window, listed, &over).unmarked, ["d/t/"]);
    }

    #[test]
    fn each_recent_change_belongs_to_one_page() {
        let over = recent(&["d/a", "d/m", "d/s/x", "d/z"], &[]);
        assert_eq!(shown(None, page(&["d/b"], &[], Some("d/b")), &over), ["d/a=9", "d/b=1"]);
        let second = page(&["d/n"], &["d/s/"], Some("d/s/"));
        assert_eq!(shown(Some("d/b"), second, &over), ["d/m=9", "d/n=1", "d/s/"]);
        assert_eq!(shown(Some("d/s/"), page(&[], &[], None), &over), ["d/z=9"]);
    }

    #[test]
    fn a_page_stays_a_page() {
        let keys: Vec<String> = (0..PAGE_KEYS).map(|at| format!("d/{at:04}")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let window = Window { prefix: "d/", after: None };
        let listing = cut(lay_over(
            "d/",
            window,
            page(&keys, &[], Some("d/0999")),
            &recent(&["d/0000a"], &[]),
        ));
        assert_eq!(listing.items.len(), PAGE_KEYS);
        assert_eq!(listing.next.as_deref(), Some("d/0998"));
    }

    #[test]
    fn live_objects_are_those_of_the_page() {
        let over = recent(&["d/a", "d/b", "d/z"], &["d/k"]);
        let listed = page(&["d/k", "d/m"], &[], Some("d/m"));
        let window = Window { prefix: "d/", after: Some("d/a") };
        let keys: Vec<String> = live_objects(window, &listed, &over).into_keys().collect();
        assert_eq!(keys, ["d/b", "d/m"]);
    }
}
