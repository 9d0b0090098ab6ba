//! A real browser: Debian's Chromium without a window, driven over `WebDriver` by its own driver, with a new profile.
//! What people do with it stands in `person`.

use std::{
    cell::Cell,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Background, background_command, eventually};

/// How long the pages may take for anything. Far more than they take.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// A running browser with one profile. Ended on drop.
#[derive(Debug)]
pub(crate) struct Browser {
    _driver: Background,
    port: u16,
    session: String,
    profile: TempDir,
    /// How many commands the driver got.
    asked: Cell<u64>,
}

/// Starting, ending, and asking the driver.
impl Browser {
    /// A browser with a new profile.
    pub(crate) fn start() -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory");
        let (driver, port) = eventually("the driver has a port", || driver(&profile));
        let mut browser = Self { _driver: driver, port, session: String::new(), profile, asked: Cell::new(0) };
        let made = browser.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": browser.wishes() } }));
        made["sessionId"].as_str().expect("a session").clone_into(&mut browser.session);
        browser
    }

    fn wishes(&self) -> Value {
        let mut arguments: Vec<_> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1280,900",
        ]
        .map(str::to_owned)
        .into();
        arguments.push(format!("--user-data-dir={}", self.profile.path().join("profile").display()));
        json!({
            "browserName": "chrome",
            // Nobody's browser knows the authorities of the tests.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": 60_000 },
            "unhandledPromptBehavior": "ignore",
        })
    }

    /// One command; the reason if the driver refuses it.
    pub(super) fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.asked.set(self.asked.get() + 1);
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.port
        );
        let value = converse(self.port, &request).map_err(|error| format!("{method} {path}: {error}"))?["value"].take();
        match value.get("error") {
            Some(error) if value.get("stacktrace").is_some() => Err(format!("{error}: {}", value["message"])),
            _ => Ok(value),
        }
    }

    /// How many commands the driver got so far, so that a later call shows whether there were more.
    pub(super) fn asked(&self) -> u64 {
        self.asked.get()
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.scene()))
    }

    pub(super) fn at(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.session)
    }

    pub(super) fn get(&self, rest: &str) -> Value {
        self.ask("GET", &self.at(rest), &Value::Null)
    }

    pub(super) fn post(&self, rest: &str, body: Value) -> Value {
        self.ask("POST", &self.at(rest), &body)
    }

    /// A command of Chromium's own protocol.
    pub(crate) fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.post("/goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    /// The entries of a log since it was read last: `browser` or `performance`.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        self.post("/se/log", json!({ "type": kind })).as_array().expect("a list").clone()
    }

    /// Runs a function body in the page.
    pub(crate) fn run(&self, script: &str, arguments: Value) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": arguments }))
    }

    /// The same; the script calls its last argument when it is done.
    pub(crate) fn run_async(&self, script: &str, arguments: Value) -> Value {
        self.post("/execute/async", json!({ "script": script, "args": arguments }))
    }

    /// The address and the visible text, for the message of a failed test.
    fn scene(&self) -> String {
        let script = "return `${location.href}\\n${document.body.innerText}`";
        let seen = self.try_ask("POST", &self.at("/execute/sync"), &json!({ "script": script, "args": [] }));
        seen.map_or_else(|error| error, |seen| seen.as_str().unwrap_or_default().to_owned())
    }
}

/// The driver and its port; none if it has none: it takes a free one of IPv6 and wants the same of IPv4, which may be
/// in use.
fn driver(profile: &TempDir) -> Option<(Background, u16)> {
    let mut command = background_command("chromedriver");
    command.arg("--port=0").env("HOME", profile.path()).env("TMPDIR", profile.path());
    let driver = Background::start("chromedriver", &mut command);
    let port = driver.wait_for("its port", |line| {
        if line.contains("port not available") {
            return Some(None);
        }
        let (_, port) = line.split_once("was started successfully on port ")?;
        Some(port.trim_end_matches('.').parse().ok())
    });
    Some((driver, port?))
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- in the browser:\n{}\n---", self.scene());
        }
        // The driver ends the browser; killed before, it would leave it behind.
        let _ = self.try_ask("DELETE", &self.at(""), &Value::Null);
    }
}

/// One exchange with the driver. Its answers have a length.
fn converse(port: u16, request: &str) -> std::io::Result<Value> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE * 3))?;
    stream.write_all(request.as_bytes())?;
    let (mut reader, mut length, mut line) = (BufReader::new(stream), 0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap_or_default();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(serde_json::from_slice(&body)?)
}
