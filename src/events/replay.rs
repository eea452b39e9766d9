//! The journal read again, line by line.

use std::time::Instant;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::line::JournalLine;
use super::segments::LinePlace;
use super::waiting::{PendingLine, Subjects, WaitingEvents};

/// What stands in the journal at a start.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) waiting: WaitingEvents,
    /// The greatest number.
    pub(super) last: u64,
}

impl Replay {
    /// Takes the next line.
    pub(super) fn take(&mut self, line: JournalLine, place: LinePlace) {
        let now = Instant::now();
        match line {
            JournalLine::Intent(intent) => {
                self.last = self.last.max(intent.number);
                let since = OffsetDateTime::now_utc().unix_timestamp();
                self.waiting.add_intent(intent.number, place, since);
            }
            JournalLine::Event { intent, is_directory, event } => {
                self.last = self.last.max(event.sequence);
                if let Some(intent) = intent {
                    self.waiting.remove_intent(intent);
                }
                let subjects = Subjects::of(&event, is_directory);
                let since = OffsetDateTime::parse(&event.time, &Rfc3339);
                let since = since.map_or(0, OffsetDateTime::unix_timestamp);
                let pending = PendingLine { number: event.sequence, place, since, tries: 0 };
                self.waiting.add_event(pending, subjects, now);
            }
            JournalLine::Withdrawn { number } => drop(self.waiting.remove_intent(number)),
            JournalLine::Done { number } => drop(self.waiting.remove_event(number, now)),
        }
    }
}
