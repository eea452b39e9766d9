//! How far a file is known to go, before its upload ends: one that ends earlier is not all of it.

use super::plan::Plan;
use crate::transfer::earlier::{Came, EarlierUpload};
use crate::transfer::{Kept, TransferError, Verdict};

/// What is known of a file that is being uploaded.
#[derive(Debug)]
pub(super) struct Reach {
    /// How far the parked upload had come which is gone on with: what is parked, and what of it
    /// those brought that went on with it before. Their parts may have taken the place of longer
    /// ones.
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
        let gone_on = earlier.as_ref().map_or(0, EarlierUpload::gone_on);
        let parked = plan.parked.as_ref().map(|parked| parked.came().max(gone_on));
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

    /// Whether nobody sends the rest of what failed so: the next of the name is another file.
    fn is_over(&self, error: &TransferError) -> bool {
        error.is_for_good() && (self.parked.is_none() || error.ends_what_is_parked())
    }

    /// An upload that came as far as `now` has ended so.
    pub(super) fn note(&self, verdict: &Verdict, now: Came) {
        let Some(earlier) = &self.earlier else { return };
        // Who goes on with a parked one has to reach its end, how often ever.
        let furthest = self.parked.map(|parked| parked.max(now.end));
        match (verdict, furthest) {
            (Verdict::Failed(error), _) if self.is_over(error) => {
                earlier.note_refused_for_good(now);
            }
            (Verdict::Complete | Verdict::Interrupted { kept: Kept::Partial, .. }, _) => {
                earlier.forget();
            }
            // Only how this one ended counts for the next.
            (Verdict::Failed(TransferError::EndsEarly { .. }), None) => earlier.note_refused(now),
            (Verdict::Failed(TransferError::EndsEarly { .. }), Some(end)) => {
                earlier.note_refused_to_go_on(end);
            }
            // Who left without waiting is done with it: what it has sent is what it means, however
            // far another one had come.
            (Verdict::Interrupted { by, .. }, None) if by.is_left() => earlier.forget(),
            (Verdict::Interrupted { by, .. }, Some(_)) if by.is_left() => {}
            (Verdict::Interrupted { .. } | Verdict::Failed(_), None) => earlier.note_failed(now),
            (Verdict::Interrupted { .. } | Verdict::Failed(_), Some(end)) => {
                earlier.note_gone_on(end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::transfer::Interruption;
    use crate::vfs::FtpPath;

    /// Of what goes on with a parked upload that came to `parked`.
    fn reach(earlier: &EarlierUpload, parked: u64) -> Reach {
        let parked = Some(parked.max(earlier.gone_on()));
        Reach { parked, told: 0, came: earlier.came(), earlier: Some(earlier.clone()) }
    }

    fn ending_at(end: u64) -> Came {
        Came { end, beginning: None, is_anew: false }
    }

    fn ends_early() -> Verdict {
        Verdict::Failed(TransferError::EndsEarly { end: 0, before: 0 })
    }

    /// A longer file failed, a shorter one of the same name was parked, all of it.
    #[test]
    fn a_shorter_file_that_is_gone_on_with_is_refused_once() {
        let path = FtpPath::root().join("x").unwrap();
        let earlier = EarlierUpload::new(&Arc::default(), "alice", &path);
        earlier.note_failed(Came { end: 100, beginning: Some(1), is_anew: true });
        let first = reach(&earlier, 50);
        assert_eq!(first.beyond(ending_at(50)), Some(100));
        first.note(&ends_early(), ending_at(50));
        assert_eq!(reach(&earlier, 50).beyond(ending_at(50)), None);
    }

    /// Its parts took the place of longer ones.
    #[test]
    fn who_goes_on_reaches_the_end_of_what_was_parked_first_however_often_it_tries() {
        let path = FtpPath::root().join("x").unwrap();
        let earlier = EarlierUpload::new(&Arc::default(), "alice", &path);
        for parked in [50, 20, 20] {
            let again = reach(&earlier, parked);
            assert_eq!(again.beyond(ending_at(20)), Some(50));
            again.note(&ends_early(), ending_at(20));
        }
        let lost = Verdict::Interrupted { by: Interruption::DataLost, kept: Kept::Parked };
        reach(&earlier, 20).note(&lost, ending_at(60));
        assert_eq!(reach(&earlier, 20).beyond(ending_at(50)), Some(60));
    }

    #[test]
    fn who_left_without_waiting_means_what_it_sent() {
        let path = FtpPath::root().join("x").unwrap();
        let earlier = EarlierUpload::new(&Arc::default(), "alice", &path);
        earlier.note_failed(Came { end: 100, beginning: Some(1), is_anew: true });
        let anew =
            Reach { parked: None, told: 0, came: earlier.came(), earlier: Some(earlier.clone()) };
        let left = Verdict::Interrupted { by: Interruption::Left, kept: Kept::Parked };
        anew.note(&left, Came { end: 50, beginning: Some(2), is_anew: true });
        assert_eq!(reach(&earlier, 50).beyond(ending_at(50)), None);
    }
}
