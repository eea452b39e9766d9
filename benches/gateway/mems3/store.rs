//! What is kept: objects in buckets, uploads that are not complete, and what was asked how often.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, RwLock};

/// The bytes of a part, which the object shares that is made of it.
pub type Part = Arc<Vec<u8>>;

/// An object.
pub struct Object {
    pub parts: Vec<Part>,
    pub size: u64,
    pub etag: String,
    pub modified: u64,
    /// Headers that it came with.
    pub metadata: Vec<(String, String)>,
}

impl Object {
    /// Its bytes from `first` on and before `end`, as they lie in its parts.
    pub fn pieces(&self, first: u64, end: u64) -> impl Iterator<Item = &[u8]> {
        let mut behind = 0;
        self.parts.iter().filter_map(move |part| {
            let begin = behind;
            behind += part.len() as u64;
            (behind > first && begin < end).then(|| {
                &part[first.saturating_sub(begin) as usize..(end.min(behind) - begin) as usize]
            })
        })
    }
}

/// An upload in parts that is neither completed nor aborted.
pub struct Upload {
    pub bucket: String,
    pub key: String,
    pub parts: BTreeMap<u32, Part>,
    pub metadata: Vec<(String, String)>,
}

/// All of it.
#[derive(Default)]
pub struct Store {
    /// By bucket and key.
    pub objects: RwLock<HashMap<String, BTreeMap<String, Arc<Object>>>>,
    /// By id.
    pub uploads: Mutex<HashMap<String, Upload>>,
    /// The last number that an ETag or an upload got.
    pub numbered: AtomicU64,
    pub connections: AtomicU64,
    /// Requests by operation.
    pub counts: Mutex<BTreeMap<String, u64>>,
}

impl Store {
    /// Puts an object under its name. The one that was there is handed back: to free a large one
    /// takes time, which the answer need not wait for.
    pub fn put(&self, bucket: &str, key: &str, object: Object) -> Option<Arc<Object>> {
        let mut objects = self.objects.write().unwrap();
        objects.entry(bucket.to_string()).or_default().insert(key.to_string(), Arc::new(object))
    }

    pub fn get(&self, bucket: &str, key: &str) -> Option<Arc<Object>> {
        self.objects.read().unwrap().get(bucket)?.get(key).cloned()
    }
}
