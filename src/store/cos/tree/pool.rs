//! The pool of the process: a few threads that share work which mostly waits for the store.
//! Everybody who copies a directory or a large object, or asks for the times of a page of a
//! listing, gets helpers out of it, as many as there are for each: however many rename or list at
//! once, there are no more threads and connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use parking_lot::Mutex;

use crate::limits;
use crate::store::{ErrorKind, Operation, Result, StoreError};
use crate::threads;

/// Who helps. Clones share the helpers.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkerPool(Arc<Mutex<Roll>>);

#[derive(Debug, Default)]
struct Roll {
    /// Pieces of work that are shared at present.
    works: usize,
    /// Threads that help with them.
    helpers: usize,
}

/// A piece of work that is shared, and how many help with it.
struct Work<'a> {
    pool: &'a WorkerPool,
    helpers: Mutex<usize>,
}

/// One helper's place. Dropped, it is free for another.
struct WorkerPlace<'a> {
    work: &'a Work<'a>,
    is_left: bool,
}

impl WorkerPool {
    /// Does `work` on everything that `next` hands out, in the caller's thread and at most
    /// `workers - 1` helpers'. The first failure ends it: nothing more is handed out, and what is
    /// under way is finished before this returns. `next` is called by one thread at a time.
    pub(super) fn share<T>(
        &self,
        workers: usize,
        next: impl FnMut() -> Result<Option<T>> + Send,
        work: impl Fn(T) -> Result<()> + Sync,
    ) -> Result<()> {
        let next = Mutex::new(next);
        let is_over = AtomicBool::new(false);
        // One more thing done; whether there was any left.
        let step = || {
            let item = {
                let mut next = next.lock();
                if is_over.load(Ordering::Relaxed) { Ok(None) } else { next() }
            };
            let done = item.and_then(|item| item.map(&work).transpose());
            if !matches!(done, Ok(Some(()))) {
                is_over.store(true, Ordering::Relaxed);
            }
            Ok(done?.is_some())
        };
        let shared = Work::begin(self);
        let help = |mut place: WorkerPlace<'_>| {
            while !place.leaves() && step()? {}
            Ok(())
        };
        thread::scope(|scope| {
            let mut started = Vec::new();
            let outcome = loop {
                while !is_over.load(Ordering::Relaxed)
                    && let Some(place) = shared.place(workers.saturating_sub(1))
                {
                    match threads::spawn_scoped_helper(scope, move || help(place)) {
                        Ok(helper) => started.push(helper),
                        Err(_) => break,
                    }
                }
                match step() {
                    Ok(true) => {}
                    Ok(false) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            started.into_iter().fold(outcome, |outcome, helper| {
                let helped = helper.join().unwrap_or_else(|_| {
                    Err(StoreError::new(ErrorKind::Other, Operation::CopyObject, "")
                        .with_source("a helping thread panicked"))
                });
                outcome.and(helped)
            })
        })
    }
}

impl Roll {
    /// How many may help with each piece of work.
    fn share(&self) -> usize {
        (limits::POOL_THREADS / self.works.max(1)).max(1)
    }
}

impl<'a> Work<'a> {
    fn begin(pool: &'a WorkerPool) -> Self {
        pool.0.lock().works += 1;
        Self { pool, helpers: Mutex::default() }
    }

    /// A place for one more helper, unless `most` help or the pool is busy elsewhere.
    fn place(&'a self, most: usize) -> Option<WorkerPlace<'a>> {
        let mut roll = self.pool.0.lock();
        let mut helpers = self.helpers.lock();
        if *helpers >= most.min(roll.share()) || roll.helpers >= limits::POOL_THREADS {
            return None;
        }
        *helpers += 1;
        roll.helpers += 1;
        Some(WorkerPlace { work: self, is_left: false })
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        self.pool.0.lock().works -= 1;
    }
}

impl WorkerPlace<'_> {
    /// Leaves when others have fewer helpers than their share.
    fn leaves(&mut self) -> bool {
        let mut roll = self.work.pool.0.lock();
        let mut helpers = self.work.helpers.lock();
        if *helpers > roll.share() {
            *helpers -= 1;
            roll.helpers -= 1;
            self.is_left = true;
        }
        self.is_left
    }
}

impl Drop for WorkerPlace<'_> {
    fn drop(&mut self) {
        if !self.is_left {
            let mut roll = self.work.pool.0.lock();
            *self.work.helpers.lock() -= 1;
            roll.helpers -= 1;
        }
    }
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
        WorkerPool::default().share(8, || Ok(items.next()), add).unwrap();
        assert_eq!(sum.into_inner(), 500_500);
    }

    #[test]
    fn many_works_have_no_more_helpers_than_the_crew() {
        const WORKS: usize = 8;
        let pool = WorkerPool::default();
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..WORKS {
                scope.spawn(|| {
                    let mut items = 0..200;
                    let look = |_| {
                        let busy = now.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(busy, Ordering::SeqCst);
                        // As long as a store takes.
                        thread::sleep(std::time::Duration::from_millis(1));
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    };
                    pool.share(16, || Ok(items.next()), look).unwrap();
                });
            }
        });
        let most = most.into_inner();
        assert!(most <= limits::POOL_THREADS + WORKS, "{most} at once");
        assert!(most > WORKS, "nobody helped");
        let roll = pool.0.lock();
        assert_eq!((roll.works, roll.helpers), (0, 0));
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
        WorkerPool::default().share(4, || Ok(items.next()), look).unwrap();
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
        assert!(
            WorkerPool::default().share(4, || Ok(items.next()), fail_late).is_err(),
            "and does not go on for ever"
        );
        assert!(done.into_inner() >= 99);

        let mut left = 10;
        let dry = || {
            left -= 1;
            if left < 0 { Err(failure()) } else { Ok(Some(())) }
        };
        assert!(
            WorkerPool::default().share(4, dry, |()| Ok(())).is_err(),
            "also of what hands out"
        );
    }
}
