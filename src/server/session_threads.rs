//! The threads that sessions run in. To make one and to end it takes a good part of what a short
//! session costs, and cameras log in for each picture. So the next one is made when nobody waits
//! for it, and one whose session has ended rests for a while: the next client may have it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::limits;
use crate::threads::{self, OwnedThread};

/// What a session's thread does.
type Work = Box<dyn FnOnce() + Send>;

/// What the system calls such a thread. The log calls it after its session.
const NAME: &str = "session";

/// Where threads without a session wait for one.
#[derive(Debug, Default)]
pub(super) struct SessionThreads(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// In the order of their coming: the last is taken first, so that those not needed grow old.
    threads: Vec<Resting>,
    /// No more sessions are to come.
    is_closed: bool,
}

#[derive(Debug)]
struct Resting {
    since: Instant,
    thread: SessionThread,
}

/// One thread. Dropped before its session begins, or after, it ends.
#[derive(Debug)]
pub(super) struct SessionThread {
    sender: WorkSender,
    thread: OwnedThread<()>,
}

/// Our end of a [`WorkInbox`]; with it goes the hope for another session.
#[derive(Debug)]
struct WorkSender {
    inbox: Arc<WorkInbox>,
    waiter: Thread,
}

/// Where a thread waits to be told what to do. A channel would do, but takes ten times the memory.
#[derive(Debug, Default)]
struct WorkInbox(Mutex<NextWork>);

#[derive(Default)]
struct NextWork {
    /// The next session, and its name.
    next: Option<(String, Work)>,
    /// No other is to come.
    is_last: bool,
}

impl fmt::Debug for NextWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { next, is_last } = self;
        let name = next.as_ref().map(|(name, _)| name);
        f.debug_struct("NextWork").field("next", &name).field("is_last", is_last).finish()
    }
}

impl WorkInbox {
    /// Waits for the next session; `None` when there is to be none.
    fn next(&self) -> Option<(String, Work)> {
        loop {
            let mut next = self.0.lock();
            if next.next.is_some() || next.is_last {
                return next.next.take();
            }
            drop(next);
            thread::park();
        }
    }
}

impl WorkSender {
    fn begin(&self, name: String, work: Work) {
        self.inbox.0.lock().next = Some((name, work));
        self.waiter.unpark();
    }
}

impl Drop for WorkSender {
    fn drop(&mut self) {
        self.inbox.0.lock().is_last = true;
        self.waiter.unpark();
    }
}

impl SessionThreads {
    /// One that waits, or else a new one.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(super) fn take(&self) -> io::Result<SessionThread> {
        let waiting = self.0.lock().threads.pop();
        waiting.map_or_else(SessionThread::spawn, |waiting| Ok(waiting.thread))
    }

    /// Makes one, unless one waits or none is wanted.
    pub(super) fn prepare(&self) {
        if self.0.lock().needs_none() {
            return;
        }
        // The system may have no more threads; whoever takes the next one asks again, and says so.
        let Ok(ready) = SessionThread::spawn() else { return };
        let mut waiting = self.0.lock();
        if waiting.needs_none() {
            drop(waiting);
            ready.dismiss();
        } else {
            waiting.add(ready);
        }
    }

    /// Keeps `thread`, whose session has ended, for the next one.
    ///
    /// # Errors
    /// The thread, where enough of them wait.
    pub(super) fn keep(&self, thread: SessionThread) -> Result<(), SessionThread> {
        let mut waiting = self.0.lock();
        if waiting.is_closed || waiting.threads.len() >= limits::RESTING_THREADS {
            return Err(thread);
        }
        waiting.add(thread);
        Ok(())
    }

    /// Ends those that have waited for longer than `rest`, but for the one that is needed next.
    pub(super) fn dismiss_rested(&self, rest: Duration) {
        let mut waiting = self.0.lock();
        let young = waiting.threads.iter().position(|thread| thread.since.elapsed() <= rest);
        let old = young.unwrap_or(waiting.threads.len().saturating_sub(1));
        let rested: Vec<_> = waiting.threads.drain(..old).collect();
        drop(waiting);
        rested.into_iter().for_each(|resting| resting.thread.dismiss());
    }

    /// Ends all that wait; no more are prepared or kept.
    pub(super) fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.is_closed = true;
        let threads = std::mem::take(&mut waiting.threads);
        drop(waiting);
        threads.into_iter().for_each(|resting| resting.thread.dismiss());
    }
}

impl Waiting {
    fn needs_none(&self) -> bool {
        self.is_closed || !self.threads.is_empty()
    }

    fn add(&mut self, thread: SessionThread) {
        self.threads.push(Resting { since: Instant::now(), thread });
    }
}

impl SessionThread {
    fn spawn() -> io::Result<Self> {
        let inbox = Arc::new(WorkInbox::default());
        let own_inbox = Arc::clone(&inbox);
        let thread = threads::spawn(NAME, move || {
            while let Some((name, work)) = own_inbox.next() {
                threads::rename(name);
                work();
            }
        })?;
        let sender = WorkSender { inbox, waiter: thread.handle().clone() };
        Ok(Self { sender, thread })
    }

    /// Begins a session called `name`. The thread may be kept again as soon as `work` is done with
    /// all that matters.
    pub(super) fn run(&self, name: String, work: impl FnOnce() + Send + 'static) {
        self.sender.begin(name, Box::new(work));
    }

    /// What is left of a thread that ends when its session has ended.
    pub(super) fn leave(self) -> OwnedThread<()> {
        self.thread
    }

    /// Ends the thread, which has no session.
    fn dismiss(self) {
        drop(self.sender);
        // It has done nothing that could panic.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread::ThreadId;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    impl SessionThreads {
        /// How many threads wait.
        pub(in crate::server) fn waiting(&self) -> usize {
            self.0.lock().threads.len()
        }
    }

    /// Runs one session, called `name`; what its thread is then called, and which one it is.
    fn serve(threads: &SessionThreads, name: &str) -> (SessionThread, String, ThreadId) {
        let thread = threads.take().unwrap();
        let (tell, told) = channel();
        let tell = move || {
            let name = threads::with_name(str::to_owned);
            tell.send((name, thread::current().id())).unwrap();
        };
        thread.run(name.to_owned(), tell);
        let (name, id) = told.recv().unwrap();
        (thread, name, id)
    }

    #[test]
    fn a_thread_is_named_after_each_of_its_sessions() {
        let threads = SessionThreads::default();
        let (thread, name, first) = serve(&threads, "session-1");
        assert_eq!(name, "session-1");
        threads.keep(thread).unwrap();
        let (thread, name, second) = serve(&threads, "session-2");
        assert_eq!((name.as_str(), second), ("session-2", first));
        threads.keep(thread).unwrap();
        threads.close();
    }

    #[test]
    fn one_thread_is_ready_and_the_others_rest_for_a_while() {
        let threads = SessionThreads::default();
        threads.prepare();
        threads.prepare();
        assert_eq!(threads.waiting(), 1, "one is enough");
        let more: Vec<_> = (0..limits::RESTING_THREADS + 1).map(|_| threads.take()).collect();
        assert_eq!(threads.waiting(), 0);
        let kept = more.into_iter().map(|thread| threads.keep(thread.unwrap()));
        let refused: Vec<_> = kept.filter_map(Result::err).collect();
        assert_eq!((refused.len(), threads.waiting()), (1, limits::RESTING_THREADS));
        refused.into_iter().for_each(SessionThread::dismiss);
        threads.dismiss_rested(LONG);
        assert_eq!(threads.waiting(), limits::RESTING_THREADS);
        threads.dismiss_rested(Duration::ZERO);
        assert_eq!(threads.waiting(), 1, "the next client need not wait");
        threads.close();
    }

    #[test]
    fn none_waits_when_no_sessions_are_to_come() {
        let threads = SessionThreads::default();
        threads.prepare();
        threads.close();
        assert_eq!(threads.waiting(), 0);
        threads.prepare();
        assert_eq!(threads.waiting(), 0);
        let late = threads.take().unwrap();
        let refused = threads.keep(late);
        assert_eq!(threads.waiting(), 0);
        refused.unwrap_err().dismiss();
    }
}
