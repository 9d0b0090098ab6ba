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
    /// Whether pushes go through dockpass, without which no tag is immutable.
    pub immutable_tags_hold: bool,
    /// The account's access tokens that whoever held them has ended for good: the newest 20, each until it is deleted. None
    /// to a narrowed access token.
    pub revoked_tokens: Vec<RevokedToken>,
    /// The account's access tokens, and the robots of the organizations that it administers, that are accepted and end within
    /// 14 days: the first 20 of them, the next end first. None to a narrowed access token.
    pub ending_tokens: Vec<EndingToken>,
    /// From where somebody signed in with the account's password within the last two weeks for the first time in 30 days, the
    /// newest first: as far as the server saw it since its start, and not from where this request comes. None to a narrowed
    /// access token.
    pub new_addresses: Vec<NewAddress>,
}

/// An access token that whoever held it has ended for good: its owner is to know that somebody had it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevokedToken {
    /// Its `id`.
    pub id: String,
    /// BLAKE3 hash of its secret.
    pub hashed_token: String,
    /// The user name that it signed in with: of the account, or of a robot.
    pub username: String,
    /// What people call it.
    pub token_label: String,
    /// When it was ended.
    #[schemars(extend("format" = "date-time"))]
    pub revoked_at: String,
    /// The address that ended it; null over the local socket.
    pub revoked_from: Option<String>,
}

/// An address that an account was not known to sign in from.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewAddress {
    /// The address; of IPv6 the first one of its /64.
    pub address: String,
    /// When it was first used.
    #[schemars(extend("format" = "date-time"))]
    pub signed_in_at: String,
}

/// An access token that ends soon.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndingToken {
    /// Its `id`.
    pub id: String,
    /// BLAKE3 hash of its secret.
    pub hashed_token: String,
    /// The user name that it signs in with: of the account, or of a robot.
    pub username: String,
    /// What people call it.
    pub token_label: String,
    /// When it ends.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: String,
}

/// An open session of an account. Sessions are in memory: a restart of the server ends all of them.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountSession {
    /// Its identifier, which opens nothing.
    pub id: String,
    /// Whether the request was made with it.
    pub is_this: bool,
    /// When it was opened.
    #[schemars(extend("format" = "date-time"))]
    pub created_at: String,
    /// When it was last used.
    #[schemars(extend("format" = "date-time"))]
    pub last_used: String,
    /// The address of the last use.
    pub last_used_ip: Option<String>,
    /// The user agent that opened it.
    pub user_agent: String,
    /// The kind of credential that opened it.
    pub credential: SessionCredential,
    /// The label of the access token that opened it; null for a password.
    pub token_label: Option<String>,
    /// When it ends, unless it is used before then.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: String,
}

/// What became of the sessions of an account.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EndedSessions {
    /// How many were ended.
    pub ended: usize,
}

/// What opened a session.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SessionCredential {
    /// The password.
    Password,
    /// An access token.
    AccessToken,
}
