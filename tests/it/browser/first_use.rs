//! The first use of a new secret, told live beside it.

use crate::support::{Clients, Website, person::soon};

const WAITING: &str = "Waiting for the first use …";

/// Alice's new secret, with the clock of what is asked later in the hands of the test.
fn with_secret() -> (Website, String) {
    let site = Website::start_as("alice");
    site.open("/profile/access-tokens/new");
    site.browser.choose("My computer");
    site.hold_timers(2_000);
    site.browser.click("Create");
    site.browser.see(WAITING);
    let secret = site.browser.value("Access token");
    (site, secret)
}

/// Lets the pause before the next question pass, once the page waits for it.
fn asked(site: &Website) {
    soon("the next question is waited for", || (site.timers() >= 1).then_some(()));
    site.pass_time();
}

/// Lets one pause after the other pass until this is told. After the use there is no further one.
fn until_told(site: &Website, text: &str) {
    soon(text, || {
        site.pass_time();
        site.browser.text().contains(text).then_some(())
    });
}

#[test]
fn a_real_docker_login_is_told_at_once() {
    let (site, secret) = with_secret();
    asked(&site);
    site.browser.see(WAITING);
    Clients::new().docker_login(&site.server.address, "alice", &secret).must_succeed();
    until_told(&site, "Used just now from 127.0.0.1.");
    assert!(!site.browser.text().contains(WAITING));
    assert_eq!(site.timers(), 0, "it asks no more");
    assert_eq!(site.browser.value("Access token"), secret, "it is still to be copied");
    site.browser.click("Done");
    site.must_be_clean(&[]);
}

#[test]
fn a_use_that_was_refused_is_told_with_its_reason() {
    let (site, secret) = with_secret();
    site.server.http_as("admin", &secret).get("/api/v0/repositories").must_be(401);
    // What was refused is written within half a minute, or at once for an administrator who asks for it: here time passes faster.
    site.api("admin").get("/api/v0/audit?pageSize=1").must_be(200);
    let reason = "the access token belongs to another user than was named.";
    until_told(&site, &format!("{WAITING} Refused just now from 127.0.0.1: {reason}"));
    site.browser.click("Done");
    site.must_be_clean(&[]);
}

#[test]
fn who_leaves_is_not_waited_for() {
    let (site, _) = with_secret();
    site.hold_answers("GET", "/api_tokens/");
    asked(&site);
    site.held(1);
    site.browser.click("Done");
    site.browser.see("1 access token");
    site.let_go();
    assert!(!site.browser.text().contains(WAITING));
    assert!(site.browser.url().ends_with("/profile/access-tokens"), "{}", site.browser.url());
    site.must_be_clean(&[]);
}

#[test]
fn a_session_that_ends_takes_no_secret_away() {
    let (site, secret) = with_secret();
    site.end_sessions("alice");
    asked(&site);
    site.browser.see("Whether it was used is not known: your session ended.");
    assert_eq!(site.browser.value("Access token"), secret);
    assert!(site.browser.has("button", "Look again"));
    site.must_be_clean(&[401]);
}
