//! `/v2/` and its challenge, and what a registry token opens: the registry's own paths, as long as its owner counts.

use serde_json::json;

use crate::support::{
    AccessToken, InProcess,
    issued::{Issued, ask},
    site::{Caller, MINUTE, token_path},
};

fn shown(site: &InProcess, issued: &Issued) -> Caller {
    site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text))
}

fn challenge(site: &InProcess, more: &str) -> String {
    format!("Bearer realm=\"http://localhost:{}/auth/token\",service=\"dockpass\"{more}", site.address().port())
}

// --- the challenge (10, 11, 12) ---

#[test]
fn the_base_path_is_401_with_one_bearer_challenge_for_everybody_without_a_credential() {
    let site = InProcess::start();
    site.add_public("admin/open");
    for (method, path) in [("GET", "/v2/"), ("GET", "/v2"), ("HEAD", "/v2/")] {
        let answer = site.as_nobody().send(method, path, b"").must_be(401);
        assert_eq!(answer.header("WWW-Authenticate"), Some(challenge(&site, "").as_str()), "{method} {path}");
        assert_eq!(answer.headers("WWW-Authenticate").len(), 1, "oras reads the first line only");
        assert_eq!(answer.header("Docker-Distribution-Api-Version"), Some("registry/2.0"));
    }
    assert_eq!(site.as_nobody().get("/v2/").code(), "UNAUTHORIZED");
}

#[test]
fn empty_basic_credentials_open_nothing() {
    let site = InProcess::start();
    site.add_public("admin/open");
    let empty = site.as_nobody().header("Authorization", "Basic Og==");
    for path in ["/v2/", "/v2/_catalog"] {
        let answer = empty.get(path).must_be_refused(401, "UNAUTHORIZED");
        assert!(answer.header("WWW-Authenticate").is_some_and(|found| found.starts_with("Bearer realm=")), "{path}");
    }
}

#[test]
fn a_challenge_has_no_empty_value() {
    let site = InProcess::start();
    for (path, caller) in [
        ("/v2/", site.as_nobody()),
        ("/v2/_catalog", site.as_nobody()),
        ("/v2/", site.with("admin", "wrong-password")),
        ("/v2/_catalog", site.as_nobody().header("Authorization", "Bearer x")),
    ] {
        let answer = caller.get(path).must_be(401);
        let found = answer.header("WWW-Authenticate").expect("a challenge");
        assert!(found.starts_with("Bearer realm=\"http"), "docker wants the realm first: {found}");
        assert!(!found.contains("=\"\""), "docker and podman stop reading at an empty value: {found}");
    }
}

#[test]
fn the_catalogue_says_in_its_challenge_what_to_ask_for() {
    let site = InProcess::start();
    let answer = site.as_nobody().get("/v2/_catalog").must_be_refused(401, "UNAUTHORIZED");
    let expected = challenge(&site, ",scope=\"registry:catalog:*\"");
    assert_eq!(answer.header("WWW-Authenticate"), Some(expected.as_str()));
}

#[test]
fn a_browser_gets_the_same_challenge_here() {
    let site = InProcess::start();
    let answer = site.as_nobody().header("Sec-Fetch-Site", "same-origin").get("/v2/").must_be(401);
    assert_eq!(answer.header("WWW-Authenticate"), Some(challenge(&site, "").as_str()));
}

#[test]
fn a_good_credential_of_either_kind_opens_the_base_path() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({ "accessLevel": "read-only", "repositories": ["alice/app"] }));
    let alice = site.with_token("alice", &token);
    for caller in
        [shown(&site, &ask(&alice, &[])), shown(&site, &ask(&site.as_nobody(), &[])), alice, site.as_user("alice")]
    {
        let answer = caller.get("/v2/").must_be(200);
        assert_eq!((answer.json(), answer.header("WWW-Authenticate")), (json!({}), None), "{caller:?}");
    }
}

#[test]
fn a_wrong_credential_is_told_so() {
    let site = InProcess::start();
    let good = ask(&site.as_nobody(), &[]).text;
    let (signed, signature) = good.rsplit_once('.').expect("a signature");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", good.split('.').nth(1).expect("claims"));
    for text in ["x", "", &forged, &unsigned, &format!("{good}="), &good[..good.len() - 1], &"a".repeat(20_000)] {
        let caller = site.as_nobody().header("Authorization", &format!("Bearer {text}"));
        let answer = caller.get("/v2/").must_be_refused(401, "UNAUTHORIZED");
        let expected = challenge(&site, ",error=\"invalid_token\"");
        assert_eq!(answer.header("WWW-Authenticate"), Some(expected.as_str()), "{text:.40}");
    }
    site.with("admin", "wrong-password").get("/v2/").must_be(401);
}

// --- what a registry token opens ---

#[test]
fn a_registry_token_opens_the_registrys_paths_and_nothing_else() {
    let site = InProcess::start();
    let caller = shown(&site, &ask(&site.as_admin(), &["registry:catalog:*"]));
    caller.get("/v2/").must_be(200);
    caller.get("/v2/_catalog").must_be(200);
    for path in [
        "/api/v0/repositories",
        "/api/v0/api_tokens",
        "/enzi/v0/accounts",
        "/enzi/v0/accounts/admin",
        "/api/v0/audit",
        "/api/v0/admin/registry",
        "/auth/token",
    ] {
        assert_eq!(caller.get(path).must_be(401).status, 401, "the registry sees this token: {path}");
    }
    caller.post("/enzi/v0/accounts", &json!({ "name": "eve" })).must_be(401);
}

#[test]
fn a_registry_token_ends_when_it_says() {
    let site = InProcess::start();
    let caller = shown(&site, &ask(&site.as_nobody(), &[]));
    site.pass(15 * MINUTE - 1);
    caller.get("/v2/").must_be(200);
    site.pass(1);
    caller.get("/v2/").must_be(401);
}

#[test]
fn a_registry_token_of_another_service_or_issuer_opens_nothing() {
    let site = InProcess::start();
    let caller = shown(&site, &ask(&site.as_nobody(), &[]));
    let other = InProcess::start();
    other
        .as_nobody()
        .header("Authorization", &format!("Bearer {}", ask(&site.as_nobody(), &[]).text))
        .get("/v2/")
        .must_be(401);
    caller.get("/v2/").must_be(200);
}

/// An access token of alice, and a caller with a registry token that was made with it.
fn alice_with_registry_token(site: &InProcess) -> (AccessToken, Caller) {
    let token = site.add_token("alice", &json!({ "expiresAt": site.in_time(5) }));
    let caller = shown(site, &ask(&site.with_token("alice", &token), &[]));
    caller.get("/v2/").must_be(200);
    (token, caller)
}

#[test]
fn a_registry_token_dies_at_once_with_its_access_token() {
    let site = InProcess::start();
    site.add_service("alice");
    let patch = |token: &AccessToken, is_active: bool| {
        site.as_local().patch(&token_path(token), &json!({ "isActive": is_active })).must_be(200);
    };
    let (token, caller) = alice_with_registry_token(&site);
    patch(&token, false);
    caller.get("/v2/").must_be_refused(401, "UNAUTHORIZED");
    patch(&token, true);
    caller.get("/v2/").must_be(200);
    site.as_local().delete(&token_path(&token)).must_be(200);
    caller.get("/v2/").must_be(401);

    let (_, caller) = alice_with_registry_token(&site);
    site.pass(5);
    caller.get("/v2/").must_be(401);
}

#[test]
fn a_registry_token_dies_at_once_when_its_access_token_gets_a_new_secret() {
    let site = InProcess::start();
    site.add_service("alice");
    let (token, caller) = alice_with_registry_token(&site);
    site.as_local().post(&format!("{}/rotate", token_path(&token)), &json!({})).must_be(200);
    caller.get("/v2/").must_be(401);
}

#[test]
fn a_registry_token_dies_at_once_with_the_access_token_above_its_own() {
    let site = InProcess::start();
    site.add_service("alice");
    let parent = site.add_token("alice", &json!({}));
    let made = site.with_token("alice", &parent).post("/api/v0/api_tokens", &json!({})).must_be(200);
    let caller = shown(&site, &ask(&site.with_token("alice", &AccessToken::of(&made.json())), &[]));
    caller.get("/v2/").must_be(200);
    site.as_local().patch(&token_path(&parent), &json!({ "isActive": false })).must_be(200);
    caller.get("/v2/").must_be(401);
}

#[test]
fn a_registry_token_dies_at_once_with_its_account() {
    let site = InProcess::start();
    site.add_user("alice");
    for caller in [alice_with_registry_token(&site).1, shown(&site, &ask(&site.as_user("alice"), &[]))] {
        site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": false })).must_be(200);
        caller.get("/v2/").must_be(401);
        site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": true })).must_be(200);
        caller.get("/v2/").must_be(200);
    }
    let (_, caller) = alice_with_registry_token(&site);
    site.as_local().delete("/enzi/v0/accounts/alice").must_be(204);
    caller.get("/v2/").must_be(401);
    site.add_user("alice");
    caller.get("/v2/").must_be(401);
}
