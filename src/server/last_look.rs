//! Whether a stop may wait longer than it was given: only for stores that answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use log::warn;

use crate::limits;
use crate::store::{Cancel, ObjectStore};

/// Asks all stores once, in a thread of its own: one that never answers ends with the process.
#[derive(Debug)]
pub(super) struct LastLook {
    answered: Arc<AtomicBool>,
    cancel: Cancel,
}

impl LastLook {
    /// Begins to ask `stores`.
    pub(super) fn begin(stores: Vec<Arc<dyn ObjectStore>>) -> Self {
        let (answered, cancel) = (Arc::new(AtomicBool::new(false)), Cancel::new());
        let look = Self { answered: Arc::clone(&answered), cancel: cancel.clone() };
        let asking = Builder::new().name("last-look".to_owned());
        let asking = asking.stack_size(limits::WORKER_STACK_BYTES).spawn(move || {
            let all = stores.iter().all(|store| store.answers(&cancel).is_ok());
            answered.store(all, Ordering::Release);
        });
        if let Err(error) = asking {
            warn!("the stores are not asked whether they answer: {error}");
        }
        look
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
