//! A line of the ledger: JSON, chained to the line before it by the hash of that.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::events::record::Event;

/// The version of the form, in each line.
const VERSION: u8 = 1;

/// What the first line has in the place of the hash of one before it.
pub(super) const NO_LINE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands in a line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum LineContent<'a> {
    /// What happened to a file.
    File(&'a Event),
    /// What is to be known of the ledger itself.
    Note(LedgerNote),
}

/// Told by the ledger of itself.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum LedgerNote {
    /// The line before this one is no whole line: the end of a process tore it.
    Torn {
        /// How much of it is there.
        bytes: u64,
    },
    /// Lines that could not be written, before this one.
    Lost {
        /// How many.
        lines: u64,
    },
}

#[derive(Serialize)]
struct LinkedLine<'a> {
    ledger: u8,
    number: u64,
    prev: &'a str,
    #[serde(flatten)]
    content: &'a LineContent<'a>,
}

/// What is read of a line.
#[derive(Clone, Debug, Deserialize)]
pub struct LedgerEntry {
    pub(super) number: u64,
    pub(super) prev: String,
    #[serde(rename = "type")]
    pub(super) kind: LedgerKind,
    #[serde(default)]
    pub(super) path: String,
    #[serde(default)]
    pub(super) bucket: String,
    #[serde(default)]
    pub(super) key: String,
    pub(super) from_key: Option<String>,
    /// The bucket of that, where it is another.
    pub(super) from_bucket: Option<String>,
    pub(super) size: Option<u64>,
    pub(super) etag: Option<String>,
    pub(super) crc64: Option<String>,
    /// Of [`LedgerNote::Lost`].
    #[serde(default)]
    pub(super) lines: u64,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum LedgerKind {
    Upload,
    UploadPartial,
    Rename,
    Delete,
    Download,
    Torn,
    Lost,
}

/// The line of this number behind the one whose hash is `prev`, without its end.
pub(super) fn line(number: u64, prev: &str, content: &LineContent<'_>) -> String {
    let linked = LinkedLine { ledger: VERSION, number, prev, content };
    serde_json::to_string(&linked).expect("texts and numbers are JSON")
}

/// What a line says; `None` of what is none.
pub(super) fn parse(line: &[u8]) -> Option<LedgerEntry> {
    serde_json::from_slice(line).ok()
}

/// The hash of a line without its end, in hexadecimal digits.
pub(super) fn hash(line: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(line).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
