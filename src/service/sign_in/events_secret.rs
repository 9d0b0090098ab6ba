//! What the secrets in files open: the registry's notifications, and the metrics.

use std::path::Path;

use zeroize::Zeroizing;

use crate::domain::act::Act;
use crate::service::Service;
use crate::service::access::{Call, Caller, Subject};
use crate::service::error::Error;

impl Service {
    /// The registry as a caller, if `secret` is that of its notifications.
    #[must_use]
    pub fn authenticate_registry(&self, secret: &str) -> Option<Caller> {
        self.events_secret.is(secret).then(Self::registry)
    }

    /// The registry as a caller, also for what dockpass reads there on its own account. It may tell what the registry
    /// holds, and do nothing else.
    #[must_use]
    pub fn registry() -> Caller {
        Caller::new(Subject::Registry, None)
    }

    /// The secret of the registry's notifications, for the local socket; none for everybody else, even administrators,
    /// since it must not go over the network.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the caller's credential no longer stands.
    pub fn events_secret(&self, call: &Call) -> Result<Option<Zeroizing<String>>, Error> {
        self.view(call, Act::RegistryView, "", |authority| {
            Ok(authority.local().is_ok().then(|| self.events_secret.text()))
        })
    }

    /// The file that holds the secret of the registry's notifications.
    #[must_use]
    pub fn events_secret_file(&self) -> &Path {
        self.events_secret.path()
    }

    /// Whether `secret` is that of the metrics. It opens them and nothing else, and makes no caller.
    #[must_use]
    pub fn opens_metrics(&self, secret: &str) -> bool {
        self.metrics_secret.is(secret)
    }
}
