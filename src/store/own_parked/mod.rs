//! Which uploads this process has parked: a client that comes back is told so without a question to
//! the store, also where an older file stands, and sees them in its listings.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::store::multipart::{NewerUpload, PartReceipt, offset_behind};
use crate::vfs::{Entry, Metadata};

/// So many that wait are remembered. Of the others the store tells, where no file stands.
const UPLOADS: usize = 10_000;

/// The newest of all: their keys, at most 1 KiB each, and their ids.
#[derive(Debug, Default)]
pub(crate) struct OwnParked(Mutex<ParkedNotes>);

#[derive(Debug, Default)]
struct ParkedNotes {
    /// Those of each key.
    uploads: HashMap<String, Vec<OwnUpload>>,
    /// Their keys, by their numbers: as they came.
    order: BTreeMap<u64, String>,
    next_number: u64,
    /// Whether one was forgotten as there were too many: what is not known here may wait, then.
    has_evicted: bool,
}

/// What is known of one upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParkedNote {
    /// It was begun then, and nobody goes on with it.
    Waits(OffsetDateTime),
    /// Somebody in this process goes on with it.
    Taken,
    /// Nobody does, but somebody with one of its name that was begun later.
    GivesWay,
    /// This process has dropped it, or it became the file.
    Dropped,
    /// Nothing: it was one of too many.
    Unknown,
}

/// An upload that this process has parked.
#[derive(Clone, Debug)]
struct OwnUpload {
    id: String,
    /// Among all that were parked.
    number: u64,
    /// What it was called before somebody went on with it.
    parked_as: Option<String>,
    /// Whether anything of it is there.
    has_parts: bool,
    /// All of it, in bytes.
    bytes: u64,
    /// Where it goes on, in bytes.
    offset: u64,
    begun: OffsetDateTime,
    offer: ParkedOffer,
}

/// What may be done with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ParkedOffer {
    /// Its client may go on with it.
    Open,
    /// Nobody is to go on with it, as its client has begun anew; it may become the file.
    Shelved,
    /// Nor is it to become the file: a whole one stands there that is newer, or did.
    Dropped,
    /// Nothing at present: somebody in this process goes on with it.
    Taken {
        /// It is shelved afterwards, unless it is the file by then.
        from_shelf: bool,
    },
}

impl OwnUpload {
    /// One of which nothing is known to be there yet.
    fn new(id: &str, begun: OffsetDateTime) -> Self {
        Self {
            id: id.to_owned(),
            number: 0,
            parked_as: None,
            has_parts: false,
            bytes: 0,
            offset: 0,
            begun,
            offer: ParkedOffer::Open,
        }
    }

    fn is_taken(&self) -> bool {
        matches!(self.offer, ParkedOffer::Taken { .. })
    }

    /// Whether nobody else is to go on with it, ever.
    fn is_shelved(&self) -> bool {
        !matches!(self.offer, ParkedOffer::Open | ParkedOffer::Taken { from_shelf: false })
    }

    /// Nobody is to go on with it from now on; but whoever does.
    fn shelve(&mut self) {
        if self.offer == ParkedOffer::Open {
            self.offer = ParkedOffer::Shelved;
        }
    }

    /// Whether it is called so, or was before somebody went on with it.
    fn is(&self, id: &str) -> bool {
        self.id == id || self.parked_as.as_deref() == Some(id)
    }
}

impl ParkedNotes {
    fn of(&self, key: &str) -> &[OwnUpload] {
        self.uploads.get(key).map_or(&[], Vec::as_slice)
    }

    fn find(&mut self, key: &str, id: &str) -> Option<&mut OwnUpload> {
        self.uploads.get_mut(key)?.iter_mut().find(|upload| upload.id == id)
    }

    /// Removes those of `key` that `is_meant`.
    fn remove(&mut self, key: &str, is_meant: impl Fn(&OwnUpload) -> bool) -> Vec<OwnUpload> {
        let Some(uploads) = self.uploads.get_mut(key) else { return Vec::new() };
        let (removed, left) = std::mem::take(uploads).into_iter().partition(is_meant);
        *uploads = left;
        if uploads.is_empty() {
            self.uploads.remove(key);
        }
        for upload in &removed {
            self.order.remove(&upload.number);
        }
        removed
    }

    /// See [`OwnParked::resume`].
    fn resume(&mut self, key: &str, id: &str, new_id: &str) -> bool {
        let Some(upload) = self.find(key, id) else { return false };
        let from_shelf = match upload.offer {
            ParkedOffer::Open => false,
            ParkedOffer::Shelved => true,
            ParkedOffer::Dropped | ParkedOffer::Taken { .. } => return false,
        };
        upload.offer = ParkedOffer::Taken { from_shelf };
        upload.parked_as = Some(std::mem::replace(&mut upload.id, new_id.to_owned()));
        true
    }

    /// One that is new, in the place of the oldest where there are too many.
    fn add(&mut self, key: &str, upload: OwnUpload) {
        let number = self.next_number;
        self.next_number += 1;
        self.insert(key, OwnUpload { number, ..upload });
        if self.order.len() > UPLOADS {
            self.evict();
        }
    }

    fn insert(&mut self, key: &str, upload: OwnUpload) {
        self.order.insert(upload.number, key.to_owned());
        self.uploads.entry(key.to_owned()).or_default().push(upload);
    }

    /// Forgets the one that was parked first of those that wait.
    fn evict(&mut self) {
        let waits = |number, key: &str| {
            self.of(key).iter().any(|upload| upload.number == number && !upload.is_taken())
        };
        let oldest = self.order.iter().find(|(number, key)| waits(**number, key));
        if let Some((number, key)) = oldest.map(|(number, key)| (*number, key.clone())) {
            self.remove(&key, |upload| upload.number == number);
            self.has_evicted = true;
        }
    }
}

/// The one that was begun last, of those with which somebody could go on. Of one that somebody does
/// go on with the others know, as they are older.
fn newest(uploads: &[OwnUpload]) -> Option<&OwnUpload> {
    let offered = uploads.iter().filter(|upload| !upload.is_shelved());
    offered.max_by_key(|upload| (upload.has_parts, upload.begun))
}

/// Whether somebody goes on with one that was begun later.
fn has_newer_taken(uploads: &[OwnUpload], begun: OffsetDateTime) -> bool {
    uploads.iter().any(|other| other.is_taken() && !other.is_shelved() && other.begun > begun)
}

impl OwnParked {
    /// The upload `id` of `key` was parked, which was `begun` then, and of which `parts` are there.
    pub(crate) fn note(&self, key: &str, id: &str, parts: &[PartReceipt], begun: OffsetDateTime) {
        let mut noted = self.0.lock();
        let earlier = noted.remove(key, |upload| upload.is(id));
        let mut upload = OwnUpload {
            has_parts: !parts.is_empty(),
            bytes: bytes_of(parts),
            offset: offset_behind(parts),
            ..OwnUpload::new(id, begun)
        };
        if earlier.iter().any(OwnUpload::is_shelved) {
            upload.shelve();
        }
        noted.add(key, upload);
    }

    /// The store has told which `parts` of one are there.
    pub(crate) fn learn(&self, key: &str, id: &str, parts: &[PartReceipt]) {
        if let Some(upload) = self.0.lock().find(key, id) {
            upload.has_parts = !parts.is_empty();
            upload.bytes = bytes_of(parts);
            upload.offset = offset_behind(parts);
        }
    }

    /// Somebody in this process goes on with one, which is called `new_id` from then on. Whether it
    /// was there: what is dropped meanwhile is not.
    pub(crate) fn resume(&self, key: &str, id: &str, new_id: &str) -> bool {
        self.0.lock().resume(key, id, new_id)
    }

    /// Somebody in this process goes on with one that was found to have `begun` then, which is
    /// called `new_id` from then on. Also where another process had parked it: older ones are to
    /// give way to it. Whether it had been known.
    pub(crate) fn resume_found(
        &self,
        key: &str,
        id: &str,
        new_id: &str,
        begun: OffsetDateTime,
    ) -> bool {
        let mut noted = self.0.lock();
        if noted.of(key).iter().any(|upload| upload.is(id)) {
            noted.resume(key, id, new_id);
            return true;
        }
        let parked_as = Some(id.to_owned());
        let offer = ParkedOffer::Taken { from_shelf: false };
        // Of one without parts nobody would have been told.
        let found = OwnUpload { parked_as, has_parts: true, ..OwnUpload::new(new_id, begun) };
        noted.add(key, OwnUpload { offer, ..found });
        false
    }

    /// Whether somebody goes on with one of `key` that was begun later.
    pub(crate) fn has_newer_taken(&self, key: &str, begun: OffsetDateTime) -> bool {
        has_newer_taken(self.0.lock().of(key), begun)
    }

    /// When the upload was begun with which somebody goes on as `id`.
    pub(crate) fn taken_since(&self, key: &str, id: &str) -> Option<OffsetDateTime> {
        let mut noted = self.0.lock();
        noted.find(key, id).filter(|upload| upload.is_taken()).map(|upload| upload.begun)
    }

    /// What the upload was called with which somebody goes on as `id`.
    pub(crate) fn parked_as(&self, key: &str, id: &str) -> Option<String> {
        self.0.lock().find(key, id)?.parked_as.clone()
    }

    /// Nobody goes on with it after all: it is called as before.
    pub(crate) fn release(&self, id: &str) {
        let mut noted = self.0.lock();
        let mut all = noted.uploads.values_mut().flatten();
        if let Some(upload) = all.find(|upload| upload.id == id) {
            upload.offer = match upload.offer {
                ParkedOffer::Taken { from_shelf: true } => ParkedOffer::Shelved,
                ParkedOffer::Taken { from_shelf: false } => ParkedOffer::Open,
                other => other,
            };
            upload.id = upload.parked_as.take().unwrap_or_else(|| upload.id.clone());
        }
    }

    /// Nothing is parked of `key` any more that was begun `until` then, if that is said; but what
    /// somebody goes on with. Tells which uploads are to be dropped: so many at most, the newest.
    /// The others are offered and published no more.
    pub(crate) fn take(
        &self,
        key: &str,
        until: Option<OffsetDateTime>,
        most: usize,
    ) -> Vec<String> {
        let is_meant = |upload: &OwnUpload| {
            !upload.is_taken() && until.is_none_or(|until| upload.begun <= until)
        };
        let mut noted = self.0.lock();
        let mut taken = noted.remove(key, is_meant);
        taken.sort_by_key(|upload| Reverse(upload.begun));
        for upload in taken.split_off(most.min(taken.len())) {
            noted.insert(key, OwnUpload { offer: ParkedOffer::Dropped, ..upload });
        }
        taken.into_iter().map(|upload| upload.id).collect()
    }

    /// The same of all, but of those that are to be kept, with which nobody goes on any more.
    pub(crate) fn shelve(&self, key: &str, is_kept: &dyn Fn(&str) -> bool) -> Vec<String> {
        let mut noted = self.0.lock();
        let removed = noted.remove(key, |upload| !upload.is_taken() && !is_kept(&upload.id));
        let left = noted.uploads.get_mut(key).into_iter().flatten();
        left.for_each(OwnUpload::shelve);
        removed.into_iter().map(|upload| upload.id).collect()
    }

    /// Nothing is to come any more of the upload `id` of `key`, which was `begun` then, whoever
    /// goes on with it: it is to be dropped.
    pub(crate) fn give_up(&self, key: &str, id: &str, begun: OffsetDateTime) {
        let mut noted = self.0.lock();
        noted.remove(key, |upload| upload.is(id));
        noted.add(key, OwnUpload { offer: ParkedOffer::Dropped, ..OwnUpload::new(id, begun) });
    }

    /// The upload `id` of `key` is dropped, or became the file.
    pub(crate) fn forget(&self, key: &str, id: &str) {
        self.0.lock().remove(key, |upload| upload.id == id);
    }

    /// Which upload of `key` can be gone on with, and when it was begun.
    pub(crate) fn of(&self, key: &str) -> Option<(String, OffsetDateTime)> {
        let noted = self.0.lock();
        let newest =
            newest(noted.of(key)).filter(|upload| upload.has_parts && !upload.is_taken())?;
        Some((newest.id.clone(), newest.begun))
    }

    /// All of `key` with which nobody goes on at present: which, and when they were begun.
    pub(crate) fn all_of(&self, key: &str) -> Vec<(String, OffsetDateTime)> {
        let noted = self.0.lock();
        let all = noted.of(key).iter().filter(|upload| !upload.is_taken());
        all.map(|upload| (upload.id.clone(), upload.begun)).collect()
    }

    /// What is known of the upload `id` of `key`, whatever it is called by now.
    pub(crate) fn state(&self, key: &str, id: &str) -> ParkedNote {
        let noted = self.0.lock();
        match noted.of(key).iter().find(|upload| upload.is(id)) {
            Some(upload) if upload.is_taken() => ParkedNote::Taken,
            Some(upload) if upload.offer == ParkedOffer::Dropped => ParkedNote::Dropped,
            Some(upload) if has_newer_taken(noted.of(key), upload.begun) => ParkedNote::GivesWay,
            Some(upload) => ParkedNote::Waits(upload.begun),
            None if noted.has_evicted => ParkedNote::Unknown,
            None => ParkedNote::Dropped,
        }
    }

    /// Whether nobody is to go on with it.
    pub(crate) fn is_shelved(&self, key: &str, id: &str) -> bool {
        self.0.lock().find(key, id).is_some_and(|upload| upload.is_shelved())
    }

    /// Those of `key` that were begun later than the upload `id`, which was `begun` then, and that
    /// somebody can go on with; `None` where somebody does.
    pub(crate) fn newer_than(
        &self,
        key: &str,
        id: &str,
        begun: OffsetDateTime,
    ) -> Option<Vec<NewerUpload>> {
        let noted = self.0.lock();
        if has_newer_taken(noted.of(key), begun) {
            return None;
        }
        let others = noted.of(key).iter().filter(|upload| !upload.is_shelved() && !upload.is(id));
        let newer = others.filter(|upload| upload.begun > begun && upload.has_parts);
        let told = |OwnUpload { id, bytes, .. }| NewerUpload { upload_id: id, bytes };
        Some(newer.cloned().map(told).collect())
    }

    /// What stands behind `directory` in the keys that begin so.
    pub(crate) fn below(&self, directory: &str) -> Vec<String> {
        let noted = self.0.lock();
        let of_keys = noted.uploads.iter();
        let waiting =
            of_keys.filter(|(_, all)| newest(all).is_some_and(|upload| !upload.is_taken()));
        waiting.filter_map(|(key, _)| key.strip_prefix(directory)).map(str::to_owned).collect()
    }

    /// Those whose keys are `directory` and a name, as its listing tells them to their uploader,
    /// and the directories in which others are. A file hides the directory of its name, as an
    /// object does: SIZE and MLST of the name tell the file, too.
    pub(crate) fn in_directory(&self, directory: &str) -> Vec<Entry> {
        let noted = self.0.lock();
        let mut found: HashMap<_, Metadata> = HashMap::new();
        let all = noted.uploads.iter().filter_map(|(key, all)| Some((key, newest(all)?)));
        for (key, upload) in all.filter(|(_, upload)| upload.offset > 0 && !upload.is_taken()) {
            let Some(name) = key.strip_prefix(directory) else { continue };
            match name.split_once('/') {
                Some((above, _)) => {
                    found.entry(above).or_insert_with(|| Metadata::directory(None));
                }
                None => {
                    found.insert(name, Metadata::file(upload.offset, Some(upload.begun)));
                }
            }
        }
        let entry = |(name, metadata): (&str, _)| Entry { name: name.to_owned(), metadata };
        found.into_iter().map(entry).collect()
    }
}

fn bytes_of(parts: &[PartReceipt]) -> u64 {
    parts.iter().map(|part| part.size).sum()
}

#[cfg(test)]
mod tests;
