//! `/api/v0/meta/settings`: what administrators change while the server runs, with DTR's names where it has them.
//!
//! Each setting is a key of the configuration. A key that somebody set there wins and is not changed here: the answer
//! says which they are.

use std::collections::BTreeMap;
use std::fmt;

use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::request::{Checked, Request};
use crate::api;
use crate::api::operations::server as op;
use crate::config::{Config, Origin};
use crate::domain::settings::{Choices, Lifetime, LiveSettings};
use crate::service::{Live, Service};

const CREATE_ON_PUSH: Setting = Setting::new("createRepositoryOnPush", "repositories.create_on_push");
const MAX_REPOSITORIES: Setting = Setting::new("maxRepositoriesPerNamespace", "repositories.max_per_namespace");
const MAX_TOKENS: Setting = Setting::new("maxTokensPerAccount", "tokens.max_per_account");
const DEFAULT_LIFETIME: Setting = Setting::new("tokenDefaultLifetime", "tokens.default_lifetime");
const MAX_LIFETIME: Setting = Setting::new("tokenMaxLifetime", "tokens.max_lifetime");
const AUDIT_TOKENS: Setting = Setting::new("auditRegistryTokens", "audit.registry_tokens");
const ALL: [Setting; 6] = [CREATE_ON_PUSH, MAX_REPOSITORIES, MAX_TOKENS, DEFAULT_LIFETIME, MAX_LIFETIME, AUDIT_TOKENS];

/// A field of the body, and the key of the configuration that means the same.
#[derive(Clone, Copy)]
struct Setting {
    field: &'static str,
    key: &'static str,
}

impl Setting {
    const fn new(field: &'static str, key: &'static str) -> Self {
        Self { field, key }
    }

    fn refuse(self, reason: impl fmt::Display) -> Failure {
        Failure::invalid_setting(self.field, reason)
    }

    /// Where the configuration fixes it; none if nobody did.
    fn source(self, config: &Config) -> Option<api::SettingSource> {
        match config.origin(self.key) {
            Origin::Default => None,
            Origin::File => Some(api::SettingSource::File),
            Origin::Environment => Some(api::SettingSource::Environment),
            Origin::Flag => Some(api::SettingSource::Flag),
        }
    }

    /// The value, unless the configuration fixes it: then only as it holds, so that what was read can be sent back
    /// whole.
    fn free<T: PartialEq>(self, config: &Config, asked: Option<T>, holds: &T) -> Result<Option<T>, Failure> {
        let Some(source) = self.source(config) else { return Ok(asked) };
        match asked {
            Some(asked) if asked != *holds => {
                let place = match source {
                    api::SettingSource::File => "in the configuration file",
                    api::SettingSource::Environment => "in the environment",
                    api::SettingSource::Flag => "on the command line",
                };
                let reason = format!("{} is set {place} of the server", self.key);
                Err(Failure::fixed_setting(self.field, self.key, source, reason))
            }
            Some(_) | None => Ok(None),
        }
    }

    /// A number within the bounds of the key.
    fn within(self, number: i64, unit: &str) -> Result<i64, Failure> {
        match Config::bounds(self.key) {
            Some(bounds) if bounds.contains(&number) => Ok(number),
            Some(bounds) => Err(self.refuse(format!("{} to {}{unit}", bounds.start(), bounds.end()))),
            None => Err(self.refuse("not a number")),
        }
    }

    fn size(self, config: &Config, asked: Option<i64>, holds: u32) -> Result<Option<u32>, Failure> {
        let Some(number) = self.free(config, asked, &i64::from(holds))? else { return Ok(None) };
        u32::try_from(self.within(number, "")?).map(Some).map_err(|_| self.refuse("too large"))
    }

    fn lifetime(
        self,
        config: &Config,
        asked: api::Nullable<i64>,
        holds: Lifetime,
    ) -> Result<Option<Lifetime>, Failure> {
        match self.free(config, asked, &holds.seconds())? {
            None => Ok(None),
            Some(None) => Ok(Some(Lifetime::Never)),
            Some(Some(seconds)) => self.within(seconds, " seconds, or null for never").map(Lifetime::Seconds).map(Some),
        }
    }

    /// A value that somebody set in the configuration.
    fn fixed<T>(self, config: &Config, value: T) -> Option<T> {
        config.is_set(self.key).then_some(value)
    }
}

/// What the configuration says of the settings that may change.
pub(super) fn of(config: &Config) -> Live {
    let configured = LiveSettings {
        create_on_push: config.repositories.create_on_push,
        max_per_namespace: config.repositories.max_per_namespace,
        max_tokens_per_account: config.tokens.max_per_account,
        token_default_lifetime: config.tokens.default_lifetime.into(),
        token_max_lifetime: config.tokens.max_lifetime.into(),
        audit_registry_tokens: config.audit.registry_tokens,
    };
    let fixed = Choices {
        create_on_push: CREATE_ON_PUSH.fixed(config, configured.create_on_push),
        max_per_namespace: MAX_REPOSITORIES.fixed(config, configured.max_per_namespace),
        max_tokens_per_account: MAX_TOKENS.fixed(config, configured.max_tokens_per_account),
        token_default_lifetime: DEFAULT_LIFETIME.fixed(config, configured.token_default_lifetime),
        token_max_lifetime: MAX_LIFETIME.fixed(config, configured.token_max_lifetime),
        audit_registry_tokens: AUDIT_TOKENS.fixed(config, configured.audit_registry_tokens),
    };
    Live { configured, fixed }
}

fn shown(request: &Checked, settings: &LiveSettings) -> api::Settings {
    api::Settings {
        dtr_host: request.app.authority.clone(),
        create_repository_on_push: settings.create_on_push,
        max_repositories_per_namespace: settings.max_per_namespace,
        max_tokens_per_account: settings.max_tokens_per_account,
        token_default_lifetime: settings.token_default_lifetime.seconds(),
        token_max_lifetime: settings.token_max_lifetime.seconds(),
        audit_registry_tokens: settings.audit_registry_tokens,
        audit_auth_logs_enabled: true,
        fixed: fixed(&request.app.config),
    }
}

/// The fields that the configuration fixes.
fn fixed(config: &Config) -> BTreeMap<String, api::FixedSetting> {
    let one = |setting: Setting| {
        let source = setting.source(config)?;
        Some((setting.field.to_owned(), api::FixedSetting { key: setting.key.to_owned(), from: source }))
    };
    ALL.into_iter().filter_map(one).collect()
}

/// What a body asks for, once nothing of it is out of bounds or fixed.
fn read(request: &Checked, body: &api::UpdateSettings) -> Result<Choices, Failure> {
    if body.dtr_host.as_ref().is_some_and(|host| *host != request.app.authority) {
        let reason = format!("{}, from server.public_url in the configuration", request.app.authority);
        return Err(Failure::invalid_setting("dtrHost", reason));
    }
    if body.audit_auth_logs_enabled == Some(false) {
        return Err(Failure::invalid_setting("auditAuthLogsEnabled", "sign-ins are always recorded"));
    }
    let config = &request.app.config;
    let holds = of(config).configured;
    let (usual, longest) = (holds.token_default_lifetime, holds.token_max_lifetime);
    Ok(Choices {
        create_on_push: CREATE_ON_PUSH.free(config, body.create_repository_on_push, &holds.create_on_push)?,
        max_per_namespace: MAX_REPOSITORIES.size(
            config,
            body.max_repositories_per_namespace,
            holds.max_per_namespace,
        )?,
        max_tokens_per_account: MAX_TOKENS.size(config, body.max_tokens_per_account, holds.max_tokens_per_account)?,
        token_default_lifetime: DEFAULT_LIFETIME.lifetime(config, body.token_default_lifetime, usual)?,
        token_max_lifetime: MAX_LIFETIME.lifetime(config, body.token_max_lifetime, longest)?,
        audit_registry_tokens: AUDIT_TOKENS.free(config, body.audit_registry_tokens, &holds.audit_registry_tokens)?,
    })
}

pub(super) async fn view(request: Request<op::ViewSettings>) -> Replied<op::ViewSettings> {
    let settings = request.run(Service::live_settings)?;
    Ok(Reply::new(&shown(&request, &settings)))
}

/// DTR's 202, although it is done.
pub(super) async fn update(request: Request<op::UpdateSettings>) -> Replied<op::UpdateSettings> {
    let asked = read(&request, &request.body(Service::may_set)?)?;
    let settings = request.block(move |service, call| service.choose_settings(call, asked)).await?;
    Ok(Reply::new(&shown(&request, &settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_its_bounds() {
        for setting in [MAX_REPOSITORIES, MAX_TOKENS, DEFAULT_LIFETIME, MAX_LIFETIME] {
            assert!(Config::bounds(setting.key).is_some(), "{}", setting.key);
        }
        for setting in [CREATE_ON_PUSH, AUDIT_TOKENS] {
            assert!(Config::bounds(setting.key).is_none(), "{}", setting.key);
        }
    }
}
