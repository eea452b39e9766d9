//! Memory for data, taken from the system and given back to it. An allocator would keep what the
//! busiest hour needed: its arenas shrink at their ends only. Some of the blocks that are given
//! back wait for the next transfer, as long as there is any and a little longer: the kernel has to
//! fill each page of a fresh one with zeros.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use memmap2::{MmapMut, MmapOptions};
use parking_lot::Mutex;

use crate::limits;

/// Bytes that are zeros, or what somebody else had in them: only what was written is to be read.
#[derive(Debug)]
pub(super) enum Memory {
    Mapped(Option<MmapMut>, MemoryStock),
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

/// Where memory comes from and goes back to: what of it is mapped, and the blocks that are not in
/// use. Clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct MemoryStock(Arc<Mutex<Blocks>>);

#[derive(Debug, Default)]
struct Blocks {
    in_use: usize,
    /// At most [`limits::SPARE_BYTES`].
    spare: Vec<MmapMut>,
    /// Whether anything was in use since the last call of [`MemoryStock::give_back_unused`].
    was_used: bool,
    /// The most that was mapped.
    peak: usize,
}

impl MemoryStock {
    /// `bytes` of it: small ones come from the allocator, and so do those for which the system has
    /// no mapping left.
    pub(super) fn take(&self, bytes: usize, pages: Pages) -> Memory {
        let mapped =
            if bytes < limits::LEAST_MAPPING_BYTES { None } else { self.map(bytes, pages) };
        match mapped {
            Some(mapped) => Memory::Mapped(Some(mapped), self.clone()),
            None => Memory::Allocated(vec![0; bytes].into_boxed_slice()),
        }
    }

    fn map(&self, bytes: usize, pages: Pages) -> Option<MmapMut> {
        let mut blocks = self.0.lock();
        if bytes == limits::BLOCK_BYTES
            && let Some(spare) = blocks.spare.pop()
        {
            blocks.note_use(bytes);
            return Some(spare);
        }
        if blocks.mapped() >= limits::MAPPED_BYTES {
            return None;
        }
        blocks.note_use(bytes);
        // The system may take a while.
        drop(blocks);
        let mapped = map(bytes, pages);
        if mapped.is_none() {
            self.0.lock().in_use -= bytes;
        }
        mapped
    }

    /// Gives what is spare back to the system, if nothing was in use since the last call.
    pub(super) fn give_back_unused(&self) {
        let mut blocks = self.0.lock();
        let is_used = blocks.in_use > 0;
        let was_used = mem::replace(&mut blocks.was_used, is_used);
        let unused = if was_used { Vec::new() } else { mem::take(&mut blocks.spare) };
        drop(blocks);
        drop(unused);
    }

    /// Bytes that are spare.
    pub(super) fn spare(&self) -> usize {
        self.0.lock().spare_bytes()
    }

    /// The most bytes that were mapped at a time.
    pub(super) fn peak(&self) -> usize {
        self.0.lock().peak
    }
}

impl Blocks {
    fn spare_bytes(&self) -> usize {
        self.spare.len() * limits::BLOCK_BYTES
    }

    fn mapped(&self) -> usize {
        self.in_use + self.spare_bytes()
    }

    fn note_use(&mut self, bytes: usize) {
        self.in_use += bytes;
        self.was_used = true;
        self.peak = self.peak.max(self.mapped());
    }

    /// Keeps it for the next one, or tells that it is to be given back to the system.
    fn put_back(&mut self, mapped: MmapMut) -> Option<MmapMut> {
        self.in_use -= mapped.len();
        if mapped.len() != limits::BLOCK_BYTES || self.spare_bytes() >= limits::SPARE_BYTES {
            return Some(mapped);
        }
        self.spare.push(mapped);
        None
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
        if let Self::Mapped(mapped, stock) = self
            && let Some(mapped) = mapped.take()
        {
            let surplus = stock.0.lock().put_back(mapped);
            // Not under the lock: to unmap it may take a while.
            drop(surplus);
        }
    }
}

impl Deref for Memory {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Mapped(mapped, _) => mapped.as_deref().unwrap_or_default(),
            Self::Allocated(bytes) => bytes,
        }
    }
}

impl DerefMut for Memory {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Mapped(mapped, _) => mapped.as_deref_mut().unwrap_or_default(),
            Self::Allocated(bytes) => bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPARE: usize = limits::SPARE_BYTES / limits::BLOCK_BYTES;

    fn block(stock: &MemoryStock) -> Memory {
        stock.take(limits::BLOCK_BYTES, Pages::OneByOne)
    }

    #[test]
    fn memory_can_be_written() {
        let stock = MemoryStock::default();
        for bytes in [1, limits::LEAST_MAPPING_BYTES, limits::BLOCK_BYTES] {
            for pages in [Pages::OneByOne, Pages::Together] {
                let mut memory = stock.take(bytes, pages);
                assert_eq!(memory.len(), bytes);
                memory[bytes - 1] = 7;
                assert_eq!(memory[bytes - 1], 7);
                let is_mapped = matches!(memory, Memory::Mapped(..));
                assert_eq!(is_mapped, bytes >= limits::LEAST_MAPPING_BYTES, "{bytes}");
            }
        }
    }

    #[test]
    fn so_many_blocks_wait_for_the_next_transfer() {
        let stock = MemoryStock::default();
        let held: Vec<_> = (0..SPARE + 2).map(|_| block(&stock)).collect();
        let other = stock.take(limits::LEAST_MAPPING_BYTES, Pages::OneByOne);
        drop(held);
        assert_eq!(stock.spare(), limits::SPARE_BYTES);
        drop(other);
        assert_eq!(stock.spare(), limits::SPARE_BYTES, "the other is of no use for blocks");
        let _taken = block(&stock);
        assert_eq!(stock.spare(), limits::SPARE_BYTES - limits::BLOCK_BYTES);
        let most = (SPARE + 2) * limits::BLOCK_BYTES + limits::LEAST_MAPPING_BYTES;
        assert_eq!(stock.peak(), most);
    }

    #[test]
    fn spare_blocks_are_given_back_when_none_was_in_use_for_a_while() {
        let stock = MemoryStock::default();
        let held = block(&stock);
        drop(block(&stock));
        let gives_back = || {
            stock.give_back_unused();
            stock.spare() == 0
        };
        assert!(!gives_back() && !gives_back(), "one is in use");
        drop(held);
        assert!(!gives_back(), "one was in use");
        drop(block(&stock));
        assert!(!gives_back(), "one was in use again");
        assert!(gives_back());
        assert_eq!(stock.0.lock().mapped(), 0);
    }
}
