//! Robots of organizations: access tokens with a name, in the form of those.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ApiToken, JsonBody, NAME, Nullable, present};
use crate::domain::access::AccessLevel;

/// A robot without its secret.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Robot {
    /// Its name in the organization.
    pub name: String,
    /// The user name that it signs in with, `ORG/NAME`.
    pub user_name: String,
    /// The access token that it is; `username` is the organization.
    #[serde(flatten)]
    pub record: ApiToken,
}

/// A new or a rotated robot: the only answers that show its secret.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewRobot {
    /// The secret, shown this once.
    pub token: String,
    /// The robot.
    #[serde(flatten)]
    pub robot: Robot,
}

/// The robot to make.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateRobot {
    /// Its name in the organization, by the grammar of account names.
    #[schemars(length(min = 1, max = 128), regex(pattern = NAME))]
    pub name: String,
    /// What people call it, 1 to 128 characters; if omitted its user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_label: Option<String>,
    /// When it ends, a time or a date; null is never, omitted is the site's default.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub expires_at: Nullable<String>,
    /// The highest level that it reaches; never `admin`.
    pub access_level: AccessLevel,
    /// The repositories that it reaches: `ORG/name` or `ORG/*`, or the name of a repository that the organization owns; at
    /// most 100. `ORG/*`, if empty or omitted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
}

impl JsonBody for CreateRobot {}

/// The limits of a robot that is not made yet.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewRobotReach {
    /// The highest level that it would reach; never `admin`.
    pub access_level: AccessLevel,
    /// The repositories that it would reach, as of a new robot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
}

impl JsonBody for PreviewRobotReach {}
