//! Files that hold secrets, written by a command: whose they are, who may read them, and never half
//! of one.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// Nobody else may read what is written: it holds secrets.
pub(super) const PRIVATE_MODE: u32 = 0o600;

/// Owner and mode of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileOwnership {
    pub(super) user: Option<u32>,
    pub(super) group: Option<u32>,
    pub(super) mode: u32,
}

impl FileOwnership {
    /// Those of the file at `path`.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let there = fs::metadata(path)?;
        let (user, group) = (Some(there.uid()), Some(there.gid()));
        Ok(Self { user, group, mode: there.mode() & 0o777 })
    }
}

/// Makes the file `new`, which must not be there yet, or leaves none.
pub(super) fn write_new(new: &Path, text: &str, rights: FileOwnership) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(new)?;
    fill(made, text, rights).inspect_err(|_| {
        // What is wrong is told; that half a file may stay is the lesser evil.
        let _ = fs::remove_file(new);
    })
}

/// Puts `text` into the place of what `file` holds, if it is there. Nobody ever finds half of it,
/// and when this returns it is there for good.
pub(super) fn replace(file: &Path, text: &str, rights: FileOwnership) -> io::Result<()> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = file.with_file_name(format!(".{name}.new"));
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => write_new(&new, text, rights)?,
    }
    fs::rename(&new, file)?;
    directory_of(file)?.sync_all()
}

/// The directory that `file` is in.
pub(super) fn directory_of(file: &Path) -> io::Result<File> {
    let directory = file.parent().filter(|it| !it.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))
}

fn fill(mut made: File, text: &str, rights: FileOwnership) -> io::Result<()> {
    let own = made.metadata()?;
    let user = rights.user.filter(|user| *user != own.uid());
    let group = rights.group.filter(|group| *group != own.gid());
    if user.is_some() || group.is_some() {
        fchown(&made, user, group)?;
    }
    made.set_permissions(Permissions::from_mode(rights.mode))?;
    made.write_all(text.as_bytes())?;
    made.sync_all()
}
