//! Renaming in a bucket that does it by itself ([`super::real_directories`]).
//!
//! A file that is to be replaced gets another name first, and its own back if the renaming fails. A
//! directory that is missing on the way to the new name is made, as it is by an upload.

use super::BucketTree;
use super::copy_target::check_length;
use super::directories::stat_if_any;
use super::markers::file_head;
use super::real_directories::{Renamed, make_parent, move_key};
use super::room::refuse_below_file;
use super::turn::turn_in_time;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::vfs::FtpPath;

/// What begins the name that a file has while another takes its place.
const REPLACED: &str = ".cos-ftp-server-replaced-";

/// Renames what stands at `from`; `replaces`: a file at `to`.
pub(super) fn rename(
    tree: BucketTree<'_>,
    from: &FtpPath,
    to: &FtpPath,
    replaces: bool,
) -> Result<()> {
    let operation = Operation::RenameObject;
    let source = tree.account.keys.file(operation, from)?;
    let target = tree.account.keys.file(operation, to)?;
    check_length(tree, &target)?;
    if replaces {
        return replace(tree, &source, &target);
    }
    make_parent(tree, to)?;
    move_key(tree, &source, &target, Renamed::Anything)
}

/// Gives the file of the name `file` the free name `aside`.
pub(super) fn set_aside(tree: BucketTree<'_>, file: &FtpPath, aside: &FtpPath) -> Result<()> {
    let operation = Operation::RenameObject;
    let (from, to) =
        (tree.account.keys.file(operation, file)?, tree.account.keys.file(operation, aside)?);
    check_length(tree, &to)?;
    if file_head(tree, &from)?.is_none() {
        let is_there = stat_if_any(tree, operation, file)?.is_some();
        let kind = if is_there { ErrorKind::IsADirectory } else { ErrorKind::NotFound };
        return Err(StoreError::new(kind, operation, from));
    }
    refuse_below_file(tree, operation, aside)?;
    make_parent(tree, aside)?;
    move_key(tree, &from, &to, Renamed::File)
}

/// Puts the file `from` in the place of the file `to`.
fn replace(tree: BucketTree<'_>, from: &str, to: &str) -> Result<()> {
    let directory = &to[..to.rfind('/').map_or(0, |at| at + 1)];
    let aside = format!("{directory}{REPLACED}{:08x}", fastrand::u32(..));
    if let Err(error) = move_key(tree, to, &aside, Renamed::File) {
        // It may have happened all the same.
        return match tree.objects.head(&aside) {
            Ok(None) => Err(error),
            Ok(Some(_)) | Err(_) => Err(put_back(tree, &aside, to, error)),
        };
    }
    if let Err(error) = move_key(tree, from, to, Renamed::File) {
        return Err(put_back(tree, &aside, to, error));
    }
    let turn = turn_in_time(tree, Operation::DeleteObject, &[&aside]);
    let deleted = turn.and_then(|turn| tree.objects.delete(&turn, &aside, None));
    if let Err(error) = deleted {
        log::warn!("the file that was replaced as {to:?} stays as {aside:?}: {error}");
    }
    Ok(())
}

/// Gives what is called `aside` its name `to` back, as it is not replaced because of `why`. Answers
/// what to tell of that.
fn put_back(tree: BucketTree<'_>, aside: &str, to: &str, why: StoreError) -> StoreError {
    let stays = match move_key(tree, aside, to, Renamed::Anything) {
        Ok(()) => return why,
        // It was never called so.
        Err(stays) if stays.kind == ErrorKind::NotFound => return why,
        Err(stays) => stays,
    };
    log::error!("{to:?} may be called {aside:?} now, as it was to be replaced ({why}): {stays}");
    let name = aside.rsplit('/').next().unwrap_or(aside);
    let text = format!("the file that was to be replaced may be called {name} now");
    StoreError { kind: ErrorKind::BrokenOff, ..why }.with_source(text)
}
