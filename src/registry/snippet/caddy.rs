//! The configuration file of Caddy, which puts dockpass and its registry under one host name with TLS. By itself it decides
//! nothing about access; with forward authentication it asks dockpass, by `forward_auth`, about each request of the registry.
//!
//! Seen with Caddy 2.6: `forward_auth` sets `X-Forwarded-Uri` and `X-Forwarded-Method` itself, to the target as it came.
//! Paths are matched decoded, cleaned and without regard to case, and passed on as they came. Bodies are not buffered and have
//! no limit by themselves.

use super::proxy::{self, NOT_FROM_REGISTRY, TO_BROWSERS, authority};
use super::{Program, ProxyFacts, PublicName, SnippetError};
use crate::domain::program::Layout;

/// Headers in which a client might tell of itself what only a proxy may.
const CLAIMS: [&str; 4] = ["X-Original-URI", "X-Original-Method", "X-Real-IP", "Forwarded"];

/// `dockpass.caddy`.
pub(super) fn text(layout: Layout, facts: &ProxyFacts<'_>) -> Result<String, SnippetError> {
    let public = proxy::check(Program::Caddy, facts)?;
    let site = [certificate(public), places(layout, public, facts)].concat();
    Ok(format!("{}https://{} {{\n{site}}}\n", head(layout, public), authority(public)))
}

fn head(layout: Layout, public: PublicName<'_>) -> String {
    let authority = authority(public);
    let who = proxy::role("Caddy", layout);
    format!(
        "# Caddy before dockpass and its registry: both at https://{authority}, with TLS.\n\
         # On Debian this is /etc/caddy/dockpass.caddy, and /etc/caddy/Caddyfile has the line: import dockpass.caddy\n\
         # Then: caddy validate --config /etc/caddy/Caddyfile && systemctl reload caddy\n\
         # {who}\n\n"
    )
}

fn certificate(public: PublicName<'_>) -> String {
    let (host, file) = (public.host, proxy::file(public));
    format!(
        "\t# Your certificate for {host} with the chain behind it, and its key. Without this line Caddy gets one from\n\
         \t# Let's Encrypt by itself, if {host} is a public name.\n\
         \ttls /etc/ssl/certs/{file}.pem /etc/ssl/private/{file}.key\n\n"
    )
}

/// What goes where. In each `handle` one server is asked, the first that fits.
fn places(layout: Layout, public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let hint = proxy::listen_hint("	# ", Program::Caddy, facts);
    let rest = format!("\t# The rest: sign-in, pages, API, search.\n{hint}{}", handle("", &to_dockpass(public, facts)));
    match layout {
        Layout::Gateway => format!(
            "\t# All of it: dockpass passes on what it allows, and knows where the registry is.\n{hint}{}",
            handle("", &to_dockpass(public, facts))
        ),
        Layout::ForwardAuth => {
            let content =
                [question(public, facts), answers(), to_registry(public, facts, &["Authorization", "Cookie"])];
            format!("{FOR_REGISTRY}{}\n{NOT_ASKED}{rest}", handle("@registry ", &content.concat()))
        }
        Layout::TokenServer => {
            format!("{REGISTRY}{}\n{rest}", handle("@registry ", &to_registry(public, facts, &["Cookie"])))
        }
    }
}

const REGISTRY: &str = "\
\t# The registry, /v2/ itself included: a sign-in that works says that it trusts dockpass. The catalogue is dockpass's: it
\t# lists what the caller may see.
\t@registry {
\t\tpath /v2/*
\t\tnot path /v2/_catalog
\t}
";
const FOR_REGISTRY: &str = "\
\t# The registry: dockpass is asked before it sees anything of a request. Sign-in and the catalogue are dockpass's: it lists
\t# what the caller may see.
\t@registry {
\t\tpath /v2/*
\t\tnot path /v2/ /v2/_catalog
\t}
";
const NOT_ASKED: &str = "\
\t# Only Caddy asks this.
\t@verify path /auth/verify*
\thandle @verify {
\t\trespond 404
\t}

";

fn handle(matcher: &str, does: &str) -> String {
    format!("\thandle {matcher}{{\n{does}\t}}\n")
}

/// Asks dockpass, with the request as it came, whatever a client says that it is.
fn question(public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let removed = CLAIMS.iter().chain(&["Cookie"]).map(|name| format!("\t\t\theader_up -{name}\n"));
    let removed: String = removed.collect();
    format!(
        "\t\tforward_auth {} {{\n\t\t\turi /auth/verify\n{}{removed}{}\t\t}}\n",
        proxy::dockpass(facts),
        names(public),
        dockpass_trust(public, facts)
    )
}

/// What is said of the registry's answers to browsers.
fn answers() -> String {
    let said = TO_BROWSERS.map(|(name, value)| format!("\t\t\t{name} \"{value}\"\n")).concat();
    let hidden = NOT_FROM_REGISTRY.map(|name| format!("\t\t\t-{name}\n")).concat();
    format!(
        "\t\t# Blobs are bytes that anybody chose who may push: no browser may take them for a page of this site.\n\
         \t\theader {{\n{said}{hidden}\t\t\tdefer\n\t\t}}\n"
    )
}

/// Passes a request to the registry, without these headers.
fn to_registry(public: PublicName<'_>, facts: &ProxyFacts<'_>, without: &[&str]) -> String {
    let removed = without.iter().map(|name| format!("\t\t\theader_up -{name}\n")).collect::<Vec<_>>().concat();
    let trust = if proxy::is_registry_tls(facts) { registry_trust(facts) } else { String::new() };
    format!("\t\treverse_proxy {} {{\n{}{removed}{trust}\t\t}}\n", facts.registry, names(public))
}

fn to_dockpass(public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    let removed = CLAIMS.map(|name| format!("\t\t\theader_up -{name}\n")).concat();
    format!(
        "\t\treverse_proxy {} {{\n{}{removed}{}\t\t}}\n",
        proxy::dockpass(facts),
        names(public),
        dockpass_trust(public, facts)
    )
}

/// From these the registry makes the addresses at which an upload goes on: the ones that clients connect to, whatever a
/// client says.
fn names(public: PublicName<'_>) -> String {
    let authority = authority(public);
    format!("\t\t\theader_up Host {authority}\n\t\t\theader_up X-Forwarded-Host {authority}\n")
}

/// dockpass sees passwords, so Caddy must check who it is, unless it is on this machine.
fn dockpass_trust(public: PublicName<'_>, facts: &ProxyFacts<'_>) -> String {
    if !facts.is_tls {
        return String::new();
    }
    let lines = if proxy::must_prove(facts) {
        format!(
            "\t\t\t\t# Where dockpass made its certificate itself, add tls_trusted_ca_certs with the CA at /ca.pem.\n\
             \t\t\t\ttls_server_name {}\n",
            public.host
        )
    } else {
        "\t\t\t\t# It is on this machine.\n\t\t\t\ttls_insecure_skip_verify\n".to_owned()
    };
    transport(&lines)
}

/// A registry with TLS is checked with the CAs of the system, or with `registry.ca`.
fn registry_trust(facts: &ProxyFacts<'_>) -> String {
    facts
        .registry_ca
        .map_or_else(String::new, |file| transport(&format!("\t\t\t\ttls_trusted_ca_certs {}\n", quoted(file))))
}

fn transport(lines: &str) -> String {
    format!("\t\t\ttransport http {{\n{lines}\t\t\t}}\n")
}

/// Any text as one token of a Caddyfile.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::super::tests::PROXY;
    use super::*;

    fn at(host: &str, port: u16) -> ProxyFacts<'_> {
        ProxyFacts { public: Some(PublicName { host, port }), ..PROXY }
    }

    #[test]
    fn each_layout_has_its_file() {
        let facts = at("pass.example.com", 443);
        for (layout, golden) in [
            (Layout::Gateway, include_str!("../../../tests/golden/registry/caddy-gateway.caddy")),
            (Layout::ForwardAuth, include_str!("../../../tests/golden/registry/caddy-forward-auth.caddy")),
            (Layout::TokenServer, include_str!("../../../tests/golden/registry/caddy-token-server.caddy")),
        ] {
            assert_eq!(text(layout, &facts).unwrap(), golden, "{layout}");
        }
    }

    #[test]
    fn servers_with_tls_are_checked_but_on_this_machine() {
        let here = ProxyFacts { is_tls: true, ..at("fd00::5", 8443) };
        let made = text(Layout::ForwardAuth, &here).unwrap();
        assert!(made.contains("https://[fd00::5]:8443 {\n"), "{made}");
        assert_eq!(made.matches("tls_insecure_skip_verify").count(), 2, "{made}");
        let registry = Some("/etc/my \"own\" ca.pem");
        let elsewhere = ProxyFacts {
            listen: "192.0.2.5:8700".parse().unwrap(),
            registry: "https://registry.internal:5443",
            registry_ca: registry,
            ..here
        };
        let made = text(Layout::ForwardAuth, &elsewhere).unwrap();
        assert_eq!(made.matches("tls_server_name fd00::5\n").count(), 2, "{made}");
        assert!(
            made.contains("tls_trusted_ca_certs \"/etc/my \\\"own\\\" ca.pem\"\n") && !made.contains("insecure"),
            "{made}"
        );
    }
}
