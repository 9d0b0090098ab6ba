//! The address of a server, such as dockpass itself or the registry beside it: scheme, host and port, nothing else.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::invalid::Invalid;

/// Longest host name, in bytes (RFC 1035).
const MAX_HOST: usize = 253;

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
        let (host, port) = split_port(rest)?;
        Ok(Self { https, host: read_host(host)?, port: port.unwrap_or(default_port(https)) })
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
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
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
        let brackets = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        let host = format!("{}{}{}", brackets.0, self.host, brackets.1);
        if self.port == default_port(self.https) { host } else { format!("{host}:{}", self.port) }
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

/// The host, still in its brackets if it has any, and the port if there is one.
fn split_port(text: &str) -> Result<(&str, Option<u16>), Invalid> {
    let colon = text.rfind(':').filter(|colon| text.rfind(']').is_none_or(|bracket| bracket < *colon));
    let Some((host, port)) = colon.and_then(|colon| text.split_at_checked(colon)) else {
        return Ok((text, None));
    };
    let digits = port.trim_start_matches(':');
    let is_port = digits.len() + 1 == port.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.parse() {
        Ok(port) if is_port && port > 0 => Ok((host, Some(port))),
        Ok(_) | Err(_) => Err(Invalid::Url),
    }
}

fn read_host(text: &str) -> Result<String, Invalid> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = inner.parse().map_err(|_| Invalid::Url)?;
        return Ok(address.to_string());
    }
    if is_host_name(text) || text.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Invalid::Url)
}

/// Whether the text may be a host name: labels of letters, digits, `-` and `_`, joined by dots.
pub(super) fn is_host_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label =
        |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(is_letter) && !label.starts_with('-');
    text.len() <= MAX_HOST && text.split('.').all(is_label)
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
        let mapped = BaseUrl::of_address(false, "[::ffff:127.0.0.1]:80".parse().unwrap());
        assert_eq!(mapped.to_string(), "http://127.0.0.1");
    }
}
