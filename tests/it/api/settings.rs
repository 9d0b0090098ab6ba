//! `meta/settings`: what administrators change while the server runs (design, sections 5 and 8).

use std::thread;

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    issued::granted,
    site::{Caller, DAY, HOUR, NOW, repository_path},
};

const SETTINGS: &str = "/api/v0/meta/settings";
const TOKENS: &str = "/api/v0/api_tokens";

fn view(site: &InProcess) -> Value {
    site.as_local().get(SETTINGS).must_be(200).json()
}

fn set(site: &InProcess, body: &Value) -> Value {
    site.as_local().post(SETTINGS, body).must_be(202).json()
}

fn refused(site: &InProcess, body: &Value) -> Answer {
    site.as_local().post(SETTINGS, body).must_be_refused(400, "INVALID_SETTINGS")
}

fn defaults(site: &InProcess) -> Value {
    json!({
        "dtrHost": site.address().to_string(),
        "createRepositoryOnPush": true,
        "maxRepositoriesPerNamespace": 10_000,
        "maxTokensPerAccount": 1_000,
        "tokenDefaultLifetime": null,
        "tokenMaxLifetime": null,
        "auditRegistryTokens": false,
        "registryPublicHost": null,
        "registryPublicHostSeen": null,
        "auditAuthLogsEnabled": true,
        "fixed": {},
    })
}

// --- what they are ---

#[test]
fn each_setting_is_changed_alone_shown_and_kept() {
    let site = InProcess::start();
    assert_eq!(view(&site), defaults(&site));
    let changes = [
        ("createRepositoryOnPush", json!(false)),
        ("maxRepositoriesPerNamespace", json!(7)),
        ("maxTokensPerAccount", json!(1_000_000)),
        ("tokenDefaultLifetime", json!(60)),
        ("tokenMaxLifetime", json!(90 * DAY)),
        ("auditRegistryTokens", json!(true)),
        ("registryPublicHost", json!("registry.example.com:5000")),
    ];
    let mut expected = defaults(&site);
    for (field, value) in &changes {
        expected[field] = value.clone();
        assert_eq!(set(&site, &json!({ *field: value })), expected);
        assert_eq!(view(&site), expected);
    }
    assert_eq!(set(&site, &json!({})), expected, "what is not named stays");
    assert_eq!(set(&site, &json!({ "createRepositoryOnPush": null })), expected);
    let site = site.restart();
    expected["dtrHost"] = json!(site.address().to_string());
    assert_eq!(view(&site), expected);
    // And back again, null being never.
    let back = json!({
        "dtrHost": site.address().to_string(), "createRepositoryOnPush": true, "maxRepositoriesPerNamespace": 10_000,
        "maxTokensPerAccount": 1_000, "tokenDefaultLifetime": null, "tokenMaxLifetime": null,
        "auditRegistryTokens": false, "auditAuthLogsEnabled": true, "registryPublicHost": null,
        "registryPublicHostSeen": null, "fixed": {},
    });
    assert_eq!(set(&site, &back), back);
    assert_eq!(view(&site.restart())["tokenMaxLifetime"], Value::Null);
}

#[test]
fn what_is_out_of_bounds_or_cannot_be_is_refused_whole() {
    let site = InProcess::start();
    for (field, bad) in [
        ("maxRepositoriesPerNamespace", json!(0)),
        ("maxRepositoriesPerNamespace", json!(-1)),
        ("maxRepositoriesPerNamespace", json!(1_000_001)),
        ("maxRepositoriesPerNamespace", json!(4_294_967_297_i64)),
        ("maxTokensPerAccount", json!(0)),
        ("maxTokensPerAccount", json!(1_000_001)),
        ("tokenDefaultLifetime", json!(0)),
        ("tokenDefaultLifetime", json!(59)),
        ("tokenMaxLifetime", json!(-60)),
        ("tokenMaxLifetime", json!(i64::MAX)),
        ("auditAuthLogsEnabled", json!(false)),
        ("dtrHost", json!("registry.example.com")),
        ("dtrHost", json!("")),
    ] {
        let refused = refused(&site, &json!({ "createRepositoryOnPush": false, field: bad }));
        assert_eq!(refused.text("/errors/0/detail/field"), field, "{}", refused.describe());
    }
    for bad in [
        json!({ "createRepositoryOnPush": "false" }),
        json!({ "maxTokensPerAccount": "5" }),
        json!({ "maxTokensPerAccount": 1.5 }),
        json!({ "maxTokensPerAccount": 1e30 }),
        json!({ "tokenMaxLifetime": "90d" }),
        json!({ "tokenMaxLifetime": true }),
        json!({ "createRepositoryOnPush": false, "tokenMaxLifetimes": 900 }),
    ] {
        site.as_local().post(SETTINGS, &bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
    assert_eq!(view(&site), defaults(&site));
}

#[test]
fn a_default_is_no_longer_than_the_longest() {
    let site = InProcess::start();
    let alone = refused(&site, &json!({ "tokenMaxLifetime": DAY }));
    assert_eq!(alone.text("/errors/0/detail/field"), "tokenDefaultLifetime");
    refused(&site, &json!({ "tokenMaxLifetime": DAY, "tokenDefaultLifetime": DAY + 1 }));
    set(&site, &json!({ "tokenMaxLifetime": DAY, "tokenDefaultLifetime": DAY }));
    refused(&site, &json!({ "tokenDefaultLifetime": null }));
    refused(&site, &json!({ "tokenMaxLifetime": HOUR }));
    set(&site, &json!({ "tokenDefaultLifetime": HOUR }));
    set(&site, &json!({ "tokenMaxLifetime": HOUR }));
}

#[test]
fn what_the_configuration_sets_wins_and_is_not_changed() {
    let site = InProcess::start_with(&[
        ("repositories.create_on_push", "true"),
        ("tokens.default_lifetime", "30d"),
        ("tokens.max_lifetime", "90d"),
        ("server.public_url", "http://pass.example.com:8080"),
    ]);
    let shown = view(&site);
    assert_eq!((&shown["dtrHost"], &shown["tokenMaxLifetime"]), (&json!("pass.example.com:8080"), &json!(90 * DAY)));
    for (field, value, key) in [
        ("createRepositoryOnPush", json!(false), "repositories.create_on_push"),
        ("tokenDefaultLifetime", json!(60), "tokens.default_lifetime"),
        ("tokenMaxLifetime", json!(null), "tokens.max_lifetime"),
        ("tokenMaxLifetime", json!(1), "tokens.max_lifetime"),
    ] {
        assert_eq!(shown["fixed"][field], json!({ "key": key, "from": "flag" }));
        let refused = refused(&site, &json!({ "auditRegistryTokens": true, field: value }));
        let detail = &refused.json()["errors"][0]["detail"];
        assert_eq!(detail, &json!({ "field": field, "key": key, "from": "flag" }));
        let message = refused.text("/errors/0/message");
        assert!(message.contains(key) && message.contains("command line"), "{message}");
    }
    assert_eq!(view(&site), shown, "nothing of a refused change is made");
    assert_eq!(shown["fixed"].as_object().map(serde_json::Map::len), Some(3), "{shown}");
    // What was read can be sent back whole, with a change of what is free.
    let mut whole = shown.clone();
    whole["maxTokensPerAccount"] = json!(5);
    assert_eq!(set(&site, &whole), whole);
    whole["fixed"] = json!({});
    assert_eq!(set(&site, &whole)["fixed"], shown["fixed"], "it is not read");
    // A value that the configuration fixed was never a choice: without it the default is back.
    let site = site.restart_with(&[("server.public_url", "http://pass.example.com:8080")]);
    let free = view(&site);
    assert_eq!((&free["tokenMaxLifetime"], &free["maxTokensPerAccount"]), (&Value::Null, &json!(5)));
    refused(&site, &json!({ "dtrHost": "pass.example.com" }));
}

#[test]
fn what_was_chosen_gives_way_to_the_configuration_and_comes_back() {
    let site = InProcess::start();
    set(&site, &json!({ "maxTokensPerAccount": 5, "createRepositoryOnPush": false }));
    let site = site.restart_with(&[("tokens.max_per_account", "9")]);
    let shown = view(&site);
    assert_eq!((&shown["maxTokensPerAccount"], &shown["createRepositoryOnPush"]), (&json!(9), &json!(false)));
    refused(&site, &json!({ "maxTokensPerAccount": 5 }));
    let site = site.restart_with(&[]);
    assert_eq!(view(&site)["maxTokensPerAccount"], json!(5));
}

// --- what they do ---

#[test]
fn without_creation_on_push_the_push_is_left_out_until_it_is_back() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/old");
    set(&site, &json!({ "createRepositoryOnPush": false }));
    assert_eq!(granted(&alice, &["alice/new:pull,push", "alice/old:pull,push"]), "alice/new:pull alice/old:pull,push");
    alice.get(&repository_path("alice/new")).must_be(404);
    alice.post("/api/v0/repositories/alice", &json!({ "name": "made" })).must_be(201);
    set(&site, &json!({ "createRepositoryOnPush": true }));
    assert_eq!(granted(&alice, &["alice/new:pull,push"]), "alice/new:pull,push");
    assert_eq!(alice.get(&repository_path("alice/new")).must_be(200).text("/visibility"), "private");
}

#[test]
fn limits_count_from_the_next_request_on() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/one");
    site.add_repository("alice/two");
    set(&site, &json!({ "maxRepositoriesPerNamespace": 2, "maxTokensPerAccount": 1 }));
    let create = |name: &str| alice.post("/api/v0/repositories/alice", &json!({ "name": name }));
    create("three").must_be_refused(409, "LIMIT_REACHED");
    assert_eq!(granted(&alice, &["alice/three:pull,push"]), "alice/three:pull");
    alice.post(TOKENS, &json!({})).must_be_refused(409, "LIMIT_REACHED");
    set(&site, &json!({ "maxRepositoriesPerNamespace": 3, "maxTokensPerAccount": 2 }));
    create("three").must_be(201);
    alice.post(TOKENS, &json!({})).must_be(200);
    for _ in 0..2 {
        create("four").must_be_refused(409, "LIMIT_REACHED");
        alice.post(TOKENS, &json!({})).must_be_refused(409, "LIMIT_REACHED");
    }
}

#[test]
fn lifetimes_count_for_the_next_access_token() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let made = |body: Value| alice.post(TOKENS, &body).must_be(200).json()["expiresAt"].clone();
    assert_eq!(made(json!({})), Value::Null);
    set(&site, &json!({ "tokenDefaultLifetime": HOUR, "tokenMaxLifetime": DAY }));
    assert_eq!(made(json!({})), json!(site.in_time(HOUR)));
    assert_eq!(made(json!({ "expiresAt": site.in_time(DAY) })), json!(site.in_time(DAY)));
    for late in [json!(null), json!(site.in_time(DAY + 1))] {
        alice.post(TOKENS, &json!({ "expiresAt": late })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    set(&site, &json!({ "tokenMaxLifetime": null }));
    assert_eq!(made(json!({ "expiresAt": null })), Value::Null);
    assert_eq!(made(json!({})), json!(site.in_time(HOUR)));
}

#[test]
fn registry_tokens_are_audited_from_the_next_one_on() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/app");
    let issue = || granted(&alice, &["alice/app:pull"]);
    issue();
    set(&site, &json!({ "auditRegistryTokens": true }));
    issue();
    assert_eq!(site.audit("action=registryToken.issue").len(), 1);
    set(&site, &json!({ "auditRegistryTokens": false }));
    issue();
    assert_eq!(site.audit("action=registryToken.issue")[0]["count"], json!(1));
}

// --- who may, and what is recorded ---

#[test]
fn settings_are_for_administrators() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let with = |body: Value| site.with_token("admin", &site.add_token("admin", &body));
    let capped = [with(json!({ "accessLevel": "read-write" })), with(json!({ "repositories": ["alice/*"] }))];
    for caller in capped.iter().chain([&alice]) {
        caller.get(SETTINGS).must_be_refused(403, "NOT_AUTHORIZED");
        for body in [json!({ "createRepositoryOnPush": false }), json!({ "unknown": 1 }), json!([])] {
            caller.post(SETTINGS, &body).must_be_refused(403, "NOT_AUTHORIZED");
        }
    }
    site.as_nobody().get(SETTINGS).must_be_refused(401, "NOT_AUTHENTICATED");
    assert_eq!(view(&site), defaults(&site));
    assert_eq!(with(json!({})).post(SETTINGS, &json!({ "maxTokensPerAccount": 50 })).must_be(202).status, 202);
}

#[test]
fn a_change_is_audited_with_what_it_changed() {
    let site = InProcess::start();
    let body = json!({ "createRepositoryOnPush": false, "tokenDefaultLifetime": HOUR });
    set(&site, &body);
    set(&site, &body);
    set(&site, &json!({ "createRepositoryOnPush": false, "tokenDefaultLifetime": null }));
    let changes = site.audit("action=settings.update");
    let objects: Vec<_> = changes.iter().map(|record| record["object"].clone()).collect();
    assert_eq!(objects, ["tokenDefaultLifetime=never", "createRepositoryOnPush=false tokenDefaultLifetime=3600s"]);
    assert_eq!((&changes[0]["time"], &changes[0]["outcome"]), (&json!(NOW), &json!("success")));
    refused(&site, &json!({ "maxTokensPerAccount": 0 }));
    assert_eq!(site.audit("action=settings.update").len(), 2);
}

#[test]
fn changes_at_the_same_time_lose_nothing() {
    let site = InProcess::start();
    let post = |caller: Caller, field: &'static str| {
        thread::spawn(move || {
            (1..=20).for_each(|number| drop(caller.post(SETTINGS, &json!({ field: number })).must_be(202)));
        })
    };
    let fields = ["maxTokensPerAccount", "maxRepositoriesPerNamespace"];
    let threads = fields.map(|field| post(site.as_local(), field));
    threads.into_iter().for_each(|thread| thread.join().expect("its changes"));
    let shown = view(&site);
    assert_eq!(fields.map(|field| shown[field].clone()), [json!(20), json!(20)]);
}
