//! What every proxy before dockpass has in common: whether this server would serve well behind it, the names and addresses
//! in its configuration, and what it must not pass on.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Program, ProxyFacts, PublicName, SnippetError};
use crate::domain::host::in_brackets;
use crate::domain::program::Layout;

/// Where Debian keeps the CAs of the system.
pub(super) const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// What answers of the registry say to browsers. The pages are at the same host name, and blobs are bytes that whoever may
/// push has chosen: no browser may take one for a page or a script of this site.
pub(super) const TO_BROWSERS: [(&str, &str); 3] = [
    ("Content-Security-Policy", "sandbox; default-src 'none'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Disposition", "attachment"),
];
/// Headers of the registry's answers that would speak for the whole host name.
pub(super) const NOT_FROM_REGISTRY: [&str; 7] = [
    "Set-Cookie",
    "Clear-Site-Data",
    "Service-Worker-Allowed",
    "Strict-Transport-Security",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
];

/// What clients connect to, if this server is configured for a proxy before it.
///
/// # Errors
/// [`SnippetError`] says what to set.
pub(super) fn check<'a>(program: Program, facts: &ProxyFacts<'a>) -> Result<PublicName<'a>, SnippetError> {
    let public = facts.public.ok_or(SnippetError::NeedsPublicUrl(program))?;
    if !facts.behind_proxy {
        return Err(SnippetError::NeedsBehindProxy(program));
    }
    // On another machine the proxy has an address that is not known here; a comment in the file tells.
    if is_asked_on_loopback(facts.listen) && !facts.trusts_loopback {
        return Err(SnippetError::NeedsTrust(program, loopback(facts.listen.ip())));
    }
    Ok(public)
}

pub(super) fn is_on_loopback(listen: SocketAddr) -> bool {
    listen.ip().to_canonical().is_loopback()
}

/// Whether the proxy reaches dockpass over loopback by the printed file: also where dockpass listens on all addresses.
pub(super) fn is_asked_on_loopback(listen: SocketAddr) -> bool {
    is_on_loopback(listen) || listen.ip().is_unspecified()
}

/// The source address of a proxy on this machine that connects to a loopback address.
#[must_use]
pub fn loopback(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Who decides about access, as the comment at the beginning of a file says it; `proxy` as it is written there.
pub(super) fn role(proxy: &str, layout: Layout) -> String {
    match layout {
        Layout::Gateway => format!(
            "{proxy} decides nothing about access: dockpass checks every request, and passes those of the registry on."
        ),
        Layout::ForwardAuth => format!(
            "{proxy} asks dockpass about every request of the registry, which has no accounts of its own: nobody else may\n\
             # reach it."
        ),
        Layout::TokenServer => {
            format!(
                "{proxy} decides nothing about access: dockpass and the registry check every request by themselves."
            )
        }
    }
}

/// The host as URLs write it.
pub(super) fn host(public: PublicName<'_>) -> String {
    in_brackets(public.host)
}

/// `host` or `host:port`.
pub(super) fn authority(public: PublicName<'_>) -> String {
    if public.port == 443 { host(public) } else { format!("{}:{}", host(public), public.port) }
}

/// The name of the files with the site's certificate and key: a file name has no brackets and no colons.
pub(super) fn file(public: PublicName<'_>) -> String {
    public.host.replace(':', "-")
}

/// Where the proxy finds dockpass, as scheme, address and port.
pub(super) fn dockpass(facts: &ProxyFacts<'_>) -> String {
    let scheme = if facts.is_tls { "https" } else { "http" };
    let ip = facts.listen.ip();
    let ip = if ip.is_unspecified() { loopback(ip) } else { ip.to_canonical() };
    format!("{scheme}://{}", SocketAddr::new(ip, facts.listen.port()))
}

/// What is to be known where others may reach dockpass, too, as lines that begin like this.
pub(super) fn listen_hint(begin: &str, program: Program, facts: &ProxyFacts<'_>) -> String {
    let listen = facts.listen;
    if is_on_loopback(listen) {
        return String::new();
    }
    format!(
        "{begin}dockpass listens on {listen}, which others may reach, too: {program} is believed if its own address is\n\
         {begin}among server.trusted_proxies. On one machine, server.listen = \"127.0.0.1:{}\" is enough.\n",
        listen.port()
    )
}

/// Whether the proxy must check who answers as dockpass: it sees passwords, unless it is on this machine.
pub(super) fn must_prove(facts: &ProxyFacts<'_>) -> bool {
    facts.is_tls && !is_asked_on_loopback(facts.listen)
}

/// Whether the registry speaks TLS: then only the right one may get what is sent there.
pub(super) fn is_registry_tls(facts: &ProxyFacts<'_>) -> bool {
    facts.registry.starts_with("https://")
}
