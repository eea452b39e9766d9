//! The header by which a balancer tells whose connection it relays: PROXY protocol, version 1 and
//! 2 (<https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt>).
//!
//! What follows the header is the client's. Its length is not known before it is read, so no byte
//! is taken that does not surely belong to it.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};

use super::{Interest, canonical, wait};
use crate::limits;

/// How a header of version 1 begins.
const V1_BEGIN: &[u8] = b"PROXY ";

/// How a header of version 2 begins.
const V2_BEGIN: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The fixed part of version 2; its last two bytes are the length of what follows.
const V2_FIXED: usize = 16;

/// Longest header of version 1, line end included (2.1 of the specification).
const V1_LONGEST: usize = 107;

/// What a balancer says of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announced {
    /// It relays a client.
    Client {
        /// The client's address.
        client: SocketAddr,
        /// The address that the client connected to.
        balancer: SocketAddr,
    },
    /// It speaks for itself, as in a health check (`LOCAL`), or does not know (`UNKNOWN`).
    Itself,
}

/// Why there is no header.
#[derive(Debug)]
pub enum HeaderError {
    /// The connection ended before the first byte, as that of a health check does.
    Nothing,
    /// The connection ended within the header.
    CutOff,
    /// It did not come in time.
    TimedOut(Duration),
    /// What came is no PROXY header over TCP.
    Malformed,
    /// It is longer than [`limits::PROXY_HEADER_BYTES`].
    TooLong,
    /// The connection broke, or the machine is out of memory.
    Io(io::Error),
}

/// Takes one header from a connection, as it arrives.
#[derive(Debug, Default)]
pub struct HeaderReader {
    header: Vec<u8>,
}

/// Waits for the header of `connection`, at most for `timeout`, and takes it off.
///
/// # Errors
/// See [`HeaderError`]; the connection is of no use then.
pub fn read_proxy_header(
    connection: &TcpStream,
    timeout: Duration,
) -> Result<Announced, HeaderError> {
    let deadline = Instant::now() + timeout;
    let mut reader = HeaderReader::default();
    loop {
        if let Some(announced) = reader.advance(connection)? {
            return Ok(announced);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left == Duration::ZERO {
            return Err(HeaderError::TimedOut(timeout));
        }
        wait([(connection.as_fd(), Interest::Read)], Some(left)).map_err(HeaderError::Io)?;
    }
}

impl HeaderReader {
    /// Takes what has come of the header, and nothing behind it. Never blocks; `None` when more is
    /// to come.
    ///
    /// # Errors
    /// See [`HeaderError`]; the connection is of no use then.
    pub fn advance(&mut self, connection: impl AsFd) -> Result<Option<Announced>, HeaderError> {
        loop {
            let missing = self.missing()?;
            if missing == 0 {
                return self.parse().map(Some);
            }
            let have = self.header.len();
            self.header.resize(have + missing, 0);
            let received = recv(connection.as_fd(), &mut self.header[have..], RecvFlags::DONTWAIT);
            let taken = received.as_ref().map_or(0, |(bytes, _)| *bytes);
            self.header.truncate(have + taken);
            match received {
                Ok((0, _)) | Err(Errno::CONNRESET) if have == 0 => {
                    return Err(HeaderError::Nothing);
                }
                Ok((0, _)) => return Err(HeaderError::CutOff),
                Ok(_) | Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(HeaderError::Io(error.into())),
            }
        }
    }

    /// Bytes that surely belong to the header and have not come yet; 0 when it is whole.
    fn missing(&self) -> Result<usize, HeaderError> {
        let header = &self.header[..];
        let begins = |begin: &[u8]| header.iter().zip(begin).all(|(a, b)| a == b);
        if !begins(V1_BEGIN) && !begins(V2_BEGIN) {
            return Err(HeaderError::Malformed);
        }
        if header.len() < V2_BEGIN.len() {
            // Either version is longer than this.
            return Ok(V2_BEGIN.len() - header.len());
        }
        if !header.starts_with(V1_BEGIN) {
            return self.missing_of_v2();
        }
        match header.last() {
            Some(b'\n') => Ok(0),
            _ if header.len() >= V1_LONGEST => Err(HeaderError::TooLong),
            // Only the line end tells the length.
            _ => Ok(1),
        }
    }

    fn missing_of_v2(&self) -> Result<usize, HeaderError> {
        let Some([.., high, low]) = self.header.get(..V2_FIXED) else {
            return Ok(V2_FIXED - self.header.len());
        };
        let length = V2_FIXED + usize::from(u16::from_be_bytes([*high, *low]));
        if length > limits::PROXY_HEADER_BYTES {
            return Err(HeaderError::TooLong);
        }
        Ok(length - self.header.len())
    }

    fn parse(&self) -> Result<Announced, HeaderError> {
        let (header, _) = ProxyHeader::parse(&self.header, ParseConfig::default())
            .map_err(|_| HeaderError::Malformed)?;
        match header.proxied_address() {
            None => Ok(Announced::Itself),
            Some(relayed) if relayed.protocol == Protocol::Stream => Ok(Announced::Client {
                client: canonical(relayed.source),
                balancer: canonical(relayed.destination),
            }),
            Some(_) => Err(HeaderError::Malformed),
        }
    }
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("closed without a PROXY header"),
            Self::CutOff => f.write_str("closed within the PROXY header"),
            Self::TimedOut(timeout) => {
                write!(f, "no PROXY header within {} s", timeout.as_secs_f64())
            }
            Self::Malformed => f.write_str("no PROXY header, but something else"),
            Self::TooLong => f.write_str("the PROXY header is too long"),
            Self::Io(error) => write!(f, "cannot read the PROXY header: {error}"),
        }
    }
}

impl Error for HeaderError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, Shutdown, TcpListener};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    const V1: &[u8] = b"PROXY TCP4 192.0.2.1 203.0.113.7 51234 21\r\n";

    const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0f\
        \xc0\0\x02\x01\xcb\0\x71\x07\xc8\x22\0\x15\x04\0\0";

    fn client() -> Announced {
        Announced::Client {
            client: "192.0.2.1:51234".parse().unwrap(),
            balancer: "203.0.113.7:21".parse().unwrap(),
        }
    }

    #[test]
    fn both_versions_are_read_and_nothing_behind_them() {
        let ipv6 = Announced::Client {
            client: "[2001:db8::1]:1".parse().unwrap(),
            balancer: "[2001:db8::2]:2".parse().unwrap(),
        };
        for (header, expected) in [
            (V1, client()),
            (V2, client()),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n", ipv6),
            (b"PROXY UNKNOWN\r\n", Announced::Itself),
            (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", Announced::Itself),
            (b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", Announced::Itself),
            // LOCAL with addresses, which mean nothing then.
            (
                b"\r\n\r\n\0\r\nQUIT\n\x20\x11\0\x0c\xc0\0\x02\x01\xcb\0\x71\x07\xc8\x22\0\x15",
                Announced::Itself,
            ),
        ] {
            let (ours, mut theirs) = connected_pair();
            theirs.write_all(header).unwrap();
            theirs.write_all(b"USER a\r\n").unwrap();
            let text = header.escape_ascii();
            assert_eq!(read_proxy_header(&ours, LONG).unwrap(), expected, "{text}");
            theirs.shutdown(Shutdown::Write).unwrap();
            let mut rest = String::new();
            (&mut &ours).read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "USER a\r\n", "{text}");
        }
    }

    #[test]
    fn a_header_may_come_byte_by_byte() {
        for header in [V1, V2] {
            let (ours, mut theirs) = connected_pair();
            let mut reader = HeaderReader::default();
            let (last, first) = header.split_last().unwrap();
            for byte in first {
                theirs.write_all(&[*byte]).unwrap();
                assert_eq!(wait([(ours.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
                assert_eq!(reader.advance(&ours).unwrap(), None);
            }
            theirs.write_all(&[*last]).unwrap();
            assert_eq!(wait([(ours.as_fd(), Interest::Read)], Some(LONG)).unwrap(), [true]);
            assert_eq!(reader.advance(&ours).unwrap(), Some(client()));
        }
    }

    #[test]
    fn what_is_no_header_is_refused_at_once() {
        let endless = [b"PROXY UNKNOWN ", [b'x'; 200].as_slice()].concat();
        for (bytes, expected) in [
            (&b"USER a\r\n"[..], "something else"),
            (b"PROXY\n", "something else"),
            (b"GET / HTTP/1.1\r\n\r\n", "something else"),
            (b"PROXY TCP4 192.0.2.1 203.0.113.7 51234\r\n", "something else"),
            (b"PROXY TCP4 192.0.2.1 203.0.113.7 51234 66000\r\n", "something else"),
            (b"PROXY TCP4 ::1 ::1 51234 21\r\n", "something else"),
            (&endless, "too long"),
            // A version to come, UDP, and a header of 64 KiB.
            (b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0", "something else"),
            (
                b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c\xc0\0\x02\x01\xcb\0\x71\x07\xc8\x22\0\x15",
                "something else",
            ),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "too long"),
        ] {
            let (ours, mut theirs) = connected_pair();
            theirs.write_all(bytes).unwrap();
            let error = read_proxy_header(&ours, LONG).unwrap_err().to_string();
            assert!(error.contains(expected), "{}: {error}", bytes.escape_ascii());
        }
    }

    #[test]
    fn an_end_and_a_silence_are_told_apart() {
        let (ours, theirs) = connected_pair();
        let silence = read_proxy_header(&ours, Duration::from_millis(1));
        assert!(matches!(silence, Err(HeaderError::TimedOut(_))), "{silence:?}");
        drop(theirs);
        let end = read_proxy_header(&ours, LONG);
        assert!(matches!(end, Err(HeaderError::Nothing)), "{end:?}");

        let (ours, mut theirs) = connected_pair();
        theirs.write_all(&V2[..20]).unwrap();
        drop(theirs);
        let end = read_proxy_header(&ours, LONG);
        assert!(matches!(end, Err(HeaderError::CutOff)), "{end:?}");
    }

    fn connected_pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let theirs = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        theirs.set_nodelay(true).unwrap();
        (listener.accept().unwrap().0, theirs)
    }
}
