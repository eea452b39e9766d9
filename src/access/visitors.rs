//! What is remembered of each source, within a bound.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::failed_logins::FailedLogins;
use super::{AccessOptions, ClientSource, RateLimiter};

/// What is known of one source.
#[derive(Debug)]
pub(super) struct Visitor {
    /// Sessions that live.
    pub(super) sessions: usize,
    /// Those of them that are not logged in.
    pub(super) before_login: usize,
    /// Before this none of those has been silent for long enough to make room: a flood costs no
    /// search for each.
    pub(super) nobody_silent_until: Option<Instant>,
    pub(super) connections: RateLimiter,
    pub(super) failed_logins: FailedLogins,
    pub(super) banned_until: Option<Instant>,
    seen: Instant,
}

/// All sources of which something is remembered.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    known: HashMap<ClientSource, Visitor>,
}

impl Visitor {
    fn new(now: Instant) -> Self {
        Self {
            sessions: 0,
            before_login: 0,
            nobody_silent_until: None,
            connections: RateLimiter::default(),
            failed_logins: FailedLogins::default(),
            banned_until: None,
            seen: now,
        }
    }

    /// What is left of a ban.
    pub(super) fn ban_left(&self, now: Instant) -> Option<Duration> {
        let left = self.banned_until?.saturating_duration_since(now);
        (left > Duration::ZERO).then_some(left)
    }

    /// Whether forgetting it changes nothing.
    fn is_spent(&self, window: Duration, now: Instant) -> bool {
        self.sessions == 0
            && self.ban_left(now).is_none()
            && !self.failed_logins.counts(window, now)
            && self.connections.is_at_rest(now)
    }

    /// The less, the sooner it is forgotten: whoever only knocked, then whoever failed, then
    /// whoever is banned; among them whoever was seen longest ago.
    fn worth(&self, window: Duration, now: Instant) -> (bool, bool, Instant) {
        (self.ban_left(now).is_some(), self.failed_logins.counts(window, now), self.seen)
    }
}

impl Visitors {
    /// What is remembered of `source`, which is seen now. `sessions`: how many live.
    pub(super) fn meet(
        &mut self,
        source: ClientSource,
        sessions: usize,
        options: &AccessOptions,
        now: Instant,
    ) -> &mut Visitor {
        if self.known.len() >= options.tracked_addresses + sessions
            && !self.known.contains_key(&source)
        {
            self.make_room(options, now);
        }
        let visitor = self.known.entry(source).or_insert_with(|| Visitor::new(now));
        visitor.seen = now;
        visitor
    }

    /// What is remembered of `source`.
    pub(super) fn get(&mut self, source: ClientSource) -> Option<&mut Visitor> {
        self.known.get_mut(&source)
    }

    /// Sessions of `source` that are not logged in.
    pub(super) fn before_login(&self, source: ClientSource) -> usize {
        self.known.get(&source).map_or(0, |visitor| visitor.before_login)
    }

    /// One of them less: it is logged in, or gone.
    pub(super) fn count_login(&mut self, source: ClientSource) {
        if let Some(visitor) = self.get(source) {
            visitor.before_login -= 1;
        }
    }

    /// Those that are banned, and what is left of it.
    pub(super) fn bans(&self, now: Instant) -> impl Iterator<Item = (ClientSource, Duration)> {
        let bans = self.known.iter();
        bans.filter_map(move |(source, visitor)| Some((*source, visitor.ban_left(now)?)))
    }

    /// Forgets what does not matter any more, and of the rest what is worth least, until an eighth
    /// of the table is free: so the work is spread over as many new sources. Sources with sessions
    /// stay.
    fn make_room(&mut self, options: &AccessOptions, now: Instant) {
        let window = options.ban.map_or(Duration::ZERO, |ban| ban.window);
        self.known.retain(|_, visitor| !visitor.is_spent(window, now));
        let absent = self.known.iter().filter(|(_, visitor)| visitor.sessions == 0);
        let mut worths: Vec<_> =
            absent.map(|(source, visitor)| (visitor.worth(window, now), *source)).collect();
        let keep = options.tracked_addresses - options.tracked_addresses / 8 - 1;
        let forget = worths.len().saturating_sub(keep);
        if (1..worths.len()).contains(&forget) {
            worths.select_nth_unstable_by_key(forget, |(worth, _)| *worth);
        }
        for (_, source) in &worths[..forget] {
            self.known.remove(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_table_stays_within_its_bound_and_keeps_who_is_banned() {
        let options = AccessOptions { tracked_addresses: 64, ..AccessOptions::default() };
        let (start, quota) = (Instant::now(), crate::access::Quota::new(1, HOUR));
        let mut visitors = Visitors::default();
        let mut knock = |n: u32| {
            let visitor =
                visitors.meet(source(n), 2, &options, start + Duration::from_millis(n.into()));
            let _ = visitor.connections.take(quota, start);
            match n {
                1 => visitor.banned_until = Some(start + HOUR),
                2 => visitor.sessions = 2,
                3..=5 => drop(visitor.failed_logins.note(1, HOUR, start)),
                _ => {}
            }
            visitors.known.len()
        };
        let most = (1..=10_000).map(&mut knock).max().unwrap();
        assert!(most <= 64 + 2, "{most}");
        for n in 1..=5 {
            assert!(visitors.known.contains_key(&source(n)), "{n} was forgotten");
        }
        assert!(visitors.known.contains_key(&source(10_000)));
    }

    #[test]
    fn bans_alone_do_not_break_the_bound_either() {
        let options = AccessOptions { tracked_addresses: 8, ..AccessOptions::default() };
        let start = Instant::now();
        let mut visitors = Visitors::default();
        for n in 1..=100 {
            let now = start + Duration::from_millis(n.into());
            visitors.meet(source(n), 0, &options, now).banned_until = Some(start + HOUR);
            assert!(visitors.known.len() <= 8);
        }
        assert!(visitors.known.contains_key(&source(100)));
    }

    #[test]
    fn what_does_not_matter_any_more_goes_first() {
        let options = AccessOptions { tracked_addresses: 8, ..AccessOptions::default() };
        let start = Instant::now();
        let mut visitors = Visitors::default();
        for n in 1..=8 {
            visitors.meet(source(n), 0, &options, start).banned_until = Some(start + HOUR);
        }
        visitors.meet(source(9), 0, &options, start + HOUR);
        assert_eq!(visitors.known.len(), 1);
    }

    fn source(n: u32) -> ClientSource {
        ClientSource::of(Ipv4Addr::from_bits(n).into())
    }
}
