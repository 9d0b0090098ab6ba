//! Teams, their members and what was granted to them by the API (design, section 2; reference, section 3).

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    http::Answer,
    site::{
        Caller, access_path, account_path, member_path, members_path, repository_path, team_access_path, team_path,
        teams_path,
    },
};

const ON_NAMESPACE: &str = "/api/v0/repositoryNamespaces/acme/teamAccess";

fn on_repository(name: &str) -> String {
    format!("{}/teamAccess", repository_path(name))
}

fn accessible(team: &str) -> String {
    let (organization, name) = team.split_once('/').expect("organization/team");
    format!("/api/v0/accounts/{organization}/teams/{name}/repositoryAccess")
}

/// `acme` with two repositories, which alice administers; bob is in its team `dev`, and carol belongs to nothing.
struct Acme {
    site: InProcess,
    alice: Caller,
    bob: Caller,
    carol: Caller,
}

impl Acme {
    fn new() -> Self {
        let site = InProcess::start();
        let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| site.add_robot(name));
        site.add_organization("acme", &[("alice", true)]);
        site.add_team("acme/dev", &["bob"]);
        site.add_repository("acme/app");
        site.add_repository("acme/tools/lint");
        Self { site, alice, bob, carol }
    }

    fn id(&self, path: &str) -> String {
        self.site.as_local().get(path).must_be(200).text("/id")
    }

    fn repository(&self, rest: &str) -> Value {
        json!({ "namespace": "acme", "name": rest, "id": self.id(&repository_path(&format!("acme/{rest}"))) })
    }
}

fn names(answer: &Answer, list: &str, pointer: &str) -> Vec<String> {
    let entries = answer.json()[list].as_array().cloned().unwrap_or_else(|| panic!("{}", answer.describe()));
    let name = |entry: &Value| entry.pointer(pointer).and_then(Value::as_str).expect("a name").to_owned();
    entries.iter().map(name).collect()
}

fn level(caller: &Caller, repository: &str) -> Option<String> {
    let seen = caller.get(&repository_path(repository)).must_be_one_of(&[200, 404]);
    (seen.status == 200).then(|| seen.text("/accessLevel"))
}

// --- teams ---

#[test]
fn a_team_is_made_shown_changed_and_deleted() {
    let acme = Acme::new();
    let teams = teams_path("acme");
    let body = json!({ "id": "", "name": "ops", "description": "Who runs it" });
    let made = acme.alice.post(&teams, &body).must_be(201).json();
    let organization = acme.id(&account_path("acme"));
    let expected = json!({
        "id": made["id"], "orgID": organization, "name": "ops", "description": "Who runs it", "membersCount": 0,
    });
    assert_eq!(made, expected);
    let by_id = format!("{}/{}", teams_path(&organization), made["id"].as_str().expect("an id"));
    for path in [&team_path("acme/ops"), &by_id] {
        assert_eq!(acme.alice.get(path).must_be(200).json(), expected);
    }
    let changed = acme.alice.patch(&by_id, &json!({ "description": "" })).must_be(200).json();
    assert_eq!((&changed["description"], &changed["name"]), (&json!(""), &json!("ops")));
    assert_eq!(acme.alice.patch(&by_id, &json!({})).must_be(200).json(), changed);
    acme.alice.patch(&by_id, &json!({ "name": "other" })).must_be_refused(400, "INVALID_PARAMETERS");
    acme.alice.post(&teams, &json!({ "name": "ops" })).must_be_refused(400, "TEAM_EXISTS");
    for path in [&by_id, &by_id, &team_path("acme/ops"), &team_path("acme/absent")] {
        acme.alice.delete(path).must_be(204);
    }
    acme.alice.get(&by_id).must_be_refused(404, "NO_SUCH_TEAM");
    acme.alice.patch(&team_path("acme/ops"), &json!({})).must_be_refused(404, "NO_SUCH_TEAM");
    let again = acme.alice.post(&teams, &json!({ "name": "ops" })).must_be(201);
    assert_ne!(again.json()["id"], made["id"]);
    assert_eq!(again.text("/description"), "");
    for body in [
        json!({}),
        json!({ "name": "" }),
        json!({ "name": "Ops" }),
        json!({ "name": "a/b" }),
        json!({ "name": "x".repeat(129) }),
        json!({ "name": "x", "description": "x".repeat(1_025) }),
        json!({ "name": "x", "description": "a\u{0}b" }),
        json!({ "name": "x", "descripton": "y" }),
    ] {
        acme.alice.post(&teams, &body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    acme.alice.post(&teams, &json!({ "name": "x".repeat(128), "description": "ä".repeat(1_024) })).must_be(201);
}

#[test]
fn teams_are_listed_by_name_counted_and_paged() {
    let acme = Acme::new();
    acme.site.add_organization("lab", &[]);
    for team in ["acme/ops", "acme/a", "lab/dev", "lab/zoo"] {
        acme.site.add_team(team, &[]);
    }
    let page = |query: &str| acme.bob.get(&format!("{}?{query}", teams_path("acme"))).must_be(200);
    let listed = |answer: &Answer| names(answer, "teams", "/name");
    assert_eq!(listed(&page("")), ["a", "dev", "ops"], "another organization's teams are none of it");
    for size in 1..=4 {
        let (mut all, mut start) = (Vec::new(), String::new());
        loop {
            let page = page(&format!("limit={size}&start={start}"));
            assert_eq!((&page.json()["resourceCount"], page.header("x-resource-count")), (&json!(3), Some("3")));
            all.extend(listed(&page));
            start = page.text("/nextPageStart");
            assert_eq!(page.next_page(), start.as_str());
            if start.is_empty() {
                break;
            }
        }
        assert_eq!(all, ["a", "dev", "ops"], "pages of {size}");
    }
    assert_eq!(listed(&page("order=desc")), ["ops", "dev", "a"]);
    assert_eq!(listed(&page("order=desc&start=dev&limit=1")), ["a"]);
    acme.bob.get(&format!("{}?order=x", teams_path("acme"))).must_be_refused(400, "INVALID_PARAMETERS");
    acme.bob.get(&format!("{}?start=A", teams_path("acme"))).must_be_refused(400, "INVALID_PARAMETERS");
    acme.bob.get(&format!("{}?limit=many", teams_path("acme"))).must_be_refused(400, "INVALID_PARAMETERS");
    // The same name in two organizations is two teams.
    acme.alice.get(&team_path("lab/dev")).must_be_refused(403, "NOT_AUTHORIZED");
    assert_ne!(acme.id(&team_path("acme/dev")), acme.id(&team_path("lab/dev")));
    let foreign = format!("{}/{}", teams_path("acme"), acme.id(&team_path("lab/dev")));
    acme.alice.get(&foreign).must_be_refused(404, "NO_SUCH_TEAM");
    acme.alice.delete(&foreign).must_be(204);
    assert_eq!(names(&acme.site.as_local().get(&teams_path("lab")).must_be(200), "teams", "/name"), ["dev", "zoo"]);
}

#[test]
fn members_of_a_team_are_members_of_the_organization() {
    let acme = Acme::new();
    let carol = member_path("acme/dev", "carol");
    let shown = json!({
        "member": { "name": "carol", "id": acme.id(&account_path("carol")), "fullName": "", "isOrg": false },
        "isAdmin": false, "isActive": true,
    });
    acme.alice.get(&carol).must_be_refused(404, "NO_SUCH_MEMBER");
    for _ in 0..2 {
        assert_eq!(acme.alice.put(&carol, &json!({})).must_be(200).json(), shown);
    }
    assert_eq!(acme.alice.get(&carol).must_be(200).json(), shown);
    assert_eq!(acme.alice.get(&member_path("acme", "carol")).must_be(200).json(), shown, "and so of the organization");
    acme.alice.put(&member_path("acme/dev", "alice"), &json!({})).must_be(200);
    let alice = acme.alice.get(&member_path("acme/dev", "alice")).must_be(200).json();
    assert_eq!(alice["isAdmin"], json!(true), "who administers the organization goes on doing so");
    let page = |query: &str| acme.bob.get(&format!("{}?{query}", members_path("acme/dev"))).must_be(200);
    let listed = |answer: &Answer| names(answer, "members", "/member/name");
    assert_eq!(listed(&page("")), ["alice", "bob", "carol"]);
    assert_eq!(
        (listed(&page("limit=2")), page("limit=2").text("/nextPageStart")),
        (vec!["alice".into(), "bob".into()], "bob".into())
    );
    assert_eq!(
        (listed(&page("start=bob")), page("start=bob").json()["resourceCount"].clone()),
        (vec!["carol".into()], json!(3))
    );
    assert_eq!(listed(&page("order=desc&limit=2")), ["carol", "bob"]);
    assert_eq!(listed(&page("order=desc&limit=2&start=bob")), ["alice"]);
    assert_eq!(acme.bob.get(&team_path("acme/dev")).must_be(200).json()["membersCount"], json!(3));
    for _ in 0..2 {
        acme.alice.delete(&carol).must_be(204);
    }
    acme.alice.get(&member_path("acme", "carol")).must_be(200);
    for (path, code) in [
        (member_path("acme/dev", "nobody"), "NO_SUCH_USER"),
        (member_path("acme/absent", "carol"), "NO_SUCH_TEAM"),
        (member_path("nobody/dev", "carol"), "NO_SUCH_ACCOUNT"),
    ] {
        acme.site.as_local().get(&path).must_be_refused(404, code);
        acme.site.as_local().put(&path, &json!({})).must_be_refused(404, code);
        acme.site.as_local().delete(&path).must_be_refused(404, code);
    }
    acme.alice.put(&carol, &json!({ "level": 1 })).must_be_refused(400, "INVALID_PARAMETERS");
}

// --- grants ---

#[test]
fn grants_are_shown_set_and_taken() {
    let acme = Acme::new();
    acme.site.add_team("acme/a", &[]);
    let team = |is_member: bool| json!({ "id": acme.id(&team_path("acme/dev")), "name": "dev", "organization": "acme", "clientUserIsMember": is_member });
    let app = acme.repository("app");
    let empty = json!({ "repository": app, "teamAccessList": [] });
    assert_eq!(acme.alice.get(&on_repository("acme/app")).must_be(200).json(), empty);
    let empty = json!({ "namespace": "acme", "teamAccessList": [] });
    assert_eq!(acme.alice.get(ON_NAMESPACE).must_be(200).json(), empty);
    let put = |target: &str, team: &str, level: &str| {
        acme.alice.put(&team_access_path(target, team), &json!({ "accessLevel": level })).must_be(200).json()
    };
    let on_app = json!({ "accessLevel": "admin", "team": team(false), "repository": app });
    assert_eq!(put("acme/app", "dev", "admin"), on_app);
    let on_acme = json!({ "accessLevel": "read-only", "team": team(false), "namespace": "acme" });
    assert_eq!(put("acme", "dev", "read-only"), on_acme);
    assert_eq!(acme.alice.get(&team_access_path("acme", "dev")).must_be(200).json(), on_acme);
    put("acme/app", "a", "read-only");
    // Whoever has admin there sees and sets them, too, and sees whether it is in a team.
    let list = acme.bob.get(&on_repository("acme/app")).must_be(200).json();
    assert_eq!(list["repository"], app);
    assert_eq!(list["teamAccessList"][1]["team"], team(true));
    assert_eq!(list["teamAccessList"][0]["team"]["name"], json!("a"), "by name");
    acme.bob.get(ON_NAMESPACE).must_be_refused(403, "NOT_AUTHORIZED");
    acme.bob.put(&team_access_path("acme", "dev"), &json!({ "accessLevel": "admin" })).must_be(403);
    acme.bob.put(&team_access_path("acme/app", "dev"), &json!({ "accessLevel": "read-write" })).must_be(200);
    acme.bob.delete(&team_access_path("acme/app", "a")).must_be_refused(403, "NOT_AUTHORIZED");
    // By the team's id, and again.
    let by_id = team_access_path("acme/app", &acme.id(&team_path("acme/dev")));
    for path in [&by_id, &by_id, &team_access_path("acme/app", "a")] {
        acme.alice.delete(path).must_be(204);
    }
    assert_eq!(acme.alice.get(&on_repository("acme/app")).must_be(200).json()["teamAccessList"], json!([]));
    assert_eq!(level(&acme.bob, "acme/app").as_deref(), Some("read-only"), "the namespace's is left");
    for _ in 0..2 {
        acme.alice.delete(&team_access_path("acme", "dev")).must_be(204);
    }
    let gone = acme.alice.get(&team_access_path("acme", "dev"));
    gone.must_be_refused(404, "NO_SUCH_NAMESPACE_TEAM_ACCESS");
    assert_eq!(level(&acme.bob, "acme/app"), None);
}

#[test]
fn a_grant_wants_a_level_and_a_team_of_the_organization_that_has_the_target() {
    let acme = Acme::new();
    acme.site.add_organization("lab", &[("alice", true)]);
    acme.site.add_team("lab/sci", &[]);
    acme.site.add_repository("bob/app");
    let level = json!({ "accessLevel": "read-only" });
    for body in [json!({}), json!({ "accessLevel": "owner" }), json!({ "accessLevel": 1 }), json!({ "level": "admin" })]
    {
        for target in ["acme", "acme/app"] {
            acme.alice.put(&team_access_path(target, "dev"), &body).must_be_refused(400, "INVALID_PARAMETERS");
        }
    }
    // A team of another organization, and a namespace without teams.
    let foreign = acme.id(&team_path("lab/sci"));
    for target in ["acme", "acme/app"] {
        let path = team_access_path(target, &foreign);
        acme.alice.put(&path, &level).must_be_refused(400, "INVALID_PARAMETERS");
        acme.alice.delete(&path).must_be_refused(400, "INVALID_PARAMETERS");
        acme.alice.put(&team_access_path(target, "sci"), &level).must_be_refused(404, "NO_SUCH_TEAM");
        acme.alice.delete(&team_access_path(target, "sci")).must_be_refused(404, "NO_SUCH_TEAM");
    }
    for target in ["bob", "bob/app"] {
        let refused = acme.bob.put(&team_access_path(target, "dev"), &level);
        let message = refused.must_be_refused(400, "INVALID_PARAMETERS").text("/errors/0/message");
        assert_eq!(message, "team: bob is no organization, and only organizations have teams");
        acme.bob.delete(&team_access_path(target, "dev")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    acme.alice.put(&team_access_path("acme/gone", "dev"), &level).must_be_refused(404, "NO_SUCH_REPOSITORY");
    acme.site.as_local().put(&team_access_path("nobody", "dev"), &level).must_be_refused(404, "NO_SUCH_ACCOUNT");
    acme.site.as_local().put(&team_access_path("_", "dev"), &level).must_be_refused(400, "INVALID_PARAMETERS");
    // Permission is asked before anything else is looked at.
    for team in ["dev", "absent", &foreign] {
        acme.carol.put(&team_access_path("acme", team), &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
        acme.carol.put(&team_access_path("acme/app", team), &json!({})).must_be_refused(404, "NO_SUCH_REPOSITORY");
        acme.carol.delete(&team_access_path("acme", team)).must_be_refused(403, "NOT_AUTHORIZED");
    }
}

#[test]
fn the_highest_level_wins_for_each_combination() {
    let acme = Acme::new();
    acme.site.add_team("acme/ops", &["bob"]);
    let levels = [None, Some("read-only"), Some("read-write"), Some("admin")];
    let set = |path: &str, level: Option<&str>| match level {
        Some(level) => drop(acme.alice.put(path, &json!({ "accessLevel": level })).must_be(200)),
        None => drop(acme.alice.delete(path).must_be(204)),
    };
    for by_repository in levels {
        set(&team_access_path("acme/app", "dev"), by_repository);
        for by_namespace in levels {
            set(&team_access_path("acme", "ops"), by_namespace);
            for by_user in levels {
                set(&access_path("acme/app", "bob"), by_user);
                let rank = |level: Option<&str>| levels.iter().position(|known| *known == level);
                let highest =
                    [by_repository, by_namespace, by_user].into_iter().max_by_key(|level| rank(*level)).flatten();
                let case =
                    format!("team on repository {by_repository:?}, on namespace {by_namespace:?}, user {by_user:?}");
                assert_eq!(level(&acme.bob, "acme/app").as_deref(), highest, "{case}");
                assert_eq!(level(&acme.bob, "acme/tools/lint").as_deref(), by_namespace, "{case}");
                let namespace = acme.bob.get(ON_NAMESPACE).must_be_one_of(&[200, 403]);
                assert_eq!(namespace.status == 200, by_namespace == Some("admin"), "{case}");
            }
        }
    }
    // Beside all of it: the office in the organization, and what everybody has.
    for path in [team_access_path("acme/app", "dev"), access_path("acme/app", "bob")] {
        set(&path, Some("read-only"));
    }
    set(&team_access_path("acme", "ops"), None);
    acme.site.join("acme", "bob", true);
    assert_eq!(level(&acme.bob, "acme/app").as_deref(), Some("admin"));
    acme.site.join("acme", "bob", false);
    acme.site.leave("acme/dev", "bob");
    acme.site.take("acme/app", "bob");
    assert_eq!(level(&acme.bob, "acme/app"), None);
    acme.alice.patch(&repository_path("acme/app"), &json!({ "visibility": "public" })).must_be(200);
    assert_eq!(level(&acme.bob, "acme/app").as_deref(), Some("read-only"));
    set(&team_access_path("acme/app", "ops"), Some("read-write"));
    assert_eq!(level(&acme.bob, "acme/app").as_deref(), Some("read-write"));
}

#[test]
fn what_a_team_has_is_listed_by_name_for_its_members() {
    let acme = Acme::new();
    let entry = |level: &str, rest: &str| json!({ "accessLevel": level, "repository": acme.repository(rest) });
    let path = accessible("acme/dev");
    let team = json!({ "id": acme.id(&team_path("acme/dev")), "name": "dev", "organization": "acme", "clientUserIsMember": true });
    let shown = acme.bob.get(&path).must_be(200).json();
    assert_eq!(shown, json!({ "team": team, "repositoryAccessList": [] }));
    acme.site.grant_team("acme/tools/lint", "dev", "admin");
    acme.site.grant_team("acme/app", "dev", "read-only");
    acme.site.grant_team("acme", "dev", "read-write");
    let shown = acme.bob.get(&path).must_be(200).json();
    assert_eq!(shown["repositoryAccessList"], json!([entry("read-only", "app"), entry("admin", "tools/lint")]));
    let first = acme.alice.get(&format!("{path}?pageSize=1")).must_be(200);
    assert_eq!(first.json()["repositoryAccessList"], json!([entry("read-only", "app")]));
    assert_eq!(first.json()["team"]["clientUserIsMember"], json!(false));
    assert_eq!(first.header("x-next-page-start"), Some("acme/app"));
    let second = acme.alice.get(&format!("{path}?pageSize=1&pageStart=acme%2Fapp")).must_be(200);
    assert_eq!(second.json()["repositoryAccessList"], json!([entry("admin", "tools/lint")]));
    assert_eq!(second.header("x-next-page-start"), None);
    acme.alice.get(&format!("{path}?pageStart=A")).must_be_refused(400, "INVALID_PARAMETERS");
    acme.site.join("acme", "carol", false);
    acme.carol.get(&path).must_be_refused(403, "NOT_AUTHORIZED");
    acme.bob.get(&accessible("acme/absent")).must_be_refused(404, "NO_SUCH_TEAM");
    acme.bob.get(&accessible("nobody/dev")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    acme.bob.get(&accessible("carol/dev")).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

#[test]
fn who_has_access_and_why_names_teams_and_administrators() {
    let acme = Acme::new();
    acme.site.join("acme", "carol", true);
    acme.site.add_team("acme/a", &[]);
    acme.site.grant_team("acme/app", "dev", "read-write");
    acme.site.grant_team("acme/app", "a", "read-only");
    acme.site.grant_team("acme", "dev", "read-only");
    acme.site.grant("acme/app", "bob", "admin");
    let reasons = acme.bob.get(&format!("{}/access", repository_path("acme/app"))).must_be(200).json();
    let entry = |subject: &str, level: &str, reason: &str| {
        let organization = if reason == "repositoryGrant" { json!(null) } else { json!("acme") };
        json!({ "subject": subject, "accessLevel": level, "reason": reason, "organization": organization, "isActive": true })
    };
    let expected = [
        entry("alice", "admin", "organizationAdmin"),
        entry("carol", "admin", "organizationAdmin"),
        entry("bob", "admin", "repositoryGrant"),
        entry("a", "read-only", "teamRepositoryGrant"),
        entry("dev", "read-write", "teamRepositoryGrant"),
        entry("dev", "read-only", "teamNamespaceGrant"),
    ];
    assert_eq!(reasons["access"], json!(expected));
    let of = |name: &str| acme.site.as_local().get(&format!("/api/v0/accounts/{name}/repositoryAccess/acme/app"));
    assert_eq!(of("bob").must_be(200).text("/accessLevel"), "admin");
    acme.site.take("acme/app", "bob");
    assert_eq!(of("bob").must_be(200).text("/accessLevel"), "read-write");
    assert_eq!(of("alice").must_be(200).text("/accessLevel"), "admin");
}

#[test]
fn a_capped_access_token_reaches_team_grants_within_its_limits() {
    let acme = Acme::new();
    let token = |body: Value| acme.site.with_token("alice", &acme.site.add_token("alice", &body));
    let level = json!({ "accessLevel": "read-only" });
    let narrow = token(json!({ "repositories": ["acme/app"] }));
    narrow.put(&team_access_path("acme/app", "dev"), &level).must_be(200);
    narrow.get(&on_repository("acme/app")).must_be(200);
    narrow.put(&team_access_path("acme/tools/lint", "dev"), &level).must_be_refused(404, "NO_SUCH_REPOSITORY");
    narrow.put(&team_access_path("acme", "dev"), &level).must_be_refused(403, "NOT_AUTHORIZED");
    let wide = token(json!({ "repositories": ["acme/*"] }));
    wide.put(&team_access_path("acme", "dev"), &level).must_be(200);
    let weak = token(json!({ "accessLevel": "read-write" }));
    weak.put(&team_access_path("acme/app", "dev"), &level).must_be_refused(403, "NOT_AUTHORIZED");
    weak.get(ON_NAMESPACE).must_be_refused(403, "NOT_AUTHORIZED");
    for caller in [&narrow, &wide, &weak] {
        caller.get(&accessible("acme/dev")).must_be_refused(403, "NOT_AUTHORIZED");
        caller.get(&teams_path("acme")).must_be_refused(403, "NOT_AUTHORIZED");
    }
    // What bob's token reaches is what his team has, within its own limits.
    acme.site.grant_team("acme", "dev", "admin");
    let of_bob = |body: Value| acme.site.with_token("bob", &acme.site.add_token("bob", &body));
    let capped = of_bob(json!({ "accessLevel": "read-write", "repositories": ["acme/tools/*"] }));
    assert_eq!(self::level(&capped, "acme/tools/lint").as_deref(), Some("read-write"));
    assert_eq!(self::level(&capped, "acme/app"), None);
    acme.site.leave("acme", "bob");
    assert_eq!(self::level(&capped, "acme/tools/lint"), None, "from the next request on");
}

// --- deleting ---

#[test]
fn a_deleted_team_takes_its_grants_and_members_along() {
    let acme = Acme::new();
    for target in ["acme", "acme/app", "acme/tools/lint"] {
        acme.site.grant_team(target, "dev", "admin");
    }
    let old = acme.id(&team_path("acme/dev"));
    acme.alice.delete(&team_path("acme/dev")).must_be(204);
    assert_eq!(level(&acme.bob, "acme/app"), None);
    acme.bob.get(&members_path("acme")).must_be(200);
    let Acme { site, bob, .. } = acme;
    let site = site.restart();
    let bob = site.as_nobody().header("Authorization", &bob.credentials());
    let local = site.as_local();
    local.get(&format!("{}/{old}", teams_path("acme"))).must_be_refused(404, "NO_SUCH_TEAM");
    site.add_team("acme/dev", &["bob"]);
    assert_eq!(level(&bob, "acme/app"), None, "a new team of the old name has nothing");
    for path in [ON_NAMESPACE.to_owned(), on_repository("acme/app"), on_repository("acme/tools/lint")] {
        assert_eq!(local.get(&path).must_be(200).json()["teamAccessList"], json!([]), "{path}");
    }
    assert_eq!(local.get(&accessible("acme/dev")).must_be(200).json()["repositoryAccessList"], json!([]));
    assert_eq!(names(&local.get(&members_path("acme/dev")).must_be(200), "members", "/member/name"), ["bob"]);
}

#[test]
fn a_deleted_repository_takes_its_team_grants_along() {
    let acme = Acme::new();
    acme.site.grant_team("acme/app", "dev", "admin");
    acme.bob.delete(&repository_path("acme/app")).must_be(204);
    let site = acme.site.restart();
    let bob = site.as_nobody().header("Authorization", &acme.bob.credentials());
    assert_eq!(bob.get(&accessible("acme/dev")).must_be(200).json()["repositoryAccessList"], json!([]));
    site.add_repository("acme/app");
    assert_eq!(level(&bob, "acme/app"), None);
    assert_eq!(site.as_local().get(&on_repository("acme/app")).must_be(200).json()["teamAccessList"], json!([]));
}
