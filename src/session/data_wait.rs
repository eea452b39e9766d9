//! Waiting for a data connection.

use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use super::failure::interruption;
use super::step::Step;
use super::watch::Watch;
use crate::access::AdmittedClient;
use crate::net::{Interest, Wake, wait};
use crate::protocol::replies;
use crate::transfer::{Control, Directive, Progress};

/// The session's thread while it waits for a data connection.
#[derive(Debug)]
pub(super) struct DataWait<'w, 's, 'a> {
    pub(super) admitted: &'w AdmittedClient,
    pub(super) watch: &'w mut Watch<'s, 'a>,
    pub(super) wake: &'w Wake,
    pub(super) deadline: Instant,
}

impl DataWait<'_, '_, '_> {
    /// Waits for `fd`, and attends to the control connection. `false` when the deadline has passed.
    pub(super) fn wait(&mut self, fd: BorrowedFd<'_>, interest: Interest) -> Step<bool> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Ok(false);
        }
        let nothing = (self.wake.as_fd(), Interest::Nothing);
        let control = self.watch.descriptor().map_or(nothing, |fd| (fd, Interest::Read));
        let wanted = [(fd, interest), control, (self.wake.as_fd(), Interest::Read)];
        let [_, control, rung] = wait(wanted, Some(left)).map_err(|error| {
            log::error!("cannot wait for a data connection: {error}");
            replies::data_connection_failed()
        })?;
        if rung {
            self.wake.clear();
        }
        if control || rung {
            self.attend()?;
        }
        Ok(true)
    }

    /// Attends to the control connection.
    pub(super) fn attend(&mut self) -> Step<()> {
        match self.watch.attend(&Progress::begin()) {
            Directive::Interrupt(by) => Err(interruption(by)),
            Directive::Continue => Ok(()),
        }
    }
}
