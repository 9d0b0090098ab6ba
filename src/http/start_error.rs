//! Why a server cannot start.

use std::io;
use std::path::PathBuf;

use super::listen::ListenError;
use super::socket_path::LongSocketPath;
use super::socket_secret::SocketSecretError;
use super::tls::TlsError;
use crate::causes::with_causes;
use crate::denied;
use crate::registry::credentials::CredentialsError;
use crate::registry::upstream::UpstreamError;
use crate::service;
use crate::shipping::ShippingError;

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory, the store or the keys cannot be used.
    #[error("{}", with_causes(.0))]
    Service(#[from] service::OpenError),
    /// TLS cannot be set up.
    #[error("{}", with_causes(.0))]
    Tls(#[from] TlsError),
    /// An address is taken, or not this machine's.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The path of the local socket is longer than the system takes.
    #[error(transparent)]
    LongPath(#[from] LongSocketPath),
    /// The local socket cannot be made.
    #[error("cannot make the socket {}", denied::told(path, source))]
    Socket {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The secret of the local socket cannot be written.
    #[error("{}", with_causes(.0))]
    SocketSecret(#[from] SocketSecretError),
    /// The client that asks the registry cannot be set up.
    #[error("{}", with_causes(.0))]
    Registry(#[from] UpstreamError),
    /// What is shown to the registry behind the gateway cannot be read.
    #[error("{}", with_causes(.0))]
    Upstream(#[from] CredentialsError),
    /// The audit log cannot be handed on as the configuration says.
    #[error("{}", with_causes(.0))]
    Shipping(#[from] ShippingError),
    /// There is no store, and only `serve` makes one.
    #[error("{} holds no data of dockpass: start the server there first, or name another directory with --data-dir", .0.display())]
    NoStore(PathBuf),
    /// A second signal came while the server was ending.
    #[error("ended at once: what was in flight is not answered, and what waited in memory may not be written")]
    EndedAtOnce,
    /// The operating system refuses threads, signals, sockets or output.
    #[error("the operating system refused: {0}")]
    System(#[source] io::Error),
}

impl StartError {
    /// Whether another process has the store open.
    #[must_use]
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Service(error) if error.is_in_use())
    }
}
