//! The last administrator is one who can sign in for good: with a password, or with an access token that counts, is not
//! narrowed and does not end. Whatever would leave none is refused.

use serde_json::json;

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    site::{DAY, HOUR, account_path, token_path},
};

const REFUSED: (u16, &str) = (409, "LAST_ADMINISTRATOR");

/// A site with the service account `robot`, an administrator, beside `admin`.
fn with_robot() -> InProcess {
    let site = InProcess::start();
    site.as_local().post("/enzi/v0/accounts", &json!({ "name": "robot", "isAdmin": true })).must_be(201);
    site
}

/// A site on which only `robot` is left as an administrator, with this access token.
fn robot_alone() -> (InProcess, AccessToken) {
    let site = with_robot();
    let token = site.add_token("robot", &json!({}));
    site.as_local().delete(&account_path("admin")).must_be(204);
    (site, token)
}

#[test]
fn an_administrator_who_cannot_sign_in_is_no_last_one() {
    let site = with_robot();
    let refused = |what: &str| {
        let local = site.as_local();
        local.delete(&account_path("admin")).must_be_refused(REFUSED.0, REFUSED.1);
        local.delete("/api/v0/accounts/admin").must_be_refused(REFUSED.0, REFUSED.1);
        for body in [json!({ "isAdmin": false }), json!({ "isActive": false })] {
            let refused = local.patch(&account_path("admin"), &body).must_be_refused(REFUSED.0, REFUSED.1);
            assert!(refused.text("/errors/0/message").starts_with("nobody would be left who can sign in"), "{what}");
        }
    };
    refused("without a token");
    site.add_token("robot", &json!({ "accessLevel": "read-write" }));
    site.add_token("robot", &json!({ "repositories": ["robot/*"] }));
    refused("with narrowed ones");
    let off = site.add_token("robot", &json!({}));
    site.as_local().patch(&token_path(&off), &json!({ "isActive": false })).must_be(200);
    refused("with a deactivated one");
    let ending = site.add_token("robot", &json!({ "expiresAt": site.in_time(HOUR) }));
    site.with_token("robot", &ending).get("/enzi/v0/accounts").must_be(200);
    refused("with one that ends");
    site.pass(2 * HOUR);
    refused("with an expired one");
    site.add_token("robot", &json!({}));
    site.as_local().patch(&account_path("admin"), &json!({ "isAdmin": false })).must_be(200);
}

#[test]
fn the_last_access_token_that_counts_stays() {
    let (site, token) = robot_alone();
    let local = site.as_local();
    let path = token_path(&token);
    let clean_up = format!("/api/v0/api_tokens?username=robot&generatedby=all&usedbefore={}", site.in_time(DAY));
    local.delete(&path).must_be_refused(REFUSED.0, REFUSED.1);
    local.patch(&path, &json!({ "isActive": false })).must_be_refused(REFUSED.0, REFUSED.1);
    local.delete(&clean_up).must_be_refused(REFUSED.0, REFUSED.1);
    site.with_token("robot", &token).delete(&path).must_be_refused(REFUSED.0, REFUSED.1);
    local.delete(&account_path("robot")).must_be_refused(REFUSED.0, REFUSED.1);
    local.patch(&account_path("robot"), &json!({ "isActive": false })).must_be_refused(REFUSED.0, REFUSED.1);
    // Nothing of all that has happened.
    site.with_token("robot", &token).get("/enzi/v0/accounts").must_be(200);
    local.patch(&path, &json!({ "tokenLabel": "renamed" })).must_be(200);
    let other = site.add_token("robot", &json!({}));
    local.delete(&path).must_be(200);
    local.delete(&token_path(&other)).must_be_refused(REFUSED.0, REFUSED.1);
    let body = json!({ "name": "root", "isAdmin": true, "password": PASSWORD });
    local.post("/enzi/v0/accounts", &body).must_be(201);
    local.delete(&token_path(&other)).must_be(200);
}

#[test]
fn a_token_that_takes_the_last_one_along_stays_too() {
    let (site, first) = robot_alone();
    let made = site.with_token("robot", &first).post("/api/v0/api_tokens", &json!({})).must_be(200).json();
    let local = site.as_local();
    // What it made stops with it.
    local.patch(&token_path(&first), &json!({ "isActive": false })).must_be_refused(REFUSED.0, REFUSED.1);
    local.delete(&token_path(&first)).must_be_refused(REFUSED.0, REFUSED.1);
    local.delete(&token_path(&AccessToken::of(&made))).must_be(200);
}

#[test]
fn an_access_token_that_ends_is_no_way_in_for_good() {
    let (site, lasting) = robot_alone();
    let local = site.as_local();
    let ending = site.add_token("robot", &json!({ "expiresAt": site.in_time(DAY) }));
    let refused = |path: &str| local.delete(path).must_be_refused(REFUSED.0, REFUSED.1);
    let said = refused(&token_path(&lasting));
    assert!(said.text("/errors/0/message").ends_with("does not end; give an administrator one of these first"));
    local.delete(&token_path(&ending)).must_be(200);
    site.add_token("robot", &json!({}));
    local.delete(&token_path(&lasting)).must_be(200);
}

#[test]
fn access_tokens_of_others_end_whoever_administers() {
    let (site, _) = robot_alone();
    site.add_service("alice");
    let token = site.add_token("alice", &json!({}));
    site.as_local().patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    site.as_local().delete(&token_path(&token)).must_be(200);
}
