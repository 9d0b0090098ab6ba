//! The connection to a remote server: its URL, TLS, and the credentials from the environment.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderValue};
use zeroize::Zeroizing;

use super::client::{self, ApiAnswer, ApiRequest, ApiServer};
use crate::cli::screen::CliError;
use crate::net::{self, Address, Client, Plain, TrustError};

/// Time limit for connecting.
const CONNECT: Duration = Duration::from_secs(10);

/// The certificates that are trusted beside the roots of the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Trusted {
    /// None.
    Nothing,
    /// Those in a PEM file.
    File(PathBuf),
    /// Those in a PEM text, which a file holds beside other things.
    Text {
        /// The text.
        pem: String,
        /// The file.
        of: PathBuf,
    },
}

/// A server that is reached over TCP.
pub(in crate::cli) struct Remote {
    peer: ApiServer,
    client: Client,
    /// Who signs in, if anybody does.
    user: Option<String>,
}

impl Remote {
    /// Prepares requests to `url` (scheme, host and port only) as a user with a password or an access token.
    pub(in crate::cli) fn new(url: &str, trusted: &Trusted, user: &str, secret: &str) -> Result<Self, CliError> {
        let text = Zeroizing::new(format!("{user}:{secret}"));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(text.as_bytes())));
        let mut authorization = HeaderValue::from_str(&basic).map_err(|_| bad_url())?;
        authorization.set_sensitive(true);
        let remote = Self::unsigned(url, trusted)?;
        let peer = ApiServer { credential: Some((AUTHORIZATION, authorization)), ..remote.peer };
        Ok(Self { peer, user: Some(user.to_owned()), ..remote })
    }

    /// Prepares requests to `url` without signing in.
    pub(in crate::cli) fn unsigned(url: &str, trusted: &Trusted) -> Result<Self, CliError> {
        let address = parsed(url)?;
        let hint = match trusted {
            Trusted::File(_) | Trusted::Text { .. } => "",
            Trusted::Nothing => "; where the site has a CA of its own, name its certificate with --ca FILE",
        };
        let tls = match trusted {
            Trusted::File(path) if address.is_tls => net::trust(Some(path)),
            Trusted::Text { pem, of } if address.is_tls => net::trust_text(pem.as_bytes(), of),
            Trusted::Nothing | Trusted::File(_) | Trusted::Text { .. } => net::trust(None),
        };
        let tls = tls.map_err(no_tls)?;
        let client = Client::new(tls, Plain::ThisMachine, CONNECT);
        let peer = ApiServer { place: address.url(), address: Some(address), credential: None, hint };
        Ok(Self { peer, client, user: None })
    }

    /// The server's URL without a trailing slash.
    pub(in crate::cli) fn url(&self) -> &str {
        &self.peer.place
    }

    /// The user who signs in, if anybody does.
    pub(in crate::cli) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Sends one request and waits for its answer.
    pub(in crate::cli) async fn call(&self, call: &ApiRequest) -> Result<ApiAnswer, CliError> {
        let answer = self.client.send(call.request(&self.peer)?, call.limits()).await;
        client::read(answer, call, &self.peer)
    }
}

/// The one form of a server's URL, without a trailing slash.
pub(in crate::cli) fn canonical(url: &str) -> Result<String, CliError> {
    parsed(url).map(|address| address.url())
}

fn parsed(url: &str) -> Result<Address, CliError> {
    Address::parse(url).map_err(|_| bad_url())
}

/// Does not repeat the URL: somebody may have put a password into it.
fn bad_url() -> CliError {
    let text = "--server takes a URL like https://dockpass.example.org:8700, without path, query or credentials";
    CliError::Usage(format!("{text}; those come from DOCKPASS_TOKEN or `dockpass login`"))
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
    use super::super::path::ApiPath;
    use super::*;
    use crate::api::operations::server::Ping;

    fn refusal(url: &str, trusted: &Trusted) -> CliError {
        Remote::new(url, trusted, "alice", "dkp_x").err().unwrap()
    }

    #[test]
    fn a_url_that_is_refused_is_not_repeated() {
        for url in ["", "secret.example", "ftp://secret", "https://a/secret", "https://alice:secret@a/"] {
            let error = refusal(url, &Trusted::Nothing);
            assert_eq!(error.exit_code(), 2);
            assert!(error.to_string().starts_with("--server takes") && !error.to_string().contains("secret"), "{url}");
        }
    }

    #[tokio::test]
    async fn credentials_do_not_cross_a_network_unprotected() {
        let remote = Remote::new("http://192.0.2.1:8700", &Trusted::Nothing, "alice", "dkp_x").unwrap();
        let call = ApiRequest::to::<Ping>(ApiPath::of::<Ping, _>([], &()));
        let error = remote.call(&call).await.err().unwrap();
        assert!(error.to_string().contains("give an https URL"), "{error}");
    }

    #[tokio::test]
    async fn tls_to_a_port_without_it_is_told() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let speak = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            assert!(std::io::Read::read(&mut stream, &mut [0; 1024]).unwrap() > 0);
            std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        });
        let remote = Remote::new(&url, &Trusted::Nothing, "alice", "dkp_x").unwrap();
        let call = ApiRequest::to::<Ping>(ApiPath::of::<Ping, _>([], &()));
        let error = remote.call(&call).await.err().unwrap();
        let said = format!("{url} is not a dockpass server: it does not speak TLS; ");
        assert!(error.to_string().starts_with(&said), "{error}");
        speak.join().unwrap();
    }

    #[test]
    fn a_ca_file_must_hold_certificates() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = refusal("https://a.example", &Trusted::File(file.path().to_owned()));
        let said = format!("cannot read {}: it holds no PEM certificate", file.path().display());
        assert_eq!((error.to_string(), error.exit_code()), (said, 1));
    }
}
