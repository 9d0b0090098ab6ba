//! Where the web pages end: addresses that are none, and what the first page weighs.

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, person::soon};

const NOTHING: &str = "There is nothing here";
const NO_PAGE: &str = "There is no page at this address.";

/// The status that the document of the page came with.
fn status(site: &Website) -> Value {
    site.browser.run("return performance.getEntriesByType('navigation')[0].responseStatus", json!([]))
}

/// Opens an address that is none, and looks at what is there.
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
        for path in ["/nothing", "/people/alice/and/more", "/repositories/a/b/c/d", "/assets/no/file"] {
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

/// What the page took from the server until now, as (path, bytes with the head of the answer).
fn loaded(site: &Website) -> Vec<(String, u64)> {
    let script = "return ['navigation', 'resource'].flatMap((kind) => performance.getEntriesByType(kind)) \
        .map((it) => [new URL(it.name).pathname, it.transferSize])";
    let entries = site.browser.run(script, json!([]));
    let read = |entry: &Value| (entry[0].as_str().expect("a path").to_owned(), entry[1].as_u64().expect("bytes"));
    entries.as_array().expect("a list").iter().map(read).collect()
}

#[test]
fn the_first_page_is_light() {
    let site = Website::start();
    site.open("/sign-in");
    soon("the fields are there", || site.browser.has("field", "User name").then_some(()));
    let loaded = loaded(&site);
    for path in ["/sign-in", "/assets/app.css", "/assets/app.js", "/assets/page-sign-in.js", "/api/v0/session"] {
        let bytes = loaded.iter().find(|(name, _)| name == path).map(|(_, bytes)| *bytes);
        assert!(bytes.is_some_and(|bytes| bytes > 100), "{path} was not weighed: {loaded:?}");
    }
    let bytes: u64 = loaded.iter().map(|(_, bytes)| bytes).sum();
    assert!(bytes < 100_000, "{bytes} bytes: {loaded:?}");
    let pages = loaded.iter().filter(|(name, _)| name.starts_with("/assets/page-")).count();
    assert_eq!(pages, 1, "the modules of other pages wait until they are opened: {loaded:?}");
    site.must_be_clean(&[]);
}
