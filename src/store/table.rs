//! The tables, and the keys of their records.
//!
//! Fixed parts of a key (identifiers, numbers) are big-endian, so that byte order is their order. Each variable part
//! ends with a zero byte, which no name contains: no name is a prefix of another, and `/` sorts below every other
//! character of a name.

use std::fmt;

use crate::domain::content::TagName;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};

/// A table of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What the store says about itself, the settings, and the seal.
    Meta,
    /// Accounts by identifier.
    Accounts,
    /// Repositories by name.
    Repositories,
    /// Access tokens by identifier.
    Tokens,
    /// Last uses of access tokens, by their identifier.
    Usage,
    /// Grants by target and grantee.
    Grants,
    /// Addresses that signed in to an account, by account and address.
    KnownAddresses,
    /// The audit log by number.
    Audit,
    /// Members of organizations, by organization and user.
    Members,
    /// Teams by identifier.
    Teams,
    /// Members of teams, by team and user.
    TeamMembers,
    /// Tags by repository and name.
    Tags,
    /// How repositories are used, by name.
    Activity,
    /// Repositories that were deleted here, by name.
    Deleted,
}

impl Table {
    /// Every table with its name on disk, which never changes.
    pub const ALL: [(Table, &'static str); 14] = [
        (Self::Meta, "meta"),
        (Self::Accounts, "accounts"),
        (Self::Repositories, "repositories"),
        (Self::Tokens, "tokens"),
        (Self::Usage, "usage"),
        (Self::Grants, "grants"),
        (Self::KnownAddresses, "known_addresses"),
        (Self::Audit, "audit"),
        (Self::Members, "members"),
        (Self::Teams, "teams"),
        (Self::TeamMembers, "team_members"),
        (Self::Tags, "tags"),
        (Self::Activity, "activity"),
        (Self::Deleted, "deleted"),
    ];

    /// Its name on disk.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(table, _)| *table == self).map_or("", |(_, name)| name)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The key in [`Table::Meta`] of what the store says about itself.
pub(super) const META: &[u8] = b"store";
/// The key in [`Table::Meta`] of what administrators chose of the settings.
pub(super) const SETTINGS: &[u8] = b"settings";
/// The key in [`Table::Meta`] of the seal.
pub(super) const SEAL: &[u8] = b"seal";

/// Key of what is found by its identifier.
pub(super) fn id(id: Id) -> Vec<u8> {
    id.to_bytes().to_vec()
}

/// The identifier that a key is; none if it is another's.
pub(super) fn id_of(key: &[u8]) -> Option<Id> {
    key.try_into().ok().map(Id::from_bytes)
}

/// Key of a repository: its components, each ended by a zero byte.
pub(super) fn repository(name: &RepositoryName) -> Vec<u8> {
    terminated(name.as_str().split('/'))
}

/// Key of a tag: the repository, an empty component, the tag.
pub(super) fn tag(repository_name: &RepositoryName, tag: &TagName) -> Vec<u8> {
    let mut key = repository(repository_name);
    key.push(0);
    key.extend(terminated([tag.as_str()]));
    key
}

/// Key of a grant: kind and name of the target, an empty component, kind and identifier of the grantee.
pub(super) fn grant(target: &GrantTarget, grantee: Grantee) -> Vec<u8> {
    let mut key = match target {
        GrantTarget::Namespace(Namespace::Empty) => vec![b'n', 0],
        GrantTarget::Namespace(Namespace::Of(name)) => prefixed(b'n', terminated([name.as_str()])),
        GrantTarget::Repository(name) => prefixed(b'r', repository(name)),
    };
    let (kind, id) = match grantee {
        Grantee::User(id) => (b'u', id),
        Grantee::Team(id) => (b't', id),
    };
    key.extend([0, kind]);
    key.extend(id.to_bytes());
    key
}

/// Key of a membership: the organization or the team, then the user.
pub(super) fn membership(group: Id, user: Id) -> Vec<u8> {
    group.to_bytes().into_iter().chain(user.to_bytes()).collect()
}

/// Key of a known address: account, then the address as text.
pub(super) fn known_address(account: Id, address: std::net::IpAddr) -> Vec<u8> {
    let mut key = account.to_bytes().to_vec();
    key.extend(terminated([address.to_string().as_str()]));
    key
}

fn prefixed(kind: u8, rest: Vec<u8>) -> Vec<u8> {
    std::iter::once(kind).chain(rest).collect()
}

fn terminated<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    parts.into_iter().flat_map(|part| part.bytes().chain([0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::name::Name;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn byte_order_of_keys_is_the_order_of_names(one in "[a.0-]{1,4}(/[a.0-]{1,3}){0,2}", other in "[a.0-]{1,4}(/[a.0-]{1,3}){0,2}") {
            let (Ok(one), Ok(other)) = (RepositoryName::parse(&one), RepositoryName::parse(&other)) else { return Ok(()) };
            prop_assert_eq!(repository(&one).cmp(&repository(&other)), one.cmp(&other));
        }
    }

    #[test]
    fn no_grant_key_begins_another() {
        let id = Grantee::User(Id::MIN);
        let team = Namespace::Of(Name::parse("a").unwrap());
        let keys = [
            grant(&GrantTarget::Namespace(Namespace::Empty), id),
            grant(&GrantTarget::Namespace(team), id),
            grant(&GrantTarget::Repository(RepositoryName::parse("a/b").unwrap()), id),
            grant(&GrantTarget::Repository(RepositoryName::parse("a/b/c").unwrap()), id),
            grant(&GrantTarget::Repository(RepositoryName::parse("a/b").unwrap()), Grantee::Team(Id::MIN)),
        ];
        for (place, key) in keys.iter().enumerate() {
            assert!(keys.iter().enumerate().all(|(other, longer)| place == other || !longer.starts_with(key)));
        }
    }
}
