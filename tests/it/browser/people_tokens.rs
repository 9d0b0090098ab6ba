//! Access tokens of others in an administrator's pages, and access tokens that were made with others: stopping a token
//! stops those that were made with it.

use serde_json::{Value, json};

use crate::support::{
    AccessToken, InProcess, Pages,
    exe::PASSWORD,
    person::soon,
    site::{Caller, HOUR},
};

const TABLE: &str = "access tokens";
const TOKENS: &str = "/api/v0/api_tokens";

/// A server with alice, and the pages of `user` at its time.
fn signed_in(user: &str) -> (InProcess, Pages) {
    let site = InProcess::start();
    site.add_person("alice");
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in(user, PASSWORD);
    (site, pages)
}

fn labels(site: &InProcess, user: &str) -> Vec<Value> {
    let listed = site.as_local().get(&format!("{TOKENS}?username={user}")).must_be(200).json();
    listed.as_array().expect("a list").iter().map(|it| it["tokenLabel"].clone()).collect()
}

fn works(caller: &Caller) -> bool {
    caller.get(TOKENS).must_be_one_of(&[200, 401]).status == 200
}

/// Ends a dialog that wants a word.
fn confirm(pages: &Pages, word: &str) {
    pages.browser.fill(&format!("Type {word} to confirm"), word);
    pages.browser.click_css("dialog button[type=submit]");
}

#[test]
fn an_administrator_makes_deletes_and_revokes_access_tokens_of_another() {
    let (site, pages) = signed_in("admin");
    let browser = &pages.browser;
    let [first, second] = ["first", "second"].map(|label| site.add_token("alice", &json!({ "tokenLabel": label })));
    site.add_token("admin", &json!({ "tokenLabel": "own" }));
    site.pass(1);
    pages.open("/people/alice?tab=tokens");
    browser.see("2 access tokens");
    browser.follow("New access token");
    browser.see("It will belong to alice");
    browser.fill("Description", "from admin");
    browser.choose("Read-write");
    browser.pick("Expires after", "604800");
    browser.click("Create");
    browser.see("It is not shown again.");
    let secret = browser.value("Access token");
    assert!(browser.text().contains("--username alice"), "the lines are for whose it is");
    browser.click("Done");
    browser.arrive("/people/alice?tab=tokens");
    browser.see("3 access tokens");
    assert!(!browser.source().contains(&secret));
    let third = site.with("alice", &secret);
    assert!(works(&third));
    pages.open("/people/alice?tab=tokens");
    browser.click_css("input[aria-label='Select first']");
    browser.click("Delete");
    confirm(&pages, "delete");
    browser.see("Access token deleted");
    assert!(!works(&site.with_token("alice", &first)));
    assert_eq!(labels(&site, "alice"), ["from admin", "second"]);
    browser.click("Revoke all");
    browser.see(
        "2 access tokens and those that they made for alice are refused at once; those that they made for others stay.",
    );
    confirm(&pages, "revoke");
    browser.see("2 access tokens revoked");
    browser.see("alice has no access tokens.");
    assert!(!works(&third) && !works(&site.with_token("alice", &second)));
    assert_eq!(labels(&site, "admin"), ["own"], "nobody else's");
    assert!(works(&site.as_user("alice")), "the password stays");
    pages.must_be_clean(&[]);
}

#[test]
fn who_stops_an_access_token_sees_that_what_it_made_is_stopped() {
    let (site, pages) = signed_in("alice");
    let browser = &pages.browser;
    let leaked = site.add_token("alice", &json!({ "tokenLabel": "leaked" }));
    let made = site.with_token("alice", &leaked).post(TOKENS, &json!({ "tokenLabel": "made with it" }));
    let made = AccessToken::of(&made.must_be(200).json());
    let child = site.with_token("alice", &made);
    site.add_token("alice", &json!({ "tokenLabel": "other", "expiresAt": site.in_time(HOUR) }));
    let switch = || {
        pages.open("/profile/access-tokens");
        browser.follow("leaked");
        browser.choose("Is active");
        browser.click("Save");
        browser.see("Saved");
        pages.open("/profile/access-tokens?sort=description");
    };
    let states = || -> Vec<String> { browser.rows(TABLE).iter().map(|row| row[2].clone()).collect() };
    switch();
    let told = soon("three states", || Some(states()).filter(|them| them.len() == 3));
    assert!(told[0].starts_with("inactive") && told[1].starts_with("stopped"), "{told:?}");
    assert!(told[1].contains("the access token `leaked`, which made it, is deactivated"), "{told:?}");
    assert!(told[2].starts_with("expires in 1 hour"), "{told:?}");
    assert!(!works(&child));
    browser.follow("made with it");
    browser.see("Made by");
    browser.follow("leaked");
    browser.see("Replace or remove");
    switch();
    soon("both are active again", || states().get(..2)?.iter().all(|state| state.starts_with("active")).then_some(()));
    assert!(works(&child));
    pages.must_be_clean(&[]);
}
