//! The sections of the configuration, with every value checked and in its own type.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::network::Network;
use super::url::BaseUrl;
use crate::domain::host::PublicHost;
use crate::domain::key_header::KeyHeader;
use crate::domain::receiver::{SyslogServer, WebhookUrl};
use crate::domain::upstream::{Redirects, UpstreamAuth};
use crate::domain::words::words;

/// The listening address, and the proxies in front of it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Directory of the store, the keys and the local socket.
    pub data_dir: PathBuf,
    /// Whether a backup is kept of a store of an earlier format before it is brought to today's.
    pub upgrade_backup: bool,
    /// The directory for it; none: one in the data directory.
    pub upgrade_backup_dir: Option<PathBuf>,
    /// What clients are told to connect to; none: the listening address, see [`super::Config::public_url`].
    pub public_url: Option<BaseUrl>,
    /// Whether a reverse proxy speaks TLS with the clients.
    pub behind_proxy: bool,
    /// Peers whose `X-Forwarded-For` counts, see [`super::Config::is_trusted_proxy`].
    pub trusted_proxies: Vec<Network>,
    /// Origins of web pages elsewhere that may use the token endpoint and the registry API.
    pub allowed_origins: Vec<BaseUrl>,
    /// Most connections at a time, without those of trusted proxies.
    pub max_connections: u32,
    /// Most of them that are in a TLS handshake.
    pub max_handshakes: u32,
    /// Longest TLS handshake, in seconds.
    pub handshake_timeout: i64,
    /// For how many seconds an answer may stand still because its client does not read.
    pub stall_timeout: i64,
    /// Most memory that waits for clients who do not read, in MiB.
    pub max_unread: u32,
    /// The same for one source, in MiB.
    pub max_unread_per_source: u32,
    /// Threads that answer requests; 0 is one for each processor core.
    pub workers: u32,
}

/// Certificates of the HTTP server: files of the operator, self-signed, or none.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate and the chain behind it, as PEM; set if and only if `key` is.
    pub cert: Option<PathBuf>,
    /// The private key, as PEM.
    pub key: Option<PathBuf>,
    /// Whether dockpass makes its own CA and certificate; never together with `cert`.
    pub self_signed: bool,
    /// More host names (lower case) and IP addresses for the self-signed certificate.
    pub names: Vec<String>,
}

/// Registry tokens.
#[derive(Clone, Debug)]
pub struct Registry {
    /// `iss`; printable and not empty.
    pub issuer: String,
    /// Accepted values of `service`, 1 to 16, without quotes; the first stands in challenges.
    pub services: Vec<String>,
    /// Seconds that a registry token lives, 60 to 86,400.
    pub token_lifetime: i64,
    /// Seconds that the signing certificate lives, at least 300 and at least three times `token_lifetime`.
    pub leaf_lifetime: i64,
    /// How a token names its key; other than [`KeyHeader::X5c`] only with `fixed_key`.
    pub key_header: KeyHeader,
    /// Whether one key signs until it is changed by hand.
    pub fixed_key: bool,
    /// Where dockpass reaches the registry; none: it never asks it.
    pub url: Option<BaseUrl>,
    /// How clients reach the registry; if not set, see [`super::Config::registry_host`].
    pub public_host: PublicHost,
    /// Certificates trusted for it beside the system's roots, as PEM; set only together with `url`.
    pub ca: Option<PathBuf>,
    /// Seconds that one answer of the registry may take, 1 to 300.
    pub timeout: i64,
    /// File with the secret of the registry's notifications; none: one in the data directory, made when missing.
    pub events_secret: Option<PathBuf>,
    /// Seconds from one comparison with what the registry holds to the next, 60 to 2,592,000.
    pub sync_interval: i64,
    /// The registry behind the gateway.
    pub gateway: Gateway,
}

/// The registry whose API dockpass serves under its own host name.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Where it is; none: there is no gateway. With one, [`Registry::url`] is the same.
    pub upstream: Option<BaseUrl>,
    /// What is shown to it.
    pub auth: UpstreamAuth,
    /// The user name, set if and only if `auth` is `basic`.
    pub user: Option<String>,
    /// The file with the password, set if and only if `auth` is `basic`.
    pub password_file: Option<PathBuf>,
    /// `aud` of the registry tokens for it, set if and only if `auth` is `token`; none of [`Registry::services`].
    pub service: Option<String>,
    /// What becomes of its redirects to its storage.
    pub redirects: Redirects,
    /// Seconds until its answer must begin, 1 to 3,600.
    pub timeout: i64,
    /// Most requests that are at it at a time.
    pub max_requests: u32,
    /// Seconds that a registry token lives that nobody but dockpass takes, 60 to 604,800.
    pub token_lifetime: i64,
}

/// Repositories.
#[derive(Clone, Debug)]
pub struct Repositories {
    /// Whether a push makes the record of a missing repository.
    pub create_on_push: bool,
    /// Most repositories of one namespace; beyond that no more are made.
    pub max_per_namespace: u32,
}

/// Access tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// Longest label, in characters.
    pub max_label: u32,
    /// Most access tokens of one account.
    pub max_per_account: u32,
    /// Seconds until an access token expires if its maker sets no expiry; none is never.
    pub default_lifetime: Option<i64>,
    /// Most seconds until an access token expires; none lets it live for ever.
    pub max_lifetime: Option<i64>,
    /// Seconds before its end that an access token is warned of; none: there are no warnings.
    pub warn_before: Option<i64>,
}

/// Robots of organizations.
#[derive(Clone, Debug)]
pub struct Robots {
    /// Most robots of one organization.
    pub max_per_organization: u32,
}

/// The audit log.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Whether each issued registry token is audited.
    pub registry_tokens: bool,
    /// Days for which records are kept; 0 is for ever.
    pub keep_days: u32,
    /// Most MiB of records that are kept; 0 is all.
    pub keep_mib: u32,
    /// Where the head of the log is noted; none: nowhere.
    pub head_file: Option<PathBuf>,
    /// The syslog server that records go to.
    pub syslog: Option<SyslogServer>,
    /// Certificates trusted for it beside the system's roots, as PEM.
    pub syslog_ca: Option<PathBuf>,
    /// The webhook that records go to; set if and only if `webhook_secret_file` is.
    pub webhook_url: Option<WebhookUrl>,
    /// The file with the secret that signs what goes there.
    pub webhook_secret_file: Option<PathBuf>,
    /// Certificates trusted for it beside the system's roots, as PEM.
    pub webhook_ca: Option<PathBuf>,
}

words! {
    /// How lines of the log are written.
    pub enum LogFormat {
        /// For people: time, level, target, message and fields, separated by blanks.
        Text = "text",
        /// For programs: one JSON object a line.
        Json = "json",
    }
}

/// The log on standard error.
#[derive(Clone, Debug)]
pub struct Log {
    /// Whether each request has a line.
    pub requests: bool,
    /// How lines are written.
    pub format: LogFormat,
}

/// What one account may do.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Changes a minute.
    pub changes_per_minute: u32,
}

/// The metrics.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// File with the secret that opens them; none: one in the data directory, made when missing.
    pub secret_file: Option<PathBuf>,
    /// Where they are served without a secret.
    pub listen: Option<ThisMachine>,
}

/// A place that only this machine reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThisMachine {
    /// An address of loopback; port 0 takes a free one.
    Loopback(SocketAddr),
    /// A Unix socket, by its absolute path.
    Socket(PathBuf),
}

impl Server {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: PathBuf::new(),
            upgrade_backup: false,
            upgrade_backup_dir: None,
            public_url: None,
            behind_proxy: false,
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            max_connections: 0,
            max_handshakes: 0,
            handshake_timeout: 0,
            stall_timeout: 0,
            max_unread: 0,
            max_unread_per_source: 0,
            workers: 0,
        }
    }

    /// Whether only this machine can connect. An unspecified address (`0.0.0.0`, `::`) stands for every address: false.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().to_canonical().is_loopback()
    }
}

impl Tls {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { cert: None, key: None, self_signed: false, names: Vec::new() }
    }
}

impl Registry {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self {
            issuer: String::new(),
            services: Vec::new(),
            token_lifetime: 0,
            leaf_lifetime: 0,
            key_header: KeyHeader::X5c,
            fixed_key: false,
            url: None,
            public_host: PublicHost::default(),
            ca: None,
            timeout: 0,
            events_secret: None,
            sync_interval: 0,
            gateway: Gateway::blank(),
        }
    }

    /// How long the longest-lived registry tokens live, in seconds, after the key that says so: those for the gateway may
    /// live longer, since each use of one is checked against what holds then.
    #[must_use]
    pub fn longest_token_lifetime(&self) -> (&'static str, i64) {
        let own = ("registry.token_lifetime", self.token_lifetime);
        let gateway =
            self.gateway.upstream.as_ref().map(|_| ("registry.gateway_token_lifetime", self.gateway.token_lifetime));
        gateway.filter(|(_, seconds)| *seconds > own.1).unwrap_or(own)
    }
}

impl Gateway {
    /// Placeholders: the table of keys sets each field.
    fn blank() -> Self {
        Self {
            upstream: None,
            auth: UpstreamAuth::None,
            user: None,
            password_file: None,
            service: None,
            redirects: Redirects::Pass,
            timeout: 0,
            max_requests: 0,
            token_lifetime: 0,
        }
    }
}

impl Repositories {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { create_on_push: false, max_per_namespace: 0 }
    }
}

impl Tokens {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { max_label: 0, max_per_account: 0, default_lifetime: None, max_lifetime: None, warn_before: None }
    }
}

impl Robots {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { max_per_organization: 0 }
    }
}

impl Audit {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self {
            registry_tokens: false,
            keep_days: 0,
            keep_mib: 0,
            head_file: None,
            syslog: None,
            syslog_ca: None,
            webhook_url: None,
            webhook_secret_file: None,
            webhook_ca: None,
        }
    }
}

impl Log {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { requests: false, format: LogFormat::Text }
    }
}

impl Metrics {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { secret_file: None, listen: None }
    }
}

impl Limits {
    /// Placeholders: the table of keys sets each field.
    pub(super) fn blank() -> Self {
        Self { changes_per_minute: 0 }
    }
}
