//! `ended.log`: a line for each power that was taken away, beside the store, to be copied elsewhere more often than backups
//! are made: whoever restores a backup gives it to the restore, and what was ended since is ended again.
//!
//! ```text
//! dockpass ended 2 01M8JYMEWMVJRPC17NVPEK66D6 01M8… 1203 2026-11-30T07:46:12Z CHECK
//!                                           the store that it is of, in which life, complete after which batch, and since when
//! 2026-11-30T07:46:12Z 1204 token.inactive 01M8… CHECK       when, in which batch, what, which
//! ```
//!
//! Identifiers only; a namespace, which may be no account's, is a digest under a key of the store ([`Namespaces`]). `CHECK`
//! are the first 16 hexadecimal digits of the BLAKE3 of what stands before it on the line, so that a line that was cut off is
//! none. A batch with endings has its lines on the disk before it is answered; they are made from its rows ([`ended_by`]), so
//! none is forgotten. A change that ends a thing and is undone later has its line all the same: whoever applies it ends more,
//! never less.
//!
//! The store notes with each batch that ends something how many lines that has (`LastEnding`): a file that lacks them, because the
//! disk refused them or somebody cut them off, gets a line that tells the gap.
//!
//! A *life* of a store is what one file and those before it tell without a gap. A backup notes in which life it was made, so
//! that a restore can tell whether a file covers the time since ([`since`]): a store that was restored has another life, in
//! which batches have the same numbers once more. The file is bounded ([`log`]). Up to version 1 it said neither the life nor
//! from when on it is complete, and a grant on a namespace was its key, which has the name.

mod change;
mod log;
mod place;
mod read;
mod since;

use super::error::hex;
use super::state::State;
use super::table;
use crate::domain::access::GrantLevel;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::Namespace;

pub(super) use change::ended_by;
pub(super) use log::{EndedLog, Keeping};
pub use read::{EndedError, EndedFile, read_ended};
pub use since::{Doubt, EndedSince};

/// What every version of the file begins with.
const FIRST: &str = "dockpass ended ";
/// Digits of a check.
const CHECK: usize = 16;
/// A line that is about the file: lines are missing from before this batch.
const GAP: &str = "log.gap";
/// A line that is about the file, and its last one: after this batch it goes on in another.
const CONTINUED: &str = "log.continued";

/// What was ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// An account is gone.
    AccountRemoved(Id),
    /// An account was deactivated.
    AccountInactive(Id),
    /// A user is no system administrator any more.
    AccountDemoted(Id),
    /// The password of an account was changed.
    AccountPassword(Id),
    /// An access token is gone.
    TokenRemoved(Id),
    /// An access token was deactivated.
    TokenInactive(Id),
    /// An access token was revoked: it is ended for good.
    TokenRevoked(Id),
    /// The secret of an access token was replaced.
    TokenSecret(Id),
    /// The replaced secret of an access token was ended before its time.
    TokenOverlap(Id),
    /// A team is gone.
    TeamRemoved(Id),
    /// A user left an organization.
    MemberRemoved(Id, Id),
    /// A member of an organization does not administer it any more.
    MemberDemoted(Id, Id),
    /// A user left a team.
    TeamMemberRemoved(Id, Id),
    /// A grant is gone.
    GrantRemoved(EndedGrant),
    /// A grant has a lower level.
    GrantLowered(EndedGrant, GrantLevel),
    /// A repository is gone.
    RepositoryRemoved(Id),
    /// A repository is not public any more.
    RepositoryPrivate(Id),
    /// A repository was given to another account; none if to that of its namespace.
    RepositoryTransferred(Id, Option<Id>),
}

/// A grant that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedGrant {
    on: On,
    grantee: Grantee,
}

/// What a grant was on.
#[derive(Clone, Debug, PartialEq, Eq)]
enum On {
    Repository(Id),
    Namespace(Digest),
    /// Of version 1.
    Named(Namespace),
}

/// What stands for a namespace.
type Digest = [u8; 16];

/// Tells namespaces apart without their names: a digest under a key of the store.
#[derive(Clone)]
pub struct Namespaces([u8; 32]);

impl Namespaces {
    /// What the key is derived for.
    pub(super) const PURPOSE: &'static str = "dockpass 2026-11 namespaces in ended.log";

    /// With the key of a store for [`Self::PURPOSE`].
    pub(super) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn digest(&self, namespace: &Namespace) -> Digest {
        let mut digest = Digest::default();
        blake3::Hasher::new_keyed(&self.0).update(namespace.to_string().as_bytes()).finalize_xof().fill(&mut digest);
        digest
    }
}

impl EndedGrant {
    /// What it was on, and whose it was, if it is there.
    #[must_use]
    pub fn find(&self, state: &State, namespaces: &Namespaces) -> Option<(GrantTarget, Grantee)> {
        let target = match &self.on {
            On::Repository(id) => GrantTarget::Repository(state.repository_of(*id)?.name.clone()),
            On::Named(namespace) => GrantTarget::Namespace(namespace.clone()),
            On::Namespace(digest) => {
                let mut targets = state.grants_of(self.grantee).map(|(target, _)| target);
                targets.find(|target| is_on(target, digest, namespaces))?.clone()
            }
        };
        state.grant(&target, self.grantee).map(|_| (target, self.grantee))
    }

    fn words(&self) -> (&'static str, String) {
        let kind = match self.grantee {
            Grantee::User(_) => "user",
            Grantee::Team(_) => "team",
        };
        let (table, on) = match &self.on {
            On::Repository(id) => ("repositoryGrant", id.to_string()),
            On::Namespace(digest) => ("namespaceGrant", hex(digest)),
            On::Named(namespace) => return ("grant", hex(&table::namespace_grant(namespace, self.grantee))),
        };
        (table, format!("{on}/{kind}/{}", self.grantee.id()))
    }

    fn parse(table: &str, which: &str) -> Option<Self> {
        if let Some(key) = from_hex(which) {
            return Self::parse_key(table, &key);
        }
        let [on, kind, id] = which.split('/').collect::<Vec<_>>().try_into().ok()?;
        let grantee = match kind {
            "user" => Grantee::User(id.parse().ok()?),
            "team" => Grantee::Team(id.parse().ok()?),
            _ => return None,
        };
        let on = match table {
            "repositoryGrant" => On::Repository(on.parse().ok()?),
            "namespaceGrant" => On::Namespace(from_hex(on)?.try_into().ok()?),
            _ => return None,
        };
        Some(Self { on, grantee })
    }

    /// Version 1 had the keys of rows.
    fn parse_key(table: &str, key: &[u8]) -> Option<Self> {
        match table {
            "grant" => {
                table::namespace_grant_of(key).map(|(namespace, grantee)| Self { on: On::Named(namespace), grantee })
            }
            "repositoryGrant" => {
                table::repository_grant_of(key).map(|(id, grantee)| Self { on: On::Repository(id), grantee })
            }
            _ => None,
        }
    }
}

fn is_on(target: &GrantTarget, digest: &Digest, namespaces: &Namespaces) -> bool {
    match target {
        GrantTarget::Namespace(namespace) => namespaces.digest(namespace) == *digest,
        GrantTarget::Repository(_) => false,
    }
}

impl Ended {
    /// The word of its kind, and what it was.
    fn words(&self) -> (String, String) {
        let both = |one: &Id, other: &Id| format!("{one}/{other}");
        let (kind, which) = match self {
            Self::AccountRemoved(id) => ("account.removed", id.to_string()),
            Self::AccountInactive(id) => ("account.inactive", id.to_string()),
            Self::AccountDemoted(id) => ("account.demoted", id.to_string()),
            Self::AccountPassword(id) => ("account.password", id.to_string()),
            Self::TokenRemoved(id) => ("token.removed", id.to_string()),
            Self::TokenInactive(id) => ("token.inactive", id.to_string()),
            Self::TokenRevoked(id) => ("token.revoked", id.to_string()),
            Self::TokenSecret(id) => ("token.secret", id.to_string()),
            Self::TokenOverlap(id) => ("token.overlap", id.to_string()),
            Self::TeamRemoved(id) => ("team.removed", id.to_string()),
            Self::MemberRemoved(group, user) => ("member.removed", both(group, user)),
            Self::MemberDemoted(group, user) => ("member.demoted", both(group, user)),
            Self::TeamMemberRemoved(team, user) => ("teamMember.removed", both(team, user)),
            Self::RepositoryRemoved(id) => ("repository.removed", id.to_string()),
            Self::RepositoryPrivate(id) => ("repository.private", id.to_string()),
            Self::RepositoryTransferred(id, None) => ("repository.transferred", id.to_string()),
            Self::RepositoryTransferred(id, Some(to)) => ("repository.transferred", both(id, to)),
            Self::GrantRemoved(grant) => {
                let (table, which) = grant.words();
                return (format!("{table}.removed"), which);
            }
            Self::GrantLowered(grant, level) => {
                let (table, which) = grant.words();
                return (format!("{table}.lowered"), format!("{which}/{level}"));
            }
        };
        (kind.to_owned(), which)
    }

    fn parse(kind: &str, which: &str) -> Option<Self> {
        let id = || which.parse::<Id>().ok();
        let both = || {
            let (one, other) = which.split_once('/')?;
            Some((one.parse().ok()?, other.parse().ok()?))
        };
        Some(match kind {
            "account.removed" => Self::AccountRemoved(id()?),
            "account.inactive" => Self::AccountInactive(id()?),
            "account.demoted" => Self::AccountDemoted(id()?),
            "account.password" => Self::AccountPassword(id()?),
            "token.removed" => Self::TokenRemoved(id()?),
            "token.inactive" => Self::TokenInactive(id()?),
            "token.revoked" => Self::TokenRevoked(id()?),
            "token.secret" => Self::TokenSecret(id()?),
            "token.overlap" => Self::TokenOverlap(id()?),
            "team.removed" => Self::TeamRemoved(id()?),
            "member.removed" => both().map(|(group, user)| Self::MemberRemoved(group, user))?,
            "member.demoted" => both().map(|(group, user)| Self::MemberDemoted(group, user))?,
            "teamMember.removed" => both().map(|(team, user)| Self::TeamMemberRemoved(team, user))?,
            "repository.removed" => Self::RepositoryRemoved(id()?),
            "repository.private" => Self::RepositoryPrivate(id()?),
            "repository.transferred" => match both() {
                Some((repository, to)) => Self::RepositoryTransferred(repository, Some(to)),
                None => Self::RepositoryTransferred(id()?, None),
            },
            other => match other.rsplit_once('.')? {
                (table, "removed") => Self::GrantRemoved(EndedGrant::parse(table, which)?),
                (table, "lowered") => {
                    let (which, level) = which.rsplit_once('/')?;
                    Self::GrantLowered(EndedGrant::parse(table, which)?, level.parse().ok()?)
                }
                (_, _) => return None,
            },
        })
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_it = text.len().is_multiple_of(2) && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    is_it.then(|| text.as_bytes().chunks(2).map(pair).collect())?
}

/// A line with its check.
fn checked(line: &str) -> String {
    format!("{line} {}\n", check_of(line))
}

fn check_of(line: &str) -> String {
    blake3::hash(line.as_bytes()).to_hex().chars().take(CHECK).collect()
}
