//! Files that get another name under which nothing may stand, as what is deleted gets in a trash.

use std::io;

use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::Errno;

use super::fault::{LocalError, LocalResult};
use super::staging::Staging;
use super::tree::{Found, LocalName, LocalTree};
use crate::store::{ErrorKind, Expected};
use crate::vfs::FtpPath;

/// Moves the file to `aside`.
pub(super) fn move_aside(tree: &LocalTree, file: &FtpPath, aside: &FtpPath) -> LocalResult<()> {
    let source = file_to_put_away(tree, file)?;
    let target = tree.making_parents(aside)?;
    let (from, to) = ((&source.parent, source.name), (&target.parent, target.name));
    let flags = RenameFlags::NOREPLACE;
    // Who has looked there would replace what comes now.
    target.lock_directory()?;
    match rustix::fs::renameat_with(from.0, from.1, to.0, to.1, flags) {
        // A file system that cannot refuse.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            expect_nothing(&target)?;
            rustix::fs::renameat(from.0, from.1, to.0, to.1)?;
        }
        renamed => renamed?,
    }
    target.sync()?;
    Ok(source.sync()?)
}

/// Gives the file the second name `aside`: where the file system has no such names, a copy.
pub(super) fn link_aside(
    tree: &LocalTree,
    staging: &Staging,
    file: &FtpPath,
    aside: &FtpPath,
) -> LocalResult<()> {
    let source = file_to_put_away(tree, file)?;
    let target = tree.making_parents(aside)?;
    let (from, to) = ((&source.parent, source.name), (&target.parent, target.name));
    target.lock_directory()?;
    match rustix::fs::linkat(from.0, from.1, to.0, to.1, AtFlags::empty()) {
        Err(Errno::PERM | Errno::OPNOTSUPP | Errno::NOSYS | Errno::MLINK) => {
            write_aside(staging, &source, &target)
        }
        linked => {
            linked?;
            Ok(target.sync()?)
        }
    }
}

fn write_aside(
    staging: &Staging,
    source: &LocalName<'_>,
    target: &LocalName<'_>,
) -> LocalResult<()> {
    let (mut file, _) = source.open_file()?;
    let (name, mut copy) = staging.create()?;
    let written = io::copy(&mut file, &mut copy).map_err(LocalError::from);
    let nothing = Expected::Seen(None);
    let kept = written
        .and_then(|_| staging.publish(&name, &copy, target, &nothing, |there| there.is_none()));
    kept.map_err(|error| {
        // The first failure is the one to tell; a leftover is swept up at a later start.
        let _ = staging.discard(&name);
        match error.kind {
            ErrorKind::PreconditionFailed => ErrorKind::AlreadyExists.into(),
            _ => error,
        }
    })
}

fn file_to_put_away<'a>(tree: &LocalTree, file: &'a FtpPath) -> LocalResult<LocalName<'a>> {
    if file.is_root() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let source = tree.existing(file)?;
    match source.look()? {
        Found::File(_) => Ok(source),
        Found::Directory(_) => Err(ErrorKind::IsADirectory.into()),
        Found::Nothing | Found::Foreign => Err(ErrorKind::NotFound.into()),
    }
}

fn expect_nothing(name: &LocalName<'_>) -> LocalResult<()> {
    match name.look()? {
        Found::Nothing => Ok(()),
        Found::File(_) | Found::Directory(_) | Found::Foreign => {
            Err(ErrorKind::AlreadyExists.into())
        }
    }
}
