//! Access tokens.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Nullable, present};
use crate::domain::access::AccessLevel;
use crate::domain::token::{GeneratedBy, TokenState};

/// An access token without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiToken {
    /// BLAKE3 hash of the secret in lower-case hexadecimal: the identifier in the API.
    pub hashed_token: String,
    /// What people call it.
    pub token_label: String,
    /// Whether it is switched on, as DTR has it; `state` says whether it is accepted.
    pub is_active: bool,
    /// Whether it is accepted, in one word: the first of `revoked`, `expired`, `inactive`, `accountInactive`,
    /// `stopped` and `active` that applies.
    pub state: TokenState,
    /// The same in one sentence.
    pub state_reason: String,
    /// The `id` of the access token that stops it, its parent or a further ancestor; null if none does.
    pub stopped_by: Option<String>,
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
    /// The account that it belongs to; of a robot, its organization.
    pub username: String,
    /// The name of the robot that it is, in the organization; null for all other access tokens.
    #[serde(default)]
    pub robot: Option<String>,
    /// The account that asked for its present secret, by making or rotating it; null if that is not recorded, or gone, or
    /// was the local administrator.
    #[serde(default)]
    pub secret_by: Option<String>,
    /// When it ends; null is never.
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,
    /// The length of its life as it was made, in seconds, which a renewal gives it again; null if it never ends.
    #[serde(default)]
    pub lifetime: Option<u64>,
    /// The highest level that it reaches; with `push` it pulls and pushes, and deletes nothing.
    pub access_level: AccessLevel,
    /// The repositories that it reaches: `ns/name` or `ns/*`; all, if empty.
    pub repositories: Vec<String>,
    /// The address of the last use.
    pub last_used_ip: Option<String>,
    /// The `id` of the access token that made it.
    pub parent: Option<String>,
    /// Whether it may set its owner's password once.
    pub temporary_password: bool,
    /// When its present secret was last used; `0001-01-01T00:00:00Z` if never. `lastUsed` counts the replaced one, too.
    #[schemars(extend("format" = "date-time"))]
    pub current_last_used: String,
    /// The hash of the secret that a rotation replaced, while that one signs in, too; it names this access token as well.
    /// In the answer to a rotation also without an overlap.
    pub previous_hashed_token: Option<String>,
    /// Until when the replaced secret signs in; null if there is none.
    #[schemars(extend("format" = "date-time"))]
    pub previous_until: Option<String>,
    /// Whether the first sign-in with the present secret ends the replaced one before that.
    pub previous_until_used: bool,
    /// When the replaced secret was last used; `0001-01-01T00:00:00Z` if never, null if there is none.
    #[schemars(extend("format" = "date-time"))]
    pub previous_last_used: Option<String>,
    /// The address of the last use of the replaced secret.
    pub previous_last_used_ip: Option<String>,
    /// When whoever held it ended it for good; null if nobody did.
    #[schemars(extend("format" = "date-time"))]
    pub revoked_at: Option<String>,
    /// The address that ended it; null over the local socket.
    pub revoked_from: Option<String>,
}

/// How many access tokens there are. Each number is that of the entries of a list with one filter, which its text names.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiTokenCounts {
    /// All of them.
    pub total: usize,
    /// By state: `state`.
    pub states: ApiTokenStates,
    /// Those that are accepted and whose end is near: `expiresbefore`.
    pub expiring: usize,
    /// Up to when an end counts as near.
    #[schemars(extend("format" = "date-time"))]
    pub expiring_before: String,
    /// Those that were never used: `neverused=true`.
    pub never_used: usize,
    /// Those that may do all that their account may: `unlimited=true`.
    pub unlimited: usize,
}

/// How many access tokens are in each state.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiTokenStates {
    /// Ended for good.
    pub revoked: usize,
    /// Their end has come.
    pub expired: usize,
    /// Deactivated.
    pub inactive: usize,
    /// Their account is inactive.
    pub account_inactive: usize,
    /// Stopped with an access token that made them.
    pub stopped: usize,
    /// Accepted.
    pub active: usize,
}

/// The limits of an access token that is not made yet.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewReach {
    /// The highest level that it would reach; if omitted `admin`, which is all that the account may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_level: Option<AccessLevel>,
    /// The repositories that it would reach: `ns/name` or `ns/*`, at most 100; all, if empty or omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
}

impl JsonBody for PreviewReach {}

/// What an access token with given limits would reach at present: of the repositories that its account has access to
/// otherwise than everybody has to public ones. Those that it would make on push do not count.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LimitedReach {
    /// How many it would reach; at most 1,000 are counted.
    pub repositories: usize,
    /// Whether it would reach more than that.
    pub has_more: bool,
    /// How many of these it would reach with each level.
    pub levels: ReachedLevels,
    /// The names of the first ten.
    pub first: Vec<String>,
    /// How many the account has access to; at most 1,000 are counted.
    pub account_repositories: usize,
    /// Whether the account has access to more than that.
    pub account_has_more: bool,
}

/// How many repositories are reached with each level.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub struct ReachedLevels {
    /// To view and pull.
    pub read_only: usize,
    /// Also to push, and to delete nothing.
    pub push: usize,
    /// Also to delete.
    pub read_write: usize,
    /// Also to administer.
    pub admin: usize,
}

/// A new or a rotated access token: the only answers that show the secret.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewApiToken {
    /// The secret, shown this once.
    pub token: String,
    /// The access token.
    #[serde(flatten)]
    pub record: ApiToken,
}

/// The access token to make.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateApiToken {
    /// What people call it, 1 to 128 characters; if omitted `access token`, with a number from the second on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_label: Option<String>,
    /// When it ends, a time or a date; null is never, omitted is the site's default.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Nullable<String>,
    /// The highest level that it reaches; with `push` it pulls and pushes, and deletes nothing. If omitted `admin`, which is
    /// all that the account may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_level: Option<AccessLevel>,
    /// The repositories that it reaches: `ns/name` or `ns/*`, at most 100; all, if empty or omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
    /// A temporary password for another, locked-out user; administrators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporary_password: Option<bool>,
}

impl JsonBody for CreateApiToken {}

/// Changes of an access token.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateApiToken {
    /// New label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_label: Option<String>,
    /// Whether it is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_active: Option<bool>,
}

impl JsonBody for UpdateApiToken {}

/// How an access token gets a new secret.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RotateApiToken {
    /// Seconds for which the old secret lives on, at most 7 days; if omitted 0, or 7 days with `untilUsed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 604_800))]
    pub overlap: Option<u32>,
    /// Whether the old secret ends with the first sign-in with the new one, if that comes earlier: for a single consumer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_used: Option<bool>,
    /// Whether the access token gets its length of life again, from now on: at most the site's longest, and never beyond
    /// the end of the access token that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew: Option<bool>,
}

impl JsonBody for RotateApiToken {}

/// A text that may be an access token.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentifyApiToken {
    /// The whole secret, `dkp_` and what follows.
    #[schemars(extend("format" = "password"))]
    pub token: String,
}

impl JsonBody for IdentifyApiToken {}

/// The access token that a secret belongs to.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IdentifiedApiToken {
    /// Which of its secrets was shown.
    pub secret: SecretKind,
    /// Until when this secret lives, if nothing ends it before; null is for ever, or that it has ended.
    #[schemars(extend("format" = "date-time"))]
    pub secret_until: Option<String>,
    /// The access token.
    #[serde(flatten)]
    pub record: ApiToken,
}

/// Which secret of an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretKind {
    /// The one that it has now.
    Present,
    /// The one that a rotation replaced, which lives on for a while.
    Replaced,
    /// One that it had before, which opens nothing any more. The last four are remembered.
    Ended,
}

/// Texts that may be access tokens, to be ended for good.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeApiTokens {
    /// The whole secrets, at most 100. What is none is left out.
    #[schemars(length(max = 100))]
    pub tokens: Vec<String>,
}

impl JsonBody for RevokeApiTokens {}
