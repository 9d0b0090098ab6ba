//! Where requests come from, as it is counted.

use std::net::{IpAddr, Ipv6Addr};

/// The source that an address belongs to: itself, or its /64 for IPv6, since one host may have all of that. IPv4
/// addresses that are written as IPv6 count as IPv4.
#[must_use]
pub fn of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
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
}
