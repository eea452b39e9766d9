//! A copy that is an upload whose parts are copies: of what is too large for one request, or is
//! copied in no other way.

use parking_lot::Mutex;

use super::BucketTree;
use super::condition::write_expecting;
use super::copy_target::{CopyTarget, check_target};
use super::publish::complete_in_turn;
use super::room::{UploadKind, check_room_in_turn};
use super::turn::turn_to_publish;
use crate::limits;
use crate::store::cos::objects::{Head, PartCopy, Put};
use crate::store::{Body, Cancel, CopySource, ETag, Operation, PartReceipt, Result};

/// Bytes that one UploadPartCopy moves as a rule. The store takes 5 GB, but smaller ranges run
/// side by side.
const COPY_PART_BYTES: u64 = 1024 * 1024 * 1024;

/// Ranges of one object that are copied at once.
const PART_COPIERS: usize = 4;

/// A copy that is an upload whose parts are all copies, with all the headers of its object. Answers
/// its ETag.
pub(super) fn copy_in_parts(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    head: &Head,
    headers: &[(String, String)],
) -> Result<Option<ETag>> {
    let to = target.key;
    if head.size == 0 {
        return store_nothing(tree, target, headers);
    }
    let upload_id = tree.objects.create_upload(to, headers)?;
    let upload = PartwiseCopy { id: &upload_id, headers };
    let copied = copy_parts(tree, from, target, upload, head);
    if copied.is_err()
        && let Err(error) = tree.objects.abort_upload(to, &upload_id)
    {
        log::warn!("an unfinished copy is left behind: {error}");
    }
    copied
}

/// The same of an empty object, which has no part to copy.
fn store_nothing(
    tree: BucketTree<'_>,
    target: CopyTarget<'_>,
    headers: &[(String, String)],
) -> Result<Option<ETag>> {
    let (key, never) = (target.key, Cancel::new());
    let turn = turn_to_publish(tree, Operation::PutObject, key)?;
    check_room_in_turn(tree, &turn, key, UploadKind::Brief)?;
    check_target(tree, target)?;
    let (body, expected) = (Body::new(&[], &never), target.replaces.expected(tree));
    let stored = write_expecting(tree, &turn, (Operation::PutObject, key), &expected, |only| {
        tree.objects.put(&turn, Put { key, body: &body, headers, only })
    })?;
    Ok(stored.etag)
}

/// An upload that was begun.
#[derive(Clone, Copy)]
struct PartwiseCopy<'a> {
    id: &'a str,
    /// Those that it began with.
    headers: &'a [(String, String)],
}

fn copy_parts(
    tree: BucketTree<'_>,
    from: &str,
    target: CopyTarget<'_>,
    upload: PartwiseCopy<'_>,
    head: &Head,
) -> Result<Option<ETag>> {
    let (to, upload_id) = (target.key, upload.id);
    let mut ranges =
        (1..).zip(equal_ranges(head.size, part_bytes(head.size, tree.account.copy_limit)));
    let parts: Mutex<Vec<PartReceipt>> = Mutex::default();
    let copy = |(number, (first, end))| {
        let source = CopySource { first, end, etag: head.etag() };
        let part = tree.objects.copy_part(PartCopy {
            key: to,
            upload_id,
            number,
            from,
            source: &source,
        })?;
        parts.lock().push(part);
        Ok(())
    };
    tree.account.pool.share(PART_COPIERS, || Ok(ranges.next()), copy)?;
    let mut parts = parts.into_inner();
    parts.sort_by_key(|part| part.number);
    // Nothing comes between that look and the end.
    let turn = turn_to_publish(tree, Operation::CompleteMultipartUpload, to)?;
    check_target(tree, target)?;
    let expected = target.replaces.expected(tree);
    let whole = (to, upload_id);
    let stored = complete_in_turn(tree, &turn, whole, &parts, &expected, upload.headers)?;
    Ok(stored.etag)
}

/// The largest range of an object of `size` bytes that is copied at once, where the store copies
/// at most `limit`: never so small that there would be too many.
fn part_bytes(size: u64, limit: u64) -> u64 {
    limit.min(COPY_PART_BYTES.max(size.div_ceil(u64::from(limits::PARTS_PER_UPLOAD))))
}

/// `0..size` in as few ranges of at most `limit` bytes as possible, of nearly equal length, so
/// that the last is no crumb.
fn equal_ranges(size: u64, limit: u64) -> Vec<(u64, u64)> {
    let count = size.div_ceil(limit).max(1);
    let bound = |at: u64| (u128::from(size) * u128::from(at) / u128::from(count)) as u64;
    (0..count).map(|at| (bound(at), bound(at + 1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_the_object_without_a_crumb() {
        assert_eq!(equal_ranges(10, 10), [(0, 10)]);
        assert_eq!(equal_ranges(11, 10), [(0, 5), (5, 11)]);
        assert_eq!(equal_ranges(0, 10), [(0, 0)]);
        for (size, limit) in [((200 << 30) + 1, limits::MAX_PART_BYTES), (u64::MAX, 1 << 60)] {
            let ranges = equal_ranges(size, limit);
            assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, size));
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
            assert!(
                ranges.iter().all(|(first, end)| end - first <= limit && end - first > limit / 2)
            );
        }
    }

    #[test]
    fn no_object_has_too_many_ranges_or_too_large_ones() {
        const TIB: u64 = 1 << 40;
        let most = limits::MAX_PART_BYTES;
        for size in [most + 1, 200 << 30, 40 * TIB, u64::from(limits::PARTS_PER_UPLOAD) * most] {
            let ranges = equal_ranges(size, part_bytes(size, most));
            assert!(ranges.len() <= limits::PARTS_PER_UPLOAD as usize, "{size}");
            assert!(ranges.iter().all(|(first, end)| end - first <= most), "{size}");
        }
        assert_eq!(part_bytes(100, 12), 12);
    }
}
