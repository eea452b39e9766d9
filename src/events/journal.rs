//! The journal: a line on the disk for each intent and each event, and which of them wait.
//!
//! Lines are written at once, so that no end of the process loses them.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use time::OffsetDateTime;

use super::line::{IntentLine, JournalLine};
use super::record::Event;
use super::replay::Replay;
use super::segments::{LinePlace, Segments};
use super::waiting::{PendingLine, Subjects, WaitingEvents};

/// What stands on the disk, and what of it waits.
#[derive(Debug)]
pub(super) struct Journal {
    segments: Segments,
    pub(super) waiting: WaitingEvents,
    /// The number of the next intent or event: none is ever used again.
    next: u64,
    /// Those that this process has written.
    lines: u64,
}

impl Journal {
    /// Opens what an earlier process has left in `directory`. Nobody is at its intents.
    ///
    /// # Errors
    /// When the directory cannot be used, or another server uses it.
    pub(super) fn open(directory: &Path) -> io::Result<Self> {
        let mut replay = Replay::default();
        let mut segments = Segments::open(directory, &mut |line, at| replay.take(line, at))?;
        let Replay { mut waiting, last } = replay;
        waiting.let_all_go(Instant::now());
        let clock = OffsetDateTime::now_utc().unix_timestamp_nanos() / 1000;
        // Behind all numbers also where the directory was emptied.
        let next = u64::try_from(clock).unwrap_or_default().max(last + 1);
        waiting.all().for_each(|pending| segments.hold(pending.place));
        segments.remove_done()?;
        Ok(Self { segments, waiting, next, lines: 0 })
    }

    /// How many lines this process has written.
    pub(super) fn lines(&self) -> u64 {
        self.lines
    }

    /// The file in which the last of them stands.
    pub(super) fn current(&self) -> Option<Arc<File>> {
        self.segments.current()
    }

    fn take_number(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Writes a line; where a file is full, into another.
    fn append(&mut self, line: &JournalLine) -> io::Result<LinePlace> {
        if self.segments.is_full() {
            self.begin_file()?;
        }
        self.lines += 1;
        self.segments.append(&line.to_bytes())
    }

    fn begin_file(&mut self) -> io::Result<()> {
        self.segments.begin_file()?;
        self.segments.remove_done()?;
        while let Some(segment) = self.segments.crowded() {
            for (number, from) in self.waiting.in_segment(segment) {
                let line = self.segments.read(from)?;
                let to = self.segments.append(&line)?;
                self.segments.hold(to);
                self.segments.release(from);
                self.waiting.moved(number, to);
            }
            self.segments.remove_done()?;
        }
        Ok(())
    }

    /// Writes an intent, and tells its number.
    pub(super) fn add_intent(&mut self, mut intent: IntentLine) -> io::Result<u64> {
        let number = self.take_number();
        intent.number = number;
        let since = OffsetDateTime::now_utc().unix_timestamp();
        let place = self.append(&JournalLine::Intent(intent))?;
        self.segments.hold(place);
        self.waiting.add_intent(number, place, since);
        Ok(number)
    }

    /// Writes an event, which has become of the `intent` if there was one.
    pub(super) fn add_event(
        &mut self,
        intent: Option<u64>,
        mut event: Event,
        is_directory: bool,
    ) -> io::Result<()> {
        let number = self.take_number();
        event.sequence = number;
        let subjects = Subjects::of(&event, is_directory);
        let place = self.append(&JournalLine::Event { intent, is_directory, event })?;
        self.segments.hold(place);
        let since = OffsetDateTime::now_utc().unix_timestamp();
        self.waiting.add_event(
            PendingLine { number, place, since, tries: 0 },
            subjects,
            Instant::now(),
        );
        Ok(())
    }

    /// The intent has come to nothing.
    pub(super) fn withdraw(&mut self, intent: u64) {
        self.note_end(&JournalLine::Withdrawn { number: intent });
        self.end_intent(intent);
    }

    /// The intent does not wait any more.
    pub(super) fn end_intent(&mut self, number: u64) {
        if let Some(pending) = self.waiting.remove_intent(number) {
            self.segments.release(pending.place);
        }
    }

    /// The event does not wait any more, also not for the next process.
    pub(super) fn end_event(&mut self, number: u64) {
        self.note_end(&JournalLine::Done { number });
        if let Some(pending) = self.waiting.remove_event(number, Instant::now()) {
            self.segments.release(pending.place);
        }
    }

    /// Where it cannot be written, the next start tells once more, or looks once more.
    fn note_end(&mut self, line: &JournalLine) {
        if let Err(error) = self.append(line) {
            log::error!("events: the journal cannot be written: {error}");
        }
    }

    /// The line that stands there.
    pub(super) fn read(&self, place: LinePlace) -> Option<JournalLine> {
        let bytes = self.segments.read(place);
        let bytes = bytes.map_err(|error| log::error!("events: the journal: {error}")).ok()?;
        JournalLine::parse(&bytes)
    }
}
