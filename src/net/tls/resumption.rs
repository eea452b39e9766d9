//! What resumes the TLS sessions of clients: tickets, and ids for those that know no tickets.
//!
//! Data connections go on with the session of their control connection. Where they must, each
//! client has a key of its own that lives as long as its control connection: who resumes is the
//! client that got the ticket, a day later too.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::crypto::GetRandomFailed;
use rustls::crypto::ring::Ticketer;
use rustls::server::{ProducesTickets, ServerSessionMemoryCache, StoresServerSessions};
use rustls::{Error, ServerConfig};

use crate::limits;

/// The means by which sessions are resumed.
#[derive(Clone, Debug)]
pub(super) struct Resumption {
    tickets: Arc<dyn ProducesTickets>,
    /// TLS 1.3 tickets that a control connection brings.
    count: usize,
    ids: Arc<dyn StoresServerSessions>,
}

impl Resumption {
    /// For all clients; the ticket key is replaced every few hours.
    pub(super) fn shared() -> Result<Self, Error> {
        let ids = ServerSessionMemoryCache::new(limits::TLS_SESSION_CACHE);
        Ok(Self { tickets: Ticketer::new()?, count: limits::TLS_TICKETS, ids })
    }

    /// For one client, with a ticket key of its own that is never replaced.
    pub(super) fn of_one_client() -> Result<Self, Error> {
        let ids = ServerSessionMemoryCache::new(limits::TLS_SESSION_CACHE_OF_ONE);
        let tickets = Arc::new(OwnTickets::new()?);
        Ok(Self { tickets, count: limits::TLS_TICKETS_OF_ONE, ids })
    }

    /// A control connection, where sessions begin.
    pub(super) fn begin(&self, config: &ServerConfig) -> Arc<ServerConfig> {
        let mut config = config.clone();
        config.ticketer = Arc::clone(&self.tickets);
        config.session_storage = Arc::clone(&self.ids);
        config.send_tls13_tickets = self.count;
        Arc::new(config)
    }

    /// A TLS 1.3 data connection. It brings another ticket, for clients that use each once only.
    pub(super) fn go_on_1_3(&self, config: &ServerConfig) -> Arc<ServerConfig> {
        let mut config = config.clone();
        config.ticketer = Arc::clone(&self.tickets);
        config.session_storage = Arc::new(LookUp(Arc::clone(&self.ids)));
        config.send_tls13_tickets = 1;
        Arc::new(config)
    }

    /// A TLS 1.2 data connection. It brings no ticket: OpenSSL never resumes a session again for
    /// which it was given another ticket, and its clients go on with the one they know.
    pub(super) fn go_on_1_2(&self, config: &ServerConfig) -> Arc<ServerConfig> {
        let mut config = config.clone();
        config.ticketer = Arc::new(TakeOnly(Arc::clone(&self.tickets)));
        config.session_storage = Arc::new(LookUp(Arc::clone(&self.ids)));
        config.send_tls13_tickets = 0;
        Arc::new(config)
    }
}

/// The tickets of one client. They say with what key they were made, as all of them have the same:
/// nothing but nonce and ciphertext.
struct OwnTickets {
    key: LessSafeKey,
    random: SystemRandom,
    /// The longest ticket so far. Whoever sends a longer one has not got it from here; to try that
    /// would help who looks for a key by long ciphertexts (a partitioning oracle).
    longest: AtomicUsize,
}

impl OwnTickets {
    fn new() -> Result<Self, Error> {
        let random = SystemRandom::new();
        let mut key = [0; 32];
        random.fill(&mut key).map_err(|_| GetRandomFailed)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key)
            .map_err(|_| Error::General("no ticket key of that length".to_owned()))?;
        Ok(Self { key: LessSafeKey::new(key), random, longest: AtomicUsize::new(0) })
    }
}

impl ProducesTickets for OwnTickets {
    fn enabled(&self) -> bool {
        true
    }

    /// A week, the most that TLS 1.3 allows (RFC 8446 4.6.1).
    fn lifetime(&self) -> u32 {
        7 * 24 * 60 * 60
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).ok()?;
        let mut sealed = plain.to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key.seal_in_place_append_tag(unique, Aad::empty(), &mut sealed).ok()?;
        let ticket = [&nonce[..], &sealed].concat();
        self.longest.fetch_max(ticket.len(), Ordering::Relaxed);
        Some(ticket)
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        if ticket.len() > self.longest.load(Ordering::Relaxed) {
            return None;
        }
        let (nonce, sealed) = ticket.split_first_chunk()?;
        let mut sealed = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?.len();
        sealed.truncate(plain);
        Some(sealed)
    }
}

impl fmt::Debug for OwnTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTickets").finish_non_exhaustive()
    }
}

/// Takes tickets and gives none. rustls asks a ticketer that is not enabled to decrypt all the
/// same, in TLS 1.2.
#[derive(Debug)]
struct TakeOnly(Arc<dyn ProducesTickets>);

impl ProducesTickets for TakeOnly {
    fn enabled(&self) -> bool {
        false
    }

    fn lifetime(&self) -> u32 {
        self.0.lifetime()
    }

    fn encrypt(&self, _plain: &[u8]) -> Option<Vec<u8>> {
        None
    }

    fn decrypt(&self, ticket: &[u8]) -> Option<Vec<u8>> {
        self.0.decrypt(ticket)
    }
}

/// Finds sessions and remembers none: a stranger's full handshake, which is refused only behind it,
/// must not leave a session that could be resumed.
#[derive(Debug)]
struct LookUp(Arc<dyn StoresServerSessions>);

impl StoresServerSessions for LookUp {
    fn put(&self, _key: Vec<u8>, _value: Vec<u8>) -> bool {
        false
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.take(key)
    }

    fn can_cache(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &[u8] = b"what resumes a session";

    #[test]
    fn tickets_are_those_of_one_client() {
        let (own, other) = (OwnTickets::new().unwrap(), OwnTickets::new().unwrap());
        let ticket = own.encrypt(PLAIN).unwrap();
        // So that nothing but the key tells them apart.
        let long = other.encrypt(&[0; 200]).unwrap();
        assert_eq!(own.decrypt(&ticket).unwrap(), PLAIN);
        assert_eq!(other.decrypt(&ticket), None);
        assert_eq!(own.decrypt(&long), None);
        assert_ne!(own.encrypt(PLAIN).unwrap(), ticket);
    }

    #[test]
    fn what_is_no_ticket_is_none() {
        let own = OwnTickets::new().unwrap();
        let ticket = own.encrypt(PLAIN).unwrap();
        for end in 0..ticket.len() {
            assert_eq!(own.decrypt(&ticket[..end]), None, "{end} bytes");
            let mut changed = ticket.clone();
            changed[end] ^= 1;
            assert_eq!(own.decrypt(&changed), None, "byte {end}");
        }
        assert_eq!(own.decrypt(&[ticket, vec![0]].concat()), None);
    }

    #[test]
    fn data_connections_take_tickets_and_ids_and_give_none() {
        let resumption = Resumption::of_one_client().unwrap();
        let ticket = resumption.tickets.encrypt(PLAIN).unwrap();
        let taken = TakeOnly(Arc::clone(&resumption.tickets));
        assert_eq!(taken.decrypt(&ticket).unwrap(), PLAIN);
        assert!(!taken.enabled() && taken.encrypt(PLAIN).is_none());
        assert!(resumption.ids.put(b"id".to_vec(), PLAIN.to_vec()));
        let found = LookUp(Arc::clone(&resumption.ids));
        assert!(!found.can_cache() && !found.put(b"other".to_vec(), PLAIN.to_vec()));
        assert_eq!(found.get(b"id").unwrap(), PLAIN);
        assert_eq!(found.get(b"other"), None);
    }
}
