//! How far a transfer has come, for STAT and for the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Counters of one transfer. Clones share them: a worker counts, the session reads.
#[derive(Clone, Debug)]
pub struct Progress {
    begun: Instant,
    bytes: Arc<AtomicU64>,
    parts: Arc<AtomicU64>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { begun: Instant::now(), bytes: Arc::default(), parts: Arc::default() }
    }
}

impl Progress {
    /// A transfer that begins now.
    pub fn begin() -> Self {
        Self::default()
    }

    /// Counts bytes moved over the data connection.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts a part the store has confirmed.
    pub fn add_part(&self) {
        self.parts.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes moved over the data connection.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Parts the store has confirmed.
    pub fn parts(&self) -> u64 {
        self.parts.load(Ordering::Relaxed)
    }

    /// Time since the transfer began.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}
