//! The client's data connection on a passive port, and nobody else's.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use log::warn;

use super::proxy_header::{Announced, HeaderReader};
use super::tls::TlsSession;
use super::{
    Balancers, Claim, DataHeader, Endpoints, Interest, LogRule, PassiveListener, Unused, socket,
};
use crate::limits;

/// Waits for a client at a passive port. Connections of others are closed: they would get the
/// client's files, or give it theirs.
#[derive(Debug)]
pub struct Arrival {
    listener: PassiveListener,
    client: IpAddr,
    relayed: bool,
    balancers: Balancers,
    check: PeerCheck,
    log_rule: LogRule,
    /// A balancer's connection, until its header has come.
    unannounced: Option<(TcpStream, SocketAddr, HeaderReader)>,
    /// Connections that may be the client's, in the order of their coming.
    claims: Vec<Claim>,
    /// How long nobody is let in before a transfer.
    quiet: Duration,
    /// Nobody is let in before a transfer.
    is_closed: bool,
}

/// Who has come to a passive port.
#[derive(Debug)]
pub enum Arrived {
    /// The client has not.
    Nobody,
    /// The client.
    Client(Claim),
    /// Several whose address is the client's, such as neighbours behind one NAT: whoever was first
    /// may not be the client.
    Several(Vec<Claim>),
}

/// `data_peer_check`: from where a data connection may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeerCheck {
    /// From the client's address alone.
    Strict,
    /// From anywhere: for clients behind NAT that has several addresses and does not keep to one.
    /// Whoever finds the port before the client gets its data.
    Off,
}

/// Whether a connection is the client's.
enum Judgement {
    Admitted,
    Refused,
    /// A header will tell.
    ToBeAnnounced,
}

impl Arrival {
    /// The client is the peer of the control connection `ends`.
    pub fn new(
        listener: PassiveListener,
        ends: &Endpoints,
        balancers: &Balancers,
        check: PeerCheck,
        log_rule: LogRule,
    ) -> Self {
        Self {
            listener,
            client: ends.peer.ip(),
            relayed: ends.balancer.is_some(),
            balancers: balancers.clone(),
            check,
            log_rule,
            unannounced: None,
            claims: Vec::new(),
            quiet: limits::PASSIVE_QUIET,
            is_closed: false,
        }
    }

    /// When the port was leased.
    pub fn since(&self) -> Instant {
        self.listener.since()
    }

    /// From when on it is looked after before a transfer.
    pub(super) fn attended_from(&self) -> Instant {
        self.since() + self.quiet
    }

    /// Its client is known to encrypt the data connection before it sends the command: it is let in
    /// as soon as it comes.
    pub fn expect_early_handshake(&mut self) {
        self.quiet = Duration::ZERO;
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.listener.local_addr()
    }

    /// Lets in whoever has come; never blocks. To be called whenever the descriptor is readable,
    /// also before a transfer: strangers would fill the queue, and the client could not connect.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn attend(&mut self) -> io::Result<()> {
        for looked_at in 0..limits::PASSIVE_ACCEPTS {
            if let Some((stream, from, mut reader)) = self.unannounced.take() {
                match reader.advance(&stream) {
                    Ok(None) => {
                        self.unannounced = Some((stream, from, reader));
                        return Ok(());
                    }
                    Ok(Some(Announced::Client { client, .. })) if self.is_client(client.ip()) => {
                        self.admit(stream);
                    }
                    Ok(Some(Announced::Client { client, .. })) => self.refuse(client),
                    // A health check.
                    Ok(Some(Announced::Itself)) => {}
                    Err(error) => log::debug!("data connection of {from} dropped: {error}"),
                }
                continue;
            }
            // To accept in vain costs as much as making a socket.
            if looked_at > 0 && !self.listener.has_waiting()? {
                return Ok(());
            }
            let Some((stream, from)) = self.listener.try_accept()? else { return Ok(()) };
            match self.judge(from.ip()) {
                Judgement::Admitted => self.admit(stream),
                Judgement::Refused => self.refuse(from),
                Judgement::ToBeAnnounced => {
                    self.unannounced = Some((stream, from, HeaderReader::default()));
                }
            }
        }
        Ok(())
    }

    /// The same before a transfer, which will tell of an error: until then nobody is let in any
    /// more.
    pub(super) fn attend_early(&mut self) {
        if let Err(error) = self.attend() {
            log::debug!("nobody is let in to the passive port: {error}");
            self.is_closed = true;
        }
    }

    /// Whether anybody is let in before a transfer.
    pub(super) fn is_attended(&self) -> bool {
        !self.is_closed
    }

    /// The data connection, if it stands; never blocks. It is non-blocking.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn advance(&mut self) -> io::Result<Arrived> {
        self.attend()?;
        let mut claims = still_claiming(std::mem::take(&mut self.claims));
        if claims.len() > 1 {
            self.tell_of_several();
            return Ok(Arrived::Several(claims));
        }
        Ok(claims.pop().map_or(Arrived::Nobody, Arrived::Client))
    }

    /// What to wait for on the connection that came as the `at`th of those that may be the
    /// client's, where a handshake may come over it before the command.
    pub(super) fn claim(&self, at: usize) -> Option<(BorrowedFd<'_>, Interest)> {
        self.claims.get(at).map(Claim::waits_for)
    }

    /// Goes on with the handshakes of those of them that are `ready`. Tells whether any has begun.
    pub(super) fn shake_hands(&mut self, session: &TlsSession, ready: &[bool]) -> bool {
        let ready = self.claims.iter_mut().zip(ready).filter(|(_, is_ready)| **is_ready);
        ready.for_each(|(claim, _)| claim.shake_hands(session));
        self.claims.iter().any(Claim::has_begun)
    }

    /// Listens no longer. Whoever has connected is to be ended when its client has been told.
    pub fn close(mut self) -> Unused {
        let mut unused = self.listener.unused();
        std::mem::take(&mut self.claims).into_iter().for_each(|claim| unused.add_claim(claim));
        unused
    }

    /// One more that may be the client's. Who has ended its connection again has given it up, such
    /// as a client that tried a second time.
    fn admit(&mut self, stream: TcpStream) {
        let mut claim = Claim::from(stream);
        if !self.claims.is_empty() {
            if !claim.is_open() {
                return;
            }
            self.claims.retain_mut(Claim::is_open);
        }
        if self.claims.len() < limits::PASSIVE_CLAIMS {
            self.claims.push(claim);
        } else {
            socket::hang_up(claim.socket());
        }
    }

    fn judge(&self, from: IpAddr) -> Judgement {
        let relays = self.balancers.from.contain(from);
        match self.balancers.data {
            DataHeader::Present if relays => Judgement::ToBeAnnounced,
            DataHeader::Absent if relays && self.relayed => Judgement::Admitted,
            _ if self.is_client(from) => Judgement::Admitted,
            _ => Judgement::Refused,
        }
    }

    fn is_client(&self, address: IpAddr) -> bool {
        self.check == PeerCheck::Off || address.to_canonical() == self.client.to_canonical()
    }

    fn refuse(&self, stranger: SocketAddr) {
        if self.log_rule.permits("strangers at a passive port") {
            let (port, client) = (self.local_addr().port(), self.client.to_canonical());
            warn!("passive port {port} of client {client}: connection from {stranger} refused");
        }
    }

    fn tell_of_several(&self) {
        if self.log_rule.permits("several connections to a passive port") {
            let (port, client) = (self.local_addr().port(), self.client.to_canonical());
            warn!(
                "passive port {port}: more than one connection from the client's address {client}"
            );
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.claims.iter().for_each(|claim| socket::hang_up(claim.socket()));
    }
}

impl AsFd for Arrival {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.unannounced {
            Some((stream, ..)) => stream.as_fd(),
            None => self.listener.as_fd(),
        }
    }
}

/// Of several those that are open, if any is. Each is looked at once: it may end at any moment.
fn still_claiming(mut claims: Vec<Claim>) -> Vec<Claim> {
    if claims.len() < 2 {
        return claims;
    }
    let are_open: Vec<_> = claims.iter_mut().map(Claim::is_open).collect();
    if are_open.contains(&true) {
        let mut are_open = are_open.into_iter();
        claims.retain(|_| are_open.next() == Some(true));
    }
    claims
}

#[cfg(test)]
mod tests;
