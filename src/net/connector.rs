//! The connector under the HTTP client: our own name resolution, TCP, TLS where the URL says https, and a limit on the
//! time that all three take together. HTTP/1.1 only, and never through a proxy.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower_service::Service;

use super::address::Address;
use super::failure::Failure;
use super::names::resolve;
use super::untaken::Ends;

/// How long an address may take before the next one of the same name is tried beside it (RFC 8305, section 5).
const HEAD_START: Duration = Duration::from_millis(250);

/// A connection, with TLS or without.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {
    /// What is under it.
    fn tcp(&self) -> &TcpStream;
}

impl Stream for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Stream for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

impl Connection for Box<dyn Stream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Where a request without TLS may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// To any server.
    Anywhere,
    /// To this machine alone: the request carries credentials.
    ThisMachine,
}

/// Makes connections for the [client](super::Client).
#[derive(Clone)]
pub(super) struct Connector {
    /// TLS, for https.
    pub(super) tls: Arc<ClientConfig>,
    /// For http.
    pub(super) plain: Plain,
    /// Longest time to connect.
    pub(super) limit: Duration,
}

impl Connector {
    async fn connect(self, target: Uri) -> Result<Box<dyn Stream>, Failure> {
        let Address { is_tls, host, port, .. } = Address::of(&target).map_err(Failure::unreachable)?;
        let addresses = resolve(&host).await.map_err(Failure::unreachable)?;
        if !is_tls && self.plain == Plain::ThisMachine && !addresses.iter().all(IpAddr::is_loopback) {
            return Err(Failure::Unprotected);
        }
        let stream = dial(addresses, port).await.map_err(Failure::unreachable)?;
        secured(stream, host, is_tls.then_some(self.tls)).await
    }
}

/// The connection, with TLS if there is to be some.
async fn secured(stream: TcpStream, host: String, tls: Option<Arc<ClientConfig>>) -> Result<Box<dyn Stream>, Failure> {
    match tls {
        None => Ok(Box::new(stream)),
        Some(tls) => Ok(Box::new(shaken(stream, host, tls).await?)),
    }
}

/// The connection with TLS.
async fn shaken(stream: TcpStream, host: String, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, Failure> {
    let name = ServerName::try_from(host).map_err(Failure::unreachable)?;
    TlsConnector::from(tls).connect(name, stream).await.map_err(no_tls)
}

/// A connection whose other side has shown who it is.
pub struct Met {
    /// What is written and read.
    pub stream: Box<dyn Stream>,
    /// The certificates that it has shown, in DER, its own first; none without TLS.
    pub chain: Vec<Vec<u8>>,
}

/// Connects to a server within `limit`, with TLS where its URL says https, and keeps what it shows.
///
/// # Errors
/// [`Failure`]
pub async fn meet(server: &Address, tls: Arc<ClientConfig>, limit: Duration) -> Result<Met, Failure> {
    let made = async {
        let addresses = resolve(&server.host).await.map_err(Failure::unreachable)?;
        let stream = dial(addresses, server.port).await.map_err(Failure::unreachable)?;
        if !server.is_tls {
            return Ok(Met { stream: Box::new(stream), chain: Vec::new() });
        }
        let stream = shaken(stream, server.host.clone(), tls).await?;
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let chain = shown.iter().map(|certificate| certificate.to_vec()).collect();
        Ok(Met { stream: Box::new(stream), chain })
    };
    let late = |_| Failure::NoConnection { seconds: limit.as_secs() };
    tokio::time::timeout(limit, made).await.map_err(late)?
}

/// A connection that speaks something else than HTTP.
pub struct Opened {
    /// What is written and read.
    pub stream: Box<dyn Stream>,
    ends: Ends,
}

impl Opened {
    /// How many bytes of what was written the other side's TCP has not acknowledged, TLS and the end of the stream included;
    /// none if the kernel does not tell. It walks the kernel's table of connections: not for every write.
    #[must_use]
    pub fn untaken(&self) -> Option<u64> {
        self.ends.untaken().ok().flatten()
    }

    /// Whether the other side's TCP has acknowledged all that was written, once the stream was closed on both sides; to be asked
    /// once, and only if the kernel told something of it before. Where the other side closed first, the kernel forgets the
    /// connection with the last acknowledgement, or with an error, which it keeps until it is asked for. The end itself may be
    /// acknowledged tens of milliseconds later; it counts as a byte.
    #[must_use]
    pub fn was_taken_whole(&self) -> bool {
        match self.ends.untaken() {
            Ok(Some(waiting)) => waiting <= 1,
            Ok(None) => self.stream.tcp().take_error().is_ok_and(|error| error.is_none()),
            Err(_) => false,
        }
    }

    /// The same, of which the kernel tells nothing.
    #[cfg(test)]
    pub(crate) fn untold(self) -> Self {
        let nowhere = (Ipv4Addr::UNSPECIFIED, 0).into();
        Self { ends: Ends::of(nowhere, nowhere), ..self }
    }
}

/// Opens a connection to a host, with TLS if given, within `limit`. It ends by itself if the other side's TCP takes nothing of
/// what was sent for as long as `untaken`.
///
/// # Errors
/// [`Failure`]
pub async fn open(
    host: &str,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    limit: Duration,
    untaken: Duration,
) -> Result<Opened, Failure> {
    let made = async {
        let addresses = resolve(host).await.map_err(Failure::unreachable)?;
        let stream = dial(addresses, port).await.map_err(Failure::unreachable)?;
        let untaken = u32::try_from(untaken.as_millis()).unwrap_or(u32::MAX);
        let set = rustix::net::sockopt::set_tcp_user_timeout(&stream, untaken);
        set.map_err(|error| Failure::unreachable(io::Error::from(error)))?;
        let ends = || io::Result::Ok(Ends::of(stream.local_addr()?, stream.peer_addr()?));
        let ends = ends().map_err(Failure::unreachable)?;
        Ok(Opened { stream: secured(stream, host.to_owned(), tls).await?, ends })
    };
    let late = |_| Failure::NoConnection { seconds: limit.as_secs() };
    tokio::time::timeout(limit, made).await.map_err(late)?
}

/// A socket for datagrams to a host: to the first address of its name.
///
/// # Errors
/// [`Failure::Unreachable`]
pub async fn datagrams(host: &str, port: u16) -> Result<UdpSocket, Failure> {
    let addresses = resolve(host).await.map_err(Failure::unreachable)?;
    let none = || Failure::unreachable(io::Error::other("the name has no address"));
    let address = *addresses.first().ok_or_else(none)?;
    let own: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((own, 0)).await.map_err(Failure::unreachable)?;
    socket.connect((address, port)).await.map_err(Failure::unreachable)?;
    Ok(socket)
}

/// A connection to the address that answers first. When one refuses or is slow, the next is tried.
async fn dial(addresses: Vec<IpAddr>, port: u16) -> io::Result<TcpStream> {
    let (mut addresses, mut attempts) = (addresses.into_iter(), JoinSet::new());
    let mut failure = io::Error::other("the name has no address");
    loop {
        if let Some(address) = addresses.next() {
            attempts.spawn(TcpStream::connect((address, port)));
        }
        let Ok(ended) = tokio::time::timeout(HEAD_START, attempts.join_next()).await else { continue };
        match ended.map(|attempt| attempt.unwrap_or_else(|cause| Err(cause.into()))) {
            Some(Ok(stream)) => return stream.set_nodelay(true).map(|()| stream),
            Some(Err(cause)) => failure = cause,
            None => return Err(failure),
        }
    }
}

/// Why the TLS handshake failed; any error that is not rustls's is the connection's. rustls exports no name for the
/// error that a CA's certificate was shown, so its `Debug` text tells.
fn no_tls(cause: io::Error) -> Failure {
    let said = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match said {
        Some(rustls::Error::InvalidCertificate(CertificateError::Other(other)))
            if format!("{:?}", other.0) == "CaUsedAsEndEntity" =>
        {
            Failure::OfAuthority(Arc::new(cause))
        }
        Some(_) => Failure::Tls(Arc::new(cause)),
        None => Failure::unreachable(cause),
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let (made, limit) = (self.clone().connect(target), self.limit);
        Box::pin(async move {
            let late = |_| Failure::NoConnection { seconds: limit.as_secs() };
            tokio::time::timeout(limit, made).await.map_err(late)?.map(TokioIo::new)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::trust;
    use super::*;

    async fn connect_within(plain: Plain, url: &str, limit: Duration) -> Result<(), Failure> {
        let mut connector = Connector { tls: trust(None).unwrap(), plain, limit };
        connector.call(url.parse().unwrap()).await.map(drop)
    }

    async fn connect(url: &str, limit: Duration) -> Result<(), Failure> {
        connect_within(Plain::Anywhere, url, limit).await
    }

    const PATIENT: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn names_of_the_hosts_file_lead_to_a_connection() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        connect(&format!("http://localhost:{port}"), PATIENT).await.unwrap();
        connect(&format!("http://127.0.0.1:{port}"), PATIENT).await.unwrap();
    }

    /// A connection over which two bytes were written, and the other side of it.
    async fn written() -> (Opened, std::net::TcpStream) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut opened = open("127.0.0.1", port, None, PATIENT, PATIENT).await.unwrap();
        opened.stream.write_all(b"ab").await.unwrap();
        (opened, listener.accept().unwrap().0)
    }

    #[tokio::test]
    async fn what_was_read_to_its_end_was_taken_whole_whoever_closed_first() {
        for closes_first in [false, true] {
            let (mut opened, mut other) = written().await;
            other.read_exact(&mut [0; 2]).unwrap();
            if closes_first {
                drop(other);
                assert_eq!(opened.stream.read(&mut [0]).await.unwrap(), 0);
                opened.stream.shutdown().await.unwrap();
            } else {
                opened.stream.shutdown().await.unwrap();
                assert_eq!(other.read(&mut [0]).unwrap(), 0);
                drop(other);
            }
            assert!((0..1_000_000).any(|_| opened.untaken().is_none_or(|waiting| waiting == 0)), "{closes_first}");
            assert!(opened.was_taken_whole(), "{closes_first}");
        }
    }

    #[tokio::test]
    async fn what_was_left_unread_was_not() {
        let (mut opened, other) = written().await;
        // It says its end, and is gone with what it has not read.
        other.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(opened.stream.read(&mut [0]).await.unwrap(), 0);
        drop(other);
        assert!((0..1_000_000).any(|_| opened.untaken().is_none()));
        assert!(!opened.was_taken_whole());
    }

    #[tokio::test]
    async fn what_is_closed_does_not_speak_tls_or_says_nothing_is_told_apart() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // The listener's backlog takes the connection and nobody ever says a word.
        let error = connect(&format!("https://{address}"), Duration::from_millis(50)).await.unwrap_err();
        assert!(matches!(error, Failure::NoConnection { .. }), "{error:?}");
        let speak = std::thread::spawn(move || {
            let _waiting = listener.accept().unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
            // Closed only after the other side: else its words may be lost to a reset.
            let _ = io::copy(&mut stream, &mut io::sink());
        });
        let error = connect(&format!("https://{address}"), PATIENT).await.unwrap_err();
        assert!(matches!(error, Failure::Tls(_)), "{error:?}");
        speak.join().unwrap();
        let error = connect(&format!("http://{address}"), PATIENT).await.unwrap_err();
        assert!(matches!(error, Failure::Unreachable(_)), "{error:?}");
    }
    #[tokio::test]
    async fn the_next_address_is_tried_where_one_refuses_and_none_is_an_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let [closed, open] = ["127.0.0.2", "127.0.0.1"].map(|text| text.parse::<IpAddr>().unwrap());
        assert_eq!(dial(vec![closed, open], port).await.unwrap().peer_addr().unwrap().ip(), open);
        assert_eq!(dial(vec![closed], port).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(dial(Vec::new(), port).await.unwrap_err().to_string(), "the name has no address");
    }

    #[tokio::test]
    async fn credentials_do_not_cross_a_network_unprotected() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        connect_within(Plain::ThisMachine, &here, PATIENT).await.unwrap();
        let error = connect_within(Plain::ThisMachine, "http://192.0.2.1:8700", PATIENT).await.unwrap_err();
        assert!(matches!(error, Failure::Unprotected), "{error:?}");
    }
}
