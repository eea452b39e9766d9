//! One run of the trials, and how each is told of.

use std::time::Instant;

use super::trial::{Fault, Needs, Trial, TrialStep, TrialVerdict};
use crate::store::cos::CosStore;
use crate::store::cos::s3::client::S3Client;
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// One run of the trials.
pub(super) struct Examination<'a> {
    /// What is tried.
    pub(super) store: &'a CosStore,
    /// Its way to the bucket.
    pub(super) client: &'a S3Client,
    /// What is needed of it.
    pub(super) needs: Needs,
    /// The key that is written to; others begin with it.
    pub(super) probe: String,
    /// Whether the bucket keeps real directories, and copies nothing.
    pub(super) keeps_directories: bool,
    /// Who is told of each step.
    pub(super) told: &'a mut dyn FnMut(TrialStep),
}

impl Examination<'_> {
    /// Tells how a trial that began at `begun` ended.
    pub(super) fn tell(&mut self, trial: Trial, verdict: TrialVerdict, begun: Instant) {
        (self.told)(TrialStep { trial, verdict, took: begun.elapsed() });
    }

    /// Tells that these are not tried.
    pub(super) fn skip(&mut self, trials: &[Trial], why: &str) {
        for trial in trials {
            self.tell(*trial, TrialVerdict::Skipped(why.to_owned()), Instant::now());
        }
    }

    /// Does `act` and tells how it ended; with success, `show` says what there is to know.
    pub(super) fn attempt<T>(
        &mut self,
        trial: Trial,
        act: impl FnOnce(&S3Client) -> Result<T>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let begun = Instant::now();
        let done = act(self.client);
        let verdict = match &done {
            Ok(value) => TrialVerdict::Passed(show(value)),
            Err(error) => self.failed(trial, error),
        };
        self.tell(trial, verdict, begun);
        done.ok()
    }

    /// What a failure means to the accounts: not each needs everything.
    pub(super) fn failed(&self, trial: Trial, error: &StoreError) -> TrialVerdict {
        let denied = error.kind == ErrorKind::AccessDenied;
        let unneeded = match trial {
            Trial::Of(Operation::DeleteObject) if !self.needs.deleting => {
                "refused; no user may delete here, so only renaming will fail"
            }
            Trial::Of(Operation::GetObjectTagging) if !self.store.account.terms.has_tags() => {
                let why =
                    "refused; needed to append to a file that has tags, or to rename it in parts";
                return TrialVerdict::Skipped(why.to_owned());
            }
            Trial::Of(Operation::GetObjectAcl) => {
                let why = "refused; files get the bucket's ACL when they are renamed, appended to \
                    or given a time";
                return TrialVerdict::Skipped(why.to_owned());
            }
            Trial::Of(Operation::ListMultipartUploads | Operation::ListParts)
                if self.needs.abort_unfinished_after.is_none() && !self.needs.parking =>
            {
                "refused; not needed with abort_unfinished_after = 0"
            }
            _ => return TrialVerdict::Failed(Fault::of(trial, error, self.client.dialect())),
        };
        if denied {
            TrialVerdict::Skipped(unneeded.to_owned())
        } else {
            TrialVerdict::Failed(Fault::of(trial, error, self.client.dialect()))
        }
    }

    /// The key of the copy.
    pub(super) fn copy(&self) -> String {
        format!("{}-copy", self.probe)
    }

    /// The keys of what has the headers of new files: stored in one request, and in parts.
    pub(super) fn described(&self) -> [String; 2] {
        [format!("{}-headers", self.probe), format!("{}-headers-parts", self.probe)]
    }

    /// The key of what is large enough for every store to copy a range of it.
    pub(super) fn large(&self) -> String {
        format!("{}-large", self.probe)
    }

    /// The key of what is stored twice.
    pub(super) fn once(&self) -> String {
        format!("{}-once", self.probe)
    }

    /// The key of what is put together from parts.
    pub(super) fn joined(&self) -> String {
        format!("{}-parts", self.probe)
    }
}
