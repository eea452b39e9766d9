//! Publishes, as they are, parked uploads whose clients left without waiting and do not come back.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::registry::{SessionRegistry, StopRequest};
use super::reload::Rules;
use crate::threads::{self, OwnedThread};

/// How long nothing is looked at while nothing waits, and after a store did not answer.
const PAUSE: Duration = Duration::from_secs(60);

/// Starts the thread. When a stop is requested it publishes what waits, and ends: whoever comes
/// back later finds the file, and goes on with that.
///
/// # Errors
/// When the system gives no thread.
pub(super) fn start(
    rules: Arc<Rules>,
    registry: Arc<SessionRegistry>,
) -> io::Result<OwnedThread<()>> {
    threads::spawn("publisher", move || {
        while registry.stop_request() == StopRequest::None {
            registry.pause(publish_due(&rules));
        }
        let left = Arc::clone(&rules.host().left_uploads);
        while registry.stop_request() != StopRequest::AtOnce
            && let Some(upload) = left.take()
            && upload.publish()
        {}
    })
}

/// Publishes what is due. Tells how long nothing else will be.
fn publish_due(rules: &Rules) -> Duration {
    let host = rules.host();
    let (left, patience) = (&host.left_uploads, host.options.transfer.publish_parked);
    let mut pause = patience.map_or(PAUSE, |patience| patience.min(PAUSE));
    while let Some(upload) = left.take_due(Instant::now()) {
        if !upload.publish() {
            left.add(upload, PAUSE);
            pause = PAUSE;
            break;
        }
    }
    match left.next_due() {
        Some(due) => pause.min(due.saturating_duration_since(Instant::now())),
        None => pause,
    }
}
