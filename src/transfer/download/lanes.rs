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

/// What the operator allows for fetching ahead.
#[derive(Clone, Debug)]
pub(super) struct Ahead {
    /// Ranges fetched at once.
    pub(super) threads: usize,
    /// Bytes in all of them.
    pub(super) buffer: u64,
    pub(super) budget: Budget,
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
}

impl Lanes {
    /// Goes on where `source` is, on as many lanes as the budget and the machine give at once.
    ///
    /// # Errors
    /// The source as it was, when there is nothing to be gained.
    pub(super) fn start(mut source: Source, ahead: &Ahead) -> Result<Self, Box<Source>> {
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
        for (lane, n) in lanes.iter().zip(1..) {
            // The answer that is open already serves the first range.
            let next = first + n * range;
            let end = (next + range).min(size);
            let following = Source::range(version.clone(), next, end, cancel.clone());
            let mut present = std::mem::replace(&mut source, following);
            present.cut(next);
            // The lane waits for it, and the channel has room for it.
            let _ = lane.begin.try_send(Course { source: present, range, stride });
        }
        Ok(Self { lanes, range, left, cancel })
    }

    /// Delivers all that is left, in order.
    pub(super) fn deliver(
        &mut self,
        delivery: &mut Delivery<Arc<Stream>>,
    ) -> Result<(), Incomplete> {
        for lane in self.lanes.iter().cycle() {
            let mut of_range = self.range.min(self.left);
            if of_range == 0 {
                break;
            }
            self.left -= of_range;
            while of_range > 0 {
                let ended = |_| TransferError::System(io::Error::other("a download lane ended"));
                let fetched = lane.filled.recv().map_err(ended).and_then(|fetched| fetched);
                let mut block = fetched?;
                delivery.write(block.filled())?;
                of_range -= block.filled().len() as u64;
                block.clear();
                // A lane that has fetched its last range needs no more blocks.
                let _ = lane.empty.try_send(block);
            }
        }
        Ok(())
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
    let Ok(Course { mut source, range, stride }) = course.recv() else { return };
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
        if first >= size {
            return;
        }
        let (version, cancel) = (source.version().clone(), source.cancel().clone());
        source = Source::range(version, first, (first + range).min(size), cancel);
    }
}
