use std::collections::{BTreeMap, BTreeSet};

use crate::support::rgw::Rgw;
use crate::support::stored::sha256;

/// What a session's directory holds: known, because only the session changes it.
pub(crate) struct Model {
    /// Its directory, of the bucket's root.
    pub(crate) directory: String,
    /// By their names in the directory.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Directories that stay when they are empty.
    pub(crate) markers: BTreeSet<String>,
}

/// What may stand under a name.
pub(crate) type Content = Option<Vec<u8>>;

impl Model {
    pub(crate) fn new(directory: &str) -> Self {
        Self { directory: directory.to_owned(), files: BTreeMap::new(), markers: BTreeSet::new() }
    }

    /// The object's key.
    pub(crate) fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    pub(crate) fn set(&mut self, name: &str, content: Content) {
        match content {
            Some(bytes) => self.files.insert(name.to_owned(), bytes),
            None => self.files.remove(name),
        };
    }

    pub(crate) fn get(&self, name: &str) -> Content {
        self.files.get(name).cloned()
    }

    /// Whether a directory is there, made or implied.
    pub(crate) fn has_directory(&self, name: &str) -> bool {
        self.markers.contains(name) || !self.within(name).is_empty()
    }

    /// The files in a directory.
    pub(crate) fn within(&self, directory: &str) -> Vec<String> {
        let begin = format!("{directory}/");
        self.files.keys().filter(|name| name.starts_with(&begin)).cloned().collect()
    }

    /// The directory of a file, if it has one here.
    pub(crate) fn parent(name: &str) -> Option<&str> {
        name.split_once('/').map(|(directory, _)| directory)
    }

    /// What a listing of the directory shows, sorted.
    pub(crate) fn listed(&self) -> Vec<String> {
        let top = self.files.keys().map(|name| Self::parent(name).unwrap_or(name).to_owned());
        let names: BTreeSet<String> = top.chain(self.markers.iter().cloned()).collect();
        names.into_iter().collect()
    }

    /// Keys and SHA-256 of all files.
    pub(crate) fn sums(&self) -> Vec<(String, String)> {
        self.files.iter().map(|(name, bytes)| (self.key(name), sha256(bytes))).collect()
    }

    /// What the bucket holds under `name`, past the server.
    pub(crate) fn look(&self, bucket: &str, name: &str) -> Content {
        let key = self.key(name);
        let is_there = Rgw::shared().s3_list(bucket, &key).contains(&key);
        is_there.then(|| Rgw::shared().s3_get(bucket, &key))
    }

    /// Where the parked upload of `name` goes on: in front of its last part.
    pub(crate) fn parked(&self, bucket: &str, name: &str) -> Option<usize> {
        let parts = Rgw::shared().s3_list_parts(bucket, &self.key(name));
        let (_, whole) = parts.split_last()?;
        let offset: u64 = whole.iter().sum();
        Some(offset.try_into().expect("it was sent from memory"))
    }

    /// Markers as they stand in the bucket.
    pub(crate) fn look_for_markers(&mut self, bucket: &str) {
        let begin = format!("{}/", self.directory);
        self.markers = Rgw::shared()
            .s3_list(bucket, &begin)
            .iter()
            .filter_map(|key| key.strip_prefix(&begin)?.strip_suffix('/').map(str::to_owned))
            .filter(|name| !name.is_empty())
            .collect();
    }
}
