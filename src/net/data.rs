//! How the two addresses of FTP's data channel become a connection.
//!
//! Nothing here blocks. The session waits for an [`Opening`] together with its control
//! connection, in one [`wait`](super::wait):
//!
//! ```no_run
//! # use std::{net::TcpStream, os::fd::AsFd, time::Duration};
//! # use cos_ftp_server::net::{Claim, DataPort, Endpoints, Interest, Opened, OpenError, wait};
//! # fn open(port: DataPort, control: &TcpStream) -> Result<Claim, OpenError> {
//! let ends = Endpoints::direct(control.local_addr()?, control.peer_addr()?);
//! let mut opening = port.open(&ends)?;
//! loop {
//!     let ready = wait(
//!         [(opening.as_fd(), opening.interest()), (control.as_fd(), Interest::Read)],
//!         Some(Duration::from_secs(30)),
//!     )?;
//!     // ... look at `ready` for the time-out and for commands ...
//!     opening = match opening.advance()? {
//!         Opened::Connected(data) => return Ok(data),
//!         Opened::Several(_) => return Err(OpenError::NoAddress),
//!         Opened::NotYet(opening) => opening,
//!     };
//! }
//! # }
//! ```

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::tls::TlsSession;
use super::{Arrival, Arrived, Claim, Endpoints, Interest, Unused, address};
use crate::limits;

/// Where the next data connection comes from. Each transfer uses it up.
#[derive(Debug, Default)]
pub enum DataPort {
    /// Neither side has named an address since the last transfer.
    #[default]
    Nothing,
    /// The client was told to connect here.
    Passive(Box<Arrival>),
    /// We connect to the client here.
    Active(SocketAddr),
}

/// A data connection on its way.
#[derive(Debug)]
pub enum Opening {
    /// We wait for the client to connect.
    Accepting(Box<Arrival>),
    /// We connect to the client.
    Connecting(ActiveConnect),
}

/// How far an [`Opening`] has come.
#[derive(Debug)]
pub enum Opened {
    /// The connection stands. A passive port is free again.
    Connected(Claim),
    /// Several have come to a passive port who may be the client; each is as a connection that
    /// stands.
    Several(Vec<Claim>),
    /// Wait for it and try again.
    NotYet(Opening),
}

/// Why no data connection can be opened.
#[derive(Debug)]
pub enum OpenError {
    /// [`DataPort::Nothing`]: the client forgot PASV or PORT.
    NoAddress,
    /// The network or this system refused.
    Io(io::Error),
}

/// A connect to the client that goes on in the background.
#[derive(Debug)]
pub struct ActiveConnect {
    socket: Socket,
}

impl DataPort {
    /// Gives the port up. A client that has connected to it already is ended in order when the
    /// result is dropped.
    pub fn close(self) -> Unused {
        match self {
            Self::Passive(arrival) => arrival.close(),
            // Nobody waits to be connected to before a 150.
            Self::Nothing | Self::Active(_) => Unused::default(),
        }
    }

    /// What tells that somebody has come to a passive port, before a transfer, and from when on it
    /// is to be looked at; `None` when nobody is to be let in.
    pub fn descriptor(&self) -> Option<(BorrowedFd<'_>, Instant)> {
        match self {
            Self::Passive(arrival) if arrival.is_attended() => {
                Some((arrival.as_fd(), arrival.attended_from()))
            }
            Self::Passive(_) | Self::Nothing | Self::Active(_) => None,
        }
    }

    /// Lets in whoever has come: see [`Arrival::attend`].
    pub fn attend(&mut self) {
        if let Self::Passive(arrival) = self {
            arrival.attend_early();
        }
    }

    /// What to wait for on connections that may be the client's, where data is encrypted: some
    /// clients begin the handshake before they send the command, see [`Claim`].
    pub fn claims(&self) -> [Option<(BorrowedFd<'_>, Interest)>; limits::PASSIVE_CLAIMS] {
        std::array::from_fn(|at| match self {
            Self::Passive(arrival) => arrival.claim(at),
            Self::Nothing | Self::Active(_) => None,
        })
    }

    /// Goes on with the handshakes of those [claims](Self::claims) that are `ready`; never blocks.
    /// Tells whether any has begun.
    pub fn shake_hands(
        &mut self,
        session: &TlsSession,
        ready: [bool; limits::PASSIVE_CLAIMS],
    ) -> bool {
        match self {
            Self::Passive(arrival) => arrival.shake_hands(session, &ready),
            Self::Nothing | Self::Active(_) => false,
        }
    }

    /// Begins to open the connection. An active one goes out from our address of the control
    /// connection `ends`, on a port that the system chooses.
    ///
    /// # Errors
    /// [`OpenError::NoAddress`], or when the connect fails at once.
    pub fn open(self, ends: &Endpoints) -> Result<Opening, OpenError> {
        match self {
            Self::Nothing => Err(OpenError::NoAddress),
            Self::Passive(arrival) => Ok(Opening::Accepting(arrival)),
            Self::Active(target) => {
                Ok(Opening::Connecting(ActiveConnect::start(ends.local, target)?))
            }
        }
    }
}

impl Opening {
    /// What to wait for before [`Opening::advance`].
    pub fn interest(&self) -> Interest {
        match self {
            Self::Accepting(_) => Interest::Read,
            Self::Connecting(_) => Interest::Write,
        }
    }

    /// Looks whether the connection stands. Never blocks; may be called at any time.
    ///
    /// # Errors
    /// When the client refused the connection or cannot be reached, or the process is out of
    /// descriptors.
    pub fn advance(self) -> io::Result<Opened> {
        match self {
            Self::Accepting(mut arrival) => Ok(match arrival.advance()? {
                Arrived::Client(claim) => Opened::Connected(claim),
                Arrived::Several(claims) => Opened::Several(claims),
                Arrived::Nobody => Opened::NotYet(Self::Accepting(arrival)),
            }),
            Self::Connecting(connect) => connect.advance(),
        }
    }
}

impl ActiveConnect {
    /// Begins to connect from the address of `control_local` to `target`.
    ///
    /// # Errors
    /// When the process is out of descriptors or ports, or `target` cannot be reached at all,
    /// such as an IPv6 address from an IPv4 one.
    pub fn start(control_local: SocketAddr, target: SocketAddr) -> io::Result<Self> {
        let mut local = address::canonical(control_local);
        local.set_port(0);
        let target = with_scope_of(local, address::canonical(target));
        let socket = Socket::new(Domain::for_address(local), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.bind(&local.into())?;
        match socket.connect(&target.into()) {
            Err(error) if Errno::from_io_error(&error) != Some(Errno::INPROGRESS) => Err(error),
            _ => Ok(Self { socket }),
        }
    }

    fn advance(self) -> io::Result<Opened> {
        if let Some(error) = self.socket.take_error()? {
            return Err(error);
        }
        match self.socket.peer_addr() {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                Ok(Opened::NotYet(Opening::Connecting(self)))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(Opened::Connected(TcpStream::from(self.socket).into())),
        }
    }
}

impl AsFd for Opening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Accepting(arrival) => arrival.as_fd(),
            Self::Connecting(connect) => connect.as_fd(),
        }
    }
}

impl AsFd for ActiveConnect {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("no address for a data connection was agreed on"),
            Self::Io(error) => write!(f, "cannot open the data connection: {error}"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoAddress => None,
            Self::Io(error) => Some(error),
        }
    }
}

/// EPRT cannot name the network interface of a link-local address; it is the control
/// connection's.
fn with_scope_of(local: SocketAddr, mut target: SocketAddr) -> SocketAddr {
    if let (SocketAddr::V6(local), SocketAddr::V6(target)) = (local, &mut target)
        && target.ip().is_unicast_link_local()
    {
        target.set_scope_id(local.scope_id());
    }
    target
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::time::Duration;

    use super::*;
    use crate::net::{Balancers, LogRule, PassivePorts, PeerCheck, wait};

    #[test]
    fn active_connects_from_the_control_address() {
        let client = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let target = client.local_addr().unwrap();
        // The control connection of a dual-stack server.
        let local = "[::ffff:127.0.0.2]:2121".parse().unwrap();
        let opening = open(DataPort::Active(target), local, target).unwrap();
        let mut ours = connected(opening).unwrap();
        let (mut theirs, from) = client.accept().unwrap();
        assert_eq!(from.ip(), Ipv4Addr::new(127, 0, 0, 2));
        ours.write_all(b"x").unwrap();
        theirs.read_exact(&mut [0]).unwrap();
    }

    #[test]
    fn a_refused_connect_is_an_error() {
        // An address of its own, so that no other test can take the port over.
        let probe = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 3), 0)).unwrap();
        let target = probe.local_addr().unwrap();
        drop(probe);
        let local = "127.0.0.1:2121".parse().unwrap();
        let error = ActiveConnect::start(local, target)
            .and_then(|connect| connected(Opening::Connecting(connect)))
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn passive_accepts_and_returns_the_port() {
        let ports = PassivePorts::new(10_000..=30_000);
        let local = "127.0.0.1:2121".parse().unwrap();
        let listener = ports.lease(local, None, Duration::ZERO).unwrap();
        let address = listener.local_addr();
        let ends = Endpoints::direct(local, local);
        let arrival = Arrival::new(
            listener,
            &ends,
            &Balancers::default(),
            PeerCheck::Strict,
            LogRule::new(|_| true),
        );
        let opening = open(DataPort::Passive(Box::new(arrival)), local, local).unwrap();
        let Opened::NotYet(opening) = opening.advance().unwrap() else {
            panic!("connected before anybody came");
        };
        let _client = TcpStream::connect(address).unwrap();
        let _ours = connected(opening).unwrap();
        assert_eq!(ports.in_use(), 0);
    }

    #[test]
    fn nothing_cannot_be_opened() {
        let local = "127.0.0.1:2121".parse().unwrap();
        let opened = open(DataPort::default(), local, local);
        assert!(matches!(opened, Err(OpenError::NoAddress)));
    }

    fn open(port: DataPort, local: SocketAddr, peer: SocketAddr) -> Result<Opening, OpenError> {
        port.open(&Endpoints::direct(local, peer))
    }

    fn connected(mut opening: Opening) -> io::Result<TcpStream> {
        loop {
            let fds = [(opening.as_fd(), opening.interest())];
            assert_eq!(wait(fds, Some(Duration::from_secs(10)))?, [true]);
            opening = match opening.advance()? {
                Opened::Connected(claim) => return Ok(claim.into_parts().0),
                Opened::Several(_) => panic!("nobody else connects"),
                Opened::NotYet(opening) => opening,
            };
        }
    }
}
