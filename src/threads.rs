//! Every thread is made here: it has a name, which the log shows, a stack whose size is known, and
//! an owner. Where the system gives no more threads, whoever asks is told.

use std::cell::RefCell;
use std::io;
use std::thread::{self, Builder, JoinHandle, Scope, ScopedJoinHandle, Thread};

use crate::limits;

/// A thread that was started. Whoever starts it owns it until it has ended, or the process ends.
#[derive(Debug)]
#[must_use = "a thread without an owner is detached"]
pub struct OwnedThread<T = ()>(JoinHandle<T>);

impl<T> OwnedThread<T> {
    /// Waits for its end.
    ///
    /// # Errors
    /// What it panicked with.
    pub fn join(self) -> thread::Result<T> {
        self.0.join()
    }

    /// What wakes it where it is parked.
    pub fn handle(&self) -> &Thread {
        self.0.thread()
    }

    /// Whether it has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_finished()
    }
}

/// Starts a thread.
///
/// # Errors
/// When the system gives no more.
pub fn spawn<T: Send + 'static>(
    name: impl Into<String>,
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<OwnedThread<T>> {
    builder(name.into()).spawn(work).map(OwnedThread)
}

/// Starts a thread that works for the caller, and logs under its name.
///
/// # Errors
/// When the system gives no more.
pub fn spawn_helper<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<OwnedThread<T>> {
    spawn(own_name(), work)
}

/// The same for a thread that ends with `scope`, which owns it.
///
/// # Errors
/// When the system gives no more.
pub fn spawn_scoped_helper<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    builder(own_name()).spawn_scoped(scope, work)
}

thread_local! {
    /// What the thread is called now, if not as it was at its start.
    static NAME: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Calls the present thread `name` from now on, in the log. What the system shows of it stays: to
/// change that is a system call.
pub fn rename(name: String) {
    NAME.set(Some(name));
}

/// Tells what the present thread is called.
pub fn with_name<T>(tell: impl FnOnce(&str) -> T) -> T {
    NAME.with_borrow(|own| match own {
        Some(own) => tell(own),
        None => tell(thread::current().name().unwrap_or("helper")),
    })
}

fn builder(name: String) -> Builder {
    Builder::new().name(name).stack_size(limits::THREAD_STACK_BYTES)
}

fn own_name() -> String {
    with_name(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_log_under_the_name_of_their_caller() {
        let name = || own_name();
        let caller = spawn("caller", move || {
            let scoped = thread::scope(|scope| {
                spawn_scoped_helper(scope, name)?.join().map_err(|_| io::Error::other("panic"))
            });
            (name(), spawn_helper(name).unwrap().join().unwrap(), scoped.unwrap())
        });
        let caller = caller.unwrap();
        while !caller.is_finished() {
            thread::yield_now();
        }
        assert_eq!(caller.join().unwrap(), ("caller".into(), "caller".into(), "caller".into()));
    }
}
