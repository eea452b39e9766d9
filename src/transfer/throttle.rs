//! Rates: how many bytes may pass now, of one transfer, of all of a user, of all of the server.
//!
//! A bucket of tokens for each of them and each direction. It never sleeps: it tells how long to
//! wait, and the transfer waits where it waits for everything else. Bytes are taken when they have
//! passed, so that several transfers may share a bucket without reserving anything; what they took
//! too much together is paid back before the next byte passes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::metrics::Direction;

/// What may pass at once after a pause, as a share of a second's bytes …
const BURST: f64 = 0.25;

/// … and at least: less at once would cost more in system calls than it smooths.
const LEAST_BURST_BYTES: f64 = 16.0 * 1024.0;

/// A transfer waits until this share of a burst may pass.
const STEP: f64 = 0.25;

/// Longest wait that is told: a rate may have changed meanwhile.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// The operator's rates, bytes per second in each direction. `None`: no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// `max_rate_transfer`
    pub transfer: Option<u64>,
    /// `max_rate_user`: all transfers of one user together.
    pub user: Option<u64>,
    /// `max_rate_server`: all transfers together.
    pub server: Option<u64>,
}

/// What may pass now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    /// So many bytes, at least one.
    Bytes(usize),
    /// None for so long.
    Wait(Duration),
}

impl Allowance {
    /// Everything.
    pub(super) const ALL: Self = Self::Bytes(usize::MAX);

    /// How long nothing may pass; `None` when something may.
    pub(super) fn pause(self) -> Option<Duration> {
        match self {
            Self::Bytes(_) => None,
            Self::Wait(pause) => Some(pause),
        }
    }
}

/// The rates of one transfer. The default limits nothing and costs nothing.
#[derive(Clone, Debug, Default)]
pub struct Throttle(Vec<Arc<TokenBucket>>);

impl Throttle {
    /// What may pass at `now`.
    pub(super) fn allowance(&self, now: Instant) -> Allowance {
        let all = self.0.iter().map(|bucket| bucket.0.lock().allowance(now));
        all.fold(Allowance::ALL, |a, b| match (a, b) {
            (Allowance::Bytes(a), Allowance::Bytes(b)) => Allowance::Bytes(a.min(b)),
            (Allowance::Wait(a), Allowance::Wait(b)) => Allowance::Wait(a.max(b)),
            (Allowance::Wait(pause), _) | (_, Allowance::Wait(pause)) => Allowance::Wait(pause),
        })
    }

    /// So many bytes have passed at `now`.
    pub(super) fn take(&self, bytes: usize, now: Instant) {
        self.0.iter().for_each(|bucket| bucket.0.lock().take(bytes, now));
    }
}

/// The buckets that transfers share.
#[derive(Debug)]
pub struct Rates(Mutex<Shared>);

#[derive(Debug)]
struct Shared {
    limits: RateLimits,
    server: HashMap<Direction, Arc<TokenBucket>>,
    /// Of users with a transfer, or one that has not paid back yet what it took.
    users: HashMap<(String, Direction), Arc<TokenBucket>>,
}

impl Rates {
    /// With these limits for a beginning.
    pub fn new(limits: RateLimits) -> Self {
        let (server, users) = (HashMap::new(), HashMap::new());
        Self(Mutex::new(Shared { limits, server, users }))
    }

    /// From now on other limits hold: for the server as a whole at once, else for the transfers
    /// that begin.
    pub fn set(&self, limits: RateLimits) {
        let mut shared = self.0.lock();
        shared.limits = limits;
        for bucket in shared.server.values() {
            bucket.0.lock().set_rate(limits.server);
        }
    }

    /// For a transfer of `user`, whose own rate (`max_rate` of the account, 0 for no limit) comes
    /// before the one for all users.
    pub fn throttle(&self, direction: Direction, user: &str, own: Option<u64>) -> Throttle {
        let mut shared = self.0.lock();
        let now = Instant::now();
        let limits = shared.limits;
        let mut buckets = Vec::new();
        if let Some(rate) = limits.transfer {
            buckets.push(Arc::new(TokenBucket::new(rate, now)));
        }
        shared
            .users
            .retain(|_, bucket| Arc::strong_count(bucket) > 1 || !bucket.0.lock().rests(now));
        if let Some(rate) = own.or(limits.user).filter(|rate| *rate > 0) {
            let key = (user.to_owned(), direction);
            let bucket =
                shared.users.entry(key).or_insert_with(|| Arc::new(TokenBucket::new(rate, now)));
            bucket.0.lock().set_rate(Some(rate));
            buckets.push(Arc::clone(bucket));
        }
        if let Some(rate) = limits.server {
            let bucket = shared.server.entry(direction);
            buckets
                .push(Arc::clone(bucket.or_insert_with(|| Arc::new(TokenBucket::new(rate, now)))));
        }
        Throttle(buckets)
    }
}

/// Tokens of one rate.
#[derive(Debug)]
struct TokenBucket(Mutex<Tokens>);

impl TokenBucket {
    fn new(rate: u64, now: Instant) -> Self {
        Self(Mutex::new(Tokens::new(Some(rate), now)))
    }
}

/// What has been earned and not spent, as a function of the time that is given.
#[derive(Clone, Copy, Debug)]
struct Tokens {
    rate: Option<f64>,
    /// Bytes that may pass; below zero where more has passed than was allowed.
    credit: f64,
    at: Instant,
}

impl Tokens {
    fn new(rate: Option<u64>, now: Instant) -> Self {
        let rate = rate.map(|rate| rate.max(1) as f64);
        Self { rate, credit: rate.map_or(0.0, burst), at: now }
    }

    fn set_rate(&mut self, rate: Option<u64>) {
        self.rate = rate.map(|rate| rate.max(1) as f64);
    }

    fn allowance(&mut self, now: Instant) -> Allowance {
        self.earn(now);
        let Some(rate) = self.rate else { return Allowance::ALL };
        let step = burst(rate) * STEP;
        if self.credit >= step {
            return Allowance::Bytes(self.credit as usize);
        }
        let seconds = ((step - self.credit) / rate).min(LONGEST_PAUSE.as_secs_f64());
        // Rounded up: woken a moment too early, the transfer would wait once more.
        Allowance::Wait(Duration::from_secs_f64(seconds) + Duration::from_millis(1))
    }

    fn take(&mut self, bytes: usize, now: Instant) {
        self.earn(now);
        if self.rate.is_some() {
            self.credit -= bytes as f64;
        }
    }

    /// Whether nothing is owed: a new bucket would be the same.
    fn rests(&mut self, now: Instant) -> bool {
        self.earn(now);
        self.rate.is_none_or(|rate| self.credit >= burst(rate))
    }

    fn earn(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        self.at = self.at.max(now);
        if let Some(rate) = self.rate {
            self.credit = (self.credit + rate * passed.as_secs_f64()).min(burst(rate));
        }
    }
}

fn burst(rate: f64) -> f64 {
    (rate * BURST).max(LEAST_BURST_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets bytes pass as fast as `throttle` allows, in pieces of at most `piece`, until `end`.
    fn flow(throttle: &Throttle, begin: Instant, end: Instant, piece: usize) -> usize {
        let (mut now, mut passed) = (begin, 0);
        while now < end {
            match throttle.allowance(now) {
                Allowance::Wait(pause) => now += pause,
                Allowance::Bytes(bytes) => {
                    let bytes = bytes.min(piece);
                    throttle.take(bytes, now);
                    passed += bytes;
                }
            }
        }
        passed
    }

    fn one(rate: u64, now: Instant) -> Throttle {
        Throttle(vec![Arc::new(TokenBucket::new(rate, now))])
    }

    #[test]
    fn in_the_long_run_the_rate_is_kept() {
        for rate in [1000_u64, 100_000, 10_000_000] {
            for piece in [1000, 256 * 1024, 1 << 20] {
                let begin = Instant::now();
                let seconds = 100;
                let end = begin + Duration::from_secs(seconds);
                let passed = flow(&one(rate, begin), begin, end, piece) as f64;
                let expected = rate as f64 * seconds as f64;
                let slack = burst(rate as f64) + 1.0 + expected / 50.0;
                assert!((passed - expected).abs() <= slack, "{rate} {piece}: {passed}");
            }
        }
    }

    #[test]
    fn nothing_is_saved_up_beyond_a_burst() {
        let begin = Instant::now();
        let throttle = one(1_000_000, begin);
        throttle.take(250_000, begin);
        let later = begin + Duration::from_secs(3600);
        assert_eq!(throttle.allowance(later), Allowance::Bytes(250_000));
    }

    #[test]
    fn what_was_taken_too_much_is_paid_back() {
        let begin = Instant::now();
        let throttle = one(1_000_000, begin);
        throttle.take(2_250_000, begin);
        let Allowance::Wait(pause) = throttle.allowance(begin) else { panic!("it owes") };
        assert_eq!(pause.as_millis(), 2000 + 62 + 1);
        assert!(matches!(throttle.allowance(begin + pause), Allowance::Bytes(62_500..)));
    }

    #[test]
    fn a_clock_that_stands_still_or_steps_back_gives_nothing() {
        let begin = Instant::now() + Duration::from_secs(100);
        let throttle = one(1_000_000, begin);
        throttle.take(250_000, begin);
        for now in [begin, begin - Duration::from_secs(50), begin] {
            assert!(matches!(throttle.allowance(now), Allowance::Wait(_)));
        }
    }

    #[test]
    fn the_narrowest_rate_counts() {
        let now = Instant::now();
        let buckets =
            [8_000_000, 400_000, 4_000_000].map(|rate| Arc::new(TokenBucket::new(rate, now)));
        let throttle = Throttle(buckets.into());
        assert_eq!(throttle.allowance(now), Allowance::Bytes(100_000));
        throttle.take(1_100_000, now);
        let Allowance::Wait(pause) = throttle.allowance(now) else { panic!("it owes") };
        assert_eq!(pause.as_millis(), 2500 + 62 + 1);
    }

    #[test]
    fn no_limit_is_no_bucket() {
        let throttle = Rates::new(RateLimits::default()).throttle(Direction::Upload, "a", None);
        assert!(throttle.0.is_empty());
        assert_eq!(throttle.allowance(Instant::now()), Allowance::Bytes(usize::MAX));
    }

    #[test]
    fn each_limit_is_shared_by_whom_it_is_for() {
        let limits =
            RateLimits { transfer: Some(1 << 30), user: Some(1 << 20), server: Some(1 << 24) };
        let rates = Rates::new(limits);
        let throttle = |direction, user| rates.throttle(direction, user, None);
        let (first, second) = (throttle(Direction::Upload, "a"), throttle(Direction::Upload, "a"));
        let other_way = throttle(Direction::Download, "a");
        let other_user = throttle(Direction::Upload, "b");
        let shared = |a: &Throttle, b: &Throttle| -> Vec<bool> {
            a.0.iter().zip(&b.0).map(|(a, b)| Arc::ptr_eq(a, b)).collect()
        };
        assert_eq!(shared(&first, &second), [false, true, true]);
        assert_eq!(shared(&first, &other_way), [false, false, false]);
        assert_eq!(shared(&first, &other_user), [false, false, true]);
        // The account's own rate comes first.
        assert_eq!(rates.throttle(Direction::Upload, "c", Some(5)).0[1].0.lock().rate, Some(5.0));
    }

    #[test]
    fn a_user_is_remembered_until_it_owes_nothing() {
        let rates = Rates::new(RateLimits { user: Some(1), ..RateLimits::default() });
        let first = rates.throttle(Direction::Upload, "a", None);
        first.take(1 << 20, Instant::now());
        drop(first);
        let again = rates.throttle(Direction::Upload, "a", None);
        assert!(matches!(again.allowance(Instant::now()), Allowance::Wait(_)), "no fresh start");
        drop(rates.throttle(Direction::Upload, "b", None));
        drop(rates.throttle(Direction::Upload, "c", None));
        assert_eq!(rates.0.lock().users.len(), 2, "a, which owes, and c, just now");
    }

    #[test]
    fn the_servers_rate_changes_at_once() {
        let limits = |server| RateLimits { server, ..RateLimits::default() };
        let rates = Rates::new(limits(Some(1)));
        let running = rates.throttle(Direction::Download, "a", None);
        running.take(1 << 20, Instant::now());
        rates.set(limits(None));
        assert_eq!(running.allowance(Instant::now()), Allowance::Bytes(usize::MAX));
    }
}
