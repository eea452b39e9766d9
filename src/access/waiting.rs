//! The sessions that are not logged in, and which of them makes room for another client when they
//! are too many.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::ClientSource;
use super::visitors::Visitors;
use crate::limits;

/// A session that can be made to end. It is told without any lock held.
pub trait Leaver: fmt::Debug + Send + Sync {
    /// Ends the session, to make room for another.
    fn make_room(&self);
}

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

    /// Takes the place of one of them for a client of `source`: of the source that has most, the
    /// one that has been silent for longest. Who has come a moment ago keeps its place, and so does
    /// a source that has no more than the client's. Returns what ends the session that had the
    /// place.
    pub(super) fn make_room(
        &mut self,
        source: ClientSource,
        visitors: &mut Visitors,
        now: Instant,
    ) -> Option<(ClientSource, Arc<dyn Leaver>)> {
        if self.nobody_until.is_some_and(|until| now < until) {
            return None;
        }
        let soonest = now + limits::SILENCE_BEFORE_LOGIN;
        let mut nobody_until = soonest;
        let mut chosen: Option<(usize, Instant, u64)> = None;
        for (client, waiter) in &self.clients {
            if waiter.is_verified || waiter.leaver.is_none() {
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
        let Some((sessions, _, client)) = chosen else {
            self.nobody_until = Some(nobody_until);
            return None;
        };
        let is_own = self.clients.get(&client).is_some_and(|waiter| waiter.source == source);
        if !is_own && sessions <= visitors.before_login(source) {
            return None;
        }
        let waiter = self.clients.remove(&client)?;
        visitors.count_login(waiter.source);
        Some((waiter.source, waiter.leaver?))
    }
}
