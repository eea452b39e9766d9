//! Commands without data that may take the store minutes (RNTO, MFMT): a helper waits for the
//! store, while the session's thread stays with its client.

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::Duration;

use super::command_wait::CommandWait;
use super::control_line::ControlLine;
use super::handle::{SessionHandle, StopSignal, StopStage};
use super::reassurance::Reassurance;
use super::wake::OwnWake;
use crate::net::{Interest, Wake, wait};
use crate::protocol::{Code, replies};
use crate::store::{ErrorKind, ObjectStore, Operation, Result as StoreResult, StoreError};
use crate::threads;

/// Between two looks whether the session is to end, once its client says nothing more.
const LOOK: Duration = Duration::from_millis(500);

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
    pub(super) handle: &'a SessionHandle,
    pub(super) stop: &'a StopSignal,
}

impl LongWork<'_, '_> {
    /// Has `work` done, whose reply in the end has the code `success`. Once begun it is done to its
    /// end: a client that leaves, and a server that stops, do not leave a rename half-way. Only
    /// what can be given up and leaves nothing ends when the operator says so, or running transfers
    /// do.
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
            let is_to_end =
                || self.handle.is_kicked() || self.stop.stage() >= StopStage::Interrupting;
            let give_up = || self.wait.present().given_up().raise();
            let waiting = Waiting { signs: &signs, wake: &wake, is_to_end: &is_to_end };
            attend(self.control, &waiting, &outcome, give_up).unwrap_or_else(|error| {
                log::error!("cannot wait for commands: {error}");
                outcome.recv().unwrap_or_else(|_| Err(panicked()))
            })
        })
    }
}

/// What wakes a session's thread that waits for its helper.
struct Waiting<'w> {
    signs: &'w Reassurance,
    wake: &'w Wake,
    is_to_end: &'w dyn Fn() -> bool,
}

/// Waits for the `outcome`. What the client says meanwhile is kept for later.
fn attend<T>(
    control: &mut ControlLine<'_>,
    waiting: &Waiting<'_>,
    outcome: &Receiver<StoreResult<T>>,
    give_up: impl Fn(),
) -> io::Result<StoreResult<T>> {
    let Waiting { signs, wake, is_to_end } = waiting;
    loop {
        match outcome.try_recv() {
            Ok(outcome) => return Ok(outcome),
            Err(TryRecvError::Disconnected) => return Ok(Err(panicked())),
            Err(TryRecvError::Empty) => {}
        }
        if is_to_end() {
            give_up();
        }
        let nothing = (wake.as_fd(), Interest::Nothing);
        let descriptor = control.descriptor();
        let input = descriptor.map_or(nothing, |fd| (fd, Interest::Read));
        // Whoever ends a session ends what its client says. Behind that nothing rings.
        let pause = match descriptor {
            Some(_) => signs.pause(),
            None => Some(signs.pause().map_or(LOOK, |pause| pause.min(LOOK))),
        };
        let [rung, said] = wait([(wake.as_fd(), Interest::Read), input], pause)?;
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
