//! Accounts: users, organizations, their members.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fixed, JsonBody, NAME, NamespaceType, Rows, Team, UnknownFields};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members_count: Option<usize>,
    /// How many teams an organization has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams_count: Option<usize>,
    /// Of an organization, whether you administer it; only to its members and administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_user_is_admin: Option<bool>,
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
    /// Whether the password is still stored as the bcrypt hash that it was imported with; the next sign-in with it hashes it anew.
    #[serde(default)]
    pub password_is_imported: bool,
    /// Until when sign-in by password is refused after wrong guesses; null if it is not.
    #[schemars(extend("format" = "date-time"))]
    pub locked_until: Option<String>,
    /// When it last signed in, by password or with an access token, as far as that is known: access tokens that were deleted
    /// before the server started are not, and a sign-in by password before that is told to the day. Null if none is known,
    /// and for organizations.
    #[serde(default)]
    #[schemars(extend("format" = "date-time"))]
    pub last_sign_in: Option<String>,
    /// How many access tokens it has; those of an organization are robots.
    #[serde(default)]
    pub tokens_count: usize,
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
    /// How many system administrators there are: `admins`.
    #[serde(default)]
    pub admins_count: usize,
    /// How many users may not sign in: `inactive-users`.
    #[serde(default)]
    pub inactive_users_count: usize,
    /// How many users have no password: `service-accounts`.
    #[serde(default)]
    pub service_accounts_count: usize,
    /// How many users have to wait after wrong guesses: `locked-users`.
    #[serde(default)]
    pub locked_users_count: usize,
    /// How many accounts the filter selects.
    pub resource_count: usize,
}

impl Rows for Accounts {
    type Row = Account;
    const FIELD: Option<&'static str> = Some("accounts");
}

/// Fields of an [`Account`] that no request sets.
const SHOWN_ONLY: &[&str] = &[
    "id",
    "membersCount",
    "teamsCount",
    "clientUserIsAdmin",
    "hasPassword",
    "passwordSetByAdmin",
    "passwordIsImported",
    "lockedUntil",
    "lastSignIn",
    "tokensCount",
    "createdAt",
];

/// What DTR says of accounts of a directory service, and what it always is here.
const FIXED: &[(&str, Fixed)] = &[
    ("isImported", Fixed::Flag(false)),
    ("searchLDAP", Fixed::Flag(false)),
    ("onDemand", Fixed::Flag(false)),
    ("otpEnabled", Fixed::Flag(false)),
];

/// The account to make.
#[derive(Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateAccount {
    /// Name, also its namespace; at most 128 characters.
    #[schemars(extend("pattern" = NAME, "maxLength" = 128))]
    pub name: String,
    /// Password; a user without one is a service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// In the place of the password, its bcrypt hash as `htpasswd -B` writes it: `$2y$…`, of a cost from 4 to 14. It works
    /// at once, and is hashed anew at the first sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// Name in full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Whether it may sign in; true if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Whether it is a system administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Whether it is an organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_org: Option<bool>,
    /// The same as `isOrg`, in the word of older clients.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<NamespaceType>,
    /// Whether it takes over repositories already known under its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt_repositories: Option<bool>,
}

impl JsonBody for CreateAccount {
    const SPELLINGS: &'static [(&'static str, &'static str)] = &[("username", "name")];
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
    const FIXED: &'static [(&'static str, Fixed)] = FIXED;
}

/// Changes of an account; its name and its kind never change.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UpdateAccount {
    /// New full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Whether it may sign in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
    /// Whether it is a system administrator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Whether the access tokens that others made for it go on when it becomes an administrator; if omitted, they are
    /// deactivated. A `Warning` names them, and those that were inactive before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep_tokens: Option<bool>,
    /// Must be the present name; an empty one counts as omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Must be the present kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_org: Option<bool>,
}

impl JsonBody for UpdateAccount {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = SHOWN_ONLY;
    const FIXED: &'static [(&'static str, Fixed)] = FIXED;
}

/// A new password.
#[derive(Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    /// The present password; administrators omit it for others, and a temporary password needs none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_password: Option<String>,
    /// The new password, 8 to 1,024 bytes.
    pub new_password: String,
}

impl JsonBody for ChangePassword {}

/// A member of an organization or a team.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The user.
    pub member: Account,
    /// Whether the user administers the organization.
    pub is_admin: bool,
    /// Whether the user may sign in; null for callers who may not know: all but the user, and who administers the
    /// organization or the system.
    pub is_active: Option<bool>,
}

/// A page of members.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// The members of the page, by name.
    pub members: Vec<Member>,
    /// The next page's `start`; empty on the last page.
    pub next_page_start: String,
    /// How many members the whole list has.
    pub resource_count: usize,
}

impl Rows for Members {
    type Row = Member;
    const FIELD: Option<&'static str> = Some("members");
}

/// An organization that a user belongs to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberOrg {
    /// The organization.
    pub org: Account,
    /// Whether the user administers it.
    pub is_admin: bool,
}

/// A page of the organizations of a user.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberOrgs {
    /// The organizations of the page, by name.
    pub member_orgs: Vec<MemberOrg>,
    /// The next page's `start`; empty on the last page.
    pub next_page_start: String,
    /// How many organizations the whole list has.
    pub resource_count: usize,
}

impl Rows for MemberOrgs {
    type Row = MemberOrg;
    const FIELD: Option<&'static str> = Some("memberOrgs");
}

/// A member's role in an organization or a team.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PutMember {
    /// Whether the user administers the organization; unchanged if omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_admin: Option<bool>,
    /// Must be the name in the path; an empty one counts as omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The member, as answers have it: it must be the one in the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<Named>,
}

impl JsonBody for PutMember {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = &["isActive"];
}

/// What a body repeats of an account or a team, of which only this is read.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Named {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// The teams of a member.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberTeams {
    /// The teams, by name.
    pub member_teams: Vec<MemberTeam>,
    /// Always empty: the list comes whole, not in pages.
    pub next_page_start: String,
}

/// A team of a member.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberTeam {
    /// The team.
    pub team: Team,
}
