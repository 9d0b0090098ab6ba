//! What is looked up when somebody asks: the state of things at that moment, which nobody has to count.

use crate::domain::registry::{CertificateRole, Counts, Phase};
use crate::domain::time::Timestamp;
use crate::domain::token::TokenState;
use crate::domain::words::words;

/// How things are at one moment. What could not be looked up in time is left out.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// The version of dockpass.
    pub version: &'static str,
    /// Since when it runs.
    pub started: Option<Timestamp>,
    /// The process.
    pub process: Process,
    /// Access tokens.
    pub tokens: Option<Tokens>,
    /// How many active accounts have a password with its imported hash of bcrypt.
    pub imported_passwords: usize,
    /// How many repositories are known.
    pub repositories: usize,
    /// The writer.
    pub writer: Writer,
    /// The disk.
    pub disk: Option<Disk>,
    /// When each certificate ends.
    pub certificates: Vec<CertificateEnd>,
    /// The registry's notifications.
    pub notifications: Notifications,
    /// The comparison with the registry; none if dockpass never asks it.
    pub comparison: Option<Comparison>,
    /// The registry behind the gateway, if there is one.
    pub upstream: Option<Upstream>,
    /// The ways by which the audit log goes out, as far as it does.
    pub audit_ways: Vec<AuditWay>,
}

/// The process, as the kernel tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Process {
    /// Bytes of its memory that are in RAM; none if the system does not tell.
    pub resident_bytes: Option<u64>,
}

/// Access tokens, those of robots included.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// How many are in each state.
    pub by_state: Vec<(TokenState, usize)>,
    /// How many that are accepted end within a time: `7d` and `30d`.
    pub ending_within: [(&'static str, usize); 2],
}

/// The writer of the store.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writer {
    /// For how many milliseconds the present batch is being written; 0 if none is.
    pub busy_millis: i64,
    /// Whether that is so long that it counts as hung.
    pub hangs: bool,
    /// Whether changes are accepted.
    pub accepts: bool,
    /// Whether `ended.log` has what takes a power away.
    pub notes_endings: bool,
}

/// The disk of the data directory.
#[derive(Clone, Copy, Debug)]
pub struct Disk {
    /// Bytes of the store's files.
    pub store_bytes: u64,
    /// Bytes that are left on the file system; none if the system does not tell.
    pub free_bytes: Option<u64>,
    /// When the last backup was durable where it was written, if one ever was.
    pub last_backup: Option<Timestamp>,
}

words! {
    /// What a certificate is for.
    pub enum CertificateOf {
        /// The CA of registry tokens.
        RegistryCa = "registry_ca",
        /// What signs registry tokens.
        RegistryLeaf = "registry_leaf",
        /// What signs registry tokens with a fixed key.
        RegistrySigning = "registry_signing",
        /// What clients see over TLS.
        Tls = "tls",
    }
}

impl From<CertificateRole> for CertificateOf {
    fn from(role: CertificateRole) -> Self {
        match role {
            CertificateRole::Ca => Self::RegistryCa,
            CertificateRole::Leaf => Self::RegistryLeaf,
            CertificateRole::Signing => Self::RegistrySigning,
        }
    }
}

/// When a certificate ends.
#[derive(Clone, Copy, Debug)]
pub struct CertificateEnd {
    /// What it is for.
    pub of: CertificateOf,
    /// Its end.
    pub not_after: Timestamp,
}

/// Deliveries of notifications since the start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Notifications {
    /// Those that were taken.
    pub received: u64,
    /// Those that were not understood.
    pub refused: u64,
    /// When the last one was taken.
    pub last: Option<Timestamp>,
}

/// The present comparison with the registry, or the last one.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// Where it stands.
    pub phase: Phase,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// What it found.
    pub counts: Counts,
}

/// The registry behind the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Upstream {
    /// Whether it answers as it should.
    pub answers: bool,
    /// Requests that are at it.
    pub requests: usize,
    /// Most that may be.
    pub max_requests: u32,
}

/// A way by which the audit log goes out.
#[derive(Clone, Copy, Debug)]
pub struct AuditWay {
    /// The word for it: of a closed list, and never where it leads.
    pub kind: &'static str,
    /// Whether it works.
    pub works: bool,
    /// How many records the receiver does not have yet; none where heads go.
    pub behind: Option<u64>,
    /// When the receiver took something for the last time since the start.
    pub delivered: Option<Timestamp>,
    /// How often it has failed since the start.
    pub failures: u64,
}
