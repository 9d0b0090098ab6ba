//! Who reaches a repository: teams unfolded to their members, access tokens, and the question why somebody may, or may not;
//! for administrators, for who administers the repository, and within a narrowed session.

use serde_json::json;

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    person::{ENTER, soon},
    site::account_path,
};

const SHOP: &str = "/repositories/acme/shop?tab=access";

/// An organization that bob administers; alice and dan are in its team, carol has a grant of her own, eve nothing.
fn acme() -> (InProcess, Pages) {
    let site = InProcess::start();
    ["bob", "carol"].iter().for_each(|name| site.add_person(name));
    ["alice", "dan", "eve"].iter().for_each(|name| site.add_user(name));
    site.add_organization("acme", &[("bob", true)]);
    site.add_team("acme/dev", &["alice", "dan"]);
    ["acme/shop", "acme/site"].iter().for_each(|name| site.add_repository(name));
    site.grant_team("acme/shop", "dev", "read-only");
    site.grant("acme", "alice", "read-write");
    site.grant("acme/shop", "carol", "admin");
    let pages = site.pages();
    (site, pages)
}

/// Unfolds the members of the team `dev`.
fn members(pages: &Pages) -> Vec<String> {
    members_of(pages, "dev")
}

fn members_of(pages: &Pages, team: &str) -> Vec<String> {
    let button = format!("Members of {team}");
    pages.browser.click(&button);
    soon("the team unfolds", || {
        let script = "return [...document.querySelector(`summary[aria-label='${arguments[0]}']`).parentNode.querySelectorAll('li')].map((it) => it.textContent)";
        let lines = pages.browser.run(script, json!([button]));
        let lines: Vec<String> = serde_json::from_value(lines).expect("texts");
        (!lines.is_empty()).then_some(lines)
    })
}

fn ask(pages: &Pages, who: &str, action: &str) {
    pages.browser.pick("May", action);
    pages.browser.fill("User or robot", &format!("{who}{ENTER}"));
}

#[test]
fn a_team_unfolds_to_its_members_with_the_level_that_counts() {
    let (site, pages) = acme();
    site.as_local().patch(&account_path("dan"), &json!({ "isActive": false })).must_be(200);
    pages.sign_in("bob", PASSWORD);
    pages.open(SHOP);
    assert_eq!(members(&pages), ["alice: Read-write, given on all of acme", "dan (inactive): Read-only, by this team"]);
    // What is unfolded stays so while the list is searched.
    pages.browser.fill("Search", "dev");
    soon("the others are gone", || (pages.browser.rows("entries").len() == 1).then_some(()));
    pages.browser.see("dan (inactive): Read-only");
    assert!(
        !pages.browser.has("css", "details.members li a[href^='/people']"),
        "people's pages are for administrators"
    );
    pages.sign_out("bob");
    pages.sign_in("admin", PASSWORD);
    pages.open(SHOP);
    members(&pages);
    assert_eq!(pages.look_at("repository-access"), Vec::<String>::new());
    pages.browser.follow("dan");
    pages.browser.arrive("/people/dan");
    pages.must_be_clean(&[]);
}

#[test]
fn who_may_not_see_a_team_is_told_nobody_of_it() {
    let (_site, pages) = acme();
    pages.sign_in("carol", PASSWORD);
    pages.open(SHOP);
    pages.browser.click("Members of dev");
    pages.browser.see("Only members and administrators of the organization see who is in this team.");
    assert!(!pages.browser.text().contains("dan"), "{}", pages.browser.text());
    pages.must_be_clean(&[]);
}

#[test]
fn where_a_team_is_not_known_the_level_is_said_to_be_the_least_and_nothing_is_refused() {
    let (site, pages) = acme();
    site.join("acme", "carol", false);
    site.add_team("acme/watch", &["carol", "dan"]);
    site.add_team("acme/roots", &["admin"]);
    site.add_team("acme/ops", &["dan"]);
    for (team, level) in [("watch", "read-only"), ("roots", "read-only"), ("ops", "read-write")] {
        site.grant_team("acme/shop", team, level);
    }
    pages.sign_in("carol", PASSWORD);
    pages.open(SHOP);
    assert_eq!(
        members_of(&pages, "watch"),
        ["carol: Admin, given here", "dan: at least Read-only, by this team; other teams of acme may give more"]
    );
    for team in ["ops", "roots"] {
        pages.browser.click(&format!("Members of {team}"));
    }
    soon("of the others nothing is told", || {
        (pages.browser.text().matches("see who is in this team").count() == 2).then_some(())
    });
    assert!(site.audit("actor=carol&outcome=denied").is_empty(), "{:?}", site.audit("actor=carol&outcome=denied"));
    pages.sign_out("carol");
    pages.sign_in("admin", PASSWORD);
    pages.open(SHOP);
    assert_eq!(members_of(&pages, "watch"), ["carol: Admin, given here", "dan: Read-write, by the team ops"]);
    assert_eq!(members_of(&pages, "roots"), ["admin: reaches everything, administers dockpass"]);
    pages.must_be_clean(&[]);
}

#[test]
fn access_tokens_that_reach_a_repository_are_told_as_far_as_one_may_know() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    let token = site.add_token("alice", &json!({ "tokenLabel": "secret-project", "repositories": ["acme/shop"] }));
    site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    site.add_token("alice", &json!({ "tokenLabel": "elsewhere", "repositories": ["alice/app"] }));
    site.add_token("carol", &json!({ "tokenLabel": "mine" }));
    site.make_robot("acme/ci", &json!({ "accessLevel": "push", "repositories": ["acme/shop"] }));
    let cells = |count: usize| {
        let rows = soon("the access tokens are told", || {
            let rows = browser.rows("Access tokens");
            (rows.len() == count).then_some(rows)
        });
        let mut names: Vec<_> = rows.into_iter().map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]).collect();
        names.sort();
        names
    };
    pages.sign_in("carol", PASSWORD);
    pages.open(SHOP);
    let told = cells(4);
    let of = |owner: &str| told.iter().filter(|row| row[1] == owner).map(|row| row[0].as_str()).collect::<Vec<_>>();
    assert_eq!(of("alice"), ["one with limits", "those without limits"]);
    assert_eq!(of("carol"), ["those without limits"]);
    for hidden in ["secret-project", "laptop", "elsewhere"] {
        assert!(!browser.source().contains(hidden), "{hidden}");
    }
    browser.follow("those without limits");
    browser.arrive("/profile/access-tokens");
    pages.sign_out("carol");
    pages.sign_in("admin", PASSWORD);
    pages.open(SHOP);
    let told = cells(4);
    let row =
        |name: &str| told.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("{name} in {told:?}")).clone();
    assert_eq!(row("secret-project")[1..], ["alice".to_owned(), "Read-write".to_owned()]);
    assert_eq!(row("robot ci")[1..], ["acme".to_owned(), "Push".to_owned()]);
    browser.follow("secret-project");
    browser.arrive(&format!("/people/alice/access-tokens/{}", token.hash));
    pages.must_be_clean(&[]);
}

#[test]
fn who_administers_a_repository_asks_why_somebody_may_or_may_not() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    pages.sign_in("bob", PASSWORD);
    pages.open(SHOP);
    browser.fill("User or robot", "ali");
    browser.take("alice");
    browser.pick("May", "push");
    browser.add("User or robot", ENTER);
    browser.see("Yes: alice may push to acme/shop, with read-write access.");
    browser.see("Read-write: given on all of acme");
    browser.see("Read-only: the team acme/dev, given here");
    assert!(browser.url().ends_with("tab=access&who=alice&may=push"), "{}", browser.url());
    ask(&pages, "dan", "push");
    browser.see("No: dan may not push to acme/shop.");
    browser.see("The access is too low: read-only, and push takes read-write.");
    ask(&pages, "eve", "pull");
    browser.see("eve owns nothing there and was given no access.");
    browser.click_css(".why-not li button");
    soon("the user stands in the dialog", || (browser.value("Name") == "eve").then_some(()));
    browser.click_css("dialog button[type=submit]");
    browser.see("Yes: eve may pull from acme/shop, with read-only access.");
    site.as_local().patch(&account_path("dan"), &json!({ "isActive": false })).must_be(200);
    ask(&pages, "dan", "pull");
    browser.see("The account dan is inactive.");
    assert!(!browser.has("link", "Activate the account"), "that is for administrators");
    browser.reload();
    browser.see("The account dan is inactive.");
    assert_eq!(browser.value("User or robot"), "dan");
    site.make_robot("acme/ci", &json!({ "accessLevel": "read-only", "repositories": ["acme/site"] }));
    ask(&pages, "acme/ci", "pull");
    browser.see("acme/ci is limited to other repositories.");
    assert!(browser.has("link", "Change the robot"), "bob administers acme");
    ask(&pages, "nobody-at-all", "pull");
    soon("the name is refused beside its field", || {
        browser.has("css", "input[name=user][aria-invalid=true]").then_some(())
    });
    assert_eq!(browser.value("User or robot"), "nobody-at-all", "nothing typed is lost");
    assert_eq!(pages.look_at("why-not-wrong"), Vec::<String>::new());
    ask(&pages, "alice", "delete");
    browser.see("Yes: alice may delete tags of acme/shop");
    assert_eq!(pages.look_at("why-not"), Vec::<String>::new());
    pages.must_be_clean(&[404]);
}

#[test]
fn no_link_leads_to_where_one_may_not_change_it() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    site.make_robot("acme/ci", &json!({ "accessLevel": "read-only", "repositories": ["acme/site"] }));
    pages.sign_in("carol", PASSWORD);
    pages.open(SHOP);
    ask(&pages, "acme/ci", "pull");
    // What robots may is for those who administer the organization.
    browser.see("For administrators of the organization.");
    ask(&pages, "alice", "push");
    browser.see("Yes: alice may push to acme/shop");
    browser.see("Read-write: given on all of acme");
    assert!(!browser.has("css", ".why-not a[href*='tab=access']"), "carol gives nothing on all of acme");
    pages.must_be_clean(&[403]);
}

#[test]
fn the_answer_is_that_of_the_last_question() {
    let (_site, pages) = acme();
    let browser = &pages.browser;
    pages.sign_in("bob", PASSWORD);
    pages.open(SHOP);
    pages.hold_answers("GET", "user=eve");
    ask(&pages, "eve", "pull");
    pages.held(1);
    ask(&pages, "alice", "pull");
    browser.see("Yes: alice may pull from acme/shop");
    pages.let_go();
    assert!(!browser.text().contains("eve may"), "{}", browser.text());
    pages.hold_answers("GET", "user=dan");
    ask(&pages, "dan", "pull");
    pages.held(1);
    browser.follow("Repositories");
    browser.see("acme/site");
    pages.let_go();
    assert!(!browser.text().contains("dan may"), "{}", browser.text());
    pages.must_be_clean(&[]);
}

#[test]
fn within_a_narrowed_session_one_asks_for_what_it_administers() {
    let (site, pages) = acme();
    let browser = &pages.browser;
    let token = site.add_token("carol", &json!({ "tokenLabel": "narrow", "repositories": ["acme/shop"] }));
    pages.open("/sign-in");
    pages.try_sign_in("carol", &token.secret);
    browser.arrive("/repositories");
    pages.open(SHOP);
    ask(&pages, "alice", "pull");
    browser.see("Yes: alice may pull from acme/shop");
    assert!(!browser.text().contains("acme/dev"), "who is in which team is not its to know: {}", browser.text());
    pages.open("/repositories/acme/site?tab=access&who=alice&may=pull");
    browser.see("There is nothing here");
    pages.must_be_clean(&[403, 404]);
}

#[test]
fn who_only_pulls_is_asked_nothing() {
    let (site, pages) = acme();
    site.grant("acme/site", "carol", "read-only");
    pages.sign_in("carol", PASSWORD);
    pages.open("/repositories/acme/site?tab=access&who=alice&may=pull");
    assert!(!pages.browser.has("button", "Ask") && !pages.browser.text().contains("alice"), "{}", pages.browser.text());
    pages.must_be_clean(&[]);
}
