//! Writes that replace only what they are meant to: a look right before the request, and the store's
//! own precondition with it (`If-Match`, `If-None-Match`), which leaves no moment between the two.
//!
//! Not every store keeps preconditions, and some refuse what is right (Ceph 16 answers 412 to a
//! PutObject with the `If-Match` of the very version that stands there). That shows in the first
//! such refusal; then this bucket gets none any more, and the look alone must do.

use std::sync::atomic::{AtomicBool, Ordering};

use super::markers::Standing;
use crate::store::cos::CosStore;
use crate::store::cos::s3::client::Failure;
use crate::store::cos::s3::objects::Head;
use crate::store::cos::s3::request::Request;
use crate::store::turns::Turn;
use crate::store::{ETag, ErrorKind, Expected, Operation, Result, Stat, StoreError};
use crate::vfs::Metadata;

/// What the store is told to compare before it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// That no object stands under the key.
    Absent,
    /// That this version does.
    Version(ETag),
}

impl Precondition {
    /// The request with it.
    pub(crate) fn of(&self, request: Request) -> Request {
        match self {
            Self::None => request,
            Self::Absent => request.header("if-none-match", "*"),
            Self::Version(etag) => request.header("if-match", &etag.0),
        }
    }
}

/// Whether the store of a bucket compares what it is told to compare: believed until it shows that it
/// does not.
#[derive(Debug)]
pub(crate) struct Trust(AtomicBool);

impl Default for Trust {
    fn default() -> Self {
        Self(AtomicBool::new(true))
    }
}

impl Trust {
    /// Whether it still is believed to.
    pub(crate) fn is_given(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// It does not, or refuses what is right.
    pub(crate) fn end(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl CosStore {
    /// The file under `key`, asked of the store.
    pub(crate) fn file_stat(&self, key: &str) -> Result<Option<Stat>> {
        Ok(self.file_head(key)?.map(|head| self.stat_of(&head)))
    }

    fn stat_of(&self, head: &Head) -> Stat {
        let metadata = Metadata::file(head.size, self.time_of(head));
        Stat { metadata, etag: head.etag() }
    }

    /// Writes `key` by `send` if what stands there is `expected`. The caller has the turn to do so.
    ///
    /// # Errors
    /// What `send` says; [`ErrorKind::PreconditionFailed`] when something else stands there.
    pub(crate) fn write_expecting<T>(
        &self,
        turn: &Turn,
        (operation, key): (Operation, &str),
        expected: &Expected,
        send: impl Fn(&Precondition) -> std::result::Result<T, Failure>,
    ) -> std::result::Result<T, Failure> {
        debug_assert!(turn.is_on(key));
        // Nothing was sent yet.
        let unsent = |error| Failure { error, tries: 0, in_doubt: false };
        let precondition = self.look_before((operation, key), expected).map_err(unsent)?;
        match send(&precondition) {
            // Not when it was in doubt: then it may be our own object that is not expected.
            Err(failure)
                if precondition != Precondition::None
                    && !failure.in_doubt
                    && is_refused_precondition(&failure.error) =>
            {
                self.look_before((operation, key), expected).map_err(unsent)?;
                log::info!("{}: the store is not asked to compare any more", failure.error);
                self.client.bucket.conditional_writes.end();
                send(&Precondition::None)
            }
            sent => sent,
        }
    }

    fn look_before(
        &self,
        (operation, key): (Operation, &str),
        expected: &Expected,
    ) -> Result<Precondition> {
        if *expected == Expected::Anything {
            return Ok(Precondition::None);
        }
        let head = self.head(key)?;
        let file = match head.clone().map(|head| Standing::of(key, head)) {
            Some(Standing::File(head)) => Some(self.stat_of(&head)),
            _ => None,
        };
        if !expected.admits(file.as_ref()) {
            let error = StoreError::new(ErrorKind::PreconditionFailed, operation, key);
            return Err(error.with_source("the file was stored or changed meanwhile"));
        }
        Ok(match head {
            _ if !self.client.bucket.conditional_writes.is_given() => Precondition::None,
            None => Precondition::Absent,
            Some(head) => head.etag().map_or(Precondition::None, Precondition::Version),
        })
    }
}

/// Whether the store refused because of a precondition, or of the header that tells it.
fn is_refused_precondition(error: &StoreError) -> bool {
    matches!(error.kind, ErrorKind::PreconditionFailed | ErrorKind::Unsupported)
        || error.status == Some(501)
}
