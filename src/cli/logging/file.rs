//! A file of the log, or of transfers: opened, put aside when its time has come, opened again when
//! asked. Whatever goes wrong with it is told once and stops nothing.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cos_ftp_server::config::{LogFormat, Rotation};
use cos_ftp_server::store::local::inherit_owner;
use parking_lot::Mutex;
use time::{OffsetDateTime, UtcOffset};

use super::file_kind::{FileKind, LogError};
use super::rotation::{period, put_aside, remove_oldest};

/// The file in `log_dir`, as the replaced tool calls it.
pub(crate) const FILE_NAME: &str = "cos_v5.log";

/// Names of users and files are nobody else's business.
const FILE_MODE: u32 = 0o640;

/// How long a file that cannot be opened or put aside is left alone.
const RETRY: Duration = Duration::from_secs(1);

/// What other threads may ask of the log file. They never wait for it.
#[derive(Debug, Default)]
pub(super) struct Wishes {
    /// The file is to be opened again at its path.
    pub(super) reopen: AtomicBool,
    /// When it is to be put aside.
    pub(super) rotation: Mutex<Option<Rotation>>,
}

/// The log file.
#[derive(Debug)]
pub(super) struct LogFile<W> {
    kind: FileKind,
    path: PathBuf,
    file: File,
    offset: UtcOffset,
    wishes: Arc<Wishes>,
    /// When the last line was written.
    last: OffsetDateTime,
    /// Where to tell what is wrong with the file.
    terminal: W,
    trouble: Option<Trouble>,
    /// Not before then is another file opened.
    leave_until: Option<Instant>,
}

/// What has been told on the terminal and not yet passed.
#[derive(Debug)]
struct Trouble {
    cause: String,
    lost: u64,
}

impl<W: Write> LogFile<W> {
    /// Opens the file at `path`, and makes its directory if need be.
    ///
    /// # Errors
    /// When the directory cannot be made or the file in it cannot be written.
    pub(super) fn open(
        kind: FileKind,
        path: &Path,
        offset: UtcOffset,
        wishes: Arc<Wishes>,
        terminal: W,
    ) -> Result<Self, LogError> {
        let named = |path: &Path| {
            let path = path.to_owned();
            move |source| LogError { kind, path, source }
        };
        let directory = path.parent().filter(|around| !around.as_os_str().is_empty());
        directory.map_or(Ok(()), |around| make_directory(around).map_err(named(around)))?;
        let file = open(path).map_err(named(path))?;
        let path = path.to_owned();
        let last = last_written(&file, offset);
        let (trouble, leave_until) = (None, None);
        Ok(Self { kind, path, file, offset, wishes, last, terminal, trouble, leave_until })
    }

    fn write_line(&mut self, line: &[u8], now: OffsetDateTime) {
        let is_left = self.leave_until.is_some_and(|until| Instant::now() < until);
        if !is_left && let Err(error) = self.prepare(now) {
            self.leave_until = Some(Instant::now() + RETRY);
            self.complain(&error);
        }
        let written = match &self.trouble {
            Some(trouble) if trouble.lost > 0 => {
                let text = format!("{} lines were lost: {}", trouble.lost, trouble.cause);
                let text = self.kind.line(now, "WARN", &text);
                self.file.write_all(&[text.as_bytes(), line].concat())
            }
            _ => self.file.write_all(line),
        };
        match written {
            Ok(()) => {
                self.last = now;
                if self.leave_until.is_none() {
                    self.trouble = None;
                } else if let Some(trouble) = &mut self.trouble {
                    trouble.lost = 0;
                }
            }
            Err(error) => {
                self.complain(&error);
                if let Some(trouble) = &mut self.trouble {
                    trouble.lost += 1;
                }
            }
        }
    }

    /// Puts the file aside or opens it again, if it is time.
    fn prepare(&mut self, now: OffsetDateTime) -> io::Result<()> {
        self.leave_until = None;
        let rotation = *self.wishes.rotation.lock();
        if let Some(rotation) = rotation
            && period(rotation.every, self.last) < period(rotation.every, now)
        {
            self.rotate(rotation)?;
            self.last = now;
        } else if self.wishes.reopen.swap(false, Ordering::AcqRel) {
            self.file = open(&self.path).inspect_err(|_| {
                self.wishes.reopen.store(true, Ordering::Release);
            })?;
        }
        Ok(())
    }

    fn rotate(&mut self, rotation: Rotation) -> io::Result<()> {
        // Another process, or logrotate, may have put it aside already.
        if self.is_at_its_path() {
            put_aside(&self.path, &period(rotation.every, self.last))?;
        }
        self.file = open(&self.path)?;
        remove_oldest(&self.path, rotation)
    }

    fn is_at_its_path(&self) -> bool {
        let identity = |metadata: io::Result<fs::Metadata>| {
            metadata.ok().map(|metadata| (metadata.dev(), metadata.ino()))
        };
        let own = identity(self.file.metadata());
        own.is_some() && own == identity(fs::metadata(&self.path))
    }

    /// Tells the first of a row of failures.
    fn complain(&mut self, error: &io::Error) {
        if self.trouble.is_none() {
            let path = self.path.display();
            let text = format!("cannot write {} {path}: {error}; trying on", self.kind.name());
            let text = match self.kind {
                FileKind::Log(LogFormat::Json) => {
                    self.kind.line(OffsetDateTime::now_utc(), "ERROR", &text)
                }
                FileKind::Log(LogFormat::Text) | FileKind::Transfers => text + "\n",
            };
            // Nobody is left to be told.
            let _ = self.terminal.write_all(text.as_bytes());
            self.trouble = Some(Trouble { cause: error.to_string(), lost: 0 });
        }
    }
}

impl<W: Write> Write for LogFile<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.write_line(line, OffsetDateTime::now_utc().to_offset(self.offset));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Opens the file. One that root has to make is the directory's owner's, or the server could not
/// write it any more once it runs as him.
fn open(path: &Path) -> io::Result<File> {
    let is_new = !path.exists();
    let file = OpenOptions::new().append(true).create(true).mode(FILE_MODE).open(path)?;
    if is_new {
        give_to_owner_around(&file, path);
    }
    Ok(file)
}

/// Makes the directory and those above it, if there is none.
fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    give_to_owner_around(&File::open(path)?, path);
    Ok(())
}

fn give_to_owner_around(made: &File, path: &Path) {
    let around = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Ok(around) = File::open(around.unwrap_or(Path::new("."))) {
        inherit_owner(made, around);
    }
}

/// What stands in a file of an earlier run belongs to the time when it was written.
fn last_written(file: &File, offset: UtcOffset) -> OffsetDateTime {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    modified.map_or_else(|_| OffsetDateTime::now_utc(), OffsetDateTime::from).to_offset(offset)
}

#[cfg(test)]
mod tests {
    use cos_ftp_server::config::RotateUnit;
    use tempfile::TempDir;
    use time::macros::datetime;

    use super::*;

    const NOON: OffsetDateTime = datetime!(2026-11-05 12:00:00 UTC);
    const DAY: time::Duration = time::Duration::DAY;

    struct Site {
        directory: TempDir,
        wishes: Arc<Wishes>,
    }

    impl Site {
        fn new() -> Self {
            Self { directory: TempDir::new().unwrap(), wishes: Arc::default() }
        }

        fn open(&self) -> LogFile<Vec<u8>> {
            let wishes = Arc::clone(&self.wishes);
            let (kind, path) = (FileKind::Log(LogFormat::Text), self.path(""));
            let mut file = LogFile::open(kind, &path, UtcOffset::UTC, wishes, vec![]).unwrap();
            file.last = NOON;
            file
        }

        fn rotate(&self, every: RotateUnit, backups: usize) {
            *self.wishes.rotation.lock() = Some(Rotation { every, backups });
        }

        fn path(&self, suffix: &str) -> PathBuf {
            self.directory.path().join(format!("log/{FILE_NAME}{suffix}"))
        }

        fn text(&self, suffix: &str) -> String {
            fs::read_to_string(self.path(suffix)).unwrap()
        }
    }

    #[test]
    fn the_file_is_appended_to_and_its_directory_made() {
        let site = Site::new();
        for _ in 0..2 {
            site.open().write_all(b"line\n").unwrap();
        }
        assert_eq!(site.text(""), "line\nline\n");
        assert_eq!(fs::metadata(site.path("")).unwrap().mode() & 0o777 & !FILE_MODE, 0);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_named() {
        let (kind, path) = (FileKind::Log(LogFormat::Text), Path::new("/dev/null/log/x"));
        let opened = LogFile::open(kind, path, UtcOffset::UTC, Arc::default(), Vec::new());
        let text = opened.unwrap_err().to_string();
        assert!(text.contains("log_dir") && text.contains("/dev/null/log"), "{text}");
    }

    #[test]
    fn a_new_file_begins_with_each_period() {
        let site = Site::new();
        site.rotate(RotateUnit::Day, 2);
        let mut file = site.open();
        for day in 0..4 {
            file.write_line(format!("morning {day}\n").as_bytes(), NOON + DAY * day);
            file.write_line(format!("evening {day}\n").as_bytes(), NOON + DAY * day);
        }
        assert_eq!(site.text(""), "morning 3\nevening 3\n");
        assert_eq!(site.text(".2026-11-07"), "morning 2\nevening 2\n");
        assert_eq!(site.text(".2026-11-06"), "morning 1\nevening 1\n");
        assert!(!site.path(".2026-11-05").exists(), "log_backup_count is 2");
        // A clock that is set back begins no file.
        file.write_line(b"again\n", NOON);
        assert_eq!(site.text(""), "morning 3\nevening 3\nagain\n");
        assert_eq!(file.terminal, b"");
    }

    #[test]
    fn a_file_that_another_has_put_aside_is_not_put_aside_again() {
        let site = Site::new();
        site.rotate(RotateUnit::Hour, 0);
        let (mut ours, mut theirs) = (site.open(), site.open());
        ours.write_line(b"ours\n", NOON);
        theirs.write_line(b"theirs\n", NOON + time::Duration::HOUR);
        ours.write_line(b"later\n", NOON + time::Duration::HOUR);
        assert_eq!(site.text(""), "theirs\nlater\n");
        assert_eq!(site.text(".2026-11-05_12"), "ours\n");
        assert!(!site.path(".2026-11-05_12.2").exists());
    }

    #[test]
    fn it_is_opened_again_when_asked() {
        let site = Site::new();
        let mut file = site.open();
        file.write_line(b"before\n", NOON);
        fs::rename(site.path(""), site.path(".moved")).unwrap();
        file.write_line(b"between\n", NOON);
        site.wishes.reopen.store(true, Ordering::Release);
        file.write_line(b"after\n", NOON);
        assert_eq!(site.text(".moved"), "before\nbetween\n");
        assert_eq!(site.text(""), "after\n");
    }

    #[test]
    fn a_file_that_cannot_be_opened_again_leaves_the_old_one_in_use() {
        let site = Site::new();
        let mut file = site.open();
        fs::rename(site.path(""), site.path(".moved")).unwrap();
        fs::create_dir(site.path("")).unwrap();
        site.wishes.reopen.store(true, Ordering::Release);
        file.write_line(b"one\n", NOON);
        file.write_line(b"two\n", NOON);
        assert_eq!(site.text(".moved"), "one\ntwo\n");
        let told = String::from_utf8(file.terminal.clone()).unwrap();
        assert_eq!(told.matches("cannot write the log").count(), 1, "{told}");
        fs::remove_dir(site.path("")).unwrap();
        file.leave_until = Some(Instant::now());
        file.write_line(b"three\n", NOON);
        assert_eq!(site.text(""), "three\n", "the wish is not forgotten");
    }

    #[test]
    fn a_full_disk_is_told_once_and_the_lost_lines_are_counted() {
        let site = Site::new();
        let mut file = site.open();
        let whole = std::mem::replace(&mut file.file, open(Path::new("/dev/full")).unwrap());
        for _ in 0..3 {
            file.write_line(b"lost\n", NOON);
        }
        let told = String::from_utf8(file.terminal.clone()).unwrap();
        assert_eq!(told.matches('\n').count(), 1, "{told}");
        assert!(told.contains("No space left") && told.contains(FILE_NAME), "{told}");
        file.file = whole;
        file.write_line(b"kept\n", NOON);
        file.write_line(b"kept\n", NOON);
        let text = site.text("");
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(first.starts_with("2026-11-05T12:00:00.000+00:00 [WARN] (log) 3 lines"), "{text}");
        assert_eq!(rest, "kept\nkept\n");
    }
}
