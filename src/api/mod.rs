//! Request and response bodies of the HTTP API, shared by the server and the command line. Shapes only.
//!
//! Names, codes and list shapes are DTR's (its published OpenAPI documents for 2.5 to 2.7), with dockpass's own fields
//! beside them. Times are RFC 3339 texts, durations whole seconds. Fields of DTR's bodies without meaning here, and what
//! an answer shows and nobody sets, are accepted and kept unread: clients send back what they got. Any other unknown
//! field is refused.

mod access;
mod accounts;
mod audit;
mod operation;
mod registry;
mod repositories;
mod search;
mod session;
mod settings;
mod tags;
mod teams;
mod tokens;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::{
    AccessReason, GrantRepository, GrantTeam, GrantUser, RepositoryAccess, RepositoryLevel, SetAccess, TeamAccess,
    TeamAccessList, TeamRepositories, UserAccess, UserAccessList,
};
pub use accounts::{
    Account, AccountInner, Accounts, ChangePassword, CreateAccount, Member, MemberOrg, MemberOrgs, MemberTeam,
    MemberTeams, Members, PutMember, UpdateAccount,
};
pub use audit::{AuditHead, AuditRecord, AuditRecords, AuditVerification};
pub use operation::{Health, Version};
pub use registry::{
    Catalog, Certificate, Comparison, Notifications, RegistryConfiguration, RegistryState, RegistryToken,
};
pub use repositories::{CreateRepository, Repositories, Repository, UpdateRepository, Visibility};
pub use search::{Autocomplete, SearchResult, SearchResults};
pub use session::{OpenSession, Session, SessionCredential};
pub use settings::{FixedSetting, SettingSource, Settings, UpdateSettings};
pub use tags::{Manifest, Tag};
pub use teams::{CreateTeam, Team, Teams, UpdateTeam};
pub use tokens::{ApiToken, CreateApiToken, NewApiToken, RotateApiToken, UpdateApiToken};

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
