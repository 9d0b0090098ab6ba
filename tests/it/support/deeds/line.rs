//! Requests to a server that may be gone in the middle of one.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Dockpass, raw, site::socket_secret, traced};

/// No answer takes so long.
const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Clone)]
enum Place {
    Socket(PathBuf),
    Network(String),
}

/// Where requests go, and with which headers.
#[derive(Clone)]
pub(crate) struct Line {
    place: Place,
    headers: String,
}

/// Both ways to one server.
pub(crate) struct Lines {
    /// As the local administrator.
    pub(crate) local: Line,
    /// As somebody without credentials.
    pub(crate) network: Line,
}

impl Lines {
    /// To a server that is ready.
    pub(crate) fn to(dockpass: &Dockpass) -> Self {
        Self { local: Line::local(&dockpass.data()), network: Line::network(&dockpass.address) }
    }
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Line {
    /// The local administrator, at the socket of this data directory.
    fn local(data: &Path) -> Self {
        let socket = data.join("dockpass.sock");
        let headers = socket_secret(&socket);
        Self { place: Place::Socket(socket), headers }
    }

    /// Somebody at `host:port`.
    fn network(address: &str) -> Self {
        Self { place: Place::Network(address.to_owned()), headers: String::new() }
    }

    /// The same with a user name and an access token.
    pub(crate) fn basic(&self, user: &str, secret: &str) -> Self {
        self.with(&raw::basic(user, secret))
    }

    /// The same with a registry token.
    pub(crate) fn bearer(&self, token: &str) -> Self {
        traced::registry_token(token);
        self.with(&format!("Authorization: Bearer {token}\r\n"))
    }

    fn with(&self, line: &str) -> Self {
        Self { place: self.place.clone(), headers: format!("{}{line}", self.headers) }
    }

    /// Sends a request; none if the server is gone before it has answered in full.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Option<Reply> {
        traced::values(body);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: dockpass.test\r\nConnection: close\r\n{}Content-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.headers,
            body.len()
        );
        let request = head + &body;
        match &self.place {
            Place::Socket(path) => {
                let stream = UnixStream::connect(path).ok()?;
                stream.set_read_timeout(Some(PATIENCE)).ok()?;
                converse(stream, &request)
            }
            Place::Network(address) => {
                let stream = TcpStream::connect(address).ok()?;
                stream.set_read_timeout(Some(PATIENCE)).ok()?;
                converse(stream, &request)
            }
        }
    }

    /// The JSON at a path, of a server that must answer.
    pub(crate) fn get(&self, path: &str) -> Result<Value, String> {
        match self.ask("GET", path, &Value::Null) {
            Some(Reply { status: 200, body }) => Ok(body),
            other => Err(format!("GET {path}: {other:?}")),
        }
    }

    /// The status at a path; 0 if there is no answer.
    pub(crate) fn status(&self, path: &str) -> u16 {
        self.ask("GET", path, &Value::Null).map_or(0, |reply| reply.status)
    }
}

fn converse(mut stream: impl Read + Write, request: &str) -> Option<Reply> {
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let header = |line: &str| line.to_lowercase().strip_prefix("content-length: ").map(str::to_owned);
    let length = head.lines().find_map(header).map_or(Some(0), |length| length.parse().ok())?;
    (body.len() == length).then(|| Reply { status, body: serde_json::from_str(body).unwrap_or(Value::Null) })
}
