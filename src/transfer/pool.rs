//! The part buffer of one upload: blocks made as data arrives, used again and again.
//!
//! An upload begins beside the pool, with a small block of which no pool knows. What has arrived it
//! holds loosely, block by block, until that is a whole part; where no more may be loose it waits
//! for its turn, which is the rest of its part at once. With a whole part it can always send, so it
//! waits no more, and what it takes beyond that it borrows ([`crate::transfer::budget`]).

use crate::limits::BLOCK_BYTES;
use crate::net::Wake;
use crate::transfer::block::{Block, blocks_for};
use crate::transfer::budget::{Budget, Lease, Loose, Request};

const BYTES: u64 = BLOCK_BYTES as u64;

/// How many blocks an upload may have at present.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Those it cannot do without: its next part, and one to read into.
    pub(super) part: usize,
    /// All of the part buffer.
    pub(super) capacity: usize,
}

/// The blocks of one upload.
#[derive(Debug)]
pub(super) struct BlockPool {
    // These two are let go of first: what is given back later must not count as loose.
    /// The turn it waits for.
    asked: Option<Request>,
    /// How much of what is made is held without a turn.
    loose: Loose,
    budget: Budget,
    wake: Wake,
    free: Vec<Block>,
    /// Blocks that exist, free or in use.
    made: usize,
    /// Blocks that the upload has with its turn, made or not; 0 without one.
    turn: usize,
    /// What is left of the lease of the turn; blocks are cut from it first.
    reserve: Lease,
}

impl BlockPool {
    /// A pool without a block. `wake` is rung when a turn is granted.
    pub(super) fn new(budget: &Budget, wake: &Wake) -> Self {
        Self {
            asked: None,
            loose: Loose::new(budget),
            budget: budget.clone(),
            wake: wake.clone(),
            free: Vec::new(),
            made: 0,
            turn: 0,
            reserve: Lease::nothing(budget),
        }
    }

    /// What the upload begins with.
    pub(super) fn small_block(&self) -> Block {
        Block::small(&self.budget)
    }

    /// Begins the turn for which `lease` was granted. For when nothing is held.
    pub(super) fn begin_turn(&mut self, lease: Lease) {
        debug_assert_eq!(self.made, 0);
        self.grant(lease);
    }

    /// A whole part is all that a turn would be.
    fn become_turn(&mut self, size: Size) {
        if !self.has_turn() && self.made >= size.part && self.loose.try_make_turn() {
            self.turn = self.made;
            self.asked = None;
        }
    }

    /// An empty block, if the upload may have one more now.
    pub(super) fn take(&mut self, size: Size) -> Option<Block> {
        if let Some(block) = self.free.pop() {
            return Some(block);
        }
        self.take_grant();
        self.become_turn(size);
        let lease = if self.has_turn() {
            if self.made >= size.capacity.max(self.turn) {
                return None;
            }
            self.reserve.split(BYTES).or_else(|| self.budget.try_borrow(BYTES))?
        } else if self.made < size.part && self.asked.is_none() {
            self.loose.try_take(BYTES)?
        } else {
            // It stands in line, or has a whole part that is on its way to the store or about to
            // be.
            return None;
        };
        self.made += 1;
        self.become_turn(size);
        Some(if self.made == 1 { Block::new(lease) } else { Block::filled_soon(lease) })
    }

    /// For whoever has no block to read into: asks for a turn, unless it has one or waits for it.
    /// Whether there is one now.
    pub(super) fn ask(&mut self, size: Size) -> bool {
        if self.has_turn() || self.made >= size.part {
            return false;
        }
        if self.asked.is_none() {
            let (missing, held) = ((size.part - self.made) as u64, self.made as u64);
            let request = self.budget.request_beside(missing * BYTES, held * BYTES, &self.wake);
            self.asked = Some(request);
        }
        self.take_grant();
        self.has_turn()
    }

    /// Whether the upload has all that its part needs.
    pub(super) fn has_turn(&self) -> bool {
        self.turn > 0
    }

    /// Whether it stands in line for a turn.
    pub(super) fn is_waiting(&self) -> bool {
        self.asked.is_some()
    }

    /// Whether it stands there with nothing of the budget.
    pub(super) fn waits_to_begin(&self) -> bool {
        self.is_waiting() && self.made == 0
    }

    /// Whether others wait for what the upload has with its turn.
    pub(super) fn keeps_others_waiting(&self) -> bool {
        self.has_turn() && self.budget.is_wanted()
    }

    /// Whether a part of that size can ever be had.
    pub(super) fn can_ever_hold(&self, size: Size) -> bool {
        size.part as u64 * BYTES <= self.budget.total()
    }

    fn take_grant(&mut self) {
        if let Some(request) = self.asked.take() {
            match request.take() {
                Ok(lease) => self.grant(lease),
                Err(waits) => self.asked = Some(waits),
            }
        }
    }

    fn grant(&mut self, lease: Lease) {
        self.turn = self.made + blocks_for(lease.bytes());
        self.reserve.merge(lease);
        self.loose.become_turn();
    }

    /// Takes blocks back. Beyond what is needed they are kept only while nobody waits for memory;
    /// then the turn, too, goes round, unless its user holds no more than those who wait.
    pub(super) fn put_back(&mut self, blocks: impl IntoIterator<Item = Block>) {
        let is_wanted = self.asked.is_none() && self.budget.is_wanted();
        for mut block in blocks {
            if block.is_small() {
                continue;
            }
            if is_wanted && self.made > self.turn {
                self.forget(block);
                continue;
            }
            block.clear();
            self.free.push(block);
        }
        if is_wanted && self.budget.gives_way() {
            self.end_turn();
        }
    }

    /// Whether there is room that holds no data and others could use.
    pub(super) fn has_surplus(&self) -> bool {
        !self.free.is_empty() || self.reserve.bytes() > 0 || self.asked.is_some()
    }

    /// Gives back what holds no data, as far as the upload may hold the rest without a turn.
    pub(super) fn give_surplus_back(&mut self) {
        self.take_grant();
        self.asked = None;
        self.end_turn();
        while self.made > self.turn
            && let Some(block) = self.free.pop()
        {
            self.forget(block);
        }
    }

    /// Holds what is in use without a turn, if there may be so much without one.
    fn end_turn(&mut self) {
        let in_use = self.in_use();
        let rest = self.free.len() as u64 * BYTES + self.reserve.bytes();
        if !self.has_turn() || !self.loose.try_end_turn(in_use as u64 * BYTES, rest) {
            return;
        }
        self.turn = 0;
        self.made = in_use;
        self.free.drain(..).for_each(Block::forget);
        self.reserve.split_all().forget();
    }

    fn forget(&mut self, block: Block) {
        self.made -= 1;
        if !self.has_turn() {
            self.loose.remove(BYTES);
        }
        drop(block);
    }

    /// Blocks that it has, in use or not.
    pub(super) fn blocks(&self) -> usize {
        self.made
    }

    /// Blocks handed out and not come back.
    pub(super) fn in_use(&self) -> usize {
        self.made - self.free.len()
    }

    /// Makes the turn `blocks` large, if what that takes is free at once.
    pub(super) fn try_grow_turn(&mut self, blocks: usize) -> bool {
        let Some(missing) = blocks.checked_sub(self.turn).filter(|&n| n > 0) else {
            return true;
        };
        // Blocks that were borrowed are as good as those of the turn.
        let borrowed = self.made.saturating_sub(self.turn).min(missing);
        let bytes = (missing - borrowed) as u64 * BYTES;
        // Nothing is to be had from the budget while others wait, not even nothing.
        if bytes > 0 {
            let Some(more) = self.budget.try_borrow(bytes) else {
                return false;
            };
            self.reserve.merge(more);
        }
        self.turn = blocks;
        true
    }

    /// Gives all memory back. For when nothing is in use.
    pub(super) fn release(&mut self) {
        debug_assert_eq!(self.in_use(), 0);
        self.asked = None;
        self.loose.clear();
        self.free.clear();
        self.made = 0;
        self.turn = 0;
        drop(self.reserve.split_all());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { part: 3, capacity: 3 };

    #[test]
    fn a_whole_part_is_a_turn_though_others_wait() {
        let budget = Budget::with_largest(12 * BYTES, 3 * BYTES);
        let wake = Wake::new().unwrap();
        let mut pool = BlockPool::new(&budget, &wake);
        let held: Vec<_> = (0..3).map(|_| pool.take(SIZE).unwrap()).collect();
        assert!(pool.has_turn() && pool.take(SIZE).is_none(), "the capacity");
        let waiting = budget.request(10 * BYTES, &wake);
        assert!(!pool.try_grow_turn(4), "that block is for whoever waits");
        pool.put_back(held);
        assert!(!pool.has_turn(), "the turn goes round");
        assert!(waiting.take().is_ok());
    }

    #[test]
    fn what_has_arrived_stays_and_the_rest_of_the_turn_is_given_back_while_nothing_comes() {
        let budget = Budget::with_largest(12 * BYTES, 3 * BYTES);
        let mut pool = BlockPool::new(&budget, &Wake::new().unwrap());
        pool.begin_turn(budget.try_borrow(3 * BYTES).unwrap());
        let block = pool.take(SIZE).unwrap();
        assert!(pool.has_surplus());
        pool.give_surplus_back();
        assert_eq!((budget.in_use(), pool.has_turn(), pool.has_surplus()), (BYTES, false, false));
        pool.put_back([block]);
        pool.give_surplus_back();
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn an_upload_begins_with_a_block_where_turns_are_used_up() {
        let budget = Budget::with_largest(12 * BYTES, 3 * BYTES);
        let wake = Wake::new().unwrap();
        let _turns = budget.try_borrow(10 * BYTES).unwrap();
        let mut pool = BlockPool::new(&budget, &wake);
        let _first = pool.take(SIZE).unwrap();
        let _second = pool.take(SIZE).unwrap();
        assert!(pool.take(SIZE).is_none() && !pool.ask(SIZE), "all is in use");
    }
}
