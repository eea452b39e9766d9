//! A range of a stored object, read into the blocks of an upload.

use std::io::{ErrorKind as IoErrorKind, Read};

use crate::store::{
    ByteRange, CopySource, ErrorKind, ObjectStore, Operation, Result as StoreResult, StoreError,
};
use crate::transfer::block::Block;
use crate::vfs::FtpPath;

/// How often the bytes are asked for.
const READS: usize = 4;

/// Adds the bytes of `source` to `blocks`, which have room for them. An answer that ends early is
/// asked for again where it ended.
///
/// # Errors
/// What the store says; [`ErrorKind::Unavailable`] when it never tells all of them.
pub(super) fn refill(
    store: &dyn ObjectStore,
    path: &FtpPath,
    source: &CopySource,
    blocks: &mut [Block],
) -> StoreResult<()> {
    let mut first = source.first;
    for _ in 0..READS {
        let range = ByteRange::between(first, source.end);
        let object = store.get_object(path, range, source.etag.as_ref())?;
        first += fill(blocks, &mut object.body.take(source.end - first));
        if first == source.end {
            return Ok(());
        }
        if source.etag.is_none() {
            // What follows might be another object's.
            break;
        }
    }
    let error = StoreError::new(ErrorKind::Unavailable, Operation::GetObject, path.as_str());
    Err(error.with_source(format!("the answer ended after {first} of {} bytes", source.end)))
}

/// Reads until the body ends or fails: what arrived before a failure is good.
fn fill(blocks: &mut [Block], body: &mut impl Read) -> u64 {
    let mut bytes = 0;
    for block in blocks {
        while !block.is_full() {
            match body.read(block.spare()) {
                Ok(0) => return bytes,
                Ok(got) => {
                    block.advance(got);
                    bytes += got as u64;
                }
                Err(error) if error.kind() == IoErrorKind::Interrupted => {}
                Err(_) => return bytes,
            }
        }
    }
    bytes
}
