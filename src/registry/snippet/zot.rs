//! The configuration file of zot, which knows one key.
//!
//! By zot's default of `dedupe`, whoever may pull anything gets the layer of another account's private repository by its
//! digest (seen with 2.1.20): zot links it without asking for its source. So deduplication is off here. `compat` lets
//! clients push Docker's schema 2, which zot refuses by itself.

use serde::Serialize;

use super::{Facts, Listening, authorization, secret_note};
use crate::domain::program::Section;

/// zot's configuration file, as far as it is needed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZotConfiguration<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    dist_spec_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    storage: Option<ZotStorage<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<ZotHttp<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<ZotLog>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<ZotExtensions<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZotStorage<'a> {
    root_directory: &'a str,
    dedupe: bool,
}

#[derive(Serialize)]
struct ZotHttp<'a> {
    #[serde(flatten)]
    listening: Option<ZotListening>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth: Option<ZotAuth<'a>>,
}

#[derive(Serialize)]
struct ZotListening {
    address: String,
    port: String,
    compat: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<ZotTls>,
}

#[derive(Serialize)]
struct ZotTls {
    cert: &'static str,
    key: &'static str,
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

#[derive(Serialize)]
struct ZotExtensions<'a> {
    events: ZotEvents<'a>,
}

#[derive(Serialize)]
struct ZotEvents<'a> {
    enable: bool,
    sinks: [ZotSink<'a>; 1],
}

#[derive(Serialize)]
struct ZotSink<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    address: &'a str,
    timeout: &'static str,
    headers: ZotHeaders,
}

#[derive(Serialize)]
struct ZotHeaders {
    #[serde(rename = "Authorization")]
    authorization: String,
}

/// Where zot's own certificate would be.
const TLS: ZotTls = ZotTls { cert: "/etc/zot/registry.pem", key: "/etc/zot/registry.key" };

/// `config.json`; or only some of its parts, for one that is there.
pub(super) fn text(facts: &Facts<'_>) -> String {
    let is_whole = facts.only.is_empty();
    let listening = facts.wants(Section::Http).then(|| listening(facts.registry));
    let bearer = ZotBearer { realm: facts.realm, service: facts.service, cert: facts.certificate_path };
    let auth = facts.wants(Section::Auth).then_some(ZotAuth { bearer });
    let storage = ZotStorage { root_directory: facts.storage.unwrap_or("/var/lib/zot"), dedupe: false };
    let configuration = ZotConfiguration {
        dist_spec_version: is_whole.then_some("1.1.1"),
        storage: facts.wants(Section::Storage).then_some(storage),
        http: (listening.is_some() || auth.is_some()).then_some(ZotHttp { listening, auth }),
        log: is_whole.then_some(ZotLog { level: "info" }),
        extensions: facts.wants(Section::Notifications).then(|| extensions(facts)),
    };
    // Plain text in plain structs: writing them as JSON cannot fail.
    serde_json::to_string_pretty(&configuration).unwrap_or_default() + "\n"
}

fn listening(registry: Listening<'_>) -> ZotListening {
    let Listening { port, is_tls, .. } = registry;
    let address = registry.address().map_or_else(|| "0.0.0.0".to_owned(), |address| address.to_string());
    ZotListening { address, port: port.to_string(), compat: ["docker2s2"], tls: is_tls.then_some(TLS) }
}

fn extensions<'a>(facts: &Facts<'a>) -> ZotExtensions<'a> {
    let headers = ZotHeaders { authorization: authorization(facts) };
    let sink = ZotSink { kind: "http", address: facts.events_url, timeout: "10s", headers };
    ZotExtensions { events: ZotEvents { enable: true, sinks: [sink] } }
}

/// What JSON has no place for.
pub(super) fn notes(facts: &Facts<'_>) -> Vec<&'static str> {
    let secret = "for SECRET put what `dockpass registry config --for zot` prints on the machine of dockpass: it is not told \
                  over the network";
    let trust = "zot checks dockpass's TLS certificate with the CAs of its system, and dockpass made that certificate \
                 itself: give the system what dockpass answers at /ca.pem";
    let tls = "registry.url begins with https://: put the paths of zot's own certificate and key into http.tls";
    let notes = [
        secret_note(facts, secret),
        (facts.wants(Section::Notifications) && facts.self_signed).then_some(trust),
        (facts.wants(Section::Http) && facts.registry.is_tls).then_some(tls),
    ];
    notes.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FACTS, fixed, snippet};
    use super::super::{Program, SnippetError, configuration};
    use super::*;
    use crate::domain::key_header::KeyHeader;

    #[test]
    fn zot_gets_its_file_once_the_key_is_fixed() {
        let golden = include_str!("../../../tests/golden/registry/zot.json");
        let facts = Facts { certificate_path: "/etc/zot/dockpass-ca.pem", ..fixed(KeyHeader::X5c) };
        assert_eq!(snippet(Program::Zot, &facts), golden);
        let quoted = snippet(Program::Zot, &Facts { service: "a\"b\\c\n", ..facts });
        let read: serde_json::Value = serde_json::from_str(&quoted).unwrap();
        assert_eq!(read["http"]["auth"]["bearer"]["service"], "a\"b\\c\n");
    }

    #[test]
    fn layers_of_others_stay_theirs_and_clients_may_push_what_they_have() {
        let read: serde_json::Value = serde_json::from_str(&snippet(Program::Zot, &fixed(KeyHeader::X5c))).unwrap();
        assert_eq!(read["storage"]["dedupe"], false);
        assert_eq!(read["http"]["compat"], serde_json::json!(["docker2s2"]));
    }

    #[test]
    fn it_listens_where_registry_url_says() {
        let golden = include_str!("../../../tests/golden/registry/zot-elsewhere.json");
        let registry = Listening { host: "zot.example.com", port: 5443, is_tls: true };
        let facts = Facts { events_secret: Some("s3\"cret"), registry, ..fixed(KeyHeader::X5c) };
        assert_eq!(snippet(Program::Zot, &facts), golden);
        let here = Facts { registry: Listening { host: "::1", port: 21_001, is_tls: false }, ..facts };
        let read: serde_json::Value = serde_json::from_str(&snippet(Program::Zot, &here)).unwrap();
        assert_eq!((&read["http"]["address"], &read["http"]["port"]), (&"::1".into(), &"21001".into()));
    }

    #[test]
    fn what_json_has_no_place_for_is_said_beside_it() {
        let notes = |facts| configuration(Program::Zot, &facts).unwrap().notes.join("\n");
        assert!(notes(fixed(KeyHeader::X5c)).contains("for SECRET put"));
        let told = Facts { events_secret: Some("s3cret"), ..fixed(KeyHeader::X5c) };
        assert_eq!(notes(told.clone()), "");
        assert!(notes(Facts { self_signed: true, ..told }).contains("/ca.pem"));
    }

    #[test]
    fn a_part_is_what_is_merged_into_a_file_that_is_there() {
        let only = &[Section::Auth, Section::Storage];
        let part = Facts { only, storage: Some("/srv/zot"), ..fixed(KeyHeader::X5c) };
        let made = configuration(Program::Zot, &part).unwrap();
        let read: serde_json::Value = serde_json::from_str(&made.configuration).unwrap();
        let bearer = serde_json::json!({ "realm": FACTS.realm, "service": "dockpass", "cert": FACTS.certificate_path });
        let storage = serde_json::json!({ "rootDirectory": "/srv/zot", "dedupe": false });
        assert_eq!(read, serde_json::json!({ "storage": storage, "http": { "auth": { "bearer": bearer } } }));
        assert_eq!((made.file_name, made.notes), ("dockpass.json", Vec::new()));
    }

    #[test]
    fn zot_is_refused_while_the_key_renews_itself() {
        let error = configuration(Program::Zot, &FACTS).unwrap_err();
        assert_eq!(error, SnippetError::NeedsFixedKey(Program::Zot));
        assert!(error.to_string().contains("registry.fixed_key = true"));
    }
}
