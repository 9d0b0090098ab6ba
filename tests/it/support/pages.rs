//! The web pages in a real browser: the steps of a person, and what must hold after each story: a quiet console, no
//! breach of the Content-Security-Policy, and no request to any other host. A story that does not end with that check
//! fails.

use std::{cell::Cell, thread};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{InProcess, browser::Browser, exe::PASSWORD, person::soon, site::account_path};

/// What the browser itself writes to the console when the server refuses a request.
const REFUSED: &str = "the server responded with a status of ";

/// Schemes of addresses inside the page or the browser, which need no request.
const INNER: [&str; 5] = ["data:", "blob:", "about:", "chrome:", "chrome-untrusted:"];

/// A browser, and the server whose pages it is for.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) browser: Browser,
    host: String,
    /// How many commands the browser had received when the noise was last checked.
    looked_at: Cell<u64>,
}

impl Pages {
    /// A browser that has loaded nothing yet, for the pages of `host:port`.
    pub(crate) fn of(host: &str) -> Self {
        let browser = Browser::start();
        let looked_at = Cell::new(browser.asked());
        Self { browser, host: host.to_owned(), looked_at }
    }

    /// The address of a page.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        let is_looked_at = self.looked_at.get() == self.browser.asked();
        assert!(is_looked_at || thread::panicking(), "the test does not end with a look at the noise (must_be_clean)");
    }
}

/// A server in this process with pages.
impl InProcess {
    /// A user who has set the password of the tests themselves, so that the pages do not ask for a new one.
    pub(crate) fn add_person(&self, name: &str) {
        let first = "a-password-from-admin";
        self.as_local().post("/enzi/v0/accounts", &json!({ "name": name, "password": first })).must_be(201);
        let own = json!({ "oldPassword": first, "newPassword": PASSWORD });
        self.with(name, first).post(&format!("{}/changePassword", account_path(name)), &own).must_be(200);
    }

    /// A browser for its pages.
    pub(crate) fn pages(&self) -> Pages {
        Pages::of(&self.address().to_string())
    }
}

/// Preparations before a story.
impl Pages {
    /// Pages that are opened from now on have a clock that begins at this moment, in this time zone.
    pub(crate) fn set_clock(&self, time: &str, zone: &str) {
        let source = format!(
            "{{ const Real = Date; const ahead = Real.parse('{time}') - Real.now(); \
             globalThis.Date = class extends Real {{ \
             constructor(...given) {{ if (given.length) super(...given); else super(Real.now() + ahead); }} \
             static now() {{ return Real.now() + ahead; }} }}; }}"
        );
        self.browser.cdp("Page.addScriptToEvaluateOnNewDocument", json!({ "source": source }));
        self.set_zone(zone);
    }

    /// Sets the person's time zone, such as `Asia/Tokyo`.
    pub(crate) fn set_zone(&self, zone: &str) {
        self.browser.cdp("Emulation.setTimezoneOverride", json!({ "timezoneId": zone }));
    }

    /// A new directory, which gets the downloads from now on.
    pub(crate) fn downloads(&self) -> TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let parameters = json!({ "behavior": "allow", "downloadPath": directory.path() });
        self.browser.cdp("Browser.setDownloadBehavior", parameters);
        directory
    }
}

/// What a person does.
impl Pages {
    /// Opens a page and waits until it is drawn.
    pub(crate) fn open(&self, path: &str) {
        self.browser.open(&self.address(path));
        self.drawn();
    }

    /// Waits until a page is drawn.
    pub(crate) fn drawn(&self) {
        soon("a page is drawn", || self.browser.has("css", "main h1").then_some(()));
    }

    /// Fills in the sign-in page and submits it.
    pub(crate) fn try_sign_in(&self, user: &str, secret: &str) {
        self.browser.fill("User name", user);
        self.browser.fill("Password or access token", secret);
        self.browser.click("Sign in");
    }

    /// Opens the sign-in page and signs in.
    pub(crate) fn sign_in(&self, user: &str, secret: &str) {
        self.open("/sign-in");
        self.try_sign_in(user, secret);
        self.browser.arrive("/profile");
        // The address changes first: until the new page has its data, the one before stays, with a heading of its own.
        self.browser.see_no_more("Password or access token");
        self.drawn();
    }

    /// Signs out with the menu.
    pub(crate) fn sign_out(&self, user: &str) {
        self.browser.click(user);
        self.browser.click("Sign out");
        self.browser.arrive("/sign-in");
    }
}

/// What another tab of the same person does.
impl Pages {
    /// Signs out in a new tab, and waits in this one until it has noticed.
    pub(crate) fn sign_out_in_another_tab(&self, user: &str) {
        let here = self.browser.tab();
        let other = self.browser.new_tab();
        self.browser.switch(&other);
        self.open("/repositories");
        self.sign_out(user);
        self.browser.switch(&here);
        self.browser.arrive("/sign-in");
    }
}

/// What must hold.
impl Pages {
    /// Stops the test unless the console has only refusals that the story expects, and no request went to another
    /// host.
    pub(crate) fn must_be_clean(&self, expected: &[u16]) {
        self.must_be_clean_but_for(expected, &[]);
    }

    /// Like `must_be_clean`, for a story that may ask other hosts, too.
    pub(crate) fn must_be_clean_but_for(&self, expected: &[u16], hosts: &[&str]) {
        let (said, foreign) = self.noise(expected, hosts);
        assert!(said.is_empty(), "the console says: {}", json!(said));
        assert!(foreign.is_empty(), "requests to others: {foreign:?}");
    }

    /// Everything that the browser stores for the pages.
    pub(crate) fn kept(&self) -> String {
        let script =
            "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, document.cookie])";
        self.browser.run(script, json!([])).as_str().expect("a text").to_owned()
    }

    /// Stops the test if the page, its address or the browser's storage contains a secret.
    pub(crate) fn must_not_hold(&self, secret: &str) {
        assert!(!self.browser.source().contains(secret), "the page still holds the secret");
        assert!(!self.kept().contains(secret), "the browser keeps the secret");
        assert!(!self.browser.url().contains(secret), "the address holds the secret");
    }

    /// What the console says beyond the expected refusals, and the requested addresses of other hosts.
    pub(crate) fn noise(&self, expected: &[u16], hosts: &[&str]) -> (Vec<Value>, Vec<String>) {
        let is_expected = |entry: &Value| {
            let message = entry["message"].as_str().unwrap_or_default();
            let is_status = |status: &u16| message.contains(&format!("{REFUSED}{status}"));
            entry["source"] == "network" && expected.iter().any(is_status)
        };
        let said = self.browser.log("browser").into_iter().filter(|entry| !is_expected(entry)).collect();
        let hosts = [&[self.host.as_str()], hosts].concat();
        let is_foreign = |url: &String| !hosts.iter().any(|host| is_at(url, host));
        let foreign = self.requests().into_iter().filter(is_foreign).collect();
        self.looked_at.set(self.browser.asked());
        (said, foreign)
    }

    /// Chromium's `DevTools` messages about the network since the last call, each with `method` and `params`.
    pub(crate) fn traffic(&self) -> Vec<Value> {
        let entries = self.browser.log("performance");
        let messages = entries.iter().map(|entry| {
            let text = entry["message"].as_str().expect("a message");
            serde_json::from_str::<Value>(text).expect("JSON")["message"].take()
        });
        messages.collect()
    }

    /// The addresses that were requested since the last call.
    fn requests(&self) -> Vec<String> {
        let messages = self.traffic();
        let sent = messages.iter().filter(|message| message["method"] == "Network.requestWillBeSent");
        let urls = sent.map(|message| message["params"]["request"]["url"].as_str().expect("an address").to_owned());
        urls.filter(|url| !INNER.iter().any(|scheme| url.starts_with(scheme))).collect()
    }
}

fn is_at(url: &str, host: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| rest.split('/').next() == Some(host))
}
