//! What a client has sent of a file, what it had announced, and whether it is still there.

use super::reservation::Reservation;
use crate::transfer::{Control, Directive, Interruption, Progress, TransferError};

/// How the data ended.
pub(super) type Ended = Result<Option<Interruption>, TransferError>;

/// The client's side of an upload.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) progress: Progress,
    pub(super) reservation: Reservation,
    /// Whether the data has ended in order.
    has_ended: bool,
}

impl Sent {
    pub(super) fn new(progress: Progress, reservation: Reservation) -> Self {
        Self { progress, reservation, has_ended: false }
    }

    /// The data has ended in order.
    pub(super) fn end(&mut self) {
        self.has_ended = true;
    }

    /// What an interruption means, now that this much has come: a client that has closed both
    /// connections in order, and had not announced more, may have been done.
    pub(super) fn classify(&self, by: Interruption) -> Interruption {
        let may_be_whole = !self.reservation.has_room_left(self.progress.bytes());
        match by {
            Interruption::ControlLost if self.has_ended && may_be_whole => Interruption::Left,
            other => other,
        }
    }

    /// The commit gate: a killed client closes its data connection as cleanly as a finished one,
    /// but its control connection ends with it, while a client that is done waits for the reply.
    pub(super) fn gate(
        &self,
        gone: Option<Interruption>,
        control: &mut dyn Control,
    ) -> Option<Interruption> {
        gone.or_else(|| self.attend(control)).and_then(|by| self.heed(by))
    }

    pub(super) fn attend(&self, control: &mut dyn Control) -> Option<Interruption> {
        match control.attend(&self.progress) {
            Directive::Continue => None,
            Directive::Interrupt(by) => Some(self.classify(by)),
        }
    }

    /// A client that has sent all it had announced has lost nothing, whatever breaks then; only
    /// its own ABOR counts.
    pub(super) fn heed(&self, by: Interruption) -> Option<Interruption> {
        let has_all = self.reservation.is_met(self.progress.bytes());
        Some(by).filter(|&by| !has_all || by == Interruption::Aborted)
    }
}
