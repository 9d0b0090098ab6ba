//! The configuration of a server: a file, then the environment, then flags, over the defaults.
//!
//! `keys.rs` is the one table of keys; the example file, the environment names, the errors and `dockpass config` come
//! from it. Nothing here reads the environment, opens a port or knows a secret: the environment is passed in, and a
//! secret is never a value of the configuration.

mod check;
mod error;
mod example;
mod file;
mod invalid;
mod keys;
mod network;
mod sections;
#[cfg(test)]
mod tests;
mod url;
mod values;

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use error::{ConfigError, Conflict, ValueSource};
pub use example::{example, written};
pub use invalid::Invalid;
pub use network::Network;
pub use sections::{
    Audit, Gateway, Limits, Log, LogFormat, Metrics, Registry, Repositories, Robots, Server, ThisMachine, Tls, Tokens,
};
pub use url::{BaseUrl, is_localhost};
pub use values::address as listen_address;

use keys::{KEYS, Key};
use values::Raw;

use crate::domain::host::PublicHost;
use crate::domain::words::words;

/// What the names in the environment begin with.
const PREFIX: &str = "DOCKPASS_";
/// Names in the environment that are no keys: secrets, and what the command line reads itself.
const RESERVED: [&str; 8] = ["ADMIN_PASSWORD", "USER", "TOKEN", "SERVER", "LOG", "FORMAT", "CA", "CONFIG"];
/// A shorter name in the environment for a key that every command needs.
const SHORT: (&str, &str) = ("DOCKPASS_DATA_DIR", DATA_DIR);

/// The file that is read where none is named, if it is there.
pub const LOCAL_FILE: &str = "./dockpass.toml";
/// The file that is read where there is not even that one.
pub const SYSTEM_FILE: &str = "/etc/dockpass/config.toml";
/// The data directory where none is named.
pub const LOCAL_DATA: &str = "./dockpass-data";
/// The data directory of a packaged server, see [`Config::take_data_of_system`].
pub const SYSTEM_DATA: &str = "/var/lib/dockpass";
/// The key of the data directory.
const DATA_DIR: &str = "server.data_dir";

/// The whole configuration. Made by [`Config::load`], so that every value is checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The listening address, and the proxies in front of it.
    pub server: Server,
    /// Certificates of the HTTP server.
    pub tls: Tls,
    /// Registry tokens.
    pub registry: Registry,
    /// Repositories.
    pub repositories: Repositories,
    /// Access tokens.
    pub tokens: Tokens,
    /// Robots of organizations.
    pub robots: Robots,
    /// The audit log.
    pub audit: Audit,
    /// The log on standard error.
    pub log: Log,
    /// What one account may do.
    pub limits: Limits,
    /// The metrics.
    pub metrics: Metrics,
    settings: Vec<Setting>,
    file: Option<PathBuf>,
}

/// A configuration that may be used, and what its operator should know about it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// One sentence each, for the log.
    pub warnings: Vec<String>,
}

/// One key as it stands, for `dockpass config`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Section and name, such as `server.listen`.
    pub key: &'static str,
    /// The value as the file would write it.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

words! {
    /// Where a value comes from.
    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    pub enum Origin {
        /// Nobody set it.
        Default = "default",
        /// The configuration file.
        File = "file",
        /// The environment.
        Environment = "environment",
        /// The command line.
        Flag = "flag",
    }
}

impl Config {
    /// Reads the file if there is one, then the environment's `DOCKPASS_…` names, then `overrides` (key and value, from
    /// flags); each goes over what came before. Lists in the environment and in flags are written with commas.
    ///
    /// # Errors
    /// [`ConfigError`], for the file with the line: unreadable, not TOML, an unknown key, a value of another kind or
    /// out of bounds, or values that do not go together. An unknown name in the environment is only a warning.
    pub fn load(
        file: Option<&Path>,
        environment: impl Iterator<Item = (String, String)>,
        overrides: &[(&str, String)],
    ) -> Result<Loaded, ConfigError> {
        let mut config = Self::defaults()?;
        if let Some(path) = file {
            config.file = Some(path.to_owned());
            for entry in file::read(path)? {
                let place = ValueSource::File { path: path.to_owned(), line: entry.line };
                config.set(entry.key, &entry.raw, place)?;
            }
        }
        let mut warnings = config.set_from_environment(environment)?;
        for (name, value) in overrides {
            let key = find(name).ok_or_else(|| ConfigError::NoSuchKey((*name).to_owned()))?;
            config.set_word(key, value.clone(), ValueSource::Flag)?;
        }
        check::conflicts(&config)?;
        config.take_url_of_gateway();
        warnings.extend(check::doubts(&config));
        Ok(Loaded { config, warnings })
    }

    /// Takes the data directory of a packaged server for the one where nothing names another: whether it is there, and may be
    /// used, is the caller's to know.
    ///
    /// # Errors
    /// None, as long as the table of keys takes its own default.
    pub fn take_data_of_system(&mut self) -> Result<(), ConfigError> {
        match find(DATA_DIR).filter(|_| !self.is_set(DATA_DIR)) {
            Some(key) => self.set(key, &Raw::Text(SYSTEM_DATA.to_owned()), ValueSource::Default),
            None => Ok(()),
        }
    }

    /// The file that was read; none if there was none.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Every key with its value and origin, in the order of the example file.
    #[must_use]
    pub fn describe(&self) -> &[Setting] {
        &self.settings
    }

    /// Whether the file, the environment or a flag sets this key; then administrators cannot change it.
    #[must_use]
    pub fn is_set(&self, key: &str) -> bool {
        self.origin(key) != Origin::Default
    }

    /// Where the value of this key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        self.settings.iter().find(|setting| setting.key == key).map_or(Origin::Default, |setting| setting.origin)
    }

    /// The bounds of this key: of a number, or of a length of time in seconds. None for a key without bounds, or an
    /// unknown one.
    #[must_use]
    pub fn bounds(key: &str) -> Option<&'static RangeInclusive<i64>> {
        find(key)?.bounds()
    }

    /// Whether the server itself speaks TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.tls.cert.is_some() || self.tls.self_signed
    }

    /// The URL that clients and registries are told to connect to, without a trailing slash. `bound` is the address
    /// that the server listens on; its port counts if `server.listen` has port 0 and `server.public_url` is not set.
    #[must_use]
    pub fn public_url(&self, bound: SocketAddr) -> String {
        self.public_address(bound).to_string()
    }

    /// [`Config::public_url`], parsed.
    #[must_use]
    pub fn public_address(&self, bound: SocketAddr) -> BaseUrl {
        self.server.public_url.clone().unwrap_or_else(|| BaseUrl::of_address(self.is_tls(), bound))
    }

    /// Where clients get registry tokens: the URL that they are told, by the name `localhost` where it would be a loopback
    /// address only because nothing else was set.
    #[must_use]
    pub fn realm_address(&self, bound: SocketAddr) -> BaseUrl {
        let address = self.public_address(bound);
        if self.server.public_url.is_some() { address } else { address.named() }
    }

    /// Host and port by which clients reach the registry, as far as the configuration says: set by hand, else those of
    /// `server.public_url` behind a proxy, which has both under one name, else those of `registry.url`. With the gateway,
    /// where dockpass is.
    #[must_use]
    pub fn registry_host(&self) -> PublicHost {
        let is_gateway = self.registry.gateway.upstream.is_some();
        let own = self.server.public_url.as_ref().filter(|_| self.server.behind_proxy || is_gateway);
        let listening = BaseUrl::of_address(self.is_tls(), self.server.listen).named();
        let listening = Some(&listening).filter(|_| is_gateway && self.is_address_known());
        let found = own.or(listening).or(self.registry.url.as_ref()).map(BaseUrl::public_host);
        self.registry.public_host.clone().or(&found.unwrap_or_default())
    }

    /// Whether the URL that clients are told is known before the server listens: it is not while the system is to choose
    /// the port.
    #[must_use]
    pub fn is_address_known(&self) -> bool {
        self.server.listen.port() != 0 || self.server.public_url.is_some()
    }

    /// What clients would refuse of the URL of the token endpoint, in one sentence; none if nothing. `registry` is where
    /// they reach the registry.
    #[must_use]
    pub fn realm_doubt(&self, bound: SocketAddr, registry: &PublicHost) -> Option<String> {
        let realm = self.realm_address(bound);
        let is_refused = realm.is_private_literal() && realm.public_host() != *registry;
        let set = if self.server.public_url.is_some() { "server.public_url" } else { "server.listen" };
        is_refused.then(|| {
            format!(
                "clients are told to get registry tokens at {realm}, from {set}: crane, cosign and ko refuse a private or \
                 loopback IP address there; set server.public_url with a host name{}",
                if realm.is_loopback() { ", as localhost" } else { "" }
            )
        })
    }

    /// Whether this peer is a trusted proxy. IPv4 in IPv6 form (`::ffff:10.0.0.1`) counts as IPv4.
    #[must_use]
    pub fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        self.server.behind_proxy && self.server.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Every key at the table's default, over sections that hold nothing yet.
    fn defaults() -> Result<Self, ConfigError> {
        let mut config = Self {
            server: Server::blank(),
            tls: Tls::blank(),
            registry: Registry::blank(),
            repositories: Repositories::blank(),
            tokens: Tokens::blank(),
            robots: Robots::blank(),
            audit: Audit::blank(),
            log: Log::blank(),
            limits: Limits::blank(),
            metrics: Metrics::blank(),
            settings: Vec::new(),
            file: None,
        };
        KEYS.iter().try_for_each(|key| config.set(key, &key.default(), ValueSource::Default))?;
        Ok(config)
    }

    fn set_from_environment(
        &mut self,
        environment: impl Iterator<Item = (String, String)>,
    ) -> Result<Vec<String>, ConfigError> {
        let mut ours: Vec<_> = environment.filter(|(name, _)| name.starts_with(PREFIX)).collect();
        ours.sort();
        let mut warnings = Vec::new();
        for (name, value) in ours {
            if RESERVED.iter().any(|reserved| name.strip_prefix(PREFIX) == Some(*reserved)) {
                continue;
            }
            let is_named = |key: &&Key| key.variable() == name || (name.as_str(), key.name) == SHORT;
            match KEYS.iter().find(is_named) {
                Some(key) => self.set_word(key, value, ValueSource::Environment(name))?,
                None => warnings.push(format!("the environment variable {name} is unknown and does nothing")),
            }
        }
        Ok(warnings)
    }

    /// What dockpass asks the registry for by itself, it asks the one behind the gateway.
    fn take_url_of_gateway(&mut self) {
        if let Some(upstream) = &self.registry.gateway.upstream {
            self.registry.url = Some(upstream.clone());
        }
    }

    fn set_word(&mut self, key: &'static Key, word: String, place: ValueSource) -> Result<(), ConfigError> {
        match key.read_word(word) {
            Ok(raw) => self.set(key, &raw, place),
            Err(source) => Err(ConfigError::Value { place, key: key.name, source }),
        }
    }

    fn set(&mut self, key: &'static Key, raw: &Raw, place: ValueSource) -> Result<(), ConfigError> {
        let origin = match &place {
            ValueSource::Default => Origin::Default,
            ValueSource::File { .. } => Origin::File,
            ValueSource::Environment(_) => Origin::Environment,
            ValueSource::Flag => Origin::Flag,
        };
        key.set(self, raw).map_err(|source| ConfigError::Value { place, key: key.name, source })?;
        let setting = Setting { key: key.name, value: raw.to_toml(), origin };
        match self.settings.iter_mut().find(|known| known.key == key.name) {
            Some(known) => *known = setting,
            None => self.settings.push(setting),
        }
        Ok(())
    }
}

fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}
