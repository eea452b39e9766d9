//! Publishes, as they are, parked uploads whose clients left without waiting and do not come back.

use std::io;
use std::sync::Arc;

use super::registry::{SessionRegistry, StopRequest};
use crate::threads::{self, OwnedThread};
use crate::transfer::LeftUploads;

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
            left.publish(due);
        }
        publish_all(&left, &registry);
    })
}

/// Publishes what waits, but what gives way to a newer one: both are there for the next server.
fn publish_all(left: &LeftUploads, registry: &SessionRegistry) {
    let mut unpublished = 0;
    while let Some(due) = left.take() {
        if registry.stop_request() == StopRequest::AtOnce {
            left.leave(&due);
            unpublished += 1;
        } else if !left.publish_last(due) {
            unpublished += 1;
        }
    }
    if unpublished > 0 {
        log::warn!("{unpublished} uploads that were left stay parked: the server ends before");
    }
}
