//! For the tests of the client: a registry on a port of this machine that answers what it was told, and remembers what
//! it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::exchange::{LIMITS, Limits};
use super::{Upstream, UpstreamError};
use crate::domain::name::RepositoryName;

/// The token that the tests send; no error may repeat it.
pub(super) const TOKEN: &str = "eyJhbGciOi.secret.token";

/// Makes the answer to a request line such as `GET /v2/_catalog?n=1000`; none for silence.
type Reply = dyn Fn(&str) -> Option<String> + Send + Sync;

/// A registry that answers every connection until the test program ends.
pub(super) struct Fake {
    /// Its URL.
    pub(super) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    /// Starts it.
    pub(super) fn saying(reply: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (requests, reply): (Arc<Mutex<Vec<String>>>, Arc<Reply>) = (Arc::default(), Arc::new(reply));
        let heard = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, reply) = (Arc::clone(&heard), Arc::clone(&reply));
                std::thread::spawn(move || converse(&stream, &heard, &*reply));
            }
        });
        Self { url, requests }
    }

    /// Starts it with what it answers to each of these request lines, and 404 to all others.
    pub(super) fn with(answers: &[(&str, String)]) -> Self {
        let answers: Vec<_> = answers.iter().map(|(line, answer)| ((*line).to_owned(), answer.clone())).collect();
        Self::saying(move |asked| {
            let found = answers.iter().find(|(line, _)| line == asked);
            Some(found.map_or_else(|| reply(404, &[], ""), |(_, answer)| answer.clone()))
        })
    }

    /// Starts it with one answer to everything.
    pub(super) fn always(answer: &str) -> Self {
        let answer = answer.to_owned();
        Self::saying(move |_| Some(answer.clone()))
    }

    /// The client to it.
    pub(super) fn client(&self) -> Upstream {
        self.client_within(LIMITS)
    }

    /// The client to it, with other limits.
    pub(super) fn client_within(&self, limits: Limits) -> Upstream {
        Upstream::within(&self.url, None, limits).unwrap()
    }

    /// The heads of all requests so far.
    pub(super) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The same, but the request lines alone.
    pub(super) fn asked(&self) -> Vec<String> {
        self.requests().iter().map(|request| request_line(request)).collect()
    }
}

/// Limits that a test can reach.
pub(super) const SMALL: Limits =
    Limits { page: 100, manifest: 1_000, config: 1_000, second: Duration::from_millis(1), ..LIMITS };

/// An answer with these headers.
pub(super) fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> String {
    let headers = headers.iter().fold(String::new(), |text, (name, value)| format!("{text}{name}: {value}\r\n"));
    format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len())
}

/// A repository that needs no more than a name.
pub(super) fn app() -> RepositoryName {
    RepositoryName::parse("alice/app").unwrap()
}

/// The error, once it is sure that it does not show the registry token.
pub(super) fn error<T>(result: Result<T, UpstreamError>) -> UpstreamError {
    let error = result.err().expect("this should have failed");
    let mut said = format!("{error:?}");
    let sources = std::iter::successors(Some(&error as &dyn std::error::Error), |error| (*error).source());
    sources.for_each(|source| said += &source.to_string());
    assert!(!said.contains("secret"), "{said}");
    error
}

/// Answers each request of a connection in its turn.
fn converse(mut stream: &TcpStream, heard: &Mutex<Vec<String>>, reply: &Reply) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let line = request_line(&head);
        heard.lock().unwrap().push(head);
        // The answer to HEAD has no body, whatever its length says.
        let Some(mut answer) = reply(&line) else { continue };
        if line.starts_with("HEAD ") {
            answer.truncate(answer.find("\r\n\r\n").map_or(answer.len(), |end| end + 4));
        }
        // An answer that is not HTTP/1.1 ends the connection.
        if stream.write_all(answer.as_bytes()).is_err() || !answer.starts_with("HTTP/1.1 ") {
            return;
        }
    }
}

fn request_line(request: &str) -> String {
    request.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned()
}
