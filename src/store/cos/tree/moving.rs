//! A directory on its way from one prefix to another, which does not exist yet.
//!
//! Nothing is deleted under the old name before all of it stands under the new one; then each
//! object is looked at once more, and only what stands copied is deleted. Names stream from
//! listings to the threads that copy and delete, and are never held: neither for a directory of
//! millions nor to undo half of it, for which the same listing is read once more.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::BucketTree;
use super::copied::CopiedVersions;
use super::copy::{CopiedVersion, copy_version};
use super::copy_target::{CopyTarget, Replaces, check_length, check_target};
use super::emptied::{delete_emptied, delete_emptied_below};
use super::marker_copy::copy_marker;
use super::markers::{delete_legacy_markers, is_marker, put_new_marker, turn_for_marker};
use super::turn::turn_in_time;
use super::versions::{Likeness, delete_version, is_listed_copy, is_same_version, likeness};
use crate::store::cos::objects::below::KeyStream;
use crate::store::cos::objects::{Head, KeyEntry, Moment};
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// Objects of a directory that are copied or deleted at once: each costs two small requests that
/// mostly wait. With their connections' buffers they hold 4 MiB.
const COPIERS: usize = 16;

/// Versions of one object that the renaming runs after. What is stored again and again stays under
/// the old name.
const VERSIONS: u32 = 3;

/// How often the old name is looked through for what came meanwhile, and for markers that a store
/// kept as long as something lay below them.
const PASSES: u32 = 3;

/// Markers that are held back to be deleted behind what lies below them. A directory of more
/// subdirectories takes another pass on such a store: 1 MiB at worst.
const MARKERS: usize = 1000;

/// A directory and its new name.
pub(crate) struct Move<'a> {
    tree: BucketTree<'a>,
    from: &'a str,
    to: &'a str,
    /// When the new name was found to be free.
    begun: Moment,
    /// What was copied.
    copied: CopiedVersions,
}

/// What is to become of an object under the old name.
enum NextStep {
    /// It stands copied: delete it.
    Delete,
    /// It does not, but perhaps an earlier version does, which is to be replaced: copy it.
    Copy(Option<Head>),
    /// Somebody else's object stands under the new name: both stay.
    Leave,
}

/// What a listing shows under the new name.
#[derive(Clone, Debug)]
struct ListedCopy {
    entry: KeyEntry,
    /// When the store was asked.
    asked: Moment,
}

/// What became of an object under the old name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MoveOutcome {
    /// It was deleted.
    Deleted,
    /// Somebody else had deleted it.
    IsGone,
    /// It is stored anew again and again, or something else stands under the new name.
    Stays,
}

impl<'a> Move<'a> {
    /// Nothing stood below the prefix `to` at the moment `begun`.
    pub(crate) fn new(tree: BucketTree<'a>, from: &'a str, to: &'a str, begun: Moment) -> Self {
        Self { tree, from, to, begun, copied: CopiedVersions::default() }
    }

    /// Moves everything.
    ///
    /// # Errors
    /// [`ErrorKind::BrokenOff`], [`ErrorKind::BrokenOffForGood`] once something was copied.
    pub(crate) fn run(&self) -> Result<()> {
        self.place_marker()?;
        let copied = self.copy()?;
        let copied_by = self.tree.cache.own_changes.moment();
        let deleted = AtomicUsize::new(0);
        self.clear(copied_by, &deleted).map_err(|error| {
            let deleted = deleted.into_inner();
            let so_far = format!("copied {copied} objects, {deleted} deleted under the old name");
            self.broken_off(&error, so_far)
        })
    }

    /// Gives the new directory a marker: the old one's, if it has one. Listings may lag: without it
    /// the new directory could seem not to exist.
    fn place_marker(&self) -> Result<()> {
        let target = self.free(self.to, self.begun);
        match self.tree.objects.head(self.from)? {
            Some(head) => self.copy_seen(self.from, target, head).map(drop),
            None => {
                let turn = turn_for_marker(self.tree, self.to)?;
                check_target(self.tree, target)?;
                self.copied.doubt(self.to);
                put_new_marker(self.tree, &turn, self.to)
            }
        }
    }

    /// Copies everything, and answers how much that was; or removes again what was copied.
    fn copy(&self) -> Result<usize> {
        let copied = AtomicUsize::new(0);
        let mut sources = KeyStream::new(self.tree.objects, self.from);
        let next = || Ok(sources.next()?.map(|object| object.key));
        let outcome = self.tree.account.pool.share(COPIERS, next, |key: String| {
            let is_copied = self.copy_one(&key, self.free(&self.target(&key), self.begun))?;
            copied.fetch_add(usize::from(is_copied.is_some()), Ordering::Relaxed);
            Ok(())
        });
        let copied = copied.into_inner();
        let Err(error) = outcome else { return Ok(copied) };
        let removed = AtomicUsize::new(0);
        let undone = match sources.last() {
            Some(last) => self.remove_copies(last, &removed),
            None => Ok(()),
        };
        let undone = undone.and_then(|()| delete_emptied_below(self.tree, self.to));
        if let Err(error) = undone.and_then(|()| self.remove_copy(self.from).map(drop)) {
            log::warn!("copies are left behind below {:?}: {error}", self.to);
        }
        // Among those were some that a copy was only begun for.
        let removed = removed.into_inner().min(copied);
        Err(self.broken_off(&error, format!("copied {copied} objects, {removed} removed again")))
    }

    /// Copies one object and answers its version; `None` if somebody deleted it meanwhile.
    fn copy_one(&self, key: &str, target: CopyTarget<'_>) -> Result<Option<Head>> {
        let Some(head) = self.tree.objects.head(key)? else { return Ok(None) };
        match self.copy_seen(key, target, head) {
            Ok(version) => Ok(Some(version)),
            Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Copies what was seen as `key`, or what took its place since, and answers its version.
    fn copy_seen(&self, key: &str, target: CopyTarget<'_>, head: Head) -> Result<Head> {
        let copied = match is_marker(key, head.size) {
            true => copy_marker(self.tree, key, target, &head)
                .map(|()| CopiedVersion { original: head, etag: None }),
            false => copy_version(self.tree, key, target, head),
        };
        match &copied {
            Ok(copied) => self.copied.note(target.key, copied),
            Err(error) if error.in_doubt => self.copied.doubt(target.key),
            // Nothing was stored: what came first, or comes now, is no copy.
            Err(_) => {}
        }
        copied.map(|copied| copied.original)
    }

    /// Removes the copies of everything down to the key `last`, which was the last to be copied:
    /// the same keys, listed once more. Not simply all below the new prefix, where others may have
    /// begun to write.
    fn remove_copies(&self, last: &str, removed: &AtomicUsize) -> Result<()> {
        let mut sources = KeyStream::new(self.tree.objects, self.from);
        let next = || {
            // If that one is gone, the rest is looked at, too: what was not copied stays.
            let is_done = sources.last() == Some(last);
            let next = if is_done { None } else { sources.next()? };
            Ok(next.map(|object| object.key))
        };
        self.tree.account.pool.share(COPIERS, next, |key: String| {
            removed.fetch_add(usize::from(self.remove_copy(&key)?), Ordering::Relaxed);
            Ok(())
        })
    }

    /// Removes the copy of one object if it still is one, and the marker of the new directory if it
    /// is empty. Whether something was removed.
    fn remove_copy(&self, source: &str) -> Result<bool> {
        let target = self.target(source);
        if check_length(self.tree, &target).is_err() {
            // It was never copied, and some stores do not even look for such a key.
            return Ok(false);
        }
        let turn = turn_in_time(self.tree, Operation::DeleteObject, &[&target])?;
        let copy = match self.tree.objects.head(&target) {
            // What no request can name was never copied.
            Err(error) if error.kind == ErrorKind::BadName => None,
            found => found?,
        };
        let Some(copy) = copy else { return Ok(false) };
        if self.is_own_copy(source, &target, &copy)?
            && delete_version(self.tree, &turn, &target, &copy)?
        {
            return Ok(true);
        }
        log::warn!("{target:?} is not what was copied there, and stays");
        Ok(false)
    }

    fn is_own_copy(&self, source: &str, target: &str, copy: &Head) -> Result<bool> {
        if self.copied.holds(target, copy) {
            return Ok(true);
        }
        if !self.copied.doubts(target) {
            return Ok(false);
        }
        Ok(match self.tree.objects.head(source)? {
            Some(head) => matches!(likeness(&head, copy), Likeness::Same | Likeness::Probable),
            None => source == self.from && is_marker(target, copy.size),
        })
    }

    /// Deletes what stands under the old name and, as it is, under the new one too. Whatever came
    /// or changed while the rest was being copied is copied first.
    fn clear(&self, copied_by: Moment, deleted: &AtomicUsize) -> Result<()> {
        for pass in 1..=PASSES {
            let settle = |(key, listed): (String, Option<ListedCopy>)| {
                let settled = self.settle(&key, listed.as_ref(), copied_by)?;
                deleted.fetch_add(usize::from(settled == MoveOutcome::Deleted), Ordering::Relaxed);
                // Before, it may be gone yet.
                if settled == MoveOutcome::Stays && pass == PASSES {
                    warn_of_what_stays(&key);
                }
                Ok(())
            };
            if !self.pass(settle)? {
                break;
            }
        }
        delete_emptied_below(self.tree, self.from)?;
        match self.settle(self.from, None, copied_by)? {
            MoveOutcome::Deleted => {}
            MoveOutcome::IsGone => delete_emptied(self.tree, self.from)?,
            MoveOutcome::Stays => warn_of_what_stays(self.from),
        }
        delete_legacy_markers(self.tree, self.from)
    }

    /// Settles everything that is listed under the old name, directories last and the deepest of
    /// them first. Whether there was anything.
    fn pass(
        &self,
        settle: impl Fn((String, Option<ListedCopy>)) -> Result<()> + Sync,
    ) -> Result<bool> {
        let mut sources = KeyStream::new(self.tree.objects, self.from);
        let mut copies = KeyStream::new(self.tree.objects, self.to);
        let mut markers = Vec::new();
        let next = || {
            while let Some(source) = sources.next()? {
                let entry = copies.find(&self.target(&source.key))?;
                let copy = entry.map(|entry| ListedCopy { entry, asked: copies.asked() });
                if !is_marker(&source.key, source.size) || markers.len() == MARKERS {
                    return Ok(Some((source.key, copy)));
                }
                markers.push((source.key, copy));
            }
            Ok(None)
        };
        self.tree.account.pool.share(COPIERS, next, &settle)?;
        let depth = |(key, _): &(String, Option<ListedCopy>)| key.matches('/').count();
        markers.sort_by_key(|marker| Reverse(depth(marker)));
        for level in markers.chunk_by(|one, other| depth(one) == depth(other)) {
            let mut level = level.iter().cloned();
            self.tree.account.pool.share(COPIERS, || Ok(level.next()), &settle)?;
        }
        Ok(sources.last().is_some())
    }

    /// Deletes one object under the old name once it stands under the new one. `listed`: what a
    /// listing shows under the new name.
    fn settle(
        &self,
        key: &str,
        listed: Option<&ListedCopy>,
        copied_by: Moment,
    ) -> Result<MoveOutcome> {
        let (target, mut copied) = (self.target(key), None::<Head>);
        for _ in 0..VERSIONS {
            let turn = turn_in_time(self.tree, Operation::DeleteObject, &[key])?;
            let Some(head) = self.tree.objects.head(key)? else { return Ok(MoveOutcome::IsGone) };
            let next = match &copied {
                Some(copied) if is_same_version(copied, &head) => NextStep::Delete,
                _ => self.look(key, &head, &target, listed)?,
            };
            let replaced = match next {
                NextStep::Delete if delete_version(self.tree, &turn, key, &head)? => {
                    return Ok(MoveOutcome::Deleted);
                }
                NextStep::Delete => continue,
                NextStep::Leave => break,
                NextStep::Copy(replaced) => replaced,
            };
            // Whoever has a turn waits for no other.
            drop(turn);
            let free = self.free(&target, copied_by);
            let over = |seen| CopyTarget { replaces: Replaces::Version(seen), ..free };
            match self.copy_one(key, replaced.as_ref().map_or(free, over)) {
                Ok(Some(version)) => copied = Some(version),
                Ok(None) => return Ok(MoveOutcome::IsGone),
                Err(error) if error.kind == ErrorKind::AlreadyExists => break,
                Err(error) => return Err(error),
            }
        }
        Ok(MoveOutcome::Stays)
    }

    /// Compares the object `key` with what stands under its new name.
    fn look(
        &self,
        key: &str,
        head: &Head,
        target: &str,
        listed: Option<&ListedCopy>,
    ) -> Result<NextStep> {
        let memory = self.tree.cache;
        if let Some(ListedCopy { entry, asked }) = listed
            && is_listed_copy(head, entry)
            && !memory.changed_since(target, *asked)
        {
            return Ok(NextStep::Delete);
        }
        let Some(copy) = self.tree.objects.head(target)? else { return Ok(NextStep::Copy(None)) };
        if self.copied.holds_copy_of(target, &copy, head) {
            return Ok(NextStep::Delete);
        }
        let is_unchanged = || self.copied.doubts(target) && !memory.changed_since(key, self.begun);
        Ok(match likeness(head, &copy) {
            Likeness::Same => NextStep::Delete,
            // That of an earlier version.
            _ if self.copied.holds(target, &copy) => NextStep::Copy(Some(copy)),
            Likeness::Probable if is_unchanged() => NextStep::Delete,
            Likeness::Probable | Likeness::Older | Likeness::Newer => NextStep::Leave,
        })
    }

    fn target(&self, key: &str) -> String {
        format!("{}{}", self.to, &key[self.from.len()..])
    }

    /// A key under the new name where nobody else should have stored anything since.
    fn free<'k>(&self, key: &'k str, since: Moment) -> CopyTarget<'k> {
        CopyTarget { key, replaces: Replaces::NothingSince(since) }
    }

    /// The failure of a renaming that was begun, with what is to be told about it. Its cause is for
    /// the log, which is told here.
    fn broken_off(&self, cause: &StoreError, so_far: String) -> StoreError {
        log::error!("renaming {:?} to {:?} broke off, {so_far}: {cause}", self.from, self.to);
        let kind = match cause.kind {
            ErrorKind::AlreadyExists
            | ErrorKind::AccessDenied
            | ErrorKind::Archived
            | ErrorKind::AttributesRefused
            | ErrorKind::BadName
            | ErrorKind::NoSuchBucket
            | ErrorKind::TooLarge
            | ErrorKind::Unsupported => ErrorKind::BrokenOffForGood,
            _ => ErrorKind::BrokenOff,
        };
        let why = match cause.kind {
            ErrorKind::Archived => "; a file in it is archived and must be restored first",
            _ => "",
        };
        let error = StoreError::new(kind, Operation::CopyObject, self.from);
        let (code, request_id) = (cause.code.clone(), cause.request_id.clone());
        StoreError { code, request_id, ..error.with_source(so_far + why) }
    }
}

fn warn_of_what_stays(key: &str) {
    log::warn!("{key:?} stays: it was stored anew while its directory was renamed");
}
