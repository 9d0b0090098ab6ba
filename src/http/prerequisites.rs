//! What the configuration names and a start needs: read by the start, by a look at a configuration before one, and by whoever
//! examines a site.

use std::sync::Arc;
use std::time::Duration;

use super::listen::{self, ListenError};
use super::shipping;
use super::socket_path::socket_path;
use super::start_error::StartError;
use super::tls::Tls;
use crate::config::Config;
use crate::domain::time::Timestamp;
use crate::domain::upstream::{Redirects, UpstreamAuth};
use crate::registry::credentials::{CredentialsError, UpstreamCredentials};
use crate::registry::gateway::{Gateway, GatewayLimits};
use crate::registry::upstream::{Base, Upstream, UpstreamError};
use crate::service::{self, SecretOf};
use crate::shipping::Prepared as Ways;

/// Reads what the configuration names, as a start does, and changes nothing.
///
/// # Errors
/// [`StartError`]: what a start would be refused for.
pub fn check(config: &Config, now: Timestamp) -> Result<(), StartError> {
    socket_path(&config.server.data_dir)?;
    Tls::check(config, now)?;
    let credentials = upstream_credentials(config)?;
    upstream(config, credentials.clone())?;
    gateway(config, credentials)?;
    Ways::read(shipping::settings(config))?;
    let secrets =
        [(SecretOf::Notifications, &config.registry.events_secret), (SecretOf::Metrics, &config.metrics.secret_file)];
    for (what, file) in secrets {
        file.as_deref().map(|file| service::check_secret(what, file)).transpose()?;
    }
    Ok(())
}

/// Listens where a server would, and lets go again.
///
/// # Errors
/// [`ListenError`] with the address that is taken, or not this machine's.
pub fn try_to_listen(config: &Config) -> Result<(), ListenError> {
    listen::on(config).map(drop)
}

/// What the registry that the configuration names answers where its API begins, to somebody who shows nothing; none where
/// none is named. It waits for so long only.
pub async fn registry_base(config: &Config, limit: Duration) -> Option<Result<Base, UpstreamError>> {
    match upstream(config, UpstreamCredentials::None) {
        Ok(upstream) => Some(upstream?.answering_within(limit).base(None).await),
        Err(error) => Some(Err(error)),
    }
}

/// The client that asks the registry, where its address is configured.
///
/// # Errors
/// [`UpstreamError`]
pub(super) fn upstream(config: &Config, credentials: UpstreamCredentials) -> Result<Option<Upstream>, UpstreamError> {
    let Some(url) = &config.registry.url else { return Ok(None) };
    let limit = Duration::from_secs(config.registry.timeout.unsigned_abs());
    let upstream = Upstream::new(&url.to_string(), config.registry.ca.as_deref())?;
    Ok(Some(upstream.answering_within(limit).showing(credentials)))
}

/// What is shown to the registry: behind the gateway, what is configured.
///
/// # Errors
/// [`CredentialsError`] where the file of the password cannot be used.
pub(super) fn upstream_credentials(config: &Config) -> Result<UpstreamCredentials, CredentialsError> {
    let gateway = &config.registry.gateway;
    match (&gateway.upstream, gateway.auth, &gateway.user, &gateway.password_file) {
        (None, ..) | (Some(_), UpstreamAuth::Token, ..) => Ok(UpstreamCredentials::Token),
        (Some(_), UpstreamAuth::Basic, Some(user), Some(file)) => UpstreamCredentials::basic(user, file),
        (Some(_), UpstreamAuth::None | UpstreamAuth::Basic, ..) => Ok(UpstreamCredentials::None),
    }
}

/// The registry behind the gateway, if there is one.
///
/// # Errors
/// [`UpstreamError`]
pub(super) fn gateway(
    config: &Config,
    credentials: UpstreamCredentials,
) -> Result<Option<Arc<Gateway>>, UpstreamError> {
    let settings = &config.registry.gateway;
    let Some(url) = &settings.upstream else { return Ok(None) };
    let limits = GatewayLimits {
        timeout: Duration::from_secs(settings.timeout.unsigned_abs()),
        follows: settings.redirects == Redirects::Follow,
    };
    Ok(Some(Gateway::new(&url.to_string(), config.registry.ca.as_deref(), credentials, limits)?))
}
