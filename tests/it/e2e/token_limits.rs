//! Every limit on what an access token may do with accounts, tokens and passwords: a leaked token cannot become
//! permanent control. Each test shows the limit, and beside it that the same request works for a caller who may send
//! it.

use serde_json::{Value, json};

use crate::support::{AccessToken, Dockpass, Http, exe::PASSWORD, http::Answer};

const TOKENS: &str = "/api/v0/api_tokens";

fn server_with(users: &[&str]) -> Dockpass {
    let dockpass = Dockpass::start();
    for user in users {
        dockpass.add_user(user);
    }
    dockpass
}

/// The API with an access token that has no limits of its own.
fn with_token(dockpass: &Dockpass, user: &str, options: &[&str]) -> Http {
    dockpass.http_as(user, &dockpass.add_token(user, options).secret)
}

fn one(token: &AccessToken) -> String {
    format!("{TOKENS}/{}", token.hash)
}

fn account(name: &str) -> String {
    format!("/enzi/v0/accounts/{name}")
}

fn change_password(http: &Http, user: &str, body: &Value) -> Answer {
    http.post(&format!("{}/changePassword", account(user)), body)
}

/// A new access token, made by this caller.
fn made_by(http: &Http, body: &Value) -> AccessToken {
    AccessToken::of(&http.post(TOKENS, body).must_be(200).json())
}

fn works(dockpass: &Dockpass, user: &str, token: &AccessToken) -> bool {
    let answer = dockpass.http_as(user, &token.secret).get(&one(token)).must_be_one_of(&[200, 401]);
    answer.status == 200
}

// --- what is one ---

#[test]
fn what_looks_like_an_access_token_cannot_be_set_as_a_password() {
    let dockpass = server_with(&["alice"]);
    let admin = dockpass.http_as_admin();
    let secret = dockpass.add_token("alice", &[]).secret;
    for password in [secret.as_str(), "dkp_correct-horse-battery"] {
        let eve = json!({ "name": "eve", "password": password });
        admin.post("/enzi/v0/accounts", &eve).must_be(400);
        change_password(&admin, "alice", &json!({ "newPassword": password })).must_be(400);
    }
    dockpass.http_as("alice", PASSWORD).get(TOKENS).must_be(200);
}

#[test]
fn an_access_token_counts_only_with_the_exact_name_of_its_owner() {
    let dockpass = server_with(&["alice", "bob"]);
    let secret = dockpass.add_token("alice", &[]).secret;
    dockpass.http_as("alice", &secret).get(TOKENS).must_be(200);
    for name in ["Alice", "ALICE", "alice ", " alice", "alice\t", "bob", "admin", "nobody"] {
        dockpass.http_as(name, &secret).get(TOKENS).must_be(401);
        dockpass.http_as(name, &secret).get("/auth/token?service=dockpass").must_be(401);
    }
    // Alone it names its owner to the API, not to a registry.
    dockpass.http_as("", &secret).get(TOKENS).must_be(200);
    dockpass.http_as("", &secret).get("/auth/token?service=dockpass").must_be(401);
}

#[test]
fn an_access_token_may_what_its_account_may_at_that_moment() {
    let dockpass = server_with(&["bob"]);
    dockpass.cli(&["user", "set", "bob", "--admin", "true"]).must_succeed();
    let bob = with_token(&dockpass, "bob", &[]);
    bob.get("/enzi/v0/accounts").must_be(200);
    dockpass.cli(&["user", "set", "bob", "--admin", "false"]).must_succeed();
    bob.get("/enzi/v0/accounts").must_be(403);
}

// --- capped tokens ---

#[test]
fn a_capped_token_reads_and_deletes_itself_and_no_other() {
    let caps: [&[&str]; 3] = [&["--access", "read-only"], &["--access", "read-write"], &["--repository", "alice/*"]];
    let dockpass = server_with(&["alice"]);
    let other = dockpass.add_token("alice", &[]);
    for cap in caps {
        let token = dockpass.add_token("alice", cap);
        let capped = dockpass.http_as("alice", &token.secret);
        capped.get(&one(&token)).must_be(200);
        capped.get(&one(&other)).must_be_one_of(&[403, 404]);
        assert!(!capped.get(TOKENS).body.contains(&other.hash), "{cap:?} lists another token");
        capped.patch(&one(&other), &json!({ "isActive": false })).must_be_one_of(&[403, 404]);
        capped.delete(&one(&other)).must_be_one_of(&[403, 404]);
        capped.post(&format!("{}/rotate", one(&other)), &json!({})).must_be_one_of(&[403, 404]);
        capped.delete(&format!("{TOKENS}?usedbefore=2999-01-01&generatedby=all")).must_be(403);
        assert!(works(&dockpass, "alice", &other));
        capped.delete(&one(&token)).must_be(200);
        assert!(!works(&dockpass, "alice", &token));
    }
}

#[test]
fn a_capped_token_makes_and_rotates_nothing() {
    let dockpass = server_with(&["alice"]);
    let token = dockpass.add_token("alice", &["--access", "read-write"]);
    let capped = dockpass.http_as("alice", &token.secret);
    capped.post(TOKENS, &json!({})).must_be(403);
    capped.post(TOKENS, &json!({ "accessLevel": "read-only" })).must_be(403);
    capped.post(&format!("{}/rotate", one(&token)), &json!({})).must_be(403);
    assert!(works(&dockpass, "alice", &token));
}

#[test]
fn a_capped_token_changes_no_account() {
    let dockpass = server_with(&["alice"]);
    let capped = with_token(&dockpass, "alice", &["--access", "read-write"]);
    capped.patch(&account("alice"), &json!({ "fullName": "Eve" })).must_be(403);
    let body = json!({ "oldPassword": PASSWORD, "newPassword": "another-long-password" });
    change_password(&capped, "alice", &body).must_be(403);
    dockpass.http_as("alice", PASSWORD).patch(&account("alice"), &json!({ "fullName": "Alice" })).must_be(200);
}

#[test]
fn a_capped_token_of_an_administrator_is_no_administrators_token() {
    let dockpass = server_with(&["bob"]);
    let bob = dockpass.add_token("bob", &[]);
    for cap in [["--access", "read-write"], ["--repository", "bob/*"]] {
        let capped = with_token(&dockpass, "admin", &cap);
        capped.get("/enzi/v0/accounts").must_be(403);
        capped.post("/enzi/v0/accounts", &json!({ "name": "eve" })).must_be(403);
        capped.patch(&account("bob"), &json!({ "isActive": false })).must_be(403);
        capped.delete(&account("bob")).must_be_one_of(&[403, 404]);
        capped.get(&one(&bob)).must_be_one_of(&[403, 404]);
        capped.post(&format!("{TOKENS}?username=bob"), &json!({})).must_be(403);
        capped.get("/api/v0/audit").must_be(403);
    }
    with_token(&dockpass, "admin", &[]).get("/enzi/v0/accounts").must_be(200);
}

// --- passwords ---

#[test]
fn a_token_never_sets_the_password_of_its_own_account() {
    let dockpass = server_with(&["alice"]);
    let body = json!({ "oldPassword": PASSWORD, "newPassword": "another-long-password" });
    change_password(&with_token(&dockpass, "alice", &[]), "alice", &body).must_be(403);
    change_password(&with_token(&dockpass, "admin", &[]), "admin", &json!({ "newPassword": "long-enough-1" }))
        .must_be(403);
    change_password(&dockpass.http_as("alice", PASSWORD), "alice", &body).must_be(200);
}

#[test]
fn a_token_never_sets_the_password_of_an_administrator() {
    let dockpass = server_with(&["bob", "carol"]);
    dockpass.cli(&["user", "set", "carol", "--admin", "true"]).must_succeed();
    let body = json!({ "newPassword": "another-long-password" });
    let admin = with_token(&dockpass, "admin", &[]);
    change_password(&admin, "carol", &body).must_be(403);
    change_password(&admin, "bob", &body).must_be(200);
    change_password(&dockpass.http_as_admin(), "carol", &body).must_be(200);
}

#[test]
fn a_token_never_makes_an_administrator() {
    let dockpass = server_with(&["bob"]);
    let admin = with_token(&dockpass, "admin", &[]);
    let eve = json!({ "name": "eve", "password": PASSWORD, "isAdmin": true });
    admin.post("/enzi/v0/accounts", &eve).must_be(403);
    admin.patch(&account("bob"), &json!({ "isAdmin": true })).must_be(403);
    assert_eq!(admin.get(&account("bob")).must_be(200).json()["isAdmin"], json!(false));
    dockpass.http_as_admin().post("/enzi/v0/accounts", &eve).must_be(201);
    dockpass.http_as_admin().patch(&account("bob"), &json!({ "isAdmin": true })).must_be(200);
}

#[test]
fn a_token_never_makes_a_temporary_password() {
    let dockpass = server_with(&["bob"]);
    let (path, body) = (format!("{TOKENS}?username=bob"), json!({ "temporaryPassword": true }));
    with_token(&dockpass, "admin", &[]).post(&path, &body).must_be(403);
    dockpass.http_as_admin().post(&path, &body).must_be(200);
}

#[test]
fn a_token_that_expires_sets_no_password() {
    let dockpass = server_with(&["bob"]);
    let body = json!({ "newPassword": "another-long-password" });
    change_password(&with_token(&dockpass, "admin", &["--expires", "30d"]), "bob", &body).must_be(403);
    dockpass.http_as("bob", PASSWORD).get(TOKENS).must_be(200);
}

#[test]
fn a_token_that_expires_creates_no_account_with_a_password() {
    let dockpass = server_with(&[]);
    let expiring = with_token(&dockpass, "admin", &["--expires", "30d"]);
    expiring.post("/enzi/v0/accounts", &json!({ "name": "eve", "password": PASSWORD })).must_be(403);
    expiring.post("/enzi/v0/accounts", &json!({ "name": "robot" })).must_be(201);
    let lasting = with_token(&dockpass, "admin", &[]);
    lasting.post("/enzi/v0/accounts", &json!({ "name": "bob", "password": PASSWORD })).must_be(201);
}

// --- tokens made with tokens ---

#[test]
fn a_token_that_expires_makes_only_tokens_that_end_with_it_or_before() {
    let dockpass = server_with(&["alice"]);
    let token = dockpass.add_token("alice", &["--expires", "2998-01-01T00:00:00Z"]);
    let expiring = dockpass.http_as("alice", &token.secret);
    let omitted = expiring.post(TOKENS, &json!({ "tokenLabel": "child" })).must_be(200);
    assert_eq!(omitted.text("/expiresAt"), expiring.get(&one(&token)).must_be(200).text("/expiresAt"));
    expiring.post(TOKENS, &json!({ "expiresAt": "2997-01-01T00:00:00Z" })).must_be(200);
    expiring.post(TOKENS, &json!({ "expiresAt": "2999-01-01T00:00:00Z" })).must_be(400);
}

#[test]
fn a_token_that_expires_neither_activates_nor_rotates_one_that_outlives_it() {
    let dockpass = server_with(&["alice"]);
    let longer = dockpass.add_token("alice", &[]);
    let expiring = with_token(&dockpass, "alice", &["--expires", "30d"]);
    expiring.post(&format!("{}/rotate", one(&longer)), &json!({})).must_be(403);
    assert!(works(&dockpass, "alice", &longer), "it was rotated");
    dockpass.cli(&["token", "deactivate", &longer.hash]).must_succeed();
    expiring.patch(&one(&longer), &json!({ "isActive": true })).must_be(403);
    assert!(!works(&dockpass, "alice", &longer), "it was activated");
    // Stopping a token is no gain: that it may.
    dockpass.cli(&["token", "activate", &longer.hash]).must_succeed();
    expiring.patch(&one(&longer), &json!({ "isActive": false })).must_be(200);
}

#[test]
fn stopping_a_token_stops_all_that_was_made_with_it() {
    let dockpass = server_with(&["alice"]);
    let leaked = dockpass.add_token("alice", &[]);
    let child = made_by(&dockpass.http_as("alice", &leaked.secret), &json!({}));
    let grandchild = made_by(&dockpass.http_as("alice", &child.secret), &json!({}));
    assert!(works(&dockpass, "alice", &child) && works(&dockpass, "alice", &grandchild));
    dockpass.cli(&["token", "deactivate", &leaked.hash]).must_succeed();
    assert!(!works(&dockpass, "alice", &child) && !works(&dockpass, "alice", &grandchild));
    dockpass.cli(&["token", "activate", &leaked.hash]).must_succeed();
    assert!(works(&dockpass, "alice", &child) && works(&dockpass, "alice", &grandchild));
    dockpass.cli(&["token", "delete", &leaked.hash, "--yes"]).must_succeed();
    assert!(!works(&dockpass, "alice", &child) && !works(&dockpass, "alice", &grandchild));
}

#[test]
fn a_rotated_token_keeps_its_id_and_its_children() {
    let dockpass = server_with(&["alice"]);
    let parent = dockpass.add_token("alice", &[]);
    let alice = dockpass.http_as("alice", &parent.secret);
    let child = made_by(&alice, &json!({}));
    let rotated = alice.post(&format!("{}/rotate", one(&parent)), &json!({})).must_be(200);
    let rotated = AccessToken::of(&rotated.json());
    assert_eq!(rotated.id, parent.id);
    assert!(works(&dockpass, "alice", &child) && works(&dockpass, "alice", &rotated));
    assert!(!works(&dockpass, "alice", &parent), "the old secret has no overlap");
}

#[test]
fn a_token_made_for_somebody_else_does_not_hang_on_the_administrators_token() {
    let dockpass = server_with(&["bob"]);
    let maker = dockpass.add_token("admin", &[]);
    let admin = dockpass.http_as("admin", &maker.secret);
    let bob = AccessToken::of(&admin.post(&format!("{TOKENS}?username=bob"), &json!({})).must_be(200).json());
    dockpass.cli(&["token", "delete", &maker.hash, "--yes"]).must_succeed();
    assert!(works(&dockpass, "bob", &bob));
}

#[test]
fn owner_cap_patterns_and_expiry_never_change() {
    let dockpass = server_with(&["alice"]);
    let token =
        dockpass.add_token("alice", &["--access", "read-only", "--repository", "alice/app", "--expires", "30d"]);
    let alice = dockpass.http_as("alice", PASSWORD);
    let changes = [
        json!({ "username": "admin" }),
        json!({ "accessLevel": "admin" }),
        json!({ "repositories": [] }),
        json!({ "expiresAt": null }),
        json!({ "temporaryPassword": true }),
        json!({ "parent": null }),
    ];
    let before = alice.get(&one(&token)).must_be(200).json();
    for change in &changes {
        alice.patch(&one(&token), change).must_be(400);
    }
    assert_eq!(alice.get(&one(&token)).must_be(200).json(), before);
}

#[test]
fn clean_up_never_removes_the_token_that_asks_for_it() {
    let dockpass = server_with(&["alice"]);
    let other = dockpass.add_token("alice", &[]);
    let asking = dockpass.add_token("alice", &[]);
    let clean_up = format!("{TOKENS}?usedbefore=2999-01-01&generatedby=all");
    let removed = dockpass.http_as("alice", &asking.secret).delete(&clean_up).must_be(200);
    assert!(removed.body.contains(&other.hash) && !removed.body.contains(&asking.hash), "{}", removed.describe());
    assert!(works(&dockpass, "alice", &asking) && !works(&dockpass, "alice", &other));
}

// --- other people's tokens ---

#[test]
fn the_tokens_of_others_are_out_of_reach() {
    let dockpass = server_with(&["alice", "bob"]);
    let bob = dockpass.add_token("bob", &[]);
    for alice in [dockpass.http_as("alice", PASSWORD), with_token(&dockpass, "alice", &[])] {
        alice.get(&one(&bob)).must_be(404);
        alice.patch(&one(&bob), &json!({ "isActive": false })).must_be(404);
        alice.delete(&one(&bob)).must_be(404);
        alice.post(&format!("{}/rotate", one(&bob)), &json!({})).must_be(404);
        for name in ["bob", "nobody"] {
            alice.get(&format!("{TOKENS}?username={name}")).must_be(403);
            alice.post(&format!("{TOKENS}?username={name}"), &json!({})).must_be(403);
            alice.delete(&format!("{TOKENS}?username={name}&usedbefore=2999-01-01&generatedby=all")).must_be(403);
        }
        assert!(!alice.get(TOKENS).must_be(200).body.contains(&bob.hash));
    }
    assert!(works(&dockpass, "bob", &bob));
}

// --- temporary passwords ---

fn temporary_password(dockpass: &Dockpass, user: &str) -> AccessToken {
    let path = format!("{TOKENS}?username={user}");
    let answer = dockpass.http_as_admin().post(&path, &json!({ "temporaryPassword": true })).must_be(200);
    AccessToken::of(&answer.json())
}

#[test]
fn a_temporary_password_sets_the_password_once_and_ends_with_all_that_was_made_with_it() {
    let dockpass = server_with(&["bob"]);
    let usual = dockpass.add_token("bob", &[]);
    let (first, second) = (temporary_password(&dockpass, "bob"), temporary_password(&dockpass, "bob"));
    let bob = dockpass.http_as("bob", &first.secret);
    let child = made_by(&bob, &json!({}));
    change_password(&bob, "bob", &json!({ "newPassword": "chosen-by-bob-himself" })).must_be(200);
    dockpass.http_as("bob", "chosen-by-bob-himself").get(TOKENS).must_be(200);
    dockpass.http_as("bob", PASSWORD).get(TOKENS).must_be(401);
    for gone in [&first, &second, &child] {
        assert!(!works(&dockpass, "bob", gone));
    }
    change_password(&bob, "bob", &json!({ "newPassword": "chosen-by-somebody-else" })).must_be(401);
    assert!(works(&dockpass, "bob", &usual), "tokens made otherwise stay");
}

#[test]
fn a_temporary_password_is_for_another_user_and_lives_a_week_at_most() {
    let dockpass = server_with(&["bob"]);
    let admin = dockpass.http_as_admin();
    let path = |user: &str| format!("{TOKENS}?username={user}");
    admin.post(&path("admin"), &json!({ "temporaryPassword": true })).must_be_one_of(&[400, 403]);
    let long = json!({ "temporaryPassword": true, "expiresAt": "2999-01-01T00:00:00Z" });
    admin.post(&path("bob"), &long).must_be(400);
    dockpass.http_as("bob", PASSWORD).post(TOKENS, &json!({ "temporaryPassword": true })).must_be_one_of(&[400, 403]);
    let record = admin.post(&path("bob"), &json!({ "temporaryPassword": true })).must_be(200);
    assert!(record.json()["expiresAt"].is_string(), "{}", record.describe());
}
