//! All downloads of the process: whether fetching ahead makes one of them faster, or takes from the
//! others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::transfer::concurrency::Others;

/// Where fetching ahead has brought nothing to one of several, none of them tries it for so long:
/// most often the processor is the limit, which they share.
const REST: Duration = Duration::from_secs(5);

/// The downloads that run.
#[derive(Debug, Default)]
pub struct Downloads {
    moved: AtomicU64,
    running: AtomicUsize,
    rest_until: Mutex<Option<Instant>>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct AmongDownloads {
    all: Arc<Downloads>,
    moved: u64,
}

impl AmongDownloads {
    /// One that begins.
    pub(super) fn join(all: &Arc<Downloads>) -> Self {
        all.running.fetch_add(1, Ordering::Relaxed);
        Self { all: Arc::clone(all), moved: 0 }
    }

    /// Its client has taken so many bytes.
    pub(super) fn add(&mut self, bytes: u64) {
        self.moved += bytes;
        self.all.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What the others have moved so far.
    pub(super) fn others(&self) -> Others {
        Others {
            moved: self.all.moved.load(Ordering::Relaxed).saturating_sub(self.moved),
            running: self.all.running.load(Ordering::Relaxed).saturating_sub(1),
        }
    }

    /// Whether it may try to fetch ahead.
    pub(super) fn may_fetch_ahead(&self, now: Instant) -> bool {
        self.others().running == 0 || self.all.rest_until.lock().is_none_or(|until| until <= now)
    }

    /// Fetching ahead has brought it nothing.
    pub(super) fn note_in_vain(&self, now: Instant) {
        *self.all.rest_until.lock() = Some(now + REST);
    }
}

impl Drop for AmongDownloads {
    fn drop(&mut self) {
        self.all.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sees_the_others_and_what_they_move() {
        let all = Arc::default();
        let mut first = AmongDownloads::join(&all);
        first.add(5);
        assert_eq!(first.others(), Others::default());
        let mut second = AmongDownloads::join(&all);
        second.add(7);
        assert_eq!(first.others(), Others { moved: 7, running: 1 });
        assert_eq!(second.others(), Others { moved: 5, running: 1 });
        drop(second);
        assert_eq!(first.others(), Others { moved: 7, running: 0 });
    }

    #[test]
    fn one_that_had_nothing_of_it_keeps_the_others_from_trying_for_a_while() {
        let (all, now) = (Arc::default(), Instant::now());
        let first = AmongDownloads::join(&all);
        first.note_in_vain(now);
        assert!(first.may_fetch_ahead(now), "it is alone");
        let second = AmongDownloads::join(&all);
        assert!(!second.may_fetch_ahead(now) && !first.may_fetch_ahead(now));
        assert!(second.may_fetch_ahead(now + REST));
    }
}
