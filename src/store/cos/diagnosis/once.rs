//! Whether the store itself keeps what stands under a name (`on_exists`): each way to store an
//! object is tried twice, and must be refused the second time.

use std::time::Instant;

use super::examination::Examination;
use super::probe::PROBE;
use super::trial::{Trial, TrialVerdict, brief};
use super::uploads::{send_probe, unfinished};
use crate::store::cos::objects::{Complete, NewCopy, Original, Put, RequestFailure};
use crate::store::cos::s3::actions::abort_multipart_upload::abort_multipart_upload;
use crate::store::cos::s3::actions::complete_multipart_upload::complete_multipart_upload;
use crate::store::cos::s3::actions::copy_object::copy_object;
use crate::store::cos::s3::actions::create_multipart_upload::create_multipart_upload;
use crate::store::cos::s3::actions::put_object::put_object;
use crate::store::cos::s3::client::S3Client;
use crate::store::cos::s3::precondition::Precondition;
use crate::store::{Body, Cancel, ErrorKind, Operation, Result, StoreError};

/// Tries it where an account wants it. `stands`: whether there is something to copy. Answers what
/// could not be removed.
pub(super) fn try_write_once(run: &mut Examination<'_>, stands: bool) -> Vec<String> {
    if !run.needs.write_once {
        return Vec::new();
    }
    let (key, absence) = (run.once(), run.store.account.absence.clone());
    let put = |client: &S3Client| put(client, &key, &absence);
    // What stands there from now on.
    let first = run.attempt(Trial::Once(Operation::PutObject), put, |()| "the first".to_owned());
    if first.is_none() {
        return Vec::new();
    }
    let second = put(run.client);
    tell(run, Operation::PutObject, second);
    let mut left = Vec::new();
    let completed = complete(run.client, &key, &absence, &mut left);
    tell(run, Operation::CompleteMultipartUpload, completed);
    if stands && !run.keeps_directories {
        let (probe, headers, only) = (run.probe.clone(), &[][..], &absence);
        let original = Original { key: &probe, version: None };
        let copied = copy_object(run.client, original, NewCopy { key: &key, headers, only });
        tell(run, Operation::CopyObject, copied.map(drop).map_err(StoreError::from));
    }
    left
}

/// Says what it means that a second write ended so.
fn tell(run: &mut Examination<'_>, operation: Operation, second: Result<()>) {
    let (trial, begun) = (Trial::Once(operation), Instant::now());
    let verdict = match second {
        Ok(()) => TrialVerdict::Skipped(
            "the store replaced the existing object: the server looks first, but two uploads at \
             the same time may both succeed"
                .to_owned(),
        ),
        Err(error)
            if matches!(error.kind, ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists) =>
        {
            TrialVerdict::Passed("refused the second time: the store keeps the first".to_owned())
        }
        Err(error) if error.kind == ErrorKind::Unsupported => TrialVerdict::Skipped(format!(
            "{}: the server looks first, but two uploads at the same time may both succeed",
            brief(&error)
        )),
        Err(error) => run.failed(trial, &error),
    };
    run.tell(trial, verdict, begun);
}

fn put(client: &S3Client, key: &str, only: &Precondition) -> Result<()> {
    let never = Cancel::new();
    let body = Body::new(&[PROBE], &never);
    put_object(client, Put { key, body: &body, headers: &[], only })?;
    Ok(())
}

fn complete(
    client: &S3Client,
    key: &str,
    only: &Precondition,
    left: &mut Vec<String>,
) -> Result<()> {
    let id = create_multipart_upload(client, key, &[])?;
    let completed = send_probe(client, key, &id).and_then(|part| {
        let parts = &[part];
        match complete_multipart_upload(client, Complete { key, upload_id: &id, parts, only }) {
            // Some stores answer in a way that cannot be read, and mean that all is well.
            Err(RequestFailure { error, .. }) if error.status == Some(200) => Ok(()),
            completed => Ok(completed.map(drop)?),
        }
    });
    if completed.is_err() && abort_multipart_upload(client, key, &id).is_err() {
        left.push(unfinished(key, &id));
    }
    completed
}
