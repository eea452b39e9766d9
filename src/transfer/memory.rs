//! Memory for data, taken from the system and given back to it. An allocator would keep what the
//! busiest hour needed: its arenas shrink at their ends only. Some of the blocks that are given back
//! wait for the next transfer, as long as there is any: a fresh one costs a page fault for each page.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::MmapMut;

use crate::limits;

/// Bytes that are zeros, or what somebody else had in them: only what was written is to be read.
/// Pages are taken when they are touched.
#[derive(Debug)]
pub(super) struct Memory(Kind);

#[derive(Debug)]
enum Kind {
    Mapped(MmapMut),
    Allocated(Box<[u8]>),
}

/// What of the mapped memory is in use, and the blocks that are not.
struct Stock {
    in_use: usize,
    /// At most [`limits::SPARE_BYTES`], and none when nothing is in use.
    spare: Vec<MmapMut>,
}

static STOCK: Mutex<Stock> = Mutex::new(Stock { in_use: 0, spare: Vec::new() });

/// How much is mapped by this process, beside what its allocator knows of.
#[derive(Clone, Copy, Debug)]
pub struct Mapped;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

impl Memory {
    /// `bytes` of it: small ones come from the allocator, and so do those for which the system has
    /// no mapping left.
    pub(super) fn new(bytes: usize) -> Self {
        if bytes < limits::LEAST_MAPPING_BYTES {
            return Self::allocated(bytes);
        }
        if let Some(spare) = Stock::lock().take(bytes) {
            return Self(Kind::Mapped(spare));
        }
        let mapped = (Mapped::now() < limits::MAPPED_BYTES).then(|| MmapMut::map_anon(bytes).ok());
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

impl Drop for Memory {
    fn drop(&mut self) {
        let nothing = Kind::Allocated(Box::default());
        let Kind::Mapped(mapped) = mem::replace(&mut self.0, nothing) else { return };
        let surplus = Stock::lock().put_back(mapped);
        NOW.fetch_sub(surplus.iter().map(|mapped| mapped.len()).sum(), Ordering::Relaxed);
    }
}

impl Stock {
    fn lock() -> MutexGuard<'static, Self> {
        // Nothing panics while it is held.
        STOCK.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A spare block, if that is what `bytes` are and there is one. It is in use from now on.
    fn take(&mut self, bytes: usize) -> Option<MmapMut> {
        let spare = if bytes == limits::BLOCK_BYTES { self.spare.pop() } else { None };
        self.in_use += spare.as_ref().map_or(0, |spare| spare.len());
        spare
    }

    /// Keeps it for the next one or tells what is to be given back to the system: everything, when
    /// nothing is in use any more.
    fn put_back(&mut self, mapped: MmapMut) -> Vec<MmapMut> {
        self.in_use -= mapped.len();
        let has_room = self.spare.len() * limits::BLOCK_BYTES < limits::SPARE_BYTES;
        if self.in_use == 0 {
            let mut all = mem::take(&mut self.spare);
            all.push(mapped);
            return all;
        }
        if mapped.len() != limits::BLOCK_BYTES || !has_room {
            return vec![mapped];
        }
        self.spare.push(mapped);
        Vec::new()
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
            let mut memory = Memory::new(bytes);
            assert_eq!(memory.len(), bytes);
            memory[bytes - 1] = 7;
            assert_eq!(memory[bytes - 1], 7);
            let is_mapped = matches!(memory.0, Kind::Mapped(_));
            assert_eq!(is_mapped, bytes >= limits::LEAST_MAPPING_BYTES, "{bytes}");
        }
    }

    #[test]
    fn blocks_wait_for_the_next_transfer_while_there_is_any() {
        let block = || MmapMut::map_anon(limits::BLOCK_BYTES).unwrap();
        let mut stock = Stock { in_use: 0, spare: Vec::new() };
        let most = limits::SPARE_BYTES / limits::BLOCK_BYTES;
        assert!(stock.take(limits::BLOCK_BYTES).is_none());
        stock.in_use = (most + 3) * limits::BLOCK_BYTES;
        let surplus: usize = (0..most + 2).map(|_| stock.put_back(block()).len()).sum();
        assert_eq!((surplus, stock.spare.len()), (2, most));
        assert!(stock.take(limits::BLOCK_BYTES).is_some());
        assert!(stock.put_back(block()).is_empty());
        assert_eq!(stock.put_back(block()).len(), most + 1, "the last one");
        assert_eq!((stock.in_use, stock.spare.len()), (0, 0));
    }
}
