//! Commands that look at or change the tree without a data connection: CWD, MKD, RMD, DELE, RNFR,
//! RNTO, SIZE, MLST.

use std::collections::HashMap;
use std::sync::Arc;

use super::failure::store_failure;
use super::long_work::LongWork;
use super::renaming::Renaming;
use super::step::Step;
use super::told_parked::ToldParked;
use super::unpublished::Unpublished;
use crate::access::AdmittedClient;
use crate::events::{EventKind, FileDeed, Intent, Witness};
use crate::protocol::{Access, Code, MlstFacts, Reply, Rights, replies};
use crate::store::{ErrorKind, Freshness, ObjectStore, OnExists, Operation, Stat, StoreError};
use crate::transfer::{EarlierUploads, PartialUpload};
use crate::users::{Account, FileRules};
use crate::vfs::{EntryKind, FtpPath, Metadata};

/// The tree of who is logged in, as the present command sees it.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    /// Works for the present command.
    pub(super) store: Arc<dyn ObjectStore>,
    pub(super) admitted: &'a AdmittedClient,
    pub(super) account: Arc<Account>,
    pub(super) working_directory: FtpPath,
    pub(super) rights: Rights,
    /// `preserve_mtime`
    pub(super) keeps_times: bool,
    /// `partial_upload`
    pub(super) partial: PartialUpload,
    /// What the session was told of interrupted uploads.
    pub(super) told: ToldParked,
    /// Uploads that came to nothing a short while ago.
    pub(super) earlier_uploads: Arc<EarlierUploads>,
    /// Who tells what happens to files.
    pub(super) witness: Witness,
}

impl Tree<'_> {
    /// The store, as it is where `path` is: there may be several in the tree.
    pub(super) fn store_at(&self, path: &FtpPath) -> Arc<dyn ObjectStore> {
        self.store.for_path(path).unwrap_or_else(|| Arc::clone(&self.store))
    }

    /// What may be done at `path`: what the account may do, as far as that is allowed there.
    pub(super) fn rights_at(&self, path: &FtpPath) -> Rights {
        let (Rights { read, write, delete }, there) = (self.rights, self.store.rights_at(path));
        Rights {
            read: read && there.reads,
            write: write && there.writes,
            delete: delete && there.writes && there.deletes,
        }
    }

    /// The same in those of the names in `directory` that lead to mount points.
    pub(super) fn mounted_in(&self, directory: &FtpPath) -> HashMap<String, Rights> {
        let names = self.store.mounted_in(directory).into_iter();
        names
            .filter_map(|name| Some((name.clone(), self.rights_at(&directory.child(&name)?))))
            .collect()
    }

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

    /// The same of a file: where it is.
    pub(super) fn existing_file(&self, text: &str) -> Step<FtpPath> {
        self.locate(self.existing(text)?)
    }

    /// Where the file of this name is.
    pub(super) fn locate(&self, path: FtpPath) -> Step<FtpPath> {
        match self.unpublished(&path) {
            Some(all) if !path.is_root() => all.find(path).map_err(|error| self.failure(&error)),
            _ => Ok(path),
        }
    }

    /// What waits for its marker, for whoever may write where `path` is.
    pub(super) fn unpublished(&self, path: &FtpPath) -> Option<Unpublished<'_>> {
        let ending = self.files().published_by.as_deref();
        let ending = ending.filter(|_| self.rights_at(path).write);
        ending.map(|ending| Unpublished { store: &*self.store, ending })
    }

    /// A directory stays where it is as long as files for it wait elsewhere.
    fn refuse_to_leave_files(&self, directory: &FtpPath) -> Step<()> {
        let kept = self.unpublished(directory).map_or(Ok(()), |all| all.keep_directory(directory));
        kept.map_err(|error| self.failure(&error))
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
        store_failure(self.admitted, error)
    }

    /// What is known of a path.
    pub(super) fn stat(&self, path: &FtpPath, freshness: Freshness) -> Step<Stat> {
        self.store.stat(path, freshness).map_err(|error| self.failure(&error))
    }

    /// CWD: where the client is from now on.
    pub(super) fn directory(&self, path: &str) -> Step<FtpPath> {
        let path = self.existing(path)?;
        // The root is always there, and going back to where one is needs no proof.
        if path.is_root() || path == self.working_directory {
            return Ok(path);
        }
        match self.store.stat(&path, Freshness::Listed) {
            Ok(stat) if stat.metadata.is_directory() => {}
            Ok(_) => return Err(replies::not_a_directory()),
            Err(error) if error.kind == ErrorKind::NotFound && self.is_parked_directory(&path) => {}
            Err(error) => return Err(self.failure(&error)),
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
        self.refuse_to_leave_files(&path)?;
        if self.has_parked_below(&path)? {
            return Err(replies::uploads_wait_in_directory());
        }
        self.store.remove_directory(&path).map_err(|error| self.failure(&error))?;
        log::info!("rmdir path={path:?}");
        Ok(replies::directory_removed())
    }

    /// DELE.
    pub(super) fn delete(&self, path: &str, long: LongWork<'_, '_>) -> Step<Reply> {
        let path = self.existing_file(path)?;
        if path.is_root() {
            return Err(replies::is_a_directory());
        }
        let store = self.store_at(&path);
        let intent = self.intend(&FileDeed::now(EventKind::Delete, &*store, &path))?;
        let delete = |store: &dyn ObjectStore| store.delete_object(&path);
        // With a trash, that is a copy within the store, too.
        let deleted = match self.store.keeps_deleted() {
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
        let path = self.existing_file(path)?;
        if path.is_root() {
            return Err(replies::root_is_fixed());
        }
        let found = self.store.stat(&path, Freshness::Recent);
        if let Err(error) = &found
            && error.kind == ErrorKind::NotFound
        {
            self.refuse_to_rename_parked(&path)?;
        }
        let was = found.map_err(|error| self.failure(&error))?.metadata;
        if was.is_directory() {
            self.refuse_to_leave_files(&path)?;
        }
        Ok((path, was))
    }

    /// The store ties interrupted uploads to their names: what is nothing else is not renamed.
    fn refuse_to_rename_parked(&self, path: &FtpPath) -> Step<()> {
        if let Some(parked) = self.own_parked(path)? {
            return Err(replies::being_uploaded(parked.offset()));
        }
        match self.is_parked_directory(path) {
            true => Err(replies::only_uploads_in_directory()),
            false => Ok(()),
        }
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
        let to = match self.unpublished(&to) {
            // What waits goes on to wait.
            Some(all) if all.holds(from) => all.place(&to).map_err(|error| self.failure(&error))?,
            _ => to,
        };
        self.check_told(EventKind::Rename, &to)?;
        let on_exists = match was.kind {
            EntryKind::File => self.files().on_exists,
            // A directory replaces nothing in any case.
            EntryKind::Directory => OnExists::Replace,
        };
        let renaming = Renaming { from, was, on_exists, witness: &self.witness };
        let store = self.store_at(&to);
        let renamed =
            long.run(Code::FILE_ACTION_COMPLETE, &*store, |store| renaming.run(store, &to));
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
        self.witness.intend(deed).map_err(|error| {
            log::error!("events: the journal cannot be written: {error}");
            replies::events_wait()
        })
    }

    /// Refuses what could not be told, where too much waits.
    pub(super) fn check_told(&self, kind: EventKind, path: &FtpPath) -> Step<()> {
        match self.witness.refuses(kind, path) {
            true => Err(replies::events_wait()),
            false => Ok(()),
        }
    }

    /// SIZE.
    pub(super) fn size(&self, path: &str) -> Step<Reply> {
        let path = self.existing_file(path)?;
        let found = self.store.stat(&path, Freshness::Recent);
        if let Some(parked) = self.parked(&path, found.as_ref().ok())? {
            self.told.note(path, &parked);
            return Ok(replies::size(parked.offset()));
        }
        let stat = found.map_err(|error| self.failure(&error))?;
        if stat.metadata.is_directory() {
            return Err(replies::is_a_directory());
        }
        Ok(replies::size(stat.metadata.size))
    }

    /// The facts about a name whose time matters: listings, from which [`Freshness::Recent`] may
    /// repeat, tell neither the time that a client has set nor when a directory was made.
    pub(super) fn find_with_time(&self, path: &FtpPath) -> Result<Stat, StoreError> {
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
        let rights = self.rights_at(&path);
        if !rights.allow(Access::Reads) {
            return Err(replies::no_permission(Access::Reads));
        }
        let place = self.locate(path.clone())?;
        let found = self.find_with_time(&place);
        let metadata = match (self.parked(&place, found.as_ref().ok())?, found) {
            (Some(parked), _) => {
                self.told.note(place, &parked);
                Metadata::file(parked.offset(), Some(parked.begun))
            }
            (None, Err(error))
                if error.kind == ErrorKind::NotFound && self.is_parked_directory(&path) =>
            {
                Metadata::directory(None)
            }
            (None, found) => found.map_err(|error| self.failure(&error))?.metadata,
        };
        Ok(replies::facts(&path, &metadata, wanted, rights))
    }
}
