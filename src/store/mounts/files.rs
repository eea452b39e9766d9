//! Files and directories of a tree of several stores.

use std::time::Duration;

use time::OffsetDateTime;

use super::MountStore;
use super::crossing::{Crossing, Replacing};
use super::merging::merge;
use super::route::{MountDeed, MountedPath, refused};
use crate::store::{
    Admission, Body, ByteRange, ETag, ErrorKind, Expected, FileTree, Freshness, IsUseless,
    KeepReplaced, KeyLock, ListPage, ListRequest, NextPage, Object, ObjectStore, Operation,
    Restoration, Result, Stat, StoreError, Stored,
};
use crate::vfs::{FtpPath, Metadata};

/// An old name and a new one.
type TwoPlaces<'a> = (MountedPath<'a>, MountedPath<'a>);

impl FileTree for MountStore {
    /// No store is asked of what leads to a mount point: it is there while its store is away.
    fn stat(&self, path: &FtpPath, freshness: Freshness) -> Result<Stat> {
        if self.leads_to_mount(path) {
            return Ok(Stat::new(Metadata::directory(None), None));
        }
        let place = self.see(Operation::HeadObject, path)?;
        place.store.stat(&place.path, freshness)
    }

    fn find_file(&self, path: &FtpPath) -> Result<Option<Stat>> {
        let place = self.route(path);
        match place.is_hidden || self.leads_to_mount(path) {
            true => Ok(None),
            false => place.store.find_file(&place.path),
        }
    }

    fn find_file_to_continue(&self, path: &FtpPath) -> Result<Option<Stat>> {
        let place = self.route(path);
        match place.is_hidden || self.leads_to_mount(path) {
            true => Ok(None),
            false => place.store.find_file_to_continue(&place.path),
        }
    }

    fn admits_adding(&self, path: &FtpPath) -> Result<()> {
        let place = self.route(path);
        place.store.admits_adding(&place.path)
    }

    fn admits_file(&self, path: &FtpPath, freshness: Freshness) -> Result<Admission> {
        let place = self.admit(MountDeed::Write, Operation::PutObject, path)?;
        place.store.admits_file(&place.path, freshness)
    }

    fn take_turn_to_append(&self, path: &FtpPath, patience: Duration) -> Option<KeyLock> {
        let place = self.route(path);
        place.store.take_turn_to_append(&place.path, patience)
    }

    fn list(&self, request: &ListRequest<'_>, tell: Option<NextPage<'_>>) -> Result<ListPage> {
        let place = self.admit(MountDeed::Read, Operation::ListObjects, request.directory)?;
        let inner = ListRequest { directory: &place.path, ..*request };
        let mounted = self.mounted_in(request.directory);
        if mounted.is_empty() {
            let mut page = place.store.list(&inner, tell)?;
            page.entries.retain(|entry| !self.hides(request.directory, &entry.name));
            return Ok(page);
        }
        let mut page = match place.store.list(&inner, tell) {
            // It is there for what is mounted in it.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                ListPage::default()
            }
            page => page?,
        };
        page.entries.retain(|entry| !self.hides(request.directory, &entry.name));
        merge(&mut page, &mounted, request);
        Ok(page)
    }

    fn get_object(
        &self,
        path: &FtpPath,
        range: ByteRange,
        if_match: Option<&ETag>,
    ) -> Result<Object> {
        let place = self.admit(MountDeed::Read, Operation::GetObject, path)?;
        if self.leads_to_mount(path) {
            return Err(failed(ErrorKind::NotFound, Operation::GetObject, path));
        }
        place.store.get_object(&place.path, range, if_match)
    }

    fn restore_archived(&self, path: &FtpPath) -> Result<Option<Restoration>> {
        let place = self.admit(MountDeed::Read, Operation::RestoreObject, path)?;
        place.store.restore_archived(&place.path)
    }

    fn put_object(&self, path: &FtpPath, body: &Body<'_>, expected: &Expected) -> Result<Stored> {
        let place = self.admit(MountDeed::Write, Operation::PutObject, path)?;
        place.store.put_object(&place.path, body, expected)
    }

    fn delete_object(&self, path: &FtpPath) -> Result<()> {
        let place = self.admit(MountDeed::Delete, Operation::DeleteObject, path)?;
        place.store.delete_object(&place.path)
    }

    fn delete_version(
        &self,
        path: &FtpPath,
        seen: &Stat,
        is_useless: IsUseless<'_>,
    ) -> Result<bool> {
        let place = self.admit(MountDeed::Write, Operation::DeleteObject, path)?;
        place.store.delete_version(&place.path, seen, is_useless)
    }

    fn keep_replaced(&self, path: &FtpPath) -> Result<()> {
        let place = self.admit(MountDeed::Write, Operation::CopyObject, path)?;
        place.store.keep_replaced(&place.path)
    }

    fn create_directory(&self, path: &FtpPath) -> Result<()> {
        if self.leads_to_mount(path) {
            return Err(failed(ErrorKind::AlreadyExists, Operation::PutObject, path));
        }
        let place = self.admit(MountDeed::Write, Operation::PutObject, path)?;
        place.store.create_directory(&place.path)
    }

    fn remove_directory(&self, path: &FtpPath) -> Result<()> {
        let place = self.admit(MountDeed::Delete, Operation::DeleteObject, path)?;
        place.store.remove_directory(&place.path)
    }

    fn set_modified(&self, path: &FtpPath, modified: OffsetDateTime) -> Result<()> {
        if self.leads_to_mount(path) {
            return Err(failed(ErrorKind::IsADirectory, Operation::CopyObject, path));
        }
        let place = self.admit(MountDeed::Write, Operation::CopyObject, path)?;
        place.store.set_modified(&place.path, modified)
    }

    fn rename(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        let (source, target) = self.source_and_target(from, to)?;
        match source.number == target.number {
            true => source.store.rename(&source.path, &target.path),
            false => self.cross(from, (source, target), Replacing::Anything),
        }
    }

    fn rename_to_free(&self, from: &FtpPath, to: &FtpPath) -> Result<()> {
        let (source, target) = self.source_and_target(from, to)?;
        match source.number == target.number {
            true => source.store.rename_to_free(&source.path, &target.path),
            false => self.cross(from, (source, target), Replacing::Nothing),
        }
    }

    fn rename_keeping(&self, from: &FtpPath, to: &FtpPath, keep: KeepReplaced<'_>) -> Result<()> {
        let (source, target) = self.both(from, to)?;
        source.store.rename_keeping(&source.path, &target.path, keep)
    }

    fn set_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        let (source, target) = self.both(file, aside)?;
        source.store.set_aside(&source.path, &target.path)
    }

    fn copy_aside(&self, file: &FtpPath, aside: &FtpPath) -> Result<()> {
        let (source, target) = self.both(file, aside)?;
        source.store.copy_aside(&source.path, &target.path)
    }
}

impl MountStore {
    /// Where two names lead, both of which are to change.
    fn source_and_target(&self, from: &FtpPath, to: &FtpPath) -> Result<TwoPlaces<'_>> {
        if from.is_root() || to.is_root() {
            return Err(failed(ErrorKind::BadName, Operation::CopyObject, from));
        }
        let source = self.admit(MountDeed::Write, Operation::CopyObject, from)?;
        Ok((source, self.admit(MountDeed::Write, Operation::CopyObject, to)?))
    }

    /// The same, which have to be of one store.
    fn both(&self, from: &FtpPath, to: &FtpPath) -> Result<TwoPlaces<'_>> {
        let (source, target) = self.source_and_target(from, to)?;
        match source.number == target.number {
            true => Ok((source, target)),
            false => {
                let why = "The two names are in different mounts.";
                Err(refused(Operation::CopyObject, to, why))
            }
        }
    }

    /// Moves the file `from` to another store, for somebody who may read it, and have it gone from
    /// its own.
    fn cross(&self, from: &FtpPath, places: TwoPlaces<'_>, over: Replacing) -> Result<()> {
        self.admit(MountDeed::Read, Operation::GetObject, from)?;
        self.admit(MountDeed::Delete, Operation::DeleteObject, from)?;
        let (source, target) = places;
        let wait = self.command.as_ref().map(|command| &command.wait);
        Crossing { source, target, terms: &self.terms, wait }.run(over)
    }
}

fn failed(kind: ErrorKind, operation: Operation, path: &FtpPath) -> StoreError {
    StoreError::new(kind, operation, path.as_str())
}
