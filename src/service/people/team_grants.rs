//! Grants to teams, on repositories and on the whole namespace of their organization, as DTR has them.

use std::sync::Arc;

use super::grants::{TargetView, administer, object};
use crate::service::Service;
use crate::service::access::{Authority, Call, find_organization, visible};
use crate::service::error::{Error, Kind};
use crate::service::ledger::Deed;

use super::teams::{TeamView, find_team, team_view, view_team};
use crate::domain::access::AccessLevel;
use crate::domain::act::Act;
use crate::domain::grant::{GrantTarget, Grantee};
use crate::domain::id::Id;
use crate::domain::name::{Namespace, RepositoryName};
use crate::domain::repository::Repository;

/// A team's grant.
#[derive(Clone, Debug)]
pub struct TeamGrant {
    /// Whose.
    pub team: TeamView,
    /// The level.
    pub level: AccessLevel,
}

/// A page of the repositories that were granted to a team.
#[derive(Debug)]
pub struct TeamAccessPage {
    /// The team.
    pub team: TeamView,
    /// The repositories of the page, by name.
    pub repositories: Vec<(Arc<Repository>, AccessLevel)>,
    /// The name to go on after; none on the last page.
    pub next: Option<RepositoryName>,
}

/// The organization that has the target; teams have grants in their own organization only.
fn organization_of(authority: &Authority<'_>, target: &GrantTarget) -> Result<Id, Error> {
    let namespace = match target {
        GrantTarget::Namespace(namespace) => namespace.clone(),
        GrantTarget::Repository(name) => name.namespace(),
    };
    let refused =
        |what: &str| Error::invalid("team", format!("{what} is no organization, and only organizations have teams"));
    let Namespace::Of(name) = namespace else { return Err(refused("the namespace `_`")) };
    let organization = find_organization(authority.state(), name.as_str());
    organization.map(|organization| organization.id).map_err(|_| refused(name.as_str()))
}

/// The team of the organization that has the target.
fn team_for(authority: &Authority<'_>, target: &GrantTarget, team: &str) -> Result<TeamView, Error> {
    let organization = organization_of(authority, target)?;
    let found = match (find_team(authority.state(), organization, team), team.parse::<Id>()) {
        (Err(_), Ok(id)) if authority.state().team(id).is_some() => {
            return Err(Error::invalid("team", "a team of another organization"));
        }
        (found, _) => found?,
    };
    Ok(team_view(authority, found))
}

fn grants(authority: &Authority<'_>, target: &GrantTarget) -> Vec<TeamGrant> {
    let state = authority.state();
    let mut grants: Vec<TeamGrant> = state
        .grants_on(target)
        .filter_map(|(grantee, level)| match grantee {
            Grantee::Team(id) => {
                state.team(id).map(|team| TeamGrant { team: team_view(authority, team.as_ref().clone()), level })
            }
            Grantee::User(_) => None,
        })
        .collect();
    grants.sort_by(|one, other| one.team.team.name.cmp(&other.team.team.name));
    grants
}

impl Service {
    /// The team grants on a repository or a namespace, by team name.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn list_team_grants(&self, call: &Call, target: &GrantTarget) -> Result<(TargetView, Vec<TeamGrant>), Error> {
        self.view(call, Act::GrantList, &object(target), |authority| {
            let (_, shown) = administer(authority, target)?;
            Ok((shown, grants(authority, target)))
        })
    }

    /// One team's grant on a repository or a namespace.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there.
    pub fn view_team_grant(
        &self,
        call: &Call,
        target: &GrantTarget,
        team: &str,
    ) -> Result<(TargetView, TeamGrant), Error> {
        self.view(call, Act::GrantList, &object(target), |authority| {
            let (_, shown) = administer(authority, target)?;
            let view = team_for(authority, target, team)?;
            let level = authority.state().grant(target, Grantee::Team(view.team.id));
            let level = level.ok_or_else(|| Error::not_found(Kind::TeamGrant, team))?;
            Ok((shown, TeamGrant { team: view, level }))
        })
    }

    /// Gives a team a level on a repository or on the namespace of its organization.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there, [`Error::Invalid`] for a team of another
    /// organization, or where no organization has the namespace.
    pub fn put_team_grant(
        &self,
        call: &Call,
        target: &GrantTarget,
        team: &str,
        level: AccessLevel,
    ) -> Result<(TargetView, TeamGrant), Error> {
        let deed = Deed::new(Act::GrantSet, format!("{} team {team} {level}", object(target)));
        let (target, team) = (target.clone(), team.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (permit, shown) = administer(&authority, &target)?;
            let team = team_for(&authority, &target, &team)?;
            change.txn(&permit).put_grant(&target, Grantee::Team(team.team.id), level)?;
            change.about_target(&target);
            Ok((shown, TeamGrant { team, level }))
        })
    }

    /// Takes a team's grant on a repository or a namespace; nothing is to do where there is none.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Denied`] without admin access there, [`Error::Invalid`] where no organization has
    /// the namespace.
    pub fn delete_team_grant(&self, call: &Call, target: &GrantTarget, team: &str) -> Result<(), Error> {
        let deed = Deed::new(Act::GrantDelete, format!("{} team {team}", object(target)));
        let (target, team) = (target.clone(), team.to_owned());
        self.change(call, deed, move |change| {
            let authority = change.authority()?;
            let (permit, _) = administer(&authority, &target)?;
            let grantee = Grantee::Team(team_for(&authority, &target, &team)?.team.id);
            if change.state().grant(&target, grantee).is_none() {
                change.was_idle();
                return Ok(());
            }
            change.txn(&permit).remove_grant(&target, grantee);
            change.about_target(&target);
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
    ) -> Result<TeamAccessPage, Error> {
        self.view(call, Act::TeamRepositories, &format!("{organization}/{team}"), |authority| {
            let (_, team) = view_team(authority, organization, team)?;
            let state = authority.state();
            let mut granted = visible::granted(state, Grantee::Team(team.id), after);
            let repositories: Vec<_> = granted.by_ref().take(limit).collect();
            let next = repositories.last().map(|(last, _)| last.name.clone()).filter(|_| granted.next().is_some());
            Ok(TeamAccessPage { team: team_view(authority, team), repositories, next })
        })
    }
}
