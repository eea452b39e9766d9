//! Bans by the operator, beside those that failed logins bring about. They live as long as the
//! process: none is forgotten before its time, as the table takes no more than it may hold.

use std::collections::HashMap;
use std::fmt;
use std::time::{Duration, Instant};

use super::ClientSource;
use crate::limits;

/// Who is banned.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BanSubject {
    /// Everybody who comes from there.
    Source(ClientSource),
    /// Whoever would be logged in as this user.
    User(String),
}

impl fmt::Display for BanSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(source) => source.fmt(f),
            Self::User(name) => write!(f, "user {name:?}"),
        }
    }
}

/// A ban that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Of whom.
    pub subject: BanSubject,
    /// How long it will last; `None`: as long as the process.
    pub left: Option<Duration>,
    /// Whether the operator wanted it; otherwise failed logins have brought it about.
    pub by_operator: bool,
}

/// Nobody more can be banned: [`limits::OPERATOR_BANS`] are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyBans;

impl fmt::Display for TooManyBans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = limits::OPERATOR_BANS;
        write!(f, "{most} are banned already, which is the most: deny_addresses takes more")
    }
}

impl std::error::Error for TooManyBans {}

/// All of them; `None`: for good.
#[derive(Debug, Default)]
pub(super) struct OperatorBans(HashMap<BanSubject, Option<Instant>>);

impl OperatorBans {
    /// From now on `subject` is banned, until that moment; an earlier ban of it is over.
    pub(super) fn add(
        &mut self,
        subject: BanSubject,
        until: Option<Instant>,
        now: Instant,
    ) -> Result<(), TooManyBans> {
        self.0.retain(|_, until| until.is_none_or(|until| until > now));
        if self.0.len() >= limits::OPERATOR_BANS && !self.0.contains_key(&subject) {
            return Err(TooManyBans);
        }
        self.0.insert(subject, until);
        Ok(())
    }

    /// Ends the ban of `subject`. Tells whether there was one.
    pub(super) fn lift(&mut self, subject: &BanSubject, now: Instant) -> bool {
        let held = self.holds(subject, now);
        self.0.remove(subject);
        held
    }

    /// Whether it is banned.
    pub(super) fn holds(&self, subject: &BanSubject, now: Instant) -> bool {
        self.0.get(subject).is_some_and(|until| until.is_none_or(|until| until > now))
    }

    /// Whether clients from there are.
    pub(super) fn hold_source(&self, source: ClientSource, now: Instant) -> bool {
        !self.0.is_empty() && self.holds(&BanSubject::Source(source), now)
    }

    /// Whether this user is.
    pub(super) fn hold_user(&self, name: &str, now: Instant) -> bool {
        !self.0.is_empty() && self.holds(&BanSubject::User(name.to_owned()), now)
    }

    /// Those that hold, in no order.
    pub(super) fn all(&self, now: Instant) -> impl Iterator<Item = Ban> {
        self.0.iter().filter(move |(_, until)| until.is_none_or(|until| until > now)).map(
            move |(subject, until)| Ban {
                subject: subject.clone(),
                left: until.map(|until| until.saturating_duration_since(now)),
                by_operator: true,
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bans_end_at_their_time_and_no_table_grows_for_ever() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let user = |n: usize| BanSubject::User(n.to_string());
        let mut bans = OperatorBans::default();
        bans.add(user(0), Some(now + second), now).unwrap();
        assert!(bans.hold_user("0", now) && !bans.hold_user("1", now));
        assert!(!bans.hold_user("0", now + second));
        assert!(!bans.lift(&user(0), now + second));
        (1..=limits::OPERATOR_BANS).for_each(|n| bans.add(user(n), None, now).unwrap_or(()));
        assert_eq!(bans.all(now).count(), limits::OPERATOR_BANS);
        bans.add(user(0), None, now + second).unwrap_err();
        bans.add(user(1), Some(now + 2 * second), now + second).unwrap();
        assert!(bans.lift(&user(2), now) && !bans.lift(&user(2), now));
        bans.add(user(9999), None, now).unwrap();
    }
}
