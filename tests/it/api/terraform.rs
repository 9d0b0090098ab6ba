//! Mirantis' Terraform provider for MSR, as it calls the API: the very bodies that it sends, and its types for the
//! answers, read strictly (a number is a number, and what may be absent is absent, never null). Like any program that
//! reads an object, changes a field and sends the whole back, it sends fields along that nobody sets.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    site::{account_path, member_path, members_path, repository_path, team_access_path, team_path, teams_path},
};

const ACCOUNTS: &str = "/enzi/v0/accounts";

/// The provider's account, as an administrator sees it: only what has a default may be absent, and nothing is null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is the provider's")]
struct Account {
    name: String,
    id: String,
    full_name: String,
    is_active: bool,
    is_admin: bool,
    is_org: bool,
    is_imported: bool,
    #[serde(default)]
    on_demand: bool,
    #[serde(default)]
    otp_enabled: bool,
    #[serde(default = "absent")]
    members_count: i64,
    #[serde(default = "absent")]
    teams_count: i64,
}

fn absent() -> i64 {
    -1
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    users_count: u64,
    orgs_count: u64,
    resource_count: u64,
    next_page_start: String,
    #[serde(rename = "accounts")]
    found: Vec<Account>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Team {
    description: String,
    id: String,
    members_count: u64,
    name: String,
    #[serde(rename = "orgID")]
    org_id: String,
}

#[derive(Debug, Deserialize)]
struct Members {
    members: Vec<Member>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    is_admin: bool,
    member: Account,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    id: String,
    immutable_tags: bool,
    long_description: String,
    name: String,
    namespace: String,
    namespace_type: String,
    pulls: u64,
    pushes: u64,
    scan_on_push: bool,
    short_description: String,
    tag_limit: u64,
    visibility: String,
}

fn read<T: DeserializeOwned>(answer: &Answer) -> T {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}:\n{}", answer.describe()))
}

/// A team, as the provider always sends one.
fn team(id: &str, org_id: &str, name: &str, description: &str) -> Value {
    json!({ "description": description, "id": id, "membersCount": 0, "name": name, "orgID": org_id })
}

fn organization(site: &InProcess, name: &str) -> Account {
    let body = json!({ "name": name, "id": "", "password": "", "isOrg": true });
    read(&site.as_admin().post(ACCOUNTS, &body).must_be(201))
}

fn user(site: &InProcess, name: &str) -> Account {
    let body = json!({ "name": name, "id": "", "password": PASSWORD, "fullName": "Full Name" });
    read(&site.as_admin().post(ACCOUNTS, &body).must_be(201))
}

#[test]
fn a_user_is_made_read_changed_and_deleted() {
    let site = InProcess::start();
    let admin = site.as_admin();
    let made = user(&site, "alice");
    assert!((made.is_active, made.is_admin, made.is_org) == (true, false, false), "{made:?}");
    assert!((made.members_count, made.teams_count) == (-1, -1), "a user has neither: {made:?}");
    site.as_user("alice").get("/api/v0/repositories").must_be(200);
    let found: Account = read(&admin.get(&account_path("alice")).must_be(200));
    assert_eq!((found.id.as_str(), found.full_name.as_str()), (made.id.as_str(), "Full Name"));
    assert!(!found.is_imported && !found.on_demand && !found.otp_enabled);
    // What is false or empty the provider leaves out when it changes an account.
    let changed: Account = read(&admin.patch(&account_path(&made.id), &json!({ "isAdmin": true })).must_be(200));
    assert!(changed.is_admin && changed.name == "alice" && changed.full_name == "Full Name", "{changed:?}");
    read::<Account>(&admin.patch(&account_path(&made.id), &json!({})).must_be(200));
    let page: Accounts = read(&admin.get(&format!("{ACCOUNTS}?filter=all")).must_be(200));
    assert_eq!((page.users_count, page.orgs_count, page.resource_count, page.next_page_start.as_str()), (2, 0, 2, ""));
    assert!(page.found.iter().any(|account| account.id == made.id && account.is_active));
    admin.delete(&account_path(&made.id)).must_be(204);
    admin.get(&account_path("alice")).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

#[test]
fn an_organization_is_made_read_and_deleted() {
    let site = InProcess::start();
    let made = organization(&site, "acme");
    assert!(made.is_org && (made.members_count, made.teams_count) == (0, 0), "{made:?}");
    let found: Account = read(&site.as_admin().get(&account_path("acme")).must_be(200));
    assert_eq!(found.id, made.id);
    site.as_admin().delete(&account_path("acme")).must_be(204);
}

#[test]
fn a_team_is_made_read_changed_and_deleted() {
    let site = InProcess::start();
    let admin = site.as_admin();
    let acme = organization(&site, "acme");
    let made = admin.post(&teams_path(&acme.id), &team("", &acme.id, "dev", "Who builds it")).must_be(201);
    let made: Team = read(&made);
    let expected = |description: &str| Team {
        description: description.to_owned(),
        id: made.id.clone(),
        members_count: 0,
        name: "dev".to_owned(),
        org_id: acme.id.clone(),
    };
    assert_eq!(made, expected("Who builds it"));
    let by_name = format!("{}/teams/dev", account_path(&acme.id));
    let by_id = format!("{}/teams/{}", account_path(&acme.id), made.id);
    assert_eq!(read::<Team>(&admin.get(&by_name).must_be(200)), made);
    // It fills in neither name nor organization when it changes a team.
    let changed = admin.patch(&by_id, &team(&made.id, "", "", "Others")).must_be(200);
    assert_eq!(read::<Team>(&changed), expected("Others"));
    let whole = admin.patch(&by_id, &team(&made.id, &acme.id, "dev", "")).must_be(200);
    assert_eq!(read::<Team>(&whole), expected(""));
    let renamed = admin.patch(&by_id, &team(&made.id, &acme.id, "ops", "")).must_be_refused(400, "INVALID_PARAMETERS");
    assert_eq!(renamed.text("/errors/0/message"), "name: names never change");
    admin.delete(&by_id).must_be(204);
    admin.get(&by_id).must_be_refused(404, "NO_SUCH_TEAM");
}

#[test]
fn the_members_of_a_team_are_replaced_one_by_one() {
    let site = InProcess::start();
    let admin = site.as_admin();
    let (acme, alice, bob) = (organization(&site, "acme"), user(&site, "alice"), user(&site, "bob"));
    admin.post(&teams_path("acme"), &team("", &acme.id, "dev", "")).must_be(201);
    let member = |user: &Account| member_path("acme/dev", &user.id);
    admin.put(&member(&alice), &json!({ "isAdmin": false })).must_be(200);
    let listed: Members = read(&admin.get(&members_path("acme/dev")).must_be(200));
    let [found] = listed.members.as_slice() else { panic!("{listed:?}") };
    assert!(!found.is_admin && found.member.id == alice.id, "{found:?}");
    assert!(found.member.is_active && !found.member.is_admin, "an administrator sees it in lists, too: {found:?}");
    for gone in &listed.members {
        read::<Account>(&admin.get(&account_path(&gone.member.id)).must_be(200));
        admin.delete(&member(&gone.member)).must_be(204);
    }
    admin.put(&member(&bob), &json!({ "isAdmin": false })).must_be(200);
    assert_eq!(read::<Team>(&admin.get(&team_path("acme/dev")).must_be(200)).members_count, 1);
}

#[test]
fn a_repository_is_made_read_changed_and_deleted() {
    let site = InProcess::start();
    let admin = site.as_admin();
    organization(&site, "acme");
    let mut body = json!({
        "immutableTags": false, "longDescription": "", "scanOnPush": true, "shortDescription": "", "tagLimit": 0,
        "visibility": "private",
    });
    let path = repository_path("acme/app");
    let check = |answer: &Answer, visibility: &str| {
        let found: Repository = read(answer);
        let texts = [&found.namespace, &found.namespace_type, &found.name, &found.visibility];
        assert_eq!(texts, ["acme", "organization", "app", visibility]);
        assert_eq!((found.pulls, found.pushes, found.tag_limit), (0, 0, 0));
        assert!(!found.scan_on_push && !found.immutable_tags && !found.id.is_empty());
        assert_eq!((found.short_description.as_str(), found.long_description.as_str()), ("", ""));
    };
    let mut create = body.clone();
    create["name"] = json!("app");
    check(&admin.post("/api/v0/repositories/acme", &create).must_be(201), "private");
    check(&admin.get(&path).must_be(200), "private");
    body["visibility"] = json!("public");
    check(&admin.patch(&path, &body).must_be(200), "public");
    admin.delete(&path).must_be(204);
}

#[test]
fn an_error_has_the_message_that_the_provider_shows() {
    let site = InProcess::start();
    let refused = site.as_admin().get(&account_path("nobody")).must_be(404);
    assert_eq!(refused.text("/errors/0/message"), "no such account: nobody");
    assert!(site.as_admin().get("/health").must_be(200).json()["healthy"].as_bool().expect("true or false"));
    assert!(!site.as_admin().get("/api/v0/admin/version").must_be(200).text("/version").is_empty());
}

// --- whole objects sent back ---

#[test]
fn what_is_shown_can_be_sent_back_as_it_is() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_organization("acme", &[("alice", true)]);
    site.add_team("acme/dev", &["alice"]);
    site.add_repository("acme/app");
    site.add_repository("acme/tools/lint");
    site.grant("acme/app", "alice", "read-only");
    site.grant_team("acme/app", "dev", "read-write");
    site.grant_team("acme", "dev", "read-write");
    let local = site.as_local();
    for path in [
        account_path("alice"),
        account_path("acme"),
        team_path("acme/dev"),
        repository_path("acme/app"),
        repository_path("acme/tools/lint"),
    ] {
        let shown = local.get(&path).must_be(200).json();
        assert_eq!(local.patch(&path, &shown).must_be(200).json(), shown, "{path}");
    }
    for path in [member_path("acme", "alice"), member_path("acme/dev", "alice"), team_access_path("acme", "dev")] {
        let shown = local.get(&path).must_be(200).json();
        assert_eq!(local.put(&path, &shown).must_be(200).json(), shown, "{path}");
    }
    for (list, kind) in [("userAccess", "alice"), ("teamAccess", "dev")] {
        let path = format!("{}/{list}", repository_path("acme/app"));
        let shown = local.get(&path).must_be(200).json()[format!("{list}List")][0].clone();
        assert_eq!(local.put(&format!("{path}/{kind}"), &shown).must_be(200).json(), shown, "{path}");
    }
}

#[test]
fn what_is_shown_makes_the_same_elsewhere() {
    let (here, there) = (InProcess::start(), InProcess::start());
    here.add_service("alice");
    here.add_organization("acme", &[]);
    here.add_team("acme/dev", &[]);
    here.add_repository("acme/app");
    for (list, one) in [
        (ACCOUNTS.to_owned(), account_path("alice")),
        (ACCOUNTS.to_owned(), account_path("acme")),
        (teams_path("acme"), team_path("acme/dev")),
        ("/api/v0/repositories/acme".to_owned(), repository_path("acme/app")),
    ] {
        let shown = here.as_local().get(&one).must_be(200).json();
        let made = there.as_local().post(&list, &shown).must_be(201).json();
        assert_eq!(made["name"], shown["name"]);
        assert_ne!(made["id"], shown["id"], "an id is never chosen");
    }
}

#[test]
fn what_never_changes_is_not_passed_over() {
    let site = InProcess::start();
    site.add_user("alice");
    site.add_repository("alice/app");
    let patch = |path: &str, body: Value| site.as_local().patch(path, &body);
    for (path, body, message) in [
        (account_path("alice"), json!({ "name": "bob" }), "name: names never change"),
        (account_path("alice"), json!({ "isOrg": true }), "isOrg: users stay users, and organizations organizations"),
        (repository_path("alice/app"), json!({ "name": "web" }), "name: names never change"),
        (repository_path("alice/app"), json!({ "namespace": "bob" }), "namespace: names never change"),
    ] {
        let refused = patch(&path, body).must_be_refused(400, "INVALID_PARAMETERS");
        assert_eq!(refused.text("/errors/0/message"), message);
    }
    let other = json!({ "name": "x", "namespace": "bob" });
    let refused = site.as_local().post("/api/v0/repositories/alice", &other).must_be_refused(400, "INVALID_PARAMETERS");
    assert_eq!(refused.text("/errors/0/message"), "namespace: must be the one in the path");
    // A password in the wrong place must not look as if it had been set.
    patch(&account_path("alice"), json!({ "password": "another-long-password" })).must_be(400);
}
