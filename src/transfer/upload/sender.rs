//! From gathered blocks to the workers, and back.

mod parking;

use std::sync::Arc;
use std::time::Instant;

use super::intake::Intake;
use super::parts::Parts;
use super::plan::Plan;
use super::sent::{Ended, Sent};
use super::standstill::Standstill;
use crate::limits;
use crate::store::{Admission, Expected, MultipartUpload, Stat, Stored};
use crate::transfer::block::Block;
use crate::transfer::concurrency::{Answered, ConcurrencyLimit, Moved};
use crate::transfer::job::{Job, JobOutcome, Publication};
use crate::transfer::upload_target::UploadTarget;
use crate::transfer::waiting::{lease, wait_for};
use crate::transfer::worker::Workers;
use crate::transfer::{Control, Incomplete, PartialUpload, Patience, Resources, TransferError};
use crate::vfs::FtpPath;

/// What has been gathered, what is under way to the store, and what that has confirmed. Dropped
/// before the store was asked to publish, it leaves nothing there.
#[derive(Debug)]
pub(super) struct Sender<'a> {
    pub(super) resources: Resources<'a>,
    pub(super) sent: Sent,
    pub(super) intake: Intake,
    pub(super) parts: Parts,
    /// Blocks of the largest part that the turn has room for.
    pub(super) affordable: usize,
    pub(super) workers: Workers,
    /// How many of them there may be.
    pub(super) concurrency: ConcurrencyLimit,
    target: Option<Arc<UploadTarget>>,
    /// Whether it matters at the end what stood under the name at the beginning.
    looks_first: bool,
    pub(super) name: NameCheck,
    pub(super) begun: Begun,
    /// Whether it goes on with a parked upload.
    is_resumed: bool,
    pub(super) is_parked: bool,
    /// What is parked, unless that is done by the last of the workers.
    pub(super) parked: Option<MultipartUpload>,
    /// What stood under the name when the first part was ready, or when its client had left, if
    /// that was asked.
    pub(super) seen: Option<Option<Stat>>,
    pub(super) stored: Option<Stored>,
    /// The name that it got, if that is another than was asked for.
    pub(super) renamed: Option<FtpPath>,
}

/// Whether the store was asked if a file may come to stand under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameCheck {
    NotAsked,
    Asked,
    Passed,
}

/// How far CreateMultipartUpload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    NotYet,
    Asked,
    Done,
}

impl<'a> Sender<'a> {
    /// Sends what gathers in `intake` to `target`, of which `plan` keeps something.
    pub(super) fn new(
        resources: Resources<'a>,
        target: UploadTarget,
        plan: &Plan,
        intake: Intake,
        parts: Parts,
        sent: Sent,
    ) -> Self {
        let threads = resources.options.upload_threads;
        Self {
            resources,
            sent,
            intake,
            affordable: parts.target_blocks(),
            parts,
            workers: Workers::new(threads.max(1), resources.wake.clone()),
            concurrency: ConcurrencyLimit::new(threads, target.slowdowns(), Instant::now()),
            target: Some(Arc::new(target)),
            looks_first: plan.expected == Expected::Anything,
            name: match plan.admission {
                Admission::Granted => NameCheck::Passed,
                Admission::Unknown => NameCheck::NotAsked,
            },
            is_resumed: plan.parked.is_some(),
            is_parked: false,
            parked: None,
            begun: match plan.parked {
                Some(_) => Begun::Done,
                None => Begun::NotYet,
            },
            seen: None,
            stored: None,
            renamed: None,
        }
    }

    /// Takes what the workers have done.
    pub(super) fn collect(&mut self) -> Result<(), TransferError> {
        while let Some(done) = self.workers.take_done() {
            match &done.outcome {
                Ok(JobOutcome::Refilled) => self.intake.take_back(done.blocks),
                Ok(_) | Err(_) => self.intake.pool.put_back(done.blocks),
            }
            match done.outcome? {
                JobOutcome::Refilled => {}
                JobOutcome::NameAdmitted => self.name = NameCheck::Passed,
                JobOutcome::Created => self.begun = Begun::Done,
                JobOutcome::CreatedAndLooked(seen) => {
                    self.begun = Begun::Done;
                    self.seen = seen;
                }
                JobOutcome::Part(receipt) => {
                    let (number, bytes) = (receipt.number.into(), receipt.size);
                    self.parts.confirm(receipt);
                    self.sent.progress.add_part();
                    if let Some(taken) = done.taken {
                        self.adapt(Answered { number, moved: Moved { bytes, taken } });
                    }
                }
                JobOutcome::Stored(stored) => self.stored = Some(stored),
            }
        }
        self.intake.is_passed().map(drop)
    }

    /// What a part that was stored tells of how many should be under way at once.
    fn adapt(&mut self, answered: Answered) {
        let Some(target) = &self.target else { return };
        let room = self.parts.room_in(self.intake.pool.blocks());
        if self.concurrency.note(answered, room, target.slowdowns(), Instant::now()) {
            let limit = self.concurrency.get();
            log::debug!("{limit} parts at once from here on");
            self.workers.shrink_to(limit);
        }
    }

    /// Group commit: as long as a whole part stands gathered and a worker is there to take it,
    /// gives it one; the share of what has gathered, so that several connections fill evenly.
    /// Where the client is slow and others wait for its memory, less is enough.
    pub(super) fn dispatch(&mut self, standstill: &mut Standstill) -> Result<(), TransferError> {
        loop {
            let pool = &self.intake.pool;
            if !pool.has_turn() && !pool.is_waiting() {
                // A turn is asked for in time, as large as the part is then.
                self.affordable = self.parts.target_blocks();
            }
            let is_slow = standstill.is_slow(&self.intake.pool);
            let target = self.parts.target_blocks();
            if !is_slow && self.has_outgrown_its_turn() && !self.afford(target) {
                return Ok(());
            }
            let memory = self.intake.pool.blocks();
            let smallest = match is_slow {
                true => self.parts.least_blocks().min(target),
                false => self.parts.next_blocks(&self.concurrency, memory),
            };
            if self.intake.full_blocks() < smallest || !self.ready_for_parts()? {
                return Ok(());
            }
            let Some(sharing) = self.free_workers() else { return Ok(()) };
            let most = self.parts.most_blocks(&self.concurrency, memory);
            let share = self.intake.full_blocks() / sharing;
            let blocks = self.intake.cut(share.min(most).max(smallest));
            self.give_part(blocks)?;
        }
    }

    pub(super) fn give_part(&mut self, blocks: Vec<Block>) -> Result<(), TransferError> {
        self.ensure_worker()?;
        let bytes = blocks.iter().map(|block| block.filled().len() as u64).sum();
        let place = self.parts.place(bytes)?;
        self.concurrency.begin(place.number.into(), Instant::now());
        self.workers.give(Job::Part(place, blocks));
        Ok(())
    }

    /// Asks whether a file may come to stand under the name, where only the store can tell: while
    /// the data arrives, so that it costs no time of its own.
    pub(super) fn check_name(&mut self) -> Result<(), TransferError> {
        if self.name == NameCheck::NotAsked {
            self.ensure_worker()?;
            self.workers.give(Job::CheckName);
            self.name = NameCheck::Asked;
        }
        Ok(())
    }

    /// Begins the upload in parts, then copies what is kept; true when parts may go.
    pub(super) fn ready_for_parts(&mut self) -> Result<bool, TransferError> {
        // The one worker there may be could still check the name.
        if self.begun == Begun::NotYet && self.free_workers().is_some() {
            self.ensure_worker()?;
            self.workers.give(match self.keeps_partial() {
                true if self.looks_first => Job::CreateAndLook,
                _ => Job::Create,
            });
            self.begun = Begun::Asked;
        }
        while self.begun == Begun::Done
            && self.free_workers().is_some()
            && let Some((place, source)) = self.parts.next_copy()
        {
            self.ensure_worker()?;
            self.workers.give(Job::Copy(place, source));
        }
        Ok(self.begun == Begun::Done && !self.parts.has_copies())
    }

    /// How many workers are idle or could be started; `None` for none.
    pub(super) fn free_workers(&self) -> Option<usize> {
        if self.parts.replaces_parked() {
            return None;
        }
        self.concurrency.get().checked_sub(self.workers.busy()).filter(|&free| free > 0)
    }

    /// Makes sure a worker is idle. Where machine or budget give no more we are left with those we
    /// have, and the job waits; with none at all the upload fails.
    pub(super) fn ensure_worker(&mut self) -> Result<(), TransferError> {
        let Some(target) = self.target.as_ref().filter(|_| self.workers.idle() == 0) else {
            return Ok(());
        };
        match self.workers.start(target, self.resources.budget) {
            Err(error) if self.workers.count() == 0 => Err(TransferError::System(error)),
            Err(error) => {
                let count = self.workers.count();
                log::info!("no part-upload worker beside the {count} there are: {error}");
                self.concurrency.settle_for(count, Instant::now());
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Whether the turn was given for a smaller part than the next. Parts may grow while it is
    /// waited for, too.
    fn has_outgrown_its_turn(&self) -> bool {
        self.intake.pool.has_turn() && self.parts.target_blocks() > self.affordable
    }

    /// Enlarges the turn for a part of `blocks`, if the budget has the bytes at once.
    fn afford(&mut self, blocks: usize) -> bool {
        if self.intake.pool.try_grow_turn(self.parts.reserve_blocks()) {
            self.affordable = blocks;
        }
        blocks <= self.affordable
    }

    /// Whether the parts to come need more memory than can be had at once, and all that the
    /// present turn allows has gathered.
    pub(super) fn needs_restart(&self) -> bool {
        self.has_outgrown_its_turn() && self.intake.full_blocks() >= self.affordable
    }

    /// Sends what has gathered, gives all memory back and waits in line for the larger turn:
    /// nobody waits for memory while holding any.
    pub(super) fn restart(&mut self, control: &mut dyn Control) -> Ended {
        while self.workers.busy() > 0 || self.intake.bytes() > 0 {
            if self.intake.bytes() > 0 && self.free_workers().is_some() && self.ready_for_parts()? {
                let rest = self.intake.cut_all();
                self.give_part(rest)?;
            }
            let by = self.await_workers(control)?;
            if by.is_some() {
                return Ok(by);
            }
        }
        drop(self.intake.cut_all());
        self.intake.pool.release();
        let Resources { budget, wake, .. } = self.resources;
        let bytes = (self.parts.reserve_blocks() * limits::BLOCK_BYTES) as u64;
        match lease(bytes, budget, wake, control, &self.sent.progress) {
            Ok(lease) => self.intake.pool.begin_turn(lease),
            Err(Incomplete::Failed(error)) => return Err(error),
            Err(Incomplete::Interrupted(by)) => return Ok(Some(by)),
        }
        self.affordable = self.parts.target_blocks();
        Ok(None)
    }

    /// Waits until a worker is done or the control connection says something.
    ///
    /// # Errors
    /// [`TransferError::Late`] when the client waits no longer.
    pub(super) fn await_workers(&mut self, control: &mut dyn Control) -> Ended {
        let by = self.await_anything(control)?;
        match control.reassure() {
            Patience::Lasts => Ok(by),
            Patience::Over => Err(TransferError::Late),
        }
    }

    /// The same, where the store has been asked to publish: however long it takes, the file may
    /// stand in a moment.
    pub(super) fn await_publication(&mut self, control: &mut dyn Control) -> Ended {
        let by = self.await_anything(control)?;
        control.reassure();
        Ok(by)
    }

    fn await_anything(&mut self, control: &mut dyn Control) -> Ended {
        let woken = wait_for(control, self.resources.wake, None, control.reassure_in())?;
        self.collect()?;
        let by = woken.control.then(|| self.sent.attend(control)).flatten();
        Ok(by.and_then(|by| self.sent.heed(by)))
    }

    pub(super) fn keeps_partial(&self) -> bool {
        self.resources.options.partial == PartialUpload::Keep && !self.could_not_be_removed()
    }

    /// Whether a partial file would stand for years, as the store removes nothing.
    pub(super) fn could_not_be_removed(&self) -> bool {
        self.target.as_ref().is_some_and(|target| target.retains_objects())
    }

    /// Whether nothing has been sent yet that has to become a part.
    pub(super) fn fits_one_request(&self) -> bool {
        self.begun == Begun::NotYet && !self.parts.keeps_parts()
    }

    /// Stores all that has gathered as the whole object, in this thread.
    pub(super) fn put_here(&mut self, how: &Publication) -> Result<(), TransferError> {
        let blocks = self.intake.cut_all();
        if let Some(target) = &self.target {
            self.stored = Some(target.put(&blocks, how)?);
        }
        Ok(())
    }

    /// Ends the requests that are under way; what was not published is not to be.
    pub(super) fn give_up(&self) {
        if let Some(target) = &self.target {
            target.cancel();
        }
    }

    /// Lets go of the workers. The last of them aborts what was not completed.
    pub(super) fn release(&mut self) {
        self.renamed = self.target.take().and_then(|target| target.other_name());
        self.resources.ending_threads.adopt(self.intake.end_scanning());
        let none = Workers::new(1, self.resources.wake.clone());
        let workers = std::mem::replace(&mut self.workers, none);
        self.resources.ending_threads.adopt(workers.dismiss());
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        if self.target.is_some() {
            if self.is_resumed {
                self.park();
            }
            self.give_up();
            self.release();
        }
    }
}
