//! The side of those who have something to tell.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::chronicle::Chronicle;
use super::line::IntentLine;
use super::options::EventKind;
use super::queue::EventQueue;
use super::record::{Actor, Event, TransferFacts, TransferRecord};
use super::transfer_line::{MadeWhenShown, TransferLine};
use crate::store::{ErrorKind, ObjectStore, StoreError, Stored};
use crate::vfs::FtpPath;

/// Tells what somebody does.
#[derive(Clone, Debug)]
pub struct Witness {
    chronicle: Arc<Chronicle>,
    actor: Actor,
}

/// What somebody does to a file.
#[derive(Clone, Copy)]
pub struct FileDeed<'a> {
    /// What it is.
    pub kind: EventKind,
    /// Where.
    pub store: &'a dyn ObjectStore,
    /// The file, or the directory that is renamed; by its new name.
    pub path: &'a FtpPath,
    /// Its old name.
    pub from: Option<&'a FtpPath>,
    /// Whether it is a directory.
    pub is_directory: bool,
    /// Its bytes when it is done, where they are known.
    pub size: Option<u64>,
    /// Bytes of them that were there before.
    pub kept: u64,
    /// Since when what is found there may be what was meant, by the store's clock.
    pub since: OffsetDateTime,
    /// When it began.
    pub began: Instant,
    /// What the scanner found in it.
    pub found: Option<&'a str>,
    /// The store's name for the request that failed.
    pub request_id: Option<&'a str>,
}

/// Something that is to be told once a store has confirmed it. On the disk, if a receiver is told;
/// dropped without a word, the store is then asked what became of it.
#[derive(Debug)]
#[must_use = "what becomes of it is to be told"]
pub struct Intent {
    chronicle: Arc<Chronicle>,
    /// In the journal, if it is there.
    number: Option<u64>,
    is_directory: bool,
    /// There until it has ended.
    event: Option<Event>,
    began: Instant,
}

impl<'a> FileDeed<'a> {
    /// That `kind` is done now to the file `path` of `store`.
    pub fn now(kind: EventKind, store: &'a dyn ObjectStore, path: &'a FtpPath) -> Self {
        Self {
            kind,
            store,
            path,
            from: None,
            is_directory: false,
            size: None,
            kept: 0,
            since: store.now(),
            began: Instant::now(),
            found: None,
            request_id: None,
        }
    }
}

impl Witness {
    /// Of what `actor` does, for those of `chronicle`.
    pub fn new(chronicle: &Arc<Chronicle>, actor: Actor) -> Self {
        Self { chronicle: Arc::clone(chronicle), actor }
    }

    /// Whether nobody may do this to `path` now, as it could not be told: too much waits.
    pub fn refuses(&self, kind: EventKind, path: &FtpPath) -> bool {
        let queue = self.chronicle.queue.as_ref();
        queue.is_some_and(|queue| queue.wants(kind, path.as_str()) && queue.refuses())
    }

    /// Writes down what is about to be asked of a store, if a receiver is to be told, and returns
    /// when that is on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn intend(&self, deed: &FileDeed<'_>) -> io::Result<Option<Intent>> {
        let Chronicle { queue, ledger, .. } = &*self.chronicle;
        let wants = |queue: &&Arc<EventQueue>| queue.wants(deed.kind, deed.path.as_str());
        let queue = queue.as_ref().filter(wants).filter(|queue| !queue.drops());
        if queue.is_none() && ledger.is_none() {
            return Ok(None);
        }
        let event = self.event(deed);
        let line = |event: &Event| IntentLine {
            number: 0,
            since: deed.since.unix_timestamp(),
            is_directory: deed.is_directory,
            event: event.clone(),
        };
        let number = queue.map(|queue| queue.begin(line(&event))).transpose()?;
        Ok(Some(Intent {
            chronicle: Arc::clone(&self.chronicle),
            number,
            is_directory: deed.is_directory,
            event: Some(event),
            began: deed.began,
        }))
    }

    /// Tells of a transfer that has ended, of `version` of a file: the log, and whoever else wants
    /// to know. What a store had to confirm was told by its [`Intent`].
    pub fn transferred(
        &self,
        deed: &FileDeed<'_>,
        version: Option<&Stored>,
        facts: &TransferFacts,
    ) {
        let seconds = seconds(deed.began);
        let ended = || self.ended(deed, version, seconds);
        let leaves_nothing = match deed.kind {
            EventKind::Download => facts.is_complete,
            kind => matches!(kind, EventKind::Parked | EventKind::Infected),
        };
        if leaves_nothing && self.chronicle.is_told_of_events() {
            self.chronicle.note(ended());
        }
        let record = || {
            let mut event = ended();
            // What a receiver was told of an upload has another id.
            event.id.clear();
            let (facts, is_encrypted) = (facts.clone(), self.actor.is_encrypted);
            TransferRecord { event, facts, is_encrypted }
        };
        let line = TransferLine {
            kind: deed.kind,
            path: deed.path.as_str(),
            kept: deed.kept,
            seconds,
            request_id: request_id(deed, version),
            facts,
        };
        log::info!(transfer:% = MadeWhenShown(|| record().to_json()); "{line}");
        if let Some(transfers) = &self.chronicle.transfers {
            transfers.write(&record());
        }
    }

    /// The event of a transfer that took `seconds` and has ended now.
    fn ended(&self, deed: &FileDeed<'_>, version: Option<&Stored>, seconds: f64) -> Event {
        let mut event = self.event(deed);
        event.duration = Some(seconds);
        if let Some(version) = version {
            event.describe(version);
        }
        event.request_id = request_id(deed, version).map(str::to_owned);
        event.stamp();
        event
    }

    fn event(&self, deed: &FileDeed<'_>) -> Event {
        let place = deed.store.place_of(deed.path);
        let mut event = Event::of(deed.kind, &self.actor, deed.path.as_str().to_owned(), place);
        event.from_path = deed.from.map(|from| from.as_str().to_owned());
        if let Some(from) = deed.from.map(|from| deed.store.place_of(from)) {
            event.from_bucket = Some(from.bucket).filter(|bucket| *bucket != event.bucket);
            event.from_key = Some(from.key);
        }
        (event.size, event.kept) = (deed.size, deed.kept);
        event.found = deed.found.map(str::to_owned);
        event
    }
}

impl Intent {
    /// What the store said of it: it is told if it is done, forgotten if it is not, and where
    /// nobody knows the store is asked.
    pub fn end(mut self, outcome: Result<Option<&Stored>, &StoreError>) {
        match outcome {
            Ok(stored) => {
                let Some(mut event) = self.event.take() else { return };
                if let Some(stored) = stored {
                    event.describe(stored);
                }
                event.duration = Some(seconds(self.began));
                self.chronicle.settle(self.number, event, self.is_directory);
            }
            Err(error) if leaves_doubt(error.kind) => {}
            Err(_) => {
                self.event = None;
                if let Some((queue, number)) = self.in_journal() {
                    queue.withdraw(number);
                }
            }
        }
    }

    fn in_journal(&self) -> Option<(&EventQueue, u64)> {
        self.chronicle.queue.as_deref().zip(self.number)
    }
}

impl Drop for Intent {
    fn drop(&mut self) {
        if self.event.is_some()
            && let Some((queue, number)) = self.in_journal()
        {
            queue.doubt(number);
        }
    }
}

/// Whether what failed so may have been done all the same.
fn leaves_doubt(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Unavailable
        | ErrorKind::Cancelled
        | ErrorKind::ChecksumMismatch
        | ErrorKind::BrokenOff
        | ErrorKind::BrokenOffForGood
        | ErrorKind::Other => true,
        ErrorKind::NotFound
        | ErrorKind::NoSuchBucket
        | ErrorKind::WrongEndpoint
        | ErrorKind::AlreadyExists
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::AccessDenied
        | ErrorKind::BadName
        | ErrorKind::TooLarge
        | ErrorKind::InvalidRange
        | ErrorKind::PreconditionFailed
        | ErrorKind::AttributesRefused
        | ErrorKind::Archived
        | ErrorKind::Refused
        | ErrorKind::NameKept
        | ErrorKind::Busy
        | ErrorKind::Unsupported => false,
    }
}

/// The store's name for the request that made the file what it is, or that failed.
fn request_id<'a>(deed: &FileDeed<'a>, version: Option<&'a Stored>) -> Option<&'a str> {
    version.and_then(|version| version.request_id.as_deref()).or(deed.request_id)
}

fn seconds(began: Instant) -> f64 {
    let milliseconds = Duration::as_millis(&began.elapsed());
    milliseconds as f64 / 1000.0
}
