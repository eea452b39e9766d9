//! The limit beside a store that is simulated in virtual time: nothing here takes or measures any.

use super::*;
use crate::limits::{BLOCK_BYTES, PART_BUFFER_BYTES};

const MIB: f64 = 1024.0 * 1024.0;
const MB: f64 = 1e6;

/// One step of the simulation.
const TICK: f64 = 0.001;

/// Blocks of the buffer.
const BUFFER: usize = PART_BUFFER_BYTES as usize / BLOCK_BYTES;

/// Blocks of a part that is sent to a near store.
const USUAL: usize = 20;

/// A store as its connections show it.
#[derive(Clone, Copy, Debug)]
struct FarStore {
    /// What each request costs beside its bytes, seconds.
    latency: f64,
    /// What one connection moves, and all of them together, bytes a second.
    each: f64,
    all: f64,
    /// What the client sends.
    client: f64,
    /// Blocks of the smallest part.
    least: usize,
    /// More requests at once are asked to slow down.
    bearable: usize,
}

/// 30 ms and 30 MB/s away, parts as small as COS takes them.
const FAR: FarStore = FarStore {
    latency: 0.030,
    each: 30.0 * MB,
    all: f64::INFINITY,
    client: 2000.0 * MB,
    least: 4,
    bearable: usize::MAX,
};

/// As on the machine beside: the processor is the limit.
const NEAR: FarStore = FarStore { latency: 0.001, each: 400.0 * MB, all: 1000.0 * MB, ..FAR };

struct SimulatedRequest {
    number: u64,
    begun: f64,
    bytes: f64,
    latency_left: f64,
    left: f64,
}

/// An upload that goes on and on.
struct Simulation {
    store: FarStore,
    limit: ConcurrencyLimit,
    is_fixed: bool,
    epoch: Instant,
    seconds: f64,
    begun: u64,
    slowdowns: u64,
    gathered: f64,
    sent: f64,
    running: Vec<SimulatedRequest>,
    connections: usize,
    /// Every limit there was, in turn.
    limits: Vec<usize>,
}

impl Simulation {
    fn new(store: FarStore, ceiling: usize) -> Self {
        let epoch = Instant::now();
        let limit = ConcurrencyLimit::new(ceiling, 0, epoch);
        let limits = vec![limit.get()];
        Self {
            store,
            limit,
            is_fixed: false,
            epoch,
            seconds: 0.0,
            begun: 0,
            slowdowns: 0,
            gathered: 0.0,
            sent: 0.0,
            running: Vec::new(),
            connections: 1,
            limits,
        }
    }

    /// The same with a limit set by hand.
    fn fixed(store: FarStore, limit: usize) -> Self {
        let mut fixed = Self { is_fixed: true, ..Self::new(store, limit) };
        fixed.limit.limit = limit;
        fixed
    }

    fn now(&self) -> Instant {
        self.epoch + Duration::from_secs_f64(self.seconds)
    }

    fn part(&self) -> f64 {
        let is_usual = self.limit.get() <= limits::FIRST_WORKERS;
        let share = self.limit.share_of(BUFFER).clamp(self.store.least, USUAL);
        (if is_usual { USUAL } else { share } * BLOCK_BYTES) as f64
    }

    fn tick(&mut self) {
        self.seconds += TICK;
        let held: f64 = self.running.iter().map(|request| request.bytes).sum();
        let room = (BUFFER * BLOCK_BYTES) as f64 - held - self.gathered;
        let came = (self.store.client * TICK).min(room);
        self.gathered += came;
        if came < self.store.client * TICK {
            self.limit.wait(Duration::from_secs_f64(TICK));
        }
        while self.running.len() < self.limit.get() && self.gathered >= self.part() {
            let bytes = self.part();
            self.gathered -= bytes;
            self.begun += 1;
            self.limit.begin(self.begun, self.now());
            let mut latency_left = self.store.latency;
            if self.running.len() >= self.connections {
                // It has to be made first.
                self.connections += 1;
                latency_left *= 2.0;
            }
            if self.running.len() >= self.store.bearable {
                self.slowdowns += 1;
                latency_left += 0.2;
            }
            let (number, begun) = (self.begun, self.seconds);
            self.running.push(SimulatedRequest { number, begun, bytes, latency_left, left: bytes });
        }
        self.move_bytes();
    }

    fn move_bytes(&mut self) {
        let moving = self.running.iter().filter(|request| request.latency_left <= 0.0).count();
        let rate = self.store.each.min(self.store.all / moving.max(1) as f64);
        for request in &mut self.running {
            if request.latency_left > 0.0 {
                request.latency_left -= TICK;
            } else {
                request.left -= rate * TICK;
            }
        }
        let now = self.now();
        for request in self.running.extract_if(.., |request| request.left <= 0.0) {
            self.sent += request.bytes;
            let taken = Duration::from_secs_f64(self.seconds - request.begun);
            let moved = Moved { bytes: request.bytes as u64, taken };
            let answered = Answered { number: request.number, moved };
            let room = ConcurrencyLimit::room_in(BUFFER, self.store.least);
            if !self.is_fixed && self.limit.note(answered, room, self.slowdowns, now) {
                self.limits.push(self.limit.get());
            }
        }
    }

    /// Goes on for so long; bytes a second then.
    fn run(&mut self, seconds: f64) -> f64 {
        let (sent, end) = (self.sent, self.seconds + seconds);
        while self.seconds < end {
            self.tick();
        }
        (self.sent - sent) / seconds
    }
}

/// What the best number set by hand moves.
fn best(store: FarStore, ceiling: usize) -> f64 {
    (1..=ceiling).map(|limit| Simulation::fixed(store, limit).run(10.0)).fold(0.0, f64::max)
}

#[test]
fn a_far_store_gets_as_many_requests_as_bring_throughput() {
    let mut simulation = Simulation::new(FAR, 16);
    while simulation.sent < 256.0 * MIB {
        simulation.tick();
    }
    assert_eq!(simulation.limits, [4, 8, 16]);
    let pace = simulation.sent / simulation.seconds;
    assert!(pace > 170.0 * MB, "{pace}");
}

#[test]
fn it_comes_near_the_best_number_set_by_hand() {
    for latency in [0.005, 0.015, 0.030, 0.100] {
        for each in [3.0, 10.0, 30.0, 60.0, 90.0] {
            for all in [20.0, 60.0, 100.0, 150.0, 200.0, 300.0, 1000.0] {
                let store = FarStore { latency, each: each * MB, all: all * MB, ..FAR };
                let mut simulation = Simulation::new(store, 16);
                simulation.run(10.0);
                let (reached, best) = (simulation.run(10.0), best(store, 16));
                let limits = &simulation.limits;
                assert!(reached > 0.87 * best, "{store:?}: {reached} of {best}, {limits:?}");
                assert!(limits.len() <= 12, "{store:?}: {limits:?}");
            }
        }
    }
}

#[test]
fn a_near_store_gets_no_more_than_those_it_begins_with() {
    let mut simulation = Simulation::new(NEAR, 16);
    simulation.run(20.0);
    assert_eq!(simulation.limits, [4]);
}

#[test]
fn what_brings_nothing_is_given_back_and_tried_again_much_later() {
    let crowded = FarStore { latency: 0.001, all: 60.0 * MB, ..FAR };
    let mut simulation = Simulation::new(crowded, 16);
    simulation.run(4.0);
    assert_eq!(simulation.limits, [4, 8, 6, 4]);
    simulation.run(16.0);
    // Sixteen generations of 20 MiB are six seconds, the next 256 are 90.
    assert_eq!(simulation.limits, [4, 8, 6, 4, 8, 6, 4]);
}

#[test]
fn a_slow_client_needs_no_more() {
    let mut simulation = Simulation::new(FarStore { client: 60.0 * MB, ..FAR }, 16);
    simulation.run(20.0);
    assert_eq!(simulation.limits, [4]);
}

#[test]
fn the_buffer_and_the_ceiling_bound_it() {
    let mut simulation = Simulation::new(FarStore { least: USUAL, ..FAR }, 16);
    simulation.run(5.0);
    assert_eq!(simulation.limits, [4], "parts of 5 MiB in 20 MiB");
    for (ceiling, reached) in [(1, 1), (3, 3), (5, 5), (11, 11), (64, 16)] {
        let mut simulation = Simulation::new(FAR, ceiling);
        simulation.run(5.0);
        assert_eq!(simulation.limit.get(), reached, "{ceiling}: {:?}", simulation.limits);
    }
}

#[test]
fn a_store_that_asks_to_slow_down_makes_it_smaller() {
    let mut simulation = Simulation::new(FarStore { bearable: 6, ..FAR }, 16);
    simulation.run(4.0);
    assert_eq!(simulation.limits[..2], [4, 8]);
    assert!(simulation.limit.get() <= 6, "{:?}", simulation.limits);
    let mut simulation = Simulation::new(FarStore { bearable: 0, ..FAR }, 16);
    simulation.run(10.0);
    assert_eq!(simulation.limits, [4, 2, 1]);
}

#[test]
fn one_generation_is_halved_once() {
    let now = Instant::now();
    let mut limit = ConcurrencyLimit::new(4, 7, now);
    let moved = Moved { bytes: 1 << 20, taken: Duration::from_secs(1) };
    (1..=8).for_each(|number| limit.begin(number, now));
    let mut note = |number, slowdowns| {
        limit.note(Answered { number, moved }, 16, slowdowns, now);
        limit.get()
    };
    assert_eq!(note(1, 7), 4, "nobody has asked since");
    assert_eq!(note(2, 8), 2);
    assert_eq!(note(3, 9), 2, "it was begun before");
    assert_eq!(note(9, 10), 2, "so was another that is under way");
}

#[test]
fn several_requests_must_be_faster_than_one_was() {
    let begun = Instant::now();
    // Four MiB in so many tenths of a second, where one thread moves one in one second.
    for (tenths, expected) in [(10, 8), (26, 8), (27, 1), (40, 1)] {
        let one = Moved { bytes: 1 << 20, taken: Duration::from_secs(1) };
        let alone = Alone { moved: one, of_each_other: 0.0 };
        let mut limit = ConcurrencyLimit::beyond_one(alone, 16, 0, begun);
        let taken = Duration::from_millis(100 * tenths);
        let moved = Moved { taken, ..one };
        (1..=4).for_each(|number| limit.begin(number, begun));
        limit.wait(taken);
        for number in 1..=4 {
            limit.note(Answered { number, moved }, 16, 0, begun + taken);
        }
        assert_eq!(limit.get(), expected, "{tenths}");
    }
}

#[test]
fn what_is_taken_from_other_transfers_is_not_gained() {
    let begun = Instant::now();
    // Four times as fast as alone, that is 3 MiB more a second; three others had moved two each.
    for (others_each, expected) in [(2.0, 8), (1.5, 8), (1.0, 1), (0.5, 1), (3.0, 8)] {
        let moved = Moved { bytes: 1 << 20, taken: Duration::from_secs(1) };
        let alone = Alone { moved, of_each_other: 2.0 * MIB };
        let mut limit = ConcurrencyLimit::beyond_one(alone, 16, 0, begun);
        let first = Others { moved: 1 << 30, running: 3 };
        limit.see(first);
        (1..=4).for_each(|number| limit.begin(number, begun));
        limit.wait(moved.taken);
        limit.see(Others { moved: first.moved + (others_each * 3.0 * MIB) as u64, ..first });
        for number in 1..=4 {
            limit.note(Answered { number, moved }, 16, 0, begun + moved.taken);
        }
        assert_eq!(limit.get(), expected, "{others_each}");
    }
}

#[test]
fn what_cannot_be_had_is_settled_for() {
    let mut simulation = Simulation::new(FAR, 16);
    simulation.run(1.0);
    let now = simulation.now();
    simulation.limit.settle_for(9, now);
    assert_eq!(simulation.limit.get(), 9);
    let mut limit = ConcurrencyLimit::new(16, 0, now);
    limit.settle_for(0, now);
    assert_eq!(limit.get(), 1);
}
