//! Files that are not finished: written in a hidden directory, published by a rename. So nobody
//! ever sees half a file, and an upload that is given up leaves the earlier one as it was.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::fault::LocalResult;
use super::owner::inherit_owner;
use super::tree::{Found, LocalName, WORK_DIRECTORY, look};
use crate::store::{ErrorKind, Expected, Stat};

/// What a crash left behind is removed at the next start once nothing was written to it for so
/// long. Younger files may belong to another instance that serves the same directory.
const LEFTOVER_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The hidden directory, which is made when it is first needed.
pub(super) struct Staging {
    /// Where it is.
    root: OwnedFd,
    directory: OnceLock<OwnedFd>,
    is_made: AtomicBool,
}

impl Staging {
    /// That of the directory `root`.
    pub(super) fn new(root: &OwnedFd) -> Result<Self, Errno> {
        let root = rustix::io::fcntl_dupfd_cloexec(root, 0)?;
        Ok(Self { root, directory: OnceLock::new(), is_made: AtomicBool::new(false) })
    }

    /// Makes it if need be, and clears it of old leftovers.
    pub(super) fn prepare(&self) -> Result<(), Errno> {
        remove_leftovers(self.directory()?)
    }

    /// Removes it, if it was made here and is empty.
    pub(super) fn remove_if_made(self) {
        if self.is_made.into_inner() {
            // Not empty: another instance has begun to use it.
            let _ = rustix::fs::unlinkat(&self.root, WORK_DIRECTORY, AtFlags::REMOVEDIR);
        }
    }

    /// The directory itself.
    fn directory(&self) -> Result<&OwnedFd, Errno> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory);
        }
        let made = match rustix::fs::mkdirat(&self.root, WORK_DIRECTORY, Mode::RWXU) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(errno) => return Err(errno),
        };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let directory = rustix::fs::openat(&self.root, WORK_DIRECTORY, flags, Mode::empty())?;
        if made {
            inherit_owner(&directory, &self.root);
            self.is_made.store(true, Ordering::Relaxed);
        }
        Ok(self.directory.get_or_init(|| directory))
    }

    /// A name that nobody has.
    pub(super) fn new_name() -> String {
        format!("{:032x}", fastrand::u128(..))
    }

    /// The names that begin so.
    pub(super) fn names(&self, beginning: &str) -> LocalResult<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(self.directory()?)? {
            let entry = entry?;
            let name = entry.file_name().to_str().ok().filter(|name| name.starts_with(beginning));
            names.extend(name.filter(|name| check_name(name).is_ok()).map(str::to_owned));
        }
        Ok(names)
    }

    /// Gives a file another name, in place of what has that.
    pub(super) fn rename(&self, from: &str, to: &str) -> LocalResult<()> {
        check_name(from)?;
        check_name(to)?;
        let directory = self.directory()?;
        Ok(rustix::fs::renameat(directory, from, directory, to)?)
    }

    /// A new, empty file and the name by which it is found again.
    pub(super) fn create(&self) -> Result<(String, File), Errno> {
        let name = Self::new_name();
        let directory = self.directory()?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o666);
        let file = rustix::fs::openat(directory, name.as_str(), flags, mode)?;
        inherit_owner(&file, directory);
        Ok((name, File::from(file)))
    }

    /// A file that was created earlier, with a position of its own.
    pub(super) fn reopen(&self, name: &str) -> LocalResult<File> {
        check_name(name)?;
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(self.directory()?, name, flags, Mode::empty())?;
        Ok(File::from(file))
    }

    /// Makes the file durable and lets it take its place, at once and as a whole, if what is
    /// `expected` there `admits` what stands there: looked at while nobody else publishes in that
    /// directory.
    pub(super) fn publish(
        &self,
        name: &str,
        file: &File,
        slot: &LocalName<'_>,
        expected: &Expected,
        admits: impl Fn(Option<Stat>) -> bool,
    ) -> LocalResult<()> {
        file.sync_all()?;
        slot.lock_directory()?;
        let there = slot.admits_file()?;
        match expected {
            // Not every program that writes here locks the directory.
            Expected::Nothing => slot.take_unless_taken(self.directory()?, name)?,
            _ if admits(there) => {
                rustix::fs::renameat(self.directory()?, name, &slot.parent, slot.name)?;
            }
            _ => return Err(expected.refusal().into()),
        }
        Ok(slot.sync()?)
    }

    /// Removes a file; it is no error if there is none.
    pub(super) fn discard(&self, name: &str) -> LocalResult<()> {
        check_name(name)?;
        match rustix::fs::unlinkat(self.directory()?, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }
}

fn remove_leftovers(directory: &OwnedFd) -> Result<(), Errno> {
    let Some(limit) = SystemTime::now().checked_sub(LEFTOVER_AGE) else { return Ok(()) };
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        let Found::File(stat) = look(directory, name)? else { continue };
        if stat.metadata.modified.is_some_and(|time| time < limit) {
            // Another instance that starts now may be faster; that is as good.
            let _ = rustix::fs::unlinkat(directory, name, AtFlags::empty());
        }
    }
    Ok(())
}

/// A name is one component, whatever a caller passes as an upload id.
fn check_name(name: &str) -> Result<(), ErrorKind> {
    let ours = name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    if ours { Ok(()) } else { Err(ErrorKind::NotFound) }
}
