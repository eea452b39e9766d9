//! The one record of what happened to a file. The journal, receivers, the ledger, the transfer log
//! and the line of the log are made of it, and of nothing else.

use std::borrow::Cow;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

use super::options::EventKind;
use crate::store::{ObjectPlace, Stored};

/// The version of the form, in each event: fields may be added to it, and none changed.
const VERSION: u8 = 1;

/// One event, also one that nobody is told. What is not known, or makes no sense of its kind, is
/// `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) version: u8,
    /// By which a receiver knows what it was told before.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) id: String,
    /// Rises with each event of this server: the later of two of one file has the greater. Zero
    /// until it is to be told.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) sequence: u64,
    /// When it was confirmed, UTC, RFC 3339.
    pub(super) time: String,
    #[serde(rename = "type")]
    pub(super) kind: EventKind,
    pub(super) user: String,
    pub(super) peer: IpAddr,
    /// As in the log: `session-7` is 7.
    pub(super) session: u64,
    /// As the user sees it.
    pub(super) path: String,
    pub(super) bucket: String,
    pub(super) key: String,
    /// The old name, of a rename.
    pub(super) from_path: Option<String>,
    pub(super) from_key: Option<String>,
    /// The bucket of `from_key`, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from_bucket: Option<String>,
    /// Bytes.
    pub(super) size: Option<u64>,
    /// Bytes of it that were there before.
    pub(super) kept: u64,
    /// Without its quotes.
    pub(super) etag: Option<String>,
    /// CRC-64/XZ in decimal digits, as COS spells it.
    pub(super) crc64: Option<String>,
    pub(super) request_id: Option<String>,
    /// Seconds from the beginning of the transfer, or of the change.
    pub(super) duration: Option<f64>,
    /// The scanner's name for what it found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) found: Option<String>,
}

/// Who did it.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The login.
    pub user: String,
    /// Its address.
    pub peer: IpAddr,
    /// The number of its session.
    pub session: u64,
    /// Whether the session is encrypted.
    pub is_encrypted: bool,
}

/// What is known of a transfer beside what happened to its file.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransferFacts {
    /// Bytes that moved over the data connection.
    pub bytes: u64,
    /// Whether all of it went.
    pub is_complete: bool,
    /// How it ended, in words.
    pub verdict: Cow<'static, str>,
    /// Seconds from the last byte of an upload to the store's confirmation.
    pub tail_seconds: f64,
    /// Parts of an upload that the store confirmed; 0 when one request was enough.
    pub parts: u64,
    /// Whether line ends were turned.
    pub is_ascii: bool,
}

/// A transfer that has ended: what it did to its file, and how it went.
#[derive(Clone, Debug, Serialize)]
pub(super) struct TransferRecord {
    #[serde(flatten)]
    pub(super) event: Event,
    #[serde(flatten)]
    pub(super) facts: TransferFacts,
    /// Whether the session was encrypted.
    pub(super) is_encrypted: bool,
}

impl Event {
    /// What is known before it has happened.
    pub(super) fn of(kind: EventKind, actor: &Actor, path: String, place: ObjectPlace) -> Self {
        let Actor { user, peer, session, .. } = actor.clone();
        let (now, random) = (OffsetDateTime::now_utc(), fastrand::u64(..));
        Self {
            version: VERSION,
            id: format!("{:016x}{random:016x}", now.unix_timestamp_nanos() / 1000),
            sequence: 0,
            time: String::new(),
            kind,
            user,
            peer: peer.to_canonical(),
            session,
            path,
            bucket: place.bucket,
            key: place.key,
            from_path: None,
            from_key: None,
            from_bucket: None,
            size: None,
            kept: 0,
            etag: None,
            crc64: None,
            request_id: None,
            duration: None,
            found: None,
        }
    }

    /// Which version of the file it is.
    pub(super) fn describe(&mut self, version: &Stored) {
        self.etag = version.etag.as_ref().map(|etag| etag.0.trim_matches('"').to_owned());
        self.crc64 = version.crc64.map(|crc64| crc64.to_string());
        self.request_id.clone_from(&version.request_id);
    }

    /// It is confirmed now.
    pub(super) fn stamp(&mut self) {
        let form = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        self.time = OffsetDateTime::now_utc().format(&form).unwrap_or_default();
    }

    /// What is sent.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }
}

impl TransferRecord {
    /// As one line of JSON, without its end.
    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}
