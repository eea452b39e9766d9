//! What stands under a name, and changes of names that move no bytes. Each is durable before it
//! is confirmed.

use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_OMIT};
use time::OffsetDateTime;

use super::fault::LocalResult;
use super::tree::{Found, LocalTree};
use crate::store::{ErrorKind, Expected, Stat};
use crate::vfs::{EntryKind, FtpPath, Metadata};

/// What stands under a name.
pub(super) fn look_up(tree: &LocalTree, path: &FtpPath) -> LocalResult<Stat> {
    if path.is_root() {
        return Ok(Stat::new(Metadata::directory(None), None));
    }
    match tree.existing(path)?.look()? {
        Found::File(stat) | Found::Directory(stat) => Ok(stat),
        Found::Nothing | Found::Foreign => Err(ErrorKind::NotFound.into()),
    }
}

/// Removes a file.
pub(super) fn remove_file(tree: &LocalTree, path: &FtpPath) -> LocalResult<()> {
    if path.is_root() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let slot = tree.existing(path)?;
    match slot.look()? {
        Found::File(_) => rustix::fs::unlinkat(&slot.parent, slot.name, AtFlags::empty())?,
        Found::Directory(_) => return Err(ErrorKind::IsADirectory.into()),
        Found::Nothing | Found::Foreign => return Err(ErrorKind::NotFound.into()),
    }
    Ok(slot.sync()?)
}

/// Removes a file if the version `seen` still stands there. Whether it is gone.
pub(super) fn remove_version(tree: &LocalTree, path: &FtpPath, seen: &Stat) -> LocalResult<bool> {
    let slot = tree.existing(path)?;
    slot.lock_directory()?;
    match slot.look()? {
        Found::File(now) if now.is_same_version(seen) => {
            rustix::fs::unlinkat(&slot.parent, slot.name, AtFlags::empty())?;
        }
        Found::Nothing => return Ok(true),
        Found::File(_) | Found::Directory(_) | Found::Foreign => return Ok(false),
    }
    slot.sync()?;
    Ok(true)
}

/// Sets a file's time.
pub(super) fn date(tree: &LocalTree, path: &FtpPath, modified: OffsetDateTime) -> LocalResult<()> {
    if path.is_root() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let slot = tree.existing(path)?;
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

/// Makes a directory, and those above it.
pub(super) fn make_directory(tree: &LocalTree, path: &FtpPath) -> LocalResult<()> {
    if path.is_root() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let slot = tree.making_parents(path)?;
    Ok(slot.make_directory()?)
}

/// Removes a directory that holds nothing.
pub(super) fn remove_empty_directory(tree: &LocalTree, path: &FtpPath) -> LocalResult<()> {
    if path.is_root() {
        return Err(ErrorKind::AccessDenied.into());
    }
    let slot = tree.existing(path)?;
    match slot.look()? {
        Found::Directory(_) => {
            rustix::fs::unlinkat(&slot.parent, slot.name, AtFlags::REMOVEDIR)?;
        }
        Found::File(_) => return Err(ErrorKind::NotADirectory.into()),
        Found::Nothing | Found::Foreign => return Err(ErrorKind::NotFound.into()),
    }
    Ok(slot.sync()?)
}

/// The file that is replaced when `from` gets the name `to`.
///
/// # Errors
/// When it cannot.
pub(super) fn replaced_by(
    tree: &LocalTree,
    from: &FtpPath,
    to: &FtpPath,
) -> LocalResult<Option<Stat>> {
    if look_up(tree, from)?.metadata.is_directory() {
        return admits_directory(tree, from, to).map(|()| None);
    }
    tree.admits_file(to)?;
    match look_up(tree, to) {
        Ok(stat) => Ok(Some(stat)),
        Err(fault) if fault.kind == ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Gives a file or a directory another name, in place of what is `expected`.
pub(super) fn move_name(
    tree: &LocalTree,
    from: &FtpPath,
    to: &FtpPath,
    expected: &Expected,
) -> LocalResult<()> {
    match look_up(tree, from)?.metadata.kind {
        EntryKind::Directory => admits_directory(tree, from, to)?,
        EntryKind::File => tree.admits_file(to)?,
    }
    let source = tree.existing(from)?;
    let target = tree.making_parents(to)?;
    if *expected != Expected::Anything {
        target.lock_directory()?;
        if !expected.admits(target.admits_file()?.as_ref()) {
            return Err(ErrorKind::PreconditionFailed.into());
        }
    }
    rustix::fs::renameat(&source.parent, source.name, &target.parent, target.name)?;
    target.sync()?;
    Ok(source.sync()?)
}

/// The same, where no file is replaced.
pub(super) fn move_to_free(tree: &LocalTree, from: &FtpPath, to: &FtpPath) -> LocalResult<()> {
    if look_up(tree, from)?.metadata.is_directory() || from == to {
        return move_name(tree, from, to, &Expected::Anything);
    }
    tree.admits_file(to)?;
    let source = tree.existing(from)?;
    let target = tree.making_parents(to)?;
    if !target.take_file_unless_taken(&source)? {
        log::info!("{from} was stored anew while it was renamed; what is new stays");
    }
    target.sync()?;
    Ok(source.sync()?)
}

/// Whether the directory `from` may come to stand under `to`. Should another appear there just
/// now, the system lets it be replaced only while it is empty.
fn admits_directory(tree: &LocalTree, from: &FtpPath, to: &FtpPath) -> LocalResult<()> {
    if to.is_within(from) {
        return Err(ErrorKind::BadName.into());
    }
    match look_up(tree, to) {
        Ok(_) => Err(ErrorKind::AlreadyExists.into()),
        // Nothing that a client can see; a link may still stand there.
        Err(_) => tree.admits_file(to),
    }
}
