//! What the requests have moved that are looked at together, and how fast that is.

use std::time::{Duration, Instant};

use super::others::Others;

/// What a connection to a far store takes for a mebibyte, at least: one that moves 100 MB/s is
/// near, or the machine is busy with many other transfers.
pub(in crate::transfer) const STORE_IS_FAR: Duration = Duration::from_millis(10);

/// Bytes, and how long they took: several requests one after another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::transfer) struct Moved {
    pub(in crate::transfer) bytes: u64,
    pub(in crate::transfer) taken: Duration,
}

impl Moved {
    fn add(&mut self, more: Self) {
        self.bytes += more.bytes;
        self.taken += more.taken;
    }

    pub(in crate::transfer) fn bytes_a_second(self) -> f64 {
        self.bytes as f64 / self.taken.as_secs_f64().max(f64::EPSILON)
    }

    /// Whether one connection to a near store moves more.
    pub(super) fn is_far(self) -> bool {
        let mebibytes = self.bytes as f64 / f64::from(1 << 20);
        self.taken.as_secs_f64() > STORE_IS_FAR.as_secs_f64() * mebibytes
    }
}

/// What one request moves in its time, how many there are on average, and bytes a second of each
/// other transfer meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Throughput {
    pub(super) of_one: Moved,
    pub(super) running: f64,
    pub(super) of_each_other: f64,
}

impl Throughput {
    /// Bytes a second of all requests together.
    pub(super) fn of_all(self) -> f64 {
        self.of_one.bytes_a_second() * self.running
    }
}

/// What was answered since the limit is what it is, or was last judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Generation {
    since: Instant,
    /// What the other transfers had moved by then.
    others: Others,
    /// How long the client waited for the store.
    waited: Duration,
    /// How long requests were under way, of all together, and until when that is known.
    running: Duration,
    known: Instant,
    /// Requests that were begun under this limit.
    pub(super) requests: usize,
    moved: Moved,
}

impl Generation {
    /// One that begins at `now`, nothing of it answered.
    pub(super) fn new(now: Instant, others: Others) -> Self {
        Self {
            since: now,
            others,
            waited: Duration::ZERO,
            running: Duration::ZERO,
            known: now,
            requests: 0,
            moved: Moved::default(),
        }
    }

    /// So many requests were under way until `now`.
    pub(super) fn go_on(&mut self, running: usize, now: Instant) {
        let time = now.saturating_duration_since(self.known);
        self.running += time * u32::try_from(running).unwrap_or(u32::MAX);
        self.known = now;
    }

    /// The client has waited for the store for so long.
    pub(super) fn wait(&mut self, time: Duration) {
        self.waited += time;
    }

    /// What it has moved by `now`, while the other transfers have moved so much.
    pub(super) fn throughput(&self, others: Others, now: Instant) -> Throughput {
        let time = now.saturating_duration_since(self.since);
        let running = self.running.as_secs_f64() / time.as_secs_f64().max(f64::EPSILON);
        let of_each_other = others.each_since(self.others, time);
        Throughput { of_one: self.moved, running, of_each_other }
    }

    /// One more request was answered.
    pub(super) fn add(&mut self, moved: Moved) {
        self.requests += 1;
        self.moved.add(moved);
    }

    /// Whether the client waited for the store at least half of the time.
    pub(super) fn waited_for_the_store(&self, now: Instant) -> bool {
        self.waited * 2 >= now.saturating_duration_since(self.since)
    }
}
