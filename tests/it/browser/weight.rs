//! What the web pages cost a slow line.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{Website, exe::PASSWORD, person::soon};

/// What came over the line: bytes, heads included, and answers.
#[derive(Default)]
struct Received {
    bytes: f64,
    answers: usize,
    /// Ids of the requests to the server. Chromium has pages of its own, which come from itself.
    asked: HashSet<String>,
}

impl Received {
    /// Adds what was told of since; how many answers.
    fn read_on(&mut self, site: &Website) -> usize {
        let before = self.answers;
        for message in site.traffic() {
            let (method, params) = (message["method"].as_str().unwrap_or_default(), &message["params"]);
            let id = || params["requestId"].as_str().expect("an id").to_owned();
            let to = |url: &Value| url.as_str().is_some_and(|url| url.starts_with(&site.address("/")));
            if method == "Network.requestWillBeSent" && to(&params["request"]["url"]) {
                self.asked.insert(id());
            } else if method == "Network.loadingFinished" && self.asked.contains(&id()) {
                self.bytes += params["encodedDataLength"].as_f64().expect("a size");
                self.answers += 1;
            }
        }
        self.answers - before
    }

    /// All of a page that is being loaded: until the browser asks for nothing more.
    fn all(site: &Website) -> Self {
        let mut received = Self::default();
        soon("nothing more comes", || {
            let is_loaded = site.browser.run("return document.readyState", json!([])) == "complete";
            (received.read_on(site) == 0 && is_loaded && received.answers > 0).then_some(())
        });
        received
    }
}

#[test]
fn the_first_page_comes_quickly_over_a_slow_line() {
    let site = Website::start();
    site.open("/sign-in");
    let first = Received::all(&site);
    assert!(first.answers > 10, "the page, its style and its modules: only {} answers were seen", first.answers);
    assert!(first.bytes < 60_000.0, "the first page takes {} bytes in {} answers", first.bytes, first.answers);
    let script = "return performance.getEntriesByType('resource').filter((it) => /\\/page[.-]/.test(it.name)).length";
    assert_eq!(site.browser.run(script, json!([])), 1, "the modules of other pages wait until they are opened");
    // What is known already is asked for, and not sent again.
    site.browser.reload();
    site.drawn();
    let again = Received::all(&site);
    assert!(again.bytes < first.bytes / 3.0, "{} bytes at first, then {}", first.bytes, again.bytes);
    site.try_sign_in("alice", PASSWORD);
    site.browser.see("New access token");
    let signed_in = Received::all(&site);
    assert!(signed_in.answers > 5, "the modules of the list: only {} answers were seen", signed_in.answers);
    assert!(signed_in.bytes < 60_000.0, "{} bytes in {} answers", signed_in.bytes, signed_in.answers);
    site.must_be_clean(&[]);
}
