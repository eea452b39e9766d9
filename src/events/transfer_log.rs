//! `transfer_log`: a line for each transfer that has ended, for programs that count them.

use std::fmt;
use std::io::Write;

use parking_lot::Mutex;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use super::options::EventKind;
use super::record::TransferRecord;

/// How its lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransferLogFormat {
    /// As xferlog(5) says, for programs that read those of wu-ftpd, ProFTPD and vsftpd.
    Xferlog,
    /// One object each.
    Json,
}

/// An open transfer log.
pub struct TransferLog {
    format: TransferLogFormat,
    /// Of the local time, which xferlog(5) has.
    offset: UtcOffset,
    out: Mutex<Box<dyn Write + Send>>,
}

impl fmt::Debug for TransferLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransferLog").field("format", &self.format).finish_non_exhaustive()
    }
}

impl TransferLog {
    /// Lines go to `out`, each in one write, with the local time of this `offset`.
    pub fn new(format: TransferLogFormat, offset: UtcOffset, out: Box<dyn Write + Send>) -> Self {
        Self { format, offset, out: Mutex::new(out) }
    }

    pub(super) fn write(&self, record: &TransferRecord) {
        let line = match self.format {
            TransferLogFormat::Xferlog => {
                xferlog(record, OffsetDateTime::now_utc().to_offset(self.offset))
            }
            TransferLogFormat::Json => record.to_json(),
        };
        // Whoever was given tells what is wrong with it; no transfer waits for that.
        let _ = self.out.lock().write_all((line + "\n").as_bytes());
    }
}

/// The line of xferlog(5) for a transfer that ended at `now`: time, seconds, host, bytes, name,
/// type, special action, direction, access mode, user, service, authentication, authenticated
/// user, completion.
fn xferlog(record: &TransferRecord, now: OffsetDateTime) -> String {
    const TIME: &[BorrowedFormatItem<'_>] = format_description!(
        "[weekday repr:short] [month repr:short] [day padding:zero] [hour]:[minute]:[second] [year]"
    );
    let TransferRecord { event, facts, is_encrypted } = record;
    let time = now.format(TIME).unwrap_or_default();
    format!(
        "{time} {:.0} {} {} {} {} _ {} r {} {} 0 * {}",
        event.duration.unwrap_or_default().round(),
        event.peer,
        facts.bytes,
        as_one_word(&event.path),
        if facts.is_ascii { 'a' } else { 'b' },
        if event.kind == EventKind::Download { 'o' } else { 'i' },
        as_one_word(&event.user),
        if *is_encrypted { "ftps" } else { "ftp" },
        if facts.is_complete { 'c' } else { 'i' },
    )
}

/// A name as ProFTPD writes it there: `_` for each blank and control character, so that a line
/// always has the same number of words. Only those of ASCII, as readers divide by these.
fn as_one_word(name: &str) -> String {
    let is_blank = |c: char| c.is_ascii_whitespace() || c.is_ascii_control();
    name.chars().map(|c| if is_blank(c) { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use time::macros::datetime;

    use super::*;
    use crate::events::record::{Actor, Event, TransferFacts};
    use crate::store::ObjectPlace;

    fn record(kind: EventKind, path: &str, is_complete: bool) -> TransferRecord {
        let peer = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 5));
        let actor = Actor { user: "camera 1".to_owned(), peer, session: 7, is_encrypted: false };
        let place = ObjectPlace { bucket: "b".to_owned(), key: "k".to_owned() };
        let mut event = Event::of(kind, &actor, path.to_owned(), place);
        event.duration = Some(2.6);
        let facts = TransferFacts {
            bytes: 1234,
            is_complete,
            verdict: "complete".into(),
            tail_seconds: 0.0,
            parts: 0,
            is_ascii: false,
        };
        TransferRecord { event, facts, is_encrypted: !is_complete }
    }

    #[test]
    fn lines_are_those_of_xferlog() {
        let now = datetime!(2026-11-05 06:07:08 +8);
        for (kind, path, is_complete, expected) in [
            (
                EventKind::Upload,
                "/a b\tc\u{7f}.jpg",
                true,
                "Thu Nov 05 06:07:08 2026 3 203.0.113.5 1234 /a_b_c_.jpg b _ i r camera_1 ftp 0 * c",
            ),
            (
                EventKind::Download,
                "/照\u{3000}片",
                false,
                "Thu Nov 05 06:07:08 2026 3 203.0.113.5 1234 /照\u{3000}片 b _ o r camera_1 ftps 0 * i",
            ),
        ] {
            assert_eq!(xferlog(&record(kind, path, is_complete), now), expected);
        }
    }

    #[test]
    fn json_has_the_fields_of_both() {
        let line = record(EventKind::Upload, "/a", true).to_json();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!((&value["path"], &value["type"]), (&"/a".into(), &"upload".into()));
        assert_eq!((&value["bytes"], &value["is_complete"]), (&1234.into(), &true.into()));
    }
}
