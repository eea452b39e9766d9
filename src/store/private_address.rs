//! Addresses that no public network leads to.

use std::net::{IpAddr, Ipv4Addr};

/// Whether `address` is one of these: of a private network, of the same link, or of those that
/// clouds have for services of theirs.
pub(crate) fn is_private_address(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local() || is_shared(ip),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

/// 100.64.0.0/10 (RFC 6598).
fn is_shared(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    a == 100 && b & 0xC0 == 64
}
