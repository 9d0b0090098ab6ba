//! Why a configuration value cannot be used.

use crate::domain::duration::InvalidDuration;
use crate::domain::host::InvalidHost;
use crate::domain::receiver::{InvalidSyslogServer, InvalidWebhookUrl};
use crate::domain::words::UnknownWord;

/// Longest single value, in bytes.
pub(super) const MAX_TEXT: usize = 255;
/// Most accepted values of `service`.
pub(super) const MAX_SERVICES: usize = 16;

/// Why a value cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A value of another kind.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What the key takes.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A number where a length of time belongs.
    #[error("a length of time is written in quotes and with its unit, such as \"{0}s\" for seconds")]
    BareNumber(i64),
    /// Not a length of time.
    #[error(transparent)]
    Duration(#[from] InvalidDuration),
    /// A length of time out of bounds.
    #[error("expected {min} to {max}")]
    Range {
        /// The smallest.
        min: String,
        /// The largest.
        max: String,
    },
    /// An empty value.
    #[error("it cannot be empty")]
    Empty,
    /// Too long, or with characters that cannot be shown.
    #[error("expected at most {MAX_TEXT} characters, none of them a control character")]
    Text,
    /// A user name with a colon.
    #[error("a user name has no `:`, after which the password would begin")]
    Colon,
    /// Too many entries.
    #[error("expected at most {0} entries")]
    TooMany(usize),
    /// Not a socket address.
    #[error(
        "expected an IP address and a port, such as 127.0.0.1:8700, 0.0.0.0:8700 or [::1]:8700, or a port on loopback"
    )]
    Address,
    /// A place that other machines would reach, or none at all.
    #[error(
        "expected an IP address of loopback and a port, such as 127.0.0.1:8701, or the absolute path of a Unix socket: no \
         secret is asked for there, so no other machine may reach it"
    )]
    ThisMachine,
    /// Not a URL of scheme, host and port.
    #[error(
        "expected http:// or https://, a host and perhaps a port, and nothing behind it, such as https://registry.example.com"
    )]
    Url,
    /// Not the origin of a web page.
    #[error("expected the exact origin of a web page, such as https://ui.example.com; neither * nor null is one")]
    Origin,
    /// Not a syslog server.
    #[error(transparent)]
    SyslogServer(#[from] InvalidSyslogServer),
    /// Not the URL of a webhook.
    #[error(transparent)]
    WebhookUrl(#[from] InvalidWebhookUrl),
    /// Not a host that clients could reach the registry by.
    #[error(transparent)]
    PublicHost(#[from] InvalidHost),
    /// Neither an IP address nor a network.
    #[error("expected an IP address or a network, such as 10.0.0.5 or 10.0.0.0/8")]
    Network,
    /// A network with bits set behind its prefix.
    #[error("an address behind the prefix is ambiguous: write {0}, or the address alone")]
    NetworkBits(String),
    /// Not a host.
    #[error("expected host names and IP addresses, such as registry.example.com or 10.0.0.5")]
    Host,
    /// Not a service name.
    #[error(
        "expected 1 to {MAX_SERVICES} different names of visible ASCII characters, without quotes, backslashes and commas"
    )]
    Services,
    /// Unknown word.
    #[error(transparent)]
    Word(#[from] UnknownWord),
}
