//! A real browser: Debian's Chromium, headless, driven over `WebDriver` by its own driver. What people do with it is
//! in `person`. Starting a browser takes a third of the time of a short test, so the browser of a test that passed is
//! emptied and serves the next test.

use std::{
    cell::Cell,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};

use super::process::{Background, eventually, leashed_command};

/// How long the pages may take for anything. They need far less.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Browsers that no test uses at the moment.
static IDLE: Mutex<Vec<Running>> = Mutex::new(Vec::new());

/// A driver with its browser. Both end when this is dropped or the process ends.
#[derive(Debug)]
struct Running {
    _driver: Background,
    port: u16,
    session: String,
}

/// A browser that one test uses.
#[derive(Debug)]
pub(crate) struct Browser {
    /// `None` only while it is dropped.
    running: Option<Running>,
    /// How many commands the driver has received.
    asked: Cell<u64>,
}

/// Starting and ending a browser, and commands to its driver.
impl Browser {
    /// A browser that knows nothing of any other test.
    pub(crate) fn start() -> Self {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(Self::start_new, Self::of)
    }

    fn of(running: Running) -> Self {
        Self { running: Some(running), asked: Cell::new(0) }
    }

    fn start_new() -> Self {
        let (driver, port, wishes) = eventually("the driver has a port", driver);
        let mut browser = Self::of(Running { _driver: driver, port, session: String::new() });
        let made = browser.ask("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wishes } }));
        let session = made["sessionId"].as_str().expect("a session").to_owned();
        browser.running.iter_mut().for_each(|running| running.session.clone_from(&session));
        browser
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("it is not dropped")
    }

    /// Restores the first state: one tab that has loaded nothing yet, and nothing left of what the test did.
    fn empty(&self) -> Result<(), String> {
        let ask = |method: &str, rest: &str, body: &Value| self.try_ask(method, &self.at(rest), body);
        let tabs = ask("GET", "/window/handles", &Value::Null)?;
        let new = ask("POST", "/window/new", &json!({ "type": "tab" }))?;
        for tab in tabs.as_array().into_iter().flatten() {
            ask("POST", "/window", &json!({ "handle": tab }))?;
            ask("DELETE", "/window", &Value::Null)?;
        }
        ask("POST", "/window", &json!({ "handle": new["handle"] }))?;
        for (command, parameters) in [
            ("Network.clearBrowserCookies", json!({})),
            ("Network.clearBrowserCache", json!({})),
            ("Storage.clearDataForOrigin", json!({ "origin": "*", "storageTypes": "all" })),
            ("Browser.resetPermissions", json!({})),
            ("Browser.setDownloadBehavior", json!({ "behavior": "default" })),
        ] {
            ask("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))?;
        }
        // Reading a log empties it.
        ["browser", "performance"]
            .iter()
            .try_for_each(|kind| ask("POST", "/se/log", &json!({ "type": kind })).map(drop))
    }

    fn wishes(profile: &Path) -> Value {
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
        arguments.push(format!("--user-data-dir={}", profile.join("profile").display()));
        json!({
            "browserName": "chrome",
            // No browser trusts the CAs of the tests.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL", "performance": "ALL" },
            "timeouts": { "script": 60_000 },
            "unhandledPromptBehavior": "ignore",
        })
    }

    /// Sends one command; the error is the driver's reason if it refuses.
    pub(super) fn try_ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        self.asked.set(self.asked.get() + 1);
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Type: application/json\r\n\
             Content-Length: {length}\r\nConnection: close\r\n\r\n{body}",
            self.running().port
        );
        let value =
            converse(self.running().port, &request).map_err(|error| format!("{method} {path}: {error}"))?["value"]
                .take();
        match value.get("error") {
            Some(error) if value.get("stacktrace").is_some() => Err(format!("{error}: {}", value["message"])),
            _ => Ok(value),
        }
    }

    /// How many commands the driver has received, so that a later call shows whether there were more.
    pub(super) fn asked(&self) -> u64 {
        self.asked.get()
    }

    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        self.try_ask(method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}\n{}", self.scene()))
    }

    pub(super) fn at(&self, rest: &str) -> String {
        format!("/session/{}{rest}", self.running().session)
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

    /// The entries of a log (`browser` or `performance`) since it was last read.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        self.post("/se/log", json!({ "type": kind })).as_array().expect("a list").clone()
    }

    /// Runs a function body in the page.
    pub(crate) fn run(&self, script: &str, arguments: Value) -> Value {
        self.post("/execute/sync", json!({ "script": script, "args": arguments }))
    }

    /// Like `run`; the script calls its last argument when it is done.
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

/// A driver, its port, and the browser that it shall start. `None` if the driver has no port: it takes a free one of
/// IPv6 and wants the same one of IPv4, which may be in use.
fn driver() -> Option<(Background, u16, Value)> {
    let profile = tempfile::tempdir().expect("a temporary directory").keep();
    let mut command = leashed_command("chromedriver", &profile);
    command.arg("--port=0").env("HOME", &profile).env("TMPDIR", &profile);
    let driver = Background::start("chromedriver", &mut command);
    let port = driver.wait_for("its port", |line| {
        if line.contains("port not available") {
            return Some(None);
        }
        let (_, port) = line.split_once("was started successfully on port ")?;
        Some(port.trim_end_matches('.').parse().ok())
    });
    Some((driver, port?, Browser::wishes(&profile)))
}

impl Drop for Browser {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- in the browser:\n{}\n---", self.scene());
        } else if self.empty().is_ok() {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).extend(self.running.take());
        }
    }
}

/// One exchange with the driver, whose answers have a `Content-Length`.
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
