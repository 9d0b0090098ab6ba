//! A user leaves: the preview, the steps, what failed and is tried again, the new secrets of robots.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    person::soon,
    site::{Caller, account_path, member_path, repository_path},
};

const TOKENS: &str = "/api/v0/api_tokens";

/// carol leaves: she has two access tokens and two repositories, is the only administrator of acme, and made its robot.
fn company() -> (InProcess, Caller) {
    let site = InProcess::start();
    site.add_person("carol");
    site.add_user("dave");
    ["laptop", "build"].iter().for_each(|label| drop(site.add_token("carol", &json!({ "tokenLabel": label }))));
    ["carol/app", "carol/web"].iter().for_each(|name| site.add_repository(name));
    site.add_organization("acme", &[("carol", true), ("dave", false)]);
    let robot = json!({ "name": "ci", "accessLevel": "read-only" });
    let made = site.as_user("carol").post("/api/v0/accounts/acme/robots", &robot).must_be(201);
    let robot = site.with("acme/ci", &made.text("/token"));
    robot.get("/v2/").must_be(200);
    (site, robot)
}

fn pages(site: &InProcess, user: &str) -> Pages {
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in(user, PASSWORD);
    pages
}

/// Confirms the deed.
fn confirm(pages: &Pages) {
    pages.browser.see("to confirm");
    pages.browser.fill("Type offboard to confirm", "offboard");
    pages.browser.click_css("dialog button[type=submit]");
}

fn account(site: &InProcess) -> Value {
    site.as_local().get(&account_path("carol")).must_be(200).json()
}

fn owner(site: &InProcess, repository: &str) -> String {
    site.as_local().get(&repository_path(repository)).must_be(200).text("/owner")
}

/// The state of each step.
fn states(pages: &Pages) -> Value {
    pages.browser.run("return [...document.querySelectorAll('.tasks .badge')].map((it) => it.textContent)", json!([]))
}

fn tells(pages: &Pages, expected: &[&str]) {
    soon(&format!("the steps are {expected:?}"), || (states(pages) == json!(expected)).then_some(()));
}

#[test]
fn one_page_ends_all_that_a_leaver_can_do() {
    let (site, robot) = company();
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/carol");
    browser.click("Offboard…");
    browser.arrive("/people/carol/leave");
    for line in [
        "Delete 2 access tokens",
        "Give 1 robot a new secret",
        "acme/ci",
        "Remove from 1 organization",
        "the only administrator",
    ] {
        browser.see(line);
    }
    assert_eq!(account(&site)["isActive"], true, "nothing is done yet");
    browser.fill("Give 2 repositories to", "dave");
    browser.click("Offboard carol");
    confirm(&pages);
    tells(&pages, &["done"; 5]);
    browser.see("What is left");
    browser.see("Nothing.");
    assert_eq!(pages.look_at("leaver-done"), Vec::<String>::new());
    assert_eq!((&account(&site)["isActive"], &account(&site)["tokensCount"]), (&json!(false), &json!(0)));
    assert_eq!((owner(&site, "carol/app"), owner(&site, "carol/web")), ("dave".to_owned(), "dave".to_owned()));
    site.as_local().get(&member_path("acme", "carol")).must_be(404);
    robot.get("/v2/").must_be(401);
    let secret = browser.value("acme/ci");
    site.with("acme/ci", &secret).get("/v2/").must_be(200);
    browser.follow("People");
    browser.see("The new secrets are not shown again.");
    browser.click("Stay");
    browser.click("Done");
    // Both pages have an address that begins so, and the one before stays until the next one is drawn.
    browser.arrive("/people/carol");
    soon("the page is left", || (!browser.has("field", "acme/ci")).then_some(()));
    pages.must_not_hold(&secret);
    browser.back();
    pages.drawn();
    pages.must_not_hold(&secret);
    pages.must_be_clean(&[]);
}

#[test]
fn what_failed_is_said_and_tried_again_alone() {
    let (site, robot) = company();
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/carol/leave");
    browser.fill("Give 2 repositories to", "dave");
    browser.choose("Give 1 robot a new secret");
    browser.choose("Remove from 1 organization");
    browser.click("Offboard carol");
    pages.hold_answers("PATCH", "");
    confirm(&pages);
    tells(&pages, &["running", "waiting", "waiting"]);
    browser.follow("People");
    browser.see("The work is not finished.");
    browser.click("Stay");
    site.as_local().delete(&account_path("dave")).must_be(204);
    pages.let_go();
    tells(&pages, &["done", "done", "failed"]);
    browser.see("No such account");
    assert_eq!(owner(&site, "carol/app"), "carol");
    site.add_user("dave");
    let before = site.audit("action=account.deactivate").len();
    browser.click("Try again");
    tells(&pages, &["done"; 3]);
    assert_eq!(owner(&site, "carol/app"), "dave");
    assert_eq!(site.audit("action=account.deactivate").len(), before, "what is done is not done again");
    // What was not chosen is left, and said.
    browser.see("1 organization");
    browser.see("The robot acme/ci, whose secret carol may know");
    robot.get("/v2/").must_be(200);
    browser.click("Done");
    browser.arrive("/people/carol");
    pages.must_be_clean(&[404]);
}

#[test]
fn what_stands_in_the_way_is_found_out_before_anything_is_done() {
    let (site, _) = company();
    site.as_local().patch(&account_path("dave"), &json!({ "isActive": false })).must_be(200);
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/carol/leave");
    for (to, why) in [
        ("nobody", "No such account: nobody."),
        ("carol", "carol has them already. Name somebody else, or leave this empty."),
        ("dave", "dave is inactive."),
    ] {
        browser.fill("Give 2 repositories to", to);
        browser.click("Offboard carol");
        browser.see(why);
        assert!(!browser.has("css", "dialog[open]"));
    }
    assert_eq!(account(&site)["isActive"], true);
    assert_eq!(
        site.as_local().get(&format!("{TOKENS}?username=carol")).must_be(200).json().as_array().map(Vec::len),
        Some(2)
    );
    browser.fill("Give 2 repositories to", "");
    browser.click("Offboard carol");
    browser.see("to confirm");
    browser.click("Cancel");
    assert_eq!(account(&site)["isActive"], true, "Cancel is harmless");
    pages.must_be_clean(&[404]);
}

#[test]
fn neither_oneself_nor_the_last_administrator_leaves_here() {
    let (site, _) = company();
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/admin");
    assert!(!browser.has("button", "Offboard…"));
    pages.open("/people/admin/leave");
    browser.see("admin is the only administrator.");
    assert!(!browser.has("css", "main form"));
    site.as_local().patch(&account_path("carol"), &json!({ "isAdmin": true })).must_be(200);
    browser.reload();
    browser.see("This is you. Another administrator has to do this");
    // An administrator who leaves is none any more.
    pages.open("/people/carol/leave");
    browser.see("carol is no longer an administrator.");
    for choice in ["Delete 2 access tokens", "Give 1 robot a new secret", "Remove from 1 organization"] {
        browser.choose(choice);
    }
    browser.click("Offboard carol");
    confirm(&pages);
    tells(&pages, &["done"]);
    browser.see("2 access tokens, refused while carol is inactive");
    assert_eq!((&account(&site)["isAdmin"], &account(&site)["isActive"]), (&json!(false), &json!(false)));
    pages.must_be_clean(&[]);
}

#[test]
fn who_is_signed_out_meanwhile_sees_no_secret_and_nothing_more_is_done() {
    let (site, robot) = company();
    let pages = pages(&site, "admin");
    pages.open("/people/carol/leave");
    pages.browser.click("Offboard carol");
    pages.hold_answers("POST", "rotate");
    confirm(&pages);
    pages.held(1);
    pages.sign_out_in_another_tab("admin");
    pages.let_go();
    assert!(!pages.browser.source().contains("dkp_"), "the secret is on the sign-in page");
    assert!(pages.browser.url().contains("/sign-in"), "{}", pages.browser.url());
    robot.get("/v2/").must_be(401);
    assert_eq!((&account(&site)["isActive"], &account(&site)["tokensCount"]), (&json!(false), &json!(2)));
    pages.must_be_clean(&[]);
}

const CI: &str = "/api/v0/accounts/acme/robots/ci";

/// The same, but the robot of acme was made with one of carol's access tokens, and carol administers: she made an access token for
/// dave, and was given access to his repositories.
fn company_by_token() -> (InProcess, Caller) {
    let site = InProcess::start();
    site.add_person("carol");
    site.add_user("dave");
    site.as_local().patch(&account_path("carol"), &json!({ "isAdmin": true })).must_be(200);
    site.add_organization("acme", &[("carol", true), ("dave", false)]);
    site.grant("dave", "carol", "read-only");
    let carol = site.with_token("carol", &site.add_token("carol", &json!({ "tokenLabel": "laptop" })));
    let made =
        carol.post("/api/v0/accounts/acme/robots", &json!({ "name": "ci", "accessLevel": "read-only" })).must_be(201);
    carol.post(&format!("{TOKENS}?username=dave"), &json!({ "tokenLabel": "for dave" })).must_be(200);
    let robot = site.with("acme/ci", &made.text("/token"));
    (site, robot)
}

#[test]
fn access_tokens_that_made_robots_are_deleted_what_stops_is_named_and_what_stays_is_left() {
    let (site, robot) = company_by_token();
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/carol/leave");
    browser.see("1 access token that they made for others stays.");
    browser.choose("Give 1 robot a new secret");
    browser.choose("Remove from 1 organization");
    browser.click("Offboard carol");
    browser.see("acme/ci stops until it is given a new secret");
    browser.see("acme will have no administrator.");
    confirm(&pages);
    tells(&pages, &["done"; 2]);
    browser.see("What is left");
    for left in [
        "Access that was given to carol: dave/* (Read-only)",
        "The robot acme/ci, whose secret carol may know",
        "The access token for dave of dave, which carol made",
    ] {
        browser.see(left);
    }
    assert_eq!(account(&site)["tokensCount"], 0);
    robot.get("/v2/").must_be(401);
    pages.must_be_clean(&[]);
}

#[test]
fn no_access_token_is_deleted_before_the_robots_have_new_secrets_and_these_stay_shown() {
    let (site, _) = company_by_token();
    let made =
        site.as_local().post("/api/v0/accounts/acme/robots", &json!({ "name": "cd", "accessLevel": "read-only" }));
    let hash = made.must_be(201).text("/hashedToken");
    let by_carol = site.as_user("carol").post(&format!("{TOKENS}/{hash}/rotate"), &json!({})).must_be(200);
    site.with("acme/cd", &by_carol.text("/token")).get("/v2/").must_be(200);
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/carol/leave");
    browser.choose("Remove from 1 organization");
    browser.see("Give 2 robots a new secret");
    site.as_local().patch(CI, &json!({ "isActive": false })).must_be(200);
    browser.click("Offboard carol");
    confirm(&pages);
    tells(&pages, &["done", "failed", "waiting"]);
    browser.see("Not before all robots have new secrets");
    assert_eq!(account(&site)["tokensCount"], 1);
    let secret = browser.value("acme/cd");
    site.with("acme/cd", &secret).get("/v2/").must_be(200);
    browser.follow("People");
    browser.see("The new secrets are not shown again.");
    browser.click("Stay");
    site.as_local().patch(CI, &json!({ "isActive": true })).must_be(200);
    browser.click("Try again");
    tells(&pages, &["done"; 3]);
    assert_eq!(browser.value("acme/cd"), secret, "it is still there");
    site.with("acme/ci", &browser.value("acme/ci")).get("/v2/").must_be(200);
    assert_eq!(account(&site)["tokensCount"], 0);
    pages.must_be_clean(&[409]);
}

#[test]
fn a_secret_that_somebody_replaced_meanwhile_stays() {
    let (site, _) = company();
    let pages = pages(&site, "admin");
    let browser = &pages.browser;
    pages.open("/people/carol/leave");
    for choice in ["Delete 2 access tokens", "Remove from 1 organization"] {
        browser.choose(choice);
    }
    browser.see("Give 1 robot a new secret");
    let overlap = json!({ "overlap": 3_600 });
    let by_admin = site.as_local().post(&format!("{CI}/rotate"), &overlap).must_be(200).text("/token");
    browser.click("Offboard carol");
    confirm(&pages);
    tells(&pages, &["done"; 2]);
    browser.see("What is left");
    site.with("acme/ci", &by_admin).get("/v2/").must_be(200);
    assert_eq!(site.as_local().get(CI).must_be(200).json()["previousUntil"], Value::Null, "the old one has ended");
    pages.must_be_clean(&[]);
}
