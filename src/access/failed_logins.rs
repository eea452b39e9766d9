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
    /// Counts a failed login, unless it is one of the latest once more.
    pub(super) fn note(&mut self, fingerprint: u64, window: Duration, now: Instant) -> Guess {
        if !self.counts(window, now) {
            (self.began, self.count) = (Some(now), 0);
        }
        let is_new = !self.latest.contains(&fingerprint);
        if is_new {
            self.latest.rotate_right(1);
            self.latest[0] = fingerprint;
            self.count = self.count.saturating_add(1);
        }
        Guess { count: self.count.max(1), is_new }
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

/// One failed login among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    /// How many there are in the window, at least one.
    pub(super) count: u32,
    /// It is not one of the latest once more.
    pub(super) is_new: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    #[test]
    fn failures_count_within_their_window() {
        let start = Instant::now();
        let mut failed_logins = FailedLogins::default();
        for n in 1..=10 {
            assert_eq!(
                failed_logins.note(u64::from(n), WINDOW, start),
                Guess { count: n, is_new: true }
            );
        }
        let last = start + WINDOW - Duration::from_secs(1);
        assert_eq!(failed_logins.note(11, WINDOW, last).count, 11);
        assert_eq!(failed_logins.note(12, WINDOW, start + WINDOW).count, 1);
        failed_logins.forget();
        assert_eq!(failed_logins.note(13, WINDOW, start + WINDOW).count, 1);
    }

    #[test]
    fn the_same_failure_again_does_not_count() {
        let start = Instant::now();
        let mut failed_logins = FailedLogins::default();
        for n in 0..100 {
            for camera in 1..=3 {
                let guess = failed_logins.note(camera, WINDOW, start);
                assert!(guess.count <= 3 && guess.is_new == (n == 0), "{guess:?}");
            }
        }
        // More different ones than are remembered are guesses.
        let counts = (1..=10).cycle().take(50).map(|n| failed_logins.note(n, WINDOW, start).count);
        assert!(counts.last().unwrap() > 45);
    }
}
