//! Who may do what with repositories and namespaces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Named, Rows};
use crate::domain::access::{AccessLevel, GrantLevel, Reason};

/// An account in a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantUser {
    /// Name.
    pub name: String,
    /// Identifier.
    pub id: String,
    /// Whether it may sign in: what an inactive user has is of no use until it is active again. Null for who may not know.
    pub is_active: Option<bool>,
}

/// A repository in a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantRepository {
    /// Namespace; `_` for names of one component.
    pub namespace: String,
    /// Name without its namespace.
    pub name: String,
    /// Identifier.
    pub id: String,
}

/// A user's access level on a repository or a namespace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserAccess {
    /// The level.
    #[schemars(with = "GrantLevel")]
    pub access_level: AccessLevel,
    /// The user.
    pub user: GrantUser,
    /// The repository, if the level is on a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// The namespace, if the level is on a whole namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The user grants on a repository or a namespace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserAccessList {
    /// The repository, if the grants are on a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// The namespace, if the grants are on a whole namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The grants, by user name.
    pub user_access_list: Vec<UserAccess>,
}

/// A level to grant.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAccess {
    /// The level.
    #[schemars(with = "GrantLevel")]
    pub access_level: String,
    /// The user, as answers have it: it must be the one in the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Named>,
    /// The team, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Named>,
    /// The repository, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<NamedRepository>,
    /// The namespace, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl JsonBody for SetAccess {}

/// What a body repeats of a repository, of which only this is read.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct NamedRepository {
    /// Its namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name within the namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Who has which access to a repository, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessReason {
    /// The account's name, or `everybody`.
    pub subject: String,
    /// The level.
    #[schemars(with = "GrantLevel")]
    pub access_level: AccessLevel,
    /// Why.
    pub reason: Reason,
    /// The organization of the team, or the one that the user administers; null for others.
    pub organization: Option<String>,
    /// Whether it can be used: an inactive user is let in nowhere. True for teams and everybody.
    pub is_active: bool,
}

/// Everybody with access to a repository, except system administrators.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryAccess {
    /// The repository.
    pub repository: GrantRepository,
    /// Who has which access, and why.
    pub access: Vec<AccessReason>,
}

/// One way in which a user has access.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reached {
    /// On what: `NAMESPACE/NAME`, or `NAMESPACE/*` for all of a namespace.
    pub on: String,
    /// The level.
    #[schemars(with = "GrantLevel")]
    pub access_level: AccessLevel,
    /// Why.
    pub reason: Reason,
    /// The team that it comes from; null if it comes from none.
    pub team: Option<String>,
    /// The organization of that team, or the one that the user administers; null if it comes from none.
    pub organization: Option<String>,
}

/// What a user reaches, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountAccess {
    /// The user.
    pub user: GrantUser,
    /// Whether the user reaches everything as a system administrator; null for callers who may not know.
    pub is_administrator: Option<bool>,
    /// Each way in which the user has access.
    pub access: Vec<Reached>,
}

/// A team in a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantTeam {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its organization.
    pub organization: Option<String>,
    /// Whether the caller is a member.
    pub client_user_is_member: bool,
}

/// A team's grant on a repository or a namespace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamAccess {
    /// The level.
    #[schemars(with = "GrantLevel")]
    pub access_level: AccessLevel,
    /// The team.
    pub team: GrantTeam,
    /// The repository, if the grant is on a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// The namespace, if the grant is on a whole namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The team grants on a repository or a namespace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamAccessList {
    /// The repository, if the grants are on a repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// The namespace, if the grants are on a whole namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The grants, by team name.
    pub team_access_list: Vec<TeamAccess>,
}

/// The repositories that were granted to a team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamRepositories {
    /// The team.
    pub team: GrantTeam,
    /// The repositories of the page, by name.
    pub repository_access_list: Vec<RepositoryLevel>,
}

impl Rows for TeamRepositories {
    type Row = RepositoryLevel;
    const FIELD: Option<&'static str> = Some("repositoryAccessList");
}

/// A repository, and the level that the team has on it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryLevel {
    /// The level.
    #[schemars(with = "GrantLevel")]
    pub access_level: AccessLevel,
    /// The repository.
    pub repository: GrantRepository,
}
