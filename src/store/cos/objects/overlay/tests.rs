//! Pages and notes that agree, and that differ.

use std::cell::RefCell;

use time::OffsetDateTime;

use super::super::KeyEntry;
use super::super::note::Change;
use super::*;
use crate::store::{ETag, ErrorKind, Operation, StoreError};

/// When the listing was asked for; notes have this number, younger ones a greater.
const ASKED: Moment = Moment(7);

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

/// `key=size@seconds`; the ETag is made of the size.
fn object(text: &str) -> KeyEntry {
    let (key, rest) = text.split_once('=').unwrap();
    let (size, seconds) = rest.split_once('@').unwrap();
    KeyEntry {
        key: key.into(),
        size: size.parse().unwrap(),
        modified: Some(at(seconds.parse().unwrap())),
        etag: Some(format!("\"{size}\"")),
    }
}

fn page(objects: &[&str], prefixes: &[&str], next: Option<&str>) -> KeyPage {
    KeyPage {
        objects: objects.iter().map(|text| object(text)).collect(),
        prefixes: prefixes.iter().map(|&prefix| prefix.into()).collect(),
        next: next.map(str::to_owned),
    }
}

/// All at second 100: `key=9` was written, `key` was deleted.
fn notes(texts: &[&str], number: u64) -> BTreeMap<String, Note> {
    let note = |text: &&str| {
        let (key, change) = match text.split_once('=') {
            Some((key, size)) => {
                let (size, etag) = (size.parse().unwrap(), Some(ETag(size.to_owned())));
                (key, Change::Written { size, modified: at(100), etag })
            }
            None => (*text, Change::Deleted { at: at(100) }),
        };
        (key.to_owned(), Note { change, number, may_come_yet: false })
    };
    texts.iter().map(note).collect()
}

/// What stands in the bucket, and what was asked about.
#[derive(Default)]
struct StandingObjects {
    objects: Vec<&'static str>,
    asked: RefCell<Vec<String>>,
    is_closed: bool,
}

impl StandingObjects {
    fn with(objects: &[&'static str]) -> Self {
        Self { objects: objects.to_vec(), ..Self::default() }
    }

    fn found(&self, is_it: impl Fn(&KeyEntry) -> bool) -> Option<KeyEntry> {
        self.objects.iter().map(|text| object(text)).find(is_it)
    }
}

impl Truth for StandingObjects {
    fn object(&self, key: &str) -> Result<Option<KeyEntry>> {
        self.asked.borrow_mut().push(key.to_owned());
        if self.is_closed {
            return Err(StoreError::new(ErrorKind::AccessDenied, Operation::HeadObject, key));
        }
        Ok(self.found(|object| object.key == key))
    }

    fn has_directory(&self, prefix: &str) -> Result<bool> {
        self.asked.borrow_mut().push(prefix.to_owned());
        Ok(self.found(|object| object.key.starts_with(prefix)).is_some())
    }
}

fn resolve(page: KeyPage, notes: BTreeMap<String, Note>, bucket: &StandingObjects) -> Corrected {
    let window = Window { prefix: "d/", after: None };
    Overlay::new(window, Some("d/"), page, notes, ASKED).resolve(bucket).unwrap()
}

/// What is shown: files with their sizes, then directories.
fn shown(page: &Corrected) -> Vec<String> {
    let objects = page.objects.values().map(|object| format!("{}={}", object.key, object.size));
    objects.chain(page.prefixes.iter().cloned()).collect()
}

fn keys(notes: &BTreeMap<String, Note>) -> Vec<&str> {
    notes.keys().map(String::as_str).collect()
}

#[test]
fn a_listing_that_knows_better_is_believed_unasked() {
    for (objects, prefixes, changed, expected, is_settled) in [
        (vec!["d/a=9@100"], vec![], "d/a=9", vec!["d/a=9"], true),
        (vec!["d/a=5@102"], vec![], "d/a=9", vec!["d/a=5"], true),
        (vec!["d/a=5@102"], vec![], "d/a", vec!["d/a=5"], true),
        (vec![], vec![], "d/a", vec![], true),
        (vec![], vec!["d/s/"], "d/s/x=9", vec!["d/s/"], false),
        (vec![], vec!["d/s/"], "d/s/x", vec!["d/s/"], false),
        (vec![], vec![], "d/s/x", vec![], true),
    ] {
        let bucket = StandingObjects::default();
        let told = page(&objects, &prefixes, None);
        let page = resolve(told.clone(), notes(&[changed], 7), &bucket);
        assert_eq!(shown(&page), expected, "{changed}");
        assert_eq!(page.settled.len(), usize::from(is_settled), "{changed}");
        assert_eq!(page.open.len(), usize::from(!is_settled), "{changed}");
        assert!(bucket.asked.borrow().is_empty(), "{changed}");
        let young = resolve(told, notes(&[changed], 8), &bucket);
        assert_eq!(
            (shown(&young), young.settled.len()),
            (expected.iter().map(|&s| s.to_owned()).collect(), 0)
        );
    }
}

#[test]
fn where_the_two_differ_the_store_decides() {
    for (objects, prefixes, changed, truth, expected, is_settled) in [
        // The listing lags behind our change.
        (vec![], vec![], "d/a=9", vec!["d/a=9@100"], vec!["d/a=9"], false),
        (vec!["d/a=5@100"], vec![], "d/a=9", vec!["d/a=9@100"], vec!["d/a=9"], false),
        (vec!["d/a=5@99"], vec![], "d/a", vec![], vec![], false),
        (vec![], vec![], "d/s/x=9", vec!["d/s/x=9@100"], vec!["d/s/"], false),
        (vec![], vec!["d/s/"], "d/s/", vec![], vec![], false),
        // Somebody else has changed it since.
        (vec![], vec![], "d/a=9", vec![], vec![], true),
        (vec!["d/a=5@101"], vec![], "d/a=9", vec!["d/a=5@101"], vec!["d/a=5"], true),
        (vec!["d/a=5@90"], vec![], "d/a=9", vec!["d/a=5@90"], vec!["d/a=5"], true),
        (vec!["d/a=5@101"], vec![], "d/a", vec!["d/a=5@101"], vec!["d/a=5"], true),
        (vec![], vec![], "d/s/x=9", vec![], vec![], true),
        (vec![], vec!["d/s/"], "d/s/", vec!["d/s/y=5@90"], vec!["d/s/"], true),
        (vec![], vec!["d/s/"], "d/s/", vec!["d/s/=0@101"], vec!["d/s/"], true),
        // And the listing lags behind that, too.
        (vec!["d/a=5@90"], vec![], "d/a=9", vec!["d/a=6@101"], vec!["d/a=6"], true),
        (vec!["d/a=5@90"], vec![], "d/a=9", vec![], vec![], true),
    ] {
        let bucket = StandingObjects::with(&truth);
        let page = resolve(page(&objects, &prefixes, None), notes(&[changed], 7), &bucket);
        let case = format!("{objects:?} {prefixes:?} {changed} {truth:?}");
        assert_eq!(shown(&page), expected, "{case}");
        assert_eq!(page.settled.len(), usize::from(is_settled), "{case}");
        assert_eq!(bucket.asked.borrow().len(), 1, "{case}");
    }
}

#[test]
fn a_page_is_not_believed_about_what_changed_while_it_came() {
    for (objects, prefixes, changed, expected) in [
        (vec![], vec![], vec!["d/a=9"], vec!["d/a=9"]),
        (vec!["d/a=5@100"], vec![], vec!["d/a"], vec![]),
        (vec![], vec![], vec!["d/s/x=9"], vec!["d/s/"]),
        (vec![], vec!["d/s/"], vec!["d/s/"], vec![]),
        (vec![], vec!["d/s/"], vec!["d/s/", "d/s/x=9"], vec!["d/s/"]),
    ] {
        let bucket = StandingObjects::default();
        let page = resolve(page(&objects, &prefixes, None), notes(&changed, 8), &bucket);
        assert_eq!(shown(&page), expected, "{changed:?}");
        assert!(bucket.asked.borrow().is_empty() && page.settled.is_empty(), "{changed:?}");
    }
}

#[test]
fn who_may_only_list_sees_own_changes() {
    let bucket = StandingObjects { is_closed: true, ..StandingObjects::default() };
    let page = resolve(page(&["d/b=5@90"], &[], None), notes(&["d/a=9", "d/b"], 7), &bucket);
    assert_eq!(shown(&page), ["d/a=9"]);
    assert_eq!(keys(&page.open), ["d/a", "d/b"]);
}

#[test]
fn those_that_are_looked_at_speak_for_the_rest() {
    const MANY: usize = LOOKS * 2;
    let names: Vec<String> = (0..MANY).map(|n| format!("d/{n:02}=9")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all = "d/00=9@100 d/01=9@100 d/02=9@100 d/03=9@100 d/04=9@100 d/05=9@100 d/06=9@100 \
               d/07=9@100";
    for (standing, shown_at_last, settled) in [(LOOKS, MANY, 0), (0, 0, MANY), (3, 3, 5)] {
        let standing: Vec<&str> = all.split(' ').take(standing).collect();
        let bucket = StandingObjects::with(&standing);
        let page = resolve(page(&[], &[], None), notes(&names, 7), &bucket);
        assert_eq!(page.objects.len(), shown_at_last);
        assert_eq!(page.settled.len(), settled, "of those in doubt the rest is asked next time");
        assert_eq!(bucket.asked.borrow().len(), LOOKS);
    }
}

#[test]
fn one_object_that_stands_is_enough_for_its_directory() {
    let bucket = StandingObjects::with(&["d/s/a=9@100", "d/t/b=9@100"]);
    let changed = ["d/s/a=9", "d/s/b=9", "d/t/a=9", "d/t/b=9", "d/u/a=9"];
    let page = resolve(page(&[], &[], None), notes(&changed, 7), &bucket);
    assert_eq!(shown(&page), ["d/s/", "d/t/"]);
    assert_eq!(*bucket.asked.borrow(), ["d/s/a", "d/t/a", "d/u/a", "d/t/b"]);
    assert_eq!(keys(&page.settled), ["d/t/a", "d/u/a"]);
}

#[test]
fn what_we_stored_in_a_directory_without_its_marker_keeps_it() {
    let bucket = StandingObjects::default();
    let changed = ["d/s/", "d/s/x=9", "d/t/", "d/u/x"];
    let page = resolve(page(&[], &["d/s/", "d/t/", "d/u/"], None), notes(&changed, 7), &bucket);
    assert_eq!(shown(&page), ["d/s/", "d/u/"]);
    assert_eq!(*bucket.asked.borrow(), ["d/t/"]);
}

#[test]
fn each_change_belongs_to_one_page() {
    let changed = notes(&["d/a=9", "d/m=9", "d/s/x=9", "d/z=9"], 8);
    let bucket = StandingObjects::default();
    let shown = |after, told| {
        let window = Window { prefix: "d/", after };
        let overlay = Overlay::new(window, Some("d/"), told, changed.clone(), ASKED);
        shown(&overlay.resolve(&bucket).unwrap())
    };
    assert_eq!(shown(None, page(&["d/b=1@9"], &[], Some("d/b"))), ["d/a=9", "d/b=1"]);
    let second = page(&["d/n=1@9"], &["d/s/"], Some("d/s/"));
    assert_eq!(shown(Some("d/b"), second), ["d/m=9", "d/n=1", "d/s/"]);
    assert_eq!(shown(Some("d/s/"), page(&[], &[], None)), ["d/z=9"]);
}

#[test]
fn a_name_is_shown_once_in_whatever_order_the_store_lists() {
    // Path by path, and in no order at all.
    let changed = notes(&["d/2024-01=9", "d/2024/x=9", "d/2025=9", "d/gone"], 7);
    for pages in [
        [
            page(&["d/2023=9@100"], &["d/2024/"], Some("t")),
            page(&["d/2024-01=9@100", "d/2025=9@100"], &[], None),
        ],
        [
            page(&["d/2025=9@100", "d/2023=9@100"], &[], Some("t")),
            page(&["d/gone=1@9", "d/2024-01=9@100"], &["d/2024/"], None),
        ],
    ] {
        let bucket = StandingObjects::with(&[
            "d/2023=9@100",
            "d/2024-01=9@100",
            "d/2024/x=9@100",
            "d/2025=9@100",
        ]);
        let [first, second] =
            pages.map(|told| told.next.clone().map_or((Some("t"), told.clone()), |_| (None, told)));
        let mut all = Vec::new();
        for (after, told) in [first, second] {
            let window = Window { prefix: "d/", after };
            let overlay = Overlay::new(window, Some("d/"), told, changed.clone(), ASKED);
            all.extend(shown(&overlay.resolve(&bucket).unwrap()));
        }
        all.sort();
        assert_eq!(all, ["d/2023=9", "d/2024-01=9", "d/2024/", "d/2025=9"]);
    }
}

#[test]
fn what_is_certain_needs_no_answer() {
    let window = Window { prefix: "d/", after: None };
    let is_certain = |objects: &[&str]| {
        let told = page(objects, &[], None);
        let overlay = Overlay::new(window, None, told, notes(&["d/a", "d/b=9"], 7), ASKED);
        overlay.is_certain(|key| key != "d/")
    };
    assert!(!is_certain(&["d/=0@9", "d/a=5@99"]));
    assert!(is_certain(&["d/a=5@102"]) && is_certain(&["d/a=5@99", "d/c=1@9"]));
}
