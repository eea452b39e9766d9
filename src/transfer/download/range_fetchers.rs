//! Ranges fetched ahead: the upload pipe turned round.
//!
//! ```text
//!                 ┌─ fetcher: range 7 ─┐
//! ranges in order ┼─ fetcher: range 5 ─┼─blocks─► in order ─► data socket
//!       ▲         └─ fetcher: range 6 ─┘              │
//!       └──────────────── empty blocks ◄───────────┘
//! ```
//!
//! Each range has all its blocks before it begins, and fetchers take ranges in order; so the range
//! whose turn it is can always go on, and there is no deadlock. All of them together hold one
//! buffer. How many fetchers there are, and so how large ranges are, is found out
//! ([`ConcurrencyLimit`]).

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::delivery::Delivery;
use super::source::{ObjectVersion, Source};
use crate::limits::BLOCK_BYTES;
use crate::net::Stream;
use crate::store::Cancel;
use crate::transfer::block::{Block, blocks_for};
use crate::transfer::budget::Budget;
use crate::transfer::concurrency::{Alone, Answered, ConcurrencyLimit, Moved, Others};
use crate::transfer::job_threads::JobThreads;
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

/// The fetchers of one download. Dropped, they are cancelled and joined.
#[derive(Debug)]
pub(super) struct RangeFetchers {
    threads: Option<JobThreads<RangeJob>>,
    budget: Budget,
    concurrency: ConcurrencyLimit,
    /// All blocks there are, and those that are in no range.
    blocks: usize,
    empty: Vec<Block>,
    /// Ranges that are fetched or wait for a fetcher, in order.
    ranges: VecDeque<PendingRange>,
    version: ObjectVersion,
    /// Offset behind them, and how many there were.
    next: u64,
    begun: u64,
    /// Bytes still to be delivered.
    left: u64,
    cancel: Cancel,
    give_answered: Sender<Answered>,
    answered: Receiver<Answered>,
}

/// A range that is to be delivered.
#[derive(Debug)]
struct PendingRange {
    bytes: u64,
    filled: Receiver<Result<Block, TransferError>>,
}

/// A range that is to be fetched, and the blocks for it.
#[derive(Debug)]
struct RangeJob {
    number: u64,
    source: Source,
    blocks: Vec<Block>,
    filled: Sender<Result<Block, TransferError>>,
}

impl RangeFetchers {
    /// Goes on where `source` is, on as many fetchers as the budget and the machine give at once.
    /// `alone` is how fast one thread was.
    ///
    /// # Errors
    /// The source as it was, when there is nothing to be gained.
    pub(super) fn start(source: Source, ahead: &Ahead, alone: Alone) -> Result<Self, Box<Source>> {
        let (left, version) = (source.left(), source.version().clone());
        let slowdowns = version.store.slowdowns();
        let empty = blocks_to_spare(left.min(ahead.buffer), &ahead.budget);
        let ranges = empty.len() / LEAST_RANGE_BLOCKS;
        let (give_answered, answered) = bounded(ranges);
        let now = Instant::now();
        let mut fetchers = Self {
            threads: Some(JobThreads::new(ahead.threads, ranges)),
            budget: ahead.budget.clone(),
            concurrency: ConcurrencyLimit::beyond_one(alone, ahead.threads, slowdowns, now),
            blocks: empty.len(),
            empty,
            ranges: VecDeque::new(),
            next: source.offset(),
            begun: 0,
            left,
            cancel: source.cancel().clone(),
            version,
            give_answered,
            answered,
        };
        if ahead.threads < 2 || ranges < 2 || !fetchers.has_lanes(2) {
            fetchers.dismiss();
            return Err(Box::new(source));
        }
        // The answer that is open already serves the first range.
        fetchers.begin_range(Some(source));
        fetchers.begin_ranges();
        Ok(fetchers)
    }

    /// Delivers what is left, in order; answers how many bytes are still left when the fetchers
    /// gave up because one thread is as fast.
    pub(super) fn deliver(
        &mut self,
        delivery: &mut Delivery<Arc<Stream>>,
    ) -> Result<u64, Incomplete> {
        while let Some(range) = self.ranges.pop_front() {
            let mut of_range = range.bytes;
            while of_range > 0 {
                let mut block = self.await_block(&range.filled)?;
                delivery.write(block.filled())?;
                let bytes = block.filled().len() as u64;
                (of_range, self.left) = (of_range - bytes, self.left - bytes);
                block.clear();
                self.empty.push(block);
                self.adapt(delivery.among.others());
                if !self.concurrency.is_first_trial() {
                    delivery.among.end_trial();
                }
                self.begin_ranges();
            }
        }
        Ok(self.left)
    }

    /// Ends fetchers that have given up, so that their download can go on without them.
    pub(super) fn dismiss(mut self) {
        // Not cancelled: that is for the whole download.
        self.cancel = Cancel::new();
    }

    /// The next block of the range whose turn it is.
    fn await_block(
        &mut self,
        filled: &Receiver<Result<Block, TransferError>>,
    ) -> Result<Block, TransferError> {
        let fetched = match filled.try_recv() {
            Err(TryRecvError::Empty) => {
                let since = Instant::now();
                let fetched = filled.recv();
                self.concurrency.wait(since.elapsed());
                fetched.ok()
            }
            fetched => fetched.ok(),
        };
        let ended = || TransferError::System(io::Error::other("a download fetcher ended"));
        fetched.ok_or_else(ended)?
    }

    /// What the ranges that were fetched tell of how many should be so at once.
    fn adapt(&mut self, others: Others) {
        self.concurrency.see(others);
        let room = ConcurrencyLimit::room_in(self.blocks, LEAST_RANGE_BLOCKS);
        while let Ok(answered) = self.answered.try_recv() {
            let slowdowns = self.version.store.slowdowns();
            if self.concurrency.note(answered, room, slowdowns, Instant::now()) {
                let limit = self.concurrency.get();
                log::debug!("{}: {limit} ranges at once from here on", self.version.path);
                if let Some(threads) = &mut self.threads {
                    threads.shrink_to(limit);
                }
            }
        }
    }

    /// Begins as many ranges as there are blocks for: more than fetchers, so that none has to wait.
    fn begin_ranges(&mut self) {
        while self.concurrency.get() > 1 && self.begin_range(None) {}
    }

    /// Begins the next range, if there are blocks for it. `open` is where its answer comes from, if
    /// that is there.
    fn begin_range(&mut self, open: Option<Source>) -> bool {
        let rest = self.version.size - self.next;
        let even = blocks_for(rest.div_ceil(self.concurrency.get() as u64));
        let most = self.concurrency.share_of(self.blocks).min(even).max(LEAST_RANGE_BLOCKS);
        let bytes = rest.min((most * BLOCK_BYTES) as u64);
        let Some(others) = self.empty.len().checked_sub(blocks_for(bytes)) else { return false };
        if bytes == 0 {
            return false;
        }
        let end = self.next + bytes;
        let mut source = open.unwrap_or_else(|| {
            Source::range(self.version.clone(), self.next, end, self.cancel.clone())
        });
        source.cut(end);
        let blocks = self.empty.split_off(others);
        let (give_filled, filled) = bounded(blocks.len());
        (self.next, self.begun) = (end, self.begun + 1);
        self.ranges.push_back(PendingRange { bytes, filled });
        self.concurrency.begin(self.begun, Instant::now());
        let job = RangeJob { number: self.begun, source, blocks, filled: give_filled };
        if let Some(threads) = &mut self.threads {
            threads.give(job);
        }
        self.has_lanes(self.ranges.len().min(self.concurrency.get()));
        true
    }

    /// Makes sure that there are so many fetchers; tells whether there are.
    fn has_lanes(&mut self, wanted: usize) -> bool {
        let Some(threads) = &mut self.threads else { return false };
        while threads.count() < wanted {
            let answered = self.give_answered.clone();
            if let Err(error) = threads.start(&self.budget, move |job| fetch(job, &answered)) {
                let count = threads.count();
                log::info!(
                    "{}: no fetcher beside the {count} there are: {error}",
                    self.version.path
                );
                self.concurrency.settle_for(count, Instant::now());
                return false;
            }
        }
        true
    }
}

impl Drop for RangeFetchers {
    fn drop(&mut self) {
        self.cancel.raise();
        for fetcher in self.threads.take().into_iter().flat_map(JobThreads::dismiss) {
            // Its panic was seen as the end of its channel.
            let _ = fetcher.join();
        }
    }
}

/// Blocks for `bytes`, as far as the budget can spare them.
fn blocks_to_spare(bytes: u64, budget: &Budget) -> Vec<Block> {
    let mut all = Vec::new();
    while all.len() < blocks_for(bytes)
        && let Some(more) = Block::make(LEAST_RANGE_BLOCKS, budget)
    {
        all.extend(more);
    }
    all
}

/// Fetches a range into its blocks. What becomes of it, its channel tells.
fn fetch(job: RangeJob, answered: &Sender<Answered>) -> ControlFlow<()> {
    let RangeJob { number, mut source, blocks, filled } = job;
    let (begun, bytes) = (Instant::now(), source.left());
    for mut block in blocks {
        let outcome = source.fill(block.spare()).map(|bytes| block.advance(bytes));
        let failed = outcome.is_err();
        if filled.send(outcome.map(|()| block)).is_err() || failed {
            return ControlFlow::Break(());
        }
    }
    // Where nobody has listened for long, nobody needs to know.
    let _ = answered.try_send(Answered { number, moved: Moved { bytes, taken: begun.elapsed() } });
    ControlFlow::Continue(())
}
