//! The address or name that passive replies give behind NAT.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};

/// `masquerade_address`: an IPv4 address, or a name that is looked up for each reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masquerade(pub String);

/// Why a passive reply has no address to name.
#[derive(Debug)]
pub enum MasqueradeError {
    /// The control connection is IPv6: PASV can only name IPv4 addresses (RFC 2428 section 4).
    Ipv6,
    /// `masquerade_address` has no IPv4 address now.
    Lookup {
        /// As configured.
        name: String,
        /// What the resolver said; `None` when it knows the name, but no IPv4 address of it.
        source: Option<io::Error>,
    },
    /// What `masquerade_networks` says of the client's network leads to no address now.
    OfNetwork {
        /// The network and what it is told, as configured.
        rule: String,
        /// Why.
        wrong: String,
    },
}

impl Masquerade {
    /// Whether it names this machine as only this machine itself reaches it.
    pub fn is_loopback(&self) -> bool {
        let name = self.0.trim_end_matches('.').to_ascii_lowercase();
        let is_address = |address: Ipv4Addr| address.is_loopback();
        name == "localhost" || name.ends_with(".localhost") || name.parse().is_ok_and(is_address)
    }

    /// Whether it is `0.0.0.0`, which is no machine's address.
    pub fn is_unspecified(&self) -> bool {
        self.0.parse().is_ok_and(|address: Ipv4Addr| address.is_unspecified())
    }

    /// The address it stands for now. Blocks as long as the resolver does.
    ///
    /// # Errors
    /// [`MasqueradeError::Lookup`].
    pub fn look_up(&self) -> Result<Ipv4Addr, MasqueradeError> {
        let failed = |source| MasqueradeError::Lookup { name: self.0.clone(), source };
        if let Ok(address) = self.0.parse() {
            return Ok(address);
        }
        let mut found = (self.0.as_str(), 0).to_socket_addrs().map_err(|e| failed(Some(e)))?;
        let ipv4 = found.find_map(|address| match address {
            SocketAddr::V4(address) => Some(*address.ip()),
            SocketAddr::V6(_) => None,
        });
        ipv4.ok_or_else(|| failed(None))
    }
}

impl fmt::Display for MasqueradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv6 => f.write_str("the control connection has no IPv4 address"),
            Self::Lookup { name, source: Some(source) } => {
                write!(f, "cannot look up masquerade_address {name:?}: {source}")
            }
            Self::Lookup { name, source: None } => {
                write!(f, "masquerade_address {name:?} has no IPv4 address")
            }
            Self::OfNetwork { rule, wrong } => write!(f, "masquerade_networks {rule}: {wrong}"),
        }
    }
}

impl Error for MasqueradeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Ipv6 | Self::Lookup { source: None, .. } | Self::OfNetwork { .. } => None,
            Self::Lookup { source: Some(source), .. } => Some(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_up() {
        assert_eq!(Masquerade("localhost".to_owned()).look_up().unwrap(), Ipv4Addr::LOCALHOST);
    }

    #[test]
    fn a_name_that_cannot_be_is_named_in_the_error() {
        // Names end in .invalid that must never resolve (RFC 2606); a NUL fails without asking.
        let error = Masquerade("nat\0.invalid".to_owned()).look_up().unwrap_err();
        assert!(error.to_string().contains("masquerade_address \"nat\\0.invalid\""), "{error}");
    }
}
