//! Why a configuration is refused. Each message names the place and what would be right.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::invalid::Invalid;
use crate::denied;
use crate::domain::duration;
use crate::domain::key_header::KeyHeader;
use crate::domain::upstream::UpstreamAuth;

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}", denied::told_of_site(path, source))]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Somebody else could have written the file.
    #[error("the configuration file {} is not used: {why}", path.display())]
    Doubtful {
        /// The file.
        path: PathBuf,
        /// Who could, and what to do.
        why: String,
    },
    /// The file is not TOML.
    #[error("{}, line {line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser says.
        message: String,
    },
    /// The file has an unknown key.
    #[error("{}, line {line}: there is no key `{}`; {known}", path.display(), key.escape_debug())]
    Unknown {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The key as written.
        key: String,
        /// The known keys or sections that could stand there.
        known: String,
    },
    /// A flag sets an unknown key: a fault of this program.
    #[error("there is no key `{0}`")]
    NoSuchKey(String),
    /// A value cannot be used.
    #[error("{place}: {key}")]
    Value {
        /// Where it stands.
        place: ValueSource,
        /// The key.
        key: &'static str,
        /// Why.
        source: Invalid,
    },
    /// Values that do not go together.
    #[error(transparent)]
    Conflict(#[from] Conflict),
}

impl ConfigError {
    /// Whether a flag has a value that cannot be used: then the command line is wrong, and no file or variable is.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Value { place: ValueSource::Flag, .. })
    }
}

/// Where a value stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ValueSource {
    /// In the program itself.
    Default,
    /// In the file.
    File {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// In the environment, under this name.
    Environment(String),
    /// On the command line.
    Flag,
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// Values that do not go together, each fine by itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// Passwords would cross the network in clear text.
    #[error(
        "server.listen = {0} is open to other machines, and passwords and access tokens would cross the network in clear \
         text: set tls.cert and tls.key, or tls.self_signed = true, or server.behind_proxy = true if a proxy that speaks \
         TLS stands before it"
    )]
    ClearText(SocketAddr),
    /// Behind a proxy, but no proxy is trusted.
    #[error(
        "server.behind_proxy needs server.trusted_proxies: without them every request seems to come from the proxy, and \
         wrong guesses of one client would lock out all"
    )]
    NoTrustedProxy,
    /// A certificate without its key, or the other way round.
    #[error("tls.cert and tls.key belong together: set both or none")]
    HalfAPair,
    /// A certificate of the operator and a self-signed one.
    #[error("tls.cert and tls.self_signed exclude each other: unset one")]
    TwoCertificates,
    /// Clients would not know where to connect.
    #[error(
        "server.public_url must be set when server.listen is not loopback or server.behind_proxy is true: clients and \
         registries are told to connect there, as https://registry.example.com"
    )]
    NoPublicUrl,
    /// Clients would speak HTTP to a TLS port.
    #[error("server.public_url = {0} must begin with https://, since dockpass speaks TLS")]
    PublicUrlWithoutTls(String),
    /// A key header that names one fixed key, while the key renews itself.
    #[error(
        "registry.key_header = \"{}\" is for registries that know one key only, which would refuse every token once the \
         signing key renews itself: set registry.fixed_key = true, or registry.key_header = \"x5c\"", .0
    )]
    NeedsFixedKey(KeyHeader),
    /// A CA for a syslog server that shows no certificate.
    #[error(
        "audit.syslog_ca is trusted for a syslog server over TLS: set audit.syslog = \"tls://…\", or no audit.syslog_ca"
    )]
    CaWithoutTls,
    /// A webhook without the secret that signs, or the other way round.
    #[error("audit.webhook_url and audit.webhook_secret_file belong together: set both or none")]
    HalfAWebhook,
    /// A CA for a webhook that is not configured.
    #[error("audit.webhook_ca is trusted for audit.webhook_url, which is not set: set it, or no audit.webhook_ca")]
    CaWithoutWebhook,
    /// A CA for a registry that is not configured.
    #[error(
        "registry.ca is trusted for the registry at registry.url or registry.upstream, neither of which is set: set one of \
         them, or no registry.ca"
    )]
    CaWithoutRegistry,
    /// A gateway before one registry, and the URL of another.
    #[error(
        "registry.upstream = {upstream} and registry.url = {url} name different registries, and there is one behind the \
         gateway: unset registry.url"
    )]
    TwoRegistries {
        /// Behind the gateway.
        upstream: String,
        /// Next door.
        url: String,
    },
    /// The registry behind the gateway would be the gateway.
    #[error(
        "registry.upstream = {0} is where dockpass itself is reached, so that every request would come back to it: name the \
         registry's own address"
    )]
    UpstreamIsGateway(String),
    /// A user name and a password are to be shown to the registry behind the gateway, and one of them is missing.
    #[error("registry.upstream_auth = \"basic\" needs {0}, which is not set")]
    UpstreamPassword(&'static str),
    /// A registry token is to be shown to the registry behind the gateway, and its service is missing.
    #[error(
        "registry.upstream_auth = \"token\" needs registry.upstream_service, the service that the registry's own \
         configuration names"
    )]
    UpstreamService,
    /// Something for the registry behind the gateway that is not shown to it.
    #[error("{key} has no use with registry.upstream_auth = \"{auth}\", only with \"{needed}\": unset it, or set that")]
    NotShown {
        /// What is set.
        key: &'static str,
        /// How.
        auth: UpstreamAuth,
        /// With what it has a use.
        needed: UpstreamAuth,
    },
    /// Tokens that only the gateway checks against the present would be taken by the registry behind it.
    #[error(
        "registry.upstream_service = \"{0}\" is one of registry.services: the registry behind the gateway would take the \
         long-lived registry tokens of clients, past dockpass; give it a service of its own"
    )]
    SameService(String),
    /// The certificate could expire before the tokens that it vouches for.
    #[error(
        "registry.leaf_lifetime = \"{}\" is too short: its certificate renews itself when a third is left, and registry \
         tokens live longer than that ({key} = \"{}\"); set it to at least \"{}\"",
        duration::format(*.leaf), duration::format(*.token), duration::format(.token.saturating_mul(3))
    )]
    LeafBelowTokens {
        /// Seconds.
        leaf: i64,
        /// What says how long registry tokens live.
        key: &'static str,
        /// Seconds.
        token: i64,
    },
    /// The default lifetime exceeds the longest one allowed.
    #[error(
        "tokens.default_lifetime = \"{}\" is longer than tokens.max_lifetime = \"{}\": set both",
        .default.map_or("never".to_owned(), duration::format), duration::format(*.max)
    )]
    DefaultBeyondMax {
        /// Seconds; none is never.
        default: Option<i64>,
        /// Seconds.
        max: i64,
    },
}
