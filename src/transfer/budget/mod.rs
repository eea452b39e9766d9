//! `buffer_memory`: the bytes that all transfers together may hold.
//!
//! A transfer holds memory in one of two ways. With a *turn* it has all that it needs to go on
//! until it can give some back: an upload its next part, a download its copy step. It never waits
//! for more. *Loose* is what uploads without a turn hold, block by block as their data arrives; it
//! may stay for as long as their clients like, so all of it together is bounded by a third: a turn
//! always fits beside it.
//!
//! Whoever holds least gets the next turn, else who asked first. Who has one waits for no memory,
//! so it ends, unless its client stands still: then the upload is ended for it while others wait
//! ([`crate::limits::STANDSTILL`]). What is loose leaves room for the first in line. So there is no
//! deadlock, and nobody is passed over for ever, but for two: who asks for more than its user's
//! share, until that user gives something back, and who asks for more than fits beside all that may
//! be loose, until it does.
//!
//! The share bounds what one user holds with turns, and another what it holds loosely: beside the
//! most that clients of one user may hold for ever there is a turn for the others, and loose
//! blocks.

mod bounds;
mod line;
mod loose;

pub use line::Request;
pub(super) use loose::Loose;

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};

use crate::limits;
use crate::net::Wake;
use crate::transfer::memory::MemoryStock;
use bounds::Limits;
use line::{Waiter, WaitingLine};

/// The process-wide byte budget, as one user sees it. Clones share it.
#[derive(Clone, Debug)]
pub struct Budget {
    shared: Arc<Shared>,
    /// `None` for somebody who has no share: all of it.
    user: Option<Arc<Usage>>,
    /// Whether what may be loose yet is not for it.
    is_for_reading: bool,
}

#[derive(Debug)]
struct Shared {
    limits: Limits,
    memory: MemoryStock,
    state: Mutex<State>,
    /// Who holds something, or did a moment ago.
    users: Mutex<HashMap<String, Weak<Usage>>>,
}

#[derive(Debug)]
struct State {
    free: u64,
    loose: u64,
    line: WaitingLine,
}

/// What one user holds, and how much of that loosely. Changed by whoever has locked the state.
#[derive(Debug, Default)]
struct Usage {
    held: AtomicU64,
    loose: AtomicU64,
}

impl Usage {
    fn with_turns(&self) -> u64 {
        let loose = self.loose.load(Ordering::Relaxed);
        self.held.load(Ordering::Relaxed).saturating_sub(loose)
    }
}

/// A number of bytes of the budget, given back when dropped.
#[derive(Debug)]
pub struct Lease {
    budget: Budget,
    bytes: u64,
}

impl Budget {
    /// A budget of `total` bytes, all free, for uploads whose parts have their usual size.
    pub fn new(total: u64) -> Self {
        Self::with_largest(total, limits::UPLOAD_RESERVE_BYTES)
    }

    /// The same, where a transfer may need `largest` bytes at once.
    pub fn with_largest(total: u64, largest: u64) -> Self {
        let state = State { free: total, loose: 0, line: WaitingLine::default() };
        let limits = Limits::new(total, largest);
        let (state, users, memory) = (Mutex::new(state), Mutex::default(), MemoryStock::default());
        let shared = Shared { limits, memory, state, users };
        Self { shared: Arc::new(shared), user: None, is_for_reading: false }
    }

    /// The same budget for the transfers of the user `name`.
    #[must_use]
    pub fn of_user(&self, name: &str) -> Self {
        let mut users = self.shared.users.lock();
        let known = users.get(name).and_then(Weak::upgrade);
        let usage = known.unwrap_or_else(|| {
            users.retain(|_, usage| usage.strong_count() > 0);
            let usage = Arc::new(Usage::default());
            users.insert(name.to_owned(), Arc::downgrade(&usage));
            usage
        });
        Self { shared: Arc::clone(&self.shared), user: Some(usage), is_for_reading: false }
    }

    /// The same budget for downloads and listings, whose clients may hold it for as long as they
    /// take something now and then: what uploads may hold loosely is left to uploads.
    #[must_use]
    pub fn for_reading(&self) -> Self {
        Self { is_for_reading: true, ..self.clone() }
    }

    /// Its size in bytes.
    pub fn total(&self) -> u64 {
        self.shared.limits.total
    }

    /// Bytes leased now.
    pub fn in_use(&self) -> u64 {
        self.total() - self.lock().free
    }

    /// Asks for a turn of `bytes`; `wake` is rung when they are granted later. More than the whole
    /// budget is never granted: the caller compares with [`Budget::total`] first.
    pub fn request(&self, bytes: u64, wake: &Wake) -> Request {
        self.request_beside(bytes, 0, wake)
    }

    /// The same, where `loose` bytes that are held already become a part of the turn.
    pub(super) fn request_beside(&self, bytes: u64, loose: u64, wake: &Wake) -> Request {
        let mut state = self.lock();
        let request = state.line.join(self, bytes, loose);
        self.serve_line(&mut state);
        if !request.is_granted() {
            // Whoever asks is not woken by its own request.
            state.line.wake_last_by(wake);
        }
        request
    }

    /// `bytes` for somebody who gives them back without waiting for memory, if they are free and
    /// nobody stands in line for them.
    pub fn try_borrow(&self, bytes: u64) -> Option<Lease> {
        let mut state = self.lock();
        let is_free = bytes <= self.free_of(state.free, state.loose) && self.is_within_share(bytes);
        if !is_free || state.line.is_wanted(self) {
            return None;
        }
        Some(self.take(&mut state, bytes))
    }

    /// The same for what is only faster for it, and whose bytes a slow client may hold for hours:
    /// half of the budget, and room for another upload to begin, are left to those who cannot do
    /// without.
    pub fn try_borrow_for_speed(&self, bytes: u64) -> Option<Lease> {
        let Limits { total, loose, .. } = self.shared.limits;
        let state = self.lock();
        let left = (total / 2).max(limits::UPLOAD_RESERVE_BYTES + loose - state.loose);
        let has_spare = state.free >= bytes.saturating_add(left);
        drop(state);
        has_spare.then(|| self.try_borrow(bytes))?
    }

    /// Whether somebody waits for bytes that the present user could give back.
    pub fn is_wanted(&self) -> bool {
        self.lock().line.is_wanted(self)
    }

    /// Where the memory of transfers comes from.
    pub(super) fn memory(&self) -> &MemoryStock {
        &self.shared.memory
    }

    /// Gives the blocks that wait for the next transfer back to the system, if there was none since
    /// the last call. To be called now and then. Tells whether blocks wait.
    pub fn give_back_unused(&self) -> bool {
        self.shared.memory.give_back_unused();
        self.shared.memory.spare() > 0
    }

    /// The most bytes of memory that were mapped at a time; for tests.
    pub fn mapped_at_most(&self) -> usize {
        self.shared.memory.peak()
    }

    /// Whether a turn of the present user is to go round.
    pub(super) fn gives_way(&self) -> bool {
        self.lock().line.is_ahead_of(self)
    }

    /// What of `free` bytes is for it while `loose` bytes are loose.
    fn free_of(&self, free: u64, loose: u64) -> u64 {
        let left_to_uploads = self.shared.limits.loose.saturating_sub(loose);
        free.saturating_sub(if self.is_for_reading { left_to_uploads } else { 0 })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// Whether the user may hold `bytes` more with turns. Whoever has none may have anything.
    fn is_within_share(&self, bytes: u64) -> bool {
        self.user.as_ref().is_none_or(|user| {
            let with_turns = user.with_turns();
            with_turns == 0 || with_turns + bytes <= self.shared.limits.share
        })
    }

    /// What the user holds with turns; nothing, if nobody knows.
    fn with_turns(&self) -> u64 {
        self.user.as_ref().map_or(0, |user| user.with_turns())
    }

    fn charge(&self, state: &mut State, bytes: u64) {
        state.free -= bytes;
        if let Some(user) = &self.user {
            user.held.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    fn take(&self, state: &mut State, bytes: u64) -> Lease {
        self.charge(state, bytes);
        Lease { budget: self.clone(), bytes }
    }

    fn give_back(&self, bytes: u64) {
        let mut state = self.lock();
        self.discharge(&mut state, bytes);
        self.serve_line(&mut state);
    }

    fn discharge(&self, state: &mut State, bytes: u64) {
        state.free += bytes;
        if let Some(user) = &self.user {
            user.held.fetch_sub(bytes, Ordering::Relaxed);
        }
    }

    /// Grants what can be granted.
    fn serve_line(&self, state: &mut State) {
        while let Some(next) = state.line.leave_first(state.free, state.loose) {
            next.budget.charge(state, next.bytes);
            next.budget.unloosen(state, next.loose);
            next.grant();
        }
    }

    fn loosen(&self, state: &mut State, bytes: u64) -> bool {
        let may = self.may_be_loose(state, bytes, None);
        if may {
            self.loosen_again(state, bytes);
        }
        may
    }

    /// Whether `bytes` more may be loose, when what `next` holds so is no longer.
    fn may_be_loose(&self, state: &State, bytes: u64, next: Option<&Waiter>) -> bool {
        let limits = &self.shared.limits;
        let (relief, own_relief) = next.map_or((0, 0), |next| {
            (next.loose, if self.is_same_user(&next.budget) { next.loose } else { 0 })
        });
        let own = self.user.as_ref().map_or(0, |user| user.loose.load(Ordering::Relaxed));
        let is_share_left = self.user.is_none() || own + bytes <= limits.loose_share + own_relief;
        is_share_left && state.loose + bytes <= limits.loose + relief
    }

    fn is_same_user(&self, other: &Self) -> bool {
        match (&self.user, &other.user) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }

    fn loosen_again(&self, state: &mut State, bytes: u64) {
        state.loose += bytes;
        if let Some(user) = &self.user {
            user.loose.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// What was loose is so no longer.
    fn unloosen(&self, state: &mut State, bytes: u64) {
        state.loose -= bytes;
        if let Some(user) = &self.user {
            user.loose.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl Lease {
    /// No bytes of `budget`.
    pub(super) fn nothing(budget: &Budget) -> Self {
        Self { budget: budget.clone(), bytes: 0 }
    }

    /// Where their memory comes from.
    pub(super) fn memory(&self) -> &MemoryStock {
        self.budget.memory()
    }

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

    /// Forgets it: its bytes count as given back already.
    pub(super) fn forget(mut self) {
        self.bytes = 0;
    }

    /// Gives back what is more than `bytes`.
    pub fn shrink(&mut self, bytes: u64) {
        drop(self.split(self.bytes.saturating_sub(bytes)));
    }

    /// Makes `other`, a lease of the same user, a part of this one.
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
mod tests;
