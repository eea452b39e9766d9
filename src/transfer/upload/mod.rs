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
mod dispatch;
mod head;
mod intake;
mod parts;
mod plan;
mod ranges;
mod receive;
mod reservation;
mod standstill;
mod tail;

pub use plan::{Plan, WriteMode};

use std::sync::Arc;
use std::time::Instant;

use time::OffsetDateTime;

use crate::limits;
use crate::metrics::Direction;
use crate::net::Stream;
use crate::store::{Admission, Cancel, Expected, ObjectStore, Stat, Stored};
use crate::transfer::concurrency::ConcurrencyLimit;
use crate::transfer::pool::BlockPool;
use crate::transfer::waiting::lease;
use crate::transfer::worker::{UploadTarget, Workers};
use crate::transfer::{
    Control, Conversion, Incomplete, Interruption, Progress, Resources, Throttle, TransferError,
    TransferReport,
};
use crate::vfs::FtpPath;
use intake::Intake;
use parts::Parts;
use reservation::Reservation;
use standstill::Standstill;
use tail::Tail;

/// What an upload needs to know about itself.
#[derive(Debug)]
pub struct UploadRequest {
    /// Where to.
    pub store: Arc<dyn ObjectStore>,
    /// Under which name.
    pub path: FtpPath,
    /// What it keeps of an existing object.
    pub plan: Plan,
    /// What ALLO announced, in bytes: room for the whole file, or for what is sent of it.
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
    /// How many of them there may be.
    concurrency: ConcurrencyLimit,
    target: Option<Arc<UploadTarget>>,
    cancel: Cancel,
    room: Room,
    begun: Begun,
    /// What stands under the name for what is kept of it to be right.
    expected: Expected,
    /// When the upload began, by the store's clock.
    since: OffsetDateTime,
    /// What stood under the name when the first part was ready, if that was asked.
    seen: Option<Option<Stat>>,
    /// Blocks of the largest part that the turn has room for.
    affordable: usize,
    kept: u64,
    /// What of the old object may have to stand behind the new end.
    tail: Option<Tail>,
    reservation: Reservation,
    progress: Progress,
    throttle: Throttle,
    standstill: Standstill,
    /// Whether the system looks after the data connection.
    is_kept_alive: bool,
    stored: Option<Stored>,
}

/// Whether a file may come to stand under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Unknown,
    Asked,
    Found,
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
    /// Begins with a small block; or, where what it keeps cannot be copied inside the store, waits
    /// in line for its turn, attending to the control connection meanwhile, and reads that. Has the
    /// store asked what only it can tell of the name.
    ///
    /// # Errors
    /// [`TransferError::NoBuffer`] after [`limits::BUFFER_WAIT`]; an interruption; what the store
    /// says.
    pub fn admit(
        mut request: UploadRequest,
        resources: Resources<'a>,
        control: &mut dyn Control,
    ) -> Result<Self, Incomplete> {
        let store_limits = request.store.part_limits();
        let options = resources.options;
        let mut parts = Parts::new(options, store_limits, &mut request.plan);
        if request.conversion == Conversion::Ascii {
            parts.convert_ascii();
        }
        let progress = Progress::of_file(Direction::Upload);
        let mut pool = BlockPool::new(resources.budget, resources.wake);
        if request.plan.head.is_some() {
            let bytes = (parts.reserve_blocks() * limits::BLOCK_BYTES) as u64;
            pool.begin_turn(lease(bytes, resources.budget, resources.wake, control, &progress)?);
        }
        let mut intake = Intake::new(pool);
        match &request.plan.head {
            Some(head) => head.read(&*request.store, &request.path, parts.size(), &mut intake)?,
            None => intake.begin_small(),
        }
        if request.conversion == Conversion::Ascii {
            intake.convert_ascii();
        }
        let affordable = parts.target_blocks();
        let cancel = Cancel::new();
        let since = request.store.now();
        let target = UploadTarget::new(
            request.store,
            request.path,
            request.plan.attributes(),
            cancel.clone(),
        );
        let mut upload = Self {
            resources,
            intake,
            parts,
            workers: Workers::new(options.upload_threads.max(1), resources.wake.clone()),
            concurrency: ConcurrencyLimit::new(
                options.upload_threads,
                target.slowdowns(),
                Instant::now(),
            ),
            target: Some(Arc::new(target)),
            cancel,
            room: match request.plan.admission {
                Admission::Granted => Room::Found,
                Admission::Unknown => Room::Unknown,
            },
            begun: Begun::NotYet,
            expected: request.plan.expected,
            since,
            seen: None,
            affordable,
            kept: request.plan.kept,
            tail: request.plan.tail,
            reservation: Reservation::new(request.announced, request.plan.kept),
            progress,
            throttle: Throttle::default(),
            standstill: Standstill::new(Instant::now()),
            is_kept_alive: false,
            stored: None,
        };
        upload.look_for_room()?;
        Ok(upload)
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
    /// end of its data, before the store is asked to publish. Where the upload fails earlier, it is
    /// handed back.
    pub fn run(mut self, mut data: Stream, control: &mut dyn Control) -> TransferReport {
        self.progress.restart();
        let ended = self.receive(&mut data, control);
        if !matches!(ended, Ok(Some(Interruption::ControlLost))) {
            control.data_ended();
        }
        // Before the store is asked: clients wait for the end of TLS, and only then for the reply.
        // One that takes not even this has no use for it.
        let unended = match ended {
            Err(_) => Some(data),
            Ok(_) => {
                let _ = data.finish();
                drop(data);
                None
            }
        };
        let last_byte = Instant::now();
        let verdict = self.conclude(ended, control);
        let (tail, elapsed) = (last_byte.elapsed(), self.progress.elapsed());
        self.release();
        TransferReport {
            verdict,
            bytes: self.progress.bytes(),
            kept: self.kept,
            elapsed,
            tail,
            parts: self.progress.parts(),
            stored: self.stored.take(),
            unended,
        }
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
