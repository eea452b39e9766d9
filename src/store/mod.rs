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
pub mod local;
mod reply_wait;
mod turns;
mod uploads;

pub use body::{Body, Cancel};
pub use error::{ErrorKind, Operation, StoreError};
pub use expected::Expected;
pub use reply_wait::{LongRequest, ReplyWait};
pub use turns::Turn;
pub use uploads::{
    CopySource, MultipartUpload, PartLimits, PartPlace, PartReceipt, SilentUpload, SilentUploads,
};

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;

use crate::vfs::{Entry, FtpPath, Metadata};

/// `Result` of a store call.
pub type Result<T> = std::result::Result<T, StoreError>;

/// A store of files and directories, shared by all sessions of the accounts that use it.
pub trait ObjectStore: Send + Sync + 'static {
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
        self.stat_now(&FtpPath::root()).map(drop)
    }

    /// The present moment by the clock that dates what is stored.
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// The sizes this store accepts.
    fn part_limits(&self) -> PartLimits;

    /// The facts about one name. A name is a file only if exactly that object exists; else a
    /// directory if its marker or anything below it exists. The root always exists.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`].
    fn stat(&self, path: &FtpPath) -> Result<Stat>;

    /// Whether a name is a directory, for somebody who only wants to go there: a store may answer
    /// it by fewer questions than [`Self::stat`], and from a listing that lags a little.
    ///
    /// # Errors
    /// As [`Self::stat`].
    fn is_directory(&self, path: &FtpPath) -> Result<bool> {
        Ok(self.stat(path)?.metadata.is_directory())
    }

    /// The same as [`Self::stat`], asked of the store in any case: that may repeat what it
    /// was told a moment ago, which is not enough where bytes are kept or lost by it.
    ///
    /// # Errors
    /// As [`Self::stat`].
    fn stat_now(&self, path: &FtpPath) -> Result<Stat> {
        self.stat(path)
    }

    /// The file of this name, asked of the store in any case; `None` if there is none, whatever else
    /// may be called so.
    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        match self.stat_now(path) {
            Ok(stat) => Ok(Some(stat).filter(|stat| !stat.metadata.is_directory())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether a file may come to stand under `path`, as far as that is known without asking for
    /// it: told before a client is asked for bytes that nobody could keep.
    ///
    /// # Errors
    /// [`ErrorKind::BadName`] when nothing may be called so, [`ErrorKind::IsADirectory`],
    /// [`ErrorKind::NotADirectory`] when what should be a directory above it is a file.
    fn admits_file(&self, path: &FtpPath) -> Result<Admission> {
        let _ = path;
        Ok(Admission::Granted)
    }

    /// The same, asked of the store.
    ///
    /// # Errors
    /// As [`Self::admits_file`].
    fn look_for_room(&self, path: &FtpPath) -> Result<()> {
        self.admits_file(path).map(drop)
    }

    /// Waits until no other session adds to the file `path`, `patience` at most: those that read a
    /// file in order to replace it by a longer one follow one another. Dropped, what is answered
    /// lets the next one go on. `None` when another session takes too long.
    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<Turn> {
        let _ = (path, patience);
        None
    }

    /// One page of a directory, in the store's order (bytewise by name in a bucket). Entries
    /// without an FTP name are left out and counted.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if the directory does not exist, [`ErrorKind::NotADirectory`] if
    /// the name is a file (both on the first page only).
    fn list(&self, request: &ListRequest<'_>) -> Result<ListPage>;

    /// The same, but tells where the next page begins as soon as that is known, at most once, so
    /// that it can be asked for while this one is still on its way. If it is told, it is what the
    /// page's [`ListPage::next`] will be.
    ///
    /// # Errors
    /// As [`Self::list`]; [`ErrorKind::Unavailable`] when the directory changed under the request so
    /// that what was told is wrong.
    fn list_ahead(
        &self,
        request: &ListRequest<'_>,
        tell: &mut dyn FnMut(&PageToken),
    ) -> Result<ListPage> {
        let _ = tell;
        self.list(request)
    }

    /// Gets ready for a request that is to come while another runs: opens a connection, where that is
    /// what would take time. Blocks meanwhile; what goes wrong is left to that request.
    fn connect_ahead(&self) {}

    /// Opens an object for reading from byte `range.first` on. A range that begins exactly at the
    /// end yields an empty body. With `if_match`, only that version of the object is read.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::InvalidRange`] when the range begins beyond the end,
    /// [`ErrorKind::PreconditionFailed`] when the object is another one by now.
    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object>;

    /// Stores a whole object in one request, in place of an earlier one if that is `expected`.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when something else stands there, which stays;
    /// [`ErrorKind::IsADirectory`], [`ErrorKind::NotADirectory`] as [`Self::admits_file`].
    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored>;

    /// Begins an upload in parts. Nothing is visible under `path` until it is completed.
    fn create_multipart_upload(&self, path: &FtpPath) -> Result<MultipartUpload>;

    /// Stores one part. May be called for several parts at once, in any order.
    fn upload_part(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        body: &Body<'_>,
    ) -> Result<PartReceipt>;

    /// Stores a range of the object that now stands under the upload's own path as a part,
    /// without moving the bytes through here.
    ///
    /// # Errors
    /// [`ErrorKind::PreconditionFailed`] when that object is not `source.etag` (any more).
    fn upload_part_copy(
        &self,
        upload: &MultipartUpload,
        part: PartPlace,
        source: &CopySource,
    ) -> Result<PartReceipt>;

    /// Publishes the object from its parts, sorted by number and without gaps in their offsets.
    /// A lost answer is resolved by looking at the object before this returns.
    ///
    /// # Errors
    /// As [`Self::put_object`].
    fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[PartReceipt],
        expected: &Expected,
    ) -> Result<Stored>;

    /// Drops an upload and its parts. An upload that no longer exists is no error.
    fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<()>;

    /// A page of the uploads in parts that stand below this store's root, begun by whomever and
    /// neither completed nor aborted. Told are those that have received nothing for `silence`, by
    /// the store's clock; the others are counted. What this process has under way is among those.
    /// A store that keeps no uploads beyond its own process has none.
    ///
    /// # Errors
    /// What the store said; [`ErrorKind::Cancelled`] once `cancel` is raised.
    fn silent_uploads(
        &self,
        silence: Duration,
        after: Option<&PageToken>,
        cancel: &Cancel,
    ) -> Result<SilentUploads> {
        let _ = (silence, after, cancel);
        Ok(SilentUploads::default())
    }

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

    /// Deletes a file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::IsADirectory`].
    fn delete_object(&self, path: &FtpPath) -> Result<()>;

    /// Makes a directory (in a bucket: the 0-byte marker `path/`).
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if a file or directory of that name exists.
    fn create_directory(&self, path: &FtpPath) -> Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::NotADirectory`], [`ErrorKind::DirectoryNotEmpty`].
    fn remove_directory(&self, path: &FtpPath) -> Result<()>;

    /// Keeps `modified` as the time of a file's last change, for [`Self::stat_now`] to tell. A
    /// bucket cannot date an object: there it becomes metadata, which no listing tells.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::IsADirectory`]; [`ErrorKind::TooLarge`] for a file
    /// that the store cannot give metadata without moving it in parts; [`ErrorKind::Unsupported`].
    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        let _ = modified;
        Err(StoreError::new(ErrorKind::Unsupported, Operation::CopyObject, path.as_str()))
    }

    /// Gives a file or directory another name. A file that stands under the new name is
    /// replaced by a file; a directory replaces nothing and is never moved into itself.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], [`ErrorKind::AlreadyExists`], [`ErrorKind::IsADirectory`],
    /// [`ErrorKind::BadName`] for a directory moved into itself; [`ErrorKind::BrokenOff`] when a
    /// directory was moved in part: then all of it still stands under its old name, or, if only
    /// the cleaning up failed, all of it under the new one.
    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()>;
}

/// Whether a file may come to stand under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Granted,
    /// Only the store can tell: [`ObjectStore::look_for_room`].
    Unknown,
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
