//! What is offered to callers with few rights: a session by an access token, a repository to look at.

use serde_json::{Value, json};

use crate::support::Website;

const WHY: &str = "You signed in with a narrowed access token.";

/// Pages that are closed to such a session.
const CLOSED: [&str; 8] = [
    "/profile/access-tokens",
    "/profile/access-tokens/new",
    "/profile/password",
    "/organizations",
    "/organizations/acme",
    "/organizations/acme/new-robot",
    "/organizations/acme/robots/ci",
    "/organizations/acme/teams/dev",
];

/// Signs in with a new access token of a user.
fn sign_in_with(site: &Website, user: &str, body: &Value) {
    let made = site.api(user).post("/api/v0/api_tokens", body).must_be(200);
    site.open("/sign-in");
    site.try_sign_in(user, &made.text("/token"));
}

fn places(site: &Website) -> Value {
    let script = "return [...document.querySelectorAll('#nav .places a')].map((it) => it.textContent)";
    site.browser.run(script, json!([]))
}

#[test]
fn a_narrowed_session_is_offered_what_it_reaches() {
    let site = Website::start();
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    let narrowed = [
        ("alice", json!({ "accessLevel": "read-only" })),
        ("alice", json!({ "repositories": ["alice/app"] })),
        ("admin", json!({ "accessLevel": "read-write" })),
    ];
    for (user, body) in narrowed {
        sign_in_with(&site, user, &body);
        site.browser.arrive("/repositories");
        site.browser.see("alice/app");
        assert_eq!(places(&site), json!(["Repositories"]), "{user} {body}");
        assert!(!site.browser.has("button", "New repository"), "{user} {body}");
        for path in CLOSED {
            site.open(path);
            site.browser.see(WHY);
            assert!(!site.browser.has("css", "main form"), "{path} has a form");
            site.browser.follow("Repositories");
            site.browser.arrive("/repositories");
        }
        site.sign_out(user);
    }
    sign_in_with(&site, "alice", &json!({}));
    site.browser.arrive("/profile/access-tokens");
    // The address changes first.
    site.browser.see("New access token");
    assert_eq!(places(&site), json!(["Access tokens", "Repositories", "Organizations"]));
    site.must_be_clean(&[]);
}

#[test]
fn who_pushes_and_deletes_nothing_is_offered_just_that() {
    let site = Website::start();
    for name in ["app", "new"] {
        site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": name })).must_be(201);
    }
    site.push("alice/app", &[("v1", 1)]);
    let browser = &site.browser;
    for (level, may_delete) in [("push", false), ("read-write", true)] {
        sign_in_with(&site, "alice", &json!({ "accessLevel": level }));
        browser.arrive("/repositories");
        site.open("/repositories/alice/new");
        browser.see("Push the first one as shown below.");
        site.open("/repositories/alice/app?tab=tags");
        browser.see("v1");
        assert_eq!(browser.has("css", "main thead input[type=checkbox]"), may_delete, "{level}");
        site.sign_out("alice");
    }
    site.must_be_clean(&[]);
}

#[test]
fn a_password_is_not_asked_for_where_it_cannot_be_set() {
    let site = Website::start();
    sign_in_with(&site, "alice", &json!({}));
    site.browser.arrive("/profile/access-tokens");
    site.open("/profile/password");
    site.browser.see("To change your password, sign in with the password.");
    assert!(!site.browser.has("css", "main form"));
    site.must_be_clean(&[]);
}

#[test]
fn an_empty_repository_has_no_lines_for_who_may_not_push() {
    let site = Website::start();
    site.api("admin")
        .post("/api/v0/repositories/admin", &json!({ "name": "app", "visibility": "public" }))
        .must_be(201);
    site.sign_in("alice", crate::support::exe::PASSWORD);
    site.open("/repositories/admin/app");
    site.browser.see("No images yet.");
    assert!(!site.browser.text().contains("docker login"), "{}", site.browser.text());
    site.open("/repositories/admin/app?tab=tags");
    site.browser.see("Anyone who may push can add the first one.");
    assert!(!site.browser.has("button", "How to push"));
    site.push("admin/app", &[("v1", 1)]);
    site.open("/repositories/admin/app");
    site.browser.see("docker pull HOST/admin/app:v1");
    assert!(!site.browser.text().contains("docker push"));
    site.must_be_clean(&[]);
}
