//! A connection that stands before the request that needs it: a listing knows that it will soon ask
//! for two pages at once, and to open a connection then would cost it a round trip.

use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::tcp;
use crate::limits;

/// At most one connection that no request has used yet. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpareConnection(Arc<Mutex<Option<Spare>>>);

#[derive(Debug)]
struct Spare {
    socket: TcpStream,
    opened: Instant,
}

impl SpareConnection {
    /// Opens one to the first of `addresses` that answers, unless there is one. What goes wrong is
    /// left to the request, which opens its own.
    pub(crate) fn open(&self, addresses: &[SocketAddr], timeout: Duration) {
        if self.0.lock().as_ref().is_some_and(Spare::stands) {
            return;
        }
        // Not under the lock, which every new connection takes.
        if let Ok(socket) = tcp::connect(addresses, Some(timeout)) {
            *self.0.lock() = Some(Spare { socket, opened: Instant::now() });
        }
    }

    /// The connection, if it leads to one of `addresses` and still stands.
    pub(crate) fn take(&self, addresses: &[SocketAddr]) -> Option<TcpStream> {
        let spare = self.0.lock().take().filter(Spare::stands)?;
        let leads_there = spare.socket.peer_addr().is_ok_and(|peer| addresses.contains(&peer));
        leads_there.then_some(spare.socket)
    }
}

impl Spare {
    fn stands(&self) -> bool {
        self.opened.elapsed() < limits::IDLE_STORE_CONNECTION_AGE && tcp::is_open(&self.socket)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[test]
    fn one_is_opened_and_handed_out_once() {
        let (listener, address) = listener();
        let spare = SpareConnection::default();
        assert!(spare.take(&[address]).is_none());
        spare.open(&[address], PATIENCE);
        spare.open(&[address], PATIENCE);
        let (_store, client) = listener.accept().unwrap();
        assert_eq!(spare.take(&[address]).unwrap().local_addr().unwrap(), client);
        assert!(spare.take(&[address]).is_none());
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "a second one was opened");
    }

    #[test]
    fn one_that_the_store_has_closed_is_replaced() {
        let (listener, address) = listener();
        let spare = SpareConnection::default();
        spare.open(&[address], PATIENCE);
        drop(listener.accept().unwrap());
        while spare.0.lock().as_ref().is_some_and(Spare::stands) {}
        spare.open(&[address], PATIENCE);
        let (_store, client) = listener.accept().unwrap();
        assert_eq!(spare.take(&[address]).unwrap().local_addr().unwrap(), client);
    }

    #[test]
    fn one_that_leads_elsewhere_is_not_used() {
        let ((_first, first), (_second, second)) = (listener(), listener());
        let spare = SpareConnection::default();
        spare.open(&[first], PATIENCE);
        assert!(spare.take(&[second]).is_none());
    }

    #[test]
    fn nobody_is_told_that_none_could_be_opened() {
        let refusing = listener().1;
        let spare = SpareConnection::default();
        spare.open(&[refusing], PATIENCE);
        assert!(spare.take(&[refusing]).is_none());
    }
}
