//! The web pages of a real server in a real browser, the people that the tests have, and what must hold after each story:
//! a quiet console, no breach of the page's own policy, and no request to any other host.

use std::fs;

use serde_json::{Value, json};

use super::{
    browser::Browser,
    exe::{Dockpass, PASSWORD, Setup},
    http::Http,
    notify::{EVENTS, push},
    person::soon,
};

/// What the browser itself writes into the console for an answer of the server that refuses.
const REFUSED: &str = "the server responded with a status of ";

/// Schemes of what is in the page already, or in the browser itself.
const INNER: [&str; 5] = ["data:", "blob:", "about:", "chrome:", "chrome-untrusted:"];

/// A server and a browser. `admin`, and `alice` who is nobody special, have the password of the tests as their own.
#[derive(Debug)]
pub(crate) struct Website {
    /// Before the server: it is ended first.
    pub(crate) browser: Browser,
    pub(crate) server: Dockpass,
}

/// Starting, and what stands there at first.
impl Website {
    /// A new server with its users, and a browser that was nowhere yet.
    pub(crate) fn start() -> Self {
        Self::start_with(Setup::default())
    }

    /// The same, set up otherwise.
    pub(crate) fn start_with(setup: Setup) -> Self {
        let server = setup.start();
        let first = server.admin_password();
        own_password(&server.http_as("admin", &first), "admin", &first);
        server.cli_with(&["user", "create", "alice", "--password-stdin"], "a-password-from-admin").must_succeed();
        own_password(&server.http_as("alice", "a-password-from-admin"), "alice", "a-password-from-admin");
        Self { browser: Browser::start(), server }
    }

    /// The same, with somebody signed in.
    pub(crate) fn start_as(user: &str) -> Self {
        let site = Self::start();
        site.sign_in(user, PASSWORD);
        site
    }

    /// The API, as one of the two.
    pub(crate) fn api(&self, user: &str) -> Http {
        self.server.http_as(user, PASSWORD)
    }

    /// Has the registry tell that tags were pushed to a repository, each with its manifest.
    pub(crate) fn push(&self, repository: &str, tags: &[(&str, u8)]) {
        let secret = fs::read_to_string(self.server.data().join("keys/registry-events-secret")).expect("the secret");
        let told = tags.iter().map(|(tag, number)| push(&format!("{tag}@{number}"), repository, tag, *number));
        let body = json!({ "events": told.collect::<Vec<_>>() });
        self.server.http().bearer(secret.trim_end()).post(EVENTS, &body).must_be(200);
    }

    /// The address of a page.
    pub(crate) fn address(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }
}

fn own_password(http: &Http, name: &str, old: &str) {
    let body = json!({ "oldPassword": old, "newPassword": PASSWORD });
    http.post(&format!("/enzi/v0/accounts/{name}/changePassword"), &body).must_be(200);
}

/// What a person does.
impl Website {
    /// Opens a page and waits until it is drawn.
    pub(crate) fn open(&self, path: &str) {
        self.browser.open(&self.address(path));
        self.drawn();
    }

    /// Waits until there is a page.
    pub(crate) fn drawn(&self) {
        soon("a page is drawn", || self.browser.has("css", "main h1").then_some(()));
    }

    /// Fills the sign-in page in and sends it.
    pub(crate) fn try_sign_in(&self, user: &str, secret: &str) {
        self.browser.fill("User name", user);
        self.browser.fill("Password or access token", secret);
        self.browser.click("Sign in");
    }

    /// Signs in, from wherever one is.
    pub(crate) fn sign_in(&self, user: &str, secret: &str) {
        self.open("/sign-in");
        self.try_sign_in(user, secret);
        self.browser.arrive("/profile");
        self.drawn();
    }

    /// Signs out by the menu.
    pub(crate) fn sign_out(&self, user: &str) {
        self.browser.click(user);
        self.browser.click("Sign out");
        self.browser.arrive("/sign-in");
    }
}

/// What must hold.
impl Website {
    /// Stops the test unless the console is quiet but for answers that the story expects, and no request left the server.
    pub(crate) fn must_be_clean(&self, expected: &[u16]) {
        self.must_be_clean_but_for(expected, &[]);
    }

    /// The same, where the story goes to further hosts.
    pub(crate) fn must_be_clean_but_for(&self, expected: &[u16], hosts: &[&str]) {
        let (said, foreign) = self.noise(expected, hosts);
        assert!(said.is_empty(), "the console says: {}", json!(said));
        assert!(foreign.is_empty(), "requests to others: {foreign:?}");
    }

    /// What the console says beyond the refusals that are expected, and addresses elsewhere that were asked.
    pub(crate) fn noise(&self, expected: &[u16], hosts: &[&str]) -> (Vec<Value>, Vec<String>) {
        let is_expected = |entry: &Value| {
            let message = entry["message"].as_str().unwrap_or_default();
            let is_status = |status: &u16| message.contains(&format!("{REFUSED}{status}"));
            entry["source"] == "network" && expected.iter().any(is_status)
        };
        let said = self.browser.log("browser").into_iter().filter(|entry| !is_expected(entry)).collect();
        let hosts = [&[self.server.address.as_str()], hosts].concat();
        let is_foreign = |url: &String| !hosts.iter().any(|host| is_at(url, host));
        (said, self.requests().into_iter().filter(is_foreign).collect())
    }

    /// Where requests went since this was asked last.
    fn requests(&self) -> Vec<String> {
        let entries = self.browser.log("performance");
        let messages = entries.iter().map(|entry| {
            let text = entry["message"].as_str().expect("a message");
            serde_json::from_str::<Value>(text).expect("JSON")["message"].take()
        });
        let sent = messages.filter(|message| message["method"] == "Network.requestWillBeSent");
        let urls = sent.map(|message| message["params"]["request"]["url"].as_str().expect("an address").to_owned());
        urls.filter(|url| !INNER.iter().any(|scheme| url.starts_with(scheme))).collect()
    }
}

fn is_at(url: &str, host: &str) -> bool {
    url.strip_prefix("http://").is_some_and(|rest| rest.split('/').next() == Some(host))
}
