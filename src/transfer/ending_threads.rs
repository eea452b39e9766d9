//! Workers that outlive their transfer: cancelled while they wait for the store's answer, they
//! end within its time-out, and somebody must own them until then.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::threads::OwnedThread;

/// The owner of such workers: no thread is detached.
#[derive(Debug, Default)]
pub struct EndingThreads(Mutex<Vec<OwnedThread<()>>>);

impl EndingThreads {
    /// Takes over `workers`, and joins those handed over earlier that have ended.
    pub fn adopt(&self, workers: Vec<OwnedThread<()>>) {
        let mut all = self.0.lock();
        all.extend(workers);
        join_finished(&mut all);
    }

    /// Waits until all have ended, at most until `deadline`. Tells how many are left.
    pub fn join_all(&self, deadline: Instant) -> usize {
        loop {
            let mut all = self.0.lock();
            join_finished(&mut all);
            let left = all.len();
            drop(all);
            if left == 0 || Instant::now() >= deadline {
                return left;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn join_finished(all: &mut Vec<OwnedThread<()>>) {
    for worker in all.extract_if(.., |worker| worker.is_finished()) {
        // A worker's panic was reported to its transfer as a failed part.
        let _ = worker.join();
    }
}
