//! What one upload holds without a turn.

use super::{Budget, Lease};

/// How much of what one upload holds is loose. Nothing is when it is dropped.
#[derive(Debug)]
pub(in crate::transfer) struct Loose {
    budget: Budget,
    bytes: u64,
}

impl Loose {
    /// Nothing yet.
    pub(in crate::transfer) fn new(budget: &Budget) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    /// `bytes` more to hold loosely, if they are free and there may be more that is loose. Those
    /// who wait for a turn do not wait longer for it.
    pub(in crate::transfer) fn try_take(&mut self, bytes: u64) -> Option<Lease> {
        let mut state = self.budget.lock();
        if state.free < bytes || !self.budget.loosen(&mut state, bytes) {
            return None;
        }
        self.bytes += bytes;
        Some(self.budget.take(&mut state, bytes))
    }

    /// Ends a turn: lets the `kept` bytes of it that are in use be loose from now on, and takes
    /// `rest` as given back; whether there may be as much that is loose. Room for it may be what
    /// the first in line makes, which gets its turn by `rest`: so turns go round where no more may
    /// be loose.
    pub(in crate::transfer) fn try_end_turn(&mut self, kept: u64, rest: u64) -> bool {
        let budget = &self.budget;
        let mut state = budget.lock();
        // The line is looked at as it would be.
        budget.discharge(&mut state, rest);
        budget.loosen_again(&mut state, kept);
        let may = budget.may_be_loose(&state, 0, state.line.first(state.free, state.loose));
        if may {
            self.bytes += kept;
            budget.serve_line(&mut state);
        } else {
            budget.unloosen(&mut state, kept);
            budget.charge(&mut state, rest);
        }
        may
    }

    /// `bytes` are given back, or held with a turn.
    pub(in crate::transfer) fn remove(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes -= bytes;
        self.budget.unloosen(&mut self.budget.lock(), bytes);
    }

    /// All of it has become a part of a turn that was asked for beside it.
    pub(in crate::transfer) fn become_turn(&mut self) {
        self.bytes = 0;
    }

    /// Makes all of it a turn, if that is within the user's share.
    pub(in crate::transfer) fn try_make_turn(&mut self) -> bool {
        let mut state = self.budget.lock();
        let may = self.budget.is_within_share(self.bytes);
        if may {
            self.budget.unloosen(&mut state, std::mem::take(&mut self.bytes));
        }
        may
    }

    /// All of it is given back, or held with a turn.
    pub(in crate::transfer) fn clear(&mut self) {
        if self.bytes > 0 {
            self.remove(self.bytes);
        }
    }
}

impl Drop for Loose {
    fn drop(&mut self) {
        self.clear();
    }
}
