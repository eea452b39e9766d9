//! What the log and the figures are told of a transfer that has ended.

use crate::metrics::{self, Direction, Ending};
use crate::transfer::{Kept, TransferReport, Verdict};
use crate::vfs::FtpPath;

/// Of an upload.
pub(super) fn record_upload(path: &FtpPath, report: &TransferReport) {
    metrics::count_transfer(Direction::Upload, ending(&report.verdict), report.bytes);
    if let Verdict::Interrupted { by, .. } = &report.verdict {
        metrics::count_interrupted_upload(by.how());
    }
    let (seconds, rate) = pace(report);
    let stored = report.stored.as_ref();
    let request_id = stored.and_then(|stored| stored.request_id.as_deref()).unwrap_or("-");
    log::info!(
        "upload path={path:?} bytes={} kept={} seconds={seconds:.3} MB/s={rate:.1} \
         tail_seconds={:.3} parts={} verdict={:?} request-id={request_id}",
        report.bytes,
        report.kept,
        report.tail.as_secs_f64(),
        report.parts,
        words(&report.verdict),
    );
}

/// Of a download that began at the byte `first`.
pub(super) fn record_download(path: &FtpPath, first: u64, report: &TransferReport) {
    metrics::count_transfer(Direction::Download, ending(&report.verdict), report.bytes);
    let (seconds, rate) = pace(report);
    log::info!(
        "download path={path:?} first={first} bytes={} seconds={seconds:.3} MB/s={rate:.1} \
         verdict={:?}",
        report.bytes,
        match &report.verdict {
            // What is kept is a matter of uploads.
            Verdict::Interrupted { by, .. } => by.reason().to_owned(),
            other => words(other),
        },
    );
}

/// Seconds, and megabytes in each of them.
fn pace(report: &TransferReport) -> (f64, f64) {
    let seconds = report.elapsed.as_secs_f64();
    (seconds, report.bytes as f64 / seconds.max(0.001) / 1e6)
}

/// How a transfer ended, in the words of the log.
fn words(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Complete => "complete".to_owned(),
        Verdict::Interrupted { by, kept: Kept::Partial } => {
            format!("{}, partial file kept", by.reason())
        }
        Verdict::Interrupted { by, kept: Kept::Parked } => {
            format!("{}, parked until the client goes on", by.reason())
        }
        Verdict::Interrupted { by, kept: Kept::Nothing } => {
            format!("{}, nothing kept", by.reason())
        }
        Verdict::Failed(error) => format!("failed: {error}"),
    }
}

/// The same for the figures.
fn ending(verdict: &Verdict) -> Ending {
    match verdict {
        Verdict::Complete => Ending::Complete,
        Verdict::Interrupted { .. } => Ending::Interrupted,
        Verdict::Failed(_) => Ending::Failed,
    }
}
