//! Whose word is believed about the client's address.

use std::time::Duration;

use super::Networks;
use crate::limits;

/// The balancers in front of the server. By default there is none.
#[derive(Clone, Debug)]
pub struct Balancers {
    /// `proxy_protocol_from`: each control connection from there begins with a PROXY header. A
    /// header from anywhere else is nothing but a garbled command.
    pub from: Networks,
    /// `proxy_protocol_data`: whether data connections from there do, too.
    pub data: DataHeader,
    /// How long a header may take.
    pub timeout: Duration,
}

/// How the data connections that a balancer relays begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataHeader {
    /// With a PROXY header, so that the client's address can be compared with that of its control
    /// connection.
    Present,
    /// With the client's first byte. Whoever reaches the balancer can take a passive port from
    /// another of its clients.
    Absent,
}

impl Balancers {
    /// Nothing is decided yet but what has no key: what the table of keys fills in.
    pub(crate) fn unset() -> Self {
        Self {
            from: Networks::default(),
            data: DataHeader::Present,
            timeout: limits::PROXY_HEADER_TIMEOUT,
        }
    }
}
