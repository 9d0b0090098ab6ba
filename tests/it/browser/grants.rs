//! Access for the teams of an organization, given with the web pages: on one repository, on all of the organization's,
//! from the team's page and from the target's own; the API tells the effect.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    person::soon,
    site::{account_path, repository_path},
};

/// An organization that bob administers, who is signed in; alice is in its team, and carol is not.
fn acme() -> (InProcess, Pages) {
    let site = InProcess::start();
    site.add_person("bob");
    ["alice", "carol"].iter().for_each(|name| site.add_user(name));
    site.add_organization("acme", &[("bob", true), ("carol", false)]);
    site.add_team("acme/dev", &["alice"]);
    ["acme/shop", "acme/site"].iter().for_each(|name| site.add_repository(name));
    let pages = site.pages();
    pages.sign_in("bob", PASSWORD);
    (site, pages)
}

/// What somebody has on a repository; nothing if it is not there for them.
fn level(site: &InProcess, user: &str, repository: &str) -> Option<Value> {
    let seen = site.as_user(user).get(&repository_path(repository)).must_be_one_of(&[200, 404]);
    (seen.status == 200).then(|| seen.json()["accessLevel"].clone())
}

/// The team's grants as the API tells them.
fn grants(site: &InProcess, path: &str) -> Vec<(String, String)> {
    let listed = site.as_user("bob").get(&format!("{path}/teamAccess")).must_be(200).json();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let listed = listed["teamAccessList"].as_array().expect("a list").iter();
    listed.map(|it| (text(&it["team"]["name"]), text(&it["accessLevel"]))).collect()
}

/// Ends the dialog by its button.
fn send(pages: &Pages) {
    pages.browser.click_css("dialog button[type=submit]");
}

fn grant(level: &str) -> Vec<(String, String)> {
    vec![("dev".to_owned(), level.to_owned())]
}

const SHOP: &str = "/api/v0/repositories/acme/shop";
const ACME: &str = "/api/v0/repositoryNamespaces/acme";

#[test]
fn a_team_gets_a_repository_more_of_it_and_none_again() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    pages.open("/organizations/acme/teams/dev?tab=repositories");
    browser.see("This team has no access to any repository yet.");
    browser.click("Give access");
    send(&pages);
    browser.see("Repository is needed.");
    browser.fill("Repository", "sh");
    browser.take("shop");
    send(&pages);
    browser.see("The team dev has read-only access");
    assert_eq!(grants(&site, SHOP), grant("read-only"));
    assert_eq!(level(&site, "alice", "acme/shop"), Some(json!("read-only")));
    assert_eq!(level(&site, "alice", "acme/site"), None, "nothing else");
    assert_eq!(level(&site, "carol", "acme/shop"), None, "nobody else");
    assert_eq!(
        browser.rows("repositories").iter().map(|row| &row[..2]).collect::<Vec<_>>(),
        [["acme/shop", "Read-only"]]
    );
    browser.click("Change the access to acme/shop");
    browser.choose("Admin");
    send(&pages);
    browser.see("The team dev has admin access");
    assert_eq!(level(&site, "alice", "acme/shop"), Some(json!("admin")));
    site.as_user("alice").patch(SHOP, &json!({ "shortDescription": "ours" })).must_be(200);
    browser.click("Remove the access to acme/shop");
    browser.see("Remove the access of the team dev?");
    send(&pages);
    browser.see("This team has no access to any repository yet.");
    assert_eq!(grants(&site, SHOP), []);
    assert_eq!(level(&site, "alice", "acme/shop"), None);
    pages.must_be_clean(&[]);
}

#[test]
fn a_team_gets_all_repositories_of_its_organization_and_those_to_come() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    pages.open("/organizations/acme/teams/dev?tab=repositories");
    browser.click("Give access");
    browser.choose("All repositories");
    browser.choose("Read-write");
    send(&pages);
    browser.see("The team dev has read-write access");
    assert_eq!(grants(&site, ACME), grant("read-write"));
    site.add_repository("acme/later");
    for repository in ["acme/shop", "acme/site", "acme/later"] {
        assert_eq!(level(&site, "alice", repository), Some(json!("read-write")), "{repository}");
        assert_eq!(level(&site, "carol", repository), None, "{repository}");
    }
    browser.see("All of acme");
    // The higher of two levels counts, and a repository's page says where each is from.
    site.grant_team("acme/shop", "dev", "read-only");
    assert_eq!(level(&site, "alice", "acme/shop"), Some(json!("read-write")));
    pages.open("/repositories/acme/shop?tab=access");
    let told = soon("both grants are told", || {
        let rows = browser.rows("entries");
        (rows.len() == 3).then_some(rows)
    });
    let why: Vec<_> = told.iter().map(|row| (row[0].lines().next(), row[1].as_str(), row[2].as_str())).collect();
    assert!(why.contains(&(Some("dev"), "Read-only", "given here")), "{why:?}");
    assert!(why.contains(&(Some("dev"), "Read-write", "given on all of acme")), "{why:?}");
    assert!(why.contains(&(Some("bob"), "Admin", "administers acme")), "{why:?}");
    pages.open("/organizations/acme/teams/dev?tab=repositories");
    browser.click("Remove the access to All of acme");
    send(&pages);
    browser.see("Access removed");
    assert_eq!(grants(&site, ACME), []);
    assert_eq!(level(&site, "alice", "acme/later"), None);
    assert_eq!(level(&site, "alice", "acme/shop"), Some(json!("read-only")), "what was given for another reason stays");
    pages.must_be_clean(&[]);
}

#[test]
fn access_is_given_to_a_team_where_the_repositories_are() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    pages.open("/repositories/acme/shop?tab=access");
    browser.click("Give access");
    browser.choose("A team");
    browser.fill("Name", "de");
    browser.take("dev");
    browser.choose("Read-write");
    send(&pages);
    browser.see("The team dev has read-write access");
    assert_eq!(grants(&site, SHOP), grant("read-write"));
    assert_eq!(level(&site, "alice", "acme/shop"), Some(json!("read-write")));
    pages.open("/organizations/acme?tab=access");
    browser.see("Nobody was given access to all of acme.");
    browser.click("Give access");
    browser.fill("Name", "no-such-team");
    send(&pages);
    soon("the name is refused", || browser.has("css", "dialog [aria-invalid=true]").then_some(()));
    assert_eq!(grants(&site, ACME), []);
    browser.fill("Name", "dev");
    send(&pages);
    browser.see("The team dev has read-only access");
    assert_eq!(grants(&site, ACME), grant("read-only"));
    assert_eq!(level(&site, "alice", "acme/site"), Some(json!("read-only")));
    browser.click("Change the access of the team dev");
    browser.choose("Admin");
    send(&pages);
    browser.see("The team dev has admin access");
    assert_eq!(level(&site, "alice", "acme/site"), Some(json!("admin")));
    // Out of the team, nothing of it is left.
    pages.open("/organizations/acme/teams/dev");
    browser.click("Remove alice");
    send(&pages);
    soon("she has nothing any more", || level(&site, "alice", "acme/site").is_none().then_some(()));
    pages.must_be_clean(&[404]);
}

#[test]
fn who_is_inactive_is_marked_among_members_and_where_access_is_listed() {
    let (site, pages) = acme();
    site.grant("acme", "alice", "read-only");
    site.as_local().patch(&account_path("alice"), &json!({ "isActive": false })).must_be(200);
    for (path, marks) in [
        ("/organizations/acme?tab=members", 1),
        ("/organizations/acme/teams/dev", 1),
        ("/organizations/acme?tab=access", 1),
        ("/repositories/acme/shop?tab=access", 1),
    ] {
        pages.open(path);
        pages.browser.see("inactive");
        let script = "return [...document.querySelectorAll('main td small')].filter((it) => it.textContent.includes('inactive')).length";
        assert_eq!(pages.browser.run(script, json!([])), json!(marks), "{path}");
    }
    pages.must_be_clean(&[]);
}
