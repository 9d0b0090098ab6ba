//! A small HTTP client for the tests: `curl`, which gets everything on its standard input, so that no secret is in an
//! argument. Requests read like a sentence, and a wrong answer stops the test with the whole exchange.

use std::{fmt::Write as _, path::Path};

use serde_json::Value;

use super::contract;
use super::process::{Run, command};
use super::traced;

/// Where and as whom requests are sent. Each method that changes this returns a new client.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    base: String,
    options: String,
}

impl Http {
    /// A client without credentials for `http://host:port` or `https://host:port`.
    pub(crate) fn at(base: &str) -> Self {
        Self { base: base.to_owned(), options: String::new() }
    }

    /// The same client, with a user name and a password or an access token.
    pub(crate) fn basic(&self, user: &str, secret: &str) -> Self {
        traced::secret(user, secret);
        self.with("user", &format!("{user}:{secret}"))
    }

    /// The same client, with a registry token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// The same client, with one more header.
    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        traced::header(name, value);
        self.with("header", &format!("{name}: {value}"))
    }

    /// The same client, sending from this address of the machine.
    pub(crate) fn from(&self, address: &str) -> Self {
        self.with("interface", address)
    }

    /// The same client, trusting only certificates of this CA.
    pub(crate) fn trusting(&self, authority: &Path) -> Self {
        self.with("cacert", &authority.display().to_string())
    }

    /// The same client, trusting any certificate.
    pub(crate) fn trusting_anybody(&self) -> Self {
        Self { base: self.base.clone(), options: format!("{}insecure\n", self.options) }
    }

    fn with(&self, option: &str, value: &str) -> Self {
        let mut options = self.options.clone();
        let _ = writeln!(options, "{option} = {}", quoted(value));
        Self { base: self.base.clone(), options }
    }

    /// Sends `GET`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path)
    }

    /// Sends `DELETE`.
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path)
    }

    /// Sends `POST` with a JSON body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.json(body).send("POST", path)
    }

    /// Sends `PUT` with a JSON body.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.json(body).send("PUT", path)
    }

    /// Sends `PUT` with a text of this media type.
    pub(crate) fn put_text(&self, path: &str, media_type: &str, text: &str) -> Answer {
        self.header("Content-Type", media_type).with("data-raw", text).send("PUT", path)
    }

    /// Sends `POST` with bytes, or with none.
    pub(crate) fn post_bytes(&self, path: &str, text: &str) -> Answer {
        self.header("Content-Type", "application/octet-stream").with("data-raw", text).send("POST", path)
    }

    /// Sends `PATCH` with a JSON body.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json(body).send("PATCH", path)
    }

    /// Sends `POST` with a form.
    pub(crate) fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        fields.iter().filter(|(name, _)| *name == "password").for_each(|(_, value)| traced::secret("", value));
        let client = fields
            .iter()
            .fold(self.clone(), |client, (name, value)| client.with("data-urlencode", &format!("{name}={value}")));
        client.send("POST", path)
    }

    /// Sends `HEAD`.
    pub(crate) fn head(&self, path: &str) -> Answer {
        self.exchange("HEAD", path, "head")
    }

    /// Sends a request by any method. Without a body curl sends no `Content-Length`.
    pub(crate) fn send(&self, method: &str, path: &str) -> Answer {
        self.exchange(method, path, &format!("request = {}", quoted(method)))
    }

    fn exchange(&self, method: &str, path: &str, option: &str) -> Answer {
        let client = self.with("url", &format!("{}{path}", self.base));
        let script = format!("silent\nshow-error\ninclude\npath-as-is\ngloboff\n{option}\n{}", client.options);
        let run = Run::of(command("curl").args(["--disable", "--config", "-"]), &script).must_succeed();
        let answer = Answer::parse(format!("{method} {}{path}", self.base), &run.stdout);
        // This client also asks registries and proxies, whose paths are not in our document.
        if ["/api/", "/enzi/", "/auth/"].iter().any(|start| path.starts_with(start)) {
            contract::check(method, path, &answer);
        }
        answer
    }

    fn json(&self, body: &Value) -> Self {
        traced::values(body);
        self.header("Content-Type", "application/json").with("data-raw", &body.to_string())
    }
}

/// A string of curl's configuration file.
fn quoted(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
    format!("\"{escaped}\"")
}

/// An answer, with the request that it belongs to.
#[derive(Debug)]
pub(crate) struct Answer {
    request: String,
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Takes the last of the printed answers: those before it are interim responses (1xx).
    pub(crate) fn parse(request: String, printed: &str) -> Self {
        let mut rest = printed;
        loop {
            let (head, body) =
                rest.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request}: no head in {printed:?}"));
            let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
            let status = status.unwrap_or_else(|| panic!("{request}: no status in {head:?}"));
            if status >= 200 {
                traced::head(head);
                traced::body(body.as_bytes());
                return Self { request, status, head: head.to_owned(), body: body.to_owned() };
            }
            rest = body;
        }
    }

    /// Stops the test unless the status is this one.
    pub(crate) fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.describe());
        self
    }

    /// Stops the test unless the status is one of these.
    pub(crate) fn must_be_one_of(self, statuses: &[u16]) -> Self {
        assert!(statuses.contains(&self.status), "not one of {statuses:?}:\n{}", self.describe());
        self
    }

    /// Stops the test unless the request was refused with this status and this code.
    pub(crate) fn must_be_refused(self, status: u16, code: &str) -> Self {
        let answer = self.must_be(status);
        assert_eq!(answer.code(), code, "{}", answer.describe());
        answer
    }

    /// The code of the error in the body.
    pub(crate) fn code(&self) -> String {
        self.text("/errors/0/code")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}:\n{}", self.describe()))
    }

    /// A string of the JSON body, by its pointer.
    pub(crate) fn text(&self, pointer: &str) -> String {
        let json = self.json();
        let value = json.pointer(pointer).and_then(Value::as_str);
        value.unwrap_or_else(|| panic!("no text at {pointer}:\n{}", self.describe())).to_owned()
    }

    /// The first header of that name, in any letter case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }

    /// Where the next page of a list begins; empty on the last page, whose answer has no such header.
    pub(crate) fn next_page(&self) -> &str {
        self.header("x-next-page-start").unwrap_or_default()
    }

    /// The first header that says something by being empty, which clients read as if it were not there, or as if it were.
    pub(crate) fn empty_header(&self) -> Option<&str> {
        self.head.lines().skip(1).find(|line| line.split_once(':').is_none_or(|(_, value)| value.trim().is_empty()))
    }

    /// Every header of that name, in any letter case.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// The whole exchange, for the message of a failed assertion.
    pub(crate) fn describe(&self) -> String {
        format!("{}\n{}\n\n{}", self.request, self.head, self.body)
    }
}
