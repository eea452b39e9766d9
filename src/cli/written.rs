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
use super::made::MadeDirectories;
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

/// What will become of a file that the server writes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// It can be written. In words.
    Writable(String),
    /// It can be as soon as systemd has made its directory. In words.
    Awaited(String),
}

/// What there is to say of a start by `settings`, for which a log that can be added to is enough,
/// where `made` will be there; nothing, if all can be written already.
///
/// # Errors
/// The first obstacle to it.
pub(crate) fn look(
    settings: &ServerSettings,
    made: &MadeDirectories,
) -> Result<Vec<String>, Obstacle> {
    let directory = &settings.log.directory;
    let mut looked = record_files(settings, made);
    if append(&directory.join(logging::FILE_NAME)).is_err() {
        looked.insert(0, ("log_dir", log_directory(directory, made)));
    }
    let mut notes = Vec::new();
    for (key, looked) in looked {
        if let Outlook::Awaited(text) = looked? {
            notes.push(format!("{key}: {text}"));
        }
    }
    Ok(notes)
}

/// Whether the log can be written into `directory`, which is made when it is missing: so the
/// nearest one that is there counts, unless it is among those that are `made`.
///
/// # Errors
/// Why not.
pub(crate) fn log_directory(directory: &Path, made: &MadeDirectories) -> Result<Outlook, Obstacle> {
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
        if let Some(awaited) = made.awaited(directory) {
            return Ok(Outlook::Awaited(awaited.describe()));
        }
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
        _ => Ok(Outlook::Writable(format!("{} can be written", directory.display()))),
    }
}

/// What was found of the transfer log and the ledger, as far as there are any, where `made` will
/// be there.
pub(crate) fn record_files(
    settings: &ServerSettings,
    made: &MadeDirectories,
) -> Vec<(&'static str, Result<Outlook, Obstacle>)> {
    let log = settings.transfer_log.as_ref().map(|log| ("transfer_log", &*log.path, true));
    let ledger = settings.ledger.as_deref().map(|path| {
        let makes_directory = path.starts_with(&settings.log.directory);
        ("ledger", path, makes_directory)
    });
    let files = log.into_iter().chain(ledger);
    files.map(|(key, path, makes)| (key, record_file(key, path, makes, made))).collect()
}

/// A file that a key names, or its directory, which the server `makes_directory`, or does not.
fn record_file(
    key: &'static str,
    path: &Path,
    makes_directory: bool,
    made: &MadeDirectories,
) -> Result<Outlook, Obstacle> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut nearest = directory;
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
    let Err(error) = access(wanted, access_to) else {
        return Ok(Outlook::Writable(format!("{} can be written", path.display())));
    };
    let fix = match (made.awaited(directory), error) {
        (Some(awaited), _) if makes_directory || awaited.path == directory => {
            return Ok(Outlook::Awaited(awaited.describe()));
        }
        (Some(awaited), _) => format!("{}, or correct {key}", awaited.how_to_have(directory)),
        (None, Errno::NOENT) => format!("make the directory, or correct {key}"),
        _ => format!("let the user that runs the server write there, or correct {key}"),
    };
    Err(Obstacle { key, why: format!("{}: {error}", wanted.display()), fix })
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
