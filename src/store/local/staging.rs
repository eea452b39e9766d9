//! Files that are not finished: written in a hidden directory, published by a rename. So nobody
//! ever sees half a file, and an upload that is given up leaves the earlier one as it was.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::fault::LocalResult;
use super::tree::{Found, LocalName, WORK_DIRECTORY, look};
use crate::store::{ErrorKind, Expected};

/// What a crash left behind is removed at the next start once nothing was written to it for so
/// long. Younger files may belong to another instance that serves the same directory.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The hidden directory.
pub(super) struct Staging {
    directory: OwnedFd,
}

impl Staging {
    /// Makes it if need be, and clears it of old leftovers.
    pub(super) fn open(root: &OwnedFd) -> Result<Self, Errno> {
        match rustix::fs::mkdirat(root, WORK_DIRECTORY, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(root, WORK_DIRECTORY, flags, Mode::empty())?;
        let staging = Self { directory };
        staging.remove_leftovers()?;
        Ok(staging)
    }

    /// A new, empty file and the name by which it is found again.
    pub(super) fn create(&self) -> Result<(String, File), Errno> {
        let name = format!("{:032x}", fastrand::u128(..));
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file = rustix::fs::openat(&self.directory, name.as_str(), flags, mode)?;
        Ok((name, File::from(file)))
    }

    /// A file that was created earlier, with a position of its own.
    pub(super) fn reopen(&self, name: &str) -> LocalResult<File> {
        check_name(name)?;
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.directory, name, flags, Mode::empty())?;
        Ok(File::from(file))
    }

    /// Makes the file durable and lets it take its place, at once and as a whole, if what stands
    /// there is `expected`: looked at while nobody else publishes in that directory.
    pub(super) fn publish(
        &self,
        name: &str,
        file: &File,
        slot: &LocalName<'_>,
        expected: &Expected,
    ) -> LocalResult<()> {
        file.sync_all()?;
        slot.lock_directory()?;
        if !expected.admits(slot.admits_file()?.as_ref()) {
            return Err(ErrorKind::PreconditionFailed.into());
        }
        rustix::fs::renameat(&self.directory, name, &slot.parent, slot.name)?;
        Ok(slot.sync()?)
    }

    /// Removes a file; it is no error if there is none.
    pub(super) fn discard(&self, name: &str) -> LocalResult<()> {
        check_name(name)?;
        match rustix::fs::unlinkat(&self.directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn remove_leftovers(&self) -> Result<(), Errno> {
        let Some(limit) = SystemTime::now().checked_sub(LEFTOVER_AGE) else { return Ok(()) };
        for entry in Dir::read_from(&self.directory)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().to_str() else { continue };
            let Found::File(stat) = look(&self.directory, name)? else { continue };
            if stat.metadata.modified.is_some_and(|time| time < limit) {
                // Another instance that starts now may be faster; that is as good.
                let _ = rustix::fs::unlinkat(&self.directory, name, AtFlags::empty());
            }
        }
        Ok(())
    }
}

/// A name is one component, whatever a caller passes as an upload id.
fn check_name(name: &str) -> Result<(), ErrorKind> {
    let ours = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if ours { Ok(()) } else { Err(ErrorKind::NotFound) }
}
