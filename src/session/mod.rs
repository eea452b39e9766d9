//! One client, from greeting to goodbye.
//!
//! A session is a loop in its own thread: a line becomes a command, the verb's row decides whether
//! it may be obeyed, one handler returns its final reply, and only [`ControlLine`] writes. The
//! handlers stand by family, and each is given the parts of the session that it needs: [`login`],
//! [`login_attempt`], [`navigation`], [`listing`], [`upload`], [`done_marker`], [`download`],
//! [`data`], [`encryption`], [`settings`], [`information`]. Knows a store only as
//! [`crate::store::ObjectStore`].

mod certificate_login;
mod command_wait;
mod control_line;
mod data;
mod data_opening;
mod data_wait;
mod dispatch;
mod done_marker;
mod download;
mod encryption;
mod failure;
mod handle;
mod host;
mod information;
mod listed;
mod listing;
mod login;
mod login_attempt;
mod long_work;
mod navigation;
mod open_reply;
mod options;
mod overview;
mod parked;
mod publishing;
mod reassurance;
mod received_lines;
mod refusal;
mod renaming;
mod reply_writer;
mod settings;
mod step;
mod times;
mod told_parked;
mod trace;
mod transfer;
mod transfer_log;
mod unpublished;
mod upload;
mod wake;
mod watch;

pub use handle::{SessionHandle, StopSignal, StopStage};
pub use host::Host;
pub use options::{Entrance, SessionOptions, TlsDemand, TlsPolicy};
pub use overview::{Channel, Overview, TransferKind, TransferTask};
pub use refusal::refusal_reply;

use std::sync::Arc;
use std::time::Instant;

use crate::access::AdmittedClient;
use crate::net::tls::ClientRefusal;
use crate::net::{Endpoints, EndpointsError, HeaderError};
use crate::protocol::{Code, Line, NameEncoding, Reply, replies};
use crate::vfs::FtpPath;
use command_wait::CommandWait;
use control_line::{ControlLine, NoLine};
use data::DataChannel;
use encryption::{Encryption, handshake};
use login::Login;
use settings::{ClientSettings, Pending};
use told_parked::ToldParked;
use trace::Trace;
use wake::OwnWake;

/// Serves one client until it leaves, is thrown out or the server stops. Runs in the session's
/// own thread. Without `admitted`, access is asked for here, as soon as it is known for whom a
/// balancer speaks.
pub fn serve(
    handle: &Arc<SessionHandle>,
    host: &Host,
    entrance: Entrance,
    admitted: Option<AdmittedClient>,
) {
    let socket = handle.control();
    match meet(handle, host) {
        Ok(ends) => match admitted.map_or_else(|| host.access.admit(ends.peer.ip()), Ok) {
            Ok(admitted) => {
                admitted.may_leave_by(Arc::clone(handle) as _);
                Session::new(handle, host, entrance, &admitted, ends).run();
            }
            Err(refusal) => {
                ControlLine::new(socket, None, host.stop.clone()).send(&refusal_reply(refusal));
            }
        },
        // A health check that does no more than connect, or a client that changed its mind.
        Err(EndpointsError::Unannounced { from, source: HeaderError::Nothing }) => {
            log::debug!("{from} left without a PROXY header");
        }
        Err(error @ EndpointsError::Unannounced { .. }) => {
            if host.access.may_tell(handle.peer().ip(), "no PROXY header") {
                log::warn!("{error}");
            }
        }
        Err(error @ EndpointsError::Gone(_)) => log::debug!("{error}"),
    }
}

/// Learns who the client is. From here on its address is that of the client itself, whoever relays
/// it.
fn meet(handle: &SessionHandle, host: &Host) -> Result<Endpoints, EndpointsError> {
    let socket = handle.control();
    let ends = Endpoints::of(socket, handle.peer(), &host.options.balancers)?;
    handle.identify(ends.peer);
    Ok(ends)
}

/// One client's session: the parts that its commands work with.
#[derive(Debug)]
struct Session<'a> {
    host: &'a Host,
    handle: &'a SessionHandle,
    admitted: &'a AdmittedClient,
    ends: Endpoints,
    control: ControlLine<'a>,
    encryption: Encryption,
    login: Login<'a>,
    working_directory: FtpPath,
    told_parked: ToldParked,
    data: DataChannel<'a>,
    settings: ClientSettings,
    pending: Pending,
    wait: CommandWait,
    wake: OwnWake,
}

impl<'a> Session<'a> {
    fn new(
        handle: &'a SessionHandle,
        host: &'a Host,
        entrance: Entrance,
        admitted: &'a AdmittedClient,
        ends: Endpoints,
    ) -> Self {
        let options = &host.options;
        let quota = options.command_quota;
        let mut control = ControlLine::new(handle.control(), quota, host.stop.clone());
        control.trace = Trace::of(options.trace_lines);
        Self {
            host,
            handle,
            admitted,
            ends,
            control,
            encryption: Encryption::new(entrance),
            login: Login::new(),
            working_directory: FtpPath::root(),
            told_parked: ToldParked::default(),
            data: DataChannel::new(host, admitted, ends),
            settings: ClientSettings::default(),
            pending: Pending::Nothing,
            wait: CommandWait::new(options),
            wake: OwnWake::default(),
        }
    }

    fn run(&mut self) {
        match self.ends.balancer {
            None => log::debug!("connected peer={}", self.ends.peer),
            Some(balancer) => log::debug!("connected peer={} by {balancer}", self.ends.peer),
        }
        if self.encryption.is_implicit() && !self.encrypt() {
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
            self.tell_trace(&reply);
            self.data.end_unused(&self.encryption);
            self.control.send_owed();
            if reply.closes_connection() || !self.encrypt_if_due() {
                break;
            }
        }
        self.control.close();
        self.login.say_goodbye_to_the_log();
    }

    /// Tells the log what went before a failure. Where a client may have brought it about, as a
    /// data connection that does not come, it is told once a minute.
    fn tell_trace(&mut self, reply: &Reply) {
        let lacks_data = reply.code() == Code::NO_DATA_CONNECTION;
        if reply.tells_failure() || lacks_data && self.admitted.may_tell("trace without data") {
            self.control.trace.tell();
        }
    }

    /// Before the login all replies together have to be taken in its time.
    fn limit_replies(&mut self) {
        self.control.limit_replies(self.login.deadline(self.host.options.login));
    }

    /// The next line, or the reply that ends the session, or nothing when nobody would hear it.
    fn next_line(&mut self) -> Result<Line, Option<Reply>> {
        if let Some(reply) = self.handle.farewell(&self.host.stop) {
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
            NoLine::Ended => self.handle.farewell(&self.host.stop),
            NoLine::NotFtp(protocol) => {
                self.note_stranger(protocol);
                Some(replies::not_ftp())
            }
            NoLine::TimedOut if self.login.account().is_some() => Some(replies::idle_timeout()),
            NoLine::TimedOut => Some(replies::login_timeout()),
        })
    }

    /// The next line; meanwhile a passive port that is not used is given back in time.
    fn line_until(&mut self, deadline: Instant) -> Result<Line, NoLine> {
        loop {
            let expiry = self.data.port_expiry().filter(|expiry| *expiry < deadline);
            let mut beside = self.data.beside(&self.encryption);
            let line = self.control.next_line(expiry.unwrap_or(deadline), &mut beside);
            match (line, expiry) {
                (Err(NoLine::TimedOut), Some(_)) => self.data.give_port_back(),
                (line, _) => return line,
            }
        }
    }

    /// Somebody probes the port, or is wrong about it.
    fn note_stranger(&self, protocol: &str) {
        if self.admitted.may_tell("not an FTP client") {
            log::warn!("not an FTP client but {protocol}, peer={}", self.ends.peer);
        }
    }

    /// The handshake that AUTH has announced, if it has. `false` ends the session.
    fn encrypt_if_due(&mut self) -> bool {
        !self.encryption.take_due_handshake() || self.encrypt()
    }

    /// Encrypts the control connection; the session begins anew. `false` when that failed: nobody
    /// could read a reply.
    fn encrypt(&mut self) -> bool {
        let deadline = self.login.deadline(self.host.options.login);
        let peer = self.ends.peer;
        match handshake(&mut self.control, self.host.tls.as_deref(), deadline) {
            Ok(handshaken) => {
                if handshaken.injected && self.admitted.may_tell("plain text behind AUTH") {
                    log::warn!("plain text behind AUTH dropped, peer={peer}");
                }
                self.forget_login();
                self.encryption.begin(handshaken);
                true
            }
            Err(error) => {
                let (kind, level) = match ClientRefusal::of(&error) {
                    Some(_) => ("client certificate not taken", log::Level::Warn),
                    None => ("TLS handshake", log::Level::Info),
                };
                if self.admitted.may_tell(kind) {
                    log::log!(level, "TLS handshake failed peer={peer}: {error}");
                }
                false
            }
        }
    }

    /// Everything as after the greeting, but for the count of failed logins, the time to log in,
    /// and the encryption.
    fn forget_login(&mut self) {
        self.log_out();
        self.data.reset();
        self.pending = Pending::Nothing;
        self.settings = ClientSettings::default();
        self.control.encoding = NameEncoding::default();
    }

    /// Nobody is logged in any more. What the client has set for its transfers stays (RFC 959
    /// 4.1.1, USER).
    fn log_out(&mut self) {
        self.handle.set_user(None);
        self.login.log_out();
        self.working_directory = FtpPath::root();
        self.told_parked = ToldParked::default();
        self.control.encoding.forget_account();
    }
}
