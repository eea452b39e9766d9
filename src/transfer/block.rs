//! The part buffer of one upload: blocks of one size, made as data arrives, used again and again.

use std::io::IoSliceMut;

use crate::limits::BLOCK_BYTES;
use crate::transfer::budget::{Budget, Lease};
use crate::transfer::memory::{Memory, Pages};

/// [`BLOCK_BYTES`] of memory and how many of them hold data. Its bytes go back to the budget when
/// it is dropped, wherever that happens.
#[derive(Debug)]
pub(super) struct Block {
    data: Memory,
    len: usize,
    _lease: Lease,
}

impl Block {
    /// `count` empty blocks to fetch ahead into, if the budget can spare them.
    pub(super) fn make(count: usize, budget: &Budget) -> Option<Vec<Self>> {
        let mut lease = budget.try_borrow_for_speed((count * BLOCK_BYTES) as u64)?;
        (0..count).map(|_| lease.split(BLOCK_BYTES as u64).map(Self::filled_soon)).collect()
    }

    /// A block that may stay almost empty.
    fn new(lease: Lease) -> Self {
        Self { data: Memory::new(BLOCK_BYTES, Pages::OneByOne), len: 0, _lease: lease }
    }

    /// A block for more than the beginning of a file.
    fn filled_soon(lease: Lease) -> Self {
        Self { data: Memory::new(BLOCK_BYTES, Pages::Together), len: 0, _lease: lease }
    }

    /// Forgets the data.
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// The data.
    pub(super) fn filled(&self) -> &[u8] {
        &self.data[..self.len]
    }

    /// The room behind the data.
    pub(super) fn spare(&mut self) -> &mut [u8] {
        &mut self.data[self.len..]
    }

    /// Declares `bytes` of the room as data.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.len += bytes;
        debug_assert!(self.len <= self.data.len());
    }

    /// Whether no room is left.
    pub(super) fn is_full(&self) -> bool {
        self.len == self.data.len()
    }
}

/// The blocks of one upload.
#[derive(Debug)]
pub(super) struct BlockPool {
    budget: Budget,
    /// What is left of the lease granted at admission; blocks are cut from it first.
    reserve: Lease,
    reserved_blocks: usize,
    free: Vec<Block>,
    /// Blocks that exist, free or in use.
    made: usize,
}

impl BlockPool {
    /// A pool that may make blocks out of `reserve` at any time, and more as the budget allows.
    pub(super) fn new(budget: Budget, reserve: Lease) -> Self {
        let reserved_blocks = blocks_for(reserve.bytes());
        Self { budget, reserve, reserved_blocks, free: Vec::new(), made: 0 }
    }

    /// An empty block, unless `capacity` blocks exist already or the budget has none left.
    pub(super) fn take(&mut self, capacity: usize) -> Option<Block> {
        if let Some(block) = self.free.pop() {
            return Some(block);
        }
        if self.made >= capacity.max(self.reserved_blocks) {
            return None;
        }
        let bytes = BLOCK_BYTES as u64;
        let lease = self.reserve.split(bytes).or_else(|| self.budget.try_borrow(bytes))?;
        self.made += 1;
        Some(if self.made == 1 { Block::new(lease) } else { Block::filled_soon(lease) })
    }

    /// Takes blocks back. Beyond the reserve they are kept only while nobody waits for memory.
    pub(super) fn put_back(&mut self, blocks: impl IntoIterator<Item = Block>) {
        for mut block in blocks {
            if self.made > self.reserved_blocks && self.budget.is_wanted() {
                self.made -= 1;
                continue;
            }
            block.clear();
            self.free.push(block);
        }
    }

    /// Whether there are free blocks beyond the reserve, which others could use.
    pub(super) fn has_surplus(&self) -> bool {
        self.made > self.reserved_blocks && !self.free.is_empty()
    }

    /// Gives free blocks beyond the reserve back to the budget.
    pub(super) fn give_surplus_back(&mut self) {
        while self.has_surplus() {
            self.free.pop();
            self.made -= 1;
        }
    }

    /// Blocks handed out and not come back.
    pub(super) fn in_use(&self) -> usize {
        self.made - self.free.len()
    }

    /// Makes the reserve `blocks` large, if what that takes is free at once.
    pub(super) fn try_grow_reserve(&mut self, blocks: usize) -> bool {
        let Some(missing) = blocks.checked_sub(self.reserved_blocks).filter(|&n| n > 0) else {
            return true;
        };
        // Blocks that were borrowed are as good as reserved ones.
        let borrowed = self.made.saturating_sub(self.reserved_blocks).min(missing);
        let bytes = ((missing - borrowed) * BLOCK_BYTES) as u64;
        // Nothing is to be had from the budget while others wait, not even nothing.
        if bytes > 0 {
            let Some(more) = self.budget.try_borrow(bytes) else {
                return false;
            };
            self.reserve.merge(more);
        }
        self.reserved_blocks = blocks;
        true
    }

    /// Gives everything back and starts again with `reserve`. For when nothing is in use.
    pub(super) fn restart(&mut self, reserve: Lease) {
        debug_assert_eq!(self.in_use(), 0);
        *self = Self::new(self.budget.clone(), reserve);
    }

    /// Gives all memory back; nothing can be taken until [`Self::restart`].
    pub(super) fn release(&mut self) {
        self.free.clear();
        self.made = 0;
        self.reserved_blocks = 0;
        drop(self.reserve.split_all());
    }
}

/// Room of several blocks as one list for a vectored read.
pub(super) fn spare_slices(blocks: &mut [Block]) -> Vec<IoSliceMut<'_>> {
    blocks.iter_mut().map(|block| IoSliceMut::new(block.spare())).collect()
}

/// Blocks that hold `bytes`.
pub(super) fn blocks_for(bytes: u64) -> usize {
    usize::try_from(bytes.div_ceil(BLOCK_BYTES as u64)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::Wake;

    const BYTES: u64 = BLOCK_BYTES as u64;

    #[test]
    fn borrowed_blocks_become_the_reserve_though_others_wait() {
        let budget = Budget::new(4 * BYTES);
        let reserve = budget.try_borrow(BYTES).unwrap();
        let mut pool = BlockPool::new(budget.clone(), reserve);
        let held: Vec<_> = (0..3).map(|_| pool.take(3).unwrap()).collect();
        assert!(pool.take(3).is_none(), "the capacity");
        let _waiting = budget.request(2 * BYTES, &Wake::new().unwrap());
        assert!(pool.try_grow_reserve(3));
        assert!(!pool.try_grow_reserve(4), "that block is for whoever waits");
        pool.put_back(held);
        assert_eq!(budget.in_use(), 3 * BYTES, "reserved blocks are kept");
        pool.release();
        assert_eq!(budget.in_use(), 2 * BYTES, "granted to whoever waited");
    }
}
