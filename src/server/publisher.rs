//! Publishes, as they are, parked uploads whose clients left without waiting and do not come back.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::registry::{SessionRegistry, StopRequest};
use crate::threads::{self, OwnedThread};
use crate::transfer::LeftUploads;

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
        while let Some(upload) = left.wait_for_due() {
            if !upload.publish() {
                if let Some(next) = left.add(upload, PAUSE) {
                    next.publish();
                }
                left.pause(PAUSE);
            }
        }
        while registry.stop_request() != StopRequest::AtOnce
            && let Some(upload) = left.take()
            && upload.publish()
        {}
    })
}
