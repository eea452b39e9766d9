//! What the server writes beside the files of its users: whether it could. Nothing stays of a look.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process;

use cos_ftp_server::config::ServerSettings;
use rustix::fs::{Access, access};
use rustix::io::Errno;

use super::logging;
use super::owned_file::PRIVATE_MODE;

/// What is in the way, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Obstacle {
    /// The key that names the file.
    pub(crate) key: &'static str,
    pub(crate) why: String,
    pub(crate) fix: String,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, why, fix } = self;
        write!(f, "{key} cannot be used: {why}; {fix}")
    }
}

/// The first obstacle to a start by `settings`, for which a log that can be added to is enough.
///
/// # Errors
/// What it is.
pub(crate) fn look(settings: &ServerSettings) -> Result<(), Obstacle> {
    let directory = &settings.log.directory;
    if append(&directory.join(logging::FILE_NAME)).is_err() {
        log_directory(directory)?;
    }
    record_files(settings).into_iter().try_for_each(|(_, looked)| looked.map(drop))
}

/// Whether the log can be written into `directory`, which is made when it is missing: so the
/// nearest one that is there counts.
///
/// # Errors
/// Why not.
pub(crate) fn log_directory(directory: &Path) -> Result<String, Obstacle> {
    let obstacle = |why: String, fix: &str| Obstacle { key: "log_dir", why, fix: fix.to_owned() };
    let mut nearest = directory;
    while !nearest.as_os_str().is_empty() && !nearest.exists() {
        nearest = nearest.parent().unwrap_or(Path::new(""));
    }
    let here = if nearest.as_os_str().is_empty() { Path::new(".") } else { nearest };
    if !here.is_dir() {
        let why = format!("{} is not a directory", here.display());
        return Err(obstacle(why, "correct log_dir"));
    }
    if let Err(error) = try_to_write(here) {
        let fix = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on that disk",
            _ => "let the user that runs the server write there, or correct log_dir",
        };
        return Err(obstacle(format!("{}: {error}", here.display()), fix));
    }
    // A log of another user, as root leaves it, is as much in the way as the directory.
    let file = directory.join(logging::FILE_NAME);
    match append(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let fix = "give the file to the user that runs the server (chown)";
            Err(obstacle(format!("{}: {error}", file.display()), fix))
        }
        _ => Ok(format!("{} can be written", directory.display())),
    }
}

/// What was found of the transfer log and the ledger, as far as there are any.
pub(crate) fn record_files(
    settings: &ServerSettings,
) -> Vec<(&'static str, Result<String, Obstacle>)> {
    let log = settings.transfer_log.as_ref().map(|log| ("transfer_log", &*log.path, true));
    let ledger = settings.ledger.as_deref().map(|path| {
        let makes_directory = path.starts_with(&settings.log.directory);
        ("ledger", path, makes_directory)
    });
    let files = log.into_iter().chain(ledger);
    files.map(|(key, path, makes)| (key, record_file(key, path, makes))).collect()
}

/// A file that a key names, or its directory, which the server `makes_directory`, or does not.
fn record_file(key: &'static str, path: &Path, makes_directory: bool) -> Result<String, Obstacle> {
    let mut nearest = path.parent().unwrap_or(Path::new("/"));
    while makes_directory && !nearest.exists() {
        nearest = nearest.parent().unwrap_or(Path::new("/"));
    }
    if path.is_dir() {
        let why = format!("{} is a directory", path.display());
        return Err(Obstacle { key, why, fix: format!("name a file, or correct {key}") });
    }
    let (wanted, access_to) = match path.exists() {
        true => (path, Access::WRITE_OK),
        false => (nearest, Access::WRITE_OK | Access::EXEC_OK),
    };
    match access(wanted, access_to) {
        Ok(()) => Ok(format!("{} can be written", path.display())),
        Err(error) => {
            let fix = match error {
                Errno::NOENT => format!("make the directory, or correct {key}"),
                _ => format!("let the user that runs the server write there, or correct {key}"),
            };
            Err(Obstacle { key, why: format!("{}: {error}", wanted.display()), fix })
        }
    }
}

fn append(file: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(file)
}

/// Makes a file in `directory` and removes it: what rights promise is not all that counts, as on a
/// file system that is read-only or full.
fn try_to_write(directory: &Path) -> io::Result<()> {
    let trial = directory.join(format!(".cos-ftp-server-check-{}", process::id()));
    let made = OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(&trial)?;
    let written = (&made).write_all(b"\n");
    fs::remove_file(&trial)?;
    written
}
