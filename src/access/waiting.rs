//! The sessions that are not logged in, and which of them makes room for another client when they
//! are too many.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::visitors::Visitors;
use super::{ClientSource, Refusal};
use crate::limits;

/// A session that can be made to end. It is told without any lock held.
pub trait Leaver: fmt::Debug + Send + Sync {
    /// Ends the session, to make room for another.
    fn make_room(&self);
}

/// What ends a session that another has the place of, and whose it is.
pub(super) type Displaced = (ClientSource, Arc<dyn Leaver>);

/// All sessions before their login, by the numbers of their clients.
#[derive(Debug, Default)]
pub(super) struct WaitingSessions {
    clients: HashMap<u64, WaitingSession>,
    /// Before this nobody has been silent for long enough: a flood costs no search for each.
    nobody_until: Option<Instant>,
}

#[derive(Debug)]
struct WaitingSession {
    source: ClientSource,
    /// Since when it is not logged in. Wrong logins make that no shorter: whoever repeats one again
    /// and again would keep its place.
    since: Instant,
    /// Whether a password of its is verified at present.
    is_verified: bool,
    /// What ends it, as soon as that is known.
    leaver: Option<Arc<dyn Leaver>>,
}

impl WaitingSessions {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.clients.len()
    }

    /// Whether it is still one of them, and was not made to leave.
    pub(super) fn holds(&self, client: u64) -> bool {
        self.clients.contains_key(&client)
    }

    /// One more.
    pub(super) fn enter(
        &mut self,
        client: u64,
        source: ClientSource,
        leaver: Option<Arc<dyn Leaver>>,
        now: Instant,
    ) {
        self.clients
            .insert(client, WaitingSession { source, since: now, is_verified: false, leaver });
    }

    /// It is logged in, or over. Tells whether it was still one of them.
    pub(super) fn leave(&mut self, client: u64) -> bool {
        self.clients.remove(&client).is_some()
    }

    /// From now on `leaver` can end it.
    pub(super) fn set_leaver(&mut self, client: u64, leaver: Arc<dyn Leaver>) {
        if let Some(waiter) = self.clients.get_mut(&client) {
            waiter.leaver = Some(leaver);
        }
    }

    /// Its password is being verified: it keeps its place until that is over.
    pub(super) fn begin_check(&mut self, client: u64) {
        if let Some(waiter) = self.clients.get_mut(&client) {
            waiter.is_verified = true;
        }
    }

    /// Its password was wrong, or not verified after all.
    pub(super) fn end_check(&mut self, client: u64) {
        if let Some(waiter) = self.clients.get_mut(&client) {
            waiter.is_verified = false;
        }
    }

    /// A place among `limit` of them for a client of `source`, and what ends the session that has
    /// it, if all are taken that the source may have.
    ///
    /// # Errors
    /// [`Refusal::TooManyBeforeLogin`]
    pub(super) fn find_place(
        &mut self,
        limit: usize,
        source: ClientSource,
        visitors: &mut Visitors,
        now: Instant,
    ) -> Result<Option<Displaced>, Refusal> {
        let displaced = if visitors.before_login(source) >= share_of_one_address(limit) {
            self.make_own_room(source, visitors, now)
        } else if self.count() >= limit {
            self.make_room(source, visitors, now)
        } else {
            return Ok(None);
        };
        displaced.map(Some).ok_or(Refusal::TooManyBeforeLogin)
    }

    /// Takes the place of one of them for a client of `source`: of the source that has most, the
    /// one that has been silent for longest. Who has come a moment ago keeps its place, and so does
    /// a source that has no more than the client's. Returns what ends the session that had the
    /// place.
    pub(super) fn make_room(
        &mut self,
        source: ClientSource,
        visitors: &mut Visitors,
        now: Instant,
    ) -> Option<Displaced> {
        if self.nobody_until.is_some_and(|until| now < until) {
            return None;
        }
        let (sessions, client) = match self.longest_silent(None, visitors, now) {
            Ok(chosen) => chosen,
            Err(until) => {
                self.nobody_until = Some(until);
                return None;
            }
        };
        let is_own = self.clients.get(&client).is_some_and(|waiter| waiter.source == source);
        if !is_own && sessions <= visitors.before_login(source) {
            return None;
        }
        self.displace(client, visitors)
    }

    /// The same where `source` has as many as one may have: of its own the one that has been silent
    /// for longest. Others may be behind the same address.
    fn make_own_room(
        &mut self,
        source: ClientSource,
        visitors: &mut Visitors,
        now: Instant,
    ) -> Option<Displaced> {
        let visitor = visitors.get(source)?;
        if visitor.nobody_silent_until.is_some_and(|until| now < until) {
            return None;
        }
        match self.longest_silent(Some(source), visitors, now) {
            Ok((_, client)) => self.displace(client, visitors),
            Err(until) => {
                visitors.get(source)?.nobody_silent_until = Some(until);
                None
            }
        }
    }

    /// Of the source that has most sessions, or of this one alone, the session that has been silent
    /// for longest, and how many its source has.
    ///
    /// # Errors
    /// None has been silent for long enough, and none will have been before that time.
    fn longest_silent(
        &self,
        only: Option<ClientSource>,
        visitors: &Visitors,
        now: Instant,
    ) -> Result<(usize, u64), Instant> {
        let mut nobody_until = now + limits::SILENCE_BEFORE_LOGIN;
        let mut chosen: Option<(usize, Instant, u64)> = None;
        for (client, waiter) in &self.clients {
            let is_other = only.is_some_and(|only| waiter.source != only);
            if is_other || waiter.is_verified || waiter.leaver.is_none() {
                continue;
            }
            let since = waiter.since;
            let due = since + limits::SILENCE_BEFORE_LOGIN;
            nobody_until = nobody_until.min(due);
            if due > now {
                continue;
            }
            let sessions = visitors.before_login(waiter.source);
            let is_better = |(most, longest, _): (usize, Instant, u64)| {
                sessions > most || (sessions == most && since < longest)
            };
            if chosen.is_none_or(is_better) {
                chosen = Some((sessions, since, *client));
            }
        }
        chosen.map(|(sessions, _, client)| (sessions, client)).ok_or(nobody_until)
    }

    /// Another has the place of `client`. Returns what ends its session.
    fn displace(&mut self, client: u64, visitors: &mut Visitors) -> Option<Displaced> {
        let waiter = self.clients.remove(&client)?;
        visitors.count_login(waiter.source);
        Some((waiter.source, waiter.leaver?))
    }
}

/// Sessions before login that one address may have, so that it cannot keep all others out. Clients
/// open several at once.
fn share_of_one_address(limit: usize) -> usize {
    (limit / 2).max(limit.min(8))
}
