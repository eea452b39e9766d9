//! Files that come to stand under their names: in one request or from parts.

use time::OffsetDateTime;

use super::BucketTree;
use super::attributes;
use super::condition::{stat_of, write_expecting};
use super::markers::file_head;
use super::parked;
use super::room::{UploadKind, check_room_in_turn};
use super::tags;
use super::turn::turn_to_publish;
use crate::store::cos::object_terms::tags_in;
use crate::store::cos::objects::{Complete, Put};
use crate::store::key_locks::KeyLock;
use crate::store::{Body, Expected, Operation, PartReceipt, Result, Stat, Stored};

/// Stores an object in place of what is expected.
pub(crate) fn put(
    tree: BucketTree<'_>,
    key: &str,
    body: &Body<'_>,
    expected: &Expected,
) -> Result<Stored> {
    let operation = Operation::PutObject;
    let turn = turn_to_publish(tree, operation, key)?;
    check_room_in_turn(tree, &turn, key, UploadKind::Brief)?;
    let headers = attributes::for_write(tree, key, expected);
    let stored = write_expecting(tree, &turn, (operation, key), expected, |only| {
        tree.objects.put(&turn, Put { key, body, headers: &headers, only })
    })?;
    parked::drop_own(tree, key, expected);
    Ok(stored)
}

/// Puts an object together from its parts, in place of what is expected. `headers`: those that its
/// upload began with.
pub(crate) fn complete_upload(
    tree: BucketTree<'_>,
    key: &str,
    upload_id: &str,
    parts: &[PartReceipt],
    expected: &Expected,
    headers: &[(String, String)],
) -> Result<Stored> {
    let turn = turn_to_publish(tree, Operation::CompleteMultipartUpload, key)?;
    complete_in_turn(tree, &turn, (key, upload_id), parts, expected, headers)
}

/// The same for somebody who has the turn to change it.
pub(super) fn complete_in_turn(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    (key, upload_id): (&str, &str),
    parts: &[PartReceipt],
    expected: &Expected,
    headers: &[(String, String)],
) -> Result<Stored> {
    let operation = Operation::CompleteMultipartUpload;
    check_room_in_turn(tree, turn, key, UploadKind::Long)?;
    let late = late_version(tree, key, upload_id, expected)?.map(|late| Expected::Seen(Some(late)));
    let stands = late.as_ref().unwrap_or(expected);
    let stored = write_expecting(tree, turn, (operation, key), stands, |only| {
        tree.objects.complete_upload(turn, Complete { key, upload_id, parts, only })
    })?;
    if let (Some(begun), Some(etag)) = (expected.moment(), &stored.etag) {
        let now = tree.objects.plain().client.site().clock.now();
        tree.cache.late_versions.note(key, etag.clone(), begun, now);
    }
    parked::drop_own(tree, key, expected);
    tags::settle(tree, turn, key, &tags_in(headers), &tree.bucket.tags_in_parts);
    Ok(stored)
}

/// What this process has published under `key` after its time, of an upload that was begun before
/// the one with which somebody goes on as `upload_id`; and which may have come to stand there since
/// that one's client was told what it goes on with. Just that version is older and may be replaced.
fn late_version(
    tree: BucketTree<'_>,
    key: &str,
    upload_id: &str,
    expected: &Expected,
) -> Result<Option<Stat>> {
    let begun = match expected {
        Expected::Seen(_) => tree.cache.parked.taken_since(key, upload_id),
        Expected::SeenAt(_, begun) => Some(*begun),
        Expected::Anything | Expected::Nothing | Expected::NothingSince(_) => None,
    };
    begun.map_or(Ok(None), |begun| late_file(tree, key, begun))
}

/// What stands under `key`, if this process has published it after its time, of an upload that was
/// begun before `begun`. The store is asked only where there was one.
pub(crate) fn late_file(
    tree: BucketTree<'_>,
    key: &str,
    begun: OffsetDateTime,
) -> Result<Option<Stat>> {
    let versions = &tree.cache.late_versions;
    if !versions.has_older(key, begun) {
        return Ok(None);
    }
    let stands = file_head(tree, key)?.map(|head| stat_of(tree, &head));
    Ok(stands.filter(|stat| versions.is_older(key, stat, begun)))
}
