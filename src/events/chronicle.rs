//! All who want to know what happens to files: the receiver of events, the ledger, the transfer
//! log. Each is there or not; where none is, nothing is written.

use std::sync::Arc;

use super::ledger::Ledger;
use super::options::EventKind;
use super::queue::{EventBacklog, EventQueue};
use super::record::Event;
use super::transfer_log::TransferLog;

/// Who wants to know.
#[derive(Debug, Default)]
pub struct Chronicle {
    /// `[EVENTS]`
    pub queue: Option<Arc<EventQueue>>,
    /// `ledger`
    pub ledger: Option<Ledger>,
    /// `transfer_log`
    pub transfers: Option<TransferLog>,
}

impl Chronicle {
    /// What waits to be told; `None` where no receiver wants to know.
    pub fn backlog(&self) -> Option<EventBacklog> {
        self.queue.as_ref().map(|queue| queue.backlog())
    }

    /// A store has confirmed what `event` tells; `intent` is that of it in the queue. The ledger
    /// comes first: what a crash keeps from the journal is settled later and entered once more,
    /// under the same id.
    pub(super) fn settle(&self, intent: Option<u64>, mut event: Event, is_directory: bool) {
        event.stamp();
        self.enter(&event);
        if let Some((queue, intent)) = self.queue.as_ref().zip(intent) {
            queue.settle(intent, event, is_directory);
        }
    }

    /// The same of what leaves nothing in a store.
    pub(super) fn note(&self, event: Event) {
        self.enter(&event);
        let wants = |queue: &&Arc<EventQueue>| queue.wants(event.kind, &event.path);
        if let Some(queue) = self.queue.as_ref().filter(wants)
            && !queue.drops()
        {
            queue.note(event);
        }
    }

    fn enter(&self, event: &Event) {
        // Of what is parked or refused no file stands.
        let stands = !matches!(event.kind, EventKind::Parked | EventKind::Infected);
        if let Some(ledger) = self.ledger.as_ref().filter(|_| stands) {
            ledger.enter(event);
        }
    }

    /// Whether anybody is told by [`Self::note`].
    pub(super) fn is_told_of_events(&self) -> bool {
        self.queue.is_some() || self.ledger.is_some()
    }
}
