//! What the log is told of tries that failed and are made again: while a store does not serve, a
//! line a minute, and each of them at level DEBUG. A request that is given up is told by whoever
//! wanted it, with the number of its tries.

use std::time::{Duration, Instant};

use log::Level;
use parking_lot::Mutex;

use crate::limits;
use crate::store::{ErrorKind, StoreError};

/// The failed tries of all requests to one bucket.
#[derive(Debug, Default)]
pub(crate) struct FailedTries(Mutex<Vec<LastLine>>);

/// What was told lately of one kind of failure.
#[derive(Debug)]
struct LastLine {
    kind: (ErrorKind, Option<u16>),
    at: Instant,
    left_out: u32,
}

impl FailedTries {
    /// Tells that the try `number` of a request to `place` failed with `error`, and is made again
    /// after `pause`.
    pub(super) fn tell(&self, number: u32, pause: Duration, place: &str, error: &StoreError) {
        let left_out = self.count((error.kind, error.status), Instant::now());
        let (level, more) = match left_out {
            None => (Level::Debug, String::new()),
            Some(0) => (Level::Warn, String::new()),
            Some(more) => (Level::Warn, format!("; {more} more such tries since the last line")),
        };
        let pause = pause.as_millis();
        log::log!(level, "try {number} failed, again in {pause} ms, at {place}: {error}{more}");
    }

    /// One more of this kind. If it is to be told at once: how many were not since the last one.
    fn count(&self, kind: (ErrorKind, Option<u16>), now: Instant) -> Option<u32> {
        let mut lines = self.0.lock();
        let Some(line) = lines.iter_mut().find(|line| line.kind == kind) else {
            lines.push(LastLine { kind, at: now, left_out: 0 });
            return Some(0);
        };
        if now.saturating_duration_since(line.at) < limits::REPEAT_INTERVAL {
            line.left_out += 1;
            return None;
        }
        line.at = now;
        Some(std::mem::take(&mut line.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_kind_a_line_a_minute_is_told_with_the_number_of_others() {
        let tries = FailedTries::default();
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let dead = (ErrorKind::Unavailable, None);
        assert_eq!(tries.count(dead, begun), Some(0));
        for second in 1..10 {
            assert_eq!(tries.count(dead, after(second)), None);
        }
        assert_eq!(tries.count((ErrorKind::Unavailable, Some(503)), after(10)), Some(0));
        assert_eq!(tries.count(dead, after(60)), Some(9));
        assert_eq!(tries.count(dead, after(61)), None);
        assert_eq!(tries.count(dead, after(200)), Some(1));
    }
}
