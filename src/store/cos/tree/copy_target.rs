//! What something is copied to, and what it may replace there.

use super::BucketTree;
use super::condition::stat_of;
use super::versions::is_same_version;
use crate::store::cos::objects::{Head, Moment, Precondition};
use crate::store::{ErrorKind, Expected, Operation, Result, Stat, StoreError};

/// The key that something is copied to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CopyTarget<'a> {
    /// The key.
    pub(crate) key: &'a str,
    /// What the copy believes to replace there.
    pub(crate) replaces: Replaces<'a>,
}

/// What a copy may replace.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Replaces<'a> {
    /// Whatever stands there.
    Anything,
    /// Nothing, whoever stored it and when: the store itself is to refuse to.
    Nothing,
    /// What was seen there, or nothing.
    Seen(&'a Stat),
    /// Nothing that came after this moment, as far as this process changed it.
    NothingSince(Moment),
    /// This version, or nothing.
    Version(&'a Head),
    /// What is copied: this version of it and no other.
    Itself(&'a Head),
}

impl Replaces<'_> {
    /// What is compared when a copy is published that is an upload.
    pub(super) fn expected(self, tree: BucketTree<'_>) -> Expected {
        match self {
            Self::Itself(head) => Expected::Seen(Some(stat_of(tree, head))),
            Self::Nothing => Expected::Nothing,
            Self::Seen(seen) => Expected::Seen(Some(seen.clone())),
            _ => Expected::Anything,
        }
    }
}

/// Whether a copy may be called so.
///
/// # Errors
/// [`ErrorKind::BadName`] when the store takes no key as long.
pub(crate) fn check_length(tree: BucketTree<'_>, key: &str) -> Result<()> {
    match tree.account.keys.have_room_for(key) {
        true => Ok(()),
        false => Err(StoreError::new(ErrorKind::BadName, Operation::CopyObject, key)),
    }
}

/// Looks whether the target is as the copy believes, for somebody who has the turn to change it.
/// What this process may have changed is asked of the store.
///
/// # Errors
/// [`ErrorKind::AlreadyExists`].
pub(crate) fn check_target(tree: BucketTree<'_>, target: CopyTarget<'_>) -> Result<()> {
    let is_seen = |there: &Head| match target.replaces {
        Replaces::Version(seen) => is_same_version(seen, there),
        Replaces::Seen(seen) => seen.is_same_version(&stat_of(tree, there)),
        _ => false,
    };
    match target.replaces {
        // The store compares the version that is copied.
        Replaces::Anything | Replaces::Itself(_) => return Ok(()),
        Replaces::NothingSince(moment) => {
            if !tree.cache.own_changes.changed_since(target.key, moment) {
                return Ok(());
            }
        }
        Replaces::Nothing | Replaces::Seen(_) | Replaces::Version(_) => {}
    }
    if tree.objects.head(target.key)?.as_ref().is_none_or(is_seen) {
        return Ok(());
    }
    Err(StoreError::new(ErrorKind::AlreadyExists, Operation::CopyObject, target.key))
}

/// By what the store itself leaves what stands under the target.
pub(super) fn condition(tree: BucketTree<'_>, target: CopyTarget<'_>) -> Precondition {
    match target.replaces {
        Replaces::Nothing if tree.bucket.exclusive_copies.is_given() => {
            tree.account.absence.clone()
        }
        _ => Precondition::None,
    }
}
