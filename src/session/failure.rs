//! The one bridge from failures to replies. Every failure of the store is logged here, once; what a
//! client can bring about as often as it likes, once a minute.

use std::time::SystemTime;

use super::step::Step;
use crate::access::AdmittedClient;
use crate::metrics::{self, Failure};
use crate::protocol::{Reply, replies};
use crate::store::{ErrorKind, StoreError};
use crate::threads;
use crate::transfer::{Incomplete, Interruption, Kept, TransferError, TransferReport, Verdict};
use crate::vfs::FtpPath;

/// The reply to a command whose store call failed before anything was begun.
pub(super) fn store_failure(admitted: &AdmittedClient, error: &StoreError) -> Reply {
    let reply = reply_to(error).unwrap_or_else(|| match (error.kind, error.status) {
        (ErrorKind::Other | ErrorKind::NotFound, Some(400..500)) => {
            replies::store_refused(error.code.as_deref())
        }
        (ErrorKind::Other, Some(_)) => replies::store_unreadable(),
        (ErrorKind::Cancelled, _) => replies::given_up(error.source.as_deref()),
        _ => replies::store_unavailable(),
    });
    because_of(admitted, error, reply)
}

/// `reply`, which tells what comes of `error`, with what the store called the request. The log is
/// told of the failure.
pub(super) fn because_of(admitted: &AdmittedClient, error: &StoreError, reply: Reply) -> Reply {
    // What is hidden is as good as absent, and nothing is asked about it.
    let is_absent = error.kind == ErrorKind::NotFound
        && !error.is_write_not_found()
        && matches!(error.code.as_deref(), None | Some("NoSuchKey"));
    let reply = reply.about_request(error.request_id.as_deref().filter(|_| !is_absent));
    if report(admitted, error) { reply.of_failure() } else { reply }
}

/// Success, or the reply to a transfer that did not complete.
pub(super) fn check_verdict(admitted: &AdmittedClient, report: &TransferReport) -> Step<()> {
    let renamed = report.renamed.as_ref().map(FtpPath::name);
    Err(match &report.verdict {
        Verdict::Complete => return Ok(()),
        Verdict::Interrupted { kept: Kept::Partial, .. } => {
            replies::upload_interrupted(report.bytes, renamed)
        }
        Verdict::Interrupted { kept: Kept::Parked, .. } => replies::upload_parked(renamed),
        Verdict::Interrupted { by, kept: Kept::Nothing } => interruption(*by),
        Verdict::Failed(error) => transfer_error(admitted, error),
    })
}

/// The reply to a transfer that ended before its end.
pub(super) fn incomplete(admitted: &AdmittedClient, why: &Incomplete) -> Reply {
    match why {
        Incomplete::Interrupted(by) => interruption(*by),
        Incomplete::Failed(error) => transfer_error(admitted, error),
    }
}

/// The reply to a transfer that was interrupted and leaves nothing.
pub(super) fn interruption(by: Interruption) -> Reply {
    match by {
        Interruption::Aborted => replies::transfer_aborted(),
        Interruption::Stopping => replies::transfer_stopped(),
        Interruption::Kicked => replies::transfer_kicked(),
        Interruption::DataIdle => replies::data_idle_timeout(),
        Interruption::ControlLost
        | Interruption::ControlReset
        | Interruption::Left
        | Interruption::DataLost
        | Interruption::NoCloseNotify => replies::data_connection_lost(),
    }
}

/// The reply to a failure of a transfer.
pub(super) fn transfer_error(admitted: &AdmittedClient, error: &TransferError) -> Reply {
    match error {
        TransferError::Store(error) => {
            because_of(admitted, error, reply_to(error).unwrap_or_else(replies::transfer_failed))
        }
        other => {
            let at_will = match other {
                TransferError::TooLarge { .. } => Some("a file that is too large"),
                TransferError::BadRestart { .. } => Some("a restart beyond the end of a file"),
                TransferError::ParkedElsewhere { .. } => Some("a restart elsewhere than parked"),
                TransferError::MayBeReplaced => Some("a restart in a file after a crash"),
                TransferError::EndsEarly { .. } => Some("a file that ends earlier than before"),
                TransferError::NoBuffer => Some("no share of buffer_memory"),
                _ => None,
            };
            let is_told = at_will.is_none_or(|what| admitted.may_tell(what));
            if is_told {
                log::error!("transfer failed: {other}");
                note(format!("transfer failed: {other}"), None, other.request_id());
            }
            let reply = match other {
                TransferError::TooLarge { limit } => replies::file_too_large(*limit),
                TransferError::NoBuffer => replies::no_buffer_memory(),
                TransferError::Checksum => replies::checksum_mismatch(),
                TransferError::BadRestart { size } => replies::restart_beyond_end(*size),
                TransferError::ParkedElsewhere { offset, .. } => replies::parked_elsewhere(*offset),
                TransferError::MayBeReplaced => replies::may_be_replaced(),
                TransferError::EndsEarly { end, before } => replies::ends_early(*end, *before),
                TransferError::Infected { name } => replies::infected(name),
                TransferError::NotScanned { .. } => replies::not_scanned(),
                TransferError::Source { .. }
                | TransferError::System(_)
                | TransferError::Late
                | TransferError::Store(_) => replies::transfer_failed(),
            };
            let reply = reply.about_request(other.request_id());
            if is_told { reply.of_failure() } else { reply }
        }
    }
}

/// What the client is told, but for failures whose code depends on whether a transfer had begun.
fn reply_to(error: &StoreError) -> Option<Reply> {
    Some(match error.kind {
        ErrorKind::NotFound if error.is_write_not_found() => return None,
        ErrorKind::NotFound => replies::not_found(),
        ErrorKind::NoSuchBucket => replies::store_missing(),
        ErrorKind::WrongEndpoint => replies::store_elsewhere(),
        ErrorKind::AlreadyExists => replies::already_exists(),
        ErrorKind::IsADirectory => replies::is_a_directory(),
        ErrorKind::NotADirectory => replies::not_a_directory(),
        ErrorKind::DirectoryNotEmpty => replies::directory_not_empty(),
        ErrorKind::AccessDenied => replies::store_denied(error.code.as_deref()),
        ErrorKind::AttributesRefused => replies::attributes_refused(error.code.as_deref()),
        ErrorKind::BadName => replies::name_not_allowed(),
        ErrorKind::TooLarge => replies::store_full(),
        ErrorKind::PreconditionFailed => replies::file_changed(),
        ErrorKind::BrokenOff => replies::broken_off(error.source.as_deref()),
        ErrorKind::BrokenOffForGood => {
            replies::cannot_be_done(error.source.as_deref(), error.code.as_deref())
        }
        ErrorKind::Archived => replies::archived(),
        ErrorKind::Refused => replies::refused(error.source.as_deref()),
        ErrorKind::NameKept => replies::name_kept(error.source.as_deref()),
        ErrorKind::Busy => replies::too_many(error.source.as_deref()),
        ErrorKind::ChecksumMismatch => replies::checksum_mismatch(),
        ErrorKind::Unsupported => replies::store_cannot(error.code.as_deref()),
        ErrorKind::InvalidRange
        | ErrorKind::Unavailable
        | ErrorKind::Cancelled
        | ErrorKind::Other => return None,
    })
}

/// Tells the log of a failure of which the client hears nothing.
pub(super) fn log_failure(admitted: &AdmittedClient, error: &StoreError) {
    let _ = report(admitted, error);
}

/// What a client can cause by a wrong name is no news to the operator; the rest is. Tells whether
/// it was told.
fn report(admitted: &AdmittedClient, error: &StoreError) -> bool {
    let at_will = match error.kind {
        ErrorKind::NotFound if error.is_write_not_found() => None,
        ErrorKind::NotFound
        | ErrorKind::AlreadyExists
        | ErrorKind::IsADirectory
        | ErrorKind::NotADirectory
        | ErrorKind::DirectoryNotEmpty
        | ErrorKind::BadName
        | ErrorKind::Refused
        | ErrorKind::NameKept
        | ErrorKind::Busy
        | ErrorKind::Cancelled => {
            log::debug!("{error}");
            return false;
        }
        ErrorKind::AccessDenied => Some("the store denies access"),
        ErrorKind::Archived => Some("an archived file"),
        ErrorKind::AttributesRefused => Some("the store refuses what is set for files"),
        ErrorKind::InvalidRange => Some("a restart beyond the end of a file"),
        ErrorKind::PreconditionFailed => Some("a file was changed meanwhile"),
        ErrorKind::TooLarge => Some("a file that is too large"),
        ErrorKind::Unsupported => Some("what the store cannot do"),
        ErrorKind::BrokenOff
        | ErrorKind::BrokenOffForGood
        | ErrorKind::ChecksumMismatch
        | ErrorKind::NoSuchBucket
        | ErrorKind::Other
        | ErrorKind::Unavailable
        | ErrorKind::WrongEndpoint => None,
    };
    let is_told = at_will.is_none_or(|what| admitted.may_tell(what));
    // How far it came, and why, whoever broke it off has told.
    let is_broken_off = matches!(error.kind, ErrorKind::BrokenOff | ErrorKind::BrokenOffForGood);
    if is_told {
        if !is_broken_off {
            log::error!("{error}");
        }
        note(in_brief(error), Some(&error.path), error.request_id.as_deref());
    }
    is_told
}

/// What failed, without the name that it was about.
fn in_brief(error: &StoreError) -> String {
    let StoreError { operation, kind, status, code, .. } = error;
    let status = status.map_or_else(String::new, |status| format!(" {status}"));
    let code = code.as_deref().map_or_else(String::new, |code| format!(" {code}"));
    format!("{operation}: {kind:?}{status}{code}")
}

fn note(what: String, path: Option<&str>, request_id: Option<&str>) {
    metrics::note_failure(Failure {
        at: SystemTime::now(),
        session: threads::with_name(str::to_owned),
        what,
        path: path.map(str::to_owned),
        request_id: request_id.map(str::to_owned),
    });
}
