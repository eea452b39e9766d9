//! Who waits for a turn, in the order in which they came.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Budget, Lease};
use crate::net::Wake;

/// First come, first served: a large request is not starved by small ones.
#[derive(Debug, Default)]
pub(super) struct Line(VecDeque<Waiter>);

#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) budget: Budget,
    pub(super) bytes: u64,
    /// Of the turn, but held already.
    pub(super) loose: u64,
    granted: Arc<AtomicBool>,
    wake: Wake,
}

/// A request for a lease that may have to wait in line. Dropped before it is granted, it leaves
/// the line.
#[derive(Debug)]
pub struct Request {
    budget: Budget,
    bytes: u64,
    loose: u64,
    granted: Arc<AtomicBool>,
}

impl Line {
    /// Puts a request at the end of the line.
    pub(super) fn join(&mut self, budget: &Budget, bytes: u64, loose: u64, wake: &Wake) -> Request {
        let granted = Arc::new(AtomicBool::new(false));
        let (own, wake) = (budget.clone(), wake.clone());
        self.0.push_back(Waiter { budget: own, bytes, loose, granted: Arc::clone(&granted), wake });
        Request { budget: budget.clone(), bytes, loose, granted }
    }

    /// Whether somebody waits who could go on if the user of `budget` gave something back: not who
    /// has all of another share.
    pub(super) fn is_wanted(&self, budget: &Budget) -> bool {
        self.0.iter().any(|waiter| {
            let is_same = match (&waiter.budget.user, &budget.user) {
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                _ => false,
            };
            is_same || waiter.is_within_share()
        })
    }

    /// The first that is within its user's share, if `free` bytes are enough for it.
    pub(super) fn leave_first(&mut self, free: u64) -> Option<Waiter> {
        let at = self.0.iter().position(Waiter::is_within_share)?;
        if self.0.get(at)?.bytes > free {
            return None;
        }
        self.0.remove(at)
    }

    fn leave(&mut self, granted: &Arc<AtomicBool>) {
        self.0.retain(|waiter| !Arc::ptr_eq(&waiter.granted, granted));
    }
}

impl Waiter {
    /// Tells that its bytes are taken.
    pub(super) fn grant(&self) {
        self.granted.store(true, Ordering::Release);
        self.wake.notify();
    }

    fn is_within_share(&self) -> bool {
        self.budget.is_within_share(self.bytes + self.loose)
    }
}

impl Request {
    /// One that need not wait: its bytes are taken.
    pub(super) fn granted(budget: &Budget, bytes: u64, loose: u64) -> Self {
        let granted = Arc::new(AtomicBool::new(true));
        Self { budget: budget.clone(), bytes, loose, granted }
    }

    /// The lease, once it is granted; the request itself until then.
    ///
    /// # Errors
    /// The request, when it still waits.
    pub fn take(self) -> Result<Lease, Self> {
        if !self.granted.swap(false, Ordering::AcqRel) {
            return Err(self);
        }
        Ok(Lease { budget: self.budget.clone(), bytes: self.bytes })
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.line.leave(&self.granted);
        let mut bytes = 0;
        if self.granted.swap(false, Ordering::AcqRel) {
            bytes = self.bytes;
            self.budget.loosen_again(&mut state, self.loose);
        }
        drop(state);
        // Whoever stood behind it may be first now.
        self.budget.give_back(bytes);
    }
}
