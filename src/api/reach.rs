//! Why somebody has access, and what somebody reaches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiToken, GrantRepository, Rows};
use crate::domain::access::{AccessLevel, Action, Cut, GrantLevel, Reason};
use crate::domain::token::TokenState;

/// One thing that gives access.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessSource {
    /// The level that it gives.
    #[schemars(with = "GrantLevel")]
    pub access_level: AccessLevel,
    /// Why.
    pub reason: Reason,
    /// The team that it comes from; null if it comes from none, or from one that you may not see.
    pub team: Option<String>,
    /// The organization of that team, or the one that the user administers; null if it comes from none.
    pub organization: Option<String>,
}

/// One thing that stands against an action.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessCut {
    /// In one word.
    pub cut: Cut,
    /// In a sentence.
    pub text: String,
}

/// Whether somebody would be granted an action at this moment, and why.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccessCheck {
    /// Whether it would.
    pub allowed: bool,
    /// The user name, of a user or a robot.
    pub user: String,
    /// Identifier of the access token that would be shown; null for none.
    pub token: Option<String>,
    /// The action.
    pub action: Action,
    /// `NAMESPACE/NAME` of the repository, as it was asked for.
    pub repository: String,
    /// The level, after the access token's limits; null without any.
    pub access_level: Option<AccessLevel>,
    /// Whether a repository of this name is there; null to who does not see it.
    pub repository_exists: Option<bool>,
    /// Whether everybody may do it without signing in, whatever this user may.
    #[serde(default)]
    pub allowed_anonymously: bool,
    /// Whether the push would make the repository, which is not there.
    pub makes_repository: bool,
    /// Each thing that gives access, before these limits.
    pub sources: Vec<AccessSource>,
    /// Each thing that stands against the action; empty if it is allowed.
    pub cuts: Vec<AccessCut>,
}

/// A repository that somebody reaches.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReachedRepository {
    /// The repository.
    pub repository: GrantRepository,
    /// The level, after an access token's limits.
    pub access_level: AccessLevel,
    /// Each thing that gives access, before these limits.
    pub sources: Vec<AccessSource>,
}

/// What somebody reaches.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReachedRepositories {
    /// Why none of it can be used at present; null if it can.
    pub unusable: Option<String>,
    /// The repositories of the page, by name.
    pub repositories: Vec<ReachedRepository>,
}

impl Rows for ReachedRepositories {
    type Row = ReachedRepository;
    const FIELD: Option<&'static str> = Some("repositories");
}

/// An access token that reaches a repository; for all but administrators, those of a person without limits are one.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReachingToken {
    /// Its owner.
    pub username: String,
    /// What it may do there.
    pub access_level: AccessLevel,
    /// Its state; of several, the best.
    pub state: TokenState,
    /// Whether it has an access level below `admin`, or repositories.
    pub limited: bool,
    /// When it was last given a registry token for this repository; null if never, or before the last uses of 100 others;
    /// of several, the last of them.
    pub last_used_here: Option<String>,
    /// The access token, for administrators; else null.
    pub token: Option<ApiToken>,
}

/// The access tokens that reach a repository.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReachingTokens {
    /// The repository.
    pub repository: GrantRepository,
    /// The access tokens of the page, by owner.
    pub tokens: Vec<ReachingToken>,
}

impl Rows for ReachingTokens {
    type Row = ReachingToken;
    const FIELD: Option<&'static str> = Some("tokens");
}
