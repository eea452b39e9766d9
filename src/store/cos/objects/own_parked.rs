//! Which uploads this process has parked: a client that comes back is told so without a question to
//! the store, also where an older object stands.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

/// So many are remembered. Of the others the store tells, where no object stands.
const UPLOADS: usize = 10_000;

/// The newest of each key, and of all: their keys, at most 1 KiB each, and their ids.
#[derive(Debug, Default)]
pub(crate) struct OwnParked(Mutex<Newest>);

#[derive(Debug, Default)]
struct Newest {
    ids: HashMap<String, String>,
    /// As they came; some are forgotten by now.
    order: VecDeque<String>,
}

impl OwnParked {
    /// An upload of `key` was parked.
    pub(super) fn note(&self, key: &str, upload_id: &str) {
        let mut newest = self.0.lock();
        if newest.ids.insert(key.to_owned(), upload_id.to_owned()).is_none() {
            newest.order.push_back(key.to_owned());
        }
        while newest.order.len() > UPLOADS {
            if let Some(oldest) = newest.order.pop_front() {
                newest.ids.remove(&oldest);
            }
        }
    }

    /// Nothing of `key` is parked any more, as far as this process knows. Tells what was.
    pub(crate) fn take(&self, key: &str) -> Option<String> {
        self.0.lock().ids.remove(key)
    }

    /// What of `key` is parked.
    pub(crate) fn of(&self, key: &str) -> Option<String> {
        self.0.lock().ids.get(key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_remembered() {
        let parked = OwnParked::default();
        for number in 0..=UPLOADS {
            parked.note(&format!("k{number}"), "a");
        }
        parked.note("k1", "b");
        assert_eq!(parked.of("k0"), None);
        assert_eq!(parked.of("k1").as_deref(), Some("b"));
        assert_eq!(parked.take(&format!("k{UPLOADS}")).as_deref(), Some("a"));
        assert_eq!(parked.of(&format!("k{UPLOADS}")), None);
    }
}
