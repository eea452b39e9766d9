//! How often something may happen.

use std::time::{Duration, Instant};

/// So many times in a while, evenly or all at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// From one time to the next, when it is even.
    interval: Duration,
    /// How far ahead of an even rate somebody may be.
    ahead: Duration,
}

/// Something that happens at a [`Quota`]. The generic cell rate algorithm: a token bucket of which
/// only the time is kept at which it is full again.
#[derive(Clone, Copy, Debug, Default)]
pub struct RateLimiter {
    full_at: Option<Instant>,
}

impl Quota {
    /// `times` in each `period`; 0 counts as 1.
    pub fn new(times: u32, period: Duration) -> Self {
        let interval = period / times.max(1);
        Self { interval, ahead: period.saturating_sub(interval) }
    }
}

impl RateLimiter {
    /// Whether it may happen at `now`; then it counts.
    ///
    /// # Errors
    /// How long to wait for the next time. It does not count.
    pub fn take(&mut self, quota: Quota, now: Instant) -> Result<(), Duration> {
        let full_at = self.full_at.map_or(now, |at| at.max(now));
        let ahead = full_at.saturating_duration_since(now);
        if ahead > quota.ahead {
            return Err(ahead - quota.ahead);
        }
        self.full_at = Some(full_at + quota.interval);
        Ok(())
    }

    /// Whether nothing that happened before `now` matters any more.
    pub fn is_at_rest(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_is_taken_and_then_the_rate_holds() {
        let (quota, start) = (Quota::new(4, SECOND), Instant::now());
        let mut limiter = RateLimiter::default();
        assert!(limiter.is_at_rest(start));
        for _ in 0..4 {
            assert_eq!(limiter.take(quota, start), Ok(()));
        }
        let wait = limiter.take(quota, start).unwrap_err();
        assert_eq!(wait, SECOND / 4);
        assert_eq!(limiter.take(quota, start + wait), Ok(()));
        assert!(limiter.take(quota, start + wait).is_err());
        assert!(!limiter.is_at_rest(start + SECOND));
        let later = start + wait + SECOND;
        assert!(limiter.is_at_rest(later));
        assert_eq!((0..9).filter(|_| limiter.take(quota, later).is_ok()).count(), 4);
    }

    #[test]
    fn refusals_do_not_count() {
        let (quota, start) = (Quota::new(1, SECOND), Instant::now());
        let mut limiter = RateLimiter::default();
        assert_eq!(limiter.take(quota, start), Ok(()));
        for _ in 0..100 {
            assert_eq!(limiter.take(quota, start), Err(SECOND));
        }
        assert_eq!(limiter.take(quota, start + SECOND), Ok(()));
    }
}
