//! Which keys a page of a listing stands for, where no order is taken for granted.
//!
//! Most stores list byte by byte. Those that keep real directories list path by path: `a/x` stands
//! before `a-1`. A page shows by its own keys that it keeps to one of the two; what is said of a
//! key that is not on it then holds in both, and a page that keeps to neither tells of its own keys
//! alone.

use super::{KeyPage, Window};

/// The part of a listing that a page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    begin: PageBegin,
    end: PageEnd,
    /// Whether its names stand in one of the two orders.
    is_ordered: bool,
}

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum PageBegin {
    /// At the first key of all.
    #[default]
    First,
    /// Behind this name.
    Behind(String),
    /// At this name: how the one before it is called is not known.
    At(String),
    /// Nobody knows.
    Unknown,
}

/// Where a page ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum PageEnd {
    /// At the last key of all.
    #[default]
    Last,
    /// At this name.
    At(String),
    /// Nobody knows.
    Unknown,
}

impl Span {
    /// The part of the listing of `window` that `page` is.
    pub(crate) fn of(window: Window<'_>, page: &KeyPage) -> Self {
        let begin = match window.after {
            None => PageBegin::First,
            // Stores may name the next page by anything.
            Some(after) if after.starts_with(window.prefix) => PageBegin::Behind(after.to_owned()),
            Some(_) => {
                names(page).min().map_or(PageBegin::Unknown, |name| PageBegin::At(name.to_owned()))
            }
        };
        let end = match &page.next {
            None => PageEnd::Last,
            Some(_) => {
                names(page).max().map_or(PageEnd::Unknown, |name| PageEnd::At(name.to_owned()))
            }
        };
        Self { begin, end, is_ordered: is_ordered(page) }
    }

    /// What the page shows all of, if it is sure to: the keys behind the first of the two, if there
    /// is one, up to and with the second.
    pub(crate) fn bounds(&self) -> Option<(Option<&str>, Option<&str>)> {
        if (&self.begin, &self.end) == (&PageBegin::First, &PageEnd::Last) {
            return Some((None, None));
        }
        let after = match &self.begin {
            PageBegin::First => None,
            PageBegin::Behind(name) | PageBegin::At(name) => Some(&**name),
            PageBegin::Unknown => return None,
        };
        let last = match &self.end {
            PageEnd::Last => None,
            PageEnd::At(name) => Some(&**name),
            PageEnd::Unknown => return None,
        };
        self.is_ordered.then_some((after, last))
    }

    /// Whether the page would show this key or folded prefix, if the listing did.
    pub(crate) fn covers(&self, item: &str) -> bool {
        self.bounds().is_some_and(|(after, last)| {
            after.is_none_or(|after| is_before(after, item))
                && last.is_none_or(|last| last == item || is_before(item, last))
        })
    }
}

/// Whether `one` stands before `other`, byte by byte and path by path.
pub(crate) fn is_before(one: &str, other: &str) -> bool {
    one < other && one.split('/').lt(other.split('/'))
}

/// The names on a page.
fn names(page: &KeyPage) -> impl Iterator<Item = &str> {
    page.objects.iter().map(|object| &*object.key).chain(page.prefixes.iter().map(|name| &**name))
}

/// Whether keys and prefixes, which come apart, are each in one of the two orders.
fn is_ordered(page: &KeyPage) -> bool {
    let keys = || page.objects.iter().map(|object| &*object.key);
    let prefixes = || page.prefixes.iter().map(|name| &**name);
    let by_path = |one: &&str, other: &&str| one.split('/').le(other.split('/'));
    (keys().is_sorted() && prefixes().is_sorted())
        || (keys().is_sorted_by(by_path) && prefixes().is_sorted_by(by_path))
}

#[cfg(test)]
mod tests {
    use super::super::KeyEntry;
    use super::*;

    fn page(keys: &[&str], prefixes: &[&str], next: Option<&str>) -> KeyPage {
        let object =
            |key: &&str| KeyEntry { key: (*key).to_owned(), size: 1, modified: None, etag: None };
        KeyPage {
            objects: keys.iter().map(object).collect(),
            prefixes: prefixes.iter().map(|&prefix| prefix.to_owned()).collect(),
            next: next.map(str::to_owned),
        }
    }

    fn covered<'a>(span: &Span, items: &[&'a str]) -> Vec<&'a str> {
        items.iter().copied().filter(|item| span.covers(item)).collect()
    }

    #[test]
    fn a_page_stands_for_what_lies_between_its_ends_in_either_order() {
        // Path by path `2024/` stands before `2024-01`, byte by byte behind it.
        let items = ["d/2023", "d/2024", "d/2024-01", "d/2024/", "d/2025", "d/2026/"];
        for (after, keys, prefixes, next, expected) in [
            (None, vec!["d/2023"], vec![], None, items.to_vec()),
            (
                None,
                vec!["d/2023", "d/2024-01"],
                vec![],
                Some("d/2024-01"),
                vec!["d/2023", "d/2024", "d/2024-01"],
            ),
            (
                None,
                vec!["d/2023"],
                vec!["d/2024/"],
                Some("d/2024/"),
                vec!["d/2023", "d/2024", "d/2024/"],
            ),
            (Some("d/2024/"), vec!["d/2025"], vec![], None, vec!["d/2025", "d/2026/"]),
            (Some("d/2024-01"), vec!["d/2025"], vec![], None, vec!["d/2025", "d/2026/"]),
            // A marker that is no name.
            (Some("0d61634525"), vec!["d/2025"], vec!["d/2026/"], Some("x"), vec!["d/2026/"]),
            (Some("0d61634525"), vec![], vec![], None, vec![]),
            (None, vec![], vec![], Some("x"), vec![]),
        ] {
            let window = Window { prefix: "d/", after };
            let span = Span::of(window, &page(&keys, &prefixes, next));
            assert_eq!(covered(&span, &items), expected, "{after:?} {keys:?} {prefixes:?}");
        }
    }

    #[test]
    fn a_page_in_no_order_stands_for_nothing_else_unless_it_is_all() {
        let window = Window { prefix: "d/", after: None };
        let items = ["d/a", "d/m", "d/z"];
        for (keys, next, expected) in [
            (["d/z", "d/a"], Some("d/a"), vec![]),
            (["d/z", "d/a"], None, items.to_vec()),
            (["d/a", "d/z"], Some("d/z"), items.to_vec()),
            (["d/m/x", "d/m-1"], Some("d/m-1"), vec!["d/a", "d/m"]),
        ] {
            let span = Span::of(window, &page(&keys, &[], next));
            assert_eq!(covered(&span, &items), expected, "{keys:?}");
        }
    }
}
