//! The end of an upload: what has arrived is published or dropped, and nothing in between.

use crate::store::{ErrorKind, Expected};
use crate::transfer::worker::Job;
use crate::transfer::{Control, Interruption, Kept, PartialUpload, TransferError, Verdict};

use super::tail::Tail;
use super::{Begun, Ended, Room, Upload};
use crate::limits::{BLOCK_BYTES, FIRST_PART_BYTES};

/// A file up to this size is stored by the session's own thread: cheaper than waking another, and
/// over before anybody could want to interrupt it.
const OWN_THREAD_BYTES: u64 = 1024 * 1024;

impl Upload<'_> {
    /// Publishes or drops what has arrived.
    pub(super) fn conclude(&mut self, ended: Ended, control: &mut dyn Control) -> Verdict {
        let nothing_came = self.progress.bytes() == 0;
        let by = match ended {
            Err(error) => return self.fail(error),
            Ok(Some(by)) if nothing_came || !self.keeps_partial() => return self.drop_all(by),
            Ok(by) => by,
        };
        if nothing_came && self.kept > 0 {
            // The object stays as it is.
            return Verdict::Complete;
        }
        match self.publish(by, control) {
            Ok(None) => Verdict::Complete,
            Ok(Some(by)) if self.stored.is_some() => {
                Verdict::Interrupted { by, kept: Kept::Partial }
            }
            Ok(Some(by)) => self.drop_all(by),
            Err(error) => self.fail(error),
        }
    }

    pub(super) fn keeps_partial(&self) -> bool {
        self.resources.options.partial == PartialUpload::Keep && !self.could_not_be_removed()
    }

    /// Whether a partial file would stand for years, as the store removes nothing.
    fn could_not_be_removed(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.retains_objects())
    }

    fn drop_all(&self, by: Interruption) -> Verdict {
        let is_wanted = self.resources.options.partial == PartialUpload::Keep;
        if is_wanted && self.progress.bytes() > 0 && self.could_not_be_removed() {
            log::warn!("partial file not kept: the store would not let anybody remove it again");
        }
        self.cancel.raise();
        Verdict::Interrupted { by, kept: Kept::Nothing }
    }

    fn fail(&self, error: TransferError) -> Verdict {
        self.cancel.raise();
        Verdict::Failed(error)
    }

    /// Publishes all that has arrived, unless the upload is interrupted first and its partial
    /// object is not wanted. `by` is what interrupted it already.
    fn publish(&mut self, by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let by = match self.keep_tail(by, control) {
            Ok(by) if by.is_some() && !self.keeps_partial() => return Ok(by),
            Ok(by) => by,
            Err(error) => return give_way(by, error),
        };
        if self.tail.is_none() && self.fits_one_request() {
            self.put_object(by, control)
        } else {
            self.complete_multipart_upload(by, control)
        }
    }

    pub(super) fn fits_one_request(&self) -> bool {
        self.begun == Begun::NotYet && !self.parts.keeps_parts()
    }

    /// Of an upload that its client has ended and that ends inside the old object, what stands
    /// behind its end stays: here as much of that is read as the last part lacks, and the rest left
    /// to be copied.
    fn keep_tail(&mut self, mut by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let end = self.parts.end() + self.intake.bytes();
        // What the network cut off ends there, so that it can be resumed; a client that sends ABOR
        // knows where it is.
        let is_cut_off = by.is_some_and(|by| by != Interruption::Aborted);
        let tail = self.tail.take().filter(|_| !is_cut_off);
        let Some(tail) = tail.and_then(|tail| tail.behind(end)) else { return Ok(by) };
        self.kept += tail.bytes();
        let lacking = self.lacking(&tail);
        let (source, rest) = tail.split(lacking);
        self.tail = rest;
        if lacking == 0 {
            return Ok(by);
        }
        // There is room for a part when the workers are done and the turn has come, at the latest.
        let size = self.parts.size();
        while !self.intake.make_room_for(lacking, size) || self.free_workers().is_none() {
            by = by.or(self.await_workers(control)?);
            if by.is_some() && !self.keeps_partial() {
                return Ok(by);
            }
        }
        self.ensure_worker()?;
        self.workers.give(Job::Refill(source, self.intake.cut_with_room()));
        while self.intake.bytes() == 0 && (by.is_none() || self.keeps_partial()) {
            by = by.or(self.await_workers(control)?);
        }
        Ok(by)
    }

    /// Bytes of `tail` that are to be sent with what has arrived: all, if one request takes the
    /// whole object then; else what a part must have.
    fn lacking(&self, tail: &Tail) -> u64 {
        let gathered = self.intake.bytes();
        let one_request = FIRST_PART_BYTES.min((self.affordable * BLOCK_BYTES) as u64);
        if self.fits_one_request() && gathered + tail.bytes() <= one_request {
            return tail.bytes();
        }
        match gathered {
            // All is given out.
            0 => 0,
            _ => self.parts.limits().min_part.saturating_sub(gathered).min(tail.bytes()),
        }
    }

    /// Waits for what the store says of the name.
    fn await_room(&mut self, mut by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        while self.room != Room::Found && (by.is_none() || self.keeps_partial()) {
            by = by.or(self.await_workers(control)?);
        }
        Ok(by)
    }

    /// What may be replaced: by an upload that was interrupted nothing that came since it began.
    /// What was seen in time says so for certain: some stores date an object by the beginning of
    /// its upload (Amazon S3, those made of parts).
    fn expected(&self, by: Option<Interruption>) -> Expected {
        if by.is_none() || self.expected != Expected::Anything {
            return self.expected.clone();
        }
        let nothing_newer = Expected::NothingSince(self.since);
        match &self.seen {
            Some(seen) if nothing_newer.admits(seen.as_ref()) => Expected::Seen(seen.clone()),
            _ => nothing_newer,
        }
    }

    /// The whole object in one request.
    fn put_object(&mut self, by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let by = self.await_room(by, control)?;
        let mut by = by.or_else(|| self.gate(None, control));
        if by.is_some() && !self.keeps_partial() {
            return Ok(by);
        }
        let expected = self.expected(by);
        let bytes = self.intake.bytes();
        let blocks = self.intake.cut_all();
        if bytes <= OWN_THREAD_BYTES {
            if let Some(target) = &self.target {
                match target.put(&blocks, &expected) {
                    Ok(stored) => self.stored = Some(stored),
                    Err(error) => return give_way(by, error.into()),
                }
            }
            return Ok(by);
        }
        self.ensure_worker()?;
        self.workers.give(Job::Put(blocks, expected));
        let interrupted_before = by;
        while self.stored.is_none() {
            match self.await_workers(control) {
                Ok(interrupted) => by = by.or(interrupted),
                Err(TransferError::Store(error))
                    if error.kind == ErrorKind::Cancelled && by.is_some() =>
                {
                    return Ok(by);
                }
                Err(error) => return give_way(interrupted_before, error),
            }
            if by.is_some() && !self.keeps_partial() {
                // Ends the request unless its last byte is sent: then the file is complete.
                self.cancel.raise();
            }
        }
        // Sent and stored as a whole after all.
        Ok(by.filter(|_| self.keeps_partial()))
    }

    /// The rest of the parts, and the request that publishes them.
    fn complete_multipart_upload(
        &mut self,
        mut by: Option<Interruption>,
        control: &mut dyn Control,
    ) -> Ended {
        loop {
            self.send_rest()?;
            if self.parts.all_confirmed() && self.intake.bytes() == 0 && self.begun == Begun::Done {
                break;
            }
            by = by.or(self.await_workers(control)?);
            if by.is_some() && !self.keeps_partial() {
                return Ok(by);
            }
        }
        by = self.await_room(by, control)?;
        by = by.or_else(|| self.gate(None, control));
        if by.is_some() && !self.keeps_partial() {
            return Ok(by);
        }
        self.ensure_worker()?;
        self.workers.give(Job::Complete(self.parts.take_receipts(), self.expected(by)));
        while self.stored.is_none() {
            // Too late for an interruption: the store has been asked.
            if let Err(error) = self.await_publication(control) {
                return give_way(by, error);
            }
        }
        Ok(by)
    }

    /// What is left after the last byte: shared among the workers in parts as small as they may
    /// be, so that the tail is short; the last takes what remains.
    fn send_rest(&mut self) -> Result<(), TransferError> {
        let floor = self.parts.floor_blocks();
        while self.ready_for_parts()? && self.intake.bytes() > 0 {
            let Some(free) = self.free_workers() else {
                return Ok(());
            };
            let full = self.intake.full_blocks();
            let sharing = free.min(self.parts.left()).max(1);
            let share = full.div_ceil(sharing).max(floor);
            let blocks =
                if full >= share + floor { self.intake.cut(share) } else { self.intake.cut_all() };
            self.give_part(blocks)?;
        }
        self.copy_tail()
    }

    /// Behind the last new byte.
    fn copy_tail(&mut self) -> Result<(), TransferError> {
        if self.intake.bytes() == 0
            && let Some(tail) = self.tail.take()
        {
            self.parts.copy_behind(tail.ranges(self.parts.limits()))?;
            self.ready_for_parts()?;
        }
        Ok(())
    }
}

/// An upload that was interrupted `by` something is given up when its name was stored or changed
/// since it began: what is newer stays.
fn give_way(by: Option<Interruption>, error: TransferError) -> Ended {
    match (&error, by) {
        (TransferError::Store(store), Some(by)) if store.kind == ErrorKind::PreconditionFailed => {
            log::warn!("what had arrived is given up, the file was changed meanwhile: {store}");
            Ok(Some(by))
        }
        _ => Err(error),
    }
}
