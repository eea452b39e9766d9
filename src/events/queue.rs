//! What is to be told, in order: who has something to tell, and who tells it, meet here.
//!
//! What has to be on the disk before anything else happens is made so for all who wait at the time
//! together.

use std::io;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use time::OffsetDateTime;

use super::journal::Journal;
use super::line::{IntentLine, JournalLine};
use super::options::{EventKind, EventOptions, QueueFull};
use super::record::Event;
use super::waiting::PendingLine;
use crate::{limits, metrics};

/// What is to be told of the files of all stores. Shared by whoever has something to tell.
#[derive(Debug)]
pub struct EventQueue {
    options: EventOptions,
    state: Mutex<QueueState>,
    /// An event waits that did not before, or the end has come.
    changed: Condvar,
    /// The same of intents that nobody is at.
    loosened: Condvar,
    commits: Mutex<Commits>,
    committed: Condvar,
}

/// How much is to be told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventBacklog {
    /// Events, and changes that are under way.
    pub waiting: usize,
    /// Since when the oldest event waits; zero when none does.
    pub oldest: Duration,
}

#[derive(Debug)]
struct QueueState {
    journal: Journal,
    failures_in_a_row: u32,
    /// While a receiver seems to be gone, nothing is told before.
    not_before: Instant,
    is_stopping: bool,
}

/// How far the journal is on the disk.
#[derive(Debug, Default)]
struct Commits {
    lines: u64,
    is_under_way: bool,
}

/// A line that is to be told, or looked after.
#[derive(Debug)]
pub(super) struct Taken<T> {
    pub(super) pending: PendingLine,
    pub(super) what: T,
}

impl EventQueue {
    /// Opens the journal: what an earlier process left is told by this one.
    ///
    /// # Errors
    /// When the directory cannot be used, or another server uses it.
    pub fn open(options: EventOptions) -> io::Result<Self> {
        let journal = Journal::open(&options.queue_dir)?;
        if journal.waiting.count() > 0 {
            log::info!("events: {} wait since the last start", journal.waiting.count());
        }
        let not_before = Instant::now();
        let state = QueueState { journal, failures_in_a_row: 0, not_before, is_stopping: false };
        Ok(Self {
            options,
            state: Mutex::new(state),
            changed: Condvar::new(),
            loosened: Condvar::new(),
            commits: Mutex::default(),
            committed: Condvar::new(),
        })
    }

    /// What the operator wants.
    pub(super) fn options(&self) -> &EventOptions {
        &self.options
    }

    /// How much waits.
    pub fn backlog(&self) -> EventBacklog {
        let state = self.state.lock();
        let age = |since: i64| OffsetDateTime::now_utc().unix_timestamp() - since;
        let oldest = state.journal.waiting.oldest().map_or(0, age);
        EventBacklog {
            waiting: state.journal.waiting.count(),
            oldest: Duration::from_secs(u64::try_from(oldest).unwrap_or_default()),
        }
    }

    /// Whether it is to be told that this happens to the file or directory `path`.
    pub(super) fn wants(&self, kind: EventKind, path: &str) -> bool {
        self.options.want(kind, path)
    }

    /// Whether clients are refused what would have to be told.
    pub(super) fn refuses(&self) -> bool {
        self.options.queue_full == QueueFull::Refuse && self.is_full()
    }

    fn is_full(&self) -> bool {
        self.state.lock().journal.waiting.count() >= self.options.queue_max
    }

    /// Whether what happens now is not told, as too much waits; then it is counted.
    pub(super) fn drops(&self) -> bool {
        let drops = self.options.queue_full == QueueFull::Drop && self.is_full();
        if drops {
            metrics::count_event("dropped");
        }
        drops
    }

    /// Writes an intent, and returns its number when it is on the disk.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub(super) fn begin(&self, intent: IntentLine) -> io::Result<u64> {
        let mut state = self.state.lock();
        let number = state.journal.add_intent(intent)?;
        let lines = state.journal.lines();
        drop(state);
        if let Err(error) = self.commit(lines) {
            self.withdraw(number);
            return Err(error);
        }
        Ok(number)
    }

    /// Waits until the first `lines` are on the disk: whoever comes first brings them there for all
    /// who have come meanwhile.
    fn commit(&self, lines: u64) -> io::Result<()> {
        let mut commits = self.commits.lock();
        while commits.lines < lines {
            if commits.is_under_way {
                self.committed.wait(&mut commits);
                continue;
            }
            commits.is_under_way = true;
            drop(commits);
            let (file, written) = {
                let state = self.state.lock();
                (state.journal.current(), state.journal.lines())
            };
            let synced = file.map_or(Ok(()), |file| file.sync_data());
            commits = self.commits.lock();
            commits.is_under_way = false;
            if synced.is_ok() {
                commits.lines = written;
            }
            self.committed.notify_all();
            synced?;
        }
        Ok(())
    }

    /// The intent has become an event, which is told from now on.
    pub(super) fn settle(&self, intent: u64, event: Event, is_directory: bool) {
        let mut state = self.state.lock();
        if let Err(error) = state.journal.add_event(Some(intent), event, is_directory) {
            // It stands in the journal as an intent: a look at the store makes it an event later.
            log::error!("events: the journal cannot be written: {error}");
            state.journal.waiting.let_go(intent, Instant::now() + limits::EVENT_LAST_PAUSE);
        } else {
            state.journal.end_intent(intent);
        }
        self.wake_one(state);
    }

    /// Wakes somebody for an event that is new; nobody where nothing is told for now.
    fn wake_one(&self, state: MutexGuard<'_, QueueState>) {
        let is_paused = state.not_before > Instant::now();
        drop(state);
        if !is_paused {
            self.changed.notify_one();
        }
    }

    /// An event without an intent, as nothing is lost that stands in a store.
    pub(super) fn note(&self, event: Event) {
        let mut state = self.state.lock();
        if let Err(error) = state.journal.add_event(None, event, false) {
            log::error!("events: the journal cannot be written: {error}");
        }
        self.wake_one(state);
    }

    /// The intent has come to nothing.
    pub(super) fn withdraw(&self, intent: u64) {
        self.state.lock().journal.withdraw(intent);
    }

    /// Nobody knows what has become of the intent, from now on: the store is asked.
    pub(super) fn doubt(&self, intent: u64) {
        let since = OffsetDateTime::now_utc().unix_timestamp();
        self.state.lock().journal.waiting.doubt(intent, since);
        self.let_go(intent, pause(0));
    }

    /// The store does not tell yet what has become of the intent: it is asked after `pause`.
    pub(super) fn let_go(&self, intent: u64, pause: Duration) {
        self.state.lock().journal.waiting.let_go(intent, Instant::now() + pause);
        self.loosened.notify_one();
    }

    /// The next intent to be looked after, when there is one; `None` at the end.
    pub(super) fn next_intent(&self) -> Option<Taken<IntentLine>> {
        let mut state = self.state.lock();
        loop {
            match state.journal.waiting.take_loose(Instant::now()) {
                _ if state.is_stopping => return None,
                Ok(pending) => match state.journal.read(pending.place) {
                    Some(JournalLine::Intent(what)) => return Some(Taken { pending, what }),
                    _ => state.journal.end_intent(pending.number),
                },
                Err(next) => wait(&self.loosened, &mut state, next),
            }
        }
    }

    /// The next event to be told, when it is time; `None` at the end.
    pub(super) fn next_event(&self) -> Option<Taken<Event>> {
        let mut state = self.state.lock();
        loop {
            let now = Instant::now();
            if state.is_stopping {
                return None;
            }
            if state.not_before > now {
                let not_before = state.not_before;
                wait(&self.changed, &mut state, Some(not_before));
                continue;
            }
            match state.journal.waiting.take_event(now) {
                Ok(pending) => match state.journal.read(pending.place) {
                    Some(JournalLine::Event { event: what, .. }) => {
                        return Some(Taken { pending, what });
                    }
                    _ => state.journal.end_event(pending.number),
                },
                Err(next) => wait(&self.changed, &mut state, next),
            }
        }
    }

    /// The receiver has taken the event.
    pub(super) fn delivered(&self, number: u64) {
        let mut state = self.state.lock();
        state.failures_in_a_row = 0;
        state.journal.end_event(number);
        drop(state);
        // Whoever says so looks for the next one; what that one held up another may take.
        metrics::count_event("delivered");
        self.changed.notify_one();
    }

    /// The receiver has not taken it: it is tried again later, unless it waits for too long.
    /// Tells whether it was given up.
    pub(super) fn failed(&self, pending: &PendingLine) -> bool {
        let mut state = self.state.lock();
        let now = Instant::now();
        state.failures_in_a_row += 1;
        let beyond = state.failures_in_a_row.checked_sub(limits::EVENT_FAILURES_IN_A_ROW);
        if let Some(beyond) = beyond {
            // Not for as long as an event that fails again and again: others may be taken.
            state.not_before = now + pause(beyond) / 2;
        }
        let is_given_up = self.is_too_old(pending.since);
        if is_given_up {
            state.journal.end_event(pending.number);
        } else {
            state.journal.waiting.postpone(pending.number, now + pause(pending.tries - 1));
        }
        drop(state);
        metrics::count_event(if is_given_up { "given_up" } else { "failed" });
        self.changed.notify_all();
        is_given_up
    }

    /// Whether what waits since then is not tried any more.
    pub(super) fn is_too_old(&self, since: i64) -> bool {
        let age = OffsetDateTime::now_utc().unix_timestamp() - since;
        let age = Duration::from_secs(u64::try_from(age).unwrap_or_default());
        self.options.give_up_after.is_some_and(|most| age >= most)
    }

    /// Nothing more is told by this process: what waits stays on the disk.
    pub(super) fn stop(&self) {
        self.state.lock().is_stopping = true;
        self.changed.notify_all();
        self.loosened.notify_all();
    }

    /// Whether [`Self::stop`] was called.
    pub(super) fn is_stopping(&self) -> bool {
        self.state.lock().is_stopping
    }
}

fn wait(on: &Condvar, state: &mut MutexGuard<'_, QueueState>, until: Option<Instant>) {
    match until {
        Some(until) => drop(on.wait_until(state, until)),
        None => on.wait(state),
    }
}

/// How long to wait behind so many failures and one: anything up to twice as long, so that what
/// failed at a time does not come again at a time.
pub(super) fn pause(failures: u32) -> Duration {
    let doubled = limits::EVENT_FIRST_PAUSE.saturating_mul(1 << failures.min(16));
    doubled.min(limits::EVENT_LAST_PAUSE).mul_f64(0.5 + fastrand::f64() / 2.0)
}
