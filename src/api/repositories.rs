//! Repositories.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fixed, JsonBody, NAME_WITHIN, Rows, UnknownFields};
use crate::domain::access::AccessLevel;

/// Who may see a repository without a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody views and pulls.
    Public,
    /// Only those with access.
    Private,
}

/// What kind of account owns a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NamespaceType {
    /// A user.
    User,
    /// An organization.
    Organization,
}

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// Identifier.
    pub id: String,
    /// Namespace; `_` for names of one component.
    pub namespace: String,
    /// What kind of account owns the namespace; `user` if none does.
    pub namespace_type: NamespaceType,
    /// Name without its namespace.
    pub name: String,
    /// One line about it.
    pub short_description: String,
    /// More about it.
    pub long_description: String,
    /// Who may see it without a grant.
    pub visibility: Visibility,
    /// Always false: dockpass does not scan.
    pub scan_on_push: bool,
    /// Whether all tags are immutable: nobody overwrites one, whoever may deletes it first. That is held where pushes go
    /// through dockpass; where they do not, a `Warning` says so.
    pub immutable_tags: bool,
    /// Where not all tags are immutable, those that match one of these are: whole tags, with `*` for any characters.
    #[serde(default)]
    #[schemars(required)]
    pub immutable_tag_patterns: Vec<String>,
    /// Always true: manifest lists are the registry's business.
    pub enable_manifest_lists: bool,
    /// How often it was pulled.
    pub pulls: u64,
    /// How often it was pushed to.
    pub pushes: u64,
    /// Always 0, no limit.
    pub tag_limit: u64,
    /// The caller's level.
    pub access_level: AccessLevel,
    /// The name of the account that owns it: that of its namespace, unless it was transferred. Null if nobody does, and for
    /// callers who may not see accounts.
    pub owner: Option<String>,
    /// When it was last pushed to; null if no push was seen.
    #[schemars(extend("format" = "date-time"))]
    pub last_push: Option<String>,
    /// Since when the registry has had none of its tags; null while it has any.
    #[schemars(extend("format" = "date-time"))]
    pub missing_since: Option<String>,
}

/// How a repository was used lately.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryActivity {
    /// The last 90 days, oldest first, today included. A crash of the server may lose what was counted within the half minute
    /// before it.
    pub days: Vec<ActivityDay>,
}

/// How a repository was used on one day.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ActivityDay {
    /// The day, from midnight to midnight in UTC.
    #[schemars(extend("format" = "date"))]
    pub day: String,
    /// How often it was pulled.
    pub pulls: u32,
    /// How often it was pushed to.
    pub pushes: u32,
}

/// A page of repositories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Repositories {
    /// The repositories of the page, by name.
    pub repositories: Vec<Repository>,
}

impl Rows for Repositories {
    type Row = Repository;
    const FIELD: Option<&'static str> = Some("repositories");
}

/// Fields of a [`Repository`] that no request sets.
const SHOWN_ONLY: &[&str] =
    &["id", "namespaceType", "pulls", "pushes", "accessLevel", "owner", "lastPush", "missingSince"];

/// What DTR lets a repository choose, and what it always is here.
const FIXED: &[(&str, Fixed)] =
    &[("scanOnPush", Fixed::Flag(false)), ("enableManifestLists", Fixed::Flag(true)), ("tagLimit", Fixed::Number(0))];

/// The repository to make.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateRepository {
    /// Name without its namespace; with it, at most 255 characters.
    #[schemars(extend("pattern" = NAME_WITHIN))]
    pub name: String,
    /// One line about it, at most 140 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// More about it, at most 25,000 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `public` or `private`; private if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Visibility>")]
    pub visibility: Option<String>,
    /// Whether all tags shall be immutable, for which pushes must go through dockpass; no if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tags: Option<bool>,
    /// Which tags shall be immutable where not all are: at most 20 patterns of at most 128 characters, such as `v*`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tag_patterns: Option<Vec<String>>,
    /// Must be the namespace of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl JsonBody for CreateRepository {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
    const FIXED: &'static [(&'static str, Fixed)] = FIXED;
}

/// Who shall have repositories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TransferRepositories {
    /// The account, a user or an organization, by name or id.
    pub to: String,
}

impl JsonBody for TransferRepositories {}

/// Who shall have all repositories of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransferAllRepositories {
    /// The account, a user or an organization, by name or id.
    pub to: String,
    /// Transfers nothing, and says whether all of them could be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
}

impl JsonBody for TransferAllRepositories {}

/// What was transferred.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct TransferredRepositories {
    /// The name of the account that has them now.
    pub to: String,
    /// How many repositories it was given by this request.
    pub transferred: u64,
    /// How many the account before still has: the same request goes on with them.
    pub left: u64,
}

/// Changes of a repository; its name never changes.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateRepository {
    /// One line about it, at most 140 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// More about it, at most 25,000 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `public` or `private`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Visibility>")]
    pub visibility: Option<String>,
    /// Whether all tags shall be immutable, for which pushes must go through dockpass. True ends the patterns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tags: Option<bool>,
    /// Which tags shall be immutable where not all are: at most 20 patterns of at most 128 characters, such as `v*`; an
    /// empty list ends them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable_tag_patterns: Option<Vec<String>>,
    /// Must be the namespace of the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Must be the present name; an empty one counts as omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl JsonBody for UpdateRepository {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
    const FIXED: &'static [(&'static str, Fixed)] = FIXED;
}
