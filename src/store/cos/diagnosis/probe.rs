//! What the trials store, and how they say that it was not as they left it.

use crate::store::cos::s3::actions::put_object::{Put, put_object};
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::{Body, Cancel, ErrorKind, Operation, Result, StoreError};

/// What the probe object holds.
pub(super) const PROBE: &[u8] = b"Stored by `cos-ftp-server check`, which deletes it again.\n";

/// Why a trial is not made when there is no probe.
pub(super) const NEEDS_PROBE: &str = "not tried: needs what PutObject stores";

/// Stores the probe under this key.
pub(super) fn store_probe(client: &S3Client, key: &str) -> Result<()> {
    store(client, key, &[PROBE])
}

/// Stores nothing under this key: a marker.
pub(super) fn store_empty(client: &S3Client, key: &str) -> Result<()> {
    store(client, key, &[])
}

/// Stores these blocks as one object.
pub(super) fn store(client: &S3Client, key: &str, blocks: &[&[u8]]) -> Result<()> {
    let never = Cancel::new();
    let body = Body::new(blocks, &never);
    let put = Put { key, body: &body, headers: &[], only: &Precondition::None };
    put_object(client, put)?;
    Ok(())
}

/// An answer that does not fit what was done.
pub(super) fn strange(operation: Operation, key: &str, what: &str) -> StoreError {
    StoreError::new(ErrorKind::Other, operation, key).with_source(what)
}
