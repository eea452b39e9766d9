//! USER: whether a password is asked for, or the client's certificate decides (RFC 4217 3).

use std::sync::Arc;

use super::login_attempt::{LoginAttempt, shortened};
use super::refusal_reply;
use super::step::Step;
use crate::metrics::{self, LoginEnding};
use crate::net::tls::CertificateVerdict;
use crate::protocol::{Reply, replies};
use crate::secret::Secret;
use crate::users::{Account, LoginError};

impl LoginAttempt<'_, '_> {
    /// Asks for the password of `name`, or lets the client in without, or refuses it.
    pub(super) fn by(self, name: String) -> Step<Reply> {
        let encryption = self.encryption;
        let present = self.host.present_tls.get();
        match encryption.admits(&name, present.as_deref()) {
            CertificateVerdict::Password => Ok(self.ask_password(name)),
            CertificateVerdict::Proven => self.proven(name),
            CertificateVerdict::OtherName(identity) => {
                let names = identity.names().iter().map(|name| shortened(name));
                let names = names.collect::<Vec<_>>().join(", ");
                let why = match names.is_empty() {
                    true => "the certificate has no name that tls_client_user looks for".to_owned(),
                    false => format!("the certificate is that of {names}"),
                };
                Err(self.refuse_certificate(&name, &why, replies::certificate_of_another()))
            }
            CertificateVerdict::NoCertificate => {
                let why = "no client certificate was shown";
                Err(self.turn_back(&name, why, replies::certificate_needed()))
            }
            CertificateVerdict::Refused(refusal) => {
                let why = refusal.to_string();
                Err(self.turn_back(&name, &why, replies::certificate_refused()))
            }
        }
    }

    fn ask_password(self, name: String) -> Reply {
        self.login.give_name(name);
        replies::password_needed()
    }

    /// The certificate is that of `name`.
    fn proven(self, name: String) -> Step<Reply> {
        self.admitted.try_login().map_err(refusal_reply)?;
        let users = self.host.users.current();
        let account = match users.certified(&name, self.peer.ip()) {
            Ok(Some(account)) => account,
            Ok(None) => {
                self.admitted.leave_login();
                return Ok(self.ask_password(name));
            }
            Err(error) => {
                let why = match error {
                    LoginError::Elsewhere => {
                        "the certificate is right, but not the address: see allow_addresses and \
                         deny_addresses of the account"
                    }
                    _ => "the certificate is right, but there is no such user",
                };
                return Err(self.refuse_certificate(&name, why, replies::login_incorrect()));
            }
        };
        match users.at_home(account) {
            Ok(account) => self.enter(account),
            Err(error) => Err(self.turn_away(&name, &error)),
        }
    }

    fn enter(mut self, account: Arc<Account>) -> Step<Reply> {
        self.let_in(account, &Secret::new(String::new()), None)?;
        self.login.note_certified();
        Ok(replies::logged_in_by_certificate())
    }

    /// A login that has failed like one with a wrong password.
    fn refuse_certificate(mut self, name: &str, why: &str, reply: Reply) -> Reply {
        if self.admitted.may_tell("client certificate refused") {
            log::warn!("login user={} peer={}: {why}", shortened(name), self.peer);
        }
        let proof = self.encryption.client().map_or(String::new(), |own| own.shown().to_owned());
        self.note_failure(name, &proof, None).unwrap_or(reply)
    }

    /// A login that cannot be one: nobody guesses anything by it.
    fn turn_back(self, name: &str, why: &str, reply: Reply) -> Reply {
        if self.admitted.may_tell("client certificate needed") {
            log::warn!("login user={} peer={} refused: {why}", shortened(name), self.peer);
        }
        metrics::count_login(LoginEnding::Failed);
        reply
    }
}
