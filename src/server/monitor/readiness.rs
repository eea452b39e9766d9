//! Whether the stores answer: asked of them at most every few seconds, however often somebody wants
//! to know, and in a thread of its own, so that nobody waits for them who need not.

use std::sync::Arc;
use std::time::Instant;
use std::{fmt, io};

use parking_lot::{Condvar, Mutex};

use crate::net::Wake;
use crate::store::{Cancel, ObjectStore};
use crate::threads::{self, OwnedThread};
use crate::{limits, metrics};

/// Asks the stores in a thread of its own. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Readiness(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    cancel: Cancel,
    /// Rung when the stores have answered.
    wake: Option<Wake>,
}

#[derive(Debug, Default)]
struct State {
    /// What the stores said last, and when.
    known: Option<(Instant, Result<(), String>)>,
    is_wanted: bool,
    thread: Option<OwnedThread<()>>,
}

impl State {
    /// What is known and not too old.
    fn fresh(&self) -> Option<&Result<(), String>> {
        let (at, answer) = self.known.as_ref()?;
        (at.elapsed() < limits::READINESS_CACHE).then_some(answer)
    }
}

impl Readiness {
    /// Starts it; nothing is asked before somebody wants to know. Rings `wake` when there is an
    /// answer.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(
        stores: impl Fn() -> Vec<Arc<dyn ObjectStore>> + Send + 'static,
        wake: Wake,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared { wake: Some(wake), ..Shared::default() });
        let own = Arc::clone(&shared);
        let thread = threads::spawn("readiness", move || own.run(stores))?;
        shared.state.lock().thread = Some(thread);
        Ok(Self(shared))
    }

    /// Whether all stores answer; the error tells which do not, and why. `None` while that is not
    /// known: they are being asked.
    pub(super) fn ask(&self) -> Option<Result<(), String>> {
        let mut state = self.0.state.lock();
        if let Some(answer) = state.fresh() {
            return Some(answer.clone());
        }
        state.is_wanted = true;
        self.0.changed.notify_all();
        None
    }

    /// Ends the thread. It may be waiting for a store until it has ended.
    pub(super) fn stop(self) -> Option<OwnedThread<()>> {
        self.0.cancel.raise();
        let thread = self.0.state.lock().thread.take();
        self.0.changed.notify_all();
        thread
    }
}

impl Shared {
    fn run(&self, stores: impl Fn() -> Vec<Arc<dyn ObjectStore>>) {
        loop {
            let idle = |state: &mut State| !state.is_wanted && !self.cancel.is_raised();
            self.changed.wait_while(&mut self.state.lock(), idle);
            if self.cancel.is_raised() {
                return;
            }
            let answer = self.ask_all(&stores());
            let mut state = self.state.lock();
            state.known = Some((Instant::now(), answer));
            state.is_wanted = false;
            drop(state);
            self.wake.iter().for_each(Wake::notify);
        }
    }

    fn ask_all(&self, stores: &[Arc<dyn ObjectStore>]) -> Result<(), String> {
        let asked = stores.iter().map(|store| (store, store.answers(&self.cancel)));
        let troubles: Vec<_> = asked
            .filter_map(|(store, answer)| {
                Some(format!("{}: {}\n", store.describe(), Brief(answer.err()?)))
            })
            .collect();
        if !troubles.is_empty() {
            return Err(troubles.concat());
        }
        metrics::note_good_probe();
        Ok(())
    }
}

/// A failure in few words: the whole of it is in the log.
struct Brief(crate::store::StoreError);

impl fmt::Display for Brief {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.kind)?;
        match (self.0.status, &self.0.code) {
            (Some(status), Some(code)) => write!(f, ", {status} {code}"),
            (Some(status), None) => write!(f, ", {status}"),
            (None, _) => Ok(()),
        }
    }
}
