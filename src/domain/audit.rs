//! Audit records: who did what, by what credential, from where, on what, and how it ended.

mod head;
mod subjects;

use serde::{Deserialize, Serialize};

pub use head::{AuditAnchor, AuditHead, InvalidHead, NotedHead};
pub use subjects::SoughtAccount;

use super::act::{self, Act};
use super::id::Id;
use super::time::Timestamp;
use super::words::words;

/// For so many seconds no record of a change is removed for lack of room. Nor is a warning of an end, which is one: so it
/// outlives that end, and the end is told once.
pub const CHANGES_STAY: i64 = 90 * 24 * 60 * 60;

words! {
    /// How a caller was authenticated, in the words of records.
    #[derive(Hash)]
    pub enum CredentialKind {
        /// No credential.
        None = "none",
        /// The account's password.
        Password = "password",
        /// An access token.
        AccessToken = "accessToken",
        /// A registry token.
        RegistryToken = "registryToken",
        /// A browser session.
        Session = "session",
        /// The local socket: its owner or root.
        Socket = "socket",
        /// dockpass itself.
        System = "system",
        /// The registry: its notifications, or what dockpass read there.
        Registry = "registry",
    }
}

impl CredentialKind {
    /// Whether somebody whom nobody knows may have shown it.
    #[must_use]
    pub fn may_be_of_stranger(self) -> bool {
        match self {
            Self::None | Self::Password | Self::AccessToken | Self::RegistryToken | Self::Session => true,
            Self::Socket | Self::System | Self::Registry => false,
        }
    }
}

words! {
    /// How the act ended, in the words of records.
    #[derive(Hash)]
    pub enum Outcome {
        /// Done.
        Success = "success",
        /// Refused: not allowed, or the credential was wrong.
        Denied = "denied",
    }
}

words! {
    /// What a record that sums different events has in common, in the words of records.
    #[derive(Hash)]
    pub enum Summed {
        /// Strangers of one source: an IPv4 address, or an IPv6 /64.
        Source = "source",
        /// Strangers of one network: an IPv4 /24, or an IPv6 /48.
        Network = "network",
        /// Strangers, at one account or repository.
        Target = "target",
        /// Strangers.
        Strangers = "strangers",
        /// One caller, who asked for what does not exist.
        UnknownNames = "unknownNames",
        /// One caller.
        Caller = "caller",
        /// Callers who have signed in.
        Callers = "callers",
    }
}

/// An account that a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditedAccount {
    /// Its name.
    pub name: String,
    /// Its id; absent if no account was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub id: Option<Id>,
}

/// A repository that a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditedRepository {
    /// Its name.
    pub name: String,
    /// Its id, which a later one of the same name does not have; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub id: Option<Id>,
}

/// An access token that a record is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuditedToken {
    /// Its id, the same through rotations.
    #[schemars(with = "String")]
    pub id: Id,
    /// Its label at that moment.
    pub label: String,
    /// Its owner's name.
    pub owner: String,
}

/// The subjects of a record: at most one account, one repository and one access token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Concerned {
    /// The account.
    pub account: Option<AuditedAccount>,
    /// The repository.
    pub repository: Option<AuditedRepository>,
    /// The access token.
    pub access_token: Option<AuditedToken>,
}

/// An audit record before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AuditEntry {
    /// The account's name, `local:<uid>`, `anonymous`, `system`, `registry`, or the name that was tried.
    pub actor: String,
    /// The account's id, if an account is known.
    pub actor_id: Option<Id>,
    /// How the actor was authenticated.
    pub credential: CredentialKind,
    /// The access token's id, if it was one.
    pub credential_id: Option<Id>,
    /// The access token's label, if it was one.
    pub credential_label: Option<String>,
    /// The client's address; empty for the system itself and the socket.
    pub address: String,
    /// What was done.
    pub act: Act,
    /// On what.
    pub object: String,
    /// How it ended.
    pub outcome: Outcome,
    /// The subjects.
    pub concerned: Concerned,
    /// The reason of that outcome; mostly of denials.
    pub reason: Option<String>,
    /// What it has in common with others, if it stands for different events. What they do not share is left out, or is
    /// that of the first.
    pub summed: Option<Summed>,
}

impl AuditEntry {
    /// What dockpass does by itself.
    #[must_use]
    pub fn by_system(act: Act, object: String) -> Self {
        Self {
            actor: "system".to_owned(),
            actor_id: None,
            credential: CredentialKind::System,
            credential_id: None,
            credential_label: None,
            address: String::new(),
            act,
            object,
            outcome: Outcome::Success,
            concerned: Concerned::default(),
            reason: None,
            summed: None,
        }
    }

    /// Whether nobody has signed in: whoever it was may have any address, and any number of them.
    #[must_use]
    pub fn is_by_stranger(&self) -> bool {
        self.credential.may_be_of_stranger() && self.actor_id.is_none()
    }
}

/// How often something happened, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// How many equal events.
    pub count: u64,
    /// When the first was.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
}

impl Occurrence {
    /// Once, at this moment.
    #[must_use]
    pub fn once(at: Timestamp) -> Self {
        Self { count: 1, first: at, last: at }
    }

    /// Once more, at this moment.
    #[must_use]
    pub fn and_at(self, at: Timestamp) -> Self {
        self.with(Self::once(at))
    }

    /// Both together; the other one was later.
    #[must_use]
    pub fn with(self, later: Self) -> Self {
        Self { count: self.count.saturating_add(later.count), last: later.last, ..self }
    }
}

/// A record of the audit log.
///
/// Its JSON, with the fields in this order and without blanks, is the canonical line: what is hashed, stored, shown and
/// exported is these bytes. Fields may be added behind the others; none changes or goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Number, from 1, without gaps; 0 for who sees a part of the log.
    pub seq: u64,
    /// When it happened; of summed records, when the last did.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub time: Timestamp,
    /// Who: an account's name, `local:<uid>`, `anonymous`, `system`, `registry`, or the name that was tried.
    pub actor: String,
    /// The account's id.
    #[schemars(with = "Option<String>")]
    pub actor_id: Option<Id>,
    /// By what credential: its kind, and after a colon the access token's id.
    pub credential: String,
    /// From where; empty for the system itself and the socket.
    pub address: String,
    /// What: the word of the act.
    #[schemars(schema_with = "act::recorded")]
    pub action: String,
    /// On what.
    pub object: String,
    /// `success` or `denied`.
    pub outcome: String,
    /// How many equal events it sums.
    pub count: u64,
    /// When the first of the summed happened; absent if it sums none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub first_time: Option<Timestamp>,
    /// The label of the access token that was the credential, at that moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_label: Option<String>,
    /// The account that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AuditedAccount>,
    /// The repository that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<AuditedRepository>,
    /// The access token that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<AuditedToken>,
    /// Why it ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the summed events have in common, if they differ: `source`, `network`, `target`, `strangers`,
    /// `unknownNames`, `caller` or `callers`. Fields in which they differ are empty, or those of the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summed: Option<String>,
    /// The records that were removed from the log, if that is what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removed: Option<RemovedRecords>,
}

/// Records that one removal took from the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedRecords {
    /// The number of the first.
    pub first: u64,
    /// The number of the last; those between that were not removed are in the log.
    pub last: u64,
    /// How many.
    pub count: u64,
    /// BLAKE3 over their numbers and hashes, in lower-case hexadecimal.
    pub hash: String,
}

impl AuditRecord {
    /// The record of an entry.
    #[must_use]
    pub fn of(entry: &AuditEntry, seq: u64, when: Occurrence) -> Self {
        Self {
            seq,
            time: when.last,
            actor: entry.actor.clone(),
            actor_id: entry.actor_id,
            credential: credential(entry.credential.as_str(), entry.credential_id),
            address: entry.address.clone(),
            action: entry.act.to_string(),
            object: entry.object.clone(),
            outcome: entry.outcome.as_str().to_owned(),
            count: when.count,
            first_time: (when.count > 1).then_some(when.first),
            credential_label: entry.credential_label.clone(),
            account: entry.concerned.account.clone(),
            repository: entry.concerned.repository.clone(),
            access_token: entry.concerned.access_token.clone(),
            reason: entry.reason.clone(),
            summed: entry.summed.map(|summed| summed.as_str().to_owned()),
            removed: None,
        }
    }

    /// The canonical line, without an end of line; none if it cannot be written.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        serde_json::to_string(self).ok()
    }
}

/// A credential as records show it.
#[must_use]
pub fn credential(kind: &str, token: Option<Id>) -> String {
    token.map_or_else(|| kind.to_owned(), |id| format!("{kind}:{id}"))
}

/// A record as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRecord {
    /// The record.
    pub record: AuditRecord,
    /// Its canonical line, which is what the log has.
    pub line: String,
    /// Keyed BLAKE3 over the hash before it, its number and the bytes that the log has.
    pub hash: [u8; 32],
}

impl LoggedRecord {
    /// The line as it is shown: the canonical one with the hash behind it, as its last field.
    #[must_use]
    pub fn shown(&self) -> String {
        let line = self.line.strip_suffix('}').unwrap_or(&self.line);
        format!("{line},\"hash\":\"{}\"}}", blake3::Hash::from_bytes(self.hash).to_hex())
    }

    /// The same for who sees a part of the log: its place in the whole would tell how much else was recorded.
    #[must_use]
    pub fn shown_apart(&self) -> String {
        let line = AuditRecord { seq: 0, ..self.record.clone() }.line().unwrap_or_default();
        format!("{},\"hash\":\"\"}}", line.strip_suffix('}').unwrap_or(&line))
    }
}
