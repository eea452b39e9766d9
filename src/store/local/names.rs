//! What stands under a name, and changes of names that move no bytes. Each is durable before it
//! is confirmed.

use rustix::fs::{AtFlags, Mode, Timespec, Timestamps, UTIME_OMIT};
use time::OffsetDateTime;

use super::LocalStore;
use super::fault::Outcome;
use super::tree::Found;
use crate::store::{ErrorKind, Stat};
use crate::vfs::{EntryKind, FtpPath, Metadata};

impl LocalStore {
    pub(super) fn look_up(&self, path: &FtpPath) -> Outcome<Stat> {
        if path.is_root() {
            return Ok(Stat { metadata: Metadata::directory(None), etag: None });
        }
        match self.tree.existing(path)?.look()? {
            Found::File(stat) | Found::Directory(stat) => Ok(stat),
            Found::Nothing | Found::Foreign => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn remove_file(&self, path: &FtpPath) -> Outcome<()> {
        if path.is_root() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let slot = self.tree.existing(path)?;
        match slot.look()? {
            Found::File(_) => rustix::fs::unlinkat(&slot.parent, slot.name, AtFlags::empty())?,
            Found::Directory(_) => return Err(ErrorKind::IsADirectory.into()),
            Found::Nothing | Found::Foreign => return Err(ErrorKind::NotFound.into()),
        }
        Ok(slot.sync()?)
    }

    pub(super) fn date(&self, path: &FtpPath, modified: OffsetDateTime) -> Outcome<()> {
        if path.is_root() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let slot = self.tree.existing(path)?;
        match slot.look()? {
            Found::File(_) => {}
            Found::Directory(_) => return Err(ErrorKind::IsADirectory.into()),
            Found::Nothing | Found::Foreign => return Err(ErrorKind::NotFound.into()),
        }
        let times = Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
            last_modification: Timespec {
                tv_sec: modified.unix_timestamp(),
                tv_nsec: modified.nanosecond().into(),
            },
        };
        let flags = AtFlags::SYMLINK_NOFOLLOW;
        Ok(rustix::fs::utimensat(&slot.parent, slot.name, &times, flags)?)
    }

    pub(super) fn make_directory(&self, path: &FtpPath) -> Outcome<()> {
        if path.is_root() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let slot = self.tree.making_parents(path)?;
        rustix::fs::mkdirat(&slot.parent, slot.name, Mode::from_raw_mode(0o777))?;
        Ok(slot.sync()?)
    }

    pub(super) fn remove_empty_directory(&self, path: &FtpPath) -> Outcome<()> {
        if path.is_root() {
            return Err(ErrorKind::AccessDenied.into());
        }
        let slot = self.tree.existing(path)?;
        match slot.look()? {
            Found::Directory(_) => {
                rustix::fs::unlinkat(&slot.parent, slot.name, AtFlags::REMOVEDIR)?;
            }
            Found::File(_) => return Err(ErrorKind::NotADirectory.into()),
            Found::Nothing | Found::Foreign => return Err(ErrorKind::NotFound.into()),
        }
        Ok(slot.sync()?)
    }

    pub(super) fn move_name(&self, from: &FtpPath, to: &FtpPath) -> Outcome<()> {
        match self.look_up(from)?.metadata.kind {
            EntryKind::Directory => self.admits_directory(from, to)?,
            EntryKind::File => self.tree.admits_file(to)?,
        }
        let source = self.tree.existing(from)?;
        let target = self.tree.making_parents(to)?;
        rustix::fs::renameat(&source.parent, source.name, &target.parent, target.name)?;
        target.sync()?;
        Ok(source.sync()?)
    }

    /// Whether the directory `from` may come to stand under `to`. Should another appear there just
    /// now, the system lets it be replaced only while it is empty.
    fn admits_directory(&self, from: &FtpPath, to: &FtpPath) -> Outcome<()> {
        if to.is_within(from) {
            return Err(ErrorKind::BadName.into());
        }
        match self.look_up(to) {
            Ok(_) => Err(ErrorKind::AlreadyExists.into()),
            // Nothing that a client can see; a link may still stand there.
            Err(_) => self.tree.admits_file(to),
        }
    }
}
