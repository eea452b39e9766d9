//! For whom a store works.

use std::net::{IpAddr, Ipv4Addr};

/// Who stores something.
#[derive(Clone, Copy, Debug)]
pub struct Requester<'a> {
    /// The login.
    pub user: &'a str,
    /// The client's address.
    pub peer: IpAddr,
    /// The session's number, as the log has it.
    pub session: u64,
}

impl Requester<'_> {
    /// Nobody in particular: the server itself.
    pub const NOBODY: Self = Self { user: "", peer: IpAddr::V4(Ipv4Addr::UNSPECIFIED), session: 0 };
}
