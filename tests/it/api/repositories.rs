//! Repository records by the API (design, sections 2 and 5).

use std::sync::Arc;

use dockpass::{
    domain::{
        id::Id,
        immutable_tags::ImmutableTags,
        name::RepositoryName,
        repository::Repository,
        time::{Clock, Timestamp},
    },
    store::{self, WriteError},
};
use serde_json::{Value, json};

use crate::support::{
    InProcess,
    site::{access_path, account_path, repository_path},
};

const ALL: &str = "/api/v0/repositories";

/// Puts records into a store without a server, as adopting an existing registry does.
pub(crate) fn adopt(data: &std::path::Path, clock: &Clock, names: &[String]) {
    let opened = store::open(data, clock.clone()).expect("the store opens");
    let names: Arc<[String]> = names.into();
    for start in (0..names.len()).step_by(500) {
        let names = Arc::clone(&names);
        let written = opened.store.write(&opened.access, move |txn| {
            for (number, name) in names.iter().enumerate().skip(start).take(500) {
                txn.put_repository(record(name, number)).expect("a record of usual size");
            }
            Ok::<(), WriteError>(())
        });
        written.expect("the store is written");
    }
}

pub(crate) fn record(name: &str, number: usize) -> Repository {
    let at = Timestamp::from_seconds(1_700_000_000);
    let number = u64::try_from(number).expect("a number").to_be_bytes();
    let mut random = [0; 10];
    random[2..].copy_from_slice(&number);
    Repository {
        id: Id::new(at, random),
        name: RepositoryName::parse(name).expect("a name"),
        is_public: false,
        short_description: String::new(),
        long_description: String::new(),
        created_at: at,
        owner: None,
        immutable_tags: ImmutableTags::default(),
    }
}

fn names(page: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let repositories = page["repositories"].as_array().expect("repositories");
    repositories.iter().map(|shown| format!("{}/{}", text(&shown["namespace"]), text(&shown["name"]))).collect()
}

#[test]
fn a_new_repository_has_every_field() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let made = alice.post(&format!("{ALL}/alice"), &json!({ "name": "app" })).must_be(201).json();
    let expected = json!({
        "id": made["id"], "namespace": "alice", "namespaceType": "user", "name": "app", "shortDescription": "",
        "longDescription": "", "visibility": "private", "scanOnPush": false, "immutableTags": false, "immutableTagPatterns": [],
        "enableManifestLists": true, "pulls": 0, "pushes": 0, "tagLimit": 0, "accessLevel": "admin", "owner": "alice", "lastPush": null, "missingSince": null,
    });
    assert_eq!(made, expected);
    let path = repository_path("alice/app");
    assert_eq!(alice.get(&path).must_be(200).json(), expected);
    assert_eq!(alice.get(ALL).must_be(200).json(), json!({ "repositories": [expected] }));
    assert_eq!(alice.get(&format!("{ALL}/alice")).must_be(200).json(), json!({ "repositories": [expected] }));
    let update = json!({ "visibility": "public", "shortDescription": "s", "longDescription": "# long\n<b>" });
    let changed = alice.patch(&path, &update).must_be(200).json();
    for field in ["visibility", "shortDescription", "longDescription"] {
        assert_eq!(changed[field], update[field]);
    }
    assert_eq!(alice.patch(&path, &json!({})).must_be(200).json(), changed, "what is absent stays");
    assert_eq!(changed["id"], made["id"]);
    let deleted = alice.delete(&path).must_be(204);
    assert!(deleted.body.is_empty() && deleted.header("warning").is_some_and(|text| text.contains("registry")));
    alice.get(&path).must_be_refused(404, "NO_SUCH_REPOSITORY");
}

#[test]
fn documented_fields_are_accepted_and_wrong_values_refused() {
    let site = InProcess::start();
    site.add_service("alice");
    let create = |body: Value| site.as_local().post(&format!("{ALL}/alice"), &body);
    let full = json!({
        "name": "full", "shortDescription": "", "longDescription": "", "scanOnPush": true, "immutableTags": false,
        "enableManifestLists": false, "tagLimit": 5, "visibility": "public",
    });
    assert_eq!(create(full.clone()).must_be(201).text("/visibility"), "public");
    let mut update = full;
    update.as_object_mut().expect("an object").remove("name");
    site.as_local().patch(&repository_path("alice/full"), &update).must_be(200);
    for visibility in ["Public", "internal", ""] {
        create(json!({ "name": "x", "visibility": visibility })).must_be_refused(400, "INVALID_REPOSITORY_VISIBILITY");
        let body = json!({ "visibility": visibility });
        site.as_local()
            .patch(&repository_path("alice/full"), &body)
            .must_be_refused(400, "INVALID_REPOSITORY_VISIBILITY");
    }
    for body in [
        json!({}),
        json!({ "name": "x", "namespace": "bob" }),
        json!({ "name": "x", "visibility": 1 }),
        json!({ "name": "x", "shortDescription": "x".repeat(141) }),
        json!({ "name": "x", "longDescription": "x".repeat(25_001) }),
    ] {
        create(body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for body in [json!({ "name": "y" }), json!({ "owner": "admin" }), json!({ "shortDescription": "x".repeat(141) })] {
        site.as_local().patch(&repository_path("alice/full"), &body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    create(json!({ "name": "x", "shortDescription": "ä".repeat(140), "longDescription": "x".repeat(25_000) }))
        .must_be(201);
}

#[test]
fn names_follow_the_grammar_of_the_registry() {
    let site = InProcess::start();
    site.add_service("alice");
    let create = |name: &str| site.as_local().post(&format!("{ALL}/alice"), &json!({ "name": name }));
    let deep = format!("{}/{}", "x".repeat(128), "y".repeat(255 - "alice/".len() - 129));
    for good in ["app", "a.b_c--d", "tools/lint", "a/b/c/d", "0", &"x".repeat(128), &deep] {
        assert_eq!(create(good).must_be(201).text("/name"), good);
        create(good).must_be_refused(400, "REPOSITORY_EXISTS");
        assert_eq!(site.as_local().get(&repository_path(&format!("alice/{good}"))).must_be(200).text("/name"), good);
    }
    let long = format!("{deep}z");
    for bad in
        ["", "App", "a b", "/a", "a/", "a//b", "..", "a/../b", ".", "a..b", "_a", "a:b", "a@b", "ä", "a%2Fb", &long]
    {
        create(bad).must_be_refused(400, "INVALID_PARAMETERS");
    }
    create(&"x".repeat(129)).must_be_refused(400, "INVALID_PARAMETERS");
}

#[test]
fn permission_is_checked_before_existence() {
    let site = InProcess::start();
    site.add_service("alice");
    let bob = site.add_robot("bob");
    site.add_repository("alice/app");
    for name in ["app", "free"] {
        let body = json!({ "name": name });
        bob.post(&format!("{ALL}/alice"), &body).must_be_refused(403, "NOT_AUTHORIZED");
        bob.post(&format!("{ALL}/nobody"), &body).must_be_refused(403, "NOT_AUTHORIZED");
        // What bob may not see, and what is not there, look the same.
        let path = repository_path(&format!("alice/{name}"));
        for answer in [bob.get(&path), bob.patch(&path, &json!({ "visibility": "public" })), bob.delete(&path)] {
            answer.must_be_refused(404, "NO_SUCH_REPOSITORY");
        }
        bob.get(&format!("{path}/userAccess")).must_be_refused(404, "NO_SUCH_REPOSITORY");
        bob.get(&format!("{path}/access")).must_be_refused(404, "NO_SUCH_REPOSITORY");
        bob.delete(&format!("{path}/userAccess/bob")).must_be_refused(404, "NO_SUCH_REPOSITORY");
        bob.put(&format!("{path}/userAccess/bob"), &json!({ "accessLevel": "admin" }))
            .must_be_refused(404, "NO_SUCH_REPOSITORY");
    }
    site.as_local().post(&format!("{ALL}/nobody"), &json!({ "name": "x" })).must_be_refused(404, "NO_SUCH_ACCOUNT");
    assert_eq!(site.as_local().get(&repository_path("alice/app")).must_be(200).text("/visibility"), "private");
}

#[test]
fn deleting_what_is_not_there_is_done_for_who_may_administer_the_namespace() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let bob = site.add_robot("bob");
    let path = repository_path("alice/gone");
    alice.delete(&path).must_be(204);
    site.as_admin().delete(&path).must_be(204);
    bob.delete(&path).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.grant("alice", "bob", "read-write");
    bob.delete(&path).must_be_refused(404, "NO_SUCH_REPOSITORY");
    site.add_repository("alice/app");
    bob.delete(&repository_path("alice/app")).must_be_refused(403, "NOT_AUTHORIZED");
    site.grant("alice", "bob", "admin");
    bob.delete(&path).must_be(204);
    bob.delete(&repository_path("alice/app")).must_be(204);
    let narrow = site.add_token("alice", &json!({ "repositories": ["alice/app"] }));
    let narrow = site.with_token("alice", &narrow);
    narrow.delete(&path).must_be_refused(404, "NO_SUCH_REPOSITORY");
    narrow.delete(&repository_path("alice/app")).must_be(204);
}

#[test]
fn a_slash_in_a_name_is_sent_as_2f_decoded_once_and_there_only() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/tools/lint");
    for path in ["alice/tools%2Flint", "alice/tools%2flint", "alice/tools%2Flint/", "alice/%74ools%2Flint"] {
        assert_eq!(alice.get(&format!("{ALL}/{path}")).must_be(200).text("/name"), "tools/lint", "{path}");
    }
    assert_eq!(
        alice.get(&format!("{ALL}/alice/tools/lint")).must_be(200).text("/name"),
        "tools/lint",
        "where it is read"
    );
    for path in ["alice//app", "alice/tools%2F%2Flint", "alice/tools%252Flint"] {
        alice.get(&format!("{ALL}/{path}")).must_be(404);
    }
    for path in
        ["alice/..%2Flint", "alice/%2E%2E%2Flint", "alice/tools%2F..%2Flint", "alice/tools%2Flint%00", "alice/%FF"]
    {
        alice.get(&format!("{ALL}/{path}")).must_be(404);
    }
    for path in [
        format!("{ALL}/alice%2Ftools/lint"),
        format!("{ALL}/alice%2Ftools%2Flint"),
        "/enzi/v0/accounts/alice%2Fbob".to_owned(),
        "/api/v0/api_tokens/a%2Fb".to_owned(),
        "/api/v0/repositoryNamespaces/alice%2Ftools/userAccess".to_owned(),
        format!("{ALL}/alice/tools%2Flint/userAccess/a%2Fb"),
        "/api/v0/accounts/al%2Fice/repositoryAccess/alice/app".to_owned(),
    ] {
        site.as_local().get(&path).must_be_one_of(&[400, 405]);
        site.as_local().delete(&path).must_be_one_of(&[400, 405]);
    }
    site.as_local().get("/api%2Fv0/repositories").must_be(400);
    site.as_local().get("/api/v0/repositories%2Falice").must_be(400);
    alice.patch(&format!("{ALL}/alice/tools%2Flint"), &json!({ "visibility": "public" })).must_be(200);
    alice.delete(&format!("{ALL}/alice/tools%2Flint")).must_be(204);
}

#[test]
fn one_trailing_slash_is_ignored_on_every_route_and_a_second_is_not() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_repository("alice/app");
    let token = site.add_token("alice", &json!({}));
    for path in [
        ALL.to_owned(),
        format!("{ALL}/alice"),
        repository_path("alice/app"),
        format!("{}/userAccess", repository_path("alice/app")),
        "/api/v0/api_tokens".to_owned(),
        format!("/api/v0/api_tokens/{}", token.hash),
        account_path("alice"),
        "/v2".to_owned(),
        "/v2/_catalog".to_owned(),
        "/health".to_owned(),
        "/auth/token".to_owned(),
    ] {
        let plain = alice.get(&path).must_be(200).status;
        alice.get(&format!("{path}/")).must_be(plain);
        alice.get(&format!("{path}//")).must_be(404);
        alice.get(&path.to_uppercase()).must_be(404);
    }
    alice.post(&format!("{ALL}/alice/"), &json!({ "name": "other" })).must_be(201);
    alice.put(&format!("{}/", access_path("alice/app", "admin")), &json!({ "accessLevel": "admin" })).must_be(200);
    for path in
        ["//api/v0/repositories", "/api//v0/repositories", "/api/./v0/repositories", "/api/v0/../v0/repositories"]
    {
        alice.get(path).must_be(404);
    }
}

#[test]
fn a_namespace_has_at_most_so_many_repositories() {
    let site = InProcess::start_with(&[("repositories.max_per_namespace", "2")]);
    let alice = site.add_robot("alice");
    site.add_service("bob");
    let create = |name: &str| alice.post(&format!("{ALL}/alice"), &json!({ "name": name }));
    create("one").must_be(201);
    create("two/deep").must_be(201);
    create("three").must_be_refused(409, "LIMIT_REACHED");
    site.add_repository("bob/one");
    alice.delete(&repository_path("alice/one")).must_be(204);
    create("three").must_be(201);
}

#[test]
fn a_namespace_is_found_if_somebody_owns_it_or_something_is_seen_there() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    site.add_service("bob");
    site.add_service("ghost");
    site.add_public("ghost/seen");
    site.as_local().delete(&account_path("ghost")).must_be(204);
    assert_eq!(alice.get(&format!("{ALL}/bob")).must_be(200).json(), json!({ "repositories": [] }));
    alice.get(&format!("{ALL}/nobody")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    alice.get(&format!("{ALL}/Not%20A%20Name")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    assert_eq!(names(&alice.get(&format!("{ALL}/ghost")).must_be(200).json()), ["ghost/seen"]);
    let none = alice.get(&format!("{ALL}/ghost?q=nothing-like-it")).must_be(200).json();
    assert_eq!(names(&none), Vec::<String>::new());
}

#[test]
fn a_capped_token_does_not_learn_which_accounts_there_are() {
    let site = InProcess::start();
    ["alice", "bob", "carol"].iter().for_each(|name| site.add_service(name));
    site.add_public("carol/seen");
    for limits in [json!({ "accessLevel": "read-only" }), json!({ "repositories": ["alice/*"] })] {
        let capped = site.with_token("alice", &site.add_token("alice", &limits));
        for name in ["bob", "nobody"] {
            let answer = capped.get(&format!("{ALL}/{name}")).must_be_refused(404, "NO_SUCH_ACCOUNT");
            assert_eq!(answer.body.replace(name, "X"), capped.get(&format!("{ALL}/nil")).body.replace("nil", "X"));
        }
        assert_eq!(names(&capped.get(&format!("{ALL}/alice")).must_be(200).json()), Vec::<String>::new(), "its own");
    }
    let reader = site.with_token("alice", &site.add_token("alice", &json!({ "accessLevel": "read-only" })));
    assert_eq!(names(&reader.get(&format!("{ALL}/carol")).must_be(200).json()), ["carol/seen"]);
}

#[test]
fn names_of_one_component_are_reached_by_administrators_and_grants_only_unless_public() {
    let site = InProcess::start();
    let alice = site.add_robot("alice");
    let site = site.restart_after(|data, clock| adopt(data, clock, &["busybox".to_owned(), "alpine".to_owned()]));
    let alice = site.as_nobody().header("Authorization", &alice.credentials());
    let admin = site.as_local();
    let shown = admin.get(&format!("{ALL}/_/busybox")).must_be(200).json();
    assert_eq!((&shown["namespace"], &shown["name"]), (&json!("_"), &json!("busybox")));
    assert_eq!(names(&admin.get(ALL).must_be(200).json()), ["_/alpine", "_/busybox"]);
    assert_eq!(names(&admin.get(&format!("{ALL}/_")).must_be(200).json()), ["_/alpine", "_/busybox"]);
    assert_eq!(admin.get("/v2/_catalog").must_be(200).json(), json!({ "repositories": ["alpine", "busybox"] }));
    alice.get(&format!("{ALL}/_/busybox")).must_be_refused(404, "NO_SUCH_REPOSITORY");
    assert_eq!(names(&alice.get(&format!("{ALL}/_")).must_be(200).json()), Vec::<String>::new());
    alice.post(&format!("{ALL}/_"), &json!({ "name": "mine" })).must_be_refused(403, "NOT_AUTHORIZED");
    site.grant("_/busybox", "alice", "read-only");
    assert_eq!(alice.get(&format!("{ALL}/_/busybox")).must_be(200).text("/accessLevel"), "read-only");
    assert_eq!(names(&alice.get(ALL).must_be(200).json()), ["_/busybox"]);
    site.take("_/busybox", "alice");
    admin.patch(&format!("{ALL}/_/alpine"), &json!({ "visibility": "public" })).must_be(200);
    assert_eq!(names(&alice.get(&format!("{ALL}/_")).must_be(200).json()), ["_/alpine"]);
    site.grant("_", "alice", "read-write");
    assert_eq!(names(&alice.get(ALL).must_be(200).json()), ["_/alpine", "_/busybox"]);
    let token = site.add_token("alice", &json!({ "repositories": ["_/busybox"], "accessLevel": "read-only" }));
    let narrow = site.with_token("alice", &token);
    assert_eq!(narrow.get(&format!("{ALL}/_/busybox")).must_be(200).text("/accessLevel"), "read-only");
    admin.delete(&format!("{ALL}/_/busybox")).must_be(204);
    narrow.get(&format!("{ALL}/_/busybox")).must_be(404);
}

#[test]
fn an_adopted_namespace_is_not_given_to_a_new_account_unasked() {
    let site = InProcess::start();
    let names = ["alice/app".to_owned(), "alice/lib".to_owned(), "alice-x/app".to_owned()];
    let site = site.restart_after(|data, clock| adopt(data, clock, &names));
    let create = |body: Value| site.as_local().post("/enzi/v0/accounts", &body);
    create(json!({ "name": "alice" })).must_be_refused(409, "NAMESPACE_IN_USE");
    create(json!({ "name": "alic" })).must_be(201);
    create(json!({ "name": "alice", "adoptRepositories": true })).must_be(201);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    assert_eq!(self::names(&alice.get(ALL).must_be(200).json()), ["alice/app", "alice/lib"]);
}

#[test]
fn a_list_finds_names_that_contain_a_text_and_takes_it_literally() {
    let site = InProcess::start();
    site.add_service("alice");
    for name in ["alice/app", "alice/my-app", "alice/team_a", "alice/teamxa", "alice/team_ab"] {
        site.add_repository(name);
    }
    let found = |query: &str| names(&site.as_local().get(&format!("{ALL}?q={query}")).must_be(200).json());
    assert_eq!(found("app"), ["alice/app", "alice/my-app"]);
    assert_eq!(found("team_a"), ["alice/team_a", "alice/team_ab"]);
    assert_eq!(found("alice%2Fapp"), ["alice/app"]);
    assert_eq!(found("").len(), 5);
    for nothing in ["%25", "*", ".", "APP", "%27%20OR%201=1"] {
        assert_eq!(found(nothing), Vec::<String>::new(), "{nothing}");
    }
}
