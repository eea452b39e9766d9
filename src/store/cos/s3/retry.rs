//! When a failed request is tried again: with growing pauses, within a bounded time.
//!
//! What only asks is given up after a few tries, because somebody waits for the reply and can ask
//! again. What writes is tried until the time is over: behind it stands what a client has sent,
//! which it may not be able to send once more.

use std::thread;
use std::time::{Duration, Instant};

use super::failure::Remedy;
use crate::store::Cancel;

/// Tries of a request that only asks, the first included.
const TRIES: u32 = 6;

/// Tries after which the pauses do not grow any more: up to 6.4 s.
const GROWING_TRIES: u32 = 6;

/// Pause before the second try; doubled before each further one, halved or not by chance.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// How often a pause looks at the cancel flag.
const CANCEL_LOOK: Duration = Duration::from_millis(50);

/// How long a request is worth trying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryPolicy {
    /// A few times.
    FewTries,
    /// As long as there is time.
    WhileInTime,
}

/// What the tries so far tell the next one.
#[derive(Debug)]
pub(crate) struct Attempts {
    policy: RetryPolicy,
    /// Tries so far.
    pub(crate) tries: u32,
    /// Connections that died under the request.
    pub(crate) disconnects: u32,
    /// Tries in a row that got no answer of the store's own, which has a request id.
    pub(crate) unanswered: u32,
    /// The next try takes no connection from the pool.
    pub(crate) fresh: bool,
    clock_was_set: bool,
    keys_were_replaced: bool,
}

impl Attempts {
    /// No try yet.
    pub(crate) fn of(policy: RetryPolicy) -> Self {
        Self {
            policy,
            tries: 0,
            disconnects: 0,
            unanswered: 0,
            fresh: false,
            clock_was_set: false,
            keys_were_replaced: false,
        }
    }

    /// Whether the last try, which failed, got an answer of the store's own.
    pub(crate) fn note_answer(&mut self, was_answered: bool) {
        self.unanswered = if was_answered { 0 } else { self.unanswered + 1 };
    }

    /// What to wait before the next try, or `None` when there is none. `left` is what remains of
    /// the time all tries may take together.
    pub(crate) fn after(&mut self, remedy: Remedy, left: Duration) -> Option<Duration> {
        self.fresh = false;
        match remedy {
            Remedy::None => return None,
            Remedy::SetClock if self.clock_was_set => return None,
            Remedy::SetClock => {
                self.clock_was_set = true;
                return Some(Duration::ZERO);
            }
            Remedy::NewKeys if self.keys_were_replaced => return None,
            Remedy::NewKeys => {
                self.keys_were_replaced = true;
                return Some(Duration::ZERO);
            }
            Remedy::NewConnection => {
                self.disconnects += 1;
                self.fresh = true;
                if self.disconnects == 1 {
                    return Some(Duration::ZERO);
                }
            }
            Remedy::Wait => {}
        }
        let pause = FIRST_PAUSE * 2u32.pow(self.tries.clamp(1, GROWING_TRIES) - 1);
        let pause = pause.mul_f64(0.5 + fastrand::f64() / 2.0);
        let is_worth_it = self.policy == RetryPolicy::WhileInTime || self.tries < TRIES;
        (is_worth_it && pause < left).then_some(pause)
    }
}

/// Waits, but not longer than somebody wants the request.
pub(crate) fn back_off(pause: Duration, cancel: Option<&Cancel>) {
    let end = Instant::now() + pause;
    while !cancel.is_some_and(Cancel::is_raised) {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        thread::sleep(if cancel.is_some() { left.min(CANCEL_LOOK) } else { left });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_bad_moment_is_waited_out_with_growing_pauses_a_few_times() {
        let mut attempts = Attempts::of(RetryPolicy::FewTries);
        let mut pauses = Vec::new();
        loop {
            attempts.tries += 1;
            let Some(pause) = attempts.after(Remedy::Wait, LONG) else { break };
            pauses.push(pause);
        }
        assert_eq!(attempts.tries, TRIES);
        for (at, pause) in pauses.iter().enumerate() {
            let full = FIRST_PAUSE * 2u32.pow(u32::try_from(at).unwrap());
            assert!((full / 2..=full).contains(pause), "pause {at}: {pause:?}");
        }
    }

    #[test]
    fn what_writes_is_tried_until_the_time_is_over() {
        let longest = FIRST_PAUSE * 2u32.pow(GROWING_TRIES - 1);
        let mut attempts = Attempts { tries: 50, ..Attempts::of(RetryPolicy::WhileInTime) };
        let pause = attempts.after(Remedy::Wait, LONG).unwrap();
        assert!((longest / 2..=longest).contains(&pause), "{pause:?}");
        assert_eq!(attempts.after(Remedy::Wait, longest / 2), None);
    }

    #[test]
    fn no_try_begins_after_the_time_for_all_of_them() {
        let mut attempts = Attempts { tries: 1, ..Attempts::of(RetryPolicy::WhileInTime) };
        assert_eq!(attempts.after(Remedy::Wait, Duration::from_millis(10)), None);
    }

    #[test]
    fn a_stale_connection_is_replaced_at_once_but_once() {
        let mut attempts = Attempts { tries: 1, ..Attempts::of(RetryPolicy::WhileInTime) };
        assert_eq!(attempts.after(Remedy::NewConnection, Duration::ZERO), Some(Duration::ZERO));
        assert!(attempts.fresh);
        attempts.tries = 2;
        assert!(attempts.after(Remedy::NewConnection, LONG).unwrap() > Duration::ZERO);
        assert_eq!(attempts.disconnects, 2);
    }

    #[test]
    fn the_clock_is_set_once() {
        let mut attempts = Attempts { tries: 1, ..Attempts::of(RetryPolicy::WhileInTime) };
        assert_eq!(attempts.after(Remedy::SetClock, LONG), Some(Duration::ZERO));
        attempts.tries = 2;
        assert_eq!(attempts.after(Remedy::SetClock, LONG), None);
        assert_eq!(attempts.after(Remedy::None, LONG), None);
    }

    #[test]
    fn keys_are_replaced_once() {
        let mut attempts = Attempts { tries: 1, ..Attempts::of(RetryPolicy::WhileInTime) };
        assert_eq!(attempts.after(Remedy::NewKeys, LONG), Some(Duration::ZERO));
        assert_eq!(attempts.after(Remedy::NewKeys, LONG), None);
    }

    #[test]
    fn a_cancelled_pause_ends() {
        let cancel = Cancel::new();
        cancel.raise();
        let begun = Instant::now();
        back_off(LONG, Some(&cancel));
        assert!(begun.elapsed() < LONG / 2);
    }
}
