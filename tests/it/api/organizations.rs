//! Organizations, their members and administrators by the API (design, sections 2 and 5).

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    exe::PASSWORD,
    http::Answer,
    site::{
        Caller, NOW, access_path, account_path, member_path, members_path, repository_path, team_access_path,
        team_path, teams_path,
    },
};

const ACCOUNTS: &str = "/enzi/v0/accounts";

/// `acme`, which alice administers; bob is a member and in its team `dev`, carol is a member, and dave belongs to
/// nothing.
struct Acme {
    site: InProcess,
    alice: Caller,
    bob: Caller,
    carol: Caller,
    dave: Caller,
}

impl Acme {
    fn new() -> Self {
        let site = InProcess::start();
        let [alice, bob, carol, dave] = ["alice", "bob", "carol", "dave"].map(|name| site.add_robot(name));
        site.add_organization("acme", &[("alice", true), ("bob", false), ("carol", false)]);
        site.add_team("acme/dev", &["bob"]);
        site.add_repository("acme/app");
        Self { site, alice, bob, carol, dave }
    }

    /// The same, opened anew.
    fn restart(self) -> Self {
        let Self { site, alice, bob, carol, dave } = self;
        let site = site.restart();
        let again = |caller: Caller| site.as_nobody().header("Authorization", &caller.credentials());
        let [alice, bob, carol, dave] = [alice, bob, carol, dave].map(again);
        Self { site, alice, bob, carol, dave }
    }
}

fn list(answer: &Answer, field: &str) -> Vec<String> {
    let inner = |entry: &Value, path: &str| entry.pointer(path).cloned();
    let name = |entry: &Value| ["/member/name", "/org/name", "/name"].into_iter().find_map(|path| inner(entry, path));
    let entries = answer.json()[field].as_array().cloned().unwrap_or_else(|| panic!("{}", answer.describe()));
    entries.iter().map(|entry| name(entry).expect("a name").as_str().expect("a text").to_owned()).collect()
}

fn members(caller: &Caller, group: &str) -> Vec<String> {
    list(&caller.get(&format!("{}?limit=0", members_path(group))).must_be(200), "members")
}

fn organizations_path(user: &str) -> String {
    format!("{}/organizations", account_path(user))
}

/// The level that a caller has on a repository; none if it sees nothing.
fn level(caller: &Caller, repository: &str) -> Option<String> {
    let seen = caller.get(&repository_path(repository)).must_be_one_of(&[200, 404]);
    (seen.status == 200).then(|| seen.text("/accessLevel"))
}

// --- the account ---

#[test]
fn an_organization_is_an_account_with_its_size() {
    let acme = Acme::new();
    let admin = acme.site.as_local();
    let made = admin.post(ACCOUNTS, &json!({ "name": "lab", "isOrg": true, "fullName": "The Lab" })).must_be(201);
    let made = made.json();
    let expected = json!({
        "name": "lab", "id": made["id"], "fullName": "The Lab", "isOrg": true, "membersCount": 0, "teamsCount": 0,
        "isActive": true, "isAdmin": false, "isImported": false, "hasPassword": false, "passwordSetByAdmin": false, "passwordIsImported": false,
        "lockedUntil": null, "lastSignIn": null, "tokensCount": 0, "createdAt": NOW, "clientUserIsAdmin": true,
    });
    assert_eq!(made, expected);
    assert_eq!(admin.get(&account_path("lab")).must_be(200).json(), expected);
    let changed = admin.patch(&account_path("lab"), &json!({ "fullName": "Lab" })).must_be(200).json();
    assert_eq!((&changed["fullName"], &changed["isOrg"]), (&json!("Lab"), &json!(true)));
    // Members see its size, others only that it is there.
    let seen = |caller: &Caller| caller.get(&account_path("acme")).must_be(200).json();
    for member in [&acme.alice, &acme.bob] {
        assert_eq!((&seen(member)["membersCount"], &seen(member)["teamsCount"]), (&json!(3), &json!(1)));
    }
    assert_eq!([&acme.alice, &acme.bob].map(|it| seen(it)["clientUserIsAdmin"].clone()), [json!(true), json!(false)]);
    let keys = |shown: &Value| shown.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&seen(&acme.dave)), ["fullName", "id", "isOrg", "name"]);
    assert_eq!(seen(&acme.dave)["isOrg"], json!(true));
    assert_eq!(acme.alice.get(&repository_path("acme/app")).must_be(200).text("/namespaceType"), "organization");
}

#[test]
fn users_and_organizations_share_one_set_of_names() {
    let acme = Acme::new();
    let create = |body: Value| acme.site.as_local().post(ACCOUNTS, &body);
    create(json!({ "name": "bob", "isOrg": true })).must_be_refused(400, "ACCOUNT_EXISTS");
    create(json!({ "name": "acme" })).must_be_refused(400, "ACCOUNT_EXISTS");
    create(json!({ "name": "Acme", "isOrg": true })).must_be_refused(400, "INVALID_PARAMETERS");
    // Fields of users are accepted where they have no effect, and refused where they would have one.
    let terraform = json!({
        "name": "lab", "id": "", "password": "", "fullName": "", "isOrg": true, "isAdmin": false, "isActive": true,
        "searchLDAP": false, "isImported": false,
    });
    create(terraform).must_be(201);
    for wrong in [json!({ "password": PASSWORD }), json!({ "isAdmin": true }), json!({ "isActive": false })] {
        let mut body = json!({ "name": "other", "isOrg": true });
        body.as_object_mut().expect("an object").extend(wrong.as_object().expect("an object").clone());
        create(body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    // Making one is for administrators.
    for caller in [&acme.alice, &acme.dave] {
        caller.post(ACCOUNTS, &json!({ "name": "own", "isOrg": true })).must_be_refused(403, "NOT_AUTHORIZED");
    }
    let page = acme.site.as_local().get(&format!("{ACCOUNTS}?filter=orgs")).must_be(200);
    assert_eq!(list(&page, "accounts"), ["acme", "lab"]);
    let counts = |field: &str| page.json()[field].clone();
    assert_eq!((counts("resourceCount"), counts("orgsCount"), counts("usersCount")), (json!(2), json!(2), json!(5)));
    let users = acme.site.as_local().get(&format!("{ACCOUNTS}?filter=users&limit=0")).must_be(200);
    assert_eq!(list(&users, "accounts"), ["admin", "alice", "bob", "carol", "dave"]);
    assert_eq!(users.json()["resourceCount"], json!(5));
    for filter in ["admins", "non-admins", "active-users", "inactive-users"] {
        let page = acme.site.as_local().get(&format!("{ACCOUNTS}?filter={filter}&limit=0")).must_be(200);
        assert!(!list(&page, "accounts").contains(&"acme".to_owned()), "{filter} shows users");
    }
}

#[test]
fn an_organization_never_acts() {
    let acme = Acme::new();
    let local = acme.site.as_local();
    acme.site.with("acme", PASSWORD).get("/api/v0/repositories").must_be_refused(401, "NOT_AUTHENTICATED");
    acme.site.with("acme", "").get("/api/v0/repositories").must_be_refused(401, "NOT_AUTHENTICATED");
    acme.site.with("acme", PASSWORD).get("/auth/token").must_be(401);
    let tokens = "/api/v0/api_tokens?username=acme";
    local.post(tokens, &json!({})).must_be_refused(400, "INVALID_PARAMETERS");
    local.post(tokens, &json!({ "temporaryPassword": true })).must_be_refused(400, "INVALID_PARAMETERS");
    acme.alice.post(tokens, &json!({})).must_be_refused(403, "NOT_AUTHORIZED");
    let password = json!({ "newPassword": "another-long-password" });
    let change = format!("{}/changePassword", account_path("acme"));
    local.post(&change, &password).must_be_refused(400, "INVALID_PARAMETERS");
    acme.alice.post(&change, &password).must_be_refused(403, "NOT_AUTHORIZED");
    for body in [json!({ "isAdmin": true }), json!({ "isActive": false })] {
        local.patch(&account_path("acme"), &body).must_be_refused(400, "INVALID_PARAMETERS");
        acme.alice.patch(&account_path("acme"), &body).must_be_refused(403, "NOT_AUTHORIZED");
    }
    local.post(ACCOUNTS, &json!({ "name": "lab", "isOrg": true })).must_be(201);
    for group in ["acme", "acme/dev"] {
        local.put(&member_path(group, "lab"), &json!({})).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for target in ["acme", "acme/app"] {
        let grant = local.put(&access_path(target, "lab"), &json!({ "accessLevel": "admin" }));
        grant.must_be_refused(400, "INVALID_PARAMETERS");
    }
    local.get("/api/v0/accounts/acme/repositoryAccess/acme/app").must_be_refused(400, "INVALID_PARAMETERS");
}

#[test]
fn an_organization_is_renamed_in_full_by_its_administrators_and_nothing_else_changes() {
    let acme = Acme::new();
    let path = account_path("acme");
    let rename = |caller: &Caller, name: &str| caller.patch(&path, &json!({ "fullName": name }));
    let shown = rename(&acme.alice, "Acme Works").must_be(200).json();
    assert_eq!((&shown["fullName"], &shown["membersCount"]), (&json!("Acme Works"), &json!(3)));
    assert_eq!(shown, acme.alice.get(&path).must_be(200).json(), "no more than they see anyway");
    let capped = acme.site.add_token("alice", &json!({ "repositories": ["acme/*"] }));
    for caller in [&acme.bob, &acme.dave, &acme.site.with_token("alice", &capped)] {
        rename(caller, "Mine").must_be_refused(403, "NOT_AUTHORIZED");
    }
    for body in [json!({ "isActive": true }), json!({ "isAdmin": false }), json!({ "fullName": "X", "isActive": true })]
    {
        acme.alice.patch(&path, &body).must_be_refused(403, "NOT_AUTHORIZED");
    }
    acme.alice.patch(&path, &json!({ "fullName": "a\u{0}b" })).must_be_refused(400, "INVALID_PARAMETERS");
    rename(&acme.alice, &"x".repeat(201)).must_be_refused(400, "INVALID_PARAMETERS");
    acme.alice.patch(&account_path("bob"), &json!({ "fullName": "B" })).must_be_refused(403, "NOT_AUTHORIZED");
    let acme = acme.restart();
    assert_eq!(acme.dave.get(&account_path("acme")).must_be(200).text("/fullName"), "Acme Works");
}

#[test]
fn permission_is_asked_before_a_body_is_looked_at() {
    let acme = Acme::new();
    let level = json!({ "level": 1 });
    for (method, path) in [
        ("POST", teams_path("acme")),
        ("PATCH", team_path("acme/dev")),
        ("PATCH", team_path("acme/absent")),
        ("PUT", member_path("acme", "dave")),
        ("PUT", member_path("acme", "nobody")),
        ("PUT", member_path("acme/dev", "dave")),
        ("PUT", team_access_path("acme", "dev")),
        ("PUT", access_path("acme", "dave")),
        ("POST", ACCOUNTS.to_owned()),
        ("PATCH", account_path("acme")),
        ("PATCH", account_path("alice")),
        ("PATCH", account_path("nobody")),
        ("POST", format!("{}/changePassword", account_path("alice"))),
        ("POST", format!("{}/changePassword", account_path("nobody"))),
        ("POST", "/api/v0/api_tokens?username=alice".to_owned()),
        ("POST", "/api/v0/api_tokens?username=nobody".to_owned()),
        ("POST", "/api/v0/repositories/acme".to_owned()),
        ("POST", "/api/v0/audit/verify".to_owned()),
        ("POST", "/api/v0/meta/settings".to_owned()),
    ] {
        for caller in [&acme.carol, &acme.dave] {
            caller.json(method, &path, &level).must_be_refused(403, "NOT_AUTHORIZED");
            let no_json = caller.header("Content-Type", "application/json").send(method, &path, b"{");
            no_json.must_be_refused(403, "NOT_AUTHORIZED");
            caller.send(method, &path, b"a=b").must_be_refused(403, "NOT_AUTHORIZED");
        }
    }
    for (method, path) in [("POST", teams_path("acme")), ("PUT", member_path("acme", "dave"))] {
        acme.alice.json(method, &path, &level).must_be_refused(400, "INVALID_PARAMETERS");
        acme.alice.json(method, &path.replace("acme", "nobody"), &level).must_be_refused(404, "NO_SUCH_ACCOUNT");
    }
}

// --- members ---

#[test]
fn a_body_that_repeats_something_else_than_its_path_says_two_things_and_is_refused() {
    let acme = Acme::new();
    let id = |name: &str| acme.site.as_local().get(&account_path(name)).must_be(200).text("/id");
    let (bob, carol) = (id("bob"), id("carol"));
    for path in [member_path("acme", "bob"), member_path("acme/dev", "bob")] {
        let put = |path: &str, body: &Value| acme.alice.put(path, body);
        for (body, field) in
            [(json!({ "name": "carol" }), "name"), (json!({ "member": { "name": "carol" } }), "member")]
        {
            let refused = put(&path, &body).must_be_refused(400, "INVALID_PARAMETERS");
            assert_eq!(refused.text("/errors/0/detail/field"), field, "{}", refused.describe());
        }
        for body in [json!({ "name": "bob" }), json!({ "member": { "name": "bob", "id": bob } }), json!({ "name": "" })]
        {
            put(&path, &body).must_be(200);
        }
        let by_id = path.replace("bob", &bob);
        put(&by_id, &json!({ "name": "bob", "member": { "id": bob } })).must_be(200);
        put(&by_id, &json!({ "member": { "id": carol } })).must_be_refused(400, "INVALID_PARAMETERS");
    }
    let level = |more: &Value| {
        let mut body = json!({ "accessLevel": "read-only" });
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let same = json!({ "repository": { "namespace": "acme", "name": "app" } });
    for (path, right, wrong) in [
        (access_path("acme/app", "dave"), json!({ "user": { "name": "dave" } }), json!({ "user": { "name": "bob" } })),
        (access_path("acme/app", "dave"), same.clone(), json!({ "repository": { "name": "web" } })),
        (access_path("acme/app", "dave"), same, json!({ "repository": { "namespace": "lab", "name": "app" } })),
        (access_path("acme", "dave"), json!({ "namespace": "acme" }), json!({ "namespace": "lab" })),
        (
            team_access_path("acme/app", "dev"),
            json!({ "team": { "name": "dev" } }),
            json!({ "team": { "name": "qa" } }),
        ),
        (team_access_path("acme", "dev"), json!({ "team": { "id": "" } }), json!({ "team": { "name": "qa" } })),
    ] {
        acme.alice.put(&path, &level(&wrong)).must_be_refused(400, "INVALID_PARAMETERS");
        acme.alice.put(&path, &level(&right)).must_be(200);
    }
}

#[test]
fn members_are_put_shown_and_removed_by_name_or_id() {
    let acme = Acme::new();
    let id = |name: &str| acme.site.as_local().get(&account_path(name)).must_be(200).text("/id");
    let shown = |is_admin: bool| {
        json!({
            "member": { "name": "dave", "id": id("dave"), "fullName": "", "isOrg": false }, "isAdmin": is_admin,
            "isActive": true,
        })
    };
    let dave = member_path("acme", "dave");
    acme.alice.get(&dave).must_be_refused(404, "NO_SUCH_MEMBER");
    assert_eq!(acme.alice.put(&dave, &json!({})).must_be(200).json(), shown(false));
    assert_eq!(acme.alice.get(&dave).must_be(200).json(), shown(false));
    assert_eq!(acme.alice.put(&dave, &json!({ "isAdmin": true })).must_be(200).json(), shown(true));
    assert_eq!(acme.alice.put(&dave, &json!({})).must_be(200).json(), shown(true), "what is not said stays");
    let by_id = member_path(&id("acme"), &id("dave"));
    assert_eq!(acme.alice.get(&by_id).must_be(200).json(), shown(true));
    let body = json!({ "isAdmin": false, "isPublic": true });
    assert_eq!(acme.alice.put(&by_id, &body).must_be(200).json(), shown(false));
    for _ in 0..2 {
        acme.alice.delete(&by_id).must_be(204);
    }
    acme.alice.get(&dave).must_be_refused(404, "NO_SUCH_MEMBER");
    for body in [json!({ "isAdmin": "yes" }), json!({ "role": "admin" })] {
        acme.alice.put(&dave, &body).must_be_refused(400, "INVALID_PARAMETERS");
    }
    for missing in ["nobody", "Not%20A%20Name"] {
        acme.alice.get(&member_path("acme", missing)).must_be_refused(404, "NO_SUCH_USER");
        acme.alice.put(&member_path("acme", missing), &json!({})).must_be_refused(404, "NO_SUCH_USER");
        acme.alice.delete(&member_path("acme", missing)).must_be_refused(404, "NO_SUCH_USER");
        acme.alice.get(&format!("{}/teams", member_path("acme", missing))).must_be_refused(404, "NO_SUCH_USER");
    }
    assert_eq!(members(&acme.alice, "acme"), ["alice", "bob", "carol"]);
}

#[test]
fn who_administers_an_organization_sees_who_is_inactive_and_other_members_do_not() {
    let acme = Acme::new();
    acme.site.as_local().patch(&account_path("carol"), &json!({ "isActive": false })).must_be(200);
    let marks = |caller: &Caller| {
        let list = caller.get("/enzi/v0/accounts/acme/members").must_be(200).json();
        let members = list["members"].as_array().expect("a list").iter();
        members.map(|it| (it["member"]["name"].clone(), it["isActive"].clone())).collect::<Vec<_>>()
    };
    let told = |name: &str, mark: Value| (json!(name), mark);
    let all = [told("alice", json!(true)), told("bob", json!(true)), told("carol", json!(false))];
    assert_eq!(marks(&acme.alice), all);
    assert_eq!(marks(&acme.site.as_local()), all);
    assert_eq!(marks(&acme.bob), [told("alice", Value::Null), told("bob", json!(true)), told("carol", Value::Null)]);
}

#[test]
fn members_are_listed_by_name_filtered_counted_and_paged() {
    let acme = Acme::new();
    acme.site.join("acme", "dave", true);
    let page = |query: &str| acme.bob.get(&format!("{}?{query}", members_path("acme"))).must_be(200);
    for (query, expected) in [
        ("", vec!["alice", "bob", "carol", "dave"]),
        ("filter=all", vec!["alice", "bob", "carol", "dave"]),
        ("filter=admins", vec!["alice", "dave"]),
        ("filter=non-admins", vec!["bob", "carol"]),
        ("filter=admins&limit=1", vec!["alice"]),
    ] {
        let page = page(query);
        assert_eq!(list(&page, "members"), expected, "{query}");
        let counted = if query.contains("admins") { 2 } else { 4 };
        assert_eq!(page.json()["resourceCount"], json!(counted), "{query}");
        assert_eq!(page.header("x-resource-count"), Some(counted.to_string().as_str()), "{query}");
    }
    for size in 1..=5 {
        let (mut all, mut start) = (Vec::new(), String::new());
        loop {
            let page = page(&format!("limit={size}&start={start}"));
            all.extend(list(&page, "members"));
            start = page.text("/nextPageStart");
            assert_eq!(page.next_page(), start.as_str());
            if start.is_empty() {
                break;
            }
        }
        assert_eq!(all, ["alice", "bob", "carol", "dave"], "pages of {size}");
    }
    let (mut reversed, mut start) = (Vec::new(), String::new());
    loop {
        let page = page(&format!("order=desc&limit=3&start={start}"));
        assert_eq!(page.json()["resourceCount"], json!(4));
        reversed.extend(list(&page, "members"));
        start = page.text("/nextPageStart");
        if start.is_empty() {
            break;
        }
    }
    assert_eq!(reversed, ["dave", "carol", "bob", "alice"]);
    assert_eq!(list(&page("order=desc&filter=admins&start=bobby"), "members"), ["alice"]);
    assert_eq!(list(&page("order=asc&limit=1"), "members"), ["alice"]);
    for all in ["limit=0", "limit=100000000", "limit=99999999999999999999999"] {
        assert_eq!(list(&page(all), "members").len(), 4, "{all}");
    }
    assert_eq!(list(&page("start=bobby"), "members"), ["carol", "dave"], "a start need not be there");
    for bad in ["limit=x", "limit=-1", "start=UPPER", "start=a%2Fb", "filter=owners", "order=down"] {
        let path = format!("{}?{bad}", members_path("acme"));
        acme.bob.get(&path).must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn lists_have_ten_entries_unless_said() {
    let site = InProcess::start();
    site.add_organization("acme", &[]);
    for number in 0..12 {
        site.add_service(&format!("user{number:02}"));
        site.join("acme", &format!("user{number:02}"), false);
    }
    let first = site.as_local().get(&members_path("acme")).must_be(200);
    assert_eq!((list(&first, "members").len(), first.text("/nextPageStart").as_str()), (10, "user09"));
    let rest = site.as_local().get(&format!("{}?start=user09", members_path("acme"))).must_be(200);
    assert_eq!((list(&rest, "members").len(), rest.text("/nextPageStart").as_str()), (2, ""));
}

#[test]
fn who_sees_and_who_changes_an_organization() {
    let acme = Acme::new();
    let reads = [
        members_path("acme"),
        member_path("acme", "bob"),
        teams_path("acme"),
        team_path("acme/dev"),
        format!("{}/teams", member_path("acme", "bob")),
    ];
    for path in &reads[..4] {
        for caller in [&acme.alice, &acme.bob, &acme.carol, &acme.site.as_local()] {
            caller.get(path).must_be(200);
        }
        acme.dave.get(path).must_be_refused(403, "NOT_AUTHORIZED");
        acme.dave.get(&path.replace("acme", "nobody")).must_be_refused(404, "NO_SUCH_ACCOUNT");
        acme.alice.get(&path.replace("acme", "carol")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    }
    // Members see who is in a team only if they are in it or administer the organization; in which teams somebody is,
    // that member sees.
    for path in [members_path("acme/dev"), member_path("acme/dev", "bob"), reads[4].clone()] {
        for caller in [&acme.alice, &acme.bob, &acme.site.as_local()] {
            caller.get(&path).must_be(200);
        }
        for caller in [&acme.carol, &acme.dave] {
            caller.get(&path).must_be_refused(403, "NOT_AUTHORIZED");
        }
    }
    let capped = |name: &str, body: Value| acme.site.with_token(name, &acme.site.add_token(name, &body));
    let capped = [
        capped("alice", json!({ "accessLevel": "read-write" })),
        capped("alice", json!({ "repositories": ["acme/*"] })),
        capped("admin", json!({ "repositories": ["acme/*"] })),
    ];
    for caller in [&acme.carol, &acme.dave].into_iter().chain(&capped) {
        let refused = |answer: Answer| answer.must_be_refused(403, "NOT_AUTHORIZED");
        refused(caller.put(&member_path("acme", "dave"), &json!({})));
        refused(caller.put(&member_path("acme", "carol"), &json!({ "isAdmin": true })));
        refused(caller.delete(&member_path("acme", "bob")));
        refused(caller.put(&member_path("acme/dev", "carol"), &json!({})));
        refused(caller.delete(&member_path("acme/dev", "bob")));
        refused(caller.post(&teams_path("acme"), &json!({ "name": "ops" })));
        refused(caller.post(&teams_path("acme"), &json!({ "name": "dev" })));
        refused(caller.patch(&team_path("acme/dev"), &json!({ "description": "ours" })));
        refused(caller.delete(&team_path("acme/dev")));
        refused(caller.delete(&team_path("acme/absent")));
    }
    for caller in &capped {
        reads.iter().for_each(|path| drop(caller.get(path).must_be_refused(403, "NOT_AUTHORIZED")));
    }
    assert_eq!(members(&acme.alice, "acme"), ["alice", "bob", "carol"]);
    assert_eq!(members(&acme.alice, "acme/dev"), ["bob"]);
    assert_eq!(list(&acme.alice.get(&teams_path("acme")).must_be(200), "teams"), ["dev"]);
}

// --- what membership gives and takes ---

#[test]
fn an_administrator_of_an_organization_has_everything_in_it_and_nothing_elsewhere() {
    let acme = Acme::new();
    acme.site.add_repository("bob/app");
    assert_eq!(level(&acme.alice, "acme/app").as_deref(), Some("admin"));
    assert_eq!(level(&acme.alice, "bob/app"), None);
    for caller in [&acme.bob, &acme.carol, &acme.dave] {
        assert_eq!(level(caller, "acme/app"), None, "membership alone gives nothing");
        caller.post("/api/v0/repositories/acme", &json!({ "name": "new" })).must_be_refused(403, "NOT_AUTHORIZED");
    }
    acme.alice.post("/api/v0/repositories/acme", &json!({ "name": "new" })).must_be(201);
    acme.alice.patch(&repository_path("acme/new"), &json!({ "visibility": "public" })).must_be(200);
    acme.alice.put(&access_path("acme", "dave"), &json!({ "accessLevel": "read-only" })).must_be(200);
    acme.alice.put(&team_access_path("acme", "dev"), &json!({ "accessLevel": "read-only" })).must_be(200);
    acme.alice.delete(&repository_path("acme/new")).must_be(204);
    acme.alice.delete(&repository_path("acme/new")).must_be(204);
    acme.alice.get(ACCOUNTS).must_be_refused(403, "NOT_AUTHORIZED");
    for path in [account_path("acme"), "/api/v0/accounts/acme".to_owned()] {
        acme.alice.delete(&path).must_be_refused(403, "NOT_AUTHORIZED");
    }
    // From the next request on, in both directions.
    acme.alice.put(&member_path("acme", "carol"), &json!({ "isAdmin": true })).must_be(200);
    assert_eq!(level(&acme.carol, "acme/app").as_deref(), Some("admin"));
    acme.carol.put(&member_path("acme", "alice"), &json!({ "isAdmin": false })).must_be(200);
    assert_eq!(level(&acme.alice, "acme/app"), None);
    acme.alice.put(&member_path("acme", "alice"), &json!({ "isAdmin": true })).must_be_refused(403, "NOT_AUTHORIZED");
    let listed = acme.carol.get("/api/v0/repositories?pageSize=0").must_be(200).json();
    assert_eq!(listed["repositories"][0]["name"], json!("app"));
    assert_eq!(acme.alice.get("/api/v0/repositories").must_be(200).json(), json!({ "repositories": [] }));
}

#[test]
fn leaving_an_organization_leaves_its_teams_and_ends_access_at_once() {
    let acme = Acme::new();
    acme.site.grant_team("acme/app", "dev", "read-write");
    acme.site.add_organization("lab", &[("bob", false)]);
    acme.site.add_team("lab/dev", &["bob"]);
    for group in ["acme", "acme/dev"] {
        acme.site.join("acme/dev", "bob", false);
        assert_eq!(level(&acme.bob, "acme/app").as_deref(), Some("read-write"));
        acme.alice.delete(&member_path(group, "bob")).must_be(204);
        assert_eq!(level(&acme.bob, "acme/app"), None);
        assert_eq!(members(&acme.alice, "acme/dev"), Vec::<String>::new());
    }
    assert_eq!(members(&acme.alice, "acme"), ["alice", "bob", "carol"], "leaving a team leaves no organization");
    acme.site.leave("acme", "bob");
    acme.site.join("acme", "bob", false);
    assert_eq!(level(&acme.bob, "acme/app"), None, "who comes back is in no team");
    assert_eq!(members(&acme.site.as_local(), "lab/dev"), ["bob"], "another organization's team is none of it");
    // Members leave by themselves, and nobody else.
    acme.site.join("acme/dev", "bob", false);
    acme.bob.delete(&member_path("acme", "carol")).must_be_refused(403, "NOT_AUTHORIZED");
    let bob = acme.site.as_local().get(&account_path("bob")).must_be(200).text("/id");
    for again in ["bob", "bob", &bob] {
        acme.bob.delete(&member_path("acme", again)).must_be(204);
    }
    assert_eq!(acme.site.audit("actor=bob&outcome=success").len(), 1, "leaving again is nothing");
    acme.bob.delete(&member_path("acme", "carol")).must_be_refused(403, "NOT_AUTHORIZED");
    acme.dave.delete(&member_path("acme", "bob")).must_be_refused(403, "NOT_AUTHORIZED");
    acme.bob.delete(&member_path("nobody", "bob")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    let capped = acme.site.add_token("carol", &json!({ "accessLevel": "read-write" }));
    let capped = acme.site.with_token("carol", &capped);
    capped.delete(&member_path("acme", "carol")).must_be_refused(403, "NOT_AUTHORIZED");
    let acme = acme.restart();
    assert_eq!(members(&acme.alice, "acme"), ["alice", "carol"]);
    assert_eq!(members(&acme.alice, "acme/dev"), Vec::<String>::new());
}

#[test]
fn a_member_is_shown_as_far_as_the_account_is() {
    let acme = Acme::new();
    let local = acme.site.as_local();
    let bob = |caller: &Caller| caller.get(&account_path("bob")).must_be(200).json();
    (0..5).for_each(|guess| drop(acme.site.with("bob", &format!("guess-number-{guess}")).get("/v2/").must_be(401)));
    assert_ne!(bob(&local)["lockedUntil"], json!(null));
    for (caller, sees_inner) in [(&local, true), (&acme.bob, true), (&acme.alice, false)] {
        assert_eq!(bob(caller).get("isActive").is_some(), sees_inner);
        for group in ["acme", "acme/dev"] {
            assert_eq!(caller.get(&member_path(group, "bob")).must_be(200).json()["member"], bob(caller), "{group}");
            let listed = caller.get(&members_path(group)).must_be(200).json();
            let listed = listed["members"].as_array().expect("members").clone();
            let listed = listed.iter().find(|entry| entry["member"]["name"] == json!("bob"));
            assert_eq!(listed.expect("bob")["member"], bob(caller), "{group}");
        }
    }
    for caller in [&local, &acme.alice] {
        for group in ["acme", "acme/dev"] {
            let put = caller.put(&member_path(group, "bob"), &json!({})).must_be(200).json();
            assert_eq!(put["member"], bob(caller), "{group}");
        }
    }
}

#[test]
fn the_teams_of_a_member_are_listed_by_name() {
    let acme = Acme::new();
    acme.site.add_organization("lab", &[]);
    acme.site.add_team("lab/all", &["bob"]);
    acme.site.add_team("acme/admins", &["bob"]);
    let path = format!("{}/teams", member_path("acme", "bob"));
    let teams = acme.bob.get(&path).must_be(200).json();
    let dev = acme.bob.get(&team_path("acme/dev")).must_be(200).json();
    assert_eq!(teams["memberTeams"][1], json!({ "team": dev }));
    assert_eq!(teams["memberTeams"][0]["team"]["name"], json!("admins"));
    assert_eq!((teams["memberTeams"].as_array().map(Vec::len), &teams["nextPageStart"]), (Some(2), &json!("")));
    for name in ["bob", &acme.site.as_local().get(&account_path("bob")).must_be(200).text("/id")] {
        assert_eq!(acme.bob.get(&format!("{}/teams", member_path("acme", name))).must_be(200).json(), teams);
    }
    for name in ["bob", "dave", "nobody"] {
        let path = format!("{}/teams", member_path("acme", name));
        acme.carol.get(&path).must_be_refused(403, "NOT_AUTHORIZED");
        acme.dave.get(&path).must_be_refused(403, "NOT_AUTHORIZED");
    }
    let none = acme.alice.get(&format!("{}/teams", member_path("acme", "carol"))).must_be(200).json();
    assert_eq!(none["memberTeams"], json!([]));
    acme.alice.get(&format!("{}/teams", member_path("acme", "dave"))).must_be_refused(404, "NO_SUCH_MEMBER");
}

#[test]
fn the_organizations_of_a_user_are_listed_by_name_counted_and_paged() {
    let acme = Acme::new();
    for (name, is_admin) in [("zoo", true), ("lab", false), ("acme-2", true)] {
        acme.site.add_organization(name, &[("bob", is_admin)]);
    }
    acme.site.add_organization("alone", &[]);
    // Adding to a team adds to the organization.
    acme.site.add_organization("mill", &[]);
    acme.site.add_team("mill/night", &["bob"]);
    let all = ["acme", "acme-2", "lab", "mill", "zoo"];
    let path = organizations_path("bob");
    let page = |query: &str| acme.bob.get(&format!("{path}?{query}")).must_be(200);
    let whole = page("").json();
    let roles = [("acme", false), ("acme-2", true), ("lab", false), ("mill", false), ("zoo", true)];
    for (place, (name, is_admin)) in roles.into_iter().enumerate() {
        // A member sees an organization as its account is seen.
        let org = acme.bob.get(&account_path(name)).must_be(200).json();
        assert!(org["membersCount"].is_number(), "{org}");
        assert_eq!(whole["memberOrgs"][place], json!({ "org": org, "isAdmin": is_admin }));
    }
    assert_eq!((&whole["nextPageStart"], &whole["resourceCount"]), (&json!(""), &json!(5)));
    for size in 1..=6 {
        for (order, expected) in [
            ("asc", all),
            ("desc", {
                let mut it = all;
                it.reverse();
                it
            }),
        ] {
            let (mut seen, mut start) = (Vec::new(), String::new());
            loop {
                let page = page(&format!("limit={size}&order={order}&start={start}"));
                assert_eq!(page.header("x-resource-count"), Some("5"));
                seen.extend(list(&page, "memberOrgs"));
                start = page.text("/nextPageStart");
                assert_eq!(page.next_page(), start.as_str());
                if start.is_empty() {
                    break;
                }
            }
            assert_eq!(seen, expected, "pages of {size}, {order}");
        }
    }
    assert_eq!(list(&page("start=b"), "memberOrgs"), ["lab", "mill", "zoo"], "a start need not be there");
    assert_eq!(list(&page("limit=0"), "memberOrgs"), all);
    for bad in ["limit=x", "start=UPPER", "order=down"] {
        acme.bob.get(&format!("{path}?{bad}")).must_be_refused(400, "INVALID_PARAMETERS");
    }
    // What ends a membership takes the entry along.
    acme.site.leave("zoo", "bob");
    acme.site.as_local().delete(&account_path("lab")).must_be(204);
    acme.site.join("acme", "bob", true);
    let Acme { site, bob, .. } = acme.restart();
    let left = bob.get(&path).must_be(200);
    assert_eq!(list(&left, "memberOrgs"), ["acme", "acme-2", "mill"]);
    assert_eq!((&left.json()["resourceCount"], &left.json()["memberOrgs"][0]["isAdmin"]), (&json!(3), &json!(true)));
    site.as_local().delete(&account_path("bob")).must_be(204);
    site.add_service("bob");
    assert_eq!(list(&site.as_local().get(&path).must_be(200), "memberOrgs"), [""; 0]);
}

#[test]
fn the_organizations_of_a_user_are_for_the_user_and_administrators() {
    let acme = Acme::new();
    let local = acme.site.as_local();
    let id = local.get(&account_path("bob")).must_be(200).text("/id");
    for caller in [&acme.bob, &local, &acme.site.as_admin()] {
        for name in ["bob", &id] {
            assert_eq!(list(&caller.get(&organizations_path(name)).must_be(200), "memberOrgs"), ["acme"]);
        }
    }
    assert_eq!(list(&acme.dave.get(&organizations_path("dave")).must_be(200), "memberOrgs"), [""; 0]);
    // Not even to who administers the organization.
    for caller in [&acme.alice, &acme.dave] {
        caller.get(&organizations_path("bob")).must_be_refused(403, "NOT_AUTHORIZED");
    }
    for name in ["acme", "nobody", "No%20name"] {
        local.get(&organizations_path(name)).must_be_refused(404, "NO_SUCH_USER");
    }
    let capped = acme.site.with_token("bob", &acme.site.add_token("bob", &json!({ "accessLevel": "read-write" })));
    capped.get(&organizations_path("bob")).must_be_refused(403, "NOT_AUTHORIZED");
}

// --- deleting ---

impl Acme {
    /// The levels on `acme/app` of alice, bob, carol and dave.
    fn levels(&self) -> [Option<String>; 4] {
        [&self.alice, &self.bob, &self.carol, &self.dave].map(|caller| level(caller, "acme/app"))
    }

    /// Everybody reaches `acme/app`: alice by her office, bob by his team, carol and dave by grants of their own.
    fn with_grants(&self) {
        for target in ["acme", "acme/app"] {
            self.site.grant_team(target, "dev", "read-write");
        }
        self.site.grant("acme", "carol", "admin");
        self.site.grant("acme/app", "dave", "read-only");
        let levels = ["admin", "read-write", "admin", "read-only"].map(|level| Some(level.to_owned()));
        assert_eq!(self.levels(), levels);
    }

    /// A new organization of the old name has neither members nor teams nor team grants, and gives nothing to those of
    /// the old one.
    fn must_be_new(&self) {
        let local = self.site.as_local();
        let account = local.get(&account_path("acme")).must_be(200).json();
        assert_eq!((&account["membersCount"], &account["teamsCount"]), (&json!(0), &json!(0)));
        assert_eq!(members(&local, "acme"), Vec::<String>::new());
        assert_eq!(list(&local.get(&teams_path("acme")).must_be(200), "teams"), Vec::<String>::new());
        let grants = |path: &str, list: &str| local.get(path).must_be(200).json()[list].clone();
        let on_namespace = "/api/v0/repositoryNamespaces/acme";
        assert_eq!(grants(&format!("{on_namespace}/teamAccess"), "teamAccessList"), json!([]));
        assert_eq!(grants(&format!("{on_namespace}/userAccess"), "userAccessList"), json!([]));
        assert_eq!(grants(&format!("{}/teamAccess", repository_path("acme/app")), "teamAccessList"), json!([]));
        self.site.add_team("acme/dev", &["bob"]);
        assert_eq!(level(&self.bob, "acme/app"), None);
    }
}

#[test]
fn a_deleted_organization_leaves_its_repositories_to_explicit_grants() {
    let acme = Acme::new();
    acme.with_grants();
    acme.site.as_local().delete(&account_path("acme")).must_be(204);
    acme.site.as_local().delete(&account_path("acme")).must_be(204);
    let check = |acme: &Acme| {
        let left = [None, None, Some("admin".to_owned()), Some("read-only".to_owned())];
        assert_eq!(acme.levels(), left);
        for path in [account_path("acme"), members_path("acme"), team_path("acme/dev"), members_path("acme/dev")] {
            acme.alice.get(&path).must_be_refused(404, "NO_SUCH_ACCOUNT");
        }
        let again = json!({ "name": "acme", "isOrg": true });
        acme.site.as_local().post(ACCOUNTS, &again).must_be_refused(409, "NAMESPACE_IN_USE");
    };
    check(&acme);
    let acme = acme.restart();
    check(&acme);
    let adopting = json!({ "name": "acme", "isOrg": true, "adoptRepositories": true });
    acme.site.as_local().post(ACCOUNTS, &adopting).must_be(201);
    // A grant on one repository is that repository's; one on the namespace was the old organization's.
    assert_eq!(acme.levels(), [None, None, None, Some("read-only".to_owned())]);
    acme.must_be_new();
    let acme = acme.restart();
    assert_eq!(acme.levels(), [None, None, None, Some("read-only".to_owned())]);
    acme.site.join("acme", "alice", true);
    assert_eq!(level(&acme.alice, "acme/app").as_deref(), Some("admin"));
}

#[test]
fn what_users_have_on_a_namespace_of_nobody_is_listed_and_taken_away_by_system_administrators() {
    let acme = Acme::new();
    acme.with_grants();
    let local = acme.site.as_local();
    local.delete(&account_path("acme")).must_be(204);
    let list = "/api/v0/repositoryNamespaces/acme/userAccess";
    let capped = acme.site.add_token("admin", &json!({ "accessLevel": "read-write" }));
    let capped = acme.site.with_token("admin", &capped);
    for (caller, code) in
        [(&acme.carol, "NO_SUCH_ACCOUNT"), (&acme.alice, "NOT_AUTHORIZED"), (&capped, "NOT_AUTHORIZED")]
    {
        let status = if code == "NOT_AUTHORIZED" { 403 } else { 404 };
        caller.get(list).must_be_refused(status, code);
        caller.delete(&access_path("acme", "carol")).must_be_refused(status, code);
    }
    let listed = local.get(list).must_be(200).json();
    assert_eq!((&listed["namespace"], &listed["userAccessList"][0]["user"]["name"]), (&json!("acme"), &json!("carol")));
    assert_eq!(level(&acme.carol, "acme/app").as_deref(), Some("admin"));
    // Nobody gives anything there.
    let body = json!({ "accessLevel": "admin" });
    local.put(&access_path("acme", "dave"), &body).must_be_refused(404, "NO_SUCH_ACCOUNT");
    local.get(list.replace("user", "team").as_str()).must_be_refused(404, "NO_SUCH_ACCOUNT");
    for _ in 0..2 {
        local.delete(&access_path("acme", "carol")).must_be(204);
    }
    assert_eq!(level(&acme.carol, "acme/app"), None);
    assert_eq!(local.get(list).must_be(200).json()["userAccessList"], json!([]));
    local.get(&list.replace("acme", "nobody")).must_be_refused(404, "NO_SUCH_ACCOUNT");
    local.delete(&access_path("nobody", "carol")).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

/// So long a deleted name is given to no other owner, in seconds: the life of a registry token and a minute.
const FREE: i64 = 16 * 60;

#[test]
fn an_organization_deleted_with_its_repositories_leaves_nothing() {
    let acme = Acme::new();
    acme.with_grants();
    acme.site.as_local().delete("/api/v0/accounts/acme").must_be(204);
    assert_eq!(acme.levels(), [None, None, None, None]);
    let acme = acme.restart();
    let again = json!({ "name": "acme", "isOrg": true });
    // What was in the deleted repositories may still lie in the registry.
    acme.site.as_local().post("/enzi/v0/accounts", &again).must_be_refused(409, "NAMESPACE_IN_USE");
    let again = json!({ "name": "acme", "isOrg": true, "adoptRepositories": true });
    acme.site.as_local().post("/enzi/v0/accounts", &again).must_be(201);
    acme.site.pass(FREE);
    acme.site.add_repository("acme/app");
    assert_eq!(acme.levels(), [None, None, None, None]);
    acme.must_be_new();
}

#[test]
fn a_user_of_the_name_of_a_deleted_organization_owns_the_namespace_alone() {
    let acme = Acme::new();
    acme.with_grants();
    acme.site.as_local().delete("/api/v0/accounts/acme").must_be(204);
    let user = json!({ "name": "acme", "adoptRepositories": true });
    acme.site.as_local().post("/enzi/v0/accounts", &user).must_be(201);
    let user = acme.site.with_token("acme", &acme.site.add_token("acme", &json!({})));
    acme.site.pass(FREE);
    acme.site.add_repository("acme/app");
    assert_eq!(level(&user, "acme/app").as_deref(), Some("admin"));
    assert_eq!(acme.levels(), [None, None, None, None]);
    user.get(&members_path("acme")).must_be_refused(404, "NO_SUCH_ACCOUNT");
}

#[test]
fn a_deleted_user_is_no_member_any_more_and_comes_back_as_a_stranger() {
    let acme = Acme::new();
    acme.with_grants();
    for name in ["bob", "alice"] {
        acme.site.as_local().delete(&account_path(name)).must_be(204);
    }
    let acme = acme.restart();
    let local = acme.site.as_local();
    let size = |field: &str| local.get(&account_path("acme")).must_be(200).json()[field].clone();
    assert_eq!((size("membersCount"), size("teamsCount")), (json!(1), json!(1)));
    assert_eq!(members(&local, "acme"), ["carol"]);
    assert_eq!(members(&local, "acme/dev"), Vec::<String>::new());
    assert_eq!(local.get(&team_path("acme/dev")).must_be(200).json()["membersCount"], json!(0));
    for name in ["bob", "alice"] {
        let again = acme.site.add_robot(name);
        assert_eq!(level(&again, "acme/app"), None);
        again.get(&members_path("acme")).must_be_refused(403, "NOT_AUTHORIZED");
    }
}

#[test]
fn changes_of_organizations_are_audited() {
    let acme = Acme::new();
    acme.alice.put(&member_path("acme", "dave"), &json!({ "isAdmin": true })).must_be(200);
    acme.alice.delete(&member_path("acme", "dave")).must_be(204);
    acme.alice.delete(&member_path("acme", "dave")).must_be(204);
    acme.alice.put(&member_path("acme/dev", "carol"), &json!({})).must_be(200);
    acme.alice.delete(&team_path("acme/dev")).must_be(204);
    acme.dave.delete(&team_path("acme/dev")).must_be(403);
    let done: Vec<_> = acme.site.audit("actor=alice").iter().map(|record| record["action"].clone()).collect();
    assert_eq!(done, ["team.delete", "team.putMember", "organization.deleteMember", "organization.putMember"]);
    let put = &acme.site.audit("action=organization.putMember&actor=alice")[0];
    assert_eq!((&put["object"], &put["outcome"]), (&json!("acme dave admin"), &json!("success")));
    let denied = &acme.site.audit("action=team.delete&outcome=denied")[0];
    assert_eq!((&denied["actor"], &denied["object"]), (&json!("dave"), &json!("acme/dev")));
}
