//! The threads of one transfer that send its requests: as many as are needed, and fewer again.

use std::io;
use std::ops::ControlFlow;

use crossbeam_channel::{Receiver, Sender, bounded, select_biased};

use crate::limits::{FIRST_WORKERS, MORE_WORKER_BYTES};
use crate::threads::{self, OwnedThread};
use crate::transfer::budget::Budget;

/// Threads that take jobs from one channel, in order. They end when this is dropped, each after its
/// present job; what nobody has taken then is dropped, too.
#[derive(Debug)]
pub(super) struct JobThreads<J> {
    jobs: Sender<J>,
    take_jobs: Receiver<J>,
    leave: Sender<()>,
    take_leave: Receiver<()>,
    threads: Vec<OwnedThread<()>>,
    /// Those that were not told to leave.
    count: usize,
}

impl<J: Send + 'static> JobThreads<J> {
    /// No threads yet, `most` at most at a time, and room for `jobs` that nobody has taken.
    pub(super) fn new(most: usize, jobs: usize) -> Self {
        let (jobs, take_jobs) = bounded(jobs);
        let (leave, take_leave) = bounded(most);
        Self { jobs, take_jobs, leave, take_leave, threads: Vec::new(), count: 0 }
    }

    /// Threads that run.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// One thread more, which does `work` for each job until that says to stop. Beyond the first
    /// few it takes some of `budget`.
    ///
    /// # Errors
    /// [`io::ErrorKind::OutOfMemory`] when the budget has nothing to spare; when the machine gives
    /// no thread.
    pub(super) fn start(
        &mut self,
        budget: &Budget,
        mut work: impl FnMut(J) -> ControlFlow<()> + Send + 'static,
    ) -> io::Result<()> {
        let memory = match self.count {
            ..FIRST_WORKERS => None,
            _ => {
                let memory = budget.try_borrow_for_speed(MORE_WORKER_BYTES);
                Some(memory.ok_or(io::ErrorKind::OutOfMemory)?)
            }
        };
        let (jobs, leave) = (self.take_jobs.clone(), self.take_leave.clone());
        let thread = threads::spawn_helper(move || {
            let _memory = memory;
            loop {
                select_biased! {
                    recv(leave) -> _ => return,
                    recv(jobs) -> job => match job.map(&mut work) {
                        Ok(ControlFlow::Continue(())) => {}
                        Ok(ControlFlow::Break(())) | Err(_) => return,
                    },
                }
            }
        })?;
        self.threads.push(thread);
        self.count += 1;
        Ok(())
    }

    /// Gives `job` to an idle thread, or to the next that is done. There is room for it.
    pub(super) fn give(&mut self, job: J) {
        let sent = self.jobs.try_send(job);
        // A job that is lost would be waited for without end.
        sent.expect("the channel has room for every job there may be, and we hold a receiver");
    }

    /// Lets all but `count` threads end after their present jobs.
    pub(super) fn shrink_to(&mut self, count: usize) {
        while self.count > count && self.leave.try_send(()).is_ok() {
            self.count -= 1;
        }
        for ended in self.threads.extract_if(.., |thread| thread.is_finished()) {
            // What it panicked with was reported as the failure of its job.
            let _ = ended.join();
        }
    }

    /// Tells the threads to end after their present jobs, and hands them over.
    pub(super) fn dismiss(self) -> Vec<OwnedThread<()>> {
        self.threads
    }
}
