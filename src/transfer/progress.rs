//! How far a transfer has come, for STAT and for the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::metrics::{self, Direction};

/// Counters of one transfer. Clones share them: a worker counts, the session reads.
#[derive(Clone, Debug)]
pub struct Progress {
    begun: Arc<Mutex<Instant>>,
    bytes: Arc<AtomicU64>,
    parts: Arc<AtomicU64>,
    /// Of files; listings have none.
    direction: Option<Direction>,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            begun: Arc::new(Mutex::new(Instant::now())),
            bytes: Arc::default(),
            parts: Arc::default(),
            direction: None,
        }
    }
}

impl Progress {
    /// A transfer that begins now.
    pub fn begin() -> Self {
        Self::default()
    }

    /// The same of a file, whose bytes count in the process's figures, too.
    pub fn of_file(direction: Direction) -> Self {
        Self { direction: Some(direction), ..Self::default() }
    }

    /// Begins anew, for all clones: what was waited for before does not count.
    pub(super) fn restart(&self) {
        *self.begun.lock() = Instant::now();
    }

    /// Counts bytes moved over the data connection.
    pub fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if let Some(direction) = self.direction {
            metrics::count_data_bytes(direction, bytes);
        }
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
        self.begun.lock().elapsed()
    }

    /// Bytes per second since then.
    pub fn rate(&self) -> f64 {
        self.bytes() as f64 / self.elapsed().as_secs_f64().max(0.001)
    }
}
