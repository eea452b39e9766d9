//! What is known about one file or directory.

use time::OffsetDateTime;

/// A file or a directory; a bucket knows nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// An object under exactly this key.
    File,
    /// A marker object (`key/`), or a prefix that some deeper key implies.
    Directory,
}

/// The facts about a file or directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// File or directory.
    pub kind: EntryKind,
    /// Bytes; 0 for a directory.
    pub size: u64,
    /// Last change, UTC. Prefixes carry none.
    pub modified: Option<OffsetDateTime>,
}

impl Metadata {
    /// The facts of a directory, whose time may be unknown.
    pub fn directory(modified: Option<OffsetDateTime>) -> Self {
        Self { kind: EntryKind::Directory, size: 0, modified }
    }

    /// The facts of a file.
    pub fn file(size: u64, modified: Option<OffsetDateTime>) -> Self {
        Self { kind: EntryKind::File, size, modified }
    }

    /// The time that clients are told. Where none is known, as of a prefix, it is the epoch: some
    /// clients refuse a whole listing in which one entry has none, this one never changes, and to
    /// be the oldest makes nobody send anything again.
    pub fn told_time(&self) -> OffsetDateTime {
        self.modified.unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }

    /// Whether this is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == EntryKind::Directory
    }
}

/// One line of a listing: a name inside its directory, and the facts about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The last component only, without `/`.
    pub name: String,
    /// The facts.
    pub metadata: Metadata,
}
