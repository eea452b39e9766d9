//! Uploads that came to nothing a short while ago: how far they had come.
//!
//! Some clients repeat a failed upload by themselves and end it too early (lftp 4.9.2 sends the
//! first 196,608 bytes), and some delete what has the name, as they take it for remains of theirs
//! (rclone). Nothing in either command tells so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::vfs::FtpPath;

/// So many are remembered, the last ones: at most 1 KiB of name each.
const UPLOADS: usize = 1000;

/// For so long an upload is compared with the one before: longer than clients wait before they
/// repeat one by themselves.
const COMPARED_FOR: Duration = Duration::from_secs(600);

/// For so long a deletion may mean the remains of the upload: programs delete them at once.
const REMAINS_FOR: Duration = Duration::from_secs(60);

/// Those of all accounts.
#[derive(Debug, Default)]
pub struct EarlierUploads(Mutex<VecDeque<Noted>>);

#[derive(Debug)]
struct Noted {
    account: Arc<str>,
    path: FtpPath,
    at: Instant,
    came: Came,
}

/// How far an upload had come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Came {
    /// Bytes of the file, those before its own included.
    pub(super) end: u64,
    /// What tells its beginning from that of another file; `None` where too little had come.
    pub(super) beginning: Option<u64>,
    /// Whether it was to replace what stood under the name.
    pub(super) is_anew: bool,
}

/// The last one of a name, if it came to nothing.
#[derive(Clone, Debug)]
pub struct EarlierUpload {
    all: Arc<EarlierUploads>,
    account: Arc<str>,
    path: FtpPath,
}

impl EarlierUpload {
    /// That of `path`, by a user of `account`.
    pub fn new(all: &Arc<EarlierUploads>, account: &str, path: &FtpPath) -> Self {
        Self { all: Arc::clone(all), account: account.into(), path: path.clone() }
    }

    /// An upload that was to replace the file failed before anything had come of it.
    pub fn note_failure(&self) {
        self.note_failed(Came { is_anew: true, ..Came::default() });
    }

    /// Whether who deletes the name now may mean what an upload has left there that has just come
    /// to nothing. Says so once.
    pub fn take_remains(&self) -> bool {
        self.take().is_some_and(|(at, came)| came.is_anew && at.elapsed() < REMAINS_FOR)
    }

    /// Whether who goes on with a file of this name now goes on with one that this upload was to
    /// replace, and how far that had come. Says so once: who insists means it.
    pub fn take_replacement(&self) -> Option<u64> {
        let mut noted = self.all.0.lock();
        let own = noted.iter_mut().find(|noted| self.is_of(noted))?;
        let is_anew = std::mem::take(&mut own.came.is_anew);
        let is_meant = is_anew && own.came.end > 0 && own.at.elapsed() < COMPARED_FOR;
        is_meant.then_some(own.came.end)
    }

    /// How far it had come.
    pub(super) fn came(&self) -> Option<Came> {
        let noted = self.all.0.lock();
        let own = noted.iter().find(|noted| self.is_of(noted))?;
        (own.at.elapsed() < COMPARED_FOR).then_some(own.came)
    }

    /// Another one came to nothing: the one that had come further is remembered.
    pub(super) fn note_failed(&self, came: Came) {
        let before = self.came().unwrap_or_default();
        self.note(if before.end > came.end { before } else { came });
    }

    /// Nothing else than `came` is remembered.
    pub(super) fn note(&self, came: Came) {
        self.forget();
        let (account, path) = (Arc::clone(&self.account), self.path.clone());
        let mut noted = self.all.0.lock();
        noted.push_back(Noted { account, path, at: Instant::now(), came });
        if noted.len() > UPLOADS {
            noted.pop_front();
        }
    }

    /// The name holds what its client meant to store.
    pub(super) fn forget(&self) {
        let _ = self.take();
    }

    fn take(&self) -> Option<(Instant, Came)> {
        let mut noted = self.all.0.lock();
        let place = noted.iter().position(|noted| self.is_of(noted))?;
        noted.remove(place).map(|noted| (noted.at, noted.came))
    }

    fn is_of(&self, noted: &Noted) -> bool {
        noted.path == self.path && noted.account == self.account
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier(all: &Arc<EarlierUploads>, account: &str, name: &str) -> EarlierUpload {
        EarlierUpload::new(all, account, &FtpPath::root().join(name).unwrap())
    }

    #[test]
    fn the_furthest_of_a_name_is_remembered_until_something_is_stored() {
        let all = Arc::default();
        let (own, other) = (earlier(&all, "alice", "x"), earlier(&all, "bob", "x"));
        let far = Came { end: 9, beginning: Some(1), is_anew: true };
        own.note_failed(far);
        own.note_failure();
        assert_eq!((own.came(), other.came()), (Some(far), None));
        let near = Came { end: 5, ..Came::default() };
        own.note(near);
        assert_eq!(own.came(), Some(near));
        own.forget();
        assert_eq!(own.came(), None);
        own.note_failed(far);
        assert_eq!((own.take_replacement(), own.take_replacement()), (Some(9), None));
    }

    #[test]
    fn remains_are_deleted_once() {
        let all = Arc::default();
        let own = earlier(&all, "alice", "x");
        assert!(!own.take_remains());
        own.note_failure();
        assert!(!earlier(&all, "alice", "y").take_remains());
        assert!(own.take_remains());
        assert!(!own.take_remains());
    }

    #[test]
    fn the_last_ones_are_remembered() {
        let all = Arc::default();
        for number in 0..=UPLOADS {
            earlier(&all, "alice", &number.to_string()).note_failure();
        }
        assert_eq!(earlier(&all, "alice", "0").came(), None);
        assert!(earlier(&all, "alice", "1").came().is_some());
    }
}
