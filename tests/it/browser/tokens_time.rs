//! What time does to access tokens, in the web pages: the overlap of a rotation, and the clean-up by last use.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    person::soon,
    site::{Caller, DAY, HOUR, MINUTE},
};

const TABLE: &str = "access tokens";
const TOKENS: &str = "/api/v0/api_tokens";

/// Alice's pages at the server's own time.
fn signed_in(site: &InProcess) -> Pages {
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in("alice", PASSWORD);
    pages
}

fn with_alice() -> InProcess {
    let site = InProcess::start();
    site.add_person("alice");
    site
}

fn labels(site: &InProcess) -> Vec<Value> {
    let listed = site.as_local().get(&format!("{TOKENS}?username=alice")).must_be(200).json();
    listed.as_array().expect("a list").iter().map(|it| it["tokenLabel"].clone()).collect()
}

fn works(caller: &Caller) -> bool {
    caller.get(TOKENS).must_be_one_of(&[200, 401]).status == 200
}

#[test]
fn a_rotated_secret_works_on_for_the_overlap_and_not_longer() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({ "tokenLabel": "laptop" }));
    let pages = signed_in(&site);
    let rotate = |overlap: &str| {
        pages.browser.click("Rotate");
        pages.browser.see("Rotate this access token?");
        pages.browser.pick("How long the old secret still works", overlap);
        pages.browser.click("Rotate");
        pages.browser.see("New secret for “laptop”");
        pages.browser.value("Access token")
    };
    pages.browser.follow("laptop");
    let second = rotate("3600");
    // The server's clock stands still at noon.
    pages.browser.see("The old secret works until 15 January 2026 at 13:00:00 UTC.");
    let [first, second] = [site.with_token("alice", &old), site.with("alice", &second)];
    assert!(works(&first) && works(&second));
    site.pass(HOUR - 1);
    assert!(works(&first));
    site.pass(1);
    assert!(!works(&first) && works(&second));
    pages.browser.click("Done");
    pages.browser.follow("laptop");
    let third = rotate("0");
    pages.browser.see("The old secret no longer works.");
    assert!(!pages.browser.text().contains("The old secret works until"));
    assert!(!works(&second), "without an overlap it stops at once");
    assert!(works(&site.with("alice", &third)));
    pages.browser.click("Done");
    pages.browser.see("laptop");
    pages.must_be_clean(&[]);
}

#[test]
fn two_secrets_are_told_apart_and_the_old_one_is_ended() {
    let site = with_alice();
    let old = site.add_token("alice", &json!({ "tokenLabel": "laptop", "expiresAt": site.in_time(90 * DAY) }));
    let first = site.with_token("alice", &old);
    assert!(works(&first));
    let pages = signed_in(&site);
    pages.browser.follow("laptop");
    pages.browser.click("Rotate");
    pages.browser.pick("How long the old secret still works", "used");
    pages.browser.click("Rotate");
    pages
        .browser
        .see("The old secret works until the new one is used, at the latest until 22 January 2026 at 12:00:00 UTC.");
    let new = site.with("alice", &pages.browser.value("Access token"));
    pages.browser.click("Done");
    pages.browser.see("old secret: in");
    pages.browser.follow("laptop");
    for told in
        ["New secret used", "Old secret works", "until the new one is used, at the latest until", "Old secret used"]
    {
        pages.browser.see(told);
    }
    assert!(works(&first));
    pages.browser.click("End it now");
    pages.browser.see("End the old secret?");
    pages.browser.click("End it");
    pages.browser.see("The old secret has ended");
    soon("the old secret is told no more", || (!pages.browser.text().contains("Old secret works")).then_some(()));
    assert!(!works(&first) && works(&new));
    pages.must_be_clean(&[]);
}

#[test]
fn a_clean_up_takes_what_was_not_used_since_the_day_that_is_chosen() {
    let site = with_alice();
    let add = |label: &str| site.add_token("alice", &json!({ "tokenLabel": label }));
    let [used_early, used_late] = [add("used early"), add("used late")];
    add("never used, made early");
    assert!(works(&site.with_token("alice", &used_early)));
    site.pass(50 * DAY);
    assert!(works(&site.with_token("alice", &used_late)));
    add("never used, made late");
    site.pass(5 * DAY);
    let pages = signed_in(&site);
    let browser = &pages.browser;
    browser.click("Clean up");
    browser.see("No access token would be deleted.");
    assert!(!browser.is_enabled("OK"));
    browser.pick("Not used since", "2026-02-15");
    browser.see("2 access tokens would be deleted:");
    let preview = browser.text();
    let (_, preview) = preview.split_once("would be deleted:").expect("a list");
    for (label, is_named) in
        [("used early", true), ("never used, made early", true), ("used late", false), ("never used, made late", false)]
    {
        assert_eq!(preview.contains(label), is_named, "{label} in {preview}");
    }
    browser.fill("Type delete to confirm", "delete");
    browser.pick("Not used since", "2026-01-01");
    browser.see("No access token would be deleted.");
    browser.click("OK");
    soon("it waits", || browser.has("css", "dialog[open]").then_some(()));
    assert_eq!(labels(&site).len(), 4, "what the preview does not show is not deleted");
    browser.pick("Not used since", "2026-02-15");
    browser.see("2 access tokens would be deleted:");
    browser.click("OK");
    browser.see("2 access tokens deleted");
    assert_eq!(labels(&site), ["never used, made late", "used late"]);
    soon("they are gone from the list", || (browser.rows(TABLE).len() == 2).then_some(()));
    pages.must_be_clean(&[]);
}

#[test]
fn the_list_tells_what_ends_soon_and_what_ended() {
    let site = with_alice();
    for (label, seconds) in [("gone", MINUTE), ("soon", 5 * DAY), ("later", 60 * DAY)] {
        site.add_token("alice", &json!({ "tokenLabel": label, "expiresAt": site.in_time(seconds) }));
    }
    site.pass(HOUR);
    let pages = signed_in(&site);
    pages.browser.click("Description");
    let states = soon("all three", || {
        let rows = pages.browser.rows(TABLE);
        let states = rows.iter().map(|row| row[2].lines().next().unwrap_or_default().to_owned());
        (rows.len() == 3 && rows[0][1].starts_with("gone")).then(|| states.collect::<Vec<_>>())
    });
    assert_eq!(states, ["expired", "active", "expires in 5 days"]);
    pages.browser.follow("gone");
    // A dead switch and a dead button would leave somebody stuck.
    pages.browser.see("Expired on 15 Jan 2026");
    pages.browser.see("A new one takes over");
    pages.browser.see("It has expired: clients cannot sign in with it.");
    assert!(!pages.browser.has("choice", "Is active") && !pages.browser.has("button", "Rotate"));
    assert!(pages.browser.has("button", "New one like this"));
    pages.must_be_clean(&[]);
}

#[test]
fn the_last_day_that_is_offered_is_taken_wherever_the_person_is() {
    let site = with_alice();
    // A quarter to two in the morning in one zone, a quarter past four in the other: another day in Greenwich at their end.
    site.pass(16 * HOUR + 48 * MINUTE);
    for zone in ["America/Sao_Paulo", "Asia/Tokyo", "UTC"] {
        let pages = site.pages();
        pages.set_clock(&site.in_time(0), zone);
        pages.sign_in("admin", PASSWORD);
        pages.open("/people/alice");
        pages.browser.click("Temporary password");
        pages.browser.pick("Expires after", "date");
        let last = pages.browser.run("return document.querySelector('dialog input[type=date]').max", json!([]));
        pages.browser.pick("Date", last.as_str().expect("a day"));
        pages.browser.click("Create");
        pages.browser.see("What to tell alice");
        pages.browser.click("Done");
        pages.must_be_clean(&[]);
    }
}
