//! All downloads of the process: whether fetching ahead makes one of them faster, or takes from the
//! others.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::transfer::concurrency::Others;

/// Where fetching ahead has brought nothing to one of several on a busy processor, none of them
/// tries it for so long.
const REST: Duration = Duration::from_secs(5);

/// The processor may be the limit where a thread that could run has waited for it for a twentieth
/// of the time.
const BUSY: u32 = 20;

/// Where the kernel tells how long the thread has run, and has waited to run, in nanoseconds.
const SCHEDULED: &str = "/proc/thread-self/schedstat";

/// The downloads that run.
#[derive(Debug, Default)]
pub struct Downloads {
    moved: AtomicU64,
    running: AtomicUsize,
    rest_until: Mutex<Option<Instant>>,
    /// Whether one of them finds out what fetching ahead brings while the processor is busy: where
    /// all do so at once, none can tell.
    is_trying: AtomicBool,
}

/// One of them.
#[derive(Debug)]
pub(super) struct AmongDownloads {
    all: Arc<Downloads>,
    moved: u64,
    is_trying: bool,
    /// Whether its last trial began on a busy processor.
    was_busy: bool,
}

impl AmongDownloads {
    /// One that begins.
    pub(super) fn join(all: &Arc<Downloads>) -> Self {
        all.running.fetch_add(1, Ordering::Relaxed);
        Self { all: Arc::clone(all), moved: 0, is_trying: false, was_busy: false }
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

    /// Whether it may try to fetch ahead, on a processor that is busy or not. If so, it tries until
    /// [`Self::end_trial`].
    pub(super) fn begin_trial(&mut self, is_busy: bool, now: Instant) -> bool {
        self.was_busy = is_busy;
        if self.others().running == 0 {
            return true;
        }
        if self.all.rest_until.lock().is_some_and(|until| now < until) {
            return false;
        }
        self.is_trying = is_busy && !self.all.is_trying.swap(true, Ordering::Relaxed);
        self.is_trying || !is_busy
    }

    /// It knows what fetching ahead brings.
    pub(super) fn end_trial(&mut self) {
        if std::mem::take(&mut self.is_trying) {
            self.all.is_trying.store(false, Ordering::Relaxed);
        }
    }

    /// Fetching ahead has brought it nothing.
    pub(super) fn note_in_vain(&self, now: Instant) {
        if self.was_busy {
            *self.all.rest_until.lock() = Some(now + REST);
        }
    }
}

/// How long this thread has waited for a processor so far; zero where the kernel does not tell.
pub(super) fn waited_for_processor() -> Duration {
    let told = fs::read_to_string(SCHEDULED).unwrap_or_default();
    let waited = told.split(' ').nth(1).and_then(|nanoseconds| nanoseconds.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

/// Whether a thread that has `waited` for so long of `time` has shared a busy processor.
pub(super) fn is_busy(waited: Duration, time: Duration) -> bool {
    waited * BUSY > time
}

impl Drop for AmongDownloads {
    fn drop(&mut self) {
        self.end_trial();
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
        let mut first = AmongDownloads::join(&all);
        assert!(first.begin_trial(true, now));
        first.note_in_vain(now);
        assert!(first.begin_trial(true, now), "it is alone");
        let mut second = AmongDownloads::join(&all);
        assert!(!second.begin_trial(false, now) && !first.begin_trial(false, now));
        assert!(second.begin_trial(false, now + REST));
    }

    #[test]
    fn on_a_busy_processor_one_tries_at_a_time() {
        let (all, now) = (Arc::default(), Instant::now());
        let [mut first, mut second] = [(); 2].map(|()| AmongDownloads::join(&all));
        assert!(first.begin_trial(false, now) && second.begin_trial(false, now));
        assert!(first.begin_trial(true, now) && !second.begin_trial(true, now));
        first.end_trial();
        assert!(second.begin_trial(true, now) && !first.begin_trial(true, now));
        let _third = AmongDownloads::join(&all);
        drop(second);
        assert!(first.begin_trial(true, now));
    }

    #[test]
    fn a_twentieth_of_the_time_is_busy() {
        let time = Duration::from_millis(100);
        assert!(is_busy(time / 19, time) && !is_busy(time / 20, time));
        assert!(waited_for_processor() <= waited_for_processor());
    }
}
