//! Lists of networks, as operators write them.

use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;

/// A list of networks; empty by default. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks(Arc<[IpNet]>);

/// The text is no list of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotNetworks;

impl Networks {
    /// Whether `address` is in one of them. An IPv4-mapped IPv6 address is the IPv4 address.
    pub fn contain(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromStr for Networks {
    type Err = NotNetworks;

    /// Addresses (`10.0.0.5`) and networks (`10.0.0.0/8`, `2001:db8::/32`), separated by commas.
    fn from_str(text: &str) -> Result<Self, NotNetworks> {
        let network = |text: &str| {
            let address = text.parse().map(|address: IpAddr| IpNet::from(address.to_canonical()));
            address.or_else(|_| text.parse()).map_err(|_| NotNetworks)
        };
        text.split(',').map(|text| network(text.trim())).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_read() {
        let networks: Networks = "10.0.0.5, 192.168.0.0/16,2001:db8::/32".parse().unwrap();
        for (address, expected) in [
            ("10.0.0.5", true),
            ("::ffff:10.0.0.5", true),
            ("10.0.0.6", false),
            ("192.168.255.1", true),
            ("192.169.0.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::1", false),
        ] {
            assert_eq!(networks.contain(address.parse().unwrap()), expected, "{address}");
        }
        assert!(!Networks::default().contain("10.0.0.5".parse().unwrap()));
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in ["", "10.0.0.0/33", "10.0.0.5,", "10.0.0", "ftp.example.com", "10.0.0.0/8 ; x"]
        {
            assert_eq!(text.parse::<Networks>(), Err(NotNetworks), "{text:?}");
        }
    }
}
