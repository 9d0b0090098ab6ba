//! The connector under a pooled HTTP client (hyper-util): our own name resolution, TCP, TLS where the URL says https, and
//! a limit on the time that all three take together. HTTP/1.1 only, and never through a proxy.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tower_service::Service;

use super::Cause;
use super::names::{ResolveError, resolve};

/// A future that somebody else polls.
type Pending<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Why there is no connection. It stands among the sources of the client's error.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Name, TCP and TLS together took too long.
    #[error("no connection within {seconds} seconds")]
    TimedOut {
        /// The limit.
        seconds: u64,
    },
    /// The server's certificate is not trusted, or what listens there does not speak TLS.
    #[error(transparent)]
    Tls(Cause),
    /// The name has no address, or nothing listens there.
    #[error(transparent)]
    Unreachable(Cause),
}

impl ConnectError {
    fn of(cause: Cause) -> Self {
        if is_tls(&*cause) { Self::Tls(cause) } else { Self::Unreachable(cause) }
    }
}

/// Whether rustls is among the causes. An I/O error hides the error that it carries from `source`.
fn is_tls(error: &(dyn std::error::Error + 'static)) -> bool {
    let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    error.is::<rustls::Error>() || carried.is_some_and(|inner| is_tls(inner)) || error.source().is_some_and(is_tls)
}

/// Makes connections for `hyper_util::client::legacy::Client`.
#[derive(Clone, Debug)]
pub struct Connector {
    inner: HttpsConnector<HttpConnector<Names>>,
    limit: Duration,
}

impl Connector {
    /// Connections with this TLS, each made within `limit`.
    #[must_use]
    pub fn new(tls: Arc<ClientConfig>, limit: Duration) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Names);
        // What it does not take otherwise are URLs with https, which the layer above it speaks.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // An address that does not answer leaves time for the next one.
        tcp.set_connect_timeout(Some(limit));
        Self { inner: HttpsConnector::from((tcp, tls)), limit }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = ConnectError;
    type Future = Pending<Self::Response, ConnectError>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.inner.poll_ready(context).map_err(ConnectError::of)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let (made, limit) = (self.inner.call(target), self.limit);
        Box::pin(async move {
            let late = |_| ConnectError::TimedOut { seconds: limit.as_secs() };
            tokio::time::timeout(limit, made).await.map_err(late)?.map_err(ConnectError::of)
        })
    }
}

/// Our name resolution, as hyper-util asks for it.
#[derive(Clone, Debug)]
struct Names;

impl Service<Name> for Names {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = ResolveError;
    type Future = Pending<Self::Response, ResolveError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ResolveError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            // The connector puts the port of the URL in the place of this one.
            let found = resolve(name.as_str()).await?.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::trust;
    use super::*;

    async fn connect(url: &str, limit: Duration) -> Result<(), ConnectError> {
        let mut connector = Connector::new(trust(None).unwrap(), limit);
        connector.call(url.parse().unwrap()).await.map(drop)
    }

    const PATIENT: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn names_of_the_hosts_file_lead_to_a_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        connect(&format!("http://localhost:{port}"), PATIENT).await.unwrap();
        connect(&format!("http://127.0.0.1:{port}"), PATIENT).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_closed_does_not_speak_tls_or_says_nothing_is_told_apart() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The listener's backlog takes the connection and nobody ever says a word.
        let error = connect(&format!("https://{address}"), Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error, ConnectError::TimedOut { .. }), "{error:?}");
        let speak = std::thread::spawn(move || {
            let _waiting = listener.accept().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            // Closed only after the other side: else its words may be lost to a reset.
            let _ = io::copy(&mut stream, &mut io::sink());
        });
        let error = connect(&format!("https://{address}"), PATIENT).await.unwrap_err();
        assert!(matches!(error, ConnectError::Tls(_)), "{error:?}");
        speak.join().unwrap();
        let error = connect(&format!("http://{address}"), PATIENT).await.unwrap_err();
        assert!(matches!(error, ConnectError::Unreachable(_)), "{error:?}");
    }
}
