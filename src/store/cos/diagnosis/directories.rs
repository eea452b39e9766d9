//! Trials of what directories are made of: their markers, and the order in which they are listed.

use std::collections::BTreeSet;
use std::time::Instant;

use super::examination::Examination;
use super::probe::{store_empty, store_probe, strange};
use super::trial::{Fault, Trial, TrialVerdict};
use crate::store::cos::s3::actions::head_object::head_object;
use crate::store::cos::s3::actions::list_objects::{Depth, Window, list_objects};
use crate::store::cos::s3::client::S3Client;
use crate::store::{Operation, Result};

/// Names in the directory that is tried, as they are listed: byte by byte the first stands behind
/// the second, path by path before it.
const ENTRIES: [&str; 3] = ["a/", "a-1", "b"];

/// Names of one page. SeaweedFS takes a page that the marker alone fills for the last.
const PAGE_NAMES: usize = 2;

/// Pages that are read: those of the names and of the marker, and some that are empty.
const PAGES: usize = 8;

/// The keys that these trials store, the deepest first, and the directories that a store may have
/// made for them.
pub(super) fn keys(probe: &str) -> [String; 5] {
    ["/a/x", "/a/", "/a-1", "/b", "/"].map(|end| format!("{probe}-dir{end}"))
}

/// Stores a directory with something in it, and lists it page by page.
pub(super) fn try_directories(run: &mut Examination<'_>) {
    let [inner, _, beside, other, marker] = keys(&run.probe);
    let made =
        run.attempt(Trial::Marker, |client| make_directory(client, &marker), |()| String::new());
    if made.is_none() {
        run.skip(&[Trial::Order], "not tried: needs a directory");
        return;
    }
    let begun = Instant::now();
    let stored = [inner, beside, other].iter().try_for_each(|key| store_probe(run.client, key));
    let listed = stored.and_then(|()| list_in_pages(run.client, &marker));
    let verdict = match listed {
        Ok(names) => judge(&names),
        Err(error) => run.failed(Trial::Order, &error),
    };
    run.tell(Trial::Order, verdict, begun);
}

/// Stores a marker and looks for it.
fn make_directory(client: &S3Client, marker: &str) -> Result<()> {
    store_empty(client, marker)?;
    match head_object(client, marker)? {
        Some(head) if head.size == 0 => Ok(()),
        Some(_) => Err(strange(Operation::HeadObject, marker, "another size than was stored")),
        None => {
            let what = "the marker of a directory is not there after it was stored";
            Err(strange(Operation::HeadObject, marker, what))
        }
    }
}

/// The names in the directory, one page after the other.
fn list_in_pages(client: &S3Client, directory: &str) -> Result<Vec<String>> {
    let (mut names, mut after) = (Vec::new(), None);
    for _ in 0..PAGES {
        let window = Window { prefix: directory, after: after.as_deref() };
        let page = list_objects(client, window, Depth::Directory, PAGE_NAMES)?;
        let keys = page.objects.into_iter().map(|object| object.key).chain(page.prefixes);
        names.extend(keys.map(|key| key[directory.len()..].to_owned()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    names.retain(|name| !name.is_empty());
    Ok(names)
}

fn judge(names: &[String]) -> TrialVerdict {
    let shown: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if shown != BTreeSet::from(ENTRIES) || shown.len() != names.len() {
        let why = format!("a directory of three names is listed page by page as {names:?}");
        let fix = "listings of large directories will be wrong: this store's pages do not follow \
            one another";
        return TrialVerdict::Failed(Fault::new(why, fix));
    }
    let order = match *names == ENTRIES {
        true => "path by path",
        false if names.is_sorted() => "byte by byte",
        false => "in an order of its own",
    };
    TrialVerdict::Passed(order.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_told_and_pages_that_miss_or_repeat_a_name_are_a_fault() {
        for (names, expected) in [
            (vec!["a-1", "a/", "b"], Some("byte by byte")),
            (vec!["a/", "a-1", "b"], Some("path by path")),
            (vec!["b", "a/", "a-1"], Some("in an order of its own")),
            (vec!["a-1", "b"], None),
            (vec!["a-1", "a/", "a/", "b"], None),
        ] {
            let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
            let told = match judge(&names) {
                TrialVerdict::Passed(order) => Some(order),
                _ => None,
            };
            assert_eq!(told.as_deref(), expected, "{names:?}");
        }
    }
}
