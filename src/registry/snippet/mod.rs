//! The configuration that makes a registry trust dockpass, and that of a proxy before both, whole and ready to paste.
//!
//! Pure text from facts: no files, no network. Each program has a module of its own.

mod caddy;
mod distribution;
mod nginx;
mod proxy;
mod traefik;
mod zot;

pub use proxy::loopback;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::domain::key_header::KeyHeader;
use crate::domain::program::{Layout, Program, SECRET_PLACEHOLDER, Section};

/// The file name of Distribution's configuration.
pub const DISTRIBUTION_NAME: &str = "config.yml";
/// The certificate's file name beside the configuration.
pub const CERTIFICATE_NAME: &str = "dockpass-ca.pem";
/// The name of the file with the keys of registry tokens, beside the certificate.
pub const KEYS_NAME: &str = "dockpass-keys.json";

/// What the registry or the proxy has to know.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// URL of the token endpoint, as clients reach it.
    pub realm: &'a str,
    /// The registry's own name among `registry.services`.
    pub service: &'a str,
    /// `registry.issuer`.
    pub issuer: &'a str,
    /// Where the certificate will lie on the registry's machine.
    pub certificate_path: &'a str,
    /// What `/auth/ca.pem` answers: the CA, or with a fixed key the signing certificate.
    pub certificate_pem: &'a str,
    /// `registry.fixed_key`.
    pub fixed_key: bool,
    /// `registry.key_header`.
    pub key_header: KeyHeader,
    /// What `/auth/keys` answers, a JSON Web Key Set.
    pub keys: &'a str,
    /// Where the registry listens.
    pub registry: Listening<'a>,
    /// Where dockpass takes notifications.
    pub events_url: &'a str,
    /// The secret of notifications; without it a placeholder stands there.
    pub events_secret: Option<&'a str>,
    /// `tls.self_signed`: no system trusts the CA by itself, and the registry asks its system.
    pub self_signed: bool,
    /// Where the registry keeps what it holds; none for where its program does by default.
    pub storage: Option<&'a str>,
    /// The only parts that are wanted, for a configuration that is there; all if there are none.
    pub only: &'a [Section],
    /// Who stands before the registry, and who checks its requests.
    pub layout: Layout,
    /// What only a proxy has to know.
    pub proxy: ProxyFacts<'a>,
}

impl Facts<'_> {
    /// Whether this part is wanted.
    fn wants(&self, section: Section) -> bool {
        self.layout.sections().contains(&section) && (self.only.is_empty() || self.only.contains(&section))
    }
}

/// Where a registry listens, as `registry.url` says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening<'a> {
    /// An IP address, or a name of which nobody knows here which address it is.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// Whether it speaks TLS there by itself.
    pub is_tls: bool,
}

/// Where a registry listens if nothing is said.
pub const USUAL: Listening<'static> = Listening { host: "127.0.0.1", port: 5000, is_tls: false };

impl Listening<'_> {
    /// The address to listen on; none for all, where only a name is known. `localhost` is this machine's own.
    fn address(self) -> Option<IpAddr> {
        if self.host == "localhost" { Some(Ipv4Addr::LOCALHOST.into()) } else { self.host.parse().ok() }
    }
}

/// What a proxy before dockpass has to know.
#[derive(Clone, Copy, Debug)]
pub struct ProxyFacts<'a> {
    /// What clients connect to; none unless `server.public_url` is set and begins with `https://`.
    pub public: Option<PublicName<'a>>,
    /// `server.behind_proxy`.
    pub behind_proxy: bool,
    /// Whether a proxy on this machine, which comes from the loopback address, is among `server.trusted_proxies`.
    pub trusts_loopback: bool,
    /// Where dockpass listens.
    pub listen: SocketAddr,
    /// Whether dockpass itself speaks TLS there.
    pub is_tls: bool,
    /// The registry as scheme, host and port: `registry.url`, or where the printed configurations let it listen.
    pub registry: &'a str,
    /// Absolute path of `registry.ca`.
    pub registry_ca: Option<&'a str>,
}

/// Host and port of `server.public_url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicName<'a> {
    /// A host name or an IP address; IPv6 without brackets.
    pub host: &'a str,
    /// The port.
    pub port: u16,
}

/// The files for a registry or a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Name of the configuration file.
    pub file_name: &'static str,
    /// Its content.
    pub configuration: String,
    /// The certificate beside it, PEM; a proxy needs none of ours.
    pub certificate: Option<BesideFile>,
    /// The keys of registry tokens beside that, for a registry that finds them by their names.
    pub keys: Option<BesideFile>,
    /// What is to be known of it and cannot stand in the configuration itself, a sentence each.
    pub notes: Vec<&'static str>,
}

/// A file that lies beside the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BesideFile {
    /// Its name, [`CERTIFICATE_NAME`] or [`KEYS_NAME`].
    pub name: &'static str,
    /// Its content.
    pub text: String,
}

/// Why there is no such configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnippetError {
    /// The registry knows one key, and ours renews itself.
    #[error(
        "{0} knows one key only, but the key that signs registry tokens renews itself, and {0} would refuse every token \
         from then on: set registry.fixed_key = true, then ask again"
    )]
    NeedsFixedKey(Program),
    /// Nothing says under which name clients reach the proxy.
    #[error(
        "what clients connect to, with https, is not known, and {0} needs it: set server.public_url, as \
         \"https://pass.example.com\", with server.behind_proxy = true and server.trusted_proxies = \
         [\"127.0.0.1\"], start dockpass again, then ask again"
    )]
    NeedsPublicUrl(Program),
    /// Every client would have the proxy's address.
    #[error(
        "dockpass does not expect {0} before it, and would take it for the one client that there is: set \
         server.behind_proxy = true and server.trusted_proxies = [\"127.0.0.1\"], start dockpass again, then ask again"
    )]
    NeedsBehindProxy(Program),
    /// The same, although there is a proxy somewhere.
    #[error(
        "dockpass listens on loopback, where {0} comes from {1}, and would not believe what it tells of the clients: add \
         \"{1}\" to server.trusted_proxies, start dockpass again, then ask again"
    )]
    NeedsTrust(Program, IpAddr),
}

/// The configuration for a registry, or for a proxy on the same machine.
///
/// # Errors
/// [`SnippetError::NeedsFixedKey`] for zot while the signing key renews itself; the others for a proxy that this server
/// would not serve well as it is configured.
pub fn configuration(program: Program, facts: &Facts<'_>) -> Result<Snippet, SnippetError> {
    let certificate = Some(BesideFile { name: CERTIFICATE_NAME, text: facts.certificate_pem.to_owned() });
    let keys = Some(BesideFile { name: KEYS_NAME, text: format!("{}\n", facts.keys) });
    match program {
        Program::Distribution => Ok(Snippet {
            file_name: if facts.only.is_empty() { DISTRIBUTION_NAME } else { "dockpass.yml" },
            configuration: distribution::text(facts),
            certificate: certificate.filter(|_| facts.wants(Section::Auth)),
            keys: keys.filter(|_| facts.wants(Section::Auth) && distribution::reads_keys(facts.key_header)),
            notes: secret_note(facts, distribution::SECRET_NOTE).into_iter().collect(),
        }),
        Program::Zot if !facts.fixed_key && facts.layout == Layout::TokenServer => {
            Err(SnippetError::NeedsFixedKey(program))
        }
        Program::Zot => Ok(Snippet {
            file_name: if facts.only.is_empty() { "config.json" } else { "dockpass.json" },
            configuration: zot::text(facts),
            certificate: certificate.filter(|_| facts.wants(Section::Auth)),
            keys: None,
            notes: zot::notes(facts),
        }),
        Program::Nginx => Ok(of_proxy("dockpass.conf", nginx::text(facts.layout, &facts.proxy)?)),
        Program::Caddy => Ok(of_proxy("dockpass.caddy", caddy::text(facts.layout, &facts.proxy)?)),
        Program::Traefik => Ok(of_proxy("dockpass.yml", traefik::text(facts.layout, &facts.proxy)?)),
    }
}

/// The one file of a proxy.
fn of_proxy(file_name: &'static str, configuration: String) -> Snippet {
    Snippet { file_name, configuration, certificate: None, keys: None, notes: Vec::new() }
}

/// The path of a file of this name beside the certificate.
fn beside(certificate_path: &str, name: &str) -> String {
    let directory = certificate_path.rsplit_once('/').map(|(directory, _)| directory);
    directory.map_or_else(|| name.to_owned(), |directory| format!("{directory}/{name}"))
}

/// The secret of notifications as a header, or with a placeholder where it may not be told.
fn authorization(facts: &Facts<'_>) -> String {
    format!("Bearer {}", facts.events_secret.unwrap_or(SECRET_PLACEHOLDER))
}

/// What is to be put in the place of the secret, where it may not be told.
fn secret_note(facts: &Facts<'_>, note: &'static str) -> Option<&'static str> {
    (facts.wants(Section::Notifications) && facts.events_secret.is_none()).then_some(note)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    pub(super) const FACTS: Facts<'static> = Facts {
        realm: "https://registry.example.com:8700/auth/token",
        service: "dockpass",
        issuer: "dockpass",
        certificate_path: "/etc/docker/registry/dockpass-ca.pem",
        certificate_pem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        fixed_key: false,
        key_header: KeyHeader::X5c,
        keys: "{\"keys\":[]}",
        registry: USUAL,
        events_url: "https://registry.example.com:8700/api/v0/registry/events",
        events_secret: None,
        self_signed: false,
        storage: None,
        only: &[],
        layout: Layout::TokenServer,
        proxy: PROXY,
    };

    pub(super) const PROXY: ProxyFacts<'static> = ProxyFacts {
        public: Some(PublicName { host: "registry.example.com", port: 8700 }),
        behind_proxy: true,
        trusts_loopback: true,
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8700),
        is_tls: false,
        registry: "http://127.0.0.1:5000",
        registry_ca: None,
    };

    pub(super) fn snippet(program: Program, facts: &Facts<'_>) -> String {
        configuration(program, facts).unwrap().configuration
    }

    pub(super) fn fixed(key_header: KeyHeader) -> Facts<'static> {
        Facts { fixed_key: true, key_header, ..FACTS }
    }

    #[test]
    fn files_have_names_and_the_certificate_its_content() {
        let certificate = BesideFile { name: "dockpass-ca.pem", text: FACTS.certificate_pem.to_owned() };
        for (program, name, certificate) in [
            (Program::Distribution, "config.yml", Some(certificate.clone())),
            (Program::Zot, "config.json", Some(certificate)),
            (Program::Nginx, "dockpass.conf", None),
            (Program::Caddy, "dockpass.caddy", None),
            (Program::Traefik, "dockpass.yml", None),
        ] {
            let made = configuration(program, &fixed(KeyHeader::X5c)).unwrap();
            assert_eq!((made.file_name, made.certificate, made.keys), (name, certificate, None), "{program}");
        }
        for header in [KeyHeader::KidLibtrust, KeyHeader::KidRfc7638] {
            let keys = BesideFile { name: "dockpass-keys.json", text: "{\"keys\":[]}\n".to_owned() };
            assert_eq!(configuration(Program::Distribution, &fixed(header)).unwrap().keys, Some(keys), "{header}");
            assert_eq!(configuration(Program::Zot, &fixed(header)).unwrap().keys, None, "{header}");
        }
    }

    #[test]
    fn a_file_beside_another_is_in_its_directory() {
        for (path, expected) in [("/a b/ca.pem", "/a b/keys"), ("/ca.pem", "/keys"), ("ca.pem", "keys")] {
            assert_eq!(beside(path, "keys"), expected);
        }
    }

    #[test]
    fn a_registry_listens_where_its_url_says() {
        let address = |host| Listening { host, ..USUAL }.address().map(|address| address.to_string());
        for (host, expected) in [
            ("127.0.0.1", Some("127.0.0.1")),
            ("localhost", Some("127.0.0.1")),
            ("::1", Some("::1")),
            ("10.0.0.5", Some("10.0.0.5")),
            ("registry", None),
            ("registry.example.com", None),
        ] {
            assert_eq!(address(host).as_deref(), expected, "{host}");
        }
    }
}
