//! Whether a thread shares a busy processor: how long it waits for one although it could run.

use std::fs;
use std::time::{Duration, Instant};

/// The processor may be the limit where a thread that could run has waited for it a tenth of the
/// time. Eight downloads on two processors wait for a quarter to two thirds of it where encryption
/// is what limits them, and for about a twentieth where the store is far.
const BUSY: u32 = 10;

/// Where the kernel tells how long the thread has run, and has waited to run, in nanoseconds.
const SCHEDULED: &str = "/proc/thread-self/schedstat";

/// How the processor was that a thread ran on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Processor {
    /// It could be had at once, or the kernel does not tell.
    Free,
    /// Others wanted it, too.
    Busy,
}

/// What one thread has waited for the processor since it began to look.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProcessorWatch {
    since: Instant,
    waited: Duration,
}

impl ProcessorWatch {
    /// Looks from `now` on.
    pub(super) fn begin(now: Instant) -> Self {
        Self { since: now, waited: waited() }
    }

    /// How it was until `now`. To be asked by the thread that began to look.
    pub(super) fn look(&self, now: Instant) -> Processor {
        let time = now.saturating_duration_since(self.since);
        judge(waited().saturating_sub(self.waited), time)
    }
}

fn judge(waited: Duration, time: Duration) -> Processor {
    match waited * BUSY > time {
        true => Processor::Busy,
        false => Processor::Free,
    }
}

/// How long this thread has waited so far; zero where the kernel does not tell.
fn waited() -> Duration {
    let told = fs::read_to_string(SCHEDULED).unwrap_or_default();
    let waited = told.split(' ').nth(1).and_then(|nanoseconds| nanoseconds.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_time_is_busy() {
        let time = Duration::from_millis(100);
        assert_eq!(judge(time / 9, time), Processor::Busy);
        assert_eq!(judge(time / 10, time), Processor::Free);
        assert_eq!(judge(Duration::ZERO, Duration::ZERO), Processor::Free);
    }
}
