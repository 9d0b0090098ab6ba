//! What is refused in a registry token: its trace, and that the trace is the only one to say why.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    issued::{ask, granted, with_alice},
    site::{Caller, HOUR, account_path, repository_path, token_path},
};

const REFUSALS: &str = "action=registryToken.refuse";

/// Object, reason and count of each refusal, oldest first.
fn refusals(site: &InProcess) -> Vec<(String, String, u64)> {
    let text = |record: &Value, field: &str| record[field].as_str().unwrap_or_default().to_owned();
    let all = site.audit(REFUSALS);
    let all = all.iter().rev();
    all.map(|it| (text(it, "object"), text(it, "reason"), it["count"].as_u64().unwrap_or_default())).collect()
}

fn robot(site: &InProcess, name: &str, body: &Value) -> Caller {
    site.with_token(name, &site.add_token(name, body))
}

/// What was refused of one scope, with the reason.
fn why(site: &InProcess, caller: &Caller, scope: &str) -> (String, String) {
    let before = refusals(site).len();
    granted(caller, &[scope]);
    let told = refusals(site);
    let [(object, reason, 1)] = &told[before..] else { panic!("{scope}: {told:#?}") };
    (object.clone(), reason.clone())
}

#[test]
fn equal_refusals_are_one_record_that_says_who_what_and_why() {
    let (site, _) = with_alice();
    site.add_service("bob");
    let token = site.add_token("bob", &json!({ "tokenLabel": "ci" }));
    let bob = site.with_token("bob", &token);
    for _ in 0..3 {
        assert_eq!(granted(&bob, &["alice/app:pull,push"]), "");
    }
    let records = site.audit(REFUSALS);
    let [record] = records.as_slice() else { panic!("{records:#?}") };
    let app = site.as_local().get(&repository_path("alice/app")).must_be(200).json()["id"].clone();
    let expected = json!({
        "actor": "bob", "credential": format!("accessToken:{}", token.id), "credentialLabel": "ci",
        "address": "127.0.0.1", "object": "alice/app pull,push", "outcome": "denied", "count": 3,
        "reason": "the account has no access: it owns nothing there and has no grant",
        "repository": { "name": "alice/app", "id": app },
    });
    for (field, value) in expected.as_object().expect("an object") {
        assert_eq!(&record[field], value, "{field}");
    }
    // What is granted leaves none, nor does what nobody signed in for.
    granted(&with_grant(&site), &["alice/app:pull"]);
    granted(&site.as_nobody(), &["alice/app:pull"]);
    assert_eq!(site.audit(REFUSALS).len(), 1);
}

fn with_grant(site: &InProcess) -> Caller {
    site.add_service("carol");
    site.grant("alice/app", "carol", "read-only");
    robot(site, "carol", &json!({}))
}

#[test]
fn every_step_of_the_decision_has_its_reason() {
    let (site, alice) = with_alice();
    let carol = with_grant(&site);
    site.add_service("dave");
    site.grant("alice", "dave", "read-write");
    let dave = robot(&site, "dave", &json!({}));
    site.add_repository("alice/gone");
    site.as_local().delete(&repository_path("alice/gone")).must_be(204);
    let reader = robot(&site, "alice", &json!({ "accessLevel": "read-only" }));
    let pushing = robot(&site, "alice", &json!({ "accessLevel": "push" }));
    let narrow = robot(&site, "alice", &json!({ "repositories": ["alice/web"] }));
    let cases = [
        (&carol, "alice/web:pull", "pull", "the account has no access: it owns nothing there and has no grant"),
        (&carol, "alice/none:pull", "pull", "there is no such repository, and the account may not make it"),
        (&carol, "nobody/none:push", "push", "there is no such repository, and the account may not make it"),
        (&carol, "alice/gone:pull", "pull", "it was deleted, and the registry may still hold its content"),
        (&carol, "alice/app:pull,push", "push", "the account has read-only only"),
        (&dave, "alice/later:push", "push", "there is no such repository, and the account may not make it"),
        (&reader, "alice/app:pull,push", "push", "the access token reaches read-only only"),
        (&pushing, "alice/app:pull,push,delete", "delete", "the access token reaches push only"),
        (&pushing, "alice/app:*", "delete", "the access token reaches push only"),
        (&narrow, "alice/app:pull", "pull", "the access token is not for this repository"),
        (&alice, "alice/new:*", "push", "there is no such repository, and only push by name makes it"),
    ];
    for (caller, scope, actions, reason) in cases {
        let name = scope.split(':').next().expect("a name");
        assert_eq!(why(&site, caller, scope), (format!("{name} {actions}"), reason.to_owned()), "{scope}");
    }
    let admin = site.as_admin();
    let command =
        "there is no such repository, and a push makes none without a namespace: dockpass repo create _/busybox";
    assert_eq!(why(&site, &admin, "busybox:pull,push"), ("busybox push".to_owned(), command.to_owned()));
    site.as_local().post("/api/v0/meta/settings", &json!({ "createRepositoryOnPush": false })).must_be(202);
    let off = "there is no such repository, and pushes make none here";
    assert_eq!(why(&site, &alice, "alice/new:push"), ("alice/new push".to_owned(), off.to_owned()));
    let catalog = ask(&alice, &["registry:catalog:*"]);
    assert_eq!(catalog.claims["access"], json!([]));
    assert!(refusals(&site).iter().any(|(object, ..)| object == "registry:catalog:*"));
}

#[test]
fn the_source_of_a_mount_is_told_from_what_failed() {
    let (site, alice) = with_alice();
    let line = "user=alice credential=accessToken:";
    let line = &format!("{line}{} address=127.0.0.1 repository=bob/base", id_of_only_token(&site, "alice"));
    site.watch_log_for(line);
    assert_eq!(granted(&alice, &["alice/app:pull,push", "bob/base:pull"]), "alice/app:pull,push");
    let told = refusals(&site);
    let [(object, reason, 1)] = told.as_slice() else { panic!("{told:#?}") };
    assert_eq!(object, "bob/base pull");
    assert!(reason.starts_with("as the source of a mount, which docker asks for by habit: there is no"), "{reason}");
    assert!(!site.log_held(line), "nothing has failed");
    granted(&alice, &["bob/base:pull"]);
    assert!(site.log_held(line));
}

fn id_of_only_token(site: &InProcess, name: &str) -> String {
    let tokens = site.as_local().get(&format!("/api/v0/api_tokens?username={name}")).must_be(200);
    tokens.text("/0/id")
}

#[test]
fn a_refusal_is_a_line_that_a_program_can_read() {
    let (site, _) = with_alice();
    site.add_service("bob");
    let token = site.add_token("bob", &json!({}));
    let bob = site.with_token("bob", &token);
    let line = format!(
        "registry token refused: user=bob credential=accessToken:{} address=127.0.0.1 repository=alice/app \
         asked=pull,push granted=none reason=\"the account has no access",
        token.id
    );
    site.watch_log_for(&line);
    granted(&bob, &["alice/app:pull,push"]);
    assert!(site.log_held(&line));
    let line =
        format!("sign-in refused: user=bob credential=accessToken:{} address=127.0.0.1 reason=\"it is de", token.id);
    site.watch_log_for(&line);
    site.as_local().patch(&token_path(&token), &json!({ "isActive": false })).must_be(200);
    bob.get("/auth/token").must_be(401);
    assert!(site.log_held(&line));
    let line = "sign-in refused: user=- credential=accessToken address=127.0.0.1 reason=\"wrong user name or secret\"";
    site.watch_log_for(line);
    site.with("nobody-of-refusals", "dkp_x").get("/auth/token").must_be(401);
    assert!(site.log_held(line));
}

/// What a body says of a name, with that name replaced.
fn about(body: &str, name: &str) -> String {
    body.replace(name, "NAME")
}

#[test]
fn whoever_may_not_see_a_repository_gets_one_answer_whether_it_is_there_was_or_never_was() {
    let (site, _) = with_alice();
    site.add_repository("alice/old");
    site.as_local().delete(&repository_path("alice/old")).must_be(204);
    site.add_service("bob");
    let narrow = json!({ "repositories": ["bob/*"] });
    for (caller, names) in [
        (robot(&site, "bob", &json!({})), ["alice/app", "alice/old", "alice/new", "zoe/app"]),
        (robot(&site, "alice", &narrow), ["alice/app", "alice/old", "alice/new", "zoe/app"]),
        (site.as_nobody(), ["alice/app", "alice/old", "alice/new", "zoe/app"]),
    ] {
        let tokens = names.map(|name| {
            let issued = ask(&caller, &[&format!("repository:{name}:pull,push")]);
            let claims = issued.claims.as_object().expect("claims").clone();
            let mut claims: Vec<_> = claims.into_iter().filter(|(claim, _)| claim != "jti").collect();
            claims.push(("length".to_owned(), json!(issued.text.len())));
            let fields: Vec<_> = issued.answer.as_object().expect("fields").keys().cloned().collect();
            (claims, fields, issued.answer["expires_in"].clone())
        });
        assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:#?}");
        for path in ["", "/tags", "/access"] {
            let answers = names.map(|name| {
                let answer = caller.get(&format!("{}{path}", repository_path(name)));
                (answer.status, about(&answer.body, name))
            });
            assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}: {answers:#?}");
            let is_open = answers[0].0 == 401;
            assert!(is_open || answers[0].1.contains("not there, or no access: NAME"), "{answers:?}");
        }
        let patch = json!({ "visibility": "public" });
        let deleted = names.map(|name| {
            let patched = caller.patch(&repository_path(name), &patch);
            let deleted = caller.delete(&repository_path(name));
            let bodies = [patched.body, deleted.body].map(|body| about(&body, name));
            (patched.status, deleted.status, bodies)
        });
        assert!(deleted.iter().all(|answer| *answer == deleted[0]), "{deleted:#?}");
    }
}

#[test]
fn refusals_that_answer_404_are_recorded_with_the_finer_reason() {
    let (site, _) = with_alice();
    site.add_service("bob");
    let bob = robot(&site, "bob", &json!({}));
    let foreign = site.add_token("alice", &json!({}));
    for name in ["alice/app", "alice/none"] {
        bob.get(&repository_path(name)).must_be_refused(404, "NO_SUCH_REPOSITORY");
    }
    bob.get(&token_path(&foreign)).must_be_refused(404, "NO_SUCH_API_TOKEN");
    // Her own that is not there was not refused.
    robot(&site, "alice", &json!({})).get(&repository_path("alice/none")).must_be(404);
    site.as_nobody().get(&repository_path("alice/app")).must_be(401);
    let told: Vec<_> = site.audit("outcome=denied");
    let mut told: Vec<_> =
        told.iter().map(|it| format!("{} {} {}", it["action"], it["object"], it["reason"])).collect();
    told.sort();
    let [app, none, token] = told.as_slice() else { panic!("{told:#?}") };
    assert!(app.starts_with("\"repository.view\" \"alice/app\" \"the account has no access"), "{app}");
    assert!(none.starts_with("\"repository.view\" \"alice/none\" \"there is no such repository"), "{none}");
    assert!(token.starts_with("\"token.view\"") && token.contains("another account"), "{token}");
}

#[test]
fn an_empty_grant_never_reads_success() {
    let site = InProcess::start_with(&[("audit.registry_tokens", "true")]);
    let bob = site.add_robot("bob");
    granted(&bob, &["alice/app:pull"]);
    ask(&bob, &[]);
    granted(&site.as_nobody(), &["alice/app:pull"]);
    assert_eq!(site.audit("action=registryToken.issue"), Vec::<Value>::new());
    let mut actors: Vec<_> = site.audit(REFUSALS).iter().map(|record| record["actor"].clone()).collect();
    actors.sort_by_key(ToString::to_string);
    assert_eq!(actors, [json!("anonymous"), json!("bob")]);
    granted(&bob, &["bob/app:pull"]);
    assert_eq!(site.audit("action=registryToken.issue&outcome=success").len(), 1);
}

#[test]
fn whoever_administers_a_repository_sees_who_was_refused_there_and_nothing_else() {
    let (site, alice) = with_alice();
    site.add_service("bob");
    let bob = robot(&site, "bob", &json!({}));
    granted(&bob, &["alice/app:pull", "alice/web:pull"]);
    site.grant("alice/app", "bob", "read-only");
    assert_eq!(site.audit("repository=alice/app&action=grant").len(), 1);
    let shown = alice.get("/api/v0/audit?repository=alice/app").must_be(200).json();
    let records = shown["records"].as_array().expect("records");
    assert_eq!(records.iter().map(|it| it["object"].clone()).collect::<Vec<_>>(), [json!("alice/app pull")]);
    alice.get("/api/v0/audit").must_be_refused(403, "NOT_AUTHORIZED");
    bob.get("/api/v0/audit?repository=alice/app").must_be_refused(403, "NOT_AUTHORIZED");
    bob.get("/api/v0/audit?repository=alice/web").must_be_refused(404, "NO_SUCH_REPOSITORY");
    // A later repository of the same name has nothing to do with it, for whoever was given that one alone.
    site.pass(HOUR);
    site.as_local().delete(&repository_path("alice/app")).must_be(204);
    site.add_repository("alice/app");
    site.add_service("carol");
    let carol = robot(&site, "carol", &json!({}));
    site.grant("alice/app", "carol", "admin");
    let shown = carol.get("/api/v0/audit?repository=alice/app").must_be(200).json();
    assert_eq!(shown["records"], json!([]));
}

/// The objects of the refusals at a name, as this caller is shown them.
fn shown_at(caller: &Caller, name: &str) -> Vec<Value> {
    let shown = caller.get(&format!("/api/v0/audit?repository={name}")).must_be(200).json();
    shown["records"].as_array().expect("records").iter().map(|it| it["object"].clone()).collect()
}

#[test]
fn whoever_administers_a_namespace_sees_who_was_refused_at_names_that_are_not_there() {
    let site = InProcess::start();
    let bob = site.add_robot("bob");
    granted(&bob, &["alice/app:push", "alice/before:pull"]);
    site.audit(REFUSALS);
    site.pass(HOUR);
    let alice = site.add_robot("alice");
    site.pass(HOUR);
    granted(&bob, &["alice/app:pull", "alice/other:pull"]);
    site.audit(REFUSALS);
    assert_eq!(shown_at(&alice, "alice/app"), [json!("alice/app pull")], "before, the name was not hers");
    assert_eq!(shown_at(&alice, "alice/before"), Vec::<Value>::new());
    assert_eq!(shown_at(&alice, "alice/nothing"), Vec::<Value>::new());
    site.add_repository("alice/app");
    assert_eq!(shown_at(&alice, "alice/app"), [json!("alice/app pull")], "also once it is there");
    // Whoever is let into all of the namespace sees the same; nobody learns from the answer whether there is anything.
    let narrow = robot(&site, "alice", &json!({ "repositories": ["alice/app"] }));
    for caller in [&bob, &narrow] {
        for name in ["alice/other", "alice/nothing"] {
            let refused = caller.get(&format!("/api/v0/audit?repository={name}"));
            let refused = refused.must_be_refused(404, "NO_SUCH_REPOSITORY");
            assert!(refused.body.contains("not there, or no access"), "{}", refused.describe());
        }
    }
    site.grant("alice", "bob", "admin");
    assert_eq!(shown_at(&bob, "alice/other"), [json!("alice/other pull")]);
}

#[test]
fn what_cannot_be_read_is_recorded_for_who_has_signed_in() {
    let site = InProcess::start();
    let bob = site.add_robot("bob");
    let line = "registry token refused: user=bob";
    site.watch_log_for("repository=- asked=unreadable granted=none");
    for _ in 0..2 {
        ask(&bob, &["repository:Alice/App:pull", "repository:bob/app:fly"]);
    }
    ask(&site.as_nobody(), &["repository:Alice/App:pull"]);
    assert!(site.log_held("repository=- asked=unreadable granted=none"), "{line}");
    let of_some = "2 scopes cannot be read: no repository can have that name, or no such action is known".to_owned();
    assert_eq!(refusals(&site), [(String::new(), of_some.clone(), 2)]);
    let many: Vec<String> = (0..=1_000).map(|number| format!("repository:bob/app{number}:pull")).collect();
    let form = format!("grant_type=password&service=&scope={}", many.join("%20"));
    for caller in [&bob, &site.as_nobody()] {
        caller.post_form("/auth/token", &form).must_be(400);
    }
    let whole = "the scopes cannot be read: at most 1000 different scopes in one request".to_owned();
    assert_eq!(refusals(&site), [(String::new(), of_some, 2), (String::new(), whole, 1)]);
}

#[test]
fn a_refused_access_token_is_named_with_the_reason() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_user("bob");
    let local = site.as_local();
    let inactive = site.add_token("alice", &json!({ "tokenLabel": "old laptop" }));
    local.patch(&token_path(&inactive), &json!({ "isActive": false })).must_be(200);
    let expiring = site.add_token("alice", &json!({ "expiresAt": site.in_time(HOUR) }));
    let rotated = site.add_token("alice", &json!({}));
    local.post(&format!("{}/rotate", token_path(&rotated)), &json!({})).must_be(200);
    let maker = site.add_token("alice", &json!({ "tokenLabel": "maker" }));
    let made = site.with_token("alice", &maker).post("/api/v0/api_tokens", &json!({})).must_be(200).json();
    let made = crate::support::AccessToken::of(&made);
    local.patch(&token_path(&maker), &json!({ "isActive": false })).must_be(200);
    let foreign = site.add_token("alice", &json!({}));
    let of_bob = site.add_token("bob", &json!({}));
    local.patch(&account_path("bob"), &json!({ "isActive": false })).must_be(200);
    site.pass(2 * HOUR);
    for (name, token, reason) in [
        ("alice", &inactive, "it is deactivated"),
        ("alice", &expiring, "it expired on "),
        ("alice", &rotated, "a rotation has replaced this secret"),
        ("alice", &made, "the access token `maker`, which made it, is deactivated"),
        ("bob", &of_bob, "its account is inactive"),
        ("admin", &foreign, "the access token belongs to another user than was named"),
    ] {
        site.with_token(name, token).get("/api/v0/api_tokens").must_be(401);
        let records = site.audit(&format!("action=account.signIn&outcome=denied&credential={}", token.id));
        let [record] = records.as_slice() else { panic!("{reason}: {records:#?}") };
        assert_eq!(record["accessToken"]["id"], token.id.as_str());
        assert!(record["reason"].as_str().is_some_and(|told| told.starts_with(reason)), "{record:#}");
        assert_eq!(record["actor"], name);
    }
    assert_eq!(site.audit("object=old laptop&outcome=denied".replace(' ', "%20").as_str()).len(), 1);
}
