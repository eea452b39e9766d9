//! AUTH, PBSZ, PROT, CCC: when the control connection is encrypted, and when data connections are.

use std::io;
use std::time::Instant;

use super::navigation::Step;
use super::{Entrance, Session};
use crate::limits;
use crate::net::tls::TlsSession;
use crate::protocol::{Protection, Reply, replies};

/// How the connections of one client are encrypted.
#[derive(Debug, Default)]
pub(super) struct Encryption {
    /// What its TLS connections share; `None` while the control connection is plain.
    session: Option<TlsSession>,
    /// PBSZ was sent.
    buffer_agreed: bool,
    data: Protection,
    /// AUTH was answered: the handshake comes next.
    handshake_due: bool,
}

impl Encryption {
    /// The state right behind a handshake. Implicit TLS means data, too.
    fn begun(session: TlsSession, entrance: Entrance) -> Self {
        let mut encryption = Self { session: Some(session), ..Self::default() };
        encryption.forget_protection(entrance);
        encryption
    }

    /// What REIN undoes. The control connection never falls back to plain text.
    pub(super) fn forget_protection(&mut self, entrance: Entrance) {
        self.buffer_agreed = entrance == Entrance::ImplicitTls;
        self.data = match entrance {
            Entrance::ImplicitTls => Protection::Private,
            Entrance::Plain => Protection::Clear,
        };
    }
}

impl Session<'_> {
    pub(super) fn authenticate(&mut self) -> Reply {
        if self.encryption.session.is_some() {
            return replies::already_encrypted();
        }
        self.encryption.handshake_due = true;
        replies::ready_for_tls()
    }

    pub(super) fn protection_buffer(&mut self) -> Reply {
        if self.encryption.session.is_none() {
            return replies::encryption_first();
        }
        self.encryption.buffer_agreed = true;
        replies::protection_buffer_is_zero()
    }

    pub(super) fn protect(&mut self, protection: Protection) -> Reply {
        if self.encryption.session.is_none() {
            return replies::encryption_first();
        }
        if !self.encryption.buffer_agreed {
            return replies::protection_buffer_first();
        }
        match protection {
            Protection::Clear if self.demands_tls() => return replies::protection_demanded(),
            Protection::Clear | Protection::Private => self.encryption.data = protection,
            Protection::Other => {}
        }
        replies::protection_set(protection)
    }

    pub(super) fn clear_control(&self) -> Reply {
        match self.encryption.session {
            Some(_) => replies::control_stays_encrypted(),
            None => replies::encryption_first(),
        }
    }

    /// Whether the control connection is encrypted.
    pub(super) fn is_encrypted(&self) -> bool {
        self.encryption.session.is_some()
    }

    /// Whether plain connections are refused now, to everybody or to this account. The rules may have
    /// changed since the session began.
    pub(super) fn demands_tls(&self) -> bool {
        let needs_tls = |name: &str| self.host.users.current().needs_tls(name);
        self.host.tls_demand.holds()
            || self.login.account().is_some_and(|account| needs_tls(&account.name))
    }

    /// The handshake that AUTH has announced, if it has. `false` ends the session.
    pub(super) fn encrypt_if_due(&mut self) -> bool {
        !std::mem::take(&mut self.encryption.handshake_due) || self.encrypt()
    }

    /// Encrypts the control connection; the session begins anew. `false` when that failed: nobody
    /// could read a reply.
    pub(super) fn encrypt(&mut self) -> bool {
        match self.try_encrypt() {
            Ok(session) => {
                self.forget_login();
                self.encryption = Encryption::begun(session, self.entrance);
                true
            }
            Err(error) => {
                if self.visit.may_tell("TLS handshake") {
                    log::info!("TLS handshake failed peer={}: {error}", self.ends.peer);
                }
                false
            }
        }
    }

    fn try_encrypt(&mut self) -> io::Result<TlsSession> {
        let context = self.host.tls.as_ref().ok_or(io::ErrorKind::Unsupported)?;
        let session = context.session()?;
        let mut deadline = Instant::now() + limits::TLS_HANDSHAKE_TIMEOUT;
        if let Some(login) = self.login.deadline(self.host.options.login) {
            deadline = deadline.min(login);
        }
        let dropped = self.control.secure(session.control()?, deadline)?;
        if dropped && self.visit.may_tell("plain text behind AUTH") {
            log::warn!("plain text behind AUTH dropped, peer={}", self.ends.peer);
        }
        let tls = self.control.tls().ok_or(io::ErrorKind::NotConnected)?;
        log::debug!("control connection encrypted: {}", tls.describe());
        Ok(session.speaking(tls.version()))
    }

    /// Whether a transfer may begin with the protection that PROT has set.
    pub(super) fn check_protection(&self) -> Step<()> {
        if self.demands_tls() && self.encryption.data != Protection::Private {
            return Err(replies::data_must_be_encrypted());
        }
        Ok(())
    }

    /// What data connections are encrypted with; `None` leaves them plain.
    pub(super) fn data_encryption(&self) -> Option<TlsSession> {
        match self.encryption.data {
            Protection::Private => self.encryption.session.clone(),
            Protection::Clear | Protection::Other => None,
        }
    }
}
