//! What a user reaches and why: `GET /api/v0/accounts/{name}/repositoryAccess`.

use serde_json::{Value, json};

use crate::support::{InProcess, site::Caller};

fn path(user: &str, on: &str) -> String {
    let query =
        if on.is_empty() { String::new() } else { format!("?on={}", on.replace('/', "%2F").replace('*', "%2A")) };
    format!("/api/v0/accounts/{user}/repositoryAccess{query}")
}

/// Each way as `target level reason team`.
fn ways(caller: &Caller, user: &str, on: &str) -> Vec<String> {
    let found = caller.get(&path(user, on)).must_be(200).json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let way = |it: &Value| ["on", "accessLevel", "reason", "team"].map(|field| text(&it[field])).join(" ");
    found["access"].as_array().expect("a list").iter().map(way).collect()
}

/// bob reaches acme in every way: as a user, and as a member of the team `dev`; alice administers acme.
fn site() -> InProcess {
    let site = InProcess::start();
    for name in ["alice", "bob", "carol"] {
        site.add_robot(name);
    }
    site.add_organization("acme", &[("alice", true), ("bob", false)]);
    site.add_team("acme/dev", &["bob"]);
    site.add_repository("acme/app");
    site.add_public("acme/open");
    site.add_repository("carol/app");
    site.grant("acme/app", "bob", "read-only");
    site.grant("acme", "bob", "read-write");
    site.grant_team("acme", "dev", "admin");
    site.grant_team("acme/app", "dev", "read-only");
    site.grant("carol/app", "bob", "admin");
    site
}

#[test]
fn each_way_is_told_and_what_is_asked_about_narrows_it() {
    let site = site();
    let local = site.as_local();
    let in_acme = [
        "acme/* read-write namespaceGrant -",
        "acme/* admin teamNamespaceGrant dev",
        "acme/app read-only repositoryGrant -",
        "acme/app read-only teamRepositoryGrant dev",
    ];
    let elsewhere = ["bob/* admin owner -", "carol/app admin repositoryGrant -"];
    assert_eq!(ways(&local, "bob", ""), [&in_acme[..], &elsewhere].concat());
    assert_eq!(ways(&local, "bob", "acme/*"), in_acme);
    assert_eq!(ways(&local, "bob", "acme/app"), in_acme);
    assert_eq!(ways(&local, "bob", "acme/open"), [&in_acme[..2], &["acme/open read-only public -"]].concat());
    assert_eq!(ways(&local, "alice", "acme/app"), ["acme/* admin organizationAdmin -"]);
    assert_eq!(ways(&local, "carol", "acme/app"), Vec::<String>::new());
    for (user, is_administrator) in [("bob", false), ("admin", true)] {
        let found = local.get(&path(user, "")).must_be(200).json();
        assert_eq!(found["isAdministrator"], json!(is_administrator));
    }
    local.get(&path("bob", "acme/gone")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    local.get(&path("nobody", "")).must_be_refused(404, "NO_SUCH_USER");
    local.get(&path("acme", "")).must_be_refused(400, "INVALID_PARAMETERS");
    local.get(&path("bob", "acme/a*")).must_be_refused(400, "INVALID_PARAMETERS");
}

#[test]
fn who_administers_a_target_is_told_of_that_target_alone() {
    let site = site();
    let with = |name: &str| site.with_token(name, &site.add_token(name, &json!({})));
    let (alice, bob, carol) = (with("alice"), with("bob"), with("carol"));
    assert_eq!(ways(&alice, "bob", "acme/*").len(), 4);
    alice.get(&path("bob", "")).must_be_refused(403, "NOT_AUTHORIZED");
    alice.get(&path("bob", "carol/app")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    assert_eq!(alice.get(&path("bob", "acme/app")).must_be(200).json()["isAdministrator"], Value::Null);
    assert_eq!(ways(&bob, "bob", "").len(), 6);
    // Who was given `admin` on a repository does not learn who is in which team.
    site.grant("acme/app", "carol", "admin");
    let told = ways(&carol, "bob", "acme/app");
    assert_eq!(told, ["acme/* read-write namespaceGrant -", "acme/app read-only repositoryGrant -"]);
    carol.get(&path("bob", "acme/*")).must_be_refused(403, "NOT_AUTHORIZED");
    site.as_nobody().get(&path("bob", "")).must_be(401);
}
