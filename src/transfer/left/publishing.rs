//! What was left becomes the file.

use std::sync::Arc;
use std::time::Instant;

use time::OffsetDateTime;

use super::outcome::LeftOutcome;
use super::unsettled::Unsettled;
use super::{DueUpload, LeftUploads};
use crate::events::{EventKind, FileDeed, Witness};
use crate::metrics;
use crate::store::{
    ErrorKind, Expected, Freshness, MultipartUpload, NewerUpload, ObjectStore, Operation,
    OwnUploadState, ParkedUpload, Result, Stat, StoreError, Stored,
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
    /// What had its name when its client had left, if the store said so.
    pub seen: Option<Option<Stat>>,
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
        let outcome = self.upload.publish(others, turn, &mut self.unsettled);
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
        let outcome = self.upload.publish(others, Turn::Early, &mut self.unsettled);
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

    /// It is looked at no more, though the store may have put it together. The store that did not
    /// answer is not asked again.
    pub(super) fn tell_doubt(&self) {
        if self.unsettled.is_in_doubt {
            self.upload.warn_of_marker("may stay");
        }
    }
}

impl LeftUpload {
    /// Lets it become the file, as far as it came, unless its client goes on with it, or something
    /// newer has the name. It gives way to a newer upload of its name that is not among `others`:
    /// always to one that somebody goes on with, and but at its last turn to one that is parked.
    /// What is `unsettled` goes before that, and what becomes so is noted there.
    fn publish(&self, others: &LeftUploads, turn: Turn, unsettled: &mut Unsettled) -> LeftOutcome {
        let (path, store) = (&self.upload.path, self.store_name());
        if others.is_away(&store) {
            return LeftOutcome::NotAsked;
        }
        match self.try_publish(others, turn, unsettled) {
            Ok(outcome) => outcome,
            Err(error) if error.kind == ErrorKind::Unavailable => {
                log::warn!("{path} cannot be published now: {error}");
                others.note_away(store);
                LeftOutcome::StoreAway
            }
            Err(error) => {
                let stays = if unsettled.given_up.is_some() { "behind" } else { "parked" };
                log::error!("{path} is not published, and stays {stays}: {error}");
                if unsettled.is_in_doubt {
                    self.warn_of_marker("may stay");
                }
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
        unsettled: &mut Unsettled,
    ) -> Result<LeftOutcome> {
        if let Some((upload, begun)) = &unsettled.given_up {
            return self.give_up(upload, *begun);
        }
        let (parked, newer) = match self.look(unsettled)? {
            LeftLook::Same(parked, newer) => (parked, newer),
            LeftLook::Other(outcome) => return Ok(outcome),
        };
        let rival = self.rival(&parked, &newer, others)?;
        if rival.is_some() && turn != Turn::Last {
            return Ok(LeftOutcome::Waits);
        }
        // Who goes on with it by another server shows in its parts alone, which may be other ones
        // by now; and a newer one may have broken off meanwhile.
        match self.look(unsettled)? {
            LeftLook::Same(now, _) if now.parts != parked.parts => return Ok(LeftOutcome::Taken),
            LeftLook::Same(_, later) if later != newer => return Ok(LeftOutcome::Waits),
            LeftLook::Same(..) => {}
            LeftLook::Other(outcome) => return Ok(outcome),
        }
        let Some(upload) = self.store.resume_own_parked(&parked.upload) else {
            // Its client was faster, or who deleted it: the next look tells.
            return Ok(LeftOutcome::Taken);
        };
        let outcome = self.take_name(&ParkedUpload { upload, ..parked }, unsettled)?;
        if let Some(rival) = rival {
            self.tell_rival(rival);
        }
        Ok(outcome)
    }

    /// Looks whether it waits as it was left.
    fn look(&self, unsettled: &Unsettled) -> Result<LeftLook> {
        let path = &self.upload.path;
        let (parked, newer) = match self.store.own_parked_upload(&self.upload)? {
            OwnUploadState::Waits(parked, newer) => (parked, newer),
            OwnUploadState::Taken => return Ok(LeftLook::Other(LeftOutcome::Taken)),
            OwnUploadState::GivesWay => return Ok(LeftLook::Other(LeftOutcome::Waits)),
            OwnUploadState::Dropped => {
                let bytes = self.bytes;
                log::info!("{path}: what was left with {bytes} bytes was ended otherwise");
                if unsettled.is_in_doubt {
                    self.tell_of_marker(&self.store.find_file(path));
                }
                return Ok(LeftLook::Other(LeftOutcome::Ended));
            }
            OwnUploadState::Gone => {
                self.tell_gone(unsettled);
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

    fn take_name(&self, parked: &ParkedUpload, unsettled: &mut Unsettled) -> Result<LeftOutcome> {
        let (path, bytes) = (&self.upload.path, self.bytes);
        match self.complete(parked, unsettled) {
            Ok(stored) => {
                self.withdraw_marker(&stored);
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
                // Also when the newer file is called otherwise by the time the store takes that.
                unsettled.given_up = Some((parked.upload.clone(), parked.begun));
                self.give_up(&parked.upload, parked.begun)
            }
            Err(error) => {
                self.store.park_multipart_upload(parked);
                Err(error)
            }
        }
    }

    /// Drops what was refused its name.
    fn give_up(&self, upload: &MultipartUpload, begun: OffsetDateTime) -> Result<LeftOutcome> {
        self.store.give_up_multipart_upload(upload, begun)?;
        let path = &self.upload.path;
        log::warn!("{path} was stored meanwhile: what was parked before is given up");
        Ok(LeftOutcome::Ended)
    }

    /// Others have published or dropped it; or this process has published it, where that is in
    /// doubt.
    fn tell_gone(&self, unsettled: &Unsettled) {
        let (path, bytes) = (&self.upload.path, self.bytes);
        let found = self.store.find_file(path);
        match &found {
            Ok(Some(_)) => log::info!(
                "{path}: {bytes} bytes that were left are parked no more, and a file is there"
            ),
            Ok(None) => log::warn!(
                "{path}: {bytes} bytes that were left are gone: somebody else has dropped them"
            ),
            // Nothing looks for it again.
            Err(error) => log::warn!(
                "{path}: {bytes} bytes that were left are gone, unless a file is there, which the \
                 store does not say: {error}"
            ),
        }
        if unsettled.is_in_doubt {
            self.tell_of_marker(&found);
        }
    }

    /// What was `found` may be the whole file of somebody else: its marker is not to be deleted.
    fn tell_of_marker(&self, found: &Result<Option<Stat>>) {
        let may_be_ours = |stat: &Stat| stat.metadata.size == self.bytes;
        if found.as_ref().is_ok_and(|found| !found.as_ref().is_some_and(may_be_ours)) {
            return;
        }
        let found = self.marker.as_ref().map(|marker| self.store.find_file(marker));
        match found {
            None | Some(Ok(None)) => {}
            Some(Ok(Some(_))) => self.warn_of_marker("stays"),
            Some(Err(_)) => self.warn_of_marker("may stay"),
        }
    }

    fn warn_of_marker(&self, stays: &str) {
        let (path, Some(marker)) = (&self.upload.path, &self.marker) else { return };
        log::warn!(
            "{marker} {stays}, though {path} may be what was left, and not whole: the store did \
             not answer whether it was published"
        );
    }

    /// Not one of a whole file that somebody has stored since this was `stored`.
    fn withdraw_marker(&self, stored: &Stored) {
        let Some(marker) = &self.marker else { return };
        let may_be_ours = |found: Stat| found.metadata.size == self.bytes || stored.may_be(&found);
        let is_part = || Ok(self.store.find_file(&self.upload.path)?.is_none_or(may_be_ours));
        let withdrawn = self.store.find_file(marker).and_then(|found| match found {
            // What holds bytes is no marker.
            Some(seen) if seen.metadata.size == 0 => {
                self.store.delete_version(marker, &seen, &is_part).map(drop)
            }
            _ => Ok(()),
        });
        if let Err(error) = withdrawn {
            let path = &self.upload.path;
            log::error!("{marker} stays, though {path} may not be whole: {error}");
        }
    }

    /// Asks the store to put it together, when what is to be told of it stands on the disk.
    fn complete(&self, parked: &ParkedUpload, unsettled: &mut Unsettled) -> Result<Stored> {
        let (store, path) = (&*self.store, &self.upload.path);
        let intent = self.witness.as_ref().map_or(Ok(None), |witness| {
            let deed = FileDeed::now(EventKind::UploadPartial, store, path);
            witness.intend(&FileDeed { size: Some(self.bytes), since: parked.begun, ..deed })
        });
        let intent = intent.map_err(|error| {
            let operation = Operation::CompleteMultipartUpload;
            StoreError::new(ErrorKind::Unavailable, operation, path.as_str()).with_source(error)
        })?;
        let nothing_newer = Expected::NothingSince(parked.begun);
        let expected = match &self.seen {
            _ if self.keeps_old => Expected::Nothing,
            Some(seen) if nothing_newer.admits(seen.as_ref()) => {
                Expected::SeenAt(seen.clone(), parked.begun)
            }
            _ => nothing_newer,
        };
        let outcome = store.complete_multipart_upload(&parked.upload, &parked.parts, &expected);
        unsettled.is_in_doubt |= outcome.as_ref().is_err_and(may_have_happened);
        if let Some(intent) = intent {
            intent.end(outcome.as_ref().map(Some));
        }
        outcome
    }
}

/// Whether the file may have been put together all the same: the store was asked to, and did not
/// answer, or only when it was asked once more.
fn may_have_happened(error: &StoreError) -> bool {
    let is_unknown = error.kind == ErrorKind::Unavailable;
    error.operation == Operation::CompleteMultipartUpload
        && (is_unknown || error.code.as_deref() == Some("NoSuchUpload"))
}
