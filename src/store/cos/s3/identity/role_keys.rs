//! The temporary key pairs of a CAM role: fetched once for all who need them, renewed ahead of
//! their end, and used as long as they are valid where renewing fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::KeyPair;
use super::metadata_service::{Grant, MetadataError, MetadataService};
use crate::store::cos::options::RoleSource;

/// How long before their end keys are renewed.
const RENEW_AHEAD: Duration = Duration::from_secs(600);

/// Least time between two fetches, whatever the metadata service answers.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// Pause after a renewal that failed, while the keys are still valid.
const RENEWAL_PAUSE: Duration = Duration::from_secs(30);

/// The roles of this process. Buckets that name the same one share its keys.
#[derive(Debug, Default)]
pub(crate) struct Roles(Mutex<HashMap<RoleSource, Arc<RoleKeys>>>);

impl Roles {
    /// The keys of the role that `source` names.
    pub(crate) fn open(&self, source: &RoleSource) -> Arc<RoleKeys> {
        let mut open = self.0.lock();
        let keys = open.entry(source.clone()).or_insert_with(|| {
            let service = MetadataService::new(source.clone());
            Arc::new(RoleKeys { service, state: Mutex::default(), settled: Condvar::new() })
        });
        Arc::clone(keys)
    }
}

/// The keys of one role.
#[derive(Debug)]
pub(crate) struct RoleKeys {
    service: MetadataService,
    state: Mutex<State>,
    /// A fetch has ended.
    settled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Held>,
    /// Somebody is asking the metadata service.
    fetching: bool,
    /// How the last fetch failed, and when it is worth another try.
    failure: Option<(MetadataError, Instant)>,
    /// The last pair that the store refused: fetched once more it is not worth another fetch.
    refused: Option<Arc<KeyPair>>,
}

/// A pair with its times.
#[derive(Debug)]
struct Held {
    pair: Arc<KeyPair>,
    renew_at: Instant,
    ends_at: Instant,
}

/// What whoever needs a pair does.
#[derive(Debug)]
enum Advice {
    Use(Arc<KeyPair>),
    Fetch,
    Wait,
    GiveUp(MetadataError),
}

impl RoleKeys {
    /// A valid pair. One caller fetches; those who cannot do without wait for it, the others go on
    /// with the pair they have.
    pub(crate) fn current(&self) -> Result<Arc<KeyPair>, MetadataError> {
        let mut state = self.state.lock();
        loop {
            match state.advice(Instant::now()) {
                Advice::Use(pair) => return Ok(pair),
                Advice::GiveUp(error) => return Err(error),
                Advice::Wait => self.settled.wait(&mut state),
                Advice::Fetch => {
                    state.fetching = true;
                    drop(state);
                    self.fetch();
                    state = self.state.lock();
                }
            }
        }
    }

    /// The store refused `pair`; whether another may be had.
    pub(crate) fn replace(&self, pair: &KeyPair) -> bool {
        self.state.lock().refuse(pair)
    }

    fn fetch(&self) {
        // Also when something panics: those who wait must not wait for ever.
        let _fetching = Fetching(self);
        let outcome = self.service.fetch();
        self.state.lock().settle(outcome, Instant::now());
    }
}

/// Ends a fetch when dropped.
struct Fetching<'a>(&'a RoleKeys);

impl Drop for Fetching<'_> {
    fn drop(&mut self) {
        self.0.state.lock().fetching = false;
        self.0.settled.notify_all();
    }
}

impl State {
    fn advice(&self, now: Instant) -> Advice {
        let failure = self.failure.as_ref().filter(|(_, again_at)| now < *again_at);
        match &self.held {
            Some(held) if now < held.ends_at => {
                let renew = now >= held.renew_at && !self.fetching && failure.is_none();
                if renew { Advice::Fetch } else { Advice::Use(Arc::clone(&held.pair)) }
            }
            _ if self.fetching => Advice::Wait,
            _ => match failure {
                Some((error, _)) => Advice::GiveUp(error.clone()),
                None => Advice::Fetch,
            },
        }
    }

    fn settle(&mut self, outcome: Result<Grant, MetadataError>, now: Instant) {
        match outcome {
            Ok(Grant { role, pair, lifetime }) => {
                log::info!("CAM role {role}: temporary keys for {} s", lifetime.as_secs());
                self.failure = None;
                self.held = Some(Held {
                    pair: Arc::new(pair),
                    renew_at: now + renewal_after(lifetime),
                    ends_at: now + lifetime,
                });
            }
            Err(error) => {
                let pause = match self.time_left(now) {
                    Some(left) => {
                        log::warn!(
                            "keys of the CAM role not renewed, valid for {} s more: {error}",
                            left.as_secs()
                        );
                        RENEWAL_PAUSE
                    }
                    // Told by the request that needs a pair.
                    None => LEAST_PAUSE,
                };
                self.failure = Some((error, now + pause));
            }
        }
    }

    fn time_left(&self, now: Instant) -> Option<Duration> {
        let left = self.held.as_ref()?.ends_at.saturating_duration_since(now);
        Some(left).filter(|left| !left.is_zero())
    }

    fn refuse(&mut self, pair: &KeyPair) -> bool {
        match &self.held {
            Some(held) if *held.pair == *pair => {
                let again = self.refused.as_deref() == Some(pair);
                if !again {
                    self.refused = self.held.take().map(|held| held.pair);
                }
                !again
            }
            _ => true,
        }
    }
}

/// When keys of this lifetime are renewed. The metadata service may give the old ones until shortly
/// before their end: then what is left is halved each time.
fn renewal_after(lifetime: Duration) -> Duration {
    lifetime.saturating_sub(RENEW_AHEAD).max(lifetime / 2).max(LEAST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const HOUR: Duration = Duration::from_secs(3600);

    fn pair(id: &str) -> KeyPair {
        let secret = |text: &str| Secret::new(text.to_owned());
        KeyPair { id: secret(id), secret: secret("key"), token: Some(secret("token")) }
    }

    fn grant(id: &str, lifetime: Duration) -> Result<Grant, MetadataError> {
        Ok(Grant { role: "r".to_owned(), pair: pair(id), lifetime })
    }

    fn failed() -> Result<Grant, MetadataError> {
        Err(MetadataError::NoRole)
    }

    fn advice(state: &State, now: Instant) -> String {
        match state.advice(now) {
            Advice::Use(pair) => pair.id.expose().to_owned(),
            other => format!("{other:?}").chars().take_while(|c| c.is_alphabetic()).collect(),
        }
    }

    #[test]
    fn keys_are_renewed_ahead_of_their_end_by_one() {
        let begin = Instant::now();
        let mut state = State::default();
        assert_eq!(advice(&state, begin), "Fetch");
        state.fetching = true;
        assert_eq!(advice(&state, begin), "Wait");
        state.settle(grant("a", HOUR), begin);
        state.fetching = false;

        let renewal = begin + HOUR - RENEW_AHEAD;
        assert_eq!(advice(&state, renewal - LEAST_PAUSE), "a");
        assert_eq!(advice(&state, renewal), "Fetch");
        state.fetching = true;
        assert_eq!(advice(&state, renewal), "a", "the others need not wait");
        state.settle(grant("b", HOUR), renewal);
        state.fetching = false;
        assert_eq!(advice(&state, begin + HOUR), "b");
    }

    #[test]
    fn keys_are_used_to_their_end_when_renewing_fails_and_not_beyond() {
        let begin = Instant::now();
        let mut state = State::default();
        state.settle(grant("a", HOUR), begin);
        let renewal = begin + HOUR - RENEW_AHEAD;
        state.settle(failed(), renewal);
        assert_eq!(advice(&state, renewal), "a", "not asked again at once");
        assert_eq!(advice(&state, renewal + RENEWAL_PAUSE), "Fetch");
        state.settle(failed(), begin + HOUR);
        assert_eq!(advice(&state, begin + HOUR), "GiveUp");
        assert_eq!(advice(&state, begin + HOUR + LEAST_PAUSE), "Fetch");
        state.settle(grant("b", HOUR), begin + HOUR + LEAST_PAUSE);
        assert_eq!(advice(&state, begin + HOUR + LEAST_PAUSE), "b");
    }

    #[test]
    fn a_refused_pair_is_replaced_and_not_fetched_for_ever() {
        let now = Instant::now();
        let mut state = State::default();
        state.settle(grant("a", HOUR), now);
        assert!(state.refuse(&pair("a")));
        assert_eq!(advice(&state, now), "Fetch");
        // The metadata service has no other.
        state.settle(grant("a", HOUR), now);
        assert!(!state.refuse(&pair("a")));
        assert_eq!(advice(&state, now), "a");

        state.settle(grant("b", HOUR), now);
        assert!(state.refuse(&pair("a")), "another session was faster");
        assert_eq!(advice(&state, now), "b");
    }

    #[test]
    fn renewals_come_ahead_but_never_in_a_row() {
        for (lifetime, after) in [(7200, 6600), (1200, 600), (600, 300), (10, 5), (1, 1), (0, 1)] {
            assert_eq!(renewal_after(Duration::from_secs(lifetime)).as_secs(), after, "{lifetime}");
        }
    }
}
