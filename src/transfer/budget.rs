//! `buffer_memory`: the bytes that all transfers together may hold.
//!
//! A transfer first asks for what it cannot do without and waits in line for it, holding nothing;
//! what it takes beyond that is borrowed only if free at once. So nobody waits while holding
//! anything, and there is no deadlock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::limits;
use crate::net::Wake;

/// The process-wide byte budget. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: u64,
    /// First come, first served: a large request is not starved by small ones.
    line: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    bytes: u64,
    granted: Arc<AtomicBool>,
    wake: Wake,
}

/// A number of bytes of the budget, given back when dropped.
#[derive(Debug)]
pub struct Lease {
    budget: Budget,
    bytes: u64,
}

/// A request for a lease that may have to wait in line. Dropped before it is granted, it leaves
/// the line.
#[derive(Debug)]
pub struct Request {
    budget: Budget,
    bytes: u64,
    granted: Arc<AtomicBool>,
}

impl Budget {
    /// A budget of `total` bytes, all free.
    pub fn new(total: u64) -> Self {
        let state = State { free: total, line: VecDeque::new() };
        Self(Arc::new(Shared { total, state: Mutex::new(state) }))
    }

    /// Its size in bytes.
    pub fn total(&self) -> u64 {
        self.0.total
    }

    /// Bytes leased now.
    pub fn in_use(&self) -> u64 {
        self.0.total - self.lock().free
    }

    /// Asks for `bytes`; `wake` is rung when they are granted. More than the whole budget is
    /// never granted: the caller compares with [`Budget::total`] first.
    pub fn request(&self, bytes: u64, wake: &Wake) -> Request {
        let granted = Arc::new(AtomicBool::new(false));
        let mut state = self.lock();
        state.line.push_back(Waiter { bytes, granted: Arc::clone(&granted), wake: wake.clone() });
        state.serve_line();
        Request { budget: self.clone(), bytes, granted }
    }

    /// `bytes` more, if they are free and nobody stands in line for them.
    pub fn try_borrow(&self, bytes: u64) -> Option<Lease> {
        let mut state = self.lock();
        if !state.line.is_empty() || state.free < bytes {
            return None;
        }
        state.free -= bytes;
        Some(Lease { budget: self.clone(), bytes })
    }

    /// The same for what is only faster for it, and whose bytes a slow client may hold for hours:
    /// half of the budget, and room for another upload to begin, are left to those who cannot do
    /// without.
    pub fn try_borrow_for_speed(&self, bytes: u64) -> Option<Lease> {
        let left = limits::UPLOAD_RESERVE_BYTES.max(self.total() / 2);
        let has_spare = self.lock().free >= bytes.saturating_add(left);
        has_spare.then(|| self.try_borrow(bytes))?
    }

    /// Whether somebody waits for bytes: the time to give back what is not needed.
    pub fn is_wanted(&self) -> bool {
        !self.lock().line.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, bytes: u64) {
        let mut state = self.lock();
        state.free += bytes;
        state.serve_line();
    }
}

impl State {
    fn serve_line(&mut self) {
        while let Some(first) = self.line.front()
            && first.bytes <= self.free
        {
            self.free -= first.bytes;
            first.granted.store(true, Ordering::Release);
            first.wake.notify();
            self.line.pop_front();
        }
    }
}

impl Request {
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
        state.line.retain(|waiter| !Arc::ptr_eq(&waiter.granted, &self.granted));
        if self.granted.swap(false, Ordering::AcqRel) {
            state.free += self.bytes;
        }
        state.serve_line();
    }
}

impl Lease {
    /// Bytes it stands for.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A part of it as a lease of its own; `None` when less than `bytes` is left in it.
    pub fn split(&mut self, bytes: u64) -> Option<Self> {
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(Self { budget: self.budget.clone(), bytes })
    }

    /// All of it as a lease of its own.
    pub fn split_all(&mut self) -> Self {
        let bytes = std::mem::take(&mut self.bytes);
        Self { budget: self.budget.clone(), bytes }
    }

    /// Makes `other`, a lease of the same budget, a part of this one.
    pub fn merge(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.bytes > 0 {
            self.budget.give_back(self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leases_come_back_when_dropped() {
        let budget = Budget::new(100);
        let mut lease = budget.try_borrow(60).unwrap();
        assert!(budget.try_borrow(41).is_none());
        let part = lease.split(20).unwrap();
        assert!(lease.split(41).is_none());
        assert_eq!(budget.in_use(), 60);
        drop(lease);
        assert_eq!(budget.in_use(), 20);
        drop(part);
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn the_line_is_served_in_order_and_nobody_borrows_past_it() {
        let budget = Budget::new(100);
        let wake = Wake::new().unwrap();
        let held = budget.try_borrow(80).unwrap();
        let large = budget.request(90, &wake);
        let small = budget.request(10, &wake);
        let large = large.take().unwrap_err();
        let small = small.take().unwrap_err();
        assert!(budget.try_borrow(5).is_none(), "somebody waits");
        drop(held);
        let large = large.take().unwrap();
        let small = small.take().unwrap();
        assert_eq!(budget.in_use(), 100);
        drop((large, small));
        assert_eq!(budget.in_use(), 0);
    }

    #[test]
    fn leaving_the_line_lets_the_next_one_through() {
        let budget = Budget::new(100);
        let wake = Wake::new().unwrap();
        let held = budget.try_borrow(50).unwrap();
        let large = budget.request(90, &wake);
        let small = budget.request(50, &wake);
        drop(large);
        assert!(small.take().is_ok());
        drop(held);
        drop(budget.request(100, &wake));
        assert_eq!(budget.in_use(), 0, "granted but never taken");
    }
}
