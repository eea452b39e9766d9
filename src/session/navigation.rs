//! Commands that look at or change the tree without a data connection: CWD, MKD, RMD, DELE, RNFR,
//! RNTO, SIZE, MDTM, MFMT, SITE UTIME, MLST.

use std::sync::Arc;

use super::failure::store_failure;
use super::long_work::LongWork;
use super::renaming::Renaming;
use super::step::Step;
use super::told_parked::ToldParked;
use crate::access::Visit;
use crate::events::{EventKind, FileDeed, Intent, Witness};
use crate::protocol::{Access, Code, MlstFacts, Reply, Rights, Timestamp, replies, timed_path};
use crate::store::{ErrorKind, Freshness, ObjectStore, OnExists, Operation, Stat, StoreError};
use crate::transfer::PartialUpload;
use crate::users::{Account, FileRules};
use crate::vfs::{EntryKind, FtpPath, Metadata};

/// The tree of who is logged in, as the present command sees it.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// Works for the present command.
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) visit: &'a Visit,
    pub(super) account: Arc<Account>,
    pub(super) working_directory: FtpPath,
    pub(super) rights: Rights,
    /// `preserve_mtime`
    pub(super) keeps_times: bool,
    /// `partial_upload`
    pub(super) partial: PartialUpload,
    /// What the session was told of interrupted uploads.
    pub(super) told: ToldParked,
    /// Who tells what happens to files.
    pub(super) witness: Option<Witness>,
}

impl Tree<'_> {
    /// The path a client means.
    pub(super) fn resolve(&self, text: &str) -> Step<FtpPath> {
        self.working_directory.join(text).map_err(replies::bad_path)
    }

    /// The same of what is there already: what is hidden is as good as absent.
    pub(super) fn existing(&self, text: &str) -> Step<FtpPath> {
        let path = self.resolve(text)?;
        self.refuse_hidden(&path).map_err(|error| self.failure(&error))?;
        Ok(path)
    }

    /// Fails for what is hidden, as if it were not there.
    pub(super) fn refuse_hidden(&self, path: &FtpPath) -> Result<(), StoreError> {
        match self.files().names.hide(path) {
            true => Err(StoreError::new(ErrorKind::NotFound, Operation::HeadObject, path.as_str())),
            false => Ok(()),
        }
    }

    /// Fails where a new file or directory may not be called so.
    pub(super) fn check_new_name(&self, path: &FtpPath, kind: EntryKind) -> Step<()> {
        let names = &self.files().names;
        let is_admitted = match kind {
            EntryKind::File => names.admit_file(path),
            EntryKind::Directory => names.admit_directory(path),
        };
        if is_admitted { Ok(()) } else { Err(replies::name_refused()) }
    }

    /// What holds for the account's files.
    pub(super) fn files(&self) -> &FileRules {
        &self.account.files
    }

    /// The reply to a call of the store that failed.
    pub(super) fn failure(&self, error: &StoreError) -> Reply {
        store_failure(self.visit, error)
    }

    /// What is known of a path.
    pub(super) fn stat(&self, path: &FtpPath, freshness: Freshness) -> Step<Stat> {
        self.store.stat(path, freshness).map_err(|error| self.failure(&error))
    }

    /// CWD: where the client is from now on.
    pub(super) fn directory(&self, path: &str) -> Step<FtpPath> {
        let path = self.existing(path)?;
        // The root is always there, and going back to where one is needs no proof.
        if !path.is_root()
            && path != self.working_directory
            && !self.stat(&path, Freshness::Listed)?.metadata.is_directory()
        {
            return Err(replies::not_a_directory());
        }
        Ok(path)
    }

    /// MKD.
    pub(super) fn make_directory(&self, path: &str) -> Step<Reply> {
        let path = self.resolve(path)?;
        if path.is_root() {
            return Err(replies::already_exists());
        }
        self.check_new_name(&path, EntryKind::Directory)?;
        self.store.create_directory(&path).map_err(|error| self.failure(&error))?;
        log::info!("mkdir path={path:?}");
        Ok(replies::directory_created(&path))
    }

    /// RMD.
    pub(super) fn remove_directory(&self, path: &str) -> Step<Reply> {
        let path = self.existing(path)?;
        if path.is_root() {
            return Err(replies::root_is_fixed());
        }
        if self.has_parked_below(&path)? {
            return Err(replies::uploads_wait_in_directory());
        }
        self.store.remove_directory(&path).map_err(|error| self.failure(&error))?;
        log::info!("rmdir path={path:?}");
        Ok(replies::directory_removed())
    }

    /// DELE.
    pub(super) fn delete(&self, path: &str, long: LongWork<'_, '_>) -> Step<Reply> {
        let path = self.existing(path)?;
        if path.is_root() {
            return Err(replies::is_a_directory());
        }
        let intent = self.intend(&FileDeed::now(EventKind::Delete, &*self.store, &path))?;
        let delete = |store: &dyn ObjectStore| store.delete_object(&path);
        // With a trash, that is a copy within the store, too.
        let deleted = match self.files().trash.is_some() {
            true => long.run(Code::FILE_ACTION_COMPLETE, &*self.store, delete),
            false => delete(&*self.store),
        };
        if let Some(intent) = intent {
            intent.end(deleted.as_ref().map(|()| None));
        }
        if let Err(error) = deleted.as_ref()
            && error.kind != ErrorKind::NotFound
        {
            return Err(self.failure(error));
        }
        let was_parked = self.drop_parked(&path, deleted.is_ok())?;
        if let Err(error) = deleted
            && !was_parked
        {
            return Err(self.failure(&error));
        }
        log::info!("delete path={path:?}");
        Ok(replies::file_deleted())
    }

    /// RNFR: what is to be renamed.
    pub(super) fn to_be_renamed(&self, path: &str) -> Step<(FtpPath, Metadata)> {
        let path = self.existing(path)?;
        if path.is_root() {
            return Err(replies::root_is_fixed());
        }
        let found = self.store.stat(&path, Freshness::Recent);
        if let Err(error) = &found
            && error.kind == ErrorKind::NotFound
            && let Some(parked) = self.own_parked(&path)?
        {
            return Err(replies::being_uploaded(parked.offset()));
        }
        Ok((path, found.map_err(|error| self.failure(&error))?.metadata))
    }

    /// RNTO.
    pub(super) fn rename(
        &self,
        (from, was): &(FtpPath, Metadata),
        to: &str,
        long: LongWork<'_, '_>,
    ) -> Step<(Reply, FtpPath)> {
        let to = self.resolve(to)?;
        if to.is_root() {
            return Err(replies::root_is_fixed());
        }
        if to != *from && to.is_within(from) {
            return Err(replies::rename_into_itself());
        }
        if to == *from {
            return Ok((replies::renamed(), to));
        }
        self.check_new_name(&to, was.kind)?;
        self.check_told(EventKind::Rename, &to)?;
        let on_exists = match was.kind {
            EntryKind::File => self.files().on_exists,
            // A directory replaces nothing in any case.
            EntryKind::Directory => OnExists::Replace,
        };
        let renaming = Renaming { from, was, on_exists, witness: self.witness.as_ref() };
        let renamed =
            long.run(Code::FILE_ACTION_COMPLETE, &*self.store, |store| renaming.run(store, &to));
        let name = renamed.map_err(|error| self.failure(&error))?;
        log::info!("rename from={from:?} to={name:?}");
        // The store ties them to their names. That they stay is no failure of what is done.
        let leaves_parked = was.is_directory() && self.has_parked_below(from).unwrap_or(false);
        let reply = match name == to {
            true if leaves_parked => replies::renamed_without_parked(),
            true => replies::renamed(),
            false => replies::renamed_to(name.name()),
        };
        Ok((reply, name))
    }

    /// Writes down what is about to be asked of the store, where it is to be told.
    fn intend(&self, deed: &FileDeed<'_>) -> Step<Option<Intent>> {
        self.check_told(deed.kind, deed.path)?;
        let Some(witness) = &self.witness else { return Ok(None) };
        witness.intend(deed).map_err(|error| {
            log::error!("events: the journal cannot be written: {error}");
            replies::events_wait()
        })
    }

    /// Refuses what could not be told, where too much waits.
    pub(super) fn check_told(&self, kind: EventKind, path: &FtpPath) -> Step<()> {
        match &self.witness {
            Some(witness) if witness.refuses(kind, path) => Err(replies::events_wait()),
            _ => Ok(()),
        }
    }

    /// SIZE.
    pub(super) fn size(&self, path: &str) -> Step<Reply> {
        let path = self.existing(path)?;
        let found = self.store.stat(&path, Freshness::Recent);
        if let Some(parked) = self.parked(&path, found.as_ref().ok())? {
            self.told.note(path);
            return Ok(replies::size(parked.offset()));
        }
        let stat = found.map_err(|error| self.failure(&error))?;
        if stat.metadata.is_directory() {
            return Err(replies::is_a_directory());
        }
        Ok(replies::size(stat.metadata.size))
    }

    /// MDTM. With a time before the path it sets that, unless something is called so as a whole.
    pub(super) fn modification_time(&self, argument: &str, long: LongWork<'_, '_>) -> Step<Reply> {
        match timed_path(argument) {
            Some((time, path)) if !self.exists(argument)? => {
                self.set_modification_time(time, path, long)
            }
            _ => self.tell_modification_time(argument),
        }
    }

    fn exists(&self, path: &str) -> Step<bool> {
        let path = self.resolve(path)?;
        match self.refuse_hidden(&path).and_then(|()| self.store.stat(&path, Freshness::Recent)) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadName) => {
                Ok(false)
            }
            Err(error) => Err(self.failure(&error)),
        }
    }

    fn tell_modification_time(&self, path: &str) -> Step<Reply> {
        let stat = self.find_with_time(&self.existing(path)?);
        let stat = stat.map_err(|error| self.failure(&error))?;
        Ok(replies::modification_time(stat.metadata.told_time()))
    }

    /// MFMT, SITE UTIME, and MDTM with a time. In a bucket this copies the object onto itself,
    /// within the store.
    pub(super) fn set_modification_time(
        &self,
        time: Timestamp,
        path: &str,
        long: LongWork<'_, '_>,
    ) -> Step<Reply> {
        if !self.keeps_times {
            return Err(replies::times_not_kept());
        }
        if !self.rights.allow(Access::Writes) {
            return Err(replies::no_permission(Access::Writes));
        }
        let path = self.existing(path)?;
        let set =
            long.run(Code::FILE_STATUS, &*self.store, |store| store.set_modified(&path, time.0));
        set.map_err(|error| match error.kind {
            ErrorKind::TooLarge => replies::too_large_for_a_time(),
            _ => self.failure(&error),
        })?;
        log::info!("mfmt path={path:?} modify={time}");
        Ok(replies::modification_time_set(time, &path))
    }

    /// The facts about a name whose time matters: listings, from which [`Freshness::Recent`] may
    /// repeat, tell neither the time that a client has set nor when a directory was made.
    fn find_with_time(&self, path: &FtpPath) -> Result<Stat, StoreError> {
        if self.keeps_times {
            return self.store.stat(path, Freshness::Now);
        }
        let stat = self.store.stat(path, Freshness::Recent)?;
        if stat.metadata.modified.is_none() && !path.is_root() {
            return self.store.stat(path, Freshness::Now);
        }
        Ok(stat)
    }

    /// MLST: the `wanted` facts.
    pub(super) fn facts(&self, path: Option<&str>, wanted: MlstFacts) -> Step<Reply> {
        let path = self.existing(path.unwrap_or("."))?;
        let found = self.find_with_time(&path);
        let metadata = match self.parked(&path, found.as_ref().ok())? {
            Some(parked) => {
                self.told.note(path.clone());
                Metadata::file(parked.offset(), Some(parked.begun))
            }
            None => found.map_err(|error| self.failure(&error))?.metadata,
        };
        Ok(replies::facts(&path, &metadata, wanted, self.rights))
    }
}
