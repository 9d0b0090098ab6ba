//! Grants to users, on repositories and on whole namespaces, and who has access and why.

use std::sync::Arc;

use crate::service::Service;
use crate::service::access::{Allowed, Authority, Call, Caller, Permit, find, find_user};
use crate::service::error::{Error, Kind};
use crate::service::ledger::Deed;

use crate::domain::access::AccessLevel;
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::store::State;

/// A user's grant.
#[derive(Clone, Debug)]
pub struct UserGrant {
    /// Whose.
    pub user: Account,
    /// The level.
    pub level: AccessLevel,
}

/// What grants are on, as it is shown.
#[derive(Clone, Debug)]
pub enum TargetView {
    /// One repository.
    Repository(Arc<Repository>),
    /// A whole namespace.
    Namespace(Namespace),
}

/// Why somebody has access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It owns the namespace.
    Owner,
    /// It administers the organization that owns the namespace.
    OrganizationAdmin,
    /// As a member of a team, by the team's grant on the repository.
    TeamRepositoryGrant,
    /// As a member of a team, by the team's grant on the namespace.
    TeamNamespaceGrant,
    /// By a grant on the repository.
    RepositoryGrant,
    /// By a grant on the namespace.
    NamespaceGrant,
    /// It is public.
    Public,
}

/// Who has which access, and why.
#[derive(Clone, Debug)]
pub struct AccessView {
    /// The account's name; none for everybody.
    pub subject: Option<String>,
    /// The level.
    pub level: AccessLevel,
    /// Why.
    pub reason: Reason,
}

/// Whether the caller may change access to the target, which must exist.
pub(super) fn administer(authority: &Authority<'_>, target: &GrantTarget) -> Result<(Permit, TargetView), Error> {
    match target {
        GrantTarget::Repository(name) => {
            let permit = authority.administer_repository(name)?;
            let repository = authority.state().repository(name);
            let repository = repository.ok_or_else(|| Error::not_found(Kind::Repository, name))?;
            Ok((permit, TargetView::Repository(Arc::clone(repository))))
        }
        GrantTarget::Namespace(namespace) => {
            let permit = authority.administer_namespace(namespace)?;
            let owner = namespace.name().map(|name| find(authority.state(), name.as_str())).transpose()?;
            let shown = owner.map_or(Namespace::Empty, |owner| Namespace::Of(owner.name.clone()));
            Ok((permit, TargetView::Namespace(shown)))
        }
    }
}

/// Whether the caller may look at and take away the grants of users on a target. Of a namespace whose account is gone
/// system administrators may, as long as anything is known there: no account is left that could.
fn look_after(authority: &Authority<'_>, target: &GrantTarget) -> Result<(Permit, TargetView), Error> {
    let administered = administer(authority, target);
    let (GrantTarget::Namespace(namespace), Err(Error::NotFound { .. })) = (target, &administered) else {
        return administered;
    };
    let Ok(permit) = authority.administrator() else { return administered };
    let state = authority.state();
    let is_known = state.namespace_size(namespace) > 0 || state.grants_on(target).next().is_some();
    if is_known { Ok((permit, TargetView::Namespace(namespace.clone()))) } else { administered }
}

pub(super) fn object(target: &GrantTarget) -> String {
    match target {
        GrantTarget::Repository(name) => name.to_string(),
        GrantTarget::Namespace(namespace) => format!("{namespace}/*"),
    }
}

impl Service {
    /// The user grants on a repository or a namespace, by user name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn list_user_grants(&self, call: &Call, target: &GrantTarget) -> Result<(TargetView, Vec<UserGrant>), Error> {
        self.view(call, Act::GrantList, &object(target), |authority| {
            let (_, shown) = look_after(authority, target)?;
            let mut grants: Vec<_> = user_grants(authority, target).collect();
            grants.sort_by(|one, other| one.user.name.cmp(&other.user.name));
            Ok((shown, grants))
        })
    }

    /// Lets those through who may grant access to a repository or a namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn may_grant(&self, call: &Call, target: &GrantTarget) -> Result<Allowed, Error> {
        self.view(call, Act::GrantSet, &object(target), |authority| {
            administer(authority, target).map(|(permit, _)| Allowed::by(permit))
        })
    }

    /// Gives a user a level on a repository or a namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there, [`Error::Invalid`] for an organization.
    pub fn put_user_grant(
        &self,
        call: &Call,
        target: &GrantTarget,
        user: &str,
        level: AccessLevel,
    ) -> Result<(TargetView, UserGrant), Error> {
        let deed = Deed::new(Act::GrantSet, format!("{} {user} {level}", object(target)));
        let (target, user) = (target.clone(), user.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (permit, shown) = administer(&authority, &target)?;
            let user = find_user(change.state(), &user)?.clone();
            change.txn(&permit).put_grant(&target, Grantee::User(user.id), level)?;
            change.about_account(&user);
            change.about_target(&target);
            Ok((shown, UserGrant { user, level }))
        })
    }

    /// Takes a user's grant on a repository or a namespace; nothing is to do where there is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn delete_user_grant(&self, call: &Call, target: &GrantTarget, user: &str) -> Result<(), Error> {
        let deed = Deed::new(Act::GrantDelete, format!("{} {user}", object(target)));
        let (target, user) = (target.clone(), user.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (permit, _) = look_after(&authority, &target)?;
            let user = find_user(change.state(), &user)?.clone();
            let grantee = Grantee::User(user.id);
            if change.state().grant(&target, grantee).is_none() {
                change.was_idle();
                return Ok(());
            }
            change.txn(&permit).remove_grant(&target, grantee);
            change.about_account(&user);
            change.about_target(&target);
            Ok(())
        })
    }

    /// Everybody with access to a repository and why, system administrators left out.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access.
    pub fn repository_access(
        &self,
        call: &Call,
        name: &RepositoryName,
    ) -> Result<(Arc<Repository>, Vec<AccessView>), Error> {
        self.view(call, Act::RepositoryAccess, name.as_str(), |authority| {
            let target = GrantTarget::Repository(name.clone());
            authority.administer_repository(name)?;
            let repository = authority.state().repository(name);
            let repository = repository.ok_or_else(|| Error::not_found(Kind::Repository, name))?;
            let on_namespace = GrantTarget::Namespace(name.namespace());
            let public = AccessView { subject: None, level: AccessLevel::ReadOnly, reason: Reason::Public };
            let mut access = owner_views(authority, name);
            access.extend(grant_views(authority, &target, Reason::RepositoryGrant, user_name));
            access.extend(grant_views(authority, &on_namespace, Reason::NamespaceGrant, user_name));
            access.extend(grant_views(authority, &target, Reason::TeamRepositoryGrant, team_name));
            access.extend(grant_views(authority, &on_namespace, Reason::TeamNamespaceGrant, team_name));
            access.extend(Some(public).filter(|_| repository.is_public));
            Ok((Arc::clone(repository), access))
        })
    }

    /// What one user may do with a repository: asked by that user or an administrator.
    ///
    /// # Errors
    /// [`Error::NotFound`], also where that user sees nothing; [`Error::Denied`] to others.
    pub fn access_of(
        &self,
        call: &Call,
        user: &str,
        name: &RepositoryName,
    ) -> Result<(Account, Arc<Repository>, AccessLevel), Error> {
        self.view(call, Act::RepositoryAccessOf, name.as_str(), |authority| {
            authority.account_data()?;
            if !authority.is_called(user) {
                authority.administrator()?;
            }
            let user = find_user(authority.state(), user)?;
            let repository = authority.state().repository(name);
            let level = level_of(authority, user, name);
            match (repository, level) {
                (Some(repository), Some(level)) => Ok((user.clone(), Arc::clone(repository), level)),
                (Some(_) | None, _) => Err(Error::not_found(Kind::Repository, name)),
            }
        })
    }
}

/// What an account may do with a repository by itself, without any access token.
fn level_of(authority: &Authority<'_>, user: &Account, name: &RepositoryName) -> Option<AccessLevel> {
    let of_user = Caller::of_account(user);
    let of_user = Authority::of(authority.state(), &of_user, authority.now()).ok()?;
    of_user.level(name)
}

fn user_grants<'s>(authority: &Authority<'s>, target: &GrantTarget) -> impl Iterator<Item = UserGrant> + use<'s> {
    let state = authority.state();
    state.grants_on(target).filter_map(|(grantee, level)| match grantee {
        Grantee::User(id) => state.account(id).map(|user| UserGrant { user: Account::clone(user), level }),
        Grantee::Team(_) => None,
    })
}

/// The users, or the teams, with a grant on a target, by name.
fn grant_views(
    authority: &Authority<'_>,
    target: &GrantTarget,
    reason: Reason,
    name: fn(&State, Grantee) -> Option<&Name>,
) -> Vec<AccessView> {
    let state = authority.state();
    let held = state.grants_on(target).filter_map(|(grantee, level)| Some((name(state, grantee)?, level)));
    let mut held: Vec<_> = held.collect();
    held.sort();
    let view = |(name, level): (&Name, AccessLevel)| AccessView { subject: Some(name.to_string()), level, reason };
    held.into_iter().map(view).collect()
}

fn user_name(state: &State, grantee: Grantee) -> Option<&Name> {
    match grantee {
        Grantee::User(id) => state.account(id).map(|user| &user.name),
        Grantee::Team(_) => None,
    }
}

fn team_name(state: &State, grantee: Grantee) -> Option<&Name> {
    match grantee {
        Grantee::Team(id) => state.team(id).map(|team| &team.name),
        Grantee::User(_) => None,
    }
}

/// The owner of the namespace: a user, or the administrators of an organization.
fn owner_views(authority: &Authority<'_>, name: &RepositoryName) -> Vec<AccessView> {
    let state = authority.state();
    let Some(owner) = state.account_named(name.namespace_str()) else { return Vec::new() };
    let view = |name: String, reason| AccessView { subject: Some(name), level: AccessLevel::Admin, reason };
    if !owner.is_organization() {
        return vec![view(owner.name.to_string(), Reason::Owner)];
    }
    let admins = state.members_of(owner.id).filter(|(_, is_admin)| *is_admin);
    let mut names: Vec<String> =
        admins.filter_map(|(user, _)| state.account(user)).map(|user| user.name.to_string()).collect();
    names.sort();
    names.into_iter().map(|name| view(name, Reason::OrganizationAdmin)).collect()
}
