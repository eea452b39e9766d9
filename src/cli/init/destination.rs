//! Where the new configuration goes, whose it is, and who may read it.

use std::env;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process;

use rustix::fs::{Access, access};
use rustix::process::geteuid;

use super::sample::{self, Sample};
use crate::cli::check::group_of_reader;
use crate::cli::owned_file::{self, FileOwnership, PRIVATE_MODE};
use crate::cli::{locations, shell};

/// Who may read what is written, where a service has a user of its own, who is in the file's group.
const SERVICE_MODE: u32 = 0o640;

/// A file that may be written.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) file: PathBuf,
    /// What is replaced.
    pub(super) sample: Option<Sample>,
}

impl Destination {
    /// The file that was named, or the usual one, which is that of the installed service.
    ///
    /// # Errors
    /// In words: it is somebody's work, and what to do then.
    pub(super) fn find(named: Option<PathBuf>) -> Result<Self, String> {
        let is_named = named.is_some();
        let named = named.map(|named| locations::file_in(&named));
        let file = named.map_or_else(locations::new_config, Ok)?;
        let file = locations::anywhere(&file);
        if !file.exists() {
            return Ok(Self { file, sample: None });
        }
        if !is_named && !can_be_replaced(&file) {
            return Err(of_others(&file));
        }
        let shown = file.display();
        // What it stands for, if it is a link.
        let real = fs::canonicalize(&file).map_err(|error| format!("{shown}: {error}"))?;
        match sample::untouched(&real).map_err(|error| format!("{shown}: {error}"))? {
            Some(sample) => Ok(Self { file: real, sample: Some(sample) }),
            None => {
                let (now, then) = (shell::file(&file), shell::word(&format!("{shown}.old")));
                Err(format!(
                    "{shown} exists already, and may hold settings of your own: it is left as it \
                     is. Name another file with --config FILE, or move this one away: mv {now} \
                     {then}"
                ))
            }
        }
    }

    /// Whether something can be written there, found out by doing so: what root may do is not all
    /// that counts, as on a file system that is read-only.
    ///
    /// # Errors
    /// Which directory refused, and why.
    pub(super) fn try_out(&self) -> Result<(), (PathBuf, io::Error)> {
        let around = self.file.ancestors().skip(1).find(|path| path.exists());
        let around = around.unwrap_or(Path::new("/"));
        let trial = around.join(format!(".cos-ftp-server-init-{}", process::id()));
        let made = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(&trial);
        made.and_then(|_| fs::remove_file(&trial)).map_err(|error| (around.to_owned(), error))
    }

    /// Puts `text` there, as a file that may be replaced until [`Self::finish`]. What is replaced
    /// keeps its owner and mode; a new file of root can be read by the service that names it.
    pub(super) fn write(&self, text: &str) -> io::Result<()> {
        let text = sample::unfinished(text);
        if let Some(directory) = self.file.parent().filter(|it| !it.as_os_str().is_empty()) {
            fs::create_dir_all(directory)?;
        }
        let rights = self.rights()?;
        match self.sample {
            None => owned_file::write_new(&self.file, text.expose(), rights),
            Some(_) => owned_file::replace(&self.file, text.expose(), rights),
        }
    }

    /// From now on `text`, which was written, is somebody's work.
    pub(super) fn finish(&self, text: &str) -> io::Result<()> {
        owned_file::replace(&self.file, text, FileOwnership::of(&self.file)?)
    }

    fn rights(&self) -> io::Result<FileOwnership> {
        if self.sample.is_some() {
            return FileOwnership::of(&self.file);
        }
        let group = group_of_reader(&self.file);
        let mode = if group.is_some() { SERVICE_MODE } else { PRIVATE_MODE };
        Ok(FileOwnership { user: None, group, mode })
    }
}

/// Whether the rights of this process are enough; [`Destination::try_out`] tells about the rest.
fn can_be_replaced(file: &Path) -> bool {
    let directory = file.parent().unwrap_or(Path::new("/"));
    geteuid().is_root() || access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// What an ordinary user does where the configuration is the machine's.
fn of_others(file: &Path) -> String {
    let home = env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
    let own = home.unwrap_or_default().join("cos-ftp-server.conf");
    let (program, own) = (locations::program(), shell::file(&locations::anywhere(&own)));
    format!(
        "{} is the configuration of this machine, and this user may not replace it. To do so as \
         root: sudo {program} init; to write one of your own: {program} init --config {own}",
        file.display()
    )
}
