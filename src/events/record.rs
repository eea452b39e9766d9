//! An event, as it stands in the journal and is told to a receiver.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

use super::options::EventKind;
use crate::store::{ObjectPlace, Stored};

/// The version of the form, in each event: fields may be added to it, and none changed.
const VERSION: u8 = 1;

/// One event. What is not known, or makes no sense of its kind, is `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Event {
    pub(super) version: u8,
    /// By which a receiver knows what it was told before.
    pub(super) id: String,
    /// Rises with each event of this server: the later of two of one file has the greater.
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
}

/// Who did it.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) user: String,
    pub(super) peer: IpAddr,
    pub(super) session: u64,
}

impl Event {
    /// What is known before it has happened.
    pub(super) fn of(kind: EventKind, actor: &Actor, path: String, place: ObjectPlace) -> Self {
        let Actor { user, peer, session } = actor.clone();
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
            size: None,
            kept: 0,
            etag: None,
            crc64: None,
            request_id: None,
            duration: None,
        }
    }

    /// Which version of the file it is.
    pub(super) fn describe(&mut self, version: &Stored) {
        self.etag = version.etag.as_ref().map(|etag| etag.0.trim_matches('"').to_owned());
        self.crc64 = version.crc64.map(|crc64| crc64.to_string());
        self.request_id.clone_from(&version.request_id);
    }

    /// It is confirmed now, and is the event of this number.
    pub(super) fn confirm(&mut self, sequence: u64) {
        let form = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        self.sequence = sequence;
        self.time = OffsetDateTime::now_utc().format(&form).unwrap_or_default();
    }

    /// What is sent.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers are JSON")
    }
}
