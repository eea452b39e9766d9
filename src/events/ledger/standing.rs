//! What stands in the stores if a ledger is right, and whether it does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::line::{LedgerEntry, LedgerKind};
use crate::events::settling::path_in;
use crate::store::{ObjectStore, Result, Stat};

/// A file that stands if the ledger is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerObject {
    /// The place of the line that told of it last.
    pub line: u64,
    /// As its user saw it.
    pub path: String,
    /// Bytes, where they are known.
    size: Option<u64>,
    /// Its version; not after a rename, which may give it another.
    etag: Option<String>,
    crc64: Option<String>,
}

/// What a store says of such a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ObjectFinding {
    /// It is there.
    Same,
    /// Something else has its name.
    Replaced,
    /// Nothing has its name.
    Missing,
    /// No store that is served has it.
    Nowhere,
}

/// All of them, by bucket and key.
#[derive(Debug, Default)]
pub struct LedgerStanding {
    /// Each, by its bucket and key.
    pub objects: BTreeMap<(String, String), LedgerObject>,
}

impl LedgerStanding {
    /// Takes what the line at this place tells.
    pub fn take(&mut self, line: u64, entry: &LedgerEntry) {
        let place = (entry.bucket.clone(), entry.key.clone());
        match entry.kind {
            LedgerKind::Upload | LedgerKind::UploadPartial => {
                let LedgerEntry { path, size, etag, crc64, .. } = entry.clone();
                self.objects.insert(place, LedgerObject { line, path, size, etag, crc64 });
            }
            LedgerKind::Delete => drop(self.objects.remove(&place)),
            LedgerKind::Rename => self.rename(line, entry),
            LedgerKind::Download | LedgerKind::Torn | LedgerKind::Lost => {}
        }
    }

    /// Of a directory no size is told, and all that lies below it moves.
    fn rename(&mut self, line: u64, entry: &LedgerEntry) {
        let Some(from) = &entry.from_key else { return };
        let LedgerEntry { bucket, key, path, size, .. } = entry;
        let from_bucket = entry.from_bucket.as_ref().unwrap_or(bucket);
        if let Some(object) = self.objects.remove(&(from_bucket.clone(), from.clone())) {
            let size = object.size.or(*size);
            let moved = LedgerObject { line, path: path.clone(), size, etag: None, ..object };
            self.objects.insert((bucket.clone(), key.clone()), moved);
            return;
        }
        if size.is_some() {
            let (etag, crc64) = (None, None);
            let moved = LedgerObject { line, path: path.clone(), size: *size, etag, crc64 };
            self.objects.insert((bucket.clone(), key.clone()), moved);
            return;
        }
        let below = format!("{}/", from.trim_end_matches('/'));
        let is_below = |(of, key): &(String, String)| of == bucket && key.starts_with(&below);
        let moving: Vec<_> = self.objects.keys().filter(|place| is_below(place)).cloned().collect();
        for place in moving {
            let Some(object) = self.objects.remove(&place) else { continue };
            let rest = place.1[below.len()..].to_owned();
            let (key, path) = (key.trim_end_matches('/'), path.trim_end_matches('/'));
            let moved = LedgerObject { line, path: format!("{path}/{rest}"), etag: None, ..object };
            self.objects.insert((place.0, format!("{key}/{rest}")), moved);
        }
    }
}

impl LedgerObject {
    /// Looks in the one of `stores` that has the object `key` of `bucket`.
    ///
    /// # Errors
    /// What the store said.
    pub fn look(
        &self,
        bucket: &str,
        key: &str,
        stores: &[Arc<dyn ObjectStore>],
    ) -> Result<ObjectFinding> {
        let found = stores.iter().find_map(|store| Some((store, path_in(&**store, bucket, key)?)));
        let Some((store, path)) = found else { return Ok(ObjectFinding::Nowhere) };
        Ok(match store.find_file(&path)? {
            None => ObjectFinding::Missing,
            Some(stat) if self.is(&stat) => ObjectFinding::Same,
            Some(_) => ObjectFinding::Replaced,
        })
    }

    /// Whether it is the one that was found. A checksum of both tells more than their versions.
    fn is(&self, stat: &Stat) -> bool {
        if self.size.is_some_and(|size| size != stat.metadata.size) {
            return false;
        }
        match (&self.crc64, stat.crc64, &self.etag, &stat.etag) {
            (Some(told), Some(found), _, _) => *told == found.to_string(),
            (_, _, Some(told), Some(found)) => told == found.0.trim_matches('"'),
            _ => true,
        }
    }
}
