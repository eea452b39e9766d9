//! Buckets that keep what is stored (Object Lock): for a time that the bucket's default retention
//! sets, no version of an object can be removed. Amazon takes bodies there only with a checksum.
//!
//! That a bucket is one is known from its configuration, if the key pair may read that, or from the
//! first body that is refused for want of a checksum.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::store::{ErrorKind, StoreError};

/// What is known of one bucket, shared by all accounts on it.
#[derive(Debug, Default)]
pub(crate) struct KnownLock {
    retains: AtomicBool,
}

impl KnownLock {
    /// Whether what is stored is kept for a time, and bodies need a checksum, as far as is known.
    pub(crate) fn retains(&self) -> bool {
        self.retains.load(Ordering::Relaxed)
    }

    /// It is so.
    pub(crate) fn note(&self) {
        self.retains.store(true, Ordering::Relaxed);
    }
}

/// Whether a body was refused because no checksum came with it: `Content-MD5 OR x-amz-checksum-
/// HTTP header is required for Put Part requests with Object Lock parameters`.
pub(crate) fn is_demand_for_checksum(error: &StoreError) -> bool {
    let message = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = message.to_ascii_lowercase();
    error.status == Some(400)
        && error.kind == ErrorKind::Other
        && (message.contains("content-md5") || message.contains("x-amz-checksum"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Operation;

    #[test]
    fn a_demand_for_a_checksum_is_told_from_other_refusals() {
        let refused = |status, kind, message: &str| {
            let error = StoreError::new(kind, Operation::UploadPart, "k").with_source(message);
            is_demand_for_checksum(&StoreError { status: Some(status), ..error })
        };
        let amazon = "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Part requests \
                      with Object Lock parameters";
        assert!(refused(400, ErrorKind::Other, amazon));
        assert!(refused(400, ErrorKind::Other, "Missing required header: Content-MD5"));
        assert!(!refused(400, ErrorKind::Other, "injected"));
        assert!(!refused(403, ErrorKind::AccessDenied, amazon));
        let wrong = "The Content-MD5 you specified did not match what we received.";
        assert!(!refused(400, ErrorKind::ChecksumMismatch, wrong), "it was sent");
    }
}
