//! Repositories without a namespace: a system administrator makes them, then they are granted and pushed; a push never
//! makes one.

use serde_json::json;

use crate::support::{
    InProcess,
    issued::granted,
    site::{access_path, repository_path},
};

const MADE: &str = "/api/v0/repositories/_";

#[test]
fn only_a_system_administrator_makes_one() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let body = json!({ "name": "busybox" });
    alice.post(MADE, &body).must_be_refused(403, "NOT_AUTHORIZED");
    // Who was granted all of them administers those that are there, and makes none.
    site.as_local().put(&access_path("_", "alice"), &json!({ "accessLevel": "admin" })).must_be(200);
    alice.post(MADE, &body).must_be_refused(403, "NOT_AUTHORIZED");
    let narrowed = site.add_token("admin", &json!({ "accessLevel": "admin", "repositories": ["_/other"] }));
    site.with_token("admin", &narrowed).post(MADE, &body).must_be_refused(403, "NOT_AUTHORIZED");
    let made = site.as_admin().post(MADE, &body).must_be(201).json();
    assert_eq!((&made["namespace"], &made["name"]), (&json!("_"), &json!("busybox")));
    site.as_local().post(MADE, &body).must_be_refused(400, "REPOSITORY_EXISTS");
    site.as_local().post(MADE, &json!({ "name": "two/parts" })).must_be_refused(400, "INVALID_PARAMETERS");
    alice.delete(&repository_path("_/busybox")).must_be(204);
    // Nobody owned it and nobody does, so the name is free at once.
    site.as_local().post(MADE, &body).must_be(201);
}

#[test]
fn what_was_made_is_granted_and_pushed() {
    let site = InProcess::start();
    let (alice, bob) = (site.add_robot("alice"), site.add_robot("bob"));
    site.as_local().post(MADE, &json!({ "name": "busybox" })).must_be(201);
    assert_eq!(granted(&alice, &["busybox:pull,push"]), "");
    site.grant("_/busybox", "alice", "read-write");
    site.grant("_/busybox", "bob", "read-only");
    assert_eq!(granted(&alice, &["busybox:pull,push"]), "busybox:pull,push");
    assert_eq!(granted(&bob, &["busybox:pull,push"]), "busybox:pull");
    assert_eq!(granted(&site.as_admin(), &["busybox:pull,push"]), "busybox:pull,push");
    site.take("_/busybox", "bob");
    assert_eq!(granted(&bob, &["busybox:pull"]), "");
}

#[test]
fn a_push_makes_none_whoever_pushes() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.as_local().put(&access_path("_", "alice"), &json!({ "accessLevel": "admin" })).must_be(200);
    for caller in [&alice, &site.as_admin()] {
        let granted = granted(caller, &["busybox:push"]);
        assert!(!granted.contains("push"), "{granted}");
    }
    site.as_local().get(&repository_path("_/busybox")).must_be_refused(404, "NO_SUCH_REPOSITORY");
}
