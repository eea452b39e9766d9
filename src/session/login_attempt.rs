//! PASS: whether the client is who it says.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::control_line::ControlLine;
use super::encryption::Encryption;
use super::login::{Given, Login};
use super::step::Step;
use super::{Host, SessionHandle, refusal_reply};
use crate::access::{AdmittedClient, Refusal};
use crate::limits;
use crate::metrics::{self, LoginEnding};
use crate::protocol::{Reply, replies};
use crate::secret::Secret;
use crate::store::StoreError;
use crate::users::{Account, HashingPermit, LoginError, LoginRequest};

/// No account is called so.
const NOBODY: &str = "";

/// One attempt to log in, and all it has to do with.
#[derive(Debug)]
pub(super) struct LoginAttempt<'l, 'a> {
    pub(super) host: &'a Host,
    pub(super) handle: &'a SessionHandle,
    pub(super) admitted: &'a AdmittedClient,
    pub(super) peer: SocketAddr,
    pub(super) encryption: &'l Encryption,
    pub(super) began: Instant,
    pub(super) control: &'l mut ControlLine<'a>,
    pub(super) login: &'l mut Login<'a>,
}

impl LoginAttempt<'_, '_> {
    /// Lets the client in, if `password` is right.
    pub(super) fn with(mut self, password: &Secret) -> Step<Reply> {
        let name = match self.login.take_name() {
            Given::Name(name) => name,
            Given::Nothing => return Err(replies::user_first()),
            // Devices send it without a look at the reply to USER.
            Given::AlreadyIn if self.login.is_certified() => return Ok(replies::logged_in()),
            Given::AlreadyIn => return Err(replies::already_logged_in()),
        };
        if self.host.tls_demand.holds() && !self.encryption.is_on() {
            return Err(replies::tls_needed());
        }
        self.admitted.try_login().map_err(refusal_reply)?;
        let users = self.host.users.current();
        let (visible, peer) = (self.visible(&name), self.peer);
        let (control, admitted) = (&mut *self.control, self.admitted);
        // Those who guess at once wait here together, and the first of them may bring about a ban.
        let mut is_wanted = || {
            control.read_available();
            !control.has_ended() && !admitted.is_banned()
        };
        let credentials = LoginRequest {
            name: visible,
            password: password.expose(),
            client: peer.ip(),
            is_encrypted: self.encryption.is_on(),
        };
        let check = users.authenticate(&credentials, &mut is_wanted);
        match check.result {
            Ok(account) => match users.at_home(account) {
                Ok(account) => self.let_in(account, password, check.turn),
                Err(error) => Err(self.turn_away(visible, &error)),
            },
            Err(error @ (LoginError::Incorrect | LoginError::Elsewhere)) => {
                if error == LoginError::Elsewhere && admitted.may_tell("login from elsewhere") {
                    log::warn!(
                        "the password of {name:?} is right, but not its address {}: see \
                         allow_addresses and deny_addresses of the account",
                        peer.ip()
                    );
                }
                Err(self.refuse(&name, password, check.turn))
            }
            Err(error) => Err(self.give_up(&name, error)),
        }
    }

    /// The password was not verified.
    fn give_up(&mut self, name: &str, error: LoginError) -> Reply {
        let peer = self.peer;
        self.admitted.leave_login();
        if self.admitted.is_banned() {
            return refusal_reply(Refusal::Banned);
        }
        if error == LoginError::Abandoned {
            log::debug!("login user={name:?} peer={peer}: left before its turn");
            return replies::server_busy();
        }
        metrics::count_login(LoginEnding::Busy);
        let (subject, reply) = match error {
            LoginError::Unverifiable(_) => ("login not verified", replies::login_unverifiable()),
            _ => ("too many logins at once", replies::server_busy()),
        };
        if self.admitted.may_tell(subject) {
            let name = shortened(name);
            match error {
                LoginError::Unverifiable(fault) => {
                    log::error!("login user={name} peer={peer}: whoever is to verify it {fault}");
                }
                _ => log::error!("login user={name} peer={peer}: too many wait for theirs"),
            }
        }
        self.pause(Duration::ZERO);
        reply
    }

    /// Holds a refusal back for `delay`, and for as long as any may take, but not beyond the time
    /// for the login.
    fn pause(&mut self, delay: Duration) {
        let now = Instant::now();
        let latest = self.login.deadline(self.host.options.login).unwrap_or(now);
        let earliest = self.began + self.host.users.current().refusals_take();
        self.control.pause(latest.min(earliest.max(now + delay)));
    }

    /// The password was right, but there is nowhere to go.
    pub(super) fn turn_away(&self, name: &str, error: &StoreError) -> Reply {
        self.admitted.leave_login();
        if self.admitted.may_tell("no directory of a user") {
            log::error!("login user={name} peer={}: no directory of its own: {error}", self.peer);
        }
        replies::no_home().about_request(error.request_id.as_deref()).of_failure()
    }

    /// The `turn` of the password's check ends when it is noted what came of it: who has the next
    /// one knows.
    pub(super) fn let_in(
        &mut self,
        account: Arc<Account>,
        password: &Secret,
        turn: Option<HashingPermit<'_>>,
    ) -> Step<Reply> {
        let (name, peer) = (&account.name, self.peer);
        let inside = match self.admitted.log_in(name, self.host.connections.free()) {
            Ok(inside) => inside,
            Err(refusal) => {
                if self.admitted.may_tell(refusal.reason()) {
                    log::warn!("login user={name} peer={peer} refused: {refusal}");
                }
                return Err(refusal_reply(refusal));
            }
        };
        self.handle.set_user(Some((name, account.source)));
        if !self.host.users.current().contains(name, account.source) {
            // Removed in this moment.
            self.handle.set_user(None);
            drop(inside);
            return Err(self.refuse(name, password, turn));
        }
        if self.admitted.is_user_banned(name) {
            // In this moment, by somebody who looks for sessions afterwards.
            self.handle.set_user(None);
            return Err(refusal_reply(Refusal::UserBanned));
        }
        drop(turn);
        metrics::count_login(LoginEnding::Ok);
        let tls = self.control.tls().map_or_else(String::new, |tls| format!(" {}", tls.describe()));
        let shown = self.encryption.client().map(|own| format!(" certificate={}", own.shown()));
        log::info!("login user={name} peer={peer}{tls}{}", shown.unwrap_or_default());
        self.control.encoding.settle(account.filename_encoding);
        let budget = self.host.budget.of_user(&account.name);
        self.login.enter(account, budget, inside);
        Ok(replies::logged_in())
    }

    /// The name to look for. Over a plain connection an account that needs TLS is treated like one
    /// that does not exist, time and reply included: who listens there, or guesses, learns nothing
    /// about its password.
    fn visible<'n>(&self, name: &'n str) -> &'n str {
        if !self.encryption.is_on() && self.host.users.current().needs_tls(name) {
            NOBODY
        } else {
            name
        }
    }

    /// Holds the reply back, so that guessing costs time; a client that leaves meanwhile is gone at
    /// once.
    fn refuse(&mut self, name: &str, password: &Secret, turn: Option<HashingPermit<'_>>) -> Reply {
        if let Some(reply) = self.note_failure(name, password.expose(), turn) {
            return reply;
        }
        if !self.encryption.is_on() && self.host.users.current().any_needs_tls() {
            return replies::login_incorrect_without_tls();
        }
        replies::login_incorrect()
    }

    /// Notes that a login by `name` has failed, with `proof`. The reply, if it is one that does not
    /// hang on why.
    pub(super) fn note_failure(
        &mut self,
        name: &str,
        proof: &str,
        turn: Option<HashingPermit<'_>>,
    ) -> Option<Reply> {
        let options = &self.host.options;
        let failures = self.login.fail();
        metrics::count_login(LoginEnding::Failed);
        let failure = self.admitted.fail(name, proof);
        if failure.is_news || self.admitted.may_tell("wrong logins again") {
            log::warn!("login failed user={} peer={}", shortened(name), self.peer);
        }
        drop(turn);
        if failure.banned {
            return Some(refusal_reply(Refusal::Banned));
        }
        self.pause(failure.delay);
        (failures >= options.login_attempts).then(replies::too_many_failed_logins)
    }
}

/// A client's name as the log shows it. A line must not be as long as a client likes.
pub(super) fn shortened(name: &str) -> String {
    match name.char_indices().nth(limits::LOGGED_NAME_CHARS) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_fills_the_log() {
        assert_eq!(shortened("alice\u{1}"), r#""alice\u{1}""#);
        let longest = "名".repeat(limits::LOGGED_NAME_CHARS);
        assert_eq!(shortened(&longest), format!("\"{longest}\""));
        assert_eq!(shortened(&format!("{longest}x")), format!("\"{longest}\"…"));
    }
}
