//! The maxima of the events, their journal and their deliveries.

use std::time::Duration;

/// Bytes after which the journal of events begins another file. Small enough that one of which
/// little still waits can be copied and removed in a moment.
pub const EVENT_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// Files of the journal, beside four times what waits: of more, the oldest is copied and removed.
pub const EVENT_SEGMENTS: u64 = 8;

/// How long an event waits after its first delivery that failed; each further one doubles it.
pub const EVENT_FIRST_PAUSE: Duration = Duration::from_millis(250);

/// Longest wait between two deliveries of an event: so late at most does a receiver that is back
/// hear of it.
pub const EVENT_LAST_PAUSE: Duration = Duration::from_secs(60);

/// Deliveries that fail in a row, of whichever events, before all of them wait: a receiver that is
/// gone is not tried once for each event.
pub const EVENT_FAILURES_IN_A_ROW: u32 = 8;

/// What is read of what a receiver answers; it says nothing beyond its status.
pub const EVENT_ANSWER_BYTES: u64 = 64 * 1024;

/// For how long a store that does not show what an intent was about is asked again, before that
/// has come to nothing: a request whose client was killed may still be carried out.
pub const EVENT_DOUBT: Duration = Duration::from_secs(60);
