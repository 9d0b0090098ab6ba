//! Where requests come from, as it is counted.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The source that an address belongs to: itself, or its /64 for IPv6, since one host may have all of that. IPv4
/// addresses that are written as IPv6 count as IPv4.
#[must_use]
pub fn of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The network that an address belongs to: its /48 for IPv6, its /24 for IPv4. That is what one site or one customer is
/// given at the least, and so may send from.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << 80))),
        IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from(u32::from(v4) & (u32::MAX << 8))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_one_source_in_each_family() {
        let of = |text: &str| of(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!((of("::ffff:192.0.2.7"), of("192.0.2.7")), ("192.0.2.7".into(), "192.0.2.7".into()));
    }

    #[test]
    fn a_site_has_one_network_in_each_family() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1::");
        assert_eq!((network("::ffff:192.0.2.7"), network("192.0.2.7")), ("192.0.2.0".into(), "192.0.2.0".into()));
    }
}
