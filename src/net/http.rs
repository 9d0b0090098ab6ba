//! The HTTP client: a request and its answer, bounded in time and size.
//!
//! HTTP/1.1. Callers make requests and word errors; nothing here reads, logs or repeats a header or a body.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::{Request, Response, StatusCode};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};

use super::IDLE;
use super::connector::{Connector, Plain};
use super::failure::Failure;

/// Limits in time and size.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// From the request to the end of the answer.
    pub time: Duration,
    /// The answer's body, in bytes.
    pub size: usize,
}

/// What came back, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

/// Sends requests over connections that stay open between them. They belong to the runtime that made them: share a client
/// within one.
pub struct Client(legacy::Client<Connector, Full<Bytes>>);

impl Client {
    /// A client with this TLS for https, which makes each connection within `limit`.
    #[must_use]
    pub fn new(tls: Arc<ClientConfig>, plain: Plain, limit: Duration) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_idle_timeout(IDLE).pool_timer(TokioTimer::new());
        Self(builder.build(Connector { tls, plain, limit }))
    }

    /// Sends the request to the server that its URI names. If an idle connection no longer takes it, it goes over
    /// another one; no request is ever sent twice.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn send(&self, request: Request<Full<Bytes>>, limits: Limits) -> Result<Answer, Failure> {
        within(limits, async { self.0.request(request).await.map_err(Failure::of_pool) }).await
    }
}

/// Sends the request over this stream, which ends with the answer. Its URI is a path, and it names its `Host`.
///
/// # Errors
/// [`Failure::TimedOut`], [`Failure::TooLarge`] or [`Failure::Broken`].
pub async fn send_over<S>(stream: S, request: Request<Full<Bytes>>, limits: Limits) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    within(limits, over(stream, request)).await
}

/// Sends the request over this stream, and gives what begins to come back.
pub(super) async fn over<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let broken = |cause: hyper::Error| Failure::Broken(Arc::new(cause));
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.map_err(broken)?;
    // It ends when the sender is gone and the body is read.
    tokio::spawn(connection);
    sender.send_request(request).await.map_err(broken)
}

async fn within(
    limits: Limits,
    response: impl Future<Output = Result<Response<Incoming>, Failure>>,
) -> Result<Answer, Failure> {
    let whole = async {
        let (parts, body) = response.await?.into_parts();
        let body = Limited::new(body, limits.size).collect().await;
        let body = body.map_err(|cause| Failure::of_body(cause, limits.size))?.to_bytes();
        Ok(Answer { status: parts.status, headers: parts.headers, body })
    };
    let late = |_| Failure::TimedOut { seconds: limits.time.as_secs() };
    tokio::time::timeout(limits.time, whole).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::super::trust;
    use super::*;

    async fn ask(url: &str) -> Failure {
        let client = Client::new(trust(None).unwrap(), Plain::ThisMachine, Duration::from_mins(1));
        let request = Request::get(url).body(Full::default()).unwrap();
        client.send(request, Limits { time: Duration::from_mins(1), size: 1 }).await.unwrap_err()
    }

    #[tokio::test]
    async fn what_went_wrong_says_it_itself_whatever_the_pool_puts_around_it() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let speak = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
            stream.write_all(b"SSH-2.0-OpenSSH\r\n").unwrap();
        });
        let error = ask(&url).await;
        assert!(matches!(error, Failure::Broken(_)) && error.to_string().contains("HTTP"), "{error}");
        assert!(error.met_no_http() && !error.met_no_tls(), "{error:?}");
        speak.join().unwrap();
        let error = ask(&url).await;
        assert!(matches!(error, Failure::Unreachable(_)), "{error:?}");
        assert!(error.to_string().starts_with("Connection refused"), "{error}");
        assert!(matches!(ask("http://192.0.2.1").await, Failure::Unprotected));
    }
}
