//! Bounds of the metrics listener and of the probes it answers.

use std::time::Duration;

/// Clients of the metrics listener that are attended to at once; of more, those that ask nothing
/// make room.
pub const MONITOR_CONNECTIONS: usize = 16;

/// Longest head of a request to the metrics listener.
pub const MONITOR_REQUEST_BYTES: usize = 8 * 1024;

/// How long a client of the metrics listener may take for its request, and for taking the answer.
pub const MONITOR_TIMEOUT: Duration = Duration::from_secs(5);

/// How long what the stores answered to a readiness probe holds.
pub const READINESS_CACHE: Duration = Duration::from_secs(5);

/// How long a readiness probe waits for the stores; probes of orchestrators give up soon.
pub const READINESS_WAIT: Duration = Duration::from_secs(2);
