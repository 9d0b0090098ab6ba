//! The table of keys: the one place that says which keys there are, what they default to and what they mean.

use std::ops::RangeInclusive;

use super::Config;
use super::invalid::Invalid;
use super::values::{self, Raw};
use crate::domain::audit::CHANGES_STAY;
use crate::domain::receiver::{SyslogServer, WebhookUrl};
use crate::domain::words::flag;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// Longest lifetime of keys that also take "never": anything longer is a mistake.
const CENTURY: i64 = 36_525 * DAY;

/// One key.
pub(super) struct Key {
    /// Section and name, such as `server.listen`.
    pub(super) name: &'static str,
    /// One sentence, or two.
    pub(super) doc: &'static str,
    kind: ValueKind,
}

/// Puts a checked value into its place.
type Set<T> = fn(&mut Config, T);
/// Checks a value and puts it into its place.
type ReadValue<T> = fn(&mut Config, &T) -> Result<(), Invalid>;

/// What a key takes, its default, and where it goes.
enum ValueKind {
    Text(&'static str, ReadValue<str>),
    Flag(bool, Set<bool>),
    Number(u32, RangeInclusive<i64>, Set<u32>),
    List(&'static [&'static str], ReadValue<[String]>),
    /// A length of time, in seconds.
    Duration(&'static str, RangeInclusive<i64>, Set<i64>),
    /// A length of time in seconds, or never.
    Lifetime(&'static str, RangeInclusive<i64>, Set<Option<i64>>),
}

impl Key {
    /// The section, such as `server`.
    pub(super) fn section(&self) -> &'static str {
        self.name.split_once('.').map_or("", |(section, _)| section)
    }

    /// The name within the section, such as `listen`.
    pub(super) fn field(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, field)| field)
    }

    /// The name in the environment, such as `DOCKPASS_SERVER_LISTEN`.
    pub(super) fn variable(&self) -> String {
        format!("{}{}", super::PREFIX, self.name.replace('.', "_").to_ascii_uppercase())
    }

    /// The bounds of a number, or of a length of time in seconds.
    pub(super) fn bounds(&self) -> Option<&RangeInclusive<i64>> {
        match &self.kind {
            ValueKind::Number(_, range, _) | ValueKind::Duration(_, range, _) | ValueKind::Lifetime(_, range, _) => {
                Some(range)
            }
            ValueKind::Text(..) | ValueKind::Flag(..) | ValueKind::List(..) => None,
        }
    }

    pub(super) fn default(&self) -> Raw {
        match &self.kind {
            ValueKind::Text(text, _) | ValueKind::Duration(text, ..) | ValueKind::Lifetime(text, ..) => {
                Raw::Text((*text).to_owned())
            }
            ValueKind::Flag(flag, _) => Raw::Flag(*flag),
            ValueKind::Number(number, ..) => Raw::Number(i64::from(*number)),
            ValueKind::List(list, _) => Raw::List(list.iter().map(|text| (*text).to_owned()).collect()),
        }
    }

    /// Reads a text from the environment or a flag; the key says what kind of value it is.
    pub(super) fn read_word(&self, word: String) -> Result<Raw, Invalid> {
        match &self.kind {
            ValueKind::Text(..) | ValueKind::Duration(..) | ValueKind::Lifetime(..) => Ok(Raw::Text(word)),
            ValueKind::List(..) => Ok(Raw::List(values::split_list(&word))),
            ValueKind::Flag(..) => flag(&word).map(Raw::Flag).ok_or_else(|| self.mismatch(&Raw::Text(word))),
            ValueKind::Number(..) => word.parse().map(Raw::Number).map_err(|_| self.mismatch(&Raw::Text(word))),
        }
    }

    /// Checks the value and puts it into its place.
    pub(super) fn set(&self, config: &mut Config, raw: &Raw) -> Result<(), Invalid> {
        match (&self.kind, raw) {
            (ValueKind::Text(_, read), Raw::Text(text)) => return read(config, text),
            (ValueKind::List(_, read), Raw::List(list)) => return read(config, list),
            (ValueKind::Flag(_, set), Raw::Flag(flag)) => set(config, *flag),
            (ValueKind::Number(_, range, set), Raw::Number(number)) => set(config, values::number(*number, range)?),
            (ValueKind::Duration(_, range, set), Raw::Text(text)) => set(config, values::duration(text, range)?),
            (ValueKind::Lifetime(_, range, set), Raw::Text(text)) => set(config, values::lifetime(text, range)?),
            (ValueKind::Duration(..) | ValueKind::Lifetime(..), Raw::Number(number)) => {
                return Err(Invalid::BareNumber(*number));
            }
            (_, raw) => return Err(self.mismatch(raw)),
        }
        Ok(())
    }

    fn mismatch(&self, raw: &Raw) -> Invalid {
        let expected = match &self.kind {
            ValueKind::Text(..) => "a text in quotes",
            ValueKind::Flag(..) => "true or false",
            ValueKind::Number(..) => "a whole number",
            ValueKind::List(..) => "a list of texts",
            ValueKind::Duration(..) => "a length of time such as \"15m\"",
            ValueKind::Lifetime(..) => "a length of time such as \"90d\", or \"never\"",
        };
        Invalid::Shape { expected, found: raw.name() }
    }
}

const fn key(name: &'static str, kind: ValueKind, doc: &'static str) -> Key {
    Key { name, doc, kind }
}

/// Every key, by section.
pub(super) const KEYS: &[Key] = &[
    key(
        "server.listen",
        ValueKind::Text("127.0.0.1:8700", |config, text| {
            values::address(text).map(|value| config.server.listen = value)
        }),
        "IP address and port to listen on; anything but loopback needs TLS or server.behind_proxy. A port alone is on \
         loopback. Where clients are told the name localhost, 127.0.0.1 and ::1 are listened on together.",
    ),
    key(
        "server.data_dir",
        ValueKind::Text(super::LOCAL_DATA, |config, text| {
            values::path(text).map(|value| config.server.data_dir = value)
        }),
        "Directory of the store, the keys and the local socket; made at the first start, readable by its owner only. Where nothing \
         names one and ./dockpass-data is not there, /var/lib/dockpass is used if it is there and belongs to who runs dockpass; by \
         commands of root in any case.",
    ),
    key(
        "server.upgrade_backup",
        ValueKind::Flag(true, |config, value| config.server.upgrade_backup = value),
        "Whether a start that brings the store of an earlier dockpass to a new format keeps a backup of it as it was, with \
         every key, which is the way back; if it cannot be written, the start is refused.",
    ),
    key(
        "server.upgrade_backup_dir",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.server.upgrade_backup_dir = value)
        }),
        "Directory for these backups. Empty: upgrade-backups in the data directory.",
    ),
    key(
        "server.public_url",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::base_url).map(|value| config.server.public_url = value)
        }),
        "What clients and registries are told to connect to, as https://registry.example.com or with a port. Empty: \
         the listening address, which must be loopback then, without a proxy before it.",
    ),
    key(
        "server.behind_proxy",
        ValueKind::Flag(false, |config, value| config.server.behind_proxy = value),
        "Whether a reverse proxy speaks TLS with the clients; needs server.trusted_proxies.",
    ),
    key(
        "server.trusted_proxies",
        ValueKind::List(&[], |config, list| values::networks(list).map(|value| config.server.trusted_proxies = value)),
        "IP addresses and networks of the reverse proxies, whose X-Forwarded-For is believed.",
    ),
    key(
        "server.allowed_origins",
        ValueKind::List(&[], |config, list| values::origins(list).map(|value| config.server.allowed_origins = value)),
        "Origins of web pages elsewhere, as https://ui.example.com, whose scripts may use /auth/token and /v2/ with \
         credentials that they have themselves.",
    ),
    key(
        "server.max_connections",
        ValueKind::Number(4_096, 16..=1_000_000, |config, value| config.server.max_connections = value),
        "Most connections at a time; each one takes a file descriptor. One address, or IPv6 /64, may have all that are \
         free, and gives way when another comes. Those of server.trusted_proxies are not counted.",
    ),
    key(
        "server.max_handshakes",
        ValueKind::Number(1_024, 16..=1_000_000, |config, value| config.server.max_handshakes = value),
        "Most TLS handshakes at a time, shared out in the same way.",
    ),
    key(
        "server.handshake_timeout",
        ValueKind::Duration("3s", 1..=MINUTE, |config, value| config.server.handshake_timeout = value),
        "Longest TLS handshake.",
    ),
    key(
        "server.stall_timeout",
        ValueKind::Duration("20s", 1..=HOUR, |config, value| config.server.stall_timeout = value),
        "For how long an answer may stand still because its client does not read; then the connection ends. A body on its \
         way to the registry may stand still six times as long.",
    ),
    key(
        "server.max_unread",
        ValueKind::Number(16, 1..=1_000_000, |config, value| config.server.max_unread = value),
        "Most memory, in MiB, that waits for clients who do not read; then further requests wait, and answers that stand \
         still give way to other addresses.",
    ),
    key(
        "server.max_unread_per_source",
        ValueKind::Number(8, 1..=1_000_000, |config, value| config.server.max_unread_per_source = value),
        "The same for one address, or IPv6 /64, in MiB.",
    ),
    key(
        "server.workers",
        ValueKind::Number(0, 0..=1_024, |config, value| config.server.workers = value),
        "Threads that answer requests; 0 is one for each processor core.",
    ),
    key(
        "tls.cert",
        ValueKind::Text("", |config, text| values::optional(text, values::path).map(|value| config.tls.cert = value)),
        "PEM file of the certificate and the chain behind it; read again when it changes.",
    ),
    key(
        "tls.key",
        ValueKind::Text("", |config, text| values::optional(text, values::path).map(|value| config.tls.key = value)),
        "PEM file of the certificate's private key; read again when it changes.",
    ),
    key(
        "tls.self_signed",
        ValueKind::Flag(false, |config, value| config.tls.self_signed = value),
        "Whether to make a CA and a certificate for a site that has none; clients get the CA from /ca.pem.",
    ),
    key(
        "tls.names",
        ValueKind::List(&[], |config, list| values::hosts(list).map(|value| config.tls.names = value)),
        "More host names and IP addresses for the certificate of tls.self_signed.",
    ),
    key(
        "registry.issuer",
        ValueKind::Text("dockpass", |config, text| values::printable(text).map(|value| config.registry.issuer = value)),
        "Issuer of registry tokens; the registry's configuration has the same.",
    ),
    key(
        "registry.services",
        ValueKind::List(&["dockpass"], |config, list| {
            values::services(list).map(|value| config.registry.services = value)
        }),
        "Services that registry tokens are issued for, one for each registry; the first one stands in challenges.",
    ),
    key(
        "registry.token_lifetime",
        ValueKind::Duration("15m", MINUTE..=DAY, |config, value| config.registry.token_lifetime = value),
        "How long a registry token lives.",
    ),
    key(
        "registry.leaf_lifetime",
        ValueKind::Duration("90d", 5 * MINUTE..=1_826 * DAY, |config, value| config.registry.leaf_lifetime = value),
        "How long the certificate that signs registry tokens lives; it renews itself when a third is left.",
    ),
    key(
        "registry.key_header",
        ValueKind::Text("x5c", |config, text| {
            text.parse().map(|header| config.registry.key_header = header).map_err(Invalid::from)
        }),
        "How a registry token names its key: x5c (every registry), kid-libtrust or kid-rfc7638 (registries that know \
         one key; both need registry.fixed_key).",
    ),
    key(
        "registry.fixed_key",
        ValueKind::Flag(false, |config, value| config.registry.fixed_key = value),
        "Whether one key signs until `dockpass registry rotate-key`, for registries that know one key only, as zot.",
    ),
    key(
        "registry.url",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::base_url).map(|value| config.registry.url = value)
        }),
        "Where dockpass itself reaches the registry, as http://127.0.0.1:5000, to read what it holds and to delete tags. \
         Empty: dockpass never asks the registry.",
    ),
    key(
        "registry.public_host",
        ValueKind::Text("", |config, text| values::public_host(text).map(|value| config.registry.public_host = value)),
        "How clients reach the registry, as registry.example.com or with a port; every hint names it. Empty: the host of \
         server.public_url behind a proxy, else that of registry.url.",
    ),
    key(
        "registry.ca",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.registry.ca = value)
        }),
        "PEM file with the CA of the certificate of registry.url or registry.upstream, trusted for it beside the system's \
         roots; read at the start.",
    ),
    key(
        "registry.timeout",
        ValueKind::Duration("1m", 1..=5 * MINUTE, |config, value| config.registry.timeout = value),
        "Longest wait for one answer of the registry; a list that takes longer is asked for in smaller pages.",
    ),
    key(
        "registry.events_secret",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.registry.events_secret = value)
        }),
        "File with the secret that the registry shows with its notifications, 16 to 256 printable characters. Empty: one \
         in the data directory, made at the first start.",
    ),
    key(
        "registry.sync_interval",
        ValueKind::Duration("6h", MINUTE..=30 * DAY, |config, value| config.registry.sync_interval = value),
        "How often everything that the registry holds is compared with what dockpass knows; needs registry.url.",
    ),
    key(
        "registry.upstream",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::base_url).map(|value| config.registry.gateway.upstream = value)
        }),
        "The registry behind the gateway, as http://127.0.0.1:5000: dockpass itself serves its API at server.public_url, \
         checks every request, and streams. It implies registry.url. Empty: there is no gateway.",
    ),
    key(
        "registry.upstream_auth",
        ValueKind::Text("none", |config, text| {
            text.parse().map(|auth| config.registry.gateway.auth = auth).map_err(Invalid::from)
        }),
        "What dockpass shows to the registry behind the gateway: none, basic (registry.upstream_user and \
         registry.upstream_password_file) or token (a registry token for registry.upstream_service).",
    ),
    key(
        "registry.upstream_user",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::user_of_basic).map(|value| config.registry.gateway.user = value)
        }),
        "User name for the registry behind the gateway, with registry.upstream_auth = \"basic\".",
    ),
    key(
        "registry.upstream_password_file",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.registry.gateway.password_file = value)
        }),
        "File with the password of registry.upstream_user, in its first line; read at the start, and closed to strangers.",
    ),
    key(
        "registry.upstream_service",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::printable).map(|value| config.registry.gateway.service = value)
        }),
        "The service of the registry behind the gateway, with registry.upstream_auth = \"token\"; none of \
         registry.services, whose tokens it must refuse.",
    ),
    key(
        "registry.upstream_redirects",
        ValueKind::Text("pass", |config, text| {
            text.parse().map(|what| config.registry.gateway.redirects = what).map_err(Invalid::from)
        }),
        "What becomes of a redirect of the registry behind the gateway to its storage: pass (the client follows it) or \
         follow (dockpass does, and streams what is there).",
    ),
    key(
        "registry.upstream_timeout",
        ValueKind::Duration("15m", 1..=HOUR, |config, value| config.registry.gateway.timeout = value),
        "How long the registry behind the gateway may take to begin its answer; it may work long at the end of a large \
         upload. Who reads waits a minute at most.",
    ),
    key(
        "registry.upstream_requests",
        ValueKind::Number(512, 1..=65_536, |config, value| config.registry.gateway.max_requests = value),
        "Most requests that are at the registry behind the gateway at a time; one address has at most half, unless it is a \
         trusted proxy, and so have those together who have not signed in. Further ones wait for some seconds, and are then told to come again.",
    ),
    key(
        "registry.gateway_token_lifetime",
        ValueKind::Duration("12h", MINUTE..=7 * DAY, |config, value| config.registry.gateway.token_lifetime = value),
        "How long a registry token for the gateway lives; it may be long, since each use is checked against what holds at \
         that moment. Other registries get those of registry.token_lifetime.",
    ),
    key(
        "repositories.create_on_push",
        ValueKind::Flag(true, |config, value| config.repositories.create_on_push = value),
        "Whether a push by someone who may create the repository makes its record.",
    ),
    key(
        "repositories.max_per_namespace",
        ValueKind::Number(10_000, 1..=1_000_000, |config, value| config.repositories.max_per_namespace = value),
        "Where a namespace has this many repositories, no more are made.",
    ),
    key(
        "tokens.max_label",
        ValueKind::Number(128, 1..=1_024, |config, value| config.tokens.max_label = value),
        "Longest label of an access token, in characters.",
    ),
    key(
        "tokens.max_per_account",
        ValueKind::Number(1_000, 1..=1_000_000, |config, value| config.tokens.max_per_account = value),
        "Most access tokens of one account.",
    ),
    key(
        "tokens.default_lifetime",
        ValueKind::Lifetime("never", MINUTE..=CENTURY, |config, value| config.tokens.default_lifetime = value),
        "Default lifetime of access tokens, for requests that give no expiry.",
    ),
    key(
        "tokens.max_lifetime",
        ValueKind::Lifetime("never", MINUTE..=CENTURY, |config, value| config.tokens.max_lifetime = value),
        "The latest that an access token may expire, counted from its creation; forbids \"never\" unless it is never.",
    ),
    key(
        "tokens.warn_before",
        ValueKind::Lifetime("never", MINUTE..=CHANGES_STAY, |config, value| config.tokens.warn_before = value),
        "How long before its end an access token or a robot is warned of, once for each end: a record token.warn or robot.warn \
         of the audit log, which goes where audit.syslog and audit.webhook_url lead.",
    ),
    key(
        "robots.max_per_organization",
        ValueKind::Number(100, 1..=10_000, |config, value| config.robots.max_per_organization = value),
        "Most robots of one organization. They do not count as access tokens of an account.",
    ),
    key(
        "audit.registry_tokens",
        ValueKind::Flag(false, |config, value| config.audit.registry_tokens = value),
        "Whether each issued registry token is audited.",
    ),
    key(
        "audit.keep_days",
        ValueKind::Number(400, 0..=36_525, |config, value| config.audit.keep_days = value),
        "For how many days the records of the audit log are kept; 0 is for ever.",
    ),
    key(
        "audit.keep_mib",
        ValueKind::Number(2_048, 0..=16_777_216, |config, value| config.audit.keep_mib = value),
        "How many MiB of records are kept; 0 is all. Beyond that the oldest go: first sums of what strangers were refused, \
         then other refusals, sign-ins, changes. No change of the last 90 days goes; /health warns then.",
    ),
    key(
        "audit.head_file",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.audit.head_file = value)
        }),
        "File for the head of the audit log, best on another disk or machine: written after changes, at most every 10 \
         seconds, and when the server ends. `dockpass audit verify --head-file` finds a log that was cut or exchanged.",
    ),
    key(
        "audit.syslog",
        ValueKind::Text("", |config, text| {
            values::optional(text, |text| Ok(SyslogServer::parse(text)?)).map(|value| config.audit.syslog = value)
        }),
        "Syslog server that every record of the audit log is sent to (RFC 5424), in order: tls://HOST:PORT or tcp://HOST:PORT, at \
         least once, or udp://HOST:PORT, where nobody notices what is lost. The log does not wait for it; what was removed \
         meanwhile is told as a gap.",
    ),
    key(
        "audit.syslog_ca",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.audit.syslog_ca = value)
        }),
        "PEM file with the CA of the syslog server's certificate, trusted for it beside the system's roots; read at the start.",
    ),
    key(
        "audit.webhook_url",
        ValueKind::Text("", |config, text| {
            values::optional(text, |text| Ok(WebhookUrl::parse(text)?)).map(|value| config.audit.webhook_url = value)
        }),
        "URL that every record of the audit log is posted to, in the same way: as a CloudEvent (JSON, one a request), signed \
         as Standard Webhooks are. https://, or http:// on this machine; needs audit.webhook_secret_file.",
    ),
    key(
        "audit.webhook_secret_file",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.audit.webhook_secret_file = value)
        }),
        "File with the secret that signs them: whsec_ and the base64 of 24 to 64 random bytes, in its first line; read at the \
         start, and closed to strangers.",
    ),
    key(
        "audit.webhook_ca",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.audit.webhook_ca = value)
        }),
        "PEM file with the CA of the webhook's certificate, trusted for it beside the system's roots; read at the start.",
    ),
    key(
        "log.requests",
        ValueKind::Flag(false, |config, value| config.log.requests = value),
        "Whether each request has a line in the server's log: method, path without the query, status, bytes, \
         milliseconds, who, address, request id and trace.",
    ),
    key(
        "log.format",
        ValueKind::Text("text", |config, text| {
            text.parse().map(|format| config.log.format = format).map_err(Invalid::from)
        }),
        "How lines of the server's log are written: text, or json (one object a line).",
    ),
    key(
        "limits.changes_per_minute",
        ValueKind::Number(600, 1..=1_000_000, |config, value| config.limits.changes_per_minute = value),
        "How many changes an account may make a minute. Ending access tokens and setting one's password are free, and so \
         are administrators and the local socket.",
    ),
    key(
        "metrics.secret_file",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::path).map(|value| config.metrics.secret_file = value)
        }),
        "File with the secret that opens /metrics, and nothing else, 16 to 256 printable characters; shown as \
         `Authorization: Bearer SECRET`. Empty: one in the data directory, made at the first start.",
    ),
    key(
        "metrics.listen",
        ValueKind::Text("", |config, text| {
            values::optional(text, values::this_machine).map(|value| config.metrics.listen = value)
        }),
        "Where /metrics is served without a secret to this machine: an IP address of loopback with a port, as \
         127.0.0.1:8701, where a request has to name localhost or loopback as its host, or the absolute path of a Unix \
         socket. Empty: nowhere.",
    ),
];
