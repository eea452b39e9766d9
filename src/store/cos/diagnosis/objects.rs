//! Trials with whole objects.

use std::io::Read;
use std::time::Instant;

use ureq::http::header::{self, HeaderMap, HeaderValue};

use super::arch::COPIES_NOTHING;
use super::directories;
use super::examination::Examination;
use super::probe::{NEEDS_PROBE, PROBE, store_probe, strange};
use super::trial::{Fault, Trial, TrialVerdict};
use crate::store::cos::options::ArchivePolicy;
use crate::store::cos::s3::actions::copy_object::{NewCopy, Original, copy_object};
use crate::store::cos::s3::actions::delete_object::delete_object;
use crate::store::cos::s3::actions::get_object::get_object;
use crate::store::cos::s3::actions::get_object_acl::get_object_acl;
use crate::store::cos::s3::actions::get_object_tagging::get_object_tagging;
use crate::store::cos::s3::actions::head_object::{Head, head_object};
use crate::store::cos::s3::actions::restore_object::restore_object;
use crate::store::cos::s3::answer::Headers;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::{ByteRange, ErrorKind, Operation, Result, StoreError};

/// A range of the probe.
const RANGE: std::ops::Range<usize> = 10..24;

/// Stores, reads and copies the probe. Whether it stands.
pub(super) fn try_objects(run: &mut Examination<'_>) -> bool {
    let (probe, copy) = (run.probe.clone(), run.copy());
    let stored = run.attempt(
        Trial::Of(Operation::PutObject),
        |client| store_probe(client, &probe),
        |_| String::new(),
    );
    if stored.is_none() {
        let trials = [
            Trial::Of(Operation::HeadObject),
            Trial::Of(Operation::GetObject),
            Trial::GetRange,
            Trial::Of(Operation::GetObjectTagging),
            Trial::Of(Operation::CopyObject),
            Trial::CopyOfVersion,
        ];
        run.skip(&trials, NEEDS_PROBE);
        return false;
    }
    let size = PROBE.len();
    run.attempt(
        Trial::Of(Operation::HeadObject),
        |client| expect_size(client, &probe),
        |()| String::new(),
    );
    for (trial, range) in [(Trial::Of(Operation::GetObject), 0..size), (Trial::GetRange, RANGE)] {
        run.attempt(trial, |client| read_back(client, &probe, range), |()| String::new());
    }
    if run.keeps_directories {
        run.skip(&[Trial::Of(Operation::CopyObject), Trial::CopyOfVersion], COPIES_NOTHING);
    } else {
        try_copying(run, &probe, &copy);
    }
    try_restoring(run);
    true
}

/// Copies the probe, after a look at what copies would lose of it.
fn try_copying(run: &mut Examination<'_>, probe: &str, copy: &str) {
    run.attempt(
        Trial::Of(Operation::GetObjectTagging),
        |client| get_object_tagging(client, probe),
        |_| String::new(),
    );
    if run.store.account.terms.asks_for_acls() {
        run.attempt(
            Trial::Of(Operation::GetObjectAcl),
            |client| get_object_acl(client, probe),
            |_| String::new(),
        );
    }
    let copied = run.attempt(
        Trial::Of(Operation::CopyObject),
        |client| Ok(copy_object(client, Original { key: probe, version: None }, new(copy))?),
        |_| String::new(),
    );
    match copied {
        Some(_) => try_copy_of_version(run, probe, copy),
        None => run.skip(&[Trial::CopyOfVersion], "not tried: needs CopyObject"),
    }
}

/// Whether the store compares the version that is to be copied. It need not: what was copied is
/// looked at before anything is deleted.
fn try_copy_of_version(run: &mut Examination<'_>, probe: &str, copy: &str) {
    let never_stored = HeaderValue::from_static("\"d41d8cd98f00b204e9800998ecf8427e\"");
    let headers = Headers(HeaderMap::from_iter([(header::ETAG, never_stored)]));
    let another = Head { size: 0, headers };
    let ask = |client: &S3Client| {
        let original = Original { key: probe, version: Some(&another) };
        match copy_object(client, original, new(copy)).map_err(StoreError::from) {
            Ok(_) => Ok("the store does not compare versions, so the server looks instead"),
            Err(error) if error.kind == ErrorKind::PreconditionFailed => Ok("compared"),
            Err(error) => Err(error),
        }
    };
    run.attempt(Trial::CopyOfVersion, ask, |told| (*told).to_owned());
}

/// A copy of which nothing else is said.
fn new(key: &str) -> NewCopy<'_> {
    NewCopy { key, headers: &[], only: &Precondition::None }
}

/// What those who only read need. There is nothing of ours to read; what is missing is answered
/// with 404 to those who might read it.
pub(super) fn try_reading(run: &mut Examination<'_>) {
    let probe = run.probe.clone();
    let shown = |(): &()| "allowed".to_owned();
    run.attempt(
        Trial::Of(Operation::HeadObject),
        |client| head_object(client, &probe).map(drop),
        shown,
    );
    let read = |client: &S3Client| match get_object(client, &probe, ByteRange::from(0), None) {
        Err(error) if error.kind == ErrorKind::NotFound => Ok(()),
        other => other.map(drop),
    };
    run.attempt(Trial::Of(Operation::GetObject), read, shown);
    try_restoring(run);
}

/// Asks for what is not archived, or not there, to be restored: who may not is told that first.
fn try_restoring(run: &mut Examination<'_>) {
    let ArchivePolicy::Restore(terms) = run.store.account.archive else { return };
    let probe = run.probe.clone();
    let ask = |client: &S3Client| match restore_object(client, &probe, terms) {
        Err(error) if error.kind == ErrorKind::NotFound || is_not_archived(&error) => Ok(()),
        other => other.map(drop),
    };
    run.attempt(Trial::Of(Operation::RestoreObject), ask, |()| "allowed".to_owned());
}

/// In Amazon's words, and in those of COS.
fn is_not_archived(error: &StoreError) -> bool {
    matches!(error.code.as_deref(), Some("InvalidObjectState" | "RestoreNonArchiveObject"))
}

/// Deletes what was stored. `uploads`: what could not be aborted.
pub(super) fn clean_up(run: &mut Examination<'_>, uploads: Vec<String>) {
    let mut made = vec![run.copy(), run.joined(), run.large(), run.probe.clone()];
    made.extend(directories::keys(&run.probe));
    if run.needs.write_once {
        made.push(run.once());
    }
    if !run.store.headers.is_empty() {
        made.extend(run.described());
    }
    let [.., marker] = directories::keys(&run.probe);
    let delete = |client: &S3Client| {
        // Each of them, whatever becomes of another.
        let gone: Vec<Result<()>> =
            made.iter().map(|key| delete_object(client, key, None)).collect();
        gone.into_iter().collect::<Result<()>>()?;
        match head_object(client, &marker) {
            Ok(Some(_)) => {
                let what = "the marker of a directory is still there after it was deleted";
                Err(strange(Operation::DeleteObject, &marker, what))
            }
            _ => Ok(()),
        }
    };
    let deleted = run.attempt(Trial::Of(Operation::DeleteObject), delete, |()| String::new());
    let mut left = Vec::new();
    if deleted.is_none() {
        // What was never stored cannot be left. Whether it was may not be known.
        left.extend(
            made.into_iter().filter(|key| !matches!(head_object(run.client, key), Ok(None))),
        );
    }
    left.extend(uploads);
    tell_of_what_is_left(run, &left);
}

pub(super) fn tell_of_what_is_left(run: &mut Examination<'_>, left: &[String]) {
    if left.is_empty() {
        return;
    }
    let why = format!("left behind: {}", left.join(", "));
    let verdict = if run.needs.deleting {
        TrialVerdict::Failed(Fault::new(why, "delete it by hand"))
    } else {
        TrialVerdict::Skipped(format!("{why}; delete it by hand"))
    };
    run.tell(Trial::CleanUp, verdict, Instant::now());
}

fn expect_size(client: &S3Client, key: &str) -> Result<()> {
    match head_object(client, key)? {
        Some(head) if head.size == PROBE.len() as u64 => Ok(()),
        Some(_) => Err(strange(Operation::HeadObject, key, "another size than was stored")),
        None => {
            Err(strange(Operation::HeadObject, key, "what was stored a moment ago is not there"))
        }
    }
}

fn read_back(client: &S3Client, key: &str, range: std::ops::Range<usize>) -> Result<()> {
    let whole = range.len() == PROBE.len();
    let asked = match whole {
        true => ByteRange::from(0),
        false => ByteRange::between(range.start as u64, range.end as u64),
    };
    let object = get_object(client, key, asked, None)?;
    let mut bytes = Vec::new();
    let read = object.body.take(PROBE.len() as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| {
        StoreError::new(ErrorKind::Unavailable, Operation::GetObject, key).with_source(error)
    })?;
    if bytes != PROBE[range] {
        return Err(strange(Operation::GetObject, key, "other bytes than were stored"));
    }
    Ok(())
}
