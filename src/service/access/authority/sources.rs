//! Where the level of an account on a repository comes from: the one list by which is decided and explained.

use std::sync::Arc;

use super::Authority;
use crate::domain::access::{AccessLevel, Reason};
use crate::domain::account::Account;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::store::State;

/// One way in which an account has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::service) struct Source {
    /// The level that it gives.
    pub(in crate::service) level: AccessLevel,
    /// Why.
    pub(in crate::service) reason: Reason,
    /// The team that it comes from, if it does.
    pub(in crate::service) team: Option<Id>,
    /// The organization that is the owner, where it comes from administering that.
    pub(in crate::service) organization: Option<Id>,
}

impl Source {
    fn all_of(reason: Reason) -> Self {
        Self { reason, ..Self::of_everybody(AccessLevel::Admin) }
    }

    fn of_everybody(level: AccessLevel) -> Self {
        Self { level, reason: Reason::Public, team: None, organization: None }
    }
}

impl<'s> Authority<'s> {
    /// The account's level on a repository name, before the access token's limits; `None` for anonymous callers.
    pub(in crate::service) fn account_level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        self.account_level_on(name, self.there(name))
    }

    /// The same for who has looked up what is there. On what is not there only who may make it has a level: others cannot
    /// tell such a name from one that was transferred or deleted. It is found out by the same look-ups.
    pub(super) fn account_level_on(&self, name: &RepositoryName, there: Option<&Repository>) -> Option<AccessLevel> {
        let level = highest(self.ways(name, there, self.state().owner_of(name, there)));
        level.filter(|level| there.is_some() || self.makes_with(*level, &name.namespace()))
    }

    /// The caller's level where this, or nothing, is there of the name. Everybody may read a public one, whatever an access
    /// token's limits.
    pub(super) fn level_on(&self, name: &RepositoryName, there: Option<&Repository>) -> Option<AccessLevel> {
        self.limited(self.account_level_on(name, there), name).max(public_level(there))
    }

    /// The caller's level on a repository that is there and is this account's, as the state says.
    pub(in crate::service) fn level_of(
        &self,
        repository: &Repository,
        owner: Option<&'s Arc<Account>>,
    ) -> Option<AccessLevel> {
        let (name, there) = (&repository.name, Some(repository));
        self.limited(highest(self.ways(name, there, owner)), name).max(public_level(there))
    }

    /// The account's level on all of a namespace.
    pub(super) fn level_on_all_of(&self, namespace: &Namespace) -> Option<AccessLevel> {
        let owner = namespace.name().and_then(|name| self.state().account_named(name.as_str()));
        highest(self.sources_on(owner, &|| vec![GrantTarget::Namespace(namespace.clone())]))
    }

    /// Each way in which the account itself has access to a repository of this name, known or not, before the access
    /// token's limits; what gives everything comes first.
    pub(in crate::service) fn sources(&self, name: &RepositoryName) -> impl Iterator<Item = Source> + use<'s> {
        let there = self.there(name);
        let owner = self.state().owner_of(name, there);
        let found = self.account_level_on(name, there).map(|_| self.ways(name, there, owner));
        found.into_iter().flatten()
    }

    /// Each way on a name, whether or not the account may know of it. What was transferred is out of the hands of those who
    /// grant on the namespace, which is found out by the same look-ups.
    fn ways(
        &self,
        name: &RepositoryName,
        there: Option<&Repository>,
        owner: Option<&'s Arc<Account>>,
    ) -> impl Iterator<Item = Source> + use<'s> {
        let is_transferred = is_transferred(there);
        let targets = || vec![GrantTarget::Repository(name.clone()), GrantTarget::Namespace(name.namespace())];
        let all = self.sources_on(owner, &targets);
        all.filter(move |source| !(is_transferred && source.reason.is_by_namespace()))
    }

    /// What is there of this name.
    pub(super) fn there(&self, name: &RepositoryName) -> Option<&'s Repository> {
        self.state().repository(name).map(AsRef::as_ref)
    }

    /// That everybody may pull it.
    pub(in crate::service::access) fn public_source(&self, name: &RepositoryName) -> Option<Source> {
        public_level(self.there(name)).map(Source::of_everybody)
    }

    /// Each way on the targets, which belong to this account.
    fn sources_on(
        &self,
        owner: Option<&'s Arc<Account>>,
        targets: &dyn Fn() -> Vec<GrantTarget>,
    ) -> impl Iterator<Item = Source> + use<'s> {
        let (state, account) = (self.state(), self.account());
        let administrator = self.is_admin_account().then(|| Source::all_of(Reason::SystemAdministrator));
        let owning = std::iter::once_with(move || owning(state, account?, owner?)).flatten();
        let grantees = self.grantees();
        let targets = if grantees.is_empty() { Vec::new() } else { targets() };
        let granted = grantees.into_iter().flat_map(move |grantee| granted_on(state, grantee, &targets));
        administrator.into_iter().chain(owning).chain(granted)
    }
}

/// The targets whose grants reach a repository: itself, and its whole namespace unless it was transferred out of the hands
/// of those who grant there.
pub(in crate::service) fn reaching(state: &State, name: &RepositoryName) -> Vec<GrantTarget> {
    let namespace = (!state.is_transferred(name)).then(|| GrantTarget::Namespace(name.namespace()));
    std::iter::once(GrantTarget::Repository(name.clone())).chain(namespace).collect()
}

fn is_transferred(there: Option<&Repository>) -> bool {
    there.is_some_and(|repository| repository.owner.is_some())
}

/// The level of everybody.
pub(super) fn public_level(there: Option<&Repository>) -> Option<AccessLevel> {
    there.is_some_and(|repository| repository.is_public).then_some(AccessLevel::ReadOnly)
}

/// That the account has every right of the owner: it is the owner, or administers the organization that is.
fn owning(state: &State, account: &Account, owner: &Account) -> Option<Source> {
    if account.id == owner.id {
        return Some(Source::all_of(Reason::Owner));
    }
    let administers = state.member(owner.id, account.id) == Some(true);
    administers.then(|| Source { organization: Some(owner.id), ..Source::all_of(Reason::OrganizationAdmin) })
}

/// What a user or a team was granted on a repository of this name.
pub(in crate::service) fn granted_to(
    state: &State,
    grantee: Grantee,
    name: &RepositoryName,
) -> impl Iterator<Item = Source> + use<> {
    granted_on(state, grantee, &reaching(state, name))
}

fn granted_on(state: &State, grantee: Grantee, targets: &[GrantTarget]) -> impl Iterator<Item = Source> + use<> {
    let team = match grantee {
        Grantee::User(_) => None,
        Grantee::Team(team) => Some(team),
    };
    let found = targets.iter().filter_map(|target| {
        let level = state.grant(target, grantee)?.into();
        Some(Source { level, reason: target.reason(grantee.kind()), team, organization: None })
    });
    found.collect::<Vec<_>>().into_iter()
}

/// The highest level of these. Nothing is looked up behind one that gives everything.
fn highest(sources: impl Iterator<Item = Source>) -> Option<AccessLevel> {
    let mut highest = None;
    for Source { level, .. } in sources {
        highest = highest.max(Some(level));
        if level == AccessLevel::Admin {
            break;
        }
    }
    highest
}
