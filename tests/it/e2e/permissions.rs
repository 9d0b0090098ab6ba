//! The published table of permissions at the real registry, with skopeo, and by the API of the executable: every row
//! for every level, however the level was given. What only the API can show is in `api::permissions`.

use serde_json::json;

use crate::support::{
    AccessToken, Site,
    attempts::{
        Attempt, Person, Place, browses, changes_visibility, deletes, deletes_record, describes, lists_tags,
        manages_teams, manages_users, pulls, pushes, sees_access, views,
    },
    site::{access_path, team_access_path},
};

/// An operation, its outcome at each level, and the attempts at the registry and by the API.
type Row = (&'static str, [&'static str; 5], &'static [Attempt], &'static [Attempt]);

/// The published table (reference, section 3), with one more column for people without a level, and
/// one for access tokens that delete nothing.
#[rustfmt::skip]
const TABLE: [Row; 8] = [
    // operation                  none read-only push   read-write admin    at the registry   by the API
    ("view and browse",           ["-",  "yes",    "yes",   "yes",   "yes"],  &[lists_tags],    &[views, browses]),
    ("pull",                      ["-",  "yes",    "yes",   "yes",   "yes"],  &[pulls],         &[]),
    ("push",                      ["-",  "-",      "yes",   "yes",   "yes"],  &[pushes],        &[]),
    ("delete tags and manifests", ["-",  "-",      "-",     "yes",   "yes"],  &[deletes],       &[]),
    ("edit the description",      ["-",  "-",      "-",     "-",     "yes"],  &[],              &[describes]),
    ("set public and private",    ["-",  "-",      "-",     "-",     "yes"],  &[],              &[changes_visibility]),
    ("manage access",             ["-",  "-",      "-",     "-",     "yes"],  &[],              &[sees_access, manages_users]),
    ("delete the repository",     ["-",  "-",      "-",     "-",     "yes"],  &[],              &[deletes_record]),
];

/// One row more, where an organization has the namespace: users have no teams.
const TEAMS: Row = ("manage access of teams", ["-", "-", "-", "-", "yes"], &[], &[manages_teams]);

/// The columns of the table. All but the cap `push` are granted, too.
const LEVELS: [Option<&str>; 5] = [None, Some("read-only"), CAP, Some("read-write"), Some("admin")];
const CAP: Option<&str> = Some("push");
const APP: &str = "acme/app";

fn column(level: Option<&str>) -> usize {
    LEVELS.iter().position(|known| *known == level).expect("a level")
}

/// The rows that make sense for a repository.
fn rows(place: &Place) -> impl Iterator<Item = &'static Row> {
    [TEAMS].iter().filter(|_| place.repository == APP).chain(&TABLE)
}

/// Checks a person against one column of the table.
fn check(place: &Place, person: &mut Person, level: Option<&str>, case: &str) {
    person.refusal = if level.is_none() { 404 } else { 403 };
    for (operation, allowed, at_registry, by_api) in rows(place) {
        let expected = allowed[column(level)] == "yes";
        for attempt in at_registry.iter().chain(*by_api) {
            assert_eq!(attempt(place, person), expected, "{operation}: {case}");
        }
    }
}

/// `acme/app`: alice administers acme, bob is in its team `dev`, carol is a member without a
/// team, dave is a stranger.
fn acme() -> Place {
    let site = Site::with_users(&["alice", "bob", "carol", "dave", "guest"]);
    for command in [
        &["org", "create", "acme"][..],
        &["org", "add", "acme", "alice", "--admin", "true"],
        &["org", "add", "acme", "carol"],
        &["team", "create", "acme/dev"],
        &["team", "create", "acme/others"],
        &["team", "add", "acme/dev", "bob"],
    ] {
        site.dockpass.cli(command).must_succeed();
    }
    Place::at(site, APP)
}

/// Every level of bob, given by the grant at `access`.
fn check_levels(access: &str) {
    let place = acme();
    let mut bob = place.user("bob");
    for level in LEVELS.into_iter().filter(|level| *level != CAP) {
        place.give(access, level);
        check(&place, &mut bob, level, &format!("{level:?} by {access}"));
    }
}

#[test]
fn each_row_holds_for_a_user_with_a_grant_on_the_repository() {
    check_levels(&access_path(APP, "bob"));
}

#[test]
fn each_row_holds_for_a_user_with_a_grant_on_the_namespace() {
    check_levels(&access_path("acme", "bob"));
}

#[test]
fn each_row_holds_for_a_member_of_a_team_with_a_grant_on_the_repository() {
    check_levels(&team_access_path(APP, "dev"));
}

#[test]
fn each_row_holds_for_a_member_of_a_team_with_a_grant_on_the_namespace() {
    check_levels(&team_access_path("acme", "dev"));
}

#[test]
fn each_row_holds_for_those_whose_place_it_is_and_those_whose_it_is_not() {
    let place = acme();
    for (name, level, case) in [
        ("alice", Some("admin"), "an administrator of the organization"),
        ("admin", Some("admin"), "a system administrator"),
        ("bob", None, "a member of a team without grants"),
        ("carol", None, "a member of the organization"),
        ("dave", None, "a stranger"),
    ] {
        check(&place, &mut place.user(name), level, case);
    }
}

#[test]
fn each_row_holds_for_the_owner_of_a_namespace_and_for_others() {
    let place = Place::at(Site::with_users(&["alice", "bob", "guest"]), "alice/app");
    check(&place, &mut place.user("alice"), Some("admin"), "the owner");
    check(&place, &mut place.user("admin"), Some("admin"), "a system administrator");
    check(&place, &mut place.user("bob"), None, "a stranger");
    place.give(&access_path("alice/app", "bob"), Some("read-write"));
    check(&place, &mut place.user("bob"), Some("read-write"), "one with a grant");
}

#[test]
fn each_row_holds_for_an_access_token_capped_at_a_level() {
    let place = acme();
    let admin = place.site.dockpass.add_token("alice", &[]);
    let alice = place.site.dockpass.http_as("alice", &admin.secret);
    for level in LEVELS.into_iter().flatten() {
        let body = json!({ "accessLevel": level, "repositories": ["acme/*"] });
        let token = AccessToken::of(&alice.post("/api/v0/api_tokens", &body).must_be(200).json());
        check(&place, &mut place.person("alice", &token), Some(level), &format!("a token capped at {level}"));
    }
    let elsewhere = place.site.dockpass.add_token("alice", &["--repository", "acme/other", "--repository", "alice/*"]);
    check(&place, &mut place.person("alice", &elsewhere), None, "a token for another repository");
}

#[test]
fn a_public_repository_is_read_by_everybody_and_a_private_one_by_nobody() {
    let place = acme();
    let nobody = place.nobody();
    for (visibility, level) in [("private", None), ("public", Some("read-only"))] {
        place.set_visibility(visibility);
        for (operation, allowed, at_registry, by_api) in rows(&place) {
            let expected = allowed[column(level)] == "yes";
            for attempt in *at_registry {
                assert_eq!(attempt(&place, &nobody), expected, "{operation}: nobody, {visibility}");
            }
            // The API wants to know who asks, whatever it is about.
            for attempt in *by_api {
                assert!(!attempt(&place, &nobody), "{operation} by the API: nobody, {visibility}");
            }
        }
        check(&place, &mut place.user("dave"), level, &format!("a stranger, {visibility}"));
    }
    // What everybody has takes nothing from those who have more.
    place.give(&access_path(APP, "dave"), Some("read-write"));
    check(&place, &mut place.user("dave"), Some("read-write"), "one with a grant, public");
}
