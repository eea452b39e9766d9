//! What a write believes to replace. The store compares it with what stands there right before it
//! publishes, so that nobody's newer file is replaced unseen.

use time::{Duration, OffsetDateTime};

use super::{ErrorKind, Stat};

/// How much older than the beginning of a write a file must be to have stood there before it:
/// stores tell whole seconds, and their clock may differ a little from what we know of it.
pub(super) const CLOCK_SLACK: Duration = Duration::seconds(2);

/// What may stand under a name for a write to be published there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Anything: the last writer wins, as on a disk.
    Anything,
    /// Nothing, as what stands there must stay: the store itself is to refuse whatever would
    /// replace it, and a write that cannot be published fails by [`ErrorKind::AlreadyExists`].
    Nothing,
    /// Just the version that was seen there, or nothing if nothing was. What is written keeps the
    /// [`Stat::attributes`] of the version.
    Seen(Option<Stat>),
    /// Nothing that came after this moment, by the store's clock. For a write whose name nobody has
    /// looked at; what came within two seconds of the moment counts as newer.
    NothingSince(OffsetDateTime),
    /// The same, where what stood there was seen after the moment: that version, or nothing.
    /// Some stores date an object by the beginning of its upload (Amazon S3, those made of parts),
    /// and what came since may look older.
    SeenAt(Option<Stat>, OffsetDateTime),
}

impl Expected {
    /// Whether a write may be published while `found` stands under its name.
    pub fn admits(&self, found: Option<&Stat>) -> bool {
        match self {
            Self::Anything => true,
            Self::Nothing => found.is_none(),
            Self::Seen(seen) => match (seen, found) {
                (Some(seen), Some(found)) => seen.is_same_version(found),
                (seen, found) => seen.is_none() && found.is_none(),
            },
            Self::NothingSince(moment) => found.is_none_or(|found| came_before(found, *moment)),
            Self::SeenAt(seen, moment) => found.is_none_or(|found| {
                let is_it = seen.as_ref().is_some_and(|seen| seen.is_same_version(found));
                is_it && came_before(found, *moment)
            }),
        }
    }

    /// The moment since which nothing may have come, where that is what counts.
    pub fn moment(&self) -> Option<OffsetDateTime> {
        match self {
            Self::Anything | Self::Nothing | Self::Seen(_) => None,
            Self::NothingSince(moment) | Self::SeenAt(_, moment) => Some(*moment),
        }
    }

    /// What a write fails by that is not admitted.
    pub fn refusal(&self) -> ErrorKind {
        match self {
            Self::Nothing => ErrorKind::AlreadyExists,
            Self::Anything | Self::Seen(_) | Self::NothingSince(_) | Self::SeenAt(..) => {
                ErrorKind::PreconditionFailed
            }
        }
    }
}

/// Whether a file stood there before `moment` for certain, as far as its date tells.
fn came_before(found: &Stat, moment: OffsetDateTime) -> bool {
    found.stored.is_some_and(|stored| stored + CLOCK_SLACK <= moment)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::store::ETag;
    use crate::vfs::Metadata;

    const NOON: OffsetDateTime = datetime!(2026-01-02 12:00 UTC);

    fn file(size: u64, modified: OffsetDateTime, etag: &str) -> Stat {
        Stat::new(Metadata::file(size, Some(modified)), Some(ETag(etag.to_owned())))
    }

    #[test]
    fn only_what_was_seen_may_be_replaced() {
        let seen = file(3, NOON, "a");
        for (found, admitted) in [
            (Some(file(3, NOON, "a")), true),
            (Some(file(3, NOON, "b")), false),
            (Some(file(4, NOON, "a")), false),
            (Some(file(3, NOON + Duration::seconds(1), "a")), false),
            (None, false),
        ] {
            assert_eq!(Expected::Seen(Some(seen.clone())).admits(found.as_ref()), admitted);
            assert!(Expected::Anything.admits(found.as_ref()));
        }
        for nothing in [Expected::Seen(None), Expected::Nothing] {
            assert!(nothing.admits(None) && !nothing.admits(Some(&seen)));
        }
    }

    #[test]
    fn what_may_have_come_since_is_not_replaced() {
        let since = Expected::NothingSince(NOON);
        for (before, admitted) in [(3, true), (2, true), (1, false), (0, false), (-1, false)] {
            let found = file(3, NOON - Duration::seconds(before), "a");
            assert_eq!(since.admits(Some(&found)), admitted, "{before} s before");
        }
        let undated = Stat::new(Metadata::file(3, None), None);
        assert!(since.admits(None) && !since.admits(Some(&undated)));
    }

    #[test]
    fn what_looks_old_and_was_not_seen_is_not_replaced() {
        let old = file(3, NOON - Duration::HOUR, "a");
        let other = file(3, NOON - Duration::HOUR, "b");
        for (seen, found, admitted) in [
            (Some(&old), Some(&old), true),
            (Some(&old), Some(&other), false),
            (None, Some(&other), false),
            (Some(&old), None, true),
            (None, None, true),
        ] {
            let expected = Expected::SeenAt(seen.cloned(), NOON);
            assert_eq!(expected.admits(found), admitted, "{seen:?} {found:?}");
        }
        let new = file(3, NOON, "a");
        assert!(!Expected::SeenAt(Some(new.clone()), NOON).admits(Some(&new)));
    }
}
