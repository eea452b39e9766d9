//! Where the new configuration goes, whose it is, and who may read it.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::sample::{self, Sample};
use crate::cli::check::{config_of_service, group_of_reader};
use crate::cli::{locations, shell};

/// Nobody else may read what is written: it holds secrets.
const FILE_MODE: u32 = 0o600;

/// The same, where a service has a user of its own, who is in the file's group.
const SERVICE_MODE: u32 = 0o640;

/// A file that may be written.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) file: PathBuf,
    /// What is replaced.
    pub(super) sample: Option<Sample>,
}

/// Owner and mode.
struct Ownership {
    user: Option<u32>,
    group: Option<u32>,
    mode: u32,
}

impl Destination {
    /// The file that was named, or that of the installed service, or the usual one.
    ///
    /// # Errors
    /// In words: it is somebody's work, and what to do then.
    pub(super) fn find(named: Option<PathBuf>) -> Result<Self, String> {
        let file = named.or_else(config_of_service).map_or_else(locations::new_config, Ok)?;
        let file = locations::anywhere(&file);
        if !file.exists() {
            return Ok(Self { file, sample: None });
        }
        let shown = file.display();
        // What it stands for, if it is a link.
        let real = fs::canonicalize(&file).map_err(|error| format!("{shown}: {error}"))?;
        match sample::untouched(&real).map_err(|error| format!("{shown}: {error}"))? {
            Some(sample) => Ok(Self { file: real, sample: Some(sample) }),
            None => {
                let (now, then) = (shell::file(&file), shell::word(&format!("{shown}.old")));
                Err(format!(
                    "{shown} exists already, and is not as an installer has made it: it is left as \
                     it is. Name another one with --config FILE, or move this one away: mv {now} \
                     {then}"
                ))
            }
        }
    }

    /// Puts `text` there. What is replaced keeps its owner and mode; a new file of root can be read
    /// by the service that names it.
    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        if let Some(directory) = self.file.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        let rights = self.rights()?;
        if self.sample.is_none() {
            return write_new(&self.file, text, &rights);
        }
        // Nobody ever finds half a configuration.
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let new = self.file.with_file_name(format!(".{name}.new"));
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => write_new(&new, text, &rights)?,
        }
        fs::rename(&new, &self.file)
    }

    fn rights(&self) -> io::Result<Ownership> {
        if self.sample.is_some() {
            let old = fs::metadata(&self.file)?;
            let (user, group) = (Some(old.uid()), Some(old.gid()));
            return Ok(Ownership { user, group, mode: old.mode() & 0o777 });
        }
        let group = group_of_reader(&self.file);
        let mode = if group.is_some() { SERVICE_MODE } else { FILE_MODE };
        Ok(Ownership { user: None, group, mode })
    }
}

/// Makes the file `new`, which must not be there yet, or leaves none.
fn write_new(new: &Path, text: &str, rights: &Ownership) -> io::Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(new)?;
    fill(made, text, rights).inspect_err(|_| {
        // What is wrong is told; that half a file may stay is the lesser evil.
        let _ = fs::remove_file(new);
    })
}

fn fill(mut made: File, text: &str, rights: &Ownership) -> io::Result<()> {
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
