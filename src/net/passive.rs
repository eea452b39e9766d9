//! The ports of passive mode, and the listener that waits on one for a data connection.
//!
//! A port is leased to one listener at a time, unless ports may be [shared](super::shared_port).
//! The lease is part of the listener and ends with it, so a port cannot be forgotten; the data
//! connection that was accepted does not hold it.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::rand::{GetRandomFlags, getrandom};
use socket2::{Domain, Protocol, Socket, Type};

use super::leases::{Leases, PortLease};
use super::shared_port::{Seat, SharedPort};
use super::{Interest, Unused, address, socket, wait};
use crate::limits;

/// What is taken of the system's generator at once.
const RANDOM_BYTES: usize = 256;

/// The configured range, shared by all sessions.
#[derive(Debug)]
pub struct PassivePorts {
    range: RangeInclusive<u16>,
    leases: Arc<Leases>,
    /// Those of them that others may join in.
    shared: Mutex<Vec<Weak<SharedPort>>>,
    /// What the system's generator has given and nobody has used.
    random: Mutex<Vec<u8>>,
}

/// Why there is no passive listener.
#[derive(Debug)]
pub enum LeaseError {
    /// Every port of the range is leased or used by another process, for as long as the caller
    /// was ready to wait.
    NoFreePort(RangeInclusive<u16>),
    /// The system refused for a reason that another port does not cure.
    Io(io::Error),
}

/// A non-blocking listening socket on a leased port.
#[derive(Debug)]
pub struct PassiveListener {
    door: Door,
    local: SocketAddr,
    since: Instant,
    /// Somebody has been accepted: what is left in the queue is of no interest.
    accepted: AtomicBool,
}

/// How clients come to a listener.
#[derive(Debug)]
enum Door {
    /// Nobody else's port. Closed before the lease ends: fields are dropped in this order.
    Own { listener: TcpListener, _lease: PortLease },
    /// A place at a port that others use, too.
    Shared(Seat),
}

impl PassivePorts {
    /// All ports of `range` are free.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        let (leases, shared) = (Arc::default(), Mutex::default());
        Self { range, leases, shared, random: Mutex::default() }
    }

    /// The configured range.
    pub fn range(&self) -> &RangeInclusive<u16> {
        &self.range
    }

    /// Ports leased now.
    pub fn in_use(&self) -> usize {
        self.leases.count()
    }

    /// A listener on a free port of the range, on the address that the control connection has on
    /// our side (`control_local`, whose port does not matter). When that is an IPv4-mapped IPv6
    /// address, the client speaks IPv4 and gets an IPv4 listener.
    ///
    /// The search starts at a random port, so that the next one cannot be guessed. If none is
    /// free, one is shared if `sharer` is given: the client's address, from which alone its data
    /// connections come, and which nobody else has at that port. Without one, too, it blocks until
    /// one is returned, at most for `wait`.
    ///
    /// # Errors
    /// [`LeaseError::NoFreePort`] after `wait`; [`LeaseError::Io`] at once.
    pub fn lease(
        &self,
        control_local: SocketAddr,
        sharer: Option<IpAddr>,
        wait: Duration,
    ) -> Result<PassiveListener, LeaseError> {
        let local = address::canonical(control_local);
        let deadline = Instant::now() + wait;
        loop {
            let seen = self.leases.returned();
            if let Some(listener) = self.try_lease(local, sharer).map_err(LeaseError::Io)? {
                return Ok(listener);
            }
            if Instant::now() >= deadline {
                return Err(LeaseError::NoFreePort(self.range.clone()));
            }
            self.leases.wait_for_return(seen, deadline);
        }
    }

    /// From the system's generator: what one client is given must tell nothing of what others are.
    fn random_port(&self) -> u16 {
        let ports = u32::from(*self.range.end() - *self.range.start()) + 1;
        let offset = self.random_number() % ports;
        // Below the number of ports, so within their range.
        *self.range.start() + offset as u16
    }

    /// The system gives many at a time for the same price.
    fn random_number(&self) -> u32 {
        let mut random = self.random.lock();
        if random.is_empty() {
            random.resize(RANDOM_BYTES, 0);
            getrandom(&mut random[..], GetRandomFlags::empty())
                .expect("up to 256 bytes are there on every kernel since 3.17 (getrandom(2))");
        }
        let rest = random.len() - size_of::<u32>();
        let number = random.split_off(rest);
        number.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
    }

    /// The first free port from a random one on, all round the range; with a `sharer` one that has
    /// room for it where none is free.
    fn try_lease(
        &self,
        mut local: SocketAddr,
        sharer: Option<IpAddr>,
    ) -> io::Result<Option<PassiveListener>> {
        let start = self.random_port();
        for port in (start..=*self.range.end()).chain(*self.range.start()..start) {
            let Some(lease) = PortLease::take(&self.leases, port) else { continue };
            local.set_port(port);
            match listen(local) {
                Ok(listener) => {
                    let door = match sharer {
                        None => Door::Own { listener, _lease: lease },
                        Some(client) => Door::Shared(self.open(listener, local, lease, client)?),
                    };
                    return Ok(Some(PassiveListener::new(door, local)));
                }
                // Another process uses it.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        sharer.map_or(Ok(None), |client| self.join(local, client))
    }

    /// A port that others may join in, with the first who has a seat at it.
    fn open(
        &self,
        listener: TcpListener,
        local: SocketAddr,
        lease: PortLease,
        client: IpAddr,
    ) -> io::Result<Seat> {
        let port = Arc::new(SharedPort::new(listener, local, lease));
        let seat = port.seat(client)?.ok_or(ErrorKind::AddrInUse)?;
        let mut shared = self.shared.lock();
        shared.retain(|port| port.strong_count() > 0);
        shared.push(Arc::downgrade(&port));
        Ok(seat)
    }

    /// A seat at a port that others have, on the address that `local` names.
    fn join(&self, local: SocketAddr, client: IpAddr) -> io::Result<Option<PassiveListener>> {
        let mut ports: Vec<_> = self.shared.lock().iter().filter_map(Weak::upgrade).collect();
        ports.retain(|port| port.local.ip() == local.ip());
        let first = self.random_number() as usize;
        for at in 0..ports.len() {
            let port = &ports[first.wrapping_add(at) % ports.len()];
            if let Some(seat) = port.seat(client)? {
                return Ok(Some(PassiveListener::new(Door::Shared(seat), port.local)));
            }
        }
        Ok(None)
    }
}

impl PassiveListener {
    fn new(door: Door, local: SocketAddr) -> Self {
        let accepted = AtomicBool::new(false);
        Self { door, local, since: Instant::now(), accepted }
    }

    /// When the port was leased.
    pub fn since(&self) -> Instant {
        self.since
    }

    /// Where it listens. IPv4 clients of a dual-stack server see an IPv4 address.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The next connection, whoever it is from, and its other end; never blocks. It is
    /// non-blocking.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub fn try_accept(&self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        let accepted = match &self.door {
            Door::Own { listener, .. } => socket::try_accept(listener)?,
            Door::Shared(seat) => seat.try_accept()?,
        };
        self.accepted.fetch_or(accepted.is_some(), Ordering::Relaxed);
        Ok(accepted)
    }

    /// Whether anybody waits to be accepted.
    ///
    /// # Errors
    /// When the kernel is out of memory.
    pub(super) fn has_waiting(&self) -> io::Result<bool> {
        let [waiting] = wait([(self.as_fd(), Interest::Read)], Some(Duration::ZERO))?;
        Ok(waiting)
    }

    /// Those who have connected and whom nobody will serve.
    pub(super) fn unused(&self) -> Unused {
        let mut unused = Unused::default();
        // Strangers beside the client can be there; more than the queue holds cannot.
        let accepted = (0..limits::PASSIVE_BACKLOG).map_while(|_| self.try_accept().ok().flatten());
        accepted.for_each(|(stream, _)| unused.add_claim(stream.into()));
        unused
    }
}

/// Whoever has connected and waits to be served must not be reset, which the kernel does to what is
/// left in a listener's queue: many clients take a reset of the data connection for the end of
/// everything, and never read the reply that tells them why.
impl Drop for PassiveListener {
    fn drop(&mut self) {
        // To ask in vain costs as much as making a socket: not for every transfer.
        let is_shared = matches!(self.door, Door::Shared(_));
        if is_shared || !self.accepted.load(Ordering::Relaxed) {
            drop(self.unused());
        }
    }
}

impl AsFd for PassiveListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.door {
            Door::Own { listener, .. } => listener.as_fd(),
            Door::Shared(seat) => seat.as_fd(),
        }
    }
}

impl fmt::Display for LeaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFreePort(range) => {
                write!(f, "no free port in passive_ports {}-{}", range.start(), range.end())
            }
            Self::Io(error) => write!(f, "cannot listen on a passive port: {error}"),
        }
    }
}

impl Error for LeaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoFreePort(_) => None,
            Self::Io(error) => Some(error),
        }
    }
}

fn listen(local: SocketAddr) -> io::Result<TcpListener> {
    let kind = Type::STREAM.nonblocking();
    let socket = Socket::new(Domain::for_address(local), kind, Some(Protocol::TCP))?;
    // Earlier data connections from this port may be open still, or in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&local.into())?;
    socket.listen(limits::PASSIVE_BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests;
