//! The configuration file of Traefik 3 (its file provider), which puts dockpass and its registry under one host name with TLS.
//! By itself it decides nothing about access; with forward authentication it asks dockpass, by the middleware `forwardAuth`,
//! about each request of the registry.
//!
//! `forwardAuth` sets `X-Forwarded-Uri` and `X-Forwarded-Method` itself, as long as `trustForwardHeader` is false. What it says
//! there and what goes to the registry is the target after Traefik's own cleaning, the same for both
//! (doc.traefik.io/traefik/security/request-path).

use serde::Serialize;
use std::collections::BTreeMap;

use super::proxy::{self, NOT_FROM_REGISTRY, TO_BROWSERS, authority, host};
use super::{Program, ProxyFacts, PublicName, SnippetError};
use crate::domain::program::Layout;

/// The file, as far as it is needed. It is JSON below its comments, which is YAML as well.
#[derive(Serialize)]
struct File<'a> {
    http: Http<'a>,
    tls: Tls,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    routers: BTreeMap<&'static str, Router>,
    services: BTreeMap<&'static str, Service>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    middlewares: BTreeMap<&'static str, Middleware>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    servers_transports: BTreeMap<&'static str, Transport<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Router {
    rule: String,
    entry_points: [&'static str; 1],
    service: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    middlewares: Vec<&'static str>,
    tls: Empty,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service {
    load_balancer: Balancer,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balancer {
    servers: [Server; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    servers_transport: Option<&'static str>,
}

#[derive(Serialize)]
struct Server {
    url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Middleware {
    ForwardAuth(ForwardAuth),
    Headers(Headers),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForwardAuth {
    address: String,
    trust_forward_header: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<AskTls>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AskTls {
    insecure_skip_verify: bool,
}

/// Headers that are set; those that are removed have no text.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Headers {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    custom_request_headers: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    custom_response_headers: BTreeMap<&'static str, String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Transport<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<&'a str>,
    #[serde(rename = "rootCAs", skip_serializing_if = "Vec::is_empty")]
    root_cas: Vec<&'a str>,
    #[serde(skip_serializing_if = "is_false")]
    insecure_skip_verify: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[derive(Serialize)]
struct Tls {
    certificates: [Certificate; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    cert_file: String,
    key_file: String,
}

/// What dockpass and the registry are called in the file.
const DOCKPASS: &str = "dockpass";
const REGISTRY: &str = "dockpass-registry";
/// The middlewares: the question, what a client must not claim, what the registry must not get, and what its answers say.
const VERIFY: &str = "dockpass-verify";
const CLAIMS: &str = "dockpass-claims";
const ANONYMOUS: &str = "dockpass-anonymous";
const BROWSERS: &str = "dockpass-browsers";

/// `dockpass.yml`.
pub(super) fn text(layout: Layout, facts: &ProxyFacts<'_>) -> Result<String, SnippetError> {
    let public = proxy::check(Program::Traefik, facts)?;
    let file = proxy::file(public);
    let certificate = Certificate {
        cert_file: format!("/etc/ssl/certs/{file}.pem"),
        key_file: format!("/etc/ssl/private/{file}.key"),
    };
    let http = Http {
        routers: routers(layout, public),
        services: services(layout, facts),
        middlewares: middlewares(layout, public, facts),
        servers_transports: transports(layout, public, facts),
    };
    let written = File { http, tls: Tls { certificates: [certificate] } };
    // Plain text in plain structs: writing them as JSON cannot fail.
    let written = serde_json::to_string_pretty(&written).unwrap_or_default();
    Ok(format!("{}{written}\n", head(layout, public, facts)))
}

fn head(layout: Layout, public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let authority = authority(public);
    let who = proxy::role("Traefik", layout);
    let hint = proxy::listen_hint("# ", Program::Traefik, facts);
    format!(
        "# Traefik 3 before dockpass and its registry: both at https://{authority}, with TLS. For the file provider; put the\n\
         # paths of your certificate and its key into tls, or leave that out where a certificate resolver gets them.\n\
         # {who}\n\
         {hint}\
         # The static configuration must say, for the entry point websecure:\n\
         #   transport.respondingTimeouts.readTimeout: 0      else an upload of more than a minute ends in the middle\n\
         #   http.encodedCharacters.allowEncodedSlash: true   where it is known: the API has %2F in names of repositories\n"
    )
}

fn router(rule: String, service: &'static str, middlewares: Vec<&'static str>) -> Router {
    Router { rule, entry_points: ["websecure"], service, middlewares, tls: Empty {} }
}

/// What goes where. The longer rule comes first, by Traefik's own order.
fn routers(layout: Layout, public: PublicName<'_>) -> BTreeMap<&'static str, Router> {
    let site = format!("Host(`{}`)", host(public));
    let content = |but: &str| format!("{site} && PathPrefix(`/v2/`) && !Path(`/v2/_catalog`){but}");
    let to_dockpass = router(site.clone(), DOCKPASS, vec![CLAIMS]);
    let to_registry = match layout {
        Layout::Gateway => None,
        Layout::ForwardAuth => {
            // The question comes before the credentials are taken away.
            let through = vec![CLAIMS, VERIFY, ANONYMOUS, BROWSERS];
            Some(router(content(" && !Path(`/v2/`)"), REGISTRY, through))
        }
        Layout::TokenServer => Some(router(content(""), REGISTRY, vec![CLAIMS, ANONYMOUS])),
    };
    let routers = [Some((DOCKPASS, to_dockpass)), to_registry.map(|router| (REGISTRY, router))];
    routers.into_iter().flatten().collect()
}

fn services(layout: Layout, facts: &ProxyFacts<'_>) -> BTreeMap<&'static str, Service> {
    let service = |url: String, servers_transport| Service {
        load_balancer: Balancer { servers: [Server { url }], servers_transport },
    };
    let dockpass = service(proxy::dockpass(facts), facts.is_tls.then_some(DOCKPASS));
    let is_checked = proxy::is_registry_tls(facts) && facts.registry_ca.is_some();
    let registry = service(facts.registry.to_owned(), is_checked.then_some(REGISTRY));
    let registry = (layout != Layout::Gateway).then_some((REGISTRY, registry));
    [Some((DOCKPASS, dockpass)), registry].into_iter().flatten().collect()
}

/// Whom Traefik believes to be dockpass and the registry, where they speak TLS.
fn transports<'a>(
    layout: Layout,
    public: PublicName<'a>,
    facts: &ProxyFacts<'a>,
) -> BTreeMap<&'static str, Transport<'a>> {
    let dockpass = if proxy::must_prove(facts) {
        Transport { server_name: Some(public.host), ..Transport::default() }
    } else {
        Transport { insecure_skip_verify: true, ..Transport::default() }
    };
    let dockpass = facts.is_tls.then_some((DOCKPASS, dockpass));
    let ca = facts.registry_ca.filter(|_| layout != Layout::Gateway && proxy::is_registry_tls(facts));
    let registry = ca.map(|file| (REGISTRY, Transport { root_cas: vec![file], ..Transport::default() }));
    dockpass.into_iter().chain(registry).collect()
}

fn middlewares(layout: Layout, public: PublicName<'_>, facts: &ProxyFacts<'_>) -> BTreeMap<&'static str, Middleware> {
    let without = |names: &[&'static str]| names.iter().map(|name| (*name, String::new())).collect();
    let claims: BTreeMap<_, _> = without(&["X-Original-URI", "X-Original-Method", "X-Real-IP", "Forwarded"]);
    let names = [("Host", authority(public)), ("X-Forwarded-Host", authority(public))];
    let claims = claims.into_iter().chain(names).collect();
    let requests =
        |custom_request_headers| Middleware::Headers(Headers { custom_request_headers, ..Headers::default() });
    let mut all = BTreeMap::from([(CLAIMS, requests(claims))]);
    match layout {
        Layout::Gateway => {}
        Layout::ForwardAuth => {
            all.insert(VERIFY, Middleware::ForwardAuth(question(facts)));
            all.insert(ANONYMOUS, requests(without(&["Authorization", "Cookie"])));
            let said = TO_BROWSERS.map(|(name, value)| (name, value.to_owned()));
            let hidden = NOT_FROM_REGISTRY.map(|name| (name, String::new()));
            let custom_response_headers = said.into_iter().chain(hidden).collect();
            all.insert(BROWSERS, Middleware::Headers(Headers { custom_response_headers, ..Headers::default() }));
        }
        Layout::TokenServer => {
            all.insert(ANONYMOUS, requests(without(&["Cookie"])));
        }
    }
    all
}

/// Asks dockpass, with the request as it came, whatever a client says that it is.
fn question(facts: &ProxyFacts<'_>) -> ForwardAuth {
    let is_here = facts.is_tls && !proxy::must_prove(facts);
    ForwardAuth {
        address: format!("{}/auth/verify", proxy::dockpass(facts)),
        trust_forward_header: false,
        tls: is_here.then_some(AskTls { insecure_skip_verify: true }),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::PROXY;
    use super::*;

    fn made(layout: Layout, facts: ProxyFacts<'_>) -> String {
        let public = facts.public.map(|public| PublicName { host: public.host, port: 443 });
        text(layout, &ProxyFacts { public, ..facts }).unwrap()
    }

    /// The file without its comments.
    fn read(text: &str) -> serde_json::Value {
        let json: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
        serde_json::from_str(&json.concat()).unwrap()
    }

    #[test]
    fn each_layout_has_its_file() {
        for (layout, golden) in [
            (Layout::Gateway, include_str!("../../../tests/golden/registry/traefik-gateway.yml")),
            (Layout::ForwardAuth, include_str!("../../../tests/golden/registry/traefik-forward-auth.yml")),
            (Layout::TokenServer, include_str!("../../../tests/golden/registry/traefik-token-server.yml")),
        ] {
            assert_eq!(made(layout, PROXY), golden, "{layout}");
        }
    }

    #[test]
    fn servers_with_tls_are_checked_but_on_this_machine() {
        let here = ProxyFacts { is_tls: true, ..PROXY };
        let file = read(&made(Layout::ForwardAuth, here));
        let skips = "/http/middlewares/dockpass-verify/forwardAuth/tls/insecureSkipVerify";
        assert_eq!(file.pointer(skips), Some(&true.into()), "{file}");
        assert_eq!(file.pointer("/http/serversTransports/dockpass/insecureSkipVerify"), Some(&true.into()), "{file}");
        let elsewhere = ProxyFacts {
            listen: "192.0.2.5:8700".parse().unwrap(),
            registry: "https://registry.internal:5443",
            registry_ca: Some("/etc/my \"own\" ca.pem"),
            ..here
        };
        let file = read(&made(Layout::ForwardAuth, elsewhere));
        let transport = |name: &str| file.pointer(&format!("/http/serversTransports/{name}")).cloned();
        assert_eq!(transport("dockpass"), Some(serde_json::json!({ "serverName": "registry.example.com" })), "{file}");
        assert_eq!(transport("dockpass-registry"), Some(serde_json::json!({ "rootCAs": ["/etc/my \"own\" ca.pem"] })));
        assert!(!file.to_string().contains("insecure"), "{file}");
    }
}
