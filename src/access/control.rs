//! The one who is asked before a client costs anything.

mod bans;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::failed_logins::Guess;
use super::log_limiter::{LeftOut, LogLimiter};
use super::operator_bans::OperatorBans;
use super::visitors::{Visitor, Visitors};
use super::waiting::WaitingSessions;
use super::{AccessOptions, Ban, BanSubject, ClientSource, Leaver, Quota, Refusal};
use crate::{limits, metrics};

/// Decides who may come in. One for the whole server; every call takes one short lock.
#[derive(Debug)]
pub struct AccessControl {
    /// Makes fingerprints that mean nothing outside this process.
    hasher: RandomState,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    options: AccessOptions,
    visitors: Visitors,
    sessions: usize,
    last_visit: u64,
    before_login: WaitingSessions,
    /// Sessions of each user who has any.
    users: HashMap<String, usize>,
    operator_bans: OperatorBans,
    told: LogLimiter,
}

/// A client that was let in. Dropped when its session ends.
#[derive(Debug)]
pub struct AdmittedClient {
    access: Arc<AccessControl>,
    number: u64,
    address: IpAddr,
    source: ClientSource,
    /// What ends its session.
    leaver: OnceLock<Arc<dyn Leaver>>,
}

/// A client that is logged in. Dropped at a logout, it is one before its login again.
#[derive(Debug)]
pub struct Inside<'v> {
    admitted: &'v AdmittedClient,
    user: String,
}

/// What a failed login brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginFailure {
    /// How long the reply is to be held back.
    pub delay: Duration,
    /// Whether the address is banned from now on.
    pub banned: bool,
    /// Whether it is a line of its own in the log: not what repeats, nor what goes on where nobody
    /// is banned for it.
    pub is_news: bool,
}

impl AccessControl {
    /// Nobody has come yet.
    pub fn new(options: AccessOptions) -> Self {
        let state = State { options, ..State::default() };
        Self { hasher: RandomState::new(), state: Mutex::new(state) }
    }

    /// From now on these rules hold. Nobody who is in is thrown out, and nothing is forgotten.
    pub fn obey(&self, options: AccessOptions) {
        self.state.lock().options = options;
    }

    /// Lets a client in, or tells why not. The log is told of refusals, of each source once a
    /// minute.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn admit(self: &Arc<Self>, client: IpAddr) -> Result<AdmittedClient, Refusal> {
        self.admit_at(client, Instant::now())
    }

    /// Addresses that are banned now.
    pub fn banned(&self) -> usize {
        let is_source = |ban: &Ban| matches!(ban.subject, BanSubject::Source(_));
        self.bans().iter().filter(|ban| is_source(ban)).count()
    }

    fn admit_at(self: &Arc<Self>, client: IpAddr, now: Instant) -> Result<AdmittedClient, Refusal> {
        let (address, source) = (client.to_canonical(), ClientSource::of(client));
        let mut state = self.state.lock();
        let State { options, visitors, sessions, last_visit, before_login, operator_bans, .. } =
            &mut *state;
        let visitor = visitors.meet(source, *sessions, options, now);
        let judged = match operator_bans.hold_source(source, now) {
            true => Err(Refusal::AddressBanned),
            false => judge(options, address, visitor, now),
        };
        let limit = options.sessions_before_login;
        let placed = judged.and_then(|()| match limit {
            Some(limit) => before_login.find_place(limit, source, visitors, now),
            None => Ok(None),
        });
        let displaced = match placed {
            Ok(displaced) => displaced,
            Err(refusal) => {
                drop(state);
                metrics::count_refusal(refusal.label());
                if self.may_tell_at(Some(source), refusal.reason(), now) {
                    log::warn!("refused address={address} reason=\"{refusal}\"");
                }
                return Err(refusal);
            }
        };
        *last_visit += 1;
        let number = *last_visit;
        if let Some(visitor) = visitors.get(source) {
            visitor.sessions += 1;
            visitor.before_login += 1;
        }
        *sessions += 1;
        before_login.enter(number, source, None, now);
        drop(state);
        if let Some((source, leaver)) = displaced {
            self.displace(source, &*leaver, now);
        }
        Ok(AdmittedClient {
            access: Arc::clone(self),
            number,
            address,
            source,
            leaver: OnceLock::new(),
        })
    }

    /// All connections are taken: a silent session that is not logged in ends, if there is one that
    /// may have to make room for `client`; whether there was one. Its place is free in a moment,
    /// for whoever comes then.
    pub fn make_room(&self, client: IpAddr) -> bool {
        self.make_room_at(client, Instant::now())
    }

    fn make_room_at(&self, client: IpAddr, now: Instant) -> bool {
        let mut state = self.state.lock();
        let State { visitors, before_login, .. } = &mut *state;
        let displaced = before_login.make_room(ClientSource::of(client), visitors, now);
        drop(state);
        displaced.map(|(source, leaver)| self.displace(source, &*leaver, now)).is_some()
    }

    fn displace(&self, source: ClientSource, leaver: &dyn Leaver, now: Instant) {
        leaver.make_room();
        metrics::count_refusal(Refusal::MadeRoom.label());
        if self.may_tell_at(Some(source), Refusal::MadeRoom.reason(), now) {
            log::warn!("ended address={source} reason=\"{}\"", Refusal::MadeRoom);
        }
    }

    /// Whether the log may be told that `client` has done `what`, which it can do as often as it
    /// likes: of each source once a minute. The log is told how often it was asked in vain.
    pub fn may_tell(&self, client: IpAddr, what: &'static str) -> bool {
        self.may_tell_at(Some(ClientSource::of(client)), what, Instant::now())
    }

    /// The same for `what` is told of all clients together.
    pub fn may_tell_of_all(&self, what: &'static str) -> bool {
        self.may_tell_at(None, what, Instant::now())
    }

    fn may_tell_at(&self, source: Option<ClientSource>, what: &'static str, now: Instant) -> bool {
        let (is_due, left_out) = self.state.lock().told.is_due(source, what, now);
        left_out.iter().for_each(tell);
        is_due
    }

    /// Tells the log what it was not told during the last minute, and how often. To be called now
    /// and then.
    pub fn tell_left_out(&self) {
        let left_out = self.state.lock().told.settle(Some(Instant::now()));
        left_out.iter().for_each(tell);
    }

    /// The same for all that is not told yet: the server ends.
    pub fn tell_all_left_out(&self) {
        let left_out = self.state.lock().told.settle(None);
        left_out.iter().for_each(tell);
    }

    fn fail(&self, admitted: &AdmittedClient, fingerprint: u64, now: Instant) -> LoginFailure {
        let mut state = self.state.lock();
        let State { options, visitors, before_login, .. } = &mut *state;
        before_login.end_check(admitted.number);
        let window = options.ban.map_or(limits::LOGIN_FAILURE_WINDOW, |ban| ban.window);
        let Some(visitor) = visitors.get(admitted.source) else {
            // A source with a session is never forgotten.
            return LoginFailure { delay: options.failure_delay, banned: false, is_news: true };
        };
        let Guess { count, is_new } = visitor.failed_logins.note(fingerprint, window, now);
        let is_news = is_new && count <= limits::FAILURES_TOLD;
        let growth = 1_u32.checked_shl(count - 1).unwrap_or(u32::MAX);
        let delay = options.failure_delay * growth.min(limits::LOGIN_FAILURE_DELAY_GROWTH);
        let Some(rule) = options.ban.filter(|rule| count >= rule.failures) else {
            return LoginFailure { delay, banned: visitor.ban_left(now).is_some(), is_news };
        };
        visitor.failed_logins.forget();
        let is_first = visitor.ban_left(now).is_none();
        visitor.banned_until = Some(now + rule.time);
        drop(state);
        if is_first {
            metrics::count_ban();
            // What fail2ban reads: docs/security.md has the pattern.
            log::warn!(
                "banned address={} failures={count} window={} seconds={}",
                admitted.address,
                rule.window.as_secs(),
                rule.time.as_secs()
            );
        }
        LoginFailure { delay: Duration::ZERO, banned: true, is_news }
    }
}

impl AdmittedClient {
    /// Tells what ends the session, should another client need its place before it is logged in.
    pub fn may_leave_by(&self, leaver: Arc<dyn Leaver>) {
        // Told once, at the beginning.
        let _ = self.leaver.set(Arc::clone(&leaver));
        self.access.state.lock().before_login.set_leaver(self.number, leaver);
    }

    /// A login is tried: until it has failed nobody takes the session's place.
    ///
    /// # Errors
    /// [`Refusal::Banned`] when the client was banned after it came in, for what it did on other
    /// connections; [`Refusal::MadeRoom`].
    pub fn try_login(&self) -> Result<(), Refusal> {
        let mut state = self.access.state.lock();
        self.check(&mut state)?;
        state.before_login.begin_check(self.number);
        Ok(())
    }

    /// The login was given up.
    pub fn leave_login(&self) {
        self.access.state.lock().before_login.end_check(self.number);
    }

    /// Notes that it is logged in. `free`: connections that are left, if they are limited.
    ///
    /// # Errors
    /// [`Refusal::UserBanned`], [`Refusal::TooManyOfUser`], [`Refusal::Reserved`], and those of
    /// [`Self::try_login`].
    pub fn log_in(&self, user: &str, free: Option<usize>) -> Result<Inside<'_>, Refusal> {
        let mut state = self.access.state.lock();
        self.check(&mut state)?;
        let State { options, visitors, before_login, users, operator_bans, .. } = &mut *state;
        let sessions = users.get(user).copied().unwrap_or_default();
        let is_scarce = free.is_some_and(|free| free < options.reserved_connections);
        let refusal = match options.sessions_per_user {
            _ if operator_bans.hold_user(user, Instant::now()) => Some(Refusal::UserBanned),
            Some(limit) if sessions >= limit => Some(Refusal::TooManyOfUser),
            _ if sessions > 0 && is_scarce => Some(Refusal::Reserved),
            _ => None,
        };
        if let Some(refusal) = refusal {
            before_login.end_check(self.number);
            drop(state);
            metrics::count_refusal(refusal.label());
            return Err(refusal);
        }
        users.insert(user.to_owned(), sessions + 1);
        before_login.leave(self.number);
        visitors.count_login(self.source);
        Ok(Inside { admitted: self, user: user.to_owned() })
    }

    fn check(&self, state: &mut State) -> Result<(), Refusal> {
        if state.is_banned(self.source) {
            return Err(Refusal::Banned);
        }
        state.before_login.holds(self.number).then_some(()).ok_or(Refusal::MadeRoom)
    }

    /// Notes a failed login. A ban is logged.
    pub fn fail(&self, user: &str, password: &str) -> LoginFailure {
        let fingerprint = self.access.hasher.hash_one((user, password));
        self.access.fail(self, fingerprint, Instant::now())
    }

    /// Whether the client was banned after it came in, for what it did on other connections.
    pub fn is_banned(&self) -> bool {
        self.access.state.lock().is_banned(self.source)
    }

    /// See [`AccessControl::may_tell`].
    pub fn may_tell(&self, what: &'static str) -> bool {
        self.access.may_tell_at(Some(self.source), what, Instant::now())
    }
}

impl Inside<'_> {
    /// Connections that its user must leave to others: those that are kept for users without a
    /// session, unless this is the user's only one.
    pub fn connections_to_leave(&self) -> usize {
        let state = self.admitted.access.state.lock();
        let is_only = state.users.get(&self.user).is_none_or(|sessions| *sessions <= 1);
        if is_only { 0 } else { state.options.reserved_connections }
    }
}

impl State {
    fn is_banned(&mut self, source: ClientSource) -> bool {
        let visitor = self.visitors.get(source);
        visitor.is_some_and(|visitor| visitor.ban_left(Instant::now()).is_some())
    }
}

impl Drop for AdmittedClient {
    fn drop(&mut self) {
        let mut state = self.access.state.lock();
        let State { visitors, sessions, before_login, .. } = &mut *state;
        *sessions -= 1;
        if before_login.leave(self.number) {
            visitors.count_login(self.source);
        }
        if let Some(visitor) = visitors.get(self.source) {
            visitor.sessions -= 1;
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let AdmittedClient { access, number, source, leaver, .. } = self.admitted;
        let mut state = access.state.lock();
        let State { visitors, before_login, users, .. } = &mut *state;
        match users.get_mut(&self.user) {
            Some(sessions) if *sessions > 1 => *sessions -= 1,
            _ => drop(users.remove(&self.user)),
        }
        before_login.enter(*number, *source, leaver.get().cloned(), Instant::now());
        if let Some(visitor) = visitors.get(*source) {
            visitor.before_login += 1;
        }
    }
}

/// Whether a client may come in now.
fn judge(
    options: &AccessOptions,
    address: IpAddr,
    visitor: &mut Visitor,
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
        let quota = Quota::new(times, Duration::from_secs(60));
        visitor.connections.take(quota, now).map_err(|_| Refusal::TooOften)?;
    }
    if is_full(options.sessions_per_address, visitor.sessions) {
        return Err(Refusal::TooManyOfAddress);
    }
    Ok(())
}

fn tell(left_out: &LeftOut) {
    log::warn!("{left_out}");
}

#[cfg(test)]
mod tests;
