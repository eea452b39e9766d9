//! The failed logins of one source.

use std::time::{Duration, Instant};

/// Wrong logins that are told from new ones. A device with an old password sends the same again and
/// again; somebody who guesses does not.
const REMEMBERED: usize = 4;

/// Failed logins within a window, which begins with the first of them.
#[derive(Clone, Debug, Default)]
pub(super) struct FailedLogins {
    began: Option<Instant>,
    count: u32,
    /// Fingerprints of the latest, newest first; 0 is none.
    latest: [u64; REMEMBERED],
}

impl FailedLogins {
    /// Counts a failed login, unless it is one of the latest once more. Tells how many there are
    /// in the window, at least one.
    pub(super) fn note(&mut self, fingerprint: u64, window: Duration, now: Instant) -> u32 {
        if !self.counts(window, now) {
            (self.began, self.count) = (Some(now), 0);
        }
        if !self.latest.contains(&fingerprint) {
            self.latest.rotate_right(1);
            self.latest[0] = fingerprint;
            self.count = self.count.saturating_add(1);
        }
        self.count.max(1)
    }

    /// Begins to count anew.
    pub(super) fn forget(&mut self) {
        (self.began, self.count) = (None, 0);
    }

    /// Whether the window is still open.
    pub(super) fn counts(&self, window: Duration, now: Instant) -> bool {
        self.began.is_some_and(|began| now.saturating_duration_since(began) < window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    #[test]
    fn failures_count_within_their_window() {
        let start = Instant::now();
        let mut guesses = FailedLogins::default();
        for n in 1..=10 {
            assert_eq!(guesses.note(u64::from(n), WINDOW, start), n);
        }
        assert_eq!(guesses.note(11, WINDOW, start + WINDOW - Duration::from_secs(1)), 11);
        assert_eq!(guesses.note(12, WINDOW, start + WINDOW), 1);
        guesses.forget();
        assert_eq!(guesses.note(13, WINDOW, start + WINDOW), 1);
    }

    #[test]
    fn the_same_failure_again_does_not_count() {
        let start = Instant::now();
        let mut guesses = FailedLogins::default();
        for _ in 0..100 {
            for camera in 1..=3 {
                assert!(guesses.note(camera, WINDOW, start) <= 3);
            }
        }
        // More different ones than are remembered are guesses.
        let counts = (1..=10).cycle().take(50).map(|n| guesses.note(n, WINDOW, start));
        assert!(counts.last().unwrap() > 45);
    }
}
