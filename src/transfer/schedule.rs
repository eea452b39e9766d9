//! How large the parts of an upload of unknown length are.
//!
//! A store takes at most 10,000 parts. Parts of one size would have to be limit / 10,000 from the
//! first byte on (21 MB for 200 GiB); parts that grow linearly start small, so that memory and the
//! tail after the last byte stay small for ordinary files, and still reach the limit.
//!
//! To a far store parts may be smaller still, as more connections then share the same memory. Then
//! they grow with the offset: each has at least its `stretch`th part, and at least what the store
//! takes. Such parts grow exponentially, and reach the size of the linear schedule's last part
//! early; `stretch` is the largest by which the parts that are left then reach the limit. Whoever
//! cuts every part at one of the two sizes reaches it, in whatever turn: a part that is as large as
//! the linear schedule wants has paid for all before it, and from each of its points the
//! exponential one, which is behind it there, has parts to spare.

use crate::limits::{BLOCK_BYTES, FIRST_PART_BYTES, PARTS_PER_UPLOAD};

const BLOCK: u64 = BLOCK_BYTES as u64;

/// The sizes of the parts of one upload.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// No part is smaller, bytes.
    floor: u64,
    max_part: u64,
    parts: u64,
    /// By how much the last part is larger than the first, bytes.
    rise: u64,
    /// No part to a far store is smaller, bytes.
    least: u64,
    /// The last part, in whole blocks: what [`Self::largest_target`] tells.
    last: u64,
    /// As the module says; 0 where parts to a far store have the last part's size.
    stretch: u64,
}

/// Parts that the exponential schedule may need beyond its formula, which knows no whole parts:
/// one where each of its three pieces ends, and half a part each time the size grows by the factor
/// e, which it does 8.6 times from 1 MiB to 5 GiB.
const ROUNDING: u64 = 8;

impl Schedule {
    /// The largest file that a fresh upload can hold: what [`PARTS_PER_UPLOAD`] parts of at most
    /// [`crate::limits::MAX_PART_BYTES`] hold when they grow linearly, rounded down to what reads
    /// well.
    pub const LARGEST_FILE: u64 = 24_000 << 30;

    /// The largest part that a fresh upload of at most `file` bytes comes to, in whole blocks. No
    /// part is smaller than `floor`.
    pub fn largest_target(file: u64, floor: u64) -> u64 {
        let parts = u64::from(PARTS_PER_UPLOAD);
        let last = FIRST_PART_BYTES.saturating_add(rise(missing(file, parts), parts));
        last.max(floor).next_multiple_of(BLOCK)
    }

    /// The largest file of which no part of a fresh upload is larger than `part` bytes.
    pub fn largest_file(part: u64) -> u64 {
        let last = part / BLOCK * BLOCK;
        u64::from(PARTS_PER_UPLOAD) * (FIRST_PART_BYTES + last) / 2
    }

    /// A schedule by which `parts_left` parts hold `bytes_left`. No part is smaller than `floor`
    /// (the store's minimum, `min_part_size`) or larger than `max_part`.
    pub fn new(floor: u64, max_part: u64, parts_left: u32, bytes_left: u64) -> Self {
        let parts = u64::from(parts_left.max(1));
        let missing = missing(bytes_left, parts);
        let last = FIRST_PART_BYTES.saturating_add(rise(missing, parts));
        let rise = match missing {
            0 => 0,
            // Parts are cut at whole blocks below their target: together they may miss one.
            missing => rise(missing.saturating_add(BLOCK), parts),
        };
        let least = if parts == 1 { bytes_left } else { floor };
        let floor = if parts == 1 { bytes_left } else { floor.max(FIRST_PART_BYTES) };
        let (floor, least) = (floor.min(max_part), least.min(max_part));
        let last = last.max(floor).next_multiple_of(BLOCK).min(max_part);
        let stretch = stretch(parts, bytes_left, least, last);
        Self { floor, max_part, parts, rise, least, last, stretch }
    }

    /// Blocks that part `n`, counted from 0, must have at least when the parts before it hold
    /// `given` bytes. Parts that were larger than they had to be let later ones be smaller; what
    /// smaller ones lacked is not made up for at once.
    pub fn target_blocks(&self, n: u32, given: u64) -> usize {
        let due = self.due(n, given);
        let target = match self.is_behind(n, given) {
            true => blocks(due.min(self.at(given).max(self.stretched(given)))),
            false => due / BLOCK,
        };
        usize::try_from(target.max(blocks(self.floor))).unwrap_or(usize::MAX)
    }

    /// The same of a part to a far store.
    pub fn least_blocks(&self, n: u32, given: u64) -> usize {
        let least = (self.due(n, given) / BLOCK).min(blocks(self.stretched(given)));
        usize::try_from(least.max(blocks(self.least))).unwrap_or(usize::MAX)
    }

    /// What part `n` lacks for the sum to be the schedule's.
    fn due(&self, n: u32, given: u64) -> u64 {
        self.sum(u64::from(n) + 1).saturating_sub(given).min(self.max_part)
    }

    /// Whether the parts so far are smaller than the schedule's, by more than is lost by cutting
    /// them at whole blocks.
    fn is_behind(&self, n: u32, given: u64) -> bool {
        given + BLOCK <= self.sum(n.into())
    }

    /// The size of a part that grows with the offset, which is `given`.
    fn stretched(&self, given: u64) -> u64 {
        let stretched = given.checked_div(self.stretch).unwrap_or(self.last);
        stretched.clamp(self.least.min(self.last), self.last)
    }

    /// The size of the linear schedule's part at an offset.
    fn at(&self, offset: u64) -> u64 {
        let (mut low, mut high) = (0, self.parts);
        while low + 1 < high {
            let middle = low.midpoint(high);
            if self.sum(middle) <= offset { low = middle } else { high = middle }
        }
        self.size(low)
    }

    /// The size of the linear schedule's part `n`.
    fn size(&self, n: u64) -> u64 {
        let risen = u128::from(self.rise) * u128::from(n) / u128::from((self.parts - 1).max(1));
        let size = u128::from(FIRST_PART_BYTES) + risen;
        u64::try_from(size).unwrap_or(u64::MAX).min(self.last)
    }

    /// Bytes the first `n` parts must hold together.
    fn sum(&self, n: u64) -> u64 {
        let (n, rise, parts) = (u128::from(n), u128::from(self.rise), u128::from(self.parts));
        let grown = rise * n * n.saturating_sub(1) / (2 * (parts - 1).max(1));
        // What exceeds 64 bits exceeds every part, too.
        u64::try_from(n * u128::from(FIRST_PART_BYTES) + grown).unwrap_or(u64::MAX)
    }
}

/// Whole blocks that hold `bytes`.
fn blocks(bytes: u64) -> u64 {
    bytes.div_ceil(BLOCK)
}

/// What share of its offset a part to a far store may be at least so that `parts` of them, none
/// smaller than `least` and none larger than `last`, hold `bytes`. With a stretch of d it is d
/// parts to the offset where they begin to grow, d ln(last / least) until they are as large as the
/// last, and from there on those that the rest takes; it begins at the offset d last.
fn stretch(parts: u64, bytes: u64, least: u64, last: u64) -> u64 {
    if last <= least {
        return u64::MAX;
    }
    let of_the_last_size = bytes.div_ceil(last);
    let left = parts.saturating_sub(ROUNDING + of_the_last_size) as f64;
    (left / (last as f64 / least.max(1) as f64).ln()) as u64
}

/// What of `bytes` does not fit into `parts` of the first part's size.
fn missing(bytes: u64, parts: u64) -> u64 {
    bytes.saturating_sub(FIRST_PART_BYTES.saturating_mul(parts))
}

/// By how much the last of `parts` must be larger than the first to hold `missing` bytes, too: the
/// mean of a linear growth is half of its end. (One part has no successors to grow into.)
fn rise(missing: u64, parts: u64) -> u64 {
    missing.saturating_mul(2).div_ceil(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_PART_BYTES;

    const MIB: u64 = 1024 * 1024;
    const GIB: u64 = 1024 * MIB;

    #[test]
    fn parts_grow_with_the_file() {
        for (file, floor, expected) in [
            (1, MIB, 5 * MIB),
            (48 * GIB, MIB, 5 * MIB),
            (10_000 * 5 * MIB, MIB, 5 * MIB),
            (10_000 * 5 * MIB + 1, MIB, 5 * MIB + 256 * 1024),
            (200 * GIB, MIB, 36 * MIB),
            (200 * GIB, 64 * MIB, 64 * MIB),
        ] {
            assert_eq!(Schedule::largest_target(file, floor), expected, "{file} {floor}");
        }
    }

    #[test]
    fn the_largest_limit_needs_no_part_that_stores_refuse() {
        assert!(Schedule::largest_target(Schedule::LARGEST_FILE, 0) <= MAX_PART_BYTES);
        assert!(Schedule::largest_target(Schedule::LARGEST_FILE * 11 / 10, 0) > MAX_PART_BYTES);
    }

    #[test]
    fn the_largest_file_is_the_last_that_fits() {
        for part in [5 * MIB, 5 * MIB + 1, 8 * MIB, 20 * MIB, MAX_PART_BYTES] {
            let file = Schedule::largest_file(part);
            assert!(Schedule::largest_target(file, 0) <= part, "{part}");
            assert!(Schedule::largest_target(file + 1, 0) > part, "{part}");
        }
    }

    /// The parts of a file that never ends, each as small as allowed.
    fn smallest(schedule: Schedule, parts: u32) -> Vec<u64> {
        let mut given = 0;
        let next = |n| {
            let bytes = schedule.target_blocks(n, given) as u64 * BLOCK;
            given += bytes;
            bytes
        };
        (0..parts).map(next).collect()
    }

    #[test]
    fn the_limit_is_always_reached() {
        for (floor, parts, bytes) in [
            (MIB, 10_000, 200 * GIB),
            (5 * MIB, 10_000, 48 * GIB),
            (5 * MIB, 10_000, 49 * GIB),
            (64 * MIB, 10_000, 200 * GIB),
            (MIB, 9_998, 24_000 * GIB),
            (MIB, 1, 3 * GIB),
            (MIB, 2, 3 * GIB),
        ] {
            let sizes = smallest(Schedule::new(floor, MAX_PART_BYTES, parts, bytes), parts);
            let sum: u64 = sizes.iter().sum();
            assert!(sum >= bytes, "{floor} {parts} {bytes}: {sum}");
            assert!(sizes.iter().all(|size| (floor..=MAX_PART_BYTES).contains(size)));
        }
    }

    #[test]
    fn the_limit_is_reached_by_parts_of_either_size_in_any_turn() {
        let mut random = fastrand::Rng::with_seed(1);
        for (floor, parts, bytes) in [
            (MIB, 10_000, 200 * GIB),
            (5 * MIB, 10_000, 200 * GIB),
            (2 * MIB, 10_000, 20 * GIB),
            (MIB, 10_000, 48 * GIB),
            (MIB, 10_000, 50_000 * MIB),
            (MIB, 10_000, 50_000 * MIB + 1),
            (MIB, 10_000, 51 * GIB),
            (MIB, 10_000, 24_000 * GIB),
            (64 * MIB, 10_000, 200 * GIB),
            (MIB, 9_998, 3_000 * GIB),
            (MIB, 300, 80 * GIB),
            (MIB, 8, 80 * MIB),
            (MIB, 2, 3 * GIB),
            (MIB, 1, 3 * GIB),
        ] {
            let schedule = Schedule::new(floor, MAX_PART_BYTES, parts, bytes);
            for share_of_far in [1.0, 0.999, 0.9, 0.5, 0.0] {
                let mut phase = true;
                let (mut given, mut largest) = (0, 0);
                for n in 0..parts {
                    if random.f64() < 0.01 {
                        phase = random.f64() < share_of_far;
                    }
                    let usual = schedule.target_blocks(n, given);
                    let least = schedule.least_blocks(n, given);
                    assert!(least <= usual && least as u64 * BLOCK >= floor.min(bytes));
                    let part = if phase { least } else { usual } as u64 * BLOCK;
                    (given, largest) = (given + part, largest.max(part));
                }
                assert!(given >= bytes, "{floor} {parts} {bytes} {share_of_far}: {given}");
                assert!(largest <= schedule.last, "{floor} {parts} {bytes}: {largest}");
            }
        }
    }

    #[test]
    fn parts_to_a_far_store_stay_small_for_a_while() {
        for (file, floor, until, size) in [
            (200 * GIB, MIB, GIB, MIB),
            (200 * GIB, MIB, 11 * GIB, 10 * MIB),
            (200 * GIB, 5 * MIB, 10 * GIB, 5 * MIB),
            (20 * GIB, MIB, 3 * GIB, MIB),
        ] {
            let schedule = Schedule::new(floor, MAX_PART_BYTES, 10_000, file);
            let (mut n, mut given) = (0, 0);
            while given < until {
                let part = schedule.least_blocks(n, given) as u64 * BLOCK;
                assert!(part <= size, "{file} {floor}: {part} at {given}");
                (n, given) = (n + 1, given + part);
            }
            // Nor does it need more memory than one to a near store when it is near for once.
            let near = Schedule::new(floor, MAX_PART_BYTES, 10_000, file);
            let usual = schedule.target_blocks(n, given) as u64 * BLOCK;
            assert!(usual <= near.at(given).max(size) + BLOCK, "{file} {floor}: {usual}");
        }
    }

    #[test]
    fn figures_the_documentation_gives() {
        let sizes = smallest(Schedule::new(MIB, MAX_PART_BYTES, 10_000, 200 * GIB), 10_000);
        assert_eq!(sizes[0], 5 * MIB);
        assert_eq!(sizes[9_999] / MIB, 36);
        let of_first_gib = sizes.iter().scan(0, |sum, size| {
            *sum += size;
            (*sum < GIB).then_some(*size)
        });
        assert_eq!(of_first_gib.max(), Some(5 * MIB + 3 * BLOCK));
        let sizes = smallest(Schedule::new(MIB, MAX_PART_BYTES, 10_000, 10 * GIB), 10_000);
        assert!(sizes.iter().all(|size| *size == 5 * MIB));
    }

    #[test]
    fn larger_parts_pay_for_smaller_ones_later() {
        let schedule = Schedule::new(MIB, MAX_PART_BYTES, 10_000, 200 * GIB);
        let frugal = schedule.target_blocks(5_000, 60 * GIB);
        let lavish = schedule.target_blocks(5_000, 90 * GIB);
        assert_eq!(lavish as u64 * BLOCK, 5 * MIB);
        assert!(frugal > lavish);
    }

    #[test]
    fn a_floor_lifts_the_start_only() {
        let sizes = smallest(Schedule::new(8 * MIB, MAX_PART_BYTES, 10_000, 200 * GIB), 10_000);
        assert_eq!(sizes[0], 8 * MIB);
        assert!(sizes[9_999] > 30 * MIB);
    }
}
