//! What stands under a name, and changes of names that move no bytes. Each is durable before it
//! is confirmed.

use rustix::fs::{AtFlags, Timespec, Timestamps, UTIME_OMIT};
use time::OffsetDateTime;

use super::fault::LocalResult;
use super::tree::{Found, LocalTree};
use crate::store::{ErrorKind, Expected, IsUseless, Stat};
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

/// Removes a file if the version `seen` still stands there and `is_useless`. Whether it is gone.
pub(super) fn remove_version(
    tree: &LocalTree,
    path: &FtpPath,
    seen: &Stat,
    is_useless: IsUseless<'_>,
) -> LocalResult<bool> {
    let slot = tree.existing(path)?;
    slot.lock_directory()?;
    match slot.look()? {
        Found::File(now) if now.is_same_version(seen) && is_useless()? => {
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
    // Also where anything may be replaced: whoever else has looked there would replace, or remove,
    // unseen what comes now.
    target.lock_directory()?;
    if *expected != Expected::Anything && !expected.admits(target.admits_file()?.as_ref()) {
        return Err(ErrorKind::PreconditionFailed.into());
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::super::aside::{link_aside, move_aside};
    use super::super::staging::Staging;
    use super::*;

    /// Gives the file `from` the name `to`.
    type Renaming = fn(&LocalTree, &FtpPath, &FtpPath) -> LocalResult<()>;

    const RENAMINGS: [Renaming; 4] = [
        |tree, from, to| move_name(tree, from, to, &Expected::Anything),
        move_to_free,
        move_aside,
        |tree, from, to| link_aside(tree, &Staging::new(tree.root())?, from, to),
    ];

    /// Another session has looked at the name, and replaces or removes what it saw there.
    #[test]
    fn no_file_gets_a_name_between_the_look_and_the_change_of_another_session() {
        for renaming in RENAMINGS {
            let directory = tempfile::tempdir().unwrap();
            let root: &Path = directory.path();
            fs::create_dir(root.join("d")).unwrap();
            fs::write(root.join("f"), "renamed").unwrap();
            let tree = LocalTree::open(root).unwrap();
            let (from, to) = (at("f"), at("d/g"));
            let other = tree.existing(&to).unwrap();
            other.lock_directory().unwrap();
            assert!(matches!(other.look().unwrap(), Found::Nothing));
            thread::scope(|scope| {
                let (tell, told) = mpsc::channel();
                scope.spawn({
                    let (tree, from, to) = (&tree, &from, &to);
                    move || tell.send(renaming(tree, from, to).is_ok()).unwrap()
                });
                assert!(told.recv_timeout(Duration::from_millis(300)).is_err());
                assert!(matches!(other.look().unwrap(), Found::Nothing));
                drop(other);
                assert_eq!(told.recv(), Ok(true));
            });
            assert_eq!(fs::read_to_string(root.join("d/g")).unwrap(), "renamed");
        }
    }

    fn at(path: &str) -> FtpPath {
        FtpPath::root().join(path).unwrap()
    }
}
