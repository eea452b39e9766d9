//! Who the client is: USER gives a name, and PASS the account (see [`super::login_attempt`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::access::Inside;
use crate::protocol::Rights;
use crate::transfer::Budget;
use crate::users::Account;

/// Who the client is.
#[derive(Debug)]
pub(super) struct Login<'v> {
    state: State<'v>,
    /// Failed logins since the last one that did not.
    failures: u32,
    /// The session, for the log.
    began: Instant,
    /// Since when nobody is logged in.
    since: Instant,
    /// Whoever is logged in needed no password.
    is_certified: bool,
}

#[derive(Debug)]
enum State<'v> {
    Nobody,
    UserGiven(String),
    LoggedIn {
        account: Arc<Account>,
        /// The memory that transfers share, as the account may use it.
        budget: Budget,
        /// Counts the session until the logout.
        inside: Inside<'v>,
    },
}

/// What PASS finds.
#[derive(Debug)]
pub(super) enum Given {
    Nothing,
    Name(String),
    AlreadyIn,
}

impl<'v> Login<'v> {
    /// Nobody, at the beginning of a session.
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { state: State::Nobody, failures: 0, began: now, since: now, is_certified: false }
    }

    /// The account, once logged in.
    pub(super) fn account(&self) -> Option<&Arc<Account>> {
        match &self.state {
            State::LoggedIn { account, .. } => Some(account),
            State::Nobody | State::UserGiven(_) => None,
        }
    }

    /// The account and the memory that its transfers may use, once logged in.
    pub(super) fn transferring(&self) -> Option<(&Arc<Account>, &Budget)> {
        match &self.state {
            State::LoggedIn { account, budget, .. } => Some((account, budget)),
            State::Nobody | State::UserGiven(_) => None,
        }
    }

    /// What the account may do, once logged in.
    pub(super) fn rights(&self) -> Option<Rights> {
        self.account().map(|account| Rights {
            read: account.permission.reads(),
            write: account.permission.writes(),
            delete: account.permission.writes() && account.delete_enabled,
        })
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

    /// USER: whose password is asked for.
    pub(super) fn give_name(&mut self, name: String) {
        self.state = State::UserGiven(name);
    }

    /// PASS: whose password it is. A name is used up by it.
    pub(super) fn take_name(&mut self) -> Given {
        match std::mem::replace(&mut self.state, State::Nobody) {
            State::UserGiven(name) => Given::Name(name),
            State::Nobody => Given::Nothing,
            inside @ State::LoggedIn { .. } => {
                self.state = inside;
                Given::AlreadyIn
            }
        }
    }

    /// The password was right.
    pub(super) fn enter(&mut self, account: Arc<Account>, budget: Budget, inside: Inside<'v>) {
        self.state = State::LoggedIn { account, budget, inside };
        self.failures = 0;
    }

    /// No password was needed for it: one that comes all the same is none too many.
    pub(super) fn note_certified(&mut self) {
        self.is_certified = true;
    }

    /// Whether that was noted.
    pub(super) fn is_certified(&self) -> bool {
        self.is_certified
    }

    /// The password was wrong. Tells how often in turn.
    pub(super) fn fail(&mut self) -> u32 {
        self.failures += 1;
        self.failures
    }

    /// Nobody is logged in any more.
    pub(super) fn log_out(&mut self) {
        if self.account().is_some() {
            self.say_goodbye_to_the_log();
            // Who was not logged in gains no time by it.
            self.since = Instant::now();
        }
        self.state = State::Nobody;
        self.is_certified = false;
    }

    /// The session or its login ends.
    pub(super) fn say_goodbye_to_the_log(&self) {
        let seconds = self.began.elapsed().as_secs_f64();
        match self.account() {
            Some(account) => log::info!("logout user={} seconds={seconds:.1}", account.name),
            None => log::debug!("disconnected seconds={seconds:.1}"),
        }
    }
}
