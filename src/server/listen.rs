//! The listening sockets.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::ServerOptions;
use super::occupant::{Occupant, is_listened_at};
use crate::limits;
use crate::net::socket::prepare_listener;
use crate::session::Entrance;

/// Why the server cannot listen.
#[derive(Debug)]
pub struct BindError {
    /// Where.
    pub address: SocketAddr,
    /// The key that decides on the port.
    pub key: &'static str,
    /// What the system said.
    pub source: io::Error,
    /// Who is there already, as far as can be known.
    occupant: Option<Occupant>,
    /// Whether nobody listens there, so that the port is an outgoing connection's.
    is_outgoing: bool,
}

/// One listening socket, and how connections to it begin.
#[derive(Clone, Debug)]
pub(super) struct Listening {
    pub(super) socket: Arc<TcpListener>,
    pub(super) entrance: Entrance,
}

/// All listeners: those of the control port, and those for implicit TLS.
pub(super) fn bind_all(options: &ServerOptions) -> Result<Vec<Listening>, BindError> {
    let ports = [
        ("listen_port", Some(options.listen_port), Entrance::Plain),
        ("implicit_listen_port", options.implicit_listen_port, Entrance::ImplicitTls),
    ];
    let mut listeners = Vec::new();
    for (key, port, entrance) in ports {
        let Some(port) = port else { continue };
        let bound = bind_each(&options.listen_addresses, port)
            .map_err(|error| BindError { key, ..error })?;
        listeners.extend(
            bound.into_iter().map(|socket| Listening { socket: Arc::new(socket), entrance }),
        );
    }
    Ok(listeners)
}

/// Listens for a moment at `port` of `addresses`, as a server does: whether one could. No address
/// means all of this machine.
///
/// # Errors
/// Why it could not.
pub fn try_to_listen(addresses: &[IpAddr], port: u16) -> Result<(), BindError> {
    bind_each(addresses, port).map(drop)
}

/// A listener for each of `addresses`, on `port`. An IPv6 address takes no IPv4 connections, so
/// that `::` and `0.0.0.0` can be listed together. No address at all means all of this machine:
/// one socket for both families, or IPv4 alone where IPv6 is turned off.
fn bind_each(addresses: &[IpAddr], port: u16) -> Result<Vec<TcpListener>, BindError> {
    if addresses.is_empty() {
        return bind_everywhere(port).map(|listener| vec![listener]);
    }
    let mut listeners = Vec::with_capacity(addresses.len());
    for &address in addresses {
        listeners.push(bind(SocketAddr::new(address, port), Families::Own)?);
    }
    Ok(listeners)
}

/// The listener of `metrics_listen`.
pub(super) fn bind_metrics(address: SocketAddr) -> Result<TcpListener, BindError> {
    bind(address, Families::Own).map_err(|error| BindError { key: METRICS_KEY, ..error })
}

/// The one key that says address and port together.
const METRICS_KEY: &str = "metrics_listen";

/// Which connections an IPv6 listener takes.
#[derive(Clone, Copy)]
enum Families {
    /// IPv6 only.
    Own,
    /// IPv4 too, with mapped addresses.
    Both,
}

fn bind_everywhere(port: u16) -> Result<TcpListener, BindError> {
    match bind((Ipv6Addr::UNSPECIFIED, port).into(), Families::Both) {
        Err(error) if error.is_missing_ipv6() => {
            bind((Ipv4Addr::UNSPECIFIED, port).into(), Families::Own)
        }
        other => other,
    }
}

fn bind(address: SocketAddr, families: Families) -> Result<TcpListener, BindError> {
    try_bind(address, families).map_err(|source| {
        let is_taken = source.kind() == ErrorKind::AddrInUse;
        let occupant = is_taken.then(|| Occupant::of(address)).flatten();
        let is_outgoing = is_taken && occupant.is_none() && !is_listened_at(address.port());
        BindError { address, key: "listen_port", source, occupant, is_outgoing }
    })
}

fn try_bind(address: SocketAddr, families: Families) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(matches!(families, Families::Own))?;
    }
    // A restart must not wait for the connections of the run before to leave TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    prepare_listener(&socket)?;
    socket.listen(limits::ACCEPT_BACKLOG)?;
    Ok(socket.into())
}

impl BindError {
    /// Who listens there already, as far as the system tells.
    pub fn occupant(&self) -> Option<&Occupant> {
        self.occupant.as_ref()
    }

    /// Whether nobody listens there, and an outgoing connection has the port.
    pub fn is_outgoing(&self) -> bool {
        self.is_outgoing
    }

    /// Whether the kernel has no IPv6 (no such family), or has it turned off (no such address).
    fn is_missing_ipv6(&self) -> bool {
        matches!(Errno::from_io_error(&self.source), Some(Errno::AFNOSUPPORT | Errno::ADDRNOTAVAIL))
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, key, .. } = *self;
        let port = address.port();
        let whole = if key == METRICS_KEY { key } else { "listen_address" };
        write!(f, "cannot listen on {address}: ")?;
        match self.source.kind() {
            ErrorKind::AddrInUse => match &self.occupant {
                Some(occupant) => write!(
                    f,
                    "already in use by {occupant}. Stop it, or choose another {key} than {port}"
                ),
                None if self.is_outgoing => write!(
                    f,
                    "no program listens there, but an outgoing connection has the port, which is \
                     one of those for such connections (net.ipv4.ip_local_port_range). Choose \
                     another {key} than {port} outside of them, or keep it from them \
                     (net.ipv4.ip_local_reserved_ports) and start again when it is free"
                ),
                None => write!(
                    f,
                    "already in use, by which program only root is told (ss -ltnp). Stop it, or \
                     choose another {key} than {port}"
                ),
            },
            ErrorKind::AddrNotAvailable => {
                write!(f, "{whole} {} is no address of this machine", address.ip())
            }
            ErrorKind::PermissionDenied => write!(
                f,
                "not permitted. A {key} below 1024 (it is {port}) needs root or the capability \
                 CAP_NET_BIND_SERVICE"
            ),
            _ => write!(f, "{} ({whole}, {key})", self.source),
        }
    }
}

impl Error for BindError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn no_address_means_both_families() {
        let listeners = bind_each(&[], 0).unwrap();
        assert_eq!(listeners.len(), 1);
        let port = listeners[0].local_addr().unwrap().port();
        TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        if listeners[0].local_addr().unwrap().is_ipv6() {
            TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
        }
    }

    #[test]
    fn a_port_in_use_is_told_with_its_key() {
        let first = bind_each(&[Ipv4Addr::LOCALHOST.into()], 0).unwrap();
        let taken = first[0].local_addr().unwrap();
        let error = bind_each(&[Ipv4Addr::LOCALHOST.into()], taken.port()).unwrap_err();
        assert_eq!(error.address, taken);
        let text = error.to_string();
        for part in [taken.to_string().as_str(), "already in use", "listen_port"] {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
    }

    #[test]
    fn a_port_in_use_is_told_with_the_key_that_chose_it() {
        let first = bind_each(&[Ipv4Addr::LOCALHOST.into()], 0).unwrap();
        let taken = first[0].local_addr().unwrap();
        let mut error = bind_metrics(taken).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("another metrics_listen than"), "{text}");
        assert!(text.contains(&format!("in use by process {} (", std::process::id())), "{text}");
        error.occupant = None;
        assert!(error.to_string().contains("only root is told (ss -ltnp)"), "{error}");
        assert!(!text.contains("listen_port"), "{text}");
        let options = ServerOptions {
            listen_addresses: vec![Ipv4Addr::LOCALHOST.into()],
            listen_port: 0,
            implicit_listen_port: Some(taken.port()),
            ..ServerOptions::default()
        };
        let text = bind_all(&options).unwrap_err().to_string();
        assert!(text.contains("another implicit_listen_port than"), "{text}");
    }

    #[test]
    fn a_port_of_an_outgoing_connection_is_told_as_such() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let taken = client.local_addr().unwrap();
        let text = bind_metrics(taken).unwrap_err().to_string();
        assert!(text.contains("no program listens there, but an outgoing connection"), "{text}");
        assert!(text.contains("another metrics_listen than"), "{text}");
        assert!(!text.contains("only root"), "{text}");
    }

    #[test]
    fn a_foreign_address_is_told_with_its_key() {
        let error = bind_each(&[Ipv4Addr::new(192, 0, 2, 1).into()], 0).unwrap_err();
        assert!(error.to_string().contains("listen_address 192.0.2.1"), "{error}");
    }
}
