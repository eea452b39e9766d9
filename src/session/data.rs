//! The data connection: PASV, EPSV, PORT, EPRT, and how a transfer opens it.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::Session;
use super::failure::transfer_failure;
use super::navigation::Step;
use super::watch::Watch;
use crate::limits;
use crate::net::{
    AddressError, Balancers, ConnectionSlots, DataPort, Ends, Interest, LeaseError, OpenError,
    Opened, PeerCheck, Slot, Stream, Wake, passive_address, wait,
};
use crate::protocol::{DataAddress, Family, PassiveRequest, Reply, replies};
use crate::transfer::{Control, Directive, Progress, Throttle, Verdict, Way};

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
                        log::error!("{error}");
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
        self.data_port = DataPort::Nothing;
        let leased = self.host.passive_ports.lease(self.ends.local, limits::PASSIVE_PORT_WAIT);
        let listener = leased.map_err(|error| {
            log::error!("{error}");
            match error {
                LeaseError::NoFreePort(_) => replies::no_passive_port(),
                LeaseError::Io(_) => replies::cannot_listen(),
            }
        })?;
        let port = listener.local_addr().port();
        self.data_port = DataPort::Passive(listener);
        Ok(port)
    }

    /// When a port that was leased for PASV and is not used is given back: there are not many.
    pub(super) fn unused_port_expiry(&self) -> Option<Instant> {
        match &self.data_port {
            DataPort::Passive(listener) => Some(listener.since() + self.host.options.data_connect),
            DataPort::Nothing | DataPort::Active(_) => None,
        }
    }

    pub(super) fn give_port_back(&mut self) {
        self.data_port = DataPort::Nothing;
        log::debug!("the passive port was not used within data_connect_timeout");
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
            log::warn!("PORT to a foreign address {address} refused, peer={}", self.ends.peer);
            return Err(replies::foreign_address());
        }
        if address.port() < FIRST_USER_PORT {
            return Err(replies::privileged_port());
        }
        self.data_port = DataPort::Active(address);
        Ok(replies::active_address_set())
    }

    fn allow_other_than_epsv(&self) -> Step<()> {
        if self.settings.only_epsv { Err(replies::only_epsv_now()) } else { Ok(()) }
    }

    /// Takes the data port for a transfer; none is a mistake of the client that needs no look at
    /// the store.
    pub(super) fn take_data_port(&mut self) -> Step<DataPort> {
        match std::mem::take(&mut self.data_port) {
            DataPort::Nothing => Err(replies::data_port_first()),
            port => Ok(port),
        }
    }

    /// From now on the session's thread is woken by the transfer's wake. Ends with
    /// [`Self::end_transfer`].
    pub(super) fn begin_transfer(&mut self) -> Step<Wake> {
        let wake = match &self.wake {
            Some(wake) => wake.clone(),
            None => Wake::new().map_err(|error| {
                log::error!("no descriptor for a transfer: {error}");
                replies::cannot_listen()
            })?,
        };
        self.wake = Some(wake.clone());
        self.handle.begin_transfer(wake.clone());
        if let Some(reply) = self.farewell() {
            self.handle.end_transfer();
            return Err(reply);
        }
        Ok(wake)
    }

    pub(super) fn end_transfer(&mut self) {
        self.handle.end_transfer();
        self.settings.announced = None;
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
            balancers: &self.host.options.balancers,
            peer_check: self.host.options.data_peer_check,
            connections: &self.host.connections,
            timeout: self.host.options.data_connect,
        }
    }
}

/// What it takes to open a data connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataOpener<'a> {
    ends: Ends,
    balancers: &'a Balancers,
    peer_check: PeerCheck,
    connections: &'a ConnectionSlots,
    timeout: Duration,
}

impl DataOpener<'_> {
    /// Opens the data connection, attending to the control connection meanwhile. It is
    /// non-blocking.
    pub(super) fn open(
        self,
        port: DataPort,
        watch: &mut Watch<'_, '_>,
        wake: &Wake,
    ) -> Step<(Stream, Slot)> {
        let slot = self.connections.try_take().ok_or_else(|| {
            log::warn!("no data connection: max_connection_num is reached");
            replies::no_room_for_data_connection()
        })?;
        let failed = |error: &dyn std::fmt::Display| {
            log::warn!("no data connection, peer={}: {error}", self.ends.peer);
            replies::data_connection_failed()
        };
        let opening = port.open(&self.ends, self.balancers, self.peer_check);
        let mut opening = opening.map_err(|error| match error {
            OpenError::NoAddress => replies::data_port_first(),
            OpenError::Io(_) => failed(&error),
        })?;
        let deadline = Instant::now() + self.timeout;
        loop {
            opening = match opening.advance().map_err(|error| failed(&error))? {
                Opened::Connected(tcp) => {
                    tcp.set_nonblocking(true).map_err(|error| failed(&error))?;
                    return Ok((Stream::Plain(tcp), slot));
                }
                Opened::NotYet(opening) => opening,
            };
            let left = deadline.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return Err(failed(&"nobody connected within data_connect_timeout"));
            }
            let nothing = (wake.as_fd(), Interest::Nothing);
            let control = watch.descriptor().map_or(nothing, |fd| (fd, Interest::Read));
            let wanted =
                [(opening.as_fd(), opening.interest()), control, (wake.as_fd(), Interest::Read)];
            let [_, control, rung] = wait(wanted, Some(left)).map_err(|error| failed(&error))?;
            if rung {
                wake.clear();
            }
            if (control || rung)
                && let Directive::Interrupt(by) = watch.attend(&Progress::begin())
            {
                return Err(transfer_failure(&Verdict::Interrupted { by, kept: false }, 0));
            }
        }
    }
}

/// Whether two addresses are one host's; IPv4 may come mapped into IPv6.
fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}
