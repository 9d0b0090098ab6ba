//! Alice leaves: her repositories get another owner and keep their names; her access tokens are found and go.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    site::{Caller, DAY, access_path, account_path, repository_path, team_access_path},
};

fn transfer_path(name: &str) -> String {
    format!("{}/transfer", repository_path(name))
}

fn all_path(account: &str) -> String {
    format!("/api/v0/accounts/{account}/transferRepositories")
}

/// alice and bob with an access token each, carol who may push to all of alice's, and two repositories of alice.
fn site() -> (InProcess, Caller, Caller, Caller) {
    let site = InProcess::start();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| site.add_robot(name));
    ["alice/app", "alice/web"].iter().for_each(|name| site.add_repository(name));
    site.grant("alice", "carol", "read-write");
    (site, alice, bob, carol)
}

fn transfer(site: &InProcess, name: &str, to: &str) -> Value {
    site.as_local().post(&transfer_path(name), &json!({ "to": to })).must_be(200).json()
}

/// The level, or none where it is not there for this caller.
fn level(caller: &Caller, name: &str) -> Option<String> {
    let answer = caller.get(&repository_path(name)).must_be_one_of(&[200, 404]);
    (answer.status == 200).then(|| answer.text("/accessLevel"))
}

fn listed(caller: &Caller, path: &str) -> Vec<String> {
    let page = caller.get(path).must_be(200).json();
    let name = |it: &Value| format!("{}/{}", it["namespace"].as_str().expect("it"), it["name"].as_str().expect("it"));
    page["repositories"].as_array().expect("a list").iter().map(name).collect()
}

fn owned(caller: &Caller, owner: &str) -> (Vec<String>, String) {
    let path = format!("/api/v0/repositories?owner={owner}&count=true&pageSize=0");
    let count = caller.get(&path).must_be(200).header("X-Resource-Count").expect("a count").to_owned();
    (listed(caller, &path), count)
}

#[test]
fn a_repository_gets_another_owner_and_keeps_its_name_and_its_grants() {
    let (site, alice, bob, carol) = site();
    let given = transfer(&site, "alice/app", "bob");
    assert_eq!([&given["owner"], &given["namespace"], &given["name"]], ["bob", "alice", "app"]);
    let admin = || Some("admin".to_owned());
    assert_eq!((level(&alice, "alice/app"), level(&bob, "alice/app")), (None, admin()));
    assert_eq!((level(&alice, "alice/web"), level(&bob, "alice/web")), (admin(), None));
    assert_eq!(level(&carol, "alice/app").as_deref(), Some("read-write"), "what was granted stays");
    assert_eq!(listed(&bob, "/api/v0/repositories?pageSize=0"), ["alice/app"]);
    assert_eq!(listed(&alice, "/api/v0/repositories?pageSize=0"), ["alice/web"]);
    assert_eq!(listed(&alice, "/api/v0/repositories/alice"), ["alice/web"]);
    assert_eq!(owned(&bob, "bob"), (vec!["alice/app".to_owned()], "1".to_owned()));
    assert_eq!(owned(&site.as_local(), "alice"), (vec!["alice/web".to_owned()], "1".to_owned()));
    // Whoever has the namespace has no say any more, not even by a detour.
    site.as_local().put(&access_path("alice", "alice"), &json!({ "accessLevel": "admin" })).must_be(200);
    alice.put(&access_path("alice", "alice"), &json!({ "accessLevel": "admin" })).must_be(200);
    assert_eq!(level(&alice, "alice/app"), None);
    alice.delete(&repository_path("alice/app")).must_be(204);
    assert_eq!(level(&bob, "alice/app"), admin(), "to alice it is not there, and so nothing was deleted");
    // The new owner sees who has access, and takes it.
    let access = bob.get(&format!("{}/access", repository_path("alice/app"))).must_be(200).json();
    let shown =
        access["access"].as_array().expect("a list").iter().map(|it| format!("{} {}", it["subject"], it["reason"]));
    assert_eq!(shown.collect::<Vec<_>>(), ["\"bob\" \"owner\"", "\"carol\" \"repositoryGrant\""]);
    bob.delete(&access_path("alice/app", "carol")).must_be(204);
    assert_eq!(level(&carol, "alice/app"), None, "the grant on alice/* does not reach it any more");
    assert_eq!(level(&carol, "alice/web").as_deref(), Some("read-write"));
    let site = site.restart();
    assert_eq!(owned(&site.as_local(), "bob"), (vec!["alice/app".to_owned()], "1".to_owned()));
    let records = site.audit("action=repository.transfer");
    assert_eq!(
        (records.len(), &records[0]["object"], &records[0]["actor"]),
        (1, &json!("alice/app to bob"), &json!("local:0"))
    );
}

#[test]
fn nobody_has_the_namespace_of_who_left_and_a_later_account_gets_what_has_no_owner() {
    let (site, _, bob, _) = site();
    transfer(&site, "alice/app", "bob");
    site.as_local().delete(&account_path("alice")).must_be(204);
    let asks = |name: &str| bob.get(&format!("/auth/token?scope=repository:{name}:pull,push")).must_be(200);
    asks("alice/new");
    assert_eq!(level(&site.as_local(), "alice/new"), None, "a push makes nothing there");
    assert_eq!(level(&bob, "alice/app").as_deref(), Some("admin"));
    let new = |adopt: bool| json!({ "name": "alice", "adoptRepositories": adopt });
    site.as_local().post("/enzi/v0/accounts", &new(false)).must_be_refused(409, "NAMESPACE_IN_USE");
    site.as_local().post("/enzi/v0/accounts", &new(true)).must_be(201);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    assert_eq!(listed(&alice, "/api/v0/repositories?pageSize=0"), ["alice/web"]);
    assert_eq!(level(&bob, "alice/app").as_deref(), Some("admin"));
    // bob goes, too: then it is nobody's, and not that of who has the namespace.
    site.as_local().delete(&account_path("bob")).must_be(204);
    assert_eq!(level(&alice, "alice/app"), None);
    site.as_local().delete(&account_path("alice")).must_be(204);
    site.as_local().post("/enzi/v0/accounts", &new(true)).must_be(201);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    assert_eq!(listed(&alice, "/api/v0/repositories?pageSize=0"), ["alice/app", "alice/web"]);
}

#[test]
fn nobody_makes_repositories_in_the_namespace_of_who_is_inactive() {
    let (site, _, bob, carol) = site();
    site.grant("alice", "bob", "admin");
    let pushes = |caller: &Caller, name: &str| {
        caller.get(&format!("/auth/token?scope=repository:{name}:pull,push")).must_be(200);
        level(&site.as_local(), name).is_some()
    };
    let make = |caller: &Caller, name: &str| caller.post("/api/v0/repositories/alice", &json!({ "name": name }));
    assert!(pushes(&bob, "alice/before"), "who may do all in her namespace makes one there");
    make(&bob, "made").must_be(201);
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    for caller in [&bob, &carol] {
        assert!(!pushes(caller, "alice/after"));
        make(caller, "after").must_be_refused(403, "NOT_AUTHORIZED");
    }
    let check = "/api/v0/access/check?repository=alice/after&action=push";
    let answer = bob.get(check).must_be(200).json();
    assert_eq!(answer["allowed"], json!(false), "{answer}");
    assert_eq!(level(&bob, "alice/web").as_deref(), Some("admin"), "what is there stays within reach");
    assert!(pushes(&bob, "alice/before"));
    make(&site.as_local(), "by-administrator").must_be(201);
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": true })).must_be(200);
    assert!(pushes(&bob, "alice/after"), "she is back");
}

#[test]
fn whether_all_can_be_given_is_known_before_any_is() {
    let (site, alice, ..) = site();
    let ask = |to: &str| site.as_local().post(&all_path("alice"), &json!({ "to": to, "dryRun": true }));
    assert_eq!(ask("bob").must_be(200).json(), json!({ "to": "bob", "transferred": 0, "left": 2 }));
    ask("nobody").must_be_refused(404, "NO_SUCH_ACCOUNT");
    ask("alice").must_be_refused(400, "INVALID_PARAMETERS");
    site.as_local().post("/api/v0/meta/settings", &json!({ "maxRepositoriesPerNamespace": 1 })).must_be(202);
    ask("bob").must_be_refused(409, "LIMIT_REACHED");
    assert_eq!(owned(&alice, "alice").1, "2");
    alice.post(&all_path("alice"), &json!({ "to": "bob", "dryRun": true })).must_be(403);
    assert!(site.audit("action=repository.transfer&outcome=success").is_empty());
}

#[test]
fn where_everything_was_given_away_a_new_account_needs_no_adoption_and_sees_nothing() {
    let (site, ..) = site();
    let done = site.as_local().post(&all_path("alice"), &json!({ "to": "bob" })).must_be(200).json();
    assert_eq!(done, json!({ "to": "bob", "transferred": 2, "left": 0 }));
    site.as_local().delete("/api/v0/accounts/alice").must_be(204);
    assert_eq!(owned(&site.as_local(), "bob").1, "2", "they do not go with alice");
    let alice = site.add_robot("alice");
    assert_eq!(listed(&alice, "/api/v0/repositories?pageSize=0"), Vec::<String>::new());
    site.as_local().delete("/api/v0/accounts/bob").must_be(204);
    assert_eq!(level(&site.as_local(), "alice/app"), None, "they go with their owner");
    assert_eq!(site.audit("action=repository.transfer").len(), 2);
}

#[test]
fn an_organization_that_is_given_a_repository_grants_on_it_to_its_teams() {
    let (site, alice, ..) = site();
    site.add_organization("acme", &[("alice", false), ("bob", true)]);
    site.add_team("acme/dev", &["alice"]);
    let bob = site.with_token("bob", &site.add_token("bob", &json!({})));
    transfer(&site, "alice/app", "acme");
    assert_eq!((level(&bob, "alice/app").as_deref(), level(&alice, "alice/app")), (Some("admin"), None));
    bob.put(&team_access_path("alice/app", "dev"), &json!({ "accessLevel": "read-only" })).must_be(200);
    assert_eq!(level(&alice, "alice/app").as_deref(), Some("read-only"));
    let reached = site.as_local().get("/api/v0/accounts/alice/repositoryAccess?on=alice%2Fapp").must_be(200).json();
    assert_eq!(
        reached["access"],
        json!([{ "on": "alice/app", "accessLevel": "read-only", "reason": "teamRepositoryGrant", "team": "dev",
            "organization": "acme" }]),
        "and nothing by the namespace"
    );
    // Back to where the name says it belongs.
    assert_eq!(transfer(&site, "alice/app", "alice")["owner"], "alice");
    assert_eq!((level(&bob, "alice/app"), level(&alice, "alice/app").as_deref()), (None, Some("admin")));
}

#[test]
fn what_cannot_be_transferred_is_refused_whole() {
    let (site, alice, bob, _) = site();
    let local = site.as_local();
    local.post("/api/v0/meta/settings", &json!({ "maxRepositoriesPerNamespace": 2 })).must_be_one_of(&[200, 202]);
    site.add_repository("bob/own");
    local.post(&all_path("alice"), &json!({ "to": "bob" })).must_be_refused(409, "LIMIT_REACHED");
    assert_eq!(owned(&local, "bob").1, "1", "not even the first");
    transfer(&site, "alice/app", "bob");
    local.post(&transfer_path("alice/web"), &json!({ "to": "bob" })).must_be_refused(409, "LIMIT_REACHED");
    bob.post("/api/v0/repositories/bob", &json!({ "name": "more" })).must_be_refused(409, "LIMIT_REACHED");
    local.post(&transfer_path("alice/none"), &json!({ "to": "bob" })).must_be_refused(404, "NO_SUCH_REPOSITORY");
    for (path, to, status, code) in [
        (transfer_path("alice/web"), "nobody", 404, "NO_SUCH_ACCOUNT"),
        (all_path("alice"), "nobody", 404, "NO_SUCH_ACCOUNT"),
        (all_path("nobody"), "bob", 404, "NO_SUCH_ACCOUNT"),
        (all_path("alice"), "alice", 400, "INVALID_PARAMETERS"),
    ] {
        local.post(&path, &json!({ "to": to })).must_be_refused(status, code);
    }
    local.patch(&account_path("carol"), &json!({ "isActive": false })).must_be(200);
    local.post(&transfer_path("alice/web"), &json!({ "to": "carol" })).must_be_refused(400, "INVALID_PARAMETERS");
    // Who is no administrator learns nothing of what there is.
    for caller in [&alice, &bob] {
        let answers = ["alice/web", "alice/none", "no/such"]
            .map(|name| caller.post(&transfer_path(name), &json!({ "to": "bob" })).must_be(403).json());
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
    }
    assert_eq!(site.audit("action=repository.transfer&outcome=success").len(), 1);
}

#[test]
fn everybodys_access_tokens_are_listed_by_their_end_page_by_page() {
    let (site, ..) = site();
    let local = site.as_local();
    for (owner, label, end) in
        [("alice", "late", Some(40)), ("bob", "soon", Some(3)), ("alice", "gone", Some(1)), ("bob", "open", None)]
    {
        let end = end.map(|days| site.in_time(days * DAY));
        site.add_token(owner, &json!({ "tokenLabel": label, "expiresAt": end }));
    }
    site.pass(2 * DAY);
    let labels = |caller: &Caller, query: &str| {
        let (mut all, mut start) = (Vec::new(), String::new());
        loop {
            let page = caller.get(&format!("/api/v0/api_tokens?pageSize=2&sort=end&{query}{start}")).must_be(200);
            let label = |it: &Value| it["tokenLabel"].as_str().expect("a label").to_owned();
            all.extend(page.json().as_array().expect("a list").iter().map(label));
            match page.next_page() {
                "" => return all,
                next => start = format!("&pageStart={next}"),
            }
        }
    };
    assert_eq!(labels(&local, "everybody=true")[..3], ["gone", "soon", "late"]);
    assert_eq!(labels(&local, "everybody=true").len(), 7);
    assert_eq!(labels(&local, &format!("everybody=true&expiresbefore={}", site.in_time(14 * DAY))), ["soon"]);
    assert_eq!(labels(&local, "everybody=true&state=expired"), ["gone"]);
    assert_eq!(labels(&local, "username=alice")[..2], ["gone", "late"]);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({ "tokenLabel": "new" })));
    assert_eq!(labels(&alice, "")[..2], ["gone", "late"], "one's own");
    alice.get("/api/v0/api_tokens?everybody=true").must_be(403);
    alice.delete("/api/v0/api_tokens?everybody=true&usedbefore=2999-01-01&generatedby=all").must_be(403);
    local.get("/api/v0/api_tokens?everybody=true&username=alice").must_be(400);
    local.get("/api/v0/api_tokens?sort=end&pageStart=01ARZ3NDEKTSV4RRFFQ69G5FAV").must_be(400);
    let gone = local.delete("/api/v0/api_tokens?everybody=true&usedbefore=2999-01-01&generatedby=all&state=expired");
    assert_eq!(gone.must_be(200).json().as_array().map(Vec::len), Some(1));
    assert_eq!(labels(&local, "everybody=true")[..2], ["soon", "late"]);
}

#[test]
fn access_tokens_that_a_leaver_made_for_others_are_found_by_theirs() {
    let (site, alice, ..) = site();
    site.as_local().patch(&account_path("alice"), &json!({ "isAdmin": true, "keepTokens": true })).must_be(200);
    alice.post("/api/v0/api_tokens?username=carol", &json!({ "tokenLabel": "for carol" })).must_be(200);
    alice.post("/api/v0/api_tokens", &json!({ "tokenLabel": "own" })).must_be(200);
    let made = site.as_local().get("/api/v0/api_tokens?madewith=alice").must_be(200).json();
    assert_eq!((made.as_array().map(Vec::len), &made[0]["tokenLabel"]), (Some(1), &json!("for carol")));
    site.as_local().get("/api/v0/api_tokens?madewith=nobody").must_be_refused(404, "NO_SUCH_USER");
}

/// The last moment that there is, which the pages give for a clean-up of all; a date is its first moment.
const EVER: &str = "9999-12-31T23:59:59.999Z";

#[test]
fn a_clean_up_of_all_takes_access_tokens_that_made_robots_and_ends_these_secrets() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_organization("acme", &[("alice", true)]);
    let alice = site.with_token("alice", &site.add_token("alice", &json!({})));
    let body = json!({ "name": "ci", "accessLevel": "read-only" });
    let made = alice.post("/api/v0/accounts/acme/robots", &body).must_be(201);
    let robot = site.with("acme/ci", &made.text("/token"));
    let local = site.as_local();
    let clean = |until: &str| format!("/api/v0/api_tokens?username=alice&generatedby=all&usedbefore={until}");
    for act in ["the preview", "the clean-up"] {
        let path = clean("9999-12-31");
        let spared = if act == "the preview" { local.get(&path) } else { local.delete(&path) };
        assert_eq!(spared.must_be(200).json(), json!([]), "{act} by a date spares what holds robots");
    }
    robot.get("/v2/").must_be(200);
    assert_eq!(local.get(&clean(EVER)).must_be(200).json().as_array().map(Vec::len), Some(1));
    assert_eq!(local.delete(&clean(EVER)).must_be(200).json().as_array().map(Vec::len), Some(1));
    assert_eq!(local.get("/api/v0/api_tokens/counts?username=alice").must_be(200).json()["total"], 0);
    robot.get("/v2/").must_be(401);
    // By its hash it is given a new secret; by that of the old one, nothing is changed any more.
    let rotate = format!("/api/v0/api_tokens/{}/rotate", made.text("/hashedToken"));
    let rotated = local.post(&rotate, &json!({})).must_be(200);
    assert_eq!((rotated.text("/username"), rotated.text("/robot")), ("acme".to_owned(), "ci".to_owned()));
    let robot = site.with("acme/ci", &rotated.text("/token"));
    robot.get("/v2/").must_be(200);
    local.post(&rotate, &json!({})).must_be_refused(409, "API_TOKEN_NOT_ACTIVE");
    robot.get("/v2/").must_be(200);
}
