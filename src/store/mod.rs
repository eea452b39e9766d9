//! What the server needs of a store, in the terms of the S3 API. The implementations are
//! [`cos`] (a bucket) and [`local`] (a directory); nobody but `cli` and the configuration name them.
//!
//! A store knows files and directories by [`FtpPath`]; how they become keys is its own affair.
//! Calls block; each is bounded by the store's own time-outs. A store never answers `Ok` to a
//! write before what was written is durable and visible as a whole.

mod body;
pub mod cos;
mod error;
mod expected;
mod file_tree;
pub mod local;
mod multipart;
mod operation;
mod reply_wait;
mod turns;

pub use body::{Body, Cancel};
pub use error::{ErrorKind, StoreError};
pub use expected::Expected;
pub use file_tree::{Admission, FileTree, Freshness, NextPage};
pub use multipart::{
    CopySource, Multipart, MultipartUpload, PartLimits, PartPlace, PartReceipt, SilentUpload,
    SilentUploads,
};
pub use operation::Operation;
pub use reply_wait::{LongRequest, ReplyWait};
pub use turns::Turn;

use std::io::Read;
use std::sync::Arc;

use time::OffsetDateTime;

use crate::vfs::{Entry, FtpPath, Metadata};

/// `Result` of a store call.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A store of files and directories, shared by all sessions of the accounts that use it.
pub trait ObjectStore: FileTree + Multipart {
    /// What it is, for logs: `cos://bucket-1250000000/prefix (ap-guangzhou)`. Never a secret.
    fn describe(&self) -> String;

    /// The same store, working for a command whose client waits as `wait` tells: while it does, no
    /// request is tried for longer, but for those that the store may be busy with for minutes
    /// (Complete, copies), once they are under way. `None` where nothing takes long.
    fn for_command(&self, wait: &ReplyWait) -> Option<Arc<dyn ObjectStore>> {
        let _ = wait;
        None
    }

    /// Whether it can be used now, asked as cheaply as can be.
    ///
    /// # Errors
    /// What the store said; [`ErrorKind::Cancelled`] once `cancel` is raised.
    fn answers(&self, cancel: &Cancel) -> Result<()> {
        let _ = cancel;
        self.stat(&FtpPath::root(), Freshness::Now).map(drop)
    }

    /// The present moment by the clock that dates what is stored.
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// Gets ready for a request that is to come while another runs: opens a connection, where that is
    /// what would take time. Blocks meanwhile; what goes wrong is left to that request.
    fn connect_ahead(&self) {}

    /// Whether what is stored cannot be removed for a time, as far as is known: then nothing is stored
    /// that nobody asked for as it is.
    fn retains_objects(&self) -> bool {
        false
    }

    /// The same, asked of the store, and remembered.
    ///
    /// # Errors
    /// What the store said; many key pairs may not ask.
    fn look_for_retention(&self) -> Result<bool> {
        Ok(self.retains_objects())
    }
}

/// The identity of one version of an object, as the store spells it. Opaque: compared, never
/// understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ETag(pub String);

/// The facts about one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Kind, size, time.
    pub metadata: Metadata,
    /// The version, for files.
    pub etag: Option<ETag>,
}

/// Which page of which directory.
#[derive(Clone, Copy, Debug)]
pub struct ListRequest<'a> {
    /// The directory.
    pub directory: &'a FtpPath,
    /// Only names that begin so; empty for all. Narrows the query of a wildcard.
    pub name_prefix: &'a str,
    /// The page after the one that gave this token; `None` for the first.
    pub after: Option<&'a PageToken>,
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

/// Bytes `first..end` of an object; to its end when `end` is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteRange {
    /// Offset of the first byte.
    pub first: u64,
    /// Offset behind the last byte.
    pub end: Option<u64>,
}

impl ByteRange {
    /// From `first` to the end of the object.
    pub fn from(first: u64) -> Self {
        Self { first, end: None }
    }

    /// `first..end`.
    pub fn between(first: u64, end: u64) -> Self {
        Self { first, end: Some(end) }
    }
}

/// An object opened for reading.
pub struct Object {
    /// Bytes of the whole object, whatever the range.
    pub size: u64,
    /// Its version: what a later range must match.
    pub etag: Option<ETag>,
    /// CRC-64/XZ of the whole object, where the store tells it.
    pub crc64: Option<u64>,
    /// The bytes of the range. A body that ends early does so with an error or a short count; the
    /// reader counts.
    pub body: Box<dyn Read + Send>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("size", &self.size).field("etag", &self.etag).finish()
    }
}

/// What the store said of a stored object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The new version.
    pub etag: Option<ETag>,
    /// The store's own name for the request, for tickets.
    pub request_id: Option<String>,
}
