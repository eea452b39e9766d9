//! What the bucket is made of, and the renaming that only one with real directories knows.

use std::time::Instant;

use super::examination::Examination;
use super::probe::{NEEDS_PROBE, strange};
use super::trial::{Trial, TrialVerdict, brief};
use crate::store::cos::objects::renamed;
use crate::store::cos::s3::actions::head_bucket::head_bucket;
use crate::store::cos::s3::actions::head_object::head_object;
use crate::store::cos::s3::client::S3Client;
use crate::store::{ErrorKind, Operation, Result};

/// Why copies are not tried.
pub(super) const COPIES_NOTHING: &str =
    "not tried: a bucket with metadata acceleration copies nothing";

/// Whether the bucket keeps real directories: asked where it may tell.
pub(super) fn find_arch(run: &mut Examination<'_>) -> bool {
    let (trial, begun) = (Trial::Of(Operation::HeadBucket), Instant::now());
    let (verdict, keeps_directories) = match run.client.arch().told() {
        Some(false) => return false,
        Some(true) => (TrialVerdict::Passed(shown(true)), true),
        None => match head_bucket(run.client) {
            Ok(told) => (TrialVerdict::Passed(shown(told)), told),
            Err(error) if error.kind == ErrorKind::AccessDenied => {
                let why = "refused; needed to see whether the bucket has metadata acceleration: \
                           set cos_bucket_arch if it has";
                (TrialVerdict::Skipped(why.to_owned()), false)
            }
            Err(error) => (TrialVerdict::Skipped(brief(&error)), false),
        },
    };
    run.tell(trial, verdict, begun);
    keeps_directories
}

fn shown(keeps_directories: bool) -> String {
    match keeps_directories {
        true => {
            "metadata acceleration (OFS): renaming is done by the bucket itself; APPE and \
                 REST before STOR to all but small files, and MFMT, are refused"
        }
        false => "an ordinary bucket",
    }
    .to_owned()
}

/// Renames the probe, and back. `stands`: whether it is there.
pub(super) fn try_renaming(run: &mut Examination<'_>, stands: bool) {
    let trial = Trial::Of(Operation::RenameObject);
    match (run.keeps_directories, stands) {
        (false, _) => {}
        (true, false) => run.skip(&[trial], NEEDS_PROBE),
        (true, true) => {
            let (probe, copy) = (run.probe.clone(), run.copy());
            let there_and_back = |client: &S3Client| {
                rename_seen(client, &probe, &copy)?;
                rename_seen(client, &copy, &probe)
            };
            run.attempt(trial, there_and_back, |()| String::new());
        }
    }
}

fn rename_seen(client: &S3Client, from: &str, to: &str) -> Result<()> {
    renamed::rename(client, from, to, None)?;
    let operation = Operation::RenameObject;
    match (head_object(client, from)?, head_object(client, to)?) {
        (None, Some(_)) => Ok(()),
        (Some(_), _) => Err(strange(operation, from, "what was renamed is still there")),
        (None, None) => Err(strange(operation, to, "what was renamed is not there")),
    }
}
