//! The published table of permissions, row by row: each operation at each level, however the level was given, by the
//! API and by the actions of a registry token (design, section 2; reference, section 3).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess,
    site::{Caller, access_path, repository_path, team_access_path},
};

const APP: &str = "acme/app";
/// The columns of the table. All but the cap `push` are granted, too.
const LEVELS: [Option<&str>; 5] = [None, Some("read-only"), CAP, Some("read-write"), Some("admin")];
const CAP: Option<&str> = Some("push");

/// Tries an operation on a repository; returns whether the caller could do it. It makes what it needs, and undoes what
/// it did.
type Attempt = fn(&InProcess, &Caller) -> bool;

/// The table: the operation, the least level for it, and how it is tried.
const OPERATIONS: [(&str, &str, Attempt); 14] = [
    ("view", "read-only", |_, caller| caller.get(&repository_path(APP)).must_be_one_of(&[200, 404]).status == 200),
    ("browse", "read-only", |_, caller| {
        let listed = [listed(caller, "/api/v0/repositories?pageSize=0"), listed(caller, "/api/v0/repositories/acme")];
        assert_eq!(listed[0], listed[1]);
        listed[0]
    }),
    ("find", "read-only", |_, caller| {
        let found = caller.get("/v1/search?q=app").must_be(200).json();
        found["results"].as_array().expect("results").iter().any(|result| result["name"] == json!(APP))
    }),
    ("list in the catalogue", "read-only", |_, caller| {
        let names = caller.get("/v2/_catalog?n=1000").must_be(200).json();
        names["repositories"].as_array().expect("names").contains(&json!(APP))
    }),
    ("pull", "read-only", |_, caller| granted(caller, APP, "pull,push,delete").contains(&"pull".to_owned())),
    ("push", "push", |_, caller| granted(caller, APP, "pull,push,delete").contains(&"push".to_owned())),
    ("delete tags", "read-write", |_, caller| granted(caller, APP, "pull,push,delete").contains(&"delete".to_owned())),
    ("edit the description", "admin", |_, caller| {
        may(caller.patch(&repository_path(APP), &json!({ "shortDescription": "ours" })).status)
    }),
    ("set public and private", "admin", |site, caller| {
        let may = may(caller.patch(&repository_path(APP), &json!({ "visibility": "public" })).status);
        let shown = site.as_local().get(&repository_path(APP)).must_be(200).text("/visibility");
        assert_eq!(shown == "public", may);
        site.as_local().patch(&repository_path(APP), &json!({ "visibility": "private" })).must_be(200);
        may
    }),
    ("see who has access", "admin", |_, caller| may(caller.get(&format!("{}/access", repository_path(APP))).status)),
    ("give a user access", "admin", |site, caller| {
        let may = may(caller.put(&access_path(APP, "carol"), &json!({ "accessLevel": "admin" })).status);
        site.take(APP, "carol");
        may
    }),
    ("take a user's access", "admin", |_, caller| may(caller.delete(&access_path(APP, "carol")).status)),
    ("give and take a team's access", "admin", |_, caller| {
        let path = team_access_path(APP, "others");
        let given = may(caller.put(&path, &json!({ "accessLevel": "read-only" })).status);
        assert_eq!(may(caller.delete(&path).status), given);
        given
    }),
    // Last, since it takes the grants on the repository along.
    ("delete the repository", "admin", |site, caller| {
        let may = may(caller.delete(&repository_path(APP)).status);
        let is_left = site.as_local().get(&repository_path(APP)).must_be_one_of(&[200, 404]).status == 200;
        assert_eq!(is_left, !may);
        if may {
            site.add_repository(APP);
        }
        may
    }),
];

/// Ways to give a level: the holder, and the target.
const WAYS: [(&str, &str); 4] = [("user", APP), ("user", "acme"), ("team", APP), ("team", "acme")];

fn may(status: u16) -> bool {
    assert!([200, 201, 204, 403, 404].contains(&status), "{status}");
    status < 400
}

fn listed(caller: &Caller, path: &str) -> bool {
    // A capped access token that sees nothing there does not learn whether the namespace exists.
    let answer = caller.get(path).must_be_one_of(&[200, 404]);
    if answer.status == 404 {
        return false;
    }
    let page = answer.json();
    page["repositories"].as_array().expect("a list").iter().any(|shown| shown["name"] == json!("app"))
}

/// The actions on a repository that a registry token of the caller has.
fn granted(caller: &Caller, repository: &str, actions: &str) -> Vec<String> {
    let scope = format!("/auth/token?service=dockpass&scope=repository:{repository}:{actions}");
    let token = caller.get(&scope).must_be(200).text("/token");
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).expect("claims")).expect("unpadded base64url");
    let claims: Value = serde_json::from_slice(&claims).expect("JSON");
    let access = claims["access"].as_array().expect("access");
    assert!(access.iter().all(|entry| entry["name"] == json!(repository)), "{claims}");
    let actions = access.iter().filter_map(|entry| entry["actions"].as_array()).flatten();
    actions.map(|action| action.as_str().expect("an action").to_owned()).collect()
}

fn granted_levels() -> impl Iterator<Item = Option<&'static str>> {
    LEVELS.into_iter().filter(|level| *level != CAP)
}

fn rank(level: Option<&str>) -> usize {
    LEVELS.iter().position(|known| *known == level).expect("a level")
}

/// `acme` with `acme/app`: alice administers it, bob is in its team `dev`, and carol is a user like any other.
fn acme() -> (InProcess, Caller) {
    let site = InProcess::start();
    let bob = site.add_robot("bob");
    site.add_service("alice");
    site.add_service("carol");
    site.add_organization("acme", &[("alice", true)]);
    site.add_team("acme/dev", &["bob"]);
    site.add_team("acme/others", &[]);
    site.add_repository(APP);
    (site, bob)
}

/// Gives bob a level in one way.
fn give(site: &InProcess, (holder, target): (&str, &str), level: Option<&str>) {
    let path = if holder == "team" { team_access_path(target, "dev") } else { access_path(target, "bob") };
    match level {
        Some(level) => site.as_local().put(&path, &json!({ "accessLevel": level })).must_be(200),
        None => site.as_local().delete(&path).must_be(204),
    };
}

/// Compares what the caller can do of the table with what it should.
fn check_table(site: &InProcess, caller: &Caller, level: Option<&str>, case: &str) {
    for (operation, least, attempt) in OPERATIONS {
        let expected = rank(level) >= rank(Some(least));
        assert_eq!(attempt(site, caller), expected, "{operation}: {case}");
    }
}

#[test]
fn each_operation_needs_its_level_however_it_was_given() {
    let (site, bob) = acme();
    for way in WAYS {
        for level in granted_levels() {
            give(&site, way, level);
            check_table(&site, &bob, level, &format!("{level:?} by {} on {}", way.0, way.1));
        }
        give(&site, way, None);
    }
}

#[test]
fn each_operation_needs_its_level_of_the_access_token_too() {
    let (site, _) = acme();
    give(&site, ("team", "acme"), Some("admin"));
    for level in LEVELS.into_iter().flatten() {
        for patterns in [json!([]), json!(["acme/*"]), json!([APP])] {
            let body = json!({ "accessLevel": level, "repositories": patterns });
            let token: AccessToken = site.add_token("bob", &body);
            check_table(&site, &site.with_token("bob", &token), Some(level), &format!("an access token of {body}"));
        }
        let elsewhere = site.add_token("bob", &json!({ "accessLevel": level, "repositories": ["bob/*", "acme/ap"] }));
        check_table(&site, &site.with_token("bob", &elsewhere), None, &format!("{level} elsewhere"));
    }
}

#[test]
fn each_operation_is_open_to_those_whose_place_it_is() {
    let (site, bob) = acme();
    let robot = |name: &str| site.with_token(name, &site.add_token(name, &json!({})));
    site.join("acme", "carol", false);
    check_table(&site, &bob, None, "a member of a team without grants");
    check_table(&site, &robot("carol"), None, "a member of the organization");
    check_table(&site, &robot("alice"), Some("admin"), "an administrator of the organization");
    check_table(&site, &site.as_admin(), Some("admin"), "a system administrator");
}

#[test]
fn a_public_repository_is_read_by_everybody_and_written_by_grants_only() {
    let (site, bob) = acme();
    let read_only = &OPERATIONS[..7];
    for level in granted_levels() {
        give(&site, ("team", APP), level);
        site.as_local().patch(&repository_path(APP), &json!({ "visibility": "public" })).must_be(200);
        for (operation, least, attempt) in read_only {
            let expected = rank(level).max(1) >= rank(Some(least));
            assert_eq!(attempt(&site, &bob), expected, "{operation}: {level:?} on a public repository");
        }
    }
    let nobody = site.as_nobody();
    assert_eq!(granted(&nobody, APP, "pull,push,delete"), ["pull"]);
    assert_eq!(nobody.get("/v1/search?q=app").must_be(200).json()["num_results"], json!(1));
    nobody.get(&repository_path(APP)).must_be(401);
    site.as_local().patch(&repository_path(APP), &json!({ "visibility": "private" })).must_be(200);
    assert_eq!(granted(&nobody, APP, "pull,push,delete"), Vec::<String>::new());
}

#[test]
fn a_level_on_the_namespace_counts_for_all_that_is_and_comes() {
    let (site, bob) = acme();
    for holder in ["user", "team"] {
        for level in granted_levels() {
            let case = format!("{level:?} by {holder}");
            give(&site, (holder, "acme"), level);
            let name = format!("acme/{holder}/{}", level.unwrap_or("none"));
            // Before anybody made it: only those who may make it get `push`, which makes it.
            let pushes = granted(&bob, &name, "pull,push").contains(&"push".to_owned());
            assert_eq!(pushes, level == Some("admin"), "create by push: {case}");
            let status = site.as_local().get(&repository_path(&name)).status;
            assert_eq!(status == 200, pushes, "{case}");
            if !pushes {
                site.add_repository(&name);
            }
            let expected: &[&str] = match rank(level) {
                0 => &[],
                1 => &["pull"],
                _ => &["delete", "pull", "push"],
            };
            let mut held = granted(&bob, &name, "pull,push,delete");
            held.sort();
            assert_eq!(held, expected, "{case}");
            let made = bob.post("/api/v0/repositories/acme", &json!({ "name": format!("{holder}.new") }));
            assert_eq!(may(made.status), level == Some("admin"), "create by the API: {case}");
            let path = team_access_path("acme", "others");
            let given = may(bob.put(&path, &json!({ "accessLevel": "read-only" })).status);
            assert_eq!((given, may(bob.delete(&path).status)), (level == Some("admin"), given), "access: {case}");
            let shown = bob.get("/api/v0/repositoryNamespaces/acme/userAccess").status;
            assert_eq!(may(shown), level == Some("admin"), "see access: {case}");
            // No grant makes anybody an administrator of the organization.
            bob.put("/enzi/v0/accounts/acme/members/carol", &json!({})).must_be(403);
            bob.post("/enzi/v0/accounts/acme/teams", &json!({ "name": "own" })).must_be(403);
        }
        give(&site, (holder, "acme"), None);
        site.as_local().delete(&repository_path(&format!("acme/{holder}.new"))).must_be(204);
    }
}

#[test]
fn a_repository_of_a_user_is_its_owners() {
    let (site, bob) = acme();
    site.add_repository("carol/app");
    let carol = site.with_token("carol", &site.add_token("carol", &json!({})));
    let path = repository_path("carol/app");
    let all = ["delete", "pull", "push"];
    let held = |caller: &Caller| {
        let mut held = granted(caller, "carol/app", "pull,push,delete");
        held.sort();
        held
    };
    assert_eq!(
        (held(&carol), held(&site.as_admin())),
        (all.map(str::to_owned).to_vec(), all.map(str::to_owned).to_vec())
    );
    assert_eq!(held(&bob), Vec::<String>::new());
    bob.patch(&path, &json!({})).must_be_refused(404, "NO_SUCH_REPOSITORY");
    carol.patch(&path, &json!({ "shortDescription": "mine" })).must_be(200);
    carol.delete(&path).must_be(204);
}
