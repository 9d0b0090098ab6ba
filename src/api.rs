//! Request and response bodies of the HTTP API, shared by the server and the command line. Shapes only.
//!
//! Names, codes and list shapes are DTR's (its published OpenAPI documents for 2.5 to 2.7), with dockpass's own fields
//! beside them. Times are RFC 3339 texts, durations whole seconds. Fields of DTR's bodies without meaning here are
//! accepted and kept unread; any other unknown field is refused.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::access::AccessLevel;
use crate::domain::token::GeneratedBy;

/// Any JSON value: the type of fields that are accepted and not read.
pub type Unread = Option<serde_json::Value>;

/// A field of a change that may be absent, null, or set.
pub type Nullable<T> = Option<Option<T>>;

/// Reads a present field, null or not, as `Some`; with `default`, an absent one stays `None`.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(input: D) -> Result<Nullable<T>, D::Error> {
    Option::<T>::deserialize(input).map(Some)
}

/// What account names and each part of a repository's name look like.
const NAME: &str = r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$";
/// The same for repositories within a namespace, which may have several parts.
const NAME_WITHIN: &str = r"^[a-z0-9]+((\.|_|__|-+|/)[a-z0-9]+)*$";

/// The one envelope of every error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// What went wrong; one entry.
    pub errors: Vec<ErrorEntry>,
    /// OAuth 2.0 error code; only from the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same message for OAuth 2.0 clients; only from the token endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// One error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorEntry {
    /// Stable code, upper case.
    pub code: String,
    /// Sentence for people.
    pub message: String,
    /// What helps to mend it: a field, a name, the request's id.
    #[serde(default)]
    pub detail: serde_json::Value,
}

/// An access token without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// BLAKE3 hash of the secret in lower-case hexadecimal: the identifier in the API.
    pub hashed_token: String,
    /// What people call it.
    pub token_label: String,
    /// Whether it is accepted.
    pub is_active: bool,
    /// When it was last used; `0001-01-01T00:00:00Z` if never.
    #[schemars(extend("format" = "date-time"))]
    pub last_used: String,
    /// When it was made.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// How it came to be.
    pub generated_by: GeneratedBy,
    /// The user agent that made it.
    pub creator_ua: String,
    /// Identifier that stays through rotations.
    pub id: String,
    /// The account that it belongs to.
    pub username: String,
    /// When it ends; null is never.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
    /// The highest level that it reaches.
    pub access_level: AccessLevel,
    /// The repositories that it reaches: `ns/name` or `ns/*`; all, if empty.
    pub repositories: Vec<String>,
    /// The address of the last use.
    pub last_used_ip: Option<String>,
    /// The `id` of the access token that made it.
    pub parent: Option<String>,
    /// Whether it may set its owner's password once.
    pub temporary_password: bool,
}

/// A new access token, or one with a new secret: the only answers that show it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewApiToken {
    /// The secret, shown this once.
    pub token: String,
    /// The hash that was replaced; only after a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_hashed_token: Option<String>,
    /// Until when the replaced secret lives on; only after a rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub previous_until: Option<String>,
    /// The access token.
    #[serde(flatten)]
    pub record: ApiToken,
}

/// What a new access token shall be.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiToken {
    /// What people call it, 1 to 128 characters; `access token` if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_label: Option<String>,
    /// When it ends, a time or a date; null is never, omitted is the site's default.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Nullable<String>,
    /// The highest level that it reaches; `admin`, all that the account may, if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_level: Option<AccessLevel>,
    /// The repositories that it reaches: `ns/name` or `ns/*`, at most 100; all, if empty or omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
    /// A temporary password for another, locked-out user; administrators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temporary_password: Option<bool>,
}

/// What changes of an access token.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateApiToken {
    /// Another label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_label: Option<String>,
    /// Whether it is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

/// How an access token gets a new secret.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateApiToken {
    /// Seconds for which the old secret lives on; 0 if omitted, at most 7 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 604_800))]
    pub overlap: Option<u32>,
}

/// An account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Name, also its namespace.
    pub name: String,
    /// Identifier.
    pub id: String,
    /// Name in full.
    pub full_name: String,
    /// Whether it is an organization.
    pub is_org: bool,
    /// How many members an organization has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_count: Option<usize>,
    /// How many teams an organization has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub teams_count: Option<usize>,
    /// What only the account itself and administrators see.
    #[serde(flatten)]
    pub inner: Option<AccountInner>,
}

/// What only the account itself and administrators see of an account.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is DTR's")]
pub struct AccountInner {
    /// Whether it may sign in.
    pub is_active: bool,
    /// Whether it is a system administrator.
    pub is_admin: bool,
    /// Always false: accounts are made here.
    pub is_imported: bool,
    /// Whether it has a password; a user without one is a service account.
    pub has_password: bool,
    /// Whether an administrator set the password, so that its owner should set another.
    pub password_set_by_admin: bool,
    /// Until when sign-in by password is refused after wrong guesses; null if it is not.
    #[schemars(extend("format" = "date-time"))]
    pub locked_until: Option<String>,
    /// When it was made.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
}

/// A page of accounts.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Accounts {
    /// The accounts of the page.
    pub accounts: Vec<Account>,
    /// The next page's `start`; empty on the last page.
    pub next_page_start: String,
    /// How many users there are.
    pub users_count: usize,
    /// How many organizations there are.
    pub orgs_count: usize,
    /// How many accounts the filter selects.
    pub resource_count: usize,
}

/// What a new account shall be.
#[derive(Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateAccount {
    /// Name, also its namespace; at most 128 characters.
    #[schemars(extend("pattern" = NAME, "maxLength" = 128))]
    pub name: String,
    /// Password; without one, a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Name in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Whether it may sign in; true if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Whether it is a system administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Whether it is an organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_org: Option<bool>,
    /// Whether it takes over repositories already known under its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt_repositories: Option<bool>,
    /// Accepted, not read.
    #[serde(default, rename = "searchLDAP", skip_serializing)]
    pub search_ldap: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub id: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub is_imported: Unread,
}

/// What changes of an account.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateAccount {
    /// Another name in full.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Whether it may sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Whether it is a system administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
}

/// A new password.
#[derive(Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password; administrators omit it for others, a temporary password needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_password: Option<String>,
    /// The new one, 8 to 1,024 bytes.
    pub new_password: String,
}

/// Who may see a repository without a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody views and pulls.
    Public,
    /// Only those with access.
    Private,
}

/// A repository.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Repository {
    /// Identifier.
    pub id: String,
    /// Namespace; `_` for names of one component.
    pub namespace: String,
    /// `user` or `organization`; `user` if no account owns the namespace.
    pub namespace_type: String,
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
    /// Always false.
    pub immutable_tags: bool,
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
    /// When it was last pushed to; null if never seen.
    #[schemars(extend("format" = "date-time"))]
    pub last_push: Option<String>,
}

/// A page of repositories.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Repositories {
    /// The repositories of the page, by name.
    pub repositories: Vec<Repository>,
}

/// What a new repository shall be.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRepository {
    /// Name without its namespace; with it, at most 255 characters.
    #[schemars(extend("pattern" = NAME_WITHIN))]
    pub name: String,
    /// One line about it, at most 140 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// More about it, at most 25,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `public` or `private`; private if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Visibility>")]
    pub visibility: Option<String>,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub scan_on_push: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub immutable_tags: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub enable_manifest_lists: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub tag_limit: Unread,
}

/// What changes of a repository.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateRepository {
    /// One line about it, at most 140 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_description: Option<String>,
    /// More about it, at most 25,000 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub long_description: Option<String>,
    /// `public` or `private`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Visibility>")]
    pub visibility: Option<String>,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub scan_on_push: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub immutable_tags: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub enable_manifest_lists: Unread,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub tag_limit: Unread,
}

/// An account in a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantUser {
    /// Name.
    pub name: String,
    /// Identifier.
    pub id: String,
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

/// What a user may do with a repository or a namespace, by a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserAccess {
    /// The level.
    pub access_level: AccessLevel,
    /// Whose.
    pub user: GrantUser,
    /// On which repository, if on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// On which namespace, if on a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The user grants on a repository or a namespace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserAccessList {
    /// The repository, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// The namespace, if it is a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The grants, by user name.
    pub user_access_list: Vec<UserAccess>,
}

/// A level to grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetAccess {
    /// The level.
    #[schemars(with = "AccessLevel")]
    pub access_level: String,
}

/// Who has which access to a repository, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessReason {
    /// The account or the kind of caller.
    pub subject: String,
    /// The level.
    pub access_level: AccessLevel,
    /// `owner`, `organizationAdmin`, `repositoryGrant`, `namespaceGrant`, `teamRepositoryGrant`, `teamNamespaceGrant` or
    /// `public`.
    pub reason: String,
}

/// Everybody with access to a repository, except system administrators.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryAccess {
    /// The repository.
    pub repository: GrantRepository,
    /// Who and why.
    pub access: Vec<AccessReason>,
}

/// One audit record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditRecord {
    /// Number, from 1.
    pub seq: u64,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub time: String,
    /// Who.
    pub actor: String,
    /// The account's id.
    pub actor_id: Option<String>,
    /// By what credential: its kind, and after a colon the access token's id.
    pub credential: String,
    /// From where.
    pub address: String,
    /// What.
    pub action: String,
    /// On what.
    pub object: String,
    /// `success` or `denied`.
    pub outcome: String,
    /// How many equal events it sums.
    pub count: u64,
    /// Keyed hash over the record and all before it, in lower-case hexadecimal.
    pub hash: String,
}

/// A page of audit records, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditRecords {
    /// The records of the page.
    pub records: Vec<AuditRecord>,
}

/// The end of the audit chain.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditHead {
    /// The last record's number; 0 if there is none.
    pub seq: u64,
    /// The last record's hash.
    pub hash: String,
}

/// What a check of the audit chain found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerification {
    /// How many records were read.
    pub records: u64,
    /// The end of the chain.
    pub head: AuditHead,
    /// What is wrong; none if the chain is whole.
    pub problem: Option<String>,
}

/// The answer of the token endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct RegistryToken {
    /// The registry token.
    pub token: String,
    /// The same again, for OAuth 2.0 clients.
    pub access_token: String,
    /// Seconds of life, from `issued_at`.
    pub expires_in: i64,
    /// When it was issued.
    #[schemars(extend("format" = "date-time"))]
    pub issued_at: String,
    /// The granted scope; only for POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// A page of the catalogue.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Catalog {
    /// Repository names, as the registry knows them.
    pub repositories: Vec<String>,
}

/// Whether requests are answered and changes accepted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Health {
    /// Whether all is well.
    pub healthy: bool,
    /// What is not; empty if all is well.
    pub error: String,
}

/// Which dockpass this is.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Version {
    /// Its version.
    pub version: String,
}

/// The registry side as it stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryState {
    /// `iss` of registry tokens.
    pub issuer: String,
    /// Accepted values of `service`.
    pub services: Vec<String>,
    /// Where clients get registry tokens.
    pub realm: String,
    /// The certificates that sign and are trusted.
    pub certificates: Vec<Certificate>,
}

/// A certificate.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Certificate {
    /// `ca`, `leaf` or `signing`.
    pub role: String,
    /// First moment.
    #[schemars(extend("format" = "date-time"))]
    pub not_before: String,
    /// Last moment.
    #[schemars(extend("format" = "date-time"))]
    pub not_after: String,
    /// SHA-256 fingerprint, lower-case hexadecimal.
    pub sha256: String,
}

/// The configuration of a registry, ready to paste.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegistryConfiguration {
    /// Which registry it is for.
    #[serde(rename = "for")]
    pub registry: String,
    /// The configuration file's name.
    pub file_name: String,
    /// The configuration file.
    pub configuration: String,
    /// The certificate file's name.
    pub certificate_name: String,
    /// The certificate file.
    pub certificate: String,
}

/// A member of an organization or a team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The user.
    pub member: Account,
    /// Whether the user administers the organization.
    pub is_admin: bool,
}

/// A page of members.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// The members of the page, by name.
    pub members: Vec<Member>,
    /// The next page's `start`; empty on the last page.
    pub next_page_start: String,
    /// How many the whole list has.
    pub resource_count: usize,
}

/// How a user belongs to an organization or a team.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PutMember {
    /// Whether the user administers the organization; unchanged if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub is_public: Unread,
}

/// A team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Team {
    /// Identifier.
    pub id: String,
    /// The organization's identifier.
    #[serde(rename = "orgID")]
    pub org_id: String,
    /// Name, unique in the organization.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many members it has.
    pub members_count: usize,
}

/// A page of teams.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Teams {
    /// The teams of the page, by name.
    pub teams: Vec<Team>,
    /// The next page's `start`; empty on the last page.
    pub next_page_start: String,
    /// How many the whole list has.
    pub resource_count: usize,
}

/// The teams of a member.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberTeams {
    /// The teams, by name.
    pub member_teams: Vec<MemberTeam>,
    /// Always empty: the list is whole.
    pub next_page_start: String,
}

/// A team of a member.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberTeam {
    /// The team.
    pub team: Team,
}

/// What a new team shall be.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTeam {
    /// Name, unique in the organization.
    pub name: String,
    /// What it is for, at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Accepted, not read.
    #[serde(default, skip_serializing)]
    pub id: Unread,
}

/// What changes of a team. Its name never does.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateTeam {
    /// What it is for, at most 1,024 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// A team in a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantTeam {
    /// Identifier.
    pub id: String,
    /// Name.
    pub name: String,
    /// Whether the caller is a member.
    pub client_user_is_member: bool,
}

/// What a team may do with a repository or a namespace, by a grant.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamAccess {
    /// The level.
    pub access_level: AccessLevel,
    /// Whose.
    pub team: GrantTeam,
    /// On which repository, if on one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// On which namespace, if on a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// The team grants on a repository or a namespace.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TeamAccessList {
    /// The repository, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<GrantRepository>,
    /// The namespace, if it is a whole one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// A repository with a level.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryLevel {
    /// The level.
    pub access_level: AccessLevel,
    /// The repository.
    pub repository: GrantRepository,
}

/// The answer of `docker search`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SearchResults {
    /// How many there are.
    pub num_results: usize,
    /// What was searched for.
    pub query: String,
    /// Always 1.
    pub page: usize,
    /// Always 1.
    pub num_pages: usize,
    /// At most so many.
    pub page_size: usize,
    /// The repositories, by name.
    pub results: Vec<SearchResult>,
}

/// A repository that was found.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SearchResult {
    /// Name, as the registry knows it.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// Always 0.
    pub star_count: u64,
    /// Always false.
    pub is_official: bool,
    /// Always false.
    pub is_trusted: bool,
    /// Always false.
    pub is_automated: bool,
}

/// What a name may be completed to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Autocomplete {
    /// Accounts, by name; none for anonymous callers.
    pub account_results: Vec<Account>,
    /// Repositories that the caller sees, by name.
    pub repository_results: Vec<Repository>,
}
