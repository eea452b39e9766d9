//! What the session's thread looks after beside the control connection while it waits for a command:
//! the passive port, where strangers would take the client's place, and data connections that end.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::control_line::Beside;
use crate::net::{DataPort, Interest, Unused, wait};

/// Both of them.
#[derive(Debug)]
pub(super) struct Meantime<'m> {
    pub(super) port: &'m mut DataPort,
    pub(super) unused: &'m mut Unused,
}

impl Beside for Meantime<'_> {
    fn wait(&mut self, control: BorrowedFd<'_>, left: Duration) -> io::Result<bool> {
        let nothing = (control, Interest::Nothing);
        let port = self.port.descriptor().map_or(nothing, |port| (port, Interest::Read));
        let (unused, left) = match self.unused.waits_for() {
            None => (nothing, left),
            Some((fd, until)) => {
                let until = until.saturating_duration_since(Instant::now());
                ((fd, Interest::Read), left.min(until))
            }
        };
        let wanted = [(control, Interest::Read), port, unused];
        let [control, port, _] = wait(wanted, Some(left))?;
        if port {
            self.port.attend();
        }
        self.unused.attend();
        Ok(control)
    }
}
