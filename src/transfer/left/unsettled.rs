//! What a try left open.

use time::OffsetDateTime;

use crate::store::MultipartUpload;

/// What the tries to publish one have left open.
#[derive(Debug, Default)]
pub(super) struct Unsettled {
    /// Whether the store may have put it together, though it did not say so.
    pub(super) is_in_doubt: bool,
    /// What was refused its name, and when that was begun: it is only to be dropped.
    pub(super) given_up: Option<(MultipartUpload, OffsetDateTime)>,
}
