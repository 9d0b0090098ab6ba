//! Checks across keys: combinations that are refused, and those that only get a warning.

use super::error::Conflict;
use super::{BaseUrl, Config};
use crate::domain::key_header::KeyHeader;
use crate::domain::settings::Lifetime;

/// Refuses values that do not go together.
pub(super) fn conflicts(config: &Config) -> Result<(), Conflict> {
    check_tls(config)?;
    check_exposure(config)?;
    check_public_url(config)?;
    check_registry(config)?;
    check_lifetimes(config)
}

fn check_tls(config: &Config) -> Result<(), Conflict> {
    let tls = &config.tls;
    if tls.cert.is_some() != tls.key.is_some() {
        return Err(Conflict::HalfAPair);
    }
    if tls.cert.is_some() && tls.self_signed { Err(Conflict::TwoCertificates) } else { Ok(()) }
}

fn check_exposure(config: &Config) -> Result<(), Conflict> {
    let server = &config.server;
    if server.behind_proxy && server.trusted_proxies.is_empty() {
        return Err(Conflict::NoTrustedProxy);
    }
    let is_safe = server.is_loopback() || config.is_tls() || server.behind_proxy;
    if is_safe { Ok(()) } else { Err(Conflict::ClearText(server.listen)) }
}

fn check_public_url(config: &Config) -> Result<(), Conflict> {
    let server = &config.server;
    match &server.public_url {
        None if !server.is_loopback() || server.behind_proxy => Err(Conflict::NoPublicUrl),
        Some(url) if config.is_tls() && !server.behind_proxy && !url.is_https() => {
            Err(Conflict::PublicUrlWithoutTls(url.to_string()))
        }
        None | Some(_) => Ok(()),
    }
}

fn check_registry(config: &Config) -> Result<(), Conflict> {
    let registry = &config.registry;
    if registry.ca.is_some() && registry.url.is_none() { Err(Conflict::CaWithoutRegistry) } else { Ok(()) }
}

fn check_lifetimes(config: &Config) -> Result<(), Conflict> {
    let (registry, tokens) = (&config.registry, &config.tokens);
    if registry.key_header != KeyHeader::X5c && !registry.fixed_key {
        return Err(Conflict::NeedsFixedKey(registry.key_header));
    }
    let (leaf, token) = (registry.leaf_lifetime, registry.token_lifetime);
    if !registry.fixed_key && leaf < token.saturating_mul(3) {
        return Err(Conflict::LeafBelowTokens { leaf, token });
    }
    match (tokens.default_lifetime, tokens.max_lifetime) {
        (default, Some(max)) if Lifetime::from(default).outlives(Lifetime::Seconds(max)) => {
            Err(Conflict::DefaultBeyondMax { default, max })
        }
        (_, Some(_) | None) => Ok(()),
    }
}

/// A warning for each combination that is allowed but probably not meant.
pub(super) fn doubts(config: &Config) -> Vec<String> {
    let server = &config.server;
    let is_https = server.public_url.as_ref().is_some_and(BaseUrl::is_https);
    let plain = config.registry.url.as_ref().filter(|url| !url.is_https());
    let too_wide = server.trusted_proxies.iter().find(|network| network.is_hardly_a_site());
    let doubts = [
        config.is_address_known().then(|| config.realm_doubt(server.listen, &config.registry_host())).flatten(),
        (!server.behind_proxy && !server.trusted_proxies.is_empty())
            .then(|| "server.trusted_proxies does nothing without server.behind_proxy".to_owned()),
        too_wide.map(|network| {
            format!(
                "server.trusted_proxies = {network} lets every client in there choose the address that it seems to come \
                 from, past the throttle and into the audit log; name the proxy alone"
            )
        }),
        (!config.tls.self_signed && !config.tls.names.is_empty())
            .then(|| "tls.names does nothing without tls.self_signed".to_owned()),
        plain.filter(|url| !url.is_loopback()).map(|url| {
            format!(
                "registry.url = {url}: registry tokens cross the network unprotected, and whoever sees one may use it \
                 until it ends; give the registry TLS"
            )
        }),
        plain
            .filter(|_| config.registry.ca.is_some())
            .map(|_| "registry.ca does nothing while registry.url begins with http://".to_owned()),
        (is_https && !config.is_tls() && !server.behind_proxy).then(|| {
            "server.public_url begins with https://, but neither TLS nor server.behind_proxy is set up".to_owned()
        }),
    ];
    doubts.into_iter().flatten().collect()
}
