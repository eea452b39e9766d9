//! What is made of copies, in a bucket that copies nothing because it keeps real directories (COS'
//! metadata acceleration, `OFS`): it is refused, with the reason, before anything was begun.

use super::BucketTree;
use crate::store::{ErrorKind, Operation, Result, StoreError};

const NO_ADDING: &str = "Nothing can be added to a file of this size in this bucket, which has \
                         metadata acceleration: send the whole file.";
const NO_TIMES: &str =
    "Files cannot be given a time in this bucket, which has metadata acceleration.";
const NO_KEEPING: &str = "A file that is replaced cannot be kept in this bucket, which has metadata \
                          acceleration: delete it first.";

/// What copies would be needed for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CopyingDeed {
    /// The old bytes, then new ones, where those are too many to be read and sent anew.
    Add,
    /// Metadata that are changed.
    SetTime,
    /// The earlier file in a trash, while it is replaced.
    KeepReplaced,
}

/// Fails where nothing can be copied. `path`: of the file.
///
/// # Errors
/// [`ErrorKind::Refused`], with words for the client.
pub(crate) fn refuse_copies(tree: BucketTree<'_>, deed: CopyingDeed, path: &str) -> Result<()> {
    if !tree.objects.keeps_directories()? {
        return Ok(());
    }
    let (operation, why) = match deed {
        CopyingDeed::Add => (Operation::UploadPartCopy, NO_ADDING),
        CopyingDeed::SetTime => (Operation::CopyObject, NO_TIMES),
        CopyingDeed::KeepReplaced => (Operation::CopyObject, NO_KEEPING),
    };
    Err(StoreError::new(ErrorKind::Refused, operation, path).with_source(why))
}
