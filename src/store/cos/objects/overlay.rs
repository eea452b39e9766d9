//! Our own recent changes, held against what a listing says: it may lag.
//!
//! A listing is believed wherever it agrees with our notes, or shows what is certainly newer than
//! them. Where the two differ, either the listing lags or somebody else has changed the object
//! since: the store is asked about the object itself, which never lags. So on a store that lists
//! what was just written nothing of this ever costs a request, but for the rare change of somebody
//! else that comes within [two seconds](super::note) of ours.

use std::collections::BTreeMap;

use super::KeyPage;
use super::Window;
use super::corrected::{Corrected, Doubt, DoubtSettled, Item, Truth};
use super::note::Note;
use super::own_changes::Moment;
use super::span::Span;
use crate::store::Result;

/// Objects of one page that the store is asked about. Where all of them show that the listing
/// lags, it is believed to lag in the rest as well; else it is believed.
const LOOKS: usize = 8;

/// A page of keys beside our notes, before anybody was asked.
#[derive(Debug)]
pub(crate) struct Overlay {
    page: Corrected,
    doubts: Vec<Doubt>,
}

impl Overlay {
    /// Holds a page that was asked for at `asked` against `notes`. What lies deeper than
    /// `directory`, if one is given, was folded into prefixes.
    pub(crate) fn new(
        window: Window<'_>,
        directory: Option<&str>,
        page: KeyPage,
        notes: BTreeMap<String, Note>,
        asked: Moment,
    ) -> Self {
        let span = Span::of(window, &page);
        let objects = page.objects.into_iter().map(|object| (object.key.clone(), object)).collect();
        let prefixes = page.prefixes.into_iter().collect();
        let page = Corrected { objects, prefixes, next: page.next, span, ..Corrected::default() };
        let mut overlay = Self { page, doubts: Vec::new() };
        for (key, note) in notes {
            let prefix = directory.and_then(|directory| prefix_of(directory, &key));
            if overlay.concerns(&key, prefix) {
                let prefix = prefix.map(str::to_owned);
                overlay.hold_against(key, prefix, note, asked);
            } else {
                overlay.page.close(key, note, false);
            }
        }
        overlay.doubts = each_item_first(overlay.doubts);
        overlay
    }

    /// Whether the page shows such an object, whatever the store would say about the doubts.
    pub(crate) fn is_certain(&self, is_it: impl Fn(&str) -> bool) -> bool {
        let mut objects = self.page.objects.keys().filter(|key| is_it(key));
        objects.any(|key| !self.doubts.iter().any(|doubt| doubt.key == *key))
    }

    /// Asks about what is in doubt, [`LOOKS`] times at most, and corrects the page by it.
    pub(crate) fn resolve(self, truth: &(impl Truth + ?Sized)) -> Result<Corrected> {
        let Self { mut page, doubts } = self;
        let (mut looks, mut right, mut rest) = (0, 0, Vec::new());
        for doubt in doubts {
            if page.answers(&doubt) {
                page.close(doubt.key, doubt.note, false);
            } else if !doubt.is_before {
                page.show_ours(doubt);
            } else if looks == LOOKS {
                rest.push(doubt);
            } else {
                looks += 1;
                let finding = page.look(&doubt, truth)?;
                right += usize::from(matches!(finding, DoubtSettled::ListingIsRight));
                page.settle(doubt, finding);
            }
        }
        for doubt in rest {
            match right {
                0 => page.show_ours(doubt),
                _ => page.close(doubt.key, doubt.note, right == looks),
            }
        }
        Ok(page)
    }

    /// Whether a change of `key`, which is folded into `prefix` if there is one, is for this page
    /// to show: what it shows is, in whatever order the store lists; what it does not is where it
    /// would.
    fn concerns(&self, key: &str, prefix: Option<&str>) -> bool {
        let is_shown = match prefix {
            Some(prefix) => self.page.prefixes.contains(prefix),
            None => self.page.objects.contains_key(key),
        };
        is_shown || self.page.span.covers(prefix.unwrap_or(key))
    }

    fn hold_against(&mut self, key: String, prefix: Option<String>, note: Note, asked: Moment) {
        let is_before = asked.is_after(&note);
        let Some(prefix) = prefix else {
            return match self.page.believes(&key, &note) {
                Some(is_shown) => self.page.close(key, note, is_before && is_shown),
                None => self.doubts.push(Doubt { of: Item::Object, key, note, is_before }),
            };
        };
        let of = match (note.is_deletion(), self.page.prefixes.contains(&prefix)) {
            (false, false) => Item::Missing(prefix),
            (true, true) if key == prefix => Item::Unmarked(prefix),
            // Something else may keep the directory.
            (_, true) => return self.page.close(key, note, false),
            (true, false) => {
                let is_shown = is_before && note.is_shown_by_agreement();
                return self.page.close(key, note, is_shown);
            }
        };
        self.doubts.push(Doubt { of, key, note, is_before });
    }
}

/// The directory below `directory` that a listing folds `key` into, if it does.
fn prefix_of<'a>(directory: &str, key: &'a str) -> Option<&'a str> {
    let at = key[directory.len()..].find('/')?;
    Some(&key[..=directory.len() + at])
}

/// The same doubts, where the first about each directory comes before the second about any: one
/// object that stands decides for its directory.
fn each_item_first(doubts: Vec<Doubt>) -> Vec<Doubt> {
    let mut rounds: Vec<(usize, Doubt)> = Vec::new();
    for doubt in doubts {
        let round = match rounds.last() {
            Some((round, last)) if doubt.of != Item::Object && last.of == doubt.of => round + 1,
            _ => 0,
        };
        rounds.push((round, doubt));
    }
    rounds.sort_by_key(|(round, _)| *round);
    rounds.into_iter().map(|(_, doubt)| doubt).collect()
}

#[cfg(test)]
mod tests;
