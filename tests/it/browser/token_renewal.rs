//! Access tokens that go on: rotated for as long again, or made anew like one that is there.

use serde_json::{Value, json};

use crate::support::{
    InProcess, Pages,
    exe::PASSWORD,
    site::{DAY, HOUR},
};

const TOKENS: &str = "/api/v0/api_tokens";

fn signed_in(site: &InProcess, user: &str) -> Pages {
    let pages = site.pages();
    pages.set_clock(&site.in_time(0), "UTC");
    pages.sign_in(user, PASSWORD);
    pages
}

/// The server's record of alice's newest access token. Of two that were made in the same moment neither is the newest: chance
/// orders their identifiers.
fn newest(site: &InProcess) -> Value {
    let listed = site.as_local().get(&format!("{TOKENS}?username=alice")).must_be(200).json();
    assert_ne!(listed[0]["createdAt"], listed[1]["createdAt"], "time passes between one and the next");
    listed[0].clone()
}

fn with_pipeline() -> InProcess {
    let site = InProcess::start();
    site.add_person("alice");
    let limits = json!({
        "tokenLabel": "pipeline", "accessLevel": "push", "repositories": ["alice/app", "alice/lib"],
        "expiresAt": site.in_time(30 * DAY),
    });
    site.add_token("alice", &limits);
    site
}

#[test]
fn rotate_offers_the_same_length_of_life_again_and_a_day_of_overlap() {
    let site = with_pipeline();
    site.pass(20 * DAY);
    let pages = signed_in(&site, "alice");
    pages.browser.follow("pipeline");
    pages.browser.click("Rotate");
    pages.browser.see("Renew for another 30 days");
    assert_eq!(pages.browser.value("How long the old secret still works"), DAY.to_string());
    pages.browser.click("Rotate");
    pages.browser.see("New secret for “pipeline”");
    pages.browser.see("The old secret works until 5 February 2026 at 12:00:00 UTC.");
    assert_eq!(newest(&site)["expiresAt"], site.in_time(30 * DAY));
    pages.browser.click("Done");
    pages.browser.follow("pipeline");
    pages.browser.see("The old secret works until 5 February 2026 at 12:00:00 UTC.");
    pages.browser.click("End it now");
    pages.browser.click("Cancel");
    pages.browser.fill("Description", "night build");
    pages.browser.click("End it now");
    pages.browser.click("End it");
    pages.browser.see_no_more("The old secret works until");
    pages.browser.see_no_more("Old secret works");
    assert_eq!(newest(&site)["previousUntil"], Value::Null);
    assert_eq!(pages.browser.value("Description"), "night build", "what was changed and not saved stays");
    pages.browser.click("Rotate");
    pages.browser.see("Rotate without saving?");
    pages.browser.click("Stay");
    assert_eq!(pages.browser.value("Description"), "night build");
    pages.browser.click("Save");
    pages.browser.see("Saved");
    pages.browser.click("Rotate");
    pages.browser.see("Renew for another 30 days");
    pages.browser.click("Cancel");
    assert_eq!(newest(&site)["tokenLabel"], "night build");
    pages.must_be_clean(&[]);
}

#[test]
fn who_does_not_renew_keeps_the_end() {
    let site = with_pipeline();
    let end = newest(&site)["expiresAt"].clone();
    site.pass(HOUR);
    let pages = signed_in(&site, "alice");
    pages.browser.follow("pipeline");
    pages.browser.click("Rotate");
    pages.browser.choose("Renew for another 30 days");
    pages.browser.click("Rotate");
    pages.browser.see("New secret for “pipeline”");
    assert_eq!(newest(&site)["expiresAt"], end);
    pages.browser.click("Done");
    pages.browser.see("pipeline");
    pages.must_be_clean(&[]);
}

#[test]
fn an_expired_one_leads_to_a_new_one_like_it() {
    let site = with_pipeline();
    site.pass(40 * DAY);
    let pages = signed_in(&site, "alice");
    pages.browser.follow("pipeline");
    pages.browser.see("Expired on 14 Feb 2026");
    assert!(!pages.browser.has("choice", "Is active"), "a switch that does nothing");
    assert!(!pages.browser.has("button", "Rotate"));
    pages.browser.click("New one like this");
    pages.browser.arrive("/profile/access-tokens/new?like=");
    pages.browser.see("Taken over from pipeline. Its secret stays as it is.");
    assert_eq!(pages.browser.value("Description"), "pipeline");
    assert_eq!(pages.browser.value("Expires after"), (30 * DAY).to_string());
    pages.browser.see("alice/lib");
    pages.browser.click("Create");
    pages.browser.see("It is not shown again.");
    let made = newest(&site);
    assert_eq!([&made["tokenLabel"], &made["accessLevel"]], [&json!("pipeline"), &json!("push")]);
    assert_eq!(made["repositories"], json!(["alice/app", "alice/lib"]));
    pages.browser.click("Done");
    pages.browser.see("2 access tokens");
    pages.must_be_clean(&[]);
}

#[test]
fn administrators_renew_for_another() {
    let site = with_pipeline();
    site.add_person("root");
    site.as_local().patch("/enzi/v0/accounts/root", &json!({ "isAdmin": true })).must_be(200);
    site.pass(HOUR);
    let pages = signed_in(&site, "root");
    pages.open(&format!("/people/alice/access-tokens/{}", newest(&site)["hashedToken"].as_str().expect("a hash")));
    pages.browser.click("New one like this");
    pages.browser.arrive("/people/alice/access-tokens/new?like=");
    pages.browser.see("It will belong to alice");
    pages.browser.fill("Description", "second");
    pages.browser.click("Create");
    pages.browser.see("It is not shown again.");
    pages.browser.see("--username alice");
    assert_eq!([&newest(&site)["tokenLabel"], &newest(&site)["username"]], [&json!("second"), &json!("alice")]);
    pages.browser.click("Done");
    pages.browser.arrive("/people/alice?tab=tokens");
    pages.must_be_clean(&[]);
}

#[test]
fn changes_of_the_details_are_not_lost_without_a_question() {
    let site = with_pipeline();
    let pages = signed_in(&site, "alice");
    pages.browser.follow("pipeline");
    pages.browser.choose("Is active");
    pages.browser.follow("Repositories");
    pages.browser.see("What you changed is not saved.");
    pages.browser.click("Stay");
    pages.browser.choose("Is active");
    pages.browser.fill("Description", "build");
    pages.browser.click("Save");
    pages.browser.see("Saved");
    // What is saved can be left.
    pages.browser.follow("Repositories");
    pages.browser.arrive("/repositories");
    assert_eq!([&newest(&site)["tokenLabel"], &newest(&site)["isActive"]], [&json!("build"), &json!(true)]);
    pages.must_be_clean(&[]);
}
