//! What the web pages cost a slow line.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::support::{
    Pages, Website,
    exe::PASSWORD,
    filled::{PERSON, filled, pages_as},
    person::soon,
};

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

/// In every page that is opened from now on: holds the answers of the API back, and notes what has been asked for when the
/// heading is drawn.
const HELD: &str = "\
    const real = fetch; const asked = (globalThis.asked = []); \
    const go = new Promise((resolve) => (globalThis.letGo = resolve)); \
    globalThis.fetch = async (address, given) => { \
      asked.push(new URL(address).pathname); \
      const answer = await real(address, given); await go; return answer; }; \
    new MutationObserver((_, it) => { \
      if (!document.querySelector('h1')) return; \
      globalThis.untilHeading = [...asked]; it.disconnect(); }).observe(document, { childList: true, subtree: true });";

/// Reloads the page: what it asks the API for without any answer, and what until the heading is there.
fn reloaded(pages: &Pages, path: &str, first: usize) -> [Vec<String>; 2] {
    pages.open(path);
    let added = pages.browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": HELD }));
    pages.browser.run("location.reload()", json!([]));
    let names = |script: &str| -> Vec<String> {
        serde_json::from_value(pages.browser.run(script, json!([]))).unwrap_or_default()
    };
    let at_once = soon(&format!("{path} asks for {first} things at once"), || {
        Some(names("return globalThis.asked ?? []")).filter(|asked| asked.len() >= first)
    });
    assert_eq!(
        names("return globalThis.untilHeading ?? []"),
        Vec::<String>::new(),
        "{path}: the answers were held back"
    );
    pages.browser.run("letGo()", json!([]));
    pages.drawn();
    let until_heading = names("return untilHeading");
    pages.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", added);
    [at_once, until_heading]
}

/// At 300 ms a journey: one for the document, one for all answers.
#[test]
fn a_reload_draws_its_heading_after_four_requests_of_which_none_waits_for_another() {
    let site = filled();
    let pages = pages_as(&site, PERSON);
    let session = "/api/v0/session".to_owned();
    for (path, first) in [
        ("/profile", 1),
        ("/profile/access-tokens", 2),
        ("/repositories", 2),
        ("/repositories/acme/shop", 2),
        ("/repositories/acme/shop?tab=tags", 2),
        ("/organizations", 2),
        ("/organizations/acme", 2),
    ] {
        let [at_once, until_heading] = reloaded(&pages, path, first);
        assert!(at_once.contains(&session), "{path}: {at_once:?}");
        assert!(until_heading.len() <= 3, "{path}: {until_heading:?} and the document");
        // The scripts and styles are there: the browser does not even ask whether there are others.
        let sent = "return performance.getEntriesByType('resource').filter((it) => it.name.includes('/assets/') && it.transferSize > 0).map((it) => it.name)";
        assert_eq!(pages.browser.run(sent, json!([])), json!([]), "{path}");
    }
    pages.must_be_clean(&[]);
}

#[test]
fn a_page_that_was_begun_for_another_is_never_shown() {
    let site = Website::start_as("alice");
    site.open("/profile");
    site.browser.see("alice");
    // Meanwhile somebody else signs in with this browser: the tab does not know yet.
    let script = "const [name, password, done] = arguments; fetch('/api/v0/session', { method: 'POST', \
        headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ username: name, password }) }).then((it) => done(it.status))";
    assert_eq!(site.browser.run_async(script, json!(["admin", PASSWORD])), 200);
    let watch = "new MutationObserver(() => { if (document.querySelector('main')?.textContent.includes('alice')) globalThis.sawAlice = true; }) \
        .observe(document, { childList: true, subtree: true });";
    site.browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch }));
    site.browser.reload();
    site.browser.see("People");
    site.drawn();
    assert_eq!(site.browser.run("return globalThis.sawAlice ?? false", json!([])), false);
    site.must_be_clean(&[]);
}
