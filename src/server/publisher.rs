//! Publishes, as they are, parked uploads whose clients left without waiting and do not come back.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::registry::{SessionRegistry, StopRequest};
use crate::threads::{self, OwnedThread};
use crate::transfer::{DueUpload, LeftOutcome, LeftUploads};

/// How long nothing is published after a store did not answer.
const PAUSE: Duration = Duration::from_secs(60);

/// Starts the thread. When `left` is closed it publishes what waits, and ends: whoever comes back
/// later finds the file, and goes on with that.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn start(
    left: Arc<LeftUploads>,
    registry: Arc<SessionRegistry>,
) -> io::Result<OwnedThread<()>> {
    threads::spawn("publisher", move || {
        while let Some(due) = left.wait_for_due() {
            try_to_publish(due, &left);
        }
        publish_all(&left, &registry);
    })
}

/// Tries one whose time has come, and keeps it where it is to be tried again.
fn try_to_publish(mut due: DueUpload, left: &LeftUploads) {
    let outcome = due.publish(left);
    let pause = match outcome {
        LeftOutcome::Ended => return,
        LeftOutcome::Waits | LeftOutcome::Taken => due.patience(),
        LeftOutcome::StoreAway => PAUSE,
    };
    if let Some(next) = left.try_again(due, pause) {
        left.publish_early(next);
    }
    if outcome == LeftOutcome::StoreAway {
        left.pause(pause);
    }
}

/// Publishes what waits, but what gives way to a newer one: both are there for the next server.
fn publish_all(left: &LeftUploads, registry: &SessionRegistry) {
    let mut unpublished = 0;
    while let Some(due) = left.take() {
        let is_tried = unpublished == 0 && registry.stop_request() != StopRequest::AtOnce;
        if !is_tried || due.try_early(left) == LeftOutcome::StoreAway {
            unpublished += 1;
        }
    }
    if unpublished > 0 {
        log::warn!("{unpublished} uploads that were left stay parked: the server ends before");
    }
}
