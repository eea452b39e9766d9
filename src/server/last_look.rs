//! Whether a stop may wait longer than it was given: only for stores that answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use log::warn;

use crate::store::{Cancel, ObjectStore};
use crate::threads::{self, OwnedThread};

/// Asks all stores once, in a thread of its own: one that never answers ends with the process.
#[derive(Debug)]
pub(super) struct LastLook {
    answered: Arc<AtomicBool>,
    cancel: Cancel,
    /// It may outlive a stop, and ends with the process.
    _asking: Option<OwnedThread>,
}

impl LastLook {
    /// Begins to ask `stores`.
    pub(super) fn begin(stores: Vec<Arc<dyn ObjectStore>>) -> Self {
        let (answered, cancel) = (Arc::new(AtomicBool::new(false)), Cancel::new());
        let (own_answered, own_cancel) = (Arc::clone(&answered), cancel.clone());
        let asking = threads::spawn("last-look", move || {
            let all = stores.iter().all(|store| store.answers(&own_cancel).is_ok());
            own_answered.store(all, Ordering::Release);
        });
        let asking =
            asking.map_err(|error| warn!("the stores are not asked whether they answer: {error}"));
        Self { answered, cancel, _asking: asking.ok() }
    }

    /// Whether all of them have answered by now.
    pub(super) fn answered(&self) -> bool {
        self.answered.load(Ordering::Acquire)
    }
}

impl Drop for LastLook {
    fn drop(&mut self) {
        self.cancel.raise();
    }
}
