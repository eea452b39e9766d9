//! The address that a passive reply names.

use std::net::{IpAddr, Ipv4Addr};

use super::{Endpoints, Masquerade, MasqueradeError, MasqueradeNetworks, PublicAddress};

/// What the operator says of the address in passive replies.
#[derive(Clone, Copy, Debug)]
pub struct PassiveNaming<'a> {
    /// `masquerade_networks`
    pub networks: &'a MasqueradeNetworks,
    /// `masquerade_address`, for clients that are in none of the networks.
    pub masquerade: Option<&'a Masquerade>,
    /// What `auto` is.
    pub public: &'a PublicAddress,
}

/// The IPv4 address that a PASV reply names to the client of the control connection `ends`.
///
/// The smallest network that the client is in decides. In none, a client on our side of the NAT
/// gets the address that it knows us by. Behind a balancer its address does not tell which way
/// leads to us, so `masquerade` holds for all.
///
/// Blocks for the look-up of a name: a few milliseconds, with a broken resolver as long as the
/// system's resolver tries; and for the public address, until it was asked for once.
///
/// # Errors
/// See [`MasqueradeError`].
pub fn passive_address(
    naming: &PassiveNaming<'_>,
    ends: &Endpoints,
) -> Result<Ipv4Addr, MasqueradeError> {
    let IpAddr::V4(known) = ends.known().ip().to_canonical() else {
        return Err(MasqueradeError::Ipv6);
    };
    if let Some((network, target)) = naming.networks.of(ends.peer.ip()) {
        return target.address(naming.public, known).map_err(|wrong| MasqueradeError::OfNetwork {
            rule: format!("{network}={target}"),
            wrong,
        });
    }
    match naming.masquerade {
        Some(masquerade) if ends.balancer.is_some() || !is_on_our_side(ends.peer.ip()) => {
            masquerade.look_up()
        }
        _ => Ok(known),
    }
}

/// Whether a client comes from a private network, so that it is behind the same NAT as we are
/// and the outer address may not lead back to us.
fn is_on_our_side(peer: IpAddr) -> bool {
    match peer.to_canonical() {
        IpAddr::V4(peer) => peer.is_loopback() || peer.is_private() || peer.is_link_local(),
        IpAddr::V6(peer) => {
            peer.is_loopback() || peer.is_unique_local() || peer.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn only_clients_from_outside_get_the_masquerade_address() {
        let inner = Ipv4Addr::new(10, 0, 0, 5);
        let outer = Ipv4Addr::new(203, 0, 113, 9);
        let masquerade = Masquerade(outer.to_string());
        for (peer, expected) in [
            ("198.51.100.7", outer),
            ("::ffff:198.51.100.7", outer),
            ("11.0.0.1", outer),
            ("172.15.0.1", outer),
            ("172.32.0.1", outer),
            ("2001:db8::1", outer),
            ("127.0.0.1", inner),
            ("10.200.0.1", inner),
            ("172.16.0.1", inner),
            ("172.31.255.254", inner),
            ("192.168.1.1", inner),
            ("::ffff:192.168.1.1", inner),
            ("169.254.1.1", inner),
            ("::1", inner),
            ("fe80::1", inner),
            ("fd00::1", inner),
        ] {
            let ends = ends(&inner.to_string(), peer);
            let given = by_default(Some(&masquerade), &ends).unwrap();
            assert_eq!(given, expected, "{peer}");
            assert_eq!(by_default(None, &ends).unwrap(), inner, "{peer}");
        }
    }

    #[test]
    fn the_local_address_may_be_mapped() {
        let ends = ends("::ffff:192.0.2.1", "::ffff:198.51.100.7");
        assert_eq!(by_default(None, &ends).unwrap(), Ipv4Addr::new(192, 0, 2, 1));
    }

    #[test]
    fn ipv6_has_no_passive_address() {
        let masquerade = Masquerade("203.0.113.9".to_owned());
        let given = by_default(Some(&masquerade), &ends("2001:db8::1", "2001:db8::2"));
        assert!(matches!(given, Err(MasqueradeError::Ipv6)));
    }

    #[test]
    fn behind_a_balancer_its_address_is_named_unless_there_is_another_one() {
        let balancer = "198.51.100.1:21".parse().unwrap();
        let relayed = Endpoints { balancer: Some(balancer), ..ends("10.0.0.5", "10.0.0.99") };
        let named = by_default(None, &relayed).unwrap();
        assert_eq!(named, Ipv4Addr::new(198, 51, 100, 1));
        let masquerade = Masquerade("203.0.113.9".to_owned());
        let named = by_default(Some(&masquerade), &relayed).unwrap();
        assert_eq!(named, Ipv4Addr::new(203, 0, 113, 9));
    }

    #[test]
    fn a_network_decides_before_the_usual_rule() {
        let networks = "192.168.0.0/16=192.168.0.10,10.0.0.0/8=direct,0.0.0.0/0=auto";
        let named = |name: &str| Some(Masquerade(name.to_owned()));
        let networks = MasqueradeNetworks::parse(networks, named).unwrap();
        let (public, outer) = (PublicAddress::default(), Masquerade("203.0.113.9".to_owned()));
        let naming =
            PassiveNaming { networks: &networks, masquerade: Some(&outer), public: &public };
        let of = |peer: &str| passive_address(&naming, &ends("10.0.0.5", peer));
        let inner = Ipv4Addr::new(10, 0, 0, 5);
        assert_eq!(of("192.168.7.7").unwrap(), Ipv4Addr::new(192, 168, 0, 10));
        assert_eq!(of("::ffff:192.168.7.7").unwrap(), Ipv4Addr::new(192, 168, 0, 10));
        assert_eq!(of("10.0.0.6").unwrap(), inner);
        // In none of them.
        assert_eq!(of("2001:db8::1").unwrap(), Ipv4Addr::new(203, 0, 113, 9));
        let error = of("198.51.100.7").unwrap_err().to_string();
        assert!(error.starts_with("masquerade_networks 0.0.0.0/0=auto: the public"), "{error}");
        public.ask_of(Some("somebody"));
        public.note("somebody", Ok(Ipv4Addr::new(203, 0, 113, 1)));
        assert_eq!(of("198.51.100.7").unwrap(), Ipv4Addr::new(203, 0, 113, 1));
        // The client's address decides, not the balancer's.
        let balancer = Some("198.51.100.1:21".parse().unwrap());
        let relayed = Endpoints { balancer, ..ends("10.0.0.5", "10.0.0.6") };
        assert_eq!(passive_address(&naming, &relayed).unwrap(), Ipv4Addr::new(198, 51, 100, 1));
    }

    /// By `masquerade_address` alone.
    fn by_default(
        masquerade: Option<&Masquerade>,
        ends: &Endpoints,
    ) -> Result<Ipv4Addr, MasqueradeError> {
        let (networks, public) = (&MasqueradeNetworks::default(), &PublicAddress::default());
        passive_address(&PassiveNaming { networks, masquerade, public }, ends)
    }

    fn ends(local: &str, peer: &str) -> Endpoints {
        let end = |address: &str| SocketAddr::new(address.parse().unwrap(), 21);
        Endpoints::direct(end(local), end(peer))
    }
}
