//! Hosts: what may be a name, and the one by which clients reach the registry.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

/// Longest host name, in bytes (RFC 1035).
const MAX_HOST: usize = 253;

/// Whether the text may be a host name: labels of letters, digits, `-` and `_`, joined by dots.
#[must_use]
pub fn is_host_name(text: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_label =
        |label: &str| !label.is_empty() && label.len() <= 63 && label.bytes().all(is_letter) && !label.starts_with('-');
    text.len() <= MAX_HOST && text.split('.').all(is_label)
}

/// Takes `host` or `host:port` apart: the host in lower case and without brackets, and the port if there is one. None if
/// it is neither; an IPv6 address stands in brackets.
#[must_use]
pub fn split(text: &str) -> Option<(String, Option<u16>)> {
    let colon = text.rfind(':').filter(|colon| text.rfind(']').is_none_or(|bracket| bracket < *colon));
    let Some((host, port)) = colon.and_then(|colon| text.split_at_checked(colon)) else {
        return Some((read(text)?, None));
    };
    let digits = port.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    let port = digits.parse().ok().filter(|port| *port > 0)?;
    Some((read(host)?, Some(port)))
}

fn read(host: &str) -> Option<String> {
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse().ok().map(|address: Ipv6Addr| address.to_string());
    }
    let is_host = is_host_name(host) || host.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4());
    is_host.then(|| host.to_ascii_lowercase())
}

/// Whether a host can only be this machine: a loopback address, or `localhost` (RFC 6761).
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
}

/// A host as URLs and image references write it: an IPv6 address in brackets.
#[must_use]
pub fn in_brackets(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Host, and perhaps port, by which clients reach the registry, as it stands at the beginning of an image reference; or
/// that this is not known, which is the default.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct PublicHost(Option<Arc<str>>);

/// Why a text is no [`PublicHost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHost {
    /// Not a host with perhaps a port.
    #[error("expected a host, and perhaps a port, as an image reference begins: registry.example.com or 10.0.0.5:5000")]
    Shape,
    /// A name that no client takes for a host.
    #[error(
        "docker takes a first part without a dot, a port, or the name localhost, for a namespace: add one of these"
    )]
    Namespace,
}

impl PublicHost {
    /// Reads `host` or `host:port`; an empty text is none.
    ///
    /// # Errors
    /// [`InvalidHost`] for anything else, a scheme or a path included, and for what clients take for a namespace.
    pub fn parse(text: &str) -> Result<Self, InvalidHost> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let (host, port) = split(text).ok_or(InvalidHost::Shape)?;
        if port.is_none() && host != "localhost" && !host.contains(['.', ':']) {
            return Err(InvalidHost::Namespace);
        }
        Ok(Self::of(&host, port))
    }

    /// This host, without brackets, and port.
    #[must_use]
    pub fn of(host: &str, port: Option<u16>) -> Self {
        let host = in_brackets(host);
        Self(Some(port.map_or(host.clone(), |port| format!("{host}:{port}")).into()))
    }

    /// The text; none if it is not known.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// This one, or the other where it is not known.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        if self.0.is_some() { self } else { other.clone() }
    }
}

impl fmt::Display for PublicHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str().unwrap_or("none"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_253_letters_and_its_labels_63() {
        let name = |labels: usize, last: usize| {
            format!("{}{}", "a".repeat(62) + &format!(".{}", "b".repeat(63)).repeat(labels), ".c".repeat(last))
        };
        assert_eq!(name(2, 31).len(), 252);
        assert!(is_host_name(&name(2, 31)) && is_host_name(&format!("{}d", name(2, 31))));
        assert!(!is_host_name(&name(2, 32)) && !is_host_name(&"a".repeat(64)) && is_host_name(&"a".repeat(63)));
    }

    #[test]
    fn a_public_host_is_what_an_image_reference_begins_with() {
        for (text, written) in [
            ("", None),
            ("Registry.Example.com", Some("registry.example.com")),
            ("registry:5000", Some("registry:5000")),
            ("localhost", Some("localhost")),
            ("10.0.0.5:443", Some("10.0.0.5:443")),
            ("[0:0::1]:5000", Some("[::1]:5000")),
            ("[fd00::5]", Some("[fd00::5]")),
        ] {
            assert_eq!(PublicHost::parse(text).unwrap().as_str(), written, "{text}");
        }
        assert_eq!(PublicHost::parse("registry"), Err(InvalidHost::Namespace));
        for text in ["https://a.b", "a.b/", "a.b:0", "a.b:70000", "a.b:x", "::1", "a b", "a.b:5000 ", "a..b", "@a.b"] {
            assert_eq!(PublicHost::parse(text), Err(InvalidHost::Shape), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_gives_way() {
        let known = PublicHost::parse("a.b").unwrap();
        assert_eq!(PublicHost::default().or(&known), known);
        assert_eq!(known.clone().or(&PublicHost::parse("c.d").unwrap()), known);
        assert_eq!(PublicHost::default().to_string(), "none");
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_read_again_as_it_is_written(text in "[a-zA-Z0-9.:\\[\\]_-]{0,20}|\\PC{0,20}") {
            if let Ok(host) = PublicHost::parse(&text) {
                proptest::prop_assert_eq!(PublicHost::parse(host.as_str().unwrap_or_default()), Ok(host));
            }
        }
    }
}
