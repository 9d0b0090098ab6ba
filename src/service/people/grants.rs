//! Grants to users and teams, on repositories and on whole namespaces; who has access, and why. Teams have grants
//! within their own organization only, as in DTR.

use std::sync::Arc;

use super::teams::{TeamView, find_team, is_callers, team_view, view_team};
use crate::service::Service;
use crate::service::access::{
    Allowed, Authority, Call, Permit, Questioned, find, find_organization, find_user, reaching, visible,
};
use crate::service::error::{Error, Kind};
use crate::service::ledger::{Change, Deed};
use crate::service::page::Page;

use crate::domain::access::{AccessLevel, GrantLevel, Reason};
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::grant::{GrantTarget, Grantee, GranteeKind};
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::repository::Repository;
use crate::store::State;

/// A user or a team, and its level on a repository or a namespace.
#[derive(Clone, Debug)]
pub struct GrantView {
    /// What the grant is on.
    pub target: TargetView,
    /// Who has it.
    pub grantee: Grantee,
    /// The name of the user or the team.
    pub name: Name,
    /// The organization of the team; none for a user.
    pub organization: Option<Name>,
    /// Whether the grantee is a team that the caller is a member of.
    pub caller_is_member: bool,
    /// Whether it can be used: an inactive user has it, and is let in nowhere.
    pub is_active: bool,
    /// The level.
    pub level: AccessLevel,
}

/// The grants of users, or those of teams, on a repository or a namespace.
#[derive(Clone, Debug)]
pub struct GrantList {
    /// What the grants are on.
    pub target: TargetView,
    /// The grants, by the name of the user or the team.
    pub grants: Vec<GrantView>,
}

/// The target of a grant, as it is shown.
#[derive(Clone, Debug)]
pub enum TargetView {
    /// One repository.
    Repository(Arc<Repository>),
    /// A whole namespace.
    Namespace(Namespace),
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
    /// The organization of the team, or the one that is administered.
    pub organization: Option<Name>,
    /// Whether it can be used: an inactive user has it, and is let in nowhere.
    pub is_active: bool,
}

/// The permit to change access to the target, which must exist, and the target as it is shown.
fn administer(authority: &Authority<'_>, target: &GrantTarget) -> Result<(Permit, TargetView), Error> {
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

/// The permit to view and remove the grants on a target. Where the account of a namespace is gone, system
/// administrators get it for the grants of users, as long as anything is known there: nobody else is left who could.
/// Teams, and with them their grants, go with their organization.
pub(super) fn look_after(
    authority: &Authority<'_>,
    target: &GrantTarget,
    kind: GranteeKind,
) -> Result<(Permit, TargetView), Error> {
    let administered = administer(authority, target);
    let (GranteeKind::User, GrantTarget::Namespace(namespace), Err(Error::NotFound { .. })) =
        (kind, target, &administered)
    else {
        return administered;
    };
    let Ok(permit) = authority.administrator() else { return administered };
    let state = authority.state();
    let is_known = state.namespace_size(namespace) > 0 || state.grants_on(target).next().is_some();
    if is_known { Ok((permit, TargetView::Namespace(namespace.clone()))) } else { administered }
}

/// Why a name is not taken for a team.
const TWO_TEAMS: &str = "the owner's organization and the namespace's both have a team of this name: name it by its id";

/// The organizations whose teams may have grants on the target: the one that owns it, and the one that has its namespace,
/// whose teams keep theirs when a repository is transferred.
fn organizations_of(authority: &Authority<'_>, target: &GrantTarget) -> Result<Vec<Id>, Error> {
    let (state, namespace) = (authority.state(), target.namespace());
    let owner = match target {
        GrantTarget::Namespace(_) => None,
        GrantTarget::Repository(name) => state.owner(name).filter(|owner| owner.is_organization()),
    };
    let of_namespace = namespace.name().and_then(|name| find_organization(state, name.as_str()).ok());
    let mut organizations: Vec<Id> = owner.map(|owner| owner.id).into_iter().collect();
    organizations.extend(of_namespace.map(|it| it.id).filter(|id| owner.is_none_or(|owner| owner.id != *id)));
    if !organizations.is_empty() {
        return Ok(organizations);
    }
    let what = namespace.name().map_or("the namespace `_`", Name::as_str);
    Err(Error::invalid("team", format!("{what} is no organization, and only organizations have teams")))
}

/// The user of this name or identifier, or the team of it in the organization that owns the target or in the one that has
/// its namespace; none if both have a team of that name, since it could be the other one that is meant.
fn grantee_named(
    authority: &Authority<'_>,
    target: &GrantTarget,
    kind: GranteeKind,
    name: &str,
) -> Result<(Grantee, Name), Error> {
    let state = authority.state();
    match kind {
        GranteeKind::User => find_user(state, name).map(|user| (Grantee::User(user.id), user.name.clone())),
        GranteeKind::Team => {
            let organizations = organizations_of(authority, target)?;
            let found: Vec<_> = organizations.into_iter().map(|it| find_team(state, it, name)).collect();
            if found.iter().filter(|found| found.is_ok()).count() > 1 {
                return Err(Error::invalid("team", TWO_TEAMS));
            }
            if found.iter().all(Result::is_err) && name.parse::<Id>().is_ok_and(|id| state.team(id).is_some()) {
                return Err(Error::invalid("team", "a team of another organization"));
            }
            // Where it is in none, the first says that: the one that owns the target.
            let found = found.into_iter().reduce(Result::or).unwrap_or_else(|| Err(Error::not_found(Kind::Team, name)));
            found.map(|team| (Grantee::Team(team.id), team.name))
        }
    }
}

/// A grant as the caller sees it.
fn grant_view(
    authority: &Authority<'_>,
    target: &TargetView,
    (grantee, name): (Grantee, Name),
    level: impl Into<AccessLevel>,
) -> GrantView {
    let caller_is_member = match grantee {
        Grantee::User(_) => false,
        Grantee::Team(id) => is_callers(authority, id),
    };
    let (state, target) = (authority.state(), target.clone());
    let (is_active, organization) = (is_active(state, grantee), organization_of(state, grantee));
    GrantView { target, grantee, name, organization, caller_is_member, is_active, level: level.into() }
}

/// The organization of a team.
fn organization_of(state: &State, grantee: Grantee) -> Option<Name> {
    match grantee {
        Grantee::User(_) => None,
        Grantee::Team(id) => Some(state.account(state.team(id)?.organization)?.name.clone()),
    }
}

/// Whether a grant can be used: a team's always, and a user's unless that is inactive.
fn is_active(state: &State, grantee: Grantee) -> bool {
    match grantee {
        Grantee::User(id) => state.account(id).is_some_and(|user| user.is_active),
        Grantee::Team(_) => true,
    }
}

/// The users, or the teams, that have a grant on a target, with their levels, by name.
fn held(state: &State, target: &GrantTarget, kind: GranteeKind) -> Vec<(Grantee, Name, GrantLevel)> {
    let name = |grantee| match grantee {
        Grantee::User(id) => state.account(id).map(|user| user.name.clone()),
        Grantee::Team(id) => state.team(id).map(|team| team.name.clone()),
    };
    let grants = state.grants_on(target).filter(|(grantee, _)| grantee.kind() == kind);
    let mut held: Vec<_> = grants.filter_map(|(grantee, level)| Some((grantee, name(grantee)?, level))).collect();
    held.sort_by(|(_, one, _), (_, other, _)| one.cmp(other));
    held
}

/// How an audit record of a grant names the user or the team.
fn told(kind: GranteeKind, name: &str) -> String {
    match kind {
        GranteeKind::User => name.to_owned(),
        GranteeKind::Team => format!("team {name}"),
    }
}

/// Notes the account and the target that a change of a grant concerns, for its audit record.
fn note(change: &mut Change<'_, '_>, target: &GrantTarget, grantee: Grantee) {
    match grantee {
        Grantee::User(id) => {
            if let Some(user) = change.state().account(id).cloned() {
                change.about_account(&user);
            }
        }
        Grantee::Team(_) => {}
    }
    change.about_target(target);
}

fn object(target: &GrantTarget) -> String {
    match target {
        GrantTarget::Repository(name) => name.to_string(),
        GrantTarget::Namespace(namespace) => format!("{namespace}/*"),
    }
}

/// A repository with the level that was granted on it.
pub(super) type GrantedRepository = (Arc<Repository>, GrantLevel);

impl Service {
    /// The grants of users, or those of teams, on a repository or a namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn list_grants(&self, call: &Call, target: &GrantTarget, kind: GranteeKind) -> Result<GrantList, Error> {
        self.view(call, Act::GrantList, &object(target), |authority| {
            let (_, shown) = look_after(authority, target, kind)?;
            let held = held(authority.state(), target, kind).into_iter();
            let grants = held.map(|(grantee, name, level)| grant_view(authority, &shown, (grantee, name), level));
            Ok(GrantList { grants: grants.collect(), target: shown })
        })
    }

    /// The grant of one team on a repository or a namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn view_team_grant(&self, call: &Call, target: &GrantTarget, team: &str) -> Result<GrantView, Error> {
        self.view(call, Act::GrantList, &object(target), |authority| {
            let (_, shown) = administer(authority, target)?;
            let grantee = grantee_named(authority, target, GranteeKind::Team, team)?;
            let level = authority.state().grant(target, grantee.0);
            let level = level.ok_or_else(|| Error::not_found(Kind::TeamGrant, team))?;
            Ok(grant_view(authority, &shown, grantee, level))
        })
    }

    /// Refuses callers who may not grant access to a repository or a namespace, before the body is read.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn may_grant(&self, call: &Call, target: &GrantTarget) -> Result<Allowed, Error> {
        self.gate(call, Act::GrantSet, &object(target), |authority| {
            administer(authority, target).map(|(permit, _)| permit)
        })
    }

    /// Gives a user or a team, by its name or identifier, a level on a repository or a namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there, [`Error::Invalid`] for an organization in
    /// place of a user, for a team of another organization, or for a team where no organization owns the namespace.
    pub fn put_grant(
        &self,
        call: &Call,
        target: &GrantTarget,
        kind: GranteeKind,
        name: &str,
        level: GrantLevel,
    ) -> Result<GrantView, Error> {
        let deed = Deed::new(Act::GrantSet, format!("{} {} {level}", object(target), told(kind, name)));
        let (target, name) = (target.clone(), name.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (permit, shown) = administer(&authority, &target)?;
            let grantee = grantee_named(&authority, &target, kind, &name)?;
            let view = grant_view(&authority, &shown, grantee, level);
            change.txn(&permit).put_grant(&target, view.grantee, level)?;
            note(change, &target, view.grantee);
            Ok(view)
        })
    }

    /// Removes the grant of a user or a team on a repository or a namespace; idempotent.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there, [`Error::Invalid`] as [`Service::put_grant`].
    pub fn delete_grant(&self, call: &Call, target: &GrantTarget, kind: GranteeKind, name: &str) -> Result<(), Error> {
        let deed = Deed::new(Act::GrantDelete, format!("{} {}", object(target), told(kind, name)));
        let (target, name) = (target.clone(), name.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (permit, _) = look_after(&authority, &target, kind)?;
            let (grantee, _) = grantee_named(&authority, &target, kind, &name)?;
            if change.state().grant(&target, grantee).is_none() {
                change.skip_record();
                return Ok(());
            }
            change.txn(&permit).remove_grant(&target, grantee);
            note(change, &target, grantee);
            Ok(())
        })
    }

    /// A page of the repositories that were granted to a team, by name.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to all but its members, the organization's and system administrators.
    pub fn repositories_of_team(
        &self,
        call: &Call,
        organization: &str,
        team: &str,
        after: Option<&RepositoryName>,
        limit: usize,
    ) -> Result<(TeamView, Page<GrantedRepository, RepositoryName>), Error> {
        self.view(call, Act::TeamRepositories, &format!("{organization}/{team}"), |authority| {
            let (_, team) = view_team(authority, organization, team)?;
            let granted = visible::granted(authority.state(), Grantee::Team(team.id), after);
            let page = Page::of(granted, |(repository, _)| &repository.name, limit, None);
            Ok((team_view(authority, team), page))
        })
    }

    /// Everybody with access to a repository except system administrators, and why they have it.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access.
    pub fn repository_access(
        &self,
        call: &Call,
        name: &RepositoryName,
    ) -> Result<(Arc<Repository>, Vec<AccessView>), Error> {
        self.view(call, Act::RepositoryAccess, name.as_str(), |authority| {
            authority.administer_repository(name)?;
            let repository = authority.state().repository(name);
            let repository = repository.ok_or_else(|| Error::not_found(Kind::Repository, name))?;
            let public = AccessView {
                subject: None,
                level: AccessLevel::ReadOnly,
                reason: Reason::Public,
                organization: None,
                is_active: true,
            };
            let mut access = owner_views(authority, name);
            let targets = reaching(authority.state(), name);
            for kind in [GranteeKind::User, GranteeKind::Team] {
                for target in &targets {
                    access.extend(grant_reasons(authority.state(), target, kind));
                }
            }
            access.extend(Some(public).filter(|_| repository.is_public));
            Ok((Arc::clone(repository), access))
        })
    }

    /// The level of one user on a repository, for that user and for administrators.
    ///
    /// # Errors
    /// [`Error::NotFound`], also where that user sees nothing; [`Error::Denied`] to others.
    pub fn access_of(&self, call: &Call, user: &str, name: &RepositoryName) -> Result<GrantView, Error> {
        self.view(call, Act::RepositoryAccessOf, name.as_str(), |authority| {
            authority.account_data()?;
            if !authority.is_called(user) {
                authority.administrator()?;
            }
            let user = find_user(authority.state(), user)?;
            let repository = authority.state().repository(name);
            let level = level_of(authority, user, name);
            match (repository, level) {
                (Some(repository), Some(level)) => {
                    let target = TargetView::Repository(Arc::clone(repository));
                    Ok(grant_view(authority, &target, (Grantee::User(user.id), user.name.clone()), level))
                }
                (Some(_) | None, _) => Err(authority.no_such_repository(name)),
            }
        })
    }
}

/// The level of an account on a repository by itself, without any access token.
fn level_of<'s>(authority: &Authority<'s>, user: &'s Account, name: &RepositoryName) -> Option<AccessLevel> {
    let user = Questioned::account(authority, user, None);
    if user.faults().is_empty() { user.level(name) } else { None }
}

/// The users, or the teams, that have access by a grant on a target, by name.
fn grant_reasons(state: &State, target: &GrantTarget, kind: GranteeKind) -> Vec<AccessView> {
    let view = |(grantee, name, level): (_, Name, GrantLevel)| AccessView {
        subject: Some(name.to_string()),
        level: level.into(),
        reason: target.reason(kind),
        organization: organization_of(state, grantee),
        is_active: is_active(state, grantee),
    };
    held(state, target, kind).into_iter().map(view).collect()
}

/// The owner of the repository: a user, or the administrators of an organization.
fn owner_views(authority: &Authority<'_>, name: &RepositoryName) -> Vec<AccessView> {
    let state = authority.state();
    let Some(owner) = state.owner(name) else { return Vec::new() };
    let view = |user: &Account, reason| {
        let (subject, level) = (Some(user.name.to_string()), AccessLevel::Admin);
        let organization = owner.is_organization().then(|| owner.name.clone());
        AccessView { subject, level, reason, organization, is_active: user.is_active }
    };
    if !owner.is_organization() {
        return vec![view(owner, Reason::Owner)];
    }
    let admins = state.members_of(owner.id).filter(|(_, is_admin)| *is_admin);
    let mut admins: Vec<_> = admins.filter_map(|(user, _)| state.account(user)).collect();
    admins.sort_by(|one, other| one.name.cmp(&other.name));
    admins.into_iter().map(|user| view(user, Reason::OrganizationAdmin)).collect()
}
