//! `/api/v0/meta/settings`: what administrators change while the server runs, with DTR's names where it has them.
//!
//! Each setting is a row of the table in [`crate::domain::settings`], and a key of the configuration. A key that is set
//! in the configuration wins and cannot be changed here: the answer lists these keys.

use super::failure::Failure;
use super::reply::{Replied, Reply};
use super::request::{Checked, Request};
use crate::api::operations::server as op;
use crate::api::{self, Nullable, SettingSource};
use crate::config::{Config, Origin};
use crate::domain::settings::{Choices, LiveSettings, SettingValue, live_settings};
use crate::service::{Live, Service};

/// A field of the body, and the configuration key of the same setting.
#[derive(Clone, Copy)]
struct LiveSetting {
    field: &'static str,
    key: &'static str,
}

impl LiveSetting {
    /// Where the configuration sets it, as a value and in words; none if it does not.
    fn source(self, config: &Config) -> Option<(SettingSource, &'static str)> {
        match config.origin(self.key) {
            Origin::Default => None,
            Origin::File => Some((SettingSource::File, "in the configuration file")),
            Origin::Environment => Some((SettingSource::Environment, "in the environment")),
            Origin::Flag => Some((SettingSource::Flag, "on the command line")),
        }
    }

    /// The requested value, within the bounds of the key. For a setting that the configuration fixes, only the present
    /// value is accepted, so that clients can send back whole what they read.
    fn read<V: SettingValue>(
        self,
        config: &Config,
        asked: Nullable<V::Asked>,
        holds: &V,
    ) -> Result<Option<V>, Failure> {
        let Some(asked) = asked else { return Ok(None) };
        let asked = V::read(asked, Config::bounds(self.key));
        let Some((source, place)) = self.source(config) else {
            return asked.map_err(|reason| Failure::invalid_setting(self.field, reason));
        };
        match asked {
            Ok(None) => Ok(None),
            Ok(Some(value)) if value == *holds => Ok(None),
            Ok(Some(_)) | Err(_) => {
                let reason = format!("{} is set {place} of the server", self.key);
                Err(Failure::fixed_setting(self.field, self.key, source, reason))
            }
        }
    }
}

/// Generates from the table of settings the items that list every one of them.
macro_rules! each {
    ($($name:ident: $value:ty, $field:literal, $section:ident.$key:ident, $what:tt $bounds:tt $end:tt;)*) => {
        struct SettingNames {
            $($name: LiveSetting,)*
        }

        const NAMES: SettingNames = SettingNames {
            $($name: LiveSetting { field: $field, key: concat!(stringify!($section), ".", stringify!($key)) },)*
        };
        const ALL: &[LiveSetting] = &[$(NAMES.$name),*];

        /// The values that the configuration has for these settings, and which of them it fixes.
        pub(super) fn of(config: &Config) -> Live {
            let configured = LiveSettings { $($name: Clone::clone(&config.$section.$key).into(),)* };
            let fixed = Choices { $($name: config.is_set(NAMES.$name.key).then(|| Clone::clone(&configured.$name)),)* };
            Live { configured, fixed }
        }

        fn shown(request: &Checked, settings: &LiveSettings) -> api::Settings {
            let config = &request.app.config;
            let fixed = |setting: &LiveSetting| {
                let (from, _) = setting.source(config)?;
                Some((setting.field.to_owned(), api::FixedSetting { key: setting.key.to_owned(), from }))
            };
            api::Settings {
                dtr_host: request.app.authority.clone(),
                $($name: settings.$name.shown(),)*
                public_host_seen: request.app.public_host_seen(),
                audit_auth_logs_enabled: true,
                fixed: ALL.iter().filter_map(fixed).collect(),
            }
        }

        fn choices(config: &Config, body: api::UpdateSettings) -> Result<Choices, Failure> {
            let holds = of(config).configured;
            Ok(Choices { $($name: NAMES.$name.read(config, body.$name, &holds.$name)?,)* })
        }
    };
}

live_settings!(each!);

/// The requested settings; refused if any is out of bounds or fixed.
fn read(request: &Checked, body: api::UpdateSettings) -> Result<Choices, Failure> {
    if body.dtr_host.as_ref().is_some_and(|host| *host != request.app.authority) {
        let reason = format!("{}, from server.public_url in the configuration", request.app.authority);
        return Err(Failure::invalid_setting("dtrHost", reason));
    }
    if body.audit_auth_logs_enabled == Some(false) {
        return Err(Failure::invalid_setting("auditAuthLogsEnabled", "sign-ins are always recorded"));
    }
    choices(&request.app.config, body)
}

pub(super) async fn view(request: Request<op::ViewSettings>) -> Replied<op::ViewSettings> {
    let settings = request.run(Service::live_settings)?;
    Ok(Reply::new(&shown(&request, &settings)))
}

/// Answers 202 like DTR, although the change is already done.
pub(super) async fn update(request: Request<op::UpdateSettings>) -> Replied<op::UpdateSettings> {
    let asked = read(&request, request.body(Service::may_set)?)?;
    let settings = request.block(move |service, call| service.choose_settings(call, asked)).await?;
    Ok(Reply::new(&shown(&request, &settings)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped(number: i64) -> String {
        let digits = number.to_string();
        let groups = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap());
        groups.collect::<Vec<_>>().join(",")
    }

    /// The bounds of a key, in the words of a setting's description.
    fn in_words(key: &str, says: &str) -> String {
        let bounds = Config::bounds(key).map(|bounds| bounds.clone().into_inner());
        match bounds {
            None => String::new(),
            Some((least, _)) if says.starts_with(", at least") => format!(", at least {}", grouped(least)),
            Some((least, most)) => format!(", {} to {}", grouped(least), grouped(most)),
        }
    }

    macro_rules! sentences {
        ($($name:ident: $value:ty, $field:literal, $section:ident.$key:ident, $what:tt $bounds:tt $end:tt;)*) => {
            [$((NAMES.$name.key, $bounds),)*]
        };
    }

    #[test]
    fn every_setting_says_the_bounds_of_its_key() {
        for (key, says) in live_settings!(sentences!) {
            assert_eq!(in_words(key, says), says, "{key}");
        }
    }
}
