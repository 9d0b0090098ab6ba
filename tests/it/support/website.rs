//! A real server for the tests, and its web pages in a real browser.

use std::{fs, ops::Deref};

use serde_json::json;

use super::{
    exe::{Dockpass, PASSWORD, Setup},
    http::Http,
    notify::{EVENTS, push},
    pages::Pages,
    person::soon,
};

/// A server and a browser. The users are `admin`, and `alice`, who has no special rights; both have set the password
/// of the tests themselves.
#[derive(Debug)]
pub(crate) struct Website {
    /// Declared before the server, so that the browser is ended first.
    pages: Pages,
    pub(crate) server: Dockpass,
}

impl Deref for Website {
    type Target = Pages;

    fn deref(&self) -> &Pages {
        &self.pages
    }
}

/// Starting, and the state at the start.
impl Website {
    /// A new server with its users, and a browser that has loaded nothing yet.
    pub(crate) fn start() -> Self {
        Self::start_with(Setup::default())
    }

    /// Like `start`, with another set-up.
    pub(crate) fn start_with(setup: Setup) -> Self {
        let server = setup.start();
        let first = server.admin_password();
        set_password(&server.http_as("admin", &first), "admin", [&first, PASSWORD]);
        server.cli_with(&["user", "create", "alice", "--password-stdin"], "a-password-from-admin").must_succeed();
        set_password(&server.http_as("alice", "a-password-from-admin"), "alice", ["a-password-from-admin", PASSWORD]);
        Self::of(server)
    }

    /// A browser for the pages of a server with users of its own.
    pub(crate) fn of(server: Dockpass) -> Self {
        Self { pages: Pages::of(&server.address), server }
    }

    /// Like `start`, with `user` signed in.
    pub(crate) fn start_as(user: &str) -> Self {
        let site = Self::start();
        site.sign_in(user, PASSWORD);
        site
    }

    /// Alice's pages, and a repository `alice/app` of hers with these tags; the clipboard can be read.
    pub(crate) fn with_tags(tags: &[(&str, u8)]) -> Self {
        let site = Self::start_as("alice");
        site.api("alice").post("/api/v0/repositories/alice", &json!({ "name": "app" })).must_be(201);
        site.push("alice/app", tags);
        let permissions = json!({ "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"] });
        site.browser.cdp("Browser.grantPermissions", permissions);
        site
    }

    /// Waits until the clipboard holds a text.
    pub(crate) fn copied(&self, text: &str) {
        let script =
            "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)))";
        soon(&format!("the clipboard holds {text:?}"), || {
            (self.browser.run_async(script, json!([])) == text).then_some(())
        });
    }

    /// Ends every session of a user as one ends a stolen session: by a new password. In the end it is the same as
    /// before.
    pub(crate) fn end_sessions(&self, user: &str) {
        let between = "another-password-in-between";
        set_password(&self.server.http_as(user, PASSWORD), user, [PASSWORD, between]);
        set_password(&self.server.http_as(user, between), user, [between, PASSWORD]);
    }

    /// The API, as one of the two.
    pub(crate) fn api(&self, user: &str) -> Http {
        self.server.http_as(user, PASSWORD)
    }

    /// Has the registry notify that tags were pushed to a repository, each with its manifest.
    pub(crate) fn push(&self, repository: &str, tags: &[(&str, u8)]) {
        let secret = fs::read_to_string(self.server.data().join("keys/registry-events-secret")).expect("the secret");
        let told = tags.iter().map(|(tag, number)| push(&format!("{tag}@{number}"), repository, tag, *number));
        let body = json!({ "events": told.collect::<Vec<_>>() });
        self.server.http().bearer(secret.trim_end()).post(EVENTS, &body).must_be(200);
    }
}

fn set_password(http: &Http, name: &str, [old, new]: [&str; 2]) {
    let body = json!({ "oldPassword": old, "newPassword": new });
    http.post(&format!("/enzi/v0/accounts/{name}/changePassword"), &body).must_be(200);
}
