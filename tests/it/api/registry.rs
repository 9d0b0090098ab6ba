//! The registry side by the API, without a registry: comparisons that begin, are joined and are stopped, the warning
//! about content that stays, and the configuration for a registry (design, section 6). `e2e::main_job` has a real
//! registry.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    process::eventually,
    site::{account_path, repository_path},
};

const REGISTRY: &str = "/api/v0/admin/registry";
const SYNC: &str = "/api/v0/admin/registry/sync";

/// A site whose registry takes connections and never answers: a comparison lasts until it is stopped.
fn with_silent_registry() -> (InProcess, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    (InProcess::start_with(&[("registry.url", &url)]), silent)
}

fn until(site: &InProcess, state: &str) {
    let now = || site.as_local().get(REGISTRY).must_be(200).text("/comparison/state");
    eventually(&format!("the comparison is {state}"), || (now() == state).then_some(()));
}

fn told(site: &InProcess, query: &str) -> Vec<(Value, Value)> {
    let records = site.audit(query).into_iter();
    let records = records.filter(|record| record["action"].as_str().is_some_and(|text| text.starts_with("registry.s")));
    records.map(|record| (record["action"].clone(), record["actor"].clone())).collect()
}

#[test]
fn a_comparison_that_begins_or_is_stopped_is_recorded_and_a_joined_one_is_said() {
    let (site, _silent) = with_silent_registry();
    until(&site, "running");
    let joined = site.as_admin().post(SYNC, &json!({})).must_be(202);
    assert!(joined.header("warning").is_some_and(|text| text.contains("at work already")), "{}", joined.describe());
    assert_eq!(told(&site, "outcome=success"), [], "nothing was begun");
    site.as_admin().delete(SYNC).must_be(202);
    until(&site, "stopped");
    let nothing_to_stop = site.as_admin().delete(SYNC).must_be(202);
    assert_eq!(nothing_to_stop.header("warning"), None);
    let begun = site.as_admin().post(SYNC, &json!({})).must_be(202);
    assert_eq!((begun.header("warning"), begun.text("/comparison/state").as_str()), (None, "running"));
    let by_admin = |action: &str| (json!(action), json!("admin"));
    assert_eq!(told(&site, "outcome=success"), [by_admin("registry.sync"), by_admin("registry.stopSync")]);
}

#[test]
fn comparing_is_for_administrators_and_needs_a_registry() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    alice.post(SYNC, &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
    alice.delete(SYNC).must_be_refused(403, "NOT_AUTHORIZED");
    let mut denied: Vec<String> = told(&site, "outcome=denied").iter().map(|(action, _)| action.to_string()).collect();
    denied.sort();
    assert_eq!(denied, ["\"registry.stopSync\"", "\"registry.sync\""]);
    alice.get("/api/v0/admin/version").must_be_refused(403, "NOT_AUTHORIZED");
    assert_eq!(site.audit("action=server.version&outcome=denied").len(), 1, "an act of its own");
    site.as_admin().post(SYNC, &json!({})).must_be_refused(409, "NEEDS_REGISTRY_URL");
    site.as_admin().delete(SYNC).must_be_refused(409, "NEEDS_REGISTRY_URL");
    assert_eq!(told(&site, "outcome=success"), [], "nothing was done");
}

#[test]
fn whoever_deletes_an_account_with_its_repositories_learns_that_the_content_stays() {
    let site = InProcess::start();
    ["alice", "bob", "carol"].iter().for_each(|name| site.add_service(name));
    site.add_repository("alice/app");
    site.add_repository("bob/app");
    site.add_repository("bob/lib");
    let with_repositories = |name: &str| site.as_local().delete(&format!("/api/v0/accounts/{name}")).must_be(204);
    let warning = |answer: &Answer| answer.header("warning").map(str::to_owned);
    let of_repository = warning(&site.as_local().delete(&repository_path("alice/app")).must_be(204));
    assert!(of_repository.is_some());
    assert_eq!(warning(&with_repositories("bob")), of_repository, "the same");
    for nothing_stays in [with_repositories("alice"), with_repositories("nobody")] {
        assert_eq!(warning(&nothing_stays), None);
    }
    let without_repositories = site.as_local().delete(&account_path("carol")).must_be(204);
    assert_eq!(warning(&without_repositories), None);
    let (site, _silent) = with_silent_registry();
    site.add_service("alice");
    site.add_repository("alice/app");
    let deleted = site.as_local().delete("/api/v0/accounts/alice").must_be(204);
    assert_eq!(warning(&deleted), None, "the content goes, too");
}

#[test]
fn nginx_gets_one_file_about_this_very_server_and_no_certificate() {
    const NGINX: &str = "/api/v0/admin/registry/config?for=nginx";
    let proxied = |trusted: &'static str, more: &[(&'static str, &str)]| {
        let url = [("server.public_url", "https://pass.example.com:8443"), ("server.behind_proxy", "true")];
        InProcess::start_with(&[&url[..], &[("server.trusted_proxies", trusted)], more].concat())
    };
    let site = proxied("127.0.0.1,10.0.0.0/8", &[("registry.url", "http://127.0.0.1:9")]);
    let made = site.as_admin().get(NGINX).must_be(200);
    let json = made.json();
    assert_eq!((&json["for"], &json["fileName"]), (&json!("nginx"), &json!("dockpass.conf")));
    assert_eq!((&json["certificateName"], &json["certificate"]), (&Value::Null, &Value::Null));
    let text = made.text("/configuration");
    let asked: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("proxy_pass ")).collect();
    let dockpass = format!("http://{};", site.address());
    assert_eq!(asked, [&*dockpass, "http://127.0.0.1:9;", &dockpass]);
    for line in ["listen 8443 ssl;", "server_name pass.example.com;", "proxy_set_header Host pass.example.com:8443;"] {
        assert!(text.contains(&format!("    {line}\n")), "no {line} in:\n{text}");
    }
    let anywhere = proxied("127.0.0.1", &[]).as_admin().get(NGINX).must_be(200).text("/configuration");
    assert!(anywhere.contains("proxy_pass http://127.0.0.1:5000;"), "{anywhere}");

    let untrusted = proxied("10.0.0.0/8", &[]).as_admin().get(NGINX);
    let told = untrusted.must_be_refused(409, "NEEDS_PROXY_SETTINGS").text("/errors/0/message");
    assert!(told.contains("add \"127.0.0.1\" to server.trusted_proxies"), "{told}");
    for settings in [&[("server.public_url", "https://pass.example.com")][..], &[]] {
        let told = InProcess::start_with(settings).as_admin().get(NGINX).must_be_refused(409, "NEEDS_PROXY_SETTINGS");
        let told = told.text("/errors/0/message");
        assert!(told.contains("server.behind_proxy = true"), "{told}");
        assert_eq!(told.contains("set server.public_url"), settings.is_empty(), "{told}");
    }
}

#[test]
fn a_certificate_of_our_own_needs_the_trust_of_the_registrys_system() {
    let configuration = |settings: &[(&'static str, &str)]| {
        let site = InProcess::start_with(settings);
        site.as_local().get(&format!("{REGISTRY}/config?for=distribution")).must_be(200).text("/configuration")
    };
    let url = ("server.public_url", "https://pass.example.com");
    let made = configuration(&[("tls.self_signed", "true"), url]);
    assert!(made.contains("/ca.pem as\n#   /usr/local/share/ca-certificates/"), "{made}");
    assert!(!configuration(&[]).contains("ca-certificates"));
}
