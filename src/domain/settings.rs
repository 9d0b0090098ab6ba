//! The settings that administrators may change while the server runs.
//!
//! They come in three layers: what the configuration fixes, what administrators chose, and the defaults. [`Choices`] is
//! a layer, [`LiveSettings`] is what holds.

use std::fmt;

/// How long something lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifetime {
    /// For ever.
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

/// The settings as they hold at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LiveSettings {
    /// Whether a push makes the record of a missing repository.
    pub create_on_push: bool,
    /// Most repositories of a namespace.
    pub max_per_namespace: u32,
    /// Most access tokens of an account.
    pub max_tokens_per_account: u32,
    /// Life of an access token unless said otherwise.
    pub token_default_lifetime: Lifetime,
    /// Longest life of an access token.
    pub token_max_lifetime: Lifetime,
    /// Whether each issued registry token is recorded.
    pub audit_registry_tokens: bool,
}

/// Some of the settings: fixed, chosen, or asked for. Absent ones are left to the layer below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Choices {
    /// See [`LiveSettings::create_on_push`].
    pub create_on_push: Option<bool>,
    /// See [`LiveSettings::max_per_namespace`].
    pub max_per_namespace: Option<u32>,
    /// See [`LiveSettings::max_tokens_per_account`].
    pub max_tokens_per_account: Option<u32>,
    /// See [`LiveSettings::token_default_lifetime`].
    pub token_default_lifetime: Option<Lifetime>,
    /// See [`LiveSettings::token_max_lifetime`].
    pub token_max_lifetime: Option<Lifetime>,
    /// See [`LiveSettings::audit_registry_tokens`].
    pub audit_registry_tokens: Option<bool>,
}

impl Choices {
    /// This layer, and the other where this one says nothing.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        Self {
            create_on_push: self.create_on_push.or(below.create_on_push),
            max_per_namespace: self.max_per_namespace.or(below.max_per_namespace),
            max_tokens_per_account: self.max_tokens_per_account.or(below.max_tokens_per_account),
            token_default_lifetime: self.token_default_lifetime.or(below.token_default_lifetime),
            token_max_lifetime: self.token_max_lifetime.or(below.token_max_lifetime),
            audit_registry_tokens: self.audit_registry_tokens.or(below.audit_registry_tokens),
        }
    }

    /// What it says, but for what the other says the same.
    #[must_use]
    pub fn unlike(self, other: Self) -> Self {
        fn unlike<T: PartialEq>(one: Option<T>, other: Option<T>) -> Option<T> {
            if one == other { None } else { one }
        }
        Self {
            create_on_push: unlike(self.create_on_push, other.create_on_push),
            max_per_namespace: unlike(self.max_per_namespace, other.max_per_namespace),
            max_tokens_per_account: unlike(self.max_tokens_per_account, other.max_tokens_per_account),
            token_default_lifetime: unlike(self.token_default_lifetime, other.token_default_lifetime),
            token_max_lifetime: unlike(self.token_max_lifetime, other.token_max_lifetime),
            audit_registry_tokens: unlike(self.audit_registry_tokens, other.audit_registry_tokens),
        }
    }

    /// Whether it says how long access tokens live.
    #[must_use]
    pub fn has_lifetimes(&self) -> bool {
        self.token_default_lifetime.is_some() || self.token_max_lifetime.is_some()
    }
}

impl LiveSettings {
    /// The settings with a layer over them.
    #[must_use]
    pub fn under(self, choices: Choices) -> Self {
        Self {
            create_on_push: choices.create_on_push.unwrap_or(self.create_on_push),
            max_per_namespace: choices.max_per_namespace.unwrap_or(self.max_per_namespace),
            max_tokens_per_account: choices.max_tokens_per_account.unwrap_or(self.max_tokens_per_account),
            token_default_lifetime: choices.token_default_lifetime.unwrap_or(self.token_default_lifetime),
            token_max_lifetime: choices.token_max_lifetime.unwrap_or(self.token_max_lifetime),
            audit_registry_tokens: choices.audit_registry_tokens.unwrap_or(self.audit_registry_tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_says_something_or_leaves_it_to_the_one_below() {
        let defaults = LiveSettings {
            create_on_push: true,
            max_per_namespace: 10,
            max_tokens_per_account: 20,
            token_default_lifetime: Lifetime::Never,
            token_max_lifetime: Lifetime::Never,
            audit_registry_tokens: false,
        };
        let fixed = Choices { create_on_push: Some(false), ..Choices::default() };
        let chosen = Choices {
            create_on_push: Some(true),
            token_default_lifetime: Some(Lifetime::Seconds(60)),
            ..Choices::default()
        };
        let holds = defaults.under(fixed.over(chosen));
        let expected =
            LiveSettings { create_on_push: false, token_default_lifetime: Lifetime::Seconds(60), ..defaults };
        assert_eq!(holds, expected);
        assert_eq!(defaults.under(Choices::default()), defaults);
        assert!(chosen.has_lifetimes() && !fixed.has_lifetimes());
        let other = Choices { token_default_lifetime: Some(Lifetime::Never), ..chosen };
        let unlike = Choices { token_default_lifetime: Some(Lifetime::Never), ..Choices::default() };
        assert_eq!(other.unlike(chosen), unlike);
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
