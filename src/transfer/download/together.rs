//! All downloads of the process: whether fetching ahead makes one of them faster, or takes from the
//! others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::processor::Processor;
use crate::transfer::concurrency::Others;

/// Where fetching ahead has brought nothing to one of several on a busy processor, none of them
/// tries it for so long; nor does another while one tries, unless that takes longer, as with a
/// client or a store that stands still.
const REST: Duration = Duration::from_secs(5);

/// The downloads that run.
#[derive(Debug, Default)]
pub struct Downloads {
    moved: AtomicU64,
    running: AtomicUsize,
    rest_until: Mutex<Option<Instant>>,
    /// Until when one of them may find out alone what fetching ahead brings while the processor is
    /// busy, if one does: where all do so at once, none can tell.
    trial_until: Mutex<Option<Instant>>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct AmongDownloads {
    all: Arc<Downloads>,
    moved: u64,
    /// Until when it tries alone.
    trial_until: Option<Instant>,
    /// On which its last trial began.
    processor: Processor,
}

impl AmongDownloads {
    /// One that begins.
    pub(super) fn join(all: &Arc<Downloads>) -> Self {
        all.running.fetch_add(1, Ordering::Relaxed);
        Self { all: Arc::clone(all), moved: 0, trial_until: None, processor: Processor::Free }
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

    /// Whether it may try to fetch ahead on such a `processor`. If so, it tries until
    /// [`Self::end_trial`].
    pub(super) fn begin_trial(&mut self, processor: Processor, now: Instant) -> bool {
        self.processor = processor;
        if self.others().running == 0 {
            return true;
        }
        if self.all.rest_until.lock().is_some_and(|until| now < until) {
            return false;
        }
        match processor {
            Processor::Free => true,
            Processor::Busy => self.begin_alone(now),
        }
    }

    /// Whether no other tries, or none that may do so any longer.
    fn begin_alone(&mut self, now: Instant) -> bool {
        let mut running = self.all.trial_until.lock();
        let is_free = running.is_none_or(|until| until <= now);
        if is_free {
            self.trial_until = Some(now + REST);
            *running = self.trial_until;
        }
        is_free
    }

    /// It knows what fetching ahead brings.
    pub(super) fn end_trial(&mut self) {
        let Some(own) = self.trial_until.take() else { return };
        let mut running = self.all.trial_until.lock();
        // Another may have begun since its time was over.
        if *running == Some(own) {
            *running = None;
        }
    }

    /// Fetching ahead has brought it nothing.
    pub(super) fn note_in_vain(&self, now: Instant) {
        if self.processor == Processor::Busy {
            *self.all.rest_until.lock() = Some(now + REST);
        }
    }
}

impl Drop for AmongDownloads {
    fn drop(&mut self) {
        self.end_trial();
        self.all.running.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use Processor::{Busy, Free};

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
        assert!(first.begin_trial(Busy, now));
        first.note_in_vain(now);
        assert!(first.begin_trial(Busy, now), "it is alone");
        let mut second = AmongDownloads::join(&all);
        assert!(!second.begin_trial(Free, now) && !first.begin_trial(Free, now));
        assert!(second.begin_trial(Free, now + REST));
    }

    #[test]
    fn on_a_busy_processor_one_tries_at_a_time() {
        let (all, now) = (Arc::default(), Instant::now());
        let [mut first, mut second] = [(); 2].map(|()| AmongDownloads::join(&all));
        assert!(first.begin_trial(Free, now) && second.begin_trial(Free, now));
        assert!(first.begin_trial(Busy, now) && !second.begin_trial(Busy, now));
        first.end_trial();
        assert!(second.begin_trial(Busy, now) && !first.begin_trial(Busy, now));
        let _third = AmongDownloads::join(&all);
        drop(second);
        assert!(first.begin_trial(Busy, now));
    }

    #[test]
    fn one_whose_trial_takes_long_keeps_the_others_from_theirs_for_a_while_only() {
        let (all, now) = (Arc::default(), Instant::now());
        let [mut slow, mut second, mut third] = [(); 3].map(|()| AmongDownloads::join(&all));
        assert!(slow.begin_trial(Busy, now) && !second.begin_trial(Busy, now));
        assert!(second.begin_trial(Busy, now + REST));
        // It is the second's turn, whatever becomes of the first.
        drop(slow);
        assert!(!third.begin_trial(Busy, now + REST));
        second.end_trial();
        assert!(third.begin_trial(Busy, now + REST));
    }
}
