//! Which uploads this process has parked: a client that comes back is told so without a question to
//! the store, also where an older file stands, and sees them in its listings.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;
use time::OffsetDateTime;

use super::multipart::{PartReceipt, offset_behind};
use crate::vfs::{Entry, Metadata};

/// So many are remembered. Of the others the store tells, where no file stands.
const UPLOADS: usize = 10_000;

/// The newest of each key, and of all: their keys, at most 1 KiB each, and their ids.
#[derive(Debug, Default)]
pub(crate) struct OwnParked(Mutex<Newest>);

#[derive(Debug, Default)]
struct Newest {
    uploads: HashMap<String, OwnUpload>,
    /// As they came; some are forgotten by now.
    order: VecDeque<String>,
}

/// An upload that this process has parked.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnUpload {
    id: String,
    /// Whether anything of it is there.
    has_parts: bool,
    /// Where it goes on, in bytes.
    offset: u64,
    begun: OffsetDateTime,
}

impl OwnParked {
    /// The upload `id` of `key` was parked, which was `begun` then, and of which `parts` are there.
    /// Another one that was begun later stays the one of its key, as where the store is asked.
    pub(crate) fn note(&self, key: &str, id: &str, parts: &[PartReceipt], begun: OffsetDateTime) {
        let (offset, has_parts) = (offset_behind(parts), !parts.is_empty());
        let upload = OwnUpload { id: id.to_owned(), has_parts, offset, begun };
        let mut newest = self.0.lock();
        let is_later = |noted: &OwnUpload| noted.has_parts && noted.begun > begun;
        if newest.uploads.get(key).is_some_and(|noted| noted.id != id && is_later(noted)) {
            return;
        }
        if newest.uploads.insert(key.to_owned(), upload).is_none() {
            newest.order.push_back(key.to_owned());
        }
        while newest.order.len() > UPLOADS {
            if let Some(oldest) = newest.order.pop_front() {
                newest.uploads.remove(&oldest);
            }
        }
    }

    /// Nothing of `key` is parked any more, as far as this process knows. Tells which upload was.
    pub(crate) fn take(&self, key: &str) -> Option<String> {
        self.0.lock().uploads.remove(key).map(|upload| upload.id)
    }

    /// The upload `id` of `key` is dropped.
    pub(crate) fn forget(&self, key: &str, id: &str) {
        let mut newest = self.0.lock();
        if newest.uploads.get(key).is_some_and(|upload| upload.id == id) {
            newest.uploads.remove(key);
        }
    }

    /// Which upload of `key` is parked, and when it was begun.
    pub(crate) fn of(&self, key: &str) -> Option<(String, OffsetDateTime)> {
        self.0.lock().uploads.get(key).map(|upload| (upload.id.clone(), upload.begun))
    }

    /// What stands behind `directory` in the keys that begin so.
    pub(crate) fn below(&self, directory: &str) -> Vec<String> {
        let newest = self.0.lock();
        let names = newest.uploads.keys().filter_map(|key| key.strip_prefix(directory));
        names.map(str::to_owned).collect()
    }

    /// Those whose keys are `directory` and a name, as its listing tells them to their uploader,
    /// and the directories in which others are. A file hides the directory of its name, as an
    /// object does: SIZE and MLST of the name tell the file, too.
    pub(crate) fn in_directory(&self, directory: &str) -> Vec<Entry> {
        let newest = self.0.lock();
        let mut found: HashMap<_, Metadata> = HashMap::new();
        for (key, upload) in newest.uploads.iter().filter(|(_, upload)| upload.offset > 0) {
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
mod tests {
    use time::Duration;

    use super::*;
    use crate::store::ETag;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn parts(sizes: &[u64]) -> Vec<PartReceipt> {
        let part =
            |(number, &size)| PartReceipt { number, size, etag: ETag(String::new()), crc64: None };
        (1..).zip(sizes).map(part).collect()
    }

    #[test]
    fn the_newest_are_remembered() {
        let parked = OwnParked::default();
        for number in 0..=UPLOADS {
            parked.note(&format!("k{number}"), "a", &[], NOW);
        }
        parked.note("k1", "b", &[], NOW);
        assert_eq!(parked.of("k0"), None);
        assert_eq!(parked.of("k1"), Some(("b".to_owned(), NOW)));
        assert_eq!(parked.take(&format!("k{UPLOADS}")).as_deref(), Some("a"));
        assert_eq!(parked.of(&format!("k{UPLOADS}")), None);
    }

    #[test]
    fn of_two_uploads_the_one_begun_last_is_remembered() {
        let parked = OwnParked::default();
        let later = NOW + Duration::seconds(1);
        parked.note("k", "later", &parts(&[5, 5]), later);
        parked.note("k", "earlier", &parts(&[5, 5, 5]), NOW);
        assert_eq!(parked.of("k"), Some(("later".to_owned(), later)));
        // What the store says of it is news.
        parked.note("k", "later", &parts(&[5]), NOW);
        parked.note("k", "last", &[], later);
        assert_eq!(parked.of("k"), Some(("last".to_owned(), later)));
        // With nothing of it there, nobody goes on with it.
        parked.note("k", "earlier", &parts(&[5, 5]), NOW);
        assert_eq!(parked.of("k"), Some(("earlier".to_owned(), NOW)));
    }

    #[test]
    fn a_directory_shows_what_can_be_gone_on_with() {
        let parked = OwnParked::default();
        for (key, sizes) in
            [("a/x", &[5, 5, 1][..]), ("a/b/y", &[5, 5]), ("ab", &[5, 5]), ("a/one part", &[5])]
        {
            parked.note(key, "id", &parts(sizes), NOW);
        }
        let told = |directory| {
            let entries = parked.in_directory(directory).into_iter();
            let mut told: Vec<_> = entries.map(|entry| (entry.name, entry.metadata.size)).collect();
            told.sort();
            told
        };
        assert_eq!(told("a/"), [("b".to_owned(), 0), ("x".to_owned(), 10)]);
        assert_eq!(told(""), [("a".to_owned(), 0), ("ab".to_owned(), 5)]);
        assert!(parked.in_directory("a/").iter().any(|entry| entry.metadata.is_directory()));
        assert_eq!(told("c/"), []);
        let below = |directory| {
            let mut names = parked.below(directory);
            names.sort();
            names
        };
        assert_eq!(below("a/"), ["b/y", "one part", "x"]);
        assert_eq!(below("c/"), [""; 0]);
    }

    #[test]
    fn a_file_hides_the_directory_of_its_name() {
        let parked = OwnParked::default();
        // In many, as it is chance in which order the keys of one come.
        let directories: Vec<String> = (0..32).map(|number| format!("{number}/")).collect();
        for directory in &directories {
            for name in ["d/x", "d", "d/y", "e/x", "e"] {
                let sizes = if name == "e" { &[5][..] } else { &[5, 5, 1] };
                parked.note(&format!("{directory}{name}"), "id", &parts(sizes), NOW);
            }
        }
        for directory in &directories {
            let mut told = parked.in_directory(directory);
            told.sort_by(|one, other| one.name.cmp(&other.name));
            let told = told.iter().map(|entry| (&*entry.name, entry.metadata.is_directory()));
            assert_eq!(told.collect::<Vec<_>>(), [("d", false), ("e", true)]);
        }
    }
}
