//! The configuration file of Distribution, formerly Docker Registry: the same for 2.8 and 3.x, because a registry token
//! carries its certificate (`x5c`) and both read `rootcertbundle`; both read it at the start only.

use std::net::SocketAddr;

use super::{Facts, KEYS_NAME, authorization, beside};
use crate::domain::key_header::KeyHeader;
use crate::domain::program::{Layout, Section};

/// How to get it, as comment lines.
const SECRET_HINT: &str = "\
# For SECRET put what `dockpass registry config` prints here on the machine of dockpass: it is not told over the network.\n";

/// The same beside the configuration: one that is written into a file is not read before the registry does.
pub(super) const SECRET_NOTE: &str = "for SECRET put what `dockpass registry config --for distribution` prints on the machine of dockpass: it is not told over \
     the network";

/// What the registry's system needs for a certificate that dockpass made itself, as comment lines.
const TRUST_HINT: &str = "\
# The registry checks dockpass's TLS certificate with the CAs of its system, and dockpass made that certificate itself:\n\
# give the system its CA, which is not the one in rootcertbundle. On Debian, save what dockpass answers at /ca.pem as\n\
#   /usr/local/share/ca-certificates/dockpass-tls.crt\n\
# then run update-ca-certificates, and restart the registry.\n";

/// `config.yml`; or only some of its sections, for one that is there.
pub(super) fn text(facts: &Facts<'_>) -> String {
    let sections = [Section::Storage, Section::Http, Section::Auth, Section::Notifications];
    let wanted = sections.into_iter().filter(|section| facts.wants(*section)).map(|section| match section {
        Section::Storage => storage(facts),
        Section::Http => http(facts),
        Section::Auth => auth(facts),
        Section::Notifications => notifications(facts),
    });
    let head = if facts.only.is_empty() { head(facts) } else { head_of_part(facts) };
    std::iter::once(head).chain(wanted).collect()
}

/// What stands before the sections, with those that say nothing of dockpass.
fn head(facts: &Facts<'_>) -> String {
    format!(
        "# Configuration of the registry (Distribution) for dockpass.\n\
         {}\
         version: 0.1\n\
         # At info the registry logs the secret of its notifications at each start.\n\
         log:\n  \
           level: warn\n",
        of_layout(facts)
    )
}

/// Which versions and files it takes where the registry checks requests; elsewhere, what protects it.
fn of_layout(facts: &Facts<'_>) -> String {
    match facts.layout {
        Layout::TokenServer => format!("{}{BUNDLE_HINT}", versions(facts.key_header)),
        Layout::Gateway => format!("{ANY_VERSION}{OPEN_TO_DOCKPASS}"),
        Layout::ForwardAuth => format!("{ANY_VERSION}{OPEN_TO_PROXY}"),
    }
}

const ANY_VERSION: &str = "# For versions 2.8 and 3.x alike.\n";
const OPEN_TO_DOCKPASS: &str = "\
# It has no accounts of its own: whoever reaches it may do everything. So only dockpass may reach it, which checks every\n\
# request and passes it on to registry.upstream.\n";
const OPEN_TO_PROXY: &str = "\
# It has no accounts of its own: whoever reaches it may do everything. So only the proxy that asks dockpass may reach it,\n\
# and dockpass.\n";

/// What to do with a part, and what the rest of the configuration must say.
fn head_of_part(facts: &Facts<'_>) -> String {
    let is_told = facts.wants(Section::Notifications);
    let is_open = facts.layout != Layout::TokenServer && facts.wants(Section::Http);
    let layout = of_layout(facts);
    let hints = [
        (facts.wants(Section::Auth) || is_open, layout.as_str()),
        (
            is_told,
            "# Set log.level to warn: at info the registry logs the secret of its notifications at each start.\n",
        ),
        (
            !facts.wants(Section::Storage),
            "# What is deleted in dockpass goes from the registry only with storage.delete.enabled: true there.\n",
        ),
    ];
    let hints: String = hints.iter().filter(|(applies, _)| *applies).map(|(_, hint)| *hint).collect();
    format!(
        "# A part of the configuration of the registry (Distribution) for dockpass: put each section into the configuration\n\
         # that is there, in the place of its section of that name; everything else in it stays.\n\
         {hints}"
    )
}

const BUNDLE_HINT: &str =
    "# The file in rootcertbundle is what dockpass answers at /auth/ca.pem; the registry reads it when it starts.\n";

/// The section `storage`.
fn storage(facts: &Facts<'_>) -> String {
    let directory = facts.storage.map_or_else(|| "/var/lib/registry".to_owned(), yaml_string);
    format!("storage:\n  filesystem:\n    rootdirectory: {directory}\n  delete:\n    enabled: true\n")
}

/// The section `auth`: whose registry tokens are believed.
fn auth(facts: &Facts<'_>) -> String {
    let texts = [facts.realm, facts.service, facts.issuer, facts.certificate_path];
    let [realm, service, issuer, bundle] = texts.map(yaml_string);
    format!(
        "auth:\n  \
           token:\n    \
             realm: {realm}\n    \
             service: {service}\n    \
             issuer: {issuer}\n    \
             rootcertbundle: {bundle}\n\
         {}",
        keys(facts)
    )
}

/// The section `notifications`: who is told what happens.
fn notifications(facts: &Facts<'_>) -> String {
    let [events, authorization] = [facts.events_url, &authorization(facts)].map(yaml_string);
    let trust = if facts.self_signed { TRUST_HINT } else { "" };
    let how = if facts.events_secret.is_some() { "" } else { SECRET_HINT };
    format!(
        "# Tells dockpass what is pushed, pulled and deleted. Layers are left out: nothing is counted by them.\n\
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

/// The section `http`: where the registry listens. What only has a name is known by its port alone.
fn http(facts: &Facts<'_>) -> String {
    let listening = facts.registry;
    let port = listening.port;
    let addr = listening.address().map(|address| match SocketAddr::new(address, port) {
        SocketAddr::V4(address) => format!("addr: {address}"),
        // In YAML, a bracket begins a list.
        SocketAddr::V6(address) => format!("addr: \"{address}\""),
    });
    let addr = addr.unwrap_or_else(|| {
        format!("# registry.url has a name: the registry listens on every address of its machine.\n  addr: \":{port}\"")
    });
    let tls = if listening.is_tls { TLS } else { "" };
    format!("http:\n  {addr}\n{tls}")
}

/// For a registry at `https://`.
const TLS: &str = "  \
  # registry.url begins with https://: put the paths of the registry's own certificate and key here.
  tls:
    certificate: /etc/docker/registry/registry.pem
    key: /etc/docker/registry/registry.key
";

/// The line with the file of the keys, where registry tokens name theirs.
fn keys(facts: &Facts<'_>) -> String {
    if !reads_keys(facts.key_header) {
        return String::new();
    }
    let path = yaml_string(&beside(facts.certificate_path, KEYS_NAME));
    format!("    # What dockpass answers at /auth/keys; the registry reads it when it starts.\n    jwks: {path}\n")
}

/// Whether a registry finds the key of a registry token by its name: then it needs the file of the keys.
pub(super) fn reads_keys(key_header: KeyHeader) -> bool {
    match key_header {
        KeyHeader::X5c => false,
        KeyHeader::KidLibtrust | KeyHeader::KidRfc7638 => true,
    }
}

/// Which versions verify tokens with this key header, as comment lines. Measured with 2.8.2, 2.8.3, 3.0.0 and 3.1.1: 2.x
/// passes over `jwks` and finds the key of kid-libtrust by the `rootcertbundle`; 3.1 finds both in `jwks`, which it must
/// not compute: of a certificate, 3.0.0 computes the RFC 7638 thumbprint of every P-256 key wrongly (distribution pull
/// request 4683), and 3.1 that of one key in 128.
fn versions(key_header: KeyHeader) -> &'static str {
    match key_header {
        KeyHeader::X5c => "# For versions 2.8 and 3.x alike.\n",
        KeyHeader::KidLibtrust => {
            "# For versions 2.x, which find the key of registry.key_header = \"kid-libtrust\" by rootcertbundle, and for 3.1 and\n\
             # later, which find it in jwks.\n"
        }
        KeyHeader::KidRfc7638 => {
            "# For versions 3.1 and later, which find the key of registry.key_header = \"kid-rfc7638\" in jwks; 2.x does not know\n\
             # it. registry.key_header = \"x5c\" suits all.\n"
        }
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

#[cfg(test)]
mod tests {
    use super::super::tests::{FACTS, fixed, snippet};
    use super::super::{Listening, Program};
    use super::*;

    #[test]
    fn distribution_gets_its_file() {
        let golden = include_str!("../../../tests/golden/registry/distribution.yml");
        assert_eq!(snippet(Program::Distribution, &FACTS), golden);
        assert_eq!(snippet(Program::Distribution, &fixed(KeyHeader::X5c)), golden);
    }

    #[test]
    fn a_registry_that_others_check_has_no_accounts() {
        for (layout, golden) in [
            (Layout::Gateway, include_str!("../../../tests/golden/registry/distribution-gateway.yml")),
            (Layout::ForwardAuth, include_str!("../../../tests/golden/registry/distribution-forward-auth.yml")),
        ] {
            let made = super::super::configuration(Program::Distribution, &Facts { layout, ..FACTS }).unwrap();
            assert_eq!(made.configuration, golden, "{layout}");
            assert_eq!((made.certificate, made.keys), (None, None), "{layout}");
        }
    }

    #[test]
    fn distribution_with_one_key_is_told_which_versions_fit() {
        let golden = include_str!("../../../tests/golden/registry/distribution-kid-libtrust.yml");
        assert_eq!(snippet(Program::Distribution, &fixed(KeyHeader::KidLibtrust)), golden);
        let golden = include_str!("../../../tests/golden/registry/distribution-kid-rfc7638.yml");
        assert_eq!(snippet(Program::Distribution, &fixed(KeyHeader::KidRfc7638)), golden);
    }

    #[test]
    fn it_listens_where_registry_url_says() {
        let golden = include_str!("../../../tests/golden/registry/distribution-elsewhere.yml");
        let elsewhere = Listening { host: "registry.example.com", port: 5443, is_tls: true };
        assert_eq!(snippet(Program::Distribution, &Facts { registry: elsewhere, ..FACTS }), golden);
        for (host, port, addr) in
            [("127.0.0.1", 21001, "127.0.0.1:21001"), ("::1", 5000, "\"[::1]:5000\""), ("10.0.0.5", 80, "10.0.0.5:80")]
        {
            let facts = Facts { registry: Listening { host, port, is_tls: false }, ..FACTS };
            let made = snippet(Program::Distribution, &facts);
            assert!(made.contains(&format!("http:\n  addr: {addr}\nauth:\n")), "{made}");
        }
    }

    #[test]
    fn any_text_stays_one_yaml_string() {
        let issuer = "a \"b\" \\ 'c': #d\n- e\t{f}: ä日\u{7f}\u{85}\u{2028}\u{feff}%&*!|>@`";
        let facts = Facts { service: "yes", issuer, certificate_path: "/srv/my keys/: ca.pem", ..FACTS };
        let golden = include_str!("../../../tests/golden/registry/distribution-quoted.yml");
        assert_eq!(snippet(Program::Distribution, &facts), golden);
    }

    #[test]
    fn the_secret_of_notifications_stands_where_it_is_told_and_nowhere_else() {
        assert!(snippet(Program::Distribution, &FACTS).contains("Authorization: [\"Bearer SECRET\"]\n"));
        let told = Facts { events_secret: Some("s3\"cret"), ..FACTS };
        let made = snippet(Program::Distribution, &told);
        assert!(made.contains("Authorization: [\"Bearer s3\\\"cret\"]\n") && !made.contains("SECRET"), "{made}");
        let notes = |facts| super::super::configuration(Program::Distribution, &facts).unwrap().notes;
        assert_eq!(notes(FACTS), [SECRET_NOTE]);
        assert!(notes(told).is_empty() && notes(Facts { only: &[Section::Auth], ..FACTS }).is_empty());
    }

    #[test]
    fn a_certificate_that_dockpass_made_itself_needs_the_systems_trust() {
        let golden = include_str!("../../../tests/golden/registry/distribution-self-signed.yml");
        assert_eq!(snippet(Program::Distribution, &Facts { self_signed: true, ..FACTS }), golden);
    }

    #[test]
    fn a_part_says_what_becomes_of_the_rest() {
        let golden = include_str!("../../../tests/golden/registry/distribution-part.yml");
        let only = &[Section::Auth, Section::Notifications];
        let facts = Facts { only, events_secret: Some("told"), ..FACTS };
        assert_eq!(snippet(Program::Distribution, &facts), golden);
        let part = |only| {
            let made = super::super::configuration(Program::Distribution, &Facts { only, ..FACTS }).unwrap();
            let sections =
                made.configuration.lines().filter(|line| line.ends_with(':') && !line.starts_with([' ', '#']));
            (sections.map(str::to_owned).collect::<Vec<_>>().concat(), made.certificate.is_some(), made.file_name)
        };
        assert_eq!(part(&[Section::Http, Section::Storage]), ("storage:http:".to_owned(), false, "dockpass.yml"));
        assert_eq!(part(&[Section::Auth]), ("auth:".to_owned(), true, "dockpass.yml"));
        assert_eq!(part(&[]), ("log:storage:http:auth:notifications:".to_owned(), true, "config.yml"));
    }

    #[test]
    fn the_storage_is_where_it_was_said_to_be() {
        let facts = Facts { storage: Some("/srv/my \"images\""), ..FACTS };
        let made = snippet(Program::Distribution, &facts);
        assert!(made.contains("    rootdirectory: \"/srv/my \\\"images\\\"\"\n"), "{made}");
    }
}
