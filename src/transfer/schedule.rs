//! How large the parts of an upload of unknown length are.
//!
//! A store takes at most 10,000 parts. Parts of one size would have to be limit / 10,000 from the
//! first byte on (21 MB for 200 GiB); parts that grow linearly start small, so that memory and the
//! tail after the last byte stay small for ordinary files, and still reach the limit.

use crate::limits;

/// The smallest sizes of the parts of one upload, by position.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    floor: u64,
    /// Growth over all parts: part `n` is larger than the first by `rise * n / rise_parts`.
    rise: u64,
    rise_parts: u64,
    max_part: u64,
}

impl Schedule {
    /// A schedule whose `parts_left` parts, each at least its target, hold `bytes_left`. No part
    /// is smaller than `floor` (the store's minimum, `min_part_size`) or larger than `max_part`.
    pub fn new(floor: u64, max_part: u64, parts_left: u32, bytes_left: u64) -> Self {
        let parts = u64::from(parts_left.max(1));
        let start = limits::FIRST_PART_BYTES;
        let missing = bytes_left.saturating_sub(start.saturating_mul(parts));
        // parts * start + rise * (0 + 1 + … + (parts - 1)) / (parts - 1) >= bytes_left
        let rise = missing.saturating_mul(2).div_ceil(parts);
        // One part has no successors to grow into.
        let floor = if parts == 1 { floor.max(bytes_left) } else { floor };
        Self { floor, rise, rise_parts: (parts - 1).max(1), max_part }
    }

    /// The smallest size of part `n`, counted from 0, bytes.
    pub fn target(&self, n: u32) -> u64 {
        let rise = u128::from(self.rise) * u128::from(n) / u128::from(self.rise_parts);
        // A rise beyond 2^64 is cut to max_part below in any case.
        let rise = u64::try_from(rise).unwrap_or(u64::MAX);
        limits::FIRST_PART_BYTES.saturating_add(rise).max(self.floor).min(self.max_part)
    }

    /// The largest target of a schedule, which decides how much memory a file of the largest size
    /// needs.
    pub fn largest_target(floor: u64, parts: u32, bytes: u64) -> u64 {
        Self::new(floor, limits::MAX_PART_BYTES, parts, bytes).target(parts.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;
    const GIB: u64 = 1024 * MIB;

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
            let schedule = Schedule::new(floor, limits::MAX_PART_BYTES, parts, bytes);
            let sum: u64 = (0..parts).map(|n| schedule.target(n)).sum();
            // One byte a part is lost to rounding down; parts are cut at whole blocks above it.
            let held = sum + u64::from(parts);
            assert!(held >= bytes, "{floor} {parts} {bytes}: {sum}");
        }
    }

    #[test]
    fn figures_the_documentation_gives() {
        let schedule = Schedule::new(MIB, limits::MAX_PART_BYTES, 10_000, 200 * GIB);
        assert_eq!(schedule.target(0), 5 * MIB);
        assert_eq!(schedule.target(9_999) / MIB, 35);
        let (mut part, mut sum) = (0, 0);
        while sum < GIB {
            sum += schedule.target(part);
            part += 1;
        }
        assert_eq!(schedule.target(part) * 10 / MIB, 56, "at the end of a 1 GiB file");
        assert_eq!(Schedule::largest_target(MIB, 10_000, 10 * GIB), 5 * MIB);
    }

    #[test]
    fn a_floor_lifts_the_start_only() {
        let schedule = Schedule::new(8 * MIB, limits::MAX_PART_BYTES, 10_000, 200 * GIB);
        assert_eq!(schedule.target(0), 8 * MIB);
        assert!(schedule.target(9_999) > 30 * MIB);
    }
}
