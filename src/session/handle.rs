//! How the server reaches a session that runs in its own thread: to end it, and to see what it
//! is doing.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime};

use parking_lot::Mutex;

use super::overview::{Channel, Overview, TransferTask};
use super::refusal::refusal_reply;
use crate::access::{Leaver, Refusal};
use crate::net::Wake;
use crate::protocol::{Reply, replies};
use crate::transfer::Progress;
use crate::users::AccountSource;
use crate::vfs::FtpPath;

/// How far a stop has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopStage {
    /// Not stopping.
    Serving,
    /// No new transfers; running ones may finish; idle sessions end with 421.
    Draining,
    /// Running transfers are interrupted now.
    Interrupting,
}

/// The stage of the server's stop, seen by all sessions.
#[derive(Clone, Debug, Default)]
pub struct StopSignal(Arc<AtomicU8>);

impl StopSignal {
    /// The present stage.
    pub fn stage(&self) -> StopStage {
        match self.0.load(Ordering::Acquire) {
            0 => StopStage::Serving,
            1 => StopStage::Draining,
            _ => StopStage::Interrupting,
        }
    }

    /// Goes on to `stage`; never back. Sessions notice when [`SessionHandle::recheck_stop`] is
    /// called for each of them afterwards.
    pub fn advance(&self, stage: StopStage) {
        self.0.fetch_max(stage as u8, Ordering::AcqRel);
    }
}

/// Why one session is to end while the others go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dismissal {
    /// It is not.
    None,
    /// Its account is gone.
    AccountRemoved,
    /// It was not logged in, and another client needed its place.
    MadeRoom,
    /// The operator wants it to, transfer or not.
    Kicked,
}

/// One live session, as the server sees it.
#[derive(Debug)]
pub struct SessionHandle {
    id: u64,
    /// The other end of the socket.
    socket_peer: SocketAddr,
    /// The client, once it is known for whom a balancer speaks.
    client: OnceLock<SocketAddr>,
    control: Arc<TcpStream>,
    activity: Mutex<Activity>,
    since: SystemTime,
    doing: Mutex<Doing>,
    dismissal: AtomicU8,
}

impl Leaver for SessionHandle {
    fn make_room(&self) {
        self.end_for(Dismissal::MadeRoom);
    }
}

/// What the session is doing, for [`Overview`].
#[derive(Debug)]
struct Doing {
    user: Option<String>,
    /// Who knows that user; means nothing without one.
    source: AccountSource,
    control: Channel,
    directory: FtpPath,
    command: String,
    /// When the last command ended; `None` while one is being obeyed.
    rests_since: Option<Instant>,
    transfer: Option<(TransferTask, Progress)>,
}

impl Default for Doing {
    fn default() -> Self {
        Self {
            user: None,
            source: AccountSource::Configuration,
            control: Channel::Plain,
            directory: FtpPath::root(),
            command: String::new(),
            rests_since: Some(Instant::now()),
            transfer: None,
        }
    }
}

/// What wakes the session's thread.
#[derive(Debug)]
enum Activity {
    /// It waits for a command: the end of its control input wakes it.
    Idle,
    /// A transfer runs: its own wake does.
    Transferring(Wake),
}

impl SessionHandle {
    /// A session that waits for its first command.
    pub fn new(id: u64, peer: SocketAddr, control: Arc<TcpStream>) -> Self {
        let activity = Mutex::new(Activity::Idle);
        Self {
            id,
            socket_peer: peer,
            client: OnceLock::new(),
            control,
            activity,
            since: SystemTime::now(),
            doing: Mutex::default(),
            dismissal: AtomicU8::new(Dismissal::None as u8),
        }
    }

    /// Its number, in every log line of the session.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The client's address; behind a balancer the balancer's, until that has told for whom it
    /// speaks.
    pub fn peer(&self) -> SocketAddr {
        self.client.get().copied().unwrap_or(self.socket_peer)
    }

    /// Tells who the client is. Only the first word counts.
    pub(super) fn identify(&self, client: SocketAddr) {
        let _ = self.client.set(client);
    }

    /// Who is logged in.
    pub fn user(&self) -> Option<String> {
        self.doing.lock().user.clone()
    }

    /// The same, and who knows that user.
    pub fn login(&self) -> Option<(String, AccountSource)> {
        let doing = self.doing.lock();
        doing.user.clone().map(|user| (user, doing.source))
    }

    /// Tells who is logged in. The caller must look at the accounts after this call: whoever
    /// removes one looks at the users of all sessions afterwards.
    pub(super) fn set_user(&self, user: Option<(&str, AccountSource)>) {
        let mut doing = self.doing.lock();
        doing.user = user.map(|(name, _)| name.to_owned());
        if let Some((_, source)) = user {
            doing.source = source;
        }
    }

    /// What it is doing now.
    pub fn overview(&self) -> Overview {
        let doing = self.doing.lock();
        Overview {
            id: self.id,
            peer: self.peer(),
            user: doing.user.clone(),
            since: self.since,
            idle: doing.rests_since.map(|since| since.elapsed()),
            control: doing.control,
            directory: doing.directory.clone(),
            command: doing.command.clone(),
            transfer: doing.transfer.clone(),
        }
    }

    /// A command is being obeyed. It holds no secret.
    pub(super) fn note_command(&self, command: &str) {
        let mut doing = self.doing.lock();
        command.clone_into(&mut doing.command);
        doing.rests_since = None;
    }

    /// The command has been obeyed.
    pub(super) fn note_rest(&self, directory: &FtpPath, control: Channel) {
        let mut doing = self.doing.lock();
        if doing.directory != *directory {
            directory.clone_into(&mut doing.directory);
        }
        doing.control = control;
        doing.rests_since = Some(Instant::now());
    }

    /// A transfer has begun that is to do `task`; [`Self::end_transfer`] ends it.
    pub(super) fn note_transfer(&self, task: TransferTask, progress: Progress) {
        self.doing.lock().transfer = Some((task, progress));
    }

    /// Ends the session, as its account is gone: now when it is idle, after its transfer if one
    /// runs.
    pub fn dismiss(&self) {
        self.end_for(Dismissal::AccountRemoved);
    }

    /// Ends the session now, as the operator wants it to: a transfer that runs is interrupted.
    pub fn kick(&self) {
        self.end_for(Dismissal::Kicked);
    }

    /// Whether it is to end though a transfer runs.
    pub(super) fn is_kicked(&self) -> bool {
        self.dismissal() == Dismissal::Kicked
    }

    fn end_for(&self, reason: Dismissal) {
        // The last of them is the most urgent.
        self.dismissal.fetch_max(reason as u8, Ordering::AcqRel);
        self.recheck_stop();
    }

    /// What ends the session although its client has more to say: that the server's `stop` has
    /// begun, or its dismissal.
    pub(super) fn farewell(&self, stop: &StopSignal) -> Option<Reply> {
        if stop.stage() >= StopStage::Draining {
            return Some(replies::server_stopping());
        }
        match self.dismissal() {
            Dismissal::None => None,
            Dismissal::AccountRemoved => Some(replies::account_removed()),
            Dismissal::MadeRoom => Some(refusal_reply(Refusal::MadeRoom)),
            Dismissal::Kicked => Some(replies::kicked()),
        }
    }

    fn dismissal(&self) -> Dismissal {
        match self.dismissal.load(Ordering::Acquire) {
            0 => Dismissal::None,
            1 => Dismissal::AccountRemoved,
            2 => Dismissal::MadeRoom,
            _ => Dismissal::Kicked,
        }
    }

    /// The control connection.
    pub fn control(&self) -> &Arc<TcpStream> {
        &self.control
    }

    /// Whether a transfer runs.
    pub fn is_transferring(&self) -> bool {
        matches!(*self.activity.lock(), Activity::Transferring(_))
    }

    /// Makes the session's thread look at the [`StopSignal`] and whether it is dismissed: an idle
    /// one reads end of file, a transferring one is woken.
    pub fn recheck_stop(&self) {
        match &*self.activity.lock() {
            // A control connection that is gone already needs no waking.
            Activity::Idle => drop(self.control.shutdown(Shutdown::Read)),
            Activity::Transferring(wake) => wake.notify(),
        }
    }

    /// From now on `wake` is what [`Self::recheck_stop`] rings. The caller must look at the
    /// signal after this call.
    pub fn begin_transfer(&self, wake: Wake) {
        *self.activity.lock() = Activity::Transferring(wake);
    }

    /// Back to waiting for commands. The caller must look at the signal after this call.
    pub fn end_transfer(&self) {
        self.doing.lock().transfer = None;
        *self.activity.lock() = Activity::Idle;
    }
}
