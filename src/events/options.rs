//! What the operator wants to be told, by what, and how much of it may wait.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::path_patterns::PathPatterns;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A file was stored as a whole.
    Upload,
    /// What had arrived of an interrupted upload became the file.
    UploadPartial,
    /// What had arrived of an interrupted upload waits to be gone on with. No file stands.
    Parked,
    /// A file or directory got another name.
    Rename,
    /// A file was deleted.
    Delete,
    /// A file was sent to its end.
    Download,
    /// A file was not stored, as the scanner found something in it.
    Infected,
}

impl EventKind {
    /// Every kind and its name, as configuration and receivers have it.
    pub const ALL: [(&'static str, Self); 7] = [
        ("upload", Self::Upload),
        ("upload_partial", Self::UploadPartial),
        ("parked", Self::Parked),
        ("rename", Self::Rename),
        ("delete", Self::Delete),
        ("download", Self::Download),
        ("infected", Self::Infected),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventReceiver {
    /// `command`: a program and its arguments.
    Command(Vec<String>),
    /// `url`, and the `secret_file` whose content signs what is sent there.
    Service {
        /// Where to.
        url: String,
        /// The file of the secret.
        secret_file: Option<PathBuf>,
    },
}

impl EventReceiver {
    /// The key of the configuration that names it.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Service { .. } => "url",
        }
    }
}

/// What becomes of what cannot wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueFull {
    /// Clients are refused what would have to be told.
    Refuse,
    /// It is done and not told.
    Drop,
}

/// `[EVENTS]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOptions {
    /// `on`: what is told.
    pub on: Vec<EventKind>,
    /// `names`: of which files.
    pub names: PathPatterns,
    /// `command` or `url`.
    pub receiver: EventReceiver,
    /// `timeout`: what one delivery may take.
    pub timeout: Duration,
    /// `give_up_after`: for how long one event is tried; `None` for ever.
    pub give_up_after: Option<Duration>,
    /// `queue_dir`: the directory of the journal.
    pub queue_dir: PathBuf,
    /// `queue_max`: events that may wait, at least 1.
    pub queue_max: usize,
    /// `queue_full`
    pub queue_full: QueueFull,
    /// `workers`: deliveries at once, at least 1.
    pub workers: usize,
}

impl EventOptions {
    /// Whether it is told that this happened to the file or directory `path`.
    pub(super) fn want(&self, kind: EventKind, path: &str) -> bool {
        self.on.contains(&kind) && self.names.admit(path)
    }
}
