//! Addresses as the client sees them.

use std::net::{IpAddr, SocketAddr};

/// `address` with an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291 2.5.5.2) turned into
/// the IPv4 address it stands for. A dual-stack socket gives IPv4 peers in that form.
pub fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        // An IPv6 address keeps its scope, which link-local ones need.
        IpAddr::V6(_) => address,
        ip @ IpAddr::V4(_) => SocketAddr::new(ip, address.port()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mapped_addresses_change() {
        for (seen, expected) in [
            ("[::ffff:192.0.2.1]:21", "192.0.2.1:21"),
            ("192.0.2.1:21", "192.0.2.1:21"),
            ("[2001:db8::1]:21", "[2001:db8::1]:21"),
            ("[fe80::1%3]:21", "[fe80::1%3]:21"),
        ] {
            let seen: SocketAddr = seen.parse().unwrap();
            assert_eq!(canonical(seen), expected.parse().unwrap());
        }
    }
}
