//! The upload pipe: the session's thread reads the data connection into blocks, part-upload
//! workers send them, and nothing is published before everything is confirmed.
//!
//! ```text
//! data socket ─readv─► blocks ─gathered─► bounded channel ─► worker ─► store
//!       ▲                 ▲                                    │
//!       └── pool ◄────────┴──────── confirmed ◄────────────────┘
//! ```
//!
//! STOR, APPE and STOU differ in their [`WriteMode`] only.

mod commit;
mod head;
mod intake;
mod parts;
mod plan;

pub use plan::{Plan, WriteMode};

use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::limits;
use crate::metrics::Direction;
use crate::net::{Interest, Stream};
use crate::store::{Cancel, ObjectStore, Stored};
use crate::transfer::block::{Block, BlockPool};
use crate::transfer::throttle::Allowance;
use crate::transfer::waiting::{is_passing, lease, wait_for};
use crate::transfer::worker::{Job, Outcome, Target, Workers};
use crate::transfer::{
    Control, Conversion, Directive, Interruption, Progress, Report, Resources, Throttle,
    TransferError, Verdict,
};
use crate::vfs::FtpPath;
use intake::Intake;
use parts::Parts;

/// What an upload needs to know about itself.
#[derive(Debug)]
pub struct UploadRequest {
    /// Where to.
    pub store: Arc<dyn ObjectStore>,
    /// Under which name.
    pub path: FtpPath,
    /// What it keeps of an existing object.
    pub plan: Plan,
    /// What ALLO announced, in bytes.
    pub announced: Option<u64>,
    /// Whether line ends are turned round.
    pub conversion: Conversion,
}

/// One upload that has its memory and may begin.
#[derive(Debug)]
pub struct Upload<'a> {
    resources: Resources<'a>,
    intake: Intake,
    parts: Parts,
    workers: Workers,
    max_workers: usize,
    target: Option<Arc<Target>>,
    cancel: Cancel,
    begun: Begun,
    /// Blocks of the largest part that the reserve has room for.
    affordable: usize,
    kept: u64,
    announced: Option<u64>,
    progress: Progress,
    throttle: Throttle,
    stored: Option<Stored>,
}

/// How far CreateMultipartUpload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begun {
    NotYet,
    Asked,
    Done,
}

/// How the data ended.
type Ended = Result<Option<Interruption>, TransferError>;

impl<'a> Upload<'a> {
    /// Waits in line for the memory the upload cannot do without, attending to the control
    /// connection meanwhile; then reads what it keeps and cannot be copied inside the store.
    ///
    /// # Errors
    /// [`TransferError::NoBuffer`] after [`limits::BUFFER_WAIT`]; an interruption; what the store
    /// says.
    pub fn admit(
        mut request: UploadRequest,
        resources: Resources<'a>,
        control: &mut dyn Control,
    ) -> Result<Self, Verdict> {
        let store_limits = request.store.part_limits();
        let options = resources.options;
        let mut parts = Parts::new(options, store_limits, &mut request.plan);
        if request.conversion == Conversion::Ascii {
            parts.convert_ascii();
        }
        let progress = Progress::of_file(Direction::Upload);
        let bytes = (parts.reserve_blocks() * limits::BLOCK_BYTES) as u64;
        let reserve = lease(bytes, resources.budget, resources.wake, control, &progress)?;
        let mut intake = Intake::new(BlockPool::new(resources.budget.clone(), reserve));
        if let Some(head) = &request.plan.head {
            head.read(&*request.store, &request.path, parts.capacity_blocks(), &mut intake)
                .map_err(Verdict::Failed)?;
        }
        if request.conversion == Conversion::Ascii {
            intake.convert_ascii();
        }
        let affordable = parts.target_blocks();
        let cancel = Cancel::new();
        let target = Target::new(request.store, request.path, cancel.clone());
        Ok(Self {
            resources,
            intake,
            parts,
            workers: Workers::new(options.upload_threads.max(1), resources.wake.clone()),
            max_workers: options.upload_threads.max(1),
            target: Some(Arc::new(target)),
            cancel,
            begun: Begun::NotYet,
            affordable,
            kept: request.plan.kept,
            announced: request.announced,
            progress,
            throttle: Throttle::default(),
            stored: None,
        })
    }

    /// No faster than `throttle` allows.
    #[must_use]
    pub fn throttled(mut self, throttle: Throttle) -> Self {
        self.throttle = throttle;
        self
    }

    /// The upload's counters.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Runs the upload to its end, whatever that is. `data` is non-blocking; it is closed at the
    /// end of its data, before the store is asked to publish.
    pub fn run(mut self, mut data: Stream, control: &mut dyn Control) -> Report {
        self.progress.restart();
        let ended = self.receive(&mut data, control);
        // Before the store is asked: clients wait for the end of TLS, and only then for the reply.
        // One that takes not even this has no use for it.
        let _ = data.finish();
        drop(data);
        let last_byte = Instant::now();
        let verdict = self.conclude(ended, control);
        let (tail, elapsed) = (last_byte.elapsed(), self.progress.elapsed());
        self.release();
        Report {
            verdict,
            bytes: self.progress.bytes(),
            elapsed,
            tail,
            parts: self.progress.parts(),
            stored: self.stored.take(),
        }
    }

    /// Reads until the data ends, however that is.
    fn receive(&mut self, data: &mut Stream, control: &mut dyn Control) -> Ended {
        let by = self.receive_all(data, control)?;
        Ok(by.and_then(|by| self.heed(by)))
    }

    /// Reads until the data ends, giving parts to workers as they come together.
    fn receive_all(&mut self, data: &mut Stream, control: &mut dyn Control) -> Ended {
        let idle = self.resources.options.data_idle;
        let mut waiting_since = Instant::now();
        // A client that is gone may have sent all of its file first: what the socket still holds
        // has arrived, too.
        let mut gone = None;
        loop {
            self.dispatch()?;
            if self.needs_restart() {
                if let Some(by) = self.restart(control)? {
                    // Memory to read the rest into is what it was waiting for.
                    return Ok(Some(by));
                }
                waiting_since = Instant::now();
            }
            let has_room = self.intake.make_room(self.parts.capacity_blocks());
            let allowed = self.allowance(gone);
            let pause = allowed.pause();
            let reads = has_room && pause.is_none();
            if !reads {
                // The client is not to blame for what we cannot or may not take.
                waiting_since = Instant::now();
            }
            let left = match gone {
                None if self.intake.pool.has_surplus() => limits::BUFFER_RETENTION.min(idle),
                None => idle.saturating_sub(waiting_since.elapsed()),
                Some(_) => Duration::ZERO,
            };
            let at_hand = reads && data.holds_unread();
            let socket = (reads && !at_hand).then(|| (data.as_fd(), Interest::Read));
            let left = if at_hand { Duration::ZERO } else { pause.unwrap_or(left) };
            let woken = wait_for(control, self.resources.wake, socket, has_room.then_some(left))?;
            // The wake that told of it is cleared: nobody tells again.
            self.collect()?;
            if woken.control
                && let Some(by) = self.attend(control)
            {
                if by != Interruption::ControlLost {
                    return Ok(Some(by));
                }
                gone = Some(by);
            } else if woken.data || at_hand {
                match self.read(data, allowed) {
                    Ok(0) => return Ok(self.gate(gone, control)),
                    Ok(bytes) => {
                        self.count(bytes)?;
                        waiting_since = Instant::now();
                    }
                    Err(error) if is_passing(&error) => {}
                    Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                        return Ok(Some(Interruption::NoCloseNotify));
                    }
                    Err(_) => return Ok(Some(Interruption::DataLost)),
                }
            } else if reads && gone.is_some() {
                return Ok(gone);
            } else if reads && waiting_since.elapsed() >= idle {
                return Ok(Some(Interruption::DataIdle));
            } else if has_room && !woken.control {
                self.intake.pool.give_surplus_back();
            }
        }
    }

    /// What may be read now. A client that is gone is not held up any more.
    fn allowance(&self, gone: Option<Interruption>) -> Allowance {
        match gone {
            None => self.throttle.allowance(Instant::now()),
            Some(_) => Allowance::ALL,
        }
    }

    fn read(&mut self, data: &mut Stream, allowed: Allowance) -> io::Result<usize> {
        match allowed {
            Allowance::Bytes(most) if allowed != Allowance::ALL => {
                self.intake.read(&mut data.take(most as u64))
            }
            Allowance::Bytes(_) | Allowance::Wait(_) => self.intake.read(data),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), TransferError> {
        self.progress.add_bytes(bytes as u64);
        self.throttle.take(bytes, Instant::now());
        let limit = self.resources.options.max_file;
        if self.kept + self.progress.bytes() > limit {
            return Err(TransferError::TooLarge { limit });
        }
        Ok(())
    }

    /// The commit gate: a killed client closes its data connection as cleanly as a finished one,
    /// but its control connection ends with it, while a client that is done waits for the reply.
    fn gate(&self, gone: Option<Interruption>, control: &mut dyn Control) -> Option<Interruption> {
        let by = gone.or_else(|| self.attend(control)).and_then(|by| self.heed(by));
        let is_short = self.announced.is_some_and(|all| self.progress.bytes() < all);
        by.or(is_short.then_some(Interruption::Short))
    }

    fn attend(&self, control: &mut dyn Control) -> Option<Interruption> {
        match control.attend(&self.progress) {
            Directive::Continue => None,
            Directive::Interrupt(by) => Some(by),
        }
    }

    /// A client that has sent all it had announced has lost nothing, whatever breaks then; only
    /// its own ABOR counts.
    fn heed(&self, by: Interruption) -> Option<Interruption> {
        let has_all = self.announced == Some(self.progress.bytes());
        Some(by).filter(|&by| !has_all || by == Interruption::Aborted)
    }

    /// Takes what the workers have done.
    fn collect(&mut self) -> Result<(), TransferError> {
        while let Some(done) = self.workers.take_done() {
            self.intake.pool.put_back(done.blocks);
            match done.outcome? {
                Outcome::Created => self.begun = Begun::Done,
                Outcome::Part(receipt) => {
                    self.parts.confirm(receipt);
                    self.progress.add_part();
                }
                Outcome::Stored(stored) => self.stored = Some(stored),
            }
        }
        Ok(())
    }

    /// Group commit: as long as a whole part stands gathered and a worker is there to take it,
    /// gives it one; the share of what has gathered, so that several connections fill evenly.
    fn dispatch(&mut self) -> Result<(), TransferError> {
        loop {
            let smallest = self.parts.target_blocks();
            if smallest > self.affordable && !self.afford(smallest) {
                return Ok(());
            }
            if self.intake.full_blocks() < smallest || !self.ready_for_parts()? {
                return Ok(());
            }
            let Some(sharing) = self.free_workers() else { return Ok(()) };
            let most = self.parts.capacity_blocks() / self.max_workers.max(2);
            let share = self.intake.full_blocks() / sharing;
            let blocks = self.intake.cut(share.min(most).max(smallest));
            self.give_part(blocks)?;
        }
    }

    fn give_part(&mut self, blocks: Vec<Block>) -> Result<(), TransferError> {
        self.ensure_worker()?;
        let bytes = blocks.iter().map(|block| block.filled().len() as u64).sum();
        let place = self.parts.place(bytes)?;
        self.workers.give(Job::Part(place, blocks));
        Ok(())
    }

    /// Begins the upload in parts, then copies what is kept; true when parts may go.
    fn ready_for_parts(&mut self) -> Result<bool, TransferError> {
        if self.begun == Begun::NotYet {
            self.ensure_worker()?;
            self.workers.give(Job::Create);
            self.begun = Begun::Asked;
        }
        while self.begun == Begun::Done
            && self.free_workers().is_some()
            && let Some((place, source)) = self.parts.next_copy()
        {
            self.ensure_worker()?;
            self.workers.give(Job::Copy(place, source));
        }
        Ok(self.begun == Begun::Done && !self.parts.has_copies())
    }

    /// How many workers are idle or could be started; `None` for none.
    fn free_workers(&self) -> Option<usize> {
        let startable = self.max_workers.saturating_sub(self.workers.count());
        Some(self.workers.idle() + startable).filter(|&free| free > 0)
    }

    /// Makes sure a worker is idle. A machine that gives no more threads leaves us with those we
    /// have, and the job waits; with none at all the upload fails.
    fn ensure_worker(&mut self) -> Result<(), TransferError> {
        let Some(target) = self.target.as_ref().filter(|_| self.workers.idle() == 0) else {
            return Ok(());
        };
        match self.workers.start(target) {
            Err(error) if self.workers.count() == 0 => Err(TransferError::System(error)),
            Err(error) => {
                log::warn!("no thread for another part-upload worker: {error}");
                self.max_workers = self.workers.count();
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Enlarges the reserve for a part of `blocks`, if the budget has the bytes at once.
    fn afford(&mut self, blocks: usize) -> bool {
        if self.intake.pool.try_grow_reserve(self.parts.reserve_blocks()) {
            self.affordable = blocks;
        }
        blocks <= self.affordable
    }

    /// Whether the parts to come need more memory than can be had at once, and all that the
    /// present reserve allows has gathered.
    fn needs_restart(&self) -> bool {
        self.parts.target_blocks() > self.affordable && self.intake.full_blocks() >= self.affordable
    }

    /// Sends what has gathered, gives all memory back and waits in line for the larger reserve:
    /// nobody waits for memory while holding any.
    fn restart(&mut self, control: &mut dyn Control) -> Ended {
        while self.workers.busy() > 0 || self.intake.bytes() > 0 {
            if self.intake.bytes() > 0 && self.free_workers().is_some() && self.ready_for_parts()? {
                let rest = self.intake.cut_all();
                self.give_part(rest)?;
            }
            let by = self.await_workers(control)?;
            if by.is_some() {
                return Ok(by);
            }
        }
        drop(self.intake.cut_all());
        self.intake.pool.release();
        let Resources { budget, wake, .. } = self.resources;
        let bytes = (self.parts.reserve_blocks() * limits::BLOCK_BYTES) as u64;
        match lease(bytes, budget, wake, control, &self.progress) {
            Ok(lease) => self.intake.pool.restart(lease),
            Err(Verdict::Failed(error)) => return Err(error),
            Err(Verdict::Interrupted { by, .. }) => return Ok(Some(by)),
            Err(Verdict::Complete) => {}
        }
        self.affordable = self.parts.target_blocks();
        Ok(None)
    }

    /// Waits until a worker is done or the control connection says something.
    fn await_workers(&mut self, control: &mut dyn Control) -> Ended {
        let woken = wait_for(control, self.resources.wake, None, None)?;
        self.collect()?;
        let by = woken.control.then(|| self.attend(control)).flatten();
        Ok(by.and_then(|by| self.heed(by)))
    }

    /// Lets go of the workers. The last of them aborts what was not completed.
    fn release(&mut self) {
        self.target = None;
        let none = Workers::new(1, self.resources.wake.clone());
        let workers = std::mem::replace(&mut self.workers, none);
        self.resources.stragglers.adopt(workers.dismiss());
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        if self.target.is_some() {
            self.cancel.raise();
            self.release();
        }
    }
}
