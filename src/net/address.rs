//! The URL of a server: scheme, host and port, and nothing else.

use hyper::Uri;
use hyper::http;
use hyper::http::uri::{Authority, Scheme};

/// The text is not a URL of scheme, host and port. The error never repeats it: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected http:// or https://, a host and perhaps a port, and nothing behind it")]
pub struct InvalidUrl;

/// A server, as its URL names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Whether the scheme is `https`.
    pub is_tls: bool,
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port that was given, or the scheme's own.
    pub port: u16,
    /// Host and port as they were given, for the `Host` header.
    pub authority: Authority,
}

impl Address {
    /// Reads `http://` or `https://`, a host, perhaps a port, and perhaps a slash at the end.
    ///
    /// # Errors
    /// [`InvalidUrl`] for anything else, a path, a query, a fragment or credentials included.
    pub fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let uri: Uri = url.parse().map_err(|_| InvalidUrl)?;
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !url.contains('#');
        if is_bare { Self::of(&uri) } else { Err(InvalidUrl) }
    }

    /// The server of a URL, whose path and query are ignored.
    ///
    /// # Errors
    /// [`InvalidUrl`] for a URL without scheme or host, with another scheme, or with credentials.
    pub fn of(uri: &Uri) -> Result<Self, InvalidUrl> {
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or(InvalidUrl)?;
        let (is_tls, default_port) = match uri.scheme_str() {
            Some("https") => (true, 443),
            Some("http") => (false, 80),
            Some(_) | None => return Err(InvalidUrl),
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            None if authority.as_str().ends_with(authority.host()) => default_port,
            None => return Err(InvalidUrl),
        };
        if host.is_empty() { Err(InvalidUrl) } else { Ok(Self { is_tls, host, port, authority: authority.clone() }) }
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        if self.is_tls { Scheme::HTTPS } else { Scheme::HTTP }
    }

    /// The URL of a path, with its query, at this server.
    ///
    /// # Errors
    /// If the text is not a path with a query.
    pub fn at(&self, path: &str) -> Result<Uri, http::Error> {
        Uri::builder().scheme(self.scheme()).authority(self.authority.clone()).path_and_query(path).build()
    }

    /// The URL for messages, without a slash at its end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> (bool, String, u16, String) {
        let address = Address::parse(url).unwrap();
        let written = address.url();
        (address.is_tls, address.host, address.port, written)
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        assert_eq!(address("https://a.example"), (true, "a.example".into(), 443, "https://a.example".into()));
        assert_eq!(
            address("http://127.0.0.1:8700/"),
            (false, "127.0.0.1".into(), 8700, "http://127.0.0.1:8700".into())
        );
        assert_eq!(address("https://[::1]:8700"), (true, "::1".into(), 8700, "https://[::1]:8700".into()));
        assert_eq!(address("https://[::1]"), (true, "::1".into(), 443, "https://[::1]".into()));
    }

    #[test]
    fn everything_else_is_refused() {
        for url in [
            "",
            "a.example",
            "a.example:8700",
            "ftp://a",
            "https://a/path",
            "https://a/?q=secret",
            "https://alice:secret@a/",
            "https://a:99999",
            "https://a:",
            "https://",
            "https://a/#secret",
            "/secret",
        ] {
            assert_eq!(Address::parse(url), Err(InvalidUrl), "{url}");
        }
    }
}
