//! The configuration file of zot, which knows one key.

use serde::Serialize;

use super::Facts;

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

/// `config.json`.
pub(super) fn text(facts: &Facts<'_>) -> String {
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
    use super::super::tests::{FACTS, fixed, snippet};
    use super::super::{Program, SnippetError, configuration};
    use super::*;

    #[test]
    fn zot_gets_its_file_once_the_key_is_fixed() {
        let golden = include_str!("../../../tests/golden/registry/zot.json");
        let facts = Facts { certificate_path: "/etc/zot/dockpass-ca.pem", ..fixed("x5c") };
        assert_eq!(snippet(Program::Zot, &facts), golden);
        let quoted = snippet(Program::Zot, &Facts { service: "a\"b\\c\n", ..fixed("x5c") });
        let read: serde_json::Value = serde_json::from_str(&quoted).unwrap();
        assert_eq!(read["http"]["auth"]["bearer"]["service"], "a\"b\\c\n");
    }

    #[test]
    fn zot_is_refused_while_the_key_renews_itself() {
        let error = configuration(Program::Zot, &FACTS).unwrap_err();
        assert_eq!(error, SnippetError::NeedsFixedKey(Program::Zot));
        assert!(error.to_string().contains("registry.fixed_key = true"));
    }
}
