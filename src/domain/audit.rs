//! Audit records: who did what, by what credential, from where, on what, and how it ended.

use super::id::Id;
use super::time::Timestamp;

/// By what a caller was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// No credential.
    None,
    /// The account's password.
    Password,
    /// An access token.
    AccessToken,
    /// A registry token.
    RegistryToken,
    /// A browser session.
    Session,
    /// The local socket: its owner or root.
    Socket,
    /// dockpass itself.
    System,
    /// The registry: its notifications, or what dockpass read there.
    Registry,
}

impl CredentialKind {
    /// Every kind with the name that records show.
    pub const NAMED: [(CredentialKind, &'static str); 8] = [
        (Self::None, "none"),
        (Self::Password, "password"),
        (Self::AccessToken, "accessToken"),
        (Self::RegistryToken, "registryToken"),
        (Self::Session, "session"),
        (Self::Socket, "socket"),
        (Self::System, "system"),
        (Self::Registry, "registry"),
    ];

    /// The name that records show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        Self::NAMED.into_iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Done.
    Success,
    /// Refused: not allowed, or the credential was wrong.
    Denied,
}

impl Outcome {
    /// The name that records show.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
        }
    }
}

/// What is to be recorded, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuditEntry {
    /// The account's name, `local:<uid>`, `anonymous`, `system`, `registry`, or the name that was tried.
    pub actor: String,
    /// The account's id, if an account is known.
    pub actor_id: Option<Id>,
    /// By what it was known.
    pub credential: CredentialKind,
    /// The access token's id, if it was one.
    pub credential_id: Option<Id>,
    /// The client's address; empty for the system itself and the socket.
    pub address: String,
    /// What was done, `noun.verb`.
    pub action: &'static str,
    /// On what.
    pub object: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// A record in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number, from 1, without gaps except where retention put an anchor.
    pub seq: u64,
    /// When it was written; of summed records, when the last happened.
    pub time: Timestamp,
    /// The account's name, or what stands for it.
    pub actor: String,
    /// The account's id, if an account is known.
    pub actor_id: Option<Id>,
    /// By what it was known: the names of [`CredentialKind`].
    pub credential: String,
    /// The access token's id, if it was one.
    pub credential_id: Option<Id>,
    /// The client's address.
    pub address: String,
    /// What was done.
    pub action: String,
    /// On what.
    pub object: String,
    /// How it ended: the names of [`Outcome`].
    pub outcome: String,
    /// How many equal events it sums.
    pub count: u64,
    /// Keyed BLAKE3 over the previous hash, the number and the record.
    pub hash: [u8; 32],
}
