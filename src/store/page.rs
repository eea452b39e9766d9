//! The pages of a directory.

use crate::vfs::{Entry, FtpPath};

/// Which page of which directory.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// The directory.
    pub directory: &'a FtpPath,
    /// Only names that begin so; empty for all. Narrows the query of a wildcard.
    pub name_prefix: &'a str,
    /// The page after the one that gave this token; `None` for the first.
    pub after: Option<&'a PageToken>,
    /// Whether the files' times must be those that a [`stat`](crate::store::FileTree::stat) of now
    /// tells: to a bucket in which clients set times that may be many more requests.
    pub with_times: bool,
}

/// Where the next page begins. Opaque.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageToken(pub String);

/// One page of a directory.
#[derive(Clone, Debug, Default)]
pub struct ListPage {
    /// The entries, at most 1,000.
    pub entries: Vec<Entry>,
    /// The next page, if there is one.
    pub next: Option<PageToken>,
    /// Keys that have no FTP name (`//`, `.`, `..`, control characters) and were left out.
    pub unnameable: usize,
}
