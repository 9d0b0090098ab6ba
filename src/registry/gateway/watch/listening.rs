//! At which addresses of this machine something listens, as the kernel tells (`/proc/net/tcp`, proc(5)). Only what is in the
//! network namespace of dockpass is seen: nothing of another container.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kernel's tables.
const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];
/// The state of a socket that listens.
const LISTEN: &str = "0A";

/// The addresses at which something listens on this port. A table that cannot be read has none. Blocks.
pub(super) fn addresses(port: u16) -> Vec<IpAddr> {
    let read = |table: &&str| std::fs::read_to_string(table).unwrap_or_default();
    TABLES.iter().flat_map(|table| in_table(&read(table), port)).collect()
}

fn in_table(table: &str, port: u16) -> Vec<IpAddr> {
    let listening = table.lines().filter_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (local, _remote, state) = (columns.next()?, columns.next()?, columns.next()?);
        let (address, at) = local.split_once(':')?;
        (state == LISTEN && u16::from_str_radix(at, 16) == Ok(port)).then(|| address_of(address)).flatten()
    });
    listening.collect()
}

/// An address as the kernel writes it: words of 32 bits, each a number in the order of this machine.
fn address_of(text: &str) -> Option<IpAddr> {
    let word = |at: usize| Some(u32::from_str_radix(text.get(at..at + 8)?, 16).ok()?.to_ne_bytes());
    match text.len() {
        8 => Some(IpAddr::V4(Ipv4Addr::from(word(0)?))),
        32 => {
            let words = [word(0)?, word(8)?, word(16)?, word(24)?];
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::V6(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn what_listens_is_found_at_its_address() {
        for address in ["127.0.0.1", "127.0.0.2", "0.0.0.0", "::1", "::"] {
            let Ok(listener) = TcpListener::bind((address, 0)) else { continue };
            let bound = listener.local_addr().unwrap();
            assert_eq!(addresses(bound.port()), [bound.ip()], "{address}");
        }
    }

    #[test]
    fn connections_and_other_ports_are_passed_over() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let client = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        assert_eq!(addresses(port).len(), 1);
        assert_eq!(addresses(client.local_addr().unwrap().port()), Vec::<IpAddr>::new());
        drop(listener);
        assert_eq!(addresses(port), Vec::<IpAddr>::new());
    }

    #[test]
    fn no_text_is_a_panic() {
        for table in ["", "  sl  local_address", "0: 0100007F 0 0A", "0: é000007F:1388 0 0A", "0: 01:1388 0:0 0A x"] {
            assert_eq!(in_table(table, 0x1388), Vec::<IpAddr>::new(), "{table}");
        }
    }
}
