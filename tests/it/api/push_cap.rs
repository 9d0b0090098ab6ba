//! The cap `push`, between `read-only` and `read-write`: it pulls and pushes, deletes nothing, and is granted to nobody.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    http::Answer,
    issued::granted,
    site::{Caller, access_path, repository_path, team_access_path, token_path},
};

const APP: &str = "alice/app";
const ONLY_PUSH: &str = "the access token reaches push only";

/// alice has a repository with a tag, and administers acme, which has a team.
fn site() -> InProcess {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("bob");
    site.add_repository(APP);
    site.push(APP, &[("1.0", 1)]);
    site.add_organization("acme", &[("alice", true)]);
    site.add_team("acme/dev", &["bob"]);
    site.add_repository("acme/app");
    site
}

fn pushing(site: &InProcess, user: &str) -> AccessToken {
    site.add_token(user, &json!({ "accessLevel": "push" }))
}

fn refused(answer: Answer) -> String {
    answer.must_be_refused(403, "NOT_AUTHORIZED").text("/errors/0/message")
}

#[test]
fn whatever_destroys_or_administers_is_refused_and_the_cap_is_named_and_recorded() {
    let site = site();
    let holder = site.with_token("alice", &pushing(&site, "alice"));
    let opened = json!({ "username": "alice", "password": pushing(&site, "alice").secret });
    let browser = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
    let opened = browser.post("/api/v0/session", &opened).must_be(200);
    assert_eq!(opened.text("/accessLevel"), "push");
    let cookie = opened.header("set-cookie").and_then(|set| set.split(';').next()).expect("a cookie").to_owned();
    let tag = format!("{}/tags/1.0", repository_path(APP));
    let to_repository = format!("this needs admin access to the repository: {ONLY_PUSH}");
    let to_namespace = format!("this needs admin access to the namespace: {ONLY_PUSH}");
    for holder in [holder, browser.header("Cookie", &cookie)] {
        let delete = format!("this needs read-write access to the repository: {ONLY_PUSH}");
        assert_eq!(refused(holder.delete(&tag)), delete);
        assert_eq!(refused(holder.delete(&format!("{tag}?alsoTags=2.0"))), delete);
        assert_eq!(refused(holder.delete(&repository_path(APP))), to_repository);
        let private = json!({ "visibility": "public" });
        assert_eq!(refused(holder.patch(&repository_path(APP), &private)), to_repository);
        assert_eq!(refused(holder.put(&access_path(APP, "bob"), &json!({ "accessLevel": "admin" }))), to_repository);
        assert_eq!(refused(holder.delete(&access_path(APP, "bob"))), to_repository);
        assert_eq!(refused(holder.put(&access_path("alice", "bob"), &json!({}))), to_namespace);
        assert_eq!(refused(holder.post("/api/v0/repositories/alice", &json!({ "name": "new" }))), to_namespace);
        holder.post("/api/v0/api_tokens", &json!({ "accessLevel": "push" })).must_be_refused(403, "NOT_AUTHORIZED");
        let seen = holder.get(&repository_path(APP)).must_be(200);
        assert_eq!(seen.text("/accessLevel"), "push");
        holder.get(&format!("{}/tags", repository_path(APP))).must_be(200);
    }
    let denied = |action: &str| {
        let records = site.audit(&format!("action={action}&outcome=denied"));
        records.iter().map(|record| record["reason"].as_str().expect("a reason").to_owned()).collect::<Vec<_>>()
    };
    assert!(denied("tag.delete").iter().all(|reason| reason.ends_with(ONLY_PUSH)));
    assert!(denied("repository.delete").contains(&to_repository));
    assert!(denied("repository.create").contains(&to_namespace));
    assert_eq!(site.as_local().get(&tag).must_be(200).json().as_array().map(Vec::len), Some(1));
}

#[test]
fn a_cap_is_named_only_where_nothing_else_is_in_the_way() {
    let site = site();
    site.as_local().patch(&repository_path(APP), &json!({ "visibility": "public" })).must_be(200);
    let short = "this needs admin access to the repository";
    let patch = |caller: &Caller| refused(caller.patch(&repository_path(APP), &json!({ "visibility": "private" })));
    assert_eq!(patch(&site.with_token("bob", &pushing(&site, "bob"))), short, "the account may not, either");
    let elsewhere = json!({ "accessLevel": "push", "repositories": ["alice/other"] });
    let elsewhere = site.with_token("alice", &site.add_token("alice", &elsewhere));
    assert_eq!(patch(&elsewhere), short, "the access token is for something else");
    // What it does not see is not there for it, whatever it would do.
    let hidden = site.with_token("bob", &pushing(&site, "bob"));
    hidden.delete(&format!("{}/tags/1.0", repository_path("acme/app"))).must_be_refused(404, "NO_SUCH_REPOSITORY");
    hidden.delete(&repository_path("acme/app")).must_be_refused(404, "NO_SUCH_REPOSITORY");
}

#[test]
fn it_is_granted_to_nobody() {
    let site = site();
    let owner = site.as_user("alice");
    let paths = [
        access_path(APP, "bob"),
        access_path("alice", "bob"),
        team_access_path("acme/app", "dev"),
        team_access_path("acme", "dev"),
    ];
    let told = "push is a cap of access tokens, and no level that is granted: expected read-only, read-write or admin";
    for path in &paths {
        let refused = owner.put(path, &json!({ "accessLevel": "push" })).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.text("/errors/0/message").ends_with(told), "{}", refused.describe());
        owner.put(path, &json!({ "accessLevel": "read-write" })).must_be(200);
    }
    let document = site.as_nobody().get("/api/v0/openapi.json").must_be(200).json();
    let levels = |name: &str| {
        let kinds = &document["components"]["schemas"][name];
        let words = kinds["oneOf"].as_array().into_iter().flatten().map(|it| it["const"].clone());
        words.chain(kinds["enum"].as_array().cloned().unwrap_or_default()).collect::<Vec<Value>>()
    };
    assert_eq!(levels("AccessLevel"), ["read-only", "push", "read-write", "admin"]);
    assert_eq!(levels("GrantLevel"), ["read-only", "read-write", "admin"]);
}

#[test]
fn what_is_asked_of_it_is_answered_as_the_registry_token_decides() {
    let site = site();
    let token = pushing(&site, "alice");
    let check = |action: &str, name: &str| {
        let name = name.replace('/', "%2F");
        let query = format!("token={}&action={action}&repository={name}", token.hash);
        site.as_user("alice").get(&format!("/api/v0/access/check?{query}")).must_be(200).json()
    };
    for (action, name, allowed, makes) in [
        ("pull", APP, true, false),
        ("push", APP, true, false),
        ("push", "alice/new", true, true),
        ("push", "acme/new", true, true),
        ("delete", APP, false, false),
        ("delete", "alice/new", false, false),
    ] {
        let found = check(action, name);
        assert_eq!((&found["allowed"], &found["makesRepository"]), (&json!(allowed), &json!(makes)), "{action} {name}");
        assert_eq!(found["accessLevel"], "push", "{found}");
        let cuts = if allowed { json!([]) } else { json!([{ "cut": "cap", "text": ONLY_PUSH }]) };
        assert_eq!(found["cuts"], cuts, "{action} {name}");
        let word = granted(&site.with_token("alice", &token), &[&format!("{name}:{action}")]);
        assert_eq!(word.ends_with(action), allowed, "{action} {name}: {word}");
    }
    let reached = site.as_user("alice").get(&format!("{}/access", token_path(&token))).must_be(200).json();
    let rows = reached["repositories"].as_array().expect("a list");
    assert!(rows.len() >= 4 && rows.iter().all(|row| row["accessLevel"] == "push"), "{reached}");
    assert!(rows.iter().all(|row| row["sources"][0]["accessLevel"] == "admin"), "{reached}");
    let tokens = site.as_user("alice").get(&format!("{}/tokens", repository_path(APP))).must_be(200).json();
    let tokens = tokens["tokens"].as_array().expect("a list");
    assert!(tokens.iter().any(|row| row["accessLevel"] == "push" && row["limited"] == true), "{tokens:?}");
}

#[test]
fn a_rotation_keeps_it_and_the_replaced_secret_pushes_on() {
    let site = site();
    let old = pushing(&site, "alice");
    let body = json!({ "overlap": 60 });
    let new = site.as_user("alice").post(&format!("{}/rotate", token_path(&old)), &body).must_be(200).json();
    assert_eq!(new["accessLevel"], "push");
    for token in [&old, &AccessToken::of(&new)] {
        let holder = site.with_token("alice", token);
        assert_eq!(granted(&holder, &["alice/app:*"]), "alice/app:pull,push");
        assert!(granted(&holder, &[&format!("alice/by-{}:push", &token.hash[..8])]).ends_with(":pull,push"));
        holder.post(&format!("{}/rotate", token_path(token)), &json!({})).must_be(403);
    }
}
