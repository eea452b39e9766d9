//! Where a bucket answers, for all accounts on it: the connections to it, and what its answers tell
//! about the store itself.

use std::sync::atomic::{AtomicU64, Ordering};

use super::clock::Clock;
use super::dialect::is_cos;
use super::failed_tries::FailedTries;
use super::http::Connections;
use super::http::authorities::Authorities;
use super::known_arch::KnownArch;
use super::object_lock::KnownLock;
use crate::store::cos::options::CosOptions;

/// One bucket, as all accounts share it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(super) connections: Connections,
    /// Who vouches for it, and for a domain of its own.
    pub(super) authorities: Authorities,
    /// The store's clock.
    pub(crate) clock: Clock,
    /// Whether it keeps what is stored.
    pub(crate) lock: KnownLock,
    /// What it is made of.
    pub(crate) arch: KnownArch,
    /// How often it has asked for fewer requests.
    pub(crate) slowdowns: Slowdowns,
    /// The tries that failed.
    pub(super) failed_tries: FailedTries,
}

/// A counter of answers that ask to slow down.
#[derive(Debug, Default)]
pub(crate) struct Slowdowns(AtomicU64);

impl Slowdowns {
    /// So many so far.
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Site {
    /// The bucket that `options` name. Nothing is sent yet.
    pub(crate) fn new(options: &CosOptions, authorities: &Authorities) -> Self {
        let tells_way = is_cos(&options.endpoint);
        let connections = Connections::new(options.idle_connections, authorities, tells_way);
        Self {
            connections,
            authorities: authorities.clone(),
            clock: Clock::default(),
            lock: KnownLock::default(),
            arch: KnownArch::default(),
            slowdowns: Slowdowns::default(),
            failed_tries: FailedTries::default(),
        }
    }
}
