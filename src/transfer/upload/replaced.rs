//! What an upload takes the place of.

use time::OffsetDateTime;

use super::tail::Tail;
use crate::store::{Expected, Stat};
use crate::transfer::Interruption;

/// The old object, if there is one.
#[derive(Debug)]
pub(super) struct Replaced {
    /// What stands under the name for what is kept of it to be right.
    pub(super) expected: Expected,
    /// When the upload began, by the store's clock.
    pub(super) since: OffsetDateTime,
    /// Bytes of it that are the new object's, too.
    pub(super) kept: u64,
    /// What of it may have to stand behind the new end.
    pub(super) tail: Option<Tail>,
}

impl Replaced {
    /// What may be replaced: by an upload that was interrupted nothing that came since it began.
    /// What was seen in time says so for certain: some stores date an object by the beginning of
    /// its upload (Amazon S3, those made of parts).
    pub(super) fn expected(
        &self,
        by: Option<Interruption>,
        seen: Option<&Option<Stat>>,
    ) -> Expected {
        if by.is_none() || self.expected != Expected::Anything {
            return self.expected.clone();
        }
        let nothing_newer = Expected::NothingSince(self.since);
        match seen {
            Some(seen) if nothing_newer.admits(seen.as_ref()) => Expected::Seen(seen.clone()),
            _ => nothing_newer,
        }
    }
}
