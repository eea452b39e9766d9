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

mod beginning;
mod commit;
mod head;
mod intake;
mod parts;
mod plan;
mod ranges;
mod reach;
mod receive;
mod replaced;
mod reservation;
mod scanning;
mod sender;
mod sent;
mod standstill;
mod tail;

pub use plan::{OverFiles, ParkedAmong, Plan, WriteMode};

use std::sync::Arc;
use std::time::Instant;

use crate::events::Witness;
use crate::limits;
use crate::metrics::Direction;
use crate::net::Stream;
use crate::store::ObjectStore;
use crate::transfer::pool::BlockPool;
use crate::transfer::upload_target::{TargetTerms, UploadTarget};
use crate::transfer::waiting::lease;
use crate::transfer::{
    Control, Conversion, EarlierUpload, Incomplete, Progress, Resources, Throttle, TransferError,
    TransferReport,
};
use crate::vfs::FtpPath;
use commit::Commit;
use intake::Intake;
use parts::Parts;
use reach::Reach;
use replaced::Replaced;
use reservation::Reservation;
use scanning::Scanning;
use sender::Sender;
use sent::Sent;
use standstill::Standstill;

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
    /// Who tells of it; `None` where nobody wants to know.
    pub witness: Option<Witness>,
    /// The last one of this name, if that may have come to nothing.
    pub earlier: Option<EarlierUpload>,
    /// Bytes of the file that an interrupted upload had brought of which the client has just been
    /// told; 0 without one.
    pub told: u64,
    /// Whether what its client leaves without waiting is published at some time.
    pub publishes_left: bool,
}

impl UploadRequest {
    /// Of a client that has announced nothing and been told of nothing, and of which nobody tells.
    pub fn new(store: Arc<dyn ObjectStore>, path: FtpPath, plan: Plan) -> Self {
        Self {
            store,
            path,
            plan,
            announced: None,
            conversion: Conversion::None,
            witness: None,
            earlier: None,
            told: 0,
            publishes_left: true,
        }
    }
}

/// One upload that has its memory and may begin.
#[derive(Debug)]
pub struct Upload<'a> {
    sender: Sender<'a>,
    replaced: Replaced,
    reach: Reach,
    publishes_left: bool,
    throttle: Throttle,
    standstill: Standstill,
    /// Whether the system looks after the data connection.
    is_kept_alive: bool,
    /// Bytes to come that are there already.
    repeated: u64,
}

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
        // The ranges go to the parts.
        let kept = request.plan.source();
        let reach = Reach::of(&request.plan, request.earlier.take(), request.told);
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
        if let Some(options) = &resources.options.scan {
            let UploadRequest { store, path, plan, .. } = &request;
            let mut scanning = Scanning::new(options, store, path, kept, resources.wake);
            if plan.parked.is_some() {
                scanning.rule_out();
            }
            intake.scan_by(scanning);
        }
        let UploadRequest { store, path, plan, announced, witness, publishes_left, .. } = request;
        let sent = Sent::new(progress, Reservation::new(announced, plan.kept));
        let since = store.now();
        let begun = plan.parked.as_ref().map_or(since, |parked| parked.begun);
        let keeps_both = plan.keeps_both;
        let terms = TargetTerms { continues: plan.attributes(), begun, keeps_both, witness };
        let target = UploadTarget::new(store, path, terms);
        if let Some(parked) = &plan.parked {
            target.resume(&parked.upload).map_err(TransferError::from)?;
        }
        let mut sender = Sender::new(resources, target, &plan, intake, parts, sent);
        sender.check_name()?;
        let Plan { expected, kept, tail, repeated, .. } = plan;
        Ok(Self {
            sender,
            replaced: Replaced { expected, since, kept, tail },
            reach,
            publishes_left,
            throttle: Throttle::default(),
            standstill: Standstill::new(Instant::now()),
            is_kept_alive: false,
            repeated,
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
        &self.sender.sent.progress
    }

    /// Runs the upload to its end, whatever that is. `data` is non-blocking; it is closed at the
    /// end of its data, before the store is asked to publish. Where the upload fails earlier, it is
    /// handed back.
    pub fn run(mut self, mut data: Stream, control: &mut dyn Control) -> TransferReport {
        self.progress().restart();
        let ended = self.receive(&mut data, control);
        if !matches!(ended, Ok(Some(by)) if by.is_of_control()) {
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
        let commit = Commit {
            sender: self.sender,
            replaced: self.replaced,
            reach: self.reach,
            publishes_left: self.publishes_left,
        };
        let report = commit.run(ended, control);
        TransferReport { unended, ..report }
    }
}
