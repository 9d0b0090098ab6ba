//! What one user reaches, and by what: asked for where access is taken away, since what is left may come from elsewhere.

use super::grants::look_after;
use crate::domain::access::{AccessLevel, Reason};
use crate::domain::account::Account;
use crate::domain::act::Act;
use crate::domain::grant::{GrantTarget, Grantee, GranteeKind};
use crate::domain::id::Id;
use crate::domain::name::{Name, Namespace};
use crate::service::Service;
use crate::service::access::{Authority, Call, find_user};
use crate::service::error::Error;

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
}

/// What a user reaches.
#[derive(Clone, Debug)]
pub struct Reach {
    /// The user's name.
    pub user: Name,
    /// Its identifier.
    pub id: Id,
    /// Whether it may sign in: an inactive user reaches nothing of it.
    pub is_active: bool,
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
            let sees_inner = authority.sees_inner(account);
            let is_administrator = sees_inner.then(|| account.is_active_admin());
            let mut entries: Vec<_> =
                [owned(authority, account), granted(authority, account), of_teams(authority, account)]
                    .into_iter()
                    .flatten()
                    .filter(|entry| on.is_none_or(|target| entry.target.touches(target)))
                    .collect();
            entries.extend(public(authority, on));
            entries.sort_by_cached_key(|entry| (entry.target.namespace(), entry.target.clone()));
            let (user, id, is_active) = (account.name.clone(), account.id, account.is_active);
            Ok(Reach { user, id, is_active, is_administrator, entries })
        })
    }
}

/// The namespaces that it has all rights in: its own, and those of the organizations that it administers.
fn owned(authority: &Authority<'_>, account: &Account) -> Vec<ReachView> {
    let state = authority.state();
    let view = |name: &Name, reason| {
        let target = GrantTarget::Namespace(Namespace::Of(name.clone()));
        ReachView { target, level: AccessLevel::Admin, reason, team: None }
    };
    let administered = state.organizations_of(account.id).filter(|(_, is_admin)| *is_admin);
    let administered = administered.filter_map(|(id, _)| state.account(id));
    let administered = administered.map(|owner| view(&owner.name, Reason::OrganizationAdmin));
    std::iter::once(view(&account.name, Reason::Owner)).chain(administered).collect()
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
        let grants = state.grants_of(Grantee::Team(team.id));
        grants.map(|(target, level)| by_grant(target, level, Some(team.name.clone())))
    });
    grants.collect()
}

fn by_grant(target: &GrantTarget, level: AccessLevel, team: Option<Name>) -> ReachView {
    let kind = if team.is_some() { GranteeKind::Team } else { GranteeKind::User };
    ReachView { target: target.clone(), level, reason: target.reason(kind), team }
}

/// That everybody may pull the repository that was asked about.
fn public(authority: &Authority<'_>, on: Option<&GrantTarget>) -> Option<ReachView> {
    let Some(target @ GrantTarget::Repository(name)) = on else { return None };
    authority.state().repository(name).filter(|repository| repository.is_public)?;
    Some(ReachView { target: target.clone(), level: AccessLevel::ReadOnly, reason: Reason::Public, team: None })
}
