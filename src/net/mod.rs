//! Outgoing requests: URLs, the addresses of a name, trusted certificates, connections, and the HTTP client over all that.
//!
//! Owns what every such request has in common, whoever makes it. Knows no protocol above HTTP and no credentials, reads no
//! environment (so no `HTTPS_PROXY` either), and names no other module of this program.
//!
//! Names are resolved here, from `/etc/hosts` and `/etc/resolv.conf`, and never by the C library: in a static binary that
//! would load its modules at run time.

mod address;
mod connector;
mod failure;
mod http;
mod names;
mod stream;
mod trust;
mod untaken;

pub use address::{Address, InvalidUrl};
pub use connector::{Met, Opened, Plain, Stream, datagrams, meet, open};
pub use failure::Failure;
pub use http::{Answer, Client, Limits, send_over};
pub use names::{ResolveError, resolve};
pub use stream::{Arriving, Pieces, Sent, StreamClient, Streamed, nothing, pieces, stream_over, whole};
pub use trust::{TrustError, trust, trust_text};

/// How long an open connection waits for its next use; registries and proxies close theirs after a minute or more.
const IDLE: std::time::Duration = std::time::Duration::from_secs(30);

/// A cause of any kind.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;
