//! The times that clients gave the files of a page, as [`super::times`] tells them of each: no
//! listing does. What is not remembered of a row is asked by a HEAD, a few at once.

use std::mem;
use std::time::Instant;

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::BucketTree;
use super::markers::legacy_directory;
use super::times::{given, kept, time_of};
use crate::store::cos::objects::corrected::Corrected;
use crate::store::cos::objects::note::bare;
use crate::store::cos::objects::{CopyReceipt, Head, KeyEntry};
use crate::store::{ErrorKind, Result};
use crate::vfs::Metadata;

/// HEADs of one page at once.
const LOOKS: usize = 16;

/// The files of the page as HEAD tells of them, by their keys, which are taken out of its rows.
/// Where nobody may ask, and of a file that is gone since, what the page says must do.
pub(super) fn as_head_tells(
    tree: BucketTree<'_>,
    page: &mut Corrected,
) -> Result<Vec<(String, Metadata)>> {
    let told = ask_about_rows(tree, page)?;
    let rows = page.objects.values_mut().zip(told);
    Ok(rows.filter_map(|(row, told)| Some((mem::take(&mut row.key), told?))).collect())
}

/// What is told of each object of the page, in its order.
fn ask_about_rows(tree: BucketTree<'_>, page: &Corrected) -> Result<Vec<Option<Metadata>>> {
    let mut told = vec![None; page.objects.len()];
    let mut unknown = Vec::new();
    for (at, row) in page.objects.values().enumerate().filter(|(_, row)| is_file(row)) {
        if let Some(modified) = row.modified.filter(|_| is_the_listings(page, row)) {
            tree.cache.times.see_date(modified);
        }
        match remembered(tree, page, row) {
            Some(time) => told[at] = Some(Metadata::file(row.size, Some(time))),
            None => unknown.push((at, row)),
        }
    }
    if unknown.is_empty() {
        return Ok(told);
    }
    let workers = LOOKS.min(unknown.len());
    let (told, mut unknown) = (Mutex::new(told), unknown.into_iter());
    let asked = tree.account.pool.share(
        workers,
        || Ok(unknown.next()),
        |(at, row)| {
            let metadata = look(tree, page, row)?;
            told.lock()[at] = metadata;
            Ok(())
        },
    );
    match asked {
        // Who may list but not read is refused everywhere.
        Err(error) if error.kind == ErrorKind::AccessDenied => {}
        other => other?,
    }
    Ok(told.into_inner())
}

/// Remembers the time of a copy of the version `head`, which was made with these headers.
pub(super) fn learn_copied(
    tree: BucketTree<'_>,
    key: &str,
    copied: &CopyReceipt,
    head: &Head,
    headers: &[(String, String)],
) {
    let times = &tree.cache.times;
    let Some(modified) = copied.modified.filter(|_| tree.account.preserve_mtime) else { return };
    times.see_date(modified);
    if !times.is_unmistakable(modified, None) {
        return;
    }
    let (key, etag) = (key.to_owned(), Some(copied.etag.0.clone()));
    let row = KeyEntry { key, size: head.size, modified: Some(modified), etag };
    times.learn(&row, given(headers).or_else(|| kept(head)).unwrap_or(modified));
}

/// Whether it may be shown as a file.
fn is_file(row: &KeyEntry) -> bool {
    !row.key.ends_with('/') && (row.size > 0 || legacy_directory(&row.key).is_none())
}

fn remembered(tree: BucketTree<'_>, page: &Corrected, row: &KeyEntry) -> Option<OffsetDateTime> {
    tree.cache.times.of(row).filter(|_| is_the_listings(page, row))
}

/// Whether it is the listing that shows it so, and not we, who stored it and do not know how it is
/// dated.
fn is_the_listings(page: &Corrected, row: &KeyEntry) -> bool {
    !page.open.contains_key(&row.key)
}

/// Asks for one file, and remembers its time if it is the version of the row. `None` when it is
/// gone.
fn look(tree: BucketTree<'_>, page: &Corrected, row: &KeyEntry) -> Result<Option<Metadata>> {
    let asked = Instant::now();
    let Some(head) = tree.objects.head(&row.key)? else { return Ok(None) };
    let time = time_of(tree, &head);
    let known_at = head.headers.date().map(|at| at - asked.elapsed());
    if let (Some(time), Some(modified)) = (time, row.modified)
        && is_the_listings(page, row)
        && is_version(&head, row)
        && tree.cache.times.is_unmistakable(modified, known_at)
    {
        tree.cache.times.learn(row, time);
    }
    Ok(Some(Metadata::file(head.size, time)))
}

/// Whether HEAD tells of the version that the row shows. A header tells whole seconds.
fn is_version(head: &Head, row: &KeyEntry) -> bool {
    let etags = head.etag().zip(row.etag.as_deref());
    let second = |at: Option<OffsetDateTime>| at.map(OffsetDateTime::unix_timestamp);
    etags.is_some_and(|(its, shown)| bare(&its.0) == bare(shown))
        && second(head.modified()) == second(row.modified)
}
