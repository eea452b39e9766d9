//! The data connection: PASV, EPSV, PORT, EPRT, and how a transfer opens it.

use std::fmt::Display;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Session;
use super::data_wait::Waiting;
use super::navigation::Step;
use super::reassurance::Reassurance;
use super::watch::Watch;
use crate::access::Visit;
use crate::limits;
use crate::net::tls::{Handshake, Reuse, TlsConnection, TlsSession, Version};
use crate::net::{
    AddressError, Arrival, ConnectionSlots, DataPort, Ends, LeaseError, LogRule, OpenError, Opened,
    Slot, Stream, TlsStream, Unused, Wake, passive_address,
};
use crate::protocol::{DataAddress, Family, PassiveRequest, Reply, replies};
use crate::transfer::{Throttle, Way};

/// Ports below are the system's services: RFC 2577 3.
const FIRST_USER_PORT: u16 = 1024;

impl<'a> Session<'a> {
    pub(super) fn passive(&mut self, request: PassiveRequest) -> Reply {
        self.try_passive(request).unwrap_or_else(|reply| reply)
    }

    fn try_passive(&mut self, request: PassiveRequest) -> Step<Reply> {
        let own = Family::of(self.ends.known().ip());
        match request {
            PassiveRequest::OnlyExtended => {
                self.settings.only_epsv = true;
                Ok(replies::only_extended_passive())
            }
            PassiveRequest::Port(Some(wanted)) if wanted != own => {
                Err(replies::other_family_only(own))
            }
            PassiveRequest::Port(_) => Ok(replies::extended_passive(self.listen()?)),
            PassiveRequest::Address => {
                self.allow_other_than_epsv()?;
                let masquerade = self.host.options.masquerade.as_ref();
                let address = passive_address(masquerade, &self.ends);
                let address = address.map_err(|error| match error {
                    AddressError::Ipv6 => replies::passive_needs_ipv4(),
                    AddressError::Lookup { .. } => {
                        if self.visit.may_tell("masquerade_address is not found") {
                            log::error!("{error}");
                        }
                        replies::cannot_listen()
                    }
                })?;
                let port = self.listen()?;
                Ok(replies::passive(std::net::SocketAddrV4::new(address, port)))
            }
        }
    }

    /// Listens for the next data connection and returns the port.
    fn listen(&mut self) -> Step<u16> {
        // The port of an earlier PASV may be the only one there is.
        self.give_port_up();
        let leased = self.host.passive_ports.lease(self.ends.local, limits::PASSIVE_PORT_WAIT);
        let listener = leased.map_err(|error| {
            if self.visit.may_tell("no passive port") {
                log::error!("{error}");
            }
            match error {
                LeaseError::NoFreePort(_) => replies::no_passive_port(),
                LeaseError::Io(_) => replies::cannot_listen(),
            }
        })?;
        let port = listener.local_addr().port();
        let options = &self.host.options;
        let (balancers, check) = (&options.balancers, options.data_peer_check);
        let (door, client) = (Arc::clone(&self.host.door), self.ends.peer.ip());
        let log_rule = LogRule::new(move |what| door.may_tell(client, what));
        let arrival = Arrival::new(listener, &self.ends, balancers, check, log_rule);
        self.data_port = DataPort::Passive(Box::new(arrival));
        Ok(port)
    }

    /// When a port that was leased for PASV and is not used is given back: there are not many.
    pub(super) fn unused_port_expiry(&self) -> Option<Instant> {
        match &self.data_port {
            DataPort::Passive(arrival) => Some(arrival.since() + self.host.options.data_connect),
            DataPort::Nothing | DataPort::Active(_) => None,
        }
    }

    pub(super) fn give_port_back(&mut self) {
        self.give_port_up();
        // Nobody waits for a reply.
        self.unused.end();
        log::debug!("the passive port was not used within data_connect_timeout");
    }

    /// The data port is of no use any more. A client that has connected to it already hears of it from
    /// the next reply, and then by the end of its connection.
    pub(super) fn give_port_up(&mut self) {
        self.unused.extend(std::mem::take(&mut self.data_port).close());
    }

    pub(super) fn active(&mut self, address: DataAddress) -> Reply {
        self.try_active(address).unwrap_or_else(|reply| reply)
    }

    /// A server that connects wherever it is told to is a tool for attacks on others (RFC 2577).
    fn try_active(&mut self, DataAddress(address): DataAddress) -> Step<Reply> {
        self.allow_other_than_epsv()?;
        // lftp names no address of its own when it listens on all: the client itself is meant.
        let host = if address.ip().is_unspecified() { self.ends.peer.ip() } else { address.ip() };
        let address = SocketAddr::new(host, address.port());
        if !same_host(address.ip(), self.ends.peer.ip()) {
            if self.visit.may_tell("PORT to a foreign address") {
                log::warn!("PORT to a foreign address {address} refused, peer={}", self.ends.peer);
            }
            return Err(replies::foreign_address());
        }
        if address.port() < FIRST_USER_PORT {
            return Err(replies::privileged_port());
        }
        self.give_port_up();
        self.data_port = DataPort::Active(address);
        Ok(replies::active_address_set())
    }

    fn allow_other_than_epsv(&self) -> Step<()> {
        if self.settings.only_epsv { Err(replies::only_epsv_now()) } else { Ok(()) }
    }

    /// Looks whether there is a data port for a transfer; none is a mistake of the client that needs
    /// no look at the store. It stays where it is until it is opened: see
    /// [`Self::use_up_preparations`].
    pub(super) fn check_data_port(&self) -> Step<()> {
        self.check_protection()?;
        match self.data_port {
            DataPort::Nothing => Err(replies::data_port_first()),
            DataPort::Passive(_) | DataPort::Active(_) => Ok(()),
        }
    }

    /// From now on the session's thread is woken by the transfer's wake. Ends with
    /// [`Self::end_transfer`].
    pub(super) fn begin_transfer(&mut self) -> Step<Wake> {
        // Of a client that begins the next one nothing comes any more for the one before.
        self.unused = Unused::default();
        let wake = self.own_wake().map_err(|error| {
            if self.visit.may_tell("no descriptor for a transfer") {
                log::error!("no descriptor for a transfer: {error}");
            }
            replies::cannot_listen()
        })?;
        self.handle.begin_transfer(wake.clone());
        if let Some(reply) = self.farewell() {
            self.handle.end_transfer();
            return Err(reply);
        }
        Ok(wake)
    }

    /// What wakes the session's thread, made when it is first needed.
    pub(super) fn own_wake(&mut self) -> io::Result<Wake> {
        let wake = match &self.wake {
            Some(wake) => wake.clone(),
            None => Wake::new()?,
        };
        self.wake = Some(wake.clone());
        Ok(wake)
    }

    /// The signs of life to the client of the present command, `opening` each of them.
    pub(super) fn reassurance(&self, opening: Reply) -> Reassurance {
        let options = &self.host.options;
        // What is to keep a client waiting must come while it waits.
        let interval = options.sign_of_life.min(options.reply_timeout * 2 / 3);
        Reassurance::new(self.reply_wait.clone(), interval, opening)
    }

    pub(super) fn end_transfer(&mut self) {
        self.handle.end_transfer();
    }

    /// How fast a transfer of this session may be.
    pub(super) fn throttle(&self, way: Way) -> Throttle {
        let account = self.login.account();
        account.map_or_else(Throttle::default, |account| {
            self.host.rates.throttle(way, &account.name, account.max_rate)
        })
    }

    /// Who opens data connections for this session.
    pub(super) fn opener(&self) -> DataOpener<'a> {
        DataOpener {
            ends: self.ends,
            connections: &self.host.connections,
            to_leave: self.login.connections_to_leave(),
            visit: self.visit,
            timeout: self.host.options.data_connect,
            tls: self.data_encryption(),
        }
    }
}

/// What it takes to open a data connection.
#[derive(Debug)]
pub(super) struct DataOpener<'a> {
    ends: Ends,
    connections: &'a ConnectionSlots,
    /// Connections that are not for this session's user.
    to_leave: usize,
    visit: &'a Visit,
    timeout: Duration,
    tls: Option<TlsSession>,
}

impl DataOpener<'_> {
    /// Opens the data connection, attending to the control connection meanwhile. It is
    /// non-blocking. What is refused goes to `unused`.
    pub(super) fn open(
        self,
        port: &mut DataPort,
        unused: &mut Unused,
        watch: &mut Watch<'_, '_>,
        wake: &Wake,
    ) -> Step<(Stream, Slot)> {
        let slot = self.connections.try_take_leaving(self.to_leave).ok_or_else(|| {
            if self.visit.may_tell("no data connection: too many connections") {
                log::warn!(
                    "no data connection: max_connection_num is reached, {} of which are left to \
                     others, peer={}",
                    self.to_leave,
                    self.ends.peer
                );
            }
            replies::no_room_for_data_connection()
        })?;
        let deadline = Instant::now() + self.timeout;
        let mut waiting = Waiting { visit: self.visit, watch, wake, deadline };
        let come = self.connect(std::mem::take(port), &mut waiting)?;
        let stream = match <[TcpStream; 1]>::try_from(come) {
            Ok([tcp]) => self.protect(tcp, unused, &mut waiting),
            Err(several) => self.choose(several, unused, &mut waiting),
        };
        Ok((stream?, slot))
    }

    /// The one of `claims` that resumes the control connection's TLS session, which only the client
    /// can. Where none must, nobody is served: whoever was first could get the client's file.
    fn choose(
        &self,
        claims: Vec<TcpStream>,
        unused: &mut Unused,
        waiting: &mut Waiting<'_, '_, '_>,
    ) -> Step<Stream> {
        let mut chosen = Err(replies::several_data_connections());
        let is_told = self.tls.as_ref().is_some_and(|tls| tls.reuse() == Reuse::Required);
        let mut left = claims.len() as u32;
        let deadline = waiting.deadline;
        for tcp in claims {
            if chosen.is_ok() || !is_told {
                unused.add(tcp);
                continue;
            }
            // One that is silent leaves the other its time.
            let now = Instant::now();
            waiting.deadline = now + deadline.saturating_duration_since(now) / left;
            left -= 1;
            chosen = self.protect(tcp, unused, waiting);
            waiting.attend()?;
        }
        chosen
    }

    fn protect(
        &self,
        tcp: TcpStream,
        unused: &mut Unused,
        waiting: &mut Waiting<'_, '_, '_>,
    ) -> Step<Stream> {
        tcp.set_nonblocking(true).map_err(|error| self.failed(&error))?;
        let Some(session) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        match self.secure(&tcp, session, waiting) {
            Ok(tls) => Ok(Stream::Tls(Box::new(TlsStream::new(tcp, tls)))),
            Err(reply) => {
                unused.add(tcp);
                Err(reply)
            }
        }
    }

    /// Whoever has come.
    fn connect(&self, port: DataPort, waiting: &mut Waiting<'_, '_, '_>) -> Step<Vec<TcpStream>> {
        let opening = port.open(&self.ends);
        let mut opening = opening.map_err(|error| match error {
            OpenError::NoAddress => replies::data_port_first(),
            OpenError::Io(_) => self.failed(&error),
        })?;
        loop {
            opening = match opening.advance().map_err(|error| self.failed(&error))? {
                Opened::Connected(tcp) => return Ok(vec![tcp]),
                Opened::Several(streams) => return Ok(streams),
                Opened::NotYet(opening) => opening,
            };
            let late = || self.failed(&"nobody connected within data_connect_timeout");
            waiting.wait(opening.as_fd(), opening.interest(), late)?;
        }
    }

    /// The TLS handshake, in which we are the server whoever has connected (RFC 4217 7).
    fn secure(
        &self,
        tcp: &TcpStream,
        session: &TlsSession,
        waiting: &mut Waiting<'_, '_, '_>,
    ) -> Step<TlsConnection> {
        let refused = |error: &dyn Display| {
            if self.visit.may_tell("TLS handshake of a data connection") {
                log::warn!(
                    "TLS handshake of a data connection failed, peer={}: {error}",
                    self.ends.peer
                );
            }
            replies::data_handshake_failed()
        };
        let mut tls = session.data().map_err(|error| refused(&error))?;
        while let Handshake::Needs(interest) =
            tls.handshake(tcp).map_err(|error| refused(&error))?
        {
            let late = || refused(&"not done within data_connect_timeout");
            waiting.wait(tcp.as_fd(), interest, late)?;
        }
        log::debug!("data connection encrypted: {} resumed={}", tls.describe(), tls.is_resumed());
        if session.reuse() == Reuse::Required && !tls.is_resumed() {
            let advice = match tls.version() {
                // OpenSSL's way; the next one comes behind an upload, where not all of them look.
                Version::Tls13 => "; clients that use a ticket once need tls_max_version = 1.2",
                Version::Tls12 => "",
            };
            let peer = self.ends.peer;
            if self.visit.may_tell("data connection of another TLS session") {
                log::warn!("data connection of another TLS session refused, peer={peer}{advice}");
            }
            return Err(replies::session_not_resumed());
        }
        Ok(tls)
    }

    fn failed(&self, error: &dyn Display) -> Reply {
        if self.visit.may_tell("no data connection") {
            log::warn!("no data connection, peer={}: {error}", self.ends.peer);
        }
        replies::data_connection_failed()
    }
}

/// Whether two addresses are one host's; IPv4 may come mapped into IPv6.
fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}
