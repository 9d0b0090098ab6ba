//! Ranges of IP addresses, for `server.trusted_proxies`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::invalid::Invalid;

/// All addresses that share the first `prefix` bits of `address`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address lies within. IPv4 addresses written as IPv6 (`::ffff:10.0.0.1`) count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(other)) => {
                same(network.to_bits().into(), other.to_bits().into(), 32, self.prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(other)) => same(network.to_bits(), other.to_bits(), 128, self.prefix),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether it is wider than any site's own network: `10.0.0.0/8` and `fc00::/7` are the widest that are private.
    #[must_use]
    pub fn is_hardly_a_site(&self) -> bool {
        self.prefix < if self.address.is_ipv4() { 8 } else { 7 }
    }

    /// The network with every bit beyond the prefix zero.
    fn masked(self) -> Self {
        let keep = |bits: u128, width: u32| {
            let free = width.saturating_sub(u32::from(self.prefix));
            bits.checked_shr(free).and_then(|top| top.checked_shl(free)).unwrap_or(0)
        };
        let address = match self.address {
            IpAddr::V4(address) => {
                let bits = keep(address.to_bits().into(), 32);
                IpAddr::V4(u32::try_from(bits).unwrap_or(0).into())
            }
            IpAddr::V6(address) => IpAddr::V6(keep(address.to_bits(), 128).into()),
        };
        Self { address, prefix: self.prefix }
    }
}

/// Whether the first `prefix` of `width` bits are equal.
fn same(one: u128, other: u128, width: u8, prefix: u8) -> bool {
    let free = u32::from(width.saturating_sub(prefix));
    (one ^ other).checked_shr(free).unwrap_or(0) == 0
}

impl FromStr for Network {
    type Err = Invalid;

    /// Reads `10.0.0.5`, `10.0.0.0/8`, `fd00::1` or `fd00::/8`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| Invalid::Network)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(width), |digits| read_prefix(digits, width))?;
        let network = unmapped(Self { address, prefix })?;
        let masked = network.masked();
        if masked == network { Ok(network) } else { Err(Invalid::NetworkBits(masked.to_string())) }
    }
}

fn read_prefix(digits: &str, width: u8) -> Result<u8, Invalid> {
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let prefix = digits.parse().map_err(|_| Invalid::Network)?;
    if is_number && prefix <= width { Ok(prefix) } else { Err(Invalid::Network) }
}

/// Writes an IPv4 network in IPv6 form (`::ffff:10.0.0.0/104`) as IPv4, since addresses are compared in that form.
fn unmapped(network: Network) -> Result<Network, Invalid> {
    let mapped = |address: Ipv6Addr| address.to_ipv4_mapped();
    match network.address {
        IpAddr::V6(address) => match (mapped(address), network.prefix.checked_sub(96)) {
            (Some(address), Some(prefix)) => Ok(Network { address: IpAddr::V4(address), prefix }),
            (Some(_), None) => Err(Invalid::Network),
            (None, _) => Ok(network),
        },
        IpAddr::V4(_) => Ok(network),
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn holds(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_lies_within_its_network_in_either_form() {
        for (network, address) in [
            ("10.0.0.5", "10.0.0.5"),
            ("10.0.0.5", "::ffff:10.0.0.5"),
            ("10.0.0.0/8", "10.255.1.2"),
            ("::ffff:10.0.0.0/104", "10.255.1.2"),
            ("0.0.0.0/0", "192.0.2.1"),
            ("fd00::/8", "fdff::1"),
            ("fd00::1", "fd00::1"),
            ("::/0", "2001:db8::1"),
            ("192.0.2.128/25", "192.0.2.255"),
        ] {
            assert!(holds(network, address), "{address} in {network}");
        }
        for (network, address) in [
            ("10.0.0.5", "10.0.0.6"),
            ("10.0.0.0/8", "11.0.0.0"),
            ("0.0.0.0/0", "::1"),
            ("::/0", "10.0.0.1"),
            ("::/0", "::ffff:10.0.0.1"),
            ("192.0.2.128/25", "192.0.2.127"),
        ] {
            assert!(!holds(network, address), "{address} not in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "localhost",
            "10.0.0",
            "10.0.0.0/",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "::/129",
            "10.0.0.0/8/8",
            " 10.0.0.1",
            "::ffff:10.0.0.0/90",
        ] {
            assert_eq!(text.parse::<Network>(), Err(Invalid::Network), "{text}");
        }
        let error = "10.0.0.5/8".parse::<Network>().unwrap_err().to_string();
        assert!(error.contains("10.0.0.0/8"), "{error}");
    }

    proptest! {
        #[test]
        fn a_network_reads_back_and_holds_its_own_address(bits: u32, prefix in 0_u8..=32) {
            let address = IpAddr::V4(bits.into());
            let network = Network { address, prefix }.masked();
            prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
            prop_assert!(network.contains(address));
        }
    }
}
