//! How far the store's clock is from ours.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::{Duration as TimeSpan, OffsetDateTime};

/// What a `Date` leaves open.
const SECOND: TimeSpan = TimeSpan::SECOND;

/// How far off our clock may be before stores refuse what it signs.
const SIGNATURE_SLACK: TimeSpan = TimeSpan::minutes(15);

/// The store's clock minus ours, milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Clock(AtomicI64);

impl Clock {
    /// The time as the store has it, UTC.
    pub(crate) fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc() + self.skew()
    }

    /// Takes over the store's clock, as an answer's `Date` tells it.
    pub(crate) fn set(&self, store_time: OffsetDateTime) {
        self.set_skew(store_time - OffsetDateTime::now_utc());
    }

    /// Follows the store's clock, as an answer to a request that it took tells it: `store_time` is
    /// a whole second, and was so at some moment of the time that the request took.
    pub(crate) fn follow(&self, store_time: OffsetDateTime, took: Duration) {
        let ahead = store_time - OffsetDateTime::now_utc();
        let skew = self.skew();
        let followed = skew.clamp(ahead, ahead + SECOND + took);
        // Had it been so far off, the store would have refused the signature: this is another
        // clock.
        if followed != skew && (followed - skew).abs() < SIGNATURE_SLACK {
            self.set_skew(followed);
        }
    }

    fn skew(&self) -> TimeSpan {
        TimeSpan::milliseconds(self.0.load(Ordering::Relaxed))
    }

    fn set_skew(&self, skew: TimeSpan) {
        let milliseconds = i64::try_from(skew.whole_milliseconds()).unwrap_or_default();
        self.0.store(milliseconds, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_follows_the_store() {
        let clock = Clock::default();
        let store_time = OffsetDateTime::now_utc() + time::Duration::hours(3);
        clock.set(store_time);
        assert!((clock.now() - store_time).abs() < time::Duration::seconds(30));
    }

    #[test]
    fn the_clock_follows_every_answer_as_far_as_it_tells() {
        let clock = Clock::default();
        let is_off_by = |milliseconds: i64| {
            let off = clock.now() - OffsetDateTime::now_utc();
            (off - TimeSpan::milliseconds(milliseconds)).abs() < TimeSpan::milliseconds(300)
        };
        let hear = |milliseconds: i64, took: u64| {
            let date = OffsetDateTime::now_utc() + TimeSpan::milliseconds(milliseconds);
            clock.follow(date, Duration::from_millis(took));
        };
        for (told, took, followed) in [
            (-400, 0, 0),
            (120_000, 0, 120_000),
            (119_200, 0, 119_700),
            // It may have been given long before it came.
            (100_000, 30_000, 119_700),
            (100_000, 5_000, 106_000),
            (-3_000, 0, -2_000),
            (3_600_000, 0, -2_000),
        ] {
            hear(told, took);
            let off = clock.now() - OffsetDateTime::now_utc();
            assert!(is_off_by(followed), "{told} {took}: {off} for {followed}");
        }
    }
}
