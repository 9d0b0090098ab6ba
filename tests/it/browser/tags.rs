//! Tags in the web pages, with digests and ready lines to copy.

use serde_json::json;

use crate::support::{Website, notify::digest, person::soon};

const TAGS: &str = "/repositories/alice/app?tab=tags";

#[test]
fn tags_are_listed_searched_and_their_digests_copied() {
    let site = Website::with_tags(&[("latest", 1), ("v1", 1), ("v2", 2)]);
    site.open(TAGS);
    site.browser.see("3 tags");
    // As the command line says it: one that was adopted was pushed before.
    site.browser.see("Seen since");
    site.browser.fill("Search tags", "v2");
    site.browser.see("1 of 3 tags");
    site.browser.click("Copy the digest of v2");
    site.copied(&digest(2));
    site.browser.see("Copied");
    site.browser.fill("Search tags", "none-such");
    site.browser.see("Nothing matches this search");
    site.must_be_clean(&[]);
}

#[test]
fn lines_for_a_terminal_are_copied_with_the_registry_that_is_known() {
    let site = Website::with_tags(&[("latest", 1)]);
    site.open("/repositories/alice/app");
    // The host is not known until somebody sets it: it is never that of the pages.
    site.browser.see("docker pull HOST/alice/app:latest");
    site.browser.see("An administrator can set it for everybody.");
    let set = json!({ "registryPublicHost": "images.example.com" });
    site.api("admin").post("/api/v0/meta/settings", &set).must_be(202);
    site.browser.reload();
    site.browser.see("docker pull images.example.com/alice/app:latest");
    assert!(!site.browser.text().contains("HOST"));
    site.browser.click("Copy");
    site.copied("docker login images.example.com --username alice");
    site.must_be_clean(&[]);
}

#[test]
fn deleting_a_tag_without_a_registry_says_why_it_cannot_be() {
    let site = Website::with_tags(&[("latest", 1)]);
    site.open(TAGS);
    site.browser.click_css("input[aria-label='Select latest']");
    site.browser.click("Delete");
    site.browser.see("Delete this tag?");
    site.browser.fill("Type delete to confirm", "delete");
    site.browser.click_css("dialog button[type=submit]");
    soon("the reason", || site.browser.has("css", "dialog [role=alert]").then_some(()));
    site.browser.click("Cancel");
    site.browser.see("1 selected");
    assert_eq!(site.server.tag_names("alice/app"), ["latest"]);
    site.must_be_clean(&[409, 503]);
}
