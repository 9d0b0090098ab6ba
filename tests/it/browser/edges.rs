//! Where the web pages end: unknown addresses.

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD};

const NOTHING: &str = "There is nothing here";
const NO_PAGE: &str = "There is no page at this address.";

/// The status that the document of the page came with.
fn status(site: &Website) -> Value {
    site.browser.run("return performance.getEntriesByType('navigation')[0].responseStatus", json!([]))
}

/// Opens an unknown address, and looks at what is there.
fn open_nothing(site: &Website, path: &str) {
    site.open(path);
    site.browser.see(NOTHING);
    site.browser.see(NO_PAGE);
    assert_eq!(site.browser.url(), site.address(path), "the address stays, so that it can be mended");
    assert_eq!(status(site), 404);
    assert_eq!(site.browser.run("return document.title", json!([])), "There is nothing here · dockpass");
}

#[test]
fn an_address_that_is_none_says_so_to_everybody_and_leads_on() {
    let site = Website::start();
    let mut faults = Vec::new();
    open_nothing(&site, "/nothing");
    assert!(!site.browser.has("css", "#nav"), "a stranger has no places");
    faults.extend(site.look_at("nothing"));
    site.browser.follow("Access tokens");
    site.browser.arrive("/sign-in");
    for (who, place) in [("alice", "Organizations"), ("admin", "Registry")] {
        site.sign_in(who, PASSWORD);
        for path in ["/nothing", "/people/alice/and/more", "/repositories/a/b/c/d", "/assets/no/such/file/here"] {
            open_nothing(&site, path);
            assert!(site.browser.has("link", place), "the places are there");
        }
        faults.extend(site.look_at(&format!("{who}-nothing")));
        site.browser.follow("Access tokens");
        site.browser.arrive("/profile/access-tokens");
        site.browser.see("New access token");
        site.browser.back();
        site.browser.see(NO_PAGE);
        site.sign_out(who);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    site.must_be_clean(&[404]);
}

#[test]
fn a_page_that_is_one_comes_with_200() {
    let site = Website::start_as("admin");
    for path in ["/profile/access-tokens", "/people/", "/repositories/nobody/nothing"] {
        site.open(path);
        assert_eq!(status(&site), 200, "{path}");
    }
    site.must_be_clean(&[404]);
}
