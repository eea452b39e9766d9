//! Renaming, which a bucket cannot: server-side copies, then deletes.
//!
//! Nothing is deleted under the old name before all of it stands under the new one. Names stream
//! from one listing to the copying threads and are never held: neither for a directory of millions
//! nor to undo half of it, for which the same listing is read once more.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::key_stream::KeyStream;
use super::markers::Standing;
use super::multi_delete::DELETE_KEYS;
use super::objects::Head;
use super::{CosStore, crew};
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// Objects of a directory that are copied at once: each costs two small requests that mostly
/// wait. With their connections' buffers they hold 4 MiB.
const COPIERS: usize = 16;

impl CosStore {
    /// Gives a file or directory another name.
    pub(super) fn rename_path(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        let operation = Operation::CopyObject;
        let failed = |kind, path: &FtpPath| StoreError::new(kind, operation, path.as_str());
        if from.is_root() || to.is_root() {
            return Err(failed(ErrorKind::BadName, from));
        }
        let source = self.keys.file(operation, from)?;
        let file = match self.standing(&source)? {
            Standing::File(head) => Some(head),
            Standing::Directory(_) => None,
            Standing::Nothing => self.stat_directory(operation, from).map(|_| None)?,
        };
        let is_directory = file.is_none();
        if is_directory && to != from && to.is_within(from) {
            return Err(failed(ErrorKind::BadName, to));
        }
        if from == to {
            return Ok(());
        }
        match self.stat_if_any(operation, to)? {
            Some(_) if is_directory => return Err(failed(ErrorKind::AlreadyExists, to)),
            Some(there) if there.metadata.is_directory() => {
                return Err(failed(ErrorKind::IsADirectory, to));
            }
            _ => {}
        }
        if let Some(head) = file {
            let copied = self.copy_version(&source, &self.keys.file(operation, to)?, head)?;
            self.delete_version(&source, &copied)?;
        } else {
            let source = self.keys.directory(operation, from)?;
            let target = self.keys.directory(operation, to)?;
            Move { store: self, from: &source, to: &target }.run()?;
        }
        self.keep_parent(from);
        Ok(())
    }

    /// Deletes what was copied, not what somebody stored in its place since: that stays. No store
    /// deletes one version only when asked by its ETag, so a moment is left between the two
    /// requests.
    fn delete_version(&self, key: &str, copied: &Head) -> Result<()> {
        match self.head(key)? {
            Some(now) if now.etag() != copied.etag() || now.modified() != copied.modified() => {
                log::info!("{key:?} was stored anew while it was renamed; what is new stays");
                Ok(())
            }
            _ => self.delete(key),
        }
    }
}

/// A directory on its way from one prefix to another that does not exist yet.
struct Move<'a> {
    store: &'a CosStore,
    from: &'a str,
    to: &'a str,
}

impl Move<'_> {
    fn run(&self) -> Result<()> {
        // Listings may lag: without its own marker the new directory could seem not to exist.
        self.store.put_marker(self.to)?;
        let copied = self.copy()?;
        let mut deleted = 0;
        self.delete_sources(&mut deleted)
            .and_then(|()| self.store.delete_markers(self.from))
            .map_err(|error| {
                let so_far =
                    format!("copied {copied} objects, {deleted} deleted under the old name");
                self.broken_off(&error, so_far)
            })
    }

    /// Copies everything, and answers how much that was; or removes again what was copied.
    fn copy(&self) -> Result<usize> {
        let copied = AtomicUsize::new(0);
        let mut sources = KeyStream::new(self.store, self.from);
        let next = || Ok(sources.next()?.map(|object| object.key));
        let outcome = crew::share(COPIERS, next, |key: String| {
            copied.fetch_add(self.copy_one(&key)?, Ordering::Relaxed);
            Ok(())
        });
        let copied = copied.into_inner();
        let Err(error) = outcome else { return Ok(copied) };
        let mut removed = 0;
        let undone = match sources.last() {
            Some(last) => self.remove_copies(last, &mut removed),
            None => Ok(()),
        };
        if let Err(error) = undone.and_then(|()| self.store.delete(self.to)) {
            log::warn!("copies are left behind below {:?}: {error}", self.to);
        }
        // Among those were some that a copy was only begun for.
        let removed = removed.min(copied);
        Err(self.broken_off(&error, format!("copied {copied} objects, {removed} removed again")))
    }

    /// Copies one object and answers 1; 0 if somebody deleted it meanwhile.
    fn copy_one(&self, key: &str) -> Result<usize> {
        match self.store.copy_object(key, &self.target(key)) {
            Ok(()) => Ok(1),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Removes the copies of everything up to the key `last`: the same keys, listed once more.
    /// Not simply all below the new prefix, where others may have begun to write.
    fn remove_copies(&self, last: &str, removed: &mut usize) -> Result<()> {
        let mut sources = KeyStream::new(self.store, self.from);
        loop {
            let mut page = sources.take(DELETE_KEYS)?;
            page.retain(|object| object.key.as_str() <= last);
            if page.is_empty() {
                return Ok(());
            }
            let copies: Vec<String> = page.iter().map(|object| self.target(&object.key)).collect();
            let (gone, outcome) = self.store.delete_many(&copies);
            *removed += gone;
            outcome?;
        }
    }

    /// Deletes what stands under the old name and, as it was, under the new one too. Whatever
    /// came or changed while the rest was being copied is copied first.
    fn delete_sources(&self, deleted: &mut usize) -> Result<()> {
        let mut sources = KeyStream::new(self.store, self.from);
        let mut copies = KeyStream::new(self.store, self.to);
        loop {
            let page = sources.take(DELETE_KEYS)?;
            if page.is_empty() {
                return Ok(());
            }
            let mut late = Vec::new();
            for source in &page {
                let copy = copies.find(&self.target(&source.key))?;
                if !copy.is_some_and(|copy| copy.is_copy_of(source)) {
                    late.push(source.key.as_str());
                }
            }
            let mut late = late.into_iter();
            crew::share(COPIERS, || Ok(late.next()), |key| self.copy_one(key).map(|_| ()))?;
            let keys: Vec<String> = page.into_iter().map(|object| object.key).collect();
            let (gone, outcome) = self.store.delete_many(&keys);
            *deleted += gone;
            outcome?;
        }
    }

    fn target(&self, key: &str) -> String {
        format!("{}{}", self.to, &key[self.from.len()..])
    }

    /// The failure of a renaming that was begun, with what is to be told about it. Its cause is for
    /// the log.
    fn broken_off(&self, cause: &StoreError, so_far: String) -> StoreError {
        log::error!("renaming {:?} to {:?} broke off: {cause}", self.from, self.to);
        StoreError::new(ErrorKind::BrokenOff, Operation::CopyObject, self.from).with_source(so_far)
    }
}
