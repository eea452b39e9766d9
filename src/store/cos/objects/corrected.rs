//! A page of keys that was corrected by what we changed, where the store says that this is so.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use time::OffsetDateTime;

use super::KeyEntry;
use super::note::{Note, bare};
use super::span::Span;
use crate::store::{ErrorKind, Result};

/// A page of keys with our changes in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Corrected {
    /// By their keys.
    pub(crate) objects: BTreeMap<String, KeyEntry>,
    /// Directories, each ending in `/`.
    pub(crate) prefixes: BTreeSet<String>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
    /// The part of the listing that it is.
    pub(crate) span: Span,
    /// Notes that it shows to be known to listings, or to be outdated.
    pub(crate) settled: BTreeMap<String, Note>,
    /// Those that it does not.
    pub(crate) open: BTreeMap<String, Note>,
}

/// Who knows what stands in the bucket, whatever listings say.
pub(crate) trait Truth {
    /// The object under a key.
    fn object(&self, key: &str) -> Result<Option<KeyEntry>>;

    /// Whether a directory with this prefix stands: its marker, or anything in it.
    fn has_directory(&self, prefix: &str) -> Result<bool>;
}

/// What the page and a note disagree about.
#[derive(Debug)]
pub(crate) struct Doubt {
    /// Where it would show.
    pub(crate) of: Item,
    /// What we changed.
    pub(crate) key: String,
    /// How.
    pub(crate) note: Note,
    /// Whether the change is older than the page: else the page may be older than the change, and
    /// that is all.
    pub(crate) is_before: bool,
}

/// Where a doubtful key would show on a page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Item {
    /// As itself.
    Object,
    /// In this directory, which is not listed.
    Missing(String),
    /// As this directory, which is listed although we deleted its marker.
    Unmarked(String),
}

/// What the store said about a doubt.
pub(crate) enum DoubtSettled {
    /// Somebody else has changed it since.
    ListingIsRight,
    /// And this stands there.
    ListingLags(Option<KeyEntry>),
}

impl Corrected {
    /// Whether the page is to be believed about an object that we changed, and if so, whether it
    /// shows that change or a later one.
    pub(crate) fn believes(&self, key: &str, note: &Note) -> Option<bool> {
        let listed = self.objects.get(key);
        if note.describes(listed) {
            return Some(note.is_shown_by_agreement());
        }
        listed.is_some_and(|object| note.is_outdated_by(object)).then_some(true)
    }

    /// Whether other notes have decided the matter: about a directory that something of ours lies
    /// in.
    pub(crate) fn answers(&self, doubt: &Doubt) -> bool {
        match &doubt.of {
            Item::Object => false,
            Item::Missing(prefix) => self.prefixes.contains(prefix),
            Item::Unmarked(prefix) => {
                let notes =
                    self.open.range::<str, _>((Bound::Included(&**prefix), Bound::Unbounded));
                let mut below = notes.take_while(|(key, _)| key.starts_with(prefix));
                below.any(|(_, note)| !note.is_deletion())
            }
        }
    }

    /// Asks the store about a doubt.
    pub(crate) fn look(
        &self,
        doubt: &Doubt,
        truth: &(impl Truth + ?Sized),
    ) -> Result<DoubtSettled> {
        if let Item::Unmarked(prefix) = &doubt.of {
            return Ok(match truth.has_directory(prefix)? {
                true => DoubtSettled::ListingIsRight,
                false => DoubtSettled::ListingLags(None),
            });
        }
        let now = match truth.object(&doubt.key) {
            // Who may list but not read is told what we know.
            Err(error) if error.kind == ErrorKind::AccessDenied => doubt.note.entry(&doubt.key),
            told => told?,
        };
        Ok(match is_same(now.as_ref(), self.objects.get(&doubt.key)) {
            true => DoubtSettled::ListingIsRight,
            false => DoubtSettled::ListingLags(now),
        })
    }

    /// Takes over what was found.
    pub(crate) fn settle(&mut self, doubt: Doubt, finding: DoubtSettled) {
        let DoubtSettled::ListingLags(now) = finding else {
            return self.close(doubt.key, doubt.note, true);
        };
        // What stands there may be another's, of which the listing does not know either.
        let is_outdated = !doubt.note.describes(now.as_ref());
        self.show(&doubt, now);
        self.close(doubt.key, doubt.note, is_outdated);
    }

    /// Shows what we changed as we left it.
    pub(crate) fn show_ours(&mut self, doubt: Doubt) {
        self.show(&doubt, doubt.note.entry(&doubt.key));
        self.close(doubt.key, doubt.note, false);
    }

    fn show(&mut self, doubt: &Doubt, object: Option<KeyEntry>) {
        match (&doubt.of, object) {
            (Item::Object, Some(object)) => drop(self.objects.insert(doubt.key.clone(), object)),
            (Item::Object, None) => drop(self.objects.remove(&doubt.key)),
            (Item::Missing(prefix), Some(_)) => drop(self.prefixes.insert(prefix.clone())),
            (Item::Missing(_), None) | (Item::Unmarked(_), Some(_)) => {}
            (Item::Unmarked(prefix), None) => drop(self.prefixes.remove(prefix)),
        }
    }

    /// Puts away a note that is dealt with: settled, if listings need it no more.
    pub(crate) fn close(&mut self, key: String, note: Note, is_settled: bool) {
        let notes = if is_settled { &mut self.settled } else { &mut self.open };
        notes.insert(key, note);
    }
}

/// Whether what the store says of an object is what the listing says.
fn is_same(now: Option<&KeyEntry>, listed: Option<&KeyEntry>) -> bool {
    let (Some(now), Some(listed)) = (now, listed) else {
        return now.is_none() && listed.is_none();
    };
    match (&now.etag, &listed.etag) {
        (Some(now), Some(listed)) => bare(now) == bare(listed),
        // Without versions: only a header tells whole seconds.
        _ => {
            let second = |object: &KeyEntry| object.modified.map(OffsetDateTime::unix_timestamp);
            now.size == listed.size && second(now) == second(listed)
        }
    }
}
