//! The last step of sending: the client's acknowledgement of everything.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::limits;
use crate::net::{Interest, Receipt, Received, Stream, Wake};
use crate::transfer::waiting::wait_for;
use crate::transfer::{Control, Directive, Incomplete, Interruption, Progress};

/// Ends what is sent over `data`, and waits until the client has acknowledged all of it, attending
/// to the control connection. A client that takes nothing for `idle` is given up.
///
/// # Errors
/// Why it ends the transfer.
pub(super) fn wait_for_receipt(
    data: &Stream,
    wake: &Wake,
    idle: Duration,
    progress: &Progress,
    control: &mut dyn Control,
) -> Result<(), Incomplete> {
    let lost = |_| Incomplete::from(Interruption::DataLost);
    let Some(receipt) = Receipt::request(data).map_err(lost)? else { return Ok(()) };
    let mut taken = None;
    let mut taken_at = Instant::now();
    let mut pause = limits::FIRST_RECEIPT_PAUSE;
    loop {
        let received = receipt.look(data).map_err(lost)?;
        if received == Received::All {
            return Ok(());
        }
        if taken != Some(received) {
            taken = Some(received);
            taken_at = Instant::now();
        }
        let left = idle.saturating_sub(taken_at.elapsed());
        if left == Duration::ZERO {
            return Err(Interruption::DataIdle.into());
        }
        let events = Some((receipt.as_fd(), Interest::Read));
        let woken = wait_for(control, wake, events, Some(left.min(pause)));
        pause = limits::LAST_RECEIPT_PAUSE.min(pause * 2);
        if woken?.control
            && let Directive::Interrupt(by) = control.attend(progress)
        {
            return Err(by.into());
        }
    }
}
