//! The one who is asked before a client costs anything.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::visitors::{Visitor, Visitors};
use super::{AccessOptions, Pace, Source};
use crate::{limits, metrics};

/// Decides who may come in. One for the whole server; every call takes one short lock.
#[derive(Debug)]
pub struct Doorkeeper {
    /// Makes fingerprints that mean nothing outside this process.
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    options: AccessOptions,
    visitors: Visitors,
    sessions: usize,
    before_login: usize,
    /// Sessions of each user who has any.
    users: HashMap<String, usize>,
}

/// A client that was let in. Dropped when its session ends.
#[derive(Debug)]
pub struct Visit {
    door: Arc<Doorkeeper>,
    address: IpAddr,
    source: Source,
}

/// A visit that is logged in. Dropped at a logout, it is a visit before its login again.
#[derive(Debug)]
pub struct Inside<'v> {
    visit: &'v Visit,
    user: String,
}

/// Why a client may not come in, or not log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// By the lists of addresses.
    Denied,
    /// After too many failed logins.
    Banned,
    /// `max_connections_per_minute`
    TooOften,
    /// `max_sessions_per_address`
    TooManyOfAddress,
    /// `max_sessions_before_login`
    TooManyBeforeLogin,
    /// `max_sessions_per_user`
    TooManyOfUser,
}

/// What a failed login brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// How long the reply is to be held back.
    pub delay: Duration,
    /// Whether the address is banned from now on.
    pub banned: bool,
}

impl Doorkeeper {
    /// Nobody has come yet.
    pub fn new(options: AccessOptions) -> Self {
        let state = State { options, ..State::default() };
        Self { hasher: RandomState::new(), state: Mutex::new(state) }
    }

    /// From now on these rules hold. Nobody who is in is thrown out, and nothing is forgotten.
    pub fn obey(&self, options: AccessOptions) {
        self.lock().options = options;
    }

    /// Lets a client in, or tells why not. The log is told of refusals, of each source once a
    /// minute.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn admit(self: &Arc<Self>, client: IpAddr) -> Result<Visit, Refusal> {
        self.admit_at(client, Instant::now())
    }

    /// Addresses that are banned now.
    pub fn banned(&self) -> usize {
        self.lock().visitors.banned(Instant::now())
    }

    fn admit_at(self: &Arc<Self>, client: IpAddr, now: Instant) -> Result<Visit, Refusal> {
        let (address, source) = (client.to_canonical(), Source::of(client));
        let mut state = self.lock();
        let State { options, visitors, sessions, before_login, .. } = &mut *state;
        let visitor = visitors.meet(source, *sessions, options, now);
        if let Err(refusal) = judge(options, address, visitor, *before_login, now) {
            let due = is_due(&mut visitor.told, now);
            drop(state);
            metrics::count_refusal(refusal.label());
            if due {
                log::warn!("refused address={address} reason=\"{refusal}\"");
            }
            return Err(refusal);
        }
        visitor.sessions += 1;
        visitor.before_login += 1;
        *sessions += 1;
        *before_login += 1;
        drop(state);
        Ok(Visit { door: Arc::clone(self), address, source })
    }

    fn fail(&self, visit: &Visit, fingerprint: u64, now: Instant) -> Failure {
        let mut state = self.lock();
        let State { options, visitors, .. } = &mut *state;
        let window = options.ban.map_or(limits::LOGIN_FAILURE_WINDOW, |ban| ban.window);
        let Some(visitor) = visitors.get(visit.source) else {
            // A source with a session is never forgotten.
            return Failure { delay: options.failure_delay, banned: false };
        };
        let count = visitor.guesses.note(fingerprint, window, now);
        let growth = 1_u32.checked_shl(count - 1).unwrap_or(u32::MAX);
        let delay = options.failure_delay * growth.min(limits::LOGIN_FAILURE_DELAY_GROWTH);
        let Some(rule) = options.ban.filter(|rule| count >= rule.failures) else {
            return Failure { delay, banned: visitor.ban_left(now).is_some() };
        };
        visitor.guesses.forget();
        let is_news = visitor.ban_left(now).is_none();
        visitor.banned_until = Some(now + rule.time);
        drop(state);
        if is_news {
            metrics::count_ban();
            // What fail2ban reads: the README has the pattern.
            log::warn!(
                "banned address={} failures={count} window={} seconds={}",
                visit.address,
                rule.window.as_secs(),
                rule.time.as_secs()
            );
        }
        Failure { delay: Duration::ZERO, banned: true }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics leaves the value half-changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    /// Notes that it is logged in.
    ///
    /// # Errors
    /// [`Refusal::TooManyOfUser`].
    pub fn log_in(&self, user: &str) -> Result<Inside<'_>, Refusal> {
        let mut state = self.door.lock();
        let State { options, visitors, before_login, users, .. } = &mut *state;
        let sessions = users.get(user).copied().unwrap_or_default();
        if options.sessions_per_user.is_some_and(|limit| sessions >= limit) {
            metrics::count_refusal(Refusal::TooManyOfUser.label());
            return Err(Refusal::TooManyOfUser);
        }
        users.insert(user.to_owned(), sessions + 1);
        *before_login -= 1;
        if let Some(visitor) = visitors.get(self.source) {
            visitor.before_login -= 1;
        }
        Ok(Inside { visit: self, user: user.to_owned() })
    }

    /// Notes a failed login. A ban is logged.
    pub fn fail(&self, user: &str, password: &str) -> Failure {
        let fingerprint = self.door.hasher.hash_one((user, password));
        self.door.fail(self, fingerprint, Instant::now())
    }

    /// Whether the client was banned after it came in, for what it did on other connections.
    pub fn is_banned(&self) -> bool {
        let mut state = self.door.lock();
        let visitor = state.visitors.get(self.source);
        visitor.is_some_and(|visitor| visitor.ban_left(Instant::now()).is_some())
    }

    /// Whether the log may be told of something that the client can do as often as it likes: once a
    /// minute.
    pub fn may_tell(&self) -> bool {
        let mut state = self.door.lock();
        let visitor = state.visitors.get(self.source);
        visitor.is_some_and(|visitor| is_due(&mut visitor.told, Instant::now()))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut state = self.door.lock();
        let State { visitors, sessions, before_login, .. } = &mut *state;
        *sessions -= 1;
        *before_login -= 1;
        if let Some(visitor) = visitors.get(self.source) {
            visitor.sessions -= 1;
            visitor.before_login -= 1;
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let mut state = self.visit.door.lock();
        let State { visitors, before_login, users, .. } = &mut *state;
        match users.get_mut(&self.user) {
            Some(sessions) if *sessions > 1 => *sessions -= 1,
            _ => drop(users.remove(&self.user)),
        }
        *before_login += 1;
        if let Some(visitor) = visitors.get(self.visit.source) {
            visitor.before_login += 1;
        }
    }
}

impl Refusal {
    /// For the figures.
    fn label(self) -> &'static str {
        match self {
            Self::Denied => "address",
            Self::Banned => "banned",
            Self::TooOften => "per_minute",
            Self::TooManyOfAddress => "per_address",
            Self::TooManyBeforeLogin => "before_login",
            Self::TooManyOfUser => "per_user",
        }
    }
}

impl fmt::Display for Refusal {
    /// For the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Denied => "not by allow_addresses and deny_addresses",
            Self::Banned => "banned",
            Self::TooOften => "max_connections_per_minute is reached",
            Self::TooManyOfAddress => "max_sessions_per_address is reached",
            Self::TooManyBeforeLogin => "max_sessions_before_login is reached",
            Self::TooManyOfUser => "max_sessions_per_user is reached",
        })
    }
}

/// Whether a client may come in now.
fn judge(
    options: &AccessOptions,
    address: IpAddr,
    visitor: &mut Visitor,
    before_login: usize,
    now: Instant,
) -> Result<(), Refusal> {
    let is_full = |limit: Option<usize>, taken| limit.is_some_and(|limit| taken >= limit);
    if !options.addresses.permit(address) {
        return Err(Refusal::Denied);
    }
    if visitor.ban_left(now).is_some() {
        return Err(Refusal::Banned);
    }
    if let Some(times) = options.connections_per_minute {
        let pace = Pace::new(times, Duration::from_secs(60));
        visitor.connections.take(pace, now).map_err(|_| Refusal::TooOften)?;
    }
    if is_full(options.sessions_per_address, visitor.sessions) {
        return Err(Refusal::TooManyOfAddress);
    }
    let of_one = options.sessions_before_login.map(share_of_one_address);
    if is_full(options.sessions_before_login, before_login) || is_full(of_one, visitor.before_login)
    {
        return Err(Refusal::TooManyBeforeLogin);
    }
    Ok(())
}

/// Sessions before login that one address may have, so that it cannot keep all others out. Clients
/// open several at once.
fn share_of_one_address(limit: usize) -> usize {
    (limit / 2).max(limit.min(8))
}

fn is_due(told: &mut Option<Instant>, now: Instant) -> bool {
    let due = told
        .is_none_or(|at| now.saturating_duration_since(at) >= limits::REFUSAL_COMPLAINT_INTERVAL);
    if due {
        *told = Some(now);
    }
    due
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::access::{AddressRules, BanRule};

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_address_comes_only_so_often() {
        let door = door(|options| options.connections_per_minute = Some(60));
        let start = Instant::now();
        let come = |n: u8, at| door.admit_at(address(n), at).err();
        for _ in 0..60 {
            assert_eq!(come(1, start), None);
        }
        assert_eq!(come(1, start), Some(Refusal::TooOften));
        assert_eq!(come(2, start), None, "another address");
        assert_eq!(come(1, start + SECOND), None);
        assert_eq!(come(1, start + SECOND), Some(Refusal::TooOften));
    }

    #[test]
    fn sessions_of_an_address_are_counted() {
        let door = door(|options| options.sessions_per_address = Some(2));
        let [first, second] = [(); 2].map(|()| door.admit(address(1)).unwrap());
        let inside = first.log_in("alice").unwrap();
        assert_eq!(door.admit(address(1)).unwrap_err(), Refusal::TooManyOfAddress);
        let other = door.admit(address(2)).unwrap();
        drop(second);
        drop(door.admit(address(1)).unwrap());
        drop(inside);
        drop((first, other));
        let state = door.lock();
        assert_eq!((state.sessions, state.before_login, state.users.len()), (0, 0, 0));
    }

    #[test]
    fn who_is_not_logged_in_takes_a_part_of_the_places() {
        let door = door(|options| options.sessions_before_login = Some(16));
        let [first, ..] = &[(); 8].map(|()| door.admit(address(1)).unwrap());
        assert_eq!(door.admit(address(1)).unwrap_err(), Refusal::TooManyBeforeLogin, "its half");
        let _others = [2, 2, 3, 3, 4, 4, 5, 5].map(|n| door.admit(address(n)).unwrap());
        assert_eq!(door.admit(address(6)).unwrap_err(), Refusal::TooManyBeforeLogin);
        let inside = first.log_in("alice").unwrap();
        let later = door.admit(address(1)).unwrap();
        assert_eq!(door.admit(address(6)).unwrap_err(), Refusal::TooManyBeforeLogin);
        drop(later);
        // REIN: it is one of those before login again.
        drop(inside);
        assert_eq!(door.admit(address(6)).unwrap_err(), Refusal::TooManyBeforeLogin);
    }

    #[test]
    fn sessions_of_a_user_are_counted() {
        let door = door(|options| options.sessions_per_user = Some(1));
        let [first, second] = [1, 2].map(|n| door.admit(address(n)).unwrap());
        let inside = first.log_in("alice").unwrap();
        assert_eq!(second.log_in("alice").unwrap_err(), Refusal::TooManyOfUser);
        assert!(second.log_in("bob").is_ok());
        drop(inside);
        assert!(second.log_in("alice").is_ok());
    }

    #[test]
    fn failures_are_answered_later_and_later_and_end_in_a_ban() {
        let rule = BanRule { failures: 6, window: 10 * SECOND, time: 100 * SECOND };
        let door = door(|options| (options.ban, options.failure_delay) = (Some(rule), SECOND));
        let start = Instant::now();
        let visit = door.admit_at(address(1), start).unwrap();
        let delays: Vec<_> = (1..=5).map(|n| door.fail(&visit, n, start).delay.as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 8]);
        assert!(!door.fail(&visit, 5, start).banned, "the same guess again");
        assert!(door.fail(&visit, 6, start).banned);
        let come = |n, at| door.admit_at(address(n), at).err();
        assert_eq!(come(1, start), Some(Refusal::Banned));
        assert_eq!(come(2, start), None);
        assert_eq!(come(1, start + 99 * SECOND), Some(Refusal::Banned));
        assert_eq!(come(1, start + 100 * SECOND), None);
    }

    #[test]
    fn failures_do_not_add_up_for_ever() {
        let rule = BanRule { failures: 2, window: 10 * SECOND, time: SECOND };
        let door = door(|options| options.ban = Some(rule));
        let start = Instant::now();
        let visit = door.admit_at(address(1), start).unwrap();
        for n in 0..10 {
            assert!(!door.fail(&visit, n.into(), start + 10 * n * SECOND).banned);
        }
    }

    #[test]
    fn lists_are_looked_at_first() {
        let deny = "127.0.0.2".parse().unwrap();
        let door =
            door(|options| options.addresses = AddressRules { deny, ..AddressRules::default() });
        assert_eq!(door.admit(address(2)).unwrap_err(), Refusal::Denied);
        assert!(door.admit(address(1)).is_ok());
    }

    fn door(set: impl FnOnce(&mut AccessOptions)) -> Arc<Doorkeeper> {
        let mut options = AccessOptions::default();
        set(&mut options);
        Arc::new(Doorkeeper::new(options))
    }

    fn address(n: u8) -> IpAddr {
        Ipv4Addr::new(127, 0, 0, n).into()
    }
}
