//! USER, PASS, REIN.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Pending, Session, Settings};
use crate::limits;
use crate::net::DataPort;
use crate::protocol::{NameEncoding, Reply, replies};
use crate::secret::Secret;
use crate::users::{Account, LoginError};
use crate::vfs::FtpPath;

/// Who the client is.
#[derive(Debug)]
pub(super) struct Login {
    state: State,
    failures: u32,
    since: Instant,
}

#[derive(Debug)]
enum State {
    Nobody,
    UserGiven(String),
    LoggedIn(Arc<Account>),
}

impl Login {
    pub(super) fn new() -> Self {
        Self { state: State::Nobody, failures: 0, since: Instant::now() }
    }

    /// The account, once logged in.
    pub(super) fn account(&self) -> Option<&Arc<Account>> {
        match &self.state {
            State::LoggedIn(account) => Some(account),
            State::Nobody | State::UserGiven(_) => None,
        }
    }

    /// When a client that is not logged in by then is thrown out.
    pub(super) fn deadline(&self, login_timeout: Duration) -> Option<Instant> {
        self.account().is_none().then(|| self.since + login_timeout)
    }
}

impl Session<'_> {
    /// Any name is asked for its password: who exists is nobody's business.
    pub(super) fn user(&mut self, name: String) -> Reply {
        if self.login.account().is_some() {
            return replies::already_logged_in();
        }
        self.login.state = State::UserGiven(name);
        replies::password_needed()
    }

    pub(super) fn password(&mut self, password: &Secret) -> Reply {
        let name = match std::mem::replace(&mut self.login.state, State::Nobody) {
            State::UserGiven(name) => name,
            State::Nobody => return replies::user_first(),
            State::LoggedIn(account) => {
                self.login.state = State::LoggedIn(account);
                return replies::already_logged_in();
            }
        };
        let account = match self.host.users.current().authenticate(&name, password.expose()) {
            Ok(account) => account,
            Err(LoginError::Incorrect) => return self.refuse_login(&name),
            Err(LoginError::Busy) => {
                log::error!(
                    "login user={name:?} peer={}: too many wait for theirs",
                    self.ends.peer
                );
                return replies::server_busy();
            }
        };
        self.handle.set_user(Some(&name));
        if !self.host.users.current().contains(&name) {
            // Removed in this moment.
            self.handle.set_user(None);
            return self.refuse_login(&name);
        }
        log::info!("login user={name} peer={}", self.ends.peer);
        self.control.encoding.settle(account.filename_encoding);
        self.login.state = State::LoggedIn(account);
        self.login.failures = 0;
        replies::logged_in()
    }

    fn refuse_login(&mut self, name: &str) -> Reply {
        self.login.failures += 1;
        log::warn!("login failed user={name:?} peer={}", self.ends.peer);
        std::thread::sleep(limits::LOGIN_FAILURE_DELAY);
        if self.login.failures >= limits::LOGIN_ATTEMPTS {
            return replies::too_many_failed_logins();
        }
        replies::login_incorrect()
    }

    /// Everything as after the greeting, but for the count of failed logins.
    pub(super) fn reinitialize(&mut self) -> Reply {
        self.say_goodbye_to_the_log();
        self.handle.set_user(None);
        self.login = Login { failures: self.login.failures, ..Login::new() };
        self.working_directory = FtpPath::root();
        self.data_port = DataPort::Nothing;
        self.pending = Pending::Nothing;
        self.settings = Settings::default();
        self.control.encoding = NameEncoding::default();
        replies::reinitialized()
    }
}
