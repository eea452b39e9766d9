//! What the server needs of a store, in the terms of the S3 API. The implementations are [`cos`] (a
//! bucket) and [`local`] (a directory); nobody but `cli` and the configuration name them.
//!
//! A store knows files and directories by [`FtpPath`]; how they become keys is its own affair.
//! Calls block; each is bounded by the store's own time-outs. A store never answers `Ok` to a
//! write before what was written is durable and visible as a whole.

mod attributes;
mod body;
pub mod cos;
mod error;
mod expected;
mod file_tree;
mod found_uploads;
mod key_locks;
mod last_answer;
mod late_versions;
pub mod local;
mod mounts;
mod multipart;
mod object;
mod on_exists;
mod operation;
mod own_parked;
mod page;
mod private_address;
mod reply_wait;
mod requester;
mod trash;

pub use attributes::Attributes;
pub use body::{Body, Cancel};
pub use error::{ErrorKind, Result, StoreError};
pub use expected::Expected;
pub use file_tree::{Admission, FileTree, Freshness, IsUseless, KeepReplaced, NextPage};
pub use key_locks::{KeyLock, KeyLocks};
pub use last_answer::StoreAnswer;
pub use mounts::{CopyPlaces, Mount, MountRights, MountStore, MountTerms};
pub use multipart::{
    CopySource, Multipart, MultipartUpload, NewerUpload, OwnUploadState, ParkedUpload, PartLimits,
    PartPlace, PartReceipt, SilentUpload, SilentUploads,
};
pub use object::{ByteRange, ETag, Object, ObjectPlace, Restoration, Stat, Stored};
pub use on_exists::{OnExists, free_name};
pub use operation::Operation;
pub use page::{ListPage, ListRequest, PageToken};
pub(crate) use private_address::is_private_address;
pub use reply_wait::{LongRequest, ReplyWait};
pub use requester::Requester;
pub use trash::{TrashStore, TrashTerms};

use std::sync::Arc;

use time::OffsetDateTime;

use crate::vfs::FtpPath;

/// A store of files and directories, shared by all sessions of the accounts that use it.
pub trait ObjectStore: FileTree + Multipart {
    /// What it is, for logs: `cos://bucket-1250000000/prefix (ap-guangzhou)`. Never a secret.
    fn describe(&self) -> String;

    /// Where the object of the file `path` is, whether there is one or not; of the root, what the
    /// keys of all its files begin with.
    fn place_of(&self, path: &FtpPath) -> ObjectPlace;

    /// The part of the store below `home`, in the form `a/b/`: its root is there, and nothing
    /// outside can be named. What it takes to be there is made.
    ///
    /// # Errors
    /// When that cannot be; [`ErrorKind::Unsupported`] of a store that has no parts.
    fn below(&self, home: &str) -> Result<Arc<dyn ObjectStore>> {
        Err(StoreError::new(ErrorKind::Unsupported, Operation::ListObjects, home))
    }

    /// The same store, working for a command of `requester`, whose client waits as `wait` tells:
    /// while it does, no request is tried for longer, but for those that the store may be busy with
    /// for minutes (Complete, copies), once they are under way. `None` where nothing takes long.
    fn for_command(
        &self,
        wait: &ReplyWait,
        requester: Requester<'_>,
    ) -> Option<Arc<dyn ObjectStore>> {
        let _ = (wait, requester);
        None
    }

    /// The same store, whose clock, sizes, retention and requests to slow down are those of where
    /// `path` is; paths stay as they are. `None` where they are the same for every path.
    fn for_path(&self, path: &FtpPath) -> Option<Arc<dyn ObjectStore>> {
        let _ = path;
        None
    }

    /// What may be done at `path`, whatever else its user may do: everything, unless it lies below
    /// a mount point.
    fn rights_at(&self, path: &FtpPath) -> MountRights {
        let _ = path;
        MountRights::ALL
    }

    /// The names in `directory` that lead to mount points, sorted and each once.
    fn mounted_in(&self, directory: &FtpPath) -> Vec<String> {
        let _ = directory;
        Vec::new()
    }

    /// Where an object is among those of all stores: never the same for two of them. One may have
    /// two such names, if a store has two addresses.
    fn whole_name(&self, path: &FtpPath) -> String {
        let ObjectPlace { bucket, key } = self.place_of(path);
        format!("{}/{key}", bucket.trim_end_matches('/'))
    }

    /// Whether anything that is deleted is kept, which takes as long as a copy.
    fn keeps_deleted(&self) -> bool {
        false
    }

    /// Whether it can be used now, asked as cheaply as can be.
    ///
    /// # Errors
    /// What the store said; [`ErrorKind::Cancelled`] once `cancel` is raised.
    fn answers(&self, cancel: &Cancel) -> Result<()> {
        let _ = cancel;
        self.stat(&FtpPath::root(), Freshness::Now).map(drop)
    }

    /// What it answered last, whatever it was asked; `None` where nothing was asked yet, or nobody
    /// has to be asked.
    fn last_answer(&self) -> Option<StoreAnswer> {
        None
    }

    /// The present moment by the clock that dates what is stored.
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
    }

    /// Gets ready for a request that is to come while another runs: opens a connection, where that
    /// is what would take time. Blocks meanwhile; what goes wrong is left to that request.
    fn connect_ahead(&self) {}

    /// How often it has asked for fewer requests so far (503 SlowDown), whoever sent them: who
    /// sees more of it sends fewer at once.
    fn slowdowns(&self) -> u64 {
        0
    }

    /// Whether it copies nothing inside itself, so that what needs copies is refused; asked of the
    /// store, and remembered.
    ///
    /// # Errors
    /// What the store said.
    fn copies_nothing(&self) -> Result<bool> {
        Ok(false)
    }

    /// Whether what is stored cannot be removed for a time, as far as is known: then nothing is
    /// stored that nobody asked for as it is.
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
