//! Checks across keys: combinations that are refused, and those that only get a warning.

use super::error::Conflict;
use super::{BaseUrl, Config, Gateway};
use crate::domain::duration;
use crate::domain::host::is_loopback;
use crate::domain::key_header::KeyHeader;
use crate::domain::receiver::Transport;
use crate::domain::settings::Lifetime;
use crate::domain::upstream::UpstreamAuth;

/// Refuses values that do not go together.
pub(super) fn conflicts(config: &Config) -> Result<(), Conflict> {
    check_tls(config)?;
    check_exposure(config)?;
    check_public_url(config)?;
    check_registry(config)?;
    check_audit(config)?;
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

fn check_audit(config: &Config) -> Result<(), Conflict> {
    let audit = &config.audit;
    let is_tls = audit.syslog.as_ref().is_some_and(|server| server.transport == Transport::Tls);
    if audit.syslog_ca.is_some() && !is_tls {
        return Err(Conflict::CaWithoutTls);
    }
    if audit.webhook_url.is_some() != audit.webhook_secret_file.is_some() {
        return Err(Conflict::HalfAWebhook);
    }
    if audit.webhook_ca.is_some() && audit.webhook_url.is_none() { Err(Conflict::CaWithoutWebhook) } else { Ok(()) }
}

fn check_registry(config: &Config) -> Result<(), Conflict> {
    let registry = &config.registry;
    if registry.ca.is_some() && registry.url.is_none() && registry.gateway.upstream.is_none() {
        return Err(Conflict::CaWithoutRegistry);
    }
    check_gateway(config)
}

fn check_gateway(config: &Config) -> Result<(), Conflict> {
    let registry = &config.registry;
    let gateway = &registry.gateway;
    if let (Some(upstream), Some(url)) = (&gateway.upstream, &registry.url)
        && upstream != url
    {
        return Err(Conflict::TwoRegistries { upstream: upstream.to_string(), url: url.to_string() });
    }
    if let Some(upstream) = gateway.upstream.as_ref().filter(|upstream| is_own(config, upstream)) {
        return Err(Conflict::UpstreamIsGateway(upstream.to_string()));
    }
    check_upstream_auth(gateway)?;
    match &gateway.service {
        Some(service) if registry.services.contains(service) => Err(Conflict::SameService(service.clone())),
        Some(_) | None => Ok(()),
    }
}

/// Whether dockpass is reached there itself.
fn is_own(config: &Config, url: &BaseUrl) -> bool {
    let server = &config.server;
    let listening = BaseUrl::of_address(config.is_tls(), server.listen).named();
    let is_everywhere = server.listen.ip().is_unspecified() && url.is_loopback();
    let is_listening = url.port() == server.listen.port() && (is_everywhere || listening == url.clone().named());
    is_listening || server.public_url.as_ref() == Some(url)
}

/// Refuses what is missing of what is to be shown to the registry, and what would not be shown.
fn check_upstream_auth(gateway: &Gateway) -> Result<(), Conflict> {
    let set = [
        ("registry.upstream_user", UpstreamAuth::Basic, gateway.user.is_some()),
        ("registry.upstream_password_file", UpstreamAuth::Basic, gateway.password_file.is_some()),
        ("registry.upstream_service", UpstreamAuth::Token, gateway.service.is_some()),
    ];
    for (key, needed, is_set) in set {
        match (is_set, needed == gateway.auth) {
            (true, true) | (false, false) => {}
            (true, false) => return Err(Conflict::NotShown { key, auth: gateway.auth, needed }),
            (false, true) if needed == UpstreamAuth::Token => return Err(Conflict::UpstreamService),
            (false, true) => return Err(Conflict::UpstreamPassword(key)),
        }
    }
    Ok(())
}

fn check_lifetimes(config: &Config) -> Result<(), Conflict> {
    let (registry, tokens) = (&config.registry, &config.tokens);
    if registry.key_header != KeyHeader::X5c && !registry.fixed_key {
        return Err(Conflict::NeedsFixedKey(registry.key_header));
    }
    let (leaf, (key, token)) = (registry.leaf_lifetime, registry.longest_token_lifetime());
    if !registry.fixed_key && leaf < token.saturating_mul(3) {
        return Err(Conflict::LeafBelowTokens { leaf, key, token });
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
        upstream_doubt(config),
        leaf_doubt(config),
        syslog_doubt(config),
        warning_doubt(config),
        unused_doubt(config),
        plain.filter(|url| !url.is_loopback() && config.registry.gateway.upstream.is_none()).map(|url| {
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

/// What is doubtful of warnings that the log forgets before the end that they are of. It forgets none for lack of room
/// (`audit.keep_mib`): records of changes, as they are, stay for longer than the earliest warning comes before its end.
fn warning_doubt(config: &Config) -> Option<String> {
    const DAY: i64 = 24 * 60 * 60;
    let kept = Some(i64::from(config.audit.keep_days) * DAY).filter(|kept| *kept > 0)?;
    config.tokens.warn_before.filter(|before| *before > kept).map(|_| {
        "tokens.warn_before is longer than audit.keep_days: a restart repeats the warnings whose records have gone"
            .to_owned()
    })
}

/// What is doubtful of a syslog server on another machine.
fn syslog_doubt(config: &Config) -> Option<String> {
    let server = config.audit.syslog.as_ref().filter(|server| !is_loopback(&server.host))?;
    match server.transport {
        Transport::Udp => Some(format!(
            "audit.syslog = {server}: records cross the network unprotected, and nobody notices those that are lost: use tls://"
        )),
        Transport::Tcp => Some(format!("audit.syslog = {server}: records cross the network unprotected: use tls://")),
        Transport::Tls => None,
    }
}

/// What is doubtful of the registry behind the gateway, as far as its URL tells.
fn upstream_doubt(config: &Config) -> Option<String> {
    let gateway = &config.registry.gateway;
    let url = gateway.upstream.as_ref().filter(|url| !url.is_loopback())?;
    match gateway.auth {
        UpstreamAuth::None => Some(format!(
            "registry.upstream = {url} is on another machine and is shown no credentials: whoever reaches it there passes \
             dockpass by; give it credentials with registry.upstream_auth, or let nobody else reach it"
        )),
        UpstreamAuth::Basic | UpstreamAuth::Token if !url.is_https() => Some(format!(
            "registry.upstream = {url}: its credentials and all content cross the network unprotected; give it TLS"
        )),
        UpstreamAuth::Basic | UpstreamAuth::Token => None,
    }
}

/// A key that ends before the longest upload does that its last registry token begins: a third of its time is left then.
fn leaf_doubt(config: &Config) -> Option<String> {
    const UPLOAD: i64 = 24 * 60 * 60;
    let (registry, gateway) = (&config.registry, &config.registry.gateway);
    gateway.upstream.as_ref().filter(|_| !registry.fixed_key)?;
    let needed = gateway.token_lifetime.saturating_add(UPLOAD).saturating_mul(3);
    (registry.leaf_lifetime < needed).then(|| {
        format!(
            "registry.leaf_lifetime is below {}, three times registry.gateway_token_lifetime and the 24 hours that an upload \
             through the gateway may take: the longest ones end with the key of their registry token",
            duration::format(needed)
        )
    })
}

/// What is set for a gateway that there is none of.
fn unused_doubt(config: &Config) -> Option<String> {
    const KEYS: [&str; 8] = [
        "registry.upstream_auth",
        "registry.upstream_user",
        "registry.upstream_password_file",
        "registry.upstream_service",
        "registry.upstream_redirects",
        "registry.upstream_timeout",
        "registry.upstream_requests",
        "registry.gateway_token_lifetime",
    ];
    let unused = KEYS.into_iter().find(|key| config.is_set(key));
    let unused = unused.filter(|_| config.registry.gateway.upstream.is_none());
    unused.map(|key| format!("{key} does nothing without registry.upstream"))
}
