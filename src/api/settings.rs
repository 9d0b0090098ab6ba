//! Settings of the whole site.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Nullable, present};

/// The settings as they hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Host and port that clients are told, from `server.public_url` of the configuration.
    pub dtr_host: String,
    /// Whether a push makes the record of a missing repository.
    pub create_repository_on_push: bool,
    /// Most repositories of a namespace.
    pub max_repositories_per_namespace: u32,
    /// Most access tokens of an account.
    pub max_tokens_per_account: u32,
    /// Seconds until an access token expires whose maker does not say; null is never.
    pub token_default_lifetime: Option<i64>,
    /// Most seconds until an access token expires; null lets it live for ever.
    pub token_max_lifetime: Option<i64>,
    /// Whether each issued registry token is audited.
    pub audit_registry_tokens: bool,
    /// Always true: sign-ins are recorded.
    pub audit_auth_logs_enabled: bool,
    /// The fields that the configuration fixes, by name: they cannot be changed here.
    pub fixed: BTreeMap<String, FixedSetting>,
}

/// What fixes a setting.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FixedSetting {
    /// The key of the configuration.
    pub key: String,
    /// Where it is set.
    pub from: SettingSource,
}

/// A place where a key of the configuration is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SettingSource {
    /// The configuration file.
    File,
    /// A variable of the environment.
    Environment,
    /// The command line.
    Flag,
}

/// What changes of the settings. What the configuration sets cannot be changed here, and may be sent as it is.
#[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateSettings {
    /// Only as it is: `server.public_url` of the configuration says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtr_host: Option<String>,
    /// Whether a push makes the record of a missing repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create_repository_on_push: Option<bool>,
    /// Most repositories of a namespace, 1 to 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_repositories_per_namespace: Option<i64>,
    /// Most access tokens of an account, 1 to 1,000,000.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens_per_account: Option<i64>,
    /// Seconds until an access token expires whose maker does not say, at least 60; null is never.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub token_default_lifetime: Nullable<i64>,
    /// Most seconds until an access token expires, at least 60; null lets it live for ever.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub token_max_lifetime: Nullable<i64>,
    /// Whether each issued registry token is audited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_registry_tokens: Option<bool>,
    /// Only true: sign-ins are always recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_auth_logs_enabled: Option<bool>,
}

impl JsonBody for UpdateSettings {
    const IGNORED: &'static [&'static str] = &["fixed"];
}
