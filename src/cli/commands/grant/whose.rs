//! Whose grant it is, a user's or a team's, and the operations on it.

use std::fmt;

use clap::Args;
use serde_json::Value;

use crate::api::operations::grants as op;
use crate::api::operations::repositories::ViewRepository;
use crate::api::{SetAccess, TeamAccessList, UserAccessList};
use crate::cli::commands::values::{self, TeamHere};
use crate::cli::screen::CliError;
use crate::cli::wire::{Api, ApiAnswer, parts};
use crate::domain::access::{AccessLevel, GrantLevel};
use crate::domain::grant::GrantTarget;

/// A grant that is there.
pub(super) struct Given {
    /// Its level.
    pub(super) level: AccessLevel,
    /// The organization of the team that has it.
    pub(super) organization: Option<String>,
}

/// Whose they are: one of these.
#[derive(Args)]
#[group(required = true, multiple = false)]
#[cfg_attr(test, derive(Default))]
pub(super) struct WhoseArguments {
    /// The user; may be repeated
    #[arg(long = "user", value_name = "NAME", value_parser = values::account)]
    pub(super) users: Vec<String>,
    /// The team, TEAM or ORG/TEAM, one of the organization that has the namespace, or that a repository was given to; may be
    /// repeated
    #[arg(long = "team", value_name = "TEAM", value_parser = values::team_here)]
    pub(super) teams: Vec<TeamHere>,
}

impl WhoseArguments {
    /// Each of them.
    pub(super) fn each(self) -> Vec<Whose> {
        let users = self.users.into_iter().map(|user| Whose { user: Some(user), team: None });
        users.chain(self.teams.into_iter().map(|team| Whose { user: None, team: Some(team) })).collect()
    }
}

/// Whose a grant is: a user's or a team's.
#[derive(PartialEq)]
pub(super) struct Whose {
    pub(super) user: Option<String>,
    pub(super) team: Option<TeamHere>,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.team().or(self.user.as_deref()).unwrap_or_default())
    }
}

impl Whose {
    /// Gives the access. The grammar makes sure that a user or a team is named.
    pub(super) async fn set(&self, target: &GrantTarget, access: GrantLevel, api: &mut Api) -> Result<Value, CliError> {
        let body = SetAccess { access_level: access.to_string(), ..SetAccess::default() };
        let user = self.user.as_deref().unwrap_or_default();
        Ok(match (target, self.team()) {
            (GrantTarget::Repository(on), Some(team)) => {
                api.send(op::SetTeamAccess, [on.namespace_str(), on.rest(), team], &(), &body).await?.value
            }
            (GrantTarget::Repository(on), None) => {
                api.send(op::SetUserAccess, [on.namespace_str(), on.rest(), user], &(), &body).await?.value
            }
            (GrantTarget::Namespace(on), Some(team)) => {
                api.send(op::SetNamespaceTeamAccess, [on.as_str(), team], &(), &body).await?.value
            }
            (GrantTarget::Namespace(on), None) => {
                api.send(op::SetNamespaceUserAccess, [on.as_str(), user], &(), &body).await?.value
            }
        })
    }

    /// Takes the access away.
    pub(super) async fn delete(&self, target: &GrantTarget, api: &mut Api) -> Result<ApiAnswer<()>, CliError> {
        let user = self.user.as_deref().unwrap_or_default();
        match (target, self.team()) {
            (GrantTarget::Repository(on), Some(team)) => {
                api.call(op::DeleteTeamAccess, [on.namespace_str(), on.rest(), team], &()).await
            }
            (GrantTarget::Repository(on), None) => {
                api.call(op::DeleteUserAccess, [on.namespace_str(), on.rest(), user], &()).await
            }
            (GrantTarget::Namespace(on), Some(team)) => {
                api.call(op::DeleteNamespaceTeamAccess, [on.as_str(), team], &()).await
            }
            (GrantTarget::Namespace(on), None) => {
                api.call(op::DeleteNamespaceUserAccess, [on.as_str(), user], &()).await
            }
        }
    }

    /// What was given; none if no grant is there.
    pub(super) async fn level(&self, target: &GrantTarget, api: &mut Api) -> Result<Option<Given>, CliError> {
        if let Some(wanted) = self.team() {
            let list = teams_on(target, api).await?.read()?.team_access_list;
            let found = list.iter().find(|it| it.team.name == wanted || it.team.id == wanted);
            return Ok(found.map(|it| Given { level: it.access_level, organization: it.team.organization.clone() }));
        }
        let wanted = self.user.as_deref().unwrap_or_default();
        let list = users_on(target, api).await?.read()?.user_access_list;
        let found = list.iter().find(|it| it.user.name == wanted || it.user.id == wanted);
        Ok(found.map(|it| Given { level: it.access_level, organization: None }))
    }

    fn team(&self) -> Option<&str> {
        self.team.as_ref().map(|team| team.team.as_str())
    }

    /// Refuses a team that was named with another organization than the one that has the target. Where a repository was
    /// transferred, two organizations may have a team of one name: only an id is exact there.
    pub(super) async fn must_be_of(&self, target: &GrantTarget, api: &mut Api) -> Result<(), CliError> {
        let named = self.team.as_ref().and_then(|team| team.organization.as_deref());
        let namespace = target.namespace();
        let Some(named) = named else { return Ok(()) };
        if let GrantTarget::Repository(name) = target {
            let owner = api.call(ViewRepository, parts(name), &()).await?.read()?.owner;
            if let Some(owner) = owner.filter(|owner| owner != namespace.as_str()) {
                return Err(CliError::Usage(format!(
                    "{target} was given to {owner}: name the team by its id (dockpass team show {named}/TEAM)"
                )));
            }
        }
        if named == namespace.as_str() {
            return Ok(());
        }
        Err(CliError::Usage(format!("the team is one of {namespace}, which has the namespace, not one of {named}")))
    }

    /// As messages name it, with the organization of a team, as the commands on teams take it: if the server does not say
    /// which it is, the one that has the namespace.
    pub(super) fn shown(&self, target: &GrantTarget, organization: Option<&str>) -> String {
        let namespace = target.namespace();
        let organization = organization.unwrap_or(namespace.as_str());
        let team = self.team().map(|name| format!("the team {organization}/{name}"));
        team.or_else(|| self.user.clone()).unwrap_or_default()
    }
}

/// The users who have a grant on the target.
pub(super) async fn users_on(target: &GrantTarget, api: &mut Api) -> Result<ApiAnswer<UserAccessList>, CliError> {
    match target {
        GrantTarget::Repository(name) => api.call(op::ListUserAccess, parts(name), &()).await,
        GrantTarget::Namespace(namespace) => api.call(op::ListNamespaceUserAccess, [namespace.as_str()], &()).await,
    }
}

/// The teams that have one.
pub(super) async fn teams_on(target: &GrantTarget, api: &mut Api) -> Result<ApiAnswer<TeamAccessList>, CliError> {
    match target {
        GrantTarget::Repository(name) => api.call(op::ListTeamAccess, parts(name), &()).await,
        GrantTarget::Namespace(namespace) => api.call(op::ListNamespaceTeamAccess, [namespace.as_str()], &()).await,
    }
}
