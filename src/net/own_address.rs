//! What other machines of the network call this one.

use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// An address that is never reached (RFC 5737), to which the usual route leads.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The IPv4 address at which other machines of the network most likely reach this one: the one
/// that its usual route begins at, or else the first of an interface that is up. `None` where there
/// is no network.
pub fn own_address() -> Option<Ipv4Addr> {
    of_usual_route().or_else(of_an_interface)
}

fn of_usual_route() -> Option<Ipv4Addr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // Chooses the route, and sends nothing.
    socket.connect((ELSEWHERE, 9)).ok()?;
    match socket.local_addr().ok()?.ip() {
        IpAddr::V4(address) if !address.is_loopback() => Some(address),
        _ => None,
    }
}

fn of_an_interface() -> Option<Ipv4Addr> {
    let up = getifaddrs().ok()?.filter(|interface| {
        interface.flags.contains(InterfaceFlags::IFF_UP)
            && !interface.flags.contains(InterfaceFlags::IFF_LOOPBACK)
    });
    let mut addresses = up.filter_map(|interface| Some(interface.address?.as_sockaddr_in()?.ip()));
    addresses.find(|address| !address.is_link_local())
}
