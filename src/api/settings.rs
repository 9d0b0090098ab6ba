//! Settings of the whole site: a field for each row of the table in [`crate::domain::settings`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{JsonBody, Nullable, UnknownFields, present};
use crate::domain::host::PublicHost;
use crate::domain::settings::{Lifetime, SettingValue, live_settings};

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

/// Makes the answer and the body from the table of settings.
macro_rules! bodies {
    ($($name:ident: $value:ty, $field:literal, $section:ident.$key:ident, $what:tt $bounds:tt $end:tt;)*) => {
        /// The settings in force.
        #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct Settings {
            /// Host and port that clients are told, from `server.public_url` of the configuration.
            pub dtr_host: String,
            $(#[doc = concat!($what, $end)]
            #[serde(rename = $field)]
            pub $name: <$value as SettingValue>::Shown,)*
            /// What most clients call the registry, as its notifications tell: a proposal for `registryPublicHost`, since
            /// whoever pulls chooses it. Null where they told nothing else than what is known.
            #[serde(rename = "registryPublicHostSeen")]
            pub public_host_seen: Option<String>,
            /// Always true: sign-ins are recorded.
            pub audit_auth_logs_enabled: bool,
            /// The fields that the configuration fixes, by name: they cannot be changed here.
            pub fixed: BTreeMap<String, FixedSetting>,
        }

        /// Changes of settings. What the configuration sets cannot be changed here, but may be sent unchanged.
        #[derive(Debug, Default, Clone, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "camelCase")]
        pub struct UpdateSettings {
            /// Must be the present value, which follows from `server.public_url` of the configuration.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub dtr_host: Option<String>,
            $(#[doc = concat!($what, $bounds, $end)]
            #[serde(rename = $field, default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
            pub $name: Nullable<<$value as SettingValue>::Asked>,)*
            /// Must be true: sign-ins are always recorded.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub audit_auth_logs_enabled: Option<bool>,
        }
    };
}

live_settings!(bodies!);

impl JsonBody for UpdateSettings {
    const UNKNOWN: UnknownFields = UnknownFields::Named;
    const ECHOED: &'static [&'static str] = &["fixed", "registryPublicHostSeen"];
}
