//! The wait of a client for the reply to its command. Clients give up after 15 to 60 s without a
//! word, so what is done for one that waits is bounded by it, while the same work for nobody, or
//! for a client that is still sending, may take longer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};

use super::Cancel;

/// What of the wait is left for finding out what became of a request that failed, at most.
const LAST_LOOK: Duration = Duration::from_secs(1);

/// The same as a part of the whole wait.
const LAST_LOOK_SHARE: u32 = 10;

/// The wait of one command, shared by all who work for it. Clones are the same.
#[derive(Clone, Debug)]
pub struct ReplyWait(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit: Duration,
    given_up: Cancel,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Since when the client has heard nothing; `None` while it waits for no reply.
    since: Option<Instant>,
    /// When the store last got on with something.
    progress: Option<Instant>,
    /// Requests that may take the store minutes: from when on each of them is there.
    long: Vec<Instant>,
}

/// A request that may take the store minutes, under way until this is dropped.
#[derive(Debug)]
pub struct LongRequest<'a> {
    wait: &'a ReplyWait,
    from: Instant,
}

impl ReplyWait {
    /// A client that begins to wait now, and is to hear something after `limit` at most.
    pub fn begin(limit: Duration) -> Self {
        let state = State { since: Some(Instant::now()), progress: None, long: Vec::new() };
        Self(Arc::new(Shared { limit, given_up: Cancel::new(), state: Mutex::new(state) }))
    }

    /// The client has heard something, or has ended its data: it begins to wait anew.
    pub fn renew(&self) {
        self.lock().since = Some(Instant::now());
    }

    /// The client does not wait for a reply: it has one, or sends and receives data.
    pub fn pause(&self) {
        self.lock().since = None;
    }

    /// How long it has waited; `None` while it waits for nothing.
    pub fn lasts(&self) -> Option<Duration> {
        self.lock().since.map(|since| since.elapsed())
    }

    /// How long it will go on waiting; `None` while it waits for nothing.
    pub fn left(&self) -> Option<Duration> {
        self.lasts().map(|lasts| self.0.limit.saturating_sub(lasts))
    }

    /// How long requests may be tried for it; `None` while it waits for nothing. A little of
    /// [`Self::left`] is kept for [`Self::last_look`].
    pub fn left_for_tries(&self) -> Option<Duration> {
        self.left().map(|left| left.saturating_sub(self.last_look()))
    }

    /// What a request gets that is sent when the time for tries is over: one that looks what became
    /// of another, or puts something right.
    pub fn last_look(&self) -> Duration {
        LAST_LOOK.min(self.0.limit / LAST_LOOK_SHARE)
    }

    /// Raised when what is done for the command is to end, if it can end halfway and leave nothing.
    pub fn given_up(&self) -> &Cancel {
        &self.0.given_up
    }

    /// The store has answered, or taken something for the first time.
    pub fn note_progress(&self) {
        self.lock().progress = Some(Instant::now());
    }

    /// A request is sent that may take the store minutes; `reached_in`: when it is there for sure.
    pub fn begin_long(&self, reached_in: Duration) -> LongRequest<'_> {
        let from = Instant::now() + reached_in;
        self.lock().long.push(from);
        LongRequest { wait: self, from }
    }

    /// Whether the store is at work: on a request that may take minutes, or it has got on within
    /// the last `recently`.
    pub fn is_store_at_work(&self, recently: Duration) -> bool {
        let (state, now) = (self.lock(), Instant::now());
        let gets_on = state.progress.is_some_and(|at| now.duration_since(at) < recently);
        gets_on || state.long.iter().any(|from| *from <= now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and the value is whole at any time.
        self.0.state.lock()
    }
}

impl Drop for LongRequest<'_> {
    fn drop(&mut self) {
        let mut state = self.wait.lock();
        if let Some(at) = state.long.iter().position(|from| *from == self.from) {
            state.long.swap_remove(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn time_runs_only_while_somebody_waits() {
        let wait = ReplyWait::begin(LONG);
        assert!(wait.left().unwrap() <= LONG && wait.lasts().is_some());
        assert_eq!(wait.last_look(), LAST_LOOK);
        assert!(wait.left_for_tries().unwrap() <= LONG - LAST_LOOK);
        wait.pause();
        assert_eq!((wait.left(), wait.left_for_tries(), wait.lasts()), (None, None, None));
        wait.clone().renew();
        assert!(wait.left().is_some(), "clones are the same");
    }

    #[test]
    fn a_wait_that_is_over_leaves_a_last_look() {
        let wait = ReplyWait::begin(Duration::ZERO);
        assert_eq!(
            (wait.left(), wait.left_for_tries()),
            (Some(Duration::ZERO), Some(Duration::ZERO))
        );
        let short = ReplyWait::begin(Duration::from_secs(2));
        assert_eq!(short.last_look(), Duration::from_millis(200));
    }

    #[test]
    fn a_store_is_at_work_on_long_requests_and_while_it_gets_on() {
        let wait = ReplyWait::begin(LONG);
        assert!(!wait.is_store_at_work(LONG));
        {
            let _on_its_way = wait.begin_long(LONG);
            assert!(!wait.is_store_at_work(LONG), "it may never arrive");
            let _there = wait.begin_long(Duration::ZERO);
            assert!(wait.is_store_at_work(LONG));
        }
        assert!(!wait.is_store_at_work(LONG), "both have ended");
        wait.note_progress();
        assert!(wait.is_store_at_work(LONG) && !wait.is_store_at_work(Duration::ZERO));
    }
}
