//! Writes that replace only what they are meant to: a look right before the request, and the
//! store's own precondition with it (`If-Match`, `If-None-Match`,
//! on COS `x-cos-forbid-overwrite`), which leaves no moment between
//! the two.
//!
//! Not every store keeps preconditions, and some refuse what is right (Ceph 16 answers 412 to a
//! PutObject with the `If-Match` of the very version that stands there). That shows in the first
//! such refusal; then this bucket gets none for an hour, and the look alone must do.

use super::BucketTree;
use super::attributes;
use super::markers::{Standing, file_head};
use super::times::time_of;
use crate::store::cos::objects::{Head, Precondition, RequestFailure, Written};
use crate::store::key_locks::KeyLock;
use crate::store::{Attributes, ErrorKind, Expected, Operation, Result, Stat, StoreError};
use crate::vfs::Metadata;

/// The file under `key`, asked of the store.
pub(crate) fn file_stat(tree: BucketTree<'_>, key: &str) -> Result<Option<Stat>> {
    Ok(file_head(tree, key)?.map(|head| dated_stat(tree, key, &head)))
}

/// The same, with what a file keeps that goes on with it.
pub(crate) fn file_to_continue(tree: BucketTree<'_>, key: &str) -> Result<Option<Stat>> {
    let Some(head) = file_head(tree, key)? else { return Ok(None) };
    // Files of a bucket that keeps real directories have nothing but bytes.
    let attributes = match tree.objects.keeps_directories()? {
        true => Attributes::default(),
        false => attributes::kept(tree, key, &head)?,
    };
    Ok(Some(Stat { attributes, ..dated_stat(tree, key, &head) }))
}

/// What is told of a version.
pub(super) fn stat_of(tree: BucketTree<'_>, head: &Head) -> Stat {
    let metadata = Metadata::file(head.size, time_of(tree, head));
    let crc64 = head.headers.crc64();
    Stat { crc64, ..Stat::new(metadata, head.etag()).stored_at(head.modified()) }
}

/// The same of what stands at `key`: a version that was published late is as old as its upload.
pub(super) fn dated_stat(tree: BucketTree<'_>, key: &str, head: &Head) -> Stat {
    tree.cache.late_versions.dated(key, stat_of(tree, head))
}

/// Writes `key` by `send` if what stands there is `expected`. The caller has the turn to do so.
///
/// # Errors
/// What `send` says; [`Expected::refusal`] when something else stands there.
pub(super) fn write_expecting(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    (operation, key): (Operation, &str),
    expected: &Expected,
    send: impl Fn(&Precondition) -> Written,
) -> Written {
    debug_assert!(turn.is_on(key));
    write_where(tree, (operation, key), expected, send).map_err(|mut failure| {
        // Stores have two words for it.
        if matches!(failure.error.kind, ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists) {
            failure.error.kind = expected.refusal();
        }
        failure
    })
}

fn write_where(
    tree: BucketTree<'_>,
    (operation, key): (Operation, &str),
    expected: &Expected,
    send: impl Fn(&Precondition) -> Written,
) -> Written {
    // Nothing was sent yet.
    let unsent = |error| RequestFailure { error, tries: 0, in_doubt: false };
    let precondition = look_before(tree, (operation, key), expected).map_err(unsent)?;
    let failure = match send(&precondition) {
        Err(failure)
            if precondition != Precondition::None && is_refused_precondition(&failure.error) =>
        {
            failure
        }
        sent => return sent,
    };
    // If what was expected stands there still, nobody has replaced it, nor did a try of ours whose
    // answer was lost.
    if let Err(error) = look_before(tree, (operation, key), expected) {
        return Err(if failure.in_doubt { failure } else { unsent(error) });
    }
    if *expected == Expected::Nothing && !is_unknown_to_store(&failure.error) {
        // Something stood there and is gone again: what must not be replaced is not left to luck.
        return Err(failure);
    }
    log::info!("{}: the store is not asked to compare for an hour", failure.error);
    let trust = match precondition.is_of_absence() {
        true => &tree.bucket.exclusive_writes,
        false => &tree.bucket.conditional_writes,
    };
    trust.end();
    send(&Precondition::None)
}

fn look_before(
    tree: BucketTree<'_>,
    (operation, key): (Operation, &str),
    expected: &Expected,
) -> Result<Precondition> {
    if *expected == Expected::Anything {
        return Ok(Precondition::None);
    }
    let head = tree.objects.head(key)?;
    let file = match head.clone().map(|head| Standing::of(key, head)) {
        Some(Standing::File(head)) => Some(dated_stat(tree, key, &head)),
        _ => None,
    };
    if !expected.admits(file.as_ref()) {
        let error = StoreError::new(ErrorKind::PreconditionFailed, operation, key);
        return Err(error.with_source("the file was stored or changed meanwhile"));
    }
    Ok(match head {
        None if tree.bucket.exclusive_writes.is_given() => tree.account.absence.clone(),
        Some(head) if tree.bucket.conditional_writes.is_given() => {
            head.etag().map_or(Precondition::None, Precondition::Version)
        }
        _ => Precondition::None,
    })
}

/// Whether the store refused because of a precondition, or of the header that tells it.
fn is_refused_precondition(error: &StoreError) -> bool {
    matches!(error.kind, ErrorKind::PreconditionFailed | ErrorKind::AlreadyExists)
        || is_unknown_to_store(error)
}

/// Whether it does not know the header.
fn is_unknown_to_store(error: &StoreError) -> bool {
    error.kind == ErrorKind::Unsupported || error.status == Some(501)
}
