//! Pages of a directory, in the order of a bucket.
//!
//! The operating system lists in no order and cannot begin in the middle. So each page reads all
//! names and keeps the smallest ones behind the last page: memory stays that of one page, however
//! large the directory, and a listing of n names costs n²/1,000 readings of a cached name (some
//! 50 ms a page at 100,000 names).

use std::collections::BinaryHeap;
use std::os::fd::OwnedFd;

use rustix::fs::{Dir, FileType};

use super::fault::LocalResult;
use super::tree::{Found, WORK_DIRECTORY, look};
use crate::store::{ListPage, PageToken};
use crate::vfs::Entry;

/// Entries of one page: what a bucket gives, too.
const PAGE_ENTRIES: usize = 1000;

/// The names after `after` that begin with `prefix`, one page of them. Names that are no FTP names
/// are counted on the first page.
pub(super) fn page(
    directory: &OwnedFd,
    prefix: &str,
    after: Option<&str>,
) -> LocalResult<ListPage> {
    let mut names = smallest_names(directory, prefix, after)?;
    let next = (names.chosen.len() > PAGE_ENTRIES).then(|| {
        names.chosen.truncate(PAGE_ENTRIES);
        PageToken(names.chosen[PAGE_ENTRIES - 1].clone())
    });
    let mut entries = Vec::with_capacity(names.chosen.len());
    for name in names.chosen {
        // What vanished since it was read is left out.
        if let Found::File(stat) | Found::Directory(stat) = look(directory, &name)? {
            entries.push(Entry { name, metadata: stat.metadata });
        }
    }
    let unnameable = if after.is_none() { names.unnameable } else { 0 };
    Ok(ListPage { entries, next, unnameable })
}

struct Names {
    /// Sorted, at most one more than a page.
    chosen: Vec<String>,
    unnameable: usize,
}

fn smallest_names(directory: &OwnedFd, prefix: &str, after: Option<&str>) -> LocalResult<Names> {
    let mut smallest = BinaryHeap::with_capacity(PAGE_ENTRIES + 2);
    let mut unnameable = 0;
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        if !may_be_listed(entry.file_type()) {
            continue;
        }
        let name = match entry.file_name().to_str() {
            Ok("." | ".." | WORK_DIRECTORY) => continue,
            Ok(name) if !name.chars().any(char::is_control) => name,
            _ => {
                unnameable += 1;
                continue;
            }
        };
        if !name.starts_with(prefix) || after.is_some_and(|last| name <= last) {
            continue;
        }
        // Most names of a large directory fall here, before anything is allocated.
        if smallest.len() > PAGE_ENTRIES
            && smallest.peek().is_some_and(|top: &String| name >= top.as_str())
        {
            continue;
        }
        smallest.push(name.to_owned());
        if smallest.len() > PAGE_ENTRIES + 1 {
            smallest.pop();
        }
    }
    Ok(Names { chosen: smallest.into_sorted_vec(), unnameable })
}

/// Some file systems do not tell the type; then `look` decides.
fn may_be_listed(file_type: FileType) -> bool {
    matches!(file_type, FileType::RegularFile | FileType::Directory | FileType::Unknown)
}
