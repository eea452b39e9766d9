//! Commands without data that may take the store minutes (RNTO, MFMT): a helper waits for the
//! store, while the session's thread stays with its client.

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use super::command_wait::CommandWait;
use super::control_line::ControlLine;
use super::reassurance::Reassurance;
use super::wake::OwnWake;
use crate::net::{Interest, Wake, wait};
use crate::protocol::{Code, replies};
use crate::store::{ErrorKind, ObjectStore, Operation, Result as StoreResult, StoreError};
use crate::threads;

/// Rings when it is dropped, also by a panic.
struct Bell(Wake);

impl Drop for Bell {
    fn drop(&mut self) {
        self.0.notify();
    }
}

/// What attends to the client meanwhile.
#[derive(Debug)]
pub(super) struct LongWork<'l, 'a> {
    pub(super) control: &'l mut ControlLine<'a>,
    pub(super) wake: &'l mut OwnWake,
    pub(super) wait: &'l CommandWait,
}

impl LongWork<'_, '_> {
    /// Has `work` done, whose reply in the end has the code `success`. Once begun it is done to its
    /// end: a client that leaves, and a server that stops, do not leave a rename half-way.
    pub(super) fn run<T: Send>(
        self,
        success: Code,
        store: &dyn ObjectStore,
        work: impl Fn(&dyn ObjectStore) -> StoreResult<T> + Sync,
    ) -> StoreResult<T> {
        let Ok(wake) = self.wake.get() else { return work(store) };
        let signs = self.wait.signs(replies::still_at_work(success));
        thread::scope(|scope| {
            let (tell, outcome) = channel();
            let (bell, work) = (Bell(wake.clone()), &work);
            let helper = threads::spawn_scoped_helper(scope, move || {
                let _bell = bell;
                // It is waited for.
                let _ = tell.send(work(store));
            });
            if let Err(error) = helper {
                log::warn!("no thread for a helper: {error}");
                return work(store);
            }
            attend(self.control, &signs, &wake, &outcome).unwrap_or_else(|error| {
                log::error!("cannot wait for commands: {error}");
                outcome.recv().unwrap_or_else(|_| Err(panicked()))
            })
        })
    }
}

/// Waits for the `outcome`. What the client says meanwhile is kept for later.
fn attend<T>(
    control: &mut ControlLine<'_>,
    signs: &Reassurance,
    wake: &Wake,
    outcome: &Receiver<StoreResult<T>>,
) -> io::Result<StoreResult<T>> {
    loop {
        match outcome.try_recv() {
            Ok(outcome) => return Ok(outcome),
            Err(TryRecvError::Disconnected) => return Ok(Err(panicked())),
            Err(TryRecvError::Empty) => {}
        }
        let nothing = (wake.as_fd(), Interest::Nothing);
        let input = control.descriptor().map_or(nothing, |fd| (fd, Interest::Read));
        let [rung, said] = wait([(wake.as_fd(), Interest::Read), input], signs.pause())?;
        if rung {
            wake.clear();
        }
        if said {
            control.read_available();
        }
        if let Some(opening) = signs.due() {
            control.open_reply(opening);
        }
    }
}

fn panicked() -> StoreError {
    StoreError::new(ErrorKind::Other, Operation::CopyObject, "")
        .with_source("a bug: the helper panicked")
}
