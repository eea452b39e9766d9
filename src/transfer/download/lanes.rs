//! Ranges fetched ahead: the upload pipe turned round.
//!
//! ```text
//! lane 0:  range 0, range 3, …  ─blocks─►┐
//! lane 1:  range 1, range 4, …  ─blocks─►├─ in order ─► data socket
//! lane 2:  range 2, range 5, …  ─blocks─►┘
//! ```
//!
//! Each lane is a thread with blocks of its own that go round between it and the one who delivers;
//! so the lane whose turn it is can always go on, and there is no deadlock. All lanes together
//! hold one buffer.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::delivery::Delivery;
use super::source::Source;
use crate::limits::BLOCK_BYTES;
use crate::net::Stream;
use crate::store::Cancel;
use crate::threads::{self, OwnedThread};
use crate::transfer::block::{Block, blocks_for};
use crate::transfer::budget::Budget;
use crate::transfer::{Incomplete, TransferError};

/// Fewer bytes are not worth a request of their own.
const LEAST_RANGE_BLOCKS: usize = 4;

/// Lanes stay when they deliver at least half as much again as one thread did: less is chance, or
/// taken from other transfers where the processor is the limit.
const LEAST_GAIN: (u32, u32) = (3, 2);

/// What the operator allows for fetching ahead.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// Ranges fetched at once.
    pub(super) threads: usize,
    /// Bytes in all of them.
    pub(super) buffer: u64,
    pub(super) budget: Budget,
}

/// How long so many bytes took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Copied {
    pub(super) bytes: u64,
    pub(super) taken: Duration,
}

/// The lanes of one download. Dropped, they are cancelled and joined.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    /// Bytes of one range.
    range: u64,
    /// Bytes still to be delivered.
    left: u64,
    cancel: Cancel,
    /// Raised when no lane is to begin another range.
    last: Arc<AtomicBool>,
    trial: Option<Trial>,
}

/// Whether the lanes are worth it: each has fetched a range then.
#[derive(Debug)]
struct Trial {
    /// Bytes of a range for each lane.
    bytes: u64,
    /// What one thread would have taken for them.
    alone: Duration,
    begun: Instant,
}

#[derive(Debug)]
struct Lane {
    begin: Sender<Course>,
    filled: Receiver<Result<Block, TransferError>>,
    empty: Sender<Block>,
    thread: Option<OwnedThread<()>>,
}

/// What a lane fetches: a range, and then every one that lies `stride` bytes further on.
#[derive(Debug)]
struct Course {
    source: Source,
    range: u64,
    stride: u64,
    /// As [`Lanes::last`].
    last: Arc<AtomicBool>,
}

impl Trial {
    fn new(bytes: u64, pace: Copied) -> Self {
        let alone = pace.taken.as_secs_f64() / pace.bytes.max(1) as f64 * bytes as f64;
        Self { bytes, alone: Duration::from_secs_f64(alone), begun: Instant::now() }
    }

    /// Whether the lanes are fast enough to stay, when that can be told after `delivered` bytes.
    fn verdict(&self, delivered: u64) -> Option<bool> {
        let (by, of) = LEAST_GAIN;
        (delivered >= self.bytes).then(|| self.begun.elapsed() * by <= self.alone * of)
    }
}

impl Lanes {
    /// Goes on where `source` is, on as many lanes as the budget and the machine give at once.
    /// `alone` is how fast one thread was.
    ///
    /// # Errors
    /// The source as it was, when there is nothing to be gained.
    pub(super) fn start(
        mut source: Source,
        ahead: &Ahead,
        alone: Copied,
    ) -> Result<Self, Box<Source>> {
        let (left, threads) = (source.left(), ahead.threads.max(1) as u64);
        let most = ahead.buffer / threads / BLOCK_BYTES as u64;
        let range_blocks = blocks_for(left.div_ceil(threads))
            .min(usize::try_from(most).unwrap_or(usize::MAX))
            .max(LEAST_RANGE_BLOCKS);
        let range = (range_blocks * BLOCK_BYTES) as u64;
        let wanted = threads.min(left.div_ceil(range));
        let lanes = (0..wanted).map_while(|_| Lane::spawn(range_blocks, ahead));
        let mut lanes: Vec<_> = lanes.collect();
        if lanes.len() < 2 {
            lanes.iter_mut().for_each(Lane::join);
            return Err(Box::new(source));
        }
        let (version, first, size) =
            (source.version().clone(), source.offset(), source.version().size);
        let (cancel, stride) = (source.cancel().clone(), range * lanes.len() as u64);
        let last = Arc::<AtomicBool>::default();
        for (lane, n) in lanes.iter().zip(1..) {
            // The answer that is open already serves the first range.
            let next = first + n * range;
            let end = (next + range).min(size);
            let following = Source::range(version.clone(), next, end, cancel.clone());
            let mut present = std::mem::replace(&mut source, following);
            present.cut(next);
            // The lane waits for it, and the channel has room for it.
            let course = Course { source: present, range, stride, last: Arc::clone(&last) };
            let _ = lane.begin.try_send(course);
        }
        Ok(Self { lanes, range, left, cancel, last, trial: Some(Trial::new(stride, alone)) })
    }

    /// Delivers what is left, in order; answers how many bytes are still left when the lanes gave
    /// up because one thread is as fast.
    pub(super) fn deliver(
        &mut self,
        delivery: &mut Delivery<Arc<Stream>>,
    ) -> Result<u64, Incomplete> {
        let all = self.left;
        for lane in self.lanes.iter().cycle() {
            let mut of_range = self.range.min(self.left);
            if of_range == 0 {
                break;
            }
            let mut first = true;
            while of_range > 0 {
                let Ok(fetched) = lane.filled.recv() else {
                    if first && self.last.load(Ordering::Relaxed) {
                        return Ok(self.left);
                    }
                    let ended = io::Error::other("a download lane ended");
                    return Err(TransferError::System(ended).into());
                };
                first = false;
                let mut block = fetched?;
                delivery.write(block.filled())?;
                let bytes = block.filled().len() as u64;
                (of_range, self.left) = (of_range - bytes, self.left - bytes);
                block.clear();
                // A lane that has fetched its last range needs no more blocks.
                let _ = lane.empty.try_send(block);
            }
            let verdict = self.trial.as_ref().and_then(|trial| trial.verdict(all - self.left));
            if let Some(stays) = verdict {
                self.trial = None;
                self.last.store(!stays, Ordering::Relaxed);
            }
        }
        Ok(0)
    }

    /// Ends lanes that have given up, so that their download can go on without them.
    pub(super) fn dismiss(mut self) {
        // Not cancelled: that is for the whole download.
        self.cancel = Cancel::new();
    }
}

impl Drop for Lanes {
    fn drop(&mut self) {
        self.cancel.raise();
        self.lanes.iter_mut().for_each(Lane::join);
    }
}

impl Lane {
    fn spawn(blocks: usize, ahead: &Ahead) -> Option<Self> {
        let (empty, take_empty) = bounded(blocks);
        let (give_filled, filled) = bounded(blocks);
        let (begin, course) = bounded(1);
        for block in Block::make(blocks, &ahead.budget)? {
            // As many as the channel has room for.
            empty.try_send(block).ok()?;
        }
        let thread =
            threads::spawn_helper(move || fetch(&course, &take_empty, &give_filled)).ok()?;
        Some(Self { begin, filled, empty, thread: Some(thread) })
    }

    /// Lets the thread run out of everything it could wait for, and waits for its end.
    fn join(&mut self) {
        (self.begin, self.empty) = (bounded(0).0, bounded(0).0);
        self.filled = crossbeam_channel::never();
        if let Some(thread) = self.thread.take() {
            // Its panic was seen as the end of its channel.
            let _ = thread.join();
        }
    }
}

fn fetch(
    course: &Receiver<Course>,
    empty: &Receiver<Block>,
    filled: &Sender<Result<Block, TransferError>>,
) {
    let Ok(Course { mut source, range, stride, last }) = course.recv() else { return };
    let size = source.version().size;
    let mut first = source.offset();
    loop {
        while source.left() > 0 {
            let Ok(mut block) = empty.recv() else { return };
            let outcome = source.fill(block.spare()).map(|bytes| block.advance(bytes));
            let failed = outcome.is_err();
            if filled.send(outcome.map(|()| block)).is_err() || failed {
                return;
            }
        }
        first += stride;
        if first >= size || last.load(Ordering::Relaxed) {
            return;
        }
        let (version, cancel) = (source.version().clone(), source.cancel().clone());
        source = Source::range(version, first, (first + range).min(size), cancel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_stay_that_are_faster_than_one_thread_was() {
        let pace = |seconds| Copied { bytes: 10, taken: Duration::from_secs(seconds) };
        let far = Trial::new(100, pace(60));
        assert_eq!(far.alone, Duration::from_secs(600));
        assert_eq!((far.verdict(99), far.verdict(100)), (None, Some(true)));
        assert_eq!(Trial::new(100, pace(0)).verdict(100), Some(false));
    }
}
