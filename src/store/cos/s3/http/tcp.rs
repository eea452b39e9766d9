//! TCP connections to a store, before anything is said over them.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use ureq::{Error, Timeout};

/// The first of the addresses that answers. Each gets its share of the time that is left.
pub(crate) fn connect(
    addresses: &[SocketAddr],
    timeout: Option<Duration>,
) -> Result<TcpStream, Error> {
    let end = timeout.map(|timeout| Instant::now() + timeout);
    let mut failed = Error::HostNotFound;
    for (at, address) in addresses.iter().enumerate() {
        let connected = match end {
            None => TcpStream::connect(address),
            Some(end) => {
                let left = end.saturating_duration_since(Instant::now());
                let share = left / u32::try_from(addresses.len() - at).unwrap_or(u32::MAX);
                TcpStream::connect_timeout(address, share.max(Duration::from_millis(1)))
            }
        };
        match connected {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = fault(error, Timeout::Connect),
        }
    }
    Err(failed)
}

/// Whether an idle connection can be used. Between requests a store says nothing: bytes are as bad
/// as an end.
pub(crate) fn is_open(socket: &TcpStream) -> bool {
    recv(socket, &mut [0], RecvFlags::PEEK | RecvFlags::DONTWAIT) == Err(Errno::AGAIN)
}

/// What went wrong with a connection, in the HTTP client's terms.
pub(crate) fn fault(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Error::Timeout(reason),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn the_next_address_is_tried() {
        let refusing = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let serving = listener.local_addr().unwrap();
        for timeout in [None, Some(Duration::from_secs(60))] {
            let socket = connect(&[refusing, serving], timeout).unwrap();
            assert_eq!(socket.peer_addr().unwrap(), serving);
            assert!(matches!(connect(&[refusing], timeout), Err(Error::Io(_))));
        }
        assert!(matches!(connect(&[], None), Err(Error::HostNotFound)));
    }
}
