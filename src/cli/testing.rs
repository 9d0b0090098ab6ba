//! Test doubles of the command line: a server on a Unix socket that gives prepared answers, and a console that keeps
//! what is written.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::cli::screen::log_form::LogForm;
use crate::cli::screen::{Console, Format};
use crate::cli::wire::Api;
use crate::domain::time::{Clock, Timestamp};

/// A pipe that nobody reads any more.
pub(super) struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A server that answers one connection after the other with prepared bytes, then stops listening.
pub(super) struct Server {
    directory: tempfile::TempDir,
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    /// Starts the server; each answer is a whole HTTP response.
    pub(super) fn start(answers: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join(crate::data_files::SOCKET);
        let listener = UnixListener::bind(&socket).unwrap();
        std::fs::set_permissions(socket, PermissionsExt::from_mode(0o700)).unwrap();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let serve = move || answers.iter().map(|answer| converse(&listener.accept().unwrap().0, answer)).collect();
        Self { directory, thread: std::thread::spawn(serve) }
    }

    /// Starts the server with answers made of a status and a JSON body.
    pub(super) fn with_json(answers: &[(u16, &str)]) -> Self {
        let whole = |(status, body): &(u16, &str)| {
            format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        let answers: Vec<String> = answers.iter().map(whole).collect();
        Self::start(&answers.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join(crate::data_files::SOCKET)
    }

    /// The API at its socket.
    pub(super) fn api(&self) -> Api {
        Api::in_directory(self.directory.path())
    }

    /// Waits until the server has given every answer; returns the requests.
    pub(super) fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

/// Reads one request, head and body, and answers it.
fn converse(mut stream: &UnixStream, answer: &str) -> String {
    let mut request = String::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        let length = stream.read(&mut buffer).unwrap();
        assert!(length > 0, "the request ended early: {request}");
        request.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    stream.write_all(answer.as_bytes()).unwrap();
    request
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    body.len() >= length.map_or(0, |(_, value)| value.parse().unwrap())
}

/// A whole answer of success with this body.
pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 X\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

/// The answer to a list that is only counted, whole.
pub(super) fn counted(count: u64) -> String {
    format!("HTTP/1.1 200 X\r\nx-resource-count: {count}\r\ncontent-length: 2\r\n\r\n[]")
}

/// An access token of alice in the API's JSON, with the fields of `change` replaced or added.
pub(super) fn token(change: &Value) -> Value {
    let mut token = json!({
        "hashedToken": "0123456789abcdef", "tokenLabel": "laptop", "isActive": true,
        "lastUsed": "0001-01-01T00:00:00Z", "createdAt": "2026-11-21T20:42:00Z", "generatedBy": "manual",
        "creatorUa": "curl/8", "id": "01A", "username": "alice", "expiresAt": null, "accessLevel": "admin",
        "repositories": [], "lastUsedIp": null, "parent": null, "temporaryPassword": false,
        "state": "active", "stateReason": "it is accepted", "stoppedBy": null,
        "currentLastUsed": "0001-01-01T00:00:00Z", "previousHashedToken": null, "previousUntil": null,
        "previousUntilUsed": false, "previousLastUsed": null, "previousLastUsedIp": null,
        "revokedAt": null, "revokedFrom": null,
    });
    token.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    token
}

/// The robot `acme/ci` in the API's JSON, with the fields of `change` replaced or added.
pub(super) fn ci(change: &Value) -> Value {
    let mut robot = token(&json!({
        "name": "ci", "userName": "acme/ci", "username": "acme", "robot": "ci", "tokenLabel": "acme/ci",
        "accessLevel": "push", "repositories": ["acme/*"], "secretBy": "alice",
    }));
    robot.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    robot
}

/// The repository `app` of a namespace in the API's JSON, as text.
pub(super) fn repository(namespace: &str, owner: Option<&str>) -> String {
    let repository = json!({
        "id": "01A", "namespace": namespace, "namespaceType": "organization", "name": "app", "shortDescription": "",
        "longDescription": "", "visibility": "private", "scanOnPush": false, "immutableTags": false,
        "enableManifestLists": true, "pulls": 0, "pushes": 0, "tagLimit": 0, "accessLevel": "admin", "owner": owner,
        "lastPush": null, "missingSince": null,
    });
    repository.to_string()
}

/// Alice as a member of an organization, in the API's JSON.
pub(super) fn member(is_admin: bool) -> String {
    let alice = json!({ "name": "alice", "id": "01A", "fullName": "Alice", "isOrg": false });
    json!({ "member": alice, "isAdmin": is_admin, "isActive": true }).to_string()
}

/// What a console wrote, to standard output and to standard error.
#[derive(Clone, Default)]
pub(super) struct Written(Arc<Mutex<Vec<u8>>>, Arc<Mutex<Vec<u8>>>);

impl Written {
    /// Standard output so far.
    pub(super) fn out(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Standard error so far.
    pub(super) fn note(&self) -> String {
        String::from_utf8(self.1.lock().unwrap().clone()).unwrap()
    }
}

struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A console without a terminal, whose clock stands at 2026-11-21 20:42 UTC, with this standard input.
pub(super) fn console(input: &[u8]) -> (Console, Written) {
    let written = Written::default();
    let console = Console {
        out: Box::new(Sink(Arc::clone(&written.0))),
        note: Box::new(Sink(Arc::clone(&written.1))),
        input: Box::new(Cursor::new(input.to_vec())),
        ask: |_| Err(io::ErrorKind::Unsupported.into()),
        environment: BTreeMap::new(),
        found_file: None,
        owner_of_data: None,
        is_packaged: false,
        unreadable: std::collections::BTreeSet::new(),
        clock: Clock::fixed(Timestamp::parse("2026-11-21T20:42:00Z").unwrap()),
        program: "dockpass".to_owned(),
        machine: "desk".to_owned(),
        spoken_to: None,
        out_is_terminal: false,
        in_is_terminal: false,
        width: None,
        format: Format::Table,
        log_form: LogForm::default(),
        is_verbose: false,
    };
    (console, written)
}
