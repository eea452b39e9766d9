//! Files and directories beside a trash, and in it.

use std::time::Duration;

use time::OffsetDateTime;

use super::TrashStore;
use crate::store::{
    Admission, Body, ByteRange, ETag, ErrorKind, Expected, FileTree, Freshness, IsUseless,
    KeepReplaced, KeyLock, ListPage, ListRequest, NextPage, Object, Operation, Restoration, Result,
    Stat, StoreError, Stored,
};
use crate::vfs::FtpPath;

/// Times that a rename looks anew at what it replaces.
const LOOKS: u32 = 3;

impl FileTree for TrashStore {
    fn stat(&self, path: &FtpPath, freshness: Freshness) -> Result<Stat> {
        self.see(Operation::HeadObject, path)?;
        self.store.stat(path, freshness)
    }

    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        self.see(Operation::HeadObject, path)?;
        self.store.find_file(path)
    }

    fn find_file_to_continue(&self, path: &FtpPath) -> Result<Option<Stat>> {
        self.see(Operation::HeadObject, path)?;
        self.store.find_file_to_continue(path)
    }

    fn admits_adding(&self, path: &FtpPath) -> Result<()> {
        self.store.admits_adding(path)
    }

    fn admits_file(&self, path: &FtpPath, freshness: Freshness) -> Result<Admission> {
        self.admit(Operation::PutObject, path)?;
        self.store.admits_file(path, freshness)
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        self.store.take_turn_to_append(path, patience)
    }

    fn list(&self, request: &ListRequest<'_>, tell: Option<NextPage<'_>>) -> Result<ListPage> {
        self.see(Operation::ListObjects, request.directory)?;
        let mut page = self.store.list(request, tell)?;
        if !self.is_visible && request.directory.is_root() {
            page.entries.retain(|entry| entry.name != self.trash.name());
        }
        Ok(page)
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        self.see(Operation::GetObject, path)?;
        self.store.get_object(path, range, if_match)
    }

    fn restore_archived(&self, path: &FtpPath) -> Result<Option<Restoration>> {
        self.see(Operation::RestoreObject, path)?;
        self.store.restore_archived(path)
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        self.admit(Operation::PutObject, path)?;
        self.store.put_object(path, body, expected)
    }

    /// What is in the trash already goes for good.
    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        self.see(Operation::DeleteObject, path)?;
        match self.is_trash(path) {
            true => self.store.delete_object(path),
            false => self.put_away(path, |place| self.store.set_aside(path, place)),
        }
    }

    fn delete_version(
        &self,
        path: &FtpPath,
        seen: &Stat,
        is_useless: IsUseless<'_>,
    ) -> Result<bool> {
        self.see(Operation::DeleteObject, path)?;
        self.store.delete_version(path, seen, is_useless)
    }

    fn keep_replaced(&self, path: &FtpPath) -> Result<()> {
        self.admit(Operation::CopyObject, path)?;
        self.put_away(path, |place| self.store.copy_aside(path, place))
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        self.admit(Operation::PutObject, path)?;
        self.store.create_directory(path)
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        self.see(Operation::DeleteObject, path)?;
        self.store.remove_directory(path)?;
        if !self.is_trash(path)
            && let Err(error) = self.keep_directory(path)
        {
            // Nothing is lost but the name of an empty directory.
            log::warn!("the removed directory {path:?} is not in the trash: {error}");
        }
        Ok(())
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        self.admit(Operation::CopyObject, path)?;
        self.store.set_modified(path, modified)
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, from)?;
        self.admit(Operation::CopyObject, to)?;
        self.stay(from)?;
        if from == to {
            return self.store.rename(from, to);
        }
        let mut keep = |_: &Stat| {
            let kept = self.put_away(to, |place| self.store.copy_aside(to, place));
            kept.map_err(|error| match error.kind {
                // Somebody else was faster: there is nothing to keep any more.
                ErrorKind::NotFound => StoreError { kind: ErrorKind::PreconditionFailed, ..error },
                _ => error,
            })
        };
        for _ in 1..LOOKS {
            match self.store.rename_keeping(from, to, &mut keep) {
                Err(error) if error.kind == ErrorKind::PreconditionFailed => {}
                renamed => return renamed,
            }
        }
        self.store.rename_keeping(from, to, &mut keep)
    }

    fn rename_to_free(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, from)?;
        self.admit(Operation::CopyObject, to)?;
        self.stay(from)?;
        self.store.rename_to_free(from, to)
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        self.see(Operation::CopyObject, from)?;
        self.admit(Operation::CopyObject, to)?;
        self.store.rename_keeping(from, to, keep)
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, file)?;
        self.admit(Operation::CopyObject, aside)?;
        self.store.set_aside(file, aside)
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        self.see(Operation::CopyObject, file)?;
        self.admit(Operation::CopyObject, aside)?;
        self.store.copy_aside(file, aside)
    }
}
