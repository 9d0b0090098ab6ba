//! The members of the teams that have access to a repository.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::api::operations::organizations::ListTeamMembers;
use crate::api::{AccessReason, RepositoryAccess};
use crate::cli::commands::account;
use crate::cli::screen::CliError;
use crate::cli::wire::Api;
use crate::domain::access::Reason;
use crate::domain::name::RepositoryName;

/// The members of each team, by its organization's name and its own; none of one that the caller may not see.
pub(super) type Members = BTreeMap<String, Vec<UnfoldedMember>>;

/// A member of a team.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnfoldedMember {
    /// The user's name.
    pub(super) name: String,
    /// Whether the user is let in.
    pub(super) is_active: bool,
}

/// The members of the teams that stand in an answer, each team once.
pub(super) async fn members(
    name: &RepositoryName,
    found: &RepositoryAccess,
    api: &mut Api,
) -> Result<Members, CliError> {
    let is_team = |reason| matches!(reason, Reason::TeamRepositoryGrant | Reason::TeamNamespaceGrant);
    let mut members = Members::new();
    for entry in found.access.iter().filter(|entry| is_team(entry.reason)) {
        if members.contains_key(&key(entry)) {
            continue;
        }
        let place = [entry.organization.as_deref().unwrap_or(name.namespace_str()), &entry.subject];
        let list = account::if_told(api.list(ListTeamMembers, place, &Default::default(), usize::MAX).await)?;
        if let Some(list) = list {
            let member = |name, is_active: Option<bool>| UnfoldedMember { name, is_active: is_active != Some(false) };
            let names = list.read()?.into_iter().map(|entry| member(entry.member.name, entry.is_active)).collect();
            members.insert(key(entry), names);
        }
    }
    Ok(members)
}

/// A team among the others: two organizations may have one of the same name.
pub(super) fn key(entry: &AccessReason) -> String {
    entry.organization.iter().chain([&entry.subject]).map(String::as_str).collect::<Vec<_>>().join("/")
}
