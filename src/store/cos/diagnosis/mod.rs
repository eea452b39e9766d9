//! Tries everything on a bucket that the server will ever ask of it, step by step, and tells for
//! each what is wrong and what would put it right. For `cos-ftp-server check`.
//!
//! What it stores has a name of its own below the account's prefix and is removed again, whatever
//! fails. Where it could not be removed (Object Lock) it stores nothing.

mod arch;
mod directories;
mod examination;
mod lock;
mod objects;
mod once;
mod probe;
mod reach;
mod terms;
mod trial;
mod uploads;

pub use trial::{Fault, Needs, Trial, TrialStep, TrialVerdict};

use std::time::Instant;

use self::arch::{find_arch, try_renaming};
use self::directories::try_directories;
use self::examination::Examination;
use self::lock::{finds_lock, try_without_objects};
use self::objects::{clean_up, try_objects, try_reading};
use self::once::try_write_once;
use self::probe::NEEDS_PROBE;
use self::reach::{blame, other_region, reach};
use self::terms::try_terms;
use self::uploads::try_uploads;

use crate::store::cos::CosStore;
use crate::store::cos::s3::actions::list_objects::{Depth, Window, list_objects};
use crate::store::cos::s3::answer::Headers;
use crate::store::{ErrorKind, Operation};

impl CosStore {
    /// Tries everything that `needs` include. Each step is given to `tell` as it ends.
    pub fn diagnose(&self, needs: Needs, tell: &mut dyn FnMut(TrialStep)) {
        let probe = format!(
            "{}.cos-ftp-server-check-{:08x}",
            self.account.keys.prefix(),
            fastrand::u32(..)
        );
        let mut run = Examination {
            store: self,
            client: self.client(),
            needs,
            probe,
            told: tell,
            keeps_directories: false,
        };
        let Some(headers) = reach(&mut run) else { return };
        if !enter(&mut run, &headers) {
            return;
        }
        run.keeps_directories = find_arch(&mut run);
        if needs.writing && finds_lock(&mut run) {
            try_without_objects(&mut run);
        } else if needs.writing {
            let stands = try_objects(&mut run);
            if stands {
                try_directories(&mut run);
            } else {
                run.skip(&[Trial::Marker, Trial::Order], NEEDS_PROBE);
            }
            try_renaming(&mut run, stands);
            let mut left = try_uploads(&mut run, stands);
            left.extend(try_write_once(&mut run, stands));
            left.extend(try_terms(&mut run));
            clean_up(&mut run, left);
        } else {
            try_reading(&mut run);
            let why = "no user may write here, so writing was not tried";
            run.skip(&[Trial::Of(Operation::PutObject)], why);
        }
    }
}

/// The first signed request tells of key pair, bucket and listing at once. Whether it makes
/// sense to go on.
fn enter(run: &mut Examination<'_>, greeting: &Headers) -> bool {
    let begun = Instant::now();
    if let Err(error) = run.client.find_keys() {
        let fix = "check the file or the CAM role that the key pair comes from";
        run.tell(Trial::KeyPair, TrialVerdict::Failed(Fault::new(error.to_string(), fix)), begun);
        return false;
    }
    let window = Window { prefix: run.store.account.keys.prefix(), after: None };
    let listed = list_objects(run.client, window, Depth::Everything, 1);
    let blamed = listed.as_ref().err().and_then(blame);
    if let Some((trial @ Trial::KeyPair, fault)) = blamed {
        run.tell(trial, TrialVerdict::Failed(fault), begun);
        return false;
    }
    let known = match blamed {
        Some(_) => TrialVerdict::Skipped("the store looks at the bucket first".to_owned()),
        None => TrialVerdict::Passed("known to the store".to_owned()),
    };
    run.tell(Trial::KeyPair, known, begun);
    let elsewhere = other_region(run, greeting).map(|region| {
        let why =
            format!("the bucket lies in {region}, the configuration says {}", run.client.region());
        Fault::new(why, format!("set cos_region = {region}, and cos_endpoint if it names a region"))
    });
    let fault = blamed.map(|(_, fault)| fault);
    if let Some(fault) = elsewhere.or(fault) {
        run.tell(Trial::Bucket, TrialVerdict::Failed(fault), begun);
        return false;
    }
    if let Err(error) = &listed
        && error.kind != ErrorKind::AccessDenied
    {
        let fault = Fault::of(Trial::Bucket, error, run.client.dialect());
        run.tell(Trial::Bucket, TrialVerdict::Failed(fault), begun);
        return false;
    }
    let place = run.client.address_of_bucket();
    run.tell(Trial::Bucket, TrialVerdict::Passed(place), begun);
    run.attempt(Trial::Of(Operation::ListObjects), |_| listed, |_| String::new());
    true
}
