//! Parked uploads whose clients closed both connections in order right after the last byte, without
//! waiting for the reply. Recorders and cheap cameras do so when they are done, and so does a
//! client that is killed: who comes back in time goes on, what nobody goes on with is published as
//! it is.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::events::{EventKind, FileDeed, Witness};
use crate::metrics;
use crate::store::{
    ErrorKind, Expected, Freshness, ObjectStore, Operation, ParkedUpload, Result, StoreError,
    Stored,
};
use crate::vfs::FtpPath;

/// So many wait at most; of more, those that are due next are published early.
const UPLOADS: usize = 10_000;

/// Logins that are remembered to have been told of, of 64 bytes each at most.
const LOSERS: usize = 10_000;

/// An upload that was left.
#[derive(Clone, Debug)]
pub struct LeftUpload {
    /// Where it is parked.
    pub store: Arc<dyn ObjectStore>,
    /// Under which name.
    pub path: FtpPath,
    /// Bytes that it had come to. With more or fewer its client, or another server's, went on.
    pub bytes: u64,
    /// Whether a file that has this name stays, newer or not.
    pub keeps_old: bool,
    /// The `done_marker` of a file of this name: of what may be half a file it would say that it is
    /// whole.
    pub marker: Option<FtpPath>,
    /// Who tells of it.
    pub witness: Option<Witness>,
}

/// Those that wait.
#[derive(Debug, Default)]
pub struct LeftUploads {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    /// Logins of whom it was told that nothing of what they leave can wait.
    losers: Mutex<HashSet<String>>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// The next that is due comes first.
    uploads: VecDeque<(Instant, LeftUpload)>,
    /// Nobody waits for their time any more.
    is_closed: bool,
}

impl LeftUploads {
    /// `upload` was left, and is due after `patience`. Hands one over that must be published now,
    /// as too many wait or none may any more.
    pub fn add(&self, upload: LeftUpload, patience: Duration) -> Option<LeftUpload> {
        let due = Instant::now() + patience;
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
    pub fn wait_for_due(&self) -> Option<LeftUpload> {
        let mut waiting = self.waiting.lock();
        while !waiting.is_closed {
            match waiting.uploads.front().map(|(due, _)| *due) {
                Some(due) if due <= Instant::now() => {
                    return waiting.uploads.pop_front().map(|(_, upload)| upload);
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
    pub fn take(&self) -> Option<LeftUpload> {
        self.waiting.lock().uploads.pop_front().map(|(_, upload)| upload)
    }
}

impl LeftUpload {
    /// Lets it become the file, as far as it came, unless its client goes on with it, or something
    /// newer has the name. Tells whether nothing is left to be done.
    pub fn publish(&self) -> bool {
        match self.try_publish() {
            Ok(()) => true,
            Err(error) if error.kind == ErrorKind::Unavailable => {
                log::warn!("{} cannot be published now: {error}", self.path);
                false
            }
            Err(error) => {
                log::error!("{} is not published, and stays parked: {error}", self.path);
                true
            }
        }
    }

    fn try_publish(&self) -> Result<()> {
        let (store, path) = (&self.store, &self.path);
        let Some(parked) = store.find_parked_upload(path, Freshness::Recent)? else {
            return Ok(());
        };
        let Some(upload) = store.resume_multipart_upload(&parked.upload) else { return Ok(()) };
        let parked = ParkedUpload { upload, ..parked };
        let upload = &parked.upload;
        let bytes: u64 = parked.parts.iter().map(|part| part.size).sum();
        if bytes != self.bytes {
            // What became of it then is another end.
            log::info!(
                "{path}: {} bytes that were left are not published, as {bytes} bytes of an upload \
                 of that name are parked now",
                self.bytes
            );
            store.park_multipart_upload(&parked);
            return Ok(());
        }
        match self.complete(&parked, bytes) {
            Ok(stored) => {
                self.withdraw_marker();
                metrics::count_left_upload();
                let request_id = stored.request_id.as_deref().unwrap_or("-");
                log::info!(
                    "published path={path:?} bytes={bytes}: its client left without waiting and \
                     did not come back request-id={request_id}"
                );
                Ok(())
            }
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists
                ) =>
            {
                let given_up = store.abort_multipart_upload(upload);
                log::warn!("{path} was stored meanwhile: what was parked before is given up");
                given_up
            }
            Err(error) => {
                store.park_multipart_upload(&parked);
                Err(error)
            }
        }
    }

    fn withdraw_marker(&self) {
        let Some(marker) = &self.marker else { return };
        let withdrawn = self.store.find_file(marker).and_then(|found| match found {
            // What holds bytes is no marker.
            Some(stat) if stat.metadata.size == 0 => self.store.discard_file(marker),
            _ => Ok(()),
        });
        if let Err(error) = withdrawn {
            log::error!("{marker} stays, though {} may not be whole: {error}", self.path);
        }
    }

    /// Asks the store to put it together, when what is to be told of it stands on the disk.
    fn complete(&self, parked: &ParkedUpload, bytes: u64) -> Result<Stored> {
        let (store, path) = (&*self.store, &self.path);
        let intent = self.witness.as_ref().map_or(Ok(None), |witness| {
            let deed = FileDeed::now(EventKind::UploadPartial, store, path);
            witness.intend(&FileDeed { size: Some(bytes), since: parked.begun, ..deed })
        });
        let intent = intent.map_err(|error| {
            let operation = Operation::CompleteMultipartUpload;
            StoreError::new(ErrorKind::Unavailable, operation, path.as_str()).with_source(error)
        })?;
        let expected = match self.keeps_old {
            true => Expected::Nothing,
            false => Expected::NothingSince(parked.begun),
        };
        let outcome = store.complete_multipart_upload(&parked.upload, &parked.parts, &expected);
        if let Some(intent) = intent {
            intent.end(outcome.as_ref().map(Some));
        }
        outcome
    }
}
