//! AUTH, PBSZ, PROT, CCC: when the control connection is encrypted, and when data connections are.

use std::io;
use std::time::Instant;

use super::Entrance;
use super::control_line::ControlLine;
use super::step::Step;
use crate::limits;
use crate::net::tls::{CertificateVerdict, ClientIdentity, TlsContext, TlsSession};
use crate::protocol::{Protection, Reply, replies};

/// How the connections of one client are encrypted.
#[derive(Debug)]
pub(super) struct Encryption {
    entrance: Entrance,
    /// What its TLS connections share; `None` while the control connection is plain.
    session: Option<TlsSession>,
    /// PBSZ was sent.
    buffer_agreed: bool,
    data: Protection,
    /// AUTH was answered: the handshake comes next.
    handshake_due: bool,
}

/// What a handshake of the control connection has brought.
#[derive(Debug)]
pub(super) struct Handshaken {
    session: TlsSession,
    /// Something came before it in plain text, and was dropped.
    pub(super) injected: bool,
}

impl Encryption {
    /// None yet, of a client that came in by `entrance`.
    pub(super) fn new(entrance: Entrance) -> Self {
        let data = Protection::default();
        Self { entrance, session: None, buffer_agreed: false, data, handshake_due: false }
    }

    /// The state right behind a handshake. Implicit TLS means data, too.
    pub(super) fn begin(&mut self, handshaken: Handshaken) {
        self.session = Some(handshaken.session);
        self.forget_protection();
    }

    /// What REIN undoes. The control connection never falls back to plain text.
    pub(super) fn forget_protection(&mut self) {
        self.buffer_agreed = self.entrance == Entrance::ImplicitTls;
        self.data = match self.entrance {
            Entrance::ImplicitTls => Protection::Private,
            Entrance::Plain => Protection::Clear,
        };
    }

    /// Whether the control connection is encrypted.
    pub(super) fn is_on(&self) -> bool {
        self.session.is_some()
    }

    /// Whether the session begins with the handshake.
    pub(super) fn is_implicit(&self) -> bool {
        self.entrance == Entrance::ImplicitTls
    }

    /// AUTH.
    pub(super) fn authenticate(&mut self) -> Step<Reply> {
        if self.is_on() {
            return Err(replies::already_encrypted());
        }
        self.handshake_due = true;
        Ok(replies::ready_for_tls())
    }

    /// Whether AUTH has announced a handshake. It is due once.
    pub(super) fn take_due_handshake(&mut self) -> bool {
        std::mem::take(&mut self.handshake_due)
    }

    /// PBSZ.
    pub(super) fn protection_buffer(&mut self) -> Step<Reply> {
        self.check_on()?;
        self.buffer_agreed = true;
        Ok(replies::protection_buffer_is_zero())
    }

    /// PROT. Where TLS is `demanded`, data is not sent in clear.
    pub(super) fn protect(&mut self, protection: Protection, demanded: bool) -> Step<Reply> {
        self.check_on()?;
        if !self.buffer_agreed {
            return Err(replies::protection_buffer_first());
        }
        match protection {
            Protection::Clear if demanded => return Err(replies::protection_demanded()),
            Protection::Clear | Protection::Private => self.data = protection,
            Protection::Other => {}
        }
        Ok(replies::protection_set(protection))
    }

    /// CCC.
    pub(super) fn clear_control(&self) -> Step<Reply> {
        self.check_on()?;
        Err(replies::control_stays_encrypted())
    }

    fn check_on(&self) -> Step<()> {
        if self.is_on() { Ok(()) } else { Err(replies::encryption_first()) }
    }

    /// Whether a transfer may begin with the protection that PROT has set, where TLS is `demanded`.
    pub(super) fn check_data(&self, demanded: bool) -> Step<()> {
        if demanded && self.data != Protection::Private {
            return Err(replies::data_must_be_encrypted());
        }
        Ok(())
    }

    /// What it takes to log in as `user`, where sessions that begin now have the context `present`.
    pub(super) fn admits(
        &self,
        user: &str,
        present: Option<&TlsContext>,
    ) -> CertificateVerdict<'_> {
        let session = self.session.as_ref();
        session.map_or(CertificateVerdict::Password, |session| session.admits(user, present))
    }

    /// Who the client is by its certificate, if it has shown one.
    pub(super) fn client(&self) -> Option<&ClientIdentity> {
        self.session.as_ref().and_then(TlsSession::client)
    }

    /// What data connections are encrypted with; `None` leaves them plain.
    pub(super) fn of_data(&self) -> Option<&TlsSession> {
        match self.data {
            Protection::Private => self.session.as_ref(),
            Protection::Clear | Protection::Other => None,
        }
    }
}

/// Encrypts the control connection, before the client's time to log in ends.
///
/// # Errors
/// Nobody could read a reply.
pub(super) fn handshake(
    control: &mut ControlLine<'_>,
    context: Option<&TlsContext>,
    login_deadline: Option<Instant>,
) -> io::Result<Handshaken> {
    let session = context.ok_or(io::ErrorKind::Unsupported)?.session()?;
    let mut deadline = Instant::now() + limits::TLS_HANDSHAKE_TIMEOUT;
    if let Some(login) = login_deadline {
        deadline = deadline.min(login);
    }
    let injected = control.secure(session.control()?, deadline)?;
    let tls = control.tls().ok_or(io::ErrorKind::NotConnected)?;
    log::debug!("control connection encrypted: {}", tls.describe());
    Ok(Handshaken { session: session.agreed(tls), injected })
}
