//! What was left becomes the file.

use std::sync::Arc;
use std::time::Instant;

use super::outcome::LeftOutcome;
use super::{DueUpload, LeftUploads};
use crate::events::{EventKind, FileDeed, Witness};
use crate::metrics;
use crate::store::{
    ErrorKind, Expected, Freshness, MultipartUpload, NewerUpload, ObjectStore, Operation,
    OwnUploadState, ParkedUpload, Result, StoreError, Stored,
};
use crate::vfs::FtpPath;

/// An upload that was left.
#[derive(Clone, Debug)]
pub struct LeftUpload {
    /// Where it is parked.
    pub store: Arc<dyn ObjectStore>,
    /// Which one.
    pub upload: MultipartUpload,
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

/// When one is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Its time has come.
    Due,
    /// It has given way for as long as it may.
    Last,
    /// Before its time, as it cannot wait here any more.
    Early,
}

/// What was found of one.
enum LeftLook {
    /// It waits as it was left; then, the newer ones of its name that this process has parked.
    Same(ParkedUpload, Vec<NewerUpload>),
    /// It cannot be published now, or not any more.
    Other(LeftOutcome),
}

/// What is parked of a newer one, and not to be published after one that was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NewerRival {
    /// This process has parked it.
    Own,
    /// Another server has.
    OfOthers,
}

impl DueUpload {
    /// Lets it become the file, unless a newer one of its name waits that is not among `others`:
    /// published in its turn, this one would take the name from that. Half the time after which
    /// silent uploads are dropped it gives way, and no longer, but to one that is gone on with.
    pub(super) fn publish(&mut self, others: &LeftUploads) -> LeftOutcome {
        let turn = if Instant::now() < self.last_at { Turn::Due } else { Turn::Last };
        let outcome = self.upload.publish(others, turn, &mut self.is_in_doubt);
        if outcome == LeftOutcome::Waits && !self.is_told {
            self.is_told = true;
            log::info!(
                "{}: {} bytes that were left wait, as a newer upload of that name is parked or \
                 gone on with",
                self.upload.upload.path,
                self.upload.bytes
            );
        }
        outcome
    }

    /// The same where it does not wait in this process any more.
    pub(super) fn publish_early(&mut self, others: &LeftUploads) -> LeftOutcome {
        let outcome = self.upload.publish(others, Turn::Early, &mut self.is_in_doubt);
        let LeftUpload { upload, bytes, .. } = &self.upload;
        match outcome {
            LeftOutcome::Waits => log::warn!(
                "{}: {bytes} bytes that were left stay parked, as a newer upload of that name is \
                 parked or gone on with",
                upload.path
            ),
            LeftOutcome::Taken => log::info!(
                "{}: {bytes} bytes that were left are not published, as somebody goes on with them",
                upload.path
            ),
            LeftOutcome::Ended | LeftOutcome::StoreAway | LeftOutcome::NotAsked => {}
        }
        outcome
    }
}

impl LeftUpload {
    /// Lets it become the file, as far as it came, unless its client goes on with it, or something
    /// newer has the name. It gives way to a newer upload of its name that is not among `others`:
    /// always to one that somebody goes on with, and but at its last turn to one that is parked.
    /// Whether the store may have put it together without saying so is told `in_doubt`.
    fn publish(&self, others: &LeftUploads, turn: Turn, in_doubt: &mut bool) -> LeftOutcome {
        let (path, store) = (&self.upload.path, self.store_name());
        if others.is_away(&store) {
            return LeftOutcome::NotAsked;
        }
        match self.try_publish(others, turn, in_doubt) {
            Ok(outcome) => outcome,
            Err(error) if error.kind == ErrorKind::Unavailable => {
                log::warn!("{path} cannot be published now: {error}");
                others.note_away(store);
                LeftOutcome::StoreAway
            }
            Err(error) => {
                log::error!("{path} is not published, and stays parked: {error}");
                LeftOutcome::Ended
            }
        }
    }

    /// The bucket in which it is, among all that there are.
    pub(super) fn store_name(&self) -> String {
        let (store, path) = (&self.store, &self.upload.path);
        let (whole, key) = (store.whole_name(path), store.place_of(path).key);
        whole.strip_suffix(&*key).unwrap_or(&whole).to_owned()
    }

    fn try_publish(
        &self,
        others: &LeftUploads,
        turn: Turn,
        in_doubt: &mut bool,
    ) -> Result<LeftOutcome> {
        let (parked, newer) = match self.look(*in_doubt)? {
            LeftLook::Same(parked, newer) => (parked, newer),
            LeftLook::Other(outcome) => return Ok(outcome),
        };
        let rival = self.rival(&parked, &newer, others)?;
        if rival.is_some() && turn != Turn::Last {
            return Ok(LeftOutcome::Waits);
        }
        // Who goes on with it by another server shows in its parts alone, which may be other ones
        // by now.
        match self.look(*in_doubt)? {
            LeftLook::Same(now, _) if now.parts == parked.parts => {}
            LeftLook::Same(..) => return Ok(LeftOutcome::Waits),
            LeftLook::Other(outcome) => return Ok(outcome),
        }
        let Some(upload) = self.store.resume_own_parked(&parked.upload) else {
            // Its client was faster, or who deleted it: the next look tells.
            return Ok(LeftOutcome::Taken);
        };
        let outcome = self.take_name(&ParkedUpload { upload, ..parked }, in_doubt)?;
        if let Some(rival) = rival {
            self.tell_rival(rival);
        }
        Ok(outcome)
    }

    /// Looks whether it waits as it was left.
    fn look(&self, in_doubt: bool) -> Result<LeftLook> {
        let path = &self.upload.path;
        let (parked, newer) = match self.store.own_parked_upload(&self.upload)? {
            OwnUploadState::Waits(parked, newer) => (parked, newer),
            OwnUploadState::Taken => return Ok(LeftLook::Other(LeftOutcome::Taken)),
            OwnUploadState::GivesWay => return Ok(LeftLook::Other(LeftOutcome::Waits)),
            OwnUploadState::Dropped => {
                let bytes = self.bytes;
                log::info!("{path}: what was left with {bytes} bytes was ended otherwise");
                return Ok(LeftLook::Other(LeftOutcome::Ended));
            }
            OwnUploadState::Gone => {
                self.tell_gone(in_doubt)?;
                return Ok(LeftLook::Other(LeftOutcome::Ended));
            }
        };
        let bytes = parked.bytes();
        if bytes != self.bytes {
            // What became of it then is another end.
            log::info!(
                "{path}: {} bytes that were left are not published, as {bytes} bytes of that \
                 upload are parked now",
                self.bytes
            );
            return Ok(LeftLook::Other(LeftOutcome::Ended));
        }
        Ok(LeftLook::Same(parked, newer))
    }

    /// Of a newer upload of the name that broke, and waited too long.
    fn tell_rival(&self, rival: NewerRival) {
        let what = match rival == NewerRival::Own && !self.keeps_old {
            true => "only this process can go on with",
            false => "nobody can go on with any more",
        };
        log::warn!("{}: a newer upload of that name is parked, which {what}", self.upload.path);
    }

    /// Another upload of the name that was begun later and broke: once this one stood there, nobody
    /// could go on with that. One of `others` is published after this one.
    fn rival(
        &self,
        parked: &ParkedUpload,
        newer: &[NewerUpload],
        others: &LeftUploads,
    ) -> Result<Option<NewerRival>> {
        if newer.iter().any(|newer| !others.holds_all_of(&newer.upload_id, newer.bytes)) {
            return Ok(Some(NewerRival::Own));
        }
        if !newer.is_empty() {
            return Ok(None);
        }
        // Other servers park, too.
        let path = &self.upload.path;
        let newest = match self.store.find_parked_upload(path, Freshness::Now) {
            Err(error) if error.kind == ErrorKind::Unavailable => return Err(error),
            // Whoever may not ask knows of its own.
            Err(_) => None,
            Ok(found) => found,
        };
        let newest = newest.filter(|newest| {
            let is_other = newest.upload.upload_id != self.upload.upload_id;
            is_other && newest.begun > parked.begun && !newest.parts.is_empty()
        });
        Ok(newest.map(|_| NewerRival::OfOthers))
    }

    fn take_name(&self, parked: &ParkedUpload, in_doubt: &mut bool) -> Result<LeftOutcome> {
        let (store, path, bytes) = (&self.store, &self.upload.path, self.bytes);
        match self.complete(parked, in_doubt) {
            Ok(stored) => {
                self.withdraw_marker();
                metrics::count_left_upload();
                let request_id = stored.request_id.as_deref().unwrap_or("-");
                log::info!(
                    "published path={path:?} bytes={bytes}: its client left without waiting and \
                     did not come back request-id={request_id}"
                );
                Ok(LeftOutcome::Ended)
            }
            Err(error)
                if matches!(
                    error.kind,
                    ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists
                ) =>
            {
                if let Err(error) = store.abort_multipart_upload(&parked.upload) {
                    // It is given up once the store takes that.
                    store.park_multipart_upload(parked);
                    return Err(error);
                }
                log::warn!("{path} was stored meanwhile: what was parked before is given up");
                Ok(LeftOutcome::Ended)
            }
            Err(error) => {
                store.park_multipart_upload(parked);
                Err(error)
            }
        }
    }

    /// Others have published or dropped it; or this process has published it, where that is
    /// `in_doubt`.
    fn tell_gone(&self, in_doubt: bool) -> Result<()> {
        let (path, bytes) = (&self.upload.path, self.bytes);
        match self.store.find_file(path)? {
            Some(_) => {
                log::info!(
                    "{path}: {bytes} bytes that were left are parked no more, and a file is there"
                );
                if in_doubt {
                    self.tell_of_marker();
                }
            }
            None => log::warn!(
                "{path}: {bytes} bytes that were left are gone: somebody else has dropped them"
            ),
        }
        Ok(())
    }

    /// What stands there may be the whole file of somebody else: its marker is not to be deleted.
    fn tell_of_marker(&self) {
        let (path, Some(marker)) = (&self.upload.path, &self.marker) else { return };
        if !matches!(self.store.find_file(marker), Ok(None)) {
            log::warn!(
                "{marker} stays, though {path} may be what was left, and not whole: the store did \
                 not answer whether it was published"
            );
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
            let path = &self.upload.path;
            log::error!("{marker} stays, though {path} may not be whole: {error}");
        }
    }

    /// Asks the store to put it together, when what is to be told of it stands on the disk.
    fn complete(&self, parked: &ParkedUpload, in_doubt: &mut bool) -> Result<Stored> {
        let (store, path) = (&*self.store, &self.upload.path);
        let intent = self.witness.as_ref().map_or(Ok(None), |witness| {
            let deed = FileDeed::now(EventKind::UploadPartial, store, path);
            witness.intend(&FileDeed { size: Some(self.bytes), since: parked.begun, ..deed })
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
        let is_away = |error: &StoreError| error.kind == ErrorKind::Unavailable;
        *in_doubt |= outcome.as_ref().is_err_and(is_away);
        if let Some(intent) = intent {
            intent.end(outcome.as_ref().map(Some));
        }
        outcome
    }
}
