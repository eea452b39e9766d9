//! Memory for data, taken from the system and given back to it. An allocator would keep what the
//! busiest hour needed: its arenas shrink at their ends only. Some of the blocks that are given back
//! wait for the next transfer, as long as there is any and a little longer: the kernel has to fill
//! each page of a fresh one with zeros.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use memmap2::{MmapMut, MmapOptions};
use parking_lot::{Mutex, MutexGuard};

use crate::limits;

/// Bytes that are zeros, or what somebody else had in them: only what was written is to be read.
#[derive(Debug)]
pub(super) struct Memory(Kind);

#[derive(Debug)]
enum Kind {
    Mapped(MmapMut),
    Allocated(Box<[u8]>),
}

/// When the system is asked for the pages of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pages {
    /// Each when it is touched: for what may hold little.
    OneByOne,
    /// All at once, for a fraction of the cost: for what will be filled.
    Together,
}

/// What of the mapped memory is in use, and the blocks that are not.
struct Stock {
    in_use: usize,
    /// At most [`limits::SPARE_BYTES`], and none when nothing has been in use for
    /// [`limits::SPARE_TIME`].
    spare: Vec<MmapMut>,
    /// When the thread that waits to give them back is to do so, while there is one.
    keeper: Option<Instant>,
}

static STOCK: Mutex<Stock> = Mutex::new(Stock::new());

/// How much is mapped by this process, beside what its allocator knows of.
#[derive(Clone, Copy, Debug)]
pub struct Mapped;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Memory {
    /// `bytes` of it: small ones come from the allocator, and so do those for which the system has
    /// no mapping left.
    pub(super) fn new(bytes: usize, pages: Pages) -> Self {
        if bytes < limits::LEAST_MAPPING_BYTES {
            return Self::allocated(bytes);
        }
        if let Some(spare) = Stock::lock().take(bytes) {
            return Self(Kind::Mapped(spare));
        }
        let mapped = (Mapped::now() < limits::MAPPED_BYTES).then(|| map(bytes, pages));
        let Some(mapped) = mapped.flatten() else { return Self::allocated(bytes) };
        Stock::lock().in_use += bytes;
        let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
        PEAK.fetch_max(now, Ordering::Relaxed);
        Self(Kind::Mapped(mapped))
    }

    fn allocated(bytes: usize) -> Self {
        Self(Kind::Allocated(vec![0; bytes].into_boxed_slice()))
    }
}

fn map(bytes: usize, pages: Pages) -> Option<MmapMut> {
    let mut options = MmapOptions::new();
    options.len(bytes);
    if pages == Pages::Together {
        options.populate();
    }
    options.map_anon().ok()
}

impl Drop for Memory {
    fn drop(&mut self) {
        let nothing = Kind::Allocated(Box::default());
        let Kind::Mapped(mapped) = mem::replace(&mut self.0, nothing) else { return };
        let mut stock = Stock::lock();
        let surplus = stock.put_back(mapped);
        let needs_keeper = stock.needs_keeper(Instant::now());
        drop(stock);
        give_back(surplus);
        if needs_keeper {
            start_keeper();
        }
    }
}

fn start_keeper() {
    let keeper = Builder::new().name("spare-memory".to_owned());
    if keeper.stack_size(limits::WORKER_STACK_BYTES).spawn(keep_spare).is_err() {
        // Better to ask the system again than to keep it for ever.
        let spare = Stock::lock().dismiss_keeper();
        give_back(spare);
    }
}

/// Waits until nothing has been in use for [`limits::SPARE_TIME`], and gives the spare blocks back;
/// or until something is.
fn keep_spare() {
    loop {
        let due = Stock::lock().due(Instant::now());
        match due {
            Ok(spare) => return give_back(spare),
            Err(left) => thread::sleep(left),
        }
    }
}

/// Unmaps it. Not under the lock: that may take a while.
fn give_back(surplus: impl IntoIterator<Item = MmapMut>) {
    for mapped in surplus {
        NOW.fetch_sub(mapped.len(), Ordering::Relaxed);
    }
}

impl Stock {
    const fn new() -> Self {
        Self { in_use: 0, spare: Vec::new(), keeper: None }
    }

    fn lock() -> MutexGuard<'static, Self> {
        // Nothing panics while it is held.
        STOCK.lock()
    }

    /// A spare block, if that is what `bytes` are and there is one. It is in use from now on.
    fn take(&mut self, bytes: usize) -> Option<MmapMut> {
        let spare = if bytes == limits::BLOCK_BYTES { self.spare.pop() } else { None };
        self.in_use += spare.as_ref().map_or(0, |spare| spare.len());
        spare
    }

    /// Keeps it for the next one, or tells that it is to be given back to the system.
    fn put_back(&mut self, mapped: MmapMut) -> Option<MmapMut> {
        self.in_use -= mapped.len();
        let has_room = self.spare.len() * limits::BLOCK_BYTES < limits::SPARE_BYTES;
        if mapped.len() != limits::BLOCK_BYTES || !has_room {
            return Some(mapped);
        }
        self.spare.push(mapped);
        None
    }

    /// Whether a thread is to be started that gives back what is spare. The one that there is waits
    /// longer.
    fn needs_keeper(&mut self, now: Instant) -> bool {
        self.in_use == 0
            && !self.spare.is_empty()
            && self.keeper.replace(now + limits::SPARE_TIME).is_none()
    }

    /// What the keeper is to give back before it ends, or how long it is to wait.
    fn due(&mut self, now: Instant) -> Result<Vec<MmapMut>, Duration> {
        let is_unused = self.in_use == 0;
        let left = self.keeper.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        if is_unused && !left.is_zero() {
            return Err(left);
        }
        self.keeper = None;
        Ok(if is_unused { mem::take(&mut self.spare) } else { Vec::new() })
    }

    /// What is spare when there can be no keeper.
    fn dismiss_keeper(&mut self) -> Vec<MmapMut> {
        self.keeper = None;
        mem::take(&mut self.spare)
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Kind::Mapped(mapped) => mapped,
            Kind::Allocated(bytes) => bytes,
        }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Kind::Mapped(mapped) => mapped,
            Kind::Allocated(bytes) => bytes,
        }
    }
}

impl Mapped {
    /// Bytes mapped now.
    pub fn now() -> usize {
        NOW.load(Ordering::Relaxed)
    }

    /// Bytes mapped at most since the start, or since [`Self::reset_peak`].
    pub fn peak() -> usize {
        PEAK.load(Ordering::Relaxed)
    }

    /// Begins a new measurement.
    pub fn reset_peak() {
        PEAK.store(Self::now(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_can_be_written() {
        for bytes in [1, limits::LEAST_MAPPING_BYTES, limits::BLOCK_BYTES] {
            for pages in [Pages::OneByOne, Pages::Together] {
                let mut memory = Memory::new(bytes, pages);
                assert_eq!(memory.len(), bytes);
                memory[bytes - 1] = 7;
                assert_eq!(memory[bytes - 1], 7);
                let is_mapped = matches!(memory.0, Kind::Mapped(_));
                assert_eq!(is_mapped, bytes >= limits::LEAST_MAPPING_BYTES, "{bytes}");
            }
        }
    }

    #[test]
    fn so_many_blocks_wait_for_the_next_transfer() {
        let mut stock = Stock::new();
        let most = limits::SPARE_BYTES / limits::BLOCK_BYTES;
        assert!(stock.take(limits::BLOCK_BYTES).is_none());
        stock.in_use = (most + 2) * limits::BLOCK_BYTES + limits::LEAST_MAPPING_BYTES;
        let surplus = (0..most + 2).filter_map(|_| stock.put_back(block())).count();
        assert_eq!((surplus, stock.spare.len()), (2, most));
        assert!(stock.take(limits::LEAST_MAPPING_BYTES).is_none());
        assert!(stock.take(limits::BLOCK_BYTES).is_some());
        assert!(stock.put_back(block()).is_none());
        let other = MmapMut::map_anon(limits::LEAST_MAPPING_BYTES).unwrap();
        assert!(stock.put_back(other).is_some(), "of no use for blocks");
        assert_eq!((stock.in_use, stock.spare.len()), (0, most));
    }

    #[test]
    fn spare_blocks_are_given_back_a_while_after_the_last_transfer() {
        let mut stock = Stock::new();
        let begin = Instant::now();
        let at = |tenths| begin + limits::SPARE_TIME / 10 * tenths;
        stock.in_use = 2 * limits::BLOCK_BYTES;
        stock.put_back(block());
        assert!(!stock.needs_keeper(at(0)), "one is in use");
        stock.put_back(block());
        assert!(stock.needs_keeper(at(0)));
        assert_eq!(stock.due(at(4)).unwrap_err(), at(10) - at(4));
        // Another transfer begins and ends.
        let taken = stock.take(limits::BLOCK_BYTES).unwrap();
        stock.put_back(taken);
        assert!(!stock.needs_keeper(at(6)), "there is one");
        assert_eq!(stock.due(at(10)).unwrap_err(), at(16) - at(10));
        assert_eq!(stock.due(at(16)).unwrap().len(), 2);
        assert!(stock.spare.is_empty());
        assert!(!stock.needs_keeper(at(17)), "nothing to give back");
    }

    #[test]
    fn the_keeper_ends_when_a_transfer_runs() {
        let mut stock = Stock::new();
        let now = Instant::now();
        stock.in_use = limits::BLOCK_BYTES;
        stock.put_back(block());
        assert!(stock.needs_keeper(now));
        stock.take(limits::BLOCK_BYTES).unwrap();
        assert!(stock.due(now).unwrap().is_empty());
        stock.put_back(block());
        assert!(stock.needs_keeper(now), "there is none any more");
        assert_eq!(stock.dismiss_keeper().len(), 1);
    }

    fn block() -> MmapMut {
        MmapMut::map_anon(limits::BLOCK_BYTES).unwrap()
    }
}
