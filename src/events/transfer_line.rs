//! The line of the log for a transfer that has ended.

use std::fmt;

use super::options::EventKind;
use super::record::TransferFacts;

/// What it tells. Nothing is made of it before it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct TransferLine<'a> {
    pub(super) kind: EventKind,
    pub(super) path: &'a str,
    /// Bytes of the file that were there before, or where the download began.
    pub(super) kept: u64,
    /// From its beginning.
    pub(super) seconds: f64,
    /// The store's, where it has answered.
    pub(super) request_id: Option<&'a str>,
    pub(super) facts: &'a TransferFacts,
}

/// Something that is made when somebody shows it.
pub(super) struct MadeWhenShown<F>(pub(super) F);

impl fmt::Display for TransferLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, path, kept, seconds, request_id, facts } = self;
        let TransferFacts { bytes, verdict, tail_seconds, parts, .. } = facts;
        let rate = *bytes as f64 / seconds.max(0.001) / 1e6;
        if *kind == EventKind::Download {
            return write!(
                f,
                "download path={path:?} first={kept} bytes={bytes} seconds={seconds:.3} \
                 MB/s={rate:.1} verdict={verdict:?}"
            );
        }
        let request_id = request_id.unwrap_or("-");
        write!(
            f,
            "upload path={path:?} bytes={bytes} kept={kept} seconds={seconds:.3} MB/s={rate:.1} \
             tail_seconds={tail_seconds:.3} parts={parts} verdict={verdict:?} \
             request-id={request_id}"
        )
    }
}

impl<F: Fn() -> String> fmt::Display for MadeWhenShown<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0())
    }
}
