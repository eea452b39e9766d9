//! Addresses of data connections as PORT and EPRT spell them, and as PASV and EPSV answer them
//! (RFC 959 4.1.2, RFC 2428).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// Where the client listens for the data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataAddress(pub SocketAddr);

/// What PASV or EPSV asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassiveRequest {
    /// PASV: answered with an IPv4 address and a port.
    Address,
    /// EPSV: answered with a port, in the family asked for, or in the control connection's.
    Port(Option<Family>),
    /// `EPSV ALL`: from now on no other verb may set up data connections (RFC 2428 4).
    OnlyExtended,
}

/// An address family, numbered as RFC 2428 2 does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `1`
    Ipv4,
    /// `2`
    Ipv6,
}

/// Why an argument is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// Not written as the RFC says, or port 0.
    Syntax,
    /// A network protocol other than 1 and 2.
    UnknownProtocol,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not a valid address",
            Self::UnknownProtocol => "unknown network protocol",
        })
    }
}

impl std::error::Error for AddressError {}

impl DataAddress {
    /// Reads PORT's `h1,h2,h3,h4,p1,p2`.
    ///
    /// # Errors
    /// [`AddressError::Syntax`].
    pub fn from_port(argument: &str) -> Result<Self, AddressError> {
        let mut numbers = [0_u8; 6];
        let mut parts = argument.split(',');
        for number in &mut numbers {
            let part = parts.next().ok_or(AddressError::Syntax)?;
            *number = decimal(part.trim()).ok_or(AddressError::Syntax)?;
        }
        if parts.next().is_some() {
            return Err(AddressError::Syntax);
        }
        let [h1, h2, h3, h4, p1, p2] = numbers;
        let host = Ipv4Addr::new(h1, h2, h3, h4);
        with_port(host.into(), u16::from_be_bytes([p1, p2]))
    }

    /// Reads EPRT's `|1|132.235.1.2|6275|` or `|2|1080::8:800:200C:417A|5282|`; any printable
    /// character may stand for the bar.
    ///
    /// # Errors
    /// [`AddressError::UnknownProtocol`] for a protocol number other than 1 and 2.
    pub fn from_eprt(argument: &str) -> Result<Self, AddressError> {
        let argument = argument.trim();
        let bar = argument.chars().next().ok_or(AddressError::Syntax)?;
        if !bar.is_ascii_graphic() {
            return Err(AddressError::Syntax);
        }
        let fields: Vec<&str> = argument.split(bar).collect();
        let ["", protocol, host, port, ""] = fields[..] else {
            return Err(AddressError::Syntax);
        };
        let host: IpAddr = match Family::from_number(protocol)? {
            Family::Ipv4 => IpAddr::V4(host.parse().map_err(|_| AddressError::Syntax)?),
            Family::Ipv6 => IpAddr::V6(host.parse().map_err(|_| AddressError::Syntax)?),
        };
        with_port(host, decimal(port).ok_or(AddressError::Syntax)?)
    }
}

impl PassiveRequest {
    /// Reads EPSV's argument; empty if there is none.
    ///
    /// # Errors
    /// [`AddressError::UnknownProtocol`] for a protocol number other than 1 and 2.
    pub fn from_epsv(argument: &str) -> Result<Self, AddressError> {
        match argument.trim() {
            "" => Ok(Self::Port(None)),
            all if all.eq_ignore_ascii_case("ALL") => Ok(Self::OnlyExtended),
            number => Family::from_number(number).map(|family| Self::Port(Some(family))),
        }
    }
}

impl Family {
    /// The family of `address`; an IPv4 address mapped into IPv6 is IPv4, as the client sees it.
    pub fn of(address: IpAddr) -> Self {
        if address.to_canonical().is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }

    fn from_number(text: &str) -> Result<Self, AddressError> {
        match decimal::<u32>(text).ok_or(AddressError::Syntax)? {
            1 => Ok(Self::Ipv4),
            2 => Ok(Self::Ipv6),
            _ => Err(AddressError::UnknownProtocol),
        }
    }
}

/// `(h1,h2,h3,h4,p1,p2)`, the part of a 227 reply that clients read.
pub(super) fn pasv_text(address: SocketAddrV4) -> String {
    let [h1, h2, h3, h4] = address.ip().octets();
    let [p1, p2] = address.port().to_be_bytes();
    format!("({h1},{h2},{h3},{h4},{p1},{p2})")
}

/// `(|||port|)`, the part of a 229 reply that clients read.
pub(super) fn epsv_text(port: u16) -> String {
    format!("(|||{port}|)")
}

/// Digits only: Rust would also read a plus sign.
fn decimal<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn with_port(host: IpAddr, port: u16) -> Result<DataAddress, AddressError> {
    if port == 0 {
        return Err(AddressError::Syntax);
    }
    Ok(DataAddress(SocketAddr::new(host, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parsed: Result<DataAddress, AddressError>, expected: Option<&str>, input: &str) {
        let expected = expected.map(|text| text.parse().unwrap());
        assert_eq!(parsed.ok().map(|address| address.0), expected, "{input:?}");
    }

    #[test]
    fn port() {
        for (input, expected) in [
            // RFC 959 4.1.2
            ("192,168,1,2,200,1", Some("192.168.1.2:51201")),
            ("1,2,3,4,0,1", Some("1.2.3.4:1")),
            (" 1, 2,3,4,5,6 ", Some("1.2.3.4:1286")),
            ("1,2,3,4,0,0", None),
            ("1,2,3,4,5", None),
            ("1,2,3,4,5,6,7", None),
            ("256,2,3,4,5,6", None),
            ("1,2,3,4,5,256", None),
            ("+1,2,3,4,5,6", None),
            ("-1,2,3,4,5,6", None),
            ("", None),
            (",,,,,", None),
        ] {
            check(DataAddress::from_port(input), expected, input);
        }
    }

    #[test]
    fn eprt() {
        for (input, expected) in [
            // RFC 2428 2
            ("|1|132.235.1.2|6275|", Some("132.235.1.2:6275")),
            ("|2|1080::8:800:200C:417A|5282|", Some("[1080::8:800:200c:417a]:5282")),
            ("!2!::1!21!", Some("[::1]:21")),
            ("|1|1.2.3.4|0|", None),
            ("|1|1.2.3.4|65536|", None),
            ("|1|::1|21|", None),
            ("|2|1.2.3.4|21|", None),
            ("|1|1.2.3.4|21", None),
            ("|1|1.2.3.4|21|x", None),
            ("|", None),
            ("", None),
            ("数1数1.2.3.4数21数", None),
        ] {
            check(DataAddress::from_eprt(input), expected, input);
        }
        assert_eq!(DataAddress::from_eprt("|3|x|21|"), Err(AddressError::UnknownProtocol));
        assert_eq!(DataAddress::from_eprt("||x|21|"), Err(AddressError::Syntax));
    }

    #[test]
    fn epsv() {
        for (input, expected) in [
            ("", Ok(PassiveRequest::Port(None))),
            ("1", Ok(PassiveRequest::Port(Some(Family::Ipv4)))),
            (" 2 ", Ok(PassiveRequest::Port(Some(Family::Ipv6)))),
            ("all", Ok(PassiveRequest::OnlyExtended)),
            ("3", Err(AddressError::UnknownProtocol)),
            ("x", Err(AddressError::Syntax)),
        ] {
            assert_eq!(PassiveRequest::from_epsv(input), expected, "{input:?}");
        }
    }

    #[test]
    fn answers() {
        assert_eq!(pasv_text("10.0.0.1:60001".parse().unwrap()), "(10,0,0,1,234,97)");
        assert_eq!(epsv_text(60001), "(|||60001|)");
        assert_eq!(Family::of("::ffff:1.2.3.4".parse().unwrap()), Family::Ipv4);
        assert_eq!(Family::of("::1".parse().unwrap()), Family::Ipv6);
    }
}
