//! What the operator does about bans, and is told of them.

use std::time::{Duration, Instant};

use super::{AccessControl, AdmittedClient, State};
use crate::access::operator_bans::{Ban, BanSubject, TooManyBans};

impl AccessControl {
    /// From now on nobody who is meant by `subject` is let in, for `time`, or as long as the
    /// process lives. Whoever is in stays in.
    ///
    /// # Errors
    /// [`TooManyBans`].
    pub fn ban(&self, subject: BanSubject, time: Option<Duration>) -> Result<(), TooManyBans> {
        let now = Instant::now();
        // So long that nobody will see its end.
        let until = time.and_then(|time| now.checked_add(time));
        self.state.lock().operator_bans.add(subject, until, now)
    }

    /// Lets them in again, also those whom failed logins have banned. Tells whether there was a
    /// ban.
    pub fn lift_ban(&self, subject: &BanSubject) -> bool {
        let now = Instant::now();
        let mut state = self.state.lock();
        let State { visitors, operator_bans, .. } = &mut *state;
        let was_banned = operator_bans.lift(subject, now);
        let BanSubject::Source(source) = subject else { return was_banned };
        let Some(visitor) = visitors.get(*source) else { return was_banned };
        let by_failures = visitor.ban_left(now).is_some();
        visitor.banned_until = None;
        visitor.failed_logins.forget();
        was_banned || by_failures
    }

    /// All bans that hold: first the operator's, then those by failed logins that are not among
    /// them, each in an order of their own that does not change.
    pub fn bans(&self) -> Vec<Ban> {
        let now = Instant::now();
        let state = self.state.lock();
        let bans = &state.operator_bans;
        let by_failures =
            state.visitors.bans(now).filter(|(source, _)| !bans.hold_source(*source, now));
        let by_failures = by_failures.map(|(source, left)| Ban {
            subject: BanSubject::Source(source),
            left: Some(left),
            by_operator: false,
        });
        let mut all: Vec<Ban> = bans.all(now).chain(by_failures).collect();
        drop(state);
        all.sort_by_cached_key(|ban| (!ban.by_operator, ban.subject.to_string()));
        all
    }
}

impl AdmittedClient {
    /// Whether the operator has banned the user of this name.
    pub fn is_user_banned(&self, name: &str) -> bool {
        self.access.state.lock().operator_bans.hold_user(name, Instant::now())
    }
}
