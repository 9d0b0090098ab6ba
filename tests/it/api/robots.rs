//! Robots of organizations by the API.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    exe::PASSWORD,
    issued::Issued,
    site::{Caller, DAY, HOUR, token_path},
};

const ROBOTS: &str = "/api/v0/accounts/acme/robots";
const CI: &str = "/api/v0/accounts/acme/robots/ci";

/// The organization `acme`, which alice administers and carol belongs to, with a repository.
fn with_acme() -> InProcess {
    let site = InProcess::start();
    ["alice", "bob", "carol"].iter().for_each(|user| site.add_service(user));
    site.add_organization("acme", &[("alice", true), ("carol", false)]);
    site.add_repository("acme/app");
    site
}

/// A user, who signs in with an access token without limits.
fn user(site: &InProcess, name: &str) -> Caller {
    site.with_token(name, &site.add_token(name, &json!({})))
}

fn create(by: &Caller, body: &Value) -> Value {
    by.post(ROBOTS, body).must_be(201).json()
}

fn is_in(site: &InProcess, made: &Value) -> bool {
    let secret = made["token"].as_str().expect("a secret");
    site.with("acme/ci", secret).get("/api/v0/repositories").must_be_one_of(&[200, 401]).status == 200
}

#[test]
fn one_is_made_shown_listed_changed_and_deleted() {
    let site = with_acme();
    let alice = user(&site, "alice");
    let made = create(&alice, &json!({ "name": "ci", "accessLevel": "push", "repositories": ["acme/*"] }));
    for (field, value) in [
        ("name", json!("ci")),
        ("userName", json!("acme/ci")),
        ("robot", json!("ci")),
        ("username", json!("acme")),
        ("tokenLabel", json!("acme/ci")),
        ("accessLevel", json!("push")),
        ("repositories", json!(["acme/*"])),
        ("state", json!("active")),
        ("secretBy", json!("alice")),
        ("expiresAt", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(made["parent"].is_string() && is_in(&site, &made));
    let shown = alice.get(CI).must_be(200).json();
    assert!(shown.get("token").is_none() && shown["hashedToken"] == made["hashedToken"]);
    create(&site.as_local(), &json!({ "name": "a-first", "accessLevel": "read-only", "tokenLabel": "reads" }));
    let page = alice.get(&format!("{ROBOTS}?limit=1")).must_be(200);
    assert_eq!((page.json()[0]["name"].as_str(), page.next_page()), (Some("a-first"), "a-first"));
    assert_eq!(alice.get(&format!("{ROBOTS}?limit=1&start=a-first")).must_be(200).json()[0]["name"], "ci");
    let changed = alice.patch(CI, &json!({ "tokenLabel": "builds", "isActive": false })).must_be(200).json();
    assert_eq!((changed["tokenLabel"].as_str(), changed["state"].as_str()), (Some("builds"), Some("inactive")));
    assert!(!is_in(&site, &made));
    alice.patch(CI, &json!({ "isActive": true })).must_be(200);
    let rotated = alice.post(&format!("{CI}/rotate"), &json!({ "overlap": 60 })).must_be(200).json();
    assert!(rotated["id"] == made["id"] && rotated["previousHashedToken"] == made["hashedToken"]);
    assert!(is_in(&site, &made) && is_in(&site, &rotated));
    alice.delete(CI).must_be(204);
    alice.get(CI).must_be_refused(404, "NO_SUCH_ROBOT");
    assert!(!is_in(&site, &rotated));
    let words: Vec<_> = site.audit("action=robot").iter().rev().map(|it| it["action"].clone()).collect();
    assert_eq!(
        words,
        [
            "robot.create",
            "robot.create",
            "robot.update",
            "robot.deactivate",
            "robot.activate",
            "robot.rotate",
            "robot.delete"
        ]
    );
    let about = &site.audit("action=robot.rotate")[0];
    assert_eq!(about["object"], format!("acme/ci {}", made["id"].as_str().expect("an id")));
    assert_eq!(about["actor"], "alice");
}

#[test]
fn what_cannot_be_is_refused_with_what_would_be_right() {
    let site = with_acme();
    site.add_repository("bob/app");
    let alice = user(&site, "alice");
    for (body, field) in [
        (json!({ "name": "CI", "accessLevel": "push" }), "name"),
        (json!({ "name": "acme/ci", "accessLevel": "push" }), "name"),
        (json!({ "name": "", "accessLevel": "push" }), "name"),
        (json!({ "name": "ci", "accessLevel": "admin" }), "accessLevel"),
        (json!({ "name": "ci", "accessLevel": "push", "repositories": ["bob/app"] }), "repositories"),
        (json!({ "name": "ci", "accessLevel": "push", "repositories": ["acme/app", "bob/*"] }), "repositories"),
        (json!({ "name": "ci", "accessLevel": "push", "repositories": ["*"] }), "repositories"),
        (json!({ "name": "ci", "accessLevel": "push", "repositories": ["_/app"] }), "repositories"),
        (json!({ "name": "ci", "accessLevel": "push", "expiresAt": "2001-01-01" }), "expiresAt"),
        (json!({ "name": "ci", "accessLevel": "push", "tokenLabel": "" }), "tokenLabel"),
    ] {
        let refused = alice.post(ROBOTS, &body).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.body.contains(field), "{body}: {}", refused.body);
    }
    alice.post(ROBOTS, &json!({ "name": "ci" })).must_be(400);
    alice.post(ROBOTS, &json!({ "name": "ci", "accessLevel": "push", "temporaryPassword": true })).must_be(400);
    // What is there, and what is not, of others has one answer.
    let said = |pattern: &str| {
        let body = json!({ "name": "ci", "accessLevel": "push", "repositories": [pattern] });
        alice.post(ROBOTS, &body).must_be(400).body.replace(pattern, "")
    };
    assert_eq!(said("bob/app"), said("bob/none"));
    create(&alice, &json!({ "name": "ci", "accessLevel": "push" }));
    alice.post(ROBOTS, &json!({ "name": "ci", "accessLevel": "push" })).must_be_refused(409, "ROBOT_EXISTS");
    alice
        .post("/api/v0/accounts/bob/robots", &json!({ "name": "ci", "accessLevel": "push" }))
        .must_be_refused(404, "NO_SUCH_ACCOUNT");
    alice.post("/api/v0/api_tokens?username=acme", &json!({})).must_be(403);
    site.as_local().post("/api/v0/api_tokens?username=acme", &json!({})).must_be(400);
}

#[test]
fn what_one_would_reach_is_told_before_it_is_made() {
    let site = with_acme();
    ["acme/web", "acme/web/front", "bob/app"].iter().for_each(|name| site.add_repository(name));
    site.grant("bob/app", "alice", "admin");
    let alice = user(&site, "alice");
    let path = format!("{ROBOTS}/previewReach");
    let reach = |body: &Value| alice.post(&path, body).must_be(200).json();
    let all = reach(&json!({ "accessLevel": "push" }));
    assert_eq!(
        all,
        json!({
            "repositories": 3, "hasMore": false, "first": ["acme/app", "acme/web", "acme/web/front"],
            "levels": { "read-only": 0, "push": 3, "read-write": 0, "admin": 0 },
            "accountRepositories": 3, "accountHasMore": false,
        }),
        "what acme owns, and nothing of who asks"
    );
    let some = reach(&json!({ "accessLevel": "read-only", "repositories": ["acme/web/*", "acme/none"] }));
    assert_eq!((&some["repositories"], &some["levels"]["read-only"]), (&json!(1), &json!(1)), "{some}");
    assert_eq!(some["accountRepositories"], 3);
    for (body, field) in [
        (json!({ "accessLevel": "admin" }), "accessLevel"),
        (json!({ "accessLevel": "push", "repositories": ["bob/app"] }), "repositories"),
        (json!({ "accessLevel": "push", "repositories": ["-"] }), "repositories"),
    ] {
        let refused = alice.post(&path, &body).must_be_refused(400, "INVALID_PARAMETERS");
        assert!(refused.body.contains(field), "{body}: {}", refused.body);
    }
    alice.post(&path, &json!({})).must_be(400);
    for (who, by) in [("a member", user(&site, "carol")), ("another", user(&site, "bob"))] {
        let refused = by.post(&path, &json!({ "accessLevel": "push" })).must_be(403);
        assert!(!refused.body.contains("acme/app"), "{who}");
    }
    alice.post("/api/v0/accounts/bob/robots/previewReach", &json!({ "accessLevel": "push" })).must_be(404);
    assert_eq!(alice.get(ROBOTS).must_be(200).json(), json!([]), "nothing was made");
}

#[test]
fn its_usual_label_is_no_longer_than_the_site_allows() {
    let site = InProcess::start_with(&[("tokens.max_label", "10")]);
    site.add_organization("acme", &[]);
    let local = site.as_local();
    assert_eq!(create(&local, &json!({ "name": "build", "accessLevel": "push" }))["tokenLabel"], "acme/build");
    let refused = local.post(ROBOTS, &json!({ "name": "builds", "accessLevel": "push" })).must_be(400);
    assert!(refused.body.contains("tokenLabel") && refused.body.contains("10"), "{}", refused.body);
    let named = json!({ "name": "builds", "accessLevel": "push", "tokenLabel": "builds" });
    assert_eq!(create(&local, &named)["tokenLabel"], "builds");
}

#[test]
fn what_a_session_makes_stops_with_the_access_token_that_opened_it() {
    let site = with_acme();
    let token = site.add_token("alice", &json!({}));
    let page = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
    let opened = page.post("/api/v0/session", &json!({ "username": "alice", "password": token.secret })).must_be(200);
    let cookie = opened.header("set-cookie").and_then(|it| it.split(';').next()).expect("a cookie").to_owned();
    let made = create(&page.header("Cookie", &cookie), &json!({ "name": "ci", "accessLevel": "push" }));
    assert!(is_in(&site, &made));
    site.as_local().patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    assert!(!is_in(&site, &made));
    assert_eq!(site.as_local().get(CI).must_be(200).json()["state"], "stopped");
    site.as_local().patch(&token_path(&token), &json!({ "isActive": true })).must_be(200);
    assert!(is_in(&site, &made));
    site.as_local().delete(&token_path(&token)).must_be(200);
    assert!(!is_in(&site, &made));
}

#[test]
fn an_organizations_administrators_are_told_which_end_soon() {
    let site = InProcess::start();
    ["alice", "carol"].iter().for_each(|user| site.add_user(user));
    site.add_organization("acme", &[("alice", true), ("carol", false)]);
    site.add_organization("other", &[]);
    for (robot, days) in [("acme/soon", 3), ("acme/later", 13), ("acme/far", 40), ("other/soon", 1)] {
        site.make_robot(robot, &json!({ "accessLevel": "push", "expiresAt": site.in_time(days * DAY) }));
    }
    site.add_token("alice", &json!({ "tokenLabel": "laptop", "expiresAt": site.in_time(5 * DAY) }));
    let told = |user: &str| -> Vec<(String, String)> {
        let page = site.as_nobody().header("Sec-Fetch-Site", "same-origin");
        let opened = page.post("/api/v0/session", &json!({ "username": user, "password": PASSWORD })).must_be(200);
        let text = |it: &Value, field: &str| it[field].as_str().expect("a text").to_owned();
        let ending = opened.json()["endingTokens"].as_array().expect("a list").clone();
        ending.iter().map(|it| (text(it, "username"), text(it, "tokenLabel"))).collect()
    };
    let expected = [("acme/soon", "acme/soon"), ("alice", "laptop"), ("acme/later", "acme/later")];
    assert_eq!(told("alice"), expected.map(|(user, label)| (user.to_owned(), label.to_owned())));
    assert_eq!(told("carol"), []);
    site.as_local().patch("/api/v0/accounts/acme/robots/soon", &json!({ "isActive": false })).must_be(200);
    assert_eq!(told("alice").len(), 2);
}

#[test]
fn an_organization_has_no_more_than_the_site_allows() {
    let site = InProcess::start_with(&[("robots.max_per_organization", "2"), ("tokens.max_per_account", "1")]);
    site.add_organization("acme", &[]);
    for name in ["a", "b"] {
        create(&site.as_local(), &json!({ "name": name, "accessLevel": "push" }));
    }
    let one_more = json!({ "name": "c", "accessLevel": "push" });
    site.as_local().post(ROBOTS, &one_more).must_be_refused(409, "LIMIT_REACHED");
    site.as_local().delete(&format!("{ROBOTS}/a")).must_be(204);
    create(&site.as_local(), &one_more);
}

#[test]
fn nobody_without_right_learns_that_there_is_one() {
    let site = with_acme();
    let made = create(&site.as_local(), &json!({ "name": "ci", "accessLevel": "push" }));
    let by_hash = format!("/api/v0/api_tokens/{}", made["hashedToken"].as_str().expect("a hash"));
    let narrowed = site.add_token("alice", &json!({ "repositories": ["acme/*"] }));
    for (who, by) in [
        ("a member", user(&site, "carol")),
        ("another", user(&site, "bob")),
        ("an administrator's narrowed token", site.with_token("alice", &narrowed)),
    ] {
        for (method, rest) in [("GET", ""), ("DELETE", ""), ("GET", "/activity")] {
            let refused = |robot: &str| {
                let answer = by.send(method, &format!("{ROBOTS}/{robot}{rest}"), b"").must_be(403);
                answer.body.replace(robot, "")
            };
            assert_eq!(refused("ci"), refused("none"), "{who}: {method} {rest}");
        }
        by.get(ROBOTS).must_be(403);
        by.get(&by_hash).must_be(404);
        by.post("/api/v0/api_tokens/identify", &json!({ "token": made["token"] })).must_be(404);
    }
    // Its organization's administrators and system administrators may use what is for any access token.
    for by in [user(&site, "alice"), site.as_admin()] {
        by.get(&by_hash).must_be(200);
        by.get(&format!("{by_hash}/access")).must_be(200);
        let found = by.post("/api/v0/api_tokens/identify", &json!({ "token": made["token"] })).must_be(200).json();
        assert_eq!((found["robot"].as_str(), found["secret"].as_str()), (Some("ci"), Some("present")));
    }
    let all = site.as_admin().get("/api/v0/api_tokens?everybody=true").must_be(200).json();
    assert!(all.as_array().expect("a list").iter().any(|it| it["robot"] == "ci"));
    let preview =
        site.as_admin().get("/api/v0/api_tokens?everybody=true&generatedby=all&usedbefore=2999-01-01").must_be(200);
    assert!(!preview.body.contains(r#""robot":"ci""#), "a clean-up spares robots");
}

#[test]
fn a_registry_token_names_it_and_ends_with_its_secret() {
    let site = with_acme();
    let made = create(&site.as_local(), &json!({ "name": "ci", "accessLevel": "read-write" }));
    let robot = site.with("acme/ci", made["token"].as_str().expect("a secret"));
    let asked = "/auth/token?service=dockpass&account=acme%2Fci&scope=repository:acme/app:*";
    let issued = Issued::of(robot.get(asked));
    assert_eq!(issued.claims["sub"], "acme/ci");
    let bearer = site.as_nobody().header("Authorization", &format!("Bearer {}", issued.text));
    bearer.get("/v2/").must_be(200);
    site.as_local().patch(CI, &json!({ "isActive": false })).must_be(200);
    bearer.get("/v2/").must_be(401);
}

#[test]
fn those_whose_secret_somebody_asked_for_are_found() {
    let site = with_acme();
    let alice = user(&site, "alice");
    create(&alice, &json!({ "name": "ci", "accessLevel": "push" }));
    create(&site.as_admin(), &json!({ "name": "other", "accessLevel": "push" }));
    let by = |who: &str| -> Vec<Value> {
        let found = site.as_admin().get(&format!("/api/v0/api_tokens?secretby={who}")).must_be(200).json();
        found.as_array().expect("a list").iter().map(|it| it["robot"].clone()).collect()
    };
    assert_eq!((by("alice"), by("admin"), by("bob")), (vec![json!("ci")], vec![json!("other")], vec![]));
    site.as_admin().post(&format!("{CI}/rotate"), &json!({})).must_be(200);
    assert_eq!((by("alice"), by("admin").len()), (vec![], 2));
    alice.get("/api/v0/api_tokens?secretby=alice").must_be(403);
    site.as_admin().get("/api/v0/api_tokens?secretby=nobody").must_be_refused(404, "NO_SUCH_USER");
    site.as_admin().get("/api/v0/api_tokens?secretby=alice&madewith=alice").must_be(400);
}

#[test]
fn it_ends_at_its_time_and_never_lives_longer_than_what_renews_it() {
    let site = with_acme();
    let made =
        create(&site.as_local(), &json!({ "name": "ci", "accessLevel": "push", "expiresAt": site.in_time(DAY) }));
    let short = AccessToken::of(
        &site
            .as_local()
            .post("/api/v0/api_tokens?username=alice", &json!({ "expiresAt": site.in_time(2 * HOUR) }))
            .must_be(200)
            .json(),
    );
    let short = site.with_token("alice", &short);
    short.post(&format!("{CI}/rotate"), &json!({ "renew": true })).must_be(403);
    short.post(ROBOTS, &json!({ "name": "b", "accessLevel": "push", "expiresAt": null })).must_be(400);
    site.pass(DAY);
    assert!(!is_in(&site, &made));
    assert_eq!(site.as_local().get(CI).must_be(200).json()["state"], "expired");
    site.as_local().post(&format!("{CI}/rotate"), &json!({})).must_be_refused(409, "API_TOKEN_NOT_ACTIVE");
}

#[test]
fn it_survives_a_restart_and_goes_with_its_organization() {
    let site = with_acme();
    let made = create(&site.as_local(), &json!({ "name": "ci", "accessLevel": "push" }));
    let site = site.restart();
    assert!(is_in(&site, &made));
    site.as_local().delete("/api/v0/accounts/acme").must_be(204);
    assert!(!is_in(&site, &made));
    site.as_local().get(CI).must_be_refused(404, "NO_SUCH_ACCOUNT");
    let site = site.restart();
    assert!(!is_in(&site, &made));
}
