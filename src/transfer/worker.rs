//! The part-upload workers of one upload: threads that take jobs and give the blocks back with the
//! result.

use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::net::Wake;
use crate::threads::OwnedThread;
use crate::transfer::budget::Budget;
use crate::transfer::job::{Done, Job};
use crate::transfer::job_threads::JobThreads;
use crate::transfer::upload_target::UploadTarget;

/// The workers of one upload.
#[derive(Debug)]
pub(super) struct Workers {
    threads: JobThreads<Job>,
    give_done: Sender<Done>,
    done: Receiver<Done>,
    wake: Wake,
    busy: usize,
}

impl Workers {
    /// No workers yet, `max` at most. The channels have room for a job and a result of each, so
    /// that no send ever blocks.
    pub(super) fn new(max: usize, wake: Wake) -> Self {
        let (give_done, done) = bounded(max);
        Self { threads: JobThreads::new(max, max), give_done, done, wake, busy: 0 }
    }

    /// Workers that run.
    pub(super) fn count(&self) -> usize {
        self.threads.count()
    }

    /// Workers that wait for a job.
    pub(super) fn idle(&self) -> usize {
        self.count().saturating_sub(self.busy)
    }

    /// Jobs without a result yet.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    /// One worker more.
    ///
    /// # Errors
    /// As [`JobThreads::start`].
    pub(super) fn start(&mut self, target: &Arc<UploadTarget>, budget: &Budget) -> io::Result<()> {
        let target = Arc::clone(target);
        let (done, wake) = (self.give_done.clone(), self.wake.clone());
        self.threads.start(budget, move |job| {
            if done.try_send(work(&target, job)).is_err() {
                // The transfer is over; nobody waits for the rest.
                return ControlFlow::Break(());
            }
            wake.notify();
            ControlFlow::Continue(())
        })
    }

    /// Lets all but `count` workers end after their present jobs.
    pub(super) fn shrink_to(&mut self, count: usize) {
        self.threads.shrink_to(count);
    }

    /// Gives `job` to an idle worker, or to the next that is done.
    pub(super) fn give(&mut self, job: Job) {
        self.busy += 1;
        self.threads.give(job);
    }

    /// A result, if one has come.
    pub(super) fn take_done(&mut self) -> Option<Done> {
        let done = self.done.try_recv().ok()?;
        self.busy -= 1;
        Some(done)
    }

    /// Tells the workers to end after their present job, and hands their threads over.
    pub(super) fn dismiss(self) -> Vec<OwnedThread<()>> {
        self.threads.dismiss()
    }
}

fn work(target: &UploadTarget, mut job: Job) -> Done {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| target.run(&mut job)))
        .unwrap_or_else(|_| Err(target.error("a bug: the worker panicked")));
    let taken = matches!(job, Job::Part(..)).then(|| begun.elapsed());
    let blocks = match job {
        Job::Part(_, blocks) | Job::Refill(_, blocks) | Job::Put(blocks, _) => blocks,
        Job::CheckName | Job::Create | Job::CreateAndLook | Job::Copy(..) | Job::Complete(..) => {
            Vec::new()
        }
    };
    Done { outcome, blocks, taken }
}
