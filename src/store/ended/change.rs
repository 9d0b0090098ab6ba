//! What a batch ends, by what its rows were and what they become.

use super::{Ended, EndedGrant, Namespaces, On};
use crate::domain::account::Account;
use crate::domain::id::Id;
use crate::domain::organization::Membership;
use crate::domain::repository::Repository;
use crate::domain::token::AccessToken;
use crate::store::change::RowChange;
use crate::store::record::{Gone, NamespaceGrant, Part, RepositoryGrant};
use crate::store::row;
use crate::store::table::{self, Table};

/// What a batch ends.
pub(in crate::store) fn ended_by(changes: &[RowChange], before: &[RowChange], namespaces: &Namespaces) -> Vec<Ended> {
    changes.iter().zip(before).flat_map(|(change, before)| ended(change, before, namespaces)).collect()
}

fn ended(change: &RowChange, before: &RowChange, namespaces: &Namespaces) -> Vec<Ended> {
    match change.table {
        Table::Gone => change.value.as_deref().map_or(Vec::new(), buried),
        Table::Accounts => of_account(change, before),
        Table::Tokens => of_token(change, before),
        Table::Members => of_member(change, before),
        Table::TeamMembers if is_removed(change, before) => pair(&change.key, Ended::TeamMemberRemoved),
        Table::Repositories => of_repository(change, before),
        Table::Grants | Table::RepositoryGrants => of_grant(change, before, namespaces).into_iter().collect(),
        Table::Meta
        | Table::Teams
        | Table::TeamMembers
        | Table::Tags
        | Table::Activity
        | Table::Days
        | Table::Deleted
        | Table::Usage
        | Table::KnownAddresses
        | Table::Audit
        | Table::Removed => Vec::new(),
    }
}

fn is_removed(change: &RowChange, before: &RowChange) -> bool {
    change.value.is_none() && before.value.is_some()
}

fn pair(key: &[u8], ended: fn(Id, Id) -> Ended) -> Vec<Ended> {
    table::membership_of(key).map(|(group, user)| ended(group, user)).into_iter().collect()
}

fn buried(value: &[u8]) -> Vec<Ended> {
    let ids = row::decode::<Gone>(value).map(|gone| gone.ids).unwrap_or_default();
    let ended = |(part, id)| match part {
        Part::Account => Ended::AccountRemoved(id),
        Part::Team => Ended::TeamRemoved(id),
        Part::Token => Ended::TokenRemoved(id),
        Part::Repository => Ended::RepositoryRemoved(id),
    };
    ids.into_iter().map(ended).collect()
}

fn both<R: row::Record>(change: &RowChange, before: &RowChange) -> Option<(R, R)> {
    let read = |value: &Option<Vec<u8>>| row::decode(value.as_deref()?).ok();
    Some((read(&before.value)?, read(&change.value)?))
}

/// Those of these that are so.
fn that_are(ended: impl IntoIterator<Item = (bool, Ended)>) -> Vec<Ended> {
    ended.into_iter().filter(|(is_it, _)| *is_it).map(|(_, ended)| ended).collect()
}

fn of_account(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    let Some((old, new)) = both::<Account>(change, before) else { return Vec::new() };
    that_are([
        (old.is_active && !new.is_active, Ended::AccountInactive(new.id)),
        (old.is_admin && !new.is_admin, Ended::AccountDemoted(new.id)),
        (old.password.is_some() && old.generation != new.generation, Ended::AccountPassword(new.id)),
    ])
}

fn of_token(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    if is_removed(change, before) {
        return table::id_of(&change.key).map(Ended::TokenRemoved).into_iter().collect();
    }
    let Some((old, new)) = both::<AccessToken>(change, before) else { return Vec::new() };
    let is_revoked = old.revoked.is_none() && new.revoked.is_some();
    that_are([
        (is_revoked, Ended::TokenRevoked(new.id)),
        (old.is_active && !new.is_active && !is_revoked, Ended::TokenInactive(new.id)),
        (old.generation != new.generation, Ended::TokenSecret(new.id)),
        (is_over(&old, &new), Ended::TokenOverlap(new.id)),
    ])
}

fn is_over(old: &AccessToken, new: &AccessToken) -> bool {
    old.generation == new.generation && old.previous.is_some() && new.previous.is_none()
}

fn of_member(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    if is_removed(change, before) {
        return pair(&change.key, Ended::MemberRemoved);
    }
    let Some((old, new)) = both::<Membership>(change, before) else { return Vec::new() };
    that_are([(old.is_admin && !new.is_admin, Ended::MemberDemoted(new.organization, new.user))])
}

fn of_repository(change: &RowChange, before: &RowChange) -> Vec<Ended> {
    let Some((old, new)) = both::<Repository>(change, before) else { return Vec::new() };
    that_are([
        (old.is_public && !new.is_public, Ended::RepositoryPrivate(new.id)),
        (old.owner != new.owner, Ended::RepositoryTransferred(new.id, new.owner)),
    ])
}

fn of_grant(change: &RowChange, before: &RowChange, namespaces: &Namespaces) -> Option<Ended> {
    let is_of_namespace = change.table == Table::Grants;
    let (on, grantee) = if is_of_namespace {
        let (namespace, grantee) = table::namespace_grant_of(&change.key)?;
        (On::Namespace(namespaces.digest(&namespace)), grantee)
    } else {
        let (repository, grantee) = table::repository_grant_of(&change.key)?;
        (On::Repository(repository), grantee)
    };
    let grant = EndedGrant { on, grantee };
    if is_removed(change, before) {
        return Some(Ended::GrantRemoved(grant));
    }
    let (old, new) = if is_of_namespace {
        both::<NamespaceGrant>(change, before).map(|(old, new)| (old.level, new.level))?
    } else {
        both::<RepositoryGrant>(change, before).map(|(old, new)| (old.level, new.level))?
    };
    (new < old).then_some(Ended::GrantLowered(grant, new))
}
