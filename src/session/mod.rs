//! One client, from greeting to goodbye.
//!
//! A session is a loop in its own thread: a line becomes a command, the verb's row decides whether
//! it may be obeyed, one handler returns its final reply, and only [`ControlLine`] writes. The
//! handlers stand by family: [`login`], [`navigation`], [`listing`], [`upload`], [`download`],
//! [`data`], [`encryption`], [`information`]. Knows a store only as [`crate::store::ObjectStore`].

mod control_line;
mod data;
mod data_wait;
mod dispatch;
mod download;
mod encryption;
mod failure;
mod handle;
mod host;
mod information;
mod listed;
mod listing;
mod login;
mod long_work;
mod meantime;
mod navigation;
mod open_reply;
mod options;
mod overview;
mod reassurance;
mod refusal;
mod reply_writer;
mod upload;
mod watch;

pub use handle::{SessionHandle, StopSignal, StopStage};
pub use host::Host;
pub use options::{Entrance, SessionOptions, TlsDemand, TlsPolicy};
pub use overview::{Channel, Errand, ErrandKind, Overview};
pub use refusal::refusal_reply;

use std::net::Shutdown;
use std::sync::Arc;
use std::time::Instant;

use crate::access::{Refusal, Visit};
use crate::net::{DataPort, Ends, EndsError, HeaderError, Unused, Wake};
use crate::protocol::{Line, MlstFacts, Reply, TransferType, replies};
use crate::store::ReplyWait;
use crate::vfs::FtpPath;
use control_line::{ControlLine, NoLine};
use encryption::Encryption;
use handle::Dismissal;
use login::Login;
use meantime::Meantime;

/// Serves one client until it leaves, is thrown out or the server stops. Runs in the session's
/// own thread. Without a `visit` the door is asked here, as soon as it is known for whom a balancer
/// speaks.
pub fn serve(handle: &Arc<SessionHandle>, host: &Host, entrance: Entrance, visit: Option<Visit>) {
    let socket = handle.control();
    match meet(handle, host) {
        Ok(ends) => match visit.map_or_else(|| host.door.admit(ends.peer.ip()), Ok) {
            Ok(visit) => {
                visit.may_leave_by(Arc::clone(handle) as _);
                Session::new(handle, host, entrance, &visit, ends).run();
            }
            Err(refusal) => {
                ControlLine::new(socket, None, host.stop.clone()).send(&refusal_reply(refusal));
            }
        },
        // A health check that does no more than connect, or a client that changed its mind.
        Err(EndsError::Unannounced { from, source: HeaderError::Nothing }) => {
            log::debug!("{from} left without a PROXY header");
        }
        Err(error @ EndsError::Unannounced { .. }) => {
            if host.door.may_tell(handle.peer().ip(), "no PROXY header") {
                log::warn!("{error}");
            }
        }
        Err(error @ EndsError::Gone(_)) => log::debug!("{error}"),
    }
    // The other end may have closed it already.
    drop(socket.shutdown(Shutdown::Both));
}

/// Learns who the client is. From here on its address is that of the client itself, whoever relays
/// it.
fn meet(handle: &SessionHandle, host: &Host) -> Result<Ends, EndsError> {
    let socket = handle.control();
    let ends = Ends::of(socket, &host.options.balancers)?;
    handle.identify(ends.peer);
    Ok(ends)
}

/// The state of one client.
#[derive(Debug)]
struct Session<'a> {
    host: &'a Host,
    handle: &'a SessionHandle,
    entrance: Entrance,
    visit: &'a Visit,
    control: ControlLine<'a>,
    ends: Ends,
    encryption: Encryption,
    login: Login<'a>,
    working_directory: FtpPath,
    data_port: DataPort,
    /// What the client has opened for a command that did not use it, or not to its end.
    unused: Unused,
    pending: Pending,
    settings: Settings,
    /// That of the present command's client.
    reply_wait: ReplyWait,
    /// Made at the first transfer: an idle session costs no second descriptor.
    wake: Option<Wake>,
    /// An ABOR that ended a transfer has its own reply, after the transfer's.
    abort_unanswered: bool,
    began: Instant,
}

/// What one command leaves for the next. Used up or cleared by it, unless its row says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Pending {
    #[default]
    Nothing,
    /// REST: the next transfer begins here.
    RestartAt(u64),
    /// RNFR: RNTO names the new name.
    RenameFrom(FtpPath),
}

/// What TYPE, OPTS, ALLO and EPSV ALL have set.
#[derive(Debug)]
struct Settings {
    transfer_type: TransferType,
    facts: MlstFacts,
    /// ALLO, for the next upload only, bytes.
    announced: Option<u64>,
    /// EPSV ALL was sent (RFC 2428 4).
    only_epsv: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            transfer_type: TransferType::Ascii,
            facts: MlstFacts::default(),
            announced: None,
            only_epsv: false,
        }
    }
}

impl<'a> Session<'a> {
    fn new(
        handle: &'a SessionHandle,
        host: &'a Host,
        entrance: Entrance,
        visit: &'a Visit,
        ends: Ends,
    ) -> Self {
        Self {
            host,
            handle,
            entrance,
            visit,
            control: ControlLine::new(
                handle.control(),
                host.options.command_pace,
                host.stop.clone(),
            ),
            ends,
            encryption: Encryption::default(),
            login: Login::new(),
            working_directory: FtpPath::root(),
            data_port: DataPort::Nothing,
            unused: Unused::default(),
            pending: Pending::Nothing,
            settings: Settings::default(),
            reply_wait: ReplyWait::begin(host.options.reply_timeout),
            wake: None,
            abort_unanswered: false,
            began: Instant::now(),
        }
    }

    fn run(&mut self) {
        match self.ends.balancer {
            None => log::debug!("connected peer={}", self.ends.peer),
            Some(balancer) => log::debug!("connected peer={} by {balancer}", self.ends.peer),
        }
        if self.entrance == Entrance::ImplicitTls && !self.encrypt() {
            return;
        }
        self.limit_replies();
        self.control.send(&replies::greeting());
        loop {
            let reply = match self.next_line() {
                Ok(line) => self.obey(line),
                Err(Some(reply)) => reply,
                Err(None) => break,
            };
            let channel = self.control.tls().map_or(Channel::Plain, |_| Channel::Tls);
            self.limit_replies();
            self.handle.note_rest(&self.working_directory, channel);
            self.control.send(&reply);
            self.unused.end();
            if std::mem::take(&mut self.abort_unanswered) {
                self.control.send(&replies::abort_done());
            }
            if reply.closes_connection() || !self.encrypt_if_due() {
                break;
            }
        }
        self.control.close();
        self.say_goodbye_to_the_log();
    }

    /// Before the login all replies together have to be taken in its time.
    fn limit_replies(&mut self) {
        self.control.limit_replies(self.login.deadline(self.host.options.login));
    }

    /// The next line, or the reply that ends the session, or nothing when nobody would hear it.
    fn next_line(&mut self) -> Result<Line, Option<Reply>> {
        if let Some(reply) = self.farewell() {
            return Err(Some(reply));
        }
        let deadline = match self.login.deadline(self.host.options.login) {
            // Commands that wait are no reason to let somebody stay.
            Some(deadline) if deadline <= Instant::now() => {
                return Err(Some(replies::login_timeout()));
            }
            Some(deadline) => deadline,
            None => Instant::now() + self.host.options.idle,
        };
        self.line_until(deadline).map_err(|why| match why {
            NoLine::Ended => self.farewell(),
            NoLine::NotFtp(protocol) => {
                self.note_stranger(protocol);
                Some(replies::not_ftp())
            }
            NoLine::TimedOut if self.login.account().is_some() => Some(replies::idle_timeout()),
            NoLine::TimedOut => Some(replies::login_timeout()),
        })
    }

    /// Why the session ends although its client has more to say.
    fn farewell(&self) -> Option<Reply> {
        if self.host.stop.stage() >= StopStage::Draining {
            Some(replies::server_stopping())
        } else {
            match self.handle.dismissal() {
                Dismissal::None => None,
                Dismissal::AccountRemoved => Some(replies::account_removed()),
                Dismissal::MadeRoom => Some(refusal_reply(Refusal::MadeRoom)),
            }
        }
    }

    /// The next line; meanwhile a passive port that is not used is given back in time.
    fn line_until(&mut self, deadline: Instant) -> Result<Line, NoLine> {
        loop {
            let expiry = self.unused_port_expiry().filter(|expiry| *expiry < deadline);
            let mut beside = Meantime { port: &mut self.data_port, unused: &mut self.unused };
            let line = self.control.next_line(expiry.unwrap_or(deadline), &mut beside);
            match (line, expiry) {
                (Err(NoLine::TimedOut), Some(_)) => self.give_port_back(),
                (line, _) => return line,
            }
        }
    }

    /// Somebody probes the port, or is wrong about it.
    fn note_stranger(&self, protocol: &str) {
        if self.visit.may_tell("not an FTP client") {
            log::warn!("not an FTP client but {protocol}, peer={}", self.ends.peer);
        }
    }

    fn say_goodbye_to_the_log(&self) {
        let seconds = self.began.elapsed().as_secs_f64();
        match self.login.account() {
            Some(account) => log::info!("logout user={} seconds={seconds:.1}", account.name),
            None => log::debug!("disconnected seconds={seconds:.1}"),
        }
    }
}
