//! Lists of addresses that are let in, or are not.

use std::net::IpAddr;

use crate::net::Networks;

/// Who may come. By default everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressRules {
    /// `allow_addresses`: nobody else, unless it is empty.
    pub allow: Networks,
    /// `deny_addresses`: not these, whatever else is said.
    pub deny: Networks,
}

impl AddressRules {
    /// Whether a client at `address` may come in.
    pub fn permit(&self, address: IpAddr) -> bool {
        !self.deny.contain(address) && (self.allow.is_empty() || self.allow.contain(address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_denied_is_not_allowed() {
        let list =
            |text: &str| if text.is_empty() { Networks::default() } else { text.parse().unwrap() };
        for (allow, deny, address, expected) in [
            ("", "", "192.0.2.1", true),
            ("192.0.2.0/24", "", "192.0.2.1", true),
            ("192.0.2.0/24", "", "198.51.100.1", false),
            ("", "192.0.2.0/24", "192.0.2.1", false),
            ("", "192.0.2.0/24", "198.51.100.1", true),
            ("192.0.2.0/24", "192.0.2.7", "192.0.2.7", false),
            ("192.0.2.0/24", "192.0.2.7", "192.0.2.8", true),
            ("2001:db8::/32", "", "192.0.2.1", false),
            ("192.0.2.0/24", "", "::ffff:192.0.2.1", true),
        ] {
            let rules = AddressRules { allow: list(allow), deny: list(deny) };
            assert_eq!(
                rules.permit(address.parse().unwrap()),
                expected,
                "{allow} {deny} {address}"
            );
        }
    }
}
