//! Narrowed access tokens, made with the web pages: the server has the limits that were chosen, and applies them.

use dockpass::domain::time::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    Website,
    exe::PASSWORD,
    person::{DOWN, ENTER, soon},
    site::{DAY, MINUTE},
};

const NEW: &str = "/profile/access-tokens/new";
const TOKENS: &str = "/api/v0/api_tokens";

/// Alice, who has two repositories, before the form.
fn before_the_form() -> Website {
    let site = Website::start();
    for name in ["app", "lib"] {
        site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": name })).must_be(201);
    }
    site.sign_in("alice", PASSWORD);
    site.open(NEW);
    site
}

/// Sends the form and gives the secret.
fn create(site: &Website) -> String {
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    site.browser.value("Access token")
}

/// The server's record of the access token with this description, the only one that has it.
fn record(site: &Website, label: &str) -> Value {
    let listed = site.api("alice").get(TOKENS).must_be(200).json();
    let mut found: Vec<_> = listed.as_array().expect("a list").iter().filter(|it| it["tokenLabel"] == label).collect();
    assert_eq!(found.len(), 1, "{label} in {listed}");
    found.remove(0).clone()
}

fn time(record: &Value, field: &str) -> Timestamp {
    Timestamp::parse(record[field].as_str().unwrap_or_else(|| panic!("no {field} in {record}"))).expect("a time")
}

/// The access token lives for so long, less at most a minute, which passes between the choice and the making.
fn must_live_for(record: &Value, seconds: i64) {
    let (made, end) = (time(record, "createdAt"), time(record, "expiresAt"));
    let range = made.plus_seconds(seconds - MINUTE)..=made.plus_seconds(seconds + 1);
    assert!(range.contains(&end), "not {seconds} s: {record}");
}

#[test]
fn access_and_repositories_are_what_was_chosen_and_all_that_it_can() {
    let site = before_the_form();
    let browser = &site.browser;
    browser.fill("Description", "pipeline");
    browser.choose("Read-only");
    browser.fill("Repositories", "alice/a");
    browser.take("alice/app");
    // By the keyboard: all of a namespace comes first.
    browser.add("Repositories", "lib");
    soon("a suggestion", || browser.has("suggestion", "alice/lib").then_some(()));
    browser.press(DOWN);
    browser.press(ENTER);
    browser.click("Remove alice/lib");
    browser.add("Repositories", &format!("Acme{ENTER}"));
    browser.see("“Acme” is no repository.");
    assert_eq!(browser.value("Repositories"), "Acme", "what is wrong stays to be corrected");
    browser.fill("Repositories", &format!("acme/tools/*{ENTER}"));
    browser.see("“acme/tools/*” is no repository.");
    // What was not added yet counts, too.
    browser.fill("Repositories", "acme/*");
    let secret = create(&site);
    let made = record(&site, "pipeline");
    assert_eq!(made["accessLevel"], "read-only");
    assert_eq!(made["repositories"], json!(["alice/app", "acme/*"]));
    let its = site.server.http_as("alice", &secret);
    its.get("/api/v0/repositories/alice/app").must_be(200);
    its.get("/api/v0/repositories/alice/lib").must_be(404);
    its.patch("/api/v0/repositories/alice/app", &json!({ "visibility": "public" })).must_be(403);
    its.post(TOKENS, &json!({ "tokenLabel": "another" })).must_be(403);
    browser.click("Done");
    let row = soon("its row", || browser.rows("access tokens").into_iter().find(|row| row[1].starts_with("pipeline")));
    assert!(row.iter().any(|cell| cell.contains("Read-only") && cell.contains("alice/app and 1 more")), "{row:?}");
    browser.follow("pipeline");
    browser.see("Read-only: views and pulls");
    browser.see("acme/*");
    site.must_be_clean(&[]);
}

#[test]
fn push_is_offered_for_access_tokens_and_for_no_grant() {
    let site = before_the_form();
    let browser = &site.browser;
    browser.fill("Description", "build");
    browser.see("Pulls and pushes, deletes nothing");
    browser.choose("Push");
    let secret = create(&site);
    assert_eq!(record(&site, "build")["accessLevel"], "push");
    let its = site.server.http_as("alice", &secret);
    assert_eq!(its.get("/api/v0/repositories/alice/app").must_be(200).json()["accessLevel"], "push");
    its.delete("/api/v0/repositories/alice/app/tags/v1").must_be(403);
    browser.click("Done");
    let row = soon("its row", || browser.rows("access tokens").into_iter().find(|row| row[1].starts_with("build")));
    assert!(row.iter().any(|cell| cell.contains("Push")), "{row:?}");
    browser.follow("build");
    browser.see("Push: pulls and pushes, deletes nothing");
    site.open("/repositories/alice/app?tab=access");
    browser.click("Give access");
    browser.see("Also push, and delete tags");
    assert!(!browser.has("css", "dialog input[value=push]"));
    site.must_be_clean(&[]);
}

#[test]
fn all_of_a_namespace_is_suggested_and_reaches_what_comes_later() {
    let site = before_the_form();
    site.browser.fill("Description", "deploy");
    site.browser.choose("Read-write");
    site.browser.fill("Repositories", "alice");
    site.browser.take("alice/*");
    let secret = create(&site);
    site.browser.click("Done");
    site.browser.see("deploy");
    assert_eq!(record(&site, "deploy")["repositories"], json!(["alice/*"]));
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "deep/later" })).must_be(201);
    let its = site.server.http_as("alice", &secret);
    let seen = its.get("/api/v0/repositories/alice/deep%2Flater").must_be(200).json();
    assert_eq!(seen["accessLevel"], "read-write");
    site.must_be_clean(&[]);
}

#[test]
fn it_ends_when_the_form_says() {
    let site = before_the_form();
    let browser = &site.browser;
    // A day ends there five hours after it ends in Greenwich.
    site.set_zone("America/New_York");
    let new = |label: &str, choice: &str| {
        site.open(NEW);
        browser.fill("Description", label);
        browser.choose("Push");
        browser.pick("Expires after", choice);
    };
    let finish = || {
        create(&site);
        browser.click("Done");
        browser.see("New access token");
    };
    site.open(NEW);
    browser.fill("Description", "usual");
    browser.choose("Push");
    finish();
    must_live_for(&record(&site, "usual"), 90 * DAY);
    new("week", "604800");
    finish();
    must_live_for(&record(&site, "week"), 7 * DAY);
    new("date", "date");
    browser.click("Create");
    browser.see("Choose a date.");
    browser.pick("Date", "2031-03-04");
    finish();
    assert_eq!(record(&site, "date")["expiresAt"], "2031-03-05T04:59:59Z");
    browser.see("4 Mar 2031");
    new("never", "never");
    browser.see("It works until somebody ends it.");
    finish();
    assert_eq!(record(&site, "never")["expiresAt"], Value::Null);
    let is_endless = |row: &Vec<String>| row[1].starts_with("never") && row[4].starts_with("never");
    soon("it is listed without an end", || browser.rows("access tokens").iter().any(is_endless).then_some(()));
    site.must_be_clean(&[]);
}

#[test]
fn where_the_site_forbids_never_it_is_not_offered() {
    let site = Website::start_as("alice");
    site.open(NEW);
    let words = site.browser.options("Expires after");
    assert_eq!([&words[0], &words[words.len() - 1]], ["7 days", "Never"], "{words:?}");
    let settings = json!({ "tokenMaxLifetime": 30 * DAY, "tokenDefaultLifetime": 10 * DAY });
    site.api("admin").post("/api/v0/meta/settings", &settings).must_be_one_of(&[200, 202]);
    site.browser.reload();
    site.browser.see("At most 30 days.");
    assert_eq!(site.browser.options("Expires after"), ["7 days", "10 days", "30 days", "On a date"]);
    assert_eq!(site.browser.value("Expires after"), "864000", "what the site has as its usual");
    site.browser.fill("Description", "short");
    site.browser.choose("Push");
    site.browser.pick("Expires after", "date");
    site.browser.pick("Date", "2099-01-01");
    site.browser.click("Create");
    soon("the date is refused beside its field", || {
        site.browser.has("css", "input[name=date][aria-invalid=true]").then_some(())
    });
    assert_eq!(site.browser.value("Description"), "short", "nothing typed is lost");
    site.browser.pick("Expires after", "2592000");
    create(&site);
    must_live_for(&record(&site, "short"), 30 * DAY);
    site.browser.click("Done");
    site.browser.see("short");
    site.must_be_clean(&[400, 401]);
}
