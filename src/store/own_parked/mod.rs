//! Which uploads this process has parked: a client that comes back is told so without a question to
//! the store, also where an older file stands, and sees them in its listings.

mod notes;

use std::cmp::Reverse;
use std::collections::HashMap;

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::store::multipart::{NewerUpload, PartReceipt};
use crate::vfs::{Entry, Metadata};
use notes::{OwnUpload, ParkedNotes, has_newer_taken, newest};

/// The newest of all: their keys, at most 1 KiB each, and their ids.
#[derive(Debug, Default)]
pub(crate) struct OwnParked(Mutex<ParkedNotes>);

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

impl OwnParked {
    /// The upload `id` of `key` was parked, which was `begun` then, and of which `parts` are there.
    pub(crate) fn note(&self, key: &str, id: &str, parts: &[PartReceipt], begun: OffsetDateTime) {
        let mut noted = self.0.lock();
        let earlier = noted.remove(key, |upload| upload.is(id));
        let mut upload = OwnUpload::new(id, begun);
        upload.learn(parts);
        if earlier.iter().any(OwnUpload::is_shelved) {
            upload.shelve();
        }
        noted.add(key, upload);
    }

    /// The store has told which `parts` of one are there.
    pub(crate) fn learn(&self, key: &str, id: &str, parts: &[PartReceipt]) {
        if let Some(upload) = self.0.lock().find(key, id) {
            upload.learn(parts);
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
        noted.add(key, OwnUpload::taken(id, new_id, begun));
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
            upload.release();
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
            noted.insert(key, upload.dropped());
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
        noted.add(key, OwnUpload::new(id, begun).dropped());
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
            Some(upload) if upload.is_dropped() => ParkedNote::Dropped,
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

#[cfg(test)]
mod tests;
