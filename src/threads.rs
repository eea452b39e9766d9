//! Every thread is made here: it has a name, which the log shows, a stack whose size is known, and
//! an owner. Where the system gives no more threads, whoever asks is told.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::thread::{self, Builder, JoinHandle, Scope, ScopedJoinHandle, Thread};
use std::time::Duration;

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

/// What the kernel's scheduler did with a thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scheduling {
    /// How long it had a processor.
    pub ran: Duration,
    /// How long it could have run, had there been one.
    pub delayed: Duration,
}

impl Scheduling {
    /// That of the present thread since its start; `None` where the kernel does not tell.
    pub fn of_this_thread() -> Option<Self> {
        Self::parse(&fs::read_to_string("/proc/thread-self/schedstat").ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut nanoseconds = text.split_ascii_whitespace().map_while(|word| word.parse().ok());
        let (ran, delayed) = (nanoseconds.next()?, nanoseconds.next()?);
        Some(Self { ran: Duration::from_nanos(ran), delayed: Duration::from_nanos(delayed) })
    }

    /// Whether processors were short within `time`: it waited for one for longer than it had one,
    /// and both together are a good part of that time. Who sleeps for most of it lacks other
    /// things.
    pub fn lacked_a_processor(self, time: Duration) -> bool {
        self.delayed > self.ran && (self.ran + self.delayed) * 6 > time
    }

    /// What was added to `before`.
    #[must_use]
    pub fn since(self, before: Self) -> Self {
        let ran = self.ran.saturating_sub(before.ran);
        Self { ran, delayed: self.delayed.saturating_sub(before.delayed) }
    }
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
    fn the_kernel_tells_what_it_did_with_a_thread() {
        let time = |ran, delayed| Scheduling {
            ran: Duration::from_nanos(ran),
            delayed: Duration::from_nanos(delayed),
        };
        assert_eq!(Scheduling::parse("5000000000 70 3\n"), Some(time(5_000_000_000, 70)));
        assert_eq!(Scheduling::parse("5000000000"), None);
        assert_eq!(time(9, 8).since(time(2, 3)), time(7, 5));
        let lacked = |ran, delayed, all| time(ran, delayed).lacked_a_processor(time(all, 0).ran);
        assert!(lacked(7, 8, 89) && !lacked(7, 7, 80) && !lacked(7, 8, 90));
        let before = Scheduling::of_this_thread().unwrap();
        while Scheduling::of_this_thread().unwrap().since(before).ran == Duration::ZERO {}
    }

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
