//! The server inside the test's process, with a data directory of its own, a port that the system chooses, and a
//! clock that stands still until the test moves it. Callers read like a sentence, and a wrong answer stops the test
//! with the whole exchange. Every answer is checked for what all answers have in common.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, Once, PoisonError, mpsc},
    thread::{self, JoinHandle},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use dockpass::{
    config::Config,
    domain::{
        secret::Password,
        time::{Clock, Timestamp},
    },
    http::{self, Listeners},
    store::DataDirectory,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{
    contract,
    exe::{AccessToken, PASSWORD},
    http::Answer,
    process::eventually,
    traced,
};

/// The moment at which every test begins.
pub(crate) const NOW: &str = "2026-01-15T12:00:00Z";
/// The media type of the web pages.
pub(crate) const PAGE: &str = "text/html; charset=utf-8";
pub(crate) const MINUTE: i64 = 60;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// How long an answer may take before the test counts as hung.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server in this process. Stopped on drop; the log is printed when the test fails.
pub(crate) struct InProcess {
    directory: TempDir,
    settings: Vec<(&'static str, String)>,
    clock: Clock,
    address: SocketAddr,
    running: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl InProcess {
    /// A new server, whose `admin` has the password of the tests.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Like `start`, with keys of the configuration.
    pub(crate) fn start_with(settings: &[(&'static str, &str)]) -> Self {
        Log::install();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        Self::run(directory, settings, Clock::fixed(Timestamp::parse(NOW).expect("a time")))
    }

    /// A new server that listens at an address of this machine for this key of the configuration, too. An address that was free
    /// may be taken by another before the server has it: then there is a next one.
    pub(crate) fn start_at_a_free_address(key: &'static str) -> (Self, SocketAddr) {
        Log::install();
        let started = (0..20).find_map(|_| {
            let free =
                std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
            let directory = tempfile::tempdir().expect("a temporary directory");
            let settings = vec![(key, free.to_string())];
            let clock = Clock::fixed(Timestamp::parse(NOW).expect("a time"));
            let (stop, address, thread) = Self::begin(&directory, &settings, &clock);
            match address {
                Ok(address) => {
                    Some((Self { directory, settings, clock, address, running: Some((stop, thread)) }, free))
                }
                Err(why) => {
                    assert!(why.contains(&free.to_string()), "{why}");
                    None
                }
            }
        });
        started.expect("a free address")
    }

    /// Why a new server with these keys of the configuration does not start.
    pub(crate) fn refused(settings: &[(&'static str, &str)]) -> String {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let clock = Clock::fixed(Timestamp::parse(NOW).expect("a time"));
        let (_, ready, thread) = Self::begin(&directory, &settings, &clock);
        thread.join().expect("it ends");
        ready.expect_err("it does not start")
    }

    fn run(directory: TempDir, settings: Vec<(&'static str, String)>, clock: Clock) -> Self {
        let (stop, address, thread) = Self::begin(&directory, &settings, &clock);
        let address = address.expect("the server starts");
        traced::files_of(&directory.path().join("data"));
        Self { directory, settings, clock, address, running: Some((stop, thread)) }
    }

    fn begin(
        directory: &TempDir,
        settings: &[(&'static str, String)],
        clock: &Clock,
    ) -> (oneshot::Sender<()>, Result<SocketAddr, String>, JoinHandle<()>) {
        let mut keys = vec![
            ("server.data_dir", directory.path().join("data").display().to_string()),
            ("server.listen", "127.0.0.1:0".to_owned()),
            ("server.workers", "2".to_owned()),
        ];
        keys.extend(settings.iter().cloned());
        let config = Config::load(None, std::iter::empty(), &keys).expect("a configuration").config;
        let (ready, address) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let hand = clock.clone();
        let thread = thread::spawn(move || serve(config, hand, &ready, stopped));
        let address = address.recv().expect("the server says whether it is ready");
        (stop, address, thread)
    }

    fn end(&mut self) {
        if let Some((stop, thread)) = self.running.take() {
            // It may have made others since.
            traced::files_of(&self.data());
            let _ = stop.send(());
            let ended = thread.join();
            assert!(ended.is_ok() || thread::panicking(), "the server ended badly");
        }
    }

    /// Stops the server, runs `work` on the data directory, and starts it again at the same moment.
    pub(crate) fn restart_after(mut self, work: impl FnOnce(&Path, &Clock)) -> Self {
        self.end();
        // The threads that served requests release the directory a moment later.
        eventually("the data directory is free", || DataDirectory::open(&self.data()).ok().map(drop));
        work(&self.data(), &self.clock);
        let directory = std::mem::replace(&mut self.directory, tempfile::tempdir().expect("a temporary directory"));
        Self::run(directory, self.settings.clone(), self.clock.clone())
    }

    /// Stops it and starts it again.
    pub(crate) fn restart(self) -> Self {
        self.restart_after(|_, _| ())
    }

    /// Stops it and starts it again with other keys of the configuration.
    pub(crate) fn restart_with(mut self, settings: &[(&'static str, &str)]) -> Self {
        self.settings = settings.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        self.restart()
    }

    /// Watches the log for a text from now on.
    #[expect(clippy::unused_self, reason = "a test watches the log of its own server, though they share one")]
    pub(crate) fn watch_log_for(&self, text: &str) {
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).push((text.to_owned(), false));
    }

    /// Whether any watched text was in the log.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) fn log_held_what_was_watched(&self) -> bool {
        WATCHED.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|(_, was_seen)| *was_seen)
    }

    /// Whether this text, which is watched, was in the log.
    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) fn log_held(&self, text: &str) -> bool {
        let watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
        watched.iter().any(|(known, was_seen)| known == text && *was_seen)
    }

    /// Where it keeps everything.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.pass(seconds);
    }

    /// Sets the date, as an operator does or a clock that jumps; no time passes.
    pub(crate) fn set_date(&self, seconds: i64) {
        self.clock.set(self.clock.now().plus_seconds(seconds));
    }

    /// The time now, in whole seconds since 1970.
    pub(crate) fn seconds(&self) -> i64 {
        self.clock.now().seconds()
    }

    /// The time in `seconds` from now, as the API writes it.
    pub(crate) fn in_time(&self, seconds: i64) -> String {
        self.clock.now().plus_seconds(seconds).to_string()
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- log of the servers in this process:\n{}---", Log::text());
        }
        self.end();
    }
}

fn serve(config: Config, clock: Clock, ready: &mpsc::Sender<Result<SocketAddr, String>>, stop: oneshot::Receiver<()>) {
    let password = Password::new(PASSWORD.to_owned());
    actix_web::rt::System::new().block_on(async {
        match http::start(config, Listeners::Network, Some(password), clock).await {
            Ok((running, _)) => {
                let _ = ready.send(Ok(running.address().expect("a network address")));
                let _ = stop.await;
                running.stop().await;
            }
            Err(error) => drop(ready.send(Err(error.to_string()))),
        }
    });
}

/// Callers.
impl InProcess {
    fn caller(&self, who: &str) -> Caller {
        let place = Place::Network(self.address);
        Caller { place, who: who.to_owned(), headers: Vec::new() }
    }

    /// Somebody without credentials.
    pub(crate) fn as_nobody(&self) -> Caller {
        self.caller("nobody")
    }

    /// A user with the password of the tests.
    pub(crate) fn as_user(&self, name: &str) -> Caller {
        self.with(name, PASSWORD)
    }

    /// The first administrator, by password.
    pub(crate) fn as_admin(&self) -> Caller {
        self.as_user("admin")
    }

    /// A user with this password or access token.
    pub(crate) fn with(&self, name: &str, secret: &str) -> Caller {
        let basic = STANDARD.encode(format!("{name}:{secret}"));
        self.caller(name).header("Authorization", &format!("Basic {basic}"))
    }

    /// A user with an access token.
    pub(crate) fn with_token(&self, name: &str, token: &AccessToken) -> Caller {
        self.with(name, &token.secret)
    }

    /// The local administrator.
    pub(crate) fn as_local(&self) -> Caller {
        let place = Place::Socket(self.data().join("dockpass.sock"));
        Caller { place, who: "the local socket".to_owned(), headers: Vec::new() }
    }
}

/// What tests begin with, made over the local socket, which saves hashing a password for each request.
impl InProcess {
    /// A user with the password of the tests.
    pub(crate) fn add_user(&self, name: &str) {
        self.as_local().post("/enzi/v0/accounts", &json!({ "name": name, "password": PASSWORD })).must_be(201);
    }

    /// A user without a password.
    pub(crate) fn add_service(&self, name: &str) {
        self.as_local().post("/enzi/v0/accounts", &json!({ "name": name })).must_be(201);
    }

    /// An access token without a parent.
    pub(crate) fn add_token(&self, name: &str, body: &Value) -> AccessToken {
        let made = self.as_local().post(&format!("/api/v0/api_tokens?username={name}"), body);
        AccessToken::of(&made.must_be(200).json())
    }

    /// The secret of a robot of an organization, `acme/ci`.
    pub(crate) fn make_robot(&self, name: &str, body: &Value) -> String {
        let (organization, name) = name.split_once('/').expect("ORG/NAME");
        let mut body = body.clone();
        body["name"] = name.into();
        let made = self.as_local().post(&format!("/api/v0/accounts/{organization}/robots"), &body);
        made.must_be(201).text("/token")
    }

    /// A user without a password, who signs in with an access token that may do all that the account may.
    pub(crate) fn add_robot(&self, name: &str) -> Caller {
        self.add_service(name);
        self.with_token(name, &self.add_token(name, &json!({})))
    }

    /// A private repository, as `namespace/name`.
    pub(crate) fn add_repository(&self, name: &str) {
        self.add_repository_as(name, "private");
    }

    /// A public repository.
    pub(crate) fn add_public(&self, name: &str) {
        self.add_repository_as(name, "public");
    }

    fn add_repository_as(&self, name: &str, visibility: &str) {
        let (namespace, rest) = name.split_once('/').expect("namespace/name");
        let body = json!({ "name": rest, "visibility": visibility });
        self.as_local().post(&format!("/api/v0/repositories/{namespace}"), &body).must_be(201);
    }

    /// A grant on a repository (`namespace/name`) or on a whole namespace.
    pub(crate) fn grant(&self, target: &str, user: &str, level: &str) {
        self.as_local().put(&access_path(target, user), &json!({ "accessLevel": level })).must_be(200);
    }

    /// An organization with members; each may be its administrator.
    pub(crate) fn add_organization(&self, name: &str, members: &[(&str, bool)]) {
        self.as_local().post("/enzi/v0/accounts", &json!({ "name": name, "isOrg": true })).must_be(201);
        members.iter().for_each(|(user, is_admin)| self.join(name, user, *is_admin));
    }

    /// A team (`organization/team`) with members.
    pub(crate) fn add_team(&self, team: &str, members: &[&str]) {
        let (organization, name) = team.split_once('/').expect("organization/team");
        self.as_local().post(&teams_path(organization), &json!({ "name": name })).must_be(201);
        members.iter().for_each(|user| self.join(team, user, false));
    }

    /// Puts a user into an organization or into a team (`organization/team`).
    pub(crate) fn join(&self, group: &str, user: &str, is_admin: bool) {
        let body = if group.contains('/') { json!({}) } else { json!({ "isAdmin": is_admin }) };
        self.as_local().put(&member_path(group, user), &body).must_be(200);
    }

    /// Takes a user out of an organization or a team (`organization/team`).
    pub(crate) fn leave(&self, group: &str, user: &str) {
        self.as_local().delete(&member_path(group, user)).must_be(204);
    }

    /// A team's grant on a repository (`namespace/name`) or on a whole namespace.
    pub(crate) fn grant_team(&self, target: &str, team: &str, level: &str) {
        self.as_local().put(&team_access_path(target, team), &json!({ "accessLevel": level })).must_be(200);
    }

    /// Takes a grant away.
    pub(crate) fn take(&self, target: &str, user: &str) {
        self.as_local().delete(&access_path(target, user)).must_be(204);
    }

    /// The path of a file of the pages, as `lib/dom.js`, below the hash that their documents name.
    pub(crate) fn asset(&self, name: &str) -> String {
        let page = self.as_nobody().get("/sign-in").must_be(200).body;
        let (_, rest) = page.split_once("\"/assets/").expect("the page loads files");
        format!("/assets/{}/{name}", rest.split('/').next().expect("a hash"))
    }

    /// The audit records that a query selects, newest first.
    pub(crate) fn audit(&self, query: &str) -> Vec<Value> {
        let listed = self.as_local().get(&format!("/api/v0/audit?pageSize=0&{query}")).must_be(200).json();
        listed["records"].as_array().expect("records").clone()
    }
}

/// The path of a user's grant on a repository (`namespace/name`) or on a whole namespace.
pub(crate) fn access_path(target: &str, user: &str) -> String {
    match target.split_once('/') {
        Some(_) => format!("{}/userAccess/{user}", repository_path(target)),
        None => format!("/api/v0/repositoryNamespaces/{target}/userAccess/{user}"),
    }
}

/// The path of a team's grant on a repository (`namespace/name`) or on a whole namespace.
pub(crate) fn team_access_path(target: &str, team: &str) -> String {
    access_path(target, team).replace("/userAccess/", "/teamAccess/")
}

/// The path of an organization's teams.
pub(crate) fn teams_path(organization: &str) -> String {
    format!("{}/teams", account_path(organization))
}

/// The path of a team (`organization/team`).
pub(crate) fn team_path(team: &str) -> String {
    let (organization, name) = team.split_once('/').expect("organization/team");
    format!("{}/{name}", teams_path(organization))
}

/// The path of the members of an organization or a team (`organization/team`).
pub(crate) fn members_path(group: &str) -> String {
    if group.contains('/') {
        format!("{}/members", team_path(group))
    } else {
        format!("{}/members", account_path(group))
    }
}

/// The path of a member of an organization or a team (`organization/team`).
pub(crate) fn member_path(group: &str, user: &str) -> String {
    format!("{}/{user}", members_path(group))
}

/// The path of a repository (`namespace/name`).
pub(crate) fn repository_path(name: &str) -> String {
    let (namespace, rest) = name.split_once('/').expect("namespace/name");
    format!("/api/v0/repositories/{namespace}/{}", rest.replace('/', "%2F"))
}

/// The path of an access token.
pub(crate) fn token_path(token: &AccessToken) -> String {
    format!("/api/v0/api_tokens/{}", token.hash)
}

/// The path of an account.
pub(crate) fn account_path(name: &str) -> String {
    format!("/enzi/v0/accounts/{name}")
}

#[derive(Debug, Clone)]
enum Place {
    Network(SocketAddr),
    Socket(PathBuf),
}

/// Somebody who sends requests. Each method that changes the caller returns a new one.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    place: Place,
    who: String,
    headers: Vec<(String, Vec<u8>)>,
}

impl Caller {
    /// The same caller, with one more header.
    pub(crate) fn header(&self, name: &str, value: &str) -> Self {
        self.raw_header(name, value.as_bytes())
    }

    /// The same caller, with one more header, of any bytes.
    pub(crate) fn raw_header(&self, name: &str, value: &[u8]) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name.to_owned(), value.to_owned()));
        caller
    }

    /// The value of the `Authorization` header, for the same caller at a restarted server.
    pub(crate) fn credentials(&self) -> String {
        let found = self.headers.iter().find(|(name, _)| name == "Authorization");
        found.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    }

    /// The same caller, behind a proxy that passes on the client's address.
    #[expect(clippy::wrong_self_convention, reason = "it says where the caller calls from, and makes none")]
    pub(crate) fn from_address(&self, address: &str) -> Self {
        self.header("X-Forwarded-For", address)
    }

    /// Sends `GET`.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send("GET", path, b"")
    }

    /// Sends `DELETE`.
    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, b"")
    }

    /// Sends `POST` with a JSON body.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.json("POST", path, body)
    }

    /// Sends `PUT` with a JSON body.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Answer {
        self.json("PUT", path, body)
    }

    /// Sends `PATCH` with a JSON body.
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Answer {
        self.json("PATCH", path, body)
    }

    /// Sends any method with a JSON body.
    pub(crate) fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.header("Content-Type", "application/json").send(method, path, body.to_string().as_bytes())
    }

    /// Sends `POST` with a form.
    pub(crate) fn post_form(&self, path: &str, form: &str) -> Answer {
        self.header("Content-Type", "application/x-www-form-urlencoded").send("POST", path, form.as_bytes())
    }

    /// Sends a request, with its path unchanged.
    pub(crate) fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let request = self.describe(method, path, body);
        let printed = self.exchange(&self.head(method, path, body), body);
        let answer = Answer::parse(request, &printed);
        check_common(&answer, method, path);
        contract::check(method, path, &answer);
        // What the registry behind a gateway says is in its own envelope.
        let is_of_registry = path.starts_with("/v2/") && answer.header("content-disposition").is_some();
        let is_page = self.is_browser() && answer.header("content-type") == Some(PAGE);
        if method != "HEAD" && !is_page && !is_of_registry {
            check_envelope(&answer);
        }
        answer
    }

    /// Whether the caller is a browser that opens a page.
    fn is_browser(&self) -> bool {
        let opens = |value: &[u8]| value == b"navigate" || value.starts_with(b"text/html");
        self.headers.iter().any(|(name, value)| ["Accept", "Sec-Fetch-Mode"].contains(&name.as_str()) && opens(value))
    }

    fn head(&self, method: &str, path: &str, body: &[u8]) -> Vec<u8> {
        let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n").into_bytes();
        if !self.headers.iter().any(|(name, _)| name == "Host") {
            head.extend(b"Host: dockpass.test\r\n");
        }
        for (name, value) in &self.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        if let Place::Socket(path) = &self.place {
            head.extend(socket_secret(path).into_bytes());
        }
        if !body.is_empty() || !matches!(method, "GET" | "HEAD") {
            head.extend(format!("Content-Length: {}\r\n", body.len()).into_bytes());
        }
        head.extend(b"\r\n");
        head
    }

    /// Sends bytes as they are and reads until the other side closes.
    pub(crate) fn exchange(&self, head: &[u8], body: &[u8]) -> String {
        traced::sent(head);
        traced::body(body);
        match &self.place {
            Place::Network(address) => {
                let stream = TcpStream::connect(address).expect("the server takes connections");
                stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                converse(stream, head, body)
            }
            Place::Socket(path) => {
                let stream = UnixStream::connect(path).expect("the local socket takes connections");
                stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                converse(stream, head, body)
            }
        }
    }

    fn describe(&self, method: &str, path: &str, body: &[u8]) -> String {
        let short = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).into_owned();
        let mut text = format!("{method} {} as {}", short(path.as_bytes()), self.who);
        for (name, value) in &self.headers {
            let _ = write!(text, "\n{name}: {}", short(value));
        }
        let _ = write!(text, "\n\n{}\n", short(body));
        text
    }
}

/// The header line with the secret of a local socket, as it is at the moment.
pub(crate) fn socket_secret(socket: &Path) -> String {
    let text = fs::read_to_string(socket.with_file_name("socket-secret")).expect("the secret of the socket");
    traced::secret("", text.trim_end());
    format!("Dockpass-Socket-Secret: {}\r\n", text.trim_end())
}

/// Ignores a broken connection: a server that refuses early need not read the rest, and its answer counts.
fn converse(mut stream: impl Read + Write, head: &[u8], body: &[u8]) -> String {
    let _ = stream.write_all(head).and_then(|()| stream.write_all(body));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Checks what every answer, errors included, must have (design, sections 5 and 10.5): safe headers, no secret, no
/// 500.
fn check_common(answer: &Answer, method: &str, path: &str) {
    let has = |name: &str, value: &str| {
        let found = answer.header(name).unwrap_or_default();
        assert!(found.contains(value), "{name} is {found:?} without {value:?}:\n{}", answer.describe());
    };
    has("x-content-type-options", "nosniff");
    has("content-security-policy", "default-src 'none'");
    has("content-security-policy", "frame-ancestors 'none'");
    has("referrer-policy", "no-referrer");
    let is_kept = path.starts_with("/assets/") && matches!(answer.status, 200 | 304);
    has("cache-control", if is_kept { "immutable" } else { "no-" });
    assert_eq!(answer.headers("x-request-id").len(), 1, "{}", answer.describe());
    assert!(answer.status < 500, "{}", answer.describe());
    assert_eq!(answer.empty_header(), None, "{}", answer.describe());
    // A backup has everything, and goes to the local socket alone.
    let makes_secrets =
        path.starts_with("/api/v0/api_tokens") || path.contains("/robots") || path == "/api/v0/admin/backup";
    let shows_secrets = method == "POST" && makes_secrets && matches!(answer.status, 200 | 201);
    assert!(shows_secrets || !holds_secret(&answer.body), "a secret was told:\n{}", answer.describe());
}

/// Checks the one envelope that every error of the API has.
fn check_envelope(answer: &Answer) {
    if answer.status >= 400 {
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.describe());
        assert!(!answer.code().is_empty() && !answer.text("/errors/0/message").is_empty(), "{}", answer.describe());
        let entries = answer.json()["errors"].as_array().map(Vec::len);
        assert_eq!(entries, Some(1), "{}", answer.describe());
        assert!(answer.json()["errors"][0].get("detail").is_some(), "{}", answer.describe());
    }
}

/// Whether a text holds an access token or the hash of a password.
fn holds_secret(text: &str) -> bool {
    let is_token = |rest: &str| rest.bytes().take_while(u8::is_ascii_alphanumeric).count() >= 43;
    text.contains("$argon2") || text.split("dkp_").skip(1).any(is_token)
}

/// The log of all servers in this process: the last lines, for the message of a failed test.
struct Log;

/// The fields of a line, as text.
struct Fields<'a>(&'a mut String);

impl<'k> log::kv::VisitSource<'k> for Fields<'_> {
    fn visit_pair(&mut self, key: log::kv::Key<'k>, value: log::kv::Value<'k>) -> Result<(), log::kv::Error> {
        let _ = write!(self.0, " {key}={value}");
        Ok(())
    }
}

static LINES: Mutex<VecDeque<String>> = Mutex::new(VecDeque::new());
/// The texts that must not be in the log, each with whether it was.
static WATCHED: Mutex<Vec<(String, bool)>> = Mutex::new(Vec::new());

impl Log {
    const KEPT: usize = 60;

    fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // If this process has another logger, the lines merely go there.
            let _ = log::set_logger(&Log);
            let is_traced = traced::is_on();
            log::set_max_level(if is_traced { log::LevelFilter::Trace } else { log::LevelFilter::Info });
        });
    }

    fn text() -> String {
        let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().fold(String::new(), |text, line| text + line + "\n")
    }
}

impl log::Log for Log {
    fn enabled(&self, _metadata: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        static TRACE: LazyLock<Option<Mutex<File>>> = LazyLock::new(|| traced::file("in-process").map(Mutex::new));
        if let Some(trace) = &*TRACE {
            let mut fields = String::new();
            let _ = record.key_values().visit(&mut Fields(&mut fields));
            let line = format!("{} {} {}{fields}\n", record.level(), record.target(), record.args());
            let _ = trace.lock().unwrap_or_else(PoisonError::into_inner).write_all(line.as_bytes());
        }
        let is_ours = record.target().starts_with("dockpass") && record.level() <= log::Level::Info;
        if !is_ours && record.level() > log::Level::Warn {
            return;
        }
        let line = format!("{} {}: {}", record.level(), record.target(), record.args());
        for (text, was_seen) in WATCHED.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            *was_seen |= line.contains(text.as_str());
        }
        let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == Self::KEPT {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn flush(&self) {}
}
