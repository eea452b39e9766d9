//! USER, PASS, REIN.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Pending, Session, Settings, refusal_reply};
use crate::access::{Inside, Refusal};
use crate::metrics::{self, LoginEnding};
use crate::protocol::{NameEncoding, Reply, replies};
use crate::secret::Secret;
use crate::users::{Account, LoginError, Turn};
use crate::vfs::FtpPath;

/// No account is called so.
const NOBODY: &str = "";

/// Who the client is.
#[derive(Debug)]
pub(super) struct Login<'v> {
    state: State<'v>,
    failures: u32,
    since: Instant,
}

#[derive(Debug)]
enum State<'v> {
    Nobody,
    UserGiven(String),
    LoggedIn {
        account: Arc<Account>,
        /// Counts the session until the logout.
        inside: Inside<'v>,
    },
}

impl Login<'_> {
    pub(super) fn new() -> Self {
        Self { state: State::Nobody, failures: 0, since: Instant::now() }
    }

    /// The account, once logged in.
    pub(super) fn account(&self) -> Option<&Arc<Account>> {
        match &self.state {
            State::LoggedIn { account, .. } => Some(account),
            State::Nobody | State::UserGiven(_) => None,
        }
    }

    /// Connections that its user must leave to others.
    pub(super) fn connections_to_leave(&self) -> usize {
        match &self.state {
            State::LoggedIn { inside, .. } => inside.connections_to_leave(),
            State::Nobody | State::UserGiven(_) => 0,
        }
    }

    /// When a client that is not logged in by then is thrown out.
    pub(super) fn deadline(&self, login_timeout: Duration) -> Option<Instant> {
        self.account().is_none().then(|| self.since + login_timeout)
    }
}

impl Session<'_> {
    /// Any name is asked for its password: who exists is nobody's business. Whoever was logged in is
    /// not any more.
    pub(super) fn user(&mut self, name: String) -> Reply {
        if self.host.tls_demand.holds() && !self.is_encrypted() {
            return replies::tls_needed();
        }
        // Also for whoever is logged in already: a new login, of which nothing is known yet.
        self.log_out();
        self.login.state = State::UserGiven(name);
        replies::password_needed()
    }

    pub(super) fn password(&mut self, password: &Secret) -> Reply {
        let name = match std::mem::replace(&mut self.login.state, State::Nobody) {
            State::UserGiven(name) => name,
            State::Nobody => return replies::user_first(),
            inside @ State::LoggedIn { .. } => {
                self.login.state = inside;
                return replies::already_logged_in();
            }
        };
        if self.host.tls_demand.holds() && !self.is_encrypted() {
            return replies::tls_needed();
        }
        if let Err(refusal) = self.visit.try_login() {
            return refusal_reply(refusal);
        }
        let users = self.host.users.current();
        let (visible, peer) = (self.visible(&name), self.ends.peer);
        let (control, visit) = (&mut self.control, self.visit);
        // Those who guess at once wait here together, and the first of them may bring about a ban.
        let mut is_wanted = || {
            control.read_available();
            !control.has_ended() && !visit.is_banned()
        };
        let check = users.authenticate(visible, password.expose(), peer.ip(), &mut is_wanted);
        match check.result {
            Ok(account) => self.let_in(account, password, check.turn),
            Err(error @ (LoginError::Incorrect | LoginError::Elsewhere)) => {
                if error == LoginError::Elsewhere && visit.may_tell("login from elsewhere") {
                    log::warn!(
                        "the password of {name:?} is right, but not its address {}: see \
                         allow_addresses and deny_addresses of the account",
                        peer.ip()
                    );
                }
                self.refuse_login(&name, password, check.turn)
            }
            Err(error) => self.give_login_up(&name, error),
        }
    }

    /// The password was not verified.
    fn give_login_up(&self, name: &str, error: LoginError) -> Reply {
        let peer = self.ends.peer;
        self.visit.leave_login();
        if self.visit.is_banned() {
            return refusal_reply(Refusal::Banned);
        }
        if error == LoginError::Abandoned {
            log::debug!("login user={name:?} peer={peer}: left before its turn");
        } else {
            metrics::count_login(LoginEnding::Busy);
            if self.visit.may_tell("too many logins at once") {
                log::error!("login user={name:?} peer={peer}: too many wait for theirs");
            }
        }
        replies::server_busy()
    }

    /// The `turn` of the password's check ends when it is noted what came of it: who has the next one
    /// knows.
    fn let_in(
        &mut self,
        account: Arc<Account>,
        password: &Secret,
        turn: Option<Turn<'_>>,
    ) -> Reply {
        let (name, peer) = (&account.name, self.ends.peer);
        let inside = match self.visit.log_in(name, self.host.connections.free()) {
            Ok(inside) => inside,
            Err(refusal) => {
                if self.visit.may_tell(refusal.reason()) {
                    log::warn!("login user={name} peer={peer} refused: {refusal}");
                }
                return refusal_reply(refusal);
            }
        };
        self.handle.set_user(Some(name));
        if !self.host.users.current().contains(name) {
            // Removed in this moment.
            self.handle.set_user(None);
            drop(inside);
            return self.refuse_login(name, password, turn);
        }
        drop(turn);
        metrics::count_login(LoginEnding::Ok);
        let tls = self.control.tls().map_or_else(String::new, |tls| format!(" {}", tls.describe()));
        log::info!("login user={name} peer={peer}{tls}");
        self.control.encoding.settle(account.filename_encoding);
        self.login.state = State::LoggedIn { account, inside };
        self.login.failures = 0;
        replies::logged_in()
    }

    /// The name to look for. Over a plain connection an account that needs TLS is treated like one
    /// that does not exist, time and reply included: who listens there, or guesses, learns nothing
    /// about its password.
    fn visible<'n>(&self, name: &'n str) -> &'n str {
        if !self.is_encrypted() && self.host.users.current().needs_tls(name) {
            NOBODY
        } else {
            name
        }
    }

    /// Holds the reply back, so that guessing costs time; a client that leaves meanwhile is gone at
    /// once.
    fn refuse_login(&mut self, name: &str, password: &Secret, turn: Option<Turn<'_>>) -> Reply {
        let options = &self.host.options;
        self.login.failures += 1;
        metrics::count_login(LoginEnding::Failed);
        log::warn!("login failed user={name:?} peer={}", self.ends.peer);
        let failure = self.visit.fail(name, password.expose());
        drop(turn);
        if failure.banned {
            return refusal_reply(Refusal::Banned);
        }
        let latest = self.login.deadline(options.login).unwrap_or_else(Instant::now);
        self.control.pause(latest.min(Instant::now() + failure.delay));
        if self.login.failures >= options.login_attempts {
            return replies::too_many_failed_logins();
        }
        if !self.is_encrypted() && self.host.users.current().any_needs_tls() {
            return replies::login_incorrect_without_tls();
        }
        replies::login_incorrect()
    }

    /// Everything as after the greeting, but for what [`Self::forget_login`] keeps.
    pub(super) fn reinitialize(&mut self) -> Reply {
        self.forget_login();
        self.encryption.forget_protection(self.entrance);
        replies::reinitialized()
    }

    /// Everything as after the greeting, but for the count of failed logins, the time to log in, and
    /// the encryption.
    pub(super) fn forget_login(&mut self) {
        self.log_out();
        self.give_port_up();
        self.pending = Pending::Nothing;
        self.settings = Settings::default();
        self.control.encoding = NameEncoding::default();
    }

    /// Nobody is logged in any more. What the client has set for its transfers stays (RFC 959 4.1.1,
    /// USER).
    fn log_out(&mut self) {
        if self.login.account().is_some() {
            self.say_goodbye_to_the_log();
            // Who was not logged in gains no time by it.
            self.login.since = Instant::now();
        }
        self.handle.set_user(None);
        self.login.state = State::Nobody;
        self.working_directory = FtpPath::root();
        self.control.encoding.forget_account();
    }
}
