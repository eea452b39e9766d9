//! The connections that requests go over: how the HTTP client opens them, writes, reads, and sees
//! whether an idle one is still alive.
//!
//! The client's own ones would do, but for what shows: a body can go past their buffer (see
//! [`Outlet`]); what they ask of the kernel for each request, seven calls that change time-outs and
//! modes, is not needed; and over TLS they copy each byte four times, read 4 KiB and write a record
//! a call, and begin each session anew.

use std::io;
use std::mem;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::buffers::ConnectionBuffers;
use super::outlet::{Outlet, Outlets};
use super::route::RouteWatch;
use super::spare_connection::SpareConnection;
use super::tcp::{self, fault};
use super::tls::TlsClient;
use super::tls_refusal::TlsRefusal;
use super::wire::Wire;
use crate::addresses::Addresses;

/// What one read takes of an object, at most: with 128 KiB a download costs a quarter more of CPU
/// time.
const INPUT_BYTES: usize = 512 * 1024;

/// The same of what was decrypted, which should not have left the processor's caches before it is
/// taken.
const DECRYPTED_BYTES: usize = 128 * 1024;

/// What heads are sent from.
const OUTPUT_BYTES: usize = 64 * 1024;

/// Opens connections, with TLS where it is spoken.
#[derive(Debug)]
pub(crate) struct StoreConnector {
    /// Used up before another is opened.
    pub(crate) spare: SpareConnection,
    /// Told when they do not answer.
    pub(crate) addresses: Addresses,
    /// Told of each connection.
    pub(crate) outlets: Outlets,
    /// Sees where each of them leads to, if that is to be told.
    pub(crate) route: Option<RouteWatch>,
    pub(crate) tls: TlsClient,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Connection {
    wire: Arc<Wire>,
    buffers: ConnectionBuffers,
    outlet: Arc<Outlet>,
    /// Who knows of the outlet.
    outlets: Outlets,
    timeouts: SocketTimeouts,
    /// Whether it was used since it was last asked whether it is open.
    was_used: bool,
}

impl Connector for StoreConnector {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        let begun = Instant::now();
        let socket = match self.spare.take(&details.addrs) {
            Some(spare) => spare,
            None => tcp::connect(&details.addrs, details.timeout.not_zero().map(|left| *left))
                .inspect_err(|_| self.addresses.doubt())?,
        };
        if let Some(route) = &self.route {
            route.look(details.uri.host().unwrap_or_default(), &socket);
        }
        socket.set_nodelay(true)?;
        let mut timeouts = SocketTimeouts::default();
        let wire = if details.needs_tls() {
            let mut channel = self.tls.channel(details.uri)?;
            loop {
                let left = unexpired(left_of(details.timeout, begun))?;
                timeouts.read(&socket, left)?;
                timeouts.write(&socket, left)?;
                let is_over = channel.handshake(&socket).map_err(TlsRefusal::explain);
                if is_over.map_err(|error| fault(error, left.reason))? {
                    break;
                }
            }
            Wire::encrypted(socket, channel)
        } else {
            Wire::plain(socket)
        };
        Ok(Some(Connection::new(wire, timeouts, &self.outlets)))
    }
}

impl Connection {
    /// A connection over `wire`, whose socket has these time-outs.
    fn new(wire: Wire, timeouts: SocketTimeouts, outlets: &Outlets) -> Self {
        let wire = Arc::new(wire);
        let most_input = if wire.is_encrypted() { DECRYPTED_BYTES } else { INPUT_BYTES };
        let mut buffers = ConnectionBuffers::new(most_input, OUTPUT_BYTES);
        let outlet = outlets.open(buffers.output(), &wire);
        Self { wire, buffers, outlet, outlets: outlets.clone(), timeouts, was_used: false }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.outlets.close(self.buffers.output());
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = unexpired(timeout.for_write())?;
        self.timeouts.write(&self.wire.socket, timeout)?;
        let sent = self.outlet.take_sent();
        if sent > 0 {
            debug_assert_eq!(sent, amount);
            return Ok(());
        }
        let output = &self.buffers.output()[..amount];
        self.outlet.hold(output).map_err(|error| fault(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let begun = Instant::now();
        let mut left = unexpired(timeout.for_read())?;
        self.was_used = true;
        self.outlet.flush().map_err(|error| fault(error, left.reason))?;
        loop {
            self.timeouts.read(&self.wire.socket, left)?;
            let input = self.buffers.input_append_buf();
            if let Some(got) = self.wire.read(input).map_err(|error| fault(error, left.reason))? {
                self.buffers.input_appended(got);
                return Ok(got > 0);
            }
            left = unexpired(left_of(timeout, begun).for_read())?;
        }
    }

    /// The pool asks twice: when it is done with a request, and before the next. Only then the
    /// answer counts, and costs a system call.
    fn is_open(&mut self) -> bool {
        mem::take(&mut self.was_used) || self.wire.is_open()
    }

    fn is_tls(&self) -> bool {
        self.wire.is_encrypted()
    }
}

/// What is left of `timeout`, which began to run at `begun`.
fn left_of(timeout: NextTimeout, begun: Instant) -> NextTimeout {
    let after = match timeout.after {
        after if after.is_not_happening() => after,
        after => after.saturating_sub(begun.elapsed()).into(),
    };
    NextTimeout { after, ..timeout }
}

/// The same time-out, unless it is over: the socket's own begins anew with each byte that a store
/// takes or gives, so one that does little but never nothing would go on for ever.
fn unexpired(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    match timeout.after.is_zero() {
        true => Err(Error::Timeout(timeout.reason)),
        false => Ok(timeout),
    }
}

/// The time-outs that a socket has.
#[derive(Debug, Default)]
struct SocketTimeouts {
    reading: Option<Duration>,
    writing: Option<Duration>,
}

impl SocketTimeouts {
    fn read(&mut self, socket: &TcpStream, wanted: NextTimeout) -> io::Result<()> {
        update(&mut self.reading, wanted, |left| socket.set_read_timeout(left))
    }

    fn write(&mut self, socket: &TcpStream, wanted: NextTimeout) -> io::Result<()> {
        update(&mut self.writing, wanted, |left| socket.set_write_timeout(left))
    }
}

/// Sets a time-out that differs noticeably from the one the socket has: what is left of a minute
/// is another time at each call.
fn update(
    set: &mut Option<Duration>,
    wanted: NextTimeout,
    apply: impl Fn(Option<Duration>) -> io::Result<()>,
) -> io::Result<()> {
    let wanted = wanted.not_zero().map(|left| *left);
    let is_near = match (*set, wanted) {
        (Some(set), Some(wanted)) => set.abs_diff(wanted) <= wanted / 8,
        (set, wanted) => set == wanted,
    };
    if !is_near {
        apply(wanted)?;
        *set = wanted;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{IoSlice, Write};
    use std::net::{Ipv4Addr, TcpListener};

    use ureq::Timeout;
    use ureq::unversioned::transport::time;

    use super::*;

    /// A connection and the store's end of it.
    fn connected() -> (Connection, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let timeouts = SocketTimeouts::default();
        let connection = Connection::new(Wire::plain(socket), timeouts, &Outlets::default());
        (connection, listener.accept().unwrap().0)
    }

    #[test]
    fn time_that_is_over_ends_what_goes_on() {
        let (mut connection, mut store) = connected();
        store.write_all(b"x").unwrap();
        let (after, reason) = (time::Duration::from_millis(0), Timeout::SendBody);
        let over = NextTimeout { after, reason, ..NextTimeout::default() };
        let outlet = &connection.outlet;
        assert_eq!(outlet.write(&[IoSlice::new(b"body")], 8).unwrap(), 4);
        let is_over = |outcome: Error| matches!(outcome, Error::Timeout(Timeout::SendBody));
        assert!(is_over(connection.transmit_output(4, over).unwrap_err()));
        assert!(is_over(connection.await_input(over).unwrap_err()));
    }

    #[test]
    fn an_idle_connection_is_open_until_the_store_says_something_or_leaves() {
        let has_come = |connection: &Connection| connection.wire.socket.peek(&mut [0]).unwrap();

        let (mut connection, mut store) = connected();
        assert!(connection.is_open());
        store.write_all(b"x").unwrap();
        assert_eq!(has_come(&connection), 1);
        assert!(!connection.is_open());

        let (mut connection, store) = connected();
        drop(store);
        assert_eq!(has_come(&connection), 0);
        assert!(!connection.is_open());
    }

    #[test]
    fn a_connection_that_was_just_used_is_looked_at_when_it_is_to_be_used_again() {
        let (mut connection, mut store) = connected();
        store.write_all(b"x").unwrap();
        assert!(connection.await_input(NextTimeout::default()).unwrap());
        drop(store);
        assert_eq!(connection.wire.socket.peek(&mut [0]).unwrap(), 0);
        assert!(connection.is_open(), "it goes back to the pool");
        assert!(!connection.is_open(), "it is taken from there");
    }

    #[test]
    fn time_outs_are_set_when_they_differ() {
        let mut set = None;
        let calls = Cell::new(0);
        for (milliseconds, expected) in [(60_000, 1), (59_990, 1), (58_000, 1), (1_000, 2)] {
            let after = time::Duration::from_millis(milliseconds);
            let wanted = NextTimeout { after, ..NextTimeout::default() };
            update(&mut set, wanted, |_| {
                calls.set(calls.get() + 1);
                Ok(())
            })
            .unwrap();
            assert_eq!(calls.get(), expected, "{milliseconds}");
        }
    }
}
