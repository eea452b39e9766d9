//! What an upload that ends early leaves in the store, for its client to go on with.

use super::{Begun, Sender};
use crate::store::PartReceipt;
use crate::transfer::{Control, PartialUpload, TransferError};

impl Sender<'_> {
    /// Whether what is interrupted waits to be gone on with. Where line ends were turned round, no
    /// offset says where.
    pub(in crate::transfer::upload) fn parks(&self) -> bool {
        self.resources.options.partial == PartialUpload::Park && !self.intake.converts()
    }

    /// Whether what has arrived may be gone on with, although the upload failed by `error`.
    pub(in crate::transfer::upload) fn is_worth_parking(&self, error: &TransferError) -> bool {
        match self.is_resumed {
            // What had been parked before is there for whoever puts things right.
            true => !error.ends_what_is_parked(),
            // What ends early is measured by what was parked before, and is not to come before it.
            false if matches!(error, TransferError::EndsEarly { .. }) => false,
            false => self.parks() && self.can_be_parked() && error.may_pass(),
        }
    }

    /// Sends what has arrived and leaves it there, for the client to go on with; where it
    /// `may_be_whole`, however little it is. What the store does not take now is sent again then.
    pub(in crate::transfer::upload) fn park_arrived(
        &mut self,
        may_be_whole: bool,
        control: &mut dyn Control,
    ) -> bool {
        if !may_be_whole && !self.can_be_parked() {
            return false;
        }
        if let Err(error) = self.send_to_park(control) {
            log::warn!("not all of what arrived could be parked: {error}");
            if error.tells_that_parts_are_gone() {
                return false;
            }
        }
        if may_be_whole { self.park_whole() } else { self.park() }
    }

    /// Sends all that has arrived as parts, and waits until the store has confirmed them, and
    /// nobody is at it any more: who is told that it is parked may come back at once.
    fn send_to_park(&mut self, control: &mut dyn Control) -> Result<(), TransferError> {
        while !self.send_rest_to_park()? || self.workers.busy() > 0 {
            self.await_workers(control)?;
        }
        Ok(())
    }

    /// Whether enough has arrived for a client to go on with.
    fn can_be_parked(&self) -> bool {
        let is_sent = self.begun == Begun::Done && !self.parts.has_copies();
        is_sent || self.intake.full_blocks() > self.parts.floor_blocks()
    }

    /// Sends all that has arrived, as parts: so that a client can go on behind nearly all of it,
    /// the last is small. True when all is sent and confirmed; false when it has to be waited.
    fn send_rest_to_park(&mut self) -> Result<bool, TransferError> {
        let floor = self.parts.floor_blocks();
        while self.intake.bytes() > 0 && self.ready_for_parts()? && self.free_workers().is_some() {
            let full = self.intake.full_blocks();
            let blocks = match full > floor {
                true => self.intake.cut(full - 1),
                false => self.intake.cut_all(),
            };
            self.give_part(blocks)?;
        }
        Ok(self.intake.bytes() == 0 && self.parts.all_confirmed())
    }

    /// Leaves what is confirmed to a client that goes on with it; false where nobody could. What
    /// had been parked before is nobody's to throw away.
    pub(in crate::transfer::upload) fn park(&mut self) -> bool {
        let parts = self.parts.take_receipts_to_park();
        let can_go_on = self.target.as_ref().is_some_and(|target| target.can_go_on_behind(&parts));
        let is_parked = (self.is_resumed || can_go_on) && self.park_parts(parts);
        if let Some(target) = self.target.as_ref().filter(|_| is_parked) {
            target.tell_older();
        }
        is_parked
    }

    /// The same of what may be the whole file, be it a single part.
    fn park_whole(&mut self) -> bool {
        let parts = self.parts.take_receipts_to_park();
        let is_parked = (self.is_resumed || !parts.is_empty()) && self.park_parts(parts);
        if let Some(target) = self.target.as_ref().filter(|_| self.parked.is_some()) {
            self.seen = target.look();
        }
        is_parked
    }

    fn park_parts(&mut self, parts: Vec<PartReceipt>) -> bool {
        let Some(target) = &self.target else { return false };
        self.is_parked = match self.workers.busy() {
            0 => {
                self.parked = target.park(parts);
                self.parked.is_some()
            }
            _ => {
                target.park_at_the_end(parts);
                true
            }
        };
        self.is_parked
    }
}
