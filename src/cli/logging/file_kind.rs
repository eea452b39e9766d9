//! What a file of the log holds, and what is said of it where it cannot be written.

use std::fmt;
use std::io;
use std::path::PathBuf;

use cos_ftp_server::config::LogFormat;
use time::OffsetDateTime;

use super::json::bare_line;
use super::line::TIME;

/// What is written to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileKind {
    /// The log.
    Log(LogFormat),
    /// Transfers alone.
    Transfers,
}

impl FileKind {
    /// What the log calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Log(_) => "the log",
            Self::Transfers => "the transfer log",
        }
    }

    /// The key of the configuration that tells where it is.
    fn key(self) -> &'static str {
        match self {
            Self::Log(_) => "log_dir",
            Self::Transfers => "transfer_log",
        }
    }

    /// The line that says of the file at `now` what programs that read transfers do not look for.
    pub(super) fn line(self, now: OffsetDateTime, level: &str, text: &str) -> String {
        let time = now.format(TIME).unwrap_or_default();
        match self {
            Self::Log(LogFormat::Text) => format!("{time} [{level}] (log) {text}\n"),
            Self::Log(LogFormat::Json) => bare_line(&time, level, text),
            Self::Transfers => String::new(),
        }
    }
}

/// Why there is no log.
#[derive(Debug)]
pub(crate) struct LogError {
    pub(super) kind: FileKind,
    pub(super) path: PathBuf,
    pub(super) source: io::Error,
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, path, source } = self;
        write!(f, "cannot write {} ({}) {}: {source}", kind.name(), kind.key(), path.display())
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}
