//! Asks the registry for a client, over connections of one worker, and streams both bodies.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use tokio::sync::mpsc::Receiver;

use super::Gateway;
use super::answer::{CONTENT_DIGEST, Passed, storage};
use crate::causes::with_causes;
use crate::domain::distribution::{ContentRequest, Verb};
use crate::net::{self, Failure, Pieces, Sent, StreamClient, Streamed};
use crate::registry::correlated;
use crate::service::Pass;

/// Longest time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// For how long the body of an answer may stand still.
const STANDSTILL: Duration = Duration::from_mins(1);
/// Longest time for the answer to a reader to begin. What is written may take longer: a registry reads a large blob once
/// more before it answers.
const READING: Duration = Duration::from_mins(1);
/// Most redirects that are followed.
const REDIRECTS: usize = 3;

/// Headers of a client that the registry gets. All that is about the connection, credentials and cookies stay here.
const TOLD: [HeaderName; 9] = [
    header::ACCEPT,
    header::CONTENT_RANGE,
    header::IF_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_NONE_MATCH,
    header::IF_RANGE,
    header::IF_UNMODIFIED_SINCE,
    header::RANGE,
    header::USER_AGENT,
];

/// Why the registry gave no answer that a client can have.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// It cannot be reached, or answers with what is no answer.
    #[error("the registry behind dockpass cannot be reached")]
    Unreachable,
    /// It does not answer in time.
    #[error("the registry behind dockpass does not answer in time")]
    TimedOut,
    /// The client went, or its body broke off.
    #[error("the request broke off")]
    BrokenOff,
    /// It, or a proxy before it, answers with a fault that is not in the registry's envelope.
    #[error("the registry behind dockpass answers with status {status}")]
    Fault {
        /// HTTP status.
        status: u16,
        /// After how many seconds to come again, if it says so.
        retry_after: Option<i64>,
    },
    /// Its storage, to which it leads, gives nothing.
    #[error("the storage of the registry behind dockpass gives nothing")]
    Storage,
    /// It refuses what dockpass shows to it.
    #[error("the registry behind dockpass refuses dockpass itself; its operator finds why in the log")]
    Refused,
    /// It leads elsewhere.
    #[error("the registry behind dockpass gave an answer that makes no sense")]
    Senseless,
}

/// A body for the registry.
pub enum Load {
    /// None.
    Nothing,
    /// At hand.
    Whole(Bytes),
    /// Pieces that come over a channel, in all as many bytes as are given, if that is known; and how that goes.
    Coming(Receiver<std::io::Result<Bytes>>, Option<u64>, Arc<Progress>),
}

/// How a body comes that is being sent: while it does, or the client makes a pause, the registry's answer is not late.
#[derive(Debug, Default)]
pub struct Progress {
    /// Bytes that have come so far.
    come: AtomicU64,
    waits: AtomicBool,
}

impl Progress {
    /// So many bytes came.
    pub fn came(&self, bytes: usize) {
        self.come.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Says whether it is the client that is waited for.
    pub fn waits_for_client(&self, waits: bool) {
        self.waits.store(waits, Ordering::Relaxed);
    }

    /// Bytes that have come so far.
    #[must_use]
    pub fn come(&self) -> u64 {
        self.come.load(Ordering::Relaxed)
    }

    /// Whether it has gone on since `seen`, which takes note of how far it is.
    fn goes_on(&self, seen: &AtomicU64) -> bool {
        let now = self.come();
        seen.swap(now, Ordering::Relaxed) != now || self.waits.load(Ordering::Relaxed)
    }
}

/// A request for the registry.
pub struct Forward<'a> {
    /// What is asked; with its target alone.
    pub asked: &'a ContentRequest,
    /// The client's headers: name and value.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The media type of the body, where the registry needs one.
    pub content_type: Option<String>,
    /// The body.
    pub load: Load,
    /// What is shown to the registry, if it takes registry tokens.
    pub pass: Option<Pass>,
}

/// The connections of one worker to the registry.
pub struct Relay {
    gateway: Arc<Gateway>,
    client: StreamClient,
}

impl Relay {
    /// Prepares it for the runtime of this worker.
    #[must_use]
    pub fn new(gateway: Arc<Gateway>) -> Self {
        let client = StreamClient::new(Arc::clone(&gateway.tls), CONNECT, STANDSTILL);
        Self { gateway, client }
    }

    /// The registry.
    #[must_use]
    pub fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }

    /// Sends a request on, and gives what may pass of the answer.
    ///
    /// # Errors
    /// [`RelayError`]
    pub async fn send(&self, forward: Forward<'_>) -> Result<Passed, RelayError> {
        let asked = forward.asked;
        let headers = headers(&forward);
        let method = method(asked);
        let shown = self.gateway.credentials.header(forward.pass.as_ref().map(Pass::reveal));
        let shown = shown.map_err(|_| RelayError::Senseless)?;
        let (sent, progress) = match forward.load {
            Load::Nothing => (net::nothing(), None),
            Load::Whole(body) => (net::whole(body), None),
            Load::Coming(pieces, length, progress) => (net::pieces(Pieces::new(pieces, length)), Some(progress)),
        };
        let target = self.gateway.address.at(&asked.target()).map_err(|_| RelayError::Senseless)?;
        let again = self.gateway.limits.follows.then(|| headers.clone());
        let mut request = request(method, target, headers, sent).ok_or(RelayError::Senseless)?;
        if let Some(shown) = shown {
            request.headers_mut().insert(header::AUTHORIZATION, shown);
        }
        correlated::add(request.headers_mut());
        let streamed = self.ask(asked, request, progress.as_deref()).await;
        let streamed = streamed.map_err(|failure| self.failed(&failure))?;
        self.gateway.heard(streamed.status);
        if streamed.status == StatusCode::UNAUTHORIZED {
            return Err(RelayError::Refused);
        }
        if let Some(fault) = fault(&streamed) {
            return Err(fault);
        }
        let streamed = match again {
            Some(headers) => self.followed(asked, headers, streamed).await?,
            None => streamed,
        };
        Passed::of(asked, &self.gateway.address, streamed).ok_or(RelayError::Senseless)
    }

    async fn ask(
        &self,
        asked: &ContentRequest,
        request: Request<Sent>,
        progress: Option<&Progress>,
    ) -> Result<Streamed, Failure> {
        let timeout = self.gateway.limits.timeout;
        let patience = match asked.verb {
            Verb::Get | Verb::Head => timeout.min(READING),
            Verb::Post | Verb::Put | Verb::Patch | Verb::Delete => timeout,
        };
        let seen = AtomicU64::new(0);
        self.client.send(request, patience, || progress.is_some_and(|progress| progress.goes_on(&seen))).await
    }

    /// Takes note of a request that the registry gave no answer to.
    fn failed(&self, failure: &Failure) -> RelayError {
        let (error, trouble) = match failure {
            Failure::NoConnection { .. } | Failure::TimedOut { .. } => (RelayError::TimedOut, with_causes(failure)),
            // What the client did is no trouble of the registry's.
            Failure::Broken(_) if failure.is_of_sender() => return RelayError::BrokenOff,
            Failure::Unreachable(_)
            | Failure::Unprotected
            | Failure::Tls(_)
            | Failure::OfAuthority(_)
            | Failure::TooLarge { .. }
            | Failure::Broken(_) => (RelayError::Unreachable, with_causes(failure)),
        };
        self.gateway.note(Some(trouble));
        error
    }

    /// Goes where the registry leads, if it leads to its storage. No credentials go there. What the registry itself said of
    /// the content stays.
    async fn followed(
        &self,
        asked: &ContentRequest,
        mut headers: HeaderMap,
        mut streamed: Streamed,
    ) -> Result<Streamed, RelayError> {
        headers.remove(header::CONTENT_TYPE);
        for _ in 0..REDIRECTS {
            let Some(target) = storage(asked, &self.gateway.address, &streamed) else { return Ok(streamed) };
            let digest = streamed.headers.remove(CONTENT_DIGEST);
            let request = request(method(asked), target, headers.clone(), net::nothing());
            let followed = self.ask(asked, request.ok_or(RelayError::Senseless)?, None).await;
            streamed = followed.map_err(|failure| self.no_storage(&with_causes(&failure)))?;
            if let status @ (401 | 403 | 500..) = streamed.status.as_u16() {
                return Err(self.no_storage(&format!("it answers with status {status}")));
            }
            if let Some(digest) = digest {
                streamed.headers.entry(CONTENT_DIGEST).or_insert(digest);
            }
        }
        Ok(streamed)
    }

    /// Takes note of a storage that gives nothing.
    fn no_storage(&self, why: &str) -> RelayError {
        self.gateway.note(Some(format!("its storage, to which it leads (registry.upstream_redirects): {why}")));
        RelayError::Storage
    }
}

/// What stands for a fault that clients cannot read: a proxy before the registry answers with a page. Those of a registry
/// pass.
fn fault(streamed: &Streamed) -> Option<RelayError> {
    let kind = streamed.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let is_readable = kind.starts_with("application/json") || kind.contains("+json");
    let wait = streamed.headers.get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    (streamed.status.is_server_error() && !is_readable)
        .then(|| RelayError::Fault { status: streamed.status.as_u16(), retry_after: wait })
}

fn method(asked: &ContentRequest) -> Method {
    Method::from_bytes(asked.verb.as_str().as_bytes()).unwrap_or(Method::GET)
}

fn headers(forward: &Forward<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &forward.headers {
        let known = TOLD.iter().find(|told| told.as_str().eq_ignore_ascii_case(name));
        if let (Some(name), Ok(value)) = (known, HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    }
    if let Some(content_type) = forward.content_type.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    headers
}

fn request(method: Method, target: Uri, headers: HeaderMap, body: Sent) -> Option<Request<Sent>> {
    let mut request = Request::builder().method(method).uri(target).body(body).ok()?;
    *request.headers_mut() = headers;
    Some(request)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::distribution::{self, Asked};
    use crate::net::Address;

    fn asked(method: &str) -> ContentRequest {
        match distribution::read(method, "/v2/a/b/manifests/c") {
            Ok(Asked::Content(asked)) => asked,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_registry_is_told_nothing_of_the_connection_and_of_credentials() {
        let asked = asked("PUT");
        let sent = [
            ("Accept", "a/b"),
            ("accept", "c/d"),
            ("Range", "bytes=0-1"),
            ("Authorization", "Basic x"),
            ("Cookie", "session=x"),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Content-Length", "9"),
            ("Transfer-Encoding", "chunked"),
            ("Expect", "100-continue"),
            ("Connection", "upgrade"),
            ("Upgrade", "h2c"),
            ("Host", "evil.test"),
            ("X-Forwarded-For", "192.0.2.1"),
            ("Proxy-Authorization", "x"),
        ];
        let forward = Forward {
            asked: &asked,
            headers: sent.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).into(),
            content_type: Some("a/b".to_owned()),
            load: Load::Nothing,
            pass: None,
        };
        let told = headers(&forward);
        let told: Vec<_> = told.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        assert_eq!(told, ["accept: a/b", "accept: c/d", "range: bytes=0-1", "content-type: a/b"]);
    }

    /// What is written goes to the registry alone.
    #[tokio::test]
    async fn a_redirect_leads_to_a_storage_for_readers_and_by_http_only() {
        use std::io::{Read, Write};

        let registry = Address::parse("http://127.0.0.1:5000").unwrap();
        for (method, status, location, leads) in [
            ("GET", 307, "http://storage.test/x?signature=y", true),
            ("HEAD", 307, "https://storage.test/x", true),
            ("GET", 307, "http://127.0.0.1:5000/v2/a/b/manifests/c", false),
            ("GET", 200, "http://storage.test/x", false),
            ("GET", 307, "/v2/a/b/manifests/c", false),
            ("GET", 307, "javascript:alert(1)", false),
            ("GET", 307, "ftp://storage.test/x", false),
            ("PUT", 307, "http://storage.test/x", false),
            ("DELETE", 308, "http://storage.test/x", false),
        ] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/", listener.local_addr().unwrap());
            let answer = format!("HTTP/1.1 {status} X\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
                stream.write_all(answer.as_bytes()).unwrap();
            });
            let client = StreamClient::new(net::trust(None).unwrap(), CONNECT, CONNECT);
            let sent = Request::get(&url).body(net::nothing()).unwrap();
            let streamed = client.send(sent, CONNECT, || false).await.unwrap();
            assert_eq!(storage(&asked(method), &registry, &streamed).is_some(), leads, "{method} {status} {location}");
            server.join().unwrap();
        }
    }
}
