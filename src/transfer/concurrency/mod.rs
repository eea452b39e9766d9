//! How many requests of one transfer run at once: parts of an upload, ranges ahead of a download.
//!
//! Near the store a few connections are all it takes, and each more costs requests and processor
//! time. Far from it a connection moves what its window and the store allow, however fast both ends
//! are, and only more of them move more. So the number is found out, as hill climbing does it:
//!
//! 1. It begins with [`limits::FIRST_WORKERS`]. Where the first answers show a connection as slow
//!    as to a store that is far ([`STORE_IS_FAR`]), and the client has waited for the store at
//!    least half of the time, twice as many are tried, as far as the ceiling and the room in the
//!    buffer go. Later, as many answers as there are requests at once (a *generation*) are looked
//!    at.
//! 2. When the last request that was begun before has been answered, the trial is measured: what
//!    one of the requests that are begun from then on moves in its time, times how many there were
//!    on average (Little's law), compared with the same before. Three quarters of a generation are
//!    enough. (A time in which the client did not wait for the store tells nothing.)
//! 3. They stay if they bring at least a sixth of what as many more would bring at best; then twice
//!    as many are tried again. If not, half of the step is tried, and after that the number that is
//!    known to be good stays for [`REST`] generations, sixteen times as many after each attempt
//!    that brought nothing.
//!    What the other transfers of the process have lost meanwhile is taken off: a tenth must be
//!    left.
//! 4. A store that asks to slow down halves it, down to one, once for each generation, and is left
//!    alone for as long.
//!
//! The bound: never more than the ceiling; from n to the ceiling it takes log2(ceiling / n) trials
//! of two generations, and where nothing is gained two trials are lost. The clock is the caller's,
//! so all of it is a function of what it is told.

mod generation;
mod others;

use std::time::{Duration, Instant};

use crate::limits;
use generation::{Generation, Throughput};
pub(super) use generation::{Moved, STORE_IS_FAR};
pub(super) use others::Others;

/// More requests stay if they bring this share of what they would bring at best: less is chance, or
/// taken from other transfers where the processor is the limit.
const LEAST_GAIN: f64 = 1.0 / 6.0;

/// They must have brought so much at least beside what the other transfers have lost.
const LEAST_NET_GAIN: f64 = 0.1;

/// Generations before the next attempt, where one brought nothing.
const REST: u32 = 16;

/// Answers that tell whether a store is far: of several requests that began together.
const FIRST_ANSWERS: usize = 2;

/// Attempts in vain after which that does not grow any more.
const GROWING_RESTS: u32 = 3;

/// One request that was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// Its number, in the order in which they were begun.
    pub(super) number: u64,
    pub(super) moved: Moved,
}

/// How many requests of one transfer run at once.
#[derive(Debug)]
pub(super) struct ConcurrencyLimit {
    limit: usize,
    ceiling: usize,
    phase: Phase,
    generation: Generation,
    /// The last request that was begun, and the last that was begun under another limit.
    newest: u64,
    outdated: u64,
    /// Requests that are under way, and those of them that were begun under another limit.
    running: usize,
    outdated_running: usize,
    /// The last request that shared the store with some of those.
    mixed: u64,
    /// Attempts in vain, one after another.
    failures: u32,
    /// What the other transfers have moved by now.
    others: Others,
    /// How often the store had asked to slow down.
    slowdowns: u64,
    /// Whether that was heeded, and nothing has been answered yet that was begun since then.
    has_slowed_down: bool,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Nothing is known yet.
    First,
    /// The limit is good; more are not tried for so many generations.
    Steady { rest: u32 },
    /// More are tried than the `from` that moved what `before` says.
    Trial { from: usize, before: Throughput, step: StepSize },
}

/// How far a trial goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepSize {
    /// From one request to those that a transfer begins with elsewhere.
    First,
    /// Twice as many.
    Whole,
    /// What is between, when that was too many.
    Half,
}

/// What one request has moved, and bytes a second of each other transfer meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alone {
    pub(super) moved: Moved,
    pub(super) of_each_other: f64,
}

impl ConcurrencyLimit {
    /// For a transfer that begins at `now` and may have `ceiling` requests at once; the store has
    /// asked to slow down `slowdowns` times so far.
    pub(super) fn new(ceiling: usize, slowdowns: u64, now: Instant) -> Self {
        let ceiling = ceiling.max(1);
        Self {
            limit: ceiling.min(limits::FIRST_WORKERS),
            ceiling,
            phase: Phase::First,
            generation: Generation::new(now, Others::default()),
            newest: 0,
            outdated: 0,
            running: 0,
            outdated_running: 0,
            mixed: 0,
            failures: 0,
            others: Others::default(),
            slowdowns,
            has_slowed_down: false,
        }
    }

    /// The same for a transfer that goes on with several requests where one has moved `alone`. If
    /// they bring nothing, its limit is one.
    pub(super) fn beyond_one(alone: Alone, ceiling: usize, slowdowns: u64, now: Instant) -> Self {
        let Alone { moved, of_each_other } = alone;
        let before = Throughput { of_one: moved, running: 1.0, of_each_other };
        let phase = Phase::Trial { from: 1, before, step: StepSize::First };
        Self { phase, ..Self::new(ceiling, slowdowns, now) }
    }

    /// How many may run.
    pub(super) fn get(&self) -> usize {
        self.limit
    }

    /// Whether enough has been answered to tell how far the store is.
    pub(super) fn knows_the_store(&self) -> bool {
        !matches!(self.phase, Phase::First)
    }

    /// Whether it is not known yet whether several requests move more than one.
    pub(super) fn is_first_trial(&self) -> bool {
        matches!(self.phase, Phase::Trial { step: StepSize::First, .. })
    }

    /// What each gets of so many blocks: a fifth of them is filled, or emptied, meanwhile.
    pub(super) fn share_of(&self, blocks: usize) -> usize {
        blocks / (self.limit + self.limit.div_ceil(4))
    }

    /// How many requests of at least `least` blocks have room in so many.
    pub(super) fn room_in(blocks: usize, least: usize) -> usize {
        (blocks - blocks / 5) / least.max(1)
    }

    /// The request with this number begins at `now`.
    pub(super) fn begin(&mut self, number: u64, now: Instant) {
        if self.newest == 0 {
            self.generation = Generation::new(now, self.others);
        }
        self.newest = number;
        self.generation.go_on(self.running.min(self.limit), now);
        self.running += 1;
    }

    /// The client has waited for the store for so long.
    pub(super) fn wait(&mut self, time: Duration) {
        self.generation.wait(time);
    }

    /// The other transfers have moved so much. Where nobody says so, there are none.
    pub(super) fn see(&mut self, others: Others) {
        self.others = others;
    }

    /// A request was answered at `now`. The buffer has room for `room` of them, and the store has
    /// asked to slow down `slowdowns` times so far. Tells whether the limit is another one now.
    pub(super) fn note(
        &mut self,
        answered: Answered,
        room: usize,
        slowdowns: u64,
        now: Instant,
    ) -> bool {
        let limit = self.limit;
        self.generation.go_on(self.running.min(self.limit), now);
        self.running = self.running.saturating_sub(1);
        if answered.number <= self.outdated {
            self.note_outdated(now);
        } else if answered.number > self.mixed {
            self.generation.add(answered.moved);
        }
        self.has_slowed_down &= self.generation.requests == 0;
        let is_asked_to = std::mem::replace(&mut self.slowdowns, slowdowns) != slowdowns;
        if is_asked_to && !self.has_slowed_down {
            self.rest();
            self.set(self.limit / 2, now);
            self.has_slowed_down = true;
        } else if self.is_told_enough() {
            self.judge(room, now);
        }
        self.limit != limit
    }

    /// A request was answered that was begun under another limit.
    fn note_outdated(&mut self, now: Instant) {
        self.outdated_running = self.outdated_running.saturating_sub(1);
        if self.outdated_running == 0 {
            self.mixed = self.newest;
            self.generation = Generation::new(now, self.others);
        }
    }

    /// Whether the generation is over.
    fn is_told_enough(&self) -> bool {
        let enough = match self.phase {
            Phase::First => FIRST_ANSWERS,
            Phase::Trial { .. } => (self.limit * 3).div_ceil(4),
            Phase::Steady { .. } => self.limit,
        };
        self.generation.requests >= enough
    }

    /// No more than `limit` can be had at present.
    pub(super) fn settle_for(&mut self, limit: usize, now: Instant) {
        self.rest();
        self.set(limit, now);
    }

    fn judge(&mut self, room: usize, now: Instant) {
        let generation = std::mem::replace(&mut self.generation, Generation::new(now, self.others));
        if !generation.waited_for_the_store(now) {
            return;
        }
        let pace = generation.throughput(self.others, now);
        let more =
            if pace.of_one.is_far() { (self.limit * 2).min(self.ceiling).min(room) } else { 0 };
        match self.phase {
            Phase::First => {
                self.phase = Phase::Steady { rest: 0 };
                self.climb(pace, more, now);
            }
            Phase::Steady { rest: 0 } => self.climb(pace, more, now),
            Phase::Steady { rest } => self.phase = Phase::Steady { rest: rest - 1 },
            Phase::Trial { from, before, step } => {
                if !self.is_worth_it(from, before, pace) {
                    self.step_back(from, before, step, now);
                } else {
                    self.failures = 0;
                    let is_last = step == StepSize::Half;
                    self.phase = Phase::Steady { rest: if is_last { REST } else { 0 } };
                    self.climb(pace, if is_last { 0 } else { more }, now);
                }
            }
        }
    }

    /// Whether as many requests as there are move enough more than `from`, which moved `before`.
    fn is_worth_it(&self, from: usize, before: Throughput, pace: Throughput) -> bool {
        let best = self.limit as f64 / from as f64;
        let enough = 1.0 + (best - 1.0) * LEAST_GAIN;
        let lost_by_each_other = (before.of_each_other - pace.of_each_other).max(0.0);
        let net = pace.of_all() - lost_by_each_other * self.others.running as f64;
        let before = before.of_all();
        pace.of_all() >= before * enough && net >= before * enough.min(1.0 + LEAST_NET_GAIN)
    }

    /// Tries `more` than those that moved `before`, if that is more.
    fn climb(&mut self, before: Throughput, more: usize, now: Instant) {
        if more > self.limit {
            self.phase = Phase::Trial { from: self.limit, before, step: StepSize::Whole };
            self.set(more, now);
        }
    }

    fn step_back(&mut self, from: usize, before: Throughput, step: StepSize, now: Instant) {
        let half = from + (self.limit - from) / 2;
        if step == StepSize::Whole && half > from {
            self.phase = Phase::Trial { from, before, step: StepSize::Half };
            self.set(half, now);
        } else {
            self.rest();
            self.set(from, now);
        }
    }

    fn rest(&mut self) {
        let rest = REST.saturating_pow(1 + self.failures.min(GROWING_RESTS));
        self.failures += 1;
        self.phase = Phase::Steady { rest };
    }

    fn set(&mut self, limit: usize, now: Instant) {
        self.limit = limit.clamp(1, self.ceiling);
        (self.outdated, self.outdated_running) = (self.newest, self.running);
        self.mixed = if self.running == 0 { self.newest } else { u64::MAX };
        self.generation = Generation::new(now, self.others);
    }
}

#[cfg(test)]
mod tests;
