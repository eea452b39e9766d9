//! Parked uploads whose clients closed both connections in order right after the last byte, without
//! waiting for the reply. Recorders and cheap cameras do so when they are done, and so does a
//! client that is killed: who comes back in time goes on, what nobody goes on with is published as
//! it is.

mod publishing;

pub use publishing::{LeftOutcome, LeftUpload};

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::limits;

/// So many wait at most; of more, those that are due next are published early.
const UPLOADS: usize = 10_000;

/// So many more wait at most for a store that does not answer.
const UPLOADS_IN_TROUBLE: usize = 10_000;

/// When what waits for the store is tried again.
const TROUBLE_PAUSE: Duration = Duration::from_secs(60);

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
    /// The one that is tried now.
    tried: Option<String>,
    /// Nobody waits for their time any more.
    is_closed: bool,
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
        self.insert(now + patience, DueUpload { upload, patience, last_at, is_told: false })
    }

    /// `upload` is tried once more after `pause`. Hands one over as [`Self::add`] does.
    pub fn try_again(&self, upload: DueUpload, pause: Duration) -> Option<DueUpload> {
        self.insert(Instant::now() + pause, upload)
    }

    /// Publishes one that [`Self::add`] or [`Self::try_again`] handed over, unless it gives way to
    /// a newer one of its name: then both stay parked. Where the store does not answer it waits
    /// once more, while anything may.
    pub fn publish_early(&self, upload: DueUpload) {
        if upload.try_early(self) == LeftOutcome::StoreAway
            && let Some(LeftUpload { upload, bytes, .. }) = self.keep(upload)
        {
            log::warn!("{}: {bytes} bytes that were left stay parked", upload.path);
        }
    }

    /// Waits for a store that does not answer. Hands it back where it cannot wait.
    fn keep(&self, upload: DueUpload) -> Option<LeftUpload> {
        let due = Instant::now() + TROUBLE_PAUSE;
        let mut waiting = self.waiting.lock();
        if waiting.is_closed || waiting.uploads.len() >= UPLOADS + UPLOADS_IN_TROUBLE {
            return Some(upload.upload);
        }
        let place = waiting.uploads.partition_point(|(others, _)| *others <= due);
        waiting.uploads.insert(place, (due, upload));
        None
    }

    fn insert(&self, due: Instant, upload: DueUpload) -> Option<DueUpload> {
        let mut waiting = self.waiting.lock();
        if waiting.is_closed {
            // Whoever takes them may have gone.
            return Some(upload);
        }
        let uploads = &mut waiting.uploads;
        let place = uploads.partition_point(|(others, _)| *others <= due);
        uploads.insert(place, (due, upload));
        let is_full = uploads.len() > UPLOADS;
        let next = is_full.then(|| uploads.pop_front()).flatten().map(|(_, next)| next);
        drop(waiting);
        if place == 0 {
            self.changed.notify_all();
        }
        next
    }

    /// Whether the upload of this id is among them.
    pub fn holds(&self, upload_id: &str) -> bool {
        let waiting = self.waiting.lock();
        let is_it = |left: &LeftUpload| left.upload.upload_id == upload_id;
        waiting.tried.as_deref() == Some(upload_id)
            || waiting.uploads.iter().any(|(_, due)| is_it(&due.upload))
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
        waiting.tried = None;
        while !waiting.is_closed {
            match waiting.uploads.front().map(|(due, _)| *due) {
                Some(due) if due <= Instant::now() => {
                    let next = waiting.uploads.pop_front().map(|(_, upload)| upload);
                    waiting.tried = next.as_ref().map(|due| due.upload.upload.upload_id.clone());
                    return next;
                }
                Some(due) => {
                    self.changed.wait_until(&mut waiting, due);
                }
                None => self.changed.wait(&mut waiting),
            }
        }
        None
    }

    /// Blocks for `pause`, or until it is closed.
    pub fn pause(&self, pause: Duration) {
        let open = |waiting: &mut Waiting| !waiting.is_closed;
        self.changed.wait_while_for(&mut self.waiting.lock(), open, pause);
    }

    /// Nobody waits for anything from now on.
    pub fn close(&self) {
        self.waiting.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// The next, due or not.
    pub fn take(&self) -> Option<DueUpload> {
        let mut waiting = self.waiting.lock();
        let next = waiting.uploads.pop_front().map(|(_, due)| due);
        waiting.tried = next.as_ref().map(|due| due.upload.upload.upload_id.clone());
        next
    }
}

impl DueUpload {
    /// For how long it waits once more for a newer one.
    pub fn patience(&self) -> Duration {
        match self.last_at.saturating_duration_since(Instant::now()) {
            Duration::ZERO => self.patience.clamp(LAST_LOOKS.0, LAST_LOOKS.1),
            left => self.patience.min(left),
        }
    }
}
