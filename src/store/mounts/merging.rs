//! Listings of directories that hold mount points, or lie above them.

use crate::store::{ListPage, ListRequest};
use crate::vfs::{Entry, Metadata};

/// Puts the `mounted` names onto the first page of a listing, and takes off every page what the
/// store has under them. No order of its pages is taken for granted: what looks at the last name of
/// a page finds the store's.
pub(super) fn merge(page: &mut ListPage, mounted: &[String], request: &ListRequest<'_>) {
    page.entries.retain(|entry| mounted.binary_search(&entry.name).is_err());
    if request.after.is_some() {
        return;
    }
    for name in mounted.iter().filter(|name| name.starts_with(request.name_prefix)) {
        let place = page.entries.partition_point(|entry| entry.name < *name);
        let place = match page.next {
            Some(_) => place.min(page.entries.len().saturating_sub(1)),
            None => place,
        };
        let metadata = Metadata::directory(None);
        page.entries.insert(place, Entry { name: name.clone(), metadata });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::PageToken;
    use crate::vfs::FtpPath;

    fn merged(names: &[&str], next: bool, after: bool, prefix: &str) -> Vec<String> {
        let entry =
            |name: &&str| Entry { name: (*name).to_owned(), metadata: Metadata::file(1, None) };
        let token = PageToken("next".to_owned());
        let mut page = ListPage {
            entries: names.iter().map(entry).collect(),
            next: next.then(|| token.clone()),
            unnameable: 0,
        };
        let request = ListRequest {
            directory: &FtpPath::root(),
            name_prefix: prefix,
            after: after.then_some(&token),
            with_times: false,
        };
        merge(&mut page, &["archive".to_owned(), "common".to_owned()], &request);
        let shown = |entry: Entry| match entry.metadata.is_directory() {
            true => format!("{}/", entry.name),
            false => entry.name,
        };
        page.entries.into_iter().map(shown).collect()
    }

    #[test]
    fn mount_points_stand_on_the_first_page_and_hide_what_is_called_so() {
        for (names, next, after, prefix, expected) in [
            (&["a", "m", "z"][..], false, false, "", &["a", "archive/", "common/", "m", "z"][..]),
            (&[], false, false, "", &["archive/", "common/"]),
            (&["archive", "b"], false, false, "", &["archive/", "b", "common/"]),
            // The last name stays the store's.
            (&["a", "b"], true, false, "", &["a", "archive/", "common/", "b"]),
            (&["common", "z"], false, true, "", &["z"]),
            (&["co"], false, false, "co", &["co", "common/"]),
            (&["arc"], false, false, "arc", &["arc", "archive/"]),
        ] {
            assert_eq!(merged(names, next, after, prefix), expected, "{names:?}");
        }
    }
}
