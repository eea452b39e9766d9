//! A passive port that several clients use at the same time, each from an address of its own.
//!
//! The kernel has one queue for the port. Whoever of the sessions looks first takes a connection
//! out of it, and hands it to the one whose client has that address: so none waits for another to
//! look. What comes from no client's address is given to whoever has found it, who refuses it.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::event::epoll;

use super::leases::PortLease;
use super::{Wake, socket};
use crate::limits;

/// The port.
#[derive(Debug)]
pub(super) struct SharedPort {
    // Closed before `lease` ends: fields are dropped in this order.
    listener: TcpListener,
    /// Where it listens.
    pub(super) local: SocketAddr,
    seats: Mutex<Vec<Arc<Inbox>>>,
    lease: PortLease,
}

/// One session's place at a port.
#[derive(Debug)]
pub(super) struct Seat {
    port: Arc<SharedPort>,
    inbox: Arc<Inbox>,
    /// Readable when somebody waits at the port or in the inbox.
    ready: OwnedFd,
}

/// What has come for one client.
#[derive(Debug)]
struct Inbox {
    client: IpAddr,
    come: Mutex<VecDeque<(TcpStream, SocketAddr)>>,
    /// Readable while `come` holds something.
    wake: Wake,
}

impl SharedPort {
    /// The port of `listener`, which does not block, at `local`. Nobody has a seat yet.
    pub(super) fn new(listener: TcpListener, local: SocketAddr, lease: PortLease) -> Self {
        Self { listener, local, seats: Mutex::default(), lease }
    }

    /// A seat for `client`; `None` when somebody has one whose connections could not be told from
    /// its own.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub(super) fn seat(self: &Arc<Self>, client: IpAddr) -> io::Result<Option<Seat>> {
        let client = client.to_canonical();
        let mut seats = self.seats.lock();
        if seats.iter().any(|inbox| inbox.client == client) {
            return Ok(None);
        }
        let inbox = Arc::new(Inbox { client, come: Mutex::default(), wake: Wake::new()? });
        let ready = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let (data, flags) = (epoll::EventData::new_u64(0), epoll::EventFlags::IN);
        epoll::add(&ready, &self.listener, data, flags)?;
        epoll::add(&ready, &inbox.wake, data, flags)?;
        seats.push(Arc::clone(&inbox));
        drop(seats);
        Ok(Some(Seat { port: Arc::clone(self), inbox, ready }))
    }
}

impl Seat {
    /// The next connection of this client, or of a stranger; never blocks. Those of others are
    /// handed to them.
    ///
    /// # Errors
    /// When the process is out of descriptors.
    pub(super) fn try_accept(&self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        if let Some(come) = self.inbox.take() {
            return Ok(Some(come));
        }
        while let Some((stream, from)) = socket::try_accept(&self.port.listener)? {
            let client = from.ip().to_canonical();
            let seats = self.port.seats.lock();
            match seats.iter().find(|inbox| inbox.client == client) {
                Some(inbox) if !Arc::ptr_eq(inbox, &self.inbox) => inbox.put(stream, from),
                _ => return Ok(Some((stream, from))),
            }
        }
        Ok(self.inbox.take())
    }
}

impl Inbox {
    fn put(&self, stream: TcpStream, from: SocketAddr) {
        let mut come = self.come.lock();
        if come.len() < limits::PASSIVE_BACKLOG as usize {
            come.push_back((stream, from));
            self.wake.notify();
        } else {
            socket::hang_up(&stream);
        }
    }

    fn take(&self) -> Option<(TcpStream, SocketAddr)> {
        let mut come = self.come.lock();
        let first = come.pop_front()?;
        if come.is_empty() {
            self.wake.clear();
        }
        Some(first)
    }
}

impl AsFd for Seat {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ready.as_fd()
    }
}

/// Others may come to have its client's address.
impl Drop for Seat {
    fn drop(&mut self) {
        self.port.seats.lock().retain(|inbox| !Arc::ptr_eq(inbox, &self.inbox));
        while let Some((stream, _)) = self.inbox.take() {
            socket::hang_up(&stream);
        }
        self.port.lease.tell_of_room();
    }
}
