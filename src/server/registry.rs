//! The live sessions and their threads.
//!
//! Every session's thread is owned here. When its session ends it waits for another, or is joined
//! here, by the one thread that runs the server. As long as nobody asks for a stop that is woken
//! for some of them together, since to wake it costs as much as a login; a session that ends closes
//! its connection itself. A panic ends with the session it happened in, and with its thread.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use log::error;
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::session_threads::{SessionThread, SessionThreads};
use crate::limits;
use crate::session::{Overview, SessionHandle};
use crate::threads::OwnedThread;

/// Whether and how the server was asked to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StopRequest {
    #[default]
    None,
    Graceful,
    AtOnce,
}

/// Owner of the sessions, and the place where the server hears that something has changed.
#[derive(Debug, Default)]
pub(super) struct SessionRegistry {
    state: Mutex<RegistryState>,
    changed: Condvar,
    threads: SessionThreads,
    last_id: AtomicU64,
}

/// What [`SessionRegistry::wait_until`] can wait for.
#[derive(Debug, Default)]
pub(super) struct RegistryState {
    /// How the server was asked to stop.
    pub(super) request: StopRequest,
    /// In the order of their beginning. (No table that doubles its size: for what that gives back
    /// glibc would keep twice as much of every arena from then on.)
    sessions: BTreeMap<u64, LiveSession>,
    /// The most that lived at a time since this was asked last.
    most_sessions: usize,
    /// Sessions whose thread has ended, or is about to.
    ended: Vec<EndedSession>,
    /// How many wait for something that the end of a session may bring.
    watchers: usize,
}

#[derive(Debug)]
struct LiveSession {
    handle: Arc<SessionHandle>,
    thread: SessionThread,
}

#[derive(Debug)]
struct EndedSession {
    id: u64,
    peer: SocketAddr,
    thread: OwnedThread<()>,
}

impl RegistryState {
    /// Sessions that live. All others are joined when [`SessionRegistry::wait_until`] returns.
    pub(super) fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Transfers that run now.
    pub(super) fn transfers(&self) -> usize {
        self.sessions.values().filter(|session| session.handle.is_transferring()).count()
    }
}

impl SessionRegistry {
    /// Runs `serve` for a new session in a thread of its own.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub(super) fn start<F>(
        self: &Arc<Self>,
        control: Arc<TcpStream>,
        peer: SocketAddr,
        serve: F,
    ) -> io::Result<()>
    where
        F: FnOnce(&Arc<SessionHandle>) + Send + 'static,
    {
        let thread = self.threads.take()?;
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let handle = Arc::new(SessionHandle::new(id, peer, control));
        let (registry, own_handle) = (Arc::clone(self), Arc::clone(&handle));
        // Held until the session is entered: it could end before.
        let mut state = self.state.lock();
        thread.run(format!("session-{id}"), move || {
            let _at_the_end = EndGuard { id, registry };
            serve(&own_handle);
            // The thread may have another session before it comes to the end of this one.
            drop(own_handle);
        });
        state.sessions.insert(id, LiveSession { handle, thread });
        state.most_sessions = state.most_sessions.max(state.sessions.len());
        drop(state);
        self.get_ready();
        Ok(())
    }

    /// Makes the thread of the next session before its client comes.
    pub(super) fn get_ready(&self) {
        self.threads.prepare();
    }

    /// Ends threads that have waited for a session for long.
    pub(super) fn dismiss_rested(&self) {
        self.threads.dismiss_rested(limits::THREAD_REST);
    }

    /// Asks the server to stop; a request is never taken back.
    pub(super) fn request_stop(&self, request: StopRequest) {
        let mut state = self.state.lock();
        state.request = state.request.max(request);
        drop(state);
        self.changed.notify_all();
        self.threads.close();
    }

    /// How the server was asked to stop.
    pub(super) fn stop_request(&self) -> StopRequest {
        self.state.lock().request
    }

    /// Joins sessions as they end, until `done` or the deadline. Tells whether it is done.
    pub(super) fn wait_until(
        &self,
        deadline: Option<Instant>,
        done: impl Fn(&RegistryState) -> bool,
    ) -> bool {
        loop {
            let mut state = self.join_ended();
            if done(&state) {
                return true;
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return false;
            }
            state.watchers += 1;
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) => drop(self.changed.wait_until(&mut state, deadline)),
            }
            state.watchers -= 1;
        }
    }

    /// Blocks until a stop is requested, or until `deadline`; joins sessions meanwhile. Tells
    /// whether a stop is requested.
    pub(super) fn wait_for_stop(&self, deadline: Instant) -> bool {
        loop {
            let mut state = self.join_ended();
            if state.request != StopRequest::None || Instant::now() >= deadline {
                return state.request != StopRequest::None;
            }
            self.changed.wait_until(&mut state, deadline);
        }
    }

    /// Joins what has ended. In the state that it returns nothing has.
    fn join_ended(&self) -> MutexGuard<'_, RegistryState> {
        loop {
            let mut state = self.state.lock();
            let ended = std::mem::take(&mut state.ended);
            if ended.is_empty() {
                return state;
            }
            drop(state);
            ended.into_iter().for_each(join);
        }
    }

    /// Blocks for `pause`, or until a stop is requested.
    pub(super) fn pause(&self, pause: Duration) {
        let running = |state: &mut RegistryState| state.request == StopRequest::None;
        self.changed.wait_while_for(&mut self.state.lock(), running, pause);
    }

    /// What each session is doing, oldest first.
    pub(super) fn overviews(&self) -> Vec<Overview> {
        self.state.lock().sessions.values().map(|session| session.handle.overview()).collect()
    }

    /// Ends the sessions that `is_meant` says to, by `end`. Tells how many.
    pub(super) fn end(
        &self,
        is_meant: impl Fn(&SessionHandle) -> bool,
        end: impl Fn(&SessionHandle),
    ) -> usize {
        let state = self.state.lock();
        let handles = state.sessions.values().map(|session| &session.handle);
        handles.filter(|handle| is_meant(handle)).inspect(|handle| end(handle)).count()
    }

    /// Lets every session look at the stop signal.
    pub(super) fn recheck_stop(&self) {
        self.for_each(SessionHandle::recheck_stop);
    }

    /// Sessions that live.
    pub(super) fn sessions(&self) -> usize {
        self.state.lock().sessions()
    }

    /// Sessions that live, and the most that did since this was asked last.
    pub(super) fn sessions_and_most(&self) -> (usize, usize) {
        let mut state = self.state.lock();
        let now = state.sessions.len();
        (now, std::mem::replace(&mut state.most_sessions, now))
    }

    /// Transfers that run now.
    pub(super) fn transfers(&self) -> usize {
        self.state.lock().transfers()
    }

    /// Closes the control connections of all sessions that are left.
    pub(super) fn disconnect_all(&self) {
        // An error means that the connection is gone already.
        self.for_each(|handle| drop(handle.control().shutdown(Shutdown::Both)));
    }

    fn for_each(&self, act: impl Fn(&SessionHandle)) {
        self.state.lock().sessions.values().for_each(|session| act(&session.handle));
    }
}

/// Tells the registry, when it is dropped, that a session is over; also while a panic unwinds its
/// thread.
struct EndGuard {
    id: u64,
    registry: Arc<SessionRegistry>,
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        let mut state = self.registry.state.lock();
        let Some(LiveSession { handle, thread }) = state.sessions.remove(&self.id) else { return };
        let kept =
            if thread::panicking() { Err(thread) } else { self.registry.threads.keep(thread) };
        if let Err(thread) = kept {
            let (id, peer, thread) = (self.id, handle.peer(), thread.leave());
            state.ended.push(EndedSession { id, peer, thread });
        }
        let is_awaited =
            state.watchers > 0 || state.ended.len() >= limits::SESSIONS_JOINED_TOGETHER;
        drop(state);
        if is_awaited {
            self.registry.changed.notify_all();
        }
    }
}

fn join(session: EndedSession) {
    let EndedSession { id, peer, thread } = session;
    if let Err(panic) = thread.join() {
        let text = panic_text(panic.as_ref());
        error!("session-{id} ended by a fault of the server, peer={peer}: {text}");
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic")
}

#[cfg(test)]
mod tests;
