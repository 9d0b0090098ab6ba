//! Small things that somebody depends on: a focus that is seen, a word that is heard, a phone's few lines.

use serde_json::json;

use crate::support::{Website, person::TAB, person::soon};

#[test]
fn every_stop_of_the_keyboard_on_a_secret_is_seen() {
    let site = Website::start_as("alice");
    site.open("/profile/access-tokens/new");
    site.browser.fill("Description", "laptop");
    site.browser.choose("Push");
    site.browser.click("Create");
    site.browser.see("It is not shown again.");
    let script = "const it = document.activeElement; const { outlineStyle, outlineWidth } = getComputedStyle(it); \
        return [it.outerHTML.slice(0, 80), it === document.body || outlineStyle !== 'none' && outlineWidth !== '0px']";
    // After the last one comes the browser itself, then the first one.
    let mut stops = Vec::new();
    for _ in 0..30 {
        site.browser.press(TAB);
        let stop = site.browser.run(script, json!([]));
        assert_eq!(stop[1], json!(true), "no outline: {}", stop[0]);
        stops.push(site.browser.focused());
    }
    for stop in ["Access token", "docker", "Lines to copy", "Done"] {
        assert!(stops.iter().any(|it| it == stop), "{stop:?} is not among {stops:?}");
    }
    site.must_be_clean(&[]);
}

#[test]
fn who_does_not_see_hears_that_a_digest_was_copied() {
    let site = Website::start_as("alice");
    site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
    site.push("alice/app", &[("v1", 1)]);
    site.open("/repositories/alice/app?tab=tags");
    site.browser.click("Copy the digest of v1");
    // By what a screen reader is given: the name of the button, and that its change is told.
    soon("its name says so", || {
        let tree = site.browser.cdp("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array()?;
        let told = nodes
            .iter()
            .find(|node| node["role"]["value"] == "button" && node["name"]["value"] == "Copied the digest of v1")?;
        told["properties"]
            .as_array()?
            .iter()
            .any(|it| it["name"] == "live" && it["value"]["value"] == "polite")
            .then_some(())
    });
    soon("it is as before", || site.browser.has("button", "Copy the digest of v1").then_some(()));
    site.must_be_clean(&[]);
}

#[test]
fn on_a_phone_the_filter_of_the_audit_log_is_folded_until_something_is_set() {
    let site = Website::start_as("admin");
    site.look("light", 390);
    let is_open = |path: &str| {
        site.open(path);
        site.browser.see("Filter");
        site.browser.has("field", "Actor")
    };
    assert!(!is_open("/audit"));
    assert!(is_open("/audit?actor=admin"));
    site.look("light", 1280);
    assert!(is_open("/audit"));
    // A window that is made narrow afterwards is no other phone.
    site.look("light", 390);
    soon("it is folded", || (!site.browser.has("field", "Actor")).then_some(()));
    site.must_be_clean(&[]);
}

#[test]
fn the_end_of_a_session_is_told_in_plain_words() {
    let site = Website::start_as("alice");
    site.open("/profile");
    site.browser.see("in 12 hours, unless you use it");
    site.must_be_clean(&[]);
}
