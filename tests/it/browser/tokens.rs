//! Access tokens in the web pages, from their making to their end: shown once and never again, changed, replaced, deleted.

use serde_json::{Value, json};

use crate::support::{Website, person::soon};

const LIST: &str = "/profile/access-tokens";
const LABEL: &str = "<img src=x onerror=alert(1)>";

fn tokens(site: &Website) -> Vec<Value> {
    let listed = site.api("alice").get("/api/v0/api_tokens").must_be(200).json();
    listed.as_array().expect("a list").clone()
}

/// Alice's pages with access tokens of these descriptions.
fn with_tokens(labels: &[&str]) -> Website {
    let site = Website::start();
    for label in labels {
        site.api("alice").post("/api/v0/api_tokens", &json!({ "tokenLabel": label })).must_be(200);
    }
    site.sign_in("alice", crate::support::exe::PASSWORD);
    site
}

/// Makes one by the form and gives the secret that is shown.
fn create(site: &Website) -> String {
    site.browser.follow("New access token");
    site.browser.fill("Description", LABEL);
    site.browser.choose("Read-write");
    site.browser.fill("Repositories", "alice/app\u{E007}");
    site.browser.pick("Expires after", "2592000");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    site.browser.value("Access token")
}

#[test]
fn a_secret_is_shown_once_and_is_gone_after_done() {
    let site = Website::start_as("alice");
    let secret = create(&site);
    site.server.http_as("alice", &secret).get("/api/v0/repositories").must_be(200);
    // Not in what is to be pasted into a terminal, which others read: only the host and the name.
    let lines = site.browser.run("return document.querySelector('[role=tabpanel]').textContent", json!([]));
    let lines = lines.as_str().expect("a text");
    assert!(lines.contains("docker login HOST --username alice"), "{lines}");
    assert!(!lines.contains(&secret), "{lines}");
    assert!(!site.kept().contains(&secret));
    site.browser.click("Done");
    site.browser.arrive(LIST);
    site.browser.see(LABEL);
    site.must_not_hold(&secret);
    site.browser.run("history.forward()", json!([]));
    site.browser.see("Replace or remove");
    site.must_not_hold(&secret);
    assert!(!site.browser.has("css", "main img"), "the description is text");
    let made = &tokens(&site)[0];
    assert_eq!([&made["tokenLabel"], &made["accessLevel"]], [&json!(LABEL), &json!("read-write")]);
    assert_eq!(made["repositories"], json!(["alice/app"]));
    assert!(made["expiresAt"].is_string(), "{made}");
    site.must_be_clean(&[]);
}

#[test]
fn who_leaves_a_secret_without_done_is_asked_and_a_reload_does_not_show_it() {
    let site = Website::start_as("alice");
    let secret = create(&site);
    site.browser.follow("Repositories");
    site.browser.see("Leave this page?");
    site.browser.click("Stay");
    assert_eq!(site.browser.value("Access token"), secret);
    site.browser.follow("Repositories");
    site.browser.click("Leave");
    site.browser.arrive("/repositories");
    site.drawn();
    site.must_not_hold(&secret);
    site.browser.back();
    site.browser.arrive(LIST);
    site.browser.see("Replace or remove");
    site.must_not_hold(&secret);
    site.browser.reload();
    site.browser.see("Replace or remove");
    site.must_not_hold(&secret);
    site.must_be_clean(&[]);
}

#[test]
fn an_access_token_is_renamed_switched_off_and_on_and_rotated() {
    let site = with_tokens(&["laptop"]);
    site.browser.follow("View details of laptop");
    site.browser.fill("Description", "old laptop");
    site.browser.choose("Is active");
    site.browser.click("Save");
    soon("it is inactive", || (tokens(&site)[0]["isActive"] == false).then_some(()));
    assert_eq!(tokens(&site)[0]["tokenLabel"], "old laptop");
    site.browser.see("Switch it on to rotate it.");
    assert!(!site.browser.is_enabled("Rotate"));
    site.browser.choose("Is active");
    site.browser.click("Save");
    site.browser.see_no_more("Switch it on to rotate it.");
    let before = tokens(&site)[0]["hashedToken"].clone();
    site.browser.click("Rotate");
    site.browser.see("Rotate this access token?");
    site.browser.pick("How long the old secret still works", "3600");
    site.browser.click_css("dialog .button.primary");
    site.browser.see("New secret for");
    site.browser.see("The old secret works until");
    let secret = site.browser.value("Access token");
    site.server.http_as("alice", &secret).get("/api/v0/session").must_be_one_of(&[200, 401, 403]);
    site.server.http_as("alice", &secret).get("/api/v0/repositories").must_be(200);
    assert_ne!(tokens(&site)[0]["hashedToken"], before);
    site.browser.click("Done");
    site.browser.see("old laptop");
    site.must_not_hold(&secret);
    site.must_be_clean(&[]);
}

#[test]
fn one_that_a_stranger_has_revoked_is_told_until_it_is_deleted() {
    let site = Website::start();
    let made = site.api("alice").post("/api/v0/api_tokens", &json!({ "tokenLabel": "laptop" })).must_be(200);
    let leaked = json!({ "tokens": [made.text("/token")] });
    site.server.http().post("/api/v0/api_tokens/revoke", &leaked).must_be(202);
    site.sign_in("alice", crate::support::exe::PASSWORD);
    site.browser.see("One of your access tokens was revoked by somebody who had its secret.");
    site.browser.see("Replace it where it was used, then delete it.");
    site.browser.follow("View details of laptop");
    site.browser.see("whoever held it ended it for good on ");
    assert!(!site.browser.has("button", "Rotate") && !site.browser.text().contains("Is active"));
    site.browser.click("Delete");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.arrive(LIST);
    site.browser.see_no_more("Replace it where it was used");
    site.must_be_clean(&[]);
}

#[test]
fn deleting_takes_the_typed_word() {
    let site = with_tokens(&["laptop"]);
    site.browser.follow("View details of laptop");
    site.browser.click("Delete");
    site.browser.see("Delete this access token?");
    assert!(!site.browser.is_enabled("OK"), "nothing was typed yet");
    site.browser.add("Type delete to confirm", "delet");
    assert!(!site.browser.is_enabled("OK"));
    site.browser.add("Type delete to confirm", "e");
    assert!(site.browser.is_enabled("OK"));
    site.browser.click("Cancel");
    site.browser.see_no_more("Delete this access token?");
    assert_eq!(tokens(&site).len(), 1);
    site.browser.click("Delete");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.see("Access token deleted");
    site.browser.arrive(LIST);
    assert!(tokens(&site).is_empty());
    site.must_be_clean(&[]);
}

#[test]
fn many_are_deleted_at_once_and_the_others_stay() {
    let site = with_tokens(&["one", "two", "three"]);
    site.browser.click_css("input[aria-label='Select one']");
    site.browser.click_css("input[aria-label='Select two']");
    site.browser.see("2 selected");
    site.browser.click("Delete");
    site.browser.see("Delete 2 access tokens?");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.see("2 access tokens deleted");
    site.browser.see("1 access token");
    let left: Vec<_> = tokens(&site).into_iter().map(|it| it["tokenLabel"].clone()).collect();
    assert_eq!(left, [json!("three")]);
    site.must_be_clean(&[]);
}

#[test]
fn a_clean_up_shows_first_what_it_would_delete() {
    let site = with_tokens(&["one", "two"]);
    site.browser.click("Clean up");
    site.browser.see("No access token would be deleted.");
    let tomorrow = site.browser.run("return new Date(Date.now() + 86400000).toISOString().slice(0, 10)", json!([]));
    site.browser.pick("Not used since", tomorrow.as_str().expect("a date"));
    site.browser.see("2 access tokens would be deleted:");
    assert!(!site.browser.is_enabled("OK"));
    assert_eq!(tokens(&site).len(), 2, "looking deletes nothing");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click("OK");
    site.browser.see("2 access tokens deleted");
    assert!(tokens(&site).is_empty());
    site.must_be_clean(&[]);
}

#[test]
fn search_and_order_stand_in_the_address() {
    let site = with_tokens(&["beta", "alpha", "gamma"]);
    let shown = || {
        let script = "return [...document.querySelectorAll('td.name a')].map((it) => it.textContent)";
        site.browser.run(script, json!([]))
    };
    site.browser.click("Description");
    soon("they are in order", || (shown() == json!(["alpha", "beta", "gamma"])).then_some(()));
    assert_eq!(site.browser.focused(), "Description", "the focus stays");
    site.browser.fill("Search access tokens", "a");
    site.browser.add("Search access tokens", "lp");
    site.browser.see("1 of 3 access tokens");
    site.browser.reload();
    site.browser.see("1 of 3 access tokens");
    assert_eq!(shown(), json!(["alpha"]));
    site.must_be_clean(&[]);
}
