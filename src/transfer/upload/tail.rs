//! What stands behind the new end of an upload that was resumed inside a file: a disk server writes
//! in place, so there it stays, and clients that go back to fill in a header count on it.

use super::ranges::copy_ranges;
use crate::store::{CopySource, PartLimits};

/// The last bytes of the old object.
#[derive(Debug)]
pub(super) struct Tail(CopySource);

impl Tail {
    /// The bytes of `source`, if there are any.
    pub(super) fn new(source: CopySource) -> Option<Self> {
        (source.first < source.end).then_some(Self(source))
    }

    /// What of it the new object keeps that ends at `end` so far.
    pub(super) fn behind(self, end: u64) -> Option<Self> {
        Self::new(CopySource { first: end, ..self.0 })
    }

    /// Where it stands.
    pub(super) fn source(&self) -> CopySource {
        self.0.clone()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.0.end - self.0.first
    }

    /// Its first `bytes`, and the rest.
    pub(super) fn split(self, bytes: u64) -> (CopySource, Option<Self>) {
        let end = self.0.first.saturating_add(bytes).min(self.0.end);
        (CopySource { end, ..self.0.clone() }, self.behind(end))
    }

    /// The ranges that become the last parts.
    pub(super) fn ranges(self, limits: PartLimits) -> impl Iterator<Item = CopySource> {
        let Self(CopySource { first: start, etag, .. }) = &self;
        let (start, etag) = (*start, etag.clone());
        copy_ranges(self.bytes(), limits).map(move |(first, end)| CopySource {
            first: start + first,
            end: start + end,
            etag: etag.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: PartLimits = PartLimits { min_part: 5, max_part: 8, max_parts: 100 };

    fn tail(first: u64, end: u64) -> Option<Tail> {
        Tail::new(CopySource { first, end, etag: None })
    }

    #[test]
    fn a_file_that_reaches_the_old_end_has_no_tail() {
        for (offset, end, left) in [(3, 4, Some(6)), (3, 9, Some(1)), (3, 10, None), (3, 11, None)]
        {
            let tail = tail(offset, 10).unwrap().behind(end);
            assert_eq!(tail.map(|tail| tail.bytes()), left, "{offset} {end}");
        }
        assert!(tail(10, 10).is_none());
    }

    #[test]
    fn only_the_last_part_is_smaller_than_a_part_may_be() {
        for bytes in 1..100 {
            for read in 0..=bytes {
                let (part, rest) = tail(7, 7 + bytes).unwrap().split(read);
                assert_eq!((part.first, part.end), (7, 7 + read));
                let ranges: Vec<_> =
                    rest.into_iter().flat_map(|rest| rest.ranges(LIMITS)).collect();
                let mut end = part.end;
                for (index, range) in ranges.iter().enumerate() {
                    let size = range.end - range.first;
                    assert_eq!(range.first, end);
                    assert!(size <= LIMITS.max_part, "{bytes} {read}");
                    // Equal ranges: what two parts of the largest size share is enough for each.
                    assert!(size >= LIMITS.max_part / 2 || index + 1 == ranges.len());
                    end = range.end;
                }
                assert_eq!(end, 7 + bytes);
            }
        }
    }
}
