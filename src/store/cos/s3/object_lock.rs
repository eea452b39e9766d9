//! Buckets that keep what is stored (Object Lock): for a time that the bucket's default retention
//! sets, no version of an object can be removed. Amazon takes bodies there only with a checksum.
//!
//! That a bucket is one is known from its configuration, if the key pair may read that, or from the
//! first body that is refused for want of a checksum.

use std::sync::atomic::{AtomicBool, Ordering};

use ureq::http::Method;

use super::client::Call;
use super::request::Request;
use super::xml;
use crate::store::cos::CosStore;
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// What is known of one bucket, shared by all accounts on it.
#[derive(Debug, Default)]
pub(crate) struct KnownLock {
    retains: AtomicBool,
}

/// What a bucket's configuration says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectLock {
    /// There is none.
    Off,
    /// Each object can be locked; new ones are not.
    On,
    /// New objects are locked for a time.
    Retains,
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

impl CosStore {
    /// GetObjectLockConfiguration. What it says is remembered.
    pub(crate) fn object_lock(&self) -> Result<ObjectLock> {
        let request = Request::on_bucket(Method::GET).query("object-lock", "");
        let call = Call::new(Operation::GetObjectLockConfiguration, request);
        let lock = match self.client.exchange(&call) {
            Ok(answer) => xml::object_lock(&answer.text),
            Err(failure) if says_there_is_none(&failure.error) => ObjectLock::Off,
            Err(failure) => return Err(failure.into()),
        };
        if lock == ObjectLock::Retains {
            self.client.bucket.lock.note();
        }
        Ok(lock)
    }
}

/// Whether a body was refused because no checksum came with it: `Content-MD5 OR x-amz-checksum- HTTP
/// header is required for Put Part requests with Object Lock parameters`.
pub(crate) fn is_demand_for_checksum(error: &StoreError) -> bool {
    let message = error.source.as_ref().map(ToString::to_string).unwrap_or_default();
    let message = message.to_ascii_lowercase();
    error.status == Some(400)
        && error.kind == ErrorKind::Other
        && (message.contains("content-md5") || message.contains("x-amz-checksum"))
}

/// 404 `ObjectLockConfigurationNotFoundError`; other stores have never heard of it.
fn says_there_is_none(error: &StoreError) -> bool {
    let is_unknown = matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unsupported);
    is_unknown || error.status == Some(400)
}

#[cfg(test)]
mod tests {
    use super::*;

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
