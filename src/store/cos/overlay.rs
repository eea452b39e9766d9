//! Our own recent changes, laid over what a listing says: it may lag.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::time::Duration;

use super::key_page::{PAGE_KEYS, Window};
use super::recent::Change;
use super::xml::{KeyEntry, KeyPage};
use crate::vfs::Metadata;

/// How much older than our own note of it an object's time may be in a listing: whole seconds, and
/// a clock that differs a little.
const TIME_SLACK: Duration = Duration::from_secs(2);

/// A page of a directory: keys of files, and prefixes ending in `/`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) items: BTreeMap<String, Metadata>,
    pub(super) next: Option<String>,
    /// The directory's own marker was among the keys.
    pub(super) has_marker: bool,
    /// Directories of the page that are not among the items because we deleted their markers.
    pub(super) unmarked: Vec<String>,
}

/// Corrects a page of `directory` by what we changed in it recently.
pub(super) fn lay_over(
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
pub(super) fn cut(mut listing: Listing) -> Listing {
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
