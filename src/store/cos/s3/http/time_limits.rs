//! How long one try of a request may take: what the operator allows, and no longer than the client
//! waits for whom it is sent.

use std::time::Duration;

use ureq::http;
use ureq::{Agent, AsSendBody};

use crate::store::cos::options::Timeouts;

/// How long the store may take to say that it wants a body it was asked about.
const CONTINUE_WAIT: Duration = Duration::from_secs(5);

/// What resolving the name may take of the time that a client still waits, one n-th: as what
/// follows must be bounded, too, it gets a part of it.
const RESOLVE_SHARE: u32 = 3;

/// The same for connecting, which takes much less where it comes to something.
const CONNECT_SHARE: u32 = 5;

/// How long the answer may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerTime {
    Usual,
    /// Complete and copies: COS may chew on them for minutes.
    Long,
}

/// What a try ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// The whole answer.
    Whole,
    /// An answer's head, or that of a request with a body: what the rest takes is not known.
    Open,
}

/// The limits of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    whole: Option<Duration>,
    resolve: Option<Duration>,
    connect: Duration,
    send_body: Duration,
    /// Each write.
    write: Duration,
    answer: Duration,
    /// After how long a request has reached the store for sure, if it ever does.
    pub(crate) reach: Duration,
}

impl TimeLimits {
    /// What the operator allows; with `left`, what a client that waits still has time for.
    /// `resolved`: whether the host's address is known.
    pub(crate) fn of(
        timeouts: &Timeouts,
        patience: AnswerTime,
        extent: Extent,
        left: Option<Duration>,
        resolved: bool,
    ) -> Self {
        let answer = match patience {
            AnswerTime::Usual => timeouts.response,
            AnswerTime::Long => timeouts.complete,
        };
        let usual = Self {
            whole: None,
            resolve: None,
            connect: timeouts.connect,
            send_body: timeouts.send_body,
            write: timeouts.response,
            answer,
            reach: timeouts.connect,
        };
        let Some(left) = left else { return usual };
        if patience == AnswerTime::Usual && extent == Extent::Whole {
            return Self { whole: Some(left), ..usual };
        }
        let resolve = left / RESOLVE_SHARE;
        let connect = timeouts.connect.min(left / CONNECT_SHARE);
        let reach = if resolved { connect } else { resolve + connect };
        let rest = left.saturating_sub(reach);
        let write = usual.write.min(rest);
        let bounded = Self { resolve: Some(resolve), connect, write, reach, ..usual };
        match patience {
            AnswerTime::Usual => Self { answer: answer.min(rest), ..bounded },
            // It is under way then, and who waits is told so.
            AnswerTime::Long => bounded,
        }
    }

    /// Makes them the limits of `request`; `fresh`: no connection that served before.
    pub(crate) fn apply<S: AsSendBody>(
        &self,
        agent: &Agent,
        request: http::Request<S>,
        fresh: bool,
    ) -> http::Request<S> {
        let config = agent
            .configure_request(request)
            .timeout_per_call(self.whole)
            .timeout_resolve(self.resolve)
            .timeout_connect(Some(self.connect))
            .timeout_send_request(Some(self.write))
            .timeout_await_100(Some(CONTINUE_WAIT))
            .timeout_send_body(Some(self.send_body))
            .timeout_recv_response(Some(self.answer))
            // It also covers the wait for the answer, so it must not be the shorter one.
            .timeout_per_read(Some(self.answer))
            .timeout_per_write(Some(self.write));
        if fresh { config.max_idle_age(Duration::ZERO).build() } else { config.build() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits(
        patience: AnswerTime,
        extent: Extent,
        left: Option<u32>,
        resolved: bool,
    ) -> TimeLimits {
        let left = left.map(|left| left * SECOND);
        TimeLimits::of(&Timeouts::default(), patience, extent, left, resolved)
    }

    #[test]
    fn without_somebody_who_waits_the_operator_alone_decides() {
        for (patience, answer) in [(AnswerTime::Usual, 60), (AnswerTime::Long, 1200)] {
            for extent in [Extent::Whole, Extent::Open] {
                let limits = limits(patience, extent, None, false);
                assert_eq!((limits.whole, limits.resolve), (None, None));
                assert_eq!((limits.connect, limits.answer), (10 * SECOND, answer * SECOND));
            }
        }
    }

    #[test]
    fn the_steps_of_a_try_together_are_within_what_is_left() {
        for left in [1, 3, 14, 30] {
            let whole = limits(AnswerTime::Usual, Extent::Whole, Some(left), false);
            assert_eq!(whole.whole, Some(left * SECOND));
            for resolved in [true, false] {
                let open = limits(AnswerTime::Usual, Extent::Open, Some(left), resolved);
                let resolving = if resolved { Duration::ZERO } else { open.resolve.unwrap() };
                assert!(resolving + open.connect + open.answer <= left * SECOND, "{open:?}");
                assert!(open.answer >= left * SECOND / 4 && open.write == open.answer, "{open:?}");
            }
        }
    }

    #[test]
    fn what_takes_minutes_is_bounded_until_it_is_under_way() {
        let long = limits(AnswerTime::Long, Extent::Whole, Some(15), false);
        assert_eq!((long.whole, long.answer), (None, 1200 * SECOND));
        assert_eq!(long.reach, 8 * SECOND);
        assert_eq!(limits(AnswerTime::Long, Extent::Whole, Some(15), true).reach, 3 * SECOND);
        assert_eq!(limits(AnswerTime::Long, Extent::Whole, None, false).reach, 10 * SECOND);
    }
}
