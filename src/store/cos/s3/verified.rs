//! Bytes that are sent until the store has received those and no others.

use super::answer::Answer;
use super::call::{Call, RequestFailure};
use super::client::S3Client;
use super::integrity::{self, StoredChecksums};
use super::object_lock::is_demand_for_checksum;
use crate::store::{Body, ErrorKind};

/// How often a body is sent whose checksum does not come back right.
const CHECKSUM_TRIES: u32 = 3;

/// Sends `call`, whose body is `body`.
pub(super) fn send_verified(
    client: &S3Client,
    mut call: Call<'_>,
    body: &Body<'_>,
) -> Result<Answer, RequestFailure> {
    let lock = &client.site().lock;
    if lock.retains() {
        call = call.with_md5();
    }
    for attempt in 1..=CHECKSUM_TRIES {
        let answer = match client.exchange(&call) {
            Err(failure) if !call.has_md5() && is_demand_for_checksum(&failure.error) => {
                log::info!("{}: sent with its MD5 from now on, as all others", failure.error);
                lock.note();
                call = call.with_md5();
                client.exchange(&call)?
            }
            answered => answered?,
        };
        let etag = answer.headers.etag_of_bytes();
        let receipt = StoredChecksums { crc64: answer.headers.crc64(), etag: etag.as_ref() };
        if integrity::agrees(client.verify(), body, receipt) {
            return Ok(answer);
        }
        log::warn!("{}: try {attempt}", call.error(ErrorKind::ChecksumMismatch));
    }
    let error = call.error(ErrorKind::ChecksumMismatch);
    Err(RequestFailure { error, tries: CHECKSUM_TRIES, in_doubt: false })
}
