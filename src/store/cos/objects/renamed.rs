//! Renaming by a bucket that does it itself. It is no request to send twice: once carried out, the
//! old name is free for somebody else's file. So where no answer came, both names tell.

use std::time::Duration;

use crate::store::cos::s3::actions::head_object::{Head, head_object};
use crate::store::cos::s3::actions::rename_object::rename_object;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::retry::back_off;
use crate::store::{ErrorKind, Result, StoreError};

/// Times that a renaming is sent of which both names say that it was not carried out.
const RENAMES: u32 = 3;

/// By how much each pause before it is sent once more is longer than the one before. There is none
/// before the second: what broke may have been an old connection.
const LONGER: Duration = Duration::from_millis(500);

/// Renames what stands under `from`, which was `seen` there if it is known, to `to`, where nothing
/// stood when it was looked for.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`] when something stands under both names; what the store says.
pub(crate) fn rename(client: &S3Client, from: &str, to: &str, seen: Option<&Head>) -> Result<()> {
    let (mut sent, mut in_doubt) = (0, false);
    loop {
        sent += 1;
        let Err(failure) = rename_object(client, from, to) else { return Ok(()) };
        // An earlier one may be carried out late.
        in_doubt |= failure.in_doubt;
        let error = StoreError::from(failure);
        if !in_doubt {
            return Err(error);
        }
        let (Ok(old), Ok(new)) = (head_object(client, from), head_object(client, to)) else {
            return Err(error);
        };
        match (old, new) {
            (None, Some(new)) if seen.is_none_or(|seen| seen.size == new.size) => {
                log::info!("{error}: it stands under its new name");
                return Ok(());
            }
            (Some(_), Some(_)) => {
                return Err(StoreError { kind: ErrorKind::AlreadyExists, ..error });
            }
            // Somebody else may have stored another one meanwhile, and taken the first away.
            (Some(old), None) if seen.is_some_and(|seen| is_same(seen, &old)) => {
                if sent >= RENAMES || !is_in_time(client) {
                    return Err(error);
                }
                back_off(LONGER * (sent - 1), None);
            }
            _ => return Err(error),
        }
    }
}

/// Whether nothing was stored in between.
fn is_same(seen: &Head, now: &Head) -> bool {
    seen.etag() == now.etag() && seen.modified() == now.modified() && seen.size == now.size
}

/// Whether the client, if one waits, does so for another try.
fn is_in_time(client: &S3Client) -> bool {
    client.reply_left().is_none_or(|left| left > LONGER)
}
