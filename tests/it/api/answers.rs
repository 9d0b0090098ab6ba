//! Why somebody may do something, and what somebody reaches: each test reads like the question that is asked.

use serde_json::{Value, json};

use crate::support::{
    InProcess,
    issued::granted,
    site::{Caller, HOUR},
};

fn check(user: &str, token: &str, action: &str, repository: &str) -> String {
    let pairs = [("user", user), ("token", token), ("action", action), ("repository", repository)];
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    let query: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", value.replace('/', "%2F"))).collect();
    format!("/api/v0/access/check?{}", query.join("&"))
}

/// The answer as `yes level; source…; but cut…`.
fn said(caller: &Caller, path: &str) -> String {
    let found = caller.get(path).must_be(200).json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = |name: &str| found[name].as_array().expect("a list").clone();
    let word = if found["allowed"] == true { "yes" } else { "no" };
    let sources =
        list("sources").into_iter().map(|it| ["accessLevel", "reason", "team"].map(|name| text(&it[name])).join(" "));
    let makes = (found["makesRepository"] == true).then(|| "makes it".to_owned());
    let cuts = list("cuts").into_iter().map(|it| format!("but {}", text(&it["text"])));
    let parts: Vec<String> = std::iter::once(format!("{word} {}", text(&found["accessLevel"])))
        .chain(sources)
        .chain(makes)
        .chain(cuts)
        .collect();
    parts.join("; ")
}

/// carol has a tool; acme has an app, and a team that alice is in; bob is nobody in particular.
fn site() -> InProcess {
    let site = InProcess::start();
    for name in ["alice", "bob", "carol"] {
        site.add_robot(name);
    }
    site.add_repository("carol/tool");
    site.add_organization("acme", &[("carol", true), ("alice", false)]);
    site.add_team("acme/dev", &["alice"]);
    site.add_repository("acme/app");
    site
}

fn with(site: &InProcess, name: &str) -> Caller {
    site.with_token(name, &site.add_token(name, &json!({})))
}

#[test]
fn why_can_alice_not_push_carol_tool() {
    let site = site();
    let push = check("alice", "", "push", "carol/tool");
    let admin = site.as_admin();
    let nothing = "no -; but the account has no access: it owns nothing there and has no grant";
    assert_eq!(said(&admin, &push), nothing);
    site.grant("carol/tool", "alice", "read-only");
    let low = "no read-only; read-only repositoryGrant -; but the account has read-only only";
    assert_eq!(said(&admin, &push), low);
    assert_eq!(said(&with(&site, "alice"), &push), low, "she asks herself");
    assert_eq!(said(&with(&site, "carol"), &push), low, "carol, whose it is");
    site.grant("carol", "alice", "read-write");
    let yes = "yes read-write; read-only repositoryGrant -; read-write namespaceGrant -";
    assert_eq!(said(&admin, &push), yes);
    site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": false })).must_be(200);
    let inactive = yes.replacen("yes", "no", 1) + "; but the account is inactive";
    assert_eq!(said(&admin, &push), inactive);
    site.as_local().delete("/api/v0/repositories/carol/tool").must_be(204);
    site.as_local().patch("/enzi/v0/accounts/alice", &json!({ "isActive": true })).must_be(200);
    // On what is not there only who may make it has anything.
    let gone = "no -; but it was deleted, and the registry may still hold its content";
    assert_eq!(said(&admin, &push), gone);
    assert_eq!(said(&admin, &check("alice", "", "pull", "carol/tool")), gone);
    let never = "no -; but there is no such repository, and the account may not make it";
    assert_eq!(said(&admin, &check("alice", "", "pull", "carol/never")), never);
}

#[test]
fn why_does_the_build_not_push_with_this_access_token() {
    let site = site();
    site.grant_team("acme", "dev", "read-write");
    let (admin, alice) = (site.as_admin(), with(&site, "alice"));
    let limits = json!({ "accessLevel": "read-only", "repositories": ["acme/lib"], "expiresAt": site.in_time(HOUR) });
    let token = site.add_token("alice", &limits);
    let push = check("", &token.hash, "push", "acme/app");
    let told = "no -; read-write teamNamespaceGrant dev; but the access token is not for this repository; but the access \
                token reaches read-only only";
    assert_eq!(said(&admin, &push), told);
    assert_eq!(said(&alice, &push), told);
    assert_eq!(
        said(&site.with_token("alice", &token), &check("", "", "push", "acme/app")),
        "no -; but not there, or no access for alice"
    );
    with(&site, "bob").get(&push).must_be_refused(404, "NO_SUCH_API_TOKEN");
    with(&site, "carol").get(&push).must_be_refused(404, "NO_SUCH_API_TOKEN");
    admin.get(&check("bob", &token.hash, "push", "acme/app")).must_be_refused(400, "INVALID_PARAMETERS");
    assert_eq!(said(&admin, &check("alice", &token.hash, "push", "acme/app")), told);
    site.pass(HOUR);
    site.add_repository("acme/lib");
    let pull = said(&admin, &check("", &token.hash, "pull", "acme/lib"));
    assert!(pull.contains("; but it expired on ") && pull.starts_with("no read-only; read-write "), "{pull}");
    site.as_local().delete(&format!("/api/v0/api_tokens/{}", token.hash)).must_be(200);
    admin.get(&push).must_be_refused(404, "NO_SUCH_API_TOKEN");
    // The secret that a rotation has replaced pulls and pushes, and deletes nothing.
    let token = site.add_token("alice", &json!({}));
    let rotate = format!("/api/v0/api_tokens/{}/rotate", token.hash);
    site.as_local().post(&rotate, &json!({ "overlap": 60 })).must_be(200);
    let old = said(&admin, &check("", &token.hash, "delete", "acme/app"));
    assert!(old.ends_with("; but a rotation has replaced this secret, which deletes nothing"), "{old}");
    assert!(said(&admin, &check("", &token.hash, "push", "acme/app")).starts_with("yes "));
}

#[test]
fn would_a_push_make_it() {
    let site = site();
    let admin = site.as_admin();
    let new = |user: &str, name: &str| said(&admin, &check(user, "", "push", name));
    assert_eq!(new("carol", "carol/new"), "yes admin; admin owner -; makes it");
    assert_eq!(new("carol", "acme/new"), "yes admin; admin organizationAdmin -; makes it");
    assert_eq!(new("admin", "acme/new"), "yes admin; admin systemAdministrator -; makes it");
    let nobodys = "no admin; admin systemAdministrator -; but there is no such repository, and a push cannot make it: nobody \
                   has its namespace";
    assert_eq!(new("admin", "nobody/new"), nobodys);
    let without = "no admin; admin systemAdministrator -; but there is no such repository, and a push makes none without a \
                   namespace: dockpass repo create _/new";
    assert_eq!(new("admin", "_/new"), without);
    assert_eq!(new("alice", "carol/new"), "no -; but there is no such repository, and the account may not make it");
    admin.post("/api/v0/meta/settings", &json!({ "createRepositoryOnPush": false })).must_be(202);
    let off = "no admin; admin owner -; but there is no such repository, and pushes make none here";
    assert_eq!(new("carol", "carol/new"), off);
    let pull = check("carol", "", "pull", "carol/new");
    assert_eq!(said(&admin, &pull), "yes admin; admin owner -");
    // That nothing is there is told to who may know, and to nobody else.
    let is_there = |caller: &Caller, path: &str| caller.get(path).must_be(200).json()["repositoryExists"].clone();
    assert_eq!(is_there(&admin, &pull), json!(false));
    assert_eq!(is_there(&with(&site, "carol"), &check("", "", "pull", "carol/tool")), json!(true));
    for name in ["carol/new", "carol/tool"] {
        assert_eq!(is_there(&with(&site, "alice"), &check("", "", "pull", name)), json!(null));
    }
}

#[test]
fn is_a_name_that_was_given_away_told_to_who_may_pull_the_others() {
    let site = site();
    site.add_repository("acme/given");
    let transfer = "/api/v0/repositories/acme/given/transfer";
    site.as_local().post(transfer, &json!({ "to": "carol" })).must_be(200);
    // After it: what was granted before has become grants on the repository.
    site.grant("acme", "bob", "read-write");
    site.grant_team("acme", "dev", "read-only");
    let narrow = site.add_token("bob", &json!({ "repositories": ["acme/*"], "accessLevel": "read-only" }));
    for (who, caller) in
        [("bob", with(&site, "bob")), ("alice", with(&site, "alice")), ("bob", site.with_token("bob", &narrow))]
    {
        let told = |name: &str| {
            let short = name.trim_start_matches("acme/");
            let mut told = Vec::new();
            let mut ask = |path: &str| {
                let found = caller.get(path);
                told.push((found.status, found.body.replace(name, "NAME").replace(short, "NAME")));
            };
            for action in ["pull", "push", "delete"] {
                ask(&check("", "", action, name));
                ask(&check("carol", "", action, name));
            }
            for rest in ["", "/access", "/tokens", "/tags", "/teamAccess", "/userAccess", "/teamAccess/dev"] {
                ask(&format!("/api/v0/repositories/{name}{rest}"));
            }
            ask(&format!("/api/v0/accounts/{who}/repositoryAccess/{name}"));
            ask(&format!("/api/v0/accounts/{who}/repositoryAccess?on={}", name.replace('/', "%2F")));
            ask(&format!("/api/v0/audit?repository={}", name.replace('/', "%2F")));
            for action in ["pull", "pull,push", "delete", "*"] {
                told.push((200, granted(&caller, &[&format!("{name}:{action}")])));
            }
            told
        };
        assert_eq!(told("acme/given"), told("acme/never"), "{who}");
        // What was refused there leaves no trace that differs, either.
        site.audit("");
        let activity = caller.get(&format!("/api/v0/accounts/{who}/activity?outcome=denied&pageSize=0")).must_be(200);
        assert!(!activity.body.contains("acme/"), "{}", activity.body);
    }
    // Who may make repositories there knows that the name is taken.
    site.grant("acme", "bob", "admin");
    let bob = with(&site, "bob");
    assert_eq!(said(&bob, &check("", "", "push", "acme/given")), "no -; but not there, or no access for bob");
    assert!(said(&bob, &check("", "", "push", "acme/never")).ends_with("; makes it"));
}

#[test]
fn what_does_a_narrowed_access_token_learn_of_its_owner() {
    let site = site();
    site.add_public("carol/open");
    let narrow = json!({ "accessLevel": "read-only", "repositories": ["carol/tool"] });
    // alice has nothing on what is public, carol owns it: their access tokens are told the same.
    site.grant("carol/tool", "alice", "read-only");
    let told = ["alice", "carol"].map(|name| {
        let token = site.add_token(name, &narrow);
        let caller = site.with_token(name, &token);
        let ask = |action: &str, name: &str| said(&caller, &check("", "", action, name));
        let answers = [ask("push", "carol/open"), ask("pull", "carol/open"), ask("push", "carol/tool")];
        let reached = reached(&caller, &format!("/api/v0/api_tokens/{}/access", token.hash));
        (answers.map(|it| it.replace("owner", "WHY").replace("repositoryGrant", "WHY")), reached)
    });
    assert_eq!(told[0].0, told[1].0);
    let [push, pull, tool] = &told[1].0;
    let outside = "; but the access token is not for this repository; but the access token reaches read-only only";
    assert_eq!(*push, format!("no read-only; read-only public -{outside}"));
    assert_eq!(*pull, "yes read-only; read-only public -");
    assert_eq!(*tool, "no read-only; read-only WHY -; but the access token reaches read-only only");
    assert_eq!(told[1].1, ["carol/open read-only: read-only public -", "carol/tool read-only: read-only owner -"]);
}

#[test]
fn may_an_inactive_user_pull_what_everybody_may() {
    let site = site();
    site.add_public("carol/open");
    site.as_local().patch("/enzi/v0/accounts/bob", &json!({ "isActive": false })).must_be(200);
    let (pull, push) = (check("bob", "", "pull", "carol/open"), check("bob", "", "push", "carol/open"));
    // Signed in: nothing. Without: a pull, as everybody. That he is inactive is not for carol to know, who gave him nothing.
    assert_eq!(said(&site.as_admin(), &pull), "no read-only; read-only public -; but the account is inactive");
    assert_eq!(said(&with(&site, "carol"), &pull), "yes read-only; read-only public -");
    for caller in [site.as_admin(), with(&site, "carol")] {
        assert_eq!(caller.get(&pull).must_be(200).json()["allowedAnonymously"], true);
        assert_eq!(caller.get(&push).must_be(200).json()["allowedAnonymously"], false);
    }
    let told = said(&with(&site, "carol"), &push);
    assert_eq!(told, "no read-only; read-only public -; but the account has read-only only");
}

#[test]
fn whose_team_is_it_after_a_transfer() {
    let site = site();
    site.add_repository("bob/app");
    site.as_local().post("/api/v0/repositories/bob/app/transfer", &json!({ "to": "acme" })).must_be(200);
    site.grant_team("bob/app", "dev", "read-write");
    let local = site.as_local();
    let listed = local.get("/api/v0/repositories/bob/app/teamAccess").must_be(200).json();
    assert_eq!(listed["teamAccessList"][0]["team"]["organization"], "acme");
    let access = local.get("/api/v0/repositories/bob/app/access").must_be(200).json();
    let rows = access["access"].as_array().expect("a list").iter();
    let rows: Vec<String> =
        rows.map(|it| ["subject", "reason", "organization"].map(|name| it[name].to_string()).join(" ")).collect();
    assert_eq!(rows, [r#""carol" "organizationAdmin" "acme""#, r#""dev" "teamRepositoryGrant" "acme""#]);
    let sources = |user: &str| {
        local.get(&check(user, "", "push", "bob/app")).must_be(200).json()["sources"][0]["organization"].clone()
    };
    assert_eq!((sources("alice"), sources("carol")), (json!("acme"), json!("acme")));
    let missing = local.get("/api/v0/repositories/bob/app/teamAccess").must_be(200);
    assert!(!missing.body.contains("bob/dev"));
    let none = local.put("/api/v0/repositories/bob/app/teamAccess/none", &json!({ "accessLevel": "read-only" }));
    let none = none.must_be_refused(404, "NO_SUCH_TEAM");
    assert!(none.body.contains("no such team: acme/none"), "{}", none.body);
}

#[test]
fn who_does_not_see_a_repository_is_answered_as_if_it_never_was() {
    let site = site();
    site.add_repository("carol/gone");
    site.as_local().delete("/api/v0/repositories/carol/gone").must_be(204);
    let narrow = site.add_token("alice", &json!({ "repositories": ["alice/*"] }));
    for caller in [with(&site, "alice"), with(&site, "bob"), site.with_token("alice", &narrow)] {
        for (user, token) in [("", ""), ("alice", ""), ("carol", ""), ("nobody", ""), ("", narrow.hash.as_str())] {
            let answers = ["carol/tool", "carol/gone", "carol/none"].map(|name| {
                let found = caller.get(&check(user, token, "push", name));
                (found.status, found.body.replace(name, "NAME"))
            });
            assert!(answers[0] == answers[1] && answers[1] == answers[2], "{user} {token}: {answers:?}");
        }
        let tokens = ["tool", "gone", "none"].map(|name| {
            let found = caller.get(&format!("/api/v0/repositories/carol/{name}/tokens")).must_be(404);
            found.body.replace(name, "NAME")
        });
        assert!(tokens[0] == tokens[1] && tokens[1] == tokens[2], "{tokens:?}");
    }
    let alice = with(&site, "alice");
    assert_eq!(said(&alice, &check("", "", "push", "carol/tool")), "no -; but not there, or no access for alice");
    // Who sees it and does not administer it asks for itself alone.
    site.grant("carol/tool", "bob", "read-only");
    with(&site, "bob").get(&check("alice", "", "pull", "carol/tool")).must_be_refused(403, "NOT_AUTHORIZED");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let site = site();
    let admin = site.as_admin();
    for path in [
        check("alice", "", "", "carol/tool"),
        check("alice", "", "write", "carol/tool"),
        check("alice", "", "push", ""),
        check("alice", "", "push", "Carol/tool"),
        check("acme", "", "push", "carol/tool"),
        check("alice", "", "push", "carol/tool") + "&users=bob",
        check("alice", "", "push", "carol/tool") + "&user=bob",
    ] {
        admin.get(&path).must_be_refused(400, "INVALID_PARAMETERS");
    }
    site.as_local().get(&check("", "", "push", "carol/tool")).must_be_refused(400, "INVALID_PARAMETERS");
    admin.get(&check("nobody", "", "push", "carol/tool")).must_be_refused(404, "NO_SUCH_USER");
    admin.get(&check("", &"ab".repeat(32), "push", "carol/tool")).must_be_refused(404, "NO_SUCH_API_TOKEN");
    admin.get("/api/v0/accounts/nobody/access").must_be_refused(404, "NO_SUCH_USER");
    admin.get("/api/v0/accounts/acme/access").must_be_refused(400, "INVALID_PARAMETERS");
    admin.get("/api/v0/accounts/acme/teams/none/access").must_be_refused(404, "NO_SUCH_TEAM");
    admin.get("/api/v0/repositories/carol/none/tokens").must_be_refused(404, "NO_SUCH_REPOSITORY");
    admin.get("/api/v0/repositories/carol/tool/tokens?pageStart=x").must_be_refused(400, "INVALID_PARAMETERS");
}

/// Each row as `name level: source…`.
fn reached(caller: &Caller, path: &str) -> Vec<String> {
    let found = caller.get(&format!("{path}?pageSize=0")).must_be(200).json();
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |it: &Value| {
        let sources = it["sources"].as_array().expect("a list").iter();
        let sources: Vec<String> =
            sources.map(|it| ["accessLevel", "reason", "team"].map(|name| text(&it[name])).join(" ")).collect();
        let name = format!("{}/{}", text(&it["repository"]["namespace"]), text(&it["repository"]["name"]));
        format!("{name} {}: {}", text(&it["accessLevel"]), sources.join(", "))
    };
    found["repositories"].as_array().expect("a list").iter().map(row).collect()
}

#[test]
fn what_does_alice_reach_and_her_team_and_her_access_token() {
    let site = site();
    site.add_repository("alice/app");
    site.add_public("carol/open");
    site.grant("carol/tool", "alice", "read-only");
    site.grant("acme/app", "alice", "read-only");
    site.grant_team("acme", "dev", "read-write");
    let (alice, bob) = (with(&site, "alice"), with(&site, "bob"));
    let all = [
        "acme/app read-write: read-only repositoryGrant -, read-write teamNamespaceGrant dev",
        "alice/app admin: admin owner -",
        "carol/open read-only: read-only public -",
        "carol/tool read-only: read-only repositoryGrant -",
    ];
    assert_eq!(reached(&alice, "/api/v0/accounts/alice/access"), all);
    assert_eq!(reached(&site.as_admin(), "/api/v0/accounts/alice/access"), all);
    bob.get("/api/v0/accounts/alice/access").must_be_refused(403, "NOT_AUTHORIZED");
    let team = "/api/v0/accounts/acme/teams/dev/access";
    assert_eq!(reached(&alice, team), ["acme/app read-write: read-write teamNamespaceGrant dev"]);
    bob.get(team).must_be_refused(403, "NOT_AUTHORIZED");
    let token = site.add_token("alice", &json!({ "accessLevel": "read-only", "repositories": ["acme/*"] }));
    let path = format!("/api/v0/api_tokens/{}/access", token.hash);
    let narrowed = [all[0].replacen("read-write", "read-only", 1), all[2].to_owned()];
    // What its owner has beyond its limits it does not learn.
    let of_itself = [all[0].replace("read-write", "read-only"), all[2].to_owned()];
    let callers = [(alice, &narrowed), (site.as_admin(), &narrowed), (site.with_token("alice", &token), &of_itself)];
    for (caller, narrowed) in callers {
        let found = reached(&caller, &path);
        // A narrowed access token learns of no team.
        let found: Vec<String> =
            found.iter().map(|row| row.replace("Grant -", "Grant ?").replace("Grant dev", "Grant ?")).collect();
        let narrowed: Vec<String> =
            narrowed.iter().map(|row| row.replace("Grant -", "Grant ?").replace("Grant dev", "Grant ?")).collect();
        assert_eq!(found, narrowed);
    }
    bob.get(&path).must_be_refused(404, "NO_SUCH_API_TOKEN");
    site.as_local().patch(&format!("/api/v0/api_tokens/{}", token.hash), &json!({ "isActive": false })).must_be(200);
    assert_eq!(site.as_admin().get(&path).must_be(200).json()["unusable"], "it is deactivated");
    let page = site.as_admin().get("/api/v0/accounts/alice/access?pageSize=3").must_be(200);
    assert_eq!(page.header("x-next-page-start"), Some("carol/open"));
    let rest = site.as_admin().get("/api/v0/accounts/alice/access?pageSize=3&pageStart=carol%2Fopen").must_be(200);
    assert_eq!(
        (rest.json()["repositories"].as_array().map(Vec::len), rest.header("x-next-page-start")),
        (Some(1), None)
    );
}

#[test]
fn which_access_tokens_reach_carol_tool() {
    let site = site();
    let token = |name: &str, body: Value| site.add_token(name, &body);
    let secret = json!({ "tokenLabel": "secret plans", "accessLevel": "read-only" });
    let of_carol = [token("carol", json!({})), token("carol", json!({})), token("carol", secret.clone())];
    let off = token("carol", json!({ "repositories": ["carol/other"] }));
    let of_alice = token("alice", json!({}));
    site.grant("carol/tool", "alice", "read-write");
    let path = "/api/v0/repositories/carol/tool/tokens?pageSize=0";
    let rows = |caller: &Caller, path: &str| {
        let found = caller.get(path).must_be(200);
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let row = |it: &Value| {
            let words = ["username", "accessLevel", "state"].map(|name| text(&it[name])).join(" ");
            format!("{words} {} {}", it["limited"], text(&it["token"]["hashedToken"]))
        };
        found.json()["tokens"].as_array().expect("a list").iter().map(row).collect::<Vec<_>>()
    };
    let all = rows(&site.as_admin(), path);
    let admin = all.iter().filter(|row| row.starts_with("carol ")).count();
    // She signs in with three more below, and was given one when she was made.
    assert!(admin >= 3 && all.contains(&format!("carol read-only active true {}", of_carol[2].hash)), "{all:?}");
    assert!(all.contains(&format!("alice read-write active false {}", of_alice.hash)), "{all:?}");
    assert!(!all.iter().any(|row| row.ends_with(&off.hash)), "{all:?}");
    let carol = site.with_token("carol", &of_carol[0]);
    let told = ["alice read-write active false -", "carol admin active false -", "carol read-only active true -"];
    let sorted = |mut rows: Vec<String>| {
        rows.sort();
        rows
    };
    assert_eq!(sorted(rows(&carol, path)), told, "a line for all of hers without limits");
    let body = carol.get(path).body;
    let names = of_carol.iter().chain([&of_alice, &off]).map(|token| token.hash.as_str());
    assert!(!names.chain(["secret plans", "127.0.0.1"]).any(|word| body.contains(word)), "{body}");
    // Page by page it is the same, and where a page begins names no access token.
    let (mut paged, mut start) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v0/repositories/carol/tool/tokens?pageSize=1{start}");
        paged.extend(rows(&carol, &path));
        let page = carol.get(&path).must_be(200);
        let Some(next) = page.header("x-next-page-start") else { break };
        assert!(next.len() < 40, "{next}");
        start = format!("&pageStart={next}");
    }
    assert_eq!(sorted(paged), told);
    with(&site, "alice").get(path).must_be_refused(403, "NOT_AUTHORIZED");
    with(&site, "bob").get(path).must_be_refused(404, "NO_SUCH_REPOSITORY");
}

#[test]
fn when_was_an_access_token_last_used_in_carol_tool() {
    let site = site();
    site.add_repository("carol/other");
    let [build, spare] = [(), ()].map(|()| site.add_token("carol", &json!({ "accessLevel": "read-only" })));
    let path = "/api/v0/repositories/carol/tool/tokens?pageSize=0";
    let used = |site: &InProcess, hash: &str| {
        let found = site.as_admin().get(path).must_be(200).json();
        let rows = found["tokens"].as_array().expect("a list").clone();
        let row = rows.into_iter().find(|row| row["token"]["hashedToken"] == hash).expect("its row");
        row["lastUsedHere"].as_str().map(str::to_owned)
    };
    let pull = |site: &InProcess, token, name: &str| {
        site.with_token("carol", token).get(&format!("/auth/token?scope=repository:{name}:pull")).must_be(200);
    };
    pull(&site, &spare, "carol/other");
    pull(&site, &build, "carol/tool");
    assert_eq!(used(&site, &spare.hash), None, "it was used elsewhere");
    let first = used(&site, &build.hash).expect("it was used");
    site.pass(60);
    site.with_token("carol", &spare).get("/auth/token?scope=repository:carol/tool:delete").must_be(200);
    pull(&site, &build, "carol/tool");
    let last = used(&site, &build.hash).expect("it was used");
    assert!(first < last && used(&site, &spare.hash).is_none(), "{first} {last}: nothing was granted");
    let site = site.restart();
    assert_eq!(used(&site, &build.hash), Some(last), "it is on the disk");
}
