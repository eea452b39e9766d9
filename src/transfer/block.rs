//! What data stands in on its way to a store: blocks of one size.

use std::io::IoSliceMut;

use crate::limits::{BEGINNING_BYTES, BLOCK_BYTES};
use crate::transfer::budget::{Budget, Lease};
use crate::transfer::memory::{Memory, Pages};

/// [`BLOCK_BYTES`] of memory and how many of them hold data. Its bytes go back to the budget when
/// it is dropped, wherever that happens. What an upload begins with is smaller, and none of the
/// budget's.
#[derive(Debug)]
pub(super) struct Block {
    data: Memory,
    len: usize,
    lease: Lease,
}

impl Block {
    /// `count` empty blocks to fetch ahead into, if the budget can spare them.
    pub(super) fn make(count: usize, budget: &Budget) -> Option<Vec<Self>> {
        let mut lease = budget.try_borrow_for_speed((count * BLOCK_BYTES) as u64)?;
        (0..count).map(|_| lease.split(BLOCK_BYTES as u64).map(Self::filled_soon)).collect()
    }

    /// A block that may stay almost empty.
    pub(super) fn new(lease: Lease) -> Self {
        Self { data: lease.memory().take(BLOCK_BYTES, Pages::OneByOne), len: 0, lease }
    }

    /// A block for more than the beginning of a file.
    pub(super) fn filled_soon(lease: Lease) -> Self {
        Self { data: lease.memory().take(BLOCK_BYTES, Pages::Together), len: 0, lease }
    }

    /// What an upload begins with.
    pub(super) fn small(budget: &Budget) -> Self {
        let data = budget.memory().take(BEGINNING_BYTES, Pages::OneByOne);
        Self { data, len: 0, lease: Lease::nothing(budget) }
    }

    /// Whether it is what an upload begins with.
    pub(super) fn is_small(&self) -> bool {
        self.data.len() < BLOCK_BYTES
    }

    /// Adds `data`. There is room for it.
    pub(super) fn extend(&mut self, data: &[u8]) {
        self.spare()[..data.len()].copy_from_slice(data);
        self.advance(data.len());
    }

    /// Gives its memory back, and forgets its lease, which counts as given back already.
    pub(super) fn forget(self) {
        drop(self.data);
        self.lease.forget();
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

    /// How much that is.
    pub(super) fn room(&self) -> usize {
        self.data.len() - self.len
    }

    /// Declares `bytes` of the room as data.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.len += bytes;
        debug_assert!(self.len <= self.data.len());
    }

    /// Whether no room is left.
    pub(super) fn is_full(&self) -> bool {
        self.room() == 0
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
