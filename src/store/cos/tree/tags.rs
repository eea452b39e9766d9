//! Tags of objects. A store takes them with the request that stores an object; some (Ceph 16) take
//! them and forget them, in an upload in parts and in a copy that replaces metadata. What a bucket
//! does shows in the first such object, by one more look at it; where tags are forgotten they are
//! set by a request of their own.

use super::BucketTree;
use crate::store::cos::object_terms::encode_tags;
use crate::store::cos::objects::Head;
use crate::store::cos::objects::tag_habit::TagHabit;
use crate::store::key_locks::KeyLock;
use crate::store::{ErrorKind, Result};

/// Names and values.
pub(super) type Tags = Vec<(String, String)>;

/// The tags of the object `head`, which are asked for if HEAD says that it has some.
pub(super) fn tags_of(tree: BucketTree<'_>, key: &str, head: &Head) -> Result<Tags> {
    match head.tag_count() {
        None | Some(0) => Ok(Tags::new()),
        Some(_) => tree.objects.tags(key),
    }
}

/// The header of tags, if there are any.
pub(super) fn tagging(tree: BucketTree<'_>, tags: &Tags) -> Option<(String, String)> {
    let header = || (tree.account.terms.names.of("tagging"), encode_tags(tags));
    (!tags.is_empty()).then(header)
}

/// Looks that the object that was just stored under `key` has its `tags`, and sets them where the
/// bucket forgets them. What fails is logged: the object stands.
pub(super) fn settle(
    tree: BucketTree<'_>,
    turn: &KeyLock,
    key: &str,
    tags: &[(String, String)],
    habit: &TagHabit,
) {
    debug_assert!(turn.is_on(key));
    if tags.is_empty() || habit.keeps() {
        return;
    }
    let settled = learn(tree, key, tags, habit).and_then(|()| match habit.keeps() {
        true => Ok(()),
        false => tree.objects.put_tags(turn, key, tags),
    });
    if let Err(error) = settled {
        log::error!("{key:?} is stored, its tags may be missing: {error}");
    }
}

/// Finds out what the bucket does, if that is not known.
fn learn(
    tree: BucketTree<'_>,
    key: &str,
    tags: &[(String, String)],
    habit: &TagHabit,
) -> Result<()> {
    if !habit.is_unknown() {
        return Ok(());
    }
    // Who stored another object meanwhile will tell.
    let Some(head) = tree.objects.head(key)? else { return Ok(()) };
    // Where HEAD does not count them there are none, or the store never does.
    let asked = head.tag_count().map_or_else(|| tree.objects.tags(key).map(|tags| tags.len()), Ok);
    let kept = match asked {
        Ok(count) => count,
        Err(error) if matches!(error.kind, ErrorKind::AccessDenied | ErrorKind::Unsupported) => {
            log::info!("{error}: tags are taken to be kept as they were sent");
            tags.len()
        }
        Err(error) => return Err(error),
    };
    habit.note(tags.len(), kept);
    if !habit.keeps() {
        log::info!("the store forgets tags that come with {key:?}: they are set afterwards");
    }
    Ok(())
}
