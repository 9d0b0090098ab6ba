//! The frozen structs of the stored records, and what they mean.
//!
//! Never edit a struct: add the next version beside it, with a conversion from the one before, and its golden bytes
//! under `tests/golden/records`.

mod content;

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::codec::{self, DecodeError, Versioned};
use super::seal::{Digest, Seal};
use super::state::AuditHead;
use crate::domain::access::AccessLevel;
use crate::domain::account::{Account, AccountKind};
use crate::domain::audit::AuditRecord;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::secret::TokenHash;
use crate::domain::settings::{Choices, Lifetime};
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, GeneratedBy, Limits, Pattern, PreviousSecret, Usage};

use content::{ActivityV1, DeletedV1, TagV1};
pub(super) use content::{Deleted, StoredActivity, StoredTag};

type Bytes16 = [u8; 16];
type Bytes32 = [u8; 32];

/// Declares the kind and version of a frozen struct.
macro_rules! versioned {
    ($($record:ty: $kind:literal, $version:literal;)*) => {
        $(impl Versioned for $record {
            const KIND: u8 = $kind;
            const VERSION: u16 = $version;
        })*
    };
}

versioned! {
    MetaV1: 1, 1;
    AccountV1: 2, 1;
    RepositoryV1: 3, 1;
    TokenV1: 4, 1;
    UsageV1: 5, 1;
    GrantV1: 6, 1;
    KnownAddressV1: 7, 1;
    AuditV1: 8, 1;
    MemberV1: 9, 1;
    TeamV1: 10, 1;
    TeamMemberV1: 11, 1;
    SettingsV1: 12, 1;
    SealV1: 13, 1;
    TagV1: 14, 1;
    ActivityV1: 15, 1;
    DeletedV1: 16, 1;
}

/// What stands in the store for a value of the domain.
pub(super) trait Record: Sized {
    /// Its newest frozen struct.
    type Stored: Versioned;
    /// What to write.
    fn store(&self) -> Self::Stored;
    /// What was written; none if it breaks a rule of the domain.
    fn load(stored: Self::Stored) -> Option<Self>;
}

/// The bytes to write for a value.
///
/// # Errors
/// [`DecodeError::Damaged`] if it is too large.
pub(super) fn encode<R: Record>(value: &R) -> Result<Vec<u8>, DecodeError> {
    codec::encode(&value.store())
}

/// The value that these bytes stand for.
///
/// # Errors
/// [`DecodeError`]
pub(super) fn decode<R: Record>(bytes: &[u8]) -> Result<R, DecodeError> {
    codec::decode(bytes).and_then(|stored| R::load(stored).ok_or(DecodeError::Damaged))
}

/// What the store says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Identifies this store among others.
    pub instance: Id,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MetaV1 {
    instance: Bytes16,
    created_at: i64,
}

impl Record for Meta {
    type Stored = MetaV1;

    fn store(&self) -> MetaV1 {
        MetaV1 { instance: self.instance.to_bytes(), created_at: self.created_at.millis() }
    }

    fn load(stored: MetaV1) -> Option<Self> {
        let created_at = Timestamp::from_millis(stored.created_at);
        Some(Self { instance: Id::from_bytes(stored.instance), created_at })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AccountV1 {
    id: Bytes16,
    name: String,
    kind: u8,
    full_name: String,
    is_active: bool,
    is_admin: bool,
    password: Option<String>,
    password_set_by_admin: bool,
    created_at: i64,
}

impl Record for Account {
    type Stored = AccountV1;

    fn store(&self) -> AccountV1 {
        let kind = match self.kind {
            AccountKind::User => 1,
            AccountKind::Organization => 2,
        };
        AccountV1 {
            id: self.id.to_bytes(),
            name: self.name.to_string(),
            kind,
            full_name: self.full_name.clone(),
            is_active: self.is_active,
            is_admin: self.is_admin,
            password: self.password.clone(),
            password_set_by_admin: self.password_set_by_admin,
            created_at: self.created_at.millis(),
        }
    }

    fn load(stored: AccountV1) -> Option<Self> {
        let kind = match stored.kind {
            1 => AccountKind::User,
            2 => AccountKind::Organization,
            _ => return None,
        };
        Some(Self {
            id: Id::from_bytes(stored.id),
            name: Name::parse(&stored.name).ok()?,
            kind,
            full_name: stored.full_name,
            is_active: stored.is_active,
            is_admin: stored.is_admin,
            password: stored.password,
            password_set_by_admin: stored.password_set_by_admin,
            created_at: Timestamp::from_millis(stored.created_at),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RepositoryV1 {
    id: Bytes16,
    name: String,
    is_public: bool,
    short_description: String,
    long_description: String,
    created_at: i64,
}

impl Record for Repository {
    type Stored = RepositoryV1;

    fn store(&self) -> RepositoryV1 {
        RepositoryV1 {
            id: self.id.to_bytes(),
            name: self.name.to_string(),
            is_public: self.is_public,
            short_description: self.short_description.clone(),
            long_description: self.long_description.clone(),
            created_at: self.created_at.millis(),
        }
    }

    fn load(stored: RepositoryV1) -> Option<Self> {
        Some(Self {
            id: Id::from_bytes(stored.id),
            name: RepositoryName::parse(&stored.name).ok()?,
            is_public: stored.is_public,
            short_description: stored.short_description,
            long_description: stored.long_description,
            created_at: Timestamp::from_millis(stored.created_at),
        })
    }
}

fn level_number(level: AccessLevel) -> u8 {
    match level {
        AccessLevel::ReadOnly => 1,
        AccessLevel::ReadWrite => 2,
        AccessLevel::Admin => 3,
    }
}

fn level_of(number: u8) -> Option<AccessLevel> {
    match number {
        1 => Some(AccessLevel::ReadOnly),
        2 => Some(AccessLevel::ReadWrite),
        3 => Some(AccessLevel::Admin),
        _ => None,
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TokenV1 {
    id: Bytes16,
    owner: Bytes16,
    hash: Bytes32,
    previous: Option<(Bytes32, i64)>,
    label: String,
    is_active: bool,
    cap: u8,
    patterns: Vec<String>,
    expires_at: Option<i64>,
    created_at: i64,
    generated_by: u8,
    creator_ua: String,
    parent: Option<Bytes16>,
    temporary_password: bool,
}

impl Record for AccessToken {
    type Stored = TokenV1;

    fn store(&self) -> TokenV1 {
        TokenV1 {
            id: self.id.to_bytes(),
            owner: self.owner.to_bytes(),
            hash: *self.hash.as_bytes(),
            previous: self.previous.map(|previous| (*previous.hash.as_bytes(), previous.until.millis())),
            label: self.label.clone(),
            is_active: self.is_active,
            cap: level_number(self.limits.cap),
            patterns: self.limits.patterns.iter().map(ToString::to_string).collect(),
            expires_at: self.expires_at.map(Timestamp::millis),
            created_at: self.created_at.millis(),
            generated_by: match self.generated_by {
                GeneratedBy::Manual => 1,
                GeneratedBy::Auto => 2,
            },
            creator_ua: self.creator_ua.to_string(),
            parent: self.parent.map(Id::to_bytes),
            temporary_password: self.temporary_password,
        }
    }

    fn load(stored: TokenV1) -> Option<Self> {
        let patterns =
            stored.patterns.iter().map(|text| Pattern::parse(text).ok()).collect::<Option<Arc<[Pattern]>>>()?;
        let previous = stored.previous.map(|(hash, until)| PreviousSecret {
            hash: TokenHash::from_bytes(hash),
            until: Timestamp::from_millis(until),
        });
        let generated_by = match stored.generated_by {
            1 => GeneratedBy::Manual,
            2 => GeneratedBy::Auto,
            _ => return None,
        };
        Some(Self {
            id: Id::from_bytes(stored.id),
            owner: Id::from_bytes(stored.owner),
            hash: TokenHash::from_bytes(stored.hash),
            previous,
            label: stored.label,
            is_active: stored.is_active,
            limits: Limits { cap: level_of(stored.cap)?, patterns },
            expires_at: stored.expires_at.map(Timestamp::from_millis),
            created_at: Timestamp::from_millis(stored.created_at),
            generated_by,
            creator_ua: stored.creator_ua.into(),
            parent: stored.parent.map(Id::from_bytes),
            temporary_password: stored.temporary_password,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct UsageV1 {
    at: i64,
    address: String,
}

impl Record for Usage {
    type Stored = UsageV1;

    fn store(&self) -> UsageV1 {
        UsageV1 { at: self.at.millis(), address: self.address.to_string() }
    }

    fn load(stored: UsageV1) -> Option<Self> {
        let address = stored.address.parse::<IpAddr>().ok()?;
        Some(Self { at: Timestamp::from_millis(stored.at), address })
    }
}

/// A grant with everything that its key says, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) target: GrantTarget,
    pub(super) grantee: Grantee,
    pub(super) level: AccessLevel,
}

#[derive(Serialize, Deserialize)]
pub(super) struct GrantV1 {
    target_kind: u8,
    target: String,
    grantee_kind: u8,
    grantee: Bytes16,
    level: u8,
}

impl Record for Grant {
    type Stored = GrantV1;

    fn store(&self) -> GrantV1 {
        let (target_kind, target) = match &self.target {
            GrantTarget::Namespace(namespace) => (1, namespace.to_string()),
            GrantTarget::Repository(name) => (2, name.to_string()),
        };
        let (grantee_kind, grantee) = match self.grantee {
            Grantee::User(id) => (1, id.to_bytes()),
            Grantee::Team(id) => (2, id.to_bytes()),
        };
        GrantV1 { target_kind, target, grantee_kind, grantee, level: level_number(self.level) }
    }

    fn load(stored: GrantV1) -> Option<Self> {
        let target = match stored.target_kind {
            1 => GrantTarget::Namespace(Namespace::parse(&stored.target).ok()?),
            2 => GrantTarget::Repository(RepositoryName::parse(&stored.target).ok()?),
            _ => return None,
        };
        let grantee = match stored.grantee_kind {
            1 => Grantee::User(Id::from_bytes(stored.grantee)),
            2 => Grantee::Team(Id::from_bytes(stored.grantee)),
            _ => return None,
        };
        Some(Self { target, grantee, level: level_of(stored.level)? })
    }
}

/// An address that signed in to an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAddress {
    /// The account.
    pub account: Id,
    /// The address.
    pub address: IpAddr,
    /// When it last did, to the day.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
pub(super) struct KnownAddressV1 {
    account: Bytes16,
    address: String,
    at: i64,
}

impl Record for KnownAddress {
    type Stored = KnownAddressV1;

    fn store(&self) -> KnownAddressV1 {
        let account = self.account.to_bytes();
        KnownAddressV1 { account, address: self.address.to_string(), at: self.at.millis() }
    }

    fn load(stored: KnownAddressV1) -> Option<Self> {
        let address = stored.address.parse().ok()?;
        Some(Self { account: Id::from_bytes(stored.account), address, at: Timestamp::from_millis(stored.at) })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct AuditV1 {
    seq: u64,
    time: i64,
    actor: String,
    actor_id: Option<Bytes16>,
    credential: String,
    credential_id: Option<Bytes16>,
    address: String,
    action: String,
    object: String,
    outcome: String,
    count: u64,
    hash: Bytes32,
}

impl Record for AuditRecord {
    type Stored = AuditV1;

    fn store(&self) -> AuditV1 {
        AuditV1 {
            seq: self.seq,
            time: self.time.millis(),
            actor: self.actor.clone(),
            actor_id: self.actor_id.map(Id::to_bytes),
            credential: self.credential.clone(),
            credential_id: self.credential_id.map(Id::to_bytes),
            address: self.address.clone(),
            action: self.action.clone(),
            object: self.object.clone(),
            outcome: self.outcome.clone(),
            count: self.count,
            hash: self.hash,
        }
    }

    fn load(stored: AuditV1) -> Option<Self> {
        Some(Self {
            seq: stored.seq,
            time: Timestamp::from_millis(stored.time),
            actor: stored.actor,
            actor_id: stored.actor_id.map(Id::from_bytes),
            credential: stored.credential,
            credential_id: stored.credential_id.map(Id::from_bytes),
            address: stored.address,
            action: stored.action,
            object: stored.object,
            outcome: stored.outcome,
            count: stored.count,
            hash: stored.hash,
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct SealV1 {
    number: u64,
    digest: Bytes32,
    audit_seq: u64,
    audit_hash: Bytes32,
}

impl Record for Seal {
    type Stored = SealV1;

    fn store(&self) -> SealV1 {
        let Self { number, digest, audit } = *self;
        SealV1 { number, digest: digest.0, audit_seq: audit.seq, audit_hash: audit.hash }
    }

    fn load(stored: SealV1) -> Option<Self> {
        let audit = AuditHead { seq: stored.audit_seq, hash: stored.audit_hash };
        Some(Self { number: stored.number, digest: Digest(stored.digest), audit })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct MemberV1 {
    organization: Bytes16,
    user: Bytes16,
    is_admin: bool,
}

impl Record for Membership {
    type Stored = MemberV1;

    fn store(&self) -> MemberV1 {
        let (organization, user) = (self.organization.to_bytes(), self.user.to_bytes());
        MemberV1 { organization, user, is_admin: self.is_admin }
    }

    fn load(stored: MemberV1) -> Option<Self> {
        let (organization, user) = (Id::from_bytes(stored.organization), Id::from_bytes(stored.user));
        Some(Self { organization, user, is_admin: stored.is_admin })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TeamV1 {
    id: Bytes16,
    organization: Bytes16,
    name: String,
    description: String,
    created_at: i64,
}

impl Record for Team {
    type Stored = TeamV1;

    fn store(&self) -> TeamV1 {
        TeamV1 {
            id: self.id.to_bytes(),
            organization: self.organization.to_bytes(),
            name: self.name.to_string(),
            description: self.description.clone(),
            created_at: self.created_at.millis(),
        }
    }

    fn load(stored: TeamV1) -> Option<Self> {
        Some(Self {
            id: Id::from_bytes(stored.id),
            organization: Id::from_bytes(stored.organization),
            name: Name::parse(&stored.name).ok()?,
            description: stored.description,
            created_at: Timestamp::from_millis(stored.created_at),
        })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TeamMemberV1 {
    team: Bytes16,
    user: Bytes16,
}

impl Record for TeamMembership {
    type Stored = TeamMemberV1;

    fn store(&self) -> TeamMemberV1 {
        TeamMemberV1 { team: self.team.to_bytes(), user: self.user.to_bytes() }
    }

    fn load(stored: TeamMemberV1) -> Option<Self> {
        Some(Self { team: Id::from_bytes(stored.team), user: Id::from_bytes(stored.user) })
    }
}

/// The lifetimes are in seconds; 0 is never, which no lifetime is.
#[derive(Serialize, Deserialize)]
pub(super) struct SettingsV1 {
    create_on_push: Option<bool>,
    max_per_namespace: Option<u32>,
    max_tokens_per_account: Option<u32>,
    token_default_lifetime: Option<i64>,
    token_max_lifetime: Option<i64>,
    audit_registry_tokens: Option<bool>,
}

fn lifetime_number(lifetime: Lifetime) -> i64 {
    lifetime.seconds().unwrap_or(0)
}

fn lifetime_of(number: i64) -> Result<Lifetime, DecodeError> {
    match number {
        0 => Ok(Lifetime::Never),
        1.. => Ok(Lifetime::Seconds(number)),
        _ => Err(DecodeError::Damaged),
    }
}

impl Record for Choices {
    type Stored = SettingsV1;

    fn store(&self) -> SettingsV1 {
        SettingsV1 {
            create_on_push: self.create_on_push,
            max_per_namespace: self.max_per_namespace,
            max_tokens_per_account: self.max_tokens_per_account,
            token_default_lifetime: self.token_default_lifetime.map(lifetime_number),
            token_max_lifetime: self.token_max_lifetime.map(lifetime_number),
            audit_registry_tokens: self.audit_registry_tokens,
        }
    }

    fn load(stored: SettingsV1) -> Option<Self> {
        Some(Self {
            create_on_push: stored.create_on_push,
            max_per_namespace: stored.max_per_namespace,
            max_tokens_per_account: stored.max_tokens_per_account,
            token_default_lifetime: stored.token_default_lifetime.map(lifetime_of).transpose().ok()?,
            token_max_lifetime: stored.token_max_lifetime.map(lifetime_of).transpose().ok()?,
            audit_registry_tokens: stored.audit_registry_tokens,
        })
    }
}
