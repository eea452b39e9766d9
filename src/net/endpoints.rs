//! Who is at the ends of a control connection.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};

use super::proxy_header::{Announced, HeaderError, read_proxy_header};
use super::{Balancers, canonical};

/// The addresses of a control connection; IPv4 ones in their own form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Ours.
    pub local: SocketAddr,
    /// The client's; behind a balancer what that announces.
    pub peer: SocketAddr,
    /// The address that the client connected to, when a balancer relays it.
    pub balancer: Option<SocketAddr>,
}

/// Why a connection cannot be served.
#[derive(Debug)]
pub enum EndpointsError {
    /// It is gone already.
    Gone(io::Error),
    /// It comes from a balancer, which does not tell for whom.
    Unannounced {
        /// The balancer.
        from: SocketAddr,
        /// What is wrong with its header.
        source: HeaderError,
    },
}

impl Endpoints {
    /// A connection that nobody relays.
    pub fn direct(local: SocketAddr, peer: SocketAddr) -> Self {
        Self { local: canonical(local), peer: canonical(peer), balancer: None }
    }

    /// The ends of `control`, whose other end is `peer`. One that comes from a balancer begins with
    /// a header, which is waited for and taken off; nothing else is read.
    ///
    /// # Errors
    /// See [`EndpointsError`].
    pub fn of(
        control: &TcpStream,
        peer: SocketAddr,
        balancers: &Balancers,
    ) -> Result<Self, EndpointsError> {
        let ends = Self::direct(control.local_addr().map_err(EndpointsError::Gone)?, peer);
        if !balancers.from.contain(ends.peer.ip()) {
            return Ok(ends);
        }
        match read_proxy_header(control, balancers.timeout) {
            Ok(Announced::Itself) => Ok(ends),
            Ok(Announced::Client { client, balancer }) => {
                Ok(Self { peer: client, balancer: Some(balancer), ..ends })
            }
            Err(source) => Err(EndpointsError::Unannounced { from: ends.peer, source }),
        }
    }

    /// Our address as the client knows it.
    pub fn known(&self) -> SocketAddr {
        self.balancer.unwrap_or(self.local)
    }
}

impl fmt::Display for EndpointsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(error) => write!(f, "gone before the greeting: {error}"),
            Self::Unannounced { from, source } => {
                write!(f, "connection of proxy_protocol_from {from} dropped: {source}")
            }
        }
    }
}

impl Error for EndpointsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Gone(error) => Some(error),
            Self::Unannounced { source, .. } => Some(source),
        }
    }
}
