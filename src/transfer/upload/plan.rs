//! What of an existing object an upload keeps, and how: the bytes are copied inside the store,
//! never through here, but for a head too small to be a part.

use std::collections::VecDeque;
use std::io::Read;

use crc_fast::CrcAlgorithm;

use crate::store::{
    ByteRange, CopySource, ETag, ErrorKind, ObjectStore, Operation, PartLimits, StoreError,
};
use crate::transfer::TransferError;
use crate::vfs::{FtpPath, Metadata};

/// How often the bytes too few for a part are asked for.
const HEAD_READS: usize = 4;

/// How an upload treats what stands under its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// STOR: the new object takes the place of the old one when it is complete.
    Replace,
    /// APPE: the old bytes, then the new ones.
    Append,
    /// REST and STOR: the first bytes of the old object up to the offset, then the new ones.
    ResumeAt(u64),
}

/// What an upload keeps.
#[derive(Debug, Default)]
pub struct Plan {
    /// Bytes of the old object that become the new one's first.
    pub(super) kept: u64,
    /// The kept bytes themselves, when they are too few for a part.
    pub(super) head: Vec<u8>,
    /// The ranges that become the first parts.
    pub(super) copies: VecDeque<CopySource>,
}

impl Plan {
    /// Looks at the object under `path`, if `mode` keeps anything of it.
    ///
    /// # Errors
    /// [`TransferError::BadRestart`] beyond its end; what the store says; a directory.
    pub fn make(
        store: &dyn ObjectStore,
        path: &FtpPath,
        mode: WriteMode,
    ) -> Result<Self, TransferError> {
        if matches!(mode, WriteMode::Replace | WriteMode::ResumeAt(0)) {
            return Ok(Self::default());
        }
        let (size, etag) = match store.stat_now(path) {
            Ok(stat) if stat.metadata.is_directory() => {
                let error =
                    StoreError::new(ErrorKind::IsADirectory, Operation::HeadObject, path.as_str());
                return Err(error.into());
            }
            Ok(stat) => (stat.metadata.size, stat.etag),
            Err(error) if error.kind == ErrorKind::NotFound => (Metadata::file(0, None).size, None),
            Err(error) => return Err(error.into()),
        };
        let kept = match mode {
            WriteMode::ResumeAt(offset) if offset > size => {
                return Err(TransferError::BadRestart { size });
            }
            WriteMode::ResumeAt(offset) => offset,
            WriteMode::Append | WriteMode::Replace => size,
        };
        Self::keep(store, path, kept, etag.as_ref())
    }

    /// Bytes of the old object that become the new one's first.
    pub fn kept(&self) -> u64 {
        self.kept
    }

    fn keep(
        store: &dyn ObjectStore,
        path: &FtpPath,
        kept: u64,
        etag: Option<&ETag>,
    ) -> Result<Self, TransferError> {
        let limits = store.part_limits();
        if kept >= limits.min_part {
            let copies = copy_ranges(kept, limits)
                .map(|(first, end)| CopySource { first, end, etag: etag.cloned() })
                .collect();
            return Ok(Self { kept, head: Vec::new(), copies });
        }
        let head = if kept > 0 { read_head(store, path, kept, etag)? } else { Vec::new() };
        Ok(Self { kept, head, copies: VecDeque::new() })
    }
}

/// The first `kept` bytes of a version. An answer that ends early is asked for again where it
/// ended; a whole object that does not have its checksum, from the beginning.
fn read_head(
    store: &dyn ObjectStore,
    path: &FtpPath,
    kept: u64,
    etag: Option<&ETag>,
) -> Result<Vec<u8>, TransferError> {
    let mut head = Vec::new();
    let mut is_damaged = false;
    for _ in 0..HEAD_READS {
        let first = head.len() as u64;
        let object = store.get_object(path, ByteRange::between(first, kept), etag)?;
        // What arrived before a failure is good.
        let _ = object.body.take(kept - first).read_to_end(&mut head);
        is_damaged = false;
        if head.len() as u64 == kept {
            let told = object.crc64.filter(|_| object.size == kept);
            is_damaged =
                told.is_some_and(|told| told != crc_fast::checksum(CrcAlgorithm::Crc64Xz, &head));
            if !is_damaged {
                return Ok(head);
            }
            log::warn!("{path}: what was read to be kept is damaged");
            head.clear();
        }
        if etag.is_none() {
            // What follows might be another object's.
            break;
        }
    }
    if is_damaged {
        return Err(TransferError::Checksum);
    }
    Err(TransferError::Source { expected: kept, got: head.len() as u64 })
}

/// `0..kept` in as few equal ranges as the largest part allows. As `kept` is at least the smallest
/// part, so is each of them.
fn copy_ranges(kept: u64, limits: PartLimits) -> impl Iterator<Item = (u64, u64)> {
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
