//! What is not told yet: intents whose end is open, and events, those of one file in their order.
//! Of each only where its line stands; so a long queue takes little memory.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use super::record::Event;
use super::segments::LinePlace;

/// An intent or an event that waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct PendingLine {
    pub(super) number: u64,
    pub(super) place: LinePlace,
    /// Since when, seconds since 1970.
    pub(super) since: i64,
    /// How often it was tried in vain.
    pub(super) tries: u32,
}

/// What an event is about, as far as its order matters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subjects {
    /// The object, and the one it was before, by their hashes.
    keys: [u64; 2],
    /// A directory: whatever lies below it is told before, or after.
    is_directory: bool,
}

/// All that waits.
#[derive(Debug, Default)]
pub(super) struct WaitingEvents {
    intents: BTreeMap<u64, PendingLine>,
    /// Intents that nobody is at any more, and when each is to be looked after.
    loose: BTreeSet<(Instant, u64)>,
    events: BTreeMap<u64, (PendingLine, Subjects)>,
    /// Events before which none of their files is to be told of, and when each is to be tried.
    ready: BTreeSet<(Instant, u64)>,
    /// Events of each object.
    chains: HashMap<u64, VecDeque<u64>>,
    /// Events of directories.
    directories: BTreeSet<u64>,
}

impl Subjects {
    pub(super) fn of(event: &Event, is_directory: bool) -> Self {
        let hash = |bucket: &str, key: &str| {
            let mut hasher = DefaultHasher::new();
            (bucket, key).hash(&mut hasher);
            hasher.finish()
        };
        let key = hash(&event.bucket, &event.key);
        let from_bucket = event.from_bucket.as_ref().unwrap_or(&event.bucket);
        let from = event.from_key.as_deref().map_or(key, |from| hash(from_bucket, from));
        let keys = [key, from];
        Self { keys, is_directory }
    }

    /// Each once.
    fn distinct(&self) -> &[u64] {
        let [one, other] = self.keys;
        if one == other { &self.keys[..1] } else { &self.keys }
    }
}

impl WaitingEvents {
    /// Intents and events.
    pub(super) fn count(&self) -> usize {
        self.intents.len() + self.events.len()
    }

    /// Since when the oldest waits, seconds since 1970. An intent counts when nobody is at it.
    pub(super) fn oldest(&self) -> Option<i64> {
        let event = self.events.first_key_value().map(|(_, (pending, _))| pending.since);
        let intents = self.loose.iter().filter_map(|(_, number)| self.intents.get(number));
        event.into_iter().chain(intents.map(|pending| pending.since)).min()
    }

    /// An intent that somebody is at.
    pub(super) fn add_intent(&mut self, number: u64, place: LinePlace, since: i64) {
        self.intents.insert(number, PendingLine { number, place, since, tries: 0 });
    }

    /// From this moment on nobody knows what becomes of the intent.
    pub(super) fn doubt(&mut self, number: u64, since: i64) {
        if let Some(pending) = self.intents.get_mut(&number) {
            pending.since = since;
        }
    }

    /// Nobody is at the intent any more: it is looked after at `when`.
    pub(super) fn let_go(&mut self, number: u64, when: Instant) {
        if self.intents.contains_key(&number) {
            self.loose.insert((when, number));
        }
    }

    /// Lets go of all of them.
    pub(super) fn let_all_go(&mut self, when: Instant) {
        self.loose.extend(self.intents.keys().map(|number| (when, *number)));
    }

    /// The first that is to be looked after now; or when the next is, if there is one.
    pub(super) fn take_loose(&mut self, now: Instant) -> Result<PendingLine, Option<Instant>> {
        let Some((when, number)) = self.loose.first().copied() else { return Err(None) };
        if when > now {
            return Err(Some(when));
        }
        self.loose.remove(&(when, number));
        match self.intents.get_mut(&number) {
            Some(pending) => {
                pending.tries += 1;
                Ok(*pending)
            }
            None => Err(Some(now)),
        }
    }

    /// It has ended.
    pub(super) fn remove_intent(&mut self, number: u64) -> Option<PendingLine> {
        self.intents.remove(&number)
    }

    /// An event, behind all others.
    pub(super) fn add_event(&mut self, pending: PendingLine, subjects: Subjects, now: Instant) {
        let number = pending.number;
        if self.events.insert(number, (pending, subjects)).is_some() {
            // The same line once more.
            return;
        }
        for key in subjects.distinct() {
            self.chains.entry(*key).or_default().push_back(number);
        }
        if subjects.is_directory {
            self.directories.insert(number);
        }
        self.offer(number, now);
    }

    /// Puts an event among those that can be told, if it is its turn.
    fn offer(&mut self, number: u64, when: Instant) {
        let Some((_, subjects)) = self.events.get(&number) else { return };
        let is_first = |key: &u64| self.chains.get(key).and_then(VecDeque::front) == Some(&number);
        if subjects.distinct().iter().all(is_first) {
            self.ready.insert((when, number));
        }
    }

    /// The first that is to be told now; or when the next is, if that is known.
    pub(super) fn take_event(&mut self, now: Instant) -> Result<PendingLine, Option<Instant>> {
        let wall = self.directories.first().copied();
        let first = self.events.first_key_value().map(|(number, _)| *number);
        let may = |number: u64| match wall {
            Some(wall) => number < wall || (number == wall && first == Some(wall)),
            None => true,
        };
        let found = self.ready.iter().find(|(_, number)| may(*number)).copied();
        let Some((when, number)) = found else { return Err(None) };
        if when > now {
            return Err(Some(when));
        }
        self.ready.remove(&(when, number));
        match self.events.get_mut(&number) {
            Some((pending, _)) => {
                pending.tries += 1;
                Ok(*pending)
            }
            None => Err(Some(now)),
        }
    }

    /// The event that was taken is tried again at `when`.
    pub(super) fn postpone(&mut self, number: u64, when: Instant) {
        self.ready.insert((when, number));
    }

    /// The event that was taken waits no more.
    pub(super) fn remove_event(&mut self, number: u64, now: Instant) -> Option<PendingLine> {
        let (pending, subjects) = self.events.remove(&number)?;
        self.directories.remove(&number);
        for key in subjects.distinct() {
            let Some(chain) = self.chains.get_mut(key) else { continue };
            chain.retain(|other| *other != number);
            match chain.front().copied() {
                Some(next) => self.offer(next, now),
                None => drop(self.chains.remove(key)),
            }
        }
        Some(pending)
    }

    /// The numbers and lines of all that stand in the file of this number.
    pub(super) fn in_segment(&self, segment: u64) -> Vec<(u64, LinePlace)> {
        let stands = |pending: &&PendingLine| pending.place.segment == segment;
        let found = self.all().filter(stands);
        found.map(|pending| (pending.number, pending.place)).collect()
    }

    /// Intents and events.
    pub(super) fn all(&self) -> impl Iterator<Item = &PendingLine> {
        self.intents.values().chain(self.events.values().map(|(pending, _)| pending))
    }

    /// The line of this number stands at `place` now.
    pub(super) fn moved(&mut self, number: u64, place: LinePlace) {
        let event = self.events.get_mut(&number).map(|(pending, _)| pending);
        if let Some(pending) = self.intents.get_mut(&number).or(event) {
            pending.place = place;
        }
    }
}
