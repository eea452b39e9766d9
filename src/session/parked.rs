//! Interrupted uploads that wait to be gone on with, as the session's client sees them.

use std::collections::HashMap;

use super::failure::log_failure;
use super::navigation::Tree;
use super::step::Step;
use crate::store::{ErrorKind, Freshness, ParkedUpload, Stat, StoreError};
use crate::transfer::{EarlierUpload, LeftUploads, ParkedAmong, PartialUpload, WriteMode};
use crate::vfs::{Entry, FtpPath};

impl Tree<'_> {
    /// Drops the interrupted upload of `path`, if there is one: one that this process has parked,
    /// or that the session was told of where no file stands. Others may be somebody else's.
    pub(super) fn drop_parked(&self, path: &FtpPath, had_file: bool) -> Step<bool> {
        if !self.sees_parked(path) {
            return Ok(false);
        }
        let means_it = !had_file && self.told.goes_on(path).is_some();
        let freshness = if means_it { Freshness::Now } else { Freshness::Recent };
        let parked = match self.find_parked(path, freshness) {
            // The file is gone, which the client is to hear.
            Err(_) if had_file => None,
            found => found?,
        };
        // An older one would get the name some day, though its file was deleted; or at once, were
        // the newest dropped first.
        let found = parked.as_ref().map(|parked| &*parked.upload.upload_id);
        let others = self.store.drop_own_parked(path, &|upload_id| found == Some(upload_id));
        let mut dropped = others.map_err(|error| self.failure(&error))?;
        if let Some(parked) = &parked {
            // It may be another server's. What is gone is no failure.
            let aborted = self.store.abort_multipart_upload(&parked.upload);
            aborted.map_err(|error| self.failure(&error))?;
            dropped += 1;
        }
        if dropped > 1 {
            log::info!("dropped {dropped} parked uploads of path={path:?}, the older ones, too");
        }
        Ok(dropped > 0)
    }

    /// The last upload of `path`, if that may have come to nothing.
    pub(super) fn earlier_upload(&self, path: &FtpPath) -> EarlierUpload {
        EarlierUpload::new(&self.earlier_uploads, &self.account.name, path)
    }

    /// Remembers what another process has left of an upload of `path` as one that came to nothing,
    /// unless a newer file stands there. The store is asked only of those that it had when this
    /// process began, once each; after a crash of any, until all were looked through.
    ///
    /// # Errors
    /// The reply that a store which does not answer now deserves: what is sent next might be the
    /// file's beginning alone, and nobody would know.
    pub(super) fn learn_of_left(&self, path: &FtpPath) -> Step<()> {
        if !self.sees_parked(path) {
            return Ok(());
        }
        let freshness = match self.earlier_uploads.follow_killed() {
            true => Freshness::Now,
            false => Freshness::Recent,
        };
        let left = self.store.take_left_upload(path, freshness);
        if self.known(left)?.is_none() {
            return Ok(());
        }
        // Without a part of it: one was ready when it was begun.
        let least = self.store_at(path).part_limits().min_part;
        let parked = self.find_parked(path, Freshness::Now).ok().flatten();
        let came = parked.map_or(least, |parked| parked.came());
        self.earlier_upload(path).note_left(came);
        Ok(())
    }

    /// The interrupted upload of `path` that its uploader may go on with, instead of what was
    /// `found` there. The store is asked where nothing was, or where this process knows of one.
    ///
    /// # Errors
    /// The reply that a store which does not answer now deserves: a client that heard of no upload
    /// would begin anew.
    pub(super) fn parked(
        &self,
        path: &FtpPath,
        found: Option<&Stat>,
    ) -> Step<Option<ParkedUpload>> {
        if !self.sees_parked(path) || found.is_some_and(|stat| stat.metadata.is_directory()) {
            return Ok(None);
        }
        let freshness = if found.is_some() { Freshness::Recent } else { Freshness::Now };
        let Some(parked) = self.find_parked(path, freshness)? else { return Ok(None) };
        if parked.offset() == 0 {
            // Less than a part is there only where its client may have been done.
            if parked.came() >= self.store_at(path).part_limits().min_part {
                self.told.note_lost(path.clone(), parked.came());
            }
            return Ok(None);
        }
        // Of a listed file only the time is known that a client may have given it.
        let fresh = match found.is_some() && self.keeps_times {
            true => self.store.stat(path, Freshness::Now).ok(),
            false => None,
        };
        let found = fresh.as_ref().or(found);
        Ok(Some(parked).filter(|parked| parked.is_newer_than(found)))
    }

    fn find_parked(&self, path: &FtpPath, freshness: Freshness) -> Step<Option<ParkedUpload>> {
        self.known(self.store.find_parked_upload(path, freshness))
    }

    /// What was found of interrupted uploads.
    fn known<T>(&self, found: Result<Option<T>, StoreError>) -> Step<Option<T>> {
        match found {
            Ok(found) => Ok(found),
            Err(error) if error.kind == ErrorKind::Unavailable => Err(self.failure(&error)),
            Err(error) => {
                // Whoever may not ask has nothing to go on with.
                log_failure(self.admitted, &error);
                Ok(None)
            }
        }
    }

    /// Among which interrupted uploads the one is that an upload of `path` goes on with. A client
    /// that names an offset, or has asked for it, means what it was told.
    pub(super) fn parked_among(&self, path: &FtpPath, mode: WriteMode) -> ParkedAmong {
        let told = self.told.goes_on(path);
        let told = told.map(|(offset, begun)| ParkedAmong::Told(offset, begun));
        match mode {
            _ if !self.sees_parked(path) => ParkedAmong::None,
            WriteMode::Append => told.unwrap_or(ParkedAmong::Own),
            WriteMode::ResumeAt(_) | WriteMode::Replace => told.unwrap_or(ParkedAmong::All),
        }
    }

    /// The upload that one of `path` goes on with, were no file there.
    pub(super) fn parked_to_go_on_with(
        &self,
        path: &FtpPath,
        mode: WriteMode,
    ) -> Step<Option<ParkedUpload>> {
        let freshness = match self.parked_among(path, mode) {
            ParkedAmong::None => return Ok(None),
            ParkedAmong::Own => Freshness::Recent,
            ParkedAmong::Told(..) | ParkedAmong::All => Freshness::Now,
        };
        Ok(self.find_parked(path, freshness)?.filter(|parked| parked.offset() > 0))
    }

    /// An upload of `path` from the beginning was cut before enough had come to go on with: what
    /// was parked before is another file's beginning by now. What may be a whole file, as its
    /// client left in order, is in `left` and gets the name all the same.
    pub(super) fn drop_superseded(&self, path: &FtpPath, left: &LeftUploads) {
        if !self.sees_parked(path) {
            return;
        }
        match self.store.drop_own_parked(path, &|upload_id| left.holds(upload_id)) {
            Ok(0) => {}
            Ok(_) => log::info!("dropped what was parked of path={path:?}: it was begun anew"),
            Err(error) => log::warn!("what was parked of path={path:?} stays behind: {error}"),
        }
    }

    /// The interrupted upload of `path` that this process has parked.
    pub(super) fn own_parked(&self, path: &FtpPath) -> Step<Option<ParkedUpload>> {
        match self.sees_parked(path) {
            true => self.find_parked(path, Freshness::Recent),
            false => Ok(None),
        }
    }

    /// Whether interrupted uploads of files below `directory` wait that this process has parked.
    /// The store is asked only of those that it knows of.
    pub(super) fn has_parked_below(&self, directory: &FtpPath) -> Step<bool> {
        self.holds_parked(directory, |_| true)
    }

    fn holds_parked(&self, directory: &FtpPath, fits: fn(&ParkedUpload) -> bool) -> Step<bool> {
        if !self.sees_parked(directory) {
            return Ok(false);
        }
        for path in self.store.own_parked_below(&self.place_of(directory)) {
            if self.own_parked(&path)?.is_some_and(|parked| fits(&parked)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether uploads are parked, and for whom: who may write where `path` is.
    pub(super) fn sees_parked(&self, path: &FtpPath) -> bool {
        self.partial == PartialUpload::Park && self.rights_at(path).write
    }

    /// What the uploader sees of interrupted uploads under a name where the store has nothing: the
    /// upload of the file `path`, or a directory in which others are.
    pub(super) fn parked_as(&self, path: &FtpPath) -> Option<Entry> {
        self.parked_in(&path.parent()).remove(path.name())
    }

    /// Whether `path` is a directory for the uploader alone. The store is asked whether any of the
    /// uploads is still there: others may have aborted them. If it does not answer now, they are.
    pub(super) fn is_parked_directory(&self, path: &FtpPath) -> bool {
        self.parked_as(path).is_some_and(|entry| entry.metadata.is_directory())
            && self.holds_parked(path, |parked| parked.offset() > 0).unwrap_or(true)
    }

    /// Those of the files in `directory`, and the directories in it that hold others, by their
    /// names, that this process knows of.
    pub(super) fn parked_in(&self, directory: &FtpPath) -> HashMap<String, Entry> {
        if !self.sees_parked(directory) {
            return HashMap::new();
        }
        by_name(self.store.own_parked_uploads(&self.place_of(directory)))
    }

    /// The same of those that wait for their markers.
    pub(super) fn waiting_in(&self, directory: &FtpPath) -> Step<HashMap<String, Entry>> {
        let waiting = self.unpublished(directory).map_or(Ok(Vec::new()), |all| all.list(directory));
        waiting.map(by_name).map_err(|error| self.failure(&error))
    }

    /// Where uploads of files in `directory` are.
    fn place_of(&self, directory: &FtpPath) -> FtpPath {
        let place = self.unpublished(directory).and_then(|all| all.place(directory).ok());
        place.unwrap_or_else(|| directory.clone())
    }
}

fn by_name(entries: Vec<Entry>) -> HashMap<String, Entry> {
    entries.into_iter().map(|entry| (entry.name.clone(), entry)).collect()
}
