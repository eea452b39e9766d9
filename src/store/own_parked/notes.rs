//! What is noted of each upload, by the key of its object: so many of them, the newest.

use std::collections::{BTreeMap, HashMap};

use time::OffsetDateTime;

use crate::store::multipart::{PartReceipt, offset_behind};

/// So many that wait are remembered. Of the others the store tells, where no file stands.
pub(super) const UPLOADS: usize = 10_000;

/// What is noted of all.
#[derive(Debug, Default)]
pub(super) struct ParkedNotes {
    /// Those of each key.
    pub(super) uploads: HashMap<String, Vec<OwnUpload>>,
    /// Their keys, by their numbers: as they came.
    order: BTreeMap<u64, String>,
    next_number: u64,
    /// Whether one was forgotten as there were too many: what is not known here may wait, then.
    pub(super) has_evicted: bool,
}

/// An upload that this process has parked.
#[derive(Clone, Debug)]
pub(super) struct OwnUpload {
    pub(super) id: String,
    /// Among all that were parked.
    number: u64,
    /// What it was called before somebody went on with it.
    pub(super) parked_as: Option<String>,
    /// Whether anything of it is there.
    pub(super) has_parts: bool,
    /// All of it, in bytes.
    pub(super) bytes: u64,
    /// Where it goes on, in bytes.
    pub(super) offset: u64,
    pub(super) begun: OffsetDateTime,
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
    pub(super) fn new(id: &str, begun: OffsetDateTime) -> Self {
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

    /// One that was parked as `id`, with which somebody goes on as `new_id`.
    pub(super) fn taken(id: &str, new_id: &str, begun: OffsetDateTime) -> Self {
        let parked_as = Some(id.to_owned());
        let offer = ParkedOffer::Taken { from_shelf: false };
        // Of one without parts nobody would have been told.
        Self { parked_as, offer, has_parts: true, ..Self::new(new_id, begun) }
    }

    /// So many `parts` of it are there.
    pub(super) fn learn(&mut self, parts: &[PartReceipt]) {
        self.has_parts = !parts.is_empty();
        self.bytes = parts.iter().map(|part| part.size).sum();
        self.offset = offset_behind(parts);
    }

    /// Somebody goes on with it as `new_id`, unless somebody does already, or it is dropped.
    fn resume(&mut self, new_id: &str) -> bool {
        let from_shelf = match self.offer {
            ParkedOffer::Open => false,
            ParkedOffer::Shelved => true,
            ParkedOffer::Dropped | ParkedOffer::Taken { .. } => return false,
        };
        self.offer = ParkedOffer::Taken { from_shelf };
        self.parked_as = Some(std::mem::replace(&mut self.id, new_id.to_owned()));
        true
    }

    /// Nobody goes on with it after all: it is called as before.
    pub(super) fn release(&mut self) {
        self.offer = match self.offer {
            ParkedOffer::Taken { from_shelf: true } => ParkedOffer::Shelved,
            ParkedOffer::Taken { from_shelf: false } => ParkedOffer::Open,
            other => other,
        };
        self.id = self.parked_as.take().unwrap_or_else(|| self.id.clone());
    }

    /// The same, to be dropped.
    pub(super) fn dropped(self) -> Self {
        Self { offer: ParkedOffer::Dropped, ..self }
    }

    pub(super) fn is_dropped(&self) -> bool {
        self.offer == ParkedOffer::Dropped
    }

    pub(super) fn is_taken(&self) -> bool {
        matches!(self.offer, ParkedOffer::Taken { .. })
    }

    /// Whether nobody else is to go on with it, ever.
    pub(super) fn is_shelved(&self) -> bool {
        !matches!(self.offer, ParkedOffer::Open | ParkedOffer::Taken { from_shelf: false })
    }

    /// Nobody is to go on with it from now on; but whoever does.
    pub(super) fn shelve(&mut self) {
        if self.offer == ParkedOffer::Open {
            self.offer = ParkedOffer::Shelved;
        }
    }

    /// Whether it is called so, or was before somebody went on with it.
    pub(super) fn is(&self, id: &str) -> bool {
        self.id == id || self.parked_as.as_deref() == Some(id)
    }
}

impl ParkedNotes {
    /// Those of `key`.
    pub(super) fn of(&self, key: &str) -> &[OwnUpload] {
        self.uploads.get(key).map_or(&[], Vec::as_slice)
    }

    /// The one that is called so now.
    pub(super) fn find(&mut self, key: &str, id: &str) -> Option<&mut OwnUpload> {
        self.uploads.get_mut(key)?.iter_mut().find(|upload| upload.id == id)
    }

    /// Removes those of `key` that `is_meant`.
    pub(super) fn remove(
        &mut self,
        key: &str,
        is_meant: impl Fn(&OwnUpload) -> bool,
    ) -> Vec<OwnUpload> {
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

    /// Somebody goes on with one, which is called `new_id` from then on. Whether it was there.
    pub(super) fn resume(&mut self, key: &str, id: &str, new_id: &str) -> bool {
        self.find(key, id).is_some_and(|upload| upload.resume(new_id))
    }

    /// One that is new, in the place of the oldest where there are too many.
    pub(super) fn add(&mut self, key: &str, upload: OwnUpload) {
        let number = self.next_number;
        self.next_number += 1;
        self.insert(key, OwnUpload { number, ..upload });
        if self.order.len() > UPLOADS {
            self.evict();
        }
    }

    /// One that was removed, as it is now.
    pub(super) fn insert(&mut self, key: &str, upload: OwnUpload) {
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
pub(super) fn newest(uploads: &[OwnUpload]) -> Option<&OwnUpload> {
    let offered = uploads.iter().filter(|upload| !upload.is_shelved());
    offered.max_by_key(|upload| (upload.has_parts, upload.begun))
}

/// Whether somebody goes on with one that was begun later.
pub(super) fn has_newer_taken(uploads: &[OwnUpload], begun: OffsetDateTime) -> bool {
    uploads.iter().any(|other| other.is_taken() && !other.is_shelved() && other.begun > begun)
}
