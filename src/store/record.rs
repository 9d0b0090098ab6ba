//! The stored kinds: for each its value, its table and key, and its frozen structs ([`super::row`]).

mod anchor;
mod audit;
mod content;
mod gone;
mod migration;
mod removed;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::field::{Bytes16, Bytes32, Field};
use super::row::{Record, frozen, record};
use super::seal::Seal;
use super::table;
use crate::domain::access::GrantLevel;
use crate::domain::account::Account;
use crate::domain::grant::Grantee;
use crate::domain::id::Id;
use crate::domain::name::Namespace;
use crate::domain::organization::{Membership, Team, TeamMembership};
use crate::domain::repository::Repository;
use crate::domain::settings::Choices;
use crate::domain::time::Timestamp;
use crate::domain::token::{AccessToken, Maker, TokenFields};
use crate::domain::usage::Usage;

pub(super) use anchor::{Anchor, OpenRemoval};
#[cfg(test)]
pub(super) use audit::AuditV1;
pub(super) use audit::hashed;
pub(super) use content::{ActivityV1, Deleted, DeletedV1, StoredActivity, StoredDays, StoredTag, TagV1};
pub(super) use gone::{Gone, Part};
pub(super) use migration::MigrationV1;
pub(super) use removed::{Removed, RemovedDigest};

/// What the store says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Identifies this store among others.
    pub instance: Id,
    /// When it was made.
    pub created_at: Timestamp,
}

record!(Meta, in Meta at |_it| table::META.to_vec(); MetaV1 is 1, 1 {
    instance: Bytes16,
    created_at: i64,
});

record!(Account, in Accounts at |account| table::id(account.id); AccountV1 is 2, 1 {
    id: Bytes16,
    name: String,
    kind: u8,
    full_name: String,
    is_active: bool,
    is_admin: bool,
    password: Option<String>,
    password_set_by_admin: bool,
    created_at: i64,
} then AccountV2 is 2, adding |older| {
    generation: u64 = 0,
});

record!(Repository, in Repositories at |it| table::id(it.id); RepositoryV1 is 3, 1 {
    id: Bytes16,
    name: String,
    is_public: bool,
    short_description: String,
    long_description: String,
    created_at: i64,
} then RepositoryV2 is 2, adding |_older| {
    owner: Option<Bytes16> = None,
} then RepositoryV3 is 3, adding |_older| {
    immutable_tags: (bool, Vec<String>) = (false, Vec::new()),
});

record!(TokenFields; TokenV1 is 4, 1 {
    id: Bytes16,
    owner: Bytes16,
    hash: Bytes32,
    previous: Option<(Bytes32, i64)>,
    label: String,
    is_active: bool,
    limits: (u8, Vec<String>),
    expires_at: Option<i64>,
    created_at: i64,
    generated_by: u8,
    creator_ua: String,
    parent: Option<Bytes16>,
    temporary_password: bool,
} then TokenV2 is 2, adding |older| {
    // The secret that it replaced has the generation before.
    generation: u64 = u64::from(older.previous.is_some()),
} then TokenV3 is 3, adding |older| {
    // Which access token the replaced secret hung on was not recorded: at the least, what stops the new one stops it.
    previous_parent: Option<Bytes16> = older.parent,
    retry: Option<(Bytes32, i64)> = None,
    maker: u8 = Maker::Unknown.store(),
} then TokenV4 is 4, adding |older| {
    overlap_until_used: bool = false,
    // An end never changed.
    lifetime: Option<u64> = older.expires_at.map(|end| whole_seconds_between(older.created_at, end)),
} then TokenV5 is 5, adding |older| {
    // They were forgotten.
    ended: Vec<Bytes32> = Vec::new(),
    revoked: Option<(i64, Option<String>)> = None,
} then TokenV6 is 6, adding |_older| {
    robot: Option<String> = None,
    // It was not recorded.
    secret_by: Option<Bytes16> = None,
    previous_by: Option<Bytes16> = None,
});

record!(@place AccessToken, in Tokens at |token| table::id(token.id));

/// Written with all of its fields, however it is kept in memory.
impl Record for AccessToken {
    type Stored = <TokenFields as Record>::Stored;

    fn store(&self) -> Self::Stored {
        self.fields().store()
    }

    fn load(stored: Self::Stored) -> Option<Self> {
        TokenFields::load(stored).map(Self::from)
    }
}

/// The whole seconds from one moment to a later one, both in milliseconds; 0 if it is earlier.
fn whole_seconds_between(from: i64, to: i64) -> u64 {
    u64::try_from(to.saturating_sub(from) / 1_000).unwrap_or(0)
}

// It stands at the identifier of its access token, which it does not name.
record!(Usage; UsageV1 is 5, 1 {
    at: i64,
    address: String,
} then UsageV2 is 2, adding |older| {
    // Which secret was shown was not recorded.
    secret: Option<Bytes32> = None,
    other: Option<(Bytes32, i64, String)> = None,
});

/// A grant on a namespace, with the parts of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamespaceGrant {
    pub(super) target: Namespace,
    pub(super) grantee: Grantee,
    pub(super) level: GrantLevel,
}

// Before format 3 grants on repositories stood in the same table, so the target says of which kind it is.
record!(NamespaceGrant, in Grants at |it| table::namespace_grant(&it.target, it.grantee); GrantV1 is 6, 1 {
    target: (u8, String),
    grantee: (u8, Bytes16),
    level: u8,
});

/// A grant on a repository, with the parts of its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RepositoryGrant {
    pub(super) repository: Id,
    pub(super) grantee: Grantee,
    pub(super) level: GrantLevel,
}

record!(RepositoryGrant, in RepositoryGrants at |it| table::repository_grant(it.repository, it.grantee);
    RepositoryGrantV1 is 17, 1 {
    repository: Bytes16,
    grantee: (u8, Bytes16),
    level: u8,
});

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

record!(KnownAddress, in KnownAddresses at |it| table::known_address(it.account, it.address); KnownAddressV1 is 7, 1 {
    account: Bytes16,
    address: String,
    at: i64,
});

record!(Membership, in Members at |it| table::membership(it.organization, it.user); MemberV1 is 9, 1 {
    organization: Bytes16,
    user: Bytes16,
    is_admin: bool,
});

record!(Team, in Teams at |team| table::id(team.id); TeamV1 is 10, 1 {
    id: Bytes16,
    organization: Bytes16,
    name: String,
    description: String,
    created_at: i64,
});

record!(TeamMembership, in TeamMembers at |it| table::membership(it.team, it.user); TeamMemberV1 is 11, 1 {
    team: Bytes16,
    user: Bytes16,
});

record!(Choices, in Meta at |_it| table::SETTINGS.to_vec(); SettingsV1 is 12, 1 {
    create_on_push: Option<bool>,
    max_per_namespace: Option<u32>,
    max_tokens_per_account: Option<u32>,
    token_default_lifetime: Option<i64>,
    token_max_lifetime: Option<i64>,
    audit_registry_tokens: Option<bool>,
} then SettingsV2 is 2, adding |_older| {
    public_host: Option<String> = None,
});

record!(Seal, in Meta at |_it| table::SEAL.to_vec(); SealV1 is 13, 1 {
    number: u64,
    digest: Bytes32,
    audit: (u64, Bytes32),
});

/// How far the journal is folded into the store: written with the rows of its entries, so that none counts twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Folded {
    /// The number of the last entry that the store has; 0 if it never had one.
    pub(super) sequence: u64,
}

record!(Folded, in Meta at |_it| table::FOLDED.to_vec(); FoldedV1 is 21, 1 {
    sequence: u64,
});

/// The last batch that ended something, and how many lines of `ended.log` it has: written with its rows, so that a start can tell
/// whether the file has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastEnding {
    /// The number of the batch.
    pub(super) batch: u64,
    /// How many things it ended.
    pub(super) lines: u64,
}

record!(LastEnding, in Meta at |_it| table::LAST_ENDING.to_vec(); LastEndingV1 is 26, 1 {
    batch: u64,
    lines: u64,
});
