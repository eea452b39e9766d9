//! Which address passive replies name to whom, network by network.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ipnet::IpNet;

use super::{Masquerade, MasqueradeError, PublicAddress};

/// What clients of a network are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PassiveTarget {
    /// The address that they have connected to.
    Direct,
    /// The public address of this machine.
    Auto,
    /// This one.
    Named(Masquerade),
}

/// `masquerade_networks`: networks of clients, the smallest first, and what each is told. Empty by
/// default. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasqueradeNetworks(Arc<[(IpNet, PassiveTarget)]>);

impl MasqueradeNetworks {
    /// Reads `192.168.0.0/16=192.168.0.10, 10.0.0.0/8=direct, 0.0.0.0/0=auto`; `named` reads
    /// whatever is neither `direct` nor `auto`.
    ///
    /// # Errors
    /// In words: the first entry that is wrong, and why.
    pub fn parse(text: &str, named: impl Fn(&str) -> Option<Masquerade>) -> Result<Self, String> {
        let mut networks: Vec<(IpNet, PassiveTarget)> = Vec::new();
        for rule in text.split(',').map(str::trim) {
            let (network, target) = entry(rule, &named)
                .map_err(|why| if rule.is_empty() { why } else { format!("{rule:?}: {why}") })?;
            if networks.iter().any(|(known, _)| *known == network) {
                return Err(format!("{rule:?}: the network {network} has an entry already"));
            }
            networks.push((network, target));
        }
        networks.sort_by_key(|(network, _)| std::cmp::Reverse(network.prefix_len()));
        Ok(Self(networks.into()))
    }

    /// What is said to `client`: by the smallest network that it is in, if it is in any. An
    /// IPv4-mapped IPv6 address is the IPv4 address.
    pub fn of(&self, client: IpAddr) -> Option<(&IpNet, &PassiveTarget)> {
        let client = client.to_canonical();
        let found = self.0.iter().find(|(network, _)| network.contains(&client));
        found.map(|(network, target)| (network, target))
    }

    /// All of them, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = (&IpNet, &PassiveTarget)> {
        self.0.iter().map(|(network, target)| (network, target))
    }

    /// Whether the public address of this machine is needed.
    pub fn need_public_address(&self) -> bool {
        self.0.iter().any(|(_, target)| *target == PassiveTarget::Auto)
    }
}

/// One of the list.
fn entry(
    rule: &str,
    named: impl Fn(&str) -> Option<Masquerade>,
) -> Result<(IpNet, PassiveTarget), String> {
    if rule.is_empty() {
        return Err("an entry is empty".to_owned());
    }
    let (network, target) = rule.split_once('=').ok_or("there is no '=' in it")?;
    let (network, target) = (network.trim(), target.trim());
    let address = network.parse().map(|address: IpAddr| IpNet::from(address));
    let network = address.or_else(|_| network.parse()).map_err(|_| {
        format!("{network:?} is neither a network such as 10.0.0.0/8 nor an address")
    })?;
    let target = match target {
        word if word.eq_ignore_ascii_case("direct") => PassiveTarget::Direct,
        word if word.eq_ignore_ascii_case("auto") => PassiveTarget::Auto,
        other => PassiveTarget::Named(named(other).ok_or_else(|| {
            format!("{other:?} is neither an IPv4 address, a host name, direct nor auto")
        })?),
    };
    Ok((network.trunc(), target))
}

impl PassiveTarget {
    /// The address that is meant, for clients that know us as `known`. Blocks as
    /// [`passive_address`](super::passive_address()) does.
    ///
    /// # Errors
    /// Why there is none now.
    pub fn address(&self, public: &PublicAddress, known: Ipv4Addr) -> Result<Ipv4Addr, String> {
        match self {
            Self::Direct => Ok(known),
            Self::Auto => public.look_up(),
            Self::Named(masquerade) => masquerade.look_up().map_err(|error| match error {
                MasqueradeError::Lookup { source: Some(source), .. } => source.to_string(),
                _ => "it has no IPv4 address".to_owned(),
            }),
        }
    }
}

impl fmt::Display for PassiveTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Auto => f.write_str("auto"),
            Self::Named(masquerade) => f.write_str(&masquerade.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<MasqueradeNetworks, String> {
        let named = |name: &str| (!name.is_empty()).then(|| Masquerade(name.to_owned()));
        MasqueradeNetworks::parse(text, named)
    }

    #[test]
    fn the_smallest_network_counts_whatever_the_order() {
        let networks =
            parse("0.0.0.0/0=auto,10.0.0.0/8 = Direct, 10.1.0.0/16=nat, 10.1.2.3=192.0.2.1")
                .unwrap();
        let said = |client: &str| {
            networks.of(client.parse().unwrap()).map(|(_, target)| target.to_string())
        };
        for (client, expected) in [
            ("203.0.113.1", Some("auto")),
            ("10.2.0.1", Some("direct")),
            ("::ffff:10.2.0.1", Some("direct")),
            ("10.1.0.1", Some("nat")),
            ("10.1.2.3", Some("192.0.2.1")),
            ("2001:db8::1", None),
        ] {
            assert_eq!(said(client).as_deref(), expected, "{client}");
        }
        assert!(networks.need_public_address());
        assert!(!parse("10.0.0.0/8=direct").unwrap().need_public_address());
        assert_eq!(MasqueradeNetworks::default().of("10.0.0.1".parse().unwrap()), None);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (text, wrong) in [
            ("", "an entry is empty"),
            ("10.0.0.0/8", "\"10.0.0.0/8\": there is no '='"),
            ("10.0.0.0/8=", "\"10.0.0.0/8=\": \"\" is neither an IPv4"),
            ("10.0.0.0/33=auto", "\"10.0.0.0/33=auto\": \"10.0.0.0/33\" is neither a network"),
            ("10.0.0.0/8=auto,", "an entry is empty"),
            ("10.0.0.0/8=auto, ftp.example.com=auto", "\"ftp.example.com=auto\": "),
            // The same network in other words.
            (
                "10.0.0.0/8=auto, 10.1.0.0/8=direct",
                "\"10.1.0.0/8=direct\": the network 10.0.0.0/8 has an entry already",
            ),
        ] {
            let told = parse(text).unwrap_err();
            assert!(told.starts_with(wrong), "{text:?}: {told}");
        }
    }
}
