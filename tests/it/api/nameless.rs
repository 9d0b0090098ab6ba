//! An access token alone, without a user name: the API takes it for its owner, and for nothing more than with the name, and so
//! does `docker search`. Whoever signs in to a registry gives the name.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{
    InProcess,
    exe::PASSWORD,
    issued::{TOKEN_PATH, password_form},
    site::{HOUR, token_path},
};

const LIST: &str = "/api/v0/api_tokens";

/// What is recorded of refused sign-ins, but for when and how often.
fn refusals(site: &InProcess) -> BTreeSet<String> {
    let mut records = site.audit("action=account.signIn&outcome=denied");
    for record in &mut records {
        let fields = record.as_object_mut().expect("a record");
        fields.retain(|name, _| !["seq", "time", "firstTime", "count", "hash"].contains(&name.as_str()));
    }
    records.iter().map(ToString::to_string).collect()
}

#[test]
fn an_access_token_alone_is_its_owners() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_organization("acme", &[("alice", true)]);
    let token = site.add_token("alice", &json!({ "accessLevel": "read-only" }));
    let robot = site.make_robot("acme/ci", &json!({ "accessLevel": "push" }));
    let listed = site.with("", &token.secret).get(LIST).must_be(200);
    assert_eq!(listed.text("/0/username"), "alice");
    // What stands around it unseen is no name.
    assert_eq!(site.with("\r\n", &token.secret).get(LIST).must_be(200).json(), listed.json());
    // It may no more than with the name, and is recorded like that.
    let make = json!({ "name": "app" });
    site.with("", &token.secret).post("/api/v0/repositories/alice", &make).must_be_refused(403, "NOT_AUTHORIZED");
    let records = site.audit("actor=alice&outcome=denied");
    assert!(records[0]["credential"].as_str().is_some_and(|it| it.starts_with("accessToken")), "{}", records[0]);
    site.with("", &robot).get("/api/v0/repositories").must_be(200);
    assert_eq!(
        site.with("", &robot).get(LIST).must_be(200).body,
        site.with("acme/ci", &robot).get(LIST).must_be(200).body
    );
}

#[test]
fn one_that_does_not_count_is_refused_as_with_its_name() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_organization("acme", &[("alice", true)]);
    let expired = site.add_token("alice", &json!({ "expiresAt": site.in_time(HOUR) }));
    let stopped = site.add_token("alice", &json!({}));
    let deleted = site.add_token("alice", &json!({}));
    let robot = site.make_robot("acme/ci", &json!({ "accessLevel": "push", "expiresAt": site.in_time(HOUR) }));
    site.as_local().patch(&token_path(&stopped), &json!({ "isActive": false })).must_be(200);
    site.as_local().delete(&token_path(&deleted)).must_be(200);
    site.pass(HOUR);
    // Whose one is that is there, the record says as well.
    for (owner, secret) in [("alice", &expired.secret), ("alice", &stopped.secret), ("acme/ci", &robot)] {
        let [named, alone] = [owner, ""].map(|name| {
            site.with(name, secret).get(LIST).must_be(401);
            refusals(&site)
        });
        assert!(named.iter().any(|record| record.contains(&format!("\"actor\":\"{owner}\""))), "{named:?}");
        assert_eq!(alone, named);
    }
    let mut unknown = deleted.secret.clone();
    unknown.replace_range(10..11, if &unknown[10..11] == "x" { "y" } else { "x" });
    for secret in [&expired.secret, &stopped.secret, &deleted.secret, &unknown, "dkp_", "dkp_:"] {
        let [named, alone] = ["alice", ""].map(|name| site.with(name, secret).get(LIST).must_be(401));
        assert_eq!(
            (alone.code(), alone.json()["errors"][0]["message"].clone()),
            (named.code(), named.json()["errors"][0]["message"].clone())
        );
        assert_eq!(alone.header("www-authenticate"), named.header("www-authenticate"));
    }
    // A password says nobody's name: even a right one opens nothing.
    site.with("", PASSWORD).get(LIST).must_be(401);
    site.as_user("alice").get(LIST).must_be(200);
}

#[test]
fn a_registry_is_signed_in_to_by_name() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    for path in ["/v2/", "/v2/_catalog", "/auth/token?service=dockpass"] {
        site.with("", &token.secret).get(path).must_be(401);
        site.with_token("alice", &token).get(path).must_be(200);
    }
    site.as_nobody().post_form(TOKEN_PATH, &password_form("", &token.secret, "")).must_be(401);
    // A search is no sign-in: what nobody may see is found as with the name.
    site.as_user("alice")
        .post("/api/v0/repositories/alice", &json!({ "name": "app", "visibility": "private" }))
        .must_be(201);
    let [named, alone] = ["alice", ""].map(|name| site.with(name, &token.secret).get("/v1/search?q=app").must_be(200));
    assert_eq!((alone.text("/results/0/name"), alone.json()), ("alice/app".to_owned(), named.json()));
    let page = json!({ "username": "", "password": token.secret });
    site.as_nobody().post("/api/v0/session", &page).must_be(401);
}

#[test]
fn a_rotation_whose_answer_was_lost_is_repeated_without_the_name() {
    let site = InProcess::start();
    site.add_user("alice");
    let token = site.add_token("alice", &json!({}));
    let path = format!("{}/rotate", token_path(&token));
    let alone = site.with("", &token.secret).header("Idempotency-Key", "5f0c2f6e-7a0c-4d57-9d4c-0a1b2c3d4e5f");
    let first = alone.post(&path, &json!({})).must_be(200).text("/token");
    let again = alone.post(&path, &json!({})).must_be(200).text("/token");
    assert_ne!(first, again);
    site.with("", &first).get(LIST).must_be(401);
    site.with("", &again).get(LIST).must_be(200);
}
