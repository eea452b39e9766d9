//! The last failures, for whoever looks at the server: what failed, and what the store called it.

use std::collections::VecDeque;
use std::time::SystemTime;

use parking_lot::Mutex;

use crate::limits;

/// Something that failed, and not by a client's doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// When.
    pub at: SystemTime,
    /// In which session, as the log calls it.
    pub session: String,
    /// What, without names of files.
    pub what: String,
    /// What it was about, where that is known.
    pub path: Option<String>,
    /// What the store called the request.
    pub request_id: Option<String>,
}

/// Oldest first.
static LATEST: Mutex<VecDeque<Failure>> = Mutex::new(VecDeque::new());

/// Notes a failure; the oldest of [`limits::FAILURES_SHOWN`] is forgotten for it.
pub fn note_failure(failure: Failure) {
    let mut latest = LATEST.lock();
    if latest.len() >= limits::FAILURES_SHOWN {
        latest.pop_front();
    }
    latest.push_back(failure);
}

/// The last failures, the latest first.
pub fn latest_failures() -> Vec<Failure> {
    LATEST.lock().iter().rev().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept() {
        let failure = |n: usize| Failure {
            at: SystemTime::UNIX_EPOCH,
            session: format!("session-{n}"),
            what: String::new(),
            path: None,
            request_id: None,
        };
        (1..=100).for_each(|n| note_failure(failure(n)));
        let latest = latest_failures();
        assert_eq!((latest.len(), &latest[0]), (limits::FAILURES_SHOWN, &failure(100)));
    }
}
