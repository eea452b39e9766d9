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

mod intake;
mod parts;
mod plan;

pub use plan::{Plan, WriteMode};

use std::io::{ErrorKind as IoErrorKind, Read};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::limits;
use crate::net::{Interest, Wake};
use crate::store::{Cancel, ObjectStore, Stored};
use crate::transfer::block::{BlockPool, blocks_for};
use crate::transfer::budget::{Budget, Lease};
use crate::transfer::waiting::wait_for;
use crate::transfer::worker::{Job, Outcome, Target, Workers};
use crate::transfer::{
    Control, Directive, Interruption, PartialUpload, Progress, Report, Stragglers, TransferError,
    TransferOptions, Verdict,
};
use crate::vfs::FtpPath;
use intake::Intake;
use parts::Parts;

/// A file up to this size is stored by the session's own thread: cheaper than waking another, and
/// over before anybody could want to interrupt it.
const OWN_THREAD_BYTES: u64 = 1024 * 1024;

/// Whether TYPE A turns line ends round on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// Bytes stay what they are.
    None,
    /// CR LF on the wire, LF in the store.
    Ascii,
}

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

/// What an upload uses of the process.
#[derive(Clone, Copy, Debug)]
pub struct UploadResources<'a> {
    /// The operator's decisions.
    pub options: &'a TransferOptions,
    /// The bytes of all transfers.
    pub budget: &'a Budget,
    /// Who joins the workers.
    pub stragglers: &'a Stragglers,
    /// What wakes the session's thread.
    pub wake: &'a Wake,
}

/// One upload that has its memory and may begin.
#[derive(Debug)]
pub struct Upload<'a> {
    resources: UploadResources<'a>,
    intake: Intake,
    parts: Parts,
    workers: Workers,
    max_workers: usize,
    target: Option<Arc<Target>>,
    cancel: Cancel,
    begun: Begun,
    /// Set when the next part needs more memory than can be had at once.
    wants_restart: bool,
    kept: u64,
    announced: Option<u64>,
    progress: Progress,
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
    /// connection meanwhile.
    ///
    /// # Errors
    /// [`TransferError::NoBuffer`] after [`limits::BUFFER_WAIT`]; an interruption.
    pub fn admit(
        mut request: UploadRequest,
        resources: UploadResources<'a>,
        control: &mut dyn Control,
    ) -> Result<Self, Verdict> {
        let store_limits = request.store.part_limits();
        let options = resources.options;
        let parts = Parts::new(options, store_limits, &mut request.plan);
        let progress = Progress::begin();
        let reserve = lease_blocks(parts.reserve_blocks(), resources, control, &progress)?;
        let mut intake = Intake::new(BlockPool::new(resources.budget.clone(), reserve));
        if request.conversion == Conversion::Ascii {
            intake.convert_ascii();
        }
        while intake.bytes() < request.plan.head.len() as u64 {
            let had = intake.bytes() as usize;
            intake.make_room(parts.capacity_blocks());
            let now = (request.plan.head.len() - had).min(limits::BLOCK_BYTES);
            intake.push(&request.plan.head[had..had + now]);
        }
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
            wants_restart: false,
            kept: request.plan.kept,
            announced: request.announced,
            progress,
            stored: None,
        })
    }

    /// The upload's counters.
    pub fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Runs the upload to its end, whatever that is. `data` is non-blocking and is closed at the
    /// end of its data, before the store is asked to publish.
    pub fn run(mut self, mut data: impl Read + AsFd, control: &mut dyn Control) -> Report {
        self.progress = Progress::begin();
        let ended = self.receive(&mut data, control);
        drop(data);
        let last_byte = Instant::now();
        let verdict = self.conclude(ended, control);
        self.release();
        Report {
            verdict,
            bytes: self.progress.bytes(),
            elapsed: self.progress.elapsed(),
            tail: last_byte.elapsed(),
            parts: self.progress.parts(),
            stored: self.stored.take(),
        }
    }

    /// Reads until the data ends, giving parts to workers as they come together.
    fn receive(&mut self, data: &mut (impl Read + AsFd), control: &mut dyn Control) -> Ended {
        let idle = self.resources.options.data_idle;
        let mut waiting_since = Instant::now();
        loop {
            self.collect()?;
            self.dispatch(self.parts.target_blocks())?;
            if self.wants_restart {
                if let Some(by) = self.restart(control)? {
                    return Ok(Some(by));
                }
                waiting_since = Instant::now();
            }
            let has_room = self.intake.make_room(self.parts.capacity_blocks());
            if !has_room {
                // The client is not to blame for what we cannot take.
                waiting_since = Instant::now();
            }
            let left = idle.saturating_sub(waiting_since.elapsed());
            let socket = has_room.then(|| (data.as_fd(), Interest::Read));
            let woken = wait_for(control, self.resources.wake, socket, has_room.then_some(left))
                .map_err(TransferError::System)?;
            if woken.control
                && let Directive::Interrupt(by) = control.attend(&self.progress)
            {
                return Ok(Some(by));
            }
            if woken.data {
                match self.intake.read(data) {
                    Ok(0) => return Ok(self.gate(control)),
                    Ok(bytes) => {
                        self.count(bytes)?;
                        waiting_since = Instant::now();
                    }
                    Err(error) if is_passing(&error) => {}
                    Err(_) => return Ok(Some(Interruption::DataLost)),
                }
            } else if has_room && waiting_since.elapsed() >= idle {
                return Ok(Some(Interruption::DataIdle));
            }
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), TransferError> {
        self.progress.add_bytes(bytes as u64);
        let limit = self.resources.options.max_file;
        if self.kept + self.progress.bytes() > limit {
            return Err(TransferError::TooLarge { limit });
        }
        Ok(())
    }

    /// The commit gate: a killed client closes its data connection as cleanly as a finished one,
    /// but its control connection ends with it.
    fn gate(&self, control: &mut dyn Control) -> Option<Interruption> {
        let bytes = self.progress.bytes();
        match control.attend(&self.progress) {
            Directive::Interrupt(Interruption::ControlLost) if self.announced == Some(bytes) => {
                None
            }
            Directive::Interrupt(by) => Some(by),
            Directive::Continue => {
                self.announced.is_some_and(|all| bytes < all).then_some(Interruption::Short)
            }
        }
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

    /// Group commit: as long as a whole part of at least `smallest` blocks stands gathered and a
    /// worker is there to take it, gives it one; the share of what has gathered, so that several
    /// connections fill evenly.
    fn dispatch(&mut self, smallest: usize) -> Result<(), TransferError> {
        while self.intake.full_blocks() >= smallest && self.ready_for_parts()? {
            let Some(sharing) = self.free_workers() else {
                return Ok(());
            };
            self.check_reserve();
            let at_once = self.parts.capacity_blocks() / self.max_workers.max(2);
            let share = self.intake.full_blocks() / sharing;
            let blocks = self.intake.cut(share.min(at_once).max(smallest));
            self.give_part(blocks)?;
        }
        Ok(())
    }

    fn give_part(&mut self, blocks: Vec<crate::transfer::block::Block>) -> Result<(), TransferError> {
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
            && self.parts.has_copies()
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
    /// have; with none at all the upload fails.
    fn ensure_worker(&mut self) -> Result<(), TransferError> {
        if self.workers.idle() > 0 {
            return Ok(());
        }
        let Some(target) = &self.target else { return Ok(()) };
        self.workers.start(target).map_err(TransferError::System)
    }

    /// Looks whether the parts to come need a larger reserve.
    fn check_reserve(&mut self) {
        let needed = self.parts.reserve_blocks();
        if !self.intake.pool.try_grow_reserve(needed) {
            self.wants_restart = true;
        }
    }

    /// Sends what has gathered, gives all memory back and waits in line for the larger reserve:
    /// nobody waits for memory while holding any.
    fn restart(&mut self, control: &mut dyn Control) -> Ended {
        let rest = self.intake.cut_all();
        if !rest.is_empty() {
            self.give_part(rest)?;
        }
        while self.workers.busy() > 0 {
            if let Some(by) = self.await_workers(control)? {
                return Ok(Some(by));
            }
        }
        self.intake.pool.release();
        let blocks = self.parts.reserve_blocks();
        match lease_blocks(blocks, self.resources, control, &self.progress) {
            Ok(lease) => self.intake.pool.restart(lease),
            Err(Verdict::Failed(error)) => return Err(error),
            Err(Verdict::Interrupted { by, .. }) => return Ok(Some(by)),
            Err(Verdict::Complete) => {}
        }
        self.wants_restart = false;
        Ok(None)
    }

    /// Waits until a worker is done or the control connection says something.
    fn await_workers(&mut self, control: &mut dyn Control) -> Ended {
        let woken = wait_for(control, self.resources.wake, None, None)
            .map_err(TransferError::System)?;
        self.collect()?;
        if woken.control
            && let Directive::Interrupt(by) = control.attend(&self.progress)
        {
            return Ok(Some(by));
        }
        Ok(None)
    }

    /// Publishes or drops what has arrived.
    fn conclude(&mut self, ended: Ended, control: &mut dyn Control) -> Verdict {
        let keep = self.resources.options.partial == PartialUpload::Keep;
        let nothing_came = self.progress.bytes() == 0;
        let by = match ended {
            Err(error) => return self.fail(error),
            Ok(Some(by)) if !keep || nothing_came => return self.interrupted(by),
            Ok(by) => by,
        };
        if nothing_came && self.kept > 0 {
            return Verdict::Complete;
        }
        match self.publish(by, control) {
            Ok(None) => Verdict::Complete,
            Ok(Some(by)) if self.stored.is_some() => Verdict::Interrupted { by, kept: true },
            Ok(Some(by)) => self.interrupted(by),
            Err(error) => self.fail(error),
        }
    }

    fn interrupted(&self, by: Interruption) -> Verdict {
        self.cancel.raise();
        Verdict::Interrupted { by, kept: false }
    }

    fn fail(&self, error: TransferError) -> Verdict {
        self.cancel.raise();
        Verdict::Failed(error)
    }

    /// Sends the rest and publishes the object. An interruption that comes before the store was
    /// asked to publish is obeyed: it ends an upload whose partial object is not wanted, and is
    /// remembered for the verdict of one whose is.
    fn publish(&mut self, mut by: Option<Interruption>, control: &mut dyn Control) -> Ended {
        let keep = self.resources.options.partial == PartialUpload::Keep;
        let mut asked = false;
        if self.begun == Begun::NotYet && !self.parts.keeps_parts() {
            asked = true;
            if by.is_none() {
                by = self.gate(control);
            }
            if by.is_some() && !keep {
                return Ok(by);
            }
            self.put()?;
        }
        loop {
            self.collect()?;
            if self.stored.is_some() {
                return Ok(by);
            }
            if !asked {
                self.send_rest()?;
                if self.parts.all_confirmed() && self.intake.bytes() == 0 {
                    by = by.or_else(|| self.gate(control));
                    if by.is_some() && !keep {
                        return Ok(by);
                    }
                    asked = true;
                    self.ensure_worker()?;
                    self.workers.give(Job::Complete(self.parts.take_receipts()));
                }
            }
            let interrupted = self.await_workers(control)?;
            if !asked {
                by = by.or(interrupted);
                if by.is_some() && !keep {
                    return Ok(by);
                }
            }
        }
    }

    /// The whole object in one request.
    fn put(&mut self) -> Result<(), TransferError> {
        let blocks = self.intake.cut_all();
        let bytes: u64 = blocks.iter().map(|block| block.filled().len() as u64).sum();
        if bytes > OWN_THREAD_BYTES {
            self.ensure_worker()?;
            self.workers.give(Job::Put(blocks));
        } else if let Some(target) = &self.target {
            self.stored = Some(target.put(&blocks)?);
        }
        Ok(())
    }

    /// What is left after the last byte: shared among the workers in parts as small as the store
    /// takes, so that the tail is short; the last takes what remains.
    fn send_rest(&mut self) -> Result<(), TransferError> {
        let floor = self.parts.floor_blocks();
        while self.intake.bytes() > 0 && self.ready_for_parts()? {
            let Some(sharing) = self.free_workers() else {
                return Ok(());
            };
            let full = self.intake.full_blocks();
            let share = full.div_ceil(sharing).max(floor);
            let blocks = if full >= share + floor {
                self.intake.cut(share)
            } else {
                self.intake.cut_all()
            };
            self.give_part(blocks)?;
        }
        // Nothing new, but something to copy.
        self.ready_for_parts().map(drop)
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

/// Waits in line for `blocks` of the budget.
fn lease_blocks(
    blocks: usize,
    resources: UploadResources<'_>,
    control: &mut dyn Control,
    progress: &Progress,
) -> Result<Lease, Verdict> {
    let bytes = (blocks * limits::BLOCK_BYTES) as u64;
    if bytes > resources.budget.total() {
        return Err(Verdict::Failed(TransferError::NoBuffer));
    }
    let deadline = Instant::now() + limits::BUFFER_WAIT;
    let mut request = resources.budget.request(bytes, resources.wake);
    loop {
        request = match request.take() {
            Ok(lease) => return Ok(lease),
            Err(waiting) => waiting,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Err(Verdict::Failed(TransferError::NoBuffer));
        }
        let woken = wait_for(control, resources.wake, None, Some(left))
            .map_err(|error| Verdict::Failed(TransferError::System(error)))?;
        if woken.control
            && let Directive::Interrupt(by) = control.attend(progress)
        {
            return Err(Verdict::Interrupted { by, kept: false });
        }
    }
}

/// Whether a read failed in a way that the next one need not.
fn is_passing(error: &std::io::Error) -> bool {
    matches!(error.kind(), IoErrorKind::WouldBlock | IoErrorKind::Interrupted)
}
