//! Where the level of an account on a repository comes from: the one list by which is decided and explained.

use super::Authority;
use crate::domain::access::{AccessLevel, Reason};
use crate::domain::account::Account;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
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
}

impl Source {
    fn all_of(reason: Reason) -> Self {
        Self { level: AccessLevel::Admin, reason, team: None }
    }
}

impl<'s> Authority<'s> {
    /// The account's level on a repository name, before the access token's limits; `None` for anonymous callers.
    pub(in crate::service) fn account_level(&self, name: &RepositoryName) -> Option<AccessLevel> {
        highest(self.sources(name))
    }

    /// The account's level on all of a namespace.
    pub(super) fn level_on_all_of(&self, namespace: &Namespace) -> Option<AccessLevel> {
        highest(self.sources_on(|| namespace.clone(), || [GrantTarget::Namespace(namespace.clone())]))
    }

    /// Each way in which the account itself has access to a repository of this name, known or not, before the access
    /// token's limits; what gives everything comes first. Nothing is looked up before it is asked for.
    pub(in crate::service) fn sources<'n>(
        &self,
        name: &'n RepositoryName,
    ) -> impl Iterator<Item = Source> + use<'s, 'n> {
        self.sources_on(move || name.namespace(), move || targets(name))
    }

    /// That everybody may pull it.
    pub(in crate::service::access) fn public_source(&self, name: &RepositoryName) -> Option<Source> {
        self.public_level(name).map(|level| Source { level, reason: Reason::Public, team: None })
    }

    /// Each way on the targets, which are in the namespace.
    fn sources_on<const N: usize, S: FnOnce() -> Namespace, T: FnOnce() -> [GrantTarget; N]>(
        &self,
        namespace: S,
        targets: T,
    ) -> impl Iterator<Item = Source> + use<'s, N, S, T> {
        let (state, account, grantees) = (self.state(), self.account(), self.grantees());
        let administrator = self.is_admin_account().then(|| Source::all_of(Reason::SystemAdministrator));
        let owner = std::iter::once_with(move || owner(state, account?, &namespace())).flatten();
        let granted = std::iter::once_with(move || {
            let targets = targets();
            grantees.flat_map(move |grantee| granted_on(state, grantee, &targets))
        });
        administrator.into_iter().chain(owner).chain(granted.flatten())
    }
}

/// What grants on a repository of this name are on.
fn targets(name: &RepositoryName) -> [GrantTarget; 2] {
    [GrantTarget::Repository(name.clone()), GrantTarget::Namespace(name.namespace())]
}

/// That the account has every right in the namespace: its own, or that of an organization that it administers.
fn owner(state: &State, account: &Account, namespace: &Namespace) -> Option<Source> {
    let name = namespace.name()?;
    if account.name == *name {
        return Some(Source::all_of(Reason::Owner));
    }
    let owner = state.account_named(name.as_str())?;
    let administers = state.member(owner.id, account.id) == Some(true);
    administers.then(|| Source::all_of(Reason::OrganizationAdmin))
}

/// What a user or a team was granted on a repository of this name.
pub(in crate::service) fn granted_to(
    state: &State,
    grantee: Grantee,
    name: &RepositoryName,
) -> impl Iterator<Item = Source> + use<> {
    granted_on(state, grantee, &targets(name))
}

fn granted_on<const N: usize>(
    state: &State,
    grantee: Grantee,
    targets: &[GrantTarget; N],
) -> impl Iterator<Item = Source> + use<N> {
    let team = match grantee {
        Grantee::User(_) => None,
        Grantee::Team(team) => Some(team),
    };
    let found = targets.each_ref().map(|target| {
        let level = state.grant(target, grantee)?;
        Some(Source { level, reason: target.reason(grantee.kind()), team })
    });
    found.into_iter().flatten()
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
