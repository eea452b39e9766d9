//! How the budget is divided.

use crate::limits;

/// What may be held, in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) total: u64,
    /// What may be loose.
    pub(super) loose: u64,
    /// The largest turn that always comes.
    pub(super) sure: u64,
    /// What one user may hold with several turns: an eighth is kept for the others, and not less
    /// than the turn of a usual part; no more, where one more byte would keep the largest turn from
    /// it.
    pub(super) share: u64,
    /// What one user may hold loosely.
    pub(super) loose_share: u64,
}

/// What the steps of two downloads take, which their clients may hold for as long as they like.
pub(super) const LASTING_DOWNLOADS: u64 = 2 * limits::DOWNLOAD_RESERVE_BYTES as u64;

impl Limits {
    /// `total` bytes, of which the largest turn takes `largest`.
    pub(super) fn new(total: u64, largest: u64) -> Self {
        let usual = limits::UPLOAD_RESERVE_BYTES.min(largest).min(total);
        // Small budgets, too, let uploads go on beside somebody who fetches a file for hours.
        let beside_downloads = (usual + LASTING_DOWNLOADS).min(total);
        let loose = (total - beside_downloads).min(total / 3);
        let sure = total - loose;
        let kept = usual.max(total / 8);
        let share = sure.saturating_sub(kept).max(largest.min(sure - usual)).max(beside_downloads);
        // The others begin a small file at least.
        let small = 2 * limits::BLOCK_BYTES as u64;
        let loose_share = (loose / 4 * 3).min(loose.saturating_sub(small));
        Self { total, loose, sure, share, loose_share }
    }
}
