//! A line of the journal.

use serde::{Deserialize, Serialize};

use super::record::Event;

/// What happened to an event. Each line is whole by itself; the order of lines about one number is
/// that in which it happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub(super) enum JournalLine {
    /// A store is about to be asked for it.
    Intent(IntentLine),
    /// It has happened, and waits to be told.
    Event {
        /// Of the intent that became it.
        intent: Option<u64>,
        /// Whether it is a directory that got another name.
        is_directory: bool,
        /// With its number.
        event: Event,
    },
    /// The intent of this number came to nothing.
    Withdrawn {
        /// Of the intent.
        number: u64,
    },
    /// The event of this number was told, or given up.
    Done {
        /// Of the event.
        number: u64,
    },
}

/// What is about to be done, and by what it is known afterwards whether it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct IntentLine {
    pub(super) number: u64,
    /// Seconds since 1970 by the store's clock; what is older was there before.
    pub(super) since: i64,
    /// Whether it is a directory that gets another name.
    pub(super) is_directory: bool,
    pub(super) event: Event,
}

impl JournalLine {
    /// The line, with its end.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("texts and numbers are JSON");
        bytes.push(b'\n');
        bytes
    }

    /// What `bytes` say; `None` of what a crash tore, or nobody of us wrote.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
