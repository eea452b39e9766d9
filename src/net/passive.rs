//! The ports of passive mode, and the listener that waits on one for a data connection.
//!
//! A port is leased to one listener at a time. The lease is part of the listener and ends with
//! it, so a port cannot be forgotten; the data connection that was accepted does not hold it.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use rustix::rand::{GetRandomFlags, getrandom};
use socket2::{Domain, Protocol, Socket, Type};

use super::{Interest, Unused, address, socket, wait};
use crate::limits;

/// What is taken of the system's generator at once.
const RANDOM_BYTES: usize = 256;

/// The configured range, shared by all sessions.
#[derive(Debug)]
pub struct PassivePorts {
    range: RangeInclusive<u16>,
    leases: Arc<Leases>,
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
    // Closed before `lease` ends: fields are dropped in this order.
    listener: TcpListener,
    local: SocketAddr,
    since: Instant,
    /// Somebody has been accepted: what is left in the queue is of no interest.
    accepted: AtomicBool,
    _lease: PortLease,
}

impl PassivePorts {
    /// All ports of `range` are free.
    pub fn new(range: RangeInclusive<u16>) -> Self {
        Self { range, leases: Arc::default(), random: Mutex::default() }
    }

    /// The configured range.
    pub fn range(&self) -> &RangeInclusive<u16> {
        &self.range
    }

    /// Ports leased now.
    pub fn in_use(&self) -> usize {
        self.leases.state.lock().ports.len()
    }

    /// A listener on a free port of the range, on the address that the control connection has on
    /// our side (`control_local`, whose port does not matter). When that is an IPv4-mapped IPv6
    /// address, the client speaks IPv4 and gets an IPv4 listener.
    ///
    /// The search starts at a random port, so that the next one cannot be guessed. If none is
    /// free, it blocks until one is returned, at most for `wait`.
    ///
    /// # Errors
    /// [`LeaseError::NoFreePort`] after `wait`; [`LeaseError::Io`] at once.
    pub fn lease(
        &self,
        control_local: SocketAddr,
        wait: Duration,
    ) -> Result<PassiveListener, LeaseError> {
        let local = address::canonical(control_local);
        let deadline = Instant::now() + wait;
        loop {
            let seen = self.leases.state.lock().returned;
            if let Some(listener) = self.try_lease(local).map_err(LeaseError::Io)? {
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

    /// The first free port from a random one on, all round the range.
    fn try_lease(&self, mut local: SocketAddr) -> io::Result<Option<PassiveListener>> {
        let start = self.random_port();
        for port in (start..=*self.range.end()).chain(*self.range.start()..start) {
            let Some(lease) = PortLease::take(&self.leases, port) else { continue };
            local.set_port(port);
            match listen(local) {
                Ok(listener) => return Ok(Some(PassiveListener::new(listener, local, lease))),
                // Another process uses it.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

impl PassiveListener {
    fn new(listener: TcpListener, local: SocketAddr, lease: PortLease) -> Self {
        let accepted = AtomicBool::new(false);
        Self { listener, local, since: Instant::now(), accepted, _lease: lease }
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
        loop {
            match socket::accept(&self.listener) {
                Ok(accepted) => {
                    self.accepted.store(true, Ordering::Relaxed);
                    return Ok(Some(accepted));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if socket::is_of_one_connection(&error) => {}
                Err(error) => return Err(error),
            }
        }
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
        accepted.for_each(|(stream, _)| unused.add_fresh(stream));
        unused
    }
}

/// Whoever has connected and waits to be served must not be reset, which the kernel does to what is
/// left in a listener's queue: many clients take a reset of the data connection for the end of
/// everything, and never read the reply that tells them why.
impl Drop for PassiveListener {
    fn drop(&mut self) {
        // To ask in vain costs as much as making a socket: not for every transfer.
        if !self.accepted.load(Ordering::Relaxed) {
            drop(self.unused());
        }
    }
}

impl AsFd for PassiveListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
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

#[derive(Debug, Default)]
struct Leases {
    state: Mutex<LeaseState>,
    port_returned: Condvar,
}

#[derive(Debug, Default)]
struct LeaseState {
    ports: HashSet<u16>,
    /// Leases that have ended so far: tells a waiter whether one ended since it looked.
    returned: u64,
    /// Who waits for one to end: to wake nobody is a system call, too.
    waiting: usize,
}

impl Leases {
    fn wait_for_return(&self, seen: u64, deadline: Instant) {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.port_returned.wait_while_until(&mut state, |state| state.returned == seen, deadline);
        state.waiting -= 1;
    }
}

/// One port, given back when it is dropped.
#[derive(Debug)]
struct PortLease {
    port: u16,
    leases: Arc<Leases>,
}

impl PortLease {
    fn take(leases: &Arc<Leases>, port: u16) -> Option<Self> {
        let free = leases.state.lock().ports.insert(port);
        free.then(|| Self { port, leases: Arc::clone(leases) })
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        let mut state = self.leases.state.lock();
        state.ports.remove(&self.port);
        state.returned += 1;
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.leases.port_returned.notify_all();
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
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::thread;

    use super::*;
    use crate::net::{Interest, wait};

    const NO_WAIT: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn whoever_waits_when_the_port_is_given_back_is_not_reset() {
        use std::io::{Read, Write};

        let ports = PassivePorts::new(10_000..=30_000);
        let listener = ports.lease(loopback(), NO_WAIT).unwrap();
        let mut clients: Vec<_> =
            (0..3).map(|_| TcpStream::connect(listener.local_addr()).unwrap()).collect();
        // Unread, it would be answered by a reset.
        clients[1].write_all(&[0; 20_000]).unwrap();
        assert_eq!(wait([(listener.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
        drop(listener);
        for client in &mut clients {
            assert_eq!(client.read(&mut [0]).unwrap(), 0);
        }
    }

    #[test]
    fn each_port_is_leased_once_and_comes_back() {
        let ports = PassivePorts::new(free_range());
        let local = loopback();
        let first = ports.lease(local, NO_WAIT).unwrap();
        assert!(ports.range().contains(&first.local_addr().port()));
        assert_eq!(ports.in_use(), 1);
        let error = ports.lease(local, NO_WAIT).unwrap_err();
        assert!(matches!(error, LeaseError::NoFreePort(_)), "{error}");
        assert!(error.to_string().contains("passive_ports"), "{error}");
        drop(first);
        assert_eq!(ports.in_use(), 0);
        ports.lease(local, NO_WAIT).unwrap();
    }

    #[test]
    fn one_port_serves_many_connections_in_quick_succession() {
        let ports = PassivePorts::new(free_range());
        let mut open = Vec::new();
        for _ in 0..50 {
            let listener = ports.lease(loopback(), NO_WAIT).unwrap();
            let client = TcpStream::connect(listener.local_addr()).unwrap();
            let ours = accepted(&listener);
            // We close first, so that it is our side that keeps TIME_WAIT.
            if open.len() % 2 == 0 {
                drop(ours);
                open.push((client, None));
            } else {
                open.push((client, Some(ours)));
            }
        }
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn one_port_tells_nothing_of_the_next() {
        let ports = PassivePorts::new(10_000..=30_000);
        let leased: Vec<u16> = (0..64)
            .map(|_| ports.lease(loopback(), NO_WAIT).unwrap().local_addr().port())
            .collect();
        let steps: HashSet<i32> =
            leased.windows(2).map(|pair| i32::from(pair[1]) - i32::from(pair[0])).collect();
        // Of 63 steps among 40,000 that are possible hardly one comes twice.
        assert!(steps.len() > 55, "{leased:?}");
        let low = leased.iter().filter(|port| **port < 20_000).count();
        assert!((8..56).contains(&low), "{leased:?}");
    }

    #[test]
    fn a_waiter_gets_the_port_that_comes_back() {
        let ports = PassivePorts::new(free_range());
        let first = ports.lease(loopback(), NO_WAIT).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ports.lease(loopback(), LONG));
            drop(first);
            waiter.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_port_of_another_process_is_skipped() {
        let foreign = TcpListener::bind((Ipv4Addr::LOCALHOST, *free_range().start())).unwrap();
        let port = foreign.local_addr().unwrap().port();
        let ports = PassivePorts::new(port..=port);
        assert!(matches!(ports.lease(loopback(), NO_WAIT), Err(LeaseError::NoFreePort(_))));
        assert_eq!(ports.in_use(), 0);
        drop(foreign);
        ports.lease(loopback(), NO_WAIT).unwrap();
    }

    #[test]
    fn a_mapped_control_address_gets_an_ipv4_listener() {
        let ports = PassivePorts::new(free_range());
        let control = SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), 2121));
        let listener = ports.lease(control, NO_WAIT).unwrap();
        assert_eq!(listener.local_addr().ip(), Ipv4Addr::LOCALHOST);
        let _client = TcpStream::connect(listener.local_addr()).unwrap();
        accepted(&listener);
    }

    #[test]
    fn an_address_that_is_not_ours_is_an_error_at_once() {
        let ports = PassivePorts::new(free_range());
        let foreign = SocketAddr::from(([192, 0, 2, 1], 2121));
        assert!(matches!(ports.lease(foreign, LONG), Err(LeaseError::Io(_))));
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn ipv6_clients_get_an_ipv6_listener() {
        let ports = PassivePorts::new(free_range());
        let Ok(listener) = ports.lease((Ipv6Addr::LOCALHOST, 2121).into(), NO_WAIT) else {
            // The one way to fail is a machine without IPv6.
            assert!(TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err());
            return;
        };
        let _client = TcpStream::connect(listener.local_addr()).unwrap();
        accepted(&listener);
    }

    fn accepted(listener: &PassiveListener) -> TcpStream {
        assert_eq!(wait([(listener.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
        listener.try_accept().unwrap().unwrap().0
    }

    fn loopback() -> SocketAddr {
        (Ipv4Addr::LOCALHOST, 0).into()
    }

    /// One port that nobody uses now, outside the range that connects take theirs from.
    fn free_range() -> RangeInclusive<u16> {
        let probe = PassivePorts::new(10_000..=30_000).lease(loopback(), NO_WAIT).unwrap();
        let port = probe.local_addr().port();
        port..=port
    }
}
