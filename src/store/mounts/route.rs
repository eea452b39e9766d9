//! Which store a path leads to, and what may be done there.

use super::{MountRights, MountStore};
use crate::store::{ErrorKind, ObjectStore, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// What a client hears who would change a mount point.
const MOUNT_POINT: &str =
    "This is a mount point: it is not renamed, removed, replaced or made anew.";

/// The same of a directory further up.
const ABOVE: &str = "A mount point lies below this directory, which stays where it is.";

const NO_READING: &str = "You may not read anything below this mount point.";
const NO_WRITING: &str = "You may not store or change anything below this mount point.";
const NO_DELETING: &str = "You may not delete anything below this mount point.";

/// Where a path leads.
pub(super) struct MountedPath<'a> {
    /// The store.
    pub(super) store: &'a dyn ObjectStore,
    /// The path as that store sees it.
    pub(super) path: FtpPath,
    /// Which mount it is of; `None` for the base.
    pub(super) number: Option<usize>,
    /// What may be done there; `None` for everything.
    rights: Option<MountRights>,
}

/// What is about to be done to what a path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    Read,
    Write,
    Delete,
}

impl MountStore {
    /// Where `path` leads.
    pub(super) fn route(&self, path: &FtpPath) -> MountedPath<'_> {
        let seen = self.seen(path);
        let found = self.mounts.iter().enumerate().find_map(|(number, mounted)| {
            let inner = seen.as_ref().unwrap_or(path).seen_from(&mounted.mount.path)?;
            Some((number, inner, mounted.mount.rights))
        });
        let Some((number, inner, rights)) = found else {
            let (store, path) = (self.store(None), path.clone());
            return MountedPath { store, path, number: None, rights: None };
        };
        let path = match (seen, self.mirror()) {
            (Some(_), Some(mirror)) => inner.below(&mirror),
            _ => inner,
        };
        let store = self.store(Some(number));
        MountedPath { store, path, number: Some(number), rights: Some(rights) }
    }

    /// The same for somebody who is about to do something there that has to be allowed.
    pub(super) fn admit(
        &self,
        deed: Deed,
        operation: Operation,
        path: &FtpPath,
    ) -> Result<MountedPath<'_>> {
        let place = self.route(path);
        if deed != Deed::Read {
            self.keep_mount_points(operation, path)?;
        }
        match place.forbids(deed) {
            Some(why) => Err(refused(operation, path, why)),
            None => Ok(place),
        }
    }

    /// Fails for what must stay where it is: mount points, and what lies above them.
    pub(super) fn keep_mount_points(&self, operation: Operation, path: &FtpPath) -> Result<()> {
        let seen = self.seen(path);
        let path = seen.as_ref().unwrap_or(path);
        match self.mounts.iter().any(|mounted| mounted.mount.path == *path) {
            true => Err(refused(operation, path, MOUNT_POINT)),
            // What cannot be done to any root, the base tells.
            false if !path.is_root() && self.leads_to_mount(path) => {
                Err(refused(operation, path, ABOVE))
            }
            false => Ok(()),
        }
    }

    /// Whether `path` is a mount point, or lies above one: then it is a directory, whatever stands
    /// there in any store.
    pub(super) fn leads_to_mount(&self, path: &FtpPath) -> bool {
        self.mounts.iter().any(|mounted| mounted.mount.path.is_within(path))
    }

    /// The path that one in the mirrored directory is of.
    fn seen(&self, path: &FtpPath) -> Option<FtpPath> {
        path.seen_from(&self.mirror()?).filter(|seen| !seen.is_root())
    }

    fn mirror(&self) -> Option<FtpPath> {
        FtpPath::root().child(self.terms.mirrored?)
    }
}

impl MountedPath<'_> {
    /// Why it is not allowed to do this, if it is not.
    fn forbids(&self, deed: Deed) -> Option<&'static str> {
        let rights = self.rights?;
        match deed {
            Deed::Read => (!rights.reads).then_some(NO_READING),
            Deed::Write => (!rights.writes).then_some(NO_WRITING),
            Deed::Delete => (!rights.writes || !rights.deletes).then_some(NO_DELETING),
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
