//! Opening the data connection: whoever comes is checked, encrypted and chosen, while the control
//! connection is attended to.

use std::fmt::Display;
use std::io;
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Instant;

use super::data_wait::DataWait;
use super::step::Step;
use crate::net::tls::{Handshake, Reuse, TlsConnection, TlsSession, Version};
use crate::net::{Claim, DataPort, Endpoints, OpenError, Opened, Stream, TlsStream, Unused};
use crate::protocol::{Reply, replies};

/// What opens one data connection.
#[derive(Debug)]
pub(super) struct DataOpening<'o, 's, 'a> {
    pub(super) ends: Endpoints,
    /// What data connections are encrypted with; `None` leaves them plain.
    pub(super) tls: Option<TlsSession>,
    /// What is refused goes here.
    pub(super) unused: &'o mut Unused,
    pub(super) waiting: DataWait<'o, 's, 'a>,
}

impl DataOpening<'_, '_, '_> {
    /// Opens the data connection at `port`. It is non-blocking.
    pub(super) fn open(mut self, port: DataPort) -> Step<Stream> {
        let come = self.connect(port)?;
        match <[Claim; 1]>::try_from(come) {
            Ok([claim]) => self.protect(claim),
            Err(several) => self.choose(several),
        }
    }

    /// The one of `claims` that resumes the control connection's TLS session, which only the client
    /// can. Where none must, nobody is served: whoever was first could get the client's file.
    fn choose(&mut self, claims: Vec<Claim>) -> Step<Stream> {
        let mut chosen = Err(replies::several_data_connections());
        let is_told = self.tls.as_ref().is_some_and(|tls| tls.reuse() == Reuse::Required);
        let mut left = claims.len() as u32;
        let deadline = self.waiting.deadline;
        for claim in claims {
            if chosen.is_ok() || !is_told {
                self.unused.add_claim(claim);
                continue;
            }
            // One that is silent leaves the other its time.
            let now = Instant::now();
            self.waiting.deadline = now + deadline.saturating_duration_since(now) / left;
            left -= 1;
            chosen = self.protect(claim);
            self.waiting.attend()?;
        }
        chosen
    }

    fn protect(&mut self, claim: Claim) -> Step<Stream> {
        let (tcp, begun) = claim.into_parts();
        let secured = match (self.tls.clone(), begun) {
            (Some(session), begun) => self.secure(&tcp, &session, begun),
            (None, None) => return Ok(Stream::Plain(tcp)),
            (None, Some(_)) => Err(self.not_encrypted(&"it had begun before PROT C")),
        };
        match secured {
            Ok(tls) => Ok(Stream::Tls(Box::new(TlsStream::new(tcp, tls)))),
            Err(reply) => {
                self.unused.add(tcp);
                Err(reply)
            }
        }
    }

    /// Whoever has come.
    fn connect(&mut self, port: DataPort) -> Step<Vec<Claim>> {
        let opening = port.open(&self.ends);
        let mut opening = opening.map_err(|error| match error {
            OpenError::NoAddress => replies::data_port_first(),
            OpenError::Io(_) => self.failed(&error),
        })?;
        loop {
            opening = match opening.advance().map_err(|error| self.failed(&error))? {
                Opened::Connected(claim) => return Ok(vec![claim]),
                Opened::Several(claims) => return Ok(claims),
                Opened::NotYet(opening) => opening,
            };
            if !self.waiting.wait(opening.as_fd(), opening.interest())? {
                return Err(self.failed(&"nobody connected within data_connect_timeout"));
            }
        }
    }

    /// The TLS handshake, in which we are the server whoever has connected (RFC 4217 7). Its client
    /// may have `begun` it before the command.
    fn secure(
        &mut self,
        tcp: &TcpStream,
        session: &TlsSession,
        begun: Option<io::Result<Box<TlsConnection>>>,
    ) -> Step<TlsConnection> {
        let begun = begun.map_or_else(|| session.data(), |begun| begun.map(|tls| *tls));
        let mut tls = begun.map_err(|error| self.not_encrypted(&error))?;
        while let Handshake::Needs(interest) =
            tls.handshake(tcp).map_err(|error| self.not_encrypted(&error))?
        {
            if !self.waiting.wait(tcp.as_fd(), interest)? {
                return Err(self.not_encrypted(&"not done within data_connect_timeout"));
            }
        }
        log::debug!("data connection encrypted: {} resumed={}", tls.describe(), tls.is_resumed());
        if session.reuse() == Reuse::Required && !tls.is_resumed() {
            let advice = match tls.version() {
                // OpenSSL's way; the next one comes behind an upload, where not all of them look.
                Version::Tls13 => "; clients that use a ticket once need TLS 1.2",
                Version::Tls12 => "",
            };
            let peer = self.ends.peer;
            if self.waiting.admitted.may_tell("data connection of another TLS session") {
                log::warn!("data connection of another TLS session refused, peer={peer}{advice}");
            }
            return Err(replies::session_not_resumed());
        }
        if !session.is_of_client(&tls) {
            let peer = self.ends.peer;
            if self.waiting.admitted.may_tell("data connection without the client's certificate") {
                log::warn!(
                    "data connection without the certificate of its control connection refused, \
                     peer={peer}"
                );
            }
            return Err(replies::data_without_certificate());
        }
        Ok(tls)
    }

    fn not_encrypted(&self, error: &dyn Display) -> Reply {
        if self.waiting.admitted.may_tell("TLS handshake of a data connection") {
            let peer = self.ends.peer;
            log::warn!("TLS handshake of a data connection failed, peer={peer}: {error}");
        }
        replies::data_handshake_failed()
    }

    fn failed(&self, error: &dyn Display) -> Reply {
        if self.waiting.admitted.may_tell("no data connection") {
            log::warn!("no data connection, peer={}: {error}", self.ends.peer);
        }
        replies::data_connection_failed()
    }
}
