//! Who waits for a turn, and whose it is.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Budget, Lease};
use crate::net::Wake;

/// Whose user holds least is first, else who came first: a large request is not starved by small
/// ones.
#[derive(Debug, Default)]
pub(super) struct WaitingLine(VecDeque<Waiter>);

#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) budget: Budget,
    pub(super) bytes: u64,
    /// Of the turn, but held already.
    pub(super) loose: u64,
    granted: Arc<AtomicBool>,
    /// `None` while whoever asks still looks itself.
    wake: Option<Wake>,
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

impl WaitingLine {
    /// Puts a request at the end of the line.
    pub(super) fn join(&mut self, budget: &Budget, bytes: u64, loose: u64) -> Request {
        let granted = Arc::new(AtomicBool::new(false));
        let request = Request { budget: budget.clone(), bytes, loose, granted };
        let (budget, granted) = (budget.clone(), Arc::clone(&request.granted));
        self.0.push_back(Waiter { budget, bytes, loose, granted, wake: None });
        request
    }

    /// Lets the last request be told by `wake` when it is granted.
    pub(super) fn wake_last_by(&mut self, wake: &Wake) {
        if let Some(last) = self.0.back_mut() {
            last.wake = Some(wake.clone());
        }
    }

    /// Whether somebody waits who could go on if the user of `budget` gave something back: not who
    /// has all of another share.
    pub(super) fn is_wanted(&self, budget: &Budget) -> bool {
        self.0.iter().any(|waiter| budget.is_same_user(&waiter.budget) || waiter.is_within_share())
    }

    /// Whether somebody waits who would rather have its turn: another of its user's transfers, or
    /// that of a user that holds less.
    pub(super) fn is_ahead_of(&self, budget: &Budget) -> bool {
        let with_turns = budget.with_turns();
        self.0.iter().any(|Waiter { budget: other, .. }| {
            let are_known = budget.user.is_some() && other.user.is_some();
            !are_known || budget.is_same_user(other) || other.with_turns() < with_turns
        })
    }

    /// Whose turn it is, if `free` bytes are enough for it while `loose` bytes are loose.
    pub(super) fn first(&self, free: u64, loose: u64) -> Option<&Waiter> {
        self.0.get(self.first_at(free, loose)?)
    }

    /// The same; it leaves the line.
    pub(super) fn leave_first(&mut self, free: u64, loose: u64) -> Option<Waiter> {
        self.0.remove(self.first_at(free, loose)?)
    }

    /// The first that is within its user's share, of the users that hold least with turns. While
    /// `free` bytes are not enough for it, the others wait, too, unless it asks for more than there
    /// may ever be, or may not have what is left to uploads. A user's own requests never overtake
    /// each other.
    fn first_at(&self, free: u64, loose: u64) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let mut order: Vec<_> = self.0.iter().enumerate().collect();
        order.sort_by_key(|(_, waiter)| waiter.budget.with_turns());
        let mut passed_over: Vec<&Budget> = Vec::new();
        for (at, waiter) in order {
            if passed_over.iter().any(|budget| budget.is_same_user(&waiter.budget)) {
                continue;
            }
            if !waiter.is_within_share() {
                passed_over.push(&waiter.budget);
            } else if waiter.bytes <= waiter.budget.free_of(free, loose) {
                return Some(at);
            } else if waiter.bytes > free && waiter.is_sure() {
                return None;
            }
        }
        None
    }

    fn leave(&mut self, granted: &Arc<AtomicBool>) {
        self.0.retain(|waiter| !Arc::ptr_eq(&waiter.granted, granted));
    }
}

impl Waiter {
    /// Tells that its bytes are taken.
    pub(super) fn grant(&self) {
        self.granted.store(true, Ordering::Release);
        if let Some(wake) = &self.wake {
            wake.notify();
        }
    }

    /// Whether its turn comes for certain.
    fn is_sure(&self) -> bool {
        self.bytes + self.loose <= self.budget.shared.limits.sure
    }

    fn is_within_share(&self) -> bool {
        self.budget.is_within_share(self.bytes + self.loose)
    }
}

impl Request {
    pub(super) fn is_granted(&self) -> bool {
        self.granted.load(Ordering::Acquire)
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
