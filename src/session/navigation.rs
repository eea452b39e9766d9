//! Commands that look at or change the tree without a data connection: CWD, MKD, RMD, DELE, RNFR,
//! RNTO, SIZE, MDTM, MFMT, MLST.

use std::sync::Arc;

use super::failure::store_failure;
use super::{Pending, Session};
use crate::protocol::{Access, Code, Reply, Timestamp, replies, timed_path};
use crate::store::{ErrorKind, Freshness, ObjectStore, Stat};
use crate::vfs::FtpPath;

/// A handler's steps: what fails is the reply already.
pub(super) type Step<T> = Result<T, Reply>;

impl Session<'_> {
    pub(super) fn change_directory(&mut self, path: &str) -> Reply {
        self.try_change_directory(path).unwrap_or_else(|reply| reply)
    }

    fn try_change_directory(&mut self, path: &str) -> Step<Reply> {
        let path = self.resolve(path)?;
        // The root is always there, and going back to where one is needs no proof.
        if !path.is_root() && path != self.working_directory {
            let store = self.store()?;
            let stat = store
                .stat(&path, Freshness::Listed)
                .map_err(|error| store_failure(self.visit, &error))?;
            if !stat.metadata.is_directory() {
                return Err(replies::not_a_directory());
            }
        }
        self.working_directory = path;
        Ok(replies::directory_changed(&self.working_directory))
    }

    pub(super) fn make_directory(&self, path: &str) -> Reply {
        self.on_path(path, |store, path| {
            if path.is_root() {
                return Err(replies::already_exists());
            }
            store.create_directory(path).map_err(|error| store_failure(self.visit, &error))?;
            log::info!("mkdir path={path:?}");
            Ok(replies::directory_created(path))
        })
    }

    pub(super) fn remove_directory(&self, path: &str) -> Reply {
        self.on_path(path, |store, path| {
            if path.is_root() {
                return Err(replies::root_is_fixed());
            }
            store.remove_directory(path).map_err(|error| store_failure(self.visit, &error))?;
            log::info!("rmdir path={path:?}");
            Ok(replies::directory_removed())
        })
    }

    pub(super) fn delete(&self, path: &str) -> Reply {
        self.on_path(path, |store, path| {
            if path.is_root() {
                return Err(replies::is_a_directory());
            }
            store.delete_object(path).map_err(|error| store_failure(self.visit, &error))?;
            log::info!("delete path={path:?}");
            Ok(replies::file_deleted())
        })
    }

    pub(super) fn rename_from(&mut self, path: &str) -> Reply {
        self.try_rename_from(path).unwrap_or_else(|reply| reply)
    }

    fn try_rename_from(&mut self, path: &str) -> Step<Reply> {
        let path = self.resolve(path)?;
        if path.is_root() {
            return Err(replies::root_is_fixed());
        }
        self.store()?
            .stat(&path, Freshness::Recent)
            .map_err(|error| store_failure(self.visit, &error))?;
        self.pending = Pending::RenameFrom(path);
        Ok(replies::rename_to_what())
    }

    pub(super) fn rename_to(&mut self, path: &str, pending: Pending) -> Reply {
        self.try_rename_to(path, pending).unwrap_or_else(|reply| reply)
    }

    fn try_rename_to(&mut self, path: &str, pending: Pending) -> Step<Reply> {
        let Pending::RenameFrom(from) = pending else { return Err(replies::rename_from_first()) };
        let to = self.resolve(path)?;
        if to.is_root() {
            return Err(replies::root_is_fixed());
        }
        if to != from && to.is_within(&from) {
            return Err(replies::rename_into_itself());
        }
        if to != from {
            let renamed =
                self.at_length(Code::FILE_ACTION_COMPLETE, |store| store.rename(&from, &to))?;
            renamed.map_err(|error| store_failure(self.visit, &error))?;
            log::info!("rename from={from:?} to={to:?}");
        }
        Ok(replies::renamed())
    }

    pub(super) fn size(&self, path: &str) -> Reply {
        self.on_path(path, |store, path| {
            let stat = store
                .stat(path, Freshness::Recent)
                .map_err(|error| store_failure(self.visit, &error))?;
            if stat.metadata.is_directory() {
                return Err(replies::is_a_directory());
            }
            Ok(replies::size(stat.metadata.size))
        })
    }

    /// MDTM. With a time before the path it sets that, unless something is called so as a whole.
    pub(super) fn modification_time(&mut self, argument: &str) -> Reply {
        let Some((time, path)) = timed_path(argument) else {
            return self.tell_modification_time(argument);
        };
        match self.exists(argument) {
            Ok(true) => self.tell_modification_time(argument),
            Ok(false) => self.set_modification_time(time, path),
            Err(reply) => reply,
        }
    }

    fn exists(&self, path: &str) -> Step<bool> {
        match self.store()?.stat(&self.resolve(path)?, Freshness::Recent) {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::BadName) => {
                Ok(false)
            }
            Err(error) => Err(store_failure(self.visit, &error)),
        }
    }

    fn tell_modification_time(&self, path: &str) -> Reply {
        self.on_path(path, |store, path| {
            let stat = self.stat_with_time(store, path)?;
            Ok(replies::modification_time(stat.metadata.told_time()))
        })
    }

    /// MFMT, and MDTM with a time. In a bucket this copies the object onto itself, within the store.
    pub(super) fn set_modification_time(&mut self, time: Timestamp, path: &str) -> Reply {
        self.try_set_modification_time(time, path).unwrap_or_else(|reply| reply)
    }

    fn try_set_modification_time(&mut self, time: Timestamp, path: &str) -> Step<Reply> {
        if !self.host.options.preserve_mtime {
            return Err(replies::times_not_kept());
        }
        if !self.rights().is_some_and(|rights| rights.allow(Access::Writes)) {
            return Err(replies::no_permission(Access::Writes));
        }
        let path = self.resolve(path)?;
        let set = self.at_length(Code::FILE_STATUS, |store| store.set_modified(&path, time.0))?;
        set.map_err(|error| match error.kind {
            ErrorKind::TooLarge => replies::too_large_for_a_time(),
            _ => store_failure(self.visit, &error),
        })?;
        log::info!("mfmt path={path:?} modify={time}");
        Ok(replies::modification_time_set(time, &path))
    }

    /// The facts about a name whose time matters: listings, from which [`Freshness::Recent`] may
    /// repeat, tell neither the time that a client has set nor when a directory was made.
    fn stat_with_time(&self, store: &dyn ObjectStore, path: &FtpPath) -> Step<Stat> {
        let known = if self.host.options.preserve_mtime {
            None
        } else {
            Some(store.stat(path, Freshness::Recent))
        };
        let stat = match known {
            Some(Ok(stat)) if stat.metadata.modified.is_none() && !path.is_root() => {
                store.stat(path, Freshness::Now)
            }
            Some(known) => known,
            None => store.stat(path, Freshness::Now),
        };
        stat.map_err(|error| store_failure(self.visit, &error))
    }

    pub(super) fn facts(&self, path: Option<&str>) -> Reply {
        self.on_path(path.unwrap_or("."), |store, path| {
            let rights = self.rights().ok_or_else(replies::login_needed)?;
            let stat = self.stat_with_time(store, path)?;
            Ok(replies::facts(path, &stat.metadata, self.settings.facts, rights))
        })
    }

    /// The path a client means.
    pub(super) fn resolve(&self, text: &str) -> Step<FtpPath> {
        self.working_directory.join(text).map_err(replies::bad_path)
    }

    /// The account's store, working for the present command.
    pub(super) fn store(&self) -> Step<Arc<dyn ObjectStore>> {
        let account = self.login.account().ok_or_else(replies::login_needed)?;
        let store = &account.store;
        Ok(store.for_command(&self.reply_wait).unwrap_or_else(|| Arc::clone(store)))
    }

    /// Runs `action` on the store and the path that `text` means.
    fn on_path(
        &self,
        text: &str,
        action: impl FnOnce(&dyn ObjectStore, &FtpPath) -> Step<Reply>,
    ) -> Reply {
        self.resolve(text)
            .and_then(|path| action(&*self.store()?, &path))
            .unwrap_or_else(|reply| reply)
    }
}
