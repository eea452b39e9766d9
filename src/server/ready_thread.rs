//! A thread that waits for its session. To make one takes a good part of the time of a login, so it is
//! made when nobody waits for it: while the session before begins.

use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::limits;

/// What a session's thread does.
type Work = Box<dyn FnOnce() + Send>;

/// The thread of the session `id`. Dropped before the session begins, it ends.
#[derive(Debug)]
pub(super) struct ReadyThread {
    pub(super) id: u64,
    begin: SyncSender<Work>,
    thread: JoinHandle<()>,
}

impl ReadyThread {
    /// Makes the thread; its name is that of its session.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(super) fn spawn(id: u64) -> io::Result<Self> {
        let (begin, begun) = sync_channel::<Work>(1);
        let thread = Builder::new()
            .name(format!("session-{id}"))
            .stack_size(limits::SESSION_STACK_BYTES)
            .spawn(move || {
                // An error is the end of a server that needs no more sessions.
                if let Ok(work) = begun.recv() {
                    work();
                }
            })?;
        Ok(Self { id, begin, thread })
    }

    /// Begins the session.
    pub(super) fn run(self, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
        // It waits for this and nothing else, and there is room for it.
        let _ = self.begin.try_send(Box::new(work));
        self.thread
    }

    /// Ends the thread, which has no session.
    pub(super) fn dismiss(self) {
        drop(self.begin);
        // It has done nothing that could panic.
        let _ = self.thread.join();
    }
}
