//! In which ranges bytes of an old object are copied.

use crate::store::PartLimits;

/// `0..kept` in as few equal ranges as the largest part allows. Where `kept` is at least the
/// smallest part, so is each of them.
pub(super) fn copy_ranges(kept: u64, limits: PartLimits) -> impl Iterator<Item = (u64, u64)> {
    let count = kept.div_ceil(limits.max_part);
    let size = kept.div_ceil(count);
    (0..count).map(move |n| (n * size, ((n + 1) * size).min(kept)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_equal_and_within_the_limits() {
        const MIB: u64 = 1024 * 1024;
        let limits = PartLimits { min_part: 5 * MIB, max_part: 5 * 1024 * MIB, max_parts: 10_000 };
        for kept in [5 * MIB, 5 * 1024 * MIB, 5 * 1024 * MIB + 1, 12_345_678_901, 1 << 40] {
            let ranges: Vec<_> = copy_ranges(kept, limits).collect();
            assert_eq!(ranges[0].0, 0);
            assert_eq!(ranges.last().unwrap().1, kept);
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
            for (first, end) in ranges {
                assert!((limits.min_part..=limits.max_part).contains(&(end - first)), "{kept}");
            }
        }
    }
}
