//! Uploads that came to nothing a short while ago: how far they had come.
//!
//! Some clients repeat a failed upload by themselves and end it too early (lftp 4.9.2 sends the
//! first 196,608 bytes), or go on with the file that it was to replace. Nothing in the command
//! tells so. Of those of a process that was killed nobody knows but by what it has left in the
//! store, and that it was killed.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use time::OffsetDateTime;

use crate::vfs::FtpPath;

/// So many are remembered, the last ones: at most 1 KiB of name each.
const UPLOADS: usize = 1000;

/// Files of which a client was told that an upload of a killed process may have come to nothing: at
/// most 1 KiB of name each. Beyond that they are told once more.
const DOUBTED: usize = 10_000;

/// For so long an upload is compared with the one before: longer than clients wait before they
/// repeat one by themselves.
const COMPARED_FOR: Duration = Duration::from_secs(600);

/// Those of all accounts.
#[derive(Debug, Default)]
pub struct EarlierUploads {
    noted: Mutex<VecDeque<Noted>>,
    /// When this process took the place of one that was killed.
    follows_killed: OnceLock<Instant>,
    doubted: Mutex<HashSet<(Arc<str>, FtpPath)>>,
}

impl EarlierUploads {
    /// This process takes the place of one that was killed: uploads of which nobody knows may have
    /// come to nothing.
    pub fn note_killed(&self) {
        let _ = self.follows_killed.set(Instant::now());
    }

    /// Whether that was so a short while ago.
    pub fn follow_killed(&self) -> bool {
        self.killed_since().is_some()
    }

    /// For how long.
    fn killed_since(&self) -> Option<Duration> {
        let since = self.follows_killed.get().map(Instant::elapsed);
        since.filter(|since| *since < COMPARED_FOR)
    }
}

#[derive(Debug)]
struct Noted {
    account: Arc<str>,
    path: FtpPath,
    at: Instant,
    /// Of the last one; `None` where its client has stored what it meant to.
    came: Option<Came>,
    /// How far those had come that went on with a parked upload of the name.
    gone_on: u64,
    /// Whether that was to replace the file, and its client has not been told so.
    replaces: bool,
    /// Bytes that one had brought which another process has left; 0 without one.
    left: u64,
    /// Whether a file of this name was refused because it ended early: once more means it.
    has_refused: bool,
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

    /// Whether who goes on with a file of this name now goes on with one that this upload was to
    /// replace, and how far that had come: 0 where it counts no more. Says so once: who insists
    /// means it.
    pub fn take_replacement(&self) -> Option<u64> {
        let mut noted = self.all.noted.lock();
        let own = noted.iter_mut().find(|noted| self.is_of(noted))?;
        let is_meant = std::mem::take(&mut own.replaces) && own.at.elapsed() < COMPARED_FOR;
        let end = own.came.map_or(0, |came| came.end).max(own.left);
        Some(end).filter(|_| is_meant)
    }

    /// Whether who adds to a file now, which was `stored` then, may go on with one that an upload
    /// was to replace which a killed process had received, and nobody knows of. Says so once: who
    /// insists means it. `now` is by the clock that dates what is stored.
    pub fn take_doubt(&self, stored: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
        let Some(since) = self.all.killed_since() else {
            *self.all.doubted.lock() = HashSet::new();
            return false;
        };
        // Stores tell whole seconds.
        let start = (now - since).unix_timestamp();
        if stored.is_none_or(|stored| stored.unix_timestamp() >= start) {
            return false;
        }
        let mut doubted = self.all.doubted.lock();
        if doubted.len() >= DOUBTED {
            doubted.clear();
        }
        doubted.insert((Arc::clone(&self.account), self.path.clone()))
    }

    /// Another process has left an upload of the name, which had brought `bytes`.
    pub fn note_left(&self, bytes: u64) {
        self.change(|noted| {
            // Else its client has been told, or will be.
            noted.replaces |= noted.left == 0 && bytes > 0;
            noted.left = bytes;
        });
    }

    /// Bytes that one had brought which another process has left, if there is one.
    pub(super) fn left(&self) -> u64 {
        let noted = self.all.noted.lock();
        let own = noted.iter().find(|noted| self.is_of(noted));
        own.filter(|own| own.at.elapsed() < COMPARED_FOR).map_or(0, |own| own.left)
    }

    /// How far it had come.
    pub(super) fn came(&self) -> Option<Came> {
        let noted = self.all.noted.lock();
        let own = noted.iter().find(|noted| self.is_of(noted))?;
        own.came.filter(|_| own.at.elapsed() < COMPARED_FOR)
    }

    /// How far those had come that went on with a parked upload of it; 0 where there were none.
    pub(super) fn gone_on(&self) -> u64 {
        let noted = self.all.noted.lock();
        let own = noted.iter().find(|noted| self.is_of(noted));
        own.filter(|own| own.at.elapsed() < COMPARED_FOR).map_or(0, |own| own.gone_on)
    }

    /// Whether its client was told already that a file of this name had ended early.
    pub(super) fn has_refused(&self) -> bool {
        self.all.noted.lock().iter().any(|noted| self.is_of(noted) && noted.has_refused)
    }

    /// Another one came to nothing. Of two that begin alike the one is remembered that had come
    /// further.
    pub(super) fn note_failed(&self, came: Came) {
        self.change(|noted| {
            let before = noted.came.filter(|before| {
                noted.at.elapsed() < COMPARED_FOR
                    && (came.beginning.is_none() || before.beginning == came.beginning)
            });
            let further = before.filter(|before| before.end >= came.end);
            let Came { end, beginning, .. } = further.unwrap_or(came);
            noted.came = Some(Came { end, beginning, ..came });
            noted.replaces = came.is_anew && end.max(noted.left) > 0;
            if before.is_none() {
                noted.gone_on = 0;
            }
        });
    }

    /// One that went on with a parked upload and came as far as `end` came to nothing.
    pub(super) fn note_gone_on(&self, end: u64) {
        self.change(|noted| {
            noted.gone_on = noted.gone_on.max(end);
            noted.replaces = false;
        });
    }

    /// One that went on with a parked upload was refused as it ended early: of those from the
    /// beginning it counts no more how far they had come. Theirs may be another file.
    pub(super) fn note_refused_to_go_on(&self, end: u64) {
        self.note_gone_on(end);
        self.change(|noted| noted.came = None);
    }

    /// One was refused as it ended early: only how that one ended counts for the next.
    pub(super) fn note_refused(&self, came: Came) {
        self.change(|noted| {
            noted.came = Some(came);
            noted.has_refused = true;
        });
    }

    /// One was refused for good: how far it had come says nothing of the next. It has replaced
    /// nothing.
    pub(super) fn note_refused_for_good(&self, came: Came) {
        self.change(|noted| {
            noted.forget();
            noted.replaces = came.is_anew && came.end > 0;
        });
    }

    /// The name holds what its client meant to store.
    pub(super) fn forget(&self) {
        self.change(Noted::forget);
    }

    /// Has what is remembered of the name changed, as that of the last upload.
    fn change(&self, change: impl FnOnce(&mut Noted)) {
        let mut all = self.all.noted.lock();
        let place = all.iter().position(|noted| self.is_of(noted));
        let mut noted = place.and_then(|place| all.remove(place)).unwrap_or_else(|| Noted {
            account: Arc::clone(&self.account),
            path: self.path.clone(),
            at: Instant::now(),
            came: None,
            replaces: false,
            gone_on: 0,
            left: 0,
            has_refused: false,
        });
        if noted.at.elapsed() >= COMPARED_FOR {
            noted.forget();
        }
        change(&mut noted);
        if noted.holds_nothing() {
            return;
        }
        noted.at = Instant::now();
        all.push_back(noted);
        if all.len() > UPLOADS {
            all.pop_front();
        }
    }

    fn is_of(&self, noted: &Noted) -> bool {
        noted.path == self.path && noted.account == self.account
    }
}

impl Noted {
    /// Nothing of it came to nothing any more.
    fn forget(&mut self) {
        self.came = None;
        self.replaces = false;
        self.gone_on = 0;
        self.left = 0;
    }

    fn holds_nothing(&self) -> bool {
        let counts = self.came.is_some() || self.gone_on > 0 || self.left > 0;
        !counts && !self.replaces && !self.has_refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn earlier(all: &Arc<EarlierUploads>, account: &str, name: &str) -> EarlierUpload {
        EarlierUpload::new(all, account, &FtpPath::root().join(name).unwrap())
    }

    #[test]
    fn the_furthest_of_those_that_begin_alike_is_remembered_until_something_is_stored() {
        let all = Arc::default();
        let (own, other) = (earlier(&all, "alice", "x"), earlier(&all, "bob", "x"));
        let came = |end, beginning| Came { end, beginning: Some(beginning), is_anew: true };
        own.note_failed(came(9, 1));
        own.note_failed(came(5, 1));
        assert_eq!((own.came(), other.came()), (Some(came(9, 1)), None));
        own.note_failed(Came { end: 3, beginning: None, is_anew: true });
        assert_eq!(own.came(), Some(came(9, 1)));
        own.note_failed(came(5, 2));
        assert_eq!(own.came(), Some(came(5, 2)), "another file");
        own.forget();
        assert_eq!((own.came(), own.take_replacement()), (None, None));
        assert!(all.noted.lock().is_empty());
    }

    #[test]
    fn a_replacement_is_told_once() {
        let all = Arc::default();
        let own = earlier(&all, "alice", "x");
        own.note_failed(Came { end: 9, beginning: None, is_anew: true });
        assert_eq!((own.take_replacement(), own.take_replacement()), (Some(9), None));
        own.note_failed(Came { end: 12, beginning: None, is_anew: false });
        assert_eq!(own.take_replacement(), None);
    }

    #[test]
    fn how_far_one_had_come_that_was_refused_for_good_does_not_count() {
        let all = Arc::default();
        let own = earlier(&all, "alice", "x");
        let came = Came { end: 9, beginning: Some(1), is_anew: true };
        own.note_failed(came);
        own.note_refused_for_good(came);
        assert_eq!((own.came(), own.gone_on(), own.left()), (None, 0, 0));
        assert_eq!((own.take_replacement(), own.take_replacement()), (Some(0), None));
        own.note_refused_for_good(Came { end: 0, ..came });
        assert_eq!(own.take_replacement(), None, "nothing had come");
        assert!(all.noted.lock().is_empty());
    }

    #[test]
    fn what_another_process_has_left_is_known_until_something_is_stored() {
        let all = Arc::default();
        let own = earlier(&all, "alice", "x");
        own.note_left(7);
        assert_eq!((own.left(), own.came()), (7, None));
        assert_eq!((own.take_replacement(), own.take_replacement()), (Some(7), None));
        own.note_left(8);
        assert_eq!((own.left(), own.take_replacement()), (8, None));
        own.forget();
        assert_eq!(own.left(), 0);
        assert!(all.noted.lock().is_empty());
    }

    #[test]
    fn after_a_killed_process_each_older_file_is_doubted_once() {
        let all = Arc::<EarlierUploads>::default();
        let own = earlier(&all, "alice", "x");
        // The store's clock is another one.
        let now = OffsetDateTime::now_utc() + Duration::from_secs(3600);
        let older = Some(now - Duration::from_secs(2));
        assert!(!own.take_doubt(older, now));
        all.note_killed();
        let newer = Some(now + Duration::from_secs(60));
        assert!(!own.take_doubt(newer, now) && !own.take_doubt(None, now));
        assert!(own.take_doubt(older, now) && !own.take_doubt(older, now));
        own.forget();
        assert!(!own.take_doubt(older, now));
        assert!(earlier(&all, "alice", "y").take_doubt(older, now));
        assert!(all.noted.lock().is_empty(), "failures keep their places");
        for number in 2..=DOUBTED {
            assert!(earlier(&all, "alice", &number.to_string()).take_doubt(older, now));
        }
        assert_eq!(all.doubted.lock().len(), 1);
    }

    #[test]
    fn how_far_a_parked_upload_was_gone_on_with_outlasts_how_far_another_file_had_come() {
        let all = Arc::default();
        let own = earlier(&all, "alice", "x");
        own.note_failed(Came { end: 100, beginning: Some(1), is_anew: true });
        own.note_refused_to_go_on(50);
        assert_eq!((own.came(), own.gone_on(), own.take_replacement()), (None, 50, None));
        own.note_gone_on(40);
        assert_eq!(own.gone_on(), 50);
        own.note_failed(Came { end: 9, beginning: Some(2), is_anew: true });
        assert_eq!(own.gone_on(), 0, "another file");
    }

    #[test]
    fn that_a_file_was_refused_outlasts_its_success() {
        let all = Arc::default();
        let own = earlier(&all, "alice", "x");
        assert!(!own.has_refused());
        own.note_refused(Came { end: 9, beginning: Some(1), is_anew: true });
        own.forget();
        assert_eq!((own.came(), own.has_refused()), (None, true));
    }

    #[test]
    fn the_last_ones_are_remembered() {
        let all = Arc::default();
        for number in 0..=UPLOADS {
            let failed = Came { end: 1, ..Came::default() };
            earlier(&all, "alice", &number.to_string()).note_failed(failed);
        }
        assert_eq!(earlier(&all, "alice", "0").came(), None);
        assert!(earlier(&all, "alice", "1").came().is_some());
    }
}
