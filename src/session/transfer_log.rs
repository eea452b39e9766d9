//! What the figures, and those who want to know, are told of a transfer that has ended.

use std::borrow::Cow;
use std::time::Instant;

use super::navigation::Tree;
use crate::events::{EventKind, FileDeed, TransferFacts};
use crate::metrics::{self, Direction, Ending};
use crate::store::Stored;
use crate::transfer::{Conversion, Kept, TransferError, TransferReport, Verdict};
use crate::vfs::FtpPath;

/// What a download sent.
#[derive(Debug)]
pub(super) struct SentFile {
    /// The byte that it began at.
    pub(super) first: u64,
    /// Bytes of the whole file.
    pub(super) size: u64,
    /// Which version of it.
    pub(super) version: Stored,
}

/// Of an upload.
pub(super) fn record_upload(
    tree: &Tree<'_>,
    path: &FtpPath,
    report: &TransferReport,
    conversion: Conversion,
) {
    metrics::count_transfer(Direction::Upload, ending(&report.verdict), report.bytes);
    if let Verdict::Interrupted { by, .. } = &report.verdict {
        metrics::count_interrupted_upload(by.how());
    }
    let kind = match &report.verdict {
        _ if report.is_parked => EventKind::Parked,
        Verdict::Interrupted { kept: Kept::Partial, .. } => EventKind::UploadPartial,
        Verdict::Failed(TransferError::Infected { .. }) => EventKind::Infected,
        _ => EventKind::Upload,
    };
    let is_there = report.stored.is_some() || report.is_parked;
    let deed = FileDeed {
        size: is_there.then_some(report.kept + report.bytes),
        kept: report.kept,
        began: began(report),
        found: match &report.verdict {
            Verdict::Failed(TransferError::Infected { name }) => Some(name),
            _ => None,
        },
        request_id: failed_request(&report.verdict),
        ..FileDeed::now(kind, &*tree.store, path)
    };
    let verdict = words(&report.verdict);
    tree.witness.transferred(&deed, report.stored.as_ref(), &facts(report, verdict, conversion));
}

/// Of a download.
pub(super) fn record_download(
    tree: &Tree<'_>,
    path: &FtpPath,
    sent: &SentFile,
    report: &TransferReport,
    conversion: Conversion,
) {
    metrics::count_transfer(Direction::Download, ending(&report.verdict), report.bytes);
    let verdict = match &report.verdict {
        // What is kept is a matter of uploads.
        Verdict::Interrupted { by, .. } => by.reason().into(),
        other => words(other),
    };
    let deed = FileDeed {
        size: Some(sent.size),
        kept: sent.first,
        began: began(report),
        request_id: failed_request(&report.verdict),
        ..FileDeed::now(EventKind::Download, &*tree.store, path)
    };
    tree.witness.transferred(&deed, Some(&sent.version), &facts(report, verdict, conversion));
}

/// The store's name for the request at which a transfer failed.
fn failed_request(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Failed(error) => error.request_id(),
        _ => None,
    }
}

fn began(report: &TransferReport) -> Instant {
    let now = Instant::now();
    now.checked_sub(report.elapsed).unwrap_or(now)
}

fn facts(
    report: &TransferReport,
    verdict: Cow<'static, str>,
    conversion: Conversion,
) -> TransferFacts {
    TransferFacts {
        bytes: report.bytes,
        is_complete: matches!(report.verdict, Verdict::Complete),
        verdict,
        tail_seconds: report.tail.as_secs_f64(),
        parts: report.parts,
        is_ascii: conversion != Conversion::None,
    }
}

/// How a transfer ended, in the words of the log.
fn words(verdict: &Verdict) -> Cow<'static, str> {
    match verdict {
        Verdict::Complete => "complete".into(),
        Verdict::Interrupted { by, kept: Kept::Partial } => {
            format!("{}, partial file kept", by.reason()).into()
        }
        Verdict::Interrupted { by, kept: Kept::Parked } => {
            format!("{}, parked until the client goes on", by.reason()).into()
        }
        Verdict::Interrupted { by, kept: Kept::Nothing } => {
            format!("{}, nothing kept", by.reason()).into()
        }
        Verdict::Failed(error) => format!("failed: {error}").into(),
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
