//! Passwords on every request: how many sign-ins they are, and that what ends a password counts on the very next one. The
//! test moves the clock. That only a recorded sign-in costs a slow hash is tested beside the service.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    exe::PASSWORD,
    site::{Caller, MINUTE, account_path},
};

const TOKENS: &str = "/api/v0/api_tokens";
const REPOSITORIES: &str = "/api/v0/repositories/alice";
const TOKEN: &str = "/auth/token?service=dockpass&scope=repository:alice/app:pull";
const SESSION: &str = "/api/v0/session";
const NEW_PASSWORD: &str = "amber harbour 17";

fn with_alice() -> (InProcess, Caller) {
    let site = InProcess::start();
    site.add_user("alice");
    let alice = site.as_user("alice");
    (site, alice)
}

/// How often alice has signed in with her password.
fn sign_ins(site: &InProcess) -> u64 {
    let records = site.audit("action=account.signIn&actor=alice&outcome=success");
    let by_password = records.iter().filter(|record| record["credential"] == json!("password"));
    by_password.map(|record| record["count"].as_u64().unwrap_or_default()).sum()
}

fn set(site: &InProcess, change: &Value) {
    site.as_local().patch(&account_path("alice"), change).must_be(200);
}

#[test]
fn forty_requests_with_the_password_are_one_sign_in_wherever_it_is_asked() {
    let (site, alice) = with_alice();
    for path in ["/v2/", TOKENS, REPOSITORIES, TOKEN] {
        (0..10).for_each(|_| drop(alice.get(path).must_be(200)));
    }
    assert_eq!(sign_ins(&site), 1);
    site.pass(MINUTE - 1);
    alice.get("/v2/").must_be(200);
    assert_eq!(sign_ins(&site), 1);
    // A minute from the sign-in, not from the last use.
    site.pass(1);
    (0..40).for_each(|_| drop(alice.get("/v2/").must_be(200)));
    assert_eq!(sign_ins(&site), 2);
}

#[test]
fn a_wrong_password_is_wrong_however_often_the_right_one_was_shown() {
    let (site, alice) = with_alice();
    for guess in [&PASSWORD[1..], &PASSWORD.to_uppercase(), &format!("{PASSWORD}x"), ""] {
        alice.get(TOKENS).must_be(200);
        site.with("alice", guess).get(TOKENS).must_be_refused(401, "NOT_AUTHENTICATED");
    }
    site.with("admin", PASSWORD).get(TOKENS).must_be(200);
    site.with("Alice", PASSWORD).get(TOKENS).must_be(401);
}

#[test]
fn another_password_a_deactivation_and_a_lock_count_on_the_very_next_request() {
    let (site, alice) = with_alice();
    let every = |status| [TOKENS, "/v2/", TOKEN].iter().for_each(|path| drop(alice.get(path).must_be(status)));
    every(200);
    set(&site, &json!({ "isActive": false }));
    every(401);
    set(&site, &json!({ "isActive": true }));
    every(200);
    for number in 0..5 {
        site.with("alice", &format!("wrong guess {number}")).get(TOKENS).must_be(401);
    }
    every(429);
    site.as_local().delete("/api/v0/accounts/alice/lock").must_be(204);
    every(200);
    let change = json!({ "newPassword": NEW_PASSWORD });
    site.as_local().post("/enzi/v0/accounts/alice/changePassword", &change).must_be(200);
    every(401);
    site.with("alice", NEW_PASSWORD).get(TOKENS).must_be(200);
    site.as_local().delete(&account_path("alice")).must_be_one_of(&[200, 204]);
    site.with("alice", NEW_PASSWORD).get(TOKENS).must_be(401);
}

#[test]
fn a_session_begins_with_a_sign_in_of_its_own() {
    let (site, alice) = with_alice();
    alice.get(TOKENS).must_be(200);
    let body = json!({ "username": "alice", "password": PASSWORD });
    (0..2).for_each(|_| drop(site.as_nobody().post(SESSION, &body).must_be(200)));
    assert_eq!(sign_ins(&site), 3);
}
