//! The way to a server elsewhere: its URL, its addresses, TLS, and the credentials of the environment.
//!
//! Names are resolved here, from `/etc/hosts` and `/etc/resolv.conf`, and never by the C library: in a static binary that
//! would load its modules at run time.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hickory_resolver::config::ResolverConfig;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::{Hosts, TokioResolver};
use hyper::Uri;
use hyper::header::HeaderValue;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use super::client::{self, Answer, CONNECT_SECONDS, Call, Peer};
use super::error::{Cause, CliError};

/// A server that is reached by TCP.
pub(super) struct Remote {
    peer: Peer,
    host: String,
    port: u16,
    tls: Option<Arc<ClientConfig>>,
}

impl Remote {
    /// Prepares the way to `url` (scheme, host and port only), for a user with a password or an access token. `ca` is trusted
    /// beside the roots of the system.
    pub(super) fn new(url: &str, ca: Option<&Path>, user: &str, secret: &str) -> Result<Self, CliError> {
        let Address { is_tls, host, port, authority } = parse(url)?;
        let text = Zeroizing::new(format!("{user}:{secret}"));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(text.as_bytes())));
        let mut authorization = HeaderValue::from_str(&basic).map_err(|_| bad_url())?;
        authorization.set_sensitive(true);
        let peer = Peer {
            place: format!("{}://{authority}", if is_tls { "https" } else { "http" }),
            host: HeaderValue::from_str(&authority).map_err(|_| bad_url())?,
            authorization: Some(authorization),
        };
        let tls = if is_tls { Some(trust(ca)?) } else { None };
        Ok(Self { peer, host, port, tls })
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
        let addresses = resolve(&self.host).await.map_err(|cause| self.unreachable(cause))?;
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
        let hint = "; where the site has a CA of its own, name its certificate with --ca FILE";
        CliError::Unreachable { place: self.peer.place.clone(), cause: cause.into(), hint }
    }
}

/// What a `--server` URL says.
#[derive(Debug, PartialEq, Eq)]
struct Address {
    is_tls: bool,
    host: String,
    port: u16,
    authority: String,
}

/// Reads the URL. What was given is never repeated in the error: somebody may have put a password into it.
fn parse(url: &str) -> Result<Address, CliError> {
    let uri: Uri = url.parse().map_err(|_| bad_url())?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(bad_url)?;
    let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !url.contains('#');
    let (is_tls, default_port) = match uri.scheme_str() {
        Some("https") if is_bare => (true, 443),
        Some("http") if is_bare => (false, 80),
        Some(_) | None => return Err(bad_url()),
    };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = match authority.port() {
        Some(port) => port.as_u16(),
        None if authority.as_str().ends_with(authority.host()) => default_port,
        None => return Err(bad_url()),
    };
    if host.is_empty() { Err(bad_url()) } else { Ok(Address { is_tls, host, port, authority: authority.to_string() }) }
}

fn bad_url() -> CliError {
    let text = "--server takes a URL like https://dockpass.example.org:8700, without path, query or credentials";
    CliError::Usage(format!("{text}; those come from DOCKPASS_USER and DOCKPASS_TOKEN"))
}

/// The name of a server has no address.
#[derive(Debug, thiserror::Error)]
#[error("neither /etc/hosts nor DNS knows the name")]
struct UnknownName(#[source] Cause);

/// The addresses of a host. The hosts file is asked even where no name server is configured.
async fn resolve(host: &str) -> Result<Vec<IpAddr>, Cause> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    let mut resolver = match TokioResolver::builder_tokio() {
        Ok(builder) => builder.build()?,
        Err(cause) => {
            log::debug!("no name server: {cause}");
            TokioResolver::builder_with_config(ResolverConfig::default(), TokioRuntimeProvider::default()).build()?
        }
    };
    resolver.set_hosts(Arc::new(Hosts::from_system().unwrap_or_default()));
    let found = resolver.lookup_ip(host).await.map_err(|cause| UnknownName(cause.into()))?;
    Ok(found.iter().collect())
}

/// TLS that trusts the system's roots (or those of `SSL_CERT_FILE`) and the certificates in `ca`.
fn trust(ca: Option<&Path>) -> Result<Arc<ClientConfig>, CliError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for cause in &system.errors {
        log::debug!("roots of the system: {cause}");
    }
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|cause| unreadable(path, cause))?;
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|cause| CliError::Finding(format!("TLS cannot be used: {cause}")))?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, CliError> {
    let read = CertificateDer::pem_file_iter(path).map_err(|cause| unreadable(path, cause))?;
    let found = read.collect::<Result<Vec<_>, _>>().map_err(|cause| unreadable(path, cause))?;
    if found.is_empty() { Err(unreadable(path, "it holds no PEM certificate")) } else { Ok(found) }
}

fn unreadable(path: &Path, cause: impl Into<Cause>) -> CliError {
    CliError::File { action: "read", path: PathBuf::from(path), cause: std::io::Error::other(cause) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> (bool, String, u16, String) {
        let Address { is_tls, host, port, authority } = parse(url).unwrap();
        (is_tls, host, port, authority)
    }

    #[test]
    fn a_server_is_scheme_host_and_port() {
        assert_eq!(address("https://a.example"), (true, "a.example".into(), 443, "a.example".into()));
        assert_eq!(address("http://127.0.0.1:8700/"), (false, "127.0.0.1".into(), 8700, "127.0.0.1:8700".into()));
        assert_eq!(address("https://[::1]:8700"), (true, "::1".into(), 8700, "[::1]:8700".into()));
        assert_eq!(address("https://[::1]"), (true, "::1".into(), 443, "[::1]".into()));
    }

    #[test]
    fn everything_else_is_refused_and_not_repeated() {
        for url in [
            "",
            "a.example",
            "a.example:8700",
            "ftp://a",
            "https://a/path",
            "https://a/?q=secret",
            "https://alice:secret@a/",
            "https://a:99999",
            "https://a:",
            "https://",
            "https://a/#secret",
            "/secret",
        ] {
            let error = parse(url).unwrap_err();
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

    #[tokio::test]
    async fn literal_addresses_and_the_hosts_file_need_no_name_server() {
        assert_eq!(resolve("192.0.2.7").await.unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert_eq!(resolve("::1").await.unwrap(), ["::1".parse::<IpAddr>().unwrap()]);
        let local = resolve("localhost").await.unwrap();
        assert!(!local.is_empty() && local.iter().all(IpAddr::is_loopback), "{local:?}");
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = certificates(file.path()).unwrap_err();
        assert!(error.to_string().ends_with("it holds no PEM certificate"), "{error}");
        assert!(certificates(Path::new("/nonexistent/ca.pem")).is_err());
    }
}
