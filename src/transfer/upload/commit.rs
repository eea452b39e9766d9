//! The end of an upload: what has arrived is published or dropped, and nothing in between.

use std::time::Instant;

use crate::store::ErrorKind;
use crate::transfer::earlier::Came;
use crate::transfer::job::{Job, Publication};
use crate::transfer::{
    Control, Interruption, Kept, PartialUpload, TransferError, TransferReport, Verdict,
};

use super::reach::Reach;
use super::replaced::Replaced;
use super::sender::{Begun, NameCheck, Sender};
use super::sent::Ended;
use super::tail::Tail;
use crate::limits::{BLOCK_BYTES, FIRST_PART_BYTES};

/// A file up to this size is stored by the session's own thread: cheaper than waking another, and
/// over before anybody could want to interrupt it.
const OWN_THREAD_BYTES: u64 = 1024 * 1024;

/// An upload whose data has ended.
#[derive(Debug)]
pub(super) struct Commit<'a> {
    pub(super) sender: Sender<'a>,
    pub(super) replaced: Replaced,
    pub(super) reach: Reach,
    /// Whether what its client leaves without waiting is published at some time.
    pub(super) publishes_left: bool,
}

impl Commit<'_> {
    /// Publishes or drops what has arrived, and tells what became of it.
    pub(super) fn run(mut self, ended: Ended, control: &mut dyn Control) -> TransferReport {
        let last_byte = Instant::now();
        let came = self.came();
        let verdict = self.conclude(ended, control);
        self.reach.note(&verdict, came);
        let (tail, progress) = (last_byte.elapsed(), &self.sender.sent.progress);
        let (bytes, parts, elapsed) = (progress.bytes(), progress.parts(), progress.elapsed());
        self.sender.release();
        let (stored, kept) = (self.sender.stored.take(), self.replaced.kept);
        let renamed = self.sender.renamed.take();
        let (is_parked, parked) = (self.sender.is_parked, self.sender.parked.take());
        let (seen, unended) = (self.sender.seen.take(), None);
        TransferReport {
            verdict,
            bytes,
            kept,
            elapsed,
            tail,
            parts,
            stored,
            seen,
            renamed,
            is_parked,
            parked,
            unended,
        }
    }

    fn conclude(&mut self, ended: Ended, control: &mut dyn Control) -> Verdict {
        let nothing_came = self.sender.sent.progress.bytes() == 0;
        let came = self.came();
        let before = self.reach.beyond(came);
        let by = match ended {
            Err(error) => return self.fail(error),
            Ok(Some(by)) if nothing_came || !self.sender.keeps_partial() => {
                return self.leave(by, control);
            }
            Ok(by) => by,
        };
        if nothing_came && self.sender.begun == Begun::Done {
            // Nothing of the end that had to be sent again: so this is not the end.
            return self.leave(by.unwrap_or(Interruption::Left), control);
        }
        if nothing_came && self.replaced.kept > 0 {
            // The object stays as it is.
            return Verdict::Complete;
        }
        if by.is_none()
            && let Some(before) = before
        {
            let error = TransferError::EndsEarly { end: came.end, before };
            if self.sender.is_worth_parking(&error) {
                self.await_parts(control);
            }
            return self.fail(error);
        }
        match self.publish(by, control) {
            Ok(None) => Verdict::Complete,
            Ok(Some(by)) if self.sender.stored.is_some() => {
                Verdict::Interrupted { by, kept: Kept::Partial }
            }
            Ok(Some(by)) => self.leave(by, control),
            Err(error) => self.fail(error),
        }
    }

    /// How far the file has come.
    fn came(&self) -> Came {
        let end = self.replaced.kept + self.sender.sent.progress.bytes();
        let is_anew = self.replaced.kept == 0;
        // What follows kept bytes is no beginning.
        let beginning = self.sender.intake.beginning().filter(|_| is_anew);
        Came { end, beginning, is_anew }
    }

    /// What has arrived does not become the object.
    fn leave(&mut self, by: Interruption, control: &mut dyn Control) -> Verdict {
        // What may be whole is worth it in any case, where it is published as it is some day.
        let is_left = by.is_left() && self.publishes_left;
        let may_be_whole = is_left && self.sender.sent.progress.bytes() > 0;
        if self.sender.parks() && self.sender.park_arrived(may_be_whole, control) {
            return Verdict::Interrupted { by, kept: Kept::Parked };
        }
        self.drop_all(by)
    }

    /// Waits for the parts that are under way: who is told that more had come before may come back
    /// at once.
    fn await_parts(&mut self, control: &mut dyn Control) {
        while self.sender.workers.busy() > 0 {
            if let Err(error) = self.sender.await_workers(control) {
                log::debug!("not waited for the parts under way: {error}");
                return;
            }
        }
    }

    fn drop_all(&self, by: Interruption) -> Verdict {
        let is_wanted = self.sender.resources.options.partial == PartialUpload::Keep;
        if is_wanted && self.sender.sent.progress.bytes() > 0 && self.sender.could_not_be_removed()
        {
            log::warn!("partial file not kept: the store would not let anybody remove it again");
        }
        self.sender.give_up();
        Verdict::Interrupted { by, kept: Kept::Nothing }
    }

    fn fail(&mut self, error: TransferError) -> Verdict {
        if self.sender.is_worth_parking(&error) {
            self.sender.park();
        }
        self.sender.give_up();
        Verdict::Failed(error)
    }

    /// Publishes all that has arrived, unless the upload is interrupted first and its partial
    /// object is not wanted. `by` is what interrupted it already.
    fn publish(&mut self, by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let by = match self.keep_tail(by, control) {
            Ok(by) if by.is_some() && !self.sender.keeps_partial() => return Ok(by),
            Ok(by) => by,
            Err(error) => return give_way(by, error),
        };
        if self.replaced.tail.is_none() && self.sender.fits_one_request() {
            self.put_object(by, control)
        } else {
            self.complete_multipart_upload(by, control)
        }
    }

    /// Of an upload that its client has ended and that ends inside the old object, what stands
    /// behind its end stays: here as much of that is read as the last part lacks, and the rest left
    /// to be copied.
    fn keep_tail(&mut self, mut by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let end = self.sender.parts.end() + self.sender.intake.bytes();
        // What the network cut off ends there, so that it can be resumed; a client that sends ABOR
        // knows where it is.
        let is_cut_off = by.is_some_and(|by| by != Interruption::Aborted);
        let tail = self.replaced.tail.take().filter(|_| !is_cut_off);
        let tail = tail.and_then(|tail| tail.behind(end));
        self.sender.intake.end_data(tail.as_ref().map(Tail::source));
        let Some(tail) = tail else { return Ok(by) };
        self.replaced.kept += tail.bytes();
        let lacking = self.lacking(&tail);
        let (source, rest) = tail.split(lacking);
        self.replaced.tail = rest;
        if lacking == 0 {
            return Ok(by);
        }
        // There is room for a part when the workers are done and the turn has come, at the latest.
        let size = self.sender.parts.size();
        while !self.sender.intake.make_room_for(lacking, size)
            || self.sender.free_workers().is_none()
        {
            by = by.or(self.sender.await_workers(control)?);
            if by.is_some() && !self.sender.keeps_partial() {
                return Ok(by);
            }
        }
        self.sender.ensure_worker()?;
        self.sender.workers.give(Job::Refill(source, self.sender.intake.cut_with_room()));
        while self.sender.intake.bytes() == 0 && (by.is_none() || self.sender.keeps_partial()) {
            by = by.or(self.sender.await_workers(control)?);
        }
        Ok(by)
    }

    /// Bytes of `tail` that are to be sent with what has arrived: all, if one request takes the
    /// whole object then; else what a part must have.
    fn lacking(&self, tail: &Tail) -> u64 {
        let gathered = self.sender.intake.bytes();
        let one_request = FIRST_PART_BYTES.min((self.sender.affordable * BLOCK_BYTES) as u64);
        if self.sender.fits_one_request() && gathered + tail.bytes() <= one_request {
            return tail.bytes();
        }
        match gathered {
            // All is given out.
            0 => 0,
            _ => self.sender.parts.limits().min_part.saturating_sub(gathered).min(tail.bytes()),
        }
    }

    /// How what has arrived of an upload that was interrupted `by` something comes to stand under
    /// its name.
    fn publication(&self, by: Option<Interruption>) -> Publication {
        Publication {
            expected: self.replaced.expected(by, self.sender.seen.as_ref()),
            kept: self.replaced.kept,
            is_partial: by.is_some(),
        }
    }

    /// Waits for what the store says of the name.
    fn await_name_check(
        &mut self,
        mut by: Option<Interruption>,
        control: &mut dyn Control,
    ) -> Ended {
        while self.sender.name != NameCheck::Passed && (by.is_none() || self.sender.keeps_partial())
        {
            by = by.or(self.sender.await_workers(control)?);
        }
        Ok(by)
    }

    /// Waits for what the scanner says, as long as that may be silent: the client hears of it then,
    /// and the store gets no less time for it.
    fn await_scanner(&mut self, mut by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        if self.sender.intake.is_passed()? {
            return Ok(by);
        }
        while !self.sender.intake.is_passed()? && (by.is_none() || self.sender.keeps_partial()) {
            by = by.or(self.sender.await_publication(control)?);
        }
        control.data_ended();
        Ok(by)
    }

    /// Waits until nothing is against publishing what has arrived.
    fn await_leave(&mut self, by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let by = self.await_name_check(by, control)?;
        let by = self.await_scanner(by, control)?;
        if let Some(why) = self.sender.intake.unchecked() {
            log::warn!("stored although the scanner could not check it: {why}");
        }
        Ok(by)
    }

    /// The whole object in one request.
    fn put_object(&mut self, by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let by = self.await_leave(by, control)?;
        let mut by = by.or_else(|| self.sender.sent.gate(None, control));
        if by.is_some() && !self.sender.keeps_partial() {
            return Ok(by);
        }
        let how = self.publication(by);
        if self.sender.intake.bytes() <= OWN_THREAD_BYTES {
            return match self.sender.put_here(&how) {
                Ok(()) => Ok(by),
                Err(error) => give_way(by, error),
            };
        }
        let blocks = self.sender.intake.cut_all();
        self.sender.ensure_worker()?;
        self.sender.workers.give(Job::Put(blocks, how));
        let interrupted_before = by;
        while self.sender.stored.is_none() {
            match self.sender.await_workers(control) {
                Ok(interrupted) => by = by.or(interrupted),
                Err(TransferError::Store(error))
                    if error.kind == ErrorKind::Cancelled && by.is_some() =>
                {
                    return Ok(by);
                }
                Err(error) => return give_way(interrupted_before, error),
            }
            // Of a client that has sent all and left, nothing could be parked any more: the request
            // has it all.
            let has_all = by == Some(Interruption::Left) && self.sender.parks();
            if by.is_some() && !self.sender.keeps_partial() && !has_all {
                // Ends the request unless its last byte is sent: then the file is complete.
                self.sender.give_up();
            }
        }
        // Sent and stored as a whole after all.
        Ok(by.filter(|_| self.sender.keeps_partial()))
    }

    /// The rest of the parts, and the request that publishes them.
    fn complete_multipart_upload(
        &mut self,
        mut by: Option<Interruption>,
        control: &mut dyn Control,
    ) -> Ended {
        loop {
            self.send_rest()?;
            if self.sender.parts.all_confirmed()
                && self.sender.intake.bytes() == 0
                && self.sender.begun == Begun::Done
            {
                break;
            }
            by = by.or(self.sender.await_workers(control)?);
            if by.is_some() && !self.sender.keeps_partial() {
                return Ok(by);
            }
        }
        by = self.await_leave(by, control)?;
        by = by.or_else(|| self.sender.sent.gate(None, control));
        if by.is_some() && !self.sender.keeps_partial() {
            return Ok(by);
        }
        self.sender.ensure_worker()?;
        let how = self.publication(by);
        self.sender.workers.give(Job::Complete(self.sender.parts.take_receipts(), how));
        while self.sender.stored.is_none() {
            // Too late for an interruption: the store has been asked.
            if let Err(error) = self.sender.await_publication(control) {
                return give_way(by, error);
            }
        }
        Ok(by)
    }

    /// What is left after the last byte: shared among the workers in parts as small as they may
    /// be, so that the tail is short; the last takes what remains.
    fn send_rest(&mut self) -> Result<(), TransferError> {
        let floor = self.sender.parts.floor_blocks();
        while self.sender.ready_for_parts()? && self.sender.intake.bytes() > 0 {
            let Some(free) = self.sender.free_workers() else {
                return Ok(());
            };
            let full = self.sender.intake.full_blocks();
            let sharing = free.min(self.sender.parts.left()).max(1);
            let share = full.div_ceil(sharing).max(floor);
            let blocks = if full >= share + floor {
                self.sender.intake.cut(share)
            } else {
                self.sender.intake.cut_all()
            };
            self.sender.give_part(blocks)?;
        }
        self.copy_tail()
    }

    /// Behind the last new byte.
    fn copy_tail(&mut self) -> Result<(), TransferError> {
        if self.sender.intake.bytes() == 0
            && let Some(tail) = self.replaced.tail.take()
        {
            self.sender.parts.copy_behind(tail.ranges(self.sender.parts.limits()))?;
            self.sender.ready_for_parts()?;
        }
        Ok(())
    }
}

/// An upload that was interrupted `by` something is given up when its name was stored or changed
/// since it began: what is newer stays.
fn give_way(by: Option<Interruption>, error: TransferError) -> Ended {
    match (&error, by) {
        (TransferError::Store(store), Some(by))
            if matches!(store.kind, ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists) =>
        {
            log::warn!("what had arrived is given up, the file was changed meanwhile: {store}");
            Ok(Some(by))
        }
        _ => Err(error),
    }
}
