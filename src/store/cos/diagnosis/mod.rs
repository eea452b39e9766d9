//! Tries everything on a bucket that the server will ever ask of it, step by step, and tells for
//! each what is wrong and what would put it right. For `cos-ftp-server check`.
//!
//! What it stores has a name of its own below the account's prefix and is removed again, whatever
//! fails. Where it could not be removed (Object Lock) it stores nothing.

mod lock;
mod objects;
mod reach;
mod trial;
mod uploads;

pub use trial::{Fault, Step, Trial, Verdict};

use std::time::{Duration, Instant};

use crate::store::cos::CosStore;
use crate::store::cos::s3::actions::list_objects::{Depth, Window, list_objects};
use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::client::Client;
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// What the accounts of a bucket need of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Whether anybody may upload.
    pub writing: bool,
    /// Whether anybody may delete. If not, the key pair need not be allowed to.
    pub deleting: bool,
    /// Whether what arrived of interrupted uploads is kept.
    pub fragments: bool,
    /// The silence after which unfinished uploads are aborted; `None` when they are not looked for.
    pub abort_unfinished_after: Option<Duration>,
}

impl CosStore {
    /// Tries everything that `needs` include. Each step is given to `tell` as it ends.
    pub fn diagnose(&self, needs: Needs, tell: &mut dyn FnMut(Step)) {
        let probe = format!(
            "{}.cos-ftp-server-check-{:08x}",
            self.account.keys.prefix(),
            fastrand::u32(..)
        );
        let mut examination =
            Examination { store: self, client: self.client(), needs, probe, told: tell };
        let Some(headers) = examination.reach() else { return };
        if !examination.enter(&headers) {
            return;
        }
        if needs.writing && examination.finds_lock() {
            examination.try_without_objects();
        } else if needs.writing {
            let stands = examination.try_objects();
            let left = examination.try_uploads(stands);
            examination.clean_up(left);
        } else {
            examination.try_reading();
            let why = "nobody may write here, so writing is not tried";
            examination.skip(&[Trial::Of(Operation::PutObject)], why);
        }
    }
}

/// One run of the trials.
struct Examination<'a> {
    store: &'a CosStore,
    client: &'a Client,
    needs: Needs,
    /// The key that is written to; others begin with it.
    probe: String,
    told: &'a mut dyn FnMut(Step),
}

impl Examination<'_> {
    fn tell(&mut self, trial: Trial, verdict: Verdict, begun: Instant) {
        (self.told)(Step { trial, verdict, took: begun.elapsed() });
    }

    fn skip(&mut self, trials: &[Trial], why: &str) {
        for trial in trials {
            self.tell(*trial, Verdict::Skipped(why.to_owned()), Instant::now());
        }
    }

    /// Does `act` and tells how it ended; with success, `show` says what there is to know.
    fn attempt<T>(
        &mut self,
        trial: Trial,
        act: impl FnOnce(&Client) -> Result<T>,
        show: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        let begun = Instant::now();
        let done = act(self.client);
        let verdict = match &done {
            Ok(value) => Verdict::Passed(show(value)),
            Err(error) => self.failed(trial, error),
        };
        self.tell(trial, verdict, begun);
        done.ok()
    }

    /// What a failure means to the accounts: not each needs everything.
    fn failed(&self, trial: Trial, error: &StoreError) -> Verdict {
        let denied = error.kind == ErrorKind::AccessDenied;
        let unneeded = match trial {
            Trial::Of(Operation::DeleteObject) if !self.needs.deleting => {
                "refused; nobody may delete here, so only renaming will fail"
            }
            Trial::Of(Operation::ListMultipartUploads | Operation::ListParts)
                if self.needs.abort_unfinished_after.is_none() =>
            {
                "refused; not needed with abort_unfinished_after = 0"
            }
            _ => return Verdict::Failed(Fault::of(trial, error, self.client.dialect())),
        };
        if denied {
            Verdict::Skipped(unneeded.to_owned())
        } else {
            Verdict::Failed(Fault::of(trial, error, self.client.dialect()))
        }
    }

    /// The first signed request tells of key pair, bucket and listing at once. Whether it makes
    /// sense to go on.
    fn enter(&mut self, greeting: &Headers) -> bool {
        let begun = Instant::now();
        if let Err(error) = self.client.find_keys() {
            let fix = "see to the file or the CAM role that the key pair comes from";
            self.tell(Trial::KeyPair, Verdict::Failed(Fault::new(error.to_string(), fix)), begun);
            return false;
        }
        let window = Window { prefix: self.store.account.keys.prefix(), after: None };
        let listed = list_objects(self.client, window, Depth::Everything, 1);
        let blamed = listed.as_ref().err().and_then(reach::blame);
        if let Some((trial @ Trial::KeyPair, fault)) = blamed {
            self.tell(trial, Verdict::Failed(fault), begun);
            return false;
        }
        let known = match blamed {
            Some(_) => Verdict::Skipped("the store looks at the bucket first".to_owned()),
            None => Verdict::Passed("known to the store".to_owned()),
        };
        self.tell(Trial::KeyPair, known, begun);
        let elsewhere = self.other_region(greeting).map(|region| {
            let why = format!(
                "the bucket lies in {region}, the configuration says {}",
                self.client.region()
            );
            Fault::new(
                why,
                format!("set cos_region = {region}, and cos_endpoint if it names a region"),
            )
        });
        let fault = blamed.map(|(_, fault)| fault);
        if let Some(fault) = elsewhere.or(fault) {
            self.tell(Trial::Bucket, Verdict::Failed(fault), begun);
            return false;
        }
        if let Err(error) = &listed
            && error.kind != ErrorKind::AccessDenied
        {
            let fault = Fault::of(Trial::Bucket, error, self.client.dialect());
            self.tell(Trial::Bucket, Verdict::Failed(fault), begun);
            return false;
        }
        let place = self.client.address_of_bucket();
        self.tell(Trial::Bucket, Verdict::Passed(place), begun);
        self.attempt(Trial::Of(Operation::ListObjects), |_| listed, |_| String::new());
        true
    }
}
