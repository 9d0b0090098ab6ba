//! The configuration file of Distribution, formerly Docker Registry: the same for 2.8 and 3.x, because a registry token
//! carries its certificate (`x5c`) and both read `rootcertbundle`; both read it at the start only.

use super::Facts;

/// The placeholder for the secret of notifications where it may not be shown.
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

/// `config.yml`.
pub(super) fn text(facts: &Facts<'_>) -> String {
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
         # At info the registry logs the secret of its notifications at each start.\n\
         log:\n  \
           level: warn\n\
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

#[cfg(test)]
mod tests {
    use super::super::Program;
    use super::super::tests::{FACTS, fixed, snippet};
    use super::*;

    #[test]
    fn distribution_gets_its_file() {
        let golden = include_str!("../../../tests/golden/registry/distribution.yml");
        assert_eq!(snippet(Program::Distribution, &FACTS), golden);
        assert_eq!(snippet(Program::Distribution, &fixed("x5c")), golden);
    }

    #[test]
    fn distribution_with_one_key_is_told_which_versions_fit() {
        let golden = include_str!("../../../tests/golden/registry/distribution-kid-libtrust.yml");
        assert_eq!(snippet(Program::Distribution, &fixed("kid-libtrust")), golden);
        let golden = include_str!("../../../tests/golden/registry/distribution-kid-rfc7638.yml");
        assert_eq!(snippet(Program::Distribution, &fixed("kid-rfc7638")), golden);
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
    }

    #[test]
    fn a_certificate_that_dockpass_made_itself_needs_the_systems_trust() {
        let golden = include_str!("../../../tests/golden/registry/distribution-self-signed.yml");
        assert_eq!(snippet(Program::Distribution, &Facts { self_signed: true, ..FACTS }), golden);
    }
}
