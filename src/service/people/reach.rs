//! What one user reaches, and by what: asked for where access is taken away, since what is left may come from elsewhere.

use std::ops::Bound;

use super::grants::look_after;
use crate::domain::access::{AccessLevel, GrantLevel, Reason};
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::grant::{GrantTarget, Grantee, GranteeKind};
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace, RepositoryName};
use crate::domain::organization::Team;
use crate::service::Service;
use crate::service::access::{Authority, Call, Questioned, find_user, reaching};
use crate::service::error::Error;
use crate::store::State;

/// One way in which a user has access.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachView {
    /// On what.
    pub target: GrantTarget,
    /// The level.
    pub level: AccessLevel,
    /// Why.
    pub reason: Reason,
    /// The team that it comes from, if it does.
    pub team: Option<Name>,
    /// The organization of that team, or the one that it is administered for.
    pub organization: Option<Name>,
}

/// What a user reaches.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The user's name.
    pub user: Name,
    /// Its identifier.
    pub id: Id,
    /// Whether it may sign in: an inactive user reaches nothing of it. None for callers who may not know.
    pub is_active: Option<bool>,
    /// Whether it reaches everything as a system administrator; none for callers who may not know.
    pub is_administrator: Option<bool>,
    /// By ownership, by grants and by teams, by namespace and repository.
    pub entries: Vec<ReachView>,
}

impl Service {
    /// What a user reaches and why: everything, or what touches one repository or namespace. For that user, for
    /// administrators, and, on one target, for those who administer it; they are not told of teams that they may not see.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Denied`] to others; [`Error::Invalid`] for an organization.
    pub fn reach_of(&self, call: &Call, user: &str, on: Option<&GrantTarget>) -> Result<Reach, Error> {
        self.view(call, Act::RepositoryAccessOf, user, |authority| {
            let is_own = authority.is_called(user);
            let permit = match on.filter(|_| !is_own) {
                Some(target) => look_after(authority, target, GranteeKind::User).map(|(permit, _)| permit),
                None if is_own => authority.account_data(),
                None => authority.administrator(),
            };
            permit?;
            let account = find_user(authority.state(), user)?;
            // What a grant on the namespace gives on a name that it may not know of would tell whether that was given away.
            let is_known = match on {
                Some(GrantTarget::Repository(name)) => {
                    Questioned::account(authority, account, None).own_level(name).is_some()
                }
                Some(GrantTarget::Namespace(_)) | None => true,
            };
            let sees_inner = authority.sees_inner(account);
            let is_administrator = sees_inner.then(|| account.is_active_admin());
            let mut entries: Vec<_> =
                [owned(authority, account, on), granted(authority, account), of_teams(authority, account)]
                    .into_iter()
                    .flatten()
                    .filter(|_| is_known)
                    .filter(|entry| on.is_none_or(|target| touches(authority.state(), &entry.target, target)))
                    .filter(|entry| is_own || on.is_none() || may_know(authority, &entry.target))
                    .collect();
            entries.extend(public(authority, on));
            entries.sort_by_cached_key(|entry| (entry.target.namespace(), entry.target.clone()));
            // Of somebody who has nothing there it is not told, or one could ask it of everybody.
            let has_some = entries.iter().any(|entry| entry.reason != Reason::Public);
            let (user, id) = (account.name.clone(), account.id);
            let is_active = (sees_inner || has_some).then_some(account.is_active);
            Ok(Reach { user, id, is_active, is_administrator, entries })
        })
    }
}

/// Whether who administers a namespace may know who reaches this: not what was transferred out of its hands.
fn may_know(authority: &Authority<'_>, target: &GrantTarget) -> bool {
    match target {
        GrantTarget::Repository(name) => authority.administers(name),
        GrantTarget::Namespace(_) => true,
    }
}

/// Whether what is reached on `reached` concerns `asked`: what a namespace gives does not reach a repository that was
/// transferred.
fn touches(state: &State, reached: &GrantTarget, asked: &GrantTarget) -> bool {
    match (reached, asked) {
        (GrantTarget::Namespace(_), GrantTarget::Repository(name)) => reaching(state, name).contains(reached),
        (GrantTarget::Repository(_), _) | (_, GrantTarget::Namespace(_)) => reached.touches(asked),
    }
}

/// What it has all rights on: its own namespace and those of the organizations that it administers, and what was
/// transferred to one of these, of which only what is asked about is looked at.
fn owned(authority: &Authority<'_>, account: &Account, on: Option<&GrantTarget>) -> Vec<ReachView> {
    let (state, (first, last)) = (authority.state(), names_on(on));
    let administered = state.organizations_of(account.id).filter(|(_, is_admin)| *is_admin);
    let administered = administered.filter_map(|(id, _)| state.account(id)).map(AsRef::as_ref);
    let owners = std::iter::once((account, Reason::Owner));
    let owners = owners.chain(administered.map(|owner| (owner, Reason::OrganizationAdmin)));
    let views = owners.flat_map(|(owner, reason)| {
        let received = state.transferred_to(owner.id, (first.clone(), last.clone()));
        let received = received.map(|name| GrantTarget::Repository(name.clone()));
        let targets = std::iter::once(GrantTarget::Namespace(Namespace::Of(owner.name.clone()))).chain(received);
        let organization = owner.is_organization().then(|| owner.name.clone());
        let view = move |target| ReachView {
            target,
            level: AccessLevel::Admin,
            reason,
            team: None,
            organization: organization.clone(),
        };
        targets.map(view)
    });
    views.collect()
}

/// Between which names everything is that a target touches.
fn names_on(on: Option<&GrantTarget>) -> (Bound<RepositoryName>, Bound<RepositoryName>) {
    match on {
        Some(GrantTarget::Repository(name)) => (Bound::Included(name.clone()), Bound::Included(name.clone())),
        Some(GrantTarget::Namespace(namespace)) => namespace.bounds(),
        None => (Bound::Unbounded, Bound::Unbounded),
    }
}

fn granted(authority: &Authority<'_>, account: &Account) -> Vec<ReachView> {
    let grants = authority.state().grants_of(Grantee::User(account.id));
    grants.map(|(target, level)| by_grant(target, level, None)).collect()
}

/// What it has as a member of the teams that the caller may see.
fn of_teams(authority: &Authority<'_>, account: &Account) -> Vec<ReachView> {
    let state = authority.state();
    let teams = state.teams_of(account.id).filter(|team| authority.see_team(team).is_ok());
    let grants = teams.flat_map(|team| {
        let organization = state.account(team.organization).map(|organization| &organization.name);
        let grants = state.grants_of(Grantee::Team(team.id));
        grants.map(move |(target, level)| by_grant(target, level, Some(TeamOf { team, organization })))
    });
    grants.collect()
}

/// A team, and the name of its organization.
#[derive(Clone, Copy)]
struct TeamOf<'s> {
    team: &'s Team,
    organization: Option<&'s Name>,
}

fn by_grant(target: &GrantTarget, level: GrantLevel, by: Option<TeamOf<'_>>) -> ReachView {
    let reason = target.reason(if by.is_some() { GranteeKind::Team } else { GranteeKind::User });
    let (team, organization) = (by.map(|by| by.team.name.clone()), by.and_then(|by| by.organization.cloned()));
    ReachView { target: target.clone(), level: level.into(), reason, team, organization }
}

/// That everybody may pull the repository that was asked about.
fn public(authority: &Authority<'_>, on: Option<&GrantTarget>) -> Option<ReachView> {
    let Some(target @ GrantTarget::Repository(name)) = on else { return None };
    authority.state().repository(name).filter(|repository| repository.is_public)?;
    let (level, reason) = (AccessLevel::ReadOnly, Reason::Public);
    Some(ReachView { target: target.clone(), level, reason, team: None, organization: None })
}
