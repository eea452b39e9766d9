//! Parked uploads whose clients closed both connections in order right after the last byte, without
//! waiting for the reply. Recorders and cheap cameras do so when they are done, and so does a
//! client that is killed: who comes back in time goes on, what nobody goes on with is published as
//! it is.

mod away;
mod outcome;
mod publishing;
mod unsettled;

pub use publishing::LeftUpload;

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use self::away::AwayStores;
use self::outcome::LeftOutcome;
use self::unsettled::Unsettled;
use crate::limits;

/// So many wait at most; of more, those that are due next are published early.
const UPLOADS: usize = 10_000;

/// So many more wait at most for a store that does not answer.
const UPLOADS_IN_TROUBLE: usize = 10_000;

/// When what waits for the store is tried again, or earlier where it could be dropped by then.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);

/// Longer than a server that stops takes for its end.
const UNTIL_THE_END: Duration = Duration::from_secs(24 * 3600);

/// How often what may wait no longer looks whether a newer one is still gone on with.
const LAST_LOOKS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));

/// Logins that are remembered to have been told of, of 64 bytes each at most.
const LOSERS: usize = 10_000;

/// Those that wait.
#[derive(Debug)]
pub struct LeftUploads {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// Logins of whom it was told that nothing of what they leave can wait.
    losers: Mutex<HashSet<String>>,
    /// How long each waits at most, so that nobody drops it for its silence; where that never
    /// happens, how long it waits for a newer one.
    longest: Duration,
    is_swept: bool,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The next that is due comes first.
    uploads: VecDeque<(Instant, DueUpload)>,
    /// The ids of those that are tried now: by whoever takes them when they are due, or by those to
    /// whom one was handed over as there were too many.
    tried: HashSet<String>,
    /// Stores that are not asked now.
    away: AwayStores,
    /// Nobody waits for their time any more.
    is_closed: bool,
}

impl Waiting {
    /// The next, which is tried from now on.
    fn hand_over(&mut self) -> Option<DueUpload> {
        let (_, next) = self.uploads.pop_front()?;
        self.tried.insert(next.id().to_owned());
        Some(next)
    }

    /// It waits until it is `due`, and is not tried any more. Tells whether it is the next, for
    /// which whoever waits has to look again.
    fn put(&mut self, due: Instant, upload: DueUpload) -> bool {
        self.tried.remove(upload.id());
        let place = self.uploads.partition_point(|(others, _)| *others <= due);
        self.uploads.insert(place, (due, upload));
        place == 0
    }

    /// Those whose stores are not asked now come behind all others.
    fn put_away_last(&mut self) {
        let is_away = |due: &DueUpload| self.away.until(&due.upload.store_name()).is_some();
        let uploads = std::mem::take(&mut self.uploads).into_iter();
        let (last, first): (VecDeque<_>, VecDeque<_>) = uploads.partition(|(_, due)| is_away(due));
        self.uploads = first;
        self.uploads.extend(last);
    }
}

/// An upload that was left and whose time has come.
#[derive(Debug)]
pub struct DueUpload {
    upload: LeftUpload,
    patience: Duration,
    /// It waits for nobody from then on.
    last_at: Instant,
    /// Whether it was told that it waits.
    is_told: bool,
    unsettled: Unsettled,
}

impl LeftUploads {
    /// Of a server that drops parked uploads after this time, if it does. By half of it all are
    /// published.
    pub fn new(abort_after: Option<Duration>) -> Self {
        Self {
            waiting: Mutex::default(),
            changed: Condvar::new(),
            losers: Mutex::default(),
            longest: abort_after.map_or(limits::LEFT_UPLOAD_WAIT, |silence| silence / 2),
            is_swept: abort_after.is_some(),
        }
    }

    /// `upload` was left, and is due after `patience`. Hands one over that must be published now,
    /// as too many wait or none may any more.
    pub fn add(&self, upload: LeftUpload, patience: Duration) -> Option<DueUpload> {
        let now = Instant::now();
        let patience = if self.is_swept { patience.min(self.longest) } else { patience };
        let last_at = now + self.longest.max(patience);
        self.insert(now + patience, DueUpload::new(upload, patience, last_at))
    }

    /// Tries one whose time has come, and keeps it where it is to be tried again.
    pub fn publish(&self, mut due: DueUpload) {
        match due.publish(self) {
            outcome @ LeftOutcome::Ended => self.finish(&due, outcome),
            LeftOutcome::Waits | LeftOutcome::Taken => {
                if let Some(next) = self.insert(Instant::now() + due.patience(), due) {
                    self.publish_early(next);
                }
            }
            outcome @ (LeftOutcome::StoreAway | LeftOutcome::NotAsked) => self.keep(due, outcome),
        }
    }

    /// Publishes one that [`Self::add`] handed over, unless it gives way to a newer one of its
    /// name: then both stay parked. Where the store does not answer it waits once more, while
    /// anything may.
    pub fn publish_early(&self, mut due: DueUpload) {
        match due.publish_early(self) {
            outcome @ (LeftOutcome::StoreAway | LeftOutcome::NotAsked) => self.keep(due, outcome),
            outcome => self.finish(&due, outcome),
        }
    }

    /// The same of one that [`Self::take`] handed over, and that does not wait. Tells whether the
    /// store answered.
    pub fn publish_last(&self, mut due: DueUpload) -> bool {
        let outcome = due.publish_early(self);
        self.finish(&due, outcome);
        !matches!(outcome, LeftOutcome::StoreAway | LeftOutcome::NotAsked)
    }

    /// The same of one that is not even tried.
    pub fn leave(&self, due: &DueUpload) {
        self.finish(due, LeftOutcome::NotAsked);
    }

    /// It is tried no more, whatever came of it at last.
    fn finish(&self, due: &DueUpload, outcome: LeftOutcome) {
        self.waiting.lock().tried.remove(due.id());
        // Otherwise it was told, or is parked for certain.
        if !matches!(outcome, LeftOutcome::Ended | LeftOutcome::Taken) {
            due.tell_doubt();
        }
    }

    /// Waits for a store that does not answer, if it can wait.
    fn keep(&self, due: DueUpload, outcome: LeftOutcome) {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed || waiting.uploads.len() >= UPLOADS + UPLOADS_IN_TROUBLE {
            drop(waiting);
            self.finish(&due, outcome);
            let LeftUpload { upload, bytes, .. } = due.upload;
            log::warn!("{}: {bytes} bytes that were left stay parked", upload.path);
            return;
        }
        let until = waiting.away.until(&due.upload.store_name()).unwrap_or_else(Instant::now);
        // Another one asks for it then: what is wrong may be with this one alone.
        let behind = if outcome == LeftOutcome::StoreAway { LAST_LOOKS.0 } else { Duration::ZERO };
        let is_next = waiting.put(until + behind, due);
        drop(waiting);
        if is_next {
            self.changed.notify_all();
        }
    }

    /// Whether the store of this name is not asked now.
    fn is_away(&self, store: &str) -> bool {
        self.waiting.lock().away.until(store).is_some()
    }

    /// It did not answer.
    fn note_away(&self, store: String) {
        let mut waiting = self.waiting.lock();
        // Who ends waits for nobody.
        let pause = match waiting.is_closed {
            true => UNTIL_THE_END,
            false => TROUBLE_PAUSE.min(self.longest),
        };
        waiting.away.note(store, Instant::now() + pause);
    }

    fn insert(&self, due: Instant, upload: DueUpload) -> Option<DueUpload> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            // Whoever takes them may have gone.
            waiting.tried.insert(upload.id().to_owned());
            return Some(upload);
        }
        let is_next = waiting.put(due, upload);
        let is_full = waiting.uploads.len() > UPLOADS;
        let next = is_full.then(|| waiting.hand_over()).flatten();
        drop(waiting);
        if is_next {
            self.changed.notify_all();
        }
        next
    }

    /// Whether the upload of this id is among them, or tried now.
    pub fn holds(&self, upload_id: &str) -> bool {
        let waiting = self.waiting.lock();
        waiting.tried.contains(upload_id)
            || waiting.uploads.iter().any(|(_, due)| due.id() == upload_id)
    }

    /// The same, with just so many bytes: with others, somebody went on with it, and was cut off.
    fn holds_all_of(&self, upload_id: &str, bytes: u64) -> bool {
        let is_it = |left: &LeftUpload| left.upload.upload_id == upload_id && left.bytes == bytes;
        self.waiting.lock().uploads.iter().any(|(_, due)| is_it(&due.upload))
    }

    /// Whether nobody has been told yet that clients of the login `user` lose what they leave.
    pub fn is_first_loss_of(&self, user: &str) -> bool {
        let mut losers = self.losers.lock();
        if losers.len() >= LOSERS {
            // Told once more is better than not at all.
            losers.clear();
        }
        losers.insert(user.to_owned())
    }

    /// Waits until one is due, which it hands over; `None` once it is closed.
    pub fn wait_for_due(&self) -> Option<DueUpload> {
        let mut waiting = self.waiting.lock();
        while !waiting.is_closed {
            match waiting.uploads.front().map(|(due, _)| *due) {
                Some(due) if due <= Instant::now() => return waiting.hand_over(),
                Some(due) => {
                    self.changed.wait_until(&mut waiting, due);
                }
                None => self.changed.wait(&mut waiting),
            }
        }
        None
    }

    /// Nobody waits for anything from now on. Each store is asked once more, those last that have
    /// just not answered: they may take the time in which the others would have.
    pub fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.is_closed = true;
        waiting.put_away_last();
        waiting.away = AwayStores::default();
        drop(waiting);
        self.changed.notify_all();
    }

    /// The next, due or not.
    pub fn take(&self) -> Option<DueUpload> {
        self.waiting.lock().hand_over()
    }
}

impl DueUpload {
    fn new(upload: LeftUpload, patience: Duration, last_at: Instant) -> Self {
        Self { upload, patience, last_at, is_told: false, unsettled: Unsettled::default() }
    }

    fn id(&self) -> &str {
        &self.upload.upload.upload_id
    }

    /// For how long it waits once more for a newer one.
    fn patience(&self) -> Duration {
        match self.last_at.saturating_duration_since(Instant::now()) {
            Duration::ZERO => self.patience.clamp(LAST_LOOKS.0, LAST_LOOKS.1),
            left => self.patience.min(left),
        }
    }
}
