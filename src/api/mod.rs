//! The HTTP API, shared by the server and the command line: each operation as a type ([`operations`]), with the
//! parameters that it takes ([`query`]) and the bodies that go in and out. Shapes only.
//!
//! The server binds a handler to each operation, the command line calls operations, the OpenAPI document describes
//! them.
//!
//! Names, codes and list shapes are DTR's (its published OpenAPI documents for 2.5 to 2.7), with dockpass's own fields
//! beside them. Times are RFC 3339 texts, durations whole seconds.

mod access;
mod accounts;
mod audit;
mod code;
mod events;
mod examination;
mod keeping;
mod operation;
pub mod operations;
pub mod query;
mod reach;
mod registry;
mod repositories;
mod robots;
mod search;
mod server;
mod session;
mod settings;
mod tags;
mod teams;
mod tokens;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use access::{
    AccessReason, AccountAccess, GrantRepository, GrantTeam, GrantUser, NamedRepository, Reached, RepositoryAccess,
    RepositoryLevel, SetAccess, TeamAccess, TeamAccessList, TeamRepositories, UserAccess, UserAccessList,
};
pub use accounts::{
    Account, AccountInner, Accounts, ChangePassword, CreateAccount, Member, MemberOrg, MemberOrgs, MemberTeam,
    MemberTeams, Members, Named, PutMember, UpdateAccount,
};
pub use audit::{
    AuditAnchor, AuditHead, AuditNoted, AuditRecord, AuditRecords, AuditVerification, OwnRecord, OwnRecords,
    VerifyAudit,
};
pub use code::Code;
pub use events::{CloudData, Envelope, Event, EventActor, EventRequest, EventTarget};
pub use examination::{Examination, ExaminedCheck};
pub use keeping::{StoreCheck, StoreProblem};
pub use operation::{
    Access, Answer, Body, BodyFormat, Described, Document, Facts, Fixed, Form, Heading, JsonBody, Method, Nothing,
    Operation, Paged, Rows, UnknownFields,
};
pub use query::{
    Counting, InvalidParameter, NamePaging, Number, Ordering, Paging, Parameter, ParameterKind, Parameters, Text,
};
pub use reach::{
    AccessCheck, AccessCut, AccessSource, ReachedRepositories, ReachedRepository, ReachingToken, ReachingTokens,
};
pub use registry::{
    Catalog, Certificate, Comparison, Empty, Finding, GatewayState, LeftOut, Notifications, RegistryConfiguration,
    RegistryHost, RegistryState, RegistryToken,
};
pub use repositories::{
    ActivityDay, CreateRepository, NamespaceType, Repositories, Repository, RepositoryActivity,
    TransferAllRepositories, TransferRepositories, TransferredRepositories, UpdateRepository, Visibility,
};
pub use robots::{CreateRobot, NewRobot, PreviewRobotReach, Robot};
pub use search::{Autocomplete, SearchResult, SearchResults};
pub use server::{AuditWay, ClusterStatus, Health, Version, of_replica};
pub use session::{
    AccountSession, EndedSessions, EndingToken, NewAddress, OpenSession, RevokedToken, Session, SessionCredential,
};
pub use settings::{FixedSetting, SettingSource, Settings, UpdateSettings};
pub use tags::{Manifest, PlatformImage, Tag};
pub use teams::{CreateTeam, Team, Teams, UpdateTeam};
pub use tokens::{
    ApiToken, ApiTokenCounts, ApiTokenStates, CreateApiToken, IdentifiedApiToken, IdentifyApiToken, LimitedReach,
    NewApiToken, PreviewReach, ReachedLevels, RevokeApiTokens, RotateApiToken, SecretKind, UpdateApiToken,
};

/// A field of a change that may be absent, null, or set.
pub type Nullable<T> = Option<Option<T>>;

/// Reads a present field, null or not, as `Some`; with `default`, an absent one stays `None`.
fn present<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(input: D) -> Result<Nullable<T>, D::Error> {
    Option::<T>::deserialize(input).map(Some)
}

/// The pattern of account names, and of each component of a repository's name.
const NAME: &str = r"^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$";
/// The pattern of repository names within a namespace, which may have several components.
const NAME_WITHIN: &str = r"^[a-z0-9]+((\.|_|__|-+|/)[a-z0-9]+)*$";

/// The envelope of every error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorAnswer {
    /// What went wrong; one entry.
    pub errors: Vec<ErrorEntry>,
    /// OAuth 2.0 error code; only from the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The same message for OAuth 2.0 clients; only from the token endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
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
