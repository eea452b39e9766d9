//! `done_marker`: the empty file beside a file that tells others, who look into the store for it,
//! that the file is complete.

use super::failure::{because_of, log_failure};
use super::navigation::Tree;
use super::step::Step;
use crate::protocol::{Reply, replies};
use crate::store::{
    Body, Cancel, ErrorKind, Expected, Freshness, IsUseless, Operation, Stat, StoreError,
};
use crate::transfer::TransferReport;
use crate::vfs::FtpPath;

/// The markers of an account, and its files.
#[derive(Clone, Copy, Debug)]
pub(super) struct DoneMarkers<'t> {
    tree: &'t Tree<'t>,
    ending: &'t str,
}

impl<'t> DoneMarkers<'t> {
    /// Those of whoever is logged in; `None` where there are none.
    pub(super) fn of(tree: &'t Tree<'t>) -> Option<Self> {
        tree.files().done_marker.as_deref().map(|ending| Self { tree, ending })
    }

    /// The marker of the file `path`, unless that is one itself.
    fn of_file(self, path: &FtpPath) -> Option<FtpPath> {
        marker_of(self.ending, path)
    }

    /// Whether the file `path` could get its marker, as far as that is known without a question to
    /// the store: a client need not send what would be refused afterwards.
    pub(super) fn check(self, path: &FtpPath) -> Step<()> {
        let Some(marker) = self.of_file(path) else { return Ok(()) };
        let admitted = self.tree.store.admits_file(&marker, Freshness::Recent);
        admitted.map(drop).map_err(|error| self.tree.failure(&error))
    }

    /// The file `path` is stored: stores its marker.
    ///
    /// # Errors
    /// The reply that tells that the file stands there and its marker does not.
    pub(super) fn store(self, path: &FtpPath) -> Step<()> {
        let Some(marker) = self.of_file(path) else { return Ok(()) };
        self.put(&marker).map_err(|error| self.refused(&marker, &error))
    }

    /// What came of an interrupted upload was stored under `path`, as `report` tells: a marker of
    /// an earlier file there would tell of half a file that it is whole. One of a whole file that
    /// somebody has stored there since stays.
    pub(super) fn withdraw(self, path: &FtpPath, report: &TransferReport) {
        let store = &self.tree.store;
        let is_part = || {
            let found = store.find_file(path)?;
            Ok(found.is_none_or(|found| report.may_have_left(&found)))
        };
        let dropped = self.of_file(path).map(|marker| self.drop_empty(&marker, &is_part));
        if let Some(Err(error)) = dropped {
            log_failure(self.tree.admitted, &error);
        }
    }

    /// What was `from` is called `to` now. If it is a file, its marker goes with it: the new one is
    /// stored first, and the old one means nothing any more.
    ///
    /// # Errors
    /// As [`Self::store`].
    pub(super) fn follow(self, from: &FtpPath, to: &FtpPath) -> Step<()> {
        let store = &self.tree.store;
        let marker = self.of_file(to);
        let stored = match (&marker, store.find_file(to)) {
            // A directory.
            (_, Ok(None)) => return Ok(()),
            (Some(marker), found) => found.and_then(|_| self.put(marker)),
            (None, found) => found.map(drop),
        };
        stored.map_err(|error| self.refused(marker.as_ref().unwrap_or(to), &error))?;
        // Another session may have stored a file of the old name since, which has this marker.
        let is_gone = || store.find_file(from).map(|found| found.is_none());
        let old = self.of_file(from).filter(|old| old != to);
        if let Some(Err(error)) = old.map(|old| self.drop_empty(&old, &is_gone)) {
            log_failure(self.tree.admitted, &error);
        }
        Ok(())
    }

    /// Stores a marker. One that is there is replaced as files are: its time tells of the upload.
    fn put(self, marker: &FtpPath) -> Result<(), StoreError> {
        // Mostly there is none, and the store looks before it writes.
        match self.put_over(marker, None) {
            Err(error) if error.kind == ErrorKind::PreconditionFailed => {}
            stored => return stored,
        }
        let seen = self.find_unless_full(marker)?;
        match self.put_over(marker, seen) {
            // Another session may have stored the same one just now.
            Err(error) if error.kind == ErrorKind::PreconditionFailed => {
                self.find_unless_full(marker)?.map(drop).ok_or(error)
            }
            stored => stored,
        }
    }

    /// Stores a marker in place of the one that was seen, or of nothing.
    fn put_over(self, marker: &FtpPath, seen: Option<Stat>) -> Result<(), StoreError> {
        let never = Cancel::new();
        let body = Body::new(&[], &never);
        self.tree.store.put_object(marker, &body, &Expected::Seen(seen))?;
        log::info!("marker path={marker:?}");
        Ok(())
    }

    /// The marker that stands there, in whose place another may be stored.
    fn find_unless_full(self, marker: &FtpPath) -> Result<Option<Stat>, StoreError> {
        let found = self.tree.store.find_file(marker)?;
        if found.as_ref().is_some_and(|stat| stat.metadata.size > 0) {
            let operation = Operation::PutObject;
            let taken = StoreError::new(ErrorKind::AlreadyExists, operation, marker.as_str());
            return Err(taken.with_source("the file of that name holds something: no marker"));
        }
        Ok(found)
    }

    /// Deletes the marker that stands there, if it `is_useless`: not what another session stores
    /// after that. What holds bytes is none.
    fn drop_empty(self, marker: &FtpPath, is_useless: IsUseless<'_>) -> Result<(), StoreError> {
        let store = &self.tree.store;
        match store.find_file(marker)? {
            Some(seen) if seen.metadata.size == 0 => {
                store.delete_version(marker, &seen, is_useless).map(drop)
            }
            _ => Ok(()),
        }
    }

    fn refused(self, marker: &FtpPath, error: &StoreError) -> Reply {
        because_of(self.tree.admitted, error, replies::stored_without_marker(marker))
    }
}

/// The marker with this ending of the file `path`, unless that is one itself.
pub(super) fn marker_of(ending: &str, path: &FtpPath) -> Option<FtpPath> {
    let name = path.name();
    match name.ends_with(ending) {
        true => None,
        false => path.parent().child(&format!("{name}{ending}")),
    }
}
