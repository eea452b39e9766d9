//! The data channel: PASV, EPSV, PORT, EPRT, and what is prepared for the next transfer.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::Host;
use super::control_line::Beside;
use super::data_opening::DataOpening;
use super::data_wait::DataWait;
use super::encryption::Encryption;
use super::step::Step;
use super::watch::Watch;
use crate::access::AdmittedClient;
use crate::limits;
use crate::net::tls::TlsSession;
use crate::net::{
    Arrival, ConnectionSlot, DataPort, Endpoints, Interest, LeaseError, LogRule, MasqueradeError,
    PassiveNaming, PeerCheck, Stream, Unused, Wake, passive_address, wait,
};
use crate::protocol::{DataAddress, Family, PassiveRequest, Reply, replies};

/// Ports below are the system's services: RFC 2577 3.
const FIRST_USER_PORT: u16 = 1024;

/// How a client has its data connections, and what is left of them.
#[derive(Debug)]
pub(super) struct DataChannel<'a> {
    host: &'a Host,
    admitted: &'a AdmittedClient,
    ends: Endpoints,
    port: DataPort,
    /// EPSV ALL was sent (RFC 2428 4).
    only_epsv: bool,
    /// What the client has opened for a command that did not use it, or not to its end.
    unused: Unused,
    /// The client has encrypted a data connection before it sent the command.
    encrypts_early: bool,
}

/// What a data connection needs beside its port.
#[derive(Debug)]
pub(super) struct DataTerms {
    /// Whether we write to it.
    pub(super) writes: bool,
    /// What it is encrypted with; `None` leaves it plain.
    pub(super) tls: Option<TlsSession>,
    /// Connections that are not for this session's user.
    pub(super) left_to_others: usize,
}

impl<'a> DataChannel<'a> {
    /// That of the client at the other of the `ends`.
    pub(super) fn new(host: &'a Host, admitted: &'a AdmittedClient, ends: Endpoints) -> Self {
        Self {
            host,
            admitted,
            ends,
            port: DataPort::Nothing,
            only_epsv: false,
            unused: Unused::default(),
            encrypts_early: false,
        }
    }

    /// PASV, EPSV.
    pub(super) fn passive(&mut self, request: PassiveRequest) -> Step<Reply> {
        let own = Family::of(self.ends.known().ip());
        match request {
            PassiveRequest::OnlyExtended => {
                self.only_epsv = true;
                Ok(replies::only_extended_passive())
            }
            PassiveRequest::Port(Some(wanted)) if wanted != own => {
                Err(replies::other_family_only(own))
            }
            PassiveRequest::Port(_) => Ok(replies::extended_passive(self.listen()?)),
            PassiveRequest::Address => {
                self.allow_other_than_epsv()?;
                let address = self.address()?;
                let port = self.listen()?;
                Ok(replies::passive(SocketAddrV4::new(address, port)))
            }
        }
    }

    /// The address that the client is told.
    fn address(&self) -> Step<Ipv4Addr> {
        let options = &self.host.options;
        let naming = PassiveNaming {
            networks: &options.masquerade_networks,
            masquerade: options.masquerade.as_ref(),
            public: &self.host.public_address,
        };
        passive_address(&naming, &self.ends).map_err(|error| match error {
            MasqueradeError::Ipv6 => replies::passive_needs_ipv4(),
            MasqueradeError::Lookup { .. } | MasqueradeError::OfNetwork { .. } => {
                if self.host.access.may_tell_of_all("no address for PASV") {
                    log::error!("PASV has no address to name: {error}");
                }
                replies::no_passive_address()
            }
        })
    }

    /// Listens for the next data connection and returns the port.
    fn listen(&mut self) -> Step<u16> {
        // The port of an earlier PASV may be the only one there is.
        self.give_port_up();
        let options = &self.host.options;
        // Where its address tells that a connection is the client's.
        let shares = options.passive_ports_shared
            && options.data_peer_check == PeerCheck::Strict
            && self.ends.balancer.is_none();
        let sharer = shares.then_some(self.ends.peer.ip());
        let ports = &self.host.passive_ports;
        let leased = ports.lease(self.ends.local, sharer, limits::PASSIVE_PORT_WAIT);
        let listener = leased.map_err(|error| {
            if self.admitted.may_tell("no passive port") {
                log::error!("{error}");
            }
            match error {
                LeaseError::NoFreePort(_) => replies::no_passive_port(),
                LeaseError::Io(_) => replies::cannot_listen(),
            }
        })?;
        let port = listener.local_addr().port();
        let (balancers, check) = (&options.balancers, options.data_peer_check);
        let (access, client) = (Arc::clone(&self.host.access), self.ends.peer.ip());
        let log_rule = LogRule::new(move |what| access.may_tell(client, what));
        let mut arrival = Arrival::new(listener, &self.ends, balancers, check, log_rule);
        if self.encrypts_early {
            arrival.expect_early_handshake();
        }
        self.port = DataPort::Passive(Box::new(arrival));
        Ok(port)
    }

    /// PORT, EPRT. A server that connects wherever it is told to is a tool for attacks on others
    /// (RFC 2577).
    pub(super) fn active(&mut self, DataAddress(address): DataAddress) -> Step<Reply> {
        self.allow_other_than_epsv()?;
        let client = self.ends.peer;
        // lftp names no address of its own when it listens on all: the client itself is meant.
        let host = if address.ip().is_unspecified() { client.ip() } else { address.ip() };
        let address = SocketAddr::new(host, address.port());
        if !same_host(address.ip(), client.ip()) {
            if self.admitted.may_tell("PORT to a foreign address") {
                log::warn!("PORT to a foreign address {address} refused, peer={client}");
            }
            return Err(replies::foreign_address());
        }
        if address.port() < FIRST_USER_PORT {
            return Err(replies::privileged_port());
        }
        self.give_port_up();
        self.port = DataPort::Active(address);
        Ok(replies::active_address_set())
    }

    fn allow_other_than_epsv(&self) -> Step<()> {
        if self.only_epsv { Err(replies::only_epsv_now()) } else { Ok(()) }
    }

    /// Looks whether there is a data port for a transfer; none is a mistake of the client that
    /// needs no look at the store. It stays where it is until it is opened, or the command ends.
    pub(super) fn check_port(&self) -> Step<()> {
        match self.port {
            DataPort::Nothing => Err(replies::data_port_first()),
            DataPort::Passive(_) | DataPort::Active(_) => Ok(()),
        }
    }

    /// When a port that was leased for PASV and is not used is given back: there are not many.
    pub(super) fn port_expiry(&self) -> Option<Instant> {
        match &self.port {
            DataPort::Passive(arrival) => Some(arrival.since() + self.host.options.data_connect),
            DataPort::Nothing | DataPort::Active(_) => None,
        }
    }

    /// The port has expired.
    pub(super) fn give_port_back(&mut self) {
        self.give_port_up();
        // Nobody waits for a reply.
        self.unused.end(None);
        log::debug!("the passive port was not used within data_connect_timeout");
    }

    /// The data port is of no use any more. A client that has connected to it already hears of it
    /// from the next reply, and then by the end of its connection.
    pub(super) fn give_port_up(&mut self) {
        self.unused.extend(std::mem::take(&mut self.port).close());
    }

    /// Everything as after the greeting.
    pub(super) fn reset(&mut self) {
        self.give_port_up();
        self.only_epsv = false;
    }

    /// A transfer begins: of its client nothing comes any more for the one before.
    pub(super) fn forget_unused(&mut self) {
        self.unused = Unused::default();
    }

    /// The client of `rest` has not been told yet that nobody reads it.
    pub(super) fn add_unused(&mut self, rest: Stream) {
        self.unused.add(rest);
    }

    /// The clients of connections that nobody uses have been told.
    pub(super) fn end_unused(&mut self, encryption: &Encryption) {
        if !self.unused.is_empty() {
            self.unused.end(encryption.of_data());
        }
    }

    /// What the session's thread looks after while it waits for a command.
    pub(super) fn beside<'d>(&'d mut self, encryption: &'d Encryption) -> BesideData<'d, 'a> {
        BesideData { channel: self, tls: encryption.of_data() }
    }

    /// A place for a data connection. Where there is none, clients that are silent before their
    /// login have to make room, and a moment is waited for it.
    fn take_slot(&self, left_to_others: usize) -> Option<ConnectionSlot> {
        once_there_is_room(
            || self.host.connections.try_take_leaving(left_to_others),
            || self.host.access.make_room(self.ends.peer.ip()),
        )
    }

    /// Opens the data connection, attending to the control connection meanwhile. It is
    /// non-blocking.
    pub(super) fn open(
        &mut self,
        terms: &DataTerms,
        watch: &mut Watch<'_, '_>,
        wake: &Wake,
    ) -> Step<(Stream, ConnectionSlot)> {
        let slot = self.take_slot(terms.left_to_others).ok_or_else(|| {
            if self.admitted.may_tell("no data connection: too many connections") {
                log::warn!(
                    "no data connection: max_connection_num is reached, {} of which are left to \
                     others, peer={}",
                    terms.left_to_others,
                    self.ends.peer
                );
            }
            replies::no_room_for_data_connection()
        })?;
        let deadline = Instant::now() + self.host.options.data_connect;
        let opening = DataOpening {
            ends: self.ends,
            tls: terms.tls.clone(),
            unused: &mut self.unused,
            waiting: DataWait { admitted: self.admitted, watch, wake, deadline },
        };
        let data = opening.open(std::mem::take(&mut self.port))?;
        // Of an upload without encryption nothing is written.
        if (terms.tls.is_some() || terms.writes)
            && let Err(error) = data.prepare_for_writing()
        {
            log::debug!("the data connection is gone already: {error}");
            return Err(replies::data_connection_failed());
        }
        Ok((data, slot))
    }
}

/// While the session's thread waits for a command it looks after the passive port, where strangers
/// would take the client's place, after handshakes of clients that begin them before the command,
/// and after data connections that end.
#[derive(Debug)]
pub(super) struct BesideData<'d, 'a> {
    channel: &'d mut DataChannel<'a>,
    /// What data connections are encrypted with.
    tls: Option<&'d TlsSession>,
}

impl Beside for BesideData<'_, '_> {
    fn is_idle(&self) -> bool {
        self.channel.port.descriptor().is_none() && self.channel.unused.waits_for().is_none()
    }

    fn wait(&mut self, control: BorrowedFd<'_>, left: Duration) -> io::Result<bool> {
        let nothing = (control, Interest::Nothing);
        let until = |time: Instant| time.saturating_duration_since(Instant::now());
        let DataChannel { port, unused, encrypts_early, .. } = &mut *self.channel;
        let (entrance, left) = match port.descriptor() {
            None => (nothing, left),
            Some((entrance, from)) => match until(from) {
                Duration::ZERO => ((entrance, Interest::Read), left),
                not_yet => (nothing, left.min(not_yet)),
            },
        };
        let (ending, left) = match unused.waits_for() {
            None => (nothing, left),
            Some((fd, time)) => ((fd, Interest::Read), left.min(until(time))),
        };
        let claims = self.tls.map_or([None; limits::PASSIVE_CLAIMS], |_| port.claims());
        let [one, other] = claims.map(|claim| claim.unwrap_or(nothing));
        let wanted = [(control, Interest::Read), entrance, ending, one, other];
        let [control, entrance, _, one, other] = wait(wanted, Some(left))?;
        if let Some(session) = self.tls.filter(|_| one || other) {
            *encrypts_early |= port.shake_hands(session, [one, other]);
        }
        if entrance {
            port.attend();
        }
        unused.attend();
        Ok(control)
    }
}

/// What `take` gives, which `make_room` may help to. Whoever was told to leave needs a moment for
/// it, in which there may be nobody else to be told.
fn once_there_is_room<T>(
    mut take: impl FnMut() -> Option<T>,
    mut make_room: impl FnMut() -> bool,
) -> Option<T> {
    let deadline = Instant::now() + limits::MAKE_ROOM_WAIT;
    let mut somebody_leaves = false;
    loop {
        let taken = take();
        if taken.is_some() || Instant::now() >= deadline {
            return taken;
        }
        somebody_leaves |= make_room();
        if !somebody_leaves {
            return None;
        }
        thread::sleep(limits::MAKE_ROOM_PAUSE);
    }
}

/// Whether two addresses are one host's; IPv4 may come mapped into IPv6.
fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_was_told_to_leave_is_waited_for() {
        let (mut tries, mut told) = (0, 0);
        let take = || {
            tries += 1;
            (tries > 3).then_some(())
        };
        let make_room = || {
            told += 1;
            told == 1
        };
        assert_eq!(once_there_is_room(take, make_room), Some(()));
        assert_eq!(once_there_is_room(|| None::<()>, || false), None);
    }
}
