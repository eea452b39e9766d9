//! Signs of life to a client that waits for a reply while the store is at work for good reasons: a
//! line every few seconds, each of them part of the reply whose last line comes at the end.

use std::time::Duration;

use crate::protocol::Reply;
use crate::store::ReplyWait;
use crate::transfer::Patience;

/// How often a sign that is due is looked after in the time of one interval: the store may not be
/// at work yet.
const LOOKS: u32 = 10;

/// What the store got on with within this part of an interval counts.
const RECENTLY: u32 = 2;

/// The signs of one command.
#[derive(Debug)]
pub(super) struct Reassurance {
    wait: ReplyWait,
    interval: Duration,
    /// The line that is sent; its code is that of success.
    opening: Reply,
}

impl Reassurance {
    /// Signs to the client that waits as `wait` tells, one after each `interval`.
    pub(super) fn new(wait: ReplyWait, interval: Duration, opening: Reply) -> Self {
        Self { wait, interval, opening }
    }

    /// After how long the next sign is due, or to be looked after; `None` while nobody waits.
    pub(super) fn pause(&self) -> Option<Duration> {
        let (lasts, left) = (self.wait.lasts()?, self.wait.left()?);
        let step = self.interval / LOOKS;
        Some(self.interval.saturating_sub(lasts).max(step).min(left.max(step)))
    }

    /// The line to be sent now, if it is time and the store is at work. The client waits anew then.
    pub(super) fn due(&self) -> Option<&Reply> {
        let is_late = self.wait.lasts().is_some_and(|lasts| lasts >= self.interval);
        let is_due = is_late && self.wait.is_store_at_work(self.interval / RECENTLY);
        is_due.then(|| {
            self.wait.renew();
            &self.opening
        })
    }

    /// Whether the client will go on waiting.
    pub(super) fn patience(&self) -> Patience {
        match self.wait.left() {
            Some(Duration::ZERO) => Patience::Over,
            _ => Patience::Lasts,
        }
    }

    /// The data has ended, or the client has sent a command: now it waits.
    pub(super) fn begin(&self) {
        self.wait.renew();
    }

    /// The client is busy itself.
    pub(super) fn end(&self) {
        self.wait.pause();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Code, replies};

    const LONG: Duration = Duration::from_secs(60);

    fn signs(limit: Duration, interval: Duration) -> (ReplyWait, Reassurance) {
        let wait = ReplyWait::begin(limit);
        let opening = replies::still_at_work(Code::TRANSFER_COMPLETE);
        (wait.clone(), Reassurance::new(wait, interval, opening))
    }

    #[test]
    fn a_sign_comes_when_it_is_time_and_the_store_is_at_work() {
        let (wait, signs) = signs(LONG, Duration::ZERO);
        assert!(signs.due().is_none(), "nothing goes on");
        let working = wait.begin_long(Duration::ZERO);
        assert!(signs.due().is_some());
        drop(working);
        assert!(signs.due().is_none());
        signs.end();
        let _working = wait.begin_long(Duration::ZERO);
        assert!(signs.due().is_none() && signs.pause().is_none(), "nobody waits");
    }

    #[test]
    fn no_sign_comes_before_its_time() {
        let (wait, signs) = signs(LONG, LONG / 2);
        let _working = wait.begin_long(Duration::ZERO);
        assert!(signs.due().is_none());
        assert!(signs.pause().unwrap() > LONG / 4 && signs.pause().unwrap() <= LONG / 2);
    }

    #[test]
    fn patience_ends_with_the_wait() {
        let (_, late) = signs(Duration::ZERO, LONG);
        assert_eq!(late.patience(), Patience::Over);
        assert_eq!(late.pause(), Some(LONG / LOOKS), "nobody spins");
        late.end();
        assert_eq!(late.patience(), Patience::Lasts);
        assert_eq!(signs(LONG, LONG).1.patience(), Patience::Lasts);
    }
}
