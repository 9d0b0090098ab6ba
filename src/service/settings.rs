//! The settings of the site: those of its configuration, and those that administrators change while the server runs.

use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::act::Act;
use crate::domain::content::{Deletion, Remains};
use crate::domain::host::PublicHost;
use crate::domain::settings::{Choices, LiveSettings};
use crate::domain::time::Timestamp;
use crate::service::Service;
use crate::service::access::{Allowed, Call};
use crate::service::error::Error;
use crate::service::ledger::Deed;
pub use crate::store::Keep as AuditKeep;
use crate::store::State;
pub use crate::store::UpgradeBackup;

/// What the configuration of a site says.
#[derive(Clone, Debug)]
pub struct SiteSettings {
    /// `iss` of registry tokens.
    pub issuer: String,
    /// Accepted values of `service`; the first stands in challenges.
    pub services: Vec<String>,
    /// Life of a registry token, in seconds.
    pub registry_token_lifetime: i64,
    /// The gateway before the registry, if there is one.
    pub gateway: Option<GatewaySettings>,
    /// Longest label of an access token, in characters.
    pub max_label: usize,
    /// Most robots of one organization.
    pub max_robots: usize,
    /// What may change while the server runs.
    pub live: Live,
    /// The file with the secret of the registry's notifications; if none, one in the data directory, made when missing.
    pub events_secret: Option<PathBuf>,
    /// The file with the secret of the metrics; if none, one in the data directory, made when missing.
    pub metrics_secret: Option<PathBuf>,
    /// How much of the audit log is kept.
    pub audit_keep: AuditKeep,
    /// What is kept of a store of an earlier format before it is brought to today's.
    pub upgrade_backup: UpgradeBackup,
    /// How many seconds before its end an access token is warned of; never if none.
    pub warn_before: Option<i64>,
    /// How many changes an account may make a minute.
    pub changes_per_minute: u32,
    /// The URL of the registry; with it, deleting a repository deletes what the registry has of it.
    pub registry: Option<Arc<str>>,
    /// How clients reach the registry where nobody set it, as far as that follows from the rest of the configuration.
    pub registry_host: PublicHost,
}

/// What the configuration says of the gateway.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Life of a registry token for it, in seconds.
    pub token_lifetime: i64,
    /// The service of the registry behind it, for which dockpass signs registry tokens of its own; none if it takes none.
    pub upstream_service: Option<String>,
}

impl SiteSettings {
    /// Life of a registry token for a service, in seconds. Nobody but dockpass takes one for the gateway, and checks it
    /// against the present with each use.
    pub(super) fn lifetime_for(&self, service: &str) -> i64 {
        self.gateway_of(service).map_or(self.registry_token_lifetime, |gateway| gateway.token_lifetime)
    }

    /// The gateway, if this is its service: the first one.
    pub(super) fn gateway_of(&self, service: &str) -> Option<&GatewaySettings> {
        self.gateway.as_ref().filter(|_| self.services.first().is_some_and(|first| first == service))
    }

    /// Whether immutable tags stay where they are: only the gateway sees a push before the registry does.
    #[must_use]
    pub fn immutable_tags_hold(&self) -> bool {
        self.gateway.is_some()
    }

    /// What to note of a repository that is deleted now.
    pub(super) fn deletion(&self, now: Timestamp) -> Deletion {
        let goes = |registry: &Arc<str>| Remains::Goes { registry: Arc::clone(registry) };
        Deletion { at: now, content: self.registry.as_ref().map_or(Remains::Stays, goes) }
    }
}

/// What may change while the server runs, as the configuration has it.
#[derive(Clone, Debug)]
pub struct Live {
    /// What holds where no administrator chose: the configuration, or its defaults.
    pub configured: LiveSettings,
    /// What the configuration sets explicitly, so that administrators cannot change it.
    pub fixed: Choices,
}

impl Live {
    /// The settings in force in this state.
    pub(super) fn at(&self, state: &State) -> LiveSettings {
        self.configured.clone().under(self.fixed.clone().over(state.choices()))
    }
}

/// Whether `count` has reached the limit.
pub(super) fn is_full(count: usize, limit: u32) -> bool {
    u32::try_from(count).map_or(true, |count| count >= limit)
}

impl Service {
    /// What the configuration says.
    #[must_use]
    pub fn settings(&self) -> &SiteSettings {
        &self.settings
    }

    /// How clients reach the registry, for everything that names it: what is set by hand, else what follows from the
    /// configuration.
    #[must_use]
    pub fn registry_host(&self) -> PublicHost {
        self.settings.live.at(&self.store.state()).public_host.or(&self.settings.registry_host)
    }

    /// The same for somebody who wants to know.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] to strangers.
    pub fn see_registry_host(&self, call: &Call) -> Result<PublicHost, Error> {
        self.view(call, Act::RegistryHost, "", |authority| authority.signed_in().map(drop))?;
        Ok(self.registry_host())
    }

    /// The settings that administrators may change, as they hold now.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    pub fn live_settings(&self, call: &Call) -> Result<LiveSettings, Error> {
        self.view(call, Act::SettingsView, "", |authority| {
            authority.administrator()?;
            Ok(self.settings.live.at(authority.state()))
        })
    }

    /// Refuses callers who may not change settings, before the body is read.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators.
    #[expect(clippy::redundant_closure_for_method_calls, reason = "the method itself has one lifetime, not any")]
    pub fn may_set(&self, call: &Call) -> Result<Allowed, Error> {
        self.gate(call, Act::SettingsUpdate, "", |authority| authority.administrator())
    }

    /// Chooses settings, each within the bounds of its key; omitted ones stay, and what the configuration fixes stays
    /// in force. Answers the settings then in force.
    ///
    /// # Errors
    /// [`Error::Denied`] to all but administrators; [`Error::Setting`] if access tokens would live longer by default
    /// than they may.
    pub fn choose_settings(&self, call: &Call, asked: Choices) -> Result<LiveSettings, Error> {
        let live = self.settings.live.clone();
        self.change(call, Deed::new(Act::SettingsUpdate, asked.to_string()), move |change| {
            let permit = change.authority()?.administrator()?;
            let before = change.state().choices();
            let after = asked.clone().over(before.clone());
            let holds = live.configured.clone().under(live.fixed.clone().over(after.clone()));
            if asked.has_lifetimes() && holds.token_default_lifetime.outlives(holds.token_max_lifetime) {
                let reason = format!(
                    "the default, {}, is longer than tokenMaxLifetime, {}: set both",
                    holds.token_default_lifetime, holds.token_max_lifetime
                );
                return Err(Error::Setting { field: "tokenDefaultLifetime", reason });
            }
            if after == before {
                change.skip_record();
                return Ok(holds);
            }
            change.record_as(Deed::new(Act::SettingsUpdate, after.clone().unlike(&before).to_string()));
            change.txn(&permit).put_choices(after)?;
            Ok(holds)
        })
    }
}
