//! HTTP byte by byte: requests that no client writes, bodies that are read and sent bit by bit, and servers that answer what
//! no registry does.

use std::{
    io::{BufRead, BufReader, Read, Write, copy, sink},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use rustix::net::sockopt::set_socket_linger;

use super::{crowd::small_connection, traced};

/// No answer takes so long.
const PATIENCE: Duration = Duration::from_mins(1);

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Head {
    /// The first header of that name, in any letter case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    /// All headers of that name.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.text.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// Stops the test unless the status is this one.
    pub(crate) fn must_be(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// The length that is told, in bytes.
    pub(crate) fn length(&self) -> u64 {
        let length = self.header("content-length").unwrap_or_else(|| panic!("no length: {}", self.text));
        length.parse().expect("a number")
    }

    /// Path and query of the place that the answer leads to.
    pub(crate) fn location(&self) -> String {
        path_of(self.header("location").unwrap_or_else(|| panic!("no place: {}", self.text)))
    }
}

/// Path and query of a URL, which may have no host.
pub(crate) fn path_of(url: &str) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    path.to_owned()
}

/// One connection to a server.
pub(crate) struct Raw(BufReader<TcpStream>);

impl Raw {
    /// A connection to `host:port`.
    pub(crate) fn to(address: &str) -> Self {
        Self::over(TcpStream::connect(address).expect("it listens"))
    }

    /// A connection from an address of 127.0.0.0/8, whose system takes few bytes that nobody reads.
    pub(crate) fn small(address: &str, from: &str) -> Self {
        Self::over(small_connection(address, from))
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Self(BufReader::with_capacity(16 * 1024, stream))
    }

    /// The connection itself, without what was read ahead.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        self.0.get_mut()
    }

    /// Breaks the connection off: the other side is told at once. Closed with nothing unread, it would only be told that nothing
    /// more is said here, and learn the rest at its system's next look whether there is room again, which may take ten seconds.
    pub(crate) fn break_off(mut self) {
        set_socket_linger(self.stream(), Some(Duration::ZERO)).expect("a socket");
    }

    /// Sends this. A server that refuses early may not read it.
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        traced::sent(bytes.as_ref());
        self.0.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// The head of the next answer, also of an interim one.
    pub(crate) fn head(&mut self) -> Head {
        let mut text = String::new();
        while !text.ends_with("\r\n\r\n") {
            let read = self.0.read_line(&mut text);
            assert!(read.as_ref().is_ok_and(|read| *read > 0), "no whole head: {read:?} {text:?}");
        }
        let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
        Head { status: status.unwrap_or_else(|| panic!("no status: {text}")), text }
    }

    /// Reads a body of this length to its end, in pieces.
    pub(crate) fn body(&mut self, length: u64, mut take: impl FnMut(&[u8])) {
        let (mut left, mut room) = (length, vec![0; 256 * 1024]);
        while left > 0 {
            let most = room.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let read =
                self.0.read(&mut room[..most]).unwrap_or_else(|error| panic!("{left} bytes before the end: {error}"));
            assert!(read > 0, "it ended {left} bytes too early");
            take(&room[..read]);
            left -= read as u64;
        }
    }

    /// Everything that comes until the other side ends the connection, and whether it did so in order.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, bool) {
        let mut rest = Vec::new();
        let ended = self.0.read_to_end(&mut rest);
        (rest, ended.is_ok())
    }

    /// A request without a body, and the head of its answer.
    pub(crate) fn ask(&mut self, method: &str, path: &str, headers: &str) -> Head {
        assert!(self.say(format!("{method} {path} HTTP/1.1\r\nHost: dockpass\r\n{headers}\r\n")), "it takes requests");
        self.head()
    }
}

/// The header line with a user name and a password or an access token.
pub(crate) fn basic(user: &str, secret: &str) -> String {
    traced::secret(user, secret);
    format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{secret}")))
}

/// Answers one request, whose head is given, on its connection.
type Play = dyn Fn(&str, &mut TcpStream) + Send + Sync;

/// A server of the test's own in the place of a registry, one request a connection. It ends with the tests.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
    says: Arc<Mutex<String>>,
}

impl Upstream {
    /// A server that does this with each request.
    pub(crate) fn playing(play: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (heads, play): (Arc<Mutex<Vec<String>>>, Arc<Play>) = (Arc::default(), Arc::new(play));
        let heard = Arc::clone(&heads);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (heard, play) = (Arc::clone(&heard), Arc::clone(&play));
                thread::spawn(move || converse(stream, &heard, &*play));
            }
        });
        Self { address, heads, says: Arc::default() }
    }

    /// A server that answers what [`Self::say`] was told last to each request whose line has this text, and to all others
    /// that nothing is there.
    pub(crate) fn saying(part: &'static str) -> Self {
        let says: Arc<Mutex<String>> = Arc::default();
        let said = Arc::clone(&says);
        let mut upstream = Self::playing(move |head, stream| {
            let said = said.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let line = head.lines().next().unwrap_or_default();
            let answer = if line.contains(part) { &said } else { NOTHING };
            // Whoever hung up needs no answer.
            let _ = stream.write_all(answer.as_bytes());
        });
        upstream.says = says;
        upstream
    }

    /// What it answers from now on.
    pub(crate) fn say(&self, answer: impl Into<String>) {
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = answer.into();
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The heads of all requests so far whose line has this text.
    pub(crate) fn heard(&self, part: &str) -> Vec<String> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let has = |head: &&String| head.lines().next().is_some_and(|line| line.contains(part));
        heads.iter().filter(has).cloned().collect()
    }
}

/// What a registry says that has nothing.
const NOTHING: &str = "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"errors\":[]}";

fn converse(mut stream: TcpStream, heads: &Mutex<Vec<String>>, play: &Play) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1..) => head.push(byte[0]),
            Ok(0) | Err(_) => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    // What dockpass shows to others is a secret, too.
    traced::head(&head);
    heads.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
    play(&head, &mut stream);
    // A connection that is closed before all was read is reset, and takes the answer along.
    let _ = stream.shutdown(Shutdown::Write);
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = copy(&mut stream, &mut sink());
}
