//! The tables, and the keys of their records.
//!
//! The rows of an account, a team, a repository or an access token have keys that begin with its identifier, so that
//! all of them are found, and removed, by that alone ([`super::purge`]). Fixed parts of a key (identifiers, numbers)
//! are big-endian, so that byte order is their order. Each variable part ends with a zero byte, which no name contains:
//! no name is a prefix of another, and `/` sorts below every other character of a name.

use std::fmt;

use crate::domain::content::TagName;
use crate::domain::grant::Grantee;
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace, RepositoryName};

/// A table of the store. Rows are taken in in the order of the tables: what a row refers to comes before it, and what
/// is gone before what may have its name again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What the store says about itself, the settings, and the seal.
    Meta,
    /// What was deleted, but may still have rows on the disk, by number.
    Gone,
    /// Accounts by identifier.
    Accounts,
    /// Members of organizations, by organization and user.
    Members,
    /// Teams by identifier.
    Teams,
    /// Members of teams, by team and user.
    TeamMembers,
    /// Repositories by identifier.
    Repositories,
    /// Tags by repository and name.
    Tags,
    /// How repositories are used, by their identifier.
    Activity,
    /// How often repositories were pulled and pushed to day by day, by their identifier.
    Days,
    /// Repositories that were deleted here, by name.
    Deleted,
    /// Access tokens by identifier.
    Tokens,
    /// Grants on namespaces by namespace and grantee.
    Grants,
    /// Grants on repositories by repository and grantee.
    RepositoryGrants,
    /// Last uses of access tokens, by their identifier.
    Usage,
    /// Addresses that signed in to an account, by account and address.
    KnownAddresses,
    /// The audit log by number.
    Audit,
    /// What is left of records that were removed from the audit log, by number, unless they are summed up.
    Removed,
}

impl Table {
    /// Every table with its name on disk, which never changes.
    pub const ALL: [(Table, &'static str); 18] = [
        (Self::Meta, "meta"),
        (Self::Gone, "gone"),
        (Self::Accounts, "accounts"),
        (Self::Members, "members"),
        (Self::Teams, "teams"),
        (Self::TeamMembers, "team_members"),
        (Self::Repositories, "repositories"),
        (Self::Tags, "tags"),
        (Self::Activity, "activity"),
        (Self::Days, "days"),
        (Self::Deleted, "deleted"),
        (Self::Tokens, "tokens"),
        (Self::Grants, "grants"),
        (Self::RepositoryGrants, "repository_grants"),
        (Self::Usage, "usage"),
        (Self::KnownAddresses, "known_addresses"),
        (Self::Audit, "audit"),
        (Self::Removed, "removed"),
    ];

    /// The tables of the audit log, which stay on the disk. Its chain covers them, and not the seal.
    pub(super) const OF_LOG: [Self; 2] = [Self::Audit, Self::Removed];

    /// Every table but those of the audit log.
    pub(super) fn in_memory() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().map(|(table, _)| table).filter(|table| !Self::OF_LOG.contains(table))
    }

    /// The table of this name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == name).map(|(table, _)| table)
    }

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
/// The key in [`Table::Meta`] of how far the journal is folded into the store.
pub(super) const FOLDED: &[u8] = b"folded";
/// The key in [`Table::Meta`] of the last batch that ended something.
pub(super) const LAST_ENDING: &[u8] = b"lastEnding";
/// The key in [`Table::Meta`] of what the oldest part of the audit log is summed up to; only once there is one.
pub(super) const ANCHOR: &[u8] = b"anchor";
/// The key in [`Table::Meta`] of how far a migration has come; only while it is under way.
pub(super) const MIGRATION: &[u8] = b"migration";

/// Key of a row that is found by an identifier.
pub(super) fn id(id: Id) -> Vec<u8> {
    id.to_bytes().to_vec()
}

/// The identifier in a key; none if it is no key of that kind.
pub(super) fn id_of(key: &[u8]) -> Option<Id> {
    key.try_into().ok().map(Id::from_bytes)
}

/// Key of a row that is found by a repository's name: its components, each ended by a zero byte.
pub(super) fn name(name: &RepositoryName) -> Vec<u8> {
    terminated(name.as_str().split('/'))
}

/// Key of a tag: the repository, the tag.
pub(super) fn tag(repository: Id, tag: &TagName) -> Vec<u8> {
    let mut key = id(repository);
    key.extend(terminated([tag.as_str()]));
    key
}

/// The repository and the name of a tag, from its key.
pub(super) fn tag_of(key: &[u8]) -> Option<(Id, TagName)> {
    let (repository, rest) = key.split_first_chunk()?;
    let tag = std::str::from_utf8(rest.strip_suffix(&[0])?).ok()?;
    Some((Id::from_bytes(*repository), TagName::parse(tag).ok()?))
}

/// Key of a grant on a namespace: `n`, its name, an empty component, kind and identifier of the grantee.
pub(super) fn namespace_grant(namespace: &Namespace, grantee: Grantee) -> Vec<u8> {
    let mut key = match namespace {
        Namespace::Empty => vec![b'n', 0],
        Namespace::Of(name) => prefixed(b'n', terminated([name.as_str()])),
    };
    key.push(0);
    key.extend(self::grantee(grantee));
    key
}

/// Key of a grant on a repository: the repository, kind and identifier of the grantee.
pub(super) fn repository_grant(repository: Id, grantee: Grantee) -> Vec<u8> {
    let mut key = id(repository);
    key.extend(self::grantee(grantee));
    key
}

/// The repository and the grantee of a grant, from its key.
pub(super) fn repository_grant_of(key: &[u8]) -> Option<(Id, Grantee)> {
    let (repository, rest) = key.split_first_chunk()?;
    Some((Id::from_bytes(*repository), grantee_of(rest)?))
}

/// The namespace and the grantee of a grant, from its key.
pub(super) fn namespace_grant_of(key: &[u8]) -> Option<(Namespace, Grantee)> {
    const GRANTEE: usize = 17;
    let (target, grantee) = key.split_last_chunk::<GRANTEE>()?;
    let target = target.strip_prefix(b"n")?.strip_suffix(&[0, 0])?;
    let namespace = match target {
        [] => Namespace::Empty,
        name => Namespace::Of(Name::parse(std::str::from_utf8(name).ok()?).ok()?),
    };
    Some((namespace, grantee_of(grantee)?))
}

/// The two identifiers of a membership, from its key: the organization or the team, and the user.
pub(super) fn membership_of(key: &[u8]) -> Option<(Id, Id)> {
    let (group, user) = key.split_first_chunk()?;
    Some((Id::from_bytes(*group), id_of(user)?))
}

/// The name of a repository, from its key.
pub(super) fn name_of(key: &[u8]) -> Option<RepositoryName> {
    let text = std::str::from_utf8(key.strip_suffix(&[0])?).ok()?;
    RepositoryName::parse(&text.replace('\0', "/")).ok()
}

pub(super) fn grantee(grantee: Grantee) -> Vec<u8> {
    let (kind, id) = match grantee {
        Grantee::User(id) => (b'u', id),
        Grantee::Team(id) => (b't', id),
    };
    prefixed(kind, id.to_bytes().into())
}

fn grantee_of(key: &[u8]) -> Option<Grantee> {
    match key.split_first()? {
        (b'u', id) => id_of(id).map(Grantee::User),
        (b't', id) => id_of(id).map(Grantee::Team),
        (_, _) => None,
    }
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

pub(super) fn prefixed(kind: u8, rest: Vec<u8>) -> Vec<u8> {
    std::iter::once(kind).chain(rest).collect()
}

pub(super) fn terminated<'a>(parts: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    parts.into_iter().flat_map(|part| part.bytes().chain([0])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn byte_order_of_keys_is_the_order_of_names(one in "[a.0-]{1,4}(/[a.0-]{1,3}){0,2}", other in "[a.0-]{1,4}(/[a.0-]{1,3}){0,2}") {
            let (Ok(one), Ok(other)) = (RepositoryName::parse(&one), RepositoryName::parse(&other)) else { return Ok(()) };
            prop_assert_eq!(name(&one).cmp(&name(&other)), one.cmp(&other));
            prop_assert_eq!(name_of(&name(&one)), Some(one));
        }
    }

    #[test]
    fn no_grant_key_begins_another_and_each_says_whose_it_is() {
        let (user, team) = (Grantee::User(Id::MIN), Grantee::Team(Id::MIN));
        let namespaces = ["_", "a", "ab"].map(|text| Namespace::parse(text).unwrap());
        let mut keys = Vec::new();
        for grantee in [user, team] {
            for namespace in &namespaces {
                let key = namespace_grant(namespace, grantee);
                assert_eq!(namespace_grant_of(&key), Some((namespace.clone(), grantee)));
                keys.push(key);
            }
        }
        for (place, key) in keys.iter().enumerate() {
            assert!(keys.iter().enumerate().all(|(other, longer)| place == other || !longer.starts_with(key)));
            assert_eq!(namespace_grant_of(&key[..key.len() - 1]), None);
        }
        let key = repository_grant(Id::MAX, team);
        assert_eq!(repository_grant_of(&key), Some((Id::MAX, team)));
        assert_eq!(repository_grant_of(&key[..20]), None);
    }

    #[test]
    fn a_tag_key_begins_with_the_repository_and_says_the_tag() {
        let latest = TagName::parse("latest").unwrap();
        let key = tag(Id::MAX, &latest);
        assert!(key.starts_with(&Id::MAX.to_bytes()));
        assert_eq!(tag_of(&key), Some((Id::MAX, latest)));
        assert_eq!(tag_of(&key[..key.len() - 1]), None);
    }
}
