//! The document of the web pages: where it is served, and what a browser gets where there is no page.

use crate::support::{
    InProcess,
    http::Answer,
    site::{Caller, PAGE},
};

/// What browsers accept when a person opens an address.
const ACCEPTED: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// Somebody who opens addresses in a browser of today, and in one that says nothing of what it does.
fn browsers(site: &InProcess) -> [Caller; 2] {
    let older = site.as_nobody().header("Accept", ACCEPTED);
    [older.header("Sec-Fetch-Mode", "navigate"), older]
}

/// Clients: what they accept, and a page's script that asks for data.
fn clients(site: &InProcess) -> [Caller; 4] {
    let nobody = site.as_nobody();
    [
        nobody.clone(),
        nobody.header("Accept", "*/*"),
        nobody.header("Accept", "application/json"),
        nobody.header("Accept", ACCEPTED).header("Sec-Fetch-Mode", "cors"),
    ]
}

const HEADERS: [&str; 3] = ["content-type", "content-security-policy", "x-content-type-options"];

/// Stops the test unless it is the document of the pages, with the headers of a page.
fn must_be_the_page(answer: &Answer, page: &Answer) {
    assert_eq!(answer.body, page.body, "{}", answer.describe());
    for name in HEADERS {
        assert_eq!(answer.header(name), page.header(name), "{name}: {}", answer.describe());
    }
    assert_eq!(answer.header("content-type"), Some(PAGE));
}

#[test]
fn a_browser_gets_the_page_at_a_path_that_is_none_with_its_status() {
    let site = InProcess::start();
    // The documents of pages name the modules of their pages as well; that of no page is this.
    let page = browsers(&site)[0].get("/nothing/at/all").must_be(404);
    for path in
        ["/nothing", "/nothing/", "/a/b/c/d/e", "/people/alice/tokens", "/apiary", "/v20", "/assets/a/b/c/d", "//x"]
    {
        for browser in browsers(&site) {
            let answer = browser.get(path).must_be(404);
            must_be_the_page(&answer, &page);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "the path may become one");
            assert_eq!(answer.header("etag"), None);
            let again = browser.header("If-None-Match", "*").get(path);
            again.must_be(404);
            let head = browser.send("HEAD", path, b"").must_be(404);
            assert_eq!((head.header("content-type"), head.body.as_str()), (Some(PAGE), ""));
        }
    }
    for browser in browsers(&site) {
        must_be_the_page(&browser.get("/no%2Fthing").must_be(400), &page);
    }
}

#[test]
fn clients_get_the_envelope_at_a_path_that_is_none() {
    let site = InProcess::start();
    for client in clients(&site) {
        client.get("/nothing").must_be_refused(404, "NOT_FOUND");
        client.get("/no%2Fthing").must_be_refused(400, "INVALID_PARAMETERS");
    }
}

#[test]
fn what_only_clients_ask_for_answers_browsers_as_clients() {
    let site = InProcess::start();
    for start in ["/api", "/enzi", "/v1", "/v2", "/auth"] {
        for path in [format!("{start}/no/such/path"), format!("{start}/v9"), format!("{start}/no%2Fthing")] {
            for browser in browsers(&site) {
                let answer = browser.get(&path).must_be_one_of(&[400, 401, 404]);
                assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.describe());
                assert!(!answer.code().is_empty());
            }
        }
    }
    for browser in browsers(&site) {
        browser.get("/api").must_be_refused(404, "NOT_FOUND");
        browser.get(&site.asset("nothing.js")).must_be_refused(404, "NOT_FOUND");
        browser.get(&site.asset("lib/nothing.js")).must_be_refused(404, "NOT_FOUND");
    }
}

#[test]
fn who_looks_for_images_is_told_where_they_are() {
    let site = InProcess::start();
    let pull = site.as_nobody().get("/v2/alice/app/manifests/latest").must_be_refused(404, "NOT_FOUND");
    let push = site.as_nobody().send("POST", "/v2/alice/app/blobs/uploads/", b"").must_be_refused(404, "NOT_FOUND");
    for answer in [pull, push] {
        assert!(answer.body.contains("dockpass holds no images"), "{}", answer.describe());
    }
}

#[test]
fn what_is_not_opened_but_sent_is_no_page() {
    let site = InProcess::start();
    for browser in browsers(&site) {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            browser.send(method, "/nothing", b"").must_be_refused(404, "NOT_FOUND");
            browser.send(method, "/people", b"").must_be_refused(405, "NOT_ALLOWED");
        }
    }
}
