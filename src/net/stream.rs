//! The HTTP client for bodies of any size: they are streamed both ways, and nothing of them is kept.
//!
//! HTTP/1.1. What is bounded is how long the answer takes to begin, and how long either side may stand still after that.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::{BodyExt, Either, Empty, Full};
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::HeaderMap;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, Sleep, sleep};

use super::IDLE;
use super::connector::{Connector, Plain};
use super::failure::Failure;

/// Largest piece of an answer's body that is held, in bytes.
const PIECE: usize = 128 * 1024;

/// A body to send: pieces that come over a channel, which is closed at its end; an error aborts the request.
pub struct Pieces {
    pieces: Receiver<io::Result<Bytes>>,
    /// Bytes that are still to come, where the length is known.
    left: Option<u64>,
}

impl Pieces {
    /// A body of these pieces; `length` in bytes, if it is known: then it is announced, and held.
    #[must_use]
    pub fn new(pieces: Receiver<io::Result<Bytes>>, length: Option<u64>) -> Self {
        Self { pieces, left: length }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(match ready!(self.pieces.poll_recv(cx)) {
            Some(Ok(piece)) => {
                self.left = self.left.map(|left| left.saturating_sub(piece.len() as u64));
                Some(Ok(Frame::data(piece)))
            }
            Some(Err(error)) => Some(Err(error)),
            None => None,
        })
    }

    fn is_end_stream(&self) -> bool {
        self.left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.left.map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

/// What is sent along with a request.
pub type Sent = Either<Either<Empty<Bytes>, Full<Bytes>>, Pieces>;

/// No body.
#[must_use]
pub fn nothing() -> Sent {
    Either::Left(Either::Left(Empty::new()))
}

/// A body that is at hand.
#[must_use]
pub fn whole(body: Bytes) -> Sent {
    Either::Left(Either::Right(Full::new(body)))
}

/// A body that comes in pieces.
#[must_use]
pub fn pieces(body: Pieces) -> Sent {
    Either::Right(body)
}

/// An answer whose body still comes.
pub struct Streamed {
    /// HTTP status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Arriving,
}

/// A body that comes, piece by piece. Dropped before its end, its connection ends.
pub struct Arriving {
    body: Incoming,
    /// Longest wait for a piece.
    patience: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Arriving {
    /// Its length in bytes, if the server has told it.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// Whether nothing of it comes any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The next piece; none at the end. Trailers are left out.
    pub fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.patience)));
                ready!(timer.as_mut().poll(cx));
                return Poll::Ready(Some(Err(Failure::TimedOut { seconds: self.patience.as_secs() })));
            };
            if let Some(timer) = &mut self.timer {
                timer.as_mut().reset(Instant::now() + self.patience);
            }
            return Poll::Ready(match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(piece) => Some(Ok(piece)),
                    Err(_) => continue,
                },
                Some(Err(cause)) => Some(Err(Failure::Broken(Arc::new(cause)))),
                None => None,
            });
        }
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// [`Failure::TimedOut`], [`Failure::Broken`]
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        std::future::poll_fn(|cx| self.poll_piece(cx)).await.transpose()
    }

    /// The whole body, if it has at most `most` bytes.
    ///
    /// # Errors
    /// [`Failure::TooLarge`] beyond that; [`Failure::TimedOut`], [`Failure::Broken`].
    pub async fn whole(self, most: usize) -> Result<Bytes, Failure> {
        let limited = http_body_util::Limited::new(self.body, most).collect();
        let late = |_| Failure::TimedOut { seconds: self.patience.as_secs() };
        let body = tokio::time::timeout(self.patience, limited).await.map_err(late)?;
        Ok(body.map_err(|cause| Failure::of_body(cause, most))?.to_bytes())
    }
}

/// Sends requests over connections that stay open between them, and belong to the runtime that made them.
pub struct StreamClient {
    client: legacy::Client<Connector, Sent>,
    /// How long the body of an answer may stand still.
    standstill: Duration,
}

impl StreamClient {
    /// A client with this TLS for https, which makes each connection within `limit`; the body of an answer may stand still
    /// for as long as `standstill`.
    #[must_use]
    pub fn new(tls: Arc<ClientConfig>, limit: Duration, standstill: Duration) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new()).http1_max_buf_size(PIECE);
        Self { client: builder.build(Connector { tls, plain: Plain::Anywhere, limit }), standstill }
    }

    /// Sends a request to the server that its URI names. Its answer begins within `patience`; that time begins anew as long
    /// as `moves` says so: while the request is still being sent.
    ///
    /// # Errors
    /// [`Failure`]; of the body, those of [`Arriving`].
    pub async fn send(
        &self,
        request: Request<Sent>,
        patience: Duration,
        moves: impl Fn() -> bool,
    ) -> Result<Streamed, Failure> {
        let answer = self.client.request(request);
        tokio::pin!(answer);
        let response = loop {
            match tokio::time::timeout(patience, &mut answer).await {
                Ok(answered) => break answered.map_err(Failure::of_pool)?,
                Err(_) if moves() => {}
                Err(_) => return Err(Failure::TimedOut { seconds: patience.as_secs() }),
            }
        };
        let (parts, body) = response.into_parts();
        let body = Arriving { body, patience: self.standstill, timer: None };
        Ok(Streamed { status: parts.status, headers: parts.headers, body })
    }
}

/// Sends a request over this stream, which ends with the answer, whose body is streamed. Its URI is a path, and it names its
/// `Host`. The answer begins within `patience`, and its body may stand still for as long as `standstill`.
///
/// # Errors
/// [`Failure::TimedOut`], [`Failure::Broken`]; of the body, those of [`Arriving`].
pub async fn stream_over<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    patience: Duration,
    standstill: Duration,
) -> Result<Streamed, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let answer = super::http::over(stream, request);
    let late = |_| Failure::TimedOut { seconds: patience.as_secs() };
    let (parts, body) = tokio::time::timeout(patience, answer).await.map_err(late)??.into_parts();
    let body = Arriving { body, patience: standstill, timer: None };
    Ok(Streamed { status: parts.status, headers: parts.headers, body })
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread::JoinHandle;

    use tokio::sync::mpsc::channel;

    use super::super::trust;
    use super::*;

    /// A server for one connection, which begins with what has come of a request, and its URL.
    fn serving<T: Send + 'static>(
        work: impl FnOnce(TcpStream, Vec<u8>) -> T + Send + 'static,
    ) -> (String, JoinHandle<T>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let serve = move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut come = vec![0; 9_000];
            let length = stream.read(&mut come).unwrap_or_default();
            come.truncate(length);
            work(stream, come)
        };
        (url, std::thread::spawn(serve))
    }

    const LONG: Duration = Duration::from_secs(9);

    fn client(standstill: Duration) -> StreamClient {
        StreamClient::new(trust(None).unwrap(), LONG, standstill)
    }

    fn get(url: &str) -> Request<Sent> {
        Request::get(url).body(nothing()).unwrap()
    }

    /// What a server gets of a body that ends as `last` says, and whether the request failed.
    async fn sent(length: Option<u64>, last: Option<io::Error>) -> (String, bool) {
        let (url, server) = serving(|mut stream, mut got| {
            let _ = stream.read_to_end(&mut got);
            String::from_utf8_lossy(&got).into_owned()
        });
        let (sender, receiver) = channel(2);
        let request = Request::put(url).body(pieces(Pieces::new(receiver, length))).unwrap();
        let asked = tokio::spawn(async move {
            let answer = client(LONG).send(request, LONG, || false).await;
            answer.is_err_and(|failure| failure.is_of_sender())
        });
        sender.send(Ok(Bytes::from_static(b"half"))).await.unwrap();
        if let Some(error) = last {
            sender.send(Err(error)).await.unwrap();
        }
        drop(sender);
        let failed = asked.await.unwrap();
        (tokio::task::spawn_blocking(|| server.join().unwrap()).await.unwrap(), failed)
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_never_looks_whole() {
        let broken = || Some(io::Error::from(io::ErrorKind::ConnectionAborted));
        for (length, last) in [(Some(9), None), (Some(9), broken()), (None, broken())] {
            let (got, failed) = sent(length, last).await;
            assert!(failed && !got.ends_with("0\r\n\r\n"), "{length:?}: {got}");
        }
    }

    #[tokio::test]
    async fn the_beginning_of_an_answer_is_late_unless_the_request_still_moves() {
        for moves in [true, false] {
            let (url, _server) = serving(|mut stream, _| {
                std::thread::sleep(Duration::from_millis(300));
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")
            });
            let answer = client(LONG).send(get(&url), Duration::from_millis(100), move || moves).await;
            match answer {
                Ok(answer) => assert!(moves && answer.body.is_over()),
                Err(error) => assert!(!moves && matches!(error, Failure::TimedOut { .. }), "{error}"),
            }
        }
    }

    #[tokio::test]
    async fn a_body_may_take_any_time_as_long_as_it_moves() {
        let (url, _server) = serving(|mut stream, _| {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n").unwrap();
            for _ in 0..4 {
                std::thread::sleep(Duration::from_millis(150));
                stream.write_all(b"a").unwrap();
            }
            stream.read(&mut [0; 9_000])
        });
        let mut body = client(Duration::from_millis(400)).send(get(&url), LONG, || false).await.unwrap().body;
        assert_eq!((body.length(), body.is_over()), (Some(9), false));
        let mut got = 0;
        let end = loop {
            match poll_fn(|cx| body.poll_piece(cx)).await {
                Some(Ok(piece)) => got += piece.len(),
                other => break other,
            }
        };
        assert!(got == 4 && matches!(end, Some(Err(Failure::TimedOut { .. }))), "{got} {end:?}");
    }

    #[tokio::test]
    async fn the_whole_of_a_body_is_bounded() {
        for (most, is_good) in [(5, true), (4, false)] {
            let (url, _server) =
                serving(|mut stream, _| stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
            let body = client(LONG).send(get(&url), LONG, || false).await.unwrap().body;
            let whole = body.whole(most).await;
            assert!(if is_good { whole.unwrap() == "hello" } else { matches!(whole, Err(Failure::TooLarge { .. })) });
        }
    }
}
