//! The address of a server, such as dockpass itself or the registry beside it: scheme, host and port, nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::invalid::Invalid;
use crate::domain::host::{self, PublicHost};

/// A URL of scheme, host and port, in the one form that browsers send as `Origin`: lower case, no default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    https: bool,
    host: String,
    port: u16,
}

impl BaseUrl {
    /// Reads `http://host`, `https://host` or either with `:port`.
    ///
    /// # Errors
    /// [`Invalid::Url`] for anything else, a path, a query or a user name included.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let (scheme, rest) = text.split_once("://").ok_or(Invalid::Url)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(Invalid::Url),
        };
        let (host, port) = host::split(rest).ok_or(Invalid::Url)?;
        Ok(Self { https, host, port: port.unwrap_or(default_port(https)) })
    }

    /// The URL of an address.
    #[must_use]
    pub fn of_address(https: bool, address: SocketAddr) -> Self {
        Self { https, host: address.ip().to_canonical().to_string(), port: address.port() }
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether it can only lead to this machine: a loopback address, or `localhost` (RFC 6761).
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        host::is_loopback(&self.host)
    }

    /// The host alone: a name, or an IP address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's default included.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host` or `host:port`, as it stands in an image reference; IPv6 addresses in brackets.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = host::in_brackets(&self.host);
        if self.port == default_port(self.https) { host } else { format!("{host}:{}", self.port) }
    }

    /// The same as the host of a registry.
    #[must_use]
    pub fn public_host(&self) -> PublicHost {
        PublicHost::of(&self.host, Some(self.port).filter(|port| *port != default_port(self.https)))
    }

    /// The same with the name `localhost`, if clients of this machine reach the very same by that name.
    #[must_use]
    pub fn named(self) -> Self {
        let is_localhost = self.host.parse().is_ok_and(is_localhost);
        if is_localhost { Self { host: LOCALHOST.to_owned(), ..self } } else { self }
    }

    /// Whether the host is an IP address that is loopback, private or link-local. Clients with go-containerregistry since
    /// 0.21.4 (crane, cosign, ko) refuse a realm there, unless it is at the registry's own host and port.
    #[must_use]
    pub fn is_private_literal(&self) -> bool {
        match self.host.parse().map(|address: IpAddr| address.to_canonical()) {
            Ok(IpAddr::V4(it)) => it.is_loopback() || it.is_private() || it.is_link_local(),
            Ok(IpAddr::V6(it)) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
            Err(_) => false,
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.https { "https" } else { "http" }, self.authority())
    }
}

fn default_port(https: bool) -> u16 {
    if https { 443 } else { 80 }
}

/// The name of this machine for itself (RFC 6761).
const LOCALHOST: &str = "localhost";

/// Whether the name `localhost` leads to this address.
#[must_use]
pub fn is_localhost(address: IpAddr) -> bool {
    let address = address.to_canonical();
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_written_as_browsers_write_origins() {
        for (text, written) in [
            ("https://registry.example.com", "https://registry.example.com"),
            ("HTTPS://Registry.Example.com:443", "https://registry.example.com"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:443", "http://localhost:443"),
            ("https://10.1.2.3:8700", "https://10.1.2.3:8700"),
            ("https://[0:0::1]:8700", "https://[::1]:8700"),
            ("https://[::1]", "https://[::1]"),
        ] {
            assert_eq!(BaseUrl::parse(text).map(|url| url.to_string()).as_deref(), Ok(written), "{text}");
        }
    }

    #[test]
    fn what_is_more_or_less_than_scheme_host_and_port_is_refused() {
        for text in [
            "",
            "registry.example.com",
            "//registry.example.com",
            "ftp://registry.example.com",
            "https://",
            "https:///",
            "https://registry.example.com/",
            "https://registry.example.com/path",
            "https://registry.example.com?x",
            "https://user@registry.example.com",
            "https://registry.example.com:",
            "https://registry.example.com:0",
            "https://registry.example.com:+443",
            "https://registry.example.com:70000",
            "https://registry.example.com::443",
            "https://::1",
            "https://[::1",
            "https://[10.0.0.1]",
            "https://a b",
            "https://a..b",
            "https://ä.example",
            "https://a\n",
            " https://a",
        ] {
            assert_eq!(BaseUrl::parse(text), Err(Invalid::Url), "{text}");
        }
    }

    #[test]
    fn parts_are_told_apart() {
        let url = BaseUrl::parse("https://[::1]:8700").unwrap();
        assert_eq!((url.host(), url.authority().as_str(), url.is_https()), ("::1", "[::1]:8700", true));
        let ports = ["https://[::1]:8700", "https://a", "http://a"].map(|url| BaseUrl::parse(url).unwrap().port());
        assert_eq!(ports, [8700, 443, 80]);
        for (url, is_loopback) in [
            ("http://localhost:5000", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:5000", true),
            ("http://[::ffff:127.0.0.1]", true),
            ("http://localhost.example.com", false),
            ("http://0.0.0.0", false),
            ("http://registry", false),
        ] {
            assert_eq!(BaseUrl::parse(url).unwrap().is_loopback(), is_loopback, "{url}");
        }
        for (url, is_private, named) in [
            ("http://127.0.0.1:8700", true, "http://localhost:8700"),
            ("https://[::1]", true, "https://localhost"),
            ("http://127.0.0.2:8700", true, "http://127.0.0.2:8700"),
            ("https://10.1.2.3", true, "https://10.1.2.3"),
            ("https://172.31.0.1:8700", true, "https://172.31.0.1:8700"),
            ("https://192.168.1.1", true, "https://192.168.1.1"),
            ("https://169.254.0.1", true, "https://169.254.0.1"),
            ("https://[fd00::5]", true, "https://[fd00::5]"),
            ("https://[fe80::5]", true, "https://[fe80::5]"),
            ("https://[::ffff:10.0.0.1]", true, "https://[::ffff:10.0.0.1]"),
            ("https://172.32.0.1", false, "https://172.32.0.1"),
            ("https://203.0.113.5", false, "https://203.0.113.5"),
            ("https://[2001:db8::5]", false, "https://[2001:db8::5]"),
            ("https://localhost", false, "https://localhost"),
            ("https://10.example.com", false, "https://10.example.com"),
        ] {
            let parsed = BaseUrl::parse(url).unwrap();
            assert_eq!(
                (parsed.is_private_literal(), parsed.named().to_string().as_str()),
                (is_private, named),
                "{url}"
            );
        }
        let mapped = BaseUrl::of_address(false, "[::ffff:127.0.0.1]:80".parse().unwrap());
        assert_eq!(mapped.to_string(), "http://127.0.0.1");
    }
}
