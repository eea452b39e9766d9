//! The addresses of a service's host, remembered: the HTTP client asks for them before each
//! request, also where a kept connection will do, and by a thread of its own where the request has
//! a time-out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// How long what the system's resolver said is believed: a name that leads elsewhere is followed
/// within it.
const AGE: Duration = Duration::from_secs(30);

/// What is known of the one host that a client asks. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Addresses(Arc<Mutex<Option<Known>>>);

#[derive(Debug)]
struct Known {
    addresses: ResolvedSocketAddrs,
    /// When they are asked for again.
    until: Instant,
}

/// Asks the system's resolver when nothing is known, or what is known is old. While the resolver
/// fails, what it said last is used.
#[derive(Debug)]
pub(crate) struct RememberingResolver<R> {
    system: R,
    addresses: Addresses,
}

impl Addresses {
    /// What was found last, unless it is to be asked for again.
    pub(crate) fn known(&self) -> Option<ResolvedSocketAddrs> {
        let known = self.0.lock();
        let known = known.as_ref().filter(|known| Instant::now() < known.until)?;
        Some(known.addresses.clone())
    }

    /// They do not answer: perhaps the name leads elsewhere by now.
    pub(crate) fn doubt(&self) {
        if let Some(known) = &mut *self.0.lock() {
            known.until = Instant::now();
        }
    }

    fn remember(&self, addresses: &ResolvedSocketAddrs) {
        let known = Known { addresses: addresses.clone(), until: Instant::now() + AGE };
        *self.0.lock() = Some(known);
    }

    /// What was found last, however long ago. It is believed once more.
    fn recall(&self) -> Option<ResolvedSocketAddrs> {
        let mut known = self.0.lock();
        let known = known.as_mut()?;
        known.until = Instant::now() + AGE;
        Some(known.addresses.clone())
    }
}

impl RememberingResolver<DefaultResolver> {
    /// What the system finds is remembered in `addresses`.
    pub(crate) fn new(addresses: Addresses) -> Self {
        Self { system: DefaultResolver::default(), addresses }
    }
}

impl<R: Resolver> Resolver for RememberingResolver<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        if let Some(known) = self.addresses.known() {
            return Ok(known);
        }
        match self.system.resolve(uri, config, timeout) {
            Ok(found) => {
                self.addresses.remember(&found);
                Ok(found)
            }
            Err(error) => match self.addresses.recall() {
                Some(last) => {
                    let host = uri.host().unwrap_or_default();
                    log::warn!("{host} is not found now ({error}): its last addresses are used");
                    Ok(last)
                }
                None => Err(error),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

    use ureq::Agent;
    use ureq::unversioned::transport::time;

    use super::*;

    /// Finds another port each time, or nothing.
    #[derive(Debug, Default)]
    struct Counting {
        asked: AtomicU16,
        fails: Arc<AtomicBool>,
    }

    impl Resolver for Counting {
        fn resolve(
            &self,
            _: &Uri,
            _: &Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, Error> {
            let port = self.asked.fetch_add(1, Ordering::SeqCst) + 1;
            if self.fails.load(Ordering::SeqCst) {
                return Err(Error::HostNotFound);
            }
            let mut found = self.empty();
            found.push(([127, 0, 0, 1], port).into());
            Ok(found)
        }
    }

    fn port(resolver: &RememberingResolver<Counting>) -> Result<u16, Error> {
        let timeout = NextTimeout { after: time::Duration::NotHappening, ..NextTimeout::default() };
        let uri = Uri::from_static("http://bucket.example");
        resolver
            .resolve(&uri, Agent::new_with_defaults().config(), timeout)
            .map(|found| found[0].port())
    }

    #[test]
    fn addresses_are_asked_for_once_until_they_are_doubted() {
        let addresses = Addresses::default();
        let system = Counting::default();
        let resolver = RememberingResolver { system, addresses: addresses.clone() };
        assert_eq!([port(&resolver).unwrap(), port(&resolver).unwrap()], [1, 1]);
        assert_eq!(addresses.known().unwrap()[0].port(), 1);
        addresses.doubt();
        assert!(addresses.known().is_none());
        assert_eq!([port(&resolver).unwrap(), port(&resolver).unwrap()], [2, 2]);
    }

    #[test]
    fn while_nothing_is_found_the_last_addresses_are_used() {
        let addresses = Addresses::default();
        let fails = Arc::default();
        let system = Counting { fails: Arc::clone(&fails), ..Counting::default() };
        let resolver = RememberingResolver { system, addresses: addresses.clone() };
        fails.store(true, Ordering::SeqCst);
        assert!(matches!(port(&resolver), Err(Error::HostNotFound)));
        fails.store(false, Ordering::SeqCst);
        assert_eq!(port(&resolver).unwrap(), 2);
        fails.store(true, Ordering::SeqCst);
        addresses.doubt();
        assert_eq!([port(&resolver).unwrap(), port(&resolver).unwrap()], [2, 2]);
        assert_eq!(resolver.system.asked.load(Ordering::SeqCst), 3, "not for each request");
        addresses.doubt();
        fails.store(false, Ordering::SeqCst);
        assert_eq!(port(&resolver).unwrap(), 4);
    }
}
