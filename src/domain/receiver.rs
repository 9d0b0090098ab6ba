//! Where the audit log is sent: a syslog server, or an HTTP endpoint that takes webhooks.

use std::fmt;

use super::host;
use super::words::words;

/// Longest URL of a webhook, in bytes.
const LONGEST_URL: usize = 2_048;

words! {
    /// How syslog messages travel.
    pub enum Transport {
        /// One datagram each, of which nobody knows whether it arrives (RFC 5426).
        Udp = "udp",
        /// Octet-counted over TCP (RFC 6587).
        Tcp = "tcp",
        /// The same over TLS (RFC 5425).
        Tls = "tls",
    }
}

/// A syslog server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogServer {
    /// How messages travel to it.
    pub transport: Transport,
    /// A name, or an IP address without brackets.
    pub host: String,
    /// The port; the transport's own if none was given.
    pub port: u16,
}

/// The text names no syslog server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected udp://, tcp:// or tls://, a host and perhaps a port, such as tls://logs.example.com:6514")]
pub struct InvalidSyslogServer;

impl SyslogServer {
    /// Reads `udp://HOST`, `tcp://HOST` or `tls://HOST`, with or without `:PORT`.
    ///
    /// # Errors
    /// [`InvalidSyslogServer`] for anything else, a path or a user name included.
    pub fn parse(text: &str) -> Result<Self, InvalidSyslogServer> {
        let (scheme, rest) = text.split_once("://").ok_or(InvalidSyslogServer)?;
        let transport = scheme.parse().map_err(|_| InvalidSyslogServer)?;
        let (host, port) = host::split(rest).ok_or(InvalidSyslogServer)?;
        let usual = match transport {
            Transport::Udp | Transport::Tcp => 514,
            Transport::Tls => 6514,
        };
        Ok(Self { transport, host, port: port.unwrap_or(usual) })
    }
}

impl fmt::Display for SyslogServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}:{}", self.transport, host::in_brackets(&self.host), self.port)
    }
}

/// The URL of a webhook. What stands behind the host may be a secret: `Debug` and [`WebhookUrl::place`] leave it out.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookUrl {
    text: String,
    /// Length of what comes before the path.
    authority: usize,
}

/// The text is no URL of a webhook. The error never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidWebhookUrl {
    /// Something else.
    #[error(
        "expected https://, a host and perhaps a port and a path, without user name and fragment, at most {LONGEST_URL} \
         characters, such as https://hooks.example.com/dockpass"
    )]
    Shape,
    /// Records would cross the network for everybody to read.
    #[error("http:// is for this machine alone, since the records would cross the network unprotected: use https://")]
    ClearText,
}

impl WebhookUrl {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`InvalidWebhookUrl`]
    pub fn parse(text: &str) -> Result<Self, InvalidWebhookUrl> {
        let is_printable = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\'));
        let (scheme, rest) = text.split_once("://").ok_or(InvalidWebhookUrl::Shape)?;
        let is_https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(InvalidWebhookUrl::Shape),
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let (host, _) = host::split(authority).filter(|_| is_printable).ok_or(InvalidWebhookUrl::Shape)?;
        if text.len() > LONGEST_URL || rest.get(authority.len()..).is_some_and(|rest| rest.starts_with('?')) {
            return Err(InvalidWebhookUrl::Shape);
        }
        if !is_https && !host::is_loopback(&host) {
            return Err(InvalidWebhookUrl::ClearText);
        }
        let authority = scheme.len() + "://".len() + authority.len();
        Ok(Self { text: text.to_owned(), authority })
    }

    /// The whole URL.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port alone, for messages.
    #[must_use]
    pub fn place(&self) -> &str {
        self.text.get(..self.authority).unwrap_or_default()
    }
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syslog_server_is_a_transport_a_host_and_a_port() {
        for (text, written) in [
            ("udp://127.0.0.1", "udp://127.0.0.1:514"),
            ("tcp://Logs.example.com:601", "tcp://logs.example.com:601"),
            ("tls://[::1]", "tls://[::1]:6514"),
        ] {
            assert_eq!(SyslogServer::parse(text).unwrap().to_string(), written);
        }
        for text in ["", "logs", "http://logs", "tcp://", "tcp://logs/", "tcp://a@logs", "tcp://logs:0", "TCP://logs"] {
            assert_eq!(SyslogServer::parse(text), Err(InvalidSyslogServer), "{text}");
        }
    }

    #[test]
    fn a_webhook_is_a_url_whose_path_is_told_to_nobody() {
        for (text, place) in [
            ("https://hooks.example.com/T0/s3cret?a=b", "https://hooks.example.com"),
            ("https://hooks.example.com:8443", "https://hooks.example.com:8443"),
            ("http://127.0.0.1:9/s3cret", "http://127.0.0.1:9"),
            ("http://[::1]:9/", "http://[::1]:9"),
            ("http://localhost/", "http://localhost"),
        ] {
            let url = WebhookUrl::parse(text).unwrap();
            assert_eq!((url.reveal(), url.place(), format!("{url:?}").as_str()), (text, place, place));
        }
        let long = format!("https://a/{}", "a".repeat(2_048));
        for text in [
            "",
            "hooks",
            "ftp://a/",
            "https://",
            "https:///x",
            "https://a/#x",
            "https://u:p@a/",
            "https://a/ x",
            "https://a?x",
            &long,
        ] {
            assert_eq!(WebhookUrl::parse(text), Err(InvalidWebhookUrl::Shape), "{text}");
        }
        for text in ["http://hooks.example.com/", "http://192.0.2.1/", "http://10.0.0.1:8080/x"] {
            assert_eq!(WebhookUrl::parse(text), Err(InvalidWebhookUrl::ClearText), "{text}");
        }
    }
}
