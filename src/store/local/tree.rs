//! From names to descriptors. Each component of a path is opened by itself, relative to the
//! directory before it and without following a link. An [`FtpPath`] holds no `..`, so that nothing
//! outside the root can be reached, whoever puts a link into the tree and whenever.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use time::{Duration, OffsetDateTime};

use super::fault::LocalResult;
use super::owner::inherit_owner;
use crate::store::{ETag, ErrorKind, Stat};
use crate::vfs::{FtpPath, Metadata};

/// Where unfinished files are kept, inside the root so that a rename publishes them. No client
/// sees it, at any depth: the root of one account may lie below that of another.
pub(super) const WORK_DIRECTORY: &str = ".cos-ftp-server";

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The root, held open: renaming or replacing it changes nothing for a running server.
pub(super) struct LocalTree {
    root: OwnedFd,
}

/// A name in an open directory, whether or not anything stands there.
pub(super) struct LocalName<'a> {
    /// The directory.
    pub(super) parent: OwnedFd,
    /// One component.
    pub(super) name: &'a str,
}

/// What stands under a name.
pub(super) enum Found {
    Nothing,
    File(Stat),
    Directory(Stat),
    /// A link, a socket, a device: nothing FTP knows. Never opened, listed or replaced.
    Foreign,
}

impl LocalTree {
    /// Opens the root. Links on the way there are the operator's and are followed.
    pub(super) fn open(root: &Path) -> Result<Self, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        Ok(Self { root: rustix::fs::open(root, flags, Mode::empty())? })
    }

    /// The directory `home` (`a/b/`) of this one, with what is missing on the way made. Links are
    /// not followed: below the root they are no operator's.
    pub(super) fn below(&self, home: &str) -> LocalResult<Self> {
        let mut root = self.walk("")?;
        for name in home.split('/').filter(|name| !name.is_empty()) {
            if name == WORK_DIRECTORY {
                return Err(ErrorKind::AccessDenied.into());
            }
            root = match open_directory(&root, name) {
                Err(Errno::NOENT) => make_directory(&root, name)?,
                opened => opened?,
            };
        }
        Ok(Self { root })
    }

    /// The root's descriptor.
    pub(super) fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// Opens a directory that exists. Below a file there is nothing, so that is not found.
    pub(super) fn directory(&self, path: &FtpPath) -> LocalResult<OwnedFd> {
        if path.is_root() {
            return Ok(self.walk("")?);
        }
        let slot = self.existing(path)?;
        match slot.look()? {
            Found::Directory(_) => Ok(open_directory(&slot.parent, slot.name)?),
            Found::File(_) => Err(ErrorKind::NotADirectory.into()),
            Found::Nothing | Found::Foreign => Err(ErrorKind::NotFound.into()),
        }
    }

    /// The slot of a name that is to be read, moved or removed. Below a file there is nothing.
    pub(super) fn existing<'a>(&self, path: &'a FtpPath) -> LocalResult<LocalName<'a>> {
        if is_hidden(path) {
            return Err(ErrorKind::NotFound.into());
        }
        match self.walk(path.parent().key()) {
            Ok(parent) => Ok(LocalName { parent, name: path.name() }),
            // What a file or a link on the way answers.
            Err(Errno::NOTDIR | Errno::LOOP) => Err(ErrorKind::NotFound.into()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The slot of a name that is to be written. Missing parents are made, as a bucket implies
    /// them.
    pub(super) fn making_parents<'a>(&self, path: &'a FtpPath) -> LocalResult<LocalName<'a>> {
        if is_hidden(path) {
            return Err(ErrorKind::AccessDenied.into());
        }
        let mut parent = self.walk("")?;
        for name in path.parent().components() {
            parent = match open_directory(&parent, name) {
                Err(Errno::NOENT) => make_directory(&parent, name)?,
                opened => opened?,
            };
        }
        Ok(LocalName { parent, name: path.name() })
    }

    /// Whether a file may come to stand under `path`, before any byte of it is taken. Makes
    /// nothing.
    pub(super) fn admits_file(&self, path: &FtpPath) -> LocalResult<()> {
        if path.is_root() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if is_hidden(path) {
            return Err(ErrorKind::AccessDenied.into());
        }
        match self.walk(path.parent().key()) {
            Ok(parent) => LocalName { parent, name: path.name() }.admits_file().map(drop),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Opens the directory `key` below the root; `""` is the root itself, opened anew so that
    /// its reading position is the caller's own.
    fn walk(&self, key: &str) -> Result<OwnedFd, Errno> {
        let mut at = open_directory(&self.root, ".")?;
        for name in key.split('/').filter(|name| !name.is_empty()) {
            at = open_directory(&at, name)?;
        }
        Ok(at)
    }
}

impl LocalName<'_> {
    /// What stands there.
    pub(super) fn look(&self) -> Result<Found, Errno> {
        look(&self.parent, self.name)
    }

    /// Opens the file that stands there; anything else is not found.
    pub(super) fn open_file(&self) -> LocalResult<(File, Stat)> {
        // NONBLOCK: a FIFO would hold up the open until somebody writes.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let Found::File(_) = self.look()? else {
            return Err(ErrorKind::NotFound.into());
        };
        let file = rustix::fs::openat(&self.parent, self.name, flags, Mode::empty())?;
        match classify(&rustix::fs::fstat(&file)?) {
            Found::File(stat) => Ok((File::from(file), stat)),
            _ => Err(ErrorKind::NotFound.into()),
        }
    }

    /// The file that another would take the place of, if there is one.
    ///
    /// # Errors
    /// When no file may come to stand there.
    pub(super) fn admits_file(&self) -> LocalResult<Option<Stat>> {
        match self.look()? {
            Found::Nothing => Ok(None),
            Found::File(stat) => Ok(Some(stat)),
            Found::Directory(_) => Err(ErrorKind::IsADirectory.into()),
            Found::Foreign => Err(ErrorKind::AccessDenied.into()),
        }
    }

    /// Waits until nobody else publishes in the directory, in no process of this machine, and keeps
    /// them from it as long as the slot lives.
    pub(super) fn lock_directory(&self) -> Result<(), Errno> {
        match rustix::fs::flock(&self.parent, FlockOperation::LockExclusive) {
            // A file system without locks: a moment is left between the look and the renaming.
            Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) => Ok(()),
            locked => locked,
        }
    }

    /// Lets others publish in the directory again.
    pub(super) fn unlock_directory(&self) -> Result<(), Errno> {
        match rustix::fs::flock(&self.parent, FlockOperation::Unlock) {
            Err(Errno::NOLCK | Errno::OPNOTSUPP | Errno::INVAL | Errno::NOSYS) => Ok(()),
            unlocked => unlocked,
        }
    }

    /// Makes a directory there, where nothing may stand.
    pub(super) fn make_directory(&self) -> Result<(), Errno> {
        make_new_directory(&self.parent, self.name).map(drop)
    }

    /// Makes changes of the directory durable.
    pub(super) fn sync(&self) -> Result<(), Errno> {
        sync_directory(&self.parent)
    }
}

/// What stands under `name` in `directory`; a link is not followed.
pub(super) fn look(directory: impl AsFd, name: &str) -> Result<Found, Errno> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(classify(&stat)),
        Err(Errno::NOENT) => Ok(Found::Nothing),
        Err(errno) => Err(errno),
    }
}

/// The facts about an open file.
pub(super) fn facts(file: &File) -> LocalResult<Stat> {
    match classify(&rustix::fs::fstat(file)?) {
        Found::File(stat) | Found::Directory(stat) => Ok(stat),
        Found::Nothing | Found::Foreign => Err(ErrorKind::NotFound.into()),
    }
}

/// Makes a directory durably and opens it. It is no error if another session was faster.
fn make_directory(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    match make_new_directory(parent, name) {
        Err(Errno::EXIST) => open_directory(parent, name),
        made => made,
    }
}

/// Makes a directory durably and opens it; it is an error if there is one.
fn make_new_directory(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::mkdirat(parent, name, Mode::from_raw_mode(0o777))?;
    let made = open_directory(parent, name)?;
    inherit_owner(&made, parent);
    sync_directory(parent)?;
    Ok(made)
}

fn sync_directory(directory: &OwnedFd) -> Result<(), Errno> {
    match rustix::fs::fsync(directory) {
        // Some network file systems have nothing to sync in a directory and say so.
        Ok(()) | Err(Errno::INVAL) => Ok(()),
        Err(errno) => Err(errno),
    }
}

fn open_directory(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    rustix::fs::openat(parent, name, DIRECTORY, Mode::empty())
}

fn is_hidden(path: &FtpPath) -> bool {
    path.components().any(|name| name == WORK_DIRECTORY)
}

fn classify(stat: &rustix::fs::Stat) -> Found {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            let size = u64::try_from(stat.st_size).unwrap_or_default();
            let metadata = Metadata::file(size, modified(stat));
            // A rename, too, brings a file to stand somewhere; its own time stays then.
            Found::File(Stat::new(metadata, Some(version(stat))).stored_at(changed(stat)))
        }
        FileType::Directory => {
            Found::Directory(Stat::new(Metadata::directory(modified(stat)), None))
        }
        _ => Found::Foreign,
    }
}

/// A replaced file has another inode, a file changed in place another time or size.
fn version(stat: &rustix::fs::Stat) -> ETag {
    ETag(format!(
        "{:x}-{:x}-{:x}-{:x}",
        stat.st_ino, stat.st_mtime, stat.st_mtime_nsec, stat.st_size
    ))
}

fn modified(stat: &rustix::fs::Stat) -> Option<OffsetDateTime> {
    time_of(stat.st_mtime, i64::try_from(stat.st_mtime_nsec).ok()?)
}

fn changed(stat: &rustix::fs::Stat) -> Option<OffsetDateTime> {
    time_of(stat.st_ctime, i64::try_from(stat.st_ctime_nsec).ok()?)
}

fn time_of(seconds: i64, nanoseconds: i64) -> Option<OffsetDateTime> {
    let seconds = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
    seconds.checked_add(Duration::nanoseconds(nanoseconds))
}
