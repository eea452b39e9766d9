//! What has happened since the start, for people.

use prometheus::IntCounterVec;

use super::figures::FIGURES;
use super::labels::{Direction, Ending};

/// What has ended, and what has moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Uploads that are complete.
    pub uploads: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Downloads that are complete.
    pub downloads: u64,
    /// Their bytes.
    pub downloaded_bytes: u64,
    /// Transfers that were interrupted.
    pub interrupted: u64,
    /// Transfers that failed.
    pub failed: u64,
    /// File bytes that have come over data connections, counted as they move.
    pub received_bytes: u64,
    /// The same of those that have gone.
    pub sent_bytes: u64,
}

/// What has happened since the start.
pub fn totals() -> Totals {
    let of = |counters: &IntCounterVec, direction: Direction, ending: Ending| {
        counters.with_label_values(&[direction.name(), ending.name()]).get()
    };
    let both = |ending| {
        let of = |direction| of(&FIGURES.transfers, direction, ending);
        of(Direction::Upload) + of(Direction::Download)
    };
    Totals {
        uploads: of(&FIGURES.transfers, Direction::Upload, Ending::Complete),
        uploaded_bytes: of(&FIGURES.transfer_bytes, Direction::Upload, Ending::Complete),
        downloads: of(&FIGURES.transfers, Direction::Download, Ending::Complete),
        downloaded_bytes: of(&FIGURES.transfer_bytes, Direction::Download, Ending::Complete),
        interrupted: both(Ending::Interrupted),
        failed: both(Ending::Failed),
        received_bytes: FIGURES.uploaded.get(),
        sent_bytes: FIGURES.downloaded.get(),
    }
}
