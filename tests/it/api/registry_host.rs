//! How clients reach the registry: one answer, wherever it is named (issue 12, A6).

use serde_json::{Value, json};

use crate::support::{InProcess, notify, site::Caller};

const HOST: &str = "/api/v0/registry/host";
const SETTINGS: &str = "/api/v0/meta/settings";
const REGISTRY: &str = "/api/v0/admin/registry";

const PROXY: [(&str, &str); 3] = [
    ("server.public_url", "https://pass.example.com"),
    ("server.behind_proxy", "true"),
    ("server.trusted_proxies", "127.0.0.1"),
];

fn host(caller: &Caller) -> Value {
    caller.get(HOST).must_be(200).json()["publicHost"].clone()
}

fn set(site: &InProcess, value: &Value) {
    site.as_local().post(SETTINGS, &json!({ "registryPublicHost": value })).must_be(202);
}

fn event(id: &str, actor: &str, host: &str) -> Value {
    let mut event = notify::pull(id, "alice/app", "1", 1);
    event["request"]["host"] = json!(host);
    event["actor"]["name"] = json!(actor);
    event
}

#[test]
fn it_is_what_is_set_else_the_proxy_else_the_registry_else_unknown() {
    let url = ("registry.url", "http://127.0.0.1:21001");
    let with = |more: &[(&'static str, &'static str)]| host(&InProcess::start_with(more).as_local());
    assert_eq!(with(&[]), Value::Null, "never dockpass's own port");
    assert_eq!(with(&[("server.public_url", "http://localhost:1")]), Value::Null, "that is where dockpass is");
    assert_eq!(with(&[url]), json!("127.0.0.1:21001"));
    assert_eq!(with(&[("registry.url", "https://registry.example.com")]), json!("registry.example.com"));
    assert_eq!(with(&[&PROXY[..], &[url]].concat()), json!("pass.example.com"));
    let set = ("registry.public_host", "images.example.com:5000");
    assert_eq!(with(&[&PROXY[..], &[url, set]].concat()), json!("images.example.com:5000"));
}

#[test]
fn administrators_set_it_and_everybody_who_signs_in_learns_it() {
    let site = InProcess::start_with(&[("registry.url", "http://127.0.0.1:21001")]);
    let alice = site.add_robot("alice");
    assert_eq!(host(&alice), json!("127.0.0.1:21001"));
    set(&site, &json!("Images.example.com"));
    assert_eq!((host(&alice), host(&site.as_admin())), (json!("images.example.com"), json!("images.example.com")));
    assert_eq!(site.as_local().get(REGISTRY).must_be(200).text("/publicHost"), "images.example.com");
    let site = site.restart();
    assert_eq!(host(&site.as_local()), json!("images.example.com"), "it is kept");
    set(&site, &Value::Null);
    assert_eq!(host(&site.as_local()), json!("127.0.0.1:21001"));
    for wrong in ["https://images.example.com", "images.example.com/alice", "registry", "a b.c", "a.b:0"] {
        let refused = site.as_local().post(SETTINGS, &json!({ "registryPublicHost": wrong }));
        let refused = refused.must_be_refused(400, "INVALID_SETTINGS");
        assert!(refused.body.contains("registryPublicHost"), "{}", refused.describe());
    }
    let recorded = site.audit("action=settings.update");
    assert!(recorded.iter().any(|it| it.to_string().contains("registryPublicHost=images.example.com")), "{recorded:?}");
}

#[test]
fn what_the_configuration_sets_stays() {
    let site = InProcess::start_with(&[("registry.public_host", "images.example.com")]);
    let refused = site.as_local().post(SETTINGS, &json!({ "registryPublicHost": "other.example.com" }));
    let refused = refused.must_be_refused(400, "INVALID_SETTINGS");
    assert_eq!(refused.text("/errors/0/detail/key"), "registry.public_host");
    set(&site, &json!("images.example.com"));
    assert_eq!(host(&site.as_local()), json!("images.example.com"));
}

#[test]
fn what_clients_call_it_is_proposed_to_administrators_and_used_nowhere() {
    let site = InProcess::start();
    let seen = || {
        let settings = site.as_local().get(SETTINGS).must_be(200).json()["registryPublicHostSeen"].clone();
        assert_eq!(settings, site.as_local().get(REGISTRY).must_be(200).json()["publicHostSeen"]);
        settings
    };
    assert_eq!(seen(), Value::Null);
    let (usual, forged) = ("registry.example.com:5000", "evil.example.com");
    site.notify(&[event("1", "alice", usual), event("2", "mallory", forged), event("3", "bob", usual)]).must_be(200);
    // dockpass's own requests go by registry.url.
    let own: Vec<_> = (10..20).map(|id| event(&id.to_string(), "_dockpass", "127.0.0.1:5000")).collect();
    site.notify(&own).must_be(200);
    assert_eq!((seen(), host(&site.as_local())), (json!(usual), Value::Null), "proposed, and used nowhere");
    // The settings can be sent back whole.
    let whole = site.as_local().get(SETTINGS).must_be(200).json();
    site.as_local().post(SETTINGS, &whole).must_be(202);
    assert_eq!(host(&site.as_local()), Value::Null);
    set(&site, &json!(usual));
    assert_eq!(seen(), Value::Null, "nothing is left to propose");
    let alice = site.add_robot("alice");
    for path in [SETTINGS, REGISTRY] {
        alice.get(path).must_be_refused(403, "NOT_AUTHORIZED");
    }
    site.as_nobody().get(HOST).must_be(401);
}

#[test]
fn printed_configurations_have_the_ports_and_addresses_that_were_configured() {
    let text = |settings: &[(&'static str, &'static str)], program: &str| {
        let site = InProcess::start_with(settings);
        let path = format!("/api/v0/admin/registry/config?for={program}");
        (site.as_local().get(&path).must_be(200), site.address().port())
    };
    let here = ("registry.url", "http://localhost:21001");
    let (made, port) = text(&[here], "distribution");
    let made = made.text("/configuration");
    assert!(made.contains("  addr: 127.0.0.1:21001\n"), "{made}");
    assert!(made.contains(&format!("realm: \"http://localhost:{port}/auth/token\"\n")), "{made}");
    let (made, _) = text(&[here, ("registry.fixed_key", "true")], "zot");
    let zot: Value = serde_json::from_str(&made.text("/configuration")).expect("JSON");
    assert_eq!((&zot["http"]["address"], &zot["http"]["port"]), (&json!("127.0.0.1"), &json!("21001")));
    assert_eq!((&zot["storage"]["dedupe"], &zot["http"]["compat"]), (&json!(false), &json!(["docker2s2"])));
    let sink = &zot["extensions"]["events"]["sinks"][0];
    let secret = sink["headers"]["Authorization"].as_str().expect("a header");
    assert!(secret.starts_with("Bearer ") && secret != "Bearer SECRET", "the local socket is told");
    // Behind nginx, registry.url may be nginx itself: then the registry listens where nginx looks for it.
    let (made, _) = text(&[&PROXY[..], &[("registry.url", "https://pass.example.com")]].concat(), "distribution");
    let made = made.text("/configuration");
    assert!(made.contains("  addr: 127.0.0.1:5000\n") && !made.contains("tls:"), "{made}");
}

#[test]
fn the_file_of_the_keys_comes_along_where_registries_find_keys_by_name() {
    let config = "/api/v0/admin/registry/config?for=distribution&certificate=/srv/x/ca.pem";
    let site = InProcess::start();
    let usual = site.as_local().get(config).must_be(200).json();
    assert_eq!((&usual["keysName"], &usual["keys"]), (&Value::Null, &Value::Null));
    for header in ["kid-libtrust", "kid-rfc7638"] {
        let site = InProcess::start_with(&[("registry.fixed_key", "true"), ("registry.key_header", header)]);
        let made = site.as_local().get(config).must_be(200);
        assert!(
            made.text("/configuration").contains("    jwks: \"/srv/x/dockpass-keys.json\"\n"),
            "{}",
            made.describe()
        );
        assert_eq!(made.text("/keysName"), "dockpass-keys.json");
        let keys: Value = serde_json::from_str(&made.text("/keys")).expect("JSON");
        assert_eq!(keys, site.as_nobody().get("/auth/keys").must_be(200).json(), "{header}");
    }
}

#[test]
fn the_realm_of_a_loopback_listener_is_localhost_and_a_private_address_is_warned_of() {
    let realm = |site: &InProcess| {
        let challenge = site.as_nobody().get("/v2/").must_be(401);
        challenge.header("www-authenticate").expect("a challenge").to_owned()
    };
    let warning = |site: &InProcess| site.as_local().get(REGISTRY).must_be(200).json()["realmWarning"].clone();
    let config = |site: &InProcess| {
        let made = site.as_local().get("/api/v0/admin/registry/config?for=distribution").must_be(200);
        made.header("warning").map(str::to_owned)
    };
    let site = InProcess::start();
    let port = site.address().port();
    assert!(
        realm(&site).starts_with(&format!("Bearer realm=\"http://localhost:{port}/auth/token\"")),
        "{}",
        realm(&site)
    );
    assert_eq!((warning(&site), config(&site)), (Value::Null, None));
    for private in ["http://127.0.0.1:8700", "http://[::1]:8700", "http://10.1.2.3", "http://192.168.7.7:8700"] {
        let site = InProcess::start_with(&[("server.public_url", private)]);
        assert!(realm(&site).contains(private), "what is set is used: {}", realm(&site));
        let told = warning(&site);
        assert!(told.as_str().is_some_and(|text| text.contains("crane") && text.contains(private)), "{told}");
        assert!(config(&site).is_some_and(|text| text.contains("crane")), "{:?}", config(&site));
    }
    for fine in ["http://localhost:8700", "http://pass.example.com", "http://203.0.113.7"] {
        let site = InProcess::start_with(&[("server.public_url", fine)]);
        assert_eq!((warning(&site), config(&site)), (Value::Null, None), "{fine}");
    }
    // The registry's own host and port are no other place.
    let behind = [("server.public_url", "https://10.1.2.3"), PROXY[1], PROXY[2]];
    let site = InProcess::start_with(&behind);
    assert_eq!((warning(&site), config(&site)), (Value::Null, None));
}
