//! The configuration that makes a registry trust dockpass, whole and ready to paste.
//!
//! Pure text from facts: no files, no network. Distribution 2.8 and 3.x get the same file, because a registry token
//! carries its certificate (`x5c`) and both read `rootcertbundle`; both read it at the start only. zot knows one key.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

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

/// What stands for the secret of notifications where it is not told.
const SECRET_PLACEHOLDER: &str = "SECRET";
/// How to get it, as comment lines.
const SECRET_HINT: &str = "\
# For SECRET put what `dockpass registry config` prints here on the machine of dockpass: it is not told over the network.\n";

/// What the registry's system needs for a certificate that dockpass made itself, as comment lines.
const TRUST_HINT: &str = "\
# The registry checks dockpass's TLS certificate with the CAs of its system, and dockpass made that certificate itself:\n\
# give the system its CA, which is not the one in rootcertbundle. On Debian, save what dockpass answers at /ca.pem as\n\
#   /usr/local/share/ca-certificates/dockpass-tls.crt\n\
# then run update-ca-certificates, and restart the registry.\n";

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
        RegistryKind::Distribution => ("config.yml", distribution(facts)),
        RegistryKind::Zot if !facts.fixed_key => return Err(SnippetError::NeedsFixedKey(registry)),
        RegistryKind::Zot => ("config.json", zot(facts)),
    };
    let certificate = facts.certificate_pem.to_owned();
    Ok(Snippet { file_name, configuration, certificate_name: CERTIFICATE_NAME, certificate })
}

fn distribution(facts: &Facts<'_>) -> String {
    let versions = versions(facts.key_header);
    let secret = facts.events_secret.unwrap_or(SECRET_PLACEHOLDER);
    let authorization = format!("Bearer {secret}");
    let texts = [facts.realm, facts.service, facts.issuer, facts.certificate_path, facts.events_url, &authorization];
    let [realm, service, issuer, bundle, events, authorization] = texts.map(yaml_string);
    let trust = if facts.self_signed { TRUST_HINT } else { "" };
    let how = if facts.events_secret.is_some() { "" } else { SECRET_HINT };
    format!(
        "# Configuration of the registry (Distribution) for dockpass.\n\
         {versions}\
         # The file in rootcertbundle is what dockpass answers at /auth/ca.pem; the registry reads it when it starts.\n\
         version: 0.1\n\
         log:\n  \
           level: info\n\
         storage:\n  \
           filesystem:\n    \
             rootdirectory: /var/lib/registry\n  \
           delete:\n    \
             enabled: true\n\
         http:\n  \
           addr: 127.0.0.1:5000\n\
         auth:\n  \
           token:\n    \
             realm: {realm}\n    \
             service: {service}\n    \
             issuer: {issuer}\n    \
             rootcertbundle: {bundle}\n\
         # Tells dockpass what is pushed, pulled and deleted. Layers are left out: nothing is counted by them.\n\
         {trust}\
         {how}\
         notifications:\n  \
           endpoints:\n    \
             - name: dockpass\n      \
               url: {events}\n      \
               headers:\n        \
                 Authorization: [{authorization}]\n      \
               timeout: 10s\n      \
               threshold: 5\n      \
               backoff: 5s\n      \
               ignore:\n        \
                 mediatypes: [application/octet-stream]\n"
    )
}

/// Which versions verify tokens with this key header and a `rootcertbundle`, as comment lines. Measured with 2.8.3, 3.0.0
/// and 3.1.1: 3.0.0 computes the RFC 7638 thumbprint of every P-256 key wrongly (distribution pull request 4683), and
/// 3.1 that of one key in 128.
fn versions(key_header: &str) -> &'static str {
    match key_header {
        "kid-libtrust" => {
            "# For versions 2.x, since registry.key_header is kid-libtrust. Versions 3.x need a JWKS file (auth.token.jwks)\n\
             # with what dockpass answers at /auth/keys, or registry.key_header = \"x5c\".\n"
        }
        "kid-rfc7638" => {
            "# For versions 3.1 and later, since registry.key_header is kid-rfc7638: 2.x does not know it, 3.0 computes it\n\
             # wrongly, and 3.1 does for one key in 128 (rotate the key then). registry.key_header = \"x5c\" suits all.\n"
        }
        _ => "# For versions 2.8 and 3.x alike.\n",
    }
}

/// The text as a double-quoted YAML string (YAML 1.2, section 7.3.1).
fn yaml_string(text: &str) -> String {
    let escape = |letter: char| match letter {
        '"' | '\\' => format!("\\{letter}"),
        ' '..='~' => letter.to_string(),
        letter if letter.is_alphanumeric() => letter.to_string(),
        letter => format!("\\U{:08X}", u32::from(letter)),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

/// zot's configuration file, as far as it is needed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZotConfiguration<'a> {
    dist_spec_version: &'static str,
    storage: ZotStorage,
    http: ZotHttp<'a>,
    log: ZotLog,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZotStorage {
    root_directory: &'static str,
}

#[derive(Serialize)]
struct ZotHttp<'a> {
    address: &'static str,
    port: &'static str,
    auth: ZotAuth<'a>,
}

#[derive(Serialize)]
struct ZotAuth<'a> {
    bearer: ZotBearer<'a>,
}

#[derive(Serialize)]
struct ZotBearer<'a> {
    realm: &'a str,
    service: &'a str,
    cert: &'a str,
}

#[derive(Serialize)]
struct ZotLog {
    level: &'static str,
}

fn zot(facts: &Facts<'_>) -> String {
    let bearer = ZotBearer { realm: facts.realm, service: facts.service, cert: facts.certificate_path };
    let configuration = ZotConfiguration {
        dist_spec_version: "1.1.1",
        storage: ZotStorage { root_directory: "/var/lib/zot" },
        http: ZotHttp { address: "127.0.0.1", port: "5000", auth: ZotAuth { bearer } },
        log: ZotLog { level: "info" },
    };
    // Plain text in plain structs: writing them as JSON cannot fail.
    serde_json::to_string_pretty(&configuration).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACTS: Facts<'static> = Facts {
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

    fn snippet(registry: RegistryKind, facts: &Facts<'_>) -> String {
        configuration(registry, facts).unwrap().configuration
    }

    fn fixed(key_header: &'static str) -> Facts<'static> {
        Facts { fixed_key: true, key_header, ..FACTS }
    }

    #[test]
    fn distribution_gets_its_file() {
        let golden = include_str!("../../tests/golden/registry/distribution.yml");
        assert_eq!(snippet(RegistryKind::Distribution, &FACTS), golden);
        assert_eq!(snippet(RegistryKind::Distribution, &fixed("x5c")), golden);
    }

    #[test]
    fn distribution_with_one_key_is_told_which_versions_fit() {
        let golden = include_str!("../../tests/golden/registry/distribution-kid-libtrust.yml");
        assert_eq!(snippet(RegistryKind::Distribution, &fixed("kid-libtrust")), golden);
        let golden = include_str!("../../tests/golden/registry/distribution-kid-rfc7638.yml");
        assert_eq!(snippet(RegistryKind::Distribution, &fixed("kid-rfc7638")), golden);
    }

    #[test]
    fn any_text_stays_one_yaml_string() {
        let issuer = "a \"b\" \\ 'c': #d\n- e\t{f}: ä日\u{7f}\u{85}\u{2028}\u{feff}%&*!|>@`";
        let facts = Facts { service: "yes", issuer, certificate_path: "/srv/my keys/: ca.pem", ..FACTS };
        let golden = include_str!("../../tests/golden/registry/distribution-quoted.yml");
        assert_eq!(snippet(RegistryKind::Distribution, &facts), golden);
    }

    #[test]
    fn the_secret_of_notifications_stands_where_it_is_told_and_nowhere_else() {
        assert!(snippet(RegistryKind::Distribution, &FACTS).contains("Authorization: [\"Bearer SECRET\"]\n"));
        let told = Facts { events_secret: Some("s3\"cret"), ..FACTS };
        let made = snippet(RegistryKind::Distribution, &told);
        assert!(made.contains("Authorization: [\"Bearer s3\\\"cret\"]\n") && !made.contains("SECRET"), "{made}");
    }

    #[test]
    fn a_certificate_that_dockpass_made_itself_needs_the_systems_trust() {
        let golden = include_str!("../../tests/golden/registry/distribution-self-signed.yml");
        assert_eq!(snippet(RegistryKind::Distribution, &Facts { self_signed: true, ..FACTS }), golden);
    }

    #[test]
    fn zot_gets_its_file_once_the_key_is_fixed() {
        let golden = include_str!("../../tests/golden/registry/zot.json");
        let facts = Facts { certificate_path: "/etc/zot/dockpass-ca.pem", ..fixed("x5c") };
        assert_eq!(snippet(RegistryKind::Zot, &facts), golden);
        let quoted = snippet(RegistryKind::Zot, &Facts { service: "a\"b\\c\n", ..fixed("x5c") });
        let read: serde_json::Value = serde_json::from_str(&quoted).unwrap();
        assert_eq!(read["http"]["auth"]["bearer"]["service"], "a\"b\\c\n");
    }

    #[test]
    fn zot_is_refused_while_the_key_renews_itself() {
        let error = configuration(RegistryKind::Zot, &FACTS).unwrap_err();
        assert_eq!(error, SnippetError::NeedsFixedKey(RegistryKind::Zot));
        assert!(error.to_string().contains("registry.fixed_key = true"));
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
