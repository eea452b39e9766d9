//! How far a file is known to go, before its upload ends: one that ends earlier is not all of it.

use super::plan::Plan;
use crate::store::ParkedUpload;
use crate::transfer::earlier::{Came, EarlierUpload};
use crate::transfer::{Kept, TransferError, Verdict};

/// What is known of a file that is being uploaded.
#[derive(Debug)]
pub(super) struct Reach {
    /// Bytes that the parked upload had come to which is gone on with.
    parked: Option<u64>,
    /// Bytes of that of which the client was told, or which another process has left; 0 without
    /// one.
    told: u64,
    /// How far an earlier upload had come that came to nothing, if this may be the same file.
    came: Option<Came>,
    earlier: Option<EarlierUpload>,
}

impl Reach {
    /// Of an upload by `plan`, before its parts are taken.
    pub(super) fn of(plan: &Plan, earlier: Option<EarlierUpload>, told: u64) -> Self {
        let parked = plan.parked.as_ref().map(ParkedUpload::came);
        // What adds to an object is another thing.
        let may_be_same = parked.is_some() || plan.kept == 0;
        let came = earlier.as_ref().filter(|_| may_be_same).and_then(EarlierUpload::came);
        // Nobody lifts what another process has left: who was told so once means it.
        let has_refused = earlier.as_ref().is_some_and(EarlierUpload::has_refused);
        let told = told.max(earlier.as_ref().map_or(0, EarlierUpload::left));
        let told = if may_be_same && !has_refused { told } else { 0 };
        Self { parked, told, came, earlier }
    }

    /// How far the file had come, where that is further than an upload that ends like `now`.
    pub(super) fn beyond(&self, now: Came) -> Option<u64> {
        let is_same = |came: &Came| {
            self.parked.is_some() || (came.beginning.is_some() && came.beginning == now.beginning)
        };
        // Who ends it there once more means it. What is small is never repeated in part.
        let is_meant = self.came.is_some_and(|came| came.end == now.end);
        let told = Some(self.told).filter(|_| !is_meant && now.beginning.is_some());
        let came = self.came.filter(is_same).map(|came| came.end);
        came.max(self.parked).max(told).filter(|&end| end > now.end)
    }

    /// An upload that came as far as `now` has ended so.
    pub(super) fn note(&self, verdict: &Verdict, now: Came) {
        let Some(earlier) = &self.earlier else { return };
        match verdict {
            Verdict::Complete | Verdict::Interrupted { kept: Kept::Partial, .. } => {
                earlier.forget();
            }
            // Only how this one ended counts for the next. Who goes on with a parked one has to
            // reach its end, how often ever.
            Verdict::Failed(TransferError::EndsEarly { .. }) => match self.parked {
                None => earlier.note_refused(now),
                Some(_) => earlier.note_failed(self.furthest(now)),
            },
            // Who left without waiting is done with it.
            Verdict::Interrupted { by, .. } if by.is_left() => {}
            Verdict::Interrupted { .. } | Verdict::Failed(_) => {
                earlier.note_failed(self.furthest(now));
            }
        }
    }

    /// How far the file had come of which an upload came as far as `now`: its parts may have taken
    /// the place of longer ones.
    fn furthest(&self, now: Came) -> Came {
        Came { end: now.end.max(self.parked.unwrap_or(0)), ..now }
    }
}
