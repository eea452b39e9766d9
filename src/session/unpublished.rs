//! `publish_after_marker`: a file waits, unseen by others, until its uploader has stored its
//! marker.
//!
//! `/d/x` waits as `/.unpublished/d/x`: a whole file, which the store has confirmed. Whoever may
//! write finds it under its own name. The marker `/d/x.ok` waits beside it for the moment in which
//! both get their names, the file first.

use super::renaming::Renaming;
use crate::events::Witness;
use crate::limits;
use crate::store::{
    ErrorKind, Freshness, ListPage, ListRequest, ObjectStore, OnExists, Operation, PageToken,
    StoreError,
};
use crate::users::UNPUBLISHED_DIRECTORY as DIRECTORY;
use crate::vfs::{Entry, FtpPath};

/// The files that wait in a store, and the ending of their markers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Unpublished<'s> {
    pub(super) store: &'s dyn ObjectStore,
    pub(super) ending: &'s str,
}

impl Unpublished<'_> {
    /// Where a file of this name waits.
    pub(super) fn place(self, path: &FtpPath) -> Result<FtpPath, StoreError> {
        let all = FtpPath::root().child(DIRECTORY);
        let place = match path.is_root() {
            true => all,
            false => all.and_then(|all| all.join(path.key()).ok()),
        };
        place.ok_or_else(|| {
            let (kind, operation) = (ErrorKind::BadName, Operation::PutObject);
            StoreError::new(kind, operation, path.as_str())
        })
    }

    /// The place of the file of this name if it, or a parked upload of it, waits there, or if
    /// nothing else is called so.
    pub(super) fn find(self, path: FtpPath) -> Result<FtpPath, StoreError> {
        let place = self.place(&path)?;
        let waits = self.stat(&place)? == Some(false) || self.is_parked_since(&place, &path)?;
        Ok(if waits || self.stat(&path)?.is_none() { place } else { path })
    }

    /// Whether an upload that this process has parked at `place` was begun after the file `path`
    /// was published.
    fn is_parked_since(self, place: &FtpPath, path: &FtpPath) -> Result<bool, StoreError> {
        let parked = self.store.find_parked_upload(place, Freshness::Recent)?;
        let Some(parked) = parked else { return Ok(false) };
        Ok(parked.is_newer_than(self.store.find_file(path)?.as_ref()))
    }

    /// Fails where files wait below the directory.
    pub(super) fn keep_directory(self, directory: &FtpPath) -> Result<(), StoreError> {
        if !self.has_files(&self.place(directory)?)? {
            return Ok(());
        }
        let (kind, operation) = (ErrorKind::DirectoryNotEmpty, Operation::ListObjects);
        let error = StoreError::new(kind, operation, directory.as_str());
        Err(error.with_source("files in it wait for their markers"))
    }

    /// Whether there are files in this directory, or below it.
    fn has_files(self, place: &FtpPath) -> Result<bool, StoreError> {
        let mut after = None;
        loop {
            let page = self.page(place, after.as_ref())?;
            for entry in page.entries {
                let below = place.child(&entry.name).filter(|_| entry.metadata.is_directory());
                if below.map_or(Ok(true), |below| self.has_files(&below))? {
                    return Ok(true);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(false);
            }
        }
    }

    /// A page of what waits at `place`; an empty one where no directory is.
    fn page(self, place: &FtpPath, after: Option<&PageToken>) -> Result<ListPage, StoreError> {
        let request = ListRequest { directory: place, name_prefix: "", after, with_times: false };
        match self.store.list(&request, None) {
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(ListPage::default())
            }
            page => page,
        }
    }

    /// Whether `path` is where something waits.
    pub(super) fn holds(self, path: &FtpPath) -> bool {
        path.components().next() == Some(DIRECTORY)
    }

    /// Whether what is called so is a directory; `None` where nothing is.
    fn stat(self, path: &FtpPath) -> Result<Option<bool>, StoreError> {
        match self.store.stat(path, Freshness::Recent) {
            Ok(stat) => Ok(Some(stat.metadata.is_directory())),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Brings a copy of the published file `path` to its `place`, for an upload that goes on with
    /// it there. What waits already is what that goes on with.
    pub(super) fn bring(self, path: &FtpPath, place: &FtpPath) -> Result<(), StoreError> {
        match self.store.copy_aside(path, place) {
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::AlreadyExists) => {
                Ok(())
            }
            copied => copied,
        }
    }

    /// The files that wait in `directory`, up to [`limits::UNPUBLISHED_LISTED`].
    pub(super) fn list(self, directory: &FtpPath) -> Result<Vec<Entry>, StoreError> {
        let place = self.place(directory)?;
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.page(&place, after.as_ref())?;
            let files = page.entries.into_iter().filter(|entry| !entry.metadata.is_directory());
            found.extend(files);
            after = page.next;
            if after.is_none() || found.len() >= limits::UNPUBLISHED_LISTED {
                return Ok(found);
            }
        }
    }

    /// The name of what waits at `place`, if that is a marker, and the name of its file.
    pub(super) fn marked_by(self, place: &FtpPath) -> Option<(FtpPath, FtpPath)> {
        let rest = place.as_str().strip_prefix('/')?.strip_prefix(DIRECTORY)?;
        let marker = FtpPath::root().join(rest.strip_prefix('/')?).ok()?;
        let file = marker.name().strip_suffix(self.ending)?;
        let file = marker.parent().child(file)?;
        Some((marker, file))
    }

    /// Gives what waits for the name `path` that name. Tells whether anything waited.
    pub(super) fn publish(self, path: &FtpPath, witness: &Witness) -> Result<bool, StoreError> {
        let place = self.place(path)?;
        let Some(stat) = self.store.find_file(&place)? else { return Ok(false) };
        let (was, on_exists) = (&stat.metadata, OnExists::Replace);
        Renaming { from: &place, was, on_exists, witness }.run(self.store, path)?;
        log::info!("published path={path:?}");
        Ok(true)
    }
}
