//! The settings that administrators may change while the server runs: one table, and all that follows from it.
//!
//! They come in three layers: what the configuration fixes, what administrators chose, and the defaults. [`Choices`] is
//! a layer, [`LiveSettings`] the result.
//!
//! # To add a setting
//!
//! Each setting is a key of the configuration, so it begins there: a row in `config/keys.rs` with the bounds and the
//! default, and a field of its section. Then add a row to `live_settings`. The fields and functions here, the bodies
//! of the API with their schemas (`api::settings`), and what reads and shows them (`http::settings`) come from it. Add
//! the next version of the stored record of [`Choices`] (`store::record`), with its sample. What is left is the use of
//! the setting, its test (`api_settings`), its field on the page (`ui/registry/settings.js`), the manual (`configuration`) and changelog.

use std::fmt;
use std::ops::RangeInclusive;

use super::host::PublicHost;

/// How long something lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lifetime {
    /// For ever.
    #[default]
    Never,
    /// So many seconds.
    Seconds(i64),
}

impl Lifetime {
    /// Seconds; none is for ever.
    #[must_use]
    pub fn seconds(self) -> Option<i64> {
        match self {
            Self::Never => None,
            Self::Seconds(seconds) => Some(seconds),
        }
    }

    /// Whether this one ends after another.
    #[must_use]
    pub fn outlives(self, other: Self) -> bool {
        match (self, other) {
            (_, Self::Never) => false,
            (Self::Never, Self::Seconds(_)) => true,
            (Self::Seconds(one), Self::Seconds(other)) => one > other,
        }
    }
}

impl From<Option<i64>> for Lifetime {
    fn from(seconds: Option<i64>) -> Self {
        seconds.map_or(Self::Never, Self::Seconds)
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never => f.write_str("never"),
            Self::Seconds(seconds) => write!(f, "{seconds}s"),
        }
    }
}

/// The table of settings, for a macro that takes its rows. A row says its name and type here, its field in the API, its
/// key in the configuration (also the path to its value in `Config`), and the sentence of its schema in three parts, of
/// which the second names the bounds and stands in request bodies only.
macro_rules! live_settings {
    ($rows:ident!) => {
        $rows! {
            create_on_push: bool, "createRepositoryOnPush", repositories.create_on_push,
                "Whether a push makes the record of a missing repository" "" ".";
            max_per_namespace: u32, "maxRepositoriesPerNamespace", repositories.max_per_namespace,
                "Most repositories of a namespace" ", 1 to 1,000,000" ".";
            max_tokens_per_account: u32, "maxTokensPerAccount", tokens.max_per_account,
                "Most access tokens of an account" ", 1 to 1,000,000" ".";
            token_default_lifetime: Lifetime, "tokenDefaultLifetime", tokens.default_lifetime,
                "Default lifetime of access tokens in seconds, for requests that give no expiry" ", at least 60" "; null is never.";
            token_max_lifetime: Lifetime, "tokenMaxLifetime", tokens.max_lifetime,
                "Most seconds until an access token expires" ", at least 60" "; null lets it live for ever.";
            audit_registry_tokens: bool, "auditRegistryTokens", audit.registry_tokens,
                "Whether each issued registry token is audited" "" ".";
            public_host: PublicHost, "registryPublicHost", registry.public_host,
                "Host, and perhaps port, by which clients reach the registry" "" "; null is what follows from the rest of the configuration.";
        }
    };
}

pub(crate) use live_settings;

/// The type of a setting: how answers show it, and how it is read from a body.
pub trait SettingValue: Clone + PartialEq {
    /// In answers.
    type Shown;
    /// In bodies, where it is not null.
    type Asked;

    /// As answers show it.
    fn shown(&self) -> Self::Shown;

    /// The value that a body asks for, where null is none; none if null means nothing here. `bounds` are the key's own.
    ///
    /// # Errors
    /// Which values are allowed.
    fn read(asked: Option<Self::Asked>, bounds: Option<&RangeInclusive<i64>>) -> Result<Option<Self>, String>;
}

impl SettingValue for bool {
    type Shown = bool;
    type Asked = bool;

    fn shown(&self) -> bool {
        *self
    }

    fn read(asked: Option<bool>, _: Option<&RangeInclusive<i64>>) -> Result<Option<Self>, String> {
        Ok(asked)
    }
}

impl SettingValue for u32 {
    type Shown = u32;
    type Asked = i64;

    fn shown(&self) -> u32 {
        *self
    }

    fn read(asked: Option<i64>, bounds: Option<&RangeInclusive<i64>>) -> Result<Option<Self>, String> {
        let Some(number) = asked else { return Ok(None) };
        Self::try_from(within(number, bounds, "")?).map(Some).map_err(|_| "too large".to_owned())
    }
}

impl SettingValue for Lifetime {
    type Shown = Option<i64>;
    type Asked = i64;

    fn shown(&self) -> Option<i64> {
        self.seconds()
    }

    fn read(asked: Option<i64>, bounds: Option<&RangeInclusive<i64>>) -> Result<Option<Self>, String> {
        let Some(seconds) = asked else { return Ok(Some(Self::Never)) };
        within(seconds, bounds, " seconds, or null for never").map(Self::Seconds).map(Some)
    }
}

impl SettingValue for PublicHost {
    type Shown = Option<String>;
    type Asked = String;

    fn shown(&self) -> Option<String> {
        self.as_str().map(str::to_owned)
    }

    fn read(asked: Option<String>, _: Option<&RangeInclusive<i64>>) -> Result<Option<Self>, String> {
        let read = Self::parse(asked.as_deref().unwrap_or_default());
        read.map(Some).map_err(|error| format!("{error}; null or an empty text leaves it open"))
    }
}

/// The number, if it is within the bounds.
fn within(number: i64, bounds: Option<&RangeInclusive<i64>>, unit: &str) -> Result<i64, String> {
    match bounds {
        Some(bounds) if bounds.contains(&number) => Ok(number),
        Some(bounds) => Err(format!("{} to {}{unit}", bounds.start(), bounds.end())),
        None => Err("not a number".to_owned()),
    }
}

/// Makes the two structs and what goes through all of their fields.
macro_rules! layers {
    ($($name:ident: $value:ty, $field:literal, $section:ident.$key:ident, $what:tt $bounds:tt $end:tt;)*) => {
        /// The settings in effect at some moment. The default is a placeholder: no, 0, never.
        #[derive(Clone, Debug, PartialEq, Eq, Default)]
        pub struct LiveSettings {
            $(#[doc = concat!($what, $end)]
            pub $name: $value,)*
        }

        /// Some of the settings: fixed, chosen, or asked for. Absent ones are left to the layer below.
        #[derive(Clone, Debug, PartialEq, Eq, Default)]
        pub struct Choices {
            $(#[doc = concat!("See [`LiveSettings::", stringify!($name), "`].")]
            pub $name: Option<$value>,)*
        }

        impl Choices {
            /// This layer, with its gaps filled from the other.
            #[must_use]
            pub fn over(self, below: Self) -> Self {
                Self { $($name: self.$name.or(below.$name),)* }
            }

            /// This layer without the values that the other one has, too.
            #[must_use]
            pub fn unlike(self, other: &Self) -> Self {
                Self { $($name: self.$name.filter(|own| other.$name.as_ref() != Some(own)),)* }
            }
        }

        impl LiveSettings {
            /// The settings with a layer over them.
            #[must_use]
            pub fn under(self, choices: Choices) -> Self {
                Self { $($name: choices.$name.unwrap_or(self.$name),)* }
            }
        }

        /// What the layer says, as `field=value` with the names of the API.
        impl fmt::Display for Choices {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let said = [$(self.$name.as_ref().map(|value| format!("{}={value}", $field)),)*];
                f.write_str(&said.into_iter().flatten().collect::<Vec<_>>().join(" "))
            }
        }
    };
}

live_settings!(layers!);

impl Choices {
    /// Whether it says how long access tokens live.
    #[must_use]
    pub fn has_lifetimes(&self) -> bool {
        self.token_default_lifetime.is_some() || self.token_max_lifetime.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_says_something_or_leaves_it_to_the_one_below() {
        let defaults = LiveSettings { create_on_push: true, max_per_namespace: 10, ..LiveSettings::default() };
        let fixed = Choices { create_on_push: Some(false), ..Choices::default() };
        let chosen = Choices {
            create_on_push: Some(true),
            token_default_lifetime: Some(Lifetime::Seconds(60)),
            ..Choices::default()
        };
        let holds = defaults.clone().under(fixed.clone().over(chosen.clone()));
        let expected =
            LiveSettings { create_on_push: false, token_default_lifetime: Lifetime::Seconds(60), ..defaults.clone() };
        assert_eq!(holds, expected);
        assert_eq!(defaults.clone().under(Choices::default()), defaults);
        assert!(chosen.has_lifetimes() && !fixed.has_lifetimes());
        let other = Choices { token_default_lifetime: Some(Lifetime::Never), ..chosen.clone() };
        let unlike = Choices { token_default_lifetime: Some(Lifetime::Never), ..Choices::default() };
        assert_eq!(other.clone().unlike(&chosen), unlike);
        assert_eq!(other.to_string(), "createRepositoryOnPush=true tokenDefaultLifetime=never");
    }

    #[test]
    fn never_outlives_everything_but_itself() {
        let [short, long] = [60, 61].map(Lifetime::Seconds);
        assert!(Lifetime::Never.outlives(long) && long.outlives(short));
        for (one, other) in [(Lifetime::Never, Lifetime::Never), (long, Lifetime::Never), (short, short), (short, long)]
        {
            assert!(!one.outlives(other), "{one} {other}");
        }
    }
}
