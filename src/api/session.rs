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
    /// The account's access tokens that whoever held them has ended for good: the newest 20, each until it is deleted. None
    /// to a narrowed access token.
    pub revoked_tokens: Vec<RevokedToken>,
}

/// An access token that whoever held it has ended for good: its owner is to know that somebody had it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokedToken {
    /// Its `id`.
    pub id: String,
    /// BLAKE3 hash of its secret.
    pub hashed_token: String,
    /// The account that it belongs to.
    pub username: String,
    /// What people call it.
    pub token_label: String,
    /// When it was ended.
    #[schemars(extend("format" = "date-time"))]
    pub revoked_at: String,
    /// The address that ended it; null over the local socket.
    pub revoked_from: Option<String>,
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
