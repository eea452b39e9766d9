//! The places where the session's thread blocks during a transfer: always on its control
//! connection too, and always until a deadline.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use crate::limits;
use crate::net::{Interest, Wake, wait};
use crate::transfer::budget::{Budget, Lease};
use crate::transfer::{Control, Directive, Incomplete, Progress, TransferError};

/// What woke the session's thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Woken {
    /// The control connection holds something, or another thread rang.
    pub(super) control: bool,
    /// The data connection is ready.
    pub(super) data: bool,
}

/// Waits for the control connection, for other threads, and for the data connection if one is
/// given, at most for `timeout`.
pub(super) fn wait_for(
    control: &dyn Control,
    wake: &Wake,
    data: Option<(BorrowedFd<'_>, Interest)>,
    timeout: Option<Duration>,
) -> Result<Woken, TransferError> {
    let nothing = (wake.as_fd(), Interest::Nothing);
    let control = control.descriptor().map_or(nothing, |fd| (fd, Interest::Read));
    let wanted = [(wake.as_fd(), Interest::Read), control, data.unwrap_or(nothing)];
    let [rung, control, data] = wait(wanted, timeout).map_err(TransferError::System)?;
    if rung {
        wake.clear();
    }
    Ok(Woken { control: rung || control, data })
}

/// Waits in line for `bytes` of the budget, at most [`limits::BUFFER_WAIT`].
pub(super) fn lease(
    bytes: u64,
    budget: &Budget,
    wake: &Wake,
    control: &mut dyn Control,
    progress: &Progress,
) -> Result<Lease, Incomplete> {
    lease_within(limits::BUFFER_WAIT, bytes, budget, wake, control, progress)?
        .ok_or(Incomplete::Failed(TransferError::NoBuffer))
}

/// Waits in line for `bytes` of the budget, at most for `patience`; `None` if that was not enough.
pub(super) fn lease_within(
    patience: Duration,
    bytes: u64,
    budget: &Budget,
    wake: &Wake,
    control: &mut dyn Control,
    progress: &Progress,
) -> Result<Option<Lease>, Incomplete> {
    if bytes > budget.total() {
        return Ok(None);
    }
    let deadline = Instant::now() + patience;
    let mut request = budget.request(bytes, wake);
    loop {
        request = match request.take() {
            Ok(lease) => return Ok(Some(lease)),
            Err(waiting) => waiting,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Ok(None);
        }
        let woken = wait_for(control, wake, None, Some(left))?;
        if woken.control
            && let Directive::Interrupt(by) = control.attend(progress)
        {
            return Err(by.into());
        }
    }
}

/// Whether a read or write failed in a way that the next one need not.
pub(super) fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}
