//! How large the parts of an upload of unknown length are.
//!
//! A store takes at most 10,000 parts. Parts of one size would have to be limit / 10,000 from the
//! first byte on (21 MB for 200 GiB); parts that grow linearly start small, so that memory and the
//! tail after the last byte stay small for ordinary files, and still reach the limit.

use crate::limits::{BLOCK_BYTES, FIRST_PART_BYTES, PARTS_PER_UPLOAD};

/// The sizes of the parts of one upload.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// No part is smaller, bytes.
    floor: u64,
    max_part: u64,
    parts: u64,
    /// By how much the last part is larger than the first, bytes.
    rise: u64,
}

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
        last.max(floor).next_multiple_of(BLOCK_BYTES as u64)
    }

    /// The largest file of which no part of a fresh upload is larger than `part` bytes.
    pub fn largest_file(part: u64) -> u64 {
        let last = part / BLOCK_BYTES as u64 * BLOCK_BYTES as u64;
        u64::from(PARTS_PER_UPLOAD) * (FIRST_PART_BYTES + last) / 2
    }

    /// A schedule by which `parts_left` parts hold `bytes_left`. No part is smaller than `floor`
    /// (the store's minimum, `min_part_size`) or larger than `max_part`.
    pub fn new(floor: u64, max_part: u64, parts_left: u32, bytes_left: u64) -> Self {
        let parts = u64::from(parts_left.max(1));
        let missing = match missing(bytes_left, parts) {
            0 => 0,
            // Parts are cut at whole blocks below their target: together they may miss one.
            missing => missing.saturating_add(BLOCK_BYTES as u64),
        };
        let rise = rise(missing, parts);
        let floor = if parts == 1 { bytes_left } else { floor.max(FIRST_PART_BYTES) };
        Self { floor: floor.min(max_part), max_part, parts, rise }
    }

    /// Blocks that part `n`, counted from 0, must have at least when the parts before it hold
    /// `given` bytes. Parts that were larger than they had to be let later ones be smaller.
    pub fn target_blocks(&self, n: u32, given: u64) -> usize {
        let block = BLOCK_BYTES as u64;
        let due = self.sum(u64::from(n) + 1).saturating_sub(given).min(self.max_part);
        let blocks = (due / block).max(self.floor.div_ceil(block));
        usize::try_from(blocks).unwrap_or(usize::MAX)
    }

    /// Bytes the first `n` parts must hold together.
    fn sum(&self, n: u64) -> u64 {
        let (n, rise, parts) = (u128::from(n), u128::from(self.rise), u128::from(self.parts));
        let grown = rise * n * n.saturating_sub(1) / (2 * (parts - 1).max(1));
        // What exceeds 64 bits exceeds every part, too.
        u64::try_from(n * u128::from(FIRST_PART_BYTES) + grown).unwrap_or(u64::MAX)
    }
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
    const BLOCK: u64 = BLOCK_BYTES as u64;

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
