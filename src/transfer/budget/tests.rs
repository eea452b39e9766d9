//! The promises of the budget, also under a scheduler that does what it likes.

use std::os::fd::AsFd;
use std::time::Duration;

use super::bounds::{LASTING_DOWNLOADS, Limits};
use super::*;
use crate::limits::BLOCK_BYTES;
use crate::net::{Interest, wait};
use crate::transfer::block::Block;
use crate::transfer::pool::{BlockPool, Size};

const BLOCK: u64 = BLOCK_BYTES as u64;

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
fn what_uploads_may_hold_loosely_is_not_for_downloads() {
    let (blocks, largest) = (90, 3 * BLOCK);
    let total = blocks * BLOCK;
    let budget = Budget::with_largest(total, largest);
    let may_be_loose = Limits::new(total, largest).loose;
    let readers: Vec<_> = ["a", "b"].map(|name| budget.of_user(name).for_reading()).into();
    let mut held = Vec::new();
    while let Some(more) = readers.iter().find_map(|reader| reader.try_borrow(BLOCK)) {
        held.push(more);
    }
    assert_eq!(budget.in_use(), total - may_be_loose, "and not more by two users");

    // Whoever waits for it holds nobody up.
    let wake = Wake::new().unwrap();
    let waits = readers[0].request(BLOCK, &wake);
    let mut pool = BlockPool::new(&budget.of_user("c"), &wake);
    let first = pool.take(Size { part: 3, capacity: 3 });
    assert!(first.is_some() && waits.take().is_err());
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

#[test]
fn a_turn_fits_beside_what_is_loose_of_all_and_of_one() {
    const MIB: u64 = 1 << 20;
    let usual = limits::UPLOAD_RESERVE_BYTES;
    for (total, largest) in
        [(8, 5), (8, 36), (11, 5), (21, 36), (36, 36), (64, 5), (64, 36), (256, 36), (4096, 36)]
    {
        let largest = largest * MIB + BLOCK;
        let limits = Limits::new(total * MIB, largest);
        assert_eq!(limits.loose + limits.sure, limits.total);
        assert!(limits.sure >= usual, "{limits:?}");
        assert!((usual..=limits.sure).contains(&limits.share), "{limits:?}");
        // What one user leaves for the others: a file of a block at least, and a turn where there
        // are two.
        assert!(limits.loose - limits.loose_share >= 2 * BLOCK, "{limits:?}");
        let beside_downloads = usual + LASTING_DOWNLOADS;
        let are_two = limits.sure >= usual + beside_downloads;
        assert!(limits.sure - limits.share >= usual || !are_two, "{limits:?}");
        // One user's upload and its downloads that nobody ends.
        assert!(limits.share >= beside_downloads, "{limits:?}");
        let is_ample = total >= 64;
        assert!(!is_ample || limits.share >= largest, "{limits:?}");
    }
}

#[test]
fn nobody_waits_behind_a_request_for_more_than_there_may_be() {
    let budget = Budget::with_largest(30 * BLOCK, 6 * BLOCK);
    let wake = Wake::new().unwrap();
    let mut loose = Loose::new(&budget);
    let held = loose.try_take(BLOCK).unwrap();
    let whole = budget.request(30 * BLOCK, &wake).take().unwrap_err();
    let other = budget.request(6 * BLOCK, &wake).take().unwrap();
    drop((held, loose));
    let whole = whole.take().unwrap_err();
    drop(other);
    assert_eq!(whole.take().unwrap().bytes(), 30 * BLOCK);
}

#[test]
fn a_users_requests_do_not_overtake_each_other() {
    let budget = Budget::with_largest(100 * BLOCK, 20 * BLOCK).of_user("one");
    let wake = Wake::new().unwrap();
    let share = budget.shared.limits.share;
    let held = budget.try_borrow(share - 2 * BLOCK).unwrap();
    let large = budget.request(10 * BLOCK, &wake).take().unwrap_err();
    let small = budget.request(BLOCK, &wake).take().unwrap_err();
    drop(held);
    assert!(large.take().is_ok() && small.take().is_ok());
}

#[test]
fn whoever_asks_is_not_woken_by_what_is_granted_at_once() {
    let budget = Budget::new(10 * BLOCK);
    let (wake, other) = (Wake::new().unwrap(), Wake::new().unwrap());
    let first = budget.request(10 * BLOCK, &wake);
    let second = budget.request(BLOCK, &other);
    drop(first.take().unwrap());
    assert!(second.take().is_ok());
    let rung = [(wake.as_fd(), Interest::Read), (other.as_fd(), Interest::Read)];
    assert_eq!(wait(rung, Some(Duration::ZERO)).unwrap(), [false, true]);
}

#[test]
fn turns_go_round_where_no_more_may_be_loose() {
    let budget = Budget::with_largest(12 * BLOCK, 3 * BLOCK);
    let (size, wake) = (Size { part: 3, capacity: 3 }, Wake::new().unwrap());
    let pool = || BlockPool::new(&budget, &wake);
    let mut slow = [pool(), pool(), pool(), pool()];
    let held: Vec<_> = slow.iter_mut().map(|pool| pool.take(size).unwrap()).collect();
    let mut lucky = pool();
    lucky.begin_turn(budget.try_borrow(3 * BLOCK).unwrap());
    let mut sent: Vec<_> = (0..3).map(|_| lucky.take(size).unwrap()).collect();
    let _others = budget.try_borrow(5 * BLOCK).unwrap();
    assert!(!slow[0].ask(size), "nothing is free");
    // Its part is stored; what has come meanwhile stays.
    let next = sent.pop();
    lucky.put_back(sent);
    assert!(!lucky.has_turn() && slow[0].ask(size));
    assert_eq!((budget.in_use(), budget.lock().loose), (12 * BLOCK, 4 * BLOCK));
    drop((held, next));
}

#[test]
fn whose_user_holds_least_is_first_and_needs_not_give_way() {
    let budget = Budget::with_largest(100 * BLOCK, 20 * BLOCK);
    let wake = Wake::new().unwrap();
    let (greedy, modest) = (budget.of_user("greedy"), budget.of_user("modest"));
    let _little = modest.try_borrow(10 * BLOCK).unwrap();
    let _more = greedy.try_borrow(20 * BLOCK).unwrap();
    let mut rest = budget.try_borrow(budget.total() - budget.in_use()).unwrap();
    let asked_first = greedy.request(20 * BLOCK, &wake).take().unwrap_err();
    assert!(greedy.gives_way(), "to another of its own");
    assert!(!modest.gives_way(), "to somebody who holds more");
    let asked_last = modest.request(20 * BLOCK, &wake).take().unwrap_err();
    drop(rest.split(20 * BLOCK));
    let asked_first = asked_first.take().unwrap_err();
    assert!(asked_last.take().is_ok());
    drop(rest);
    assert!(asked_first.take().is_ok());
}

#[test]
fn who_asks_beyond_its_share_is_passed_over_until_it_gives_back() {
    let budget = Budget::with_largest(100 * BLOCK, 20 * BLOCK);
    let share = budget.shared.limits.share;
    let wake = Wake::new().unwrap();
    let (greedy, modest) = (budget.of_user("greedy"), budget.of_user("modest"));
    let all = greedy.try_borrow(share).unwrap();
    assert!(Loose::new(&greedy).try_take(BLOCK).is_some(), "a share of its own");
    let more = greedy.request(BLOCK, &wake).take().unwrap_err();
    assert!(greedy.is_wanted() && !modest.is_wanted());
    let other = modest.request(20 * BLOCK, &wake).take().unwrap();
    drop(all);
    let more = more.take().unwrap();
    assert_eq!(budget.in_use(), 21 * BLOCK);
    drop((more, other));
    assert_eq!(budget.in_use(), 0);
}

/// One upload: a client that sends parts, and a store that takes them some time later.
struct SimulatedUpload {
    pool: BlockPool,
    size: Size,
    /// With data in them.
    gathered: Vec<Block>,
    /// Sent and not confirmed.
    sent: Vec<Block>,
    parts_left: u32,
    /// Sends so much of its first part, and then nothing for ever.
    stalls_at: Option<usize>,
}

impl SimulatedUpload {
    fn new(budget: &Budget, wake: &Wake, size: Size) -> Self {
        let pool = BlockPool::new(budget, wake);
        let (gathered, sent) = (Vec::new(), Vec::new());
        Self { pool, size, gathered, sent, parts_left: 3, stalls_at: None }
    }

    fn is_done(&self) -> bool {
        self.parts_left == 0 && self.sent.is_empty()
    }

    /// One block more of its data arrives, or it waits; whether anything was done.
    fn receive(&mut self) -> bool {
        let stalls = self.stalls_at.is_some_and(|at| self.gathered.len() >= at);
        if self.parts_left == 0 || stalls {
            return false;
        }
        let block = self.pool.take(self.size).or_else(|| {
            let has_turn = self.pool.ask(self.size);
            has_turn.then(|| self.pool.take(self.size)).flatten()
        });
        let is_received = block.is_some();
        self.gathered.extend(block);
        let target = self.size.part - 1;
        if self.gathered.len() >= target && self.sent.is_empty() {
            self.sent = self.gathered.drain(..target).collect();
            self.parts_left -= 1;
            if self.parts_left == 0 {
                self.pool.put_back(self.gathered.drain(..));
            }
        }
        is_received
    }

    fn confirm(&mut self) -> bool {
        let is_confirmed = !self.sent.is_empty();
        self.pool.put_back(self.sent.drain(..));
        if self.is_done() {
            self.pool.release();
        }
        is_confirmed
    }
}

/// Whatever the order in which clients send, stall and stores confirm: no more is held than there
/// is, and as long as one user's share is all that is held for ever, every other upload ends.
#[test]
fn no_order_of_events_exceeds_the_bound_or_lets_an_upload_starve() {
    for seed in 0..300 {
        let mut random = fastrand::Rng::with_seed(seed);
        let part = random.usize(3..8);
        // In less than this a stalled turn of one user can be all there is.
        let has_stalls = random.bool();
        let total = random.u64(if has_stalls { 60..200 } else { 8..60 }) * BLOCK;
        let budget = Budget::with_largest(total, 8 * BLOCK);
        let limits = budget.shared.limits;
        let wake = Wake::new().unwrap();
        let size = Size { part, capacity: 2 * part };
        let users: Vec<_> =
            ["mallory", "alice", "bob"].iter().map(|name| budget.of_user(name)).collect();
        let mut senders: Vec<_> = (0..random.usize(5..60))
            .map(|_| {
                let user = random.usize(..users.len());
                let mut sender = SimulatedUpload::new(&users[user], &wake, size);
                if user == 0 && has_stalls {
                    sender.stalls_at = Some(random.usize(1..part));
                }
                sender
            })
            .collect();
        let mut quiet = 0;
        while senders.iter().any(|sender| sender.stalls_at.is_none() && !sender.is_done()) {
            let at = random.usize(..senders.len());
            let sender = &mut senders[at];
            let has_acted = match random.u8(..10) {
                0 => {
                    sender.pool.give_surplus_back();
                    false
                }
                1..4 => sender.confirm(),
                _ => sender.receive(),
            };
            quiet = if has_acted { 0 } else { quiet + 1 };
            assert!(quiet < 100_000, "seed {seed}: nobody gets on");
            let (free, loose) = {
                let state = budget.lock();
                (state.free, state.loose)
            };
            assert!(free <= total && loose <= limits.loose, "seed {seed}");
            for user in users.iter().filter_map(|user| user.user.as_ref()) {
                assert!(user.with_turns() <= limits.share, "seed {seed}");
                let loose = user.loose.load(Ordering::Relaxed);
                assert!(loose <= limits.loose_share, "seed {seed}");
            }
        }
        drop(senders);
        let state = budget.lock();
        assert_eq!((state.free, state.loose), (total, 0), "seed {seed}: all comes back");
    }
}
