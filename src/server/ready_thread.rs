//! A thread that waits for its session. To make one takes a good part of the time of a login, so it
//! is made when nobody waits for it: while the session before begins.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};

use parking_lot::Mutex;

use crate::threads::{self, OwnedThread};

/// What a session's thread does.
type Work = Box<dyn FnOnce() + Send>;

/// Where the thread of the next session waits.
#[derive(Debug, Default)]
pub(super) struct NextThread(Mutex<Next>);

#[derive(Debug, Default)]
struct Next {
    last_id: u64,
    ready: Option<ReadyThread>,
    /// No more sessions are to come.
    is_closed: bool,
}

/// The thread of the session `id`. Dropped before the session begins, it ends.
#[derive(Debug)]
pub(super) struct ReadyThread {
    pub(super) id: u64,
    begin: SyncSender<Work>,
    thread: OwnedThread<()>,
}

impl NextThread {
    /// The thread that waits, or else a new one.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(super) fn take(&self) -> io::Result<ReadyThread> {
        let mut next = self.0.lock();
        if let Some(ready) = next.ready.take() {
            return Ok(ready);
        }
        let id = next.next_id();
        drop(next);
        ReadyThread::spawn(id)
    }

    /// Makes the next one, unless it is there or none is wanted.
    pub(super) fn prepare(&self) {
        let mut next = self.0.lock();
        if next.needs_none() {
            return;
        }
        let id = next.next_id();
        drop(next);
        // The system may have no more threads; whoever takes the next one asks again, and says so.
        let Ok(ready) = ReadyThread::spawn(id) else { return };
        let mut next = self.0.lock();
        if next.needs_none() {
            drop(next);
            ready.dismiss();
        } else {
            next.ready = Some(ready);
        }
    }

    /// Ends the thread that waits; no more are prepared.
    pub(super) fn close(&self) {
        let mut next = self.0.lock();
        next.is_closed = true;
        let ready = next.ready.take();
        drop(next);
        if let Some(ready) = ready {
            ready.dismiss();
        }
    }
}

impl Next {
    fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn needs_none(&self) -> bool {
        self.is_closed || self.ready.is_some()
    }
}

impl ReadyThread {
    fn spawn(id: u64) -> io::Result<Self> {
        let (begin, begun) = sync_channel::<Work>(1);
        let thread = threads::spawn(format!("session-{id}"), move || {
            // An error is the end of a server that needs no more sessions.
            if let Ok(work) = begun.recv() {
                work();
            }
        })?;
        Ok(Self { id, begin, thread })
    }

    /// Begins the session.
    pub(super) fn run(self, work: impl FnOnce() + Send + 'static) -> OwnedThread<()> {
        // It waits for this and nothing else, and there is room for it.
        let _ = self.begin.try_send(Box::new(work));
        self.thread
    }

    /// Ends the thread, which has no session.
    fn dismiss(self) {
        drop(self.begin);
        // It has done nothing that could panic.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    impl NextThread {
        /// The session that a thread waits for.
        pub(in crate::server) fn waiting(&self) -> Option<u64> {
            self.0.lock().ready.as_ref().map(|ready| ready.id)
        }
    }

    #[test]
    fn one_thread_waits_and_is_named_after_its_session() {
        let next = NextThread::default();
        next.prepare();
        next.prepare();
        assert_eq!(next.waiting(), Some(1), "one is enough");
        let ready = next.take().unwrap();
        let (tell, told) = channel();
        let name = || thread::current().name().map(str::to_owned);
        ready.run(move || tell.send(name()).unwrap()).join().unwrap();
        assert_eq!(told.recv().unwrap().as_deref(), Some("session-1"));
        assert_eq!(next.take().unwrap().id, 2, "made when nobody has");
    }

    #[test]
    fn none_waits_when_no_sessions_are_to_come() {
        let next = NextThread::default();
        next.prepare();
        next.close();
        assert_eq!(next.waiting(), None);
        next.prepare();
        assert_eq!(next.waiting(), None);
        assert_eq!(next.take().unwrap().id, 2, "one that came all the same is served");
    }
}
