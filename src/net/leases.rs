//! Which passive ports are taken, and waiting for one of them.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

/// All ports that are leased.
#[derive(Debug, Default)]
pub(super) struct Leases {
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
    /// How many ports are leased.
    pub(super) fn count(&self) -> usize {
        self.state.lock().ports.len()
    }

    /// How often there was room for somebody: see [`Self::wait_for_return`].
    pub(super) fn returned(&self) -> u64 {
        self.state.lock().returned
    }

    fn note_return(&self, change: impl FnOnce(&mut LeaseState)) {
        let mut state = self.state.lock();
        change(&mut state);
        state.returned += 1;
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.port_returned.notify_all();
        }
    }

    /// Waits until there is room again that was not `seen`, at most until `deadline`.
    pub(super) fn wait_for_return(&self, seen: u64, deadline: Instant) {
        let mut state = self.state.lock();
        state.waiting += 1;
        self.port_returned.wait_while_until(&mut state, |state| state.returned == seen, deadline);
        state.waiting -= 1;
    }
}

/// One port, given back when it is dropped.
#[derive(Debug)]
pub(super) struct PortLease {
    port: u16,
    leases: Arc<Leases>,
}

impl PortLease {
    /// Takes `port`, unless it is leased.
    pub(super) fn take(leases: &Arc<Leases>, port: u16) -> Option<Self> {
        let free = leases.state.lock().ports.insert(port);
        free.then(|| Self { port, leases: Arc::clone(leases) })
    }

    /// Somebody who shared it has left.
    pub(super) fn tell_of_room(&self) {
        self.leases.note_return(|_| {});
    }
}

impl Drop for PortLease {
    fn drop(&mut self) {
        self.leases.note_return(|state| {
            state.ports.remove(&self.port);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, SocketAddr};
    use std::ops::RangeInclusive;
    use std::thread;
    use std::time::Duration;

    use crate::net::PassivePorts;

    const NO_WAIT: Duration = Duration::ZERO;
    const LONG: Duration = Duration::from_secs(60);
    const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

    /// One port that nobody uses now, outside the range that connects take theirs from.
    fn one_port() -> RangeInclusive<u16> {
        let probe = PassivePorts::new(10_000..=30_000).lease(LOOPBACK, None, NO_WAIT).unwrap();
        let port = probe.local_addr().port();
        port..=port
    }

    #[test]
    fn a_waiter_gets_the_port_that_comes_back() {
        let ports = PassivePorts::new(one_port());
        let first = ports.lease(LOOPBACK, None, NO_WAIT).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ports.lease(LOOPBACK, None, LONG));
            drop(first);
            waiter.join().unwrap().unwrap();
        });
    }

    #[test]
    fn a_waiter_gets_the_seat_that_becomes_free() {
        let ports = PassivePorts::new(one_port());
        let client = Some(IpAddr::from(Ipv4Addr::LOCALHOST));
        let first = ports.lease(LOOPBACK, client, NO_WAIT).unwrap();
        let other = ports.lease(LOOPBACK, Some([127, 0, 0, 2].into()), NO_WAIT).unwrap();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| ports.lease(LOOPBACK, client, LONG));
            drop(first);
            waiter.join().unwrap().unwrap();
        });
        drop(other);
    }
}
