//! The connections that requests go over: how the HTTP client opens them, writes, reads, and sees
//! whether an idle one is still alive.
//!
//! The client's own ones would do, but for two things that show: a body can go past their buffer
//! (see [`Outlet`]), and what they ask of the kernel for each request, seven calls that change
//! time-outs and modes, is not needed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use ureq::Error;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

use super::addresses::Addresses;
use super::buffers::ConnectionBuffers;
use super::outlet::{Outlet, Outlets};
use super::spare_connection::SpareConnection;
use super::tcp::{self, fault};

/// What one read takes of an object, at most: with 128 KiB a download costs a quarter more of CPU
/// time.
const INPUT_BYTES: usize = 512 * 1024;

/// The same of TLS records, which the layer above takes one by one.
const RECORDS_BYTES: usize = 128 * 1024;

/// What heads, and bodies where TLS is spoken, are sent from.
const OUTPUT_BYTES: usize = 64 * 1024;

/// Opens TCP connections. TLS, where it is spoken, is laid over them by the next in the chain.
#[derive(Debug)]
pub(crate) struct TcpConnector {
    /// Used up before another is opened.
    pub(crate) spare: SpareConnection,
    /// Told when they do not answer.
    pub(crate) addresses: Addresses,
    /// Told of connections that a body can go past.
    pub(crate) outlets: Outlets,
}

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: Arc<TcpStream>,
    buffers: ConnectionBuffers,
    /// `None` where what is written is TLS records, which no body can go past.
    outlet: Option<OwnOutlet>,
    /// The time-outs that the socket has.
    reading: Option<Duration>,
    writing: Option<Duration>,
}

/// The outlet to a connection, and who knows of it.
#[derive(Debug)]
struct OwnOutlet {
    outlet: Arc<Outlet>,
    outlets: Outlets,
}

impl Connector for TcpConnector {
    type Out = Connection;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _chained: Option<()>,
    ) -> Result<Option<Connection>, Error> {
        let socket = match self.spare.take(&details.addrs) {
            Some(spare) => spare,
            None => tcp::connect(&details.addrs, details.timeout.not_zero().map(|left| *left))
                .inspect_err(|_| self.addresses.doubt())?,
        };
        socket.set_nodelay(true)?;
        let outlets = if details.needs_tls() { None } else { Some(&self.outlets) };
        Ok(Some(Connection::new(socket, outlets)))
    }
}

impl Connection {
    /// A connection over `socket`; with `outlets`, to which bodies may be written directly.
    fn new(socket: TcpStream, outlets: Option<&Outlets>) -> Self {
        let socket = Arc::new(socket);
        let most_input = if outlets.is_some() { INPUT_BYTES } else { RECORDS_BYTES };
        let mut buffers = ConnectionBuffers::new(most_input, OUTPUT_BYTES);
        let outlet = outlets.map(|outlets| OwnOutlet {
            outlet: outlets.open(buffers.output(), &socket),
            outlets: outlets.clone(),
        });
        Self { socket, buffers, outlet, reading: None, writing: None }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(own) = &self.outlet {
            own.outlets.close(self.buffers.output());
        }
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = unexpired(timeout.for_write())?;
        update(&mut self.writing, timeout, |left| self.socket.set_write_timeout(left))?;
        let sent = self.outlet.as_ref().map_or(0, |own| own.outlet.take_sent());
        if sent > 0 {
            debug_assert_eq!(sent, amount);
            return Ok(());
        }
        let output = &self.buffers.output()[..amount];
        (&*self.socket).write_all(output).map_err(|error| fault(error, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = unexpired(timeout.for_read())?;
        update(&mut self.reading, timeout, |left| self.socket.set_read_timeout(left))?;
        let input = self.buffers.input_append_buf();
        let got = loop {
            match (&*self.socket).read(input) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => break other.map_err(|error| fault(error, timeout.reason))?,
            }
        };
        self.buffers.input_appended(got);
        Ok(got > 0)
    }

    fn is_open(&mut self) -> bool {
        tcp::is_open(&self.socket)
    }
}

/// The same time-out, unless it is over: the socket's own begins anew with each byte that a store
/// takes or gives, so one that does little but never nothing would go on for ever.
fn unexpired(timeout: NextTimeout) -> Result<NextTimeout, Error> {
    match timeout.after.is_zero() {
        true => Err(Error::Timeout(timeout.reason)),
        false => Ok(timeout),
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
    use std::io::IoSlice;
    use std::net::{Ipv4Addr, TcpListener};

    use ureq::Timeout;
    use ureq::unversioned::transport::time;

    use super::*;

    /// A connection and the store's end of it.
    fn connected() -> (Connection, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let connection = Connection::new(socket, Some(&Outlets::default()));
        (connection, listener.accept().unwrap().0)
    }

    #[test]
    fn time_that_is_over_ends_what_goes_on() {
        let (mut connection, mut store) = connected();
        store.write_all(b"x").unwrap();
        let (after, reason) = (time::Duration::from_millis(0), Timeout::SendBody);
        let over = NextTimeout { after, reason, ..NextTimeout::default() };
        let outlet = &connection.outlet.as_ref().unwrap().outlet;
        assert_eq!(outlet.write(&[IoSlice::new(b"body")], 8).unwrap(), 4);
        let is_over = |outcome: Error| matches!(outcome, Error::Timeout(Timeout::SendBody));
        assert!(is_over(connection.transmit_output(4, over).unwrap_err()));
        assert!(is_over(connection.await_input(over).unwrap_err()));
    }

    #[test]
    fn an_idle_connection_is_open_until_the_store_says_something_or_leaves() {
        let has_come = |connection: &Connection| connection.socket.peek(&mut [0]).unwrap();

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
