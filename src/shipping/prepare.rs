//! What the ways need before they begin: trust in certificates, and the secret of the webhook. What is wrong with it is known
//! before the store is opened.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::Uri;
use rustls::ClientConfig;

use super::cloud_event::SigningSecret;
use crate::denied;
use crate::domain::entered;
use crate::domain::receiver::{SyslogServer, WebhookUrl};
use crate::net::{self, TrustError};
use crate::private_file;

/// Longest file with a secret, in bytes.
const MAX_FILE: usize = 4 * 1024;

/// Where it goes.
#[derive(Clone, Debug, Default)]
pub struct ShippingSettings {
    /// The file with the head of the chain, if there is one.
    pub head_file: Option<PathBuf>,
    /// The syslog server.
    pub syslog: Option<SyslogSettings>,
    /// The webhook.
    pub webhook: Option<WebhookSettings>,
}

/// A syslog server that records go to.
#[derive(Clone, Debug)]
pub struct SyslogSettings {
    /// Where it is.
    pub server: SyslogServer,
    /// Certificates trusted beside the system's roots, as PEM.
    pub ca: Option<PathBuf>,
}

/// A webhook that records go to.
#[derive(Clone, Debug)]
pub struct WebhookSettings {
    /// Its URL.
    pub url: WebhookUrl,
    /// The file with the secret that signs.
    pub secret_file: PathBuf,
    /// Certificates trusted beside the system's roots, as PEM.
    pub ca: Option<PathBuf>,
}

/// Why records cannot go out.
#[derive(Debug, thiserror::Error)]
pub enum ShippingError {
    /// A file with certificates cannot be used.
    #[error("{key}: {source}")]
    Trust {
        /// Which.
        key: &'static str,
        /// Why.
        source: TrustError,
    },
    /// The file with the secret cannot be read.
    #[error("audit.webhook_secret_file: {}", denied::told_of_site(path, source))]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds no secret.
    #[error(
        "audit.webhook_secret_file: {} holds no secret: one line, whsec_ and the base64 of 24 to 64 random bytes; make one with \
         (printf whsec_; openssl rand -base64 32)", .0.display()
    )]
    NoSecret(PathBuf),
    /// The operating system gives no threads.
    #[error("the operating system gives no thread for it")]
    Threads(#[source] io::Error),
    /// Its URL is none for the HTTP client.
    #[error("audit.webhook_url is no URL that can be asked")]
    Url,
}

/// What the ways need.
pub struct Prepared {
    pub(super) head_file: Option<PathBuf>,
    pub(super) syslog: Option<(SyslogServer, Arc<ClientConfig>)>,
    pub(super) webhook: Option<Webhook>,
}

/// What a webhook needs.
pub(super) struct Webhook {
    pub(super) uri: Uri,
    /// Its URL as it is told.
    pub(super) place: String,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) secret: Arc<SigningSecret>,
}

impl Prepared {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// [`ShippingError`]
    pub fn read(settings: ShippingSettings) -> Result<Self, ShippingError> {
        let ShippingSettings { head_file, syslog, webhook } = settings;
        let syslog = syslog.map(|SyslogSettings { server, ca }| Ok((server, trust("audit.syslog_ca", ca.as_deref())?)));
        Ok(Self { head_file, syslog: syslog.transpose()?, webhook: webhook.map(Webhook::read).transpose()? })
    }
}

impl Webhook {
    fn read(settings: WebhookSettings) -> Result<Self, ShippingError> {
        let WebhookSettings { url, secret_file, ca } = settings;
        let uri = url.reveal().parse().map_err(|_| ShippingError::Url)?;
        let (tls, secret) = (trust("audit.webhook_ca", ca.as_deref())?, Arc::new(secret(&secret_file)?));
        Ok(Self { uri, place: url.place().to_owned(), tls, secret })
    }
}

fn trust(key: &'static str, ca: Option<&Path>) -> Result<Arc<ClientConfig>, ShippingError> {
    net::trust(ca).map_err(|source| ShippingError::Trust { key, source })
}

/// The secret in the first line of a file, which stays as it is.
fn secret(path: &Path) -> Result<SigningSecret, ShippingError> {
    let unreadable = |source| ShippingError::File { path: path.to_owned(), source };
    let (_, content) = private_file::read_of_site(path, MAX_FILE).map_err(unreadable)?;
    let text = entered::text(&content).ok().and_then(|text| text.lines().next().map(entered::bare));
    text.and_then(SigningSecret::parse).ok_or_else(|| ShippingError::NoSecret(path.to_owned()))
}

/// Takes everybody's permission to read the file of a secret that was read; warns where that is not ours to do.
pub fn close_secret(file: &Path) {
    if let Ok((opened, _)) = private_file::read_of_site(file, 0) {
        private_file::close_elsewhere(file, &opened, private_file::STRANGERS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, secret: &str) -> (ShippingSettings, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), secret).unwrap();
        let url = WebhookUrl::parse(url).unwrap();
        let webhook = WebhookSettings { url, secret_file: file.path().to_owned(), ca: None };
        (ShippingSettings { webhook: Some(webhook), ..ShippingSettings::default() }, file)
    }

    fn refusal(settings: ShippingSettings) -> String {
        Prepared::read(settings).err().unwrap().to_string()
    }

    #[test]
    fn what_cannot_be_used_is_refused_without_the_secret() {
        let good = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
        let (usable, _kept) = settings("https://hooks.example.com/x", good);
        assert_eq!(Prepared::read(usable.clone()).unwrap().webhook.unwrap().place, "https://hooks.example.com");
        for bad in ["", "s3cret\n", "whsec_c2hvcnQ=\n"] {
            let (settings, _kept) = settings("https://hooks.example.com/x", bad);
            let told = refusal(settings);
            assert!(told.contains("holds no secret") && !told.contains("s3cret"), "{told}");
        }
        let webhook = usable.webhook.unwrap();
        let missing = WebhookSettings { secret_file: "/nonexistent/secret".into(), ..webhook.clone() };
        let told = refusal(ShippingSettings { webhook: Some(missing), ..ShippingSettings::default() });
        assert!(told.starts_with("audit.webhook_secret_file: /nonexistent/secret: No such file"), "{told}");
        let untrusted = WebhookSettings { ca: Some("/nonexistent/ca.pem".into()), ..webhook };
        let told = refusal(ShippingSettings { webhook: Some(untrusted), ..ShippingSettings::default() });
        assert!(told.starts_with("audit.webhook_ca: cannot read /nonexistent/ca.pem"), "{told}");
    }

    #[test]
    fn of_a_file_with_a_secret_four_kib_are_read() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        // What is read must be text, and what is behind the bound is not there.
        let told = |lines: usize| {
            let (settings, file) = settings("https://example.com/", "");
            let content = [text.as_bytes(), b"\n".repeat(lines).as_slice(), &[0xff][..]].concat();
            std::fs::write(file.path(), content).unwrap();
            Prepared::read(settings).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(told(MAX_FILE - text.len()), "");
        assert!(told(MAX_FILE - text.len() - 1).contains("holds no secret"));
    }
}
