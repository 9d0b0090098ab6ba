//! The registry behind the gateway: where it is, what is shown to it, how it is asked, and what of its answers passes on.
//!
//! Decides nothing: whoever asks here has been admitted. The registry's answers are input from outside: a header that is
//! not listed does not pass, and no URL of it leads a client to another repository.

mod answer;
mod found;
mod locks;
mod relay;
mod watch;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use rustls::ClientConfig;

use crate::domain::content::Digest;
use crate::domain::trouble::{Trouble, Turn};
use crate::net::{self, Address};
use crate::registry::credentials::UpstreamCredentials;
use crate::registry::manifest;
use crate::registry::upstream::UpstreamError;

/// Every kind of manifest, for an `Accept` header.
pub use crate::registry::manifest::ACCEPT as MANIFESTS;
pub use answer::Passed;
pub use found::{Finding, Found};
pub use locks::{TagLock, TagLocks};
pub use relay::{Forward, Load, Progress, Relay, RelayError};
pub(in crate::registry) use watch::look_after;

/// The digest of a manifest that somebody pushes by a tag.
#[must_use]
pub fn digest_of(manifest: &[u8]) -> Option<Digest> {
    manifest::sha256(manifest)
}

/// What is known of the registry behind the gateway; all workers share it.
pub struct Gateway {
    address: Address,
    tls: Arc<ClientConfig>,
    credentials: UpstreamCredentials,
    limits: GatewayLimits,
    /// Tags that must not be overwritten, while somebody tries.
    pub locks: TagLocks,
    trouble: Mutex<Trouble>,
    found: Mutex<Found>,
}

/// What bounds the requests to it.
#[derive(Clone, Copy, Debug)]
pub struct GatewayLimits {
    /// How long its answer may take to begin.
    pub timeout: Duration,
    /// Whether its redirects are followed here, and not by the client.
    pub follows: bool,
}

impl Gateway {
    /// Prepares it; nothing is sent yet. `ca` is a PEM file, trusted beside the system's roots and read now.
    ///
    /// # Errors
    /// [`UpstreamError::Url`], [`UpstreamError::Trust`]
    pub fn new(
        url: &str,
        ca: Option<&std::path::Path>,
        credentials: UpstreamCredentials,
        limits: GatewayLimits,
    ) -> Result<Arc<Self>, UpstreamError> {
        Ok(Arc::new(Self {
            address: Address::parse(url)?,
            tls: net::trust(ca)?,
            credentials,
            limits,
            locks: TagLocks::default(),
            trouble: Mutex::default(),
            found: Mutex::default(),
        }))
    }

    /// Its URL, for messages to the operator.
    #[must_use]
    pub fn place(&self) -> String {
        self.address.url()
    }

    /// Why the last request that it should have answered, a client's or dockpass's own, had no usable answer; none if it had
    /// one.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).text()
    }

    /// What was found out about it by itself.
    #[must_use]
    pub fn found(&self) -> Found {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn find(&self, note: impl FnOnce(&mut Found)) {
        note(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether a registry token is signed for each request to it.
    #[must_use]
    pub fn takes_tokens(&self) -> bool {
        self.credentials.are_token()
    }

    /// Takes note of the status of an answer to a client. What no registry has says nothing of it: any server answers so.
    fn heard(&self, status: StatusCode) {
        let trouble = trouble_of(status);
        if trouble.is_some() || status.is_success() || status.is_redirection() {
            self.note(trouble);
        }
    }

    /// Takes note of how it answers; tells the log when it fails and when it is well again. What it fails of can change with
    /// each request, and is told to those who ask.
    fn note(&self, trouble: Option<String>) {
        let mut noted = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match noted.becomes(trouble) {
            Some(Turn::Worse(now)) => log::warn!("the registry at {}: {now}", self.place()),
            Some(Turn::Better) => log::info!("the registry at {} answers again", self.place()),
            Some(Turn::Other(_)) | None => {}
        }
    }
}

/// What is wrong with a registry that answers so; none if nothing is. 502 to 504 are those of a proxy before it.
fn trouble_of(status: StatusCode) -> Option<String> {
    match status.as_u16() {
        401 => Some("it answers 401 to what dockpass shows it (registry.upstream_auth)".to_owned()),
        status @ 502..=504 => Some(format!("it answers with status {status}")),
        _ => None,
    }
}
