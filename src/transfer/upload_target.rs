//! The object that an upload is to become, and the requests that make it so.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use crate::events::{EventKind, FileDeed, Intent, Witness};
use crate::limits;
use crate::metrics;
use crate::store::{
    Attributes, Body, Cancel, ErrorKind, Expected, Freshness, KeyLock, MultipartUpload,
    ObjectStore, Operation, ParkedUpload, PartReceipt, Result as StoreResult, Stat, StoreError,
    Stored, free_name,
};
use crate::transfer::block::Block;
use crate::transfer::job::{Job, JobOutcome, Publication};
use crate::transfer::refill::refill;
use crate::vfs::FtpPath;

/// What is to become of an upload.
#[derive(Debug)]
pub(super) struct TargetTerms {
    /// What the file is, if it goes on with an earlier one.
    pub(super) continues: Option<Attributes>,
    /// When it was begun, by the store's clock.
    pub(super) begun: OffsetDateTime,
    /// Whether another name is found for it where its own is taken.
    pub(super) keeps_both: bool,
    /// Who tells of it.
    pub(super) witness: Option<Witness>,
}

/// A request that makes an object of an upload.
struct PublishRequest<'a> {
    operation: Operation,
    path: &'a FtpPath,
    /// Bytes of the object.
    size: u64,
    /// When it was begun, by the store's clock.
    since: OffsetDateTime,
}

/// The upload in parts, shared by the workers. When the last of them lets go of one that was not
/// completed, it is aborted: on a worker's thread, after the last request for it has ended.
#[derive(Debug)]
pub(super) struct UploadTarget {
    store: Arc<dyn ObjectStore>,
    path: FtpPath,
    terms: TargetTerms,
    /// When it was begun, by our clock.
    since: Instant,
    /// The name that was found, and the turn to take it, which the others of this process see.
    found: OnceLock<(FtpPath, Option<KeyLock>)>,
    cancel: Cancel,
    upload: OnceLock<MultipartUpload>,
    /// What is to be parked when the last of the workers lets go.
    to_park: OnceLock<Vec<PartReceipt>>,
    /// Set when the upload is not to be aborted: it was completed, or waits to be gone on with.
    settled: OnceLock<()>,
}

impl std::fmt::Debug for dyn ObjectStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())
    }
}

impl UploadTarget {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: FtpPath, terms: TargetTerms) -> Self {
        Self {
            store,
            path,
            terms,
            since: Instant::now(),
            found: OnceLock::new(),
            cancel: Cancel::new(),
            upload: OnceLock::new(),
            to_park: OnceLock::new(),
            settled: OnceLock::new(),
        }
    }

    /// Goes on with a parked `upload`, which is parked again unless it is completed.
    ///
    /// # Errors
    /// [`ErrorKind::Other`] when somebody in this process goes on with it already.
    pub(super) fn resume(&self, upload: &MultipartUpload) -> StoreResult<()> {
        let Some(resumed) = self.store.resume_multipart_upload(upload, self.terms.begun) else {
            return Err(self.error("another session goes on with this upload"));
        };
        let _ = self.upload.set(resumed);
        Ok(())
    }

    /// Whether anything of `parts` would not have to be sent again.
    pub(super) fn can_go_on_behind(&self, parts: &[PartReceipt]) -> bool {
        self.store.offset_to_go_on(parts) > 0
    }

    /// Leaves `parts`, which are all that has arrived, to a client that goes on with them. Tells
    /// which upload that is; `None` when that cannot be.
    pub(super) fn park(&self, parts: Vec<PartReceipt>) -> Option<MultipartUpload> {
        let upload = self.upload.get().cloned()?;
        let parked = ParkedUpload { upload, parts, lost: 0, begun: self.terms.begun };
        let parked = self.store.park_multipart_upload(&parked)?;
        let _ = self.settled.set(());
        Some(parked)
    }

    /// What has the name; `None` where the store does not say.
    pub(super) fn look(&self) -> Option<Option<Stat>> {
        self.store.find_file(&self.path).ok()
    }

    /// What broke is parked: tells the operator where an older upload has got the name since.
    pub(super) fn tell_older(&self) {
        // A store that does not answer keeps no secret: whoever looks sees the file.
        if self.store.has_published_older(&self.path, self.terms.begun).unwrap_or(false) {
            log::warn!(
                "{}: a newer upload of that name is parked, which only this process can go on with",
                self.path
            );
        }
    }

    /// The same, once no worker is at it any more.
    pub(super) fn park_at_the_end(&self, parts: Vec<PartReceipt>) {
        let _ = self.to_park.set(parts);
    }

    /// Ends the requests that are under way.
    pub(super) fn cancel(&self) {
        self.cancel.raise();
    }

    /// Stores `blocks` as the whole object.
    pub(super) fn put(&self, blocks: &[Block], publication: &Publication) -> StoreResult<Stored> {
        let pieces = pieces(blocks);
        let body = Body::new(&pieces, &self.cancel);
        let since = self.store.now();
        let put = |path: &FtpPath| {
            let written =
                PublishRequest { operation: Operation::PutObject, path, size: body.len(), since };
            self.publish(&written, publication, |expected| {
                self.store.put_object(path, &body, expected)
            })
        };
        let mut stored = put(&self.path);
        for _ in 0..limits::FREE_NAME_ATTEMPTS {
            match stored {
                Err(error) if self.terms.keeps_both && error.kind == ErrorKind::AlreadyExists => {}
                stored => return stored,
            }
            // Somebody else may be faster once more.
            let name = free_name(&self.path, |name| Ok(self.store.find_file(name)?.is_some()))?;
            stored = put(&name);
            if stored.is_ok() {
                let _ = self.found.set((name, None));
            }
        }
        stored
    }

    /// The name that it got, if that is another than was asked for.
    pub(super) fn other_name(&self) -> Option<FtpPath> {
        self.found.get().map(|(name, _)| name).filter(|name| **name != self.path).cloned()
    }

    /// The name of an upload in parts, which has to be known at its beginning: one that no file
    /// has, and no other upload of this process is about to take.
    fn name_of_parts(&self) -> StoreResult<&FtpPath> {
        if !self.terms.keeps_both {
            return Ok(&self.path);
        }
        let (mut turn, mut without_turn) = (None, None);
        let mut is_taken = |name: &FtpPath| {
            if self.store.find_file(name)?.is_some() {
                return Ok(true);
            }
            let own = self.store.take_turn_to_append(name, Duration::ZERO);
            let is_others = own.is_none();
            turn = own.or(turn.take());
            if is_others && without_turn.is_none() {
                without_turn = Some(name.clone());
            }
            Ok(is_others)
        };
        let name = match is_taken(&self.path)? {
            false => self.path.clone(),
            true => match free_name(&self.path, is_taken) {
                // Not every store has turns.
                Err(error) if error.kind == ErrorKind::AlreadyExists => {
                    without_turn.ok_or(error)?
                }
                found => found?,
            },
        };
        Ok(&self.found.get_or_init(|| (name, turn)).0)
    }

    /// Publishes the object from its parts.
    fn complete(&self, parts: &[PartReceipt], publication: &Publication) -> StoreResult<Stored> {
        let (upload, operation) = (self.upload()?, Operation::CompleteMultipartUpload);
        let size = parts.iter().map(|part| part.size).sum();
        let written =
            PublishRequest { operation, path: &upload.path, size, since: self.terms.begun };
        let stored = self.publish(&written, publication, |expected| {
            self.store.complete_multipart_upload(upload, parts, expected)
        });
        let stored = stored.map_err(|error| self.in_another_name(error))?;
        let _ = self.settled.set(());
        Ok(stored)
    }

    /// The one place where an upload becomes an object: what is to be told of it stands on the disk
    /// before the store is asked by `ask`.
    fn publish(
        &self,
        written: &PublishRequest<'_>,
        publication: &Publication,
        ask: impl FnOnce(&Expected) -> StoreResult<Stored>,
    ) -> StoreResult<Stored> {
        let Publication { expected, kept, is_partial } = publication;
        let intent = self.terms.witness.as_ref().map_or(Ok(None), |witness| {
            let kind = if *is_partial { EventKind::UploadPartial } else { EventKind::Upload };
            witness.intend(&FileDeed {
                size: Some(written.size),
                kept: *kept,
                since: written.since,
                began: self.since,
                ..FileDeed::now(kind, &*self.store, written.path)
            })
        });
        let intent: Option<Intent> = intent.map_err(|error| {
            let (operation, path) = (written.operation, written.path.as_str());
            StoreError::new(ErrorKind::Other, operation, path).with_source(error)
        })?;
        let outcome = ask(expected);
        if let Some(intent) = intent {
            intent.end(outcome.as_ref().map(Some));
        }
        outcome
    }

    /// How often the store has asked to slow down.
    pub(super) fn slowdowns(&self) -> u64 {
        self.store.slowdowns()
    }

    /// Whether the store removes nothing of what is stored.
    pub(super) fn retains_objects(&self) -> bool {
        self.store.retains_objects()
    }

    pub(super) fn run(&self, job: &mut Job) -> StoreResult<JobOutcome> {
        match job {
            Job::CheckName => {
                self.store.admits_file(&self.path, Freshness::Now).map(|_| JobOutcome::NameAdmitted)
            }
            Job::Create => self.create().map(|()| JobOutcome::Created),
            Job::CreateAndLook => {
                self.create()?;
                // What is stored is a new file.
                Ok(JobOutcome::CreatedAndLooked(self.look()))
            }
            Job::Part(place, blocks) => {
                let _in_flight = metrics::part_in_flight();
                let pieces = pieces(blocks);
                let body = Body::new(&pieces, &self.cancel);
                self.store.upload_part(self.upload()?, *place, &body).map(JobOutcome::Part)
            }
            Job::Copy(place, source) => {
                self.store.upload_part_copy(self.upload()?, *place, source).map(JobOutcome::Part)
            }
            Job::Refill(source, blocks) => {
                refill(&*self.store, &self.path, source, blocks).map(|()| JobOutcome::Refilled)
            }
            Job::Put(blocks, how) => self.put(blocks, how).map(JobOutcome::Stored),
            Job::Complete(parts, how) => self.complete(parts, how).map(JobOutcome::Stored),
        }
    }

    fn create(&self) -> StoreResult<()> {
        let path = self.name_of_parts()?;
        let upload = match &self.terms.continues {
            Some(attributes) => self.store.continue_multipart_upload(path, attributes),
            None => self.store.create_multipart_upload(path),
        }?;
        // Set once: there is one Create in an upload.
        let _ = self.upload.set(upload);
        Ok(())
    }

    /// The failure of an upload in parts, whose name was taken since it was begun: sent again, it
    /// finds another one.
    fn in_another_name(&self, error: StoreError) -> StoreError {
        match error.kind {
            ErrorKind::AlreadyExists if self.terms.keeps_both => {
                StoreError { kind: ErrorKind::PreconditionFailed, ..error }
            }
            _ => error,
        }
    }

    /// The store did not take the request to drop `upload`. Whoever stores the file next drops it,
    /// as what is parked.
    fn leave_behind(&self, upload: &MultipartUpload) {
        let (upload, begun) = (upload.clone(), self.terms.begun);
        let nothing = ParkedUpload { upload, parts: Vec::new(), lost: 0, begun };
        self.store.park_multipart_upload(&nothing);
    }

    fn upload(&self) -> StoreResult<&MultipartUpload> {
        self.upload.get().ok_or_else(|| self.error("no upload was begun"))
    }

    pub(super) fn error(&self, text: &str) -> StoreError {
        StoreError::new(ErrorKind::Other, Operation::UploadPart, self.path.as_str())
            .with_source(text)
    }
}

impl Drop for UploadTarget {
    fn drop(&mut self) {
        if let Some(parts) = self.to_park.take() {
            self.park(parts);
        }
        if let Some(upload) = self.upload.get()
            && self.settled.get().is_none()
        {
            match self.store.abort_multipart_upload(upload) {
                Ok(()) => log::debug!("aborted the unfinished upload of {}", self.path),
                Err(error) => {
                    log::error!("an unfinished upload stays behind: {error}");
                    self.leave_behind(upload);
                }
            }
        }
    }
}

fn pieces(blocks: &[Block]) -> Vec<&[u8]> {
    blocks.iter().map(Block::filled).collect()
}
