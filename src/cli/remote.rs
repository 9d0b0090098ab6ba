//! The way to a server elsewhere: its URL, TLS, and the credentials of the environment.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::client::{self, Answer, CONNECT_SECONDS, Call, Peer};
use super::error::{Cause, CliError};
use crate::net::{self, Address, TrustError};

/// A server that is reached by TCP.
pub(super) struct Remote {
    peer: Peer,
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
    /// Whether a CA was named beside the roots of the system.
    has_ca: bool,
}

impl Remote {
    /// Prepares the way to `url` (scheme, host and port only), for a user with a password or an access token. `ca` is trusted
    /// beside the roots of the system.
    pub(super) fn new(url: &str, ca: Option<&Path>, user: &str, secret: &str) -> Result<Self, CliError> {
        let address = Address::parse(url).map_err(|_| bad_url())?;
        let text = Zeroizing::new(format!("{user}:{secret}"));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(text.as_bytes())));
        let mut authorization = HeaderValue::from_str(&basic).map_err(|_| bad_url())?;
        authorization.set_sensitive(true);
        let peer = Peer {
            place: address.url(),
            host: HeaderValue::from_str(address.authority.as_str()).map_err(|_| bad_url())?,
            authorization: Some(authorization),
        };
        let tls = if address.is_tls { Some(net::trust(ca).map_err(no_tls)?) } else { None };
        Ok(Self { peer, host: address.host, port: address.port, tls, has_ca: ca.is_some() })
    }

    /// The server's URL without a slash at its end.
    pub(super) fn url(&self) -> &str {
        &self.peer.place
    }

    /// One request.
    pub(super) async fn call(&self, call: &Call) -> Result<Answer, CliError> {
        let limit = Duration::from_secs(CONNECT_SECONDS);
        let late = || CliError::Timeout { place: self.peer.place.clone(), seconds: CONNECT_SECONDS };
        let stream = tokio::time::timeout(limit, self.connect()).await.map_err(|_| late())??;
        let Some(config) = &self.tls else {
            return client::exchange(stream, call, &self.peer).await;
        };
        let name = ServerName::try_from(self.host.clone()).map_err(|cause| self.unreachable(cause))?;
        let secured = tokio::time::timeout(limit, TlsConnector::from(Arc::clone(config)).connect(name, stream));
        let stream = secured.await.map_err(|_| late())?.map_err(|cause| self.untrusted(cause))?;
        client::exchange(stream, call, &self.peer).await
    }

    async fn connect(&self) -> Result<TcpStream, CliError> {
        let addresses = net::resolve(&self.host).await.map_err(|cause| self.unreachable(cause))?;
        if self.tls.is_none() && !addresses.iter().all(IpAddr::is_loopback) {
            return Err(CliError::Usage(format!(
                "{} would carry the credentials unprotected over the network; give an https URL",
                self.peer.place
            )));
        }
        let mut failure: Cause = "the name has no address".into();
        for address in addresses {
            match TcpStream::connect(SocketAddr::new(address, self.port)).await {
                Ok(stream) => return Ok(stream),
                Err(cause) => failure = cause.into(),
            }
        }
        Err(self.unreachable(failure))
    }

    fn unreachable(&self, cause: impl Into<Cause>) -> CliError {
        CliError::Unreachable { place: self.peer.place.clone(), cause: cause.into(), hint: "" }
    }

    fn untrusted(&self, cause: std::io::Error) -> CliError {
        let is_of_ca = shows_ca(&cause);
        let hint = if is_of_ca || self.has_ca {
            ""
        } else {
            "; where the site has a CA of its own, name its certificate with --ca FILE"
        };
        let cause: Cause = if is_of_ca { Box::new(OfCa(cause)) } else { cause.into() };
        CliError::Unreachable { place: self.peer.place.clone(), cause, hint }
    }
}

/// The server shows the certificate of a CA as its own, which nobody takes.
#[derive(Debug, thiserror::Error)]
#[error("its certificate is a CA's; the server needs one that the CA has issued")]
struct OfCa(#[source] std::io::Error);

/// Whether that is why there is no TLS. rustls passes this reason on without a name of its own.
fn shows_ca(cause: &std::io::Error) -> bool {
    let cause = cause.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match cause {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other))) => {
            format!("{:?}", other.0) == "CaUsedAsEndEntity"
        }
        _ => false,
    }
}

/// What was given is never repeated: somebody may have put a password into it.
fn bad_url() -> CliError {
    let text = "--server takes a URL like https://dockpass.example.org:8700, without path, query or credentials";
    CliError::Usage(format!("{text}; those come from DOCKPASS_USER and DOCKPASS_TOKEN"))
}

fn no_tls(error: TrustError) -> CliError {
    match error {
        TrustError::File { path, cause } => {
            CliError::File { action: "read", path, cause: std::io::Error::other(cause) }
        }
        TrustError::Provider(cause) => CliError::Finding(format!("TLS cannot be used: {cause}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str, ca: Option<&Path>) -> CliError {
        Remote::new(url, ca, "alice", "dkp_x").err().unwrap()
    }

    #[test]
    fn a_url_that_is_refused_is_not_repeated() {
        for url in ["", "secret.example", "ftp://secret", "https://a/secret", "https://alice:secret@a/"] {
            let error = refusal(url, None);
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with("--server takes") && !error.to_string().contains("secret"), "{url}");
        }
    }

    #[tokio::test]
    async fn credentials_do_not_cross_a_network_unprotected() {
        let remote = Remote::new("http://192.0.2.1:8700", None, "alice", "dkp_x").unwrap();
        let error = remote.connect().await.unwrap_err();
        assert!(error.to_string().contains("give an https URL"), "{error}");
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = refusal("https://a.example", Some(file.path()));
        let said = format!("cannot read {}: it holds no PEM certificate", file.path().display());
        assert_eq!((error.to_string(), error.exit_code()), (said, 1));
    }
}
