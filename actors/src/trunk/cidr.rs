//! Networks that a trunk's calls come from.

use schema::Trunk;
use std::net::IpAddr;

/// An address with a prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cidr {
    net: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Reads `192.0.2.0/24` or a bare address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (net, bits) = match text.split_once('/') {
            Some((net, bits)) => (net.parse::<IpAddr>().ok()?, Some(bits.parse().ok()?)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let whole = if net.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(whole);
        (bits <= whole).then_some(Self { net, bits })
    }

    /// Whether the address is inside; families do not mix.
    pub(super) fn holds(self, address: IpAddr) -> bool {
        match (self.net, address) {
            (IpAddr::V4(net), IpAddr::V4(address)) => {
                let apart = u32::from(net) ^ u32::from(address);
                apart.leading_zeros() >= u32::from(self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(address)) => {
                let apart = u128::from(net) ^ u128::from(address);
                apart.leading_zeros() >= u32::from(self.bits)
            }
            _ => false,
        }
    }
}

/// Where calls of this trunk may come from: what it lists, else its own address when that is a number.
pub(super) fn of_trunk(trunk: &Trunk) -> Vec<Cidr> {
    let listed: Vec<Cidr> = trunk
        .access
        .inbound_addresses
        .iter()
        .filter_map(|text| Cidr::parse(text))
        .collect();
    if listed.is_empty() {
        let (host, _) = super::route::host_and_port(&trunk.access.address);
        return Cidr::parse(host).into_iter().collect();
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_is_inside() {
        for (net, address, inside) in [
            ("192.0.2.0/24", "192.0.2.200", true),
            ("192.0.2.0/24", "192.0.3.1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "192.0.2.1", false),
        ] {
            let net = Cidr::parse(net).unwrap();
            assert_eq!(
                net.holds(address.parse().unwrap()),
                inside,
                "{net:?} {address}"
            );
        }
        for wrong in ["", "192.0.2.0/33", "carrier.example", "192.0.2.0/-1"] {
            assert_eq!(Cidr::parse(wrong), None, "{wrong}");
        }
    }
}
