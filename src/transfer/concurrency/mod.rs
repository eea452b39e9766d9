//! How many requests of one transfer run at once: parts of an upload, ranges ahead of a download.
//!
//! Near the store a few connections are all it takes, and each more costs requests and processor
//! time. Far from it a connection moves what its window and the store allow, however fast both ends
//! are, and only more of them move more. So the number is found out, as hill climbing does it:
//!
//! 1. It begins with [`limits::FIRST_WORKERS`]. When as many requests have been answered, that is a
//!    *generation*; its pace is what one request moved in its time, times their number.
//! 2. Where a connection is as slow as to a store that is far ([`STORE_IS_FAR`]) and the client has
//!    waited for the store half of the time, twice as many are tried, as far as the ceiling and the
//!    room in the buffer go.
//! 3. They stay if they brought at least a sixth of what as many more would have brought at best;
//!    then twice as many are tried again. If not, half of the step is tried, and after that the
//!    number that is known to be good stays for [`REST`] generations, sixteen times as many after
//!    each attempt that brought nothing.
//! 4. A store that asks to slow down halves it, down to one, once for each generation, and is left
//!    alone for as long.
//!
//! Requests that were begun under another limit are not counted. The bound: never more than the
//! ceiling; from n to the ceiling it takes log2(ceiling / n) steps of one generation each, and two
//! generations are lost where nothing is gained. The clock is the caller's, so all of it is a
//! function of what it is told.

use std::time::{Duration, Instant};

use crate::limits;

/// What a connection to a far store takes for a mebibyte, at least: one that moves 100 MB/s is
/// near, or the machine is busy with many other transfers.
pub(super) const STORE_IS_FAR: Duration = Duration::from_millis(10);

/// More requests stay if they bring this share of what they would bring at best: less is chance, or
/// taken from other transfers where the processor is the limit.
const LEAST_GAIN: f64 = 1.0 / 6.0;

/// Generations before the next attempt, where one brought nothing.
const REST: u32 = 16;

/// Attempts in vain after which that does not grow any more.
const GROWING_RESTS: u32 = 3;

/// One request that was answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    /// Its number, in the order in which they were begun.
    pub(super) number: u64,
    pub(super) bytes: u64,
    pub(super) taken: Duration,
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
    /// Attempts in vain, one after another.
    failures: u32,
    /// How often the store had asked to slow down.
    slowdowns: u64,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// The limit is good; more are not tried for so many generations.
    Steady { rest: u32 },
    /// More are tried than the `from` that moved `pace` bytes a second.
    Trial { from: usize, pace: f64, step: Step },
}

/// How far a trial goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// From one request to those that a transfer begins with elsewhere.
    First,
    /// Twice as many.
    Whole,
    /// What is between, when that was too many.
    Half,
}

/// What was answered under the present limit.
#[derive(Clone, Copy, Debug)]
struct Generation {
    since: Instant,
    requests: usize,
    bytes: u64,
    taken: Duration,
    /// How long the client waited for the store.
    waited: Duration,
}

impl ConcurrencyLimit {
    /// For a transfer that begins at `now` and may have `ceiling` requests at once; the store has
    /// asked to slow down `slowdowns` times so far.
    pub(super) fn new(ceiling: usize, slowdowns: u64, now: Instant) -> Self {
        let ceiling = ceiling.max(1);
        Self {
            limit: ceiling.min(limits::FIRST_WORKERS),
            ceiling,
            phase: Phase::Steady { rest: 0 },
            generation: Generation::new(now),
            newest: 0,
            outdated: 0,
            failures: 0,
            slowdowns,
        }
    }

    /// The same for a transfer that goes on with several requests where one has moved `alone` bytes
    /// a second. If they bring nothing, its limit is one.
    pub(super) fn beyond_one(alone: f64, ceiling: usize, slowdowns: u64, now: Instant) -> Self {
        let phase = Phase::Trial { from: 1, pace: alone, step: Step::First };
        Self { phase, ..Self::new(ceiling, slowdowns, now) }
    }

    /// How many may run.
    pub(super) fn get(&self) -> usize {
        self.limit
    }

    /// What each gets of so many blocks: a fifth of them is filled, or emptied, meanwhile.
    pub(super) fn share_of(&self, blocks: usize) -> usize {
        blocks / (self.limit + self.limit.div_ceil(4))
    }

    /// How many requests of at least `least` blocks have room in so many.
    pub(super) fn room_in(blocks: usize, least: usize) -> usize {
        (blocks - blocks / 5) / least.max(1)
    }

    /// The request with this number begins.
    pub(super) fn begin(&mut self, number: u64) {
        self.newest = number;
    }

    /// The client has waited for the store for so long.
    pub(super) fn wait(&mut self, time: Duration) {
        self.generation.waited += time;
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
        let before = self.limit;
        if answered.number > self.outdated {
            self.generation.add(answered);
        }
        let is_asked_to_slow_down = slowdowns != self.slowdowns;
        self.slowdowns = slowdowns;
        if self.generation.requests == 0 {
            return false;
        }
        if is_asked_to_slow_down {
            self.rest();
            self.set(self.limit / 2, now);
        } else if self.generation.requests >= self.limit {
            self.judge(room, now);
        }
        self.limit != before
    }

    /// No more than `limit` can be had at present.
    pub(super) fn settle_for(&mut self, limit: usize, now: Instant) {
        self.rest();
        self.set(limit, now);
    }

    /// A generation is over.
    fn judge(&mut self, room: usize, now: Instant) {
        let pace = self.generation.pace(self.limit);
        match self.phase {
            Phase::Steady { rest: 0 } => self.climb(pace, room, now),
            Phase::Steady { rest } => self.phase = Phase::Steady { rest: rest - 1 },
            Phase::Trial { from, pace: before, step } => {
                let more = self.limit as f64 / from as f64 - 1.0;
                if pace >= before * (1.0 + more * LEAST_GAIN) {
                    self.failures = 0;
                    self.phase = Phase::Steady { rest: if step == Step::Half { REST } else { 0 } };
                    if step != Step::Half {
                        self.climb(pace, room, now);
                    }
                } else {
                    self.step_back(from, before, step, now);
                }
            }
        }
        self.generation = Generation::new(now);
    }

    /// Tries twice as many, if the store is what the client waits for.
    fn climb(&mut self, pace: f64, room: usize, now: Instant) {
        let more = (self.limit * 2).min(self.ceiling).min(room);
        if more > self.limit && self.generation.shows_a_far_store(now) {
            self.phase = Phase::Trial { from: self.limit, pace, step: Step::Whole };
            self.set(more, now);
        }
    }

    fn step_back(&mut self, from: usize, pace: f64, step: Step, now: Instant) {
        let half = from + (self.limit - from) / 2;
        if step == Step::Whole && half > from {
            self.phase = Phase::Trial { from, pace, step: Step::Half };
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
        self.outdated = self.newest;
        self.generation = Generation::new(now);
    }
}

impl Generation {
    fn new(now: Instant) -> Self {
        let (taken, waited) = (Duration::ZERO, Duration::ZERO);
        Self { since: now, requests: 0, bytes: 0, taken, waited }
    }

    fn add(&mut self, answered: Answered) {
        self.requests += 1;
        self.bytes += answered.bytes;
        self.taken += answered.taken;
    }

    /// Bytes a second that `limit` such requests move.
    fn pace(&self, limit: usize) -> f64 {
        self.bytes as f64 / self.taken.as_secs_f64().max(f64::EPSILON) * limit as f64
    }

    fn shows_a_far_store(&self, now: Instant) -> bool {
        let mebibytes = self.bytes as f64 / f64::from(1 << 20);
        let is_far = self.taken.as_secs_f64() > STORE_IS_FAR.as_secs_f64() * mebibytes;
        is_far && self.waited * 2 >= now.saturating_duration_since(self.since)
    }
}

#[cfg(test)]
mod tests;
