//! The configuration that makes a registry trust dockpass, whole and ready to paste.
//!
//! Pure text from facts: no files, no network. Each kind has a module of its own.

mod distribution;
mod zot;

use std::fmt;
use std::str::FromStr;

/// The certificate's file name beside the configuration.
pub const CERTIFICATE_NAME: &str = "dockpass-ca.pem";

/// A registry program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryKind {
    /// CNCF Distribution, formerly Docker Registry, 2.8 and 3.x.
    Distribution,
    /// Project zot.
    Zot,
}

impl RegistryKind {
    /// Every kind, for help texts.
    pub const ALL: [Self; 2] = [Self::Distribution, Self::Zot];

    /// As the command line and the API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::Zot => "zot",
        }
    }
}

impl fmt::Display for RegistryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No registry that a configuration is known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected distribution or zot")]
pub struct UnknownRegistry;

impl FromStr for RegistryKind {
    type Err = UnknownRegistry;

    fn from_str(text: &str) -> Result<Self, UnknownRegistry> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownRegistry)
    }
}

/// What the registry has to know.
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
    /// `registry.key_header`: `x5c`, `kid-libtrust` or `kid-rfc7638`.
    pub key_header: &'a str,
    /// Where dockpass takes notifications.
    pub events_url: &'a str,
    /// The secret of notifications; without it a placeholder stands there.
    pub events_secret: Option<&'a str>,
    /// `tls.self_signed`: no system trusts the CA by itself, and the registry asks its system.
    pub self_signed: bool,
}

/// The files for a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snippet {
    /// Name of the configuration file.
    pub file_name: &'static str,
    /// Its content.
    pub configuration: String,
    /// Name of the certificate file, always [`CERTIFICATE_NAME`].
    pub certificate_name: &'static str,
    /// Its content, PEM.
    pub certificate: String,
}

/// Why there is no configuration for this registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnippetError {
    /// The registry knows one key, and ours renews itself.
    #[error(
        "{0} knows one key only, but the key that signs registry tokens renews itself, and {0} would refuse every token \
         from then on: set registry.fixed_key = true, then ask again"
    )]
    NeedsFixedKey(RegistryKind),
}

/// The configuration for a registry on the same machine, listening on `127.0.0.1:5000`.
///
/// # Errors
/// [`SnippetError::NeedsFixedKey`] for zot while the signing key renews itself.
pub fn configuration(registry: RegistryKind, facts: &Facts<'_>) -> Result<Snippet, SnippetError> {
    let (file_name, configuration) = match registry {
        RegistryKind::Distribution => ("config.yml", distribution::text(facts)),
        RegistryKind::Zot if !facts.fixed_key => return Err(SnippetError::NeedsFixedKey(registry)),
        RegistryKind::Zot => ("config.json", zot::text(facts)),
    };
    let certificate = facts.certificate_pem.to_owned();
    Ok(Snippet { file_name, configuration, certificate_name: CERTIFICATE_NAME, certificate })
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const FACTS: Facts<'static> = Facts {
        realm: "https://registry.example.com:8700/auth/token",
        service: "dockpass",
        issuer: "dockpass",
        certificate_path: "/etc/docker/registry/dockpass-ca.pem",
        certificate_pem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        fixed_key: false,
        key_header: "x5c",
        events_url: "https://registry.example.com:8700/api/v0/registry/events",
        events_secret: None,
        self_signed: false,
    };

    pub(super) fn snippet(registry: RegistryKind, facts: &Facts<'_>) -> String {
        configuration(registry, facts).unwrap().configuration
    }

    pub(super) fn fixed(key_header: &'static str) -> Facts<'static> {
        Facts { fixed_key: true, key_header, ..FACTS }
    }

    #[test]
    fn files_have_names_and_the_certificate_its_content() {
        for (registry, name) in [(RegistryKind::Distribution, "config.yml"), (RegistryKind::Zot, "config.json")] {
            let made = configuration(registry, &fixed("x5c")).unwrap();
            assert_eq!((made.file_name, made.certificate_name), (name, "dockpass-ca.pem"));
            assert_eq!(made.certificate, FACTS.certificate_pem);
        }
    }

    #[test]
    fn a_kind_reads_back_as_itself() {
        for kind in RegistryKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
        for text in ["", "Zot", "registry", "zot "] {
            assert_eq!(text.parse::<RegistryKind>(), Err(UnknownRegistry), "{text}");
        }
    }
}
