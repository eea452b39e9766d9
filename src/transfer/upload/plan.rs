//! What of an existing object an upload keeps, and how: the bytes are copied inside the store,
//! never through here, but for a head too small to be a part.

use std::collections::VecDeque;

use super::head::Head;
use super::tail::Tail;
use crate::store::{Admission, CopySource, ETag, Expected, Freshness, ObjectStore, PartLimits};
use crate::transfer::TransferError;
use crate::vfs::FtpPath;

/// How an upload treats what stands under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// STOR: the new object takes the place of the old one when it is complete.
    Replace,
    /// APPE: the old bytes, then the new ones.
    Append,
    /// REST and STOR: the first bytes of the old object up to the offset, then the new ones. Where
    /// they end before the old object does, its other bytes stay behind them.
    ResumeAt(u64),
}

/// What an upload keeps, and what it needs to be true of its name.
#[derive(Debug)]
pub struct Plan {
    /// Whether a file may come to stand there.
    pub(super) admission: Admission,
    /// What the kept bytes are of.
    pub(super) expected: Expected,
    /// Bytes of the old object that become the new one's first.
    pub(super) kept: u64,
    /// Where the kept bytes are read, when they are too few for a part.
    pub(super) head: Option<Head>,
    /// The ranges that become the first parts.
    pub(super) copies: VecDeque<CopySource>,
    /// What stands behind the offset.
    pub(super) tail: Option<Tail>,
}

impl Plan {
    /// Looks at the object under `path`, if `mode` keeps anything of it.
    ///
    /// # Errors
    /// [`TransferError::BadRestart`] beyond its end; what the store says, also of a name under which
    /// no file may come to stand.
    pub fn make(
        store: &dyn ObjectStore,
        path: &FtpPath,
        mode: WriteMode,
    ) -> Result<Self, TransferError> {
        let admission = store.admits_file(path, Freshness::Recent)?;
        if matches!(mode, WriteMode::Replace | WriteMode::ResumeAt(0)) {
            let expected = Expected::Anything;
            let copies = VecDeque::new();
            return Ok(Self { admission, expected, kept: 0, head: None, copies, tail: None });
        }
        let found = store.find_file(path)?;
        let size = found.as_ref().map_or(0, |stat| stat.metadata.size);
        let kept = match mode {
            WriteMode::ResumeAt(offset) if offset > size => {
                return Err(TransferError::BadRestart { size });
            }
            WriteMode::ResumeAt(offset) => offset,
            WriteMode::Append | WriteMode::Replace => size,
        };
        let etag = found.as_ref().and_then(|stat| stat.etag.clone());
        let tail = Tail::new(CopySource { first: kept, end: size, etag: etag.clone() });
        let (head, copies) = keep(kept, etag, store.part_limits());
        Ok(Self { admission, expected: Expected::Seen(found), kept, head, copies, tail })
    }
}

/// How the first `kept` bytes of a version are kept: read, or copied inside the store.
fn keep(kept: u64, etag: Option<ETag>, limits: PartLimits) -> (Option<Head>, VecDeque<CopySource>) {
    if kept < limits.min_part {
        return ((kept > 0).then_some(Head { bytes: kept, etag }), VecDeque::new());
    }
    let ranges = copy_ranges(kept, limits);
    (None, ranges.map(|(first, end)| CopySource { first, end, etag: etag.clone() }).collect())
}

/// `0..kept` in as few equal ranges as the largest part allows. Where `kept` is at least the smallest
/// part, so is each of them.
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
