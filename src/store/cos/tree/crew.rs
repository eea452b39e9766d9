//! A few threads that share work which mostly waits for the store.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::limits;
use crate::store::{ErrorKind, Operation, Result, StoreError};

/// Does `work` on everything that `next` hands out, on at most `workers` threads, the caller's
/// included. The first failure ends it: nothing more is handed out, and what is under way is
/// finished before this returns. `next` is called by one thread at a time.
pub(crate) fn share<T>(
    workers: usize,
    next: impl FnMut() -> Result<Option<T>> + Send,
    work: impl Fn(T) -> Result<()> + Sync,
) -> Result<()> {
    let next = Mutex::new(next);
    let is_failed = AtomicBool::new(false);
    let take = || {
        let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
        if is_failed.load(Ordering::Relaxed) { Ok(None) } else { next() }
    };
    let run = || {
        while let Some(item) = take().inspect_err(|_| is_failed.store(true, Ordering::Relaxed))? {
            work(item).inspect_err(|_| is_failed.store(true, Ordering::Relaxed))?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let helpers: Vec<_> = (1..workers)
            .map_while(|_| {
                // Under the caller's name, which the log shows.
                let name = thread::current().name().unwrap_or("crew").to_owned();
                let builder = thread::Builder::new().name(name);
                let builder = builder.stack_size(limits::WORKER_STACK_BYTES);
                builder.spawn_scoped(scope, run).ok()
            })
            .collect();
        let mut outcome = run();
        for helper in helpers {
            let helped = helper.join().unwrap_or_else(|_| {
                Err(StoreError::new(ErrorKind::Other, Operation::CopyObject, "")
                    .with_source("a helping thread panicked"))
            });
            outcome = outcome.and(helped);
        }
        outcome
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    fn failure() -> StoreError {
        StoreError::new(ErrorKind::Unavailable, Operation::CopyObject, "k")
    }

    #[test]
    fn everything_is_done_once() {
        let sum = AtomicUsize::new(0);
        let mut items = 1..=1000;
        let add = |item| {
            sum.fetch_add(item, Ordering::Relaxed);
            Ok(())
        };
        share(8, || Ok(items.next()), add).unwrap();
        assert_eq!(sum.into_inner(), 500_500);
    }

    #[test]
    fn helpers_are_named_after_their_caller() {
        let caller = thread::current().name().map(str::to_owned);
        let all_there = std::sync::Barrier::new(4);
        let mut items = 0..4;
        let look = |_| {
            // So that each of the four does one.
            all_there.wait();
            assert_eq!(thread::current().name().map(str::to_owned), caller);
            Ok(())
        };
        share(4, || Ok(items.next()), look).unwrap();
    }

    #[test]
    fn the_first_failure_ends_it() {
        let done = AtomicUsize::new(0);
        let fail_late = |item| {
            if item == 100 {
                return Err(failure());
            }
            done.fetch_add(1, Ordering::Relaxed);
            Ok(())
        };
        let mut items = 1..;
        assert!(share(4, || Ok(items.next()), fail_late).is_err(), "and does not go on for ever");
        assert!(done.into_inner() >= 99);

        let mut left = 10;
        let dry = || {
            left -= 1;
            if left < 0 { Err(failure()) } else { Ok(Some(())) }
        };
        assert!(share(4, dry, |()| Ok(())).is_err(), "also of what hands out");
    }
}
