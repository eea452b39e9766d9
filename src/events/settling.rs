//! Intents of which nobody knows what became of them, after a crash or a store that did not answer:
//! what stands in the store tells.

use std::sync::Arc;

use time::OffsetDateTime;

use super::line::IntentLine;
use super::options::EventKind;
use crate::limits;
use crate::store::{ErrorKind, Freshness, ObjectStore, Result, Stat};
use crate::vfs::FtpPath;

/// How much older than an intent what it made may look: stores tell whole seconds, and their clock
/// is known about as well.
const CLOCK_SLACK: i64 = 2;

/// What has become of an intent.
#[derive(Debug, PartialEq)]
pub(super) enum Settlement {
    /// It is done. The version that stands there, if it is a file.
    Done(Option<Stat>),
    /// Nothing of it is to be seen.
    Nothing,
    /// Nobody serves what it is about any more.
    Nowhere,
}

/// Looks what has become of `intent` in one of `stores`.
///
/// # Errors
/// What the store said.
pub(super) fn look(intent: &IntentLine, stores: &[Arc<dyn ObjectStore>]) -> Result<Settlement> {
    let event = &intent.event;
    let mut finding = Settlement::Nowhere;
    for store in stores {
        let Some(path) = path_in(&**store, &event.bucket, &event.key) else { continue };
        let from = event.from_key.as_deref().and_then(|key| match &event.from_bucket {
            None => place_in(store, &event.bucket, key),
            Some(bucket) => stores.iter().find_map(|store| place_in(store, bucket, key)),
        });
        finding = look_in(intent, &**store, &path, from)?;
        break;
    }
    Ok(finding)
}

/// What an object of this key is called in `store`, if it is a part of it.
pub(super) fn path_in(store: &dyn ObjectStore, bucket: &str, key: &str) -> Option<FtpPath> {
    let root = store.place_of(&FtpPath::root());
    let rest = key.strip_prefix(&root.key).filter(|_| root.bucket == bucket)?;
    FtpPath::root().join(&format!("/{rest}")).ok().filter(|path| path.key() == rest)
}

/// The same, with the store.
fn place_in<'s>(
    store: &'s Arc<dyn ObjectStore>,
    bucket: &str,
    key: &str,
) -> Option<(&'s dyn ObjectStore, FtpPath)> {
    Some((&**store, path_in(&**store, bucket, key)?))
}

/// `from`: where it stood before, of a rename.
fn look_in(
    intent: &IntentLine,
    store: &dyn ObjectStore,
    path: &FtpPath,
    from: Option<(&dyn ObjectStore, FtpPath)>,
) -> Result<Settlement> {
    let found = match (intent.event.kind, from) {
        (EventKind::Upload | EventKind::UploadPartial, _) => {
            store.find_file(path)?.filter(|stat| is_meant(intent, stat)).map(Some)
        }
        (EventKind::Rename, Some((other, from))) if intent.is_directory => {
            let is_moved = is_directory(store, path)? && !is_directory(other, &from)?;
            is_moved.then_some(None)
        }
        (EventKind::Rename, Some((other, from))) => {
            let there = store.find_file(path)?;
            let is_gone = there.is_some() && other.find_file(&from)?.is_none();
            // One of which both names stand was killed before its end; what has come to stand under
            // the new one is a file that was stored.
            there.filter(|stat| is_gone || is_meant(intent, stat)).map(Some)
        }
        (EventKind::Delete, _) => store.find_file(path)?.is_none().then_some(None),
        (EventKind::Rename | EventKind::Parked | EventKind::Download | EventKind::Infected, _) => {
            None
        }
    };
    Ok(found.map_or(Settlement::Nothing, Settlement::Done))
}

/// Whether a file is the one that was to be stored, and no older one.
fn is_meant(intent: &IntentLine, stat: &Stat) -> bool {
    let is_as_large = intent.event.size.is_none_or(|size| size == stat.metadata.size);
    let modified = stat.metadata.modified.map(OffsetDateTime::unix_timestamp);
    is_as_large && modified.is_none_or(|modified| modified + CLOCK_SLACK >= intent.since)
}

fn is_directory(store: &dyn ObjectStore, path: &FtpPath) -> Result<bool> {
    match store.stat(path, Freshness::Now) {
        Ok(stat) => Ok(stat.metadata.is_directory()),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the store has been asked for long enough: what it does not show then has come to
/// nothing. `since`: seconds since 1970.
pub(super) fn is_past_doubt(since: i64) -> bool {
    let age = OffsetDateTime::now_utc().unix_timestamp() - since;
    u64::try_from(age).is_ok_and(|age| age >= limits::EVENT_DOUBT.as_secs())
}
