//! The bounds of a room.

use std::time::Duration;

/// The bounds of a room.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Limits {
    /// Most connections, without those of trusted proxies.
    pub(in crate::http) connections: usize,
    /// Most of them that are in a TLS handshake.
    pub(in crate::http) handshakes: usize,
    /// Longest handshake.
    pub(in crate::http) handshake_time: Duration,
    /// Most memory that may wait for clients who do not read or do not finish, in bytes.
    pub(in crate::http) unread: usize,
    /// The same for one source.
    pub(in crate::http) unread_of_source: usize,
    /// Largest body that strangers may send, in bytes: while it comes, it counts as memory that waits.
    pub(in crate::http) largest_body: usize,
    /// For how long an answer may stand still.
    pub(in crate::http) stall: Duration,
}
