//! Where a path leads, what may be done there, and what a client hears where it may not.

use crate::store::{ErrorKind, ObjectStore, Operation, StoreError};
use crate::vfs::FtpPath;

/// What a client hears who would change a mount point.
pub(super) const MOUNT_POINT: &str =
    "This is a mount point: it is not renamed, removed, replaced or made anew.";

/// The same of a directory further up.
pub(super) const ABOVE: &str = "A mount point lies below this directory, which stays where it is.";

const NO_READING: &str = "You may not read anything below this mount point.";
const NO_WRITING: &str = "You may not store or change anything below this mount point.";
const NO_DELETING: &str = "You may not delete anything below this mount point.";

/// What may be done below a mount point, whatever else its user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MountRights {
    /// List and download.
    pub reads: bool,
    /// Upload, make directories, rename.
    pub writes: bool,
    /// Delete files and directories.
    pub deletes: bool,
}

impl MountRights {
    /// Everything.
    pub const ALL: Self = Self { reads: true, writes: true, deletes: true };
}

/// Where a path leads.
pub(super) struct MountedPath<'a> {
    /// The store.
    pub(super) store: &'a dyn ObjectStore,
    /// The path as that store sees it.
    pub(super) path: FtpPath,
    /// Which mount it is of; `None` for the base.
    pub(super) number: Option<usize>,
    /// What may be done there; `None` for everything.
    pub(super) rights: Option<MountRights>,
    /// Whether nothing there is to be seen.
    pub(super) is_hidden: bool,
}

/// What is about to be done to what a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MountDeed {
    Read,
    Write,
    Delete,
}

impl MountedPath<'_> {
    /// Why it is not allowed to do this, if it is not.
    pub(super) fn forbids(&self, deed: MountDeed) -> Option<&'static str> {
        let rights = self.rights?;
        match deed {
            MountDeed::Read => (!rights.reads).then_some(NO_READING),
            MountDeed::Write => (!rights.writes).then_some(NO_WRITING),
            MountDeed::Delete => (!rights.writes || !rights.deletes).then_some(NO_DELETING),
        }
    }
}

/// That it is not allowed; `why`: a sentence for the client.
pub(super) fn refused(
    operation: Operation,
    path: &FtpPath,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::new(ErrorKind::Refused, operation, path.as_str()).with_source(why)
}
