//! The address that passive replies give behind NAT.

/// `masquerade_address`: an IPv4 address, or a name that is looked up for each reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Masquerade(pub String);
