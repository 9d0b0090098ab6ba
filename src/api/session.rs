//! Sessions of the web pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::JsonBody;
use crate::domain::access::AccessLevel;

/// The credentials that open a session.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSession {
    /// The account's name.
    pub username: String,
    /// Its password, or an access token.
    #[schemars(extend("format" = "password"))]
    pub password: String,
}

impl JsonBody for OpenSession {}

/// A session.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Who signed in.
    pub username: String,
    /// Name in full.
    pub full_name: String,
    /// Whether it acts as a system administrator.
    pub is_admin: bool,
    /// The kind of credential that opened it.
    pub credential: SessionCredential,
    /// What the access token allows at most; `admin` without one.
    pub access_level: AccessLevel,
    /// The repositories that the access token reaches: `ns/name` or `ns/*`; all, if empty.
    pub repositories: Vec<String>,
    /// When it ends, unless it is used before then.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: String,
    /// Whether the user must set a new password first.
    pub set_password: bool,
    /// Default lifetime of an access token, in seconds; null is never.
    pub token_default_lifetime: Option<i64>,
    /// Longest lifetime of an access token, in seconds; null is no limit.
    pub token_max_lifetime: Option<i64>,
    /// How clients reach the registry, as an image reference begins; null where dockpass does not know it.
    pub registry_host: Option<String>,
}

/// What opened a session.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionCredential {
    /// The password.
    Password,
    /// An access token.
    AccessToken,
}
