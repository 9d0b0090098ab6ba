//! Grants, and what they give: levels, reasons, and how access tokens narrow them (design, section 2).

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    site::{Caller, access_path, account_path, repository_path},
};

/// What a caller may do with `bob/app`, as `access level / change / administer the namespace`.
fn reach(caller: &Caller) -> (Option<String>, bool, bool) {
    let path = repository_path("bob/app");
    let seen = caller.get(&path).must_be_one_of(&[200, 404]);
    let level = (seen.status == 200).then(|| seen.text("/accessLevel"));
    let changed = caller.patch(&path, &json!({})).status == 200;
    let listed = caller.get(&format!("{path}/userAccess")).status == 200;
    assert_eq!(changed, listed, "description and access are changed by the same people");
    let shown = caller.get("/api/v0/repositories?pageSize=0").must_be(200).json();
    let is_listed =
        shown["repositories"].as_array().expect("a list").iter().any(|one| one["namespace"] == json!("bob"));
    assert_eq!(is_listed, level.is_some(), "what is seen is listed, and nothing else");
    let administers = caller.get("/api/v0/repositoryNamespaces/bob/userAccess").must_be_one_of(&[200, 403]);
    (level, changed, administers.status == 200)
}

fn with_bobs_app() -> (InProcess, Caller) {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_service("bob");
    site.add_repository("bob/app");
    (site, alice)
}

#[test]
fn the_highest_level_wins_for_each_combination() {
    let (site, alice) = with_bobs_app();
    let levels = [None, Some("read-only"), Some("read-write"), Some("admin")];
    for on_repository in levels {
        for on_namespace in levels {
            for is_public in [false, true] {
                let visibility = if is_public { "public" } else { "private" };
                site.as_local().patch(&repository_path("bob/app"), &json!({ "visibility": visibility })).must_be(200);
                for (target, level) in [("bob/app", on_repository), ("bob", on_namespace)] {
                    match level {
                        Some(level) => site.grant(target, "alice", level),
                        None => site.take(target, "alice"),
                    }
                }
                let public = is_public.then_some("read-only");
                let rank = |level: &Option<_>| levels.iter().position(|known| known == level);
                let highest = [on_repository, on_namespace, public].into_iter().max_by_key(rank).flatten();
                let expected = (highest.map(str::to_owned), highest == Some("admin"), on_namespace == Some("admin"));
                let case = format!("repository {on_repository:?}, namespace {on_namespace:?}, {visibility}");
                assert_eq!(reach(&alice), expected, "{case}");
            }
        }
    }
}

#[test]
fn owners_and_system_administrators_have_everything() {
    let (site, alice) = with_bobs_app();
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    let everything = (Some("admin".to_owned()), true, true);
    assert_eq!(reach(&bob), everything);
    assert_eq!(reach(&site.as_admin()), everything);
    assert_eq!(reach(&site.as_local()), everything);
    assert_eq!(reach(&alice), (None, false, false));
    let promoted = json!({ "isAdmin": true, "keepTokens": true });
    site.as_local().patch(&account_path("alice"), &promoted).must_be(200);
    assert_eq!(reach(&alice), everything, "from the next request on");
    site.as_local().patch(&account_path("alice"), &json!({ "isAdmin": false })).must_be(200);
    assert_eq!(reach(&alice), (None, false, false));
}

#[test]
fn an_access_token_has_what_its_account_has_within_cap_and_patterns() {
    let (site, _) = with_bobs_app();
    site.grant("bob", "alice", "admin");
    let levels = ["read-only", "push", "read-write", "admin"];
    let patterns = [
        (json!([]), true, true),
        (json!(["bob/*"]), true, true),
        (json!(["bob/app"]), true, false),
        (json!(["alice/*", "bob/app"]), true, false),
        (json!(["bob/ap"]), false, false),
        (json!(["bob/app/*"]), false, false),
        (json!(["bobby/*"]), false, false),
        (json!(["bo/*"]), false, false),
        (json!(["alice/*"]), false, false),
    ];
    for level in levels {
        for (repositories, reaches, is_wide) in &patterns {
            let token = site.add_token("alice", &json!({ "accessLevel": level, "repositories": repositories }));
            let expected =
                (reaches.then(|| level.to_owned()), *reaches && level == "admin", *is_wide && level == "admin");
            assert_eq!(reach(&site.with_token("alice", &token)), expected, "{level} {repositories}");
            site.as_local().delete(&format!("/api/v0/api_tokens/{}", token.hash)).must_be(200);
        }
    }
    // What anonymous may view, every token may.
    let elsewhere = site.with_token("alice", &site.add_token("alice", &json!({ "repositories": ["alice/*"] })));
    site.as_local().patch(&repository_path("bob/app"), &json!({ "visibility": "public" })).must_be(200);
    assert_eq!(reach(&elsewhere), (Some("read-only".to_owned()), false, false));
    // A token never has more than its account, whatever it is called.
    site.take("bob", "alice");
    let strong = site.with_token("alice", &site.add_token("alice", &json!({ "accessLevel": "admin" })));
    assert_eq!(reach(&strong), (Some("read-only".to_owned()), false, false));
}

#[test]
fn patterns_narrow_lists_in_order_and_once() {
    let site = InProcess::start();
    site.add_service("alice");
    for name in ["app", "app/sub", "app-x", "lib", "tools/a", "tools/b/c", "toolsx"] {
        site.add_repository(&format!("alice/{name}"));
    }
    let listed = |patterns: Value| -> Vec<String> {
        let caller = site.with_token("alice", &site.add_token("alice", &json!({ "repositories": patterns })));
        let page = caller.get("/api/v0/repositories?pageSize=0&count=true").must_be(200);
        let json = page.json();
        let names: Vec<String> = json["repositories"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["name"].as_str().expect("a name").to_owned())
            .collect();
        assert_eq!(page.header("x-resource-count"), Some(names.len().to_string().as_str()));
        let within = caller.get("/api/v0/repositories/alice?pageSize=0").must_be(200);
        assert_eq!(within.json(), json);
        names
    };
    assert_eq!(listed(json!([])).len(), 7);
    assert_eq!(listed(json!(["alice/*"])), ["app", "app/sub", "app-x", "lib", "tools/a", "tools/b/c", "toolsx"]);
    assert_eq!(listed(json!(["alice/tools/*"])), ["tools/a", "tools/b/c"]);
    assert_eq!(
        listed(json!(["alice/tools/b/*", "alice/tools/*", "alice/app", "alice/app"])),
        ["app", "tools/a", "tools/b/c"]
    );
    assert_eq!(listed(json!(["alice/app/*", "alice/lib"])), ["app/sub", "lib"]);
    assert_eq!(listed(json!(["alice/absent", "bob/*"])), Vec::<String>::new());
}

#[test]
fn grants_are_shown_set_and_taken() {
    let (site, alice) = with_bobs_app();
    site.add_service("carol");
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    let id = |path: &str| site.as_local().get(path).must_be(200).json()["id"].clone();
    let user = |name: &str| json!({ "name": name, "id": id(&account_path(name)), "isActive": true });
    let repository = json!({ "namespace": "bob", "name": "app", "id": id(&repository_path("bob/app")) });
    let on_app = format!("{}/userAccess", repository_path("bob/app"));
    let on_bob = "/api/v0/repositoryNamespaces/bob/userAccess";
    assert_eq!(bob.get(&on_app).must_be(200).json(), json!({ "repository": repository, "userAccessList": [] }));
    assert_eq!(bob.get(on_bob).must_be(200).json(), json!({ "namespace": "bob", "userAccessList": [] }));
    let put = bob.put(&access_path("bob/app", "carol"), &json!({ "accessLevel": "read-write" })).must_be(200).json();
    assert_eq!(put, json!({ "accessLevel": "read-write", "user": user("carol"), "repository": repository }));
    let put = bob.put(&access_path("bob", "alice"), &json!({ "accessLevel": "admin" })).must_be(200).json();
    assert_eq!(put, json!({ "accessLevel": "admin", "user": user("alice"), "namespace": "bob" }));
    // Whoever holds admin there may give it on, and take it; the last word counts.
    alice.put(&access_path("bob/app", "alice"), &json!({ "accessLevel": "read-only" })).must_be(200);
    alice.put(&access_path("bob/app", "carol"), &json!({ "accessLevel": "read-only" })).must_be(200);
    let list = bob.get(&on_app).must_be(200).json();
    let shown: Vec<_> = list["userAccessList"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|grant| (grant["user"]["name"].clone(), grant["accessLevel"].clone()))
        .collect();
    assert_eq!(shown, [(json!("alice"), json!("read-only")), (json!("carol"), json!("read-only"))], "by name");
    for _ in 0..2 {
        bob.delete(&access_path("bob/app", "carol")).must_be(204);
    }
    bob.delete(&access_path("bob", "alice")).must_be(204);
    alice.put(&access_path("bob/app", "alice"), &json!({ "accessLevel": "admin" })).must_be(403);
    assert_eq!(reach(&alice), (Some("read-only".to_owned()), false, false));
    assert_eq!(bob.get(on_bob).must_be(200).json()["userAccessList"], json!([]));
}

#[test]
fn a_grant_wants_a_level_a_user_and_something_to_be_on() {
    let (site, _) = with_bobs_app();
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    for body in [
        json!({}),
        json!({ "accessLevel": "owner" }),
        json!({ "accessLevel": "Admin" }),
        json!({ "accessLevel": null }),
        json!({ "accessLevel": "admin", "username": "bob" }),
    ] {
        for target in ["bob/app", "bob"] {
            bob.put(&access_path(target, "alice"), &body).must_be_refused(400, "INVALID_PARAMETERS");
        }
    }
    let level = json!({ "accessLevel": "admin" });
    for target in ["bob/app", "bob"] {
        bob.put(&access_path(target, "nobody"), &level).must_be_refused(404, "NO_SUCH_USER");
        bob.delete(&access_path(target, "nobody")).must_be_refused(404, "NO_SUCH_USER");
        bob.put(&access_path(target, "Not%20A%20Name"), &level).must_be_refused(404, "NO_SUCH_USER");
    }
    bob.put(&access_path("bob/gone", "alice"), &level).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.as_local().put(&access_path("nobody", "alice"), &level).must_be_refused(404, "NO_SUCH_ACCOUNT");
    bob.put(&access_path("nobody", "alice"), &level).must_be_refused(403, "NOT_AUTHORIZED");
    bob.put(&access_path("alice", "bob"), &level).must_be_refused(403, "NOT_AUTHORIZED");
}

#[test]
fn a_deleted_repository_takes_its_grants_along() {
    let (site, alice) = with_bobs_app();
    site.grant("bob/app", "alice", "admin");
    site.as_local().delete(&repository_path("bob/app")).must_be(204);
    site.add_repository("bob/app");
    assert_eq!(reach(&alice), (None, false, false));
    assert_eq!(
        site.as_local().get(&format!("{}/userAccess", repository_path("bob/app"))).must_be(200).json()["userAccessList"],
        json!([])
    );
}

#[test]
fn whoever_administers_a_repository_sees_who_has_access_and_why() {
    let (site, alice) = with_bobs_app();
    site.add_service("carol");
    let path = format!("{}/access", repository_path("bob/app"));
    let reasons = |caller: &Caller| -> Vec<Value> {
        let json = caller.get(&path).must_be(200).json();
        assert_eq!((&json["repository"]["namespace"], &json["repository"]["name"]), (&json!("bob"), &json!("app")));
        json["access"].as_array().expect("a list").clone()
    };
    let entry = |subject: &str, level: &str, reason: &str| json!({ "subject": subject, "accessLevel": level, "reason": reason, "organization": null, "isActive": true });
    assert_eq!(reasons(&site.as_local()), [entry("bob", "admin", "owner")]);
    site.grant("bob/app", "carol", "read-only");
    site.grant("bob/app", "alice", "admin");
    site.grant("bob", "carol", "read-write");
    site.as_local().patch(&repository_path("bob/app"), &json!({ "visibility": "public" })).must_be(200);
    let expected = [
        entry("bob", "admin", "owner"),
        entry("alice", "admin", "repositoryGrant"),
        entry("carol", "read-only", "repositoryGrant"),
        entry("carol", "read-write", "namespaceGrant"),
        entry("everybody", "read-only", "public"),
    ];
    assert_eq!(reasons(&alice), expected);
    site.as_local().patch("/enzi/v0/accounts/carol", &json!({ "isActive": false })).must_be(200);
    let inactive = reasons(&alice).into_iter().filter(|entry| entry["isActive"] == false);
    assert!(inactive.map(|entry| entry["subject"].clone()).eq([json!("carol"), json!("carol")]));
    let listed = alice.get(&format!("{}/userAccess", repository_path("bob/app"))).must_be(200).json();
    let marks = listed["userAccessList"].as_array().expect("a list").iter();
    let marks = marks.map(|it| (it["user"]["name"].clone(), it["user"]["isActive"].clone()));
    let expected = [(json!("alice"), json!(true)), (json!("carol"), json!(false))];
    assert!(marks.eq(expected), "{listed:#}");
    site.as_local().patch("/enzi/v0/accounts/carol", &json!({ "isActive": true })).must_be(200);
    let carol = site.with_token("carol", &site.add_token("carol", &json!({})));
    carol.get(&path).must_be_refused(403, "NOT_AUTHORIZED");
}

#[test]
fn the_access_of_one_is_for_that_user_and_administrators() {
    let (site, alice) = with_bobs_app();
    let of = |name: &str| format!("/api/v0/accounts/{name}/repositoryAccess/bob/app");
    alice.get(&of("alice")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.as_admin().get(&of("alice")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.grant("bob", "alice", "read-write");
    let expected = site.as_admin().get(&of("alice")).must_be(200).json();
    assert_eq!((&expected["accessLevel"], &expected["user"]["name"]), (&json!("read-write"), &json!("alice")));
    assert_eq!(expected["repository"]["name"], json!("app"));
    assert_eq!(alice.get(&of("alice")).must_be(200).json(), expected);
    for other in ["bob", "nobody", "admin"] {
        alice.get(&of(other)).must_be_refused(403, "NOT_AUTHORIZED");
    }
    site.as_admin().get(&of("nobody")).must_be_refused(404, "NO_SUCH_USER");
    assert_eq!(site.as_admin().get(&of("bob")).must_be(200).text("/accessLevel"), "admin");
    alice.get("/api/v0/accounts/alice/repositoryAccess/bob/gone").must_be_refused(404, "NO_SUCH_REPOSITORY");
}

#[test]
fn creating_wants_admin_on_the_namespace_and_a_token_that_has_it() {
    let (site, alice) = with_bobs_app();
    let create = |caller: &Caller, name: &str| {
        caller.post("/api/v0/repositories/bob", &json!({ "name": name })).must_be_one_of(&[201, 403]).status == 201
    };
    for (level, may) in [("read-only", false), ("read-write", false), ("admin", true)] {
        site.grant("bob", "alice", level);
        assert_eq!(create(&alice, level), may, "{level}");
    }
    site.take("bob", "alice");
    site.grant("bob/app", "alice", "admin");
    assert!(!create(&alice, "by-repository-grant"), "a grant on a repository is none on the namespace");
    let token = |body: Value| site.with_token("bob", &site.add_token("bob", &body));
    for cap in ["read-only", "push", "read-write"] {
        let capped = token(json!({ "accessLevel": cap }));
        assert!(!create(&capped, "capped"));
        let refused = capped.post("/api/v0/repositories/bob", &json!({ "name": "capped" }));
        let told = format!("this needs admin access to the namespace: the access token reaches {cap} only");
        assert_eq!(refused.must_be_refused(403, "NOT_AUTHORIZED").text("/errors/0/message"), told);
    }
    let narrow = token(json!({ "repositories": ["bob/mine", "bob/below/*"] }));
    assert!(create(&narrow, "mine") && create(&narrow, "below/x"));
    assert!(!create(&narrow, "other") && !create(&narrow, "below"));
}
